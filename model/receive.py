"""The reading side of one connection: what arrives is counted, charged, queued, or kept waiting.

What belongs here: whether a connection may read on, and what becomes of it when what it has read gets no memory.
What does not: bytes, frames, clocks (a wait that has lasted too long is an input), what messages contain.

A refused reader stalls: it stops reading, the transport pushes back, and it tries again when memory was given back
or some time has passed. It is closed where waiting cannot help: what it wants is more than the pool could ever
hold beside the half of the message that it has, or the only memory in use is its own. The receive policies of the
letter (L2) will be told apart here.
"""

from dataclasses import dataclass
from enum import Enum

from . import memory
from .memory import Need, Pool, Site
from .rules import Rule
from .states import state


class Reading(Enum):
    """Whether a connection reads."""

    OPEN = "open"
    STALLED = "stalled"
    CLOSED = "closed"


@state
class Inbox:
    """One connection's receive queue: whole messages, and the units of the half-read one and of the whole ones."""

    messages: int = 0
    half: int = 0
    whole: int = 0
    reading: Reading = Reading.OPEN


@dataclass(slots=True)
class Received:
    """The outcome: rules, pool, inbox; ``taken`` says that what was offered is in the queue now."""

    rules: tuple[Rule, ...]
    pool: Pool
    inbox: Inbox
    taken: bool
    refused: Site | None = None
    asked: tuple[Need, ...] = ()


OPEN, STALLED, CLOSED = Reading.OPEN, Reading.STALLED, Reading.CLOSED


def room(inbox: Inbox, hwm: int) -> int:
    """How many more whole messages may be read before the queue is full (RECEIVE-5); ``hwm`` 0 is no limit."""
    if inbox.reading == Reading.CLOSED:
        return 0
    if hwm == 0:
        return 1 << 30
    return max(0, hwm - inbox.messages)


def low(inbox: Inbox, hwm: int) -> bool:
    """May a connection that stopped because the queue was full read on?  Not before half of it was taken."""
    return inbox.messages * 2 <= hwm or inbox.messages == 0


def arrived(pool: Pool, inbox: Inbox, messages: int, amount: int, half: int, refuse: Site | None) -> Received:
    """``messages`` whole messages of ``amount`` units in all were read, and ``half`` units of the next one.

    What the half-read message had charged before is part of ``amount`` now. All is charged in one request and
    queued (RECEIVE-1), or nothing is: then the connection stalls (RECEIVE-2) or is closed (RECEIVE-3).
    """
    more = amount + half - inbox.half
    asked = (Need(Site.RECEIVE_BODY, max(0, more)),)
    grant = memory.take(pool, asked, refuse)
    if grant.refused is not None:
        return _no_memory(pool, inbox, max(0, more), grant)
    given = memory.give(grant.pool, max(0, -more))
    after = Inbox(inbox.messages + messages, half, inbox.whole + amount, Reading.OPEN)
    return Received((Rule.RECEIVE_1, grant.rule), given, after, True, None, asked)


def body(pool: Pool, inbox: Inbox, size: int, refuse: Site | None) -> Received:
    """A body of ``size`` units was announced: it is charged before a byte of it is reserved (RECEIVE-4)."""
    asked = (Need(Site.RECEIVE_BODY, size),)
    grant = memory.take(pool, asked, refuse)
    if grant.refused is not None:
        return _no_memory(pool, inbox, size, grant)
    after = Inbox(inbox.messages, inbox.half + size, inbox.whole, Reading.OPEN)
    return Received((Rule.RECEIVE_4, grant.rule), grant.pool, after, True, None, asked)


def _no_memory(pool: Pool, inbox: Inbox, more: int, grant: memory.Grant) -> Received:
    """Wait if another can give back what is missing, else close (RECEIVE-2, RECEIVE-3)."""
    hopeless = inbox.half + more > pool.limit or (grant.rule == Rule.MEM_2 and pool.used == inbox.half)
    rule = Rule.RECEIVE_3 if hopeless else Rule.RECEIVE_2
    reading = Reading.CLOSED if hopeless else Reading.STALLED
    after = Inbox(inbox.messages, inbox.half, inbox.whole, reading)
    return Received((rule, grant.rule), pool, after, False, grant.refused)


def waited(inbox: Inbox) -> Inbox:
    """The stall has lasted as long as it may: the connection is closed, to be opened again (RECEIVE-6)."""
    return Inbox(inbox.messages, inbox.half, inbox.whole, Reading.CLOSED)


def taken(inbox: Inbox, amount: int) -> Inbox:
    """The socket takes the oldest message, of ``amount`` units, out of the queue; it stays charged (RECEIVE-7)."""
    return Inbox(inbox.messages - 1, inbox.half, inbox.whole - amount, inbox.reading)


def handed(pool: Pool, amount: int) -> Pool:
    """The application has got ``amount`` units of a message, which go back to the pool (LINK-4)."""
    return memory.give(pool, amount)


def broken(pool: Pool, inbox: Inbox) -> tuple[Pool, Inbox]:
    """The connection ended: the half-read message is dropped, whole ones stay to be read (RECEIVE-8)."""
    return memory.give(pool, inbox.half), Inbox(inbox.messages, 0, inbox.whole, Reading.OPEN)


def dropped(pool: Pool, inbox: Inbox) -> tuple[Pool, Inbox]:
    """The socket is closed, and the queue with it: all that it holds goes back (RECEIVE-9)."""
    return memory.give(pool, inbox.half + inbox.whole), Inbox()
