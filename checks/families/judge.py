"""The tasks of families: a search, the endless runs, a proof or a needed assumption of one system."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..errors import Diverges, Inconclusive, Nondeterministic
from ..judging.judge import Finding, Task, Tell
from ..policies.file import first_usage_error
from ..proof.induction import Induction, Proof
from ..search import plain
from ..search.graph import Graph
from ..search.search import Progress, Search
from ..senders.plan import Engine
from . import traces
from .family import LIVENESS, Case, Family, Row
from .registry import FAMILIES


def run(task: Task, tell: Tell) -> Finding:
    """Do a task of a family. Raises UsageError for what is a user's fault, OurFault for ours."""
    family = FAMILIES[task.machine]
    row = row_of(task)
    try:
        match task.part:
            case Engine.SEARCH:
                return searched(family, task, row, family.searched(row)[task.number], tell)
            case Engine.LIVENESS:
                return lived(family, task, row, family.endless(row)[task.number], tell)
            case Engine.PROOF:
                return _proved(family, task, row, tell)
            case _:
                return _needed(family, task, tell)
    except (Diverges, Nondeterministic) as error:
        raise family.blame(error, row) from None


def row_of(task: Task) -> Row:
    """The row that a task is of."""
    return Row(task.machine, task.policy_name, task.recovery, task.policy)


def _progress(task: Task, tell: Tell) -> Callable[[Progress], None]:
    return lambda p: tell(f"{task.title}: {p.states:,} states, {p.queue:,} in the queue")


def searched(family: Family, task: Task, row: Row, system: Any, tell: Tell) -> Finding:
    """Visit all states of a system."""
    began = time.perf_counter()
    case = family.bounded(system)
    if family.small:
        return _walked(family, task, row, system, case, tell)
    search = Search(case.machine, case.asked, progress=_progress(task, tell), max_bytes=task.max_bytes)
    first_usage_error(search.transitions)
    result = search.run()
    finding = Finding(
        task, states=result.states, transitions=result.transitions, asked=search.asked.identifiers,
        fired=tuple(sorted(str(rule.value) for rule in result.fired)), stopped=result.stopped,
        happened=tuple(sorted({kind(action) for action in result.happened})), largest=result.largest,
        systems=(traces.settings(system),),
    )  # fmt: skip
    for name, violation in result.violations.items():
        finding.traces[name] = traces.to_json(traces.run(family, row, system, violation.actions, name))
    finding.seconds = time.perf_counter() - began
    return finding


def _walked(family: Family, task: Task, row: Row, system: Any, case: Case, tell: Tell) -> Finding:
    """Visit all states one by one, in the plain model."""
    began = time.perf_counter()
    walked = plain.walk(case.machine, case.asked, lambda states: tell(f"{task.title}: {states:,} states"))
    return Finding(
        task, states=walked.states, transitions=walked.transitions, asked=case.asked.identifiers,
        fired=tuple(sorted(str(rule.value) for rule in walked.fired)),
        happened=tuple(sorted({kind(action) for action in walked.happened})), systems=(traces.settings(system),),
        traces={
            name: traces.to_json(traces.run(family, row, system, actions, name))
            for name, actions in walked.violations.items()
        },
        seconds=time.perf_counter() - began,
    )  # fmt: skip


def kind(action: Any) -> str:
    """What an action is, without whose it is."""
    refuse = getattr(action, "refuse", None)
    return str(action.kind.value) + (f", refused at {refuse.name}" if refuse is not None else "")


def lived(
    family: Family, task: Task, row: Row, system: Any, tell: Tell, *, calm: bool = True, fair: bool = True
) -> Finding:
    """Look for endless runs of a system that leave an obligation open."""
    began = time.perf_counter()
    case = family.bounded(system)
    every = tuple(obligation for group in case.obligations.values() for obligation in group)
    finding = Finding(task, asked=tuple(case.obligations), systems=(traces.settings(system),))
    try:
        graph = Graph(case.machine, every, progress=_progress(task, tell), max_bytes=task.max_bytes)
    except Inconclusive as stopped:
        finding.stopped = str(stopped)
        return finding
    for name, group in case.obligations.items():
        starved = graph.starved(group, calm=calm, fair=fair)
        if starved is not None:
            actions = (*starved.stem, *starved.cycle)
            finding.traces[name] = traces.to_json(traces.run(family, row, system, actions, name, len(starved.stem)))
    finding.states, finding.transitions = graph.states, graph.edges
    finding.seconds = time.perf_counter() - began
    return finding


def prove(case: Case, timeout: float, tell: Tell) -> Proof:
    """The proof of all that is asked of a system, with every bound unknown."""
    induction = Induction(case.machine, case.asked, case.candidates, case.assume, timeout=timeout, progress=tell)
    first_usage_error(induction.transitions)
    return induction.run()


def _proved(family: Family, task: Task, row: Row, tell: Tell) -> Finding:
    case = family.general(family.proved(row)[task.number])
    proof = prove(case, task.timeout, lambda words: tell(f"{task.title}: {words}"))
    finding = Finding(
        task, seconds=proof.seconds, asked=tuple(proof.verdicts), proved=dict(proof.verdicts), transitions=proof.paths,
        invariants=tuple(proof.invariants), peers=(case.scope,),
    )  # fmt: skip
    open_guards = [name for name in family.guards if name in proof.verdicts and proof.verdicts[name] is not True]
    if open_guards:
        finding.note = f"{' and '.join(open_guards)} was not proved, so the proof does not cover what follows"
        finding.proved = dict.fromkeys(finding.proved)
    return finding


def _needed(family: Family, task: Task, tell: Tell) -> Finding:
    """Show that a property is violated without an assumption."""
    need = family.needed()[task.number]
    if need.identifier in LIVENESS:
        found = lived(family, task, need.row, need.system, tell, calm=need.calm, fair=need.fair)
    else:
        found = searched(family, task, need.row, need.system, tell)
    of_need = {name: shown for name, shown in found.traces.items() if name == need.identifier}
    return replace(found, traces=of_need, asked=(need.identifier,))
