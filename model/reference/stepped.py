"""A context without a thread, whose clock stands still: it goes on only when it is told to, for tests that repeat.

The same sockets over the same real connections; only who turns the reactor is another. Nothing happens between two
calls, so what a test sees depends on nothing but the test. No call may wait: each has to be made with DONTWAIT.
"""

from __future__ import annotations

import heapq
import random
from typing import Any

from .context import Context
from .reactor import Reactor


class SteppedReactor(Reactor):
    """A reactor that nobody but its caller turns, and whose time is the caller's."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.seconds = 0.0
        self.clock = lambda: self.seconds

    def start(self) -> None:
        """There is no thread."""

    def wake(self, always: bool = False) -> None:
        """There is no thread."""

    def due(self) -> float | None:
        """Seconds until the next timer; None if there is none."""
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - self.seconds) if self._timers else None

    def sleep(self, seconds: float) -> None:
        """Let so much time pass, and call what is due then."""
        self.seconds += seconds
        self._due()


class SteppedContext(Context):
    """A context that is driven step by step, by `stillness.Stillness`."""

    reactor_type = SteppedReactor

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.chance = random.Random(0)
        super().__init__(*arguments, **options)
