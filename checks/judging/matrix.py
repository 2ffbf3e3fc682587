"""From findings to verdicts: what is known of each policy, recovery and property, and by which engine.

A violation counts if a search or a liveness check reached it. A proof counts if Z3 discharged every obligation; a
search counts as exhausted if it visited every state of every system that was asked for. Everything else is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from enomem.spec.text import entries

from ..errors import OurFault
from ..families.family import Row
from ..senders import plan, properties
from ..senders.plan import ANY_POLICY, Engine
from . import firing
from .firing import Where
from .judge import SENDER, Finding, Task


class Verdict(Enum):
    """What is known of a cell."""

    PROVED = "PROVED"
    EXHAUSTED = "EXHAUSTED"
    VIOLATED = "VIOLATED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Cell:
    """The verdict on one property of one policy with one recovery."""

    policy: str
    recovery: str
    identifier: str
    verdict: Verdict
    engine: str
    claimed: str | None
    unbounded: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    bounds: tuple[dict[str, Any], ...] = ()
    states: int = 0
    seconds: float = 0.0
    trace: dict[str, Any] | None = None
    reason: str = ""
    machine: str = SENDER

    @property
    def named(self) -> str:
        """What it is of, in words."""
        of = (self.policy, self.recovery)
        return " ".join(part for part in (() if self.machine == SENDER else (self.machine,)) + of if part != ANY_POLICY)

    @property
    def as_claimed(self) -> bool:
        """Is the verdict a finished one, and the one that the specification claims (if it claims one)?"""
        if self.verdict == Verdict.UNKNOWN:
            return False
        return self.claimed is None or self.verdict.value == self.claimed

    @property
    def length(self) -> int:
        """The number of steps of the counterexample."""
        return len(self.trace["steps"]) if self.trace else 0

    @property
    def stem(self) -> int | None:
        """The number of steps before a lasso's cycle; None for a finite trace."""
        cycle = self.trace.get("cycle") if self.trace else None
        return int(cycle) if cycle is not None else None

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Under which assumptions the property is claimed."""
        return entries()[self.identifier].assumes


@dataclass
class Job:
    """What one `enomem check` is about."""

    policies: Sequence[tuple[str, str]]
    """(text by which it is loaded, name) of each policy."""
    reserves: Mapping[str, bool]
    """Whether the senders of a policy, by its text, may wait for a reservation."""
    recoveries: Sequence[str]
    identifiers: Sequence[str]
    bounds: plan.Bounds | None = None
    deep: bool = False
    claims: dict[tuple[str, str, str], str] = field(default_factory=dict)
    patterns: Sequence[str] = ()
    """The types of sockets that are checked, too or instead."""
    senders: bool = True
    """Whether the senders' matrix is asked for."""
    pattern_claims: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    """The rows of families that are checked, too or instead."""
    family_claims: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    needed: bool = False
    max_bytes: int | None = None
    timeout: float = 10.0


def tasks(job: Job) -> list[Task]:
    """All tasks of the senders' matrix, those that take longest first."""
    if not job.senders:
        return []
    asked = [name for name in job.identifiers if name in properties.PROPERTIES]
    live = [name for name in asked if name in properties.LIVENESS]
    safe = [name for name in asked if name not in properties.LIVENESS]
    found: list[Task] = []
    for text, _ in job.policies:
        for recovery in job.recoveries:
            common = {"policy": text, "recovery": recovery, "bounds": job.bounds, "max_bytes": job.max_bytes}
            if safe:
                for scope in plan.scopes(job.reserves[text], job.deep):
                    # `common` has fields of several types.
                    found.append(Task(Engine.PROOF, scope=scope, timeout=job.timeout, **common))  # type: ignore[arg-type]
                for number in range(1 if job.bounds is not None else len(plan.SAFETY)):
                    found.append(Task(Engine.SEARCH, number=number, **common))  # type: ignore[arg-type]  # as above
            if live:
                for number in range(1 if job.bounds is not None else len(plan.LIVENESS)):
                    found.append(Task(Engine.LIVENESS, number=number, **common))  # type: ignore[arg-type]  # as above
    if job.needed:
        for number, need in enumerate(plan.needed()):
            system = need.system
            found.append(Task(Engine.NEEDED, system.policy.name, system.recovery.value, number=number))
    return found


def cells(job: Job, findings: Iterable[Finding]) -> list[Cell]:
    """The verdicts of the senders' matrix, in the order of its policies, recoveries and properties."""
    if not job.senders:
        return []
    by_pair: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.task.engine not in (Engine.NEEDED, Engine.PATTERN, Engine.FAMILY):
            by_pair.setdefault((finding.task.policy, finding.task.recovery), []).append(finding)
    return [
        _cell(job, (text, name), recovery, identifier, by_pair.get((text, recovery), []))
        for text, name in job.policies
        for recovery in job.recoveries
        for identifier in job.identifiers
        if identifier in properties.PROPERTIES
    ]


def _cell(job: Job, named: tuple[str, str], recovery: str, identifier: str, findings: list[Finding]) -> Cell:
    text, policy = named
    claimed = job.claims.get((policy, recovery, identifier))
    wanted = Engine.LIVENESS if identifier in properties.LIVENESS else Engine.SEARCH
    searches = [f for f in findings if f.task.engine == wanted]
    proofs = [f for f in findings if f.task.engine == Engine.PROOF and identifier not in properties.LIVENESS]
    bounds = tuple(f.bounds for f in searches)
    states, seconds = sum(f.states for f in searches), sum(f.seconds for f in searches)
    scopes = len(plan.scopes(job.reserves[text], job.deep))
    proved = len(proofs) == scopes and all(f.proved.get(identifier) is True for f in proofs)
    broken = [f for f in searches if identifier in f.traces]
    if broken:
        if proved:
            raise OurFault(f"{policy} {recovery}: {identifier} was proved and is violated; one of the engines is wrong")
        best = min(broken, key=lambda f: len(f.traces[identifier]["steps"]))
        return Cell(
            policy, recovery, identifier, Verdict.VIOLATED, wanted.value, claimed, bounds=(best.bounds,), states=states,
            seconds=seconds, trace=best.traces[identifier],
        )  # fmt: skip
    expected = 1 if job.bounds is not None else len(plan.LIVENESS if wanted == Engine.LIVENESS else plan.SAFETY)
    stopped = [f.stopped for f in searches if f.stopped]
    if wanted == Engine.SEARCH and any(properties.TOTAL in f.traces for f in searches):
        stopped.append("a step raised or left its range (SAFE-TOTAL), and what comes after it was not searched")
    if proved:
        unbounded = plan_unknowns()
        senders = tuple(dict.fromkeys(f.task.scope.text for f in proofs if f.task.scope))
        return Cell(
            policy, recovery, identifier, Verdict.PROVED, Engine.PROOF.value, claimed, unbounded, senders, bounds,
            states, sum(f.seconds for f in proofs),
        )  # fmt: skip
    if len(searches) == expected and not stopped:
        reason = next(
            (
                f.note or "not inductive with the given invariants"
                for f in proofs
                if f.proved.get(identifier) is not True
            ),
            "",
        )
        return Cell(
            policy,
            recovery,
            identifier,
            Verdict.EXHAUSTED,
            wanted.value,
            claimed,
            bounds=bounds,
            states=states,
            seconds=seconds,
            reason=reason,
        )
    reason = stopped[0] if stopped and stopped[0] else f"{len(searches)} of {expected} searches finished"
    return Cell(
        policy, recovery, identifier, Verdict.UNKNOWN, wanted.value, claimed, bounds=bounds, states=states,
        seconds=seconds, reason=reason,
    )  # fmt: skip


def plan_unknowns() -> tuple[str, ...]:
    """What is unbounded in every proof, in words."""
    return ("parts", "memory", "messages", "queue", "inbox", "disconnects", "refusals")


def unneeded(findings: Iterable[Finding]) -> list[str]:
    """Assumptions that were not shown to be needed, in words; an empty list is what a check wants."""
    found = []
    for finding in findings:
        if finding.task.engine == Engine.NEEDED:
            need = plan.needed()[finding.task.number]
            if need.identifier not in finding.traces:
                found.append(f"{need.assumption} was not needed for {need.identifier}: nothing violates it without")
    return found


def never_fired(findings: Iterable[Finding]) -> list[str]:
    """The rules of the specification that fired in none of the searches in which they have to."""
    senders: set[str] = set()
    patterns: set[str] = set()
    received: set[str] = set()
    for finding in findings:
        # What fires only where an assumption is switched off does not count.
        if finding.task.engine == Engine.PATTERN:
            patterns.update(finding.fired)
        elif finding.task.engine == Engine.FAMILY:
            received.update(finding.fired if finding.task.part != Engine.NEEDED else ())
        elif finding.task.engine != Engine.NEEDED:
            senders.update(finding.fired)
    return [
        rule.value
        for where, fired in ((Where.SENDERS, senders), (Where.PATTERNS, patterns), (Where.FAMILIES, received))
        for rule in firing.rules(where)
        if rule.value not in fired
    ]


def never_happened(findings: Iterable[Finding]) -> list[str]:
    """The kinds of actions, with the site that is refused, that no search took; nobody may ask at COMMIT."""
    from enomem.model.memory import Site
    from enomem.model.system import Kind

    wanted = [kind.value for kind in Kind if kind != Kind.OTHERS]
    wanted += [f"{Kind.CALL.value}, refused at {site.name}" for site in (Site.BODY, Site.SLOT, Site.RESERVATION)]
    others = (Engine.NEEDED, Engine.PATTERN, Engine.FAMILY)
    happened = {act for f in findings if f.task.engine not in others for act in f.happened}
    return [act for act in wanted if act not in happened]
