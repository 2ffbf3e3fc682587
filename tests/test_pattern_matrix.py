"""The patterns' part of the matrix: what is asked for, what findings say, and that nothing is green unearned."""

from dataclasses import replace
from typing import Any

import pytest

from enomem.checks.checking import job as check_job
from enomem.checks.checking import runner
from enomem.checks.checking.check import _exit_code
from enomem.checks.errors import OurFault, UsageError
from enomem.checks.judging import pattern_judge, pattern_matrix
from enomem.checks.judging.judge import Finding, Task
from enomem.checks.judging.matrix import Cell, Job, Verdict
from enomem.checks.patterns import plan as pattern_plan
from enomem.checks.patterns.plan import Row
from enomem.checks.senders.plan import Engine
from enomem.checks.terminal import console, report
from enomem.model.application import Recovery
from enomem.model.patterns import PATTERNS
from enomem.model.policies import POLICIES
from enomem.spec.claims import pattern_claims
from enomem.spec.text import entries

NO_BOUNDS: dict[str, int | None] = {}
TRACE: dict[str, Any] = {"steps": [{}, {}], "cycle": None, "bounds": {"pipes": 2}}


def job(**asked: Any) -> Job:
    options = {"policies": (), "recoveries": (), "identifiers": (), "patterns": ()} | asked
    return check_job.make(**options, deep=False, bounds=NO_BOUNDS, max_memory=None, timeout=10.0, count=1)


ROUTER = job(patterns=["router"], policies=["DISCARD"], recoveries=["RESTART"], identifiers=["SAFE-ROUTE"])
(TASK,) = pattern_matrix.tasks(ROUTER)


def cells(**found: Any) -> list[Cell]:
    finding = Finding(TASK, asked=("SAFE-ROUTE",), systems=({"pipes": 2},), **found)
    return pattern_matrix.cells(ROUTER, [finding])


def verdict(**found: Any) -> Verdict:
    (cell,) = cells(**found)
    return cell.verdict


def test_what_was_not_finished_is_unknown() -> None:
    (cell,) = pattern_matrix.cells(ROUTER, [])
    assert (cell.verdict, cell.machine) == (Verdict.UNKNOWN, "ROUTER")


def test_verdicts() -> None:
    assert verdict() == Verdict.EXHAUSTED
    assert verdict(proved={"SAFE-ROUTE": True}) == Verdict.PROVED
    assert verdict(proved={"SAFE-ROUTE": None}) == Verdict.EXHAUSTED
    assert verdict(proved={"SAFE-ROUTE": False}) == Verdict.EXHAUSTED
    assert verdict(traces={"SAFE-ROUTE": TRACE}) == Verdict.VIOLATED
    assert verdict(traces={"SAFE-TOTAL": TRACE}) == Verdict.UNKNOWN


def test_a_proof_and_a_violation_of_the_same_is_our_fault() -> None:
    with pytest.raises(OurFault, match="one of the engines is wrong"):
        cells(proved={"SAFE-ROUTE": True}, traces={"SAFE-ROUTE": TRACE})


def test_a_cell_that_is_not_as_claimed_fails_the_check() -> None:
    everything = replace(ROUTER, needed=True)
    assert _exit_code(everything, cells(proved={"SAFE-ROUTE": True}), [], runner.Outcome()) == 0
    assert _exit_code(everything, cells(), [], runner.Outcome()) == 1
    assert _exit_code(everything, pattern_matrix.cells(ROUTER, []), [], runner.Outcome()) == 3
    unclaimed = [replace(cell, claimed=None) for cell in cells(proved={"SAFE-ROUTE": True})]
    assert _exit_code(everything, unclaimed, [], runner.Outcome()) == 1


def test_a_slow_solver_is_inconclusive() -> None:
    late = Finding(TASK, proved={"SAFE-ROUTE": None}, systems=({"pipes": 2},))
    everything = replace(ROUTER, needed=True)
    found = pattern_matrix.cells(ROUTER, [late])
    assert _exit_code(everything, found, [], runner.Outcome([late])) == 3


def test_every_cell_is_claimed_once_and_nothing_else_is() -> None:
    everything = job()
    found = pattern_matrix.cells(everything, [])
    keys = [(cell.machine, cell.policy, cell.recovery, cell.identifier) for cell in found]
    assert len(set(keys)) == len(keys)
    assert set(keys) == set(pattern_claims())
    assert all(cell.claimed for cell in found)


def test_every_type_of_socket_is_checked() -> None:
    assert {*pattern_plan.TYPES, "PUB"} == set(PATTERNS)
    assert {row.pattern for _, row in pattern_matrix.rows(job())} == set(PATTERNS)


def test_what_is_asked_of_patterns_has_a_text() -> None:
    for _, row in pattern_matrix.rows(job()):
        assert set(row.identifiers) <= set(entries())


@pytest.mark.parametrize(
    ("asked", "senders", "patterns"),
    [
        ({}, True, set(pattern_plan.TYPES)),
        ({"patterns": ["REQ"]}, False, {"REQ"}),
        ({"policies": ["KEEP"]}, True, set()),
        ({"identifiers": ["SAFE-WHOLE"]}, True, set()),
        ({"identifiers": ["SAFE-ROUTE"]}, False, {"ROUTER"}),
        ({"identifiers": ["SAFE-ROUTE", "SAFE-WHOLE"]}, True, {"ROUTER"}),
        ({"identifiers": ["SAFE-CLEAN"], "patterns": ["REP", "rep"]}, False, {"REP"}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_what_is_chosen(asked: dict[str, Any], senders: bool, patterns: set[str]) -> None:
    found = job(**asked)
    assert found.senders == senders
    assert {row.pattern for _, row in pattern_matrix.rows(found)} == patterns


def test_bounds_are_for_senders() -> None:
    with pytest.raises(UsageError, match="--memory is for searches of senders"):
        check_job.make((), (), (), ("REQ",), False, {"memory": 3}, None, 10.0, 1)
    with pytest.raises(UsageError, match="there is no pattern 'ROTER'; did you mean ROUTER"):
        job(patterns=["ROTER"])


def test_a_policy_of_ones_own_is_checked_with_a_pattern() -> None:
    found = job(patterns=["REQ"], policies=["docs/examples/patience.py:Patience"], recoveries=["RESTART"])
    (task,) = [task for task in pattern_matrix.tasks(found) if not task.turns]
    assert task.policy.startswith("docs/")
    assert pattern_matrix.cells(found, [])[0].claimed is None


def test_a_proof_is_not_tried_where_messages_are_not_as_they_should_be() -> None:
    task = Task(Engine.PATTERN, "KEEP", "NEXT", machine="ROUTER", policy_name="KEEP")
    (policy,) = [policy for policy in POLICIES if policy.name == "KEEP"]
    found = pattern_judge.run(task, policy, lambda _: None)
    assert found.proved == {}
    assert "would not cover" in found.note
    assert found.traces["SAFE-ROUTE"]["machine"] == "ROUTER"


def test_what_holds_is_proved_with_all_bounds_unknown() -> None:
    task = Task(Engine.PATTERN, "DISCARD", "RESTART", machine="ROUTER", policy_name="DISCARD")
    told: list[str] = []
    found = pattern_judge.run(task, POLICIES[0], told.append)
    assert set(found.proved) == set(Row("ROUTER").identifiers)
    assert all(found.proved.values())
    assert found.peers == ("2 peers",)
    assert told
    shown = pattern_matrix.cells(job(patterns=["ROUTER"], policies=["DISCARD"], recoveries=["RESTART"]), [found])
    proved = [cell for cell in shown if cell.policy == "DISCARD"]
    assert {cell.verdict for cell in proved} == {Verdict.PROVED}
    assert any("2 peers: ROUTER" in line for line in console.legend(proved))
    assert {cell["machine"] for cell in report.as_json(proved, 0, [])["cells"]} == {"ROUTER"}


def test_recoveries_and_policies_of_the_claims_exist() -> None:
    policies = {policy.name for policy in POLICIES} | {"any"}
    recoveries = {recovery.value for recovery in Recovery} | {"any"}
    for pattern, policy, recovery, _ in pattern_claims():
        assert pattern in PATTERNS
        assert policy in policies
        assert recovery in recoveries
