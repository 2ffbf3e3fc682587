"""The multipart send machine of one socket.

What belongs here: every decision about a part that an application sends: accept, commit, refuse, swallow, roll
back, abort. What does not: the queue's arithmetic (``pipe``), what a policy prefers (``policies``), who gets the
memory next (``line``), what the application does with the answer (``application``).

All memory is taken before anything is changed. A refused part leaves the pool as it was, and the socket in the
state that the policy's reaction names. Committing, rolling back and aborting only ever give memory back.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from . import memory
from . import pipe as pipes
from .memory import Need, Pool, Site
from .pipe import Pipe
from .policies import Reaction, SendPolicy, Unfinished
from .rules import Rule


class Phase(Enum):
    """Where the socket stands in the message that its application is sending."""

    IDLE = "idle"
    SENDING = "sending"
    SKIPPING = "skipping"
    WAITING = "waiting"
    GONE = "gone"


class Answer(Enum):
    """What a call tells the application; the value is how it is printed."""

    OK = "ok"
    NO_MEMORY = "ENOMEM"
    FULL = "EAGAIN"
    GONE = "ECONNRESET"
    WAIT = "waits"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Send:
    """The multipart send state: its phase, the policy's ``note``, and ``reserved`` units not yet used."""

    phase: Phase = Phase.IDLE
    note: int = 0
    reserved: int = 0


class Costs(Protocol):
    """What things cost, in units: the part at hand, one chunk; how many slots a chunk has; what bodies weigh."""

    @property
    def part(self) -> int:
        """The part that is being sent."""
        ...

    @property
    def chunk(self) -> int:
        """One chunk of a pipe."""
        ...

    @property
    def slots(self) -> int:
        """How many parts a chunk has room for."""
        ...

    def bodies(self, pipe: Pipe) -> int:
        """All parts that ``pipe`` holds."""
        ...

    def message(self, parts: int) -> int:
        """All parts of a message of ``parts`` parts that is about to be sent."""
        ...


@dataclass(frozen=True, slots=True)
class Sizes:
    """Costs where every part costs the same: one part, one chunk; and how many slots a chunk has."""

    part: int = 1
    chunk: int = 1
    slots: int = 2

    def bodies(self, pipe: Pipe) -> int:
        """All parts that ``pipe`` holds, in units."""
        return self.part * (pipe.parts + pipe.tail)

    def message(self, parts: int) -> int:
        """All parts of a message of ``parts`` parts, in units."""
        return self.part * parts


@dataclass(slots=True)
class Sent:
    """The outcome of one call: rules (the first is the call's own), answer, next states, and what to do.

    ``wrote`` says that the part was appended, ``dropped`` how many uncommitted parts were rolled back before
    that, ``committed`` that the uncommitted parts became a message. ``refused`` is the site that had no memory.
    ``asked`` is what was asked for, so that whoever answers for the environment can be shown it.
    """

    rules: tuple[Rule, ...]
    answer: Answer
    pool: Pool
    send: Send
    pipe: Pipe
    refused: Site | None = None
    wrote: bool = False
    dropped: int = 0
    committed: bool = False
    asked: tuple[Need, ...] = ()


IDLE, SENDING, SKIPPING, WAITING, GONE = Phase
OK = Answer.OK

FIRST = (Rule.SEND_1, Rule.MEM_1, Rule.PIPE_1)
FIRST_GROWS = (*FIRST, Rule.PIPE_4)
FURTHER = (Rule.SEND_2, Rule.MEM_1, Rule.PIPE_1)
FURTHER_GROWS = (*FURTHER, Rule.PIPE_4)
LAST = (Rule.SEND_3, Rule.MEM_1, Rule.PIPE_1, Rule.PIPE_2)
LAST_GROWS = (Rule.SEND_3, Rule.MEM_1, Rule.PIPE_1, Rule.PIPE_4, Rule.PIPE_2)
"""The rules of an accepted part: the first of several, a further one, the last; with a new chunk, or without."""


def held(sizes: Costs, send: Send, pipe: Pipe) -> int:
    """How many units the socket holds: its pipe's parts and chunks, and what it has reserved."""
    return sizes.bodies(pipe) + sizes.chunk * pipes.chunks(pipe, sizes.slots) + send.reserved


def whole_message(sizes: Costs, parts: int) -> int:
    """The most that a message of ``parts`` parts can need, wherever in a chunk it begins."""
    return sizes.message(parts) + sizes.chunk * ((sizes.slots - 1 + parts) // sizes.slots)


def send_part(
    policy: SendPolicy, sizes: Costs, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Site | None
) -> Sent:
    """Send one part; ``last`` means without SNDMORE, ``refuse`` is the site where the environment says no.

    Total: there is an outcome for every phase. A part of a message whose peer went is answered once with
    ECONNRESET (SEND-12); while skipping, parts are swallowed (SEND-8, SEND-9); a first part finds the pipe full
    or not (SEND-4); everything else depends on memory.
    """
    phase = send.phase
    if phase == GONE:
        return Sent((Rule.SEND_12,), Answer.GONE, pool, Send(), pipe)
    if phase == SKIPPING:
        if last:
            return Sent((Rule.SEND_9,), OK, pool, Send(), pipe)
        return Sent((Rule.SEND_8,), OK, pool, send, pipe)
    if phase == WAITING:
        return Sent((Rule.SEND_14,), Answer.WAIT, pool, send, pipe)
    if phase == IDLE and pipes.full(pipe, hwm):
        return Sent((Rule.SEND_4, Rule.PIPE_6), Answer.FULL, pool, send, pipe)
    after = pipes.write(pipe)
    slot = pipes.chunks(after, sizes.slots) - pipes.chunks(pipe, sizes.slots)
    grows = slot > 0
    amount = sizes.part + sizes.chunk * slot
    asked: tuple[Need, ...] = ()
    if policy.reserves and send.reserved >= amount:
        send = Send(phase, send.note, send.reserved - amount)
        grant = memory.Grant(pool, Rule.MEM_1, None)
    else:
        # Nothing was reserved, or the message turned out longer than was said: its parts ask like any others.
        asked = _needs(sizes, slot)
        grant = memory.take(pool, asked, refuse)
    if grant.refused is not None:
        return _no_memory(policy, sizes, send, pipe, last, grant)
    if not last:
        rules = (FIRST_GROWS if grows else FIRST) if pipe.tail == 0 else (FURTHER_GROWS if grows else FURTHER)
        return Sent(rules, OK, grant.pool, begun(send), after, None, True, asked=asked)
    # The last part's flush is the commit. What was reserved and not needed goes back; nothing is asked for.
    left = memory.give(grant.pool, send.reserved) if policy.reserves else grant.pool
    return Sent(LAST_GROWS if grows else LAST, OK, left, Send(), pipes.commit(after), None, True, 0, True, asked)


def send_lead(
    policy: SendPolicy, sizes: Costs, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Site | None
) -> Sent:
    """Send a part that the library puts in front of the application's, whose call is ``last`` of its message or not.

    It is a part like any other, never the last; but what is still to come of a message whose lead was refused, its
    caller says: behind the lead of a message of one part nothing comes that could be swallowed (SEND-7).
    """
    return send_part(_Leading(policy) if last else policy, sizes, pool, send, pipe, hwm, False, refuse)


class _Leading(SendPolicy):
    """A policy that is asked about a lead, and is shown the call that it belongs to."""

    def __init__(self, policy: SendPolicy) -> None:
        self.policy, self.name = policy, policy.name
        self.reserves, self.notes = policy.reserves, policy.notes

    def refused(self, message: Unfinished) -> Reaction:
        return self.policy.refused(replace(message, last=True))


def send_whole(
    sizes: Costs, pool: Pool, pipe: Pipe, hwm: int, parts: int, units: int
) -> tuple[Pool, Pipe] | None:  # fmt: skip
    """Send all ``parts`` of a message, of ``units`` in all, in one step of an idle socket; None if that cannot be.

    A short cut where nothing is refused: pool and pipe are those that `send_part`, part by part, would have led to.
    Where it is None, `send_part` says why, and what follows.
    """
    if pipes.full(pipe, hwm):
        return None
    after = Pipe(pipe.messages + 1, pipe.parts + parts, pipe.tail, pipe.front)
    slot = pipes.chunks(after, sizes.slots) - pipes.chunks(pipe, sizes.slots)
    left = memory.fits(pool, units + sizes.chunk * slot)
    return None if left is None else (left, after)


def _needs(sizes: Costs, slot: int) -> tuple[Need, ...]:
    if slot > 0:
        return (Need(Site.BODY, sizes.part), Need(Site.SLOT, sizes.chunk * slot))
    return (Need(Site.BODY, sizes.part),)


def _no_memory(policy: SendPolicy, sizes: Costs, send: Send, pipe: Pipe, last: bool, grant: memory.Grant) -> Sent:
    """The one place at which a refusal of the socket's own memory changes its state."""
    assert grant.refused is not None
    reaction = policy.refused(Unfinished(pipe.tail, last, grant.refused, send.note))
    keep = 0 if reaction.skip else reaction.keep
    dropped = pipe.tail - keep
    after = pipes.roll_back(pipe, dropped)
    now = replace(send, note=reaction.note) if keep > 0 else Send(Phase.SKIPPING if reaction.skip else Phase.IDLE)
    pool = memory.give(grant.pool, held(sizes, send, pipe) - held(sizes, now, after))
    rolled = (Rule.PIPE_3, Rule.MEM_4) if dropped > 0 else ()
    rule = Rule.SEND_7 if reaction.skip else Rule.SEND_6 if keep > 0 else Rule.SEND_5
    rules = (rule, grant.rule, *rolled)
    return Sent(rules, Answer.NO_MEMORY, pool, now, after, grant.refused, dropped=dropped)


def reserve(
    sizes: Costs, pool: Pool, send: Send, pipe: Pipe, hwm: int, parts: int, queue: int, refuse: Site | None
) -> Sent:
    """Reserve the memory of a whole message of ``parts`` parts before its first part.

    With nobody waiting (``queue`` is 0) the memory is taken at once if it is there (SEND-13); if it is not, or if
    others wait already, the call waits in line (SEND-14). A message that the pool could never hold, and a
    refusal for no visible reason, are answered with ENOMEM (SEND-16).
    """
    if pipes.full(pipe, hwm):
        return Sent((Rule.SEND_4, Rule.PIPE_6), Answer.FULL, pool, send, pipe)
    amount = whole_message(sizes, parts)
    if amount > pool.limit:
        return Sent((Rule.SEND_16, Rule.MEM_2), Answer.NO_MEMORY, pool, send, pipe, Site.RESERVATION)
    if queue > 0:
        return Sent((Rule.SEND_14,), Answer.WAIT, pool, replace(send, phase=Phase.WAITING), pipe)
    asked = (Need(Site.RESERVATION, amount),)
    grant = memory.take(pool, asked, refuse)
    if grant.rule == Rule.MEM_3:
        return Sent((Rule.SEND_16, Rule.MEM_3), Answer.NO_MEMORY, pool, send, pipe, grant.refused)
    if grant.refused is not None:
        return Sent((Rule.SEND_14, grant.rule), Answer.WAIT, pool, replace(send, phase=Phase.WAITING), pipe)
    granted = replace(send, phase=Phase.SENDING, reserved=amount)
    return Sent((Rule.SEND_13, grant.rule), Answer.OK, grant.pool, granted, pipe, asked=asked)


def serve(sizes: Costs, pool: Pool, send: Send, pipe: Pipe, parts: int) -> Sent:
    """Give the first in line its reservation if the pool has it (SEND-15), else let it wait on."""
    grant = memory.take(pool, (Need(Site.RESERVATION, whole_message(sizes, parts)),), None)
    if grant.refused is not None:
        return Sent((Rule.SEND_14, grant.rule), Answer.WAIT, pool, send, pipe)
    granted = replace(send, phase=Phase.SENDING, reserved=whole_message(sizes, parts))
    return Sent((Rule.SEND_15, grant.rule), Answer.OK, grant.pool, granted, pipe)


def begun(send: Send) -> Send:
    """The message is begun though nothing of it is queued: a part of it said where it goes (ROUTER-1)."""
    return Send(Phase.SENDING, send.note, send.reserved)


def swallowing(send: Send) -> Send:
    """The message goes nowhere, as its pattern says: its further parts are swallowed (SEND-8, SEND-9)."""
    return replace(send, phase=Phase.SKIPPING)


def abort(sizes: Costs, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    """Drop the unfinished message at its sender's wish (SEND-11); from any phase, and without memory."""
    after = pipes.roll_back(pipe, pipe.tail)
    freed = held(sizes, send, pipe) - held(sizes, Send(), after)
    return Sent((Rule.SEND_11, Rule.MEM_4), Answer.OK, memory.give(pool, freed), Send(), after, dropped=pipe.tail)


def peer_gone(sizes: Costs, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    """The pipe's peer went for good: the pipe is dropped whole, and a half-sent message with it (PIPE-7).

    A sender in the middle of a message learns of it at its next call (SEND-12). One that waits in line or
    skips has queued nothing that could be lost, and goes on.
    """
    half_sent = send.phase == Phase.SENDING
    after = Send(Phase.GONE) if half_sent else send
    freed = held(sizes, send, pipe) - held(sizes, after, pipes.gone())
    return Sent(
        (Rule.PIPE_7, Rule.MEM_4), Answer.NONE, memory.give(pool, freed), after, pipes.gone(), dropped=pipe.tail
    )
