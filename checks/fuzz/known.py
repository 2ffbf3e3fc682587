"""The deviations of a library that are known, each with its reason: they are counted, and what else deviates is news.

A file is TOML: tables ``[[deviation]]`` with the ``rules`` of ``spec/`` that the library does not keep to, the
``kinds`` of the failures (regular expressions, for the whole of it), a ``reason``, and the ``program`` that shows it as
``enomem validate`` reads it. Where a kind alone would hide more than it should, ``after`` has regular expressions, each
of which is found in the lines of the program before the call in question; ``{it}`` stands for the socket of that call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enomem.model.rules import Rule

from ..deviations import read
from ..errors import UsageError
from ..oracle.events import line
from .play import Failure

SHIPPED = Path(__file__).with_name("known")
IT = "{it}"


@dataclass(frozen=True)
class Known:
    """One deviation that is known; see the module."""

    rules: tuple[str, ...]
    kinds: tuple[str, ...]
    reason: str
    after: tuple[str, ...] = ()
    program: str = ""

    def explains(self, failure: Failure) -> bool:
        """Is it this that was found?"""
        if not any(re.fullmatch(kind, failure.kind) for kind in self.kinds):
            return False
        it = f"s{failure.events[-1].socket}"
        lines = "\n".join(line(event) for event in failure.events[:-1])
        return all(re.search(one.replace(IT, it), lines, re.MULTILINE) for one in self.after)

    def __str__(self) -> str:
        """One line, as it is printed."""
        return f"{', '.join(self.rules)}: {self.reason}"


def load(named: Path) -> tuple[Known, ...]:
    """Read a file, or the one of that name that is shipped ("pyzmq"). UsageError if it cannot be used."""
    path, entries = read(named, SHIPPED)
    return tuple(_entry(f"{path}, deviation {number}", entry) for number, entry in enumerate(entries, 1))


def _entry(where: str, entry: Mapping[str, Any]) -> Known:
    """One table, with what it must have."""
    unknown = set(entry) - {"rules", "kinds", "reason", "after", "program"}
    if unknown:
        raise UsageError(f"{where}: a known deviation has no {', '.join(sorted(unknown))}")
    reason, program = (_text(where, entry, name) for name in ("reason", "program"))
    if not reason:
        raise UsageError(f"{where}: why it is expected is missing: give it a reason")
    rules, kinds, after = (_texts(where, entry, name) for name in ("rules", "kinds", "after"))
    if not kinds or not rules:
        raise UsageError(
            f"{where}: it needs the kinds of failures that it explains, and the rules that are not kept to"
        )
    for rule in rules:
        if rule not in {one.value for one in Rule}:
            raise UsageError(f"{where}: there is no rule {rule!r}")
    for expression in (*kinds, *after):
        try:
            re.compile(expression.replace(IT, "s0"))
        except re.error as error:
            raise UsageError(f"{where}: {expression!r} is no regular expression: {error}") from None
    return Known(rules, kinds, reason, after, program)


def _text(where: str, entry: Mapping[str, Any], name: str) -> str:
    found = entry.get(name, "")
    if not isinstance(found, str):
        raise UsageError(f"{where}: its {name} is a text")
    return " ".join(found.split()) if name == "reason" else found


def _texts(where: str, entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = entry.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise UsageError(f"{where}: its {name} are a list of texts")
    return tuple(found)


def explaining(known: Sequence[Known], failure: Failure) -> Known | None:
    """The first that is what was found."""
    return next((one for one in known if one.explains(failure)), None)
