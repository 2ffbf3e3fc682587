"""The families' part of the matrix: which tasks there are, and what their findings say of each cell."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import OurFault
from ..judging.judge import Finding, Task
from ..judging.matrix import Cell, Job, Verdict
from ..senders.plan import Engine
from ..symbolic.asked import TOTAL
from .family import LIVENESS, Family, Need, Row
from .judge import kind
from .registry import FAMILIES


def tasks(job: Job) -> list[Task]:
    """All tasks of the families' part of a job."""
    found: list[Task] = []
    for row in job.rows:
        family = FAMILIES[row.family]
        asked = [name for name in family.identifiers(row) if name in job.identifiers]
        counts = {
            Engine.PROOF: len(family.proved(row)) if set(asked) - {*LIVENESS} else 0,
            Engine.SEARCH: len(family.searched(row)) if set(asked) - {*LIVENESS} else 0,
            Engine.LIVENESS: len(family.endless(row)) if set(asked) & {*LIVENESS} else 0,
        }
        found += [_task(job, row, part, number) for part, count in counts.items() for number in range(count)]
    if job.needed:
        for family in FAMILIES.values():
            found += [_task(job, need.row, Engine.NEEDED, number) for number, need in enumerate(family.needed())]
    return found


def _task(job: Job, row: Row, part: Engine, number: int) -> Task:
    return Task(
        Engine.FAMILY, row.text, row.second, number=number, max_bytes=job.max_bytes, timeout=job.timeout,
        machine=row.family, policy_name=row.subject, part=part,
    )  # fmt: skip


def cells(job: Job, findings: Iterable[Finding]) -> list[Cell]:
    """The verdicts, in the order of rows and properties."""
    of: dict[Row, list[Finding]] = {}
    for finding in findings:
        task = finding.task
        if task.engine == Engine.FAMILY and task.part != Engine.NEEDED:
            of.setdefault(Row(task.machine, task.policy_name, task.recovery, task.policy), []).append(finding)
    return [
        _cell(job, FAMILIES[row.family], row, identifier, of.get(row, []))
        for row in job.rows
        for identifier in FAMILIES[row.family].identifiers(row)
        if identifier in job.identifiers
    ]


def _cell(job: Job, family: Family, row: Row, identifier: str, findings: list[Finding]) -> Cell:
    live = identifier in LIVENESS
    claimed = job.family_claims.get((row.family, row.subject, row.second, identifier))
    key, of = (row.subject, row.second, identifier), row.family
    searches = [f for f in findings if f.task.part == (Engine.LIVENESS if live else Engine.SEARCH)]
    proofs = [f for f in findings if f.task.part == Engine.PROOF and not live]
    wanted, engine = len(family.endless(row) if live else family.searched(row)), "liveness" if live else "search"
    bounds = tuple(bound for f in searches for bound in f.systems)
    states, seconds = sum(f.states for f in searches), sum(f.seconds for f in searches)
    proved = bool(proofs) and len(proofs) == len(family.proved(row)) and all(
        f.proved.get(identifier) is True for f in proofs
    )  # fmt: skip
    traces = [f.traces[identifier] for f in searches if identifier in f.traces]
    if traces:
        if proved:
            raise OurFault(f"{row.named}: {identifier} was proved and is violated; one of the engines is wrong")
        best = min(traces, key=lambda one: len(one["steps"]))
        return Cell(
            *key, Verdict.VIOLATED, engine, claimed, bounds=(best["bounds"],), states=states, seconds=seconds,
            trace=best, machine=of,
        )  # fmt: skip
    stopped = [f.stopped for f in searches if f.stopped]
    if not live and any(TOTAL in f.traces for f in searches):
        stopped.append("a step raised or left its range (SAFE-TOTAL), and what comes after it was not searched")
    if proved:
        scopes = tuple(dict.fromkeys(scope for f in proofs for scope in f.peers))
        return Cell(
            *key, Verdict.PROVED, Engine.PROOF.value, claimed, family.unbounded, scopes, bounds, states,
            sum(f.seconds for f in proofs), machine=of,
        )  # fmt: skip
    if not wanted or len(searches) < wanted or stopped:
        reason = stopped[0] if stopped else f"{len(searches)} of {wanted} searches finished"
        return Cell(*key, Verdict.UNKNOWN, engine, claimed, bounds=bounds, states=states, machine=of, reason=reason)
    failed = [f for f in proofs if f.proved.get(identifier) is not True]
    reason = (failed[0].note or "not inductive with the given invariants") if failed else ""
    return Cell(
        *key, Verdict.EXHAUSTED, engine, claimed, bounds=bounds, states=states, seconds=seconds, machine=of,
        reason=reason,
    )  # fmt: skip


def never_happened(job: Job, findings: Iterable[Finding]) -> list[str]:
    """The kinds of actions, with the site that is refused, that no search of a family took."""
    happened: dict[str, set[str]] = {}
    for finding in findings:
        if finding.task.engine == Engine.FAMILY and finding.task.part == Engine.SEARCH:
            happened.setdefault(finding.task.machine, set()).update(finding.happened)
    found: dict[str, None] = {}
    for row in job.rows:
        family = FAMILIES[row.family]
        for system in family.searched(row):
            kinds = {kind(action) for action in family.bounded(system).machine.actions}
            found.update(
                dict.fromkeys(
                    f"{family.name}: {act}" for act in kinds - happened.get(family.name, set()) - {*family.never}
                )
            )
    return sorted(found)


def needs(findings: Iterable[Finding]) -> list[tuple[Need, bool]]:
    """Each assumption that was looked at, and whether it was shown to be needed."""
    found: list[tuple[Need, bool]] = []
    for finding in findings:
        if finding.task.engine == Engine.FAMILY and finding.task.part == Engine.NEEDED:
            need = FAMILIES[finding.task.machine].needed()[finding.task.number]
            found.append((need, need.identifier in finding.traces))
    return found


def unneeded(findings: Iterable[Finding]) -> list[str]:
    """Assumptions that were not shown to be needed, in words; an empty list is what a check wants."""
    return [
        f"{need.assumption} was not needed for {need.row.named} {need.identifier}: nothing violates it without"
        for need, shown in needs(findings)
        if not shown
    ]
