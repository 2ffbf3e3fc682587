"""From findings to verdicts: nothing is green that was not finished, and engines that disagree are found out."""

from dataclasses import replace
from typing import Any

import pytest

from enomem.checks import command_check, matrix, plan
from enomem.checks.errors import OurFault
from enomem.checks.judge import Finding, Task
from enomem.checks.matrix import Job, Verdict
from enomem.checks.plan import ALONE, ANY, Engine, Scope
from enomem.model.policies import POLICIES
from enomem.model.rules import Rule
from enomem.spec.claims import claims
from enomem.spec.text import entries

JOB = Job([("DISCARD", "DISCARD")], {"DISCARD": False}, ["RESTART"], ["SAFE-WHOLE"])
TRACE: dict[str, Any] = {"steps": [{}, {}], "cycle": None}


def searched(number: int = 0, **more: Any) -> Finding:
    return Finding(Task(Engine.SEARCH, "DISCARD", "RESTART", number=number), asked=("SAFE-WHOLE",), **more)


def proof(verdict: bool | None, scope: Scope = ANY) -> Finding:
    task = Task(Engine.PROOF, "DISCARD", "RESTART", scope=scope)
    return Finding(task, proved={"SAFE-WHOLE": verdict})


PROVED = [proof(True, ALONE), proof(True, ANY)]


ALL = [searched(number) for number in range(len(plan.SAFETY))]


def verdict(*findings: Finding) -> Verdict:
    (cell,) = matrix.cells(JOB, findings)
    return cell.verdict


def test_nothing_known_is_unknown() -> None:
    assert verdict() == Verdict.UNKNOWN


def test_a_search_that_is_missing_or_stopped_is_unknown() -> None:
    assert verdict(*ALL) == Verdict.EXHAUSTED
    assert verdict(*ALL[1:]) == Verdict.UNKNOWN
    assert verdict(*ALL[1:], searched(0, stopped="interrupted")) == Verdict.UNKNOWN


def test_a_proof_counts_only_if_every_scope_was_proved() -> None:
    assert verdict(*PROVED) == Verdict.PROVED
    assert verdict(proof(True), *ALL) == Verdict.EXHAUSTED
    assert verdict(proof(True, ALONE), proof(None), *ALL) == Verdict.EXHAUSTED
    assert verdict(proof(True, ALONE), proof(None)) == Verdict.UNKNOWN
    assert verdict(proof(True, ALONE), proof(False)) == Verdict.UNKNOWN


def test_a_violation_counts_even_if_other_searches_are_missing() -> None:
    assert verdict(searched(traces={"SAFE-WHOLE": TRACE})) == Verdict.VIOLATED


def test_a_proof_and_a_violation_of_the_same_is_our_fault() -> None:
    with pytest.raises(OurFault, match="one of the engines is wrong"):
        verdict(*PROVED, searched(traces={"SAFE-WHOLE": TRACE}))


def test_a_cell_that_is_not_as_claimed_fails_the_check() -> None:
    job = replace(JOB, claims={("DISCARD", "RESTART", "SAFE-WHOLE"): "PROVED"}, needed=True)
    good = matrix.cells(job, PROVED)
    assert command_check._exit_code(job, good, []) == 0
    assert command_check._exit_code(job, matrix.cells(job, ALL), []) == 1
    assert command_check._exit_code(job, matrix.cells(job, []), []) == 3
    assert command_check._exit_code(job, good, ["an assumption was not needed"]) == 1
    unclaimed = replace(job, claims={})
    assert command_check._exit_code(unclaimed, matrix.cells(unclaimed, PROVED), []) == 1


def test_a_rule_that_never_fires_and_an_assumption_that_is_not_needed_are_problems() -> None:
    job = replace(JOB, needed=True)
    needed = [Finding(Task(Engine.NEEDED, "DISCARD", "NEXT", number=n)) for n in range(len(plan.needed()))]
    problems = command_check._problems(job, [searched(fired=tuple(r.value for r in Rule)), *needed])
    assert len(problems) == len(needed)
    shown = [replace(f, traces={plan.needed()[f.task.number].identifier: TRACE}) for f in needed]
    silent = command_check._problems(job, [searched(fired=tuple(r.value for r in Rule if r != Rule.PIPE_7)), *shown])
    assert silent == ["rules that never fired in any search: PIPE-7"]


def test_every_cell_of_the_matrix_is_claimed_once() -> None:
    wanted = {
        (policy.name, recovery, identifier)
        for policy in POLICIES
        for recovery in ("RESTART", "RESUME", "NEXT")
        for identifier in matrix.properties.PROPERTIES
    }
    assert set(claims()) == wanted


def test_every_assumption_of_the_specification_is_one_that_is_shown_to_be_needed() -> None:
    assumptions = {name for name in entries() if name.startswith("ASSUME-")}
    assert {need.assumption for need in plan.needed()} == assumptions
    assert {name for entry in entries().values() for name in entry.assumes} == assumptions
