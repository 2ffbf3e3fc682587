"""Plain stepping: one state at a time, with values. Slow, obvious, and the oracle of the other engines."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..errors import Inconclusive, OurFault, UsageError
from ..symbolic.asked import DEADLOCK, TOTAL, Asked
from ..symbolic.machine import Machine, Outcome


@dataclass(frozen=True, slots=True)
class Happened:
    """A step that was possible: the action, what came of it, or what it raised or which leaf left its range."""

    action: Any
    outcome: Outcome | None
    error: str | None


@dataclass(frozen=True)
class Counts:
    """What a complete search found: the same numbers that the compiled search gives."""

    states: int
    transitions: int
    depth: int
    violations: dict[str, int]


def steps(machine: Machine[Any, Any], state: object, known: Container[Any] = ()) -> Iterator[Happened]:
    """Everything that can happen in ``state``; ``known`` states are within their ranges, and not looked at again."""
    for action in machine.actions:
        try:
            outcome = machine.step(state, action)
        except (UsageError, Inconclusive, OurFault):
            raise
        except Exception as caught:  # noqa: BLE001 - a step that raises is what SAFE-TOTAL asks about
            yield Happened(action, None, f"{type(caught).__name__}: {caught}")
            continue
        if outcome is not None:
            escaped = None if outcome.state in known else machine.shape.escape(outcome.state)
            yield Happened(action, outcome, escaped)


def violated_by_state(machine: Machine[Any, Any], asked: Asked, state: object) -> list[str]:
    """The state properties that ``state`` violates, deadlock included."""
    found = [name for name, parts in asked.states.items() if not all(part(state) for part in parts)]
    if asked.pending is not None and asked.pending(state) and _stuck(machine, state, steps(machine, state)):
        found.append(DEADLOCK)
    return found


def _stuck(machine: Machine[Any, Any], state: object, taken: Iterable[Happened]) -> bool:
    """Does nothing friendly change anything?"""
    friendly = (step for step in taken if not machine.hostile(step.action) and step.error is None)
    return not any(step.outcome is not None and machine.differ(state, step.outcome.state) for step in friendly)


def violated_by_step(asked: Asked, state: object, step: Happened) -> list[str]:
    """The properties that a step from ``state`` violates."""
    raised = [TOTAL] if step.error is not None else []
    if step.outcome is None:
        return raised
    # A step that leaves the declared ranges may be wrong in other ways too.
    return raised + [name for name, check in asked.steps.items() if not check(state, step.action, step.outcome)]


def search(machine: Machine[Any, Any], asked: Asked, canon: Callable[[Any], Hashable] = lambda state: state) -> Counts:
    """Breadth-first through all states; ``canon`` names a state's class, where members are interchangeable."""
    seen = {canon(machine.initial)}
    frontier: list[Any] = [machine.initial]
    transitions, depth, violations = 0, -1, dict[str, int]()
    while frontier:
        depth += 1
        following: list[Any] = []
        for state in frontier:
            for name in violated_by_state(machine, asked, state):
                violations.setdefault(name, depth)
            for step in steps(machine, state):
                for name in violated_by_step(asked, state, step):
                    violations.setdefault(name, depth + 1)
                if step.outcome is None or step.error is not None:
                    continue
                transitions += 1
                known = canon(step.outcome.state)
                if known not in seen:
                    seen.add(known)
                    following.append(step.outcome.state)
        frontier = following
    return Counts(len(seen), transitions, depth, violations)


@dataclass
class Walked:
    """What a complete walk found: a shortest way to each violation, the rules that fired, the actions that happened."""

    states: int = 0
    transitions: int = 0
    violations: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    fired: set[Enum] = field(default_factory=set)
    happened: set[Any] = field(default_factory=set)


def walk(machine: Machine[Any, Any], asked: Asked, tell: Callable[[int], None] = lambda _: None) -> Walked:
    """Breadth-first through all states, with the way to each; ``tell`` is told their number now and then.

    For systems of some thousand states, which it visits before the compiled search is compiled.
    """
    found = Walked()
    came: dict[Any, tuple[Any, Any] | None] = {machine.initial: None}
    queue = [machine.initial]
    for state in queue:
        taken = list(steps(machine, state, came))
        wrong = [name for name, parts in asked.states.items() if not all(part(state) for part in parts)]
        if asked.pending is not None and asked.pending(state) and _stuck(machine, state, taken):
            wrong.append(DEADLOCK)
        for name in wrong:
            _shortest(found, name, came, state, ())
        for step in taken:
            for name in violated_by_step(asked, state, step):
                _shortest(found, name, came, state, (step.action,))
            if step.outcome is None or step.error is not None:
                continue
            found.transitions += 1
            found.fired.update(step.outcome.rules)
            found.happened.add(step.action)
            if step.outcome.state not in came:
                came[step.outcome.state] = (state, step.action)
                queue.append(step.outcome.state)
                if len(queue) % 500 == 0:
                    tell(len(queue))
    found.states = len(came)
    return found


def _shortest(found: Walked, name: str, came: dict[Any, Any], state: Any, last: tuple[Any, ...]) -> None:
    """Keep the way to ``state`` and beyond, unless a way as short is known."""
    actions = list(reversed(last))
    while came[state] is not None:
        state, action = came[state]
        actions.append(action)
    if name not in found.violations or len(actions) < len(found.violations[name]):
        found.violations[name] = tuple(reversed(actions))
