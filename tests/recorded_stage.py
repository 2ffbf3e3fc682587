"""The stage for sockets that record what they do: contexts, sockets, and what is waited for. Every wait has a bound."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from enomem import (
    DONTWAIT,
    Again,
    Context,
    EventKind,
    NoMemory,
    Site,
    Socket,
)  # fmt: skip

BOUND = 30_000
"""Milliseconds after which something that should come does not come any more."""


class Recording(Context):
    """A context that keeps its sockets open until it is destroyed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.kept: list[Socket] = []

    def socket(self, kind: int) -> Socket:
        self.kept.append(super().socket(kind))
        return self.kept[-1]


class Stage:
    """Contexts that record; each is refused each site in `refused` as often as it stands there."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = patch
        self.contexts: list[Context] = []
        self.paths: list[Path] = []
        self.refused: list[Site] = []

    def context(self, asks: bool = True, **options: Any) -> Recording:
        """A context that records; it ``asks`` what it may have, or has a bound or nothing to fear."""
        path = self.folder / f"{len(self.paths)}.jsonl"
        allocator = self._may if asks else None
        context = Recording(allocator=allocator, record=path, **options)
        self.paths.append(path)
        self.contexts.append(context)
        return context

    def _may(self, site: Site, size: int) -> bool:
        if site not in self.refused:
            return True
        self.refused.remove(site)
        return False

    def close(self) -> None:
        """Close all that is open, newest first."""
        for context in reversed(self.contexts):
            context.destroy(linger=0)


def opened(context: Context, kind: int, **options: int | bytes) -> Socket:
    socket = context.socket(kind)
    socket.monitor_events()
    for name, value in {"RCVTIMEO": BOUND, "SNDTIMEO": BOUND, **options}.items():
        setattr(socket, name, value)
    return socket


def bound(context: Context, kind: int, **options: int | bytes) -> tuple[Socket, str]:
    socket = opened(context, kind, **options)
    socket.bind("tcp://127.0.0.1:0")
    return socket, socket.last_endpoint


def connected(context: Context, kind: int, endpoint: str, **options: int | bytes) -> Socket:
    socket = opened(context, kind, **options)
    socket.connect(endpoint)
    return socket


def seen(socket: Socket, kind: EventKind, reason: str = "") -> None:
    """Wait for an event of the socket's monitor."""
    for event in socket.events(BOUND / 1000):
        if event.kind == kind and reason in event.reason:
            return
    raise AssertionError(f"no {kind.value}")


def until(done: Callable[[], bool]) -> None:
    """Look again and again, for what no event tells."""
    end = time.monotonic() + BOUND / 1000
    while not done():
        assert time.monotonic() < end


def ended(socket: Socket, reason: str) -> None:
    """Wait for the end of a connection, whether or not its handshake was done."""
    for event in socket.events(BOUND / 1000):
        if event.kind in (EventKind.DISCONNECTED, EventKind.HANDSHAKE_FAILED) and reason in event.reason:
            return
    raise AssertionError(f"nothing ended because {reason}")


def filled(socket: Socket, message: bytes) -> int:
    """Send until nothing more can be sent; returns how many that were."""
    for count in itertools.count():
        try:
            socket.send(message, DONTWAIT)
        except Again:
            return count
    raise AssertionError


def refused(call: Callable[[], Any]) -> NoMemory:
    with pytest.raises(NoMemory) as caught:
        call()
    return caught.value
