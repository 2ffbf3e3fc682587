"""Monitors: what happens to a socket's connections, as messages of a PAIR socket at an in-process endpoint."""

from __future__ import annotations

import errno
import struct
import weakref
from collections import deque

from zmq.constants import Event as Number

from enomem.model.connection import Reason
from enomem.model.reference.constants import Flag, SocketType
from enomem.model.reference.errors import Again, InvalidArgument, SocketError
from enomem.model.reference.monitor import Event, EventKind
from enomem.model.reference.sockets import Socket

KEPT = 1000
"""Events that wait for their reader; the oldest goes if there are more."""

NUMBERS = {
    EventKind.LISTENING: Number.LISTENING,
    EventKind.BIND_FAILED: Number.BIND_FAILED,
    EventKind.CONNECT_DELAYED: Number.CONNECT_DELAYED,
    EventKind.CONNECT_RETRIED: Number.CONNECT_RETRIED,
    EventKind.CONNECTED: Number.CONNECTED,
    EventKind.ACCEPTED: Number.ACCEPTED,
    EventKind.ACCEPT_FAILED: Number.ACCEPT_FAILED,
    EventKind.HANDSHAKE_SUCCEEDED: Number.HANDSHAKE_SUCCEEDED,
    EventKind.DISCONNECTED: Number.DISCONNECTED,
    EventKind.CLOSED: Number.CLOSED,
}
"""libzmq's number of each event that it has; a stall and a loss are none."""


def number_of(event: Event) -> Number | None:
    """libzmq's number of an event; None if it has none."""
    if event.kind != EventKind.HANDSHAKE_FAILED:
        return NUMBERS.get(event.kind)
    if event.reason.startswith(Reason.REJECTED.value):
        return Number.HANDSHAKE_FAILED_AUTH
    return Number.HANDSHAKE_FAILED_PROTOCOL if event.rule is not None else Number.HANDSHAKE_FAILED_NO_DETAIL


class Feed:
    """Hands the events of one socket to the PAIR socket that its program connected."""

    def __init__(self, watched: Socket, address: str, events: int) -> None:
        self._watched = weakref.ref(watched)
        self._context = watched.context
        self._wanted = events
        self._waiting: deque[list[bytes]] = deque(maxlen=KEPT)
        self._scheduled = self._stopping = False
        self._pair = watched.context.socket(SocketType.PAIR)
        try:
            self._pair.bind(address)
        except OSError:
            self._pair.close(0)
            raise
        watched.monitor_events()
        self._core = watched._core
        self._core.callbacks.append(self._told)
        self._pair._core.callbacks.append(self._told)

    def stop(self) -> None:
        """Tell that this was all, and close the PAIR socket once that has been read or cannot be."""
        with self._context.lock:
            self._collect()
            self._waiting.append(message(Number.MONITOR_STOPPED, 0, ""))
            self._stopping = True
            if self._told in self._core.callbacks:
                self._core.callbacks.remove(self._told)
            self._flush()

    def _told(self) -> None:
        # Whoever tells is in the middle of a step; the I/O thread looks when it is over.
        if not self._scheduled:
            self._scheduled = True
            self._context.reactor.soon(self._look)

    def _look(self) -> None:
        self._scheduled = False
        if not self._stopping:
            self._collect()
        self._flush()

    def _collect(self) -> None:
        watched = self._watched()
        for event in watched.monitor_events() if watched is not None else ():
            number = number_of(event)
            if number is not None and number & self._wanted:
                self._waiting.append(message(number, event.value, event.endpoint))

    def _flush(self) -> None:
        if self._pair.closed:
            return
        while self._waiting and not self._context.closed:
            try:
                self._pair.send_multipart(self._waiting[0], Flag.DONTWAIT)
            except (Again, MemoryError):
                break
            self._waiting.popleft()
        if self._stopping and (not self._waiting or not self._pair._core.connections or self._context.closed):
            self._pair._core.callbacks.clear()
            self._pair.close(0 if self._context.closed else None)


def message(number: int, value: int, endpoint: str) -> list[bytes]:
    """An event as libzmq sends it: 16 bits of number and 32 of value, then the endpoint."""
    return [struct.pack("=HI", number, value & 0xFFFFFFFF), endpoint.encode()]


_feeds: weakref.WeakKeyDictionary[Socket, Feed] = weakref.WeakKeyDictionary()


def start(watched: Socket, address: str, events: int) -> None:
    """Feed the monitor of a socket into a PAIR socket at ``address``; an earlier one is stopped."""
    if not address.startswith("inproc://"):
        raise SocketError(f"a monitor is reached at inproc://, not at {address}", errno.EPROTONOSUPPORT)
    if not events:
        raise InvalidArgument("a monitor without events")
    stop(watched)
    _feeds[watched] = Feed(watched, address, events)


def stop(watched: Socket) -> None:
    """Stop the monitor of a socket, if it has one."""
    feed = _feeds.pop(watched, None)
    if feed is not None:
        feed.stop()
