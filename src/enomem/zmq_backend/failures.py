"""Errors: those of the reference socket become those that a program written for pyzmq knows."""

import errno
import threading
from typing import Any

from zmq.error import Again, ContextTerminated, ZMQError

from enomem.model.reference import errors
from enomem.model.reference.constants import ETERM


class NoMemory(ZMQError, MemoryError):
    """The pool refused memory: a ZMQError with ENOMEM, and a MemoryError; ``site``, ``size`` and ``rule`` say more."""

    site: Any = None
    size: int = 0
    rule: Any = None


KNOWN = (errors.SocketError, errors.NoMemory)
"""What a call on the reference socket raises. What a signal handler raises meanwhile, TimeoutError say, is not ours."""

_last = threading.local()


def zmq_errno() -> int:
    """The errno of the error that this thread saw last; 0 if it saw none."""
    number: int = getattr(_last, "number", 0)
    return number


def strerror(number: int) -> str:
    """What an errno means, in words."""
    return errors.text_of(number)


def failure(number: int, text: str | None = None) -> ZMQError:
    """The error for an errno, which `zmq_errno` then says as well."""
    _last.number = number
    if number == errno.EAGAIN:
        return Again(number)
    if number == ETERM:
        return ContextTerminated(number)
    return ZMQError(number, text)


def translated(error: errors.SocketError | errors.NoMemory) -> ZMQError:
    """The same failure as pyzmq says it."""
    if isinstance(error, errors.NoMemory):
        _last.number = errno.ENOMEM
        told = NoMemory(errno.ENOMEM, str(error))
        told.site, told.size, told.rule = error.site, error.size, error.rule
        return told
    return failure(error.errno or error.number, error.strerror)
