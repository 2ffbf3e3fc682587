"""What the socket commands hear from the monitor: who is connected, what was lost, and lines for ``--verbose``."""

from __future__ import annotations

import sys
import threading
from typing import Any

import enomem

GLANCE = 0.05
"""Seconds between two looks at the monitor."""


class Watcher:
    """Reads a socket's monitor: counts its peers and the messages that were lost, and prints events if wanted.

    With ``live`` it does so from a thread of its own; without, only what is still there at the end is read.
    """

    def __init__(self, socket: enomem.Socket, verbose: bool, live: bool) -> None:
        self.peers = self.lost = 0
        self._socket, self._verbose = socket, verbose
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="enomem-monitor", daemon=True) if live else None
        if self._thread is not None:
            socket.monitor_events()
            self._thread.start()

    def _run(self) -> None:
        # Looks by itself, instead of waiting for the socket, whose events end when it is closed: it may still linger.
        while not self._over.wait(GLANCE):
            self._look()

    def _look(self) -> None:
        for event in self._socket.monitor_events():
            step = {enomem.EventKind.HANDSHAKE_SUCCEEDED: 1, enomem.EventKind.DISCONNECTED: -1}.get(event.kind, 0)
            with self._changed:
                self.peers += step
                self.lost += event.messages
                self._changed.notify_all()
            if self._verbose:
                sys.stderr.write(words(event) + "\n")
                sys.stderr.flush()

    def wait(self, peers: int, timeout: float | None) -> bool:
        """Until so many are connected; False if that takes too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self.peers >= peers, timeout)

    def forget(self) -> None:
        """Count the messages that are lost from here on."""
        if self._thread is None:
            self._socket.monitor_events()
        self.lost = 0

    def finish(self) -> int:
        """The socket is closed, and nothing more will happen: how many messages were lost."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._look()
        return self.lost


def words(event: enomem.Event) -> str:
    """An event as a line."""
    more: list[Any] = [event.endpoint, event.reason and f"({event.reason})"]
    if event.messages:
        more.append(f"{event.messages} messages")
    if event.rule is not None:
        more.append(f"[{event.rule.value}]")
    if event.missed:
        more.append(f"{event.missed} earlier events were missed")
    return " ".join(["enomem:", event.kind.value, *filter(None, more)])
