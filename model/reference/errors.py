"""What the reference socket raises: each class says whose fault it is, and carries its errno and its rule.

The caller's: `InvalidArgument`, `StateError`, `NotSupported`, `NotASocket`. The situation's: `Again`,
`HostUnreachable`, `AddressInUse`, `PeerGone`, `ContextTerminated`. Memory's: `NoMemory`. Ours: `OurBug`.
"""

import errno
import os

from ..memory import Site
from ..rules import Rule
from .constants import EFSM, ENOCOMPATPROTO, ETERM

TEXTS = {
    EFSM: "not in the right state for this operation",
    ENOCOMPATPROTO: "the protocol does not suit the socket's type",
    ETERM: "the context was terminated",
}


def text_of(number: int) -> str:
    """What an errno means, in words."""
    return TEXTS.get(number) or os.strerror(number)


class SocketError(OSError):
    """A call on a socket that was not carried out; ``errno`` says why, ``rule`` by which rule, if it is one's."""

    number = 0

    def __init__(self, what: str = "", number: int | None = None, rule: Rule | None = None) -> None:
        value = self.number if number is None else number
        super().__init__(value, what or text_of(value))
        self.rule = rule


class Again(SocketError):
    """It cannot be done now: the pipe is full, no peer is there, or nothing has arrived (EAGAIN)."""

    number = errno.EAGAIN


class InvalidArgument(SocketError):
    """The caller passed what cannot be meant (EINVAL)."""

    number = errno.EINVAL


class NotSupported(SocketError):
    """This type of socket does not do that (ENOTSUP)."""

    number = errno.ENOTSUP


class StateError(SocketError):
    """The pattern does not allow this now, such as a second request before the reply (EFSM)."""

    number = EFSM


class HostUnreachable(SocketError):
    """No peer has this routing id (EHOSTUNREACH)."""

    number = errno.EHOSTUNREACH


class PeerGone(SocketError):
    """The peer went in the middle of the message; start it again (ECONNRESET, SEND-12)."""

    number = errno.ECONNRESET


class AddressInUse(SocketError):
    """Another socket listens there (EADDRINUSE)."""

    number = errno.EADDRINUSE


class ContextTerminated(SocketError):
    """The context was terminated (ETERM)."""

    number = ETERM


class NotASocket(SocketError):
    """The socket was closed (ENOTSOCK)."""

    number = errno.ENOTSOCK


class NoMemory(MemoryError, SocketError):
    """The pool refused memory: ``site`` where, ``size`` octets, ``rule`` by which rule it was refused.

    Under DISCARD and RESERVE the socket is as if the message had never been begun.
    """

    def __init__(self, site: Site, size: int, rule: Rule, refused_by: Rule) -> None:
        why = "the pool is full" if refused_by == Rule.MEM_2 else "the allocation was refused"
        text = f"no memory for {size} octets at {site.name}: {why} [{rule.value}, {refused_by.value}]"
        SocketError.__init__(self, text, errno.ENOMEM, rule)
        self.site = site
        self.size = size
        self.refused_by = refused_by

    def __str__(self) -> str:
        return str(self.strerror)


ZMQError = SocketError
"""The name that pyzmq has for it."""


class OurBug(AssertionError):
    """The reference socket contradicts itself; please report it."""


BY_NUMBER: dict[int, type[SocketError]] = {
    kind.number: kind
    for kind in (
        Again, InvalidArgument, NotSupported, StateError, HostUnreachable, PeerGone, AddressInUse, ContextTerminated,
        NotASocket,
    )
}  # fmt: skip


def error_of(number: int, what: str = "") -> SocketError:
    """The exception for an errno."""
    kind = BY_NUMBER.get(number)
    return kind(what) if kind is not None else SocketError(what, number)
