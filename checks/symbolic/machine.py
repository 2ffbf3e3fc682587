"""What an engine is given: a machine, and what is asked of it.

A machine is an initial state, a list of actions and a step function; nothing here knows what it models. The
symbolic transitions of a machine are made here once and shared by the compiled search and by the proofs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, partial
from typing import Any, Generic, Protocol, TypeVar

from . import terms
from .explore import Interval, explore, truth
from .shape import Leaf, Shape
from .symbols import form_of
from .terms import Condition, Form

S = TypeVar("S")
A = TypeVar("A")


class Outcome(Protocol):
    """What a step returns: at least the rules that fired and the next state."""

    @property
    def rules(self) -> tuple[Enum, ...]:
        """The rules that fired; the first names the step."""
        ...

    @property
    def state(self) -> Any:
        """The next state."""
        ...


@dataclass(frozen=True)
class Machine(Generic[S, A]):
    """A closed machine: everything that can happen is one of its ``actions``.

    ``ranges`` bounds each int of the state by field name, both ends included (None: unbounded, for proofs only).
    ``hostile`` actions are the environment's, on which nothing may rely. ``symmetric`` names a tuple of the state
    whose members are interchangeable; ``observer`` the field that only remembers what happened: what changes nothing
    but memories changes nothing. ``constants`` are unknowns that stay what they are, the parameters of an
    unbounded proof. ``small`` are ints, by field name, that a proof may take for bounded as it goes, and has to show
    so; ``shifting``: members of tuples change places. ``subject`` is what the machine was made from.
    """

    name: str
    initial: S
    actions: tuple[A, ...]
    step: Callable[[S, A], Outcome | None]
    ranges: Mapping[str, tuple[int, int]] | None
    hostile: Callable[[A], bool] = lambda _: False
    symmetric: str | None = None
    observer: str = ""
    show: Callable[[A], str] = str
    constants: Mapping[str, Interval] = field(default_factory=dict)
    small: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    shifting: bool = False
    subject: Any = None

    @cached_property
    def shape(self) -> Shape:
        """The leaves of the machine's states."""
        return Shape(self.initial, self.ranges, self.small)

    def differ(self, before: S, after: S) -> bool:
        """Did something change that is not only remembered?"""
        return any(new != old for leaf, old, new in self.shape.pairs(before, after) if not self.remembers(leaf))

    def remembers(self, leaf: Leaf) -> bool:
        """Does ``leaf`` belong to the observer?"""
        return bool(self.observer) and f"{leaf.field}.".startswith(f"{self.observer}.")

    @cached_property
    def intervals(self) -> Mapping[str, Interval]:
        """What is known of all unknowns by declaration."""
        return {**self.shape.intervals, **self.constants}


@dataclass(frozen=True)
class Transition(Generic[A]):
    """One path of one action: under ``conditions`` the leaves in ``updates`` become these forms, others stay.

    ``outcome`` is what the step returned on symbols (its concrete parts can be read); ``error`` is what it raised
    instead, and then there is no next state. ``moved`` are the leaves of ``updates`` that are not only remembered.
    ``checks`` has the truth of each step property on this path.
    """

    action: A
    place: int
    conditions: tuple[Condition, ...]
    updates: Mapping[Leaf, Form]
    outcome: Outcome | None
    error: Exception | None
    checks: tuple[Condition, ...] = ()
    moved: tuple[Leaf, ...] = ()

    @property
    def condition(self) -> Condition:
        """When this transition can be taken."""
        return terms.conjunction(*self.conditions)

    @property
    def changes(self) -> Condition:
        """When the transition changes something that is not only remembered (an update may be to the same value)."""
        differ = (terms.is_zero(terms.add(self.updates[leaf], _old(leaf), -1)) for leaf in self.moved)
        return terms.disjunction(*(terms.negate(same) for same in differ))


StepCheck = Callable[[Any, Any, Any], object]
"""A property of a step: of the state before, the action, and what the step returned."""


def _old(leaf: Leaf) -> Form:
    return terms.variable(leaf.unknown)


def transitions(machine: Machine[S, A], checks: Sequence[StepCheck] = ()) -> list[Transition[A]]:
    """All symbolic transitions of ``machine``, with the truth of ``checks`` on each of them."""
    shape = machine.shape
    before = shape.symbols()
    found: list[Transition[A]] = []
    for place, action in enumerate(machine.actions):

        def once(action: A = action) -> tuple[Outcome, dict[Leaf, Form]] | None:
            outcome = machine.step(before, action)
            if outcome is None:
                return None
            forms = ((leaf, form_of(value)) for leaf, value in shape.changed(before, outcome.state))
            return outcome, {leaf: form for leaf, form in forms if form != _old(leaf)}

        for path in explore(once, machine.intervals):
            if path.error is not None:
                found.append(Transition(action, place, path.conditions, {}, None, path.error))
            elif path.value is not None:
                outcome, updates = path.value
                truths = tuple(
                    truth(partial(check, before, action, outcome), machine.intervals, path.conditions)
                    for check in checks
                )
                moved = tuple(leaf for leaf in updates if not machine.remembers(leaf))
                found.append(Transition(action, place, path.conditions, updates, outcome, None, truths, moved))
    return found
