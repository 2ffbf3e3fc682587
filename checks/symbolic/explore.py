"""The path-by-path runner: a step function run on symbols, once for each way it can go.

Where the function needs to know a truth value, the run takes one side and remembers to come back for the other.
Sides that are ruled out by what is known already (declared ranges, and the conditions taken so far on the same
form) are not visited. No solver is asked: a path that only a solver could rule out is kept, and its condition is
simply never true. A run is repeated from its beginning for every path, so a function that does not do the same
thing twice is found out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Generic, TypeVar

from ..errors import Diverges, Nondeterministic
from . import terms
from .symbols import condition_of, deciding
from .terms import Compare, Condition, Form, Junction, Product, Quotient, Var

T = TypeVar("T")
Interval = tuple[int | None, int | None]

MAX_DECISIONS = 400
"""Decisions on one path. The machines here make 20 to 60; a function that makes more loops on a symbol."""

MAX_PATHS = 20_000
"""Paths of one function. The machines here have 1 to 40 each."""


@dataclass(frozen=True, slots=True)
class Path(Generic[T]):
    """One way through a function: the conditions on it, and what came back or was raised at its end."""

    conditions: tuple[Condition, ...]
    value: T | None
    error: Exception | None

    @property
    def condition(self) -> Condition:
        """All conditions of the path."""
        return terms.conjunction(*self.conditions)


class Run:
    """One run of a function along one path."""

    def __init__(
        self, ranges: Mapping[str, Interval], given: Sequence[Condition], plan: list[tuple[Condition, bool]]
    ) -> None:
        self._ranges = ranges
        self._plan = plan
        self._known: dict[tuple[tuple[terms.Atom, int], ...], Interval] = {}
        self._facts: dict[Condition, bool] = {}
        self.decisions: list[tuple[Condition, bool]] = []
        for condition in given:
            self._learn(condition)

    def decide(self, condition: Condition) -> bool:
        """Go the planned way, the only possible way, or the true way first."""
        if isinstance(condition, bool):
            return condition
        known = self.decided(condition)
        if known is not None:
            return known
        place = len(self.decisions)
        if place >= MAX_DECISIONS:
            raise Diverges(_frame_outside(sys._getframe()))
        if place < len(self._plan):
            expected, choice = self._plan[place]
            if expected != condition:
                raise Nondeterministic(_frame_outside(sys._getframe()))
        else:
            choice = True
        self.decisions.append((condition, choice))
        self._learn(condition if choice else terms.negate(condition))
        return choice

    def interval(self, form: Form) -> Interval:
        """What is known of the values of ``form`` here."""
        low: int | None = form.const
        high: int | None = form.const
        for atom, coefficient in form.terms:
            bottom, top = self._atom(atom)
            if coefficient < 0:
                bottom, top = top, bottom
            low = None if low is None or bottom is None else low + coefficient * bottom
            high = None if high is None or top is None else high + coefficient * top
        if len(form.terms) > 1:
            known = self._form_bounds(form)
            low, high = _narrower((low, high), known)
        return low, high

    def _form_bounds(self, form: Form) -> Interval:
        sign, key = _normal(form)
        low, high = self._known.get(key, (None, None))
        if sign < 0:
            low, high = (None if high is None else -high), (None if low is None else -low)
        return (None if low is None else low + form.const), (None if high is None else high + form.const)

    def _atom(self, atom: terms.Atom) -> Interval:
        known = self._known.get(((atom, 1),), (None, None))
        match atom:
            case Var(name):
                return _narrower(self._ranges.get(name, (None, None)), known)
            case Quotient(_, divisor, True):
                return _narrower((0, divisor - 1), known)
            case Quotient(inner, divisor, _):
                low, high = self.interval(inner)
                low = None if low is None else low // divisor
                return _narrower((low, None if high is None else high // divisor), known)
            case Product(left, right):
                (a, b), (c, d) = self.interval(left), self.interval(right)
                if a is None or b is None or c is None or d is None:
                    return (0 if (a or -1) >= 0 and (c or -1) >= 0 else None), None
                ends = (a * c, a * d, b * c, b * d)
                return _narrower((min(ends), max(ends)), known)

    def decided(self, condition: Condition) -> bool | None:
        """What is known of ``condition`` here; None if it can go either way."""
        match condition:
            case bool():
                return condition
            case Compare(op, form):
                low, high = self.interval(form)
                if op == "le":
                    if high is not None and high <= 0:
                        return True
                    return False if low is not None and low > 0 else self._facts.get(condition)
                if (low is not None and low > 0) or (high is not None and high < 0):
                    return op == "ne"
                if low == 0 and high == 0:
                    return op == "eq"
                return self._facts.get(condition)
            case Junction(every, parts):
                undecided = False
                for part in parts:
                    decided = self.decided(part)
                    if decided is None:
                        undecided = True
                    elif decided != every:
                        return decided
                return self._facts.get(condition) if undecided else every

    def _learn(self, condition: Condition) -> None:
        self._facts[condition] = True
        self._facts[terms.negate(condition)] = False
        match condition:
            case Compare(op, form):
                sign, key = _normal(form)
                low, high = self._known.get(key, (None, None))
                if len(key) == 1:
                    low, high = self._atom(key[0][0])
                at = -form.const * sign
                if op == "eq":
                    low, high = _narrower((low, high), (at, at))
                elif op == "le":
                    low, high = _narrower((low, high), (None, at) if sign > 0 else (at, None))
                elif low == at:
                    low = at + 1
                elif high == at:
                    high = at - 1
                self._known[key] = (low, high)
            case Junction(True, parts):
                for part in parts:
                    self._learn(part)
            case _:
                pass


def _normal(form: Form) -> tuple[int, tuple[tuple[terms.Atom, int], ...]]:
    if form.terms[0][1] > 0:
        return 1, form.terms
    return -1, tuple((atom, -c) for atom, c in form.terms)


def _narrower(a: Interval, b: Interval) -> Interval:
    low = a[0] if b[0] is None else b[0] if a[0] is None else max(a[0], b[0])
    high = a[1] if b[1] is None else b[1] if a[1] is None else min(a[1], b[1])
    return low, high


def explore(
    function: Callable[[], T], ranges: Mapping[str, Interval], given: Sequence[Condition] = ()
) -> Iterator[Path[T]]:
    """Run ``function`` on every path; ``ranges`` and ``given`` are what is known of the unknowns beforehand.

    Raises Diverges if it does not end on symbols,
    Nondeterministic if it does not do the same thing twice; whatever else it raises is the outcome of a path.
    """
    pending: list[list[tuple[Condition, bool]]] = [[]]
    count = 0
    while pending:
        plan = pending.pop()
        run = Run(ranges, given, plan)
        value: Any = None
        error: Exception | None = None
        try:
            with deciding(run):
                value = function()
        except (Diverges, Nondeterministic):
            raise
        except Exception as caught:  # noqa: BLE001 - a step that raises is an outcome, which SAFE-TOTAL is about
            error = caught
        count += 1
        if count > MAX_PATHS:
            raise Diverges(None)
        if len(run.decisions) < len(plan):
            raise Nondeterministic(None)
        taken = [condition if choice else terms.negate(condition) for condition, choice in run.decisions]
        yield Path(tuple(taken), value, error)
        for place in range(len(plan), len(run.decisions)):
            condition, choice = run.decisions[place]
            pending.append([*run.decisions[:place], (condition, not choice)])


def truth(function: Callable[[], object], ranges: Mapping[str, Interval], given: Sequence[Condition] = ()) -> Condition:
    """The condition under which the predicate ``function`` is true; its branches are joined.

    An exception that the predicate raises is ours or the policy author's, and is passed on.
    """
    ways: list[Condition] = []
    for path in explore(function, ranges, given):
        if path.error is not None:
            raise path.error
        ways.append(terms.conjunction(*path.conditions, condition_of(path.value)))
    return terms.disjunction(*ways)


def _frame_outside(frame: FrameType | None) -> tuple[str, int] | None:
    """The file and line of the code under exploration that asked."""
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not str(name).startswith("enomem.checks"):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None
