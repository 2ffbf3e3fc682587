"""The path-by-path runner: which ways are visited, and which functions it finds out."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.checks.errors import Diverges, Nondeterministic
from enomem.checks.symbolic import explore as explorer
from enomem.checks.symbolic import terms
from enomem.checks.symbolic.explore import Path, Run, explore, truth
from enomem.checks.symbolic.symbols import Integer

X, Y = Integer(terms.variable("x")), Integer(terms.variable("y"))
RANGES = {"x": (0, 5), "y": (0, 5)}


def outcomes(function: Callable[[], Any], given: tuple[Any, ...] = ()) -> list[Any]:
    return [path.value for path in explore(function, RANGES, given)]


def test_every_way_is_visited_once() -> None:
    assert sorted(outcomes(lambda: (bool(X > 2), bool(Y > 2)))) == [
        (False, False), (False, True), (True, False), (True, True),
    ]  # fmt: skip


def test_what_the_ranges_rule_out_is_not_visited() -> None:
    assert outcomes(lambda: bool(X >= 0)) == [True]
    assert outcomes(lambda: bool(X + Y > 10)) == [False]
    assert outcomes(lambda: bool(X * Y > 25)) == [False]
    assert outcomes(lambda: bool(X // 2 > 2)) == [False]
    assert outcomes(lambda: bool(X % 3 > 2)) == [False]
    assert len(outcomes(lambda: bool(X + Y > 9))) == 2


def test_what_the_path_rules_out_is_not_visited() -> None:
    assert sorted(outcomes(lambda: (bool(X > 2), bool(X > 1)))) == [(False, False), (False, True), (True, True)]
    assert sorted(outcomes(lambda: (bool(X == Y), bool(Y != X)))) == [(False, True), (True, False)]
    sums = outcomes(lambda: (bool(X + Y <= 3), bool(X + Y <= 5)))
    assert sorted(sums) == [(False, False), (False, True), (True, True)]
    assert outcomes(lambda: bool(X == 4), ((X > 3).condition, (X < 5).condition)) == [True]
    assert outcomes(lambda: bool(X == 0), ((X != 0).condition,)) == [False]


def test_a_path_knows_its_conditions() -> None:
    paths = list(explore(lambda: 1 if X > 2 else 2, RANGES))
    assert [(path.value, terms.show(path.condition)) for path in paths] == [(1, "-1*x + 3 <= 0"), (2, "x + -2 <= 0")]
    assert all(isinstance(path, Path) and path.error is None for path in paths)


@given(st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from(("<=", "==", "!=")), st.integers(-1, 6)), max_size=6))
def test_paths_part_the_values(asked: list[tuple[str, str, int]]) -> None:
    symbols = {"x": X, "y": Y}

    def ask(name: str, sign: str, number: int, values: dict[str, Any]) -> bool:
        value = values[name]
        return bool({"<=": value <= number, "==": value == number, "!=": value != number}[sign])

    paths = list(explore(lambda: [ask(*question, symbols) for question in asked], RANGES))
    for x in range(6):
        for y in range(6):
            values = {"x": x, "y": y}
            (met,) = (path for path in paths if terms.holds(path.condition, values))
            assert met.value == [ask(*question, values) for question in asked]


def test_an_exception_is_an_outcome_of_its_path() -> None:
    def divides() -> int:
        return 1 // (0 if X == 3 else 1)

    paths = list(explore(divides, RANGES))
    assert {type(path.error): terms.show(path.condition) for path in paths} == {
        ZeroDivisionError: "x + -3 == 0", type(None): "x + -3 != 0",
    }  # fmt: skip


def test_a_function_that_does_something_else_the_next_time_is_found_out() -> None:
    calls = count()

    def moody() -> bool:
        return bool(next(calls) >= X)  # asked on

    with pytest.raises(Nondeterministic) as found:
        list(explore(moody, {"x": (-9, 9)}))
    assert found.value.place == (__file__, moody.__code__.co_firstlineno + 1)


def test_a_function_that_asks_less_the_next_time_is_found_out() -> None:
    calls = count()
    with pytest.raises(Nondeterministic) as found:
        list(explore(lambda: next(calls) or bool(X > 2), RANGES))
    assert found.value.place is None


def test_a_function_that_does_not_end_is_found_with_file_and_line() -> None:
    def endless() -> None:
        n = Y
        while n != 1000:
            n = n + 1

    with pytest.raises(Diverges) as found:
        list(explore(endless, {"y": (None, 0)}))
    assert found.value.place == (__file__, endless.__code__.co_firstlineno + 2)


def test_too_many_paths_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "MAX_PATHS", 3)
    with pytest.raises(Diverges):
        list(explore(lambda: (bool(X > 2), bool(Y > 2)), RANGES))


def test_truth_joins_the_branches_of_a_predicate() -> None:
    condition = truth(lambda: X > 3 if Y > 3 else X == Y, RANGES)
    for x in range(6):
        for y in range(6):
            assert terms.holds(condition, {"x": x, "y": y}) == (x > 3 if y > 3 else x == y)
    assert truth(lambda: bool(X >= 0 and Y <= 5), RANGES) is True
    with pytest.raises(ZeroDivisionError):
        truth(lambda: 1 // 0, RANGES)


def test_bounds_of_forms() -> None:
    run = Run({"x": (0, 5), "y": (None, 3)}, ((X < 4).condition,), [])
    assert run.interval((X * 2 + 1).form) == (1, 7)
    assert run.interval((X - Y).form) == (-3, None)
    assert run.interval((X % 4).form) == (0, 3)
    assert run.interval((X // 2).form) == (0, 1)
    assert run.decided((X > 3).condition) is False
    assert run.decided((X + Y <= 6).condition) is True
    assert run.decided((X == Y).condition) is None
