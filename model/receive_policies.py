"""Receive policies: how long a reader waits that gets no memory for what it has read, or for a body that was announced.

A policy is asked one question, :meth:`ReceivePolicy.refused`, at each refusal, and answers with a :class:`Stall`: close
the connection at once, wait for ever, or wait so long and then close it. It keeps no state. The letter of 2011 has two
policies and a mixture of them (L2); the fourth ends every wait.

Write your own in a file and have it judged: ``enomem check --receive-policy ./mine.py:Mine``.
"""

from dataclasses import dataclass

from .memory import Site

FOR_EVER = -1
NO_BOUND = 1 << 60
"""More than anything that can be asked for."""


@dataclass(frozen=True, slots=True)
class Unread:
    """What a policy is shown of a reader that got no memory; everything in units.

    ``size`` was asked for at ``site``, where ``half`` is held already by the half-read message. ``used`` of ``limit``
    are in use in the pool, ``half`` among them.
    """

    size: int
    half: int
    used: int
    limit: int
    site: Site


@dataclass(frozen=True, slots=True)
class Stall:
    """What a policy wants done: wait ``longest`` milliseconds from the beginning of the stall, then close.

    0 closes at once, `FOR_EVER` never does.
    """

    longest: int


class ReceivePolicy:
    """A receive policy; subclass it and override :meth:`refused`.

    ``name`` is printed. ``longest`` is the longest wait that it answers with, other than `FOR_EVER`.
    """

    name: str = "policy"
    longest: int = 0

    def refused(self, reader: Unread) -> Stall:
        """Say how long ``reader`` waits, which got no memory."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does when memory is refused")


@dataclass(frozen=True)
class Close(ReceivePolicy):
    """Today's policy: a connection is closed at the first refusal."""

    name = "CLOSE"

    def refused(self, reader: Unread) -> Stall:  # noqa: ARG002 - it looks at nothing
        """Close."""
        return Stall(0)


@dataclass(frozen=True)
class Wait(ReceivePolicy):
    """The letter's other policy: the reader waits until the memory is there, however long that takes."""

    name = "WAIT"

    def refused(self, reader: Unread) -> Stall:  # noqa: ARG002 - it looks at nothing
        """Wait for ever."""
        return Stall(FOR_EVER)


@dataclass(frozen=True)
class Threshold(ReceivePolicy):
    """The letter's mixture: close if more than ``most`` units are asked for at once, else wait."""

    name = "THRESHOLD"
    most: int

    def refused(self, reader: Unread) -> Stall:
        """Close for what is large, wait for what is small."""
        return Stall(0) if reader.size > self.most else Stall(FOR_EVER)


@dataclass(frozen=True)
class BoundedWait(ReceivePolicy):
    """As `Threshold`, but every wait ends: after ``longest`` milliseconds, or at once where it cannot help.

    It cannot help where the half-read message and what is asked for are more than the whole pool: then the reader holds
    the memory that it waits for.
    """

    name = "BOUNDED_WAIT"
    most: int = NO_BOUND
    longest: int = 5000

    def refused(self, reader: Unread) -> Stall:
        """Close for what is large or cannot be, else wait for a while."""
        if reader.size > self.most or reader.half + reader.size > reader.limit:
            return Stall(0)
        return Stall(self.longest)


CLOSE = Close()
WAIT = Wait()
THRESHOLD = Threshold(1 << 20)
BOUNDED_WAIT = BoundedWait()
RECEIVE_POLICIES: tuple[ReceivePolicy, ...] = (CLOSE, WAIT, THRESHOLD, BOUNDED_WAIT)
