"""Symbols: the integers, booleans and enum members that stand for unknown ones while a step function runs.

A symbol records what is done to it as a term. Only when Python needs to know (``if``, ``and``, ``match``, an
index) does it ask the exploration under way which way to go; see ``explore``. A symbol belongs to no particular
run: it may be made once and used in many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from numbers import Number
from typing import Any, Protocol, TypeGuard

from ..errors import NotSymbolic, OurFault
from . import terms
from .terms import Condition, Form


class Decider(Protocol):
    """Who a symbol asks which way to go."""

    def decide(self, condition: Condition) -> bool:
        """Choose whether ``condition`` holds on this path."""
        ...

    def interval(self, form: Form) -> tuple[int | None, int | None]:
        """The smallest and largest value that ``form`` can have on this path, as far as is known."""
        ...


_deciders: list[Decider] = []


@contextmanager
def deciding(decider: Decider) -> Iterator[None]:
    """Have ``decider`` answer for all symbols meanwhile."""
    _deciders.append(decider)
    try:
        yield
    finally:
        _deciders.pop()


def _decide(condition: Condition) -> bool:
    if isinstance(condition, bool):
        return condition
    if not _deciders:
        raise OurFault("a symbol was asked for its truth outside an exploration")
    return _deciders[-1].decide(condition)


def _form(value: object) -> Form | None:
    if isinstance(value, Integer):
        return value.form
    if isinstance(value, int):
        return terms.constant(int(value))
    if isinstance(value, Boolean):
        return form_of(value)
    if isinstance(value, Number):
        _refuse(f"compares or combines a value with a {type(value).__name__}")
    return None


def _refuse(what: str) -> None:
    """While a function is explored, stop it: going on would answer otherwise than a number does."""
    if _deciders:
        raise NotSymbolic(what)


class _Symbol:
    __slots__ = ()

    def __repr__(self) -> str:
        _refuse("turns a value into text")
        return f"<{type(self).__name__} {getattr(self, 'form', None) or getattr(self, 'condition', None)}>"

    def __format__(self, spec: str) -> str:
        _refuse("turns a value into text")
        return repr(self)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            _refuse(f"asks a value for its {name!r}")
        raise AttributeError(name)

    def __float__(self) -> float:
        raise NotSymbolic("turns a value into a float")

    def __hash__(self) -> int:
        _refuse("uses a value as a dictionary key or in a set")
        raise TypeError("a symbol has no hash: do not use it as a dictionary key or in a set")


def _same(left: Condition, right: Condition) -> Condition:
    neither = terms.conjunction(terms.negate(left), terms.negate(right))
    return terms.disjunction(terms.conjunction(left, right), neither)


class Boolean(_Symbol):
    """A truth value that is a condition; ``&``, ``|`` and ``^`` do not branch, ``and``, ``or`` and ``not`` do."""

    __slots__ = ("condition",)

    def __init__(self, condition: Condition) -> None:
        self.condition = condition

    def __bool__(self) -> bool:
        return _decide(self.condition)

    def __and__(self, other: object) -> Boolean:
        return Boolean(terms.conjunction(self.condition, condition_of(other)))

    def __or__(self, other: object) -> Boolean:
        return Boolean(terms.disjunction(self.condition, condition_of(other)))

    def __xor__(self, other: object) -> Boolean:
        return Boolean(terms.negate(_same(self.condition, condition_of(other))))

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Integer | int) and not isinstance(other, bool):
            one, zero = condition_of(other == 1), condition_of(other == 0)
            this = terms.conjunction(self.condition, one)
            return Boolean(terms.disjunction(this, terms.conjunction(terms.negate(self.condition), zero)))
        if not isinstance(other, Boolean | bool):
            if isinstance(other, Number):
                _refuse(f"compares a value with a {type(other).__name__}")
            return NotImplemented
        return Boolean(_same(self.condition, condition_of(other)))

    def __ne__(self, other: object) -> Any:
        same = self.__eq__(other)
        return same if same is NotImplemented else Boolean(terms.negate(same.condition))

    __hash__ = _Symbol.__hash__

    def __int__(self) -> int:
        return int(bool(self))

    def __add__(self, other: Any) -> Any:
        return int(self) + other

    __radd__ = __add__
    __index__ = __int__


class Integer(_Symbol):
    """An integer that is a form."""

    __slots__ = ("form",)

    def __init__(self, form: Form) -> None:
        self.form = form

    def _of(self, form: Form) -> Integer:
        return Integer(form)

    def _combine(self, other: object, combine: Callable[[Form, Form], Form]) -> Any:
        that = _form(other)
        return NotImplemented if that is None else self._of(combine(self.form, that))

    def __add__(self, other: object) -> Any:
        return self._combine(other, terms.add)

    __radd__ = __add__

    def __sub__(self, other: object) -> Any:
        return self._combine(other, lambda a, b: terms.add(a, b, -1))

    def __rsub__(self, other: object) -> Any:
        return self._combine(other, lambda a, b: terms.add(b, a, -1))

    def __mul__(self, other: object) -> Any:
        return self._combine(other, terms.multiply)

    __rmul__ = __mul__

    def _divided(self, other: object, remainder: bool) -> Any:
        if not isinstance(other, int) or other <= 0:
            raise TypeError("a symbol can be divided by a constant above 0 only")
        return self._of(terms.divide(self.form, other, remainder))

    def __floordiv__(self, other: object) -> Any:
        return self._divided(other, False)

    def __mod__(self, other: object) -> Any:
        return self._divided(other, True)

    def __neg__(self) -> Integer:
        return self._of(terms.scale(self.form, -1))

    def __pos__(self) -> Integer:
        return self

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def _compare(self, other: object, condition: Callable[[Form, Form], Condition]) -> Any:
        that = _form(other)
        return NotImplemented if that is None else Boolean(condition(self.form, that))

    def __le__(self, other: object) -> Any:
        return self._compare(other, lambda a, b: terms.at_most_zero(terms.add(a, b, -1)))

    def __lt__(self, other: object) -> Any:
        return self._compare(other, lambda a, b: terms.at_most_zero(terms.add(terms.add(a, b, -1), Form(1))))

    def __ge__(self, other: object) -> Any:
        return self._compare(other, lambda a, b: terms.at_most_zero(terms.add(b, a, -1)))

    def __gt__(self, other: object) -> Any:
        return self._compare(other, lambda a, b: terms.at_most_zero(terms.add(terms.add(b, a, -1), Form(1))))

    def __eq__(self, other: object) -> Any:
        return self._compare(other, lambda a, b: terms.is_zero(terms.add(a, b, -1)))

    def __ne__(self, other: object) -> Any:
        return self._compare(other, lambda a, b: terms.negate(terms.is_zero(terms.add(a, b, -1))))

    __hash__ = _Symbol.__hash__

    def __bool__(self) -> bool:
        return _decide(terms.negate(terms.is_zero(self.form)))

    def __index__(self) -> int:
        """Try the possible values one after the other; the path that is taken knows which it is."""
        low, high = _deciders[-1].interval(self.form) if _deciders else (None, None)
        if low is None or high is None:
            raise TypeError("an unbounded symbol cannot be used as an index, a length or a count of repetitions")
        for value in range(low, high):
            if self == value:
                return value
        return high

    __int__ = __index__


class Member(_Symbol):
    """An unknown member of the enum ``kind``; its form is the member's position."""

    __slots__ = ("form", "kind")

    def __init__(self, kind: type[Enum], form: Form) -> None:
        self.kind = kind
        self.form = form

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Member) and other.kind is self.kind:
            return Boolean(terms.is_zero(terms.add(self.form, other.form, -1)))
        if isinstance(other, self.kind):
            place = list(self.kind).index(other)
            return Boolean(terms.is_zero(terms.add(self.form, Form(place), -1)))
        return False

    def __ne__(self, other: object) -> Any:
        same = self == other
        return Boolean(terms.negate(same.condition)) if isinstance(same, Boolean) else True

    __hash__ = _Symbol.__hash__


def is_symbol(value: object) -> TypeGuard[Boolean | Integer | Member]:
    """Is ``value`` a symbol rather than a plain value?"""
    return isinstance(value, _Symbol)


def condition_of(value: object) -> Condition:
    """The condition that ``value`` (a symbol or a plain truth value) is."""
    if isinstance(value, Boolean):
        return value.condition
    if isinstance(value, Integer):
        return terms.negate(terms.is_zero(value.form))
    if isinstance(value, bool):
        return value
    raise TypeError(f"expected a truth value, got {type(value).__name__}")


def form_of(value: object) -> Form:
    """The form that ``value`` (a symbol or a plain value) is; a Boolean that is no plain unknown has none."""
    match value:
        case Integer() | Member():
            return value.form
        case Boolean():
            flag = _flag(value.condition)
            if flag is None:
                return terms.constant(int(bool(value)))
            return flag
        case Enum():
            return terms.constant(list(type(value)).index(value))
        case int():
            return terms.constant(int(value))
        case _:
            raise TypeError(f"expected an int, a bool or an enum member, got {type(value).__name__}")


def _flag(condition: Condition) -> Form | None:
    """The 0-or-1 form of a condition that is just an unknown flag (or its opposite)."""
    if isinstance(condition, bool):
        return terms.constant(int(condition))
    if isinstance(condition, terms.Compare) and condition.op != "le" and is_flag(condition.form):
        atom = terms.Form(0, condition.form.terms)
        true_at_one = (condition.op == "eq") == (condition.form.const == -1)
        return atom if true_at_one else terms.add(Form(1), atom, -1)
    return None


def is_flag(form: Form) -> bool:
    """Does ``form`` compare a single truth value with 0 or 1?  Truth values are marked by a ``?`` in their name."""
    if len(form.terms) != 1 or form.const not in (0, -1):
        return False
    atom, coefficient = form.terms[0]
    return coefficient == 1 and isinstance(atom, terms.Var) and atom.name.endswith("?")
