"""The patterns' part of the matrix: which tasks there are, and what their findings say of each cell."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import OurFault
from ..patterns import plan as pattern_plan
from ..patterns.plan import Row
from ..senders.plan import ANY_POLICY, Engine
from ..symbolic.asked import TOTAL
from .judge import Finding, Task
from .matrix import Cell, Job, Verdict


def rows(job: Job) -> list[tuple[str, Row]]:
    """The rows of a job, each with the text by which its policy is loaded."""
    names = {name: text for text, name in job.policies}
    found = [
        row
        for pattern in job.patterns
        for row in pattern_plan.rows(pattern, tuple(names), tuple(job.recoveries))
        if any(name in job.identifiers for name in row.identifiers)
    ]
    return [(names.get(row.policy, ANY_POLICY), row) for row in found]


def tasks(job: Job) -> list[Task]:
    """All tasks of the patterns' part of a job."""
    return [
        Task(
            Engine.PATTERN,
            text,
            row.recovery,
            max_bytes=job.max_bytes,
            timeout=job.timeout,
            machine=row.pattern,
            turns=row.turns,
            policy_name=row.policy,
        )
        for text, row in rows(job)
    ]


def cells(job: Job, findings: Iterable[Finding]) -> list[Cell]:
    """The verdicts, in the order of patterns, policies, recoveries and properties."""
    of = {
        (f.task.machine, f.task.policy, f.task.recovery, f.task.turns): f
        for f in findings
        if f.task.engine == Engine.PATTERN
    }
    return [
        _cell(job, row, identifier, of.get((row.pattern, text, row.recovery, row.turns)))
        for text, row in rows(job)
        for identifier in row.identifiers
        if identifier in job.identifiers and not (row.turns and identifier == TOTAL)
    ]


def _cell(job: Job, row: Row, identifier: str, finding: Finding | None) -> Cell:
    claimed = job.pattern_claims.get((row.pattern, row.policy, row.recovery, identifier))
    key = (row.policy, row.recovery, identifier)
    if finding is None:
        return Cell(*key, Verdict.UNKNOWN, "search", claimed, machine=row.pattern, reason="it was not finished")
    proved = finding.proved.get(identifier) is True
    trace = finding.traces.get(identifier)
    if trace is not None:
        if proved:
            raise OurFault(f"{row.pattern} {' '.join(key)} was proved and is violated; one of the engines is wrong")
        return Cell(
            *key, Verdict.VIOLATED, "search", claimed, bounds=(trace["bounds"],), states=finding.states,
            seconds=finding.searched, trace=trace, machine=row.pattern,
        )  # fmt: skip
    if proved:
        return Cell(
            *key, Verdict.PROVED, "proof", claimed, pattern_plan.UNBOUNDED, finding.peers, finding.systems,
            finding.states,
            finding.seconds - finding.searched, machine=row.pattern,
        )  # fmt: skip
    if TOTAL in finding.traces:
        reason = "a step raised or left its range (SAFE-TOTAL), and what comes after it was not searched"
        return Cell(*key, Verdict.UNKNOWN, "search", claimed, machine=row.pattern, reason=reason)
    reason = finding.note or ("not inductive with the given invariants" if identifier in finding.proved else "")
    return Cell(
        *key, Verdict.EXHAUSTED, "search", claimed, bounds=finding.systems, states=finding.states,
        seconds=finding.searched, machine=row.pattern, reason=reason,
    )  # fmt: skip
