"""The life of one connection: why it ended, whether it comes back, after how long, and when a silent peer is dead.

What belongs here: the decisions. What does not: clocks and random numbers, which are arguments (milliseconds, and a
fraction), and memory, which is charged when a connection is made (CONNECTION) and given back when it is destroyed,
so that closing and reconnecting need none.
"""

from dataclasses import dataclass
from enum import Enum

from . import memory
from .memory import Need, Pool, Site
from .rules import Rule


class Reason(Enum):
    """Why a connection ended, or was not made; the value is how a monitor prints it."""

    REFUSED = "connection refused"
    LOST = "connection lost"
    HANDSHAKE_TIMEOUT = "the handshake took too long"
    SILENT = "the peer did not answer a heartbeat"
    NO_MEMORY = "no memory"
    PROTOCOL = "the peer broke the protocol"
    REJECTED = "the peer refused us"
    UNBOUND = "unbound"
    DISCONNECTED = "disconnected"
    CLOSED = "the socket was closed"
    DUPLICATE = "the routing id is taken"
    SECOND_PEER = "there is a peer already"


@dataclass(frozen=True, slots=True)
class Made:
    """The answer to the wish to make something that lives longer than a message; ``refused`` is the site without."""

    rules: tuple[Rule, ...]
    pool: Pool
    refused: Site | None = None
    asked: tuple[Need, ...] = ()


def made(pool: Pool, site: Site, amount: int, wanted_by_peer: bool, refuse: Site | None) -> Made:
    """Charge all that a socket, a listener or a connection needs for as long as it lives, before it is made.

    Without memory nothing is made: a call is answered with ENOMEM (CONNECT-4), a peer that wants to connect is turned
    away, and the listener rests (CONNECT-5).
    """
    asked = (Need(site, amount),)
    grant = memory.take(pool, asked, refuse)
    if grant.refused is None:
        return Made((grant.rule,), grant.pool, None, asked)
    return Made((Rule.CONNECT_5 if wanted_by_peer else Rule.CONNECT_4, grant.rule), grant.pool, grant.refused)


def destroyed(pool: Pool, amount: int) -> Pool:
    """Give back what was charged when it was made (MEM-4): destroying needs no memory."""
    return memory.give(pool, amount)


class Next(Enum):
    """What follows the end of a connection."""

    RECONNECT = "reconnect"
    DESTROY = "destroy"
    """The session goes, and its pipes with it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What follows the end of a connection: ``delay`` in milliseconds, and how often it was tried in a row."""

    rules: tuple[Rule, ...]
    then: Next
    delay: int = 0
    tries: int = 0


FINAL = (
    Reason.PROTOCOL, Reason.REJECTED, Reason.UNBOUND, Reason.DISCONNECTED, Reason.CLOSED,
)  # fmt: skip
"""After these a connection is not opened again: the same would happen, or its owner does not want it."""


def ended(reason: Reason, initiated: bool, tries: int, interval: int, longest: int, jitter: float) -> Ended:
    """What follows the end of a connection, by its ``reason``.

    One that the peer initiated is destroyed (CONNECT-2). One that was initiated here is opened again, unless the
    reason is final (CONNECT-3) or ``interval`` is negative: after ``interval`` milliseconds, twice that at each
    further try up to ``longest`` (0: always ``interval``), and up to as much again by ``jitter``, a fraction
    (CONNECT-1). No memory is no protocol error: it is tried again.
    """
    if not initiated:
        return Ended((Rule.CONNECT_2,), Next.DESTROY)
    if reason in FINAL or interval < 0:
        return Ended((Rule.CONNECT_3,), Next.DESTROY)
    delay = interval if longest <= interval else min(longest, interval << min(tries, 20))
    return Ended((Rule.CONNECT_1,), Next.RECONNECT, delay + int(interval * jitter), tries + 1)


class Beat(Enum):
    """What a heartbeat's clock asks for."""

    WAIT = "wait"
    PING = "ping"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Pulse:
    """When the heartbeat's clock has to be looked at again (milliseconds, -1 never), and what is to be done now."""

    rule: Rule
    beat: Beat
    again: int = -1


def pulse(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    """Look at the heartbeat's clock at ``now``; the peer was last ``heard`` and last ``pinged`` then (-1 never).

    A PING goes out every ``interval``; a peer from which nothing comes for ``timeout`` after it is dead, and so is
    one that announced a ``ttl`` of its own and stays silent longer (HEART-1 to HEART-3). 0 switches each off.
    """
    if ttl > 0 and now - heard >= ttl:
        return Pulse(Rule.HEART_3, Beat.DEAD)
    # Anything that came after the PING is its answer.
    waiting = pinged >= 0 and heard < pinged
    if interval > 0 and timeout > 0 and waiting and now - pinged >= timeout:
        return Pulse(Rule.HEART_2, Beat.DEAD)
    due = [heard + ttl] if ttl > 0 else []
    if interval > 0:
        if not waiting and (pinged < 0 or now - pinged >= interval):
            return Pulse(Rule.HEART_1, Beat.PING)
        if not waiting:
            due.append(pinged + interval)
        elif timeout > 0:
            due.append(pinged + timeout)
    return Pulse(Rule.HEART_1, Beat.WAIT, min(due) if due else -1)
