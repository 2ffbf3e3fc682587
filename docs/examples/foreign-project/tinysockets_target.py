"""What enomem is told about tinysockets: how each of its calls is made. This is all that there is to write."""

from __future__ import annotations

from collections.abc import Mapping

import tinysockets

from enomem.checks.targets.base import Sockets
from enomem.checks.targets.target import ANYWHERE, Can, Received, Refused, Said, Value


class Tinysockets(Sockets):
    """Parts are gathered until the last one comes, since tinysockets sends whole messages."""

    name = "tinysockets"
    version = tinysockets.__version__
    types = frozenset(tinysockets.KINDS)
    cans = frozenset({Can.ABORT})

    def __init__(self) -> None:
        self.sockets: list[tinysockets.Socket] = []
        self.unsent: dict[int, list[bytes]] = {}
        self.unread: dict[int, list[bytes]] = {}

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        if kind not in self.types:
            raise Refused(Said.INVALID)
        self.sockets.append(tinysockets.Socket(kind))
        number = len(self.sockets) - 1
        for name, value in (options or {}).items():
            if self.option(number, name, value) is not Said.OK:
                self.sockets.pop().close()
                raise Refused(Said.INVALID)
        return number

    def option(self, socket: int, name: str, value: Value) -> Said:
        if name != "SNDHWM" or not isinstance(value, int):
            return Said.INVALID
        self.sockets[socket].most = value
        return Said.OK

    def bind(self, socket: int, endpoint: str = ANYWHERE) -> str:
        return self.sockets[socket].listen(endpoint)

    def connect(self, socket: int, endpoint: str) -> Said:
        self.sockets[socket].call(endpoint)
        return Said.OK

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        message = [*self.unsent.get(socket, []), part]
        if not more:
            try:
                self.sockets[socket].put(message, wait / 1000)
            except tinysockets.Busy:
                return Said.AGAIN
            message = []
        self.unsent[socket] = message
        return Said.OK

    def receive(self, socket: int, wait: int = 0) -> Received:
        if not self.unread.get(socket):
            try:
                self.unread[socket] = self.sockets[socket].get(wait / 1000)
            except tinysockets.Busy:
                return Received(Said.AGAIN)
        part = self.unread[socket].pop(0)
        return Received(Said.OK, part, more=bool(self.unread[socket]))

    def abort(self, socket: int) -> Said:
        self.unsent.pop(socket, None)
        return Said.OK

    def close(self, socket: int) -> None:
        self.sockets[socket].close()

    def reset(self) -> None:
        for socket in self.sockets:
            socket.close()
        for kept in (self.sockets, self.unsent, self.unread):
            kept.clear()

    def end(self) -> None:
        self.reset()


class Forgetful(Tinysockets):
    """Tinysockets with a defect: what was aborted is sent all the same, in front of the next message."""

    def abort(self, socket: int) -> Said:  # noqa: ARG002 - that is the defect
        return Said.OK
