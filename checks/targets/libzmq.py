"""libzmq by pyzmq as a target: its peers are told by monitors, and that nothing is under way by its idle threads."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ...model.patterns.pattern import talks
from . import stillness
from .library import Library
from .target import ANYWHERE, Can, Said, TargetFault, Value

THREADS = "ZMQbg"
"""How libzmq's threads are called, its I/O threads and its reaper."""
CLOSING = 5000
"""Milliseconds until a socket that is closed at once is gone."""
TOLD = ("HANDSHAKE_SUCCEEDED", "DISCONNECTED", "MONITOR_STOPPED")
"""What the monitors tell. Each try to connect to nobody has events too, and there is no end of them."""


class Pyzmq(Library):
    """libzmq by pyzmq.

    Its peers are counted by the monitor of each socket. On Linux it can settle: see ``stillness``.
    """

    name = "pyzmq"
    module_name = "zmq"
    install = "pip install pyzmq"

    def __init__(self) -> None:
        super().__init__()
        self.version = f"{self.zmq.pyzmq_version()}, libzmq {self.zmq.zmq_version()}"
        self.cans = frozenset({Can.DISCONNECT, Can.PEERS} | ({Can.SETTLE} if stillness.told() else set()))
        self._monitors: dict[int, Any] = {}
        self._peers: dict[int, Counter[str]] = {}
        self._kinds: list[str] = []
        self._listens: dict[str, int] = {}
        self._ports: set[int] = set()
        self._connects: list[tuple[int, str]] = []

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        """Make a socket, and open its monitor before anything can happen to it."""
        number = super().create(kind, options)
        where = f"inproc://monitor-{number}"
        self._sockets[number].monitor(where, sum(self.zmq.Event[name] for name in TOLD))
        self._monitors[number] = monitor = self._context.socket(self.zmq.PAIR)
        # A monitor that is full has libzmq's I/O thread wait for whoever reads it, and closing waits for the thread.
        monitor.setsockopt(self.zmq.RCVHWM, 0)
        monitor.connect(where)
        self._peers[number] = Counter()
        self._kinds.append(kind)
        return number

    def bind(self, socket: int, endpoint: str = ANYWHERE) -> str:
        """Bind."""
        where = super().bind(socket, endpoint)
        self._listens[where] = socket
        if where.startswith("tcp://"):
            self._ports.add(int(where.rpartition(":")[2]))
        return where

    def connect(self, socket: int, endpoint: str) -> Said:
        """Connect."""
        how = super().connect(socket, endpoint)
        if how is Said.OK:
            self._connects.append((socket, endpoint))
        return how

    def unbind(self, socket: int, endpoint: str) -> Said:
        """Stop listening; the peers that came there go, and no monitor says so."""
        how = self._left(socket, endpoint, super().unbind(socket, endpoint))
        if how is Said.OK:
            self._listens.pop(endpoint, None)
        return how

    def disconnect(self, socket: int, endpoint: str) -> Said:
        """Disconnect; the peer goes, and no monitor says so."""
        how = self._left(socket, endpoint, super().disconnect(socket, endpoint))
        if how is Said.OK and (socket, endpoint) in self._connects:
            self._connects.remove((socket, endpoint))
        return how

    def _left(self, socket: int, endpoint: str, how: Said) -> Said:
        if how is Said.OK:
            if Can.SETTLE in self.cans:
                # The I/O thread does it, and until then the endpoint is taken.
                self._until(lambda: stillness.idle(THREADS) is not None, CLOSING)
            self._listen(socket, 0)
            del self._peers[socket][endpoint]
        return how

    # --- what becomes of connections

    def known_peers(self, socket: int, milliseconds: int) -> int:
        """What the monitor has told, the socket has been told before; it hears it when it is called."""
        self._serve()
        self._listen(socket, milliseconds)
        self._serve()
        return self._peers[socket].total()

    def _serve(self) -> None:
        """Be inside a call on every socket: libzmq takes in peers, and lets them go, only there.

        It is one that fails: asking for EVENTS would have some sockets take a message out of its pipe.
        """
        for socket in self._sockets:
            if not socket.closed:
                with contextlib.suppress(self.error):
                    socket.unbind("-")

    def _listen(self, socket: int, milliseconds: int) -> None:
        """Read what a monitor has to tell; the first event is waited for."""
        from zmq.utils.monitor import recv_monitor_message

        monitor, peers = self._monitors[socket], self._peers[socket]
        while monitor.poll(milliseconds):
            milliseconds = 0
            told = recv_monitor_message(monitor)
            name, endpoint = self.zmq.Event(told["event"]).name, told["endpoint"].decode()
            if name == "HANDSHAKE_SUCCEEDED":
                peers[endpoint] += 1
            elif name == "DISCONNECTED" and peers[endpoint]:
                # A connection that ends before it has shaken hands never was a peer's.
                peers[endpoint] -= 1

    # --- when nothing is under way

    def settle(self, wait: int) -> bool:
        """Wait until libzmq's threads have nothing to do, and whoever can be connected is.

        Between two looks at the threads every socket is called. If none of them has run meanwhile, there was nothing.
        """
        self.need(Can.SETTLE)
        before: stillness.Marks | None = None

        def still() -> bool:
            nonlocal before
            self._serve()
            arrived = stillness.delivered(self._ports)
            last, before = before, stillness.idle(THREADS)
            return arrived and before is not None and before == last and self._met()

        return self._until(still, wait)

    def _until(self, holds: Callable[[], bool], wait: int) -> bool:
        deadline = time.monotonic() + wait / 1000
        while not holds():
            if time.monotonic() > deadline:
                return False
            os.sched_yield()
        return True

    def _met(self) -> bool:
        """Has everybody who connects to a living socket that he may talk to shaken hands with it?"""
        for number in self._monitors:
            self._listen(number, 0)
        due = Counter(
            (near, at)
            for near, at in self._connects
            if at in self._listens and talks(self._kinds[near], self._kinds[self._listens[at]])
        )
        return all(self._peers[near][at] >= count for (near, at), count in due.items())

    # --- the end

    def close(self, socket: int) -> None:
        """Close a socket at once, and wait until it is gone: then its endpoints are free."""
        super().close(socket)
        self._connects = [one for one in self._connects if one[0] != socket]
        self._listens = {at: who for at, who in self._listens.items() if who != socket}
        monitor = self._monitors.pop(socket, None)
        if monitor is not None:
            gone = self._stopped(monitor)
            monitor.close(0)
            del self._peers[socket]
            if not gone:
                raise TargetFault(f"socket {socket} was closed, and has not gone within {CLOSING // 1000} s")

    def _stopped(self, monitor: Any) -> bool:
        """Wait for the last word of a monitor, which is said when its socket and all its connections are gone."""
        from zmq.utils.monitor import recv_monitor_message

        deadline = time.monotonic() + CLOSING / 1000
        while (left := int((deadline - time.monotonic()) * 1000)) > 0 and monitor.poll(left):
            if recv_monitor_message(monitor)["event"] == self.zmq.Event.MONITOR_STOPPED:
                return True
        return False

    def end(self) -> None:
        """Close all sockets, and terminate the context."""
        super().end()
        self._kinds.clear()
        self._ports.clear()
