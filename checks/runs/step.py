"""One step of a recorded run: what went in and came out, and what the plain model makes of the same."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

from enomem.model.patterns import PATTERNS
from enomem.model.reference.encoding import ANSWERS, PACKAGE, Policies, Unreadable, decode, encode, fits
from enomem.model.reference.record import defined, parameters, told

from ..errors import Inconclusive, OurFault, UsageError
from . import wire as run_wire
from .format import Line
from .steps import FUNCTIONS, METHODS, PIPE, TABLES, TARGETS, Known, Place, owner
from .wire import Unasked


class Step:
    """One line of a run that is a step, and the function of the model that it is a step of."""

    def __init__(self, line: Line, policies: Policies, tables: dict[str, Any]) -> None:
        self.line = line
        self.policies = policies
        self.where = f"line {line.number}"
        self.wire = run_wire.replica(line, tables)
        self.table = self._table(tables) if isinstance(line.of, str) and self.wire is None else None
        named = self.table is not None or self.wire is not None
        self.pattern = None if line.of is None or named else self._decoded(line.of, f"{self.where}.of")
        if self.pattern is not None and type(self.pattern) not in PATTERNS.values():
            raise UsageError(f"{self.where}.of: this is no pattern")
        known = self._known()
        if known is None:
            raise UsageError(f"{self.where}.step: {line.name!r} is no step of a machine")
        self.known: Known = known
        self.name = line.name if line.of is None else f"{self._of()}.{line.name}"
        self.function = self._function()
        self.asked: dict[str, list[int]] = {}
        self.values: dict[str, Any] = {}

    def _known(self) -> Known | None:
        if self.wire is not None:
            return run_wire.known(self.line)
        of = self.line.of
        table = FUNCTIONS if of is None else METHODS if self.table is None else TABLES[of][1]
        return table.get(self.line.name)

    def _table(self, tables: dict[str, Any]) -> Any:
        """The table that a step is about, which is made where nothing was asked of it before."""
        of, subject = self.line.of, self.line.subjects[0]
        if of not in TABLES:
            raise UsageError(f"{self.where}.of: the machines have no table that is called {of!r}")
        kind = TABLES[of][0]
        table = tables.setdefault(subject, kind())
        if type(table) is not kind:
            raise UsageError(f"{self.where}.of: {subject} is no {of}")
        return table

    def _of(self) -> str:
        return str(self.line.of.rpartition(".")[2]) if self.pattern is None else self.pattern.name

    def _function(self) -> Any:
        if self.wire is not None:
            return self.wire.function(self.line.name)
        if self.line.of is not None:
            return getattr(self.pattern if self.table is None else self.table, self.line.name)
        place, _, name = self.line.name.rpartition(".")
        return getattr(sys.modules[PACKAGE + place], name)

    def states(self, values: Any, places: Mapping[str, Place]) -> Iterator[tuple[tuple[str, str], Any]]:
        """The states among written values: by thread and whose it is."""
        for thread, place in places.items():
            value = at(values, place, f"{self.where}: {thread}")
            if thread != TARGETS:
                yield (thread, owner(thread, self.line.subjects[0], self.known)), value
                continue
            if not isinstance(value, list) or len(value) != len(self.line.subjects) - 1:
                raise UsageError(f"{self.where}.at: a session is wanted for each of the targets, behind the socket")
            for name, target in zip(self.line.subjects[1:], value, strict=True):
                pipe = target if places is self.known.gives else at(target, 1, f"{self.where}: {thread}")
                yield (PIPE, name), pipe

    def again(self) -> tuple[object, list[str]]:
        """What the plain model makes of the same inputs, and how it differs from what was written."""
        self.values = self._values()
        if self.wire is not None:
            self.wire.begins(self.line.asked, self.where)
            self.values = self.wire.heard(self.values)
        try:
            outcome = self.function(**self.values)
            if self.wire is not None:
                outcome = self.wire.outcome(self.line.name, outcome)
        except (UsageError, Inconclusive, OurFault):
            raise
        except Unasked as error:
            return None, [str(error)]
        except Exception as caught:  # noqa: BLE001 - what a step raises is its outcome
            return None, self._errors(told(caught))
        differences = self._errors(None) if self.line.error is not None else []
        ours, theirs = encode(outcome), self.line.outcome
        if self.line.error is None:
            differences += [
                f"{path} is {old} in the model and {new} in the run" for path, old, new in differing(ours, theirs, "")
            ]
        return outcome, differences + self._questions()

    def _errors(self, raised: str | None) -> list[str]:
        ours = _without_addresses(raised) if raised is not None else "an outcome"
        theirs = _without_addresses(self.line.error) if self.line.error is not None else "an outcome"
        return [] if ours == theirs else [f"{ours} in the model, and {theirs} in the run"]

    def _questions(self) -> list[str]:
        """The model has asked what was asked in the run, in the same order."""
        found = [] if self.wire is None else list(self.wire.left())
        for name, places in self.asked.items():
            theirs = [place for place, _ in self.line.inputs[name][ANSWERS]]
            if places != theirs:
                found.append(f"{name} is asked about {places} in the model and about {theirs} in the run")
        return found

    def _values(self) -> dict[str, Any]:
        names, hints = parameters(self.function), _hints(defined(self.function))
        values = {}
        for name, data in self.line.inputs.items():
            where = f"{self.where}.in.{name}"
            if name not in names:
                raise UsageError(f"{where}: {self.name} takes {', '.join(names)}")
            if isinstance(data, dict) and set(data) == {ANSWERS}:
                values[name] = self._answers(name, data[ANSWERS], where)
            else:
                values[name] = self._decoded(data, where)
            if not fits(values[name], hints.get(name, Any)):
                raise UsageError(f"{where}: {self.name} takes nothing like this there")
        for name in self.known.takes:
            if name not in values:
                raise UsageError(f"{self.where}.in.{name} is missing")
        return values

    def _decoded(self, data: object, where: str) -> Any:
        try:
            return decode(data, self.policies)
        except Unreadable as error:
            raise UsageError(f"{where}: {error}") from None
        except RecursionError:
            raise UsageError(f"{where}: this is nested too deep to be a value of the machines") from None

    def _answers(self, name: str, pairs: object, where: str) -> Any:
        known: dict[int, bool] = {}
        for pair in pairs if isinstance(pairs, list) else [None]:
            if not isinstance(pair, list) or [type(one) for one in pair] != [int, bool]:
                raise UsageError(f"{where}: pairs of a place and an answer were expected here")
            known[pair[0]] = pair[1]
        asked = self.asked[name] = []

        def ask(place: int) -> bool:
            asked.append(int(place))
            if place not in known:
                raise Unasked(f"{name}({place}) is asked in the model and was not in the run")
            return known[place]

        return ask


@cache
def _hints(function: Any) -> dict[str, Any]:
    return get_type_hints(function)


def _without_addresses(text: str) -> str:
    """An address in an exception's text is another one each time."""
    return re.sub(r"0x[0-9a-fA-F]+", "0x...", text)


def inner(data: Any) -> Any:
    """The members of a value that is written under the name of its class."""
    if isinstance(data, dict) and len(data) == 1:
        (only,) = data.values()
        return only if isinstance(only, dict) else data
    return data


def at(data: Any, place: Place, where: str) -> Any:
    """A part of a written value; UsageError if it has none there."""
    if place is None:
        return data
    # What went in is no value by itself, and stands under no class's name.
    members = data if isinstance(data, dict) and place in data else inner(data)
    if isinstance(place, str) and isinstance(members, dict) and place in members:
        return members[place]
    if isinstance(place, int) and isinstance(members, list) and place < len(members):
        return members[place]
    raise UsageError(f"{where} is missing")


def differing(ours: Any, theirs: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Where two written values differ: the path, and both values there."""
    if _alike(ours, theirs) and inner(ours) is not ours and _alike(inner(ours), inner(theirs)):
        for name, value in inner(ours).items():
            yield from differing(value, inner(theirs)[name], f"{path}.{name}" if path else name)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, value in enumerate(ours):
            yield from differing(value, theirs[number], f"{path}[{number}]")
    elif type(ours) is not type(theirs) or ours != theirs:
        yield path or "the outcome", shown(ours), shown(theirs)


def _alike(ours: Any, theirs: Any) -> bool:
    return isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys()


def shown(data: Any) -> str:
    """A written value in short: members of an enum by their value, others as JSON."""
    if isinstance(data, dict) and len(data) == 1:
        (only,) = data.values()
        if not isinstance(only, dict):
            data = only
    return json.dumps(data)
