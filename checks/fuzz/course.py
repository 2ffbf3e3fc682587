"""Who runs the programs that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..errors import Inconclusive
from ..targets.target import Can
from .play import Failure, Play, Restless


class Course(Protocol):
    """Who runs the programs: gives each its play, and is told how it ended. ``pairs``: what a program begins with."""

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """The types of the first two sockets."""
        ...

    def can(self, what: Can) -> bool:
        """Can the target do this?  What is drawn depends on nothing else that a target does."""
        ...

    @property
    def bounds(self) -> bool:
        """Is a bound on memory asked of the target?"""
        ...

    @property
    def starves(self) -> bool:
        """Is asked what readers do that get no memory?"""
        ...

    def begin(self, policy: str, limit: int | None = None, receives: str = ...) -> Play:
        """The target, as new; ``limit``: octets of memory that it has; ``receives``: its receive policy."""
        ...

    def known(self, failure: Failure) -> bool:
        """Is this a deviation that is expected?"""
        ...

    def ended(self, play: Play, failure: Failure | None) -> None:
        """A program is over."""
        ...

    def broken_off(self, play: Play, why: Inconclusive | Restless) -> None:
        """A program came to where nothing can be said any more."""
        ...
