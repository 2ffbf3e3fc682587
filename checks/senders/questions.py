"""The sender's questions, put in the form that the engines take: what is asked, and what may support a proof."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from enomem.model.system import State, System

from ..proof.induction import Candidate
from ..search.graph import Obligation
from ..symbolic.asked import Asked
from . import invariants, properties


def asked(sys: System) -> Asked:
    """All safety properties of the sender's system, and its deadlocks."""
    states: dict[str, tuple[Callable[[Any], object], ...]] = {
        name: tuple(partial(part, sys) for part in parts) for name, parts in properties.STATE_PROPERTIES.items()
    }
    for name, of_sender in properties.SENDER_PROPERTIES.items():
        states[name] = tuple(partial(_of_sender, of_sender, sys, i) for i in range(sys.senders))
    steps = {name: partial(check, sys) for name, check in properties.STEP_PROPERTIES.items()}
    return Asked(states, steps, partial(properties.pending, sys))


def obligations(sys: System, identifier: str) -> tuple[Obligation, ...]:
    """The obligations of LIVE-PROGRESS or LIVE-EACH."""
    return tuple(
        Obligation(goal.name, goal.sender, goal.open, goal.settles) for goal in properties.goals(sys, identifier)
    )


def candidates(sys: System) -> list[Candidate]:
    """The supporting invariants, for each sender, pair of senders, and the whole."""
    found: list[Candidate] = []
    for i in range(sys.senders):
        for name, of_sender in invariants.SENDER_INVARIANTS.items():
            found.append(Candidate(f"sender {i}: {name}", partial(_of_sender, of_sender, sys, i), name))
    state_invariants = dict(invariants.STATE_INVARIANTS)
    if sys.policy.reserves:
        state_invariants.update(invariants.LINE_INVARIANTS)
        for i in range(sys.senders):
            for j in range(i):
                for name, of_pair in invariants.LINE_PAIR_INVARIANTS.items():
                    found.append(Candidate(f"senders {j}, {i}: {name}", partial(_of_pair, of_pair, sys, i, j), name))
    found += [Candidate(name, partial(of_state, sys)) for name, of_state in state_invariants.items()]
    return found


def _of_sender(predicate: Callable[..., object], sys: System, number: int, state: State) -> object:
    return predicate(sys, state.senders[number])


def _of_pair(predicate: Callable[..., object], sys: System, i: int, j: int, state: State) -> object:
    return predicate(sys, state, i, j)
