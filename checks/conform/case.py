"""A case: one sentence that a socket can be held to, and how it is looked at; and how such a look can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ...model.rules import Rule

if TYPE_CHECKING:
    from .bench import Bench


class Level(Enum):
    """How much a case asks: what must be, what should be, and what may be either way, because the texts differ."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    EITHER = "EITHER"


class Verdict(Enum):
    """How a case ended; ``unsupported`` says that nothing was found out, and is never a pass."""

    PASS = "pass"
    NON_STRICT = "non-strict"
    INFORMATIONAL = "informational"
    UNSUPPORTED = "unsupported"
    FAIL = "fail"


class Needs(Enum):
    """What a case needs of the testee besides a port at which it listens; the value is how it is printed."""

    NOTHING = "nothing but an endpoint"
    ANSWERS = "a REP that answers every request"
    API = "a target that makes sockets"


class Deviation(Exception):
    """The testee did something else than it was expected to: both in a line."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}; {actual}")
        self.expected = expected
        self.actual = actual


class Silent(Deviation):
    """Something that had to come did not come within the bound, while others were served (see ``bench``)."""


class Unsupported(Exception):
    """The testee cannot be asked this; the text says what it lacks."""


Look = Callable[["Bench"], "str | None"]
"""Raises `Deviation` or `Unsupported`; what it returns is what was seen, for people."""


@dataclass(frozen=True)
class Case:
    """One sentence, with where it comes from and the function that looks.

    ``id`` is the section of ``spec/`` with the rule's number and the case's own ("wire/2/3" belongs to WIRE-2).
    """

    id: str
    rule: Rule
    level: Level
    sentence: str
    source: str
    needs: Needs
    look: Look

    @property
    def name(self) -> str:
        """The function's name: the case in a few words."""
        return self.look.__name__.rstrip("_").replace("_", " ")


@dataclass
class Section:
    """The cases of one file, numbered by rule in the order in which they stand there.

    Where two files have cases of one rule, one of them goes on with the numbers of the other, which is ``behind`` it.
    """

    title: str
    behind: tuple[Section, ...] = ()
    cases: list[Case] = field(default_factory=list)

    def case(
        self, rule: Rule, sentence: str, source: str, level: Level = Level.MUST, needs: Needs = Needs.API
    ) -> Callable[[Look], Look]:
        """Make a function a case of a rule: the ``sentence`` it checks, in our words, and the ``source`` of that."""

        def made(look: Look) -> Look:
            every = [case for section in (*self.behind, self) for case in section.cases]
            number = 1 + sum(case.rule == rule for case in every)
            name = f"{rule.value.lower().replace('-', '/')}/{number}"
            self.cases.append(Case(name, rule, level, sentence, source, needs, look))
            return look

        return made


def equal(what: str, actual: object, expected: object) -> None:
    """Raise `Deviation` unless both are the same."""
    if actual != expected:
        raise Deviation(f"{what}: {shown(expected)}", f"{shown(actual)}")


def holds(what: str, true: bool, actual: object = "it is not so") -> None:
    """Raise `Deviation` unless it is true."""
    if not true:
        raise Deviation(what, shown(actual))


def shown(value: object) -> str:
    """A value in a line: long octets by their number."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes) and len(value) > 40:
        return f"{len(value)} octets {value[:8]!r}..."
    if isinstance(value, list | tuple):
        listed = [shown(item) if not isinstance(item, str) else repr(item) for item in value]
        if len(listed) > 8:
            listed = [*listed[:6], f"... {len(listed) - 6} more"]
        return "[" + ", ".join(listed) + "]"
    return repr(value)
