"""A ZMTP peer of plain bytes: it says what a test tells it to, and nothing by itself. RFC 23 (3.0) and RFC 37 (3.1).

Its octets are those of the conformance suite, which shares nothing with ``model/wire``, so that the two can disagree.
"""

import contextlib
import socket
import struct
from select import select

from enomem.checks.conform import octets
from enomem.checks.conform.octets import COMMAND, GREETING, LONG, MORE, Stream, command, frame, message, prop

from .waiting import Served, until

__all__ = ["COMMAND", "GREETING", "HOST", "LONG", "MORE", "Listener", "Raw", "Stream"]
__all__ += ["command", "frame", "greeting", "message", "port", "prop", "ready"]

HOST = "127.0.0.1"


def greeting(minor: int = 1, mechanism: bytes = b"NULL", as_server: bool = False, major: int = 3) -> bytes:
    """The 64 octets that open a connection."""
    return octets.greeting((major, minor), mechanism, int(as_server))


def ready(kind: str, identity: bytes = b"", more: bytes = b"") -> bytes:
    """A READY command of this socket type, with an identity."""
    return octets.ready(kind, identity, more)


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
        """The next frame as (flags without LONG, body), waiting for it."""
        found = until(self.came.frame, "a frame reaches the raw peer", self, *others)
        return found.flags & ~LONG, found.body

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
