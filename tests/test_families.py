"""Families of rows: what is asked for, what findings say, that nothing is green unearned, and traces that replay."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from enomem.checks.checking import job as check_job
from enomem.checks.errors import OurFault, UsageError
from enomem.checks.families import judge, matrix, traces, words
from enomem.checks.families.family import LIVENESS, Row
from enomem.checks.families.registry import FAMILIES
from enomem.checks.judging.judge import Finding, Task
from enomem.checks.judging.matrix import Cell, Job, Verdict
from enomem.checks.runs import command as command_replay
from enomem.checks.senders.plan import Engine
from enomem.spec.claims import family_claims
from enomem.spec.text import entries

NO_BOUNDS: dict[str, int | None] = {}
TRACE: dict[str, Any] = {"steps": [{}, {}], "cycle": None, "bounds": {"parts": 2}}
ROWS = [row for family in FAMILIES.values() for row in family.rows()]


def job(**asked: Any) -> Job:
    options: dict[str, Any] = {"policies": (), "recoveries": (), "identifiers": (), "patterns": ()} | asked
    return check_job.make(**options, deep=False, bounds=NO_BOUNDS, max_memory=None, timeout=10.0, count=1)


ONE = job(subjects={"receive": ("BOUNDED_WAIT",)}, identifiers=("SAFE-BOUND",))
TASKS = matrix.tasks(ONE)


def found(part: Engine, number: int = 0, **more: Any) -> Finding:
    (task,) = [task for task in TASKS if (task.part, task.number) == (part, number)]
    return Finding(task, **more)


def cell(*findings: Finding) -> Cell:
    (only,) = matrix.cells(ONE, findings)
    return only


SEARCHED = [found(Engine.SEARCH, task.number) for task in TASKS if task.part == Engine.SEARCH]
PROVED = [found(Engine.PROOF, task.number, proved={"SAFE-BOUND": True}) for task in TASKS if task.part == Engine.PROOF]


def test_verdicts() -> None:
    assert cell().verdict == Verdict.UNKNOWN
    assert cell(*SEARCHED).verdict == Verdict.EXHAUSTED
    assert cell(*SEARCHED[1:]).verdict == Verdict.UNKNOWN
    assert cell(*SEARCHED[1:], found(Engine.SEARCH, stopped="too large")).reason == "too large"
    assert cell(*SEARCHED, *PROVED).verdict == Verdict.PROVED
    assert cell(*SEARCHED, *PROVED[1:]).verdict == Verdict.EXHAUSTED
    late = cell(*SEARCHED, *PROVED[1:], found(Engine.PROOF, proved={"SAFE-BOUND": None}))
    assert (late.verdict, late.reason) == (Verdict.EXHAUSTED, "not inductive with the given invariants")
    assert cell(*SEARCHED, found(Engine.SEARCH, traces={"SAFE-BOUND": TRACE})).verdict == Verdict.VIOLATED
    assert cell(*SEARCHED, found(Engine.SEARCH, traces={"SAFE-TOTAL": TRACE})).verdict == Verdict.UNKNOWN


def test_a_proof_and_a_violation_of_the_same_is_our_fault() -> None:
    with pytest.raises(OurFault, match="one of the engines is wrong"):
        cell(*PROVED, found(Engine.SEARCH, traces={"SAFE-BOUND": TRACE}))


def test_tasks_are_those_of_the_properties_asked() -> None:
    assert {task.part for task in TASKS} == {Engine.SEARCH, Engine.PROOF}
    live = job(subjects={"receive": ()}, identifiers=("LIVE-EACH",))
    assert {task.part for task in matrix.tasks(live)} == {Engine.LIVENESS}
    assert {row.family for row in job().rows} == set(FAMILIES)
    assert {row.family for row in job(identifiers=("LIVE-RECOVER",)).rows} == set(FAMILIES)
    assert job(identifiers=("SAFE-BOUND",)).rows == []
    assert not job(subjects={"receive": ()}).senders


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="no family 'sockets'"):
        job(subjects={"sockets": ()})
    with pytest.raises(UsageError, match="HOPE: there is no built-in receive policy and no file HOPE"):
        job(subjects={"receive": ("HOPE",)})


def test_every_cell_of_the_families_is_claimed_once() -> None:
    wanted = {
        (row.family, row.subject, row.second, name) for row in ROWS for name in FAMILIES[row.family].identifiers(row)
    }
    assert set(family_claims()) == wanted
    assert {key[-1] for key in wanted} <= set(entries())


def test_a_needed_assumption_that_nothing_needs_is_told() -> None:
    for family in FAMILIES.values():
        for number, need in enumerate(family.needed()):
            finding = Finding(Task(Engine.FAMILY, "", "", machine=family.name, number=number, part=Engine.NEEDED))
            assert matrix.unneeded([finding])[0].startswith(f"{need.assumption} was not needed for {need.row.named}")
            assert matrix.unneeded([replace(finding, traces={need.identifier: TRACE})]) == []


def test_an_action_that_never_happened_is_told() -> None:
    (row, *_) = ROWS
    small = replace(ONE, rows=[row])
    family = FAMILIES[row.family]
    every = {judge.kind(a) for s in family.searched(row) for a in family.bounded(s).machine.actions}
    searched = Finding(Task(Engine.FAMILY, "", "", machine=row.family, part=Engine.SEARCH), happened=tuple(every))
    assert matrix.never_happened(small, [searched]) == []
    assert matrix.never_happened(small, [replace(searched, happened=tuple(every - {"send"}))]) == [
        f"{row.family}: send"
    ]


# --- traces


def walked(row: Row) -> traces.Trace:
    """A few steps of the first system of a row, whatever can happen first, each time another action."""
    family = FAMILIES[row.family]
    system = family.searched(row)[0]
    machine = family.bounded(system).machine
    actions: list[Any] = []
    state = machine.initial
    for number in range(8):
        able = [moment for action in machine.actions if (moment := traces.take(machine, state, action)) is not None]
        if not able:
            break
        actions.append(able[number % len(able)].action)
        state = able[number % len(able)].after
    return traces.run(family, row, system, actions, "SAFE-BOUND")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.named.replace(" ", "_"))
def test_a_trace_is_written_read_replayed_and_shown(row: Row, tmp_path: Path) -> None:
    shown = walked(row)
    data = json.loads(words.show(shown, "json"))
    assert traces.is_ours(data)
    assert traces.replay(data) == []
    assert traces.trace_of(data).steps == shown.steps
    file = tmp_path / "trace.json"
    file.write_text(json.dumps(data))
    for form in ("text", "mermaid", "json"):
        code, lines, _ = command_replay.run(file, form)
        assert (code, bool(lines[0])) == (0, True)
    assert words.show(shown, "mermaid").startswith("sequenceDiagram\n")
    assert len(words.show(shown, "text").splitlines()) >= len(shown.steps) > 2


def test_a_trace_that_is_not_the_models_is_told(tmp_path: Path) -> None:
    data = json.loads(words.show(walked(ROWS[0]), "json"))
    data["steps"][2]["rules"] = ["MEM-4"]
    assert any("rules in the model" in one for one in traces.replay(data))
    file = tmp_path / "trace.json"
    file.write_text(json.dumps(data))
    assert command_replay.run(file, "text")[0] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bounds": {"readers": 99}}, "bounds: .* is not checked with these bounds"),
        ({"recovery": "HOPE"}, "has no row of"),
        ({"version": 7}, "version: only version 1"),
        ({"steps": [{"action": {"kind": "fly"}}]}, "action: nothing of that kind"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(change: dict[str, Any], said: str) -> None:
    data = {**json.loads(words.show(walked(ROWS[0]), "json")), **change}
    with pytest.raises(UsageError, match=said):
        traces.replay(data)


def test_a_lasso_has_to_close() -> None:
    family, row = FAMILIES[ROWS[0].family], ROWS[0]
    shown = walked(row)
    with pytest.raises(OurFault, match="does not lead back"):
        traces.run(family, row, shown.system, [moment.action for moment in shown.steps][:1], None, 0)


def test_what_is_endless_is_told_apart() -> None:
    assert set(LIVENESS) <= set(entries())
