"""The environment: which allocations it refuses, and what it was asked."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from enomem import Site
from enomem.model.receive_policies import BoundedWait
from enomem.model.reference import attaching, context, reading

EVER = 1 << 40
"""The end of a window that has none: refused until the application has lost its patience."""


@dataclass(frozen=True)
class Plan:
    """Refuse the allocations numbered ``first`` to ``stop`` - 1, counted from 0: all of them, or those at one ``site``.

    With ``limit`` nothing is refused for no visible reason; the pool has only so many octets instead (MEM-2).
    """

    first: int = 0
    stop: int = 0
    site: Site | None = None
    limit: int | None = None

    def __str__(self) -> str:
        if self.limit is not None:
            return f"limit {self.limit}"
        stop = "ever" if self.stop >= EVER else str(self.stop)
        return f"[{self.first}, {stop})" + (f" at {self.site.name}" if self.site else "")

    @property
    def endless(self) -> bool:
        """Does it go on until memory comes back from outside?"""
        return self.limit is not None or self.stop >= EVER


NOTHING = Plan()


class Refuser:
    """What a context asks before each allocation; it refuses by a plan until it is ``healed``.

    ``fills`` is what the pool would have in use after each, as far as ``used`` tells.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.healed = False
        self.asked: list[tuple[Site, int, bool]] = []
        self.used: Callable[[], int] = lambda: 0
        self.fills: list[int] = []
        self.refused: Counter[Site] = Counter()
        self._count: Counter[Site | None] = Counter()

    def __call__(self, site: Site, size: int) -> bool:
        plan = self.plan
        number = self._count[plan.site] if plan.site in (None, site) else -1
        if number >= 0:
            self._count[plan.site] += 1
        granted = self.healed or not plan.first <= number < plan.stop
        self.asked.append((site, size, granted))
        self.fills.append(self.used() + size)
        if not granted:
            self.refused[site] += 1
        return granted

    @property
    def spent(self) -> bool:
        """Will it refuse nothing more?"""
        return self.healed or self._count[self.plan.site] >= self.plan.stop


STALL_RETRY, STALL_LONGEST, REST = 1, 15, 2
"""Milliseconds: a stalled reader tries again, gives up; a listener without memory rests. As short as can be."""


@contextmanager
def hurried() -> Iterator[None]:
    """Have the socket's own waits be short, so that none of them has to be sat through."""
    saved = reading.STALL_RETRY, context.RECEIVE_POLICIES, attaching.ACCEPT_DELAY
    reading.STALL_RETRY, attaching.ACCEPT_DELAY = STALL_RETRY, REST
    context.RECEIVE_POLICIES = (BoundedWait(longest=STALL_LONGEST),)
    try:
        yield
    finally:
        reading.STALL_RETRY, context.RECEIVE_POLICIES, attaching.ACCEPT_DELAY = saved


@contextmanager
def overheard() -> Iterator[list[str]]:
    """What threads died of meanwhile."""
    died: list[str] = []
    saved = threading.excepthook
    threading.excepthook = lambda args: died.append(f"{args.exc_type.__name__}: {args.exc_value}")
    try:
        yield died
    finally:
        threading.excepthook = saved
