"""Small machines drawn at random: for each action a little program over a few fields, run as a step function.

A program is data, a tree of tuples, so that a failing example prints what it does. Running it uses Python's own
operators on whatever the state holds, so that it runs on values and on symbols alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, partial
from typing import Any

from hypothesis import strategies as st

from enomem.checks.search.graph import Obligation
from enomem.checks.symbolic.asked import Asked
from enomem.checks.symbolic.machine import Machine


class Colour(Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Fired(Enum):
    FIRST, SECOND, THIRD, FOURTH = range(4)


class Broken(Exception):
    """What a program raises."""


@dataclass(frozen=True, slots=True)
class Toy:
    """The state of every small machine; a field whose range is one value is there in name only."""

    x: int
    y: int
    flag: bool
    colour: Colour
    cells: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Did:
    rules: tuple[Fired, ...]
    state: Toy


@dataclass(frozen=True)
class Plan:
    """A small machine as data. ``stretch`` has, by field, a factor and an offset with which its ints are stored."""

    ranges: Mapping[str, tuple[int, int]]
    initial: Toy
    programs: tuple[tuple[Any, ...], ...]
    hostile: tuple[bool, ...]
    stretch: Mapping[str, tuple[int, int]]
    observer: str = ""

    def stored(self, name: str, value: Any) -> Any:
        factor, offset = self.stretch.get(name, (1, 0))
        return value * factor + offset

    def machine(self) -> Machine[Toy, Fired]:
        """The plan as a machine."""
        ranges = {name: (self.stored(name, a), self.stored(name, b)) for name, (a, b) in self.ranges.items()}
        first = replace(
            self.initial, x=self.stored("x", self.initial.x), y=self.stored("y", self.initial.y),
            cells=(self.stored("cells", self.initial.cells[0]), self.stored("cells", self.initial.cells[1])),
        )  # fmt: skip
        acts = tuple(Fired)[: len(self.programs)]
        return Machine(
            "toy", first, acts, partial(_step, self), ranges, hostile=lambda act: self.hostile[act.value],
            observer=self.observer,
        )  # fmt: skip

    def values(self, state: Toy) -> dict[str, Any]:
        """What a program sees of a state; stored ints are taken back."""
        found: dict[str, Any] = {"flag": state.flag, "colour": state.colour}
        for name, stored in (("x", state.x), ("y", state.y), ("c0", state.cells[0]), ("c1", state.cells[1])):
            factor, offset = self.stretch.get(_range_of(name), (1, 0))
            found[name] = stored if (factor, offset) == (1, 0) else (stored - offset) // factor
        return found

    def holds(self, condition: Any, state: Toy) -> Any:
        """The truth of a drawn condition."""
        return truth(condition, self.values(state))


def _range_of(name: str) -> str:
    return "cells" if name in ("c0", "c1") else name


def _step(plan: Plan, state: Toy, action: Fired) -> Did | None:
    values = plan.values(state)
    before = dict(values)
    if not perform(plan, plan.programs[action.value], values):
        return None
    after = {"x": state.x, "y": state.y, "c0": state.cells[0], "c1": state.cells[1]}
    for name in after:
        if values[name] is not before[name]:
            after[name] = plan.stored(_range_of(name), values[name])
    return Did((action,), Toy(after["x"], after["y"], values["flag"], values["colour"], (after["c0"], after["c1"])))


def perform(plan: Plan, block: tuple[Any, ...], values: dict[str, Any]) -> bool:
    """Run a block; False means that the action is not possible after all."""
    for statement in block:
        match statement:
            case ("set", name, value, wrapped):
                number = evaluate(value, values)
                low, high = plan.ranges[_range_of(name)]
                values[name] = low + (number - low) % (high - low + 1) if wrapped else number
            case ("flip", condition):
                values["flag"] = truth(condition, values)
            case ("paint", colour):
                values["colour"] = colour
            case ("if", condition, then, other):
                if not perform(plan, then if truth(condition, values) else other, values):
                    return False
            case ("match", red, green):
                match values["colour"]:
                    case Colour.RED:
                        chosen = red
                    case Colour.GREEN:
                        chosen = green
                    case _:
                        chosen = ()
                if not perform(plan, chosen, values):
                    return False
            case ("only", condition):
                if not truth(condition, values):
                    return False
            case ("raise",):
                raise Broken
            case _:
                raise AssertionError(statement)
    return True


TWO: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "over": lambda a, b: a // b,
    "rest": lambda a, b: a % b,
    "min": min,
    "max": max,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def evaluate(tree: Any, values: Mapping[str, Any]) -> Any:
    """The number that a tree is."""
    match tree:
        case int():
            return tree
        case str():
            return values[tree]
        case ("neg", a):
            return -evaluate(a, values)
        case ("abs", a):
            return abs(evaluate(a, values))
        case ("at", a):
            return (values["c0"], values["c1"])[evaluate(a, values)]
        case ("choose", condition, a, b):
            return evaluate(a, values) if truth(condition, values) else evaluate(b, values)
        case ("count", a, condition):
            return evaluate(a, values) + truth(condition, values)
        case (operator, a, b):
            return TWO[operator](evaluate(a, values), evaluate(b, values))
    raise AssertionError(tree)


def truth(tree: Any, values: Mapping[str, Any]) -> Any:
    """The truth value that a tree is."""
    match tree:
        case bool():
            return tree
        case "flag":
            return values["flag"]
        case ("not", a):
            return not truth(a, values)
        case ("and", a, b):
            return truth(a, values) and truth(b, values)
        case ("or", a, b):
            return truth(a, values) or truth(b, values)
        case ("&", a, b):
            return truth(a, values) & truth(b, values)
        case ("|", a, b):
            return truth(a, values) | truth(b, values)
        case ("same", a, b):
            return truth(a, values) == truth(b, values)
        case ("is", colour):
            return values["colour"] == colour
        case (operator, a, b):
            return TWO[operator](evaluate(a, values), evaluate(b, values))
    raise AssertionError(tree)


INTS = ("x", "y", "c0", "c1")
COMPARE = ("<", "<=", ">", ">=", "==", "!=")


@cache
def numbers(depth: int, products: bool = False) -> st.SearchStrategy[Any]:
    """Trees of ints over the fields."""
    leaf = st.sampled_from(INTS) | st.integers(-3, 4)
    if depth == 0:
        return leaf
    n = numbers(depth - 1, products)
    # 200 and 1000 are larger than what the fields themselves need.
    divisor = st.sampled_from((1, 2, 3, 4, 5, 7, 200, 1000))
    kinds = [
        leaf,
        st.tuples(st.sampled_from(("add", "sub", "min", "max")), n, n),
        st.tuples(st.just("times"), n, st.integers(-3, 3)),
        st.tuples(st.sampled_from(("over", "rest")), n, divisor),
        st.tuples(st.sampled_from(("neg", "abs")), n),
        st.tuples(st.just("at"), st.tuples(st.just("rest"), n, st.sampled_from((1, 2)))),
        st.tuples(st.just("count"), n, conditions(0)),
        st.tuples(st.just("choose"), conditions(0), n, n),
    ]
    if products:
        kinds.append(st.tuples(st.just("times"), n, n))
    return st.one_of(kinds)


@cache
def conditions(depth: int, products: bool = False) -> st.SearchStrategy[Any]:
    """Trees of truth values over the fields."""
    leaf = st.one_of(
        st.just("flag"), st.tuples(st.just("is"), st.sampled_from(Colour)),
        st.tuples(st.sampled_from(COMPARE), numbers(0), numbers(0)),
    )  # fmt: skip
    if depth == 0:
        return leaf
    c, n = conditions(depth - 1, products), numbers(depth, products)
    return st.one_of(
        leaf, st.tuples(st.sampled_from(COMPARE), n, n), st.tuples(st.just("not"), c),
        st.tuples(st.sampled_from(("and", "or", "&", "|", "same")), c, c),
    )  # fmt: skip


@cache
def blocks(depth: int, products: bool = False, total: bool = False) -> st.SearchStrategy[Any]:
    """Blocks of statements; a ``total`` one neither raises nor leaves the ranges."""
    always = st.just(True) if total else st.sampled_from((True, True, True, False))
    kinds = [
        st.tuples(st.just("set"), st.sampled_from(INTS), numbers(2, products), always),
        st.tuples(st.just("set"), st.sampled_from(INTS), numbers(1, products), always),
        st.tuples(st.just("flip"), conditions(1, products)),
        st.tuples(st.just("paint"), st.sampled_from(Colour)),
    ]
    if depth:
        inner = blocks(depth - 1, products, total)
        kinds.append(st.tuples(st.just("only"), conditions(1, products)))
        kinds.append(st.tuples(st.just("if"), conditions(1, products), inner, inner))
        kinds.append(st.tuples(st.just("match"), inner, inner))
    elif not total:
        kinds.append(st.just(("raise",)))
    return st.lists(st.one_of(kinds), min_size=1 if depth else 0, max_size=2).map(tuple)


def whole_programs(products: bool, total: bool) -> st.SearchStrategy[tuple[Any, ...]]:
    """Programs that begin by counting something, most of them, so that there are states to be in."""
    name, by = st.sampled_from(INTS), st.sampled_from((1, 1, -1, 2))
    count = st.builds(lambda name, by: (("set", name, ("add", name, by), True),), name, by)
    toggle = st.just((("flip", ("not", "flag")),))
    first = st.one_of(count, count, count, toggle, st.just(()))
    return st.builds(lambda head, rest: head + rest, first, blocks(2, products, total))


@st.composite
def plans(
    draw: st.DrawFn, *, total: bool = False, products: bool = False, stretches: bool = False, size: int = 4
) -> Plan:
    """A small machine; fields take ``size`` values at most."""
    ranges: dict[str, tuple[int, int]] = {}
    for name in ("x", "y", "cells"):
        low = draw(st.sampled_from((0, 0, -1, -3, 2)))
        most = max(size - 2, 1) if name == "cells" else size - 1
        ranges[name] = (low, low + draw(st.integers(min(1, size - 2), most)))
    x, y, c0, c1 = (draw(st.integers(*ranges[_range_of(name)])) for name in INTS)
    initial = Toy(x, y, draw(st.booleans()), draw(st.sampled_from(Colour)), (c0, c1))
    programs = tuple(draw(st.lists(whole_programs(products, total), min_size=2, max_size=4)))
    hostile = tuple(draw(st.sampled_from((False, False, True))) for _ in programs)
    stretch: dict[str, tuple[int, int]] = {}
    if stretches:
        factors = st.sampled_from((1, 3, 1 << 26, 10**9, (1 << 36) + 1, 1 << 40))
        for name in ranges:
            stretch[name] = (draw(factors), draw(st.sampled_from((0, 5, -(1 << 30)))))
    return Plan(ranges, initial, programs, hostile, stretch, draw(st.sampled_from(("", "", "cells"))))


@st.composite
def questions(draw: st.DrawFn, plan: Plan) -> Asked:
    """A state property, a step property, and what is pending."""
    of_state, more, before, after, open_ = (draw(conditions(1)) for _ in range(5))

    def step(state: Toy, _: Fired, did: Did) -> object:
        return plan.holds(before, state) or plan.holds(after, did.state)

    pending = partial(plan.holds, open_) if draw(st.booleans()) else None
    return Asked({"state": (partial(plan.holds, of_state), partial(plan.holds, more))}, {"step": step}, pending)


@st.composite
def obligations(draw: st.DrawFn, plan: Plan) -> Obligation:
    """Something that may be open and that some actions settle, at times."""
    open_ = draw(st.just(True) | conditions(1))
    settling = draw(st.sets(st.sampled_from(tuple(Fired)), max_size=2))

    def settles(action: Fired, _: Did) -> bool:
        return action in settling

    return Obligation("drawn", None, partial(plan.holds, open_), settles)
