"""Python libraries with the names of pyzmq as targets: what they have in common, and pyomq (Rust). See ``libzmq``.

They run in the calling process, and can end it: where that must not happen, they are asked through `process`.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from .answers import answered, made
from .base import Sockets
from .target import ANYWHERE, Can, Received, Refused, Said, Value

TYPES = ("PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB")
MOMENT_MS = 5
"""How long is waited for news of peers at most; between two such waits the sockets are called."""


class Library(Sockets):
    """Sockets of a module with the names of pyzmq; a socket's timeouts say how long a call waits."""

    module_name = ""
    install = ""

    def __init__(self) -> None:
        try:
            self.zmq: Any = importlib.import_module(self.module_name)
        except ImportError as error:
            raise UsageError(f"{self.name} cannot be imported ({error}): {self.install}") from error
        self.types = frozenset(kind for kind in TYPES if hasattr(self.zmq, kind))
        self.error: type[Exception] = self.zmq.ZMQError
        self._context: Any = None
        self._sockets: list[Any] = []
        self._timeouts: list[dict[str, int]] = []

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        """Make a socket in the only context."""
        if kind not in self.types:
            raise Refused(Said.INVALID)
        if self._context is None:
            self._context = self.zmq.Context()
        found: list[Any] = []
        made(lambda: found.append(self._context.socket(getattr(self.zmq, kind))), self.error)
        for name, value in {"LINGER": 0, **(options or {})}.items():
            how = self._set(found[0], name, value)
            if how is not Said.OK:
                found[0].close(0)
                raise Refused(how)
        self._sockets += found
        self._timeouts.append({})
        return len(self._sockets) - 1

    def option(self, socket: int, name: str, value: Value) -> Said:
        """Set a socket option; one that the module does not know is EINVAL."""
        return self._set(self._sockets[socket], name, value)

    def _set(self, socket: Any, name: str, value: Value) -> Said:
        number = getattr(self.zmq, name, None)
        if number is None:
            return Said.INVALID
        return answered(lambda: socket.setsockopt(number, value), self.error)

    def bind(self, socket: int, endpoint: str = ANYWHERE) -> str:
        """Bind."""
        own = self._sockets[socket]
        made(lambda: own.bind(endpoint), self.error)
        where = own.getsockopt(self.zmq.LAST_ENDPOINT)
        return where.decode().rstrip("\0") if isinstance(where, bytes) else str(where)

    def connect(self, socket: int, endpoint: str) -> Said:
        """Connect."""
        return answered(lambda: self._sockets[socket].connect(endpoint), self.error)

    def unbind(self, socket: int, endpoint: str) -> Said:
        """Stop listening at an endpoint."""
        return answered(lambda: self._sockets[socket].unbind(endpoint), self.error)

    def disconnect(self, socket: int, endpoint: str) -> Said:
        """Disconnect from an endpoint."""
        return answered(lambda: self._sockets[socket].disconnect(endpoint), self.error)

    def _wait(self, socket: int, name: str, wait: int) -> None:
        """Have the next call wait so long."""
        if self._timeouts[socket].get(name) != wait:
            self._timeouts[socket][name] = wait
            self._sockets[socket].setsockopt(getattr(self.zmq, name), wait)

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        """Send one part."""
        self._wait(socket, "SNDTIMEO", wait)
        return answered(lambda: self._sockets[socket].send(part, self.zmq.SNDMORE if more else 0), self.error)

    def receive(self, socket: int, wait: int = 0) -> Received:
        """Receive one part."""
        own = self._sockets[socket]
        self._wait(socket, "RCVTIMEO", wait)
        got: list[bytes] = []
        how = answered(lambda: got.append(own.recv()), self.error)
        if how is not Said.OK:
            return Received(how)
        return Received(how, got[0], bool(own.getsockopt(self.zmq.RCVMORE)))

    def peers(self, socket: int, count: int, wait: int) -> bool:
        """Wait until so many peers are there; the sockets are called meanwhile, to take them in."""
        deadline = time.monotonic() + wait / 1000
        while True:
            left = max(0, int((deadline - time.monotonic()) * 1000))
            if self.known_peers(socket, min(MOMENT_MS, left)) >= count:
                return True
            if left == 0:
                return False

    def known_peers(self, socket: int, milliseconds: int) -> int:
        """How many peers have shaken hands; where they may change, that is waited for, so long at most."""
        raise NotImplementedError

    def close(self, socket: int) -> None:
        """Close a socket at once."""
        self._sockets[socket].close(0)

    def reset(self) -> None:
        """Close all sockets, and be as new."""
        self.end()

    def end(self) -> None:
        """Close all sockets, and terminate the context."""
        for number, socket in enumerate(self._sockets):
            if not socket.closed:
                self.close(number)
        self._sockets.clear()
        self._timeouts.clear()
        if self._context is not None:
            self._context.term()
            self._context = None


class Pyomq(Library):
    """pyomq: an engine of its own, in Rust, which knows its connections."""

    name = "pyomq"
    module_name = "pyomq"
    install = "pip install pyomq"
    cans = frozenset({Can.DISCONNECT, Can.PEERS})

    def __init__(self) -> None:
        super().__init__()
        self.version = str(self.zmq.pyomq_version())

    def known_peers(self, socket: int, milliseconds: int) -> int:
        """Those connections that have shaken hands."""
        # Nothing can be waited for: the module looks after its connections in threads of its own.
        time.sleep(milliseconds / 1000)
        return len(self._sockets[socket].connections())
