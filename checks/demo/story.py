"""What one run of the demonstration's program was: the messages, and the sequence diagram, from what was told."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..words import mermaid

APPLICATION, SOCKET, RECEIVER = "application", "socket", "receiver"
ACTORS = (APPLICATION, SOCKET, RECEIVER)


@dataclass(frozen=True)
class Arrow:
    """A call, its answer (``dashed``), or a message."""

    start: str
    end: str
    text: str
    dashed: bool = False


@dataclass(frozen=True)
class Note:
    """Something to say of one of them."""

    over: str
    text: str


Picture = Sequence[Arrow | Note]


@dataclass(frozen=True)
class Story:
    """One run: which messages the application began, which of them were accepted whole, and what was received."""

    library: str
    version: str
    limit: int
    begun: tuple[tuple[str, ...], ...]
    accepted: tuple[tuple[str, ...], ...]
    received: tuple[tuple[str, ...], ...]
    picture: tuple[Arrow | Note, ...]

    @property
    def unsent(self) -> tuple[tuple[str, ...], ...]:
        """The messages that were received and that nobody sent."""
        return tuple(message for message in self.received if message not in self.accepted)


def told(lines: Iterable[Mapping[str, Any]]) -> Story:
    """The story of what a child told."""
    begin: Mapping[str, Any] = {"library": "?", "version": "?", "limit": 0}
    message: list[str] = []
    begun, accepted, received = [], [], []
    picture: list[Arrow | Note] = []
    for line in lines:
        match line["event"]:
            case "begin":
                begin = line
            case "send":
                message.append(line["part"])
                picture += _call(line)
                if line["errno"] is not None or not line["more"]:
                    begun.append(tuple(message))
                    accepted += [tuple(message)] if line["errno"] is None else []
                    message = []
            case "received":
                received.append(tuple(line["parts"]))
                picture += [Arrow(SOCKET, RECEIVER, shown(line["parts"])), *_judged(line["parts"], accepted)]
    return Story(
        begin["library"], begin["version"], begin["limit"], tuple(begun), tuple(accepted), tuple(received),
        tuple(picture),
    )  # fmt: skip


def _call(line: Mapping[str, Any]) -> list[Arrow | Note]:
    size = f" of {line['size'] >> 20} MiB" if line["size"] else ""
    more = ", SNDMORE" if line["more"] else ""
    answer = "ok" if line["errno"] is None else errno.errorcode.get(line["errno"], str(line["errno"]))
    rule = f" [{line['rule']}]" if line["rule"] else ""
    return [
        Arrow(APPLICATION, SOCKET, f"send({line['part']}{size}{more})"),
        Arrow(SOCKET, APPLICATION, answer + rule, dashed=True),
    ]


def _judged(parts: Sequence[str], accepted: Sequence[tuple[str, ...]]) -> list[Arrow | Note]:
    return [Note(RECEIVER, "as it was sent" if tuple(parts) in accepted else "nobody sent this message")]


def shown(parts: Sequence[str]) -> str:
    """A message in brackets."""
    return f"[{', '.join(parts)}]"


# --- the two ways to draw it


def as_mermaid(picture: Picture) -> str:
    """A Mermaid sequence diagram."""
    lines = ["sequenceDiagram", *(f"    participant {actor}" for actor in ACTORS)]
    for item in picture:
        if isinstance(item, Note):
            lines.append(f"    Note over {item.over}: {mermaid.clear(item.text)}")
        else:
            arrow = "-->>" if item.dashed else "->>"
            lines.append(f"    {item.start}{arrow}{item.end}: {mermaid.clear(item.text)}")
    return "\n".join(lines)


GAP = 32
"""Columns between two lifelines: the longest text of the program stands between them."""


def as_text(picture: Picture) -> str:
    """The same for a terminal: a line for the words, and one for the arrow."""
    edge = len(APPLICATION) // 2
    columns = {actor: edge + number * GAP for number, actor in enumerate(ACTORS)}
    lines = [_placed({column - len(actor) // 2: actor for actor, column in columns.items()})]
    for item in picture:
        lifelines = dict.fromkeys(columns.values(), "│")
        if isinstance(item, Note):
            lines.append(_placed({**lifelines, columns[item.over] + 2: f"({item.text})"}))
            continue
        start, end = columns[item.start], columns[item.end]
        left = min(start, end)
        lines.append(_placed({**lifelines, left + 2: item.text}))
        line = ("─ " * GAP if item.dashed else "─" * GAP)[: GAP - 2]
        lines.append(_placed({**lifelines, left + 1: f"{line}>" if start < end else f"<{line}"}))
    return "\n".join(lines)


def _placed(words: Mapping[int, str]) -> str:
    """Each word at its column; one that stands further right gives way to what is longer."""
    line = ""
    for column in sorted(words):
        line = line.ljust(column) + words[column] if len(line) <= column else line
    return line.rstrip()
