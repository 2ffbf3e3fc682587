"""The format of a run that somebody recorded: one JSON object a line, first a header, then the events in their order.

``docs/formats.md`` has it in words. What is read here is what anybody may have written, so each mistake has its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from enomem.model.policies import SendPolicy
from enomem.model.receive_policies import BOUNDED_WAIT, RECEIVE_POLICIES
from enomem.model.systems.network import Refusals, Setting

from ..errors import UsageError
from ..policies.file import load_policy
from ..targets.target import Said, Value
from .events import Do, Event

FORMAT, VERSION = "enomem-calls", 1
FIELDS: Mapping[Do, tuple[str, ...]] = {
    Do.CREATE: ("socket", "type", "options", "answer"),
    Do.OPTION: ("socket", "name", "value", "answer"),
    Do.BIND: ("socket", "endpoint", "answer"),
    Do.CONNECT: ("socket", "endpoint", "answer"),
    Do.UNBIND: ("socket", "endpoint"),
    Do.DISCONNECT: ("socket", "endpoint"),
    Do.SEND: ("socket", "part", "hex", "more", "answer", "waited"),
    Do.RECEIVE: ("socket", "part", "hex", "more", "answer", "waited", "count"),
    Do.ABORT: ("socket", "answer"),
    Do.CLOSE: ("socket",),
    Do.REFUSE: ("site", "count", "times"),
    Do.PEERS: ("socket", "count"),
    Do.SETTLE: (),
}
"""What may stand in a line, besides ``do``."""
ANSWERS = {said.value for said in Said}


def read(path: Path, policy: str | None = None) -> tuple[Setting, Iterator[Event]]:
    """The setting of a recorded run, and its events; UsageError for a file that is none, at the latest when it ends."""
    return _read(path, _lines(path), policy)


def loads(text: str) -> tuple[Setting, Iterator[Event]]:
    """The same of the text of such a file."""
    where = Path("the program")
    numbered = ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())
    return _read(where, ((number, _parsed(where, number, line)) for number, line in numbered), None)


def _read(
    path: Path, lines: Iterator[tuple[int, dict[str, Any]]], policy: str | None
) -> tuple[Setting, Iterator[Event]]:
    first = next(lines, None)
    if first is None:
        raise UsageError(f"{path} is empty")
    return _setting(path, first[1], policy), (_event(path, number, data) for number, data in lines)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    yield number, _parsed(path, number, text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error}") from None


def _parsed(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"{path}, line {number}, is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise UsageError(f"{path}, line {number}, is no JSON object")
    return data


def _setting(path: Path, header: dict[str, Any], policy: str | None) -> Setting:
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        begin = json.dumps({"format": FORMAT, "version": VERSION})
        raise UsageError(f"{path} is no recorded run of calls: it does not begin with {begin}")
    unknown = set(header) - {"format", "version", "policy", "refusals", "turns", "receive_policy", "limit", "by"}
    if unknown:
        raise UsageError(f"{path}, line 1: a header has no {', '.join(sorted(unknown))}")
    refusals = header.get("refusals", Refusals.ANY.value)
    if refusals not in {one.value for one in Refusals}:
        raise UsageError(f"{path}, line 1: refusals are {', '.join(one.value for one in Refusals)}, not {refusals!r}")
    turns = header.get("turns", "any")
    if turns not in ("kept", "any"):
        raise UsageError(f"{path}, line 1: turns are kept or any, not {turns!r}")
    limit = header.get("limit")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise UsageError(f"{path}, line 1: a limit is a number of octets, not {limit!r}")
    reading = {one.name: one for one in RECEIVE_POLICIES}.get(str(header.get("receive_policy", BOUNDED_WAIT.name)))
    if reading is None:
        known = ", ".join(one.name for one in RECEIVE_POLICIES)
        raise UsageError(f"{path}, line 1: receive policies are {known}, not {header['receive_policy']!r}")
    chosen: SendPolicy = load_policy(policy or str(header.get("policy", "DISCARD")))
    return Setting(chosen, Refusals(refusals), turns == "kept", receive_policy=reading, limit=limit)


class _Line:
    """One line, and what may stand in it."""

    def __init__(self, where: str, data: dict[str, Any]) -> None:
        self.where, self.data = where, data

    def wrong(self, what: str) -> UsageError:
        return UsageError(f"{self.where}: {what}")

    def number(self, name: str, default: int | None = None) -> int:
        value = self.data.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(f"{name} is a number, not {value!r}")
        return value

    def word(self, name: str, default: str | None = None) -> str:
        value = self.data.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(f"{name} is a string, not {value!r}")
        return value

    def yes(self, name: str) -> bool:
        value = self.data.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(f"{name} is true or false, not {value!r}")
        return value

    def part(self) -> bytes:
        if "hex" not in self.data:
            return self.word("part", "").encode()
        try:
            return bytes.fromhex(self.word("hex"))
        except ValueError:
            raise self.wrong(f"{self.data['hex']!r} is not hexadecimal") from None

    def value(self, value: object) -> Value:
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, dict) and set(value) == {"hex"}:
            return _Line(self.where, value).part()
        if isinstance(value, int):
            return int(value)
        raise self.wrong(f"the value of an option is a number, a string or hex, not {value!r}")


def _event(path: Path, number: int, data: dict[str, Any]) -> Event:
    line = _Line(f"{path}, line {number}", data)
    try:
        do = Do(line.word("do"))
    except ValueError:
        raise line.wrong(f"there is no {data['do']!r}; known are {', '.join(one.value for one in Do)}") from None
    unknown = set(data) - {"do", *FIELDS[do]}
    if unknown:
        raise line.wrong(f"{do.value} has no {', '.join(sorted(unknown))}")
    answer = line.word("answer", "ok")
    if answer not in ANSWERS:
        raise line.wrong(f"there is no answer {answer!r}; known are {', '.join(sorted(ANSWERS))}")
    options = data.get("options", {})
    if not isinstance(options, dict):
        raise line.wrong("options are an object")
    known = {name: line.value(value) for name, value in options.items()}
    return Event(
        do,
        line.number("socket") if "socket" in FIELDS[do] else -1,
        answer,
        line.part() if "part" in FIELDS[do] else b"",
        line.yes("more"),
        line.word("endpoint") if "endpoint" in FIELDS[do] else "",
        line.word(*next(((key,) for key in ("type", "site", "name") if key in FIELDS[do]), ("name", ""))),
        line.value(data.get("value")) if do == Do.OPTION else 0,
        tuple(known.items()),
        line.number("count", 0),
        line.number("times", 1),
        line.yes("waited"),
    )


# --- writing


def header(setting: Setting, by: str = "") -> str:
    """The first line of a file."""
    data: dict[str, Any] = {"format": FORMAT, "version": VERSION, "policy": setting.policy.name}
    data.update({"refusals": setting.refusals.value, "turns": "kept" if setting.in_turn else "any"})
    if setting.receive_policy != BOUNDED_WAIT:
        data["receive_policy"] = setting.receive_policy.name
    if setting.limit is not None:
        data["limit"] = setting.limit
    return json.dumps({**data, "by": by} if by else data)


def encoded(event: Event) -> str:
    """An event as a line of a file."""
    data: dict[str, Any] = {"do": event.do.value}
    every = {
        "socket": event.socket, "type": event.name, "site": event.name, "name": event.name, "endpoint": event.endpoint,
        "value": _value(event.value), "options": {name: _value(value) for name, value in event.options},
        "more": event.more, "count": event.count, "times": event.times, "answer": event.answer, "waited": event.waited,
    }  # fmt: skip
    for name in FIELDS[event.do]:
        if name == "part":
            shown = _value(event.part)
            data.update(shown if isinstance(shown, dict) else {"part": shown})
        elif (name in ("more", "waited", "options") and not every[name]) or (
            event.do == Do.RECEIVE and name == "count" and not event.count
        ) or (name == "answer" and _goes_without(event)):
            continue
        elif name != "hex":
            data[name] = every[name]
    if event.do == Do.RECEIVE and event.answer != "ok":
        data.pop("part", None)
    return json.dumps(data)


def _goes_without(event: Event) -> bool:
    """Is the answer that which nearly every such call has?"""
    return event.do in (Do.CREATE, Do.BIND) and event.answer == "ok"


def _value(value: Value) -> Any:
    if isinstance(value, int):
        return value
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return {"hex": value.hex()}
    return text if text.isprintable() else {"hex": value.hex()}
