"""Symbols: what is done to one is what Python would do to a value. ``is`` is not caught here."""

import operator
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from enomem.checks import terms
from enomem.checks.errors import OurFault
from enomem.checks.explore import explore
from enomem.checks.symbols import Boolean, Integer, Member, condition_of, form_of, is_symbol


class Light(Enum):
    RED = "r"
    AMBER = "a"
    GREEN = "g"


class Other(Enum):
    RED = "r"


X, Y = Integer(terms.variable("x")), Integer(terms.variable("y"))
FLAG = Boolean(terms.is_zero(terms.add(terms.variable("f?"), terms.constant(-1))))
LIGHT = Member(Light, terms.variable("l"))
RANGES = {"x": (-2, 3), "y": (-1, 2), "f?": (0, 1), "l": (0, 2)}
EVERY = [(x, y, f, m) for x in range(-2, 4) for y in range(-1, 3) for f in (False, True) for m in Light]


def same_as_python(function: Callable[[Any, Any, Any, Any], Any]) -> None:
    """On every path and for all values, the function on symbols gives what it gives on values, errors included."""
    paths = list(explore(lambda: function(X, Y, FLAG, LIGHT), RANGES))
    for x, y, flag, light in EVERY:
        values = {"x": x, "y": y, "f?": int(flag), "l": list(Light).index(light)}
        met = [path for path in paths if terms.holds(path.condition, values)]
        assert len(met) == 1
        try:
            expected = function(x, y, flag, light)
        except Exception as error:
            assert type(met[0].error) is type(error)
            continue
        assert met[0].error is None, met[0].error
        got = met[0].value
        if isinstance(got, Boolean):
            assert terms.holds(got.condition, values) == bool(expected)
        else:
            assert terms.evaluate(form_of(got), values) == form_of(expected).const


@pytest.mark.parametrize("name", ["add", "sub", "mul", "lt", "le", "gt", "ge", "eq", "ne"])
def test_operators_on_two_ints(name: str) -> None:
    do = getattr(operator, name)
    same_as_python(lambda x, y, f, m: do(x, y))
    same_as_python(lambda x, y, f, m: do(x, 2))
    same_as_python(lambda x, y, f, m: do(2, x))
    same_as_python(lambda x, y, f, m: do(x, True))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y, f, m: x // 3,
        lambda x, y, f, m: (x * 5 - y) % 4,
        lambda x, y, f, m: -x,
        lambda x, y, f, m: +x,
        lambda x, y, f, m: abs(x - y),
        lambda x, y, f, m: min(x, y, 1) + max(x, y),
        lambda x, y, f, m: sum((x, y, 1)),
        lambda x, y, f, m: x * y - y * x,
        lambda x, y, f, m: 1 if x else 0,
        lambda x, y, f, m: x and y,
        lambda x, y, f, m: x or y,
        lambda x, y, f, m: -1 < x <= y,
        lambda x, y, f, m: x in (1, 3),
        lambda x, y, f, m: (x, 1) == (2, y) and (x, 1) != (y, x),
        lambda x, y, f, m: (5, 6, 7, 8)[x],
        lambda x, y, f, m: (5, 6)[x],
        lambda x, y, f, m: len(range(y)) + sum(1 for _ in range(x)),
        lambda x, y, f, m: x == "text",
        lambda x, y, f, m: x != None,  # noqa: E711 - what a comparison with None gives is asked here
        lambda x, y, f, m: int(x),
    ],
)
def test_ints(function: Callable[[Any, Any, Any, Any], Any]) -> None:
    same_as_python(function)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y, f, m: not f,
        lambda x, y, f, m: f and x > 0,
        lambda x, y, f, m: f or x > 0,
        lambda x, y, f, m: f & (x > 0),
        lambda x, y, f, m: (x > 0) | f,
        lambda x, y, f, m: True & f,
        lambda x, y, f, m: f ^ (y == 0),
        lambda x, y, f, m: f == (x > y),
        lambda x, y, f, m: f != True,  # noqa: E712 - what a comparison with True gives is asked here
        lambda x, y, f, m: f + x + (y > 0),
        lambda x, y, f, m: int(f),
        lambda x, y, f, m: (7, 8)[f],
        lambda x, y, f, m: all((f, x > 0)) or any((y > 1, f)),
    ],
)
def test_truth_values(function: Callable[[Any, Any, Any, Any], Any]) -> None:
    same_as_python(function)


def by_value(light: Any) -> int:
    match light:
        case Light.RED:
            return 1
        case Light.AMBER | Light.GREEN:
            return 2
    return 3


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y, f, m: m == Light.RED,
        lambda x, y, f, m: m != Light.AMBER,
        lambda x, y, f, m: m in (Light.RED, Light.GREEN),
        lambda x, y, f, m: m == Other.RED,
        lambda x, y, f, m: m != Other.RED,
        lambda x, y, f, m: m == "r",
        lambda x, y, f, m: m == m,  # noqa: PLR0124 - two unknown members are compared
        lambda x, y, f, m: Light.RED == m,  # noqa: SIM300 - the plain one comes first
        lambda x, y, f, m: by_value(m),
        lambda x, y, f, m: Light.AMBER if f else m,
    ],
)
def test_members(function: Callable[[Any, Any, Any, Any], Any]) -> None:
    same_as_python(function)


def test_a_match_on_a_class_sees_a_symbol() -> None:
    def kind(value: Any) -> str:
        match value:
            case Integer():
                return "symbol"
            case int():
                return "int"
        return "?"

    assert kind(X) == "symbol"
    assert kind(3) == "int"


@pytest.mark.parametrize("function", [lambda x, y, f, m: f == x, lambda x, y, f, m: x == f, lambda x, y, f, m: f == y])
def test_a_truth_value_is_compared_with_an_int_as_python_does(function: Callable[[Any, Any, Any, Any], Any]) -> None:
    # DEFECT of symbols.Boolean.__eq__: never equal, without a word, where Python has True == 1.
    same_as_python(function)


@pytest.mark.parametrize(
    "function",
    [lambda x, y, f, m: f == 1, lambda x, y, f, m: 0 != f, lambda x, y, f, m: f != 2, lambda x, y, f, m: f == "x"],
)
def test_a_truth_value_is_compared_with_a_constant_as_python_does(function: Callable[[Any, Any, Any, Any], Any]) -> None:
    # DEFECT of symbols.Boolean.__eq__, as above, in the first of these.
    same_as_python(function)


@pytest.mark.parametrize("symbol", [X, FLAG, LIGHT])
def test_no_symbol_has_a_hash(symbol: Any) -> None:
    assert is_symbol(symbol)
    with pytest.raises(TypeError, match="no hash"):
        hash(symbol)
    with pytest.raises(TypeError, match="no hash"):
        {symbol: 1}
    assert not is_symbol(1)


@pytest.mark.parametrize("divisor", [0, -2, Y, 1.5])
def test_division_needs_a_constant_above_0(divisor: Any) -> None:
    for do in (operator.floordiv, operator.mod):
        with pytest.raises(TypeError, match="constant above 0 only"):
            do(X, divisor)


def test_an_unbounded_symbol_is_no_index() -> None:
    with pytest.raises(TypeError, match="unbounded symbol cannot be used as an index"):
        (1, 2)[X]
    (path,) = explore(lambda: (1, 2)[X], {"x": (0, None)})
    assert isinstance(path.error, TypeError)


def test_outside_an_exploration_nobody_decides() -> None:
    with pytest.raises(OurFault, match="outside an exploration"):
        bool(X > 0)


def test_operators_with_foreign_things_are_errors() -> None:
    with pytest.raises(TypeError):
        X + "1"
    with pytest.raises(TypeError):
        X < "1"
    with pytest.raises(TypeError, match="expected a truth value, got str"):
        condition_of("yes")
    with pytest.raises(TypeError, match="expected an int, a bool or an enum member, got float"):
        form_of(1.0)


def test_forms_and_conditions_of_plain_values_and_symbols() -> None:
    assert form_of(True) == terms.constant(1)
    assert form_of(Light.GREEN) == terms.constant(2)
    assert form_of(FLAG) == terms.variable("f?")
    assert form_of(Boolean(terms.negate(FLAG.condition))) == terms.add(terms.constant(1), terms.variable("f?"), -1)
    assert form_of(Boolean(True)) == terms.constant(1)
    assert condition_of(False) is False
    assert condition_of(X) == terms.negate(terms.is_zero(X.form))
