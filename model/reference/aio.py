"""The same sockets for asyncio: what may wait is awaited, everything else is as it is in :mod:`enomem`.

A call first tries without waiting; only if that fails is the event loop told to call back, by the I/O thread, when
something about the socket has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, TypeVar

from . import context as contexts
from . import sockets
from .constants import Option, PollEvent
from .errors import Again
from .monitor import Event
from .sockets import DONTWAIT

T = TypeVar("T")


class Context(contexts.Context):
    """A context whose sockets are awaited."""

    def socket(self, kind: int) -> Socket:  # type: ignore[override]
        """A new socket of a type, for asyncio."""
        return Socket(self, kind)


class Socket:
    """A socket whose send and recv are awaited; names and errors are those of :class:`enomem.Socket`."""

    def __init__(self, context: contexts.Context, kind: int) -> None:
        self.sync = sockets.Socket(context, kind)
        self._waiting: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self.sync.on_change(self._notified)

    def _notified(self) -> None:
        """Called by whichever thread changed something, with the context's lock held."""
        loop = self._loop
        if not self._waiting or loop is None:
            return
        waiting, self._waiting = self._waiting, []
        if threading.get_ident() == self._thread:
            _wake(waiting)
            return
        with contextlib.suppress(RuntimeError):
            # A loop that is closed has no task left that waits.
            loop.call_soon_threadsafe(_wake, waiting)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """What is done at the next change."""
        change: asyncio.Future[None] = loop.create_future()
        with self.sync.context.lock:
            self._waiting.append(change)
        return change

    async def _wait(self, change: asyncio.Future[None], left: float | None) -> None:
        """Wait for a change, or so many seconds."""
        loop = self._here()
        self.sync.waits_in(loop)
        late = None if left is None else loop.call_later(max(0.0, left), _wake, [change])
        try:
            await change
        finally:
            if late is not None:
                late.cancel()

    def _here(self) -> asyncio.AbstractEventLoop:
        """The loop that this runs in, and its thread, are the ones to be told of changes."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        return self._loop

    async def _until(self, attempt: Callable[[], T], flags: int, option: Option) -> T:
        """Make ``attempt`` until it succeeds, or its time is over."""
        if flags & DONTWAIT:
            return attempt()
        timeout = self.sync.get(option)
        loop = self._here()
        deadline = None if timeout < 0 else loop.time() + timeout / 1000
        while True:
            # Armed first, so that a change between the attempt and the wait is not missed.
            change = self._arm(loop)
            try:
                return attempt()
            except Again:
                left = None if deadline is None else deadline - loop.time()
                if left is not None and left <= 0:
                    raise
            await self._wait(change, left)

    async def send(self, data: Any, flags: int = 0, copy: bool = True, track: bool = False) -> None:
        """Send one part."""
        if self.sync.try_send(data, flags):
            return
        await self._until(lambda: self.sync.send(data, flags | DONTWAIT, copy, track), flags, Option.SNDTIMEO)

    async def send_multipart(
        self, parts: Iterable[Any], flags: int = 0, copy: bool = True, track: bool = False
    ) -> None:  # fmt: skip
        """Send a message of several parts: all of it, or nothing."""
        message = list(parts)
        if self.sync.try_send_multipart(message, flags):
            return
        await self._until(
            lambda: self.sync.send_multipart(message, flags | DONTWAIT, copy, track), flags, Option.SNDTIMEO
        )

    async def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> bytes:
        """The next part that arrives."""
        if self.sync.at_hand():
            return self.sync.recv(flags, copy, track)
        return await self._until(lambda: self.sync.recv(flags | DONTWAIT, copy, track), flags, Option.RCVTIMEO)

    async def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> list[bytes]:
        """All parts of the next message."""
        if self.sync.at_hand():
            return self.sync.recv_multipart(flags, copy, track)
        return await self._until(
            lambda: self.sync.recv_multipart(flags | DONTWAIT, copy, track), flags, Option.RCVTIMEO
        )  # fmt: skip

    async def poll(self, timeout: float | None = None, flags: int = PollEvent.POLLIN) -> int:
        """Wait until one of the events comes, at most ``timeout`` milliseconds."""
        loop = self._here()
        deadline = None if timeout is None or timeout < 0 else loop.time() + timeout / 1000
        while True:
            change = self._arm(loop)
            events = self.sync.poll(0, flags)
            left = None if deadline is None else deadline - loop.time()
            if events or (left is not None and left <= 0):
                return events
            await self._wait(change, left)

    async def send_string(self, text: str, flags: int = 0, encoding: str = "utf-8") -> None:
        """Send a text as one part."""
        await self.send(text.encode(encoding), flags)

    async def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> str:
        """Receive one part as a text."""
        return (await self.recv(flags)).decode(encoding)

    async def events(self) -> AsyncIterator[Event]:
        """The events of this socket's connections, as they come."""
        self.sync.monitor_events()
        loop = self._here()
        while not self.sync.closed:
            change = self._arm(loop)
            found = self.sync.monitor_events()
            for event in found:
                yield event
            if not found:
                await self._wait(change, None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sync, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("sync", "_waiting", "_loop", "_thread"):
            object.__setattr__(self, name, value)
        else:
            setattr(self.sync, name, value)

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *error: object) -> None:
        self.sync.close()


def _wake(changes: list[asyncio.Future[None]]) -> None:
    for change in changes:
        if not change.done():
            change.set_result(None)
