"""What is asked of the closed systems of one socket: the properties of ``spec/properties.md`` as plain predicates.

They read what the machines and the observer say, and restate none of their guards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from enomem.model.send import Answer, Phase
from enomem.model.systems import fan, single, turning, watching
from enomem.model.systems.closed import Action, Kind, State, Step, System

from ..symbolic.asked import DEADLOCK, TOTAL, Asked
from .machine import AnySystem

ROUTE, ENVELOPE, FAN, TURN = "SAFE-ROUTE", "SAFE-ENVELOPE", "SAFE-FAN", "SAFE-TURN"
WHOLE, CLEAN, NEXT, CONSERVE = "SAFE-WHOLE", "SAFE-CLEAN", "SAFE-NEXT", "SAFE-CONSERVE"
PROPERTIES = (ROUTE, ENVELOPE, FAN, TURN)
"""What is asked of patterns only; what else is asked of them is asked of senders too."""

SHAPES = (ROUTE, WHOLE, ENVELOPE, FAN)
"""Without a proof of these no other proof counts: in a proof, a message that is not as it should be is not followed."""

StepProperty = Callable[[System, State, Action, Step], object]


def _shown(sys: System, action: Action) -> bool:
    """Is this a step that shows what a message is: its arrival, or each part of it where messages are not followed?"""
    return action.kind == (Kind.DELIVER if sys.labels else Kind.PART)


def route(sys: System, _: State, action: Action, step: Step) -> object:
    """SAFE-ROUTE: what a peer gets was addressed to it, and no address is among it."""
    return not _shown(sys, action) or not step.astray


def whole(sys: System, _: State, action: Action, step: Step) -> object:
    """SAFE-WHOLE: what a peer gets is exactly one message that the application sent."""
    return not _shown(sys, action) or not step.odd


def envelope(sys: System, before: State, action: Action, step: Step) -> object:
    """SAFE-ENVELOPE: requests and replies are whole, behind their envelope, in lock step and with the right peer."""
    if action.kind == Kind.OFFER:
        return (step.delivered == sys.lead) if _wanted(sys, before, action) else step.delivered == -1
    return whole(sys, before, action, step) and route(sys, before, action, step)


def _wanted(sys: System, before: State, action: Action) -> object:
    """Is what comes the reply that is awaited, or a request while no reply is due?"""
    if action.shape != 0:
        return False
    if watching.awaits(sys):
        return before.seen.pending and before.seen.due == action.place
    return not before.seen.pending


def clean(sys: System, _: State, __: Action, step: Step) -> object:
    """SAFE-CLEAN: after the socket said ENOMEM, it and its pattern are as if the message had never been begun."""
    if step.answer != Answer.NO_MEMORY or step.refused is None:
        return True
    after = step.state
    return (
        after.send.phase == Phase.IDLE and after.send.reserved == 0 and after.current == -1 and after.lead == 0
        and all(pipe.tail == 0 for pipe in after.pipes) and sys.pattern.dropped(after.inner) == after.inner
    )  # fmt: skip


def next_message(_: System, before: State, __: Action, step: Step) -> object:
    """SAFE-NEXT: the first message that is completed after ENOMEM is committed, whole and where it belongs."""
    if not step.completed or not before.seen.owed:
        return True
    return step.odd is not None and not step.odd and not step.astray


def conserve(sys: System, state: State) -> object:
    """SAFE-CONSERVE, first half: the memory in use is the sum of what is held."""
    return state.pool.used == single.held(sys, state)


def nothing_at_rest(sys: System, state: State) -> object:
    """SAFE-CONSERVE, second half: at rest, nothing is held."""
    return state.pool.used == 0 if single.at_rest(sys, state) else True


STEPS: Mapping[str, StepProperty] = {
    ROUTE: route, ENVELOPE: envelope, WHOLE: whole, CLEAN: clean, NEXT: next_message,
}  # fmt: skip


def copies(sys: fan.System, before: fan.State, action: fan.Action, step: fan.Step) -> object:
    """SAFE-FAN: each subscriber gets whole messages, and misses one only by its own pipe and its own memory."""
    if action.kind != fan.Kind.COPY:
        return not step.odd
    place = before.turn.__index__()
    copy = before.copies[place]
    for other, (was, now) in enumerate(zip(before.copies, step.state.copies, strict=True)):
        if other != place and was != now:
            return False
    after = step.state.copies[place]
    if after.misses and after.pipe.tail != 0:
        return False
    full = step.answer == Answer.FULL and before.part == 0 and copy.pipe.messages >= sys.queue
    gets = copy.matches and not copy.misses and not full and step.refused is None
    return not step.odd and step.wrote == bool(gets)


def held_by_copies(sys: fan.System, state: fan.State) -> object:
    """SAFE-CONSERVE of a socket that publishes."""
    return state.pool.used == fan.held(sys, state)


def turn(_: turning.System, __: turning.State, ___: turning.Action, step: turning.Step) -> object:
    """SAFE-TURN: nobody is served twice while somebody who could have been served is passed over."""
    return not step.again


def of(pattern: str, turns: bool) -> tuple[str, ...]:
    """What is asked of a pattern: of its messages under each policy and recovery (PUB has none), or of its turns."""
    if turns:
        return (TURN, TOTAL)
    if pattern == "PUB":
        return (FAN, CONSERVE, TOTAL)
    own = (ROUTE, WHOLE) if pattern == "ROUTER" else (ENVELOPE,)
    return (*own, CLEAN, NEXT, CONSERVE, TOTAL, DEADLOCK)


def asked(sys: AnySystem) -> Asked:
    """All that is asked of a system."""
    match sys:
        case turning.System():
            return Asked({}, {TURN: partial(turn, sys)})
        case fan.System():
            return Asked({CONSERVE: (partial(held_by_copies, sys),)}, {FAN: partial(copies, sys)})
        case System():
            whole_state = (partial(conserve, sys), partial(nothing_at_rest, sys))
            steps = {name: partial(STEPS[name], sys) for name in of(sys.pattern.name, False) if name in STEPS}
            return Asked({CONSERVE: whole_state}, steps, partial(single.pending, sys))
