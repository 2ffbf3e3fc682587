"""One task of a check: a search, a liveness check or a proof of one policy with one recovery, and what it found.

A task is small enough to be sent to another process and so are its findings. Nothing is concluded here: what the
findings of a policy and recovery together mean for each property is said in ``matrix``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from enomem.model.application import Recovery
from enomem.model.payloads import is_whole
from enomem.model.policies import SendPolicy
from enomem.model.send import Sizes
from enomem.model.system import Action, System

from ..errors import Diverges, Inconclusive, Nondeterministic, OurFault
from ..policies.file import blame, first_usage_error, load_policy
from ..proof.induction import Induction, Proof
from ..search.graph import Graph, Starved
from ..search.search import Progress, Result, Search
from ..senders import invariants, plan, properties, questions, sender
from ..senders.plan import ANY_POLICY, Bounds, Engine, Needed, Scope
from ..traces import sender as sender_trace
from ..traces.sender import Trace

SENDER = "sender"
"""The machine of the senders' closed system, as cells and traces name it; the others are types of sockets."""


@dataclass(frozen=True)
class Task:
    """What one process does at a time.

    ``machine`` is `SENDER`, a type of socket or a family. Of a type, ``turns`` are checked, or else its messages, and
    nothing is proved if it ``searches_only``. Of a family, ``part`` is what is done.
    """

    engine: Engine
    policy: str
    recovery: str
    bounds: Bounds | None = None
    scope: Scope | None = None
    number: int = 0
    max_bytes: int | None = None
    timeout: float = 10.0
    machine: str = SENDER
    policy_name: str = ""
    turns: bool = False
    searches_only: bool = False
    part: Engine | None = None

    @property
    def title(self) -> str:
        """What is shown while it runs."""
        if self.part is not None:
            return f"{self.part.value} {self.machine} {self.policy_name} {self.recovery}, {self.number + 1}"
        if self.machine != SENDER:
            return f"{self.machine}, {'turns' if self.turns else f'{self.policy_name} {self.recovery}'}"
        what = self.scope.title if self.scope else f"{self.number + 1}"
        return f"{self.engine.value} {self.policy} {self.recovery}, {what}"


@dataclass
class Finding:
    """What a task found. ``traces`` are counterexamples by property, as JSON; ``proved`` the verdicts of a proof.

    Of a type of socket and of a family: ``systems`` are the bounds of all that was searched, in ``searched`` seconds;
    ``peers`` says for how many of them each proof is.
    """

    task: Task
    bounds: dict[str, int] = field(default_factory=dict)
    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    traces: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    proved: dict[str, bool | None] = field(default_factory=dict)
    invariants: tuple[str, ...] = ()
    fired: tuple[str, ...] = ()
    happened: tuple[str, ...] = ()
    stopped: str | None = None
    largest: list[tuple[str, int]] = field(default_factory=list)
    note: str = ""
    systems: tuple[dict[str, Any], ...] = ()
    searched: float = 0.0
    peers: tuple[str, ...] = ()


Tell = Callable[[str], None]
"""Where a task says how far it is, in one line."""


def run(task: Task, tell: Tell) -> Finding:
    """Do a task. Raises UsageError for what is the policy author's fault, OurFault for ours."""
    if task.engine == Engine.FAMILY:
        from ..families import judge as families

        return families.run(task, tell)
    if task.engine == Engine.PATTERN and task.policy == ANY_POLICY:
        return _pattern(task, None, tell)
    policy = load_policy(task.policy)
    try:
        match task.engine:
            case Engine.PATTERN:
                return _pattern(task, policy, tell)
            case Engine.SEARCH:
                return _search(task, policy, tell)
            case Engine.LIVENESS:
                return _liveness(task, policy, tell)
            case Engine.PROOF:
                return _proof(task, policy, tell)[0]
            case Engine.NEEDED:
                return _needed(task, plan.needed()[task.number], tell)
    except (Diverges, Nondeterministic) as error:
        raise blame(error, policy) from None


def _pattern(task: Task, policy: SendPolicy | None, tell: Tell) -> Finding:
    from . import pattern_judge

    return pattern_judge.run(task, policy, tell)


def _progress(task: Task, tell: Tell) -> Callable[[Progress], None]:
    def told(p: Progress) -> None:
        rate = p.states / p.seconds if p.seconds else 0
        tell(f"{task.title}: {p.states:,} states, {rate:,.0f} a second, depth {p.depth}, {p.queue:,} in the queue")

    return told


def _bounds(system: System) -> dict[str, int]:
    found: dict[str, int] = {name: getattr(system, name) for name in plan.BOUND_NAMES}
    if system.sizes != Sizes():
        sizes = system.sizes
        found |= {"slots": sizes.slots, "part_units": sizes.part, "chunk_units": sizes.chunk}
    return found


def _search(task: Task, policy: SendPolicy, tell: Tell) -> Finding:
    system = plan.systems(policy, Recovery(task.recovery), task.bounds)[task.number]
    return _searched(task, system, tell)


def _searched(task: Task, system: System, tell: Tell) -> Finding:
    began = time.perf_counter()
    search = Search(
        sender.bounded(system), questions.asked(system), symmetry=system.senders >= plan.SYMMETRIC_FROM,
        progress=_progress(task, tell), max_bytes=task.max_bytes,
    )  # fmt: skip
    first_usage_error(search.transitions)
    result: Result = search.run()
    traces = {
        name: sender_trace.to_json(_trace(system, task, violation.actions, name, None))
        for name, violation in result.violations.items()
    }
    fired = tuple(sorted(str(rule.value) for rule in result.fired))
    return Finding(
        task, _bounds(system), result.states, result.transitions, time.perf_counter() - began, traces,
        search.asked.identifiers, fired=fired, happened=tuple(sorted({_kind(a) for a in result.happened})),
        stopped=result.stopped, largest=result.largest,
    )  # fmt: skip


def _kind(action: Action) -> str:
    """An action without its sender."""
    return action.kind.value + (f", refused at {action.refuse.name}" if action.refuse is not None else "")


def _trace(system: System, task: Task, actions: tuple[Any, ...], identifier: str, cycle: int | None) -> Trace:
    source = task.policy if ":" in task.policy or task.policy.endswith(".py") else None
    trace = sender_trace.run(system, actions, identifier=identifier, cycle=cycle, source=source)
    if identifier == "SAFE-WHOLE":
        delivered = trace.payloads.senders[trace.steps[-1].action.sender].delivered
        if delivered and is_whole(delivered[-1], system.parts):
            told = "a message that is whole, part by part, was taken for an odd one"
            raise OurFault(f"{told}: a rule in model/ does something else than the effects that it returns")
    return trace


def _liveness(task: Task, policy: SendPolicy, tell: Tell) -> Finding:
    system = plan.endless(policy, Recovery(task.recovery), task.bounds)[task.number]
    return _lived(task, system, properties.LIVENESS, tell)


def _lived(
    task: Task, system: System, identifiers: tuple[str, ...], tell: Tell, *, calm: bool = True, fair: bool = True
) -> Finding:
    began = time.perf_counter()
    among = {name: questions.obligations(system, name) for name in identifiers}
    finding = Finding(task, _bounds(system), asked=identifiers)
    try:
        graph = Graph(
            sender.bounded(system), tuple(o for group in among.values() for o in group),
            progress=_progress(task, tell), max_bytes=task.max_bytes,
        )  # fmt: skip
    except Inconclusive as stopped:
        finding.stopped = str(stopped)
        return finding
    for name, group in among.items():
        starved = graph.starved(group, calm=calm, fair=fair)
        if starved is not None:
            finding.traces[name] = sender_trace.to_json(_lasso(system, task, starved, name))
    finding.states, finding.transitions = graph.states, graph.edges
    finding.seconds = time.perf_counter() - began
    return finding


def _lasso(system: System, task: Task, starved: Starved, identifier: str) -> Trace:
    return _trace(system, task, (*starved.stem, *starved.cycle), identifier, len(starved.stem))


def prove(policy: SendPolicy, recovery: Recovery, scope: Scope, timeout: float, tell: Tell) -> Proof:
    """The proof of all safety properties and of LIVE-DEADLOCK with every bound unknown."""
    machine = sender.unbounded(System(policy, recovery, senders=scope.senders, others=scope.others, sizes=scope.sizes))
    system: System = machine.subject
    induction = Induction(
        machine, questions.asked(system), questions.candidates(system), lambda: invariants.parameters(system),
        timeout=timeout, progress=tell,
    )  # fmt: skip
    first_usage_error(induction.transitions)
    return induction.run()


def _proof(task: Task, policy: SendPolicy, tell: Tell) -> tuple[Finding, Proof]:
    assert task.scope is not None
    proof = prove(policy, Recovery(task.recovery), task.scope, task.timeout, lambda text: tell(f"{task.title}: {text}"))
    finding = Finding(
        task, seconds=proof.seconds, asked=tuple(proof.verdicts), proved=dict(proof.verdicts), transitions=proof.paths,
        invariants=tuple(proof.invariants),
    )  # fmt: skip
    if not proof.verdicts.get("SAFE-WHOLE"):
        # Unbounded states keep no labels: a run ends with the first odd message, and what would come after it was
        # not looked at. Only where there is no such message does the proof speak of all runs.
        finding.note = "an odd message may be committed, so the proof does not cover what follows"
        finding.proved = dict.fromkeys(finding.proved)
    return finding, proof


def _needed(task: Task, need: Needed, tell: Tell) -> Finding:
    """Show that a property is violated without an assumption."""
    if need.identifier in properties.LIVENESS:
        return _lived(task, need.system, (need.identifier,), tell, calm=need.calm, fair=need.fair)
    found = _searched(task, need.system, tell)
    found.traces = {name: trace for name, trace in found.traces.items() if name == need.identifier}
    found.asked = (need.identifier,)
    return found
