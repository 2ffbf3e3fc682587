"""Frames: messages and commands to octets, and what may stand in a frame's header.

A frame is an octet of flags, a size of one octet or of eight, and the body. Reading frames out of a stream is the
decoder's; what the body of a command says stands in ``commands``.
"""

from collections.abc import Sequence
from struct import Struct

from ..rules import Rule
from .errors import PeerError

MORE, LONG, COMMAND = 1, 2, 4
RESERVED = 0xF8
SHORT_MOST = 255
"""Octets that a short frame can hold."""
SHORT_HEAD, LONG_HEAD = 2, 9
"""Octets of a header."""
SIZE_MOST = (1 << 63) - 1
JOIN_MOST = 8192
"""Bodies of up to so many octets are copied behind their header; larger ones are written from where they lie."""

_pack = Struct(">BQ").pack
_LAST = tuple(bytes((0, size)) for size in range(SHORT_MOST + 1))
_MORE = tuple(bytes((MORE, size)) for size in range(SHORT_MOST + 1))


def header(size: int, flags: int = 0) -> bytes:
    """The header of a frame with a body of ``size`` octets: the short form wherever it will do (WIRE-8)."""
    if size <= SHORT_MOST:
        return bytes((flags, size))
    return _pack(flags | LONG, size)


def encode(parts: Sequence[bytes]) -> list[bytes]:
    """The frames of one message of at least one part, as buffers to be written one after the other.

    Small bodies are joined with their headers, a large one (`JOIN_MOST`) is a buffer by itself, the very object.
    """
    if len(parts) == 1:
        body = parts[0]
        size = len(body)
        if size <= SHORT_MOST:
            return [_LAST[size] + body]
        if size <= JOIN_MOST:
            return [_pack(LONG, size) + body]
        return [_pack(LONG, size), body]
    fragments: list[bytes] = []
    if add(fragments, parts):
        return _joined(fragments)
    return [b"".join(fragments)]


def add(fragments: list[bytes], parts: Sequence[bytes]) -> bool:
    """Append the headers and bodies of one message to ``fragments``, joining none; is any of them large?

    For who writes many messages at once and joins, or hands to ``sendmsg``, all of them.
    """
    append = fragments.append
    size, large = 0, False
    for body in parts:
        size = len(body)
        if size <= SHORT_MOST:
            append(_MORE[size])
        else:
            append(_pack(LONG | MORE, size))
            if size > JOIN_MOST:
                large = True
        append(body)
    fragments[-2] = _LAST[size] if size <= SHORT_MOST else _pack(LONG, size)
    return large


def _joined(fragments: list[bytes]) -> list[bytes]:
    """The same octets in fewer buffers: what lies between large bodies becomes one."""
    found: list[bytes] = []
    start = 0
    for at in range(1, len(fragments), 2):
        if len(fragments[at]) > JOIN_MOST:
            found += b"".join(fragments[start:at]), fragments[at]
            start = at + 1
    if start < len(fragments):
        found.append(b"".join(fragments[start:]))
    return found


def encode_command(name: bytes, data: bytes = b"") -> bytes:
    """A command's frame: its ``name`` of 1 to 255 octets, and what it says."""
    return header(1 + len(name) + len(data), COMMAND) + bytes((len(name),)) + name + data


def check_flags(flags: int) -> None:
    """The first octet of a frame: no reserved bit (WIRE-9), and a command is never continued (WIRE-10)."""
    if flags & RESERVED:
        raise PeerError(Rule.WIRE_9, f"a frame has reserved bits set: flags 0x{flags:02x}")
    if flags & COMMAND and flags & MORE:
        raise PeerError(Rule.WIRE_10, f"a command announces more frames: flags 0x{flags:02x}")


def check_size(size: int) -> None:
    """The size field of a long frame: its uppermost bit is zero (WIRE-11)."""
    if size > SIZE_MOST:
        raise PeerError(Rule.WIRE_11, f"a frame announces 2^63 octets or more: {size}")
