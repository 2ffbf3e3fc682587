"""The reading side of one connection: what arrives is counted, charged, queued, or kept waiting.

What belongs here: whether a connection may read on, and what becomes of it when what it has read gets no memory.
What does not: bytes, frames, clocks (a wait that has lasted too long is an input), what messages contain.

The header of a part says how much memory its body wants (`body`); when a message has been read whole, it wants a place
in the queue (`arrived`). A reader that is refused either of them is closed or stalls, as its policy says. While it
stalls it reads nothing, so that the transport pushes back, and it asks for the same again whenever memory was given
back in its pool, and at intervals, since not every refusal ends with a sign. What is larger than a peer may send
(MAXMSGSIZE, and the bounds of a whole message) has been refused before, by the rules of the wire.
"""

from dataclasses import dataclass
from enum import Enum

from . import memory
from .memory import Need, Pool, Site
from .receive_policies import FOR_EVER, ReceivePolicy, Unread
from .rules import Rule
from .states import state


class Reading(Enum):
    """Whether a connection reads; it may be stalled at what it has read whole, or at a body that was announced."""

    OPEN = "open"
    STALLED = "stalled"
    STALLED_AT_BODY = "stalled at a body"
    CLOSED = "closed"


@state
class Inbox:
    """One connection's receive queue: whole messages, and the units of the half-read one and of the whole ones.

    ``longest``: milliseconds that a stall may last from its beginning, or `FOR_EVER`; 0 while there is none.
    """

    messages: int = 0
    half: int = 0
    whole: int = 0
    reading: Reading = Reading.OPEN
    longest: int = 0


@dataclass(slots=True)
class Received:
    """The outcome: rules, pool, inbox; ``taken`` says that what was offered is in the queue now."""

    rules: tuple[Rule, ...]
    pool: Pool
    inbox: Inbox
    taken: bool
    refused: Site | None = None
    asked: tuple[Need, ...] = ()


OPEN, STALLED, AT_BODY, CLOSED = Reading


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


def stalled(inbox: Inbox) -> bool:
    """Does the connection wait for memory?"""
    return inbox.reading == Reading.STALLED or inbox.reading == Reading.STALLED_AT_BODY


def arrived(
    pool: Pool, policy: ReceivePolicy, inbox: Inbox, messages: int, amount: int, half: int, refuse: Site | None,
    slots: int = 0,
) -> Received:  # fmt: skip
    """``messages`` whole messages of ``amount`` units in all were read, and ``half`` units of the next one.

    What the half-read message had charged before is part of ``amount`` now; ``slots`` units of it are for places in the
    queue. All is charged in one request and queued (RECEIVE-1), or nothing is: then the connection stalls (RECEIVE-2)
    or is closed (RECEIVE-3).
    """
    more = amount + half - inbox.half
    asked = (Need(Site.RECEIVE_BODY, max(0, more)),)
    if slots > 0:
        bodies = (Need(Site.RECEIVE_BODY, more - slots),) if more > slots else ()
        asked = (*bodies, Need(Site.RECEIVE_SLOT, slots))
    grant = memory.take(pool, asked, refuse)
    if grant.refused is not None:
        return _no_memory(pool, policy, inbox, max(0, more), Reading.STALLED, grant)
    given = memory.give(grant.pool, max(0, -more))
    after = Inbox(inbox.messages + messages, half, inbox.whole + amount)
    return Received(_granted(Rule.RECEIVE_1, inbox, grant), given, after, True, None, asked)


def body(pool: Pool, policy: ReceivePolicy, inbox: Inbox, size: int, refuse: Site | None) -> Received:
    """A body of ``size`` units was announced: it is charged before a byte of it is reserved (RECEIVE-4)."""
    asked = (Need(Site.RECEIVE_BODY, size),)
    grant = memory.take(pool, asked, refuse)
    if grant.refused is not None:
        return _no_memory(pool, policy, inbox, size, Reading.STALLED_AT_BODY, grant)
    after = Inbox(inbox.messages, inbox.half + size, inbox.whole)
    return Received(_granted(Rule.RECEIVE_4, inbox, grant), grant.pool, after, True, None, asked)


def _granted(rule: Rule, inbox: Inbox, grant: memory.Grant) -> tuple[Rule, ...]:
    """The rules of a request that was granted; one that was refused before ends the stall (RECEIVE-10)."""
    return (rule, Rule.RECEIVE_10, grant.rule) if stalled(inbox) else (rule, grant.rule)


def _no_memory(
    pool: Pool, policy: ReceivePolicy, inbox: Inbox, size: int, at: Reading, grant: memory.Grant
) -> Received:  # fmt: skip
    """The one place at which a refusal changes a reader: it waits (RECEIVE-2) or is closed (RECEIVE-3)."""
    assert grant.refused is not None
    stall = policy.refused(Unread(size, inbox.half, pool.used, pool.limit, grant.refused))
    closes = stall.longest == 0
    rule, reading = (Rule.RECEIVE_3, Reading.CLOSED) if closes else (Rule.RECEIVE_2, at)
    after = Inbox(inbox.messages, inbox.half, inbox.whole, reading, stall.longest)
    return Received((rule, grant.rule), pool, after, False, grant.refused)


def waited(inbox: Inbox) -> Inbox:
    """The stall has lasted as long as it may: the connection is closed, to be opened again (RECEIVE-6)."""
    if inbox.longest == FOR_EVER:
        return inbox
    return Inbox(inbox.messages, inbox.half, inbox.whole, Reading.CLOSED)


def taken(inbox: Inbox, amount: int) -> Inbox:
    """The socket takes the oldest message, of ``amount`` units, out of the queue; it stays charged (RECEIVE-7)."""
    return Inbox(inbox.messages - 1, inbox.half, inbox.whole - amount, inbox.reading, inbox.longest)


def handed(pool: Pool, amount: int) -> Pool:
    """The application has got ``amount`` units of a message, which go back to the pool (LINK-4)."""
    return memory.give(pool, amount)


def broken(pool: Pool, inbox: Inbox) -> tuple[Pool, Inbox]:
    """The connection ended: the half-read message is dropped, whole ones stay to be read (RECEIVE-8)."""
    return memory.give(pool, inbox.half), Inbox(inbox.messages, 0, inbox.whole)


def dropped(pool: Pool, inbox: Inbox) -> tuple[Pool, Inbox]:
    """The socket is closed, and the queue with it: all that it holds goes back (RECEIVE-9)."""
    return memory.give(pool, inbox.half + inbox.whole), Inbox()
