"""Waiting for several sockets and descriptors, and copying from one to the other."""

from __future__ import annotations

import contextlib
import selectors
import threading
import time
from typing import Any

from .constants import Option, PollEvent, SocketType
from .errors import Again, ContextTerminated
from .signalling import Signal
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
        ours = [(socket, flags) for socket, flags in self._wanted.items() if isinstance(socket, Socket)]
        others = [(other, flags) for other, flags in self._wanted.items() if not isinstance(other, Socket)]
        with Watch(others) if others else contextlib.nullcontext(Nap()) as waiting, contextlib.ExitStack() as after:
            for socket, _ in ours:
                after.callback(socket.awaited, waiting, False)
            while True:
                # Told of changes first, so that none between the look and the wait is missed.
                for socket, _ in ours:
                    socket.awaited(waiting, True)
                found = [(socket, events) for socket, flags in ours if (events := socket.get(Option.EVENTS) & flags)]
                left = 0.0 if found else None if deadline is None else max(0.0, deadline - time.monotonic())
                found += waiting.wait(left)
                if found or (deadline is not None and time.monotonic() >= deadline):
                    return found


class Nap:
    """Waits for a change of one of several sockets; any thread may tell of one, more than once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def release(self) -> None:
        """Something changed."""
        with contextlib.suppress(RuntimeError):
            # It is released already.
            self._lock.release()

    def wait(self, seconds: float | None) -> list[tuple[Any, int]]:
        """Wait for a change, at most so long; nothing else is waited for."""
        self._lock.acquire(timeout=-1 if seconds is None else min(seconds, threading.TIMEOUT_MAX))
        return []


class Watch:
    """Waits for a change of one of several sockets, or for a descriptor."""

    def __init__(self, others: list[tuple[Any, int]]) -> None:
        self._changed = Signal()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._changed.descriptor, selectors.EVENT_READ, None)
        try:
            for other, flags in others:
                mask = (selectors.EVENT_READ if flags & PollEvent.POLLIN else 0) | (
                    selectors.EVENT_WRITE if flags & PollEvent.POLLOUT else 0
                )
                self._selector.register(other, mask, other)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *error: object) -> None:
        self._selector.close()
        self._changed.close()

    def release(self) -> None:
        """Something changed."""
        self._changed.raise_()

    def wait(self, seconds: float | None) -> list[tuple[Any, int]]:
        """Wait for a change or a descriptor, at most so long; the descriptors that are ready, and for what."""
        found: list[tuple[Any, int]] = []
        for key, mask in self._selector.select(seconds):
            if key.data is None:
                self._changed.clear()
                continue
            events = (PollEvent.POLLIN if mask & selectors.EVENT_READ else 0) | (
                PollEvent.POLLOUT if mask & selectors.EVENT_WRITE else 0
            )
            found.append((key.data, int(events)))
        return found


def proxy(frontend: Socket, backend: Socket, capture: Socket | None = None) -> None:
    """Hand messages on between two sockets until the context is terminated.

    A message is taken from one only when the other can take it, so that each direction goes on while the other waits.
    """
    poller = Poller()
    ways = ((frontend, backend), (backend, frontend))
    try:
        while True:
            wanted = {frontend: 0, backend: 0}
            for source, sink in ways:
                if frontend is backend or takes(sink):
                    wanted[source] |= PollEvent.POLLIN
                else:
                    wanted[sink] |= PollEvent.POLLOUT
            for socket, flags in wanted.items():
                poller.register(socket, flags)
            for source, events in poller.poll():
                if events & PollEvent.POLLIN:
                    hand_on(source, backend if source is frontend else frontend, capture)
    except ContextTerminated:
        return


def takes(sink: Socket) -> bool:
    """Can a message be handed on there, be it to be dropped since this type does not send?"""
    return sink.get(Option.TYPE) == SocketType.PULL or bool(sink.get(Option.EVENTS) & PollEvent.POLLOUT)


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
