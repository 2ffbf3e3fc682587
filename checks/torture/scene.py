"""The bench of the scenarios: a victim of pyzmq, and peers that look at every message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import Inconclusive
from .campaign import Key
from .judge import Outcome, Verdict, judge
from .referee import CLEAN, Case, Referee
from .runner import Bench, Recorded
from .stacks import Stack
from .variants import SCENARIOS, Variant

RECORDED = 3
"""Untouched runs of each variant: threads do not meet alike in every run, and bring other stacks."""

UNTOUCHED = 10.0
"""Seconds without any event after which a run in which nothing is failed is given up."""


def named(scenarios: Sequence[str]) -> dict[str, Variant]:
    """All variants of these scenarios, by scenario and name."""
    return {f"{scenario}: {variant.name}": variant for scenario in scenarios for variant in SCENARIOS[scenario]}


VARIANTS = named(tuple(SCENARIOS))


class Scene(Bench):
    """Runs cases with a referee."""

    def __init__(self, library: Path, recovery: str, folder: Path, libzmq: Path | None = None) -> None:
        self._recovery = recovery
        self._referee = Referee(library, folder, libzmq)

    def close(self) -> None:
        """End the process that forks victims."""
        self._referee.close()

    def record(self, variant: str) -> Recorded:
        """The stacks of some untouched runs; Inconclusive if something is odd about one already."""
        known: dict[str, Stack] = {}
        usual = 0
        for _ in range(RECORDED):
            found, seen = self._referee.run(Case(VARIANTS[variant], recovery=self._recovery), UNTOUCHED)
            verdict = judge(found, seen, CLEAN, 0, usual=found.closed)
            if verdict.outcome != Outcome.NOTHING:
                raise Inconclusive(
                    f"{variant} goes wrong with no allocation failed: {verdict.outcome.value} {verdict.detail}".strip()
                )
            for stack in seen.stacks:
                known[stack.key] = max(stack, known.get(stack.key, stack), key=lambda one: one.count)
            usual = max(usual, found.closed)
        return tuple(known.values()), usual

    def run(self, key: Key, usual: int, patience: float) -> tuple[Verdict, float]:
        """Fail one allocation, and say what came of it."""
        variant, stack, hit = key
        found, seen = self._referee.run(Case(VARIANTS[variant], stack, hit, self._recovery), patience)
        return judge(found, seen, stack, hit, usual), found.seconds
