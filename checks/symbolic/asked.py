"""What is asked of a machine, in the form that every engine takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from . import terms
from .explore import truth
from .machine import Machine
from .terms import Condition

TOTAL, DEADLOCK = "SAFE-TOTAL", "LIVE-DEADLOCK"


@dataclass(frozen=True)
class Asked:
    """Properties by identifier: ``states`` of a state, ``steps`` of (before, action, outcome).

    A state property may come in several parts, all of which must hold. ``pending`` says in which states an
    obligation is open; a state in which it is and that no friendly action changes is a deadlock. Whether every
    step is total is asked always.
    """

    states: Mapping[str, tuple[Callable[[Any], object], ...]] = field(default_factory=dict)
    steps: Mapping[str, Callable[[Any, Any, Any], object]] = field(default_factory=dict)
    pending: Callable[[Any], object] | None = None

    @property
    def identifiers(self) -> tuple[str, ...]:
        """All that is asked."""
        return (*self.states, *self.steps, TOTAL, *((DEADLOCK,) if self.pending else ()))


def conditions(machine: Machine[Any, Any], predicates: tuple[Callable[[Any], object], ...]) -> Condition:
    """The truth of state predicates, as one condition over the machine's unknowns."""
    state = machine.shape.symbols()
    return terms.conjunction(*(truth(partial(predicate, state), machine.intervals) for predicate in predicates))
