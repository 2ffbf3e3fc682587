"""The same sockets for asyncio: what may wait is awaited, everything else is as it is in :mod:`enomem`.

A call first tries without waiting; only if that fails is the event loop told to call back, by the I/O thread, when
something about the socket has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
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

    def socket(self, kind: int) -> Socket:  # type: ignore[override]  # this context makes sockets of another class
        """A new socket of a type, for asyncio."""
        return Socket(self, kind)


class Changes:
    """The tasks that wait for a change of one socket: futures of one loop, which any thread may have woken.

    It does not know its socket, so that a socket that nobody uses any more is collected.
    """

    __slots__ = ("loop", "thread", "waiting")

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread = 0

    def told(self) -> None:
        """Called by whichever thread changed something, with the context's lock held."""
        loop = self.loop
        if not self.waiting or loop is None:
            return
        waiting, self.waiting = self.waiting, []
        if threading.get_ident() == self.thread:
            _wake(waiting)
            return
        with contextlib.suppress(RuntimeError):
            # A loop that is closed has no task left that waits.
            loop.call_soon_threadsafe(_wake, waiting)

    def forget(self, change: asyncio.Future[None]) -> None:
        """Nobody waits for this one any more."""
        waiting = self.waiting
        if change in waiting:
            waiting.remove(change)


class Socket:
    """A socket whose send and recv are awaited; names and errors are those of :class:`enomem.Socket`."""

    def __init__(self, context: contexts.Context, kind: int) -> None:
        self.sync = sockets.Socket(context, kind)
        self._changes = Changes()
        self.sync.on_change(self._changes.told)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """What is done at the next change."""
        change: asyncio.Future[None] = loop.create_future()
        with self.sync.context.lock:
            self._changes.waiting.append(change)
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
        changes = self._changes
        changes.loop = loop = asyncio.get_running_loop()
        changes.thread = threading.get_ident()
        return loop

    async def _until(self, attempt: Callable[[], T], flags: int, option: Option) -> T:
        """Make ``attempt`` until it succeeds, or its time is over."""
        if flags & DONTWAIT:
            if option == Option.RCVTIMEO:
                # Whoever will not wait does not wait for the loop to read what is there, either.
                self.sync.poll(0)
            return attempt()
        timeout = self.sync.get(option)
        loop = self._here()
        deadline = None if timeout < 0 else loop.time() + timeout / 1000
        while True:
            # Armed first, so that a change between the attempt and the wait is not missed.
            change = self._arm(loop)
            try:
                try:
                    return attempt()
                except Again:
                    left = None if deadline is None else deadline - loop.time()
                    if left is not None and left <= 0:
                        raise
                await self._wait(change, left)
            finally:
                self._changes.forget(change)

    async def send(self, data: Any, flags: int = 0, copy: bool = True, track: bool = False) -> None:
        """Send one part."""
        if not flags & DONTWAIT and self.sync.try_send(data, flags):
            return
        await self._until(lambda: self.sync.send(data, flags | DONTWAIT, copy, track), flags, Option.SNDTIMEO)

    async def send_multipart(
        self, parts: Iterable[Any], flags: int = 0, copy: bool = True, track: bool = False
    ) -> None:  # fmt: skip
        """Send a message of several parts: all of it, or nothing."""
        message = list(parts)
        if not flags & DONTWAIT and self.sync.try_send_multipart(message, flags):
            return
        await self._until(
            lambda: self.sync.send_multipart(message, flags | DONTWAIT, copy, track), flags, Option.SNDTIMEO
        )

    async def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> bytes:
        """The next part that arrives."""
        part = self.sync.try_recv()
        if part is not None:
            return part
        return await self._until(lambda: self.sync.recv(flags | DONTWAIT, copy, track), flags, Option.RCVTIMEO)

    async def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> list[bytes]:
        """All parts of the next message."""
        parts = self.sync.try_recv_multipart()
        if parts is not None:
            return parts
        return await self._until(
            lambda: self.sync.recv_multipart(flags | DONTWAIT, copy, track), flags, Option.RCVTIMEO
        )  # fmt: skip

    async def poll(self, timeout: float | None = None, flags: int = PollEvent.POLLIN) -> int:
        """Wait until one of the events comes, at most ``timeout`` milliseconds."""
        loop = self._here()
        deadline = None if timeout is None or timeout < 0 else loop.time() + timeout / 1000
        while True:
            change = self._arm(loop)
            try:
                events = self.sync.poll(0, flags)
                left = None if deadline is None else deadline - loop.time()
                if events or (left is not None and left <= 0):
                    return events
                await self._wait(change, left)
            finally:
                self._changes.forget(change)

    async def send_string(self, text: str, flags: int = 0, encoding: str = "utf-8") -> None:
        """Send a text as one part."""
        await self.send(text.encode(encoding), flags)

    async def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> str:
        """Receive one part as a text."""
        return (await self.recv(flags)).decode(encoding)

    async def send_json(self, value: Any, flags: int = 0) -> None:
        """Send a value as one part of JSON."""
        await self.send(json.dumps(value).encode(), flags)

    async def recv_json(self, flags: int = 0) -> Any:
        """Receive one part of JSON as a value."""
        return json.loads(await self.recv(flags))

    async def events(self) -> AsyncIterator[Event]:
        """The events of this socket's connections, as they come."""
        loop = self._here()
        while True:
            change = self._arm(loop)
            try:
                found = self.sync.monitor_event()
                if found is None:
                    if self.sync.closed:
                        return
                    await self._wait(change, None)
            finally:
                self._changes.forget(change)
            if found is not None:
                yield found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sync, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("sync", "_changes"):
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
