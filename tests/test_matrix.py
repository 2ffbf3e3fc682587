"""From findings to verdicts: nothing is green that was not finished, and engines that disagree are found out."""

from dataclasses import replace
from typing import Any

import pytest

from enomem.checks.checking import check as command_check
from enomem.checks.checking import runner
from enomem.checks.errors import OurFault
from enomem.checks.families.registry import FAMILIES
from enomem.checks.judging import firing, matrix
from enomem.checks.judging.firing import Where
from enomem.checks.judging.judge import Finding, Task
from enomem.checks.judging.matrix import Job, Verdict
from enomem.checks.senders import plan
from enomem.checks.senders.plan import ALONE, ANY, Engine, Scope
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


def exit_code(job: Job, cells: list[matrix.Cell], *problems: str, interrupted: bool = False) -> int:
    return command_check._exit_code(job, cells, problems, runner.Outcome(interrupted=interrupted))


def test_what_was_interrupted_is_never_green() -> None:
    judged = replace(JOB, claims={})
    assert exit_code(judged, matrix.cells(judged, PROVED)) == 0
    assert exit_code(judged, matrix.cells(judged, PROVED), interrupted=True) == 3
    broken = matrix.cells(judged, [searched(traces={"SAFE-WHOLE": TRACE})])
    assert exit_code(judged, broken, interrupted=True) == 1
    assert exit_code(replace(judged, needed=True), broken, interrupted=True) == 3


def test_beyond_a_step_that_raises_or_escapes_nothing_is_exhausted() -> None:
    assert verdict(*ALL[1:], searched(0, traces={"SAFE-TOTAL": TRACE})) == Verdict.UNKNOWN


def test_a_cell_that_is_not_as_claimed_fails_the_check() -> None:
    job = replace(JOB, claims={("DISCARD", "RESTART", "SAFE-WHOLE"): "PROVED"}, needed=True)
    good = matrix.cells(job, PROVED)
    assert exit_code(job, good) == 0
    assert exit_code(job, matrix.cells(job, ALL)) == 1
    assert exit_code(job, matrix.cells(job, [])) == 3
    assert exit_code(job, good, "an assumption was not needed") == 1
    unclaimed = replace(job, claims={})
    assert exit_code(unclaimed, matrix.cells(unclaimed, PROVED)) == 1


def test_a_rule_that_never_fires_and_an_assumption_that_is_not_needed_are_problems() -> None:
    job = replace(JOB, needed=True)
    needed = [Finding(Task(Engine.NEEDED, "DISCARD", "NEXT", number=n)) for n in range(len(plan.needed()))]
    acts = tuple(matrix.never_happened([]))
    everything = searched(fired=tuple(r.value for r in firing.rules(Where.SENDERS)), happened=acts)
    patterns = Finding(Task(Engine.PATTERN, "any", "any", machine="PUSH"))
    patterns.fired = tuple(r.value for r in firing.rules(Where.PATTERNS))
    families = Finding(Task(Engine.FAMILY, "any", "any", machine="receive", part=Engine.SEARCH))
    families.fired = tuple(r.value for r in firing.rules(Where.FAMILIES))
    rest = [patterns, families]
    problems = command_check._problems(job, [everything, *rest, *needed])
    assert len(problems) == len(needed)
    shown = [replace(f, traces={plan.needed()[f.task.number].identifier: TRACE}) for f in needed]
    fired = tuple(r.value for r in Rule if r != Rule.PIPE_7)
    silent = command_check._problems(job, [searched(fired=fired, happened=acts), *rest, *shown])
    assert silent == ["rules that never fired in any search: PIPE-7"]
    elsewhere = command_check._problems(job, [searched(fired=fired, happened=acts), *shown])
    assert all(r.value in elsewhere[0] for place in (Where.PATTERNS, Where.FAMILIES) for r in firing.rules(place))
    idle = command_check._problems(job, [replace(everything, happened=acts[1:]), *rest, *shown])
    assert idle == [f"actions that no search took: {acts[0]}"]


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
    of_families = {need.assumption for family in FAMILIES.values() for need in family.needed()}
    assert {need.assumption for need in plan.needed()} | of_families == assumptions
    assert {name for entry in entries().values() for name in entry.assumes} == assumptions
