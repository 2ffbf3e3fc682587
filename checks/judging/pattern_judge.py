"""The task of one row of the patterns' part of the matrix: its searches, then its proofs, and what they found.

The systems are small, so they are walked by plain stepping; what has no fault there is proved with every bound unknown.
"""

from __future__ import annotations

import time
from typing import Any

from enomem.model.policies import SendPolicy

from ..patterns import invariants as pattern_invariants
from ..patterns import machine as pattern_machine
from ..patterns import plan as pattern_plan
from ..patterns import properties as pattern_properties
from ..patterns import traces as pattern_trace
from ..patterns.machine import AnySystem
from ..patterns.plan import Row
from ..proof.induction import Induction, Proof
from ..search import plain
from .judge import Finding, Task, Tell

NOT_COVERED = "a message may arrive that is not as it should be, so a proof would not cover what follows"


def row(task: Task) -> Row:
    """The row that a task is of."""
    return Row(task.machine, task.policy_name, task.recovery, task.turns)


def run(task: Task, policy: SendPolicy | None, tell: Tell) -> Finding:
    """Search the systems of the row, then prove it."""
    began = time.perf_counter()
    finding = Finding(task, asked=row(task).identifiers)
    fired: set[str] = set()
    happened: set[str] = set()
    for system in pattern_plan.searched(row(task), policy):
        walked = plain.walk(
            pattern_machine.bounded(system), pattern_properties.asked(system),
            lambda states: tell(f"{task.title}: {states:,} states"),
        )  # fmt: skip
        finding.states += walked.states
        finding.transitions += walked.transitions
        finding.systems = (*finding.systems, pattern_trace.bounds(system))
        fired |= {str(rule.value) for rule in walked.fired}
        happened |= {kind(action) for action in walked.happened}
        for name, actions in walked.violations.items():
            if name not in finding.traces or len(actions) < len(finding.traces[name]["steps"]):
                source = task.policy if ":" in task.policy or task.policy.endswith(".py") else None
                trace = pattern_trace.run(system, actions, name, source)
                finding.traces[name] = pattern_trace.to_json(trace)
    finding.fired, finding.happened = tuple(sorted(fired)), tuple(sorted(happened))
    finding.searched = time.perf_counter() - began
    if not task.searches_only:
        _prove(task, policy, finding, tell)
    finding.seconds = time.perf_counter() - began
    return finding


def kind(action: Any) -> str:
    """An action without the peer that it is about."""
    refuse = getattr(action, "refuse", None)
    return str(action.kind.value) + (f", refused at {refuse.name}" if refuse is not None else "")


def _prove(task: Task, policy: SendPolicy | None, finding: Finding, tell: Tell) -> None:
    """Prove what a search found no fault with; what is known to be violated is left out of it."""
    systems = pattern_plan.proved(row(task), policy)
    if any(name in finding.traces for name in pattern_properties.SHAPES):
        finding.note = NOT_COVERED
        return
    for system in systems:
        proof = prove(system, task, tell)
        finding.peers = (*finding.peers, f"{system.pipes} peers")
        finding.invariants = (*finding.invariants, *proof.invariants)
        finding.transitions += proof.paths
        for name, verdict in proof.verdicts.items():
            before = finding.proved.get(name, True)
            finding.proved[name] = verdict if before is True else before
    if not all(verdict is True for name, verdict in finding.proved.items() if name in pattern_properties.SHAPES):
        finding.note = NOT_COVERED
        finding.proved = dict.fromkeys(finding.proved)


def prove(system: AnySystem, task: Task, tell: Tell) -> Proof:
    """The proof of all that is asked of a system, with every bound but the number of peers unknown."""
    machine = pattern_machine.unbounded(system)
    subject = machine.subject
    return Induction(
        machine, pattern_properties.asked(subject), pattern_invariants.candidates(subject),
        lambda: pattern_invariants.parameters(subject), timeout=task.timeout,
        progress=lambda words: tell(f"{task.title}: {words}"),
    ).run()  # fmt: skip
