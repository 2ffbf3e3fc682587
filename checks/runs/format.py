"""Reading a recorded run, line by line; ``docs/formats.md`` has every key. Nothing is run here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from enomem.model.reference.record import ASKED, FORMAT, VERSION

from ..errors import UsageError
from ..traces.reader import Reader

LONGEST = 1 << 28
"""Characters of one line; a recorder writes some hundred, and more only where a message goes to thousands."""


@dataclass(frozen=True)
class Head:
    """The first line: the policy's name, where it came from, and the first state of the pool, as it is written.

    ``receive_policy`` and ``receive_source`` are the receive policy's; a run of before there were any has none.
    """

    policy: str
    source: str | None
    pool: Any
    receive_policy: str = "BOUNDED_WAIT"
    receive_source: str | None = None


@dataclass(frozen=True)
class Line:
    """Any other line: its ``number`` in the file, from 1, and its ``kind``: step, begin, end or closed.

    ``subjects`` is whom it is about. ``name``: the step's name, or what is begun. ``of``: the pattern, if it is a
    pattern's step. ``inputs``, ``outcome``, ``error`` and what a machine of the wire ``asked`` are as they are written.
    """

    number: int
    kind: str
    subjects: tuple[str, ...] = ()
    name: str = ""
    of: Any = None
    inputs: Any = None
    outcome: Any = None
    asked: Any = ()
    error: str | None = None


def is_run(path: Path) -> bool:
    """Does the file begin as a recorded run does, of whatever version?  OSError if it cannot be read."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline(LONGEST)
    try:
        data = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("format") == FORMAT


def lines(path: Path) -> Iterator[Head | Line]:
    """What a file holds, its head first; UsageError says in one sentence what is wrong with it, and where."""
    number = 0
    last: Line | None = None
    try:
        with path.open(encoding="utf-8") as file:
            while text := file.readline(LONGEST):
                number += 1
                if last is not None and last.kind == "closed":
                    raise UsageError(f"line {number}: the run was closed in the line before")
                if not text.endswith("\n"):
                    raise UsageError(f"line {number} is cut off: the file is not complete")
                if number == 1:
                    yield _head(_parsed(text, number))
                else:
                    last = _line(_parsed(text, number), number)
                    yield last
    except UnicodeDecodeError:
        raise UsageError(f"the file is no text after line {number}") from None
    if last is None or last.kind != "closed":
        raise UsageError(f"the file ends after line {number} and the run had not ended: it was cut, or never closed")


def _parsed(text: str, number: int) -> Reader:
    try:
        return Reader(json.loads(text, parse_constant=_no_number), f"line {number}")
    except (ValueError, RecursionError) as error:
        raise UsageError(f"line {number} is not JSON: {error}") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _head(head: Reader) -> Head:
    head.key("format")
    version = head.key("version")
    if version.value != VERSION:
        version.fail(f"this run is of version {version.value!r}, and only version {VERSION} can be read here")
    policy = head.key("policy")
    found = Head(policy.key("name").text(), policy.key("source").or_none(Reader.text), head.key("pool").value)
    if isinstance(head.value, dict) and "receive_policy" not in head.value:
        return found
    reader = head.key("receive_policy")
    source = reader.key("source").or_none(Reader.text)
    return replace(found, receive_policy=reader.key("name").text(), receive_source=source)


def _line(line: Reader, number: int) -> Line:
    seq = line.key("seq")
    if seq.number(0, 1 << 62) != number - 1:
        seq.fail(f"{seq.value} stands where {number - 1} was expected: lines are missing, or in another order")
    # A line is an object, or it had failed.
    kinds = [kind for kind in ("step", "begin", "end", "closed") if kind in line.value]  # type: ignore[operator]
    if len(kinds) != 1:
        line.fail("a line has exactly one of step, begin, end and closed")
    (kind,) = kinds
    if kind == "step":
        return _step(line, number)
    if kind == "closed":
        return Line(number, kind)
    name = line.key("kind").text() if kind == "begin" else ""
    return Line(number, kind, (line.key(kind).text(),), name)


def _step(line: Reader, number: int) -> Line:
    at = line.key("at")
    subjects = tuple(one.text() for one in at.items()) if isinstance(at.value, list) else (at.text(),)
    if not subjects:
        at.fail("a step is about somebody")
    raised = "error" in line.value  # type: ignore[operator]  # as above
    inputs = line.key("in")
    if not isinstance(inputs.value, dict):
        inputs.fail("an object was expected here")
    return Line(
        number, "step", subjects, line.key("step").text(),
        line.key("of").value if "of" in line.value else None,  # type: ignore[operator]  # as above
        inputs.value,
        None if raised else line.key("out").value,
        line.key(ASKED).value if ASKED in line.value else (),  # type: ignore[operator]  # as above
        line.key("error").text() if raised else None,
    )  # fmt: skip
