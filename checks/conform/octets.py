"""Octets of ZMTP, written out: what a peer of the testee sends, well formed or not, and its reading of what comes back.

Nothing of this is ``model/wire``, on purpose: where the reference is the testee, a defect of its codec would be on both
sides and cancel out. ``tests/test_conform_octets.py`` holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import pack, unpack_from

MORE, LONG, COMMAND = 1, 2, 4
GREETING = 64
KEPT = 1 << 24
"""So many octets of frames that were read are kept at most."""
OLDER_GREETING = 11
"""Octets of a greeting after which its major version is known."""


def greeting(
    version: tuple[int, int] = (3, 1),
    mechanism: bytes = b"NULL",
    role: int = 0,
    padding: bytes = bytes(8),
    filler: bytes = bytes(31),
) -> bytes:
    """The 64 octets that open a connection (RFC 37 "Formal Grammar")."""
    signature = b"\xff" + padding + b"\x7f"
    return signature + bytes(version) + mechanism.ljust(20, b"\0") + bytes([role]) + filler


def frame(body: bytes, flags: int = 0) -> bytes:
    """One frame, short where it can be; with the flag LONG it is long whatever its size."""
    if len(body) > 255 or flags & LONG:
        return pack(">BQ", flags | LONG, len(body)) + body
    return bytes([flags, len(body)]) + body


def announced(size: int, flags: int = 0) -> bytes:
    """The header of a long frame whose body never comes."""
    return pack(">BQ", flags | LONG, size)


def message(*parts: bytes) -> bytes:
    """The frames of a message."""
    return b"".join(frame(part, MORE) for part in parts[:-1]) + frame(parts[-1])


def command(name: bytes, data: bytes = b"") -> bytes:
    """A command frame."""
    return frame(bytes([len(name)]) + name + data, COMMAND)


def prop(name: bytes, value: bytes) -> bytes:
    """One property of metadata."""
    return bytes([len(name)]) + name + pack(">I", len(value)) + value


def metadata(kind: str, identity: bytes | None = None, more: bytes = b"") -> bytes:
    """The properties that a peer of a socket type has; an identity where it is given or the type has one."""
    if identity is None and kind in ("REQ", "DEALER", "ROUTER"):
        identity = b""
    said = b"" if identity is None else prop(b"Identity", identity)
    return prop(b"Socket-Type", kind.encode()) + said + more


def ready(kind: str, identity: bytes | None = None, more: bytes = b"") -> bytes:
    """A READY command of a socket type."""
    return command(b"READY", metadata(kind, identity, more))


def ping(context: bytes = b"", ttl: int = 0) -> bytes:
    """A PING with its time to live in tenths of a second."""
    return command(b"PING", pack(">H", ttl) + context)


def properties(data: bytes) -> dict[str, bytes]:
    """The properties of well-formed metadata, by their names in lower case; ValueError if it is not well formed."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        if name_end + 4 > len(data):
            raise ValueError("the metadata ends within a property")
        (size,) = unpack_from(">I", data, name_end)
        value_end = name_end + 4 + size
        if value_end > len(data):
            raise ValueError("the metadata ends within a value")
        found.setdefault(data[at + 1 : name_end].decode("latin-1").lower(), data[name_end + 4 : value_end])
        at = value_end
    return found


@dataclass(frozen=True)
class Frame:
    """One frame as it came: all bits of ``flags``, how many octets its header had, and the body."""

    flags: int
    head: int
    body: bytes

    @property
    def name(self) -> bytes:
        """The name of a command, empty of a message's frame and of a command that has none."""
        if not self.flags & COMMAND or not self.body:
            return b""
        return self.body[1 : 1 + self.body[0]]

    @property
    def data(self) -> bytes:
        """What stands behind a command's name."""
        return self.body[1 + self.body[0] :] if self.body else b""

    def __str__(self) -> str:
        if self.name:
            return f"{self.name.decode('latin-1')}({self.data.hex() if len(self.data) < 20 else '...'})"
        shown = repr(self.body) if len(self.body) <= 20 else f"{len(self.body)} octets"
        return shown + (" MORE" if self.flags & MORE else "")


@dataclass
class Stream:
    """What came from the testee, in order: its greeting and then frames."""

    data: bytearray = field(default_factory=bytearray)
    read: int = GREETING

    @property
    def greeting(self) -> bytes:
        """The greeting, as far as it has come."""
        return bytes(self.data[:GREETING])

    def frame(self) -> Frame | None:
        """The next whole frame; None if it has not come yet."""
        head = 9 if len(self.data) > self.read and self.data[self.read] & LONG else 2
        if len(self.data) < self.read + head:
            return None
        flags, size = unpack_from(">BQ" if head == 9 else ">BB", self.data, self.read)
        end = self.read + head + size
        if len(self.data) < end:
            return None
        body = bytes(self.data[self.read + head : end])
        self.read = end
        if end > KEPT:
            # Of a testee that sends on and on only the greeting is kept.
            del self.data[GREETING:end]
            self.read = GREETING
        return Frame(flags, head, body)
