"""A socket of each type with a few pipes, closed: all that can happen to its pattern, and a ghost that remembers.

The shell's part is played here as simply as can be: one message at a time, pipes that are free or have something at
the environment's wish, a peer that goes at any time. What the ghost remembers (whom a message was begun for, whom a
reply is due from) is what the pattern has to answer for, counted without it.
"""

from dataclasses import dataclass, replace
from enum import Enum
from itertools import product
from typing import Any

from enomem.checks.symbolic.machine import Machine
from enomem.model.patterns.pattern import AnyPattern, Shape, Way
from enomem.model.rules import Rule


class Kind(Enum):
    ATTACH = "attach"
    DETACH = "detach"
    BEGIN = "begin"
    COMMIT = "commit"
    DROP = "drop"
    OFFER = "offer"
    TAKE = "take"


SHAPES = (Shape(1), Shape(2, 0), Shape(1, 0), Shape(3, 1), Shape(2, 1), Shape(3, 1, False), Shape(2, -1, True, False))
"""A body; behind a delimiter; a delimiter alone; behind id and delimiter; without a body; the wrong id; no match."""


@dataclass(frozen=True)
class Action:
    """``can`` says of each place whether it is free, or has something; ``to`` is what an address names."""

    kind: Kind
    place: int = -1
    can: tuple[bool, ...] = ()
    to: int = -1
    last: bool = False
    shape: Shape = SHAPES[0]


@dataclass(frozen=True, slots=True)
class Ghost:
    """``pipe`` gets the message being sent; ``due`` is where the reply comes from or goes to; places, -1 for none.

    ``sending``: a message is begun. ``taking``: one was delivered and is not taken. ``answers``: REQ awaits a reply, or
    a REP's is due. ``gone``: whoever it is due from, or to, is gone. ``lead``: the library's parts of the message.
    """

    pipe: int = -1
    due: int = -1
    sending: bool = False
    taking: bool = False
    answers: bool = False
    gone: bool = False
    lead: int = 0
    envelope: int = 0


@dataclass(frozen=True, slots=True)
class State:
    count: int
    inner: Any
    ghost: Ghost


@dataclass(frozen=True)
class Did:
    """``outcome`` is what the pattern returned; ``before`` the pattern's state before the call."""

    rules: tuple[Rule, ...]
    state: State
    outcome: Any = None


def step(pattern: AnyPattern, most: int, state: State, action: Action) -> Did | None:
    """What ``action`` does, or None where it cannot happen."""
    match action.kind:
        case Kind.ATTACH:
            return _attach(pattern, most, state)
        case Kind.DETACH:
            return _detach(pattern, state, action.place)
        case Kind.BEGIN:
            return _begin(pattern, state, action)
        case Kind.COMMIT:
            return _commit(pattern, state)
        case Kind.DROP:
            return _drop(pattern, state)
        case Kind.OFFER:
            return _offer(pattern, state, action)
        case Kind.TAKE:
            return _take(pattern, state)


def _attach(pattern: AnyPattern, most: int, state: State) -> Did | None:
    if state.count >= most:
        return None
    attached = pattern.attached(state.inner, state.count)
    count = state.count + 1 if attached.accepted else state.count
    return Did((attached.rule,), State(count, attached.state, state.ghost), attached)


def _moved(place: int, gone: int) -> int:
    if place == gone:
        return -1
    return place - 1 if place > gone else place


def _detach(pattern: AnyPattern, state: State, place: int) -> Did | None:
    if place >= state.count:
        return None
    ghost, inner = state.ghost, pattern.detached(state.inner, place)
    pipe, due = _moved(ghost.pipe, place), _moved(ghost.due, place)
    gone = ghost.gone or (ghost.answers and ghost.due >= 0 and due == -1)
    cut = ghost.pipe >= 0 and pipe == -1
    if cut:
        inner = pattern.dropped(inner)
    after = replace(ghost, pipe=pipe, due=due, gone=gone)
    if cut:
        after = replace(after, sending=False, lead=0)
    return Did((pattern.leaves,), State(state.count - 1, inner, after))


def _begin(pattern: AnyPattern, state: State, action: Action) -> Did | None:
    if state.ghost.sending:
        return None
    begin = pattern.begin(state.inner, state.count, lambda place: action.can[place], _named(state, action), action.last)
    ghost = state.ghost
    if begin.way in (Way.PIPE, Way.FAN):
        ghost = replace(ghost, pipe=begin.pipe, sending=True, lead=begin.lead)
    elif begin.way == Way.SWALLOW and pattern.name == "REP":
        ghost = replace(ghost, answers=False, gone=False, due=-1, envelope=0)
    return Did((begin.rule,), State(state.count, begin.state, ghost), begin)


def _named(state: State, action: Action) -> int:
    return action.to if action.to < state.count else -1


def _commit(pattern: AnyPattern, state: State) -> Did | None:
    ghost = state.ghost
    if not ghost.sending:
        return None
    inner = pattern.committed(state.inner)
    after = replace(ghost, pipe=-1, sending=False, lead=0)
    if pattern.name == "REQ":
        after = replace(after, due=ghost.pipe, answers=True, gone=False, taking=False)
    if pattern.name == "REP":
        after = replace(after, due=-1, answers=False, gone=False, envelope=0)
    return Did((pattern.commits,), State(state.count, inner, after))


def _drop(pattern: AnyPattern, state: State) -> Did | None:
    if not state.ghost.sending:
        return None
    after = replace(state.ghost, pipe=-1, sending=False, lead=0)
    return Did((pattern.drops,), State(state.count, pattern.dropped(state.inner), after))


def _offer(pattern: AnyPattern, state: State, action: Action) -> Did | None:
    if state.ghost.taking or pattern.may_receive(state.inner) is not None:
        return None
    place = pattern.choose(state.inner, state.count, lambda place: action.can[place])
    if place < 0:
        return None
    offered = pattern.offered(state.inner, place, action.shape)
    ghost = state.ghost
    if offered.deliver:
        ghost = replace(ghost, taking=True)
        if pattern.name == "REQ":
            ghost = replace(ghost, due=-1, answers=False)
        if pattern.name == "REP":
            ghost = replace(ghost, due=place, gone=False, answers=True, envelope=offered.keep)
    return Did((offered.rule,), State(state.count, offered.state, ghost), (place, offered))


def _take(pattern: AnyPattern, state: State) -> Did | None:
    if not state.ghost.taking:
        return None
    after = replace(state.ghost, taking=False)
    return Did((pattern.takes,), State(state.count, pattern.taken(state.inner), after))


def actions(pattern: AnyPattern, pipes: int) -> tuple[Action, ...]:
    """Everything that can happen to a socket of this type with at most so many pipes."""
    masks = [tuple(mask) for mask in product((False, True), repeat=pipes)]
    found = [Action(Kind.ATTACH), Action(Kind.COMMIT), Action(Kind.DROP), Action(Kind.TAKE)]
    found += [Action(Kind.DETACH, place) for place in range(pipes)]
    named = range(-1, pipes) if pattern.routes else (-1,)
    found += [
        Action(Kind.BEGIN, can=mask, to=to, last=last) for mask in masks for to in named for last in (False, True)
    ]
    found += [Action(Kind.OFFER, can=mask, shape=shape) for mask in masks for shape in SHAPES]
    return tuple(found)


def machine(pattern: AnyPattern, pipes: int) -> Machine[State, Action]:
    """A closed machine of a socket of this type, with at most so many pipes."""

    def once(state: State, action: Action) -> Did | None:
        return step(pattern, pipes, state, action)

    place, turn = (-1, pipes - 1), (0, pipes)
    ranges = {
        **dict.fromkeys(("inner.send", "inner.receive"), turn),
        **dict.fromkeys(("inner.current", "inner.peer", "ghost.pipe", "ghost.due"), place),
        **dict.fromkeys(("inner.envelope", "ghost.envelope", "ghost.lead"), (0, 2)),
        "inner.request": (0, 1),
        "count": (0, pipes),
    }
    start = State(0, pattern.initial(), Ghost())
    return Machine(pattern.name, start, actions(pattern, pipes), once, ranges)
