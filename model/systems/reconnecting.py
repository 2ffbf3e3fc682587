"""The closed system of one connection's life: who connects, who accepts, what is sent over it, and a pool for each.

The connection opens, carries messages part by part, breaks, and is opened again. The environment refuses memory at any
site, breaks the connection, and lets another peer come and go at the listener. What a reader without memory does is the
business of receive policies; here it waits (``stalls``) or ends its connection. Every part costs one unit; the sender
keeps what it has (KEEP), so that whatever survives a connection could be gone on with.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from .. import connection as life
from ..connection import Event, Life, Phase
from ..memory import Pool, Site
from ..rules import Rule
from ..send import Answer
from . import reconnecting_traffic as traffic
from .reconnecting_state import (
    BOTH,
    Action,
    Kind,
    State,
    Step,
    System,
    lived,
    moved,
    others_need,
    pool_of,
    pooled,
    there,
)


def initial(system: System) -> State:
    """Nobody has called yet, and somebody listens; or the connection has been opened."""
    state = State(tuple(Pool(limit, 0) for limit in system.memory), (Life(), Life(initiated=False)))
    for action in OPENED if system.up else ():
        done = step(system, state, action)
        assert done is not None
        state = done.state
    return state


OPENED = (
    *(Action(kind) for kind in (Kind.CONNECT, Kind.ATTEMPT, Kind.OPEN)), Action(Kind.ACCEPT, 1),
    *(Action(kind, end) for kind in (Kind.GREET, Kind.SHAKE) for end in (0, 1)),
)  # fmt: skip
"""How a connection is opened where nothing goes wrong."""


SITES = {
    Kind.CONNECT: Site.CONNECTION, Kind.ATTEMPT: Site.RECONNECT, Kind.ACCEPT: Site.ACCEPT, Kind.GREET: Site.HANDSHAKE,
    Kind.SHAKE: Site.HEARTBEAT, Kind.PART: Site.BODY, Kind.READ: Site.RECEIVE_BODY, Kind.GONE: Site.TIMER,
    Kind.COME: Site.ACCEPT,
}  # fmt: skip
"""Where the environment may refuse memory, by what happens."""


def actions(system: System) -> tuple[Action, ...]:
    """Everything that could happen in some state, the environment's choices included."""
    found: list[Action] = []
    of_both = (Kind.GREET, Kind.SHAKE, Kind.NOTICE, Kind.GONE, Kind.BREAK)
    beats, peers = (Kind.TICK, Kind.SIGN), (Kind.COME, Kind.GO)
    for kind in Kind:
        if (kind in beats and system.heart < 0) or (kind in peers and not system.others):
            continue
        if kind == Kind.BREAK and not system.breaks:
            continue
        at = 1 if kind in (Kind.ACCEPT, Kind.REST, *peers) else 0
        if kind in (Kind.PART, Kind.BEGIN, Kind.WRITE):
            at = system.sender
        if kind in (Kind.READ, Kind.RETRY, Kind.TAKE):
            at = system.reader
        if kind in beats:
            at = system.heart if kind == Kind.TICK else 1 - system.heart
        for end in (0, 1) if kind in of_both else (at,):
            found.append(Action(kind, end))
            if kind in SITES and _asks(system, kind):
                found.append(Action(kind, end, SITES[kind]))
    return tuple(found)


def _asks(system: System, kind: Kind) -> bool:
    """Can memory be asked for there at all?"""
    if kind == Kind.GONE:
        return not system.rule.timers
    return not system.rule.reserves or kind not in (Kind.ATTEMPT, Kind.GREET, Kind.SHAKE)


def step(system: System, state: State, action: Action) -> Step | None:
    """What ``action`` does in ``state``, or None if it cannot happen there."""
    made = HAPPENS[action.kind](system, state, action)
    if made is not None and action.refuse is not None and Rule.MEM_3 not in made.rules:
        return None
    return made


# --- opening


def _connect(system: System, state: State, action: Action) -> Step | None:
    """The application's call."""
    if state.wanted:
        return None
    got = life.connect(pool_of(state, 0), system.rule, system.upkeep, action.refuse)
    if got.refused is not None:
        return Step(got.rules, state, Answer.NO_MEMORY, got.refused, got.asked)
    return Step(got.rules, replace(lived(system, state, 0, got), wanted=True), Answer.OK, asked=got.asked)


def _attempt(system: System, state: State, action: Action) -> Step | None:
    """The delay is over."""
    return moved(system, state, action, Event.ATTEMPT) if state.lives[0].phase == Phase.WAITING else None


def _open(system: System, state: State, action: Action) -> Step | None:
    """The operating systems have connected; the connection waits to be accepted."""
    if state.lives[0].phase != Phase.CONNECTING or state.lives[1].phase != Phase.CLOSED:
        return None
    return moved(system, replace(state, wire=replace(state.wire, knocking=True)), action, Event.CONNECTED)


def _accept(system: System, state: State, action: Action) -> Step | None:
    """Whoever knocks is let in, or turned away."""
    if not state.wire.knocking or state.listener.resting:
        return None
    got = life.accept(pool_of(state, 1), system.rule, system.upkeep, state.listener, action.refuse)
    after = replace(state, listener=got.listener, wire=replace(state.wire, knocking=False))
    return Step(got.rules, lived(system, after, 1, got), refused=got.refused, asked=got.asked)


def _rest(_: System, state: State, __: Action) -> Step | None:
    """The listener has rested."""
    if not state.listener.resting:
        return None
    return Step((Rule.CONNECT_5,), replace(state, listener=life.rested(state.listener)))


def _greet(system: System, state: State, action: Action) -> Step | None:
    """The other end's greeting has come."""
    if state.lives[action.end].phase != Phase.GREETING or not there(state, 1 - action.end):
        return None
    return moved(system, state, action, Event.GREETED)


def _shake(system: System, state: State, action: Action) -> Step | None:
    """The other end's side of the handshake has come."""
    other = state.lives[1 - action.end].phase
    if state.lives[action.end].phase != Phase.HANDSHAKE or other not in (Phase.HANDSHAKE, *BOTH):
        return None
    made = moved(system, state, action, Event.SHOOK)
    return replace(made, opened=made.refused is None and bool(other in BOTH))


# --- ending


def _notice(system: System, state: State, action: Action) -> Step | None:
    """An end learns that the other end is gone."""
    knocks = action.end == 0 and state.wire.knocking
    if not there(state, action.end) or there(state, 1 - action.end) or knocks:
        return None
    return _ended(system, state, action)


def _break(system: System, state: State, action: Action) -> Step | None:
    """The connection breaks."""
    return _ended(system, state, action) if there(state, action.end) else None


def _ended(system: System, state: State, action: Action) -> Step:
    made = moved(system, state, action, Event.END)
    return replace(made, settled=bool(state.wire.begun > 0), went_on=action.end == system.reader)


def _gone(system: System, state: State, action: Action) -> Step | None:
    """The descriptor of an end that ends is closed."""
    if state.lives[action.end].phase != Phase.CLOSING:
        return None
    made = moved(system, state, action, Event.GONE)
    drops = action.end == system.sender and bool(made.state.lives[action.end].phase == Phase.CLOSED)
    return replace(made, settled=drops and bool(state.outgoing.pipe.messages > 0))


# --- another peer


def _come(system: System, state: State, action: Action) -> Step | None:
    """Another peer wants to connect to the same socket (D34 of the open decisions)."""
    if state.other or state.listener.resting:
        return None
    got = life.accept(pool_of(state, 1), system.rule, system.upkeep, state.listener, action.refuse)
    after = replace(pooled(state, 1, got.pool), listener=got.listener, other=got.refused is None)
    return Step(got.rules, after, refused=got.refused, asked=got.asked)


def _go(system: System, state: State, _: Action) -> Step | None:
    """Another peer goes."""
    if not state.other:
        return None
    after = pooled(state, 1, life.destroyed(pool_of(state, 1), others_need(system)))
    return Step((Rule.CONNECT_2, Rule.MEM_4), replace(after, other=False))


HAPPENS: Mapping[Kind, Callable[[System, State, Action], Step | None]] = {
    Kind.CONNECT: _connect,
    Kind.ATTEMPT: _attempt,
    Kind.OPEN: _open,
    Kind.ACCEPT: _accept,
    Kind.REST: _rest,
    Kind.GREET: _greet,
    Kind.SHAKE: _shake,
    Kind.PART: traffic.part,
    Kind.BEGIN: traffic.begin,
    Kind.WRITE: traffic.write,
    Kind.READ: traffic.read,
    Kind.RETRY: traffic.retry,
    Kind.TAKE: traffic.take,
    Kind.NOTICE: _notice,
    Kind.GONE: _gone,
    Kind.BREAK: _break,
    Kind.TICK: traffic.tick,
    Kind.SIGN: traffic.sign,
    Kind.COME: _come,
    Kind.GO: _go,
}
