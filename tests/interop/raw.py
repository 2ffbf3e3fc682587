"""A ZMTP peer of plain bytes: it says what a test tells it to, and nothing by itself. RFC 23 (3.0) and RFC 37 (3.1).

Written apart from ``model/wire`` and sharing nothing with it, so that the two can disagree.
"""

import contextlib
import socket
import struct
from dataclasses import dataclass, field
from select import select

from .waiting import Served, until

MORE, LONG, COMMAND = 1, 2, 4
GREETING = 64
HOST = "127.0.0.1"


def greeting(minor: int = 1, mechanism: bytes = b"NULL", as_server: bool = False, major: int = 3) -> bytes:
    """The 64 octets that open a connection."""
    signature = b"\xff" + bytes(8) + b"\x7f"
    return signature + bytes([major, minor]) + mechanism.ljust(20, b"\0") + bytes([as_server]) + bytes(31)


def frame(body: bytes, flags: int = 0) -> bytes:
    """One frame, short where it can be."""
    if len(body) > 255 or flags & LONG:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return bytes([flags, len(body)]) + body


def message(*parts: bytes) -> bytes:
    """The frames of a message."""
    return b"".join(frame(part, MORE) for part in parts[:-1]) + frame(parts[-1])


def command(name: bytes, data: bytes = b"") -> bytes:
    """A command frame."""
    return frame(bytes([len(name)]) + name + data, COMMAND)


def prop(name: bytes, value: bytes) -> bytes:
    """One property of a READY command."""
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def ready(kind: str, identity: bytes = b"", more: bytes = b"") -> bytes:
    """A READY command of this socket type."""
    return command(b"READY", prop(b"Socket-Type", kind.encode()) + prop(b"Identity", identity) + more)


@dataclass
class Stream:
    """What came from the other side, cut into the greeting and frames."""

    data: bytearray = field(default_factory=bytearray)
    read: int = GREETING

    @property
    def greeting(self) -> bytes:
        """The greeting, as far as it has come."""
        return bytes(self.data[:GREETING])

    def frame(self) -> tuple[int, bytes] | None:
        """The next whole frame as (flags without LONG, body), None if it has not come yet."""
        head = 9 if len(self.data) > self.read and self.data[self.read] & LONG else 2
        if len(self.data) < self.read + head:
            return None
        flags, size = struct.unpack_from(">BQ" if head == 9 else ">BB", self.data, self.read)
        end = self.read + head + size
        if len(self.data) < end:
            return None
        body = bytes(self.data[self.read + head : end])
        self.read = end
        return flags & ~LONG, body


class Raw:
    """One TCP connection in the hands of the test."""

    def __init__(self, connection: socket.socket):
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection, self.came, self.ended = connection, Stream(), False

    @classmethod
    def connect(cls, endpoint: str) -> "Raw":
        """A connection to where a library has bound."""
        return cls(socket.create_connection((HOST, port(endpoint))))

    def serve(self, milliseconds: int) -> None:
        """Read what has come; a reset counts as an end."""
        if self.ended or not select([self.connection], [], [], milliseconds / 1000)[0]:
            return
        try:
            data = self.connection.recv(1 << 20)
        except ConnectionError:
            data = b""
        self.came.data += data
        self.ended = not data

    def send(self, data: bytes, *others: Served) -> None:
        """Send all of it, unless the other side has closed the connection."""
        left = memoryview(data)

        def some() -> bool:
            nonlocal left
            try:
                left = left[self.connection.send(left) :]
            except BlockingIOError:
                return False
            except ConnectionError:
                self.ended = True
            return self.ended or not left

        until(some, "the raw peer has sent", self, *others)

    def frame(self, *others: Served) -> tuple[int, bytes]:
        """The next frame, waiting for it."""
        return until(self.came.frame, "a frame reaches the raw peer", self, *others)

    def message(self, *others: Served) -> list[bytes]:
        """The next message, commands before it left out."""
        parts: list[bytes] = []
        while True:
            flags, body = self.frame(*others)
            if not flags & COMMAND:
                parts.append(body)
                if not flags & MORE:
                    return parts

    def command(self, name: bytes, *others: Served) -> bytes:
        """The data of the next command of that name, whatever comes before it left out."""
        mark = bytes([len(name)]) + name
        while True:
            flags, body = self.frame(*others)
            if flags & COMMAND and body.startswith(mark):
                return body[len(mark) :]

    def handshake(self, kind: str, *others: Served, minor: int = 1, identity: bytes = b"") -> bytes:
        """Greet, say READY, wait for the other's READY and return its metadata; then traffic may begin."""
        self.send(greeting(minor) + ready(kind, identity), *others)
        return self.command(b"READY", *others)

    def closed(self, *others: Served) -> None:
        """Wait until the other side has closed the connection."""
        until(lambda: self.ended, "the connection of the raw peer ends", self, *others)

    def finish(self) -> None:
        """Say that nothing more will come, and go on reading: the other side gets all that was sent."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End the connection."""
        self.connection.close()

    def reset(self) -> None:
        """End it as a killed peer with unread data does: RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Listener:
    """A port at which the test takes connections itself."""

    def __init__(self) -> None:
        self.listener = socket.create_server((HOST, 0))
        self.listener.setblocking(False)
        self.endpoint = f"tcp://{HOST}:{self.listener.getsockname()[1]}"

    def serve(self, milliseconds: int) -> None:
        """Wait for somebody to connect."""
        select([self.listener], [], [], milliseconds / 1000)

    def try_accept(self) -> Raw | None:
        """The next connection if there is one."""
        try:
            return Raw(self.listener.accept()[0])
        except BlockingIOError:
            return None

    def accept(self, *others: Served) -> Raw:
        """The next connection, waiting for it."""
        return until(self.try_accept, "somebody connects", self, *others)

    def close(self) -> None:
        """Take no more connections."""
        self.listener.close()


def port(endpoint: str) -> int:
    """The port of a TCP endpoint."""
    return int(endpoint.rpartition(":")[2])
