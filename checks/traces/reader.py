"""Reading JSON that somebody else wrote: every value knows where it stands, and says so when it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from typing import NoReturn, TypeVar

from ..errors import UsageError

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class Reader:
    """A value of a JSON file and its place in it, like ``steps[3].action.kind``; each getter checks it."""

    def __init__(self, value: object, where: str) -> None:
        self.value = value
        self.where = where

    def fail(self, why: str) -> NoReturn:
        """Refuse the file; ``why`` is a clause that can stand behind the place."""
        raise UsageError(f"{self.where}: {why}" if self.where else why)

    def key(self, name: str) -> Reader:
        """The member of that name of an object."""
        if not isinstance(self.value, dict):
            self.fail("an object was expected here")
        where = f"{self.where}.{name}" if self.where else name
        if name not in self.value:
            raise UsageError(f"{where} is missing")
        return Reader(self.value[name], where)

    def only(self, names: Collection[str]) -> None:
        """Refuse an object that has other members than these."""
        for name in self.value if isinstance(self.value, dict) else ():
            if name not in names:
                self.fail(f"{name!r} is unknown; known are {', '.join(names)}")

    def items(self) -> list[Reader]:
        """The members of a list."""
        if not isinstance(self.value, list):
            self.fail("a list was expected here")
        return [Reader(value, f"{self.where}[{i}]") for i, value in enumerate(self.value)]

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            self.fail("a string was expected here")
        return self.value

    def truth(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.fail("true or false was expected here")
        return self.value

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.fail("a whole number was expected here")
        if not low <= self.value <= high:
            self.fail(f"{self.value} is not between {low} and {high}")
        return self.value

    def member(self, kind: type[E]) -> E:
        """The member of an enum whose value is written here."""
        found = next((member for member in kind if member.value == self.value), None)
        if found is None:
            self.fail(f"{self.value!r} is none of {', '.join(str(member.value) for member in kind)}")
        return found

    def or_none(self, read: Callable[[Reader], T]) -> T | None:
        """What ``read`` makes of the value, or None where the file has null."""
        return None if self.value is None else read(self)
