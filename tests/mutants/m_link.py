"""Defects between the pipe and the receiver, and of one sender towards another."""

from dataclasses import replace

from enomem.model import memory
from enomem.model import pipe as pipes
from enomem.model.application import Recovery
from enomem.model.history import History
from enomem.model.policies import DISCARD, RESERVE
from enomem.model.send import Answer, Phase, Send, Sent
from enomem.model.step import Effect, Step
from enomem.model.system import (
    Action,
    Inbox,
    Link,
    Sender,
    State,
    System,
    _arrive,
    _begin,
    _frame,
    _lose,
    _put,
    _receive,
    _sent,
)

from .harness import Mutant

BEGIN, ARRIVE, RECEIVE = (f"enomem.model.system:{name}" for name in ("_begin", "_arrive", "_receive"))
FRAME = "enomem.model.system:_frame"
LOSE, SENT, LOST = "enomem.model.system:_lose", "enomem.model.system:_sent", "enomem.model.history:lost"


def _chunks(system: System, step: Step[State], before: State, number: int) -> int:
    """How many chunks of a sender's pipe a step left empty."""
    old, new = before.senders[number].pipe, step.state.senders[number].pipe
    return pipes.chunks(old, system.sizes.slots) - pipes.chunks(new, system.sizes.slots)


def chunk_freed_twice(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    step = _begin(system, state, action, sender)
    if step is None:
        return None
    again = memory.give(step.state.pool, system.sizes.chunk * _chunks(system, step, state, action.sender))
    return replace(step, state=replace(step.state, pool=again))


def chunk_not_freed(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    step = _begin(system, state, action, sender)
    return None if step is None else replace(step, state=replace(step.state, pool=state.pool))


def stays_in_flight(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    step = _arrive(system, state, action, sender)
    if step is None:
        return None
    arrived = replace(step.state.senders[action.sender], link=sender.link)
    return replace(step, state=_put(step.state, action.sender, arrived))


def overtaken_in_flight(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The message behind the one in flight is sent and arrives before it."""
    if sender.link.flight == 0 or sender.pipe.messages == 0:
        return _arrive(system, state, action, sender)
    behind = replace(sender, link=Link())
    begun = _begin(system, _put(state, action.sender, behind), action, behind)
    if begun is None:
        return None
    arrived = _arrive(system, begun.state, action, begun.state.senders[action.sender])
    if arrived is None:
        return None
    still = replace(arrived.state.senders[action.sender], link=sender.link)
    return replace(arrived, state=_put(arrived.state, action.sender, still), effects=(*begun.effects, *arrived.effects))


def inbox_not_bounded(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    return _arrive(replace(system, inbox=sender.inbox.messages + 1), state, action, sender)


def dropped_at_a_full_inbox(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    if sender.link.flight == 0 or sender.inbox.messages < system.inbox:
        return _arrive(system, state, action, sender)
    step = _arrive(system, _put(state, action.sender, replace(sender, inbox=Inbox(odd=sender.inbox.odd))), action,
                   replace(sender, inbox=Inbox(odd=sender.inbox.odd)))  # fmt: skip
    assert step is not None
    dropped = replace(step.state.senders[action.sender], inbox=sender.inbox)
    pool = memory.give(state.pool, system.sizes.part * sender.link.parts)
    return replace(step, state=replace(_put(step.state, action.sender, dropped), pool=pool))


def received_not_given_back(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    step = _receive(system, state, action, sender)
    return None if step is None else replace(step, state=replace(step.state, pool=state.pool))


def lost_not_given_back(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    step = _lose(system, state, action, sender)
    return None if step is None else replace(step, state=replace(step.state, pool=state.pool))


def lost_and_sent_again(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The message is reported as lost, and stays in flight with the new connection."""
    step = _lose(system, state, action, sender)
    if step is None:
        return None
    again = replace(step.state.senders[action.sender], link=sender.link)
    return replace(step, state=replace(_put(step.state, action.sender, again), pool=state.pool))


def lost_in_silence(history: History, messages: int) -> History:
    return history


def others_rolled_back(
    system: System, state: State, action: Action, sender: Sender, sent: Sent,
    effects: tuple[Effect, ...], unit: int | None, last: bool,
) -> Step[State]:  # fmt: skip
    """To make room, ENOMEM drops the unfinished messages of all sockets (their memory is left out of account)."""
    step = _sent(system, state, action, sender, sent, effects, unit, last)
    if sent.answer != Answer.NO_MEMORY:
        return step
    senders = tuple(
        s if i == action.sender else replace(s, pipe=replace(s.pipe, tail=0)) for i, s in enumerate(step.state.senders)
    )
    return replace(step, state=replace(step.state, senders=senders))


def line_dispersed(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """A sender whose own allocation fails sends everybody away who waits in line."""
    step = _frame(system, state, action, sender)
    if step is None:
        return None
    senders = tuple(
        replace(s, send=Send(), place=0) if s.send.phase == Phase.WAITING else s for s in step.state.senders
    )
    return replace(step, state=replace(step.state, senders=senders, waiting=0))


MUTANTS = (
    Mutant("chunk freed twice", "A chunk that a read leaves empty is given back twice.",
           {BEGIN: chunk_freed_twice}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("chunk not freed", "A chunk that a read leaves empty is not given back.",
           {BEGIN: chunk_not_freed}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("stays in flight", "A message that arrived is still in flight, and arrives again.",
           {ARRIVE: stays_in_flight}, DISCARD, Recovery.RESTART, "SAFE-ONCE"),
    Mutant("overtaken in flight", "A message arrives before the one that was sent before it.",
           {ARRIVE: overtaken_in_flight}, DISCARD, Recovery.RESTART, "SAFE-ORDER", {"memory": 5}),
    Mutant("inbox not bounded", "The receiver's queue takes more messages than its bound.",
           {ARRIVE: inbox_not_bounded}, DISCARD, Recovery.RESTART, "SAFE-QUEUE", {"memory": 5}),
    Mutant("dropped at a full inbox", "A message that finds the receiver's queue full is dropped in silence.",
           {ARRIVE: dropped_at_a_full_inbox}, DISCARD, Recovery.RESTART, "SAFE-LOUD", {"memory": 5}),
    Mutant("received not given back", "The memory of a delivered message is not given back.",
           {RECEIVE: received_not_given_back}, DISCARD, Recovery.NEXT, "SAFE-CONSERVE"),
    Mutant("lost not given back", "The memory of a message lost with its connection is not given back.",
           {LOSE: lost_not_given_back}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("lost and sent again", "A message that was reported as lost arrives all the same.",
           {LOSE: lost_and_sent_again}, DISCARD, Recovery.RESTART, "SAFE-LOUD"),
    Mutant("lost in silence", "Nobody is told that messages were lost with a connection.",
           {LOST: lost_in_silence}, DISCARD, Recovery.RESTART, "SAFE-LOUD"),
    Mutant("others rolled back", "ENOMEM of one sender drops the unfinished messages of the others.",
           {SENT: others_rolled_back}, DISCARD, Recovery.RESTART, "SAFE-ISOLATE", {"senders": 2}),
    Mutant("line dispersed", "ENOMEM of one application takes the others' places in line away.",
           {FRAME: line_dispersed}, RESERVE, Recovery.RESTART, "SAFE-ISOLATE", {"senders": 2, "memory": 3}),
)  # fmt: skip
