"""The shape of a state: its leaves by name, and how to take it apart and put it together again.

A state is a tree of frozen dataclasses and fixed-length tuples whose leaves are ints, bools and enum members. A
leaf's *name* has its indices (``senders[0].pipe.tail``), its *field* has not (``senders.pipe.tail``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from ..errors import OurFault
from . import terms
from .explore import Interval
from .symbols import Boolean, Integer, Member, form_of


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf: its name, its kind (int, bool or an enum class), and the range of its integer form."""

    name: str
    kind: type
    low: int | None
    high: int | None

    @property
    def field(self) -> str:
        """The name without indices."""
        return re.sub(r"\[\d+\]", "", self.name)

    @property
    def unknown(self) -> str:
        """The name of the term's unknown; truth values are marked."""
        return f"{self.name}?" if self.kind is bool else self.name

    def symbol(self) -> Any:
        """The symbol that stands for this leaf."""
        form = terms.variable(self.unknown)
        if self.kind is bool:
            return Boolean(terms.is_zero(terms.add(form, terms.constant(-1))))
        return Integer(form) if self.kind is int else Member(self.kind, form)

    def value(self, number: int) -> Any:
        """The plain value that ``number`` encodes."""
        if issubclass(self.kind, Enum):
            return list(self.kind)[number]
        kind: Any = self.kind
        return kind(number)


class Shape:
    """The leaves of all states that look like ``template``, in a fixed order."""

    def __init__(
        self,
        template: object,
        ranges: Mapping[str, tuple[int, int]] | None,
        small: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    ) -> None:
        """Read the leaves off ``template``; ``ranges`` by field bounds the ints (None: only the ``small`` ones are)."""
        self._template = template
        self.leaves: tuple[Leaf, ...] = tuple(_leaf(name, value, ranges, small) for name, value in _walk(template, ""))
        self.intervals: dict[str, Interval] = {leaf.unknown: (leaf.low, leaf.high) for leaf in self.leaves}

    def symbols(self) -> Any:
        """A state of symbols."""
        return self.build(Leaf.symbol)

    def build(self, value: Callable[[Leaf], Any]) -> Any:
        """A state whose leaves are what ``value`` says."""
        supply = iter(self.leaves)
        return _rebuild(self._template, lambda: value(next(supply)))

    def values(self, state: object) -> list[Any]:
        """The values at the leaves of ``state``, in order."""
        found = [value for _, value in _walk(state, "")]
        if len(found) != len(self.leaves):
            raise OurFault(f"a state has {len(found)} leaves where {len(self.leaves)} were declared")
        return found

    def escape(self, state: object) -> str | None:
        """Which leaf of ``state`` is out of its declared range, in words; None if none is."""
        for leaf, value in zip(self.leaves, self.values(state), strict=True):
            number = form_of(value).const
            if (leaf.low is not None and number < leaf.low) or (leaf.high is not None and number > leaf.high):
                return f"{leaf.name} is {number}, outside its declared range {leaf.low}..{leaf.high}"
        return None

    def pairs(self, before: object, after: object) -> Iterator[tuple[Leaf, Any, Any]]:
        """Each leaf with its value before and after."""
        return zip(self.leaves, self.values(before), self.values(after), strict=True)

    def changed(self, before: object, after: object) -> list[tuple[Leaf, Any]]:
        """The leaves at which ``after`` holds another object than ``before``, with what it holds."""
        return [(leaf, new) for leaf, old, new in self.pairs(before, after) if new is not old]


def _walk(value: object, name: str) -> Iterator[tuple[str, object]]:
    if is_dataclass(value):
        for f in fields(value):
            yield from _walk(getattr(value, f.name), f"{name}.{f.name}" if name else f.name)
    elif isinstance(value, tuple):
        for i, part in enumerate(value):
            yield from _walk(part, f"{name}[{i}]")
    else:
        yield name, value


def _rebuild(template: object, supply: Callable[[], Any]) -> Any:
    if is_dataclass(template):
        parts = {f.name: _rebuild(getattr(template, f.name), supply) for f in fields(template)}
        kind: Any = type(template)
        return kind(**parts)
    if isinstance(template, tuple):
        return tuple(_rebuild(part, supply) for part in template)
    return supply()


def _leaf(
    name: str, value: object, ranges: Mapping[str, tuple[int, int]] | None, small: Mapping[str, tuple[int, int]]
) -> Leaf:
    if isinstance(value, bool):
        return Leaf(name, bool, 0, 1)
    if isinstance(value, Enum):
        return Leaf(name, type(value), 0, len(type(value)) - 1)
    if not isinstance(value, int | Integer):
        raise OurFault(f"{name} is a {type(value).__name__}; a state holds ints, bools and enum members")
    leaf = Leaf(name, int, None, None)
    if ranges is None:
        return Leaf(name, int, *small[leaf.field]) if leaf.field in small else leaf
    if leaf.field not in ranges:
        raise OurFault(f"no range is declared for {leaf.field}")
    return Leaf(name, int, *ranges[leaf.field])
