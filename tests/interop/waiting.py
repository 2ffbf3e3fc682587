"""Waiting for something to happen, in one thread: look, serve the ends for a moment, look again.

libzmq takes in new peers and their subscriptions only inside a call on the socket, so every end that takes part has to
be served, not only the one that is being waited for. The bound is an oracle of nothing: it only ends what would hang.
"""

from collections.abc import Callable
from itertools import cycle
from time import monotonic
from typing import Protocol, TypeVar

SECONDS = 30.0
"""How long is waited for something that must happen, however busy the machine. What takes this long has failed."""

MOMENT_MS = 5
"""How long one end is served before the next has its turn, in milliseconds."""

Found = TypeVar("Found")


class Missed(AssertionError):
    """Something that had to happen did not happen within the bound."""


class Served(Protocol):
    """Whatever makes progress while it is polled."""

    def serve(self, milliseconds: int) -> None:
        """Let the end do its work; return when it has something for us, and after that time at the latest."""


def until(look: Callable[[], Found], what: str, *ends: Served) -> Found:
    """What ``look`` returns as soon as that is not false, the ends being served in turn until then."""
    bound = monotonic() + SECONDS
    turns = cycle(ends)
    while not (found := look()):
        if monotonic() > bound:
            raise Missed(f"{what}: not within {SECONDS:g} s")
        next(turns).serve(MOMENT_MS)
    return found
