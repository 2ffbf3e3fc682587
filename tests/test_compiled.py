"""Transitions as one function of a batch: what it says of each state, and that nothing is wrapped round."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pytest

from enomem.checks.errors import OurFault
from enomem.checks.search import plain
from enomem.checks.search.compiled import Batch, Compiled
from enomem.checks.search.packing import Packing
from enomem.checks.search.search import Search
from enomem.checks.symbolic.asked import DEADLOCK, TOTAL, Asked, conditions
from enomem.checks.symbolic.machine import Machine, transitions


@dataclass(frozen=True, slots=True)
class State:
    x: int
    y: int


class Go(Enum):
    ON = "on"


@dataclass(frozen=True, slots=True)
class Went:
    rules: tuple[Go, ...]
    state: State


def machine(
    step: Callable[[State], State | None], x: tuple[int, int] = (0, 7), y: tuple[int, int] = (0, 0)
) -> Machine[State, Go]:
    def stepped(state: State, action: Go) -> Went | None:
        after = step(state)
        return None if after is None else Went((action,), after)

    return Machine("tiny", State(x[0], y[0]), (Go.ON,), stepped, {"x": x, "y": y})


def expand(m: Machine[State, Go], xs: list[int], asked: Asked | None = None) -> tuple[Batch, Packing]:
    asked = asked or Asked()
    packing = Packing(m.shape, None)
    checks = [conditions(m, parts) for parts in asked.states.values()]
    compiled = Compiled(m, packing, transitions(m, tuple(asked.steps.values())), checks)
    columns = zip(*(packing.pack(State(x, m.initial.y)) for x in xs), strict=True)
    return compiled.expand(tuple(np.array(column, np.uint64) for column in columns)), packing


def reached(batch: Batch, packing: Packing) -> dict[int, Any]:
    """By place in the batch, the next state."""
    return {
        int(at): packing.unpack([int(word[i]) for word in taken.words]).x
        for taken in batch.taken
        for i, at in enumerate(taken.at)
    }


@pytest.mark.parametrize("x", [(0, 7), (-4, 3), (1000, 1007), (-(1 << 40), -(1 << 40) + 7), (0, (1 << 62) - 1)])
def test_what_leaves_its_range_is_reported_and_not_wrapped_round(x: tuple[int, int]) -> None:
    low, high = x
    for by in (1, -1, 3):
        m = machine(lambda s, by=by: State(s.x + by, s.y), x)
        values = [low, low + 2, high - 1, high]
        batch, packing = expand(m, values)
        fine = {i: value + by for i, value in enumerate(values) if low <= value + by <= high}
        assert reached(batch, packing) == fine
        assert sorted(int(i) for _, at in batch.escaped for i in at) == [i for i in range(4) if i not in fine]


def test_an_escape_is_found_at_its_depth() -> None:
    assert Search(machine(lambda s: State(s.x + 1, s.y)), Asked()).run().violations[TOTAL].depth == 8


def test_a_raise_is_an_escape() -> None:
    def step(s: State) -> State:
        if s.x == 3:
            raise KeyError
        return s

    batch, packing = expand(machine(step), [0, 3, 4])
    assert [at.tolist() for _, at in batch.escaped] == [[1]]
    assert reached(batch, packing) == {0: 0, 2: 4}
    assert batch.stuck.tolist() == [True, True, True]


def test_checks_of_states_and_steps() -> None:
    asked = Asked({"small": (lambda s: s.x < 5,)}, {"not to 3": lambda _, __, went: went.state.x != 3})
    batch, _ = expand(machine(lambda s: State((s.x + 1) % 8, s.y)), list(range(8)), asked)
    assert [(number, at.tolist()) for number, at in batch.bad] == [(0, [5, 6, 7])]
    assert [(check, at.tolist()) for _, check, at in batch.failed] == [(0, [2])]
    assert not batch.stuck.any()


@pytest.mark.parametrize("divisor", [1, 2, 3, 127, 128, 200, 256, 70_000])
def test_divisors_larger_than_the_fields(divisor: int) -> None:
    # DEFECT of compiled._Writer._fits: the divisor itself may be too large for the type of the numbers.
    batch, packing = expand(machine(lambda s: State(s.x // divisor + s.x % divisor, s.y), (0, 300)), [0, 7, 250])
    assert reached(batch, packing) == {i: x // divisor + x % divisor for i, x in enumerate((0, 7, 250))}
    batch, packing = expand(machine(lambda s: State(s.x // divisor, s.y)), [0, 7])
    assert reached(batch, packing) == {i: x // divisor for i, x in enumerate((0, 7))}


def test_factors_larger_than_the_fields() -> None:
    # DEFECT of compiled._Writer._fits: a factor of something that is always 0 is not counted.
    m = machine(lambda s: State(1, 0) if 1000 * s.y + s.x <= 2 * s.x + 3 else None)
    batch, packing = expand(m, [0, 7])
    assert reached(batch, packing) == {0: 1, 1: 1}


def test_a_step_out_of_range_may_be_wrong_in_other_ways_too() -> None:
    asked = Asked(steps={"no more than 7": lambda _, __, went: went.state.x <= 7})
    m = machine(lambda s: State(s.x + 1, s.y))
    assert plain.search(m, asked).violations == {TOTAL: 8, "no more than 7": 8}
    assert {name: v.depth for name, v in Search(m, asked).run().violations.items()} == {TOTAL: 8, "no more than 7": 8}


def test_a_step_out_of_range_is_no_way_out_of_a_deadlock() -> None:
    # DEFECT of compiled._block: the step counts as a change of the state, which it is not for the plain engine.
    asked = Asked(pending=lambda _: True)
    m = machine(lambda s: State(s.x + 8, s.y))
    assert plain.search(m, asked).violations == {TOTAL: 1, DEADLOCK: 0}
    assert set(Search(m, asked).run().violations) == {TOTAL, DEADLOCK}


@pytest.mark.parametrize("x", [(0, 11), (0, 180), (-200, 40_000), (0, 1 << 31)])
def test_numbers_are_wide_enough(x: tuple[int, int]) -> None:
    def step(s: State) -> State:
        return State(s.x, 1) if s.x * s.x - 3 * s.x > 5 * s.x + 20 else State(s.x, 2)

    m = machine(step, x, (0, 3))
    packing = Packing(m.shape, None)
    values = [x[0], (x[0] + x[1]) // 2, x[1]]
    batch, _ = expand(m, values)
    after = {
        int(at): packing.unpack([int(word[i]) for word in taken.words]).y
        for taken in batch.taken
        for i, at in enumerate(taken.at)
    }
    assert after == {i: step(State(v, 0)).y for i, v in enumerate(values)}


def test_what_does_not_fit_into_64_bits_is_told() -> None:
    with pytest.raises(OurFault, match="too large for 64 bits"):
        expand(machine(lambda s: s if s.x * s.x > s.x + 1 else None, (0, 1 << 40)), [0])
