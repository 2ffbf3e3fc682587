"""Workers: whose fault an error is, and that a worker which dies is never taken for a verdict."""

import signal
from collections.abc import Iterable
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from typing import Any

import pytest

from enomem.checks.checking import runner
from enomem.checks.errors import OurFault, UsageError
from enomem.checks.judging.judge import Task
from enomem.checks.senders.plan import Engine, Scope


def silent(_: int, __: dict[int, str]) -> None:
    """Show nothing."""


def test_findings_of_all_tasks_come_back() -> None:
    tasks = [Task(Engine.SEARCH, "KEEP", "NEXT", {"senders": 1, "messages": n}) for n in (1, 2)]
    seen: list[int] = []
    outcome = runner.run(tasks, 2, lambda done, _: seen.append(done))
    assert not outcome.interrupted
    assert sorted(f.bounds["messages"] for f in outcome.findings) == [1, 2]
    assert seen[0] == 0
    assert seen[-1] == 2


def test_a_policy_author_s_fault_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.py"):
        runner.run([Task(Engine.SEARCH, "nowhere.py:Mine", "NEXT")], 1, silent)


def test_an_error_of_ours_is_our_fault_with_its_place() -> None:
    broken = Task(Engine.PROOF, "KEEP", "NO SUCH RECOVERY", scope=Scope(1, False))
    with pytest.raises(OurFault, match="NO SUCH RECOVERY"):
        runner.run([broken], 1, silent)


def test_a_worker_that_dies_is_our_fault() -> None:
    lost: Future[tuple[str, object]] = Future()
    lost.set_exception(BrokenProcessPool())
    with pytest.raises(OurFault, match="ended by itself"):
        runner._result(lost)


def test_ctrl_c_while_futures_are_locked_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception there would leave locks behind, and the pool would never be shut down."""

    def pressed(pending: Iterable[Future[Any]], *more: Any) -> Any:
        with ExitStack() as locks:
            for future in pending:
                locks.enter_context(future._condition)
            signal.raise_signal(signal.SIGINT)
        return wait(pending, *more)

    monkeypatch.setattr(runner, "wait", pressed)
    before = signal.getsignal(signal.SIGINT)
    tasks = [Task(Engine.SEARCH, "KEEP", "NEXT", {"senders": 1, "messages": n}) for n in (1, 2, 3)]
    outcome = runner.run(tasks, 1, silent)
    assert outcome.interrupted
    assert len(outcome.findings) < len(tasks)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_is_left_to_who_answers_it_already() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        with runner._ctrl_c() as pressed:
            signal.raise_signal(signal.SIGINT)
            assert not pressed.is_set()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_workers_are_as_many_as_asked_for() -> None:
    assert runner.workers(3) == 3
    assert 1 <= runner.workers() <= 8
