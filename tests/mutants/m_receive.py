"""Defects of readers: of the receive machine and its policies, and of the connection around them."""

from dataclasses import replace
from typing import Any

from enomem.model import memory, receive
from enomem.model.memory import Grant, Pool, Site
from enomem.model.receive import Inbox, Reading, Received
from enomem.model.receive_policies import FOR_EVER, ReceivePolicy, Stall, Unread
from enomem.model.rules import Rule
from enomem.model.systems import receiving, sharing
from enomem.model.systems.receiving import Action, Reader, State, Step, System, Wire

from .harness import FamilyMutant

MACHINE, SYSTEM = "enomem.model.receive", "enomem.model.systems.receiving"
POLICY = "enomem.model.receive_policies:BoundedWait"

_arrived, _body, _granted, _broken = receive.arrived, receive.body, receive._granted, receive.broken
_refused, _lost, _take, _share = receiving._refused, receiving._lost, memory.take, sharing.step


def not_charged(pool: Pool, policy: ReceivePolicy, inbox: Inbox, size: int, refuse: Site | None) -> Received:
    got = _body(pool, policy, inbox, size, refuse)
    return replace(got, pool=pool) if got.taken else got


def charged_though_refused(pool: Pool, policy: ReceivePolicy, inbox: Inbox, size: int, refuse: Site | None) -> Received:
    got = _body(pool, policy, inbox, size, refuse)
    return got if got.taken else replace(got, pool=Pool(pool.limit, pool.used + size))


def half_charged_again(
    pool: Pool, policy: ReceivePolicy, inbox: Inbox, messages: int, amount: int, half: int, refuse: Site | None,
    slots: int = 0,
) -> Received:  # fmt: skip
    return _arrived(pool, policy, replace(inbox, half=0), messages, amount, half, refuse, slots)


def half_not_given_back(pool: Pool, inbox: Inbox) -> tuple[Pool, Inbox]:
    return pool, _broken(pool, inbox)[1]


def whole_messages_dropped(pool: Pool, inbox: Inbox) -> tuple[Pool, Inbox]:
    """With the half-read message, those are dropped that wait to be received."""
    return memory.give(pool, inbox.half + inbox.whole), Inbox()


def message_not_given_back(pool: Pool, amount: int) -> Pool:
    return pool


def never_ends(inbox: Inbox) -> Inbox:
    return inbox


def waits_for_itself(self: Any, reader: Unread) -> Stall:
    """It does not see that it waits for memory that it holds itself, and has no bound either."""
    return Stall(0) if reader.size > self.most else Stall(FOR_EVER)


def no_answer_for_a_slot(self: Any, reader: Unread) -> Stall:
    if reader.site == Site.RECEIVE_SLOT:
        raise KeyError(reader.site)
    return Stall(self.longest)


def _stays(system: System, state: State, action: Action, reader: Reader, pool: Pool, inbox: Inbox) -> State:
    after = replace(reader, inbox=inbox, wire=Wire(), got=0, whole=False, up=False)
    return replace(receiving._put(state, action.reader, after), pool=pool)


def resumes_on_a_new_connection(system: System, state: State, action: Action, reader: Reader) -> State:
    """The peer goes on with its half-written message on the connection that follows (L11)."""
    after = _lost(system, state, action, reader)
    lost = after.readers[action.reader]
    going_on = replace(lost, peer=reader.peer, wire=Wire(0, reader.peer.part))
    return receiving._put(after, action.reader, going_on)


def half_read_survives(system: System, state: State, action: Action, reader: Reader) -> State:
    """What was half read before the connection broke is put in front of what comes over the next one."""
    after = _lost(system, state, action, replace(reader, inbox=replace(reader.inbox, half=0)))
    kept = after.readers[action.reader]
    inbox = replace(kept.inbox, half=reader.inbox.half)
    return receiving._put(after, action.reader, replace(kept, inbox=inbox, got=reader.got, whole=reader.whole))


def lost_in_silence(system: System, state: State, action: Action, reader: Reader) -> State:
    after = _lost(system, state, action, reader)
    return receiving._put(after, action.reader, replace(after.readers[action.reader], seen=reader.seen))


def refused_part_skipped(
    system: System, state: State, action: Action, reader: Reader, got: Received
) -> Step:  # fmt: skip
    """A part that gets no memory is read over, and the message goes on behind it."""
    step = _refused(system, state, action, reader, got)
    after = step.state.readers[action.reader]
    if reader.whole or not after.up:
        return step
    last = reader.wire.at == system.parts - 1
    moved = Wire(reader.wire.flight - 1, 0 if last else reader.wire.at + 1)
    skipped = replace(after, wire=moved, inbox=replace(after.inbox, reading=Reading.OPEN, longest=0), whole=bool(last))
    return replace(step, state=receiving._put(step.state, action.reader, skipped))


def others_closed(system: System, state: State, action: Action, reader: Reader, got: Received) -> Step:
    """To make room, a refusal closes the connections of all others."""
    step = _refused(system, state, action, reader, got)
    after = step.state
    for number, other in enumerate(after.readers):
        if number != action.reader and other.up:
            after = _lost(system, after, Action(action.kind, number), other)
    return replace(step, state=after)


def never_opened_again(state: State, action: Action, reader: Reader) -> Step | None:
    return None


def one_too_many(pool: Pool, needs: Any, refuse: Site | None) -> Grant:
    """The pool grants a unit more than it has."""
    found = _take(Pool(pool.limit + 1, pool.used), needs, refuse)
    return Grant(Pool(pool.limit, found.pool.used), found.rule, found.refused)


def not_queued(
    pool: Pool, policy: ReceivePolicy, inbox: Inbox, messages: int, amount: int, half: int, refuse: Site | None,
    slots: int = 0,
) -> Received:  # fmt: skip
    """A message without a place in the queue is dropped, and the answer is that it was taken."""
    got = _arrived(pool, policy, inbox, messages, amount, half, refuse, slots)
    if got.taken:
        return got
    dropped = memory.give(pool, inbox.half)
    return Received((Rule.RECEIVE_1, Rule.MEM_1), dropped, Inbox(inbox.messages, 0, inbox.whole), True)


def reader_pays(system: Any, state: Any, action: Any) -> Any:
    """To make room, a sender's ENOMEM closes the reader's connection."""
    step = _share(system, state, action)
    if step is None or step.refused is None or action.sender is None:
        return step
    closed = _lost(system.reader, step.state.reader, Action(receiving.Kind.BREAK), step.state.reader.readers[0])
    sender = replace(step.state.sender, pool=closed.pool)
    return replace(step, state=sharing.State(sender, closed))


MUTANTS = (
    FamilyMutant("body not charged", "A body that was granted is not charged.",
                 {f"{MACHINE}:body": not_charged}, "receive", "CLOSE", "SAFE-CONSERVE"),
    FamilyMutant("charged though refused", "A body that was refused is charged all the same.",
                 {f"{MACHINE}:body": charged_though_refused}, "receive", "WAIT", "SAFE-BOUND"),
    FamilyMutant("half charged again", "What was charged part by part is charged again for the whole message.",
                 {f"{MACHINE}:arrived": half_charged_again}, "receive", "WAIT", "SAFE-CONSERVE"),
    FamilyMutant("half not given back", "The half-read message of a connection that ended stays charged.",
                 {f"{MACHINE}:broken": half_not_given_back}, "receive", "CLOSE", "SAFE-CONSERVE"),
    FamilyMutant("whole messages dropped", "A connection that ends takes its queued messages with it.",
                 {f"{MACHINE}:broken": whole_messages_dropped}, "receive", "CLOSE", "SAFE-LOUD"),
    FamilyMutant("message not given back", "A message that the application has got stays charged.",
                 {f"{MACHINE}:handed": message_not_given_back}, "receive", "CLOSE", "SAFE-CONSERVE"),
    FamilyMutant("wait without end", "A wait that is over does not end.",
                 {f"{MACHINE}:waited": never_ends}, "receive", "BOUNDED_WAIT", "LIVE-DEADLOCK"),
    FamilyMutant("waits for itself", "A reader waits for the memory that it holds itself.",
                 {f"{POLICY}.refused": waits_for_itself}, "receive", "BOUNDED_WAIT", "LIVE-DEADLOCK"),
    FamilyMutant("no answer for a slot", "A policy has no answer where a place in the queue is refused.",
                 {f"{POLICY}.refused": no_answer_for_a_slot}, "receive", "BOUNDED_WAIT", "SAFE-TOTAL"),
    FamilyMutant("resumes on a new connection", "A half-written message goes on over the next connection.",
                 {f"{SYSTEM}:_lost": resumes_on_a_new_connection}, "receive", "CLOSE", "SAFE-WHOLE"),
    FamilyMutant("half-read message survives", "What was half read is put in front of what comes next.",
                 {f"{SYSTEM}:_lost": half_read_survives}, "receive", "CLOSE", "SAFE-WHOLE"),
    FamilyMutant("lost without a word", "Nobody is told what was lost with a connection.",
                 {f"{SYSTEM}:_lost": lost_in_silence}, "receive", "CLOSE", "SAFE-LOUD"),
    FamilyMutant("refused part skipped", "A part that gets no memory is left out of its message.",
                 {f"{SYSTEM}:_refused": refused_part_skipped}, "receive", "WAIT", "SAFE-WHOLE"),
    FamilyMutant("others closed", "A refusal closes the connections of others.",
                 {f"{SYSTEM}:_refused": others_closed}, "receive", "WAIT", "SAFE-ISOLATE", place=1),
    FamilyMutant("never opened again", "A connection that was closed for want of memory is never opened again.",
                 {f"{SYSTEM}:_open": never_opened_again}, "receive", "CLOSE", "LIVE-DEADLOCK"),
    FamilyMutant("never opened again, for ever", "The same, in endless runs.",
                 {f"{SYSTEM}:_open": never_opened_again}, "receive", "BOUNDED_WAIT", "LIVE-RECOVER", live=True),
    FamilyMutant("one unit too many", "The pool grants a unit more than it has.",
                 {"enomem.model.memory:take": one_too_many}, "receive", "CLOSE", "SAFE-BOUND"),
    FamilyMutant("no place, and dropped", "A whole message without a place in the queue is dropped in silence.",
                 {f"{MACHINE}:arrived": not_queued}, "receive", "CLOSE", "SAFE-LOUD"),
    # --- a sender and a reader in one pool
    FamilyMutant("body not charged", "A body that was granted is not charged.",
                 {f"{MACHINE}:body": not_charged}, "sharing", "WAIT", "SAFE-CONSERVE", "SKIP"),
    FamilyMutant("one unit too many", "The pool grants a unit more than it has.",
                 {"enomem.model.memory:take": one_too_many}, "sharing", "CLOSE", "SAFE-BOUND", "DISCARD"),
    FamilyMutant("resumes on a new connection", "A half-written message goes on over the next connection.",
                 {f"{SYSTEM}:_lost": resumes_on_a_new_connection}, "sharing", "CLOSE", "SAFE-WHOLE", "KEEP"),
    FamilyMutant("reader pays", "A sender that gets no memory has the reader's connection closed.",
                 {"enomem.model.systems.sharing:step": reader_pays}, "sharing", "WAIT", "SAFE-ISOLATE", "DISCARD"),
    FamilyMutant("no answer for a slot", "A policy has no answer where a place in the queue is refused.",
                 {f"{POLICY}.refused": no_answer_for_a_slot}, "sharing", "BOUNDED_WAIT", "SAFE-TOTAL", "KEEP"),
    FamilyMutant("wait without end", "A wait that is over does not end: a sender that keeps its parts waits, too.",
                 {f"{MACHINE}:waited": never_ends}, "sharing", "BOUNDED_WAIT", "LIVE-DEADLOCK", "KEEP"),
    FamilyMutant("never opened again", "A connection that was closed for want of memory is never opened again.",
                 {f"{SYSTEM}:_open": never_opened_again}, "sharing", "BOUNDED_WAIT", "LIVE-RECOVER", "DISCARD",
                 live=True),
)  # fmt: skip
