"""How a library's errors are told: each errno that a socket may answer with has its word."""

from __future__ import annotations

import errno
from collections.abc import Callable

from ...model.reference.constants import EFSM, ETERM
from .target import Refused, Said, TargetFault

SAID: dict[int, Said] = {
    errno.EAGAIN: Said.AGAIN,
    errno.ENOMEM: Said.NO_MEMORY,
    errno.EHOSTUNREACH: Said.UNREACHABLE,
    EFSM: Said.STATE,
    errno.EPROTO: Said.STATE,
    errno.ECONNRESET: Said.GONE,
    errno.EINVAL: Said.INVALID,
    errno.ENOENT: Said.INVALID,
    errno.EISCONN: Said.INVALID,
    errno.EADDRINUSE: Said.INVALID,
    errno.ENOTSUP: Said.UNSUPPORTED,
    ETERM: Said.TERMINATED,
}
"""What an errno says. EPROTO is how pyomq says that a socket is not in the right state. That there is no such endpoint,
or that it is taken, is the caller's mistake: EINVAL.
"""


def said(error: Exception) -> Said:
    """The word for an exception of a library whose errors have an errno; `TargetFault` for one that no call may have.

    A MemoryError that has none is the interpreter's own: to the caller it is the same.
    """
    number = getattr(error, "errno", None)
    if number is None and isinstance(error, MemoryError):
        return Said.NO_MEMORY
    if number not in SAID:
        raise TargetFault(f"a call was answered with {type(error).__name__}: {error}") from error
    return SAID[number]


def answered(call: Callable[[], object], error_type: type[Exception]) -> Said:
    """How a call is answered; ``error_type`` is what the library raises."""
    try:
        call()
    except (error_type, MemoryError) as error:
        return said(error)
    return Said.OK


def made(call: Callable[[], object], error_type: type[Exception]) -> None:
    """Make a call that has to succeed for its caller to go on; `Refused` if it does not."""
    how = answered(call, error_type)
    if how is not Said.OK:
        raise Refused(how)
