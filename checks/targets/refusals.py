"""Which allocations are refused: so many at a site, after so many that are granted."""

from __future__ import annotations

import threading

from ...model.memory import Site


class Refusals:
    """What a target was told to refuse; it is an allocator as a context wants one, for any number of threads."""

    def __init__(self) -> None:
        self._due: dict[Site, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def order(self, site: Site, after: int, times: int) -> None:
        """Refuse ``times`` allocations at a site, after ``after`` that are granted; ``times`` 0 ends all refusals."""
        with self._lock:
            if times:
                self._due[site] = after, times
            else:
                self._due.clear()

    def __call__(self, site: Site, size: int) -> bool:  # noqa: ARG002 - a refusal does not depend on it
        """Is this allocation granted?"""
        with self._lock:
            if site not in self._due:
                return True
            after, times = self._due[site]
            if after > 0:
                self._due[site] = after - 1, times
                return True
            if times > 1:
                self._due[site] = 0, times - 1
            else:
                del self._due[site]
            return False
