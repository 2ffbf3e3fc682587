"""Workers: whose fault an error is, and that a worker which dies is never taken for a verdict."""

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

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


def test_workers_are_as_many_as_asked_for() -> None:
    assert runner.workers(3) == 3
    assert 1 <= runner.workers() <= 8
