"""One thin adapter for each library: the same few calls, none of which blocks, whatever the library's own habits."""

import errno
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from . import waiting

Parts = list[bytes]
ANYWHERE = "tcp://127.0.0.1:*"


class End:
    """One socket in a context of its own, so that closing it ends all that it ever started; or ``beside`` another."""

    refused: str
    lost: str

    def __init__(self, library: "Library", kind: str, options: dict[str, Any], beside: "End | None" = None):
        self.library, self.zmq, self.kind, self.beside = library, library.module, kind, beside
        of_the_context = {name: options.pop(name) for name in list(options) if name.islower()}
        self.context = self.zmq.Context(**of_the_context) if beside is None else beside.context
        self.socket = self.context.socket(getattr(self.zmq, kind))
        self.closed = False
        self.seen: list[str] = []
        try:
            self.set(LINGER=0, SNDTIMEO=0, RCVTIMEO=0, **options)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<{self.library.name} {self.kind}>"

    def set(self, **options: Any) -> None:
        """Set socket options by their names in pyzmq."""
        for name, value in options.items():
            self.socket.setsockopt(getattr(self.zmq, name), value)

    def bind(self, endpoint: str = ANYWHERE) -> str:
        """Bind, and say where."""
        self.socket.bind(endpoint)
        where = self.socket.getsockopt(self.zmq.LAST_ENDPOINT)
        return where.decode() if isinstance(where, bytes) else where

    def connect(self, endpoint: str) -> None:
        self.socket.connect(endpoint)

    def serve(self, milliseconds: int) -> None:
        """Be inside a call on the socket until there is something to receive, or until the time is over."""
        self.socket.poll(milliseconds)

    def try_send(self, parts: Parts) -> bool:
        """Send a whole message if the socket takes it now."""
        try:
            self.socket.send_multipart(parts, self.library.dontwait)
        except self.zmq.Again:
            return False
        return True

    def try_receive(self) -> Parts | None:
        """The next whole message, None if there is none yet."""
        try:
            return self.socket.recv_multipart(self.library.dontwait)
        except self.zmq.Again:
            return None

    def send(self, parts: Parts, *others: waiting.Served) -> None:
        """Send a whole message, waiting for room."""
        waiting.until(lambda: self.try_send(parts), f"{self} takes a message", self, *others)

    def receive(self, *others: waiting.Served) -> Parts:
        """The next whole message, waiting for it."""
        received: list[Parts] = []

        def look() -> bool:
            message = self.try_receive()
            if message is not None:
                received.append(message)
            return message is not None

        waiting.until(look, f"{self} receives a message", self, *others)
        return received[0]

    def reachable(self, parts: Parts) -> bool:
        """Send to a routing id (ROUTER_MANDATORY is set) if it is known yet."""
        try:
            return self.try_send(parts)
        except getattr(self.zmq, "ZMQError", OSError) as error:
            if error.errno != errno.EHOSTUNREACH:
                raise
            return False

    def held(self) -> int:
        """Octets that the context still holds, where the library tells."""
        return self.context.memory().used if hasattr(self.context, "memory") else 0

    def failure(self) -> BaseException | None:
        """What ended the library's own thread, where the library tells."""
        return getattr(self.context, "failure", None)

    def let_in(self, users: dict[str, str]) -> None:
        """Be a PLAIN server that knows these names and passwords."""
        raise NotImplementedError

    def watch(self) -> None:
        """Begin to note what becomes of the connections."""
        raise NotImplementedError

    def news(self) -> Iterator[str]:
        """What a monitor has noted since the last call, in its library's words."""
        raise NotImplementedError

    def refusals(self) -> list[str]:
        """The failed handshakes that were noted and not yet asked for."""
        return self._noted(self.refused)

    def losses(self) -> list[str]:
        """The connections that ended, noted and not yet asked for."""
        return self._noted(self.lost)

    def _noted(self, word: str) -> list[str]:
        self.seen += self.news()
        found = [note for note in self.seen if word in note]
        self.seen = [note for note in self.seen if word not in note]
        return found

    def close(self) -> None:
        """Close the socket and its context, and return when nothing of it is left."""
        if not self.closed:
            self.closed = True
            self.socket.close(0)
            if self.beside is None:
                self.context.term()


class Pyzmq(End):
    """libzmq asks a ZAP handler for passwords (RFC 27): one is served here, in the test's only thread."""

    refused, lost = "HANDSHAKE_FAILED", "DISCONNECTED"
    zap: Any = None
    monitor: Any = None

    def let_in(self, users: dict[str, str]) -> None:
        self.zap = self.context.socket(self.zmq.REP)
        self.zap.linger = 0
        self.zap.bind("inproc://zeromq.zap.01")
        self.users = {name.encode(): password.encode() for name, password in users.items()}

    def serve(self, milliseconds: int) -> None:
        if self.zap is not None and self.zap.poll(0):
            _, request, *_, mechanism, name, password = self.zap.recv_multipart()
            good = mechanism == b"PLAIN" and self.users.get(name) == password
            status = [b"200", b"", name] if good else [b"400", b"not this one", b""]
            self.zap.send_multipart([b"1.0", request, *status, b""])
        super().serve(milliseconds)

    def watch(self) -> None:
        self.monitor = self.socket.get_monitor_socket()

    def news(self) -> Iterator[str]:
        from zmq.utils.monitor import recv_monitor_message

        while self.monitor.poll(0):
            yield self.zmq.Event(recv_monitor_message(self.monitor)["event"]).name

    def close(self) -> None:
        for helper in (self.zap, self.monitor):
            if helper is not None:
                helper.close(0)
        super().close()


class Pyomq(End):
    """Passwords and events in the manner of pyomq."""

    refused, lost = "handshake_failed", "disconnected"
    monitor: Any = None

    def let_in(self, users: dict[str, str]) -> None:
        self.socket.set_plain_auth(list(users.items()))

    def watch(self) -> None:
        self.monitor = self.socket.monitor()

    def news(self) -> Iterator[str]:
        while True:
            try:
                yield self.monitor.recv_nowait()["event"]
            except self.zmq.ZMQError as error:
                if error.errno != errno.EAGAIN:
                    raise
                return


class Enomem(End):
    """The subject."""

    refused, lost = "handshake failed", "disconnected"

    def let_in(self, users: dict[str, str]) -> None:
        known = {name.encode(): password.encode() for name, password in users.items()}
        self.socket.set_plain_auth(lambda name, password: known.get(name) == password)

    def watch(self) -> None:
        self.socket.monitor_events()

    def news(self) -> Iterator[str]:
        return (f"{event.kind.value}: {event.reason}" for event in self.socket.monitor_events())


@dataclass(frozen=True)
class Library:
    """A library, and how it has to be asked not to wait."""

    name: str
    module: ModuleType
    end: type[End]
    dontwait: int
    """The flag of a call that shall not wait; 0 where a timeout of 0 on the socket does better."""

    def __str__(self) -> str:
        return self.name

    def open(self, kind: str, beside: End | None = None, **options: Any) -> End:
        """A new socket of this kind (``"PUSH"``), with options by their names in pyzmq; lower case is the context's."""
        return self.end(self, kind, options, beside)


ENDS: dict[str, tuple[str, type[End]]] = {
    "enomem": ("enomem", Enomem),
    "pyzmq": ("zmq", Pyzmq),
    "pyomq": ("pyomq", Pyomq),
}


def library(name: str) -> Library:
    """The library of that name, or ImportError.

    pyomq 0.21 answers an empty receive with DONTWAIT by EIO, and waits in a send in spite of DONTWAIT; a timeout of 0
    works for both.
    """
    module_name, end = ENDS[name]
    module = importlib.import_module(module_name)
    return Library(name, module, end, 0 if name == "pyomq" else module.DONTWAIT)
