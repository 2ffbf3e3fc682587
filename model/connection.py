"""The life of one connection: how it comes to be, opens, goes on, ends, and whether and when it comes back.

What belongs here: every decision about a connection's life, and the memory that it needs besides messages. What does
not: clocks and random numbers, which are arguments; what is read (``receive``) and sent (``send``, ``pipe``); when a
silent peer is dead (``heartbeat``).

A connection lives by one of two *reconnect rules*. RESERVED asks once, when the connection is made, for all that it
will need to open, to be opened again, to stall and to close, and gives it back when it is destroyed. ALLOCATE asks on
each occasion, as libzmq does; every occasion can then be refused.
"""

from dataclasses import dataclass, replace
from enum import Enum

from . import memory
from .memory import Need, Pool, Site
from .rules import Rule
from .states import state


class Phase(Enum):
    """Where a connection stands."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    GREETING = "greeting"
    HANDSHAKE = "handshake"
    READY = "ready"
    STALLED = "stalled"
    CLOSING = "closing"
    CLOSED = "closed"


WAITING, CONNECTING, GREETING, HANDSHAKE, READY, STALLED, CLOSING, CLOSED = Phase
OPEN = (GREETING, HANDSHAKE, READY, STALLED)
"""The phases in which there is a descriptor that is connected."""


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


FINAL = (
    Reason.PROTOCOL, Reason.REJECTED, Reason.UNBOUND, Reason.DISCONNECTED, Reason.CLOSED,
)  # fmt: skip
"""After these a connection is not opened again: the same would happen, or its owner does not want it."""


class Event(Enum):
    """What happens to a connection that exists."""

    ATTEMPT = "the delay is over"
    CONNECTED = "connected"
    GREETED = "greeted"
    SHOOK = "the handshake is done"
    USED = "it was of use"
    STALL = "a reader without memory"
    RESUME = "the reader goes on"
    END = "it ends"
    GONE = "its descriptor is closed"


@dataclass(frozen=True)
class Reconnect:
    """A reconnect rule: ``reserves`` all at once, or asks on each occasion; ``timers`` are then reserved at least.

    ``forgives``: no memory is an error of the connection, and it is opened again; else one of the protocol, and it is
    not, as in libzmq. At most ``most`` tries in a row are told apart.
    """

    name: str
    reserves: bool = True
    timers: bool = True
    forgives: bool = True
    most: int = 20


RESERVED = Reconnect("RESERVED")
ALLOCATE = Reconnect("ALLOCATE", reserves=False, timers=False)
RECONNECTS = (RESERVED, ALLOCATE)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What one connection needs besides messages, in units.

    ``session``: as long as it exists; ``engine``: from each attempt to its end, buffers included; ``shake``: from the
    handshake on, codec and mechanism; ``beat``: its heart; ``timer``: while it waits to be opened again.
    """

    session: int = 1
    engine: int = 1
    shake: int = 1
    beat: int = 1
    timer: int = 1

    @property
    def whole(self) -> int:
        """All of it."""
        return self.session + self.engine + self.shake + self.beat + self.timer


@state
class Life:
    """One connection: ``tries`` in a row that were of no use, ``held`` units, and ``why`` it ended last."""

    phase: Phase = Phase.CLOSED
    initiated: bool = True
    tries: int = 0
    held: int = 0
    why: Reason = Reason.CLOSED


@state
class Listener:
    """Who accepts; ``resting`` after it could not, for want of memory or descriptors."""

    resting: bool = False


LISTENING = Listener()


@dataclass(slots=True)
class Lived:
    """The outcome of a step: rules (the first is the step's own), pool, life, and the listener of one that accepts.

    ``refused`` is the site without memory, ``asked`` what was asked for.
    """

    rules: tuple[Rule, ...]
    pool: Pool
    life: Life
    refused: Site | None = None
    asked: tuple[Need, ...] = ()
    listener: Listener = LISTENING


# --- coming to be


@dataclass(frozen=True, slots=True)
class Made:
    """The answer to the wish to make something that lives longer than a message; ``refused`` is the site without."""

    rules: tuple[Rule, ...]
    pool: Pool
    refused: Site | None = None
    asked: tuple[Need, ...] = ()


def made(pool: Pool, site: Site, amount: int, refuse: Site | None) -> Made:
    """Charge all that a socket or a listener needs for as long as it lives, before it is made.

    Without memory nothing is made, and the call is answered with ENOMEM (CONNECT-4).
    """
    asked = (Need(site, amount),)
    grant = memory.take(pool, asked, refuse)
    if grant.refused is None:
        return Made((grant.rule,), grant.pool, None, asked)
    return Made((Rule.CONNECT_4, grant.rule), grant.pool, grant.refused)


def destroyed(pool: Pool, amount: int) -> Pool:
    """Give back what was charged when it was made (MEM-4): destroying needs no memory."""
    return memory.give(pool, amount)


def connect(pool: Pool, rule: Reconnect, upkeep: Upkeep, refuse: Site | None) -> Lived:
    """A call wants a connection: it waits for its first attempt, which is made at once, or the call gets ENOMEM."""
    amount = upkeep.whole if rule.reserves else upkeep.session
    asked = (Need(Site.CONNECTION, amount),)
    grant = memory.take(pool, asked, refuse)
    if grant.refused is not None:
        return Lived((Rule.CONNECT_4, grant.rule), pool, Life(), grant.refused, asked)
    return Lived((Rule.CONNECT_6, grant.rule), grant.pool, Life(WAITING, True, 0, amount, Reason.LOST), None, asked)


def accept(pool: Pool, rule: Reconnect, upkeep: Upkeep, listener: Listener, refuse: Site | None) -> Lived:
    """A peer wants to connect, to a listener that does not rest; without memory it is turned away (CONNECT-5)."""
    amount = upkeep.whole if rule.reserves else upkeep.session + upkeep.engine
    asked = (Need(Site.ACCEPT, amount),)
    grant = memory.take(pool, asked, refuse)
    if grant.refused is not None:
        nobody = Life(initiated=False)
        return Lived((Rule.CONNECT_5, grant.rule), pool, nobody, grant.refused, asked, exhausted(listener))
    life = Life(GREETING, False, 0, amount, Reason.LOST)
    return Lived((Rule.CONNECT_7, grant.rule), grant.pool, life, None, asked, listener)


def exhausted(listener: Listener) -> Listener:
    """The listener could not accept, for want of memory or of descriptors: it rests (CONNECT-5)."""
    return replace(listener, resting=True)


def rested(listener: Listener) -> Listener:
    """The listener has rested long enough, and accepts again (CONNECT-5)."""
    return replace(listener, resting=False)


# --- living


def step(
    pool: Pool, rule: Reconnect, upkeep: Upkeep, life: Life, event: Event, reason: Reason, wanted: bool,
    refuse: Site | None,
) -> Lived:  # fmt: skip
    """What ``event`` does to a connection. Total: what comes too late changes nothing (CONNECT-14).

    ``reason`` says why it ends (END); ``wanted`` whether its owner wants it opened again (GONE).
    """
    phase = life.phase
    match event:
        case Event.ATTEMPT if phase == WAITING:
            return _attempt(rule, upkeep, pool, life, refuse)
        case Event.CONNECTED if phase == CONNECTING:
            return Lived((Rule.CONNECT_7,), pool, _at(life, GREETING))
        case Event.GREETED if phase == GREETING:
            return _grown(rule, pool, life, HANDSHAKE, Need(Site.HANDSHAKE, upkeep.shake), refuse)
        case Event.SHOOK if phase == HANDSHAKE:
            return _grown(rule, pool, life, READY, Need(Site.HEARTBEAT, upkeep.beat), refuse)
        case Event.USED if phase in (READY, STALLED):
            return Lived((Rule.CONNECT_9,), pool, Life(phase, life.initiated, 0, life.held, life.why))
        case Event.STALL if phase == READY:
            return Lived((Rule.CONNECT_10,), pool, _at(life, STALLED))
        case Event.RESUME if phase == STALLED:
            return Lived((Rule.CONNECT_11,), pool, _at(life, READY))
        case Event.END if phase not in (CLOSING, CLOSED):
            return Lived((Rule.CONNECT_12,), pool, _ending(life, reason))
        case Event.GONE if phase == CLOSING:
            return _gone(rule, upkeep, pool, life, wanted, refuse)
        case _:
            return Lived((Rule.CONNECT_14,), pool, life)


def _at(life: Life, phase: Phase) -> Life:
    return Life(phase, life.initiated, life.tries, life.held, life.why)


def _ending(life: Life, reason: Reason) -> Life:
    return Life(CLOSING, life.initiated, life.tries, life.held, reason)


def _attempt(rule: Reconnect, upkeep: Upkeep, pool: Pool, life: Life, refuse: Site | None) -> Lived:
    """The delay is over, and with it the need of a timer: try (CONNECT-6)."""
    timer = 0 if rule.reserves else life.held - upkeep.session
    fired = Life(WAITING, life.initiated, life.tries, life.held - timer, life.why)
    got = _grown(rule, memory.give(pool, timer), fired, CONNECTING, Need(Site.RECONNECT, upkeep.engine), refuse)
    return replace(got, rules=(Rule.CONNECT_6, *got.rules[1:])) if got.refused is None else got


def _grown(rule: Reconnect, pool: Pool, life: Life, phase: Phase, need: Need, refuse: Site | None) -> Lived:
    """Come to the next phase, with what that needs (CONNECT-7); without memory the connection ends (CONNECT-8)."""
    if rule.reserves or need.amount == 0:
        return Lived((Rule.CONNECT_7,), pool, _at(life, phase))
    grant = memory.take(pool, (need,), refuse)
    if grant.refused is not None:
        return Lived((Rule.CONNECT_8, grant.rule), pool, _ending(life, Reason.NO_MEMORY), grant.refused, (need,))
    grown = Life(phase, life.initiated, life.tries, life.held + need.amount, life.why)
    return Lived((Rule.CONNECT_7, grant.rule), grant.pool, grown, None, (need,))


def _gone(rule: Reconnect, upkeep: Upkeep, pool: Pool, life: Life, wanted: bool, refuse: Site | None) -> Lived:
    """What follows the end: opened again (CONNECT-1), destroyed (CONNECT-2), or given up (CONNECT-3)."""
    if not life.initiated:
        return _destroyed(Rule.CONNECT_2, pool, life)
    if not wanted or final(rule, life.why):
        return _destroyed(Rule.CONNECT_3, pool, life)
    tries = life.tries + 1 if life.tries < rule.most else life.tries
    if rule.reserves:
        return Lived((Rule.CONNECT_1,), pool, Life(WAITING, True, tries, life.held, life.why))
    # What the attempt had goes back first; it may be what the timer is made of.
    left = memory.give(pool, life.held - upkeep.session)
    need = Need(Site.TIMER, 0 if rule.timers else upkeep.timer)
    if need.amount == 0:
        return Lived((Rule.CONNECT_1, Rule.MEM_4), left, Life(WAITING, True, tries, upkeep.session, life.why))
    grant = memory.take(left, (need,), refuse)
    if grant.refused is not None:
        lost = Life(CLOSED, True, tries, 0, Reason.NO_MEMORY)
        return Lived((Rule.CONNECT_13, grant.rule), memory.give(left, upkeep.session), lost, grant.refused, (need,))
    held = upkeep.session + need.amount
    return Lived((Rule.CONNECT_1, grant.rule), grant.pool, Life(WAITING, True, tries, held, life.why), None, (need,))


def _destroyed(rule: Rule, pool: Pool, life: Life) -> Lived:
    return Lived((rule, Rule.MEM_4), memory.give(pool, life.held), Life(CLOSED, life.initiated, 0, 0, life.why))


def final(rule: Reconnect, reason: Reason) -> bool:
    """Is a connection that ended for this reason given up?  No memory is the fault of nobody (CONNECT-3)."""
    if reason == Reason.NO_MEMORY:
        return not rule.forgives
    return reason in FINAL


def delay(tries: int, interval: int, longest: int, jitter: float) -> int:
    """How long to wait before the next attempt, in milliseconds, after so many ``tries`` in a row (CONNECT-1).

    ``interval`` after the first, twice that at each further one up to ``longest`` (0: always ``interval``), and up to
    ``interval`` more by ``jitter``, a fraction.
    """
    plain = interval if longest <= interval else min(longest, interval << max(0, min(tries - 1, 20)))
    return plain + int(interval * jitter)
