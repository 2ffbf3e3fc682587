"""Contexts: each has one of the reference socket, with its own pool, and is known by a number."""

from __future__ import annotations

import errno
import itertools
import os
import weakref

from enomem.model.reference.context import Context as Reference
from enomem.model.reference.sockets import Socket

from . import settings
from .failures import failure

IO_THREADS, MAX_SOCKETS, SOCKET_LIMIT, MSG_T_SIZE = 1, 2, 3, 6
IPV6, BLOCKY = 42, 70
DEFAULTS = {
    IO_THREADS: 1,
    MAX_SOCKETS: 1023,
    SOCKET_LIMIT: 65535,
    5: 2**31 - 1,  # MAX_MSGSZ
    MSG_T_SIZE: 64,
    9: 0,  # THREAD_NAME_PREFIX
    IPV6: 0,
    BLOCKY: 1,
}
READ_ONLY = (MSG_T_SIZE,)

numbers = itertools.count(1)
"""Numbers stand for addresses: no two contexts or sockets of a process ever have the same."""


class Inside:
    """What a context and its shadows share: the reference socket's context, and the options of libzmq's."""

    def __init__(self, io_threads: int) -> None:
        wanted = settings.read()
        self.reference = Reference(wanted.memory_limit, wanted.send_policy)
        self.number = next(numbers)
        self.options = {**DEFAULTS, IO_THREADS: io_threads}
        self.sockets: weakref.WeakSet[Socket] = weakref.WeakSet()
        known[self.number] = self


known: weakref.WeakValueDictionary[int, Inside] = weakref.WeakValueDictionary()


class Context:
    """What pyzmq's Context is built on."""

    handle: int = 0
    closed: bool = True
    inside: Inside
    _pid: int = 0

    def __init__(self, io_threads: int = 1, shadow: int = 0) -> None:
        if shadow:
            found = known.get(shadow)
            if found is None:
                raise failure(errno.EFAULT)
            self.inside = found
        else:
            if io_threads < 0:
                raise failure(errno.EINVAL)
            self.inside = Inside(io_threads)
        self.handle = self.inside.number
        self._pid = os.getpid()
        self.closed = False

    @property
    def underlying(self) -> int:
        """The number by which the context can be shadowed; 0 once it was terminated."""
        return self.handle

    def term(self) -> None:
        """Terminate the context: wait until its sockets are closed. Of a fork, only forget it."""
        if not self.closed and os.getpid() == self._pid:
            self.inside.reference.term()
        self.handle = 0
        self.closed = True

    def set(self, option: int, optval: int) -> None:
        """Set an option of the context; ZMQError EINVAL."""
        if self.closed:
            raise RuntimeError("Context has been destroyed")
        if not isinstance(optval, int):
            raise TypeError(f"expected int, got: {optval!r}")
        if option not in DEFAULTS or option in READ_ONLY or optval < 0:
            raise failure(errno.EINVAL)
        self.inside.options[int(option)] = optval

    def get(self, option: int) -> int:
        """The value of an option of the context; ZMQError EINVAL."""
        if self.closed:
            raise RuntimeError("Context has been destroyed")
        if option not in DEFAULTS:
            raise failure(errno.EINVAL)
        return DEFAULTS[SOCKET_LIMIT] if option == SOCKET_LIMIT else self.inside.options[int(option)]
