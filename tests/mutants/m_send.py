"""Defects of the send machine: what it answers, commits, swallows, drops, and forgets."""

from dataclasses import replace
from typing import Any

from enomem.model import memory
from enomem.model.application import Recovery
from enomem.model.memory import Grant, Need, Pool, Site
from enomem.model.pipe import Pipe
from enomem.model.policies import DISCARD, KEEP, RESERVE, SKIP, SendPolicy, Skip
from enomem.model.rules import Rule
from enomem.model.send import Answer, Phase, Send, Sent, Sizes, _no_memory, abort, held, peer_gone, send_part

from .harness import Mutant

PART, REFUSED = "enomem.model.send:send_part", "enomem.model.send:_no_memory"
ABORT, GONE = "enomem.model.send:abort", "enomem.model.send:peer_gone"


# --- what is committed, and what is answered


def commit_on_more(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    return send_part(policy, sizes, pool, send, pipe, hwm, True, refuse)


def never_commits(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    return send_part(policy, sizes, pool, send, pipe, hwm, False, refuse)


def memory_for_the_commit(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    sent = send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)
    if not sent.committed:
        return sent
    grant = memory.take(sent.pool, (Need(Site.COMMIT, 0),), refuse)
    return sent if grant.refused is None else _no_memory(policy, sizes, send, pipe, last, replace(grant, pool=pool))


def node_for_the_flush(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    """The flush needs a unit for a moment, as libzmq's mailbox does for its command."""
    sent = send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)
    if not sent.committed:
        return sent
    grant = memory.take(sent.pool, (Need(Site.COMMIT, 1),), refuse)
    return sent if grant.refused is None else replace(sent, rules=(*sent.rules, grant.rule), refused=grant.refused)


def says_ok(policy: SendPolicy, sizes: Sizes, send: Send, pipe: Pipe, last: bool, grant: Grant) -> Sent:
    return replace(_no_memory(policy, sizes, send, pipe, last, grant), answer=Answer.OK)


def says_eagain(policy: SendPolicy, sizes: Sizes, send: Send, pipe: Pipe, last: bool, grant: Grant) -> Sent:
    return replace(_no_memory(policy, sizes, send, pipe, last, grant), answer=Answer.FULL)


def says_ok_to_the_last(policy: SendPolicy, sizes: Sizes, send: Send, pipe: Pipe, last: bool, grant: Grant) -> Sent:
    sent = _no_memory(policy, sizes, send, pipe, last, grant)
    return replace(sent, answer=Answer.OK) if last else sent


def full_said_as_enomem(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Site | None
) -> Sent:
    sent = send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)
    return replace(sent, answer=Answer.NO_MEMORY) if sent.answer == Answer.FULL else sent


# --- what a refusal leaves behind


def asserts_no_tail(policy: SendPolicy, sizes: Sizes, send: Send, pipe: Pipe, last: bool, grant: Grant) -> Sent:
    assert pipe.tail == 0, "refused in mid-message"
    return _no_memory(policy, sizes, send, pipe, last, grant)


def dropped_not_given_back(policy: SendPolicy, sizes: Sizes, send: Send, pipe: Pipe, last: bool, grant: Grant) -> Sent:
    return replace(_no_memory(policy, sizes, send, pipe, last, grant), pool=grant.pool)


def phase_stays(policy: SendPolicy, sizes: Sizes, send: Send, pipe: Pipe, last: bool, grant: Grant) -> Sent:
    return replace(_no_memory(policy, sizes, send, pipe, last, grant), send=send)


# --- the high-water mark, asked in mid-message and of parts


def _full_of_parts(send: Send, pipe: Pipe, hwm: int) -> object:
    return send.phase == Phase.SENDING and pipe.parts + pipe.tail >= hwm


def hwm_between_parts(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    if refuse is None and _full_of_parts(send, pipe, hwm):
        return Sent((Rule.SEND_4, Rule.PIPE_6), Answer.FULL, pool, send, pipe)
    return send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)


def full_is_no_memory(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    if refuse is None and _full_of_parts(send, pipe, hwm):
        return _no_memory(policy, sizes, send, pipe, last, Grant(pool, Rule.MEM_2, Site.SLOT))
    return send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)


# --- swallowing


class NotingSkip(Skip):
    """SKIP, with a note: room in the state for a defect that counts one part on."""

    notes = 1


def swallows_too_few(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    sent = send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)
    return replace(sent, send=Send()) if send.phase == Phase.SKIPPING else sent


def swallows_too_many(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    sent = send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)
    if send.phase == Phase.SKIPPING and send.note == 1:
        return replace(sent, send=Send())
    return replace(sent, send=Send(Phase.SKIPPING, 1)) if send.phase == Phase.SKIPPING and last else sent


# --- abort


def abort_keeps_the_tail(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    return Sent((Rule.SEND_11,), Answer.OK, memory.give(pool, send.reserved), Send(), pipe)


def abort_gives_back_twice(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    sent = abort(sizes, pool, send, pipe)
    return replace(sent, pool=memory.give(sent.pool, pool.used - sent.pool.used))


# --- the peer goes


def tail_survives_the_peer(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    sent = peer_gone(sizes, pool, send, pipe)
    kept = Pipe(tail=pipe.tail)
    return replace(sent, pipe=kept, pool=memory.give(pool, held(sizes, send, pipe) - held(sizes, sent.send, kept)))


def goes_on_with_a_new_peer(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    sent = peer_gone(sizes, pool, send, pipe)
    return replace(sent, send=Send(Phase.SENDING)) if send.phase == Phase.SENDING else sent


def pipe_not_given_back(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    return replace(peer_gone(sizes, pool, send, pipe), pool=pool)


def asserts_not_in_mid_message(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    assert pipe.tail == 0, "the peer went in mid-message"
    return peer_gone(sizes, pool, send, pipe)


def rest_swallowed(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    if send.phase == Phase.GONE:
        return Sent((Rule.SEND_12,), Answer.OK, pool, Send() if last else send, pipe)
    return send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)


def gone_is_no_memory(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    sent = send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)
    return replace(sent, answer=Answer.NO_MEMORY) if send.phase == Phase.GONE else sent


MUTANTS = (
    Mutant("commits on SNDMORE", "Every part is committed at once, as a message of its own.",
           {PART: commit_on_more}, DISCARD, Recovery.RESTART, "SAFE-WHOLE"),
    Mutant("never commits", "The last part is taken for one with SNDMORE.",
           {PART: never_commits}, DISCARD, Recovery.RESTART, "SAFE-LOUD"),
    Mutant("memory for the commit", "The commit allocates, and the message is refused with its last part granted.",
           {PART: memory_for_the_commit}, DISCARD, Recovery.RESTART, "SAFE-COMMIT"),
    Mutant("a node for the flush", "The flush allocates, and its failure is not told.",
           {PART: node_for_the_flush}, DISCARD, Recovery.NEXT, "SAFE-COMMIT"),
    Mutant("ok though refused", "A part that got no memory is answered OK.",
           {REFUSED: says_ok}, DISCARD, Recovery.RESTART, "SAFE-WHOLE"),
    Mutant("ok though the last was refused", "The last part is answered OK though it got no memory and all is dropped.",
           {REFUSED: says_ok_to_the_last}, DISCARD, Recovery.RESTART, "SAFE-LOUD"),
    Mutant("ENOMEM said as EAGAIN", "No memory is reported as a full pipe, so the same part is sent again, alone.",
           {REFUSED: says_eagain}, DISCARD, Recovery.RESTART, "SAFE-WHOLE"),
    Mutant("EAGAIN said as ENOMEM", "A pipe at its high-water mark is reported as no memory.",
           {PART: full_said_as_enomem}, DISCARD, Recovery.RESTART, "SAFE-ANSWER"),
    Mutant("asserts no tail", "A refusal in mid-message runs into an assertion, as in libzmq.",
           {REFUSED: asserts_no_tail}, DISCARD, Recovery.RESTART, "SAFE-TOTAL"),
    Mutant("dropped parts not given back", "The memory of the parts that are rolled back is not given back.",
           {REFUSED: dropped_not_given_back}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("phase stays after ENOMEM", "The parts are dropped, and the socket is still in the middle of the message.",
           {REFUSED: phase_stays}, DISCARD, Recovery.RESTART, "SAFE-CLEAN"),
    Mutant("HWM between parts", "The high-water mark counts parts and is asked in mid-message.",
           {PART: hwm_between_parts}, DISCARD, Recovery.RESTART, "LIVE-DEADLOCK"),
    Mutant("full is no memory", "A pipe full of parts in mid-message is taken for no memory, again and again.",
           {PART: full_is_no_memory}, DISCARD, Recovery.RESTART, "LIVE-PROGRESS", live=True),
    Mutant("swallows one too few", "Only one part is swallowed, not all up to the message's end.",
           {PART: swallows_too_few}, SKIP, Recovery.RESTART, "SAFE-WHOLE"),
    Mutant("swallows one too many", "The first part of the next message is swallowed too.",
           {PART: swallows_too_many}, NotingSkip(), Recovery.RESTART, "SAFE-WHOLE"),
    Mutant("abort keeps the tail", "An abort leaves the parts sent so far in the pipe.",
           {ABORT: abort_keeps_the_tail}, DISCARD, Recovery.NEXT, "SAFE-NEXT"),
    Mutant("abort gives back twice", "An abort gives the memory of the unfinished message back twice.",
           {ABORT: abort_gives_back_twice}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("tail survives the peer", "The parts of the unfinished message go into the new connection's pipe.",
           {GONE: tail_survives_the_peer}, DISCARD, Recovery.RESTART, "SAFE-WHOLE"),
    Mutant("goes on with a new peer", "The rest of a half-sent message is sent over the new connection.",
           {GONE: goes_on_with_a_new_peer}, KEEP, Recovery.RESUME, "SAFE-WHOLE"),
    Mutant("pipe of the peer not given back", "The memory of a pipe whose peer went is not given back.",
           {GONE: pipe_not_given_back}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("asserts not in mid-message", "A peer that goes in mid-message runs into an assertion.",
           {GONE: asserts_not_in_mid_message}, DISCARD, Recovery.RESTART, "SAFE-TOTAL"),
    Mutant("rest swallowed after the peer", "The rest of a message whose peer went is accepted and dropped in silence.",
           {PART: rest_swallowed}, DISCARD, Recovery.RESTART, "SAFE-LOUD"),
    Mutant("ECONNRESET said as ENOMEM", "A lost peer is reported as no memory, and the same part is sent again, alone.",
           {PART: gone_is_no_memory}, RESERVE, Recovery.RESUME, "SAFE-WHOLE"),
)  # fmt: skip
