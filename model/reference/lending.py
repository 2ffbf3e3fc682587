"""A descriptor that an event loop watches instead of the I/O thread, for as long as its tasks come back to it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from .reading import Reader


class Lent:
    """One connection, read by an event loop; it ends with the lease, or when the socket's queue is full."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: Reader) -> None:
        self._number = -1
        self._loop = loop
        self._connection = connection
        # A descriptor of its own: the connection may be closed, and its number used again, before the loop knows.
        self._number = os.dup(connection.number)
        try:
            loop.add_reader(self._number, self._ready)
        except BaseException:
            self._forget()
            raise
        connection.lend(self._over)

    def _ready(self) -> None:
        connection = self._connection
        with connection.context.lock:
            if connection.leased:
                connection.leased_lately = True
                connection.fill()
                if connection.paused:
                    connection.give_back()

    def _over(self) -> None:
        """The lease has ended; called by any thread."""
        try:
            self._loop.call_soon_threadsafe(self._close)
        except RuntimeError:
            # The loop is closed, and watches nothing any more.
            self._close()

    def _close(self) -> None:
        if self._number >= 0:
            with contextlib.suppress(RuntimeError):
                self._loop.remove_reader(self._number)
            self._forget()

    def _forget(self) -> None:
        number, self._number = self._number, -1
        if number >= 0:
            os.close(number)

    def __del__(self) -> None:
        # A loop that was closed in between forgets what it was told to call.
        self._forget()
