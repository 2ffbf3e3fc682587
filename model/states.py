"""How the states are declared that are made anew for each message.

A frozen dataclass costs three times a plain one to construct, and a running socket makes two of these for each message
on either side. So they are plain at run time, and frozen for the type checkers: whoever assigns to a field of one is
stopped by mypy and pyright.
"""

from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def state(kind: type[T]) -> type[T]:
    """A dataclass of a state: compared and hashed by its fields, never changed."""
    return dataclass(slots=True, unsafe_hash=True)(kind)


class Remembers:
    """The base of a state that is large and looked up often: its hash is computed once (`hashed_once`)."""

    __slots__ = ("_hash",)
    _hash: int


def hashed_once(kind: type[T]) -> type[T]:
    """A `state` that `Remembers` its hash."""
    compute = kind.__hash__

    def remembered(self: Any) -> int:
        try:
            known: int = self._hash
        except AttributeError:
            known = self._hash = compute(self)
        return known

    kind.__hash__ = remembered  # type: ignore[method-assign]  # of any class that is handed in
    return kind
