"""How a call waits that cannot go on: by its flags, by the timeout that is set, and in which way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from .constants import Flag, Option
from .errors import Again, ContextTerminated, NotASocket
from .monitor import Event
from .signalling import Signal

if TYPE_CHECKING:
    from .core import Core
    from .reading import Reader

DONTWAIT = int(Flag.DONTWAIT)


class Released(Protocol):
    """What is released when something changes; a lock that was acquired is one."""

    def release(self) -> None:
        """Something changed."""


def take_back(core: Core) -> None:
    """Whoever is to be told of more than its only connection leaves the reading of that to the I/O thread again."""
    for connection in list(core.connections):
        if connection.leased and not connection.polled:
            connection.give_back()


class Waiter:
    """Waits for changes of one socket, with the context's lock given up meanwhile."""

    def __init__(self, core: Core) -> None:
        self.core = core
        core.waiting = self.wait

    def waits(self, deadline: float | None, reading: bool = False) -> None:
        """Give the lock up until something changes; Again when the time is over, and whatever `Core.check` raises."""
        # Who waits for a socket that is closed already, or whose I/O thread has failed, is never woken.
        self.core.check()
        self.core.outgoing.streak = 0
        left = None
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Again
        sole = self.core.sole() if reading else None
        if sole is not None:
            self._listen(sole, left)
        else:
            self._sleep(left)
        self.core.check()

    def events(self, seconds: float | None) -> Iterator[Event]:
        """The events of the monitor as they come, until none came for so long, or the socket is closed."""
        # One by one: who leaves the loop in the middle finds the others the next time.
        while found := self._news(None if seconds is None else time.monotonic() + seconds):
            yield found

    def _news(self, deadline: float | None) -> Event | None:
        monitor = self.core.monitor
        with self.core.context.lock:
            while not (found := monitor.take()):
                try:
                    self.waits(deadline)
                except Again:
                    return None
                except (NotASocket, ContextTerminated):
                    # How the connections ended is told still.
                    return monitor.take()
            return found

    def _sleep(self, left: float | None) -> None:
        waiter = threading.Lock()
        waiter.acquire()
        core = self.core
        take_back(core)
        lock = core.context.lock
        core.waiters.append(waiter)
        try:
            # Within: a signal's handler may raise as soon as the lock is released.
            lock.release()
            waiter.acquire(timeout=-1 if left is None else left)
        finally:
            lock.acquire()
            if waiter in core.waiters:
                core.waiters.remove(waiter)

    def _listen(self, sole: Reader, left: float | None) -> None:
        """Wait for the only connection that there is in this very thread."""
        core = self.core
        if core.bell is None:
            core.bell = Signal()
        core.bell.clear()
        core.listening = True
        try:
            sole.wait(core.bell, left)
        finally:
            core.listening = False
            core.quiet()

    def wait(self, flags: int, option: Option) -> Callable[[], None]:
        """What a call does that cannot go on: by its flags, and by the timeout that is set."""
        deadline: list[float | None] = []

        def wait() -> None:
            if flags & DONTWAIT:
                raise Again
            if not deadline:
                timeout = self.core.options.number(option)
                if timeout == 0:
                    raise Again
                deadline.append(None if timeout < 0 else time.monotonic() + timeout / 1000)
            self.waits(deadline[0], option == Option.RCVTIMEO)

        return wait
