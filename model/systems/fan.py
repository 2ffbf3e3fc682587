"""The closed system of a PUB socket: one pool, subscribers that come and go, a copy of each message for each.

A call of the application is taken apart here: its copies are made one after the other, and anything may happen
between two of them. Which subscribers a message is for is the environment's choice.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from .. import history, link
from .. import send as sends
from ..memory import Pool, Site
from ..patterns import fan_out
from ..patterns.pattern import AnyPattern, Way
from ..pipe import Pipe
from ..rules import Rule
from ..send import Answer, Send, Sizes
from ..step import Do, Effect


class Kind(Enum):
    """What can happen."""

    BEGIN = "begin"
    COPY = "copy"
    RETURN = "return"
    ABORT = "abort"
    DELIVER = "deliver"
    ATTACH = "attach"
    DETACH = "detach"


@dataclass(frozen=True, slots=True)
class Action:
    """``kind`` happens, to the subscriber at ``place`` if it is about one; memory is refused at ``refuse``.

    ``matching``: whom the message that begins is for.
    """

    kind: Kind
    place: int = -1
    refuse: Site | None = None
    matching: tuple[bool, ...] = ()

    @property
    def hostile(self) -> bool:
        """Is this the environment's doing, which nothing may rely on?"""
        return self.refuse is not None or self.kind in (Kind.ABORT, Kind.ATTACH, Kind.DETACH)


@dataclass(frozen=True, slots=True)
class Copy:
    """One subscriber: its pipe and send state. ``matches``: the message that is being sent is for it.

    The observer's: ``misses``: it misses that message. ``odd`` is what is wrong with the messages in its pipe, the
    oldest first, as in ``history``; ``straight``: its tail is the beginning of the message.
    """

    send: Send = field(default_factory=Send)
    pipe: Pipe = field(default_factory=Pipe)
    matches: bool = False
    misses: bool = False
    straight: bool = True
    odd: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """One socket: ``count`` of its ``copies`` are there. ``part`` is the one that is being sent, if ``sending``.

    ``turn``: the subscriber whose copy of the part comes next; after the last one the call returns.
    """

    pool: Pool
    copies: tuple[Copy, ...]
    count: int
    inner: Any
    sending: bool = False
    part: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class System:
    """What does not change; see ``closed.System``. Messages are not counted: the application never stops."""

    pattern: AnyPattern
    pipes: int = 2
    parts: int = 2
    memory: int = 4
    queue: int = 1
    sizes: Sizes = field(default_factory=Sizes)
    labels: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One step; see ``closed.Step``. ``answer`` is what the monitor sees of a copy, the application always hears OK.

    ``odd``: what is wrong with the message that arrived; where messages are not followed, with the part that was
    written.
    """

    rules: tuple[Rule, ...]
    state: State
    answer: Answer = Answer.NONE
    refused: Site | None = None
    wrote: bool = False
    odd: object = None
    effects: tuple[Effect, ...] = ()


def initial(system: System) -> State:
    """All subscribers are there, and nothing is sent."""
    inner = system.pattern.initial()
    for count in range(system.pipes):
        inner = system.pattern.attached(inner, count).state
    copy = Copy(odd=(0,) * (system.queue if system.labels else 0))
    return State(Pool(system.memory, 0), (copy,) * system.pipes, system.pipes, inner)


def actions(system: System) -> tuple[Action, ...]:
    """Everything that could happen in some state, the environment's choices included."""
    masks: list[tuple[bool, ...]] = [()]
    for _ in range(system.pipes):
        masks = [(*mask, matches) for mask in masks for matches in (True, False)]
    found = [Action(Kind.BEGIN, matching=mask) for mask in masks]
    found += [Action(Kind.COPY, refuse=refuse) for refuse in (None, Site.BODY, Site.SLOT)]
    found += [Action(Kind.RETURN), Action(Kind.ABORT), Action(Kind.ATTACH)]
    places = range(system.pipes)
    return (*found, *(Action(kind, place) for kind in (Kind.DELIVER, Kind.DETACH) for place in places))


def step(system: System, state: State, action: Action) -> Step | None:
    """What ``action`` does in ``state``, or None if it cannot happen there."""
    match action.kind:
        case Kind.BEGIN:
            return _begin(system, state, action)
        case Kind.COPY:
            return _copy(system, state, action)
        case Kind.RETURN:
            return _return(system, state)
        case Kind.ABORT:
            return _abort(system, state)
        case Kind.DELIVER:
            return _deliver(system, state, action)
        case Kind.ATTACH:
            return _attach(system, state)
        case Kind.DETACH:
            return _detach(system, state, action)


def _begin(system: System, state: State, action: Action) -> Step | None:
    """The application sends the first part of a message."""
    if state.sending:
        return None
    found = system.pattern.begin(state.inner, state.count, lambda _: True)
    if found.way != Way.FAN:
        return Step((found.rule,), state)
    copies = tuple(
        replace(copy, matches=place < state.count and action.matching[place], misses=False)
        for place, copy in enumerate(state.copies)
    )
    return Step((found.rule,), replace(state, copies=copies, inner=found.state, sending=True, part=0, turn=0))


def _copy(system: System, state: State, action: Action) -> Step | None:
    """The copy of the part for the subscriber whose turn it is."""
    if not state.sending or state.turn >= state.count:
        return None
    place = state.turn.__index__()
    copy = state.copies[place]
    passed = replace(state, turn=place + 1)
    if not copy.matches:
        return None if action.refuse is not None else Step((Rule.PUB_1,), passed)
    last = bool(state.part == system.parts - 1)
    sent = fan_out.copy(system.sizes, state.pool, copy.send, copy.pipe, system.queue, last, action.refuse)
    if action.refuse is not None and Rule.MEM_3 not in sent.rules:
        return None
    after, odd = replace(copy, send=sent.send, pipe=sent.pipe), None
    if sent.answer in (Answer.FULL, Answer.NO_MEMORY):
        after = replace(after, misses=True)
    if sent.wrote:
        after, odd = _watched(system, state, copy, after, sent.committed)
    if system.labels and sent.pipe.tail == 0:
        after = replace(after, straight=True)
    effects: tuple[Effect, ...] = (Effect(Do.APPEND, place),) if sent.wrote else ()
    if sent.dropped:
        effects = (Effect(Do.ROLL_BACK, place, sent.dropped),)
    if sent.committed:
        effects = (*effects, Effect(Do.COMMIT, place))
    moved = replace(_put(passed, place, after), pool=sent.pool)
    return Step(sent.rules, moved, sent.answer, sent.refused, sent.wrote, odd, effects)


def _watched(system: System, state: State, before: Copy, after: Copy, committed: bool) -> tuple[Copy, object]:
    """Remember a part that was appended."""
    displaced = before.pipe.tail != state.part
    size = after.pipe.parts - before.pipe.parts
    if not system.labels:
        return after, displaced | (size != system.parts) if committed else displaced
    if displaced:
        after = replace(after, straight=False)
    if committed:
        odd = 0 if after.straight and size == system.parts else size
        after = replace(after, odd=history.put(after.odd, before.pipe.messages, odd))
    return after, None


def _put(state: State, place: int, copy: Copy) -> State:
    return replace(state, copies=tuple(copy if i == place else other for i, other in enumerate(state.copies)))


def _return(system: System, state: State) -> Step | None:
    """All copies of the part were made or missed, and the call returns."""
    if not state.sending or state.turn < state.count:
        return None
    if state.part == system.parts - 1:
        return Step((Rule.PUB_1,), _done(state), Answer.OK)
    return Step((Rule.PUB_1,), replace(state, part=state.part + 1, turn=0), Answer.OK)


def _done(state: State) -> State:
    copies = tuple(replace(copy, matches=False, misses=False) for copy in state.copies)
    return replace(state, copies=copies, sending=False, part=0, turn=0)


def _abort(system: System, state: State) -> Step | None:
    """The application drops its unfinished message, between two calls (SEND-11)."""
    if not state.sending or state.part == 0 or state.turn != 0:
        return None
    pool, copies, effects = state.pool, list(state.copies), list[Effect]()
    for place, copy in enumerate(state.copies):
        if copy.matches:
            sent = sends.abort(system.sizes, pool, copy.send, copy.pipe)
            pool = sent.pool
            copies[place] = replace(copy, send=sent.send, pipe=sent.pipe, straight=True)
            effects.append(Effect(Do.ROLL_BACK, place, sent.dropped))
    after = _done(replace(state, pool=pool, copies=tuple(copies)))
    return Step((Rule.SEND_11, Rule.MEM_4), after, Answer.OK, effects=tuple(effects))


def _deliver(system: System, state: State, action: Action) -> Step | None:
    """The oldest message in a pipe reaches its subscriber."""
    place = action.place
    copy = state.copies[place]
    if place >= state.count or copy.pipe.messages == 0:
        return None
    odd = copy.odd[0] if copy.odd else 0
    size = odd if odd > 0 else system.parts
    pipe, pool = link.begin(system.sizes, state.pool, copy.pipe, size)
    pool = link.written(pool, system.sizes.part * size)
    after = _put(state, place, replace(copy, pipe=pipe, odd=history.shift(copy.odd)))
    effects = (Effect(Do.BEGIN, place), Effect(Do.ARRIVE, place), Effect(Do.DELIVER, place))
    rules = (Rule.LINK_1, Rule.PIPE_5, Rule.LINK_5, Rule.MEM_4)
    return Step(rules, replace(after, pool=pool), odd=odd, effects=effects)


def _attach(system: System, state: State) -> Step | None:
    """A subscriber comes; it gets nothing of a message that has begun."""
    if state.count >= system.pipes:
        return None
    attached = system.pattern.attached(state.inner, state.count)
    return Step((attached.rule,), replace(state, inner=attached.state, count=state.count + 1))


def _detach(system: System, state: State, action: Action) -> Step | None:
    """A subscriber goes for good, and its pipe with all that it held; those behind it move up."""
    place = action.place
    if place >= state.count:
        return None
    copy = state.copies[place]
    sent = sends.peer_gone(system.sizes, state.pool, copy.send, copy.pipe)
    empty = Copy(pipe=sent.pipe, odd=(0,) * len(copy.odd))
    after = replace(
        state,
        pool=sent.pool,
        copies=(*state.copies[:place], *state.copies[place + 1 :], empty),
        count=state.count - 1,
        inner=system.pattern.detached(state.inner, place),
        turn=state.turn - 1 if state.turn > place else state.turn,
    )
    return Step((system.pattern.leaves, *sent.rules), after, effects=(Effect(Do.DROP_PIPE, place),))


def held(system: System, state: State) -> int:
    """How many units the socket holds."""
    return sum(sends.held(system.sizes, copy.send, copy.pipe) for copy in state.copies)
