"""`enomem check`: what is asked, run, concluded and shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from enomem.model.application import Recovery

from ..errors import UsageError
from ..families import matrix as family_matrix
from ..families import registry
from ..families import traces as family_traces
from ..families import words as family_words
from ..judging import matrix, pattern_matrix
from ..judging.judge import SENDER, Finding, prove
from ..judging.matrix import Cell, Job, Verdict
from ..patterns import plan as pattern_plan
from ..patterns import traces as pattern_trace
from ..patterns import words as pattern_words
from ..policies.file import load_policy
from ..proof.certificate import slug
from ..senders import plan
from ..senders.plan import Engine
from ..terminal import console, report
from ..traces import sender as sender_trace
from ..words import wording  # fmt: skip
from . import job as check_job
from . import runner

OPTION_OF = {
    "app.part": "parts", "app.message": "messages", "history.accepted": "messages", "history.commits": "messages",
    "history.arrived": "messages", "history.delivered": "messages", "history.lost": "messages",
    "pipe.messages": "queue", "inbox.messages": "inbox", "inbox.parts": "inbox", "pool.used": "memory",
    "pipe.tail": "memory",
    "pipe.parts": "queue", "faults": "disconnects", "link.flight": "messages",
}  # fmt: skip
"""Which bound makes a field large."""


def run(
    *, policies: Sequence[str], recoveries: Sequence[str], identifiers: Sequence[str], patterns: Sequence[str],
    subjects: Mapping[str, Sequence[str]], seconds: Sequence[str], deep: bool, json_file: Path | None,
    junit: Path | None, certificate: Path | None, traces: Path | None, fmt: str,
    jobs: int | None, max_memory: int | None, timeout: float, quiet: bool, **bounds: int | None,
) -> int:  # fmt: skip
    """Check, print, write; returns the exit code."""
    for path in (json_file, junit):
        if path is not None:
            _can_write(path)
    for directory in (traces, certificate):
        if directory is not None:
            _can_make(directory)
    count = runner.workers(jobs)
    job = check_job.make(
        policies, recoveries, identifiers, patterns, deep, bounds, max_memory, timeout, count, subjects, seconds
    )  # fmt: skip
    for text, _ in job.policies:
        plan.systems(load_policy(text), Recovery.RESTART, job.bounds)
    work = [*matrix.tasks(job), *family_matrix.tasks(job), *pattern_matrix.tasks(job)]
    with console.Progress(len(work), quiet) as progress:
        outcome = runner.run(work, count, progress.show)
    cells = [
        *matrix.cells(job, outcome.findings), *pattern_matrix.cells(job, outcome.findings),
        *family_matrix.cells(job, outcome.findings),
    ]  # fmt: skip
    problems = [] if outcome.interrupted else _problems(job, outcome.findings)
    code = _exit_code(job, cells, problems, outcome)
    try:
        _show(job, cells, problems, outcome, fmt)
    except BrokenPipeError:
        # Nobody reads on, which changes nothing about what was found.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if traces is not None:
        _write_traces(traces, cells)
    if certificate is not None and not outcome.interrupted:
        _certify(job, certificate)
    if json_file is not None:
        report.write_json(json_file, cells, code, problems)
    if junit is not None:
        report.write_junit(junit, cells, problems)
    return code


def _problems(job: Job, findings: Sequence[Finding]) -> list[str]:
    """What makes a check fail although every cell is as claimed: assumptions or rules that mean nothing."""
    if not job.needed:
        return []
    found = [*matrix.unneeded(findings), *family_matrix.unneeded(findings)]
    idle = [*matrix.never_happened(findings), *family_matrix.never_happened(job, findings)]
    if idle:
        found.append(f"actions that no search took: {'; '.join(idle)}")
    silent = matrix.never_fired(findings)
    if silent:
        found.append(f"rules that never fired in any search: {', '.join(silent)}")
    missing = [key for key in (*job.claims, *job.pattern_claims, *job.family_claims) if key[-1] not in check_job.ALL]
    return found + [f"spec/claims.toml speaks of an unknown property: {' '.join(key)}" for key in missing]


def _exit_code(job: Job, cells: Sequence[Cell], problems: Sequence[str], outcome: runner.Outcome) -> int:
    violated = any(cell.verdict == Verdict.VIOLATED for cell in cells)
    if outcome.interrupted:
        # What was not looked at could contradict what was found, but for a violation.
        return 1 if violated and not job.needed else 3
    if any(cell.verdict == Verdict.UNKNOWN for cell in cells) or _gave_up(cells, outcome.findings):
        return 3
    if job.needed:
        unclaimed = any(cell.claimed is None for cell in cells)
        return 0 if all(cell.as_claimed for cell in cells) and not problems and not unclaimed else 1
    return 1 if violated else 0


def _gave_up(cells: Sequence[Cell], findings: Sequence[Finding]) -> bool:
    """Is a cell not as claimed only because a solver was too slow, or was a search for an assumption stopped?"""
    late = {
        (f.task.machine, f.task.recovery, name)
        for f in findings if not f.note for name, proved in f.proved.items() if proved is None
    }  # fmt: skip
    slow = any(
        cell.claimed == Verdict.PROVED.value and cell.verdict == Verdict.EXHAUSTED
        and (cell.machine, cell.recovery, cell.identifier) in late
        for cell in cells
    )  # fmt: skip
    return slow or any(f.stopped for f in findings if Engine.NEEDED in (f.task.engine, f.task.part))


def _show(job: Job, cells: Sequence[Cell], problems: Sequence[str], outcome: runner.Outcome, fmt: str) -> None:
    out = console.Output(highlight=False)
    if outcome.interrupted:
        out.print("interrupted: what is shown is what was finished; the rest is unknown", style="bold yellow")
        for words in outcome.last_words:
            out.print(f"  at work: {words}")
    if fmt == "text" or job.needed:
        out.print(console.tables(cells, out.width))
        for line in console.legend(cells):
            out.print(line, soft_wrap=True)
    if not job.needed:
        _show_traces(out, cells, fmt)
    for cell in cells:
        if cell.verdict == Verdict.UNKNOWN:
            out.print(f"{cell.named} {cell.identifier}: unknown: {cell.reason}", soft_wrap=True)
    for finding in outcome.findings:
        if finding.stopped:
            _show_stopped(out, finding)
    needed = [f for f in outcome.findings if f.task.engine == Engine.NEEDED]
    if needed and not matrix.unneeded(needed):
        names = {plan.needed()[f.task.number].assumption for f in needed}
        names |= {need.assumption for need, shown in family_matrix.needs(outcome.findings) if shown}
        out.print(f"assumptions shown to be needed: {', '.join(sorted(names))}", soft_wrap=True)
    for problem in problems:
        out.print(f"PROBLEM: {problem}", style="bold red", soft_wrap=True)
    if job.needed:
        asserted = sum(cell.as_claimed for cell in cells)
        out.print(f"{asserted} of {len(cells)} cells are as spec/claims.toml says")
        out.print(
            "show a counterexample: enomem check --policy KEEP --recovery NEXT --property SAFE-WHOLE", soft_wrap=True
        )


def _show_traces(out: Console, cells: Sequence[Cell], fmt: str) -> None:
    for cell in cells:
        if cell.trace is not None:
            if fmt == "text":
                out.print(f"\n{cell.named} violates {cell.identifier}:", style="bold")
            out.print(_shown(cell, fmt), soft_wrap=True, markup=False)


def _shown(cell: Cell, fmt: str) -> str:
    """The counterexample of a cell, in one of the formats."""
    if cell.machine in registry.FAMILIES:
        return family_words.show(family_traces.trace_of(cell.trace), fmt)
    if cell.machine != SENDER:
        return pattern_words.show(pattern_trace.trace_of(cell.trace, load_policy), fmt)
    return wording.show(sender_trace.trace_of(cell.trace, load_policy), fmt)


def _show_stopped(out: Console, finding: Finding) -> None:
    """Why a search did not finish, what makes it large, and the command that shrinks it."""
    out.print(f"{finding.task.title}: not finished, {finding.states:,} states: {finding.stopped}", soft_wrap=True)
    if not finding.largest:
        return
    out.print("  most values: " + ", ".join(f"{name} ({count})" for name, count in finding.largest[:5]), soft_wrap=True)
    options = [OPTION_OF.get(name.removeprefix("senders.")) for name, count in finding.largest if count > 1]
    shrinkable = [option for option in options if option and finding.bounds.get(option, 0) > 1]
    option = shrinkable[0] if shrinkable else "senders"
    known = {name: value for name, value in finding.bounds.items() if name in plan.BOUND_NAMES}
    bounds = {**known, option: max(1, finding.bounds[option] - 1)}
    words = " ".join(f"--{name} {value}" for name, value in bounds.items())
    out.print(
        f"  smaller: enomem check --policy {finding.task.policy} --recovery {finding.task.recovery} {words}",
        soft_wrap=True,
    )


def _can_write(path: Path) -> None:
    """Find out before an hour's work whether its result can be written."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _can_make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{directory} cannot be made: {error.strerror}") from None


def _write_traces(directory: Path, cells: Sequence[Cell]) -> None:
    """Write every counterexample as JSON, text and Mermaid."""
    for cell in cells:
        if cell.trace is not None:
            stem = slug(f"{cell.named}-{cell.identifier}")
            for fmt, suffix in (("json", "json"), ("text", "txt"), ("mermaid", "mmd")):
                (directory / f"{stem}.{suffix}").write_text(_shown(cell, fmt) + "\n", encoding="utf-8")


def _certify(job: Job, directory: Path) -> None:
    """Prove again, here, what was proved, and write every obligation as SMT-LIB 2."""
    from ..families import judge as family_judge
    from ..judging import pattern_judge
    from ..proof import certificate

    for task in pattern_matrix.tasks(job):
        policy_of_row = None if task.policy == plan.ANY_POLICY else load_policy(task.policy)
        for system in pattern_plan.proved(pattern_judge.row(task), policy_of_row):
            proof = pattern_judge.prove(system, task, lambda _: None)
            certificate.write(proof, f"{task.title}, {system.pipes} peers", directory)
    for row in job.rows:
        family = registry.FAMILIES[row.family]
        for number, system in enumerate(family.proved(row)):
            proof = family_judge.prove(family.general(system), job.timeout, lambda _: None)
            certificate.write(proof, f"{row.named}, {number + 1}", directory)
    for text, name in job.policies if job.senders else ():
        policy = load_policy(text)
        for recovery in job.recoveries:
            for scope in plan.scopes(policy.reserves, job.deep):
                proof = prove(policy, Recovery(recovery), scope, job.timeout, lambda _: None)
                certificate.write(proof, f"{name} {recovery}, {scope.title}", directory)
