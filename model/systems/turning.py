"""The closed system of turns: one socket of a type, peers that come and go, and one of them that is watched.

Whether a peer has room, or something for the socket, is the environment's choice at every moment. Watched is a peer
from any moment on for as long as it can take a message (or give one) and is passed over. Parts and memory are
elsewhere: a message is committed or dropped.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from ..patterns.pattern import AnyPattern, Shape, Way
from ..rules import Rule
from . import watching


class Kind(Enum):
    """What can happen."""

    BEGIN = "begin"
    COMMIT = "commit"
    DROP = "drop"
    OFFER = "offer"
    TAKE = "take"
    WATCH = "watch"
    ATTACH = "attach"
    DETACH = "detach"


@dataclass(frozen=True, slots=True)
class Action:
    """``kind`` happens, to the peer at ``place`` if it is about one; ``can`` says who has room, or something to give.

    ``to`` and ``last`` are of a part that a ROUTER takes for an address. ``shape``: which of ``SHAPES`` a message has.
    """

    kind: Kind
    place: int = -1
    can: tuple[bool, ...] = ()
    to: int = -1
    last: bool = False
    shape: int = 0

    @property
    def hostile(self) -> bool:
        """Is this the environment's doing, which nothing may rely on?"""
        return self.kind in (Kind.DROP, Kind.WATCH, Kind.ATTACH, Kind.DETACH)


SHAPES = (Shape(2, 0), Shape(1, -1, matches=False))
"""What a peer sends: what every type wants, and what REQ, REP and SUB do not."""


@dataclass(frozen=True, slots=True)
class State:
    """``count`` peers are there, ``inner`` is the pattern's state; ``sending``, ``taking``: a message is.

    The observer's: ``watched``: the place of the peer that is watched, -1 if none is; ``passed``: the message that is
    being sent was begun although it had room; ``served``: who was served meanwhile.
    """

    count: int
    inner: Any
    served: tuple[bool, ...]
    watched: int = -1
    current: int = -1
    sending: bool = False
    passed: bool = False
    taking: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """A type of socket with at most ``pipes`` peers. ``out``: sending is watched, else receiving."""

    pattern: AnyPattern
    pipes: int = 3
    out: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``again``: somebody was served a second time while the watched peer was passed over."""

    rules: tuple[Rule, ...]
    state: State
    way: Way | None = None
    place: int = -1
    again: bool = False


def initial(system: System) -> State:
    """All peers are there that the type accepts."""
    state = State(0, system.pattern.initial(), (False,) * system.pipes)
    for _ in range(system.pipes):
        step = _attach(system, state)
        state = state if step is None else step.state
    return state


def actions(system: System) -> tuple[Action, ...]:
    """Everything that could happen in some state, the environment's choices included."""
    masks: list[tuple[bool, ...]] = [()]
    for _ in range(system.pipes):
        masks = [(*mask, can) for mask in masks for can in (True, False)]
    places = range(system.pipes)
    named = places if system.pattern.routes else (-1,)
    found = [Action(Kind.BEGIN, can=mask, to=to) for mask in masks for to in named]
    found += [Action(Kind.OFFER, can=mask, shape=shape) for mask in masks for shape in range(len(SHAPES))]
    found += [Action(kind) for kind in (Kind.COMMIT, Kind.DROP, Kind.TAKE, Kind.ATTACH)]
    return (*found, *(Action(kind, place) for kind in (Kind.WATCH, Kind.DETACH) for place in places))


def step(system: System, state: State, action: Action) -> Step | None:
    """What ``action`` does in ``state``, or None if it cannot happen there."""
    match action.kind:
        case Kind.BEGIN:
            return _begin(system, state, action)
        case Kind.COMMIT:
            return _commit(system, state)
        case Kind.DROP:
            return _drop(system, state)
        case Kind.OFFER:
            return _offer(system, state, action)
        case Kind.TAKE:
            return _take(system, state)
        case Kind.WATCH:
            return _watch(state, action.place)
        case Kind.ATTACH:
            return _attach(system, state)
        case Kind.DETACH:
            return _detach(system, state, action.place)


def _begin(system: System, state: State, action: Action) -> Step | None:
    """The application sends the first part of a message."""
    if state.sending:
        return None
    to = action.to if action.to < state.count else -1
    found = system.pattern.begin(state.inner, state.count, lambda place: action.can[place], to)
    after = replace(state, inner=found.state)
    if found.way not in (Way.PIPE, Way.FAN):
        return Step((found.rule,), after, found.way)
    after = replace(after, sending=True, current=found.pipe)
    if system.out and state.watched >= 0:
        # Who is served himself, or cannot be, is not passed over.
        over = action.can[state.watched] and found.pipe != state.watched
        after = replace(after, passed=True) if over else _unwatched(system, after)
    return Step((found.rule,), after, found.way, found.pipe)


def _commit(system: System, state: State) -> Step | None:
    """The last part of the message is accepted."""
    if not state.sending:
        return None
    inner = system.pattern.committed(state.inner)
    after = replace(state, inner=inner, sending=False, current=-1, passed=False)
    if not state.passed:
        return Step((system.pattern.commits,), after)
    return _served(after, state.current, (system.pattern.commits,))


def _served(state: State, place: int, rules: tuple[Rule, ...]) -> Step:
    """The peer at ``place`` was served, and the watched one passed over."""
    again = state.served[place]
    served = tuple(True if i == place else was for i, was in enumerate(state.served))
    return Step(rules, replace(state, served=served), place=place, again=again)


def _drop(system: System, state: State) -> Step | None:
    """The message that was begun is dropped: nobody was served."""
    if not state.sending:
        return None
    inner = system.pattern.dropped(state.inner)
    return Step((system.pattern.drops,), replace(state, inner=inner, sending=False, current=-1, passed=False))


def _offer(system: System, state: State, action: Action) -> Step | None:
    """The socket looks for a message to be received, and the pattern delivers or discards it."""
    if state.taking:
        return None
    forbidden = system.pattern.may_receive(state.inner)
    if forbidden is not None:
        return Step((forbidden,), state)
    place = system.pattern.choose(state.inner, state.count, lambda place: action.can[place])
    if place < 0:
        return None
    offered = system.pattern.offered(state.inner, place, SHAPES[action.shape])
    after = replace(state, inner=offered.state, taking=offered.deliver)
    # A REQ looks for the reply that it awaits, all others for whose turn it is.
    rules = (offered.rule,) if watching.awaits(system) else (offered.rule, Rule.TURN_1)
    if system.out or state.watched < 0:
        return Step(rules, after, place=place)
    if not action.can[state.watched] or place == state.watched:
        return Step(rules, _unwatched(system, after), place=place)
    return _served(after, place, rules)


def _take(system: System, state: State) -> Step | None:
    """The application takes the last part of what was delivered."""
    if not state.taking:
        return None
    return Step((system.pattern.takes,), replace(state, inner=system.pattern.taken(state.inner), taking=False))


def _unwatched(system: System, state: State) -> State:
    return replace(state, watched=-1, served=(False,) * system.pipes, passed=False)


def _watch(state: State, place: int) -> Step | None:
    """From now on the peer at ``place`` is watched."""
    if state.watched >= 0 or place >= state.count or state.sending:
        return None
    return Step((), replace(state, watched=place))


def _attach(system: System, state: State) -> Step | None:
    """A peer comes, and is accepted or not."""
    if state.count >= system.pipes:
        return None
    attached = system.pattern.attached(state.inner, state.count)
    count = state.count + 1 if attached.accepted else state.count
    return Step((attached.rule,), replace(state, inner=attached.state, count=count))


def _detach(system: System, state: State, place: int) -> Step | None:
    """A peer goes for good; those behind it move up."""
    if place >= state.count:
        return None
    current = watching.moved_down(state.current, place)
    cut = state.sending and state.current >= 0 and current == -1
    inner = system.pattern.detached(state.inner, place)
    served = (*state.served[:place], *state.served[place + 1 :], False)
    after = replace(state, count=state.count - 1, inner=inner, served=served, current=current)
    if cut:
        after = replace(after, inner=system.pattern.dropped(inner), sending=False, passed=False)
    if state.watched == place:
        after = _unwatched(system, after)
    return Step((system.pattern.leaves,), replace(after, watched=watching.moved_down(state.watched, place)))
