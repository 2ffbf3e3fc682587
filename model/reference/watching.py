"""A watched descriptor: what the I/O thread is to look for, the timers that belong to it, and who waits for it."""

from __future__ import annotations

import select
import socket as os_socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..connection import Reason
from ..rules import Rule
from .reactor import READABLE, Timer
from .signalling import Signal

if TYPE_CHECKING:
    from .core import Core

LEASE = 100
"""Milliseconds after which the I/O thread watches a descriptor again that a thread waited for itself."""


class Watched:
    """The descriptor of one connection of a socket; it may be ``leased`` to a thread that waits for nothing else."""

    def __init__(self, core: Core, descriptor: os_socket.socket) -> None:
        self.core = core
        self.context = core.context
        self.descriptor = descriptor
        self.number = descriptor.fileno()
        self.open = True
        self.paused = False
        self.mask = 0
        self.leased = self.polled = self.leased_lately = False
        self.lease_over: Callable[[], None] | None = None
        self.poll: select.poll | None = None
        self.timers: dict[str, Timer] = {}

    def ready(self, mask: int) -> None:
        """The descriptor can be read or written."""
        raise NotImplementedError

    def fill(self, most: int = 1) -> bool:
        """Read what is there."""
        raise NotImplementedError

    def flush(self) -> None:
        """Write what there is."""
        raise NotImplementedError

    def end(self, reason: Reason, detail: str = "", rule: Rule | None = None) -> None:
        """Close it."""
        raise NotImplementedError

    def watch(self, mask: int) -> None:
        """Have the I/O thread look for this from now on; 0 is for nothing."""
        if mask == self.mask:
            return
        reactor = self.context.reactor
        if self.mask == 0:
            reactor.watch(self.number, mask, self.ready)
        elif mask == 0:
            reactor.forget(self.number)
        else:
            reactor.rewatch(self.number, mask, self.ready)
        self.mask = mask

    def later(self, name: str, milliseconds: int, call: Callable[[], None]) -> None:
        """Call after some time, instead of what was to be called by this name."""
        self.cancel(name)
        self.timers[name] = self.context.reactor.later(milliseconds, call)

    def cancel(self, name: str) -> None:
        """Do not call."""
        timer = self.timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def wait(self, bell: Signal, seconds: float | None) -> None:
        """Wait in the calling thread until something can be read here, or the ``bell`` rings; then read it.

        The I/O thread leaves the descriptor alone meanwhile, and for a moment after: whoever waits like this mostly
        comes back, and two threads that wake for the same octets are slower than one.
        """
        if not self.leased:
            self.lend(None)
        poll = self.poll
        if poll is None:
            poll = self.poll = select.poll()
            poll.register(self.number, select.POLLIN)
            poll.register(bell.descriptor, select.POLLIN)
        self.polled = True
        lock = self.context.lock
        try:
            # Within: a signal's handler may raise as soon as the lock is released.
            lock.release()
            ready = poll.poll(None if seconds is None else max(0, seconds * 1000))
        finally:
            lock.acquire()
            self.polled = False
        self.leased_lately = True
        if ready and self.open:
            self.fill()

    def lend(self, over: Callable[[], None] | None) -> None:
        """Leave the descriptor to another to be read; ``over`` is called when that ends."""
        self.leased = True
        self.lease_over = over
        self.watch(self.mask & ~READABLE)
        self.later("lease", LEASE, self._lease_ends)

    def give_back(self) -> None:
        """The I/O thread watches the descriptor again."""
        self.leased = False
        if self.polled and self.core.bell is not None:
            # While a thread polls a descriptor, closing it does not close the connection: the thread is to look again.
            self.core.bell.raise_()
        over, self.lease_over = self.lease_over, None
        if over is not None:
            over()
        self.cancel("lease")
        if self.open and not self.paused:
            self.watch(self.mask | READABLE)

    def _lease_ends(self) -> None:
        if self.polled or self.leased_lately:
            self.leased_lately = False
            self.later("lease", LEASE, self._lease_ends)
            return
        self.give_back()
