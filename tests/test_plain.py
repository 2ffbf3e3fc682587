"""Plain stepping, the oracle: small enough to be counted by hand."""

from dataclasses import dataclass
from enum import Enum

from enomem.checks.search import plain
from enomem.checks.search.plain import Counts
from enomem.checks.symbolic.asked import DEADLOCK, TOTAL, Asked
from enomem.checks.symbolic.machine import Machine


class Go(Enum):
    UP = "up"
    DOWN = "down"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Pair:
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Went:
    rules: tuple[Go, ...]
    state: Pair


def step(state: Pair, action: tuple[Go, int]) -> Went | None:
    """Either number goes up to 2, and out of it when both are there; BREAK raises at (1, 1)."""
    go, which = action
    if go == Go.BREAK:
        if state == Pair(1, 1):
            raise ValueError("no")
        return None
    if go == Go.DOWN:
        return Went((go,), Pair(-1, 0)) if state == Pair(2, 0) else None
    if (state.a, state.b)[which] == 2 and state != Pair(2, 2):
        return None
    after = (state.a + 1, state.b) if which == 0 else (state.a, state.b + 1)
    return Went((go,), Pair(*after))


ACTIONS = ((Go.UP, 0), (Go.UP, 1), (Go.BREAK, 0), (Go.DOWN, 0))
MACHINE = Machine("pair", Pair(0, 0), ACTIONS, step, {"a": (0, 2), "b": (0, 2)})


def test_steps_are_all_that_can_happen() -> None:
    assert [(s.action, s.error) for s in plain.steps(MACHINE, Pair(1, 1))] == [
        ((Go.UP, 0), None), ((Go.UP, 1), None), ((Go.BREAK, 0), "ValueError: no"),
    ]  # fmt: skip
    (left, down) = plain.steps(MACHINE, Pair(2, 0))
    assert left.error is None
    assert down.error == "a is -1, outside its declared range 0..2"


def test_counts_and_depths_of_first_violations() -> None:
    asked = Asked(
        {"never both": (lambda s: s.a < 2, lambda s: s.b < 2)},
        {"not to (1, 2)": lambda _, __, w: w.state != Pair(1, 2)},
        lambda _: True,
    )  # fmt: skip
    assert plain.search(MACHINE, asked) == Counts(
        9, 12, 4, {"never both": 2, "not to (1, 2)": 3, TOTAL: 3, DEADLOCK: 4}
    )


def test_classes_of_states() -> None:
    found = plain.search(MACHINE, Asked(), lambda s: tuple(sorted((s.a, s.b))))
    assert (found.states, found.depth) == (6, 4)


def test_without_ranges_nothing_escapes() -> None:
    free = Machine("free", Pair(0, 0), ACTIONS, step, None)
    assert free.shape.escape(Pair(99, -99)) is None
    assert MACHINE.shape.escape(Pair(0, 3)) == "b is 3, outside its declared range 0..2"


def test_hostile_steps_do_not_end_a_deadlock() -> None:
    hostile = Machine("hostile", Pair(0, 0), ACTIONS, step, MACHINE.ranges, hostile=lambda action: action[0] == Go.UP)
    assert plain.violated_by_state(hostile, Asked(pending=lambda _: True), Pair(0, 0)) == [DEADLOCK]
    assert plain.violated_by_state(MACHINE, Asked(pending=lambda _: True), Pair(0, 0)) == []
