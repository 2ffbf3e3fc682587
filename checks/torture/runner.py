"""Runs cases on two workers, records first what there is to fail, and keeps what is found."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..terminal.console import Progress
from .campaign import Campaign, Key
from .judge import Outcome, Verdict
from .stacks import Stack

Job = TypeVar("Job")
Result = TypeVar("Result")

WORKERS = 2
SAVED = 5.0
"""Seconds between two writings of the file."""

TRIES = 3
"""How often a case is run whose stack does not come: threads do not meet alike in every run."""

SURE = 3
"""A hang counts when it hangs again with so many times the patience."""

Recorded = tuple[tuple[Stack, ...], int]
"""The stacks of a run in which nothing is failed, and how many connections went in it."""


class Bench(ABC):
    """What one worker runs cases with."""

    @abstractmethod
    def record(self, variant: str) -> Recorded:
        """What an untouched run allocates; OurFault or UsageError if it does not go as it should."""

    @abstractmethod
    def run(self, key: Key, usual: int, patience: float) -> tuple[Verdict, float]:
        """What a case comes to, and the seconds that it took."""

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds."""


@dataclass(frozen=True)
class Limits:
    """How much is done: hits of each stack, seconds without any event before a hang, seconds for all that is failed."""

    hits: int
    patience: float
    seconds: float


def settled(bench: Bench, key: Key, usual: int, patience: float) -> tuple[Verdict, float]:
    """The verdict on a case: run again while its stack does not come, and a hang with more patience."""
    took = 0.0
    verdict = Verdict(Outcome.NOT_REACHED)
    for _ in range(TRIES):
        verdict, seconds = bench.run(key, usual, patience)
        took += seconds
        if verdict.outcome == Outcome.HANG:
            again, seconds = bench.run(key, usual, SURE * patience)
            took += seconds
            verdict = verdict if again.outcome == Outcome.NOT_REACHED else again
        if verdict.outcome != Outcome.NOT_REACHED:
            break
    return verdict, round(took, 3)


class Runner:
    """The workers: each job is done with a bench that no other has at that time, in a folder of its own."""

    def __init__(self, make: Callable[[Path], Bench], workers: int = WORKERS) -> None:
        self._make, self._workers = make, workers
        self._free: queue.SimpleQueue[Bench] = queue.SimpleQueue()
        self._stop = threading.Event()

    def __enter__(self) -> Runner:
        with ExitStack() as stack:
            for _ in range(self._workers):
                bench = self._make(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="enomem-torture-"))))
                stack.callback(bench.close)
                self._free.put(bench)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def each(
        self, jobs: Iterable[Job], one: Callable[[Bench, Job], Result], until: float
    ) -> Iterator[tuple[Job, Result]]:
        """Each job with its result as it comes; none is begun after the time ``until``, or once nobody reads on."""
        self._stop.clear()
        with ThreadPoolExecutor(self._workers) as pool:
            futures: dict[Future[Result | None], Job] = {pool.submit(self._one, one, job, until): job for job in jobs}
            try:
                for future in as_completed(futures):
                    result = future.result()
                    if result is not None:
                        yield futures[future], result
            finally:
                self._stop.set()

    def _one(self, one: Callable[[Bench, Job], Result], job: Job, until: float) -> Result | None:
        if self._stop.is_set() or time.monotonic() > until:
            return None
        bench = self._free.get()
        try:
            return one(bench, job)
        finally:
            self._free.put(bench)


def run(
    runner: Runner, campaign: Campaign, variants: Sequence[str], limits: Limits, file: Path | None, quiet: bool
) -> None:
    """Record the variants that are not known yet, then run the cases that are left, as far as the time goes."""
    began, before = time.monotonic(), campaign.seconds

    def save() -> float:
        now = time.monotonic()
        campaign.seconds = before + now - began
        if file is not None:
            campaign.write(file, len(campaign.left(variants, limits.hits)))
        return now

    try:
        unknown = [name for name in variants if name not in campaign.sites]
        with Progress(len(unknown), quiet or not unknown, "untouched runs") as progress:
            known = runner.each(unknown, lambda bench, name: bench.record(name), float("inf"))
            for number, (name, seen) in enumerate(known):
                campaign.record(name, *seen)
                progress.show(number + 1, {})

        def one(bench: Bench, key: Key) -> tuple[Verdict, float]:
            return settled(bench, key, campaign.usual[key[0]], limits.patience)

        left = campaign.left(variants, limits.hits)
        saved = time.monotonic()
        with Progress(len(campaign.cases) + len(left), quiet, "failed allocations") as progress:
            for key, (verdict, took) in runner.each(left, one, saved + limits.seconds):
                campaign.done(key, verdict, took)
                progress.show(len(campaign.cases), {0: f"{key[0]}: {verdict.outcome.value} {verdict.site}"})
                saved = save() if time.monotonic() > saved + SAVED else saved
    finally:
        save()
