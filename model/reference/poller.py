"""Waiting for several sockets and descriptors, and copying from one to the other."""

from __future__ import annotations

import selectors
import time
from typing import Any

from .constants import Option, PollEvent, SocketType
from .errors import Again, ContextTerminated
from .sockets import DONTWAIT, SNDMORE, Socket


class Poller:
    """A set of sockets and descriptors with the events that are waited for."""

    def __init__(self) -> None:
        self._wanted: dict[Any, int] = {}

    @property
    def sockets(self) -> list[tuple[Any, int]]:
        """All of them with their events."""
        return list(self._wanted.items())

    def __contains__(self, socket: Any) -> bool:
        return socket in self._wanted

    def register(self, socket: Any, flags: int = PollEvent.POLLIN | PollEvent.POLLOUT) -> None:
        """Wait for ``flags`` at ``socket``; 0 takes it out."""
        if flags:
            self._wanted[socket] = int(flags)
        else:
            self._wanted.pop(socket, None)

    modify = register

    def unregister(self, socket: Any) -> None:
        """Take it out; KeyError if it is not there."""
        del self._wanted[socket]

    def poll(self, timeout: float | None = None) -> list[tuple[Any, int]]:
        """Wait at most ``timeout`` milliseconds; those to which something came, with what it was."""
        deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout / 1000
        with selectors.DefaultSelector() as waiting:
            ours = [(socket, flags) for socket, flags in self._wanted.items() if isinstance(socket, Socket)]
            for socket, _ in ours:
                waiting.register(socket.get(Option.FD), selectors.EVENT_READ, None)
            for other, flags in self._wanted.items():
                if not isinstance(other, Socket):
                    mask = (selectors.EVENT_READ if flags & PollEvent.POLLIN else 0) | (
                        selectors.EVENT_WRITE if flags & PollEvent.POLLOUT else 0
                    )
                    waiting.register(other, mask, other)
            while True:
                found: list[tuple[Any, int]] = []
                for socket, flags in ours:
                    events = socket.get(Option.EVENTS) & flags
                    if events:
                        found.append((socket, events))
                left = 0.0 if found else None if deadline is None else max(0.0, deadline - time.monotonic())
                for key, mask in waiting.select(left):
                    if key.data is not None:
                        events = (PollEvent.POLLIN if mask & selectors.EVENT_READ else 0) | (
                            PollEvent.POLLOUT if mask & selectors.EVENT_WRITE else 0
                        )
                        found.append((key.data, int(events)))
                if found or (deadline is not None and time.monotonic() >= deadline):
                    return found


def proxy(frontend: Socket, backend: Socket, capture: Socket | None = None) -> None:
    """Hand messages on between two sockets until the context is terminated."""
    poller = Poller()
    poller.register(frontend, PollEvent.POLLIN)
    poller.register(backend, PollEvent.POLLIN)
    try:
        while True:
            for source, _ in poller.poll():
                hand_on(source, backend if source is frontend else frontend, capture)
    except ContextTerminated:
        return


def hand_on(source: Socket, sink: Socket, capture: Socket | None) -> None:
    """Hand one message on, if there is one."""
    try:
        message = source.recv_multipart(DONTWAIT)
    except Again:
        return
    if capture is not None:
        capture.send_multipart(message)
    if sink.get(Option.TYPE) != SocketType.PULL:
        sink.send_multipart(message)


__all__ = ["SNDMORE", "Poller", "hand_on", "proxy"]
