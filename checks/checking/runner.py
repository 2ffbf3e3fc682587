"""Runs the tasks of a check in worker processes, and tells how far they are.

Every worker is ours and is ended by us. A task that raises is told apart by whose fault it is: the policy
author's ends the check as a usage error, ours as our fault; neither is ever taken for a verdict.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..errors import OurFault, UsageError
from ..judging.judge import Finding, Task

TICK = 0.1
"""How often what the workers tell is looked at, in seconds."""


@dataclass
class Outcome:
    """The findings so far; ``interrupted`` if not all tasks were done, with the last word of each that was not."""

    findings: list[Finding] = field(default_factory=list)
    interrupted: bool = False
    last_words: list[str] = field(default_factory=list)


_told: Any = None


def _start(words: Any) -> None:
    """Begin a worker: Ctrl-C is the parent's to answer."""
    global _told
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _told = words


def _work(number: int, task: Task) -> tuple[str, Any]:
    from ..judging import judge

    def tell(text: str) -> None:
        _told.put((number, text))

    tell(task.title)
    try:
        return "done", judge.run(task, tell)
    except UsageError as error:
        return "usage", str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and is told with its place
        return "fault", (f"{task.title}: {type(error).__name__}: {error}", traceback.format_exc())


def workers(given: int | None = None) -> int:
    """How many processes work: as asked for, or as many as there are cores, at most 8."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, given if given is not None else min(usable, 8))


@contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets.

    An exception in its place could come while `wait` takes the locks of all futures one by one, and the pool would
    then wait for ever for those that were taken. Whoever answers Ctrl-C in a way of their own is left to it.
    """
    pressed = threading.Event()
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, lambda *_: pressed.set())
    try:
        yield pressed
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def run(tasks: Sequence[Task], count: int, show: Callable[[int, dict[int, str]], None]) -> Outcome:
    """Do all ``tasks`` with ``count`` workers; ``show`` is given the number done and what each one at work says."""
    context = multiprocessing.get_context("spawn")
    words = context.SimpleQueue()
    saying: dict[int, str] = {}
    outcome = Outcome()
    show(0, {})
    pool = ProcessPoolExecutor(min(count, len(tasks)) or 1, context, _start, (words,))
    pending: dict[Future[tuple[str, Any]], int] = {}
    with _ctrl_c() as pressed:
        try:
            pending |= {pool.submit(_work, i, task): i for i, task in enumerate(tasks)}
            while pending and not pressed.is_set():
                done, _ = wait(pending, TICK, FIRST_COMPLETED)
                while not words.empty():
                    number, text = words.get()
                    saying[number] = text
                for future in done:
                    number = pending.pop(future)
                    outcome.findings.append(_result(future))
                    saying.pop(number, None)
                at_work = {n: text for n, text in saying.items() if n in pending.values()}
                show(len(tasks) - len(pending), at_work)
            outcome.interrupted = bool(pending)
            # The pool counts one more as running than there are workers: what is next.
            running = [number for future, number in pending.items() if future.running()][:count]
            outcome.last_words = [saying.get(number, tasks[number].title) for number in running]
        finally:
            if pending:
                _end(pool)
            pool.shutdown(wait=True, cancel_futures=True)
    return outcome


def _result(future: Future[tuple[str, Any]]) -> Finding:
    try:
        kind, value = future.result()
    except BrokenProcessPool:
        raise OurFault("a worker process ended by itself: out of memory? try --max-memory or smaller bounds") from None
    if kind == "usage":
        raise UsageError(value)
    if kind == "fault":
        fault = OurFault(value[0])
        fault.add_note(value[1])
        raise fault
    assert isinstance(value, Finding)
    return value


def _end(pool: ProcessPoolExecutor) -> None:
    """End the workers that this pool started, and no others."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.terminate()
