"""Messages as lines of text, both ways: what the command line prints of a message, and reads as one.

=========  =====================================================================================================
ascii      parts separated by tabs; what is not printable ASCII is shown as a dot. Lines are read as they are
hex        parts in hexadecimal, separated by blanks; an empty part is ``-``
json       an array of texts; a part that is not UTF-8 is ``{"hex": "ff"}``
jsonl      ``{"frames": ["68656c6c6f", ""]}``: every part in hexadecimal
=========  =====================================================================================================

hex, json and jsonl lose nothing: what is read from what was printed is the same message. ascii is for people.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError

Message = list[bytes]
EMPTY = "-"
HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
DOTTED = bytes(octet if 32 <= octet < 127 else ord(".") for octet in range(256))
SHOWN = 60
"""Characters of a bad line that an error shows."""


class BadLine(UsageError):
    """A line that is no message in the format that was asked for."""


@dataclass(frozen=True)
class Format:
    """How a message is written as a line, without its end, and read from one; None for a line without a message."""

    write: Callable[[Sequence[bytes]], bytes]
    read: Callable[[bytes], Message | None]


def _octets(text: object, what: str = "a part") -> bytes:
    if not isinstance(text, str):
        raise BadLine(f"{what} is {json.dumps(text)[:SHOWN]}, not a text in hexadecimal")
    if not HEX.fullmatch(text):
        raise BadLine(f"{what} is {text[:SHOWN]!r}, not pairs of hexadecimal digits")
    return bytes.fromhex(text)


def _write_ascii(message: Sequence[bytes]) -> bytes:
    return b"\t".join(part.translate(DOTTED) for part in message)


def _write_hex(message: Sequence[bytes]) -> bytes:
    return " ".join(part.hex() or EMPTY for part in message).encode()


def _read_hex(line: bytes) -> Message | None:
    words = line.decode("latin-1").split()
    return [b"" if word == EMPTY else _octets(word) for word in words] or None


def _as_json(part: bytes) -> object:
    try:
        return part.decode()
    except UnicodeDecodeError:
        return {"hex": part.hex()}


def _write_json(message: Sequence[bytes]) -> bytes:
    return json.dumps([_as_json(part) for part in message], ensure_ascii=False).encode()


def _of_json(part: Any) -> bytes:
    if isinstance(part, str):
        try:
            return part.encode()
        except UnicodeEncodeError:
            raise BadLine("a part has half a surrogate pair, which UTF-8 cannot say") from None
    if isinstance(part, dict) and list(part) == ["hex"]:
        return _octets(part["hex"])
    raise BadLine(f'a part is {json.dumps(part)[:SHOWN]}, neither a text nor {{"hex": "..."}}')


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise BadLine(f"{line[:SHOWN].decode(errors='replace')!r} is not JSON: {said}") from None


def _parts(found: object, what: str) -> list[Any]:
    if not isinstance(found, list):
        raise BadLine(f"{what} is {json.dumps(found)[:SHOWN]}, not an array of parts")
    if not found:
        raise BadLine(f"{what} is an empty array, and a message has at least one part")
    return found


def _read_json(line: bytes) -> Message | None:
    if not line.strip():
        return None
    return [_of_json(part) for part in _parts(_loaded(line), "the line")]


def _write_jsonl(message: Sequence[bytes]) -> bytes:
    return json.dumps({"frames": [part.hex() for part in message]}).encode()


def _read_jsonl(line: bytes) -> Message | None:
    if not line.strip():
        return None
    found = _loaded(line)
    if not isinstance(found, dict) or "frames" not in found:
        raise BadLine(f'{json.dumps(found)[:SHOWN]} is not {{"frames": [...]}}')
    return [_octets(part, "a frame") for part in _parts(found["frames"], "frames")]


FORMATS = {
    "ascii": Format(_write_ascii, lambda line: line.split(b"\t")),
    "hex": Format(_write_hex, _read_hex),
    "json": Format(_write_json, _read_json),
    "jsonl": Format(_write_jsonl, _read_jsonl),
}


def of_arguments(texts: Sequence[str], form: str) -> Message:
    """A message whose parts were arguments: the octets that the shell passed, or with ``hex`` what they spell."""
    if form == "hex":
        return [b"" if text in (EMPTY, "") else _octets(text) for text in texts]
    return [os.fsencode(text) for text in texts]
