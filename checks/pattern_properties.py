"""What is asked of the closed systems of one socket: the properties of ``spec/properties.md`` as plain predicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from enomem.model.send import Answer, Phase
from enomem.model.systems import single, watching
from enomem.model.systems.closed import Action, Kind, State, Step, System

from .asked import Asked

ROUTE, ENVELOPE, WHOLE, CLEAN, NEXT = "SAFE-ROUTE", "SAFE-ENVELOPE", "SAFE-WHOLE", "SAFE-CLEAN", "SAFE-NEXT"
CONSERVE = "SAFE-CONSERVE"

StepProperty = Callable[[System, State, Action, Step], object]


def seen(sys: System, action: Action) -> bool:
    """Is this a step that shows what a message is: its arrival, or its commit where messages are not followed?"""
    return action.kind == (Kind.DELIVER if sys.labels else Kind.PART)


def route(sys: System, _: State, action: Action, step: Step) -> object:
    """SAFE-ROUTE: what a peer gets was addressed to it, and no address is among it."""
    return not seen(sys, action) or not step.astray


def whole(sys: System, _: State, action: Action, step: Step) -> object:
    """SAFE-WHOLE: what a peer gets is exactly one message that the application sent."""
    return not seen(sys, action) or not step.odd


def envelope(sys: System, before: State, action: Action, step: Step) -> object:
    """SAFE-ENVELOPE: requests and replies are whole, behind their envelope, in lock step and at the right peer."""
    if action.kind == Kind.OFFER:
        return (step.delivered == sys.lead) if _wanted(sys, before, action) else step.delivered == -1
    return whole(sys, before, action, step) and route(sys, before, action, step)


def _wanted(sys: System, before: State, action: Action) -> object:
    """Is what comes the reply that is awaited, or a request?"""
    if watching.awaits(sys):
        return action.shape == 0 and before.seen.pending and before.seen.due == action.place
    return action.shape == 0


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


def of(pattern: str) -> tuple[str, ...]:
    """The step properties that are asked of a pattern."""
    own = (ROUTE, WHOLE) if pattern == "ROUTER" else (ENVELOPE,) if pattern in ("REQ", "REP") else (WHOLE,)
    return (*own, CLEAN, NEXT)


def asked(sys: System) -> Asked:
    """All safety properties of the system, and its deadlocks."""
    states: dict[str, tuple[Callable[[Any], object], ...]] = {
        CONSERVE: (partial(conserve, sys), partial(nothing_at_rest, sys))
    }
    steps = {name: partial(STEPS[name], sys) for name in of(sys.pattern.name)}
    return Asked(states, steps, partial(single.pending, sys))
