"""The leaves of a state, by name."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from enomem.checks.errors import OurFault
from enomem.checks.symbolic.shape import Shape
from enomem.checks.symbolic.symbols import Boolean, Integer, Member


class Light(Enum):
    RED = "r"
    GREEN = "g"


@dataclass(frozen=True, slots=True)
class Inner:
    count: int
    light: Light


@dataclass(frozen=True, slots=True)
class Outer:
    on: bool
    inner: tuple[Inner, ...]
    row: tuple[int, ...]


STATE = Outer(True, (Inner(1, Light.GREEN), Inner(2, Light.RED)), (7,))
RANGES = {"inner.count": (0, 3), "row": (5, 9)}


def test_leaves_have_names_fields_kinds_and_ranges() -> None:
    leaves = Shape(STATE, RANGES).leaves
    assert [(leaf.name, leaf.field, leaf.kind, leaf.low, leaf.high) for leaf in leaves] == [
        ("on", "on", bool, 0, 1),
        ("inner[0].count", "inner.count", int, 0, 3),
        ("inner[0].light", "inner.light", Light, 0, 1),
        ("inner[1].count", "inner.count", int, 0, 3),
        ("inner[1].light", "inner.light", Light, 0, 1),
        ("row[0]", "row", int, 5, 9),
    ]
    assert [leaf.unknown for leaf in leaves][:2] == ["on?", "inner[0].count"]


def test_a_state_is_taken_apart_and_put_together() -> None:
    shape = Shape(STATE, RANGES)
    values = shape.values(STATE)
    assert values == [True, 1, Light.GREEN, 2, Light.RED, 7]
    supply = iter(values)
    assert shape.build(lambda _: next(supply)) == STATE
    assert [leaf.value(number) for leaf, number in zip(shape.leaves, (0, 2, 1, 3, 0, 5), strict=True)] == [
        False, 2, Light.GREEN, 3, Light.RED, 5,
    ]  # fmt: skip


def test_symbols_are_of_the_leaves_kinds() -> None:
    state = Shape(STATE, RANGES).symbols()
    assert isinstance(state.on, Boolean)
    assert isinstance(state.inner[1].count, Integer)
    assert isinstance(state.inner[0].light, Member)


def test_changed_names_the_leaves_that_hold_something_else() -> None:
    shape = Shape(STATE, RANGES)
    after = Outer(True, (Inner(3, Light.GREEN), STATE.inner[1]), (8,))
    assert [(leaf.name, new) for leaf, new in shape.changed(STATE, after)] == [("inner[0].count", 3), ("row[0]", 8)]


@pytest.mark.parametrize(
    ("state", "ranges", "message"),
    [
        (STATE, {"row": (0, 1)}, "no range is declared for inner.count"),
        # The wrong type is asked for.
        (Outer(True, (), ("x",)), RANGES, r"row\[0\] is a str; a state holds ints, bools and enum members"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_state_is_told(state: Any, ranges: Any, message: str) -> None:
    with pytest.raises(OurFault, match=message):
        Shape(state, ranges)


def test_states_have_one_shape() -> None:
    with pytest.raises(OurFault, match="a state has 1 leaves where 6 were declared"):
        Shape(STATE, RANGES).values(Outer(True, (), ()))


def test_without_ranges_nothing_is_bounded() -> None:
    bounds = Shape(STATE, None).intervals
    assert bounds == {
        "on?": (0, 1), "inner[0].count": (None, None), "inner[0].light": (0, 1), "inner[1].count": (None, None),
        "inner[1].light": (0, 1), "row[0]": (None, None),
    }  # fmt: skip
