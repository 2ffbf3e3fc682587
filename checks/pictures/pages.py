"""The pictures and tables of ``docs/generated/``, made from the code, the claims and a report, never by hand.

``python -m enomem.checks.pictures DIR`` writes them; ``--check`` only says which of them are out of date, and exits
with 1 if one is. ``--report FILE`` takes the lengths of the counterexamples from a report of ``enomem check --json``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from enomem.model.application import Recovery
from enomem.model.policies import POLICIES, SendPolicy
from enomem.model.rules import Rule
from enomem.model.system import Kind, System
from enomem.spec.claims import claims, family_claims, pattern_claims
from enomem.spec.text import entries

from ..families import pictures as family_pictures
from ..judging import firing, judge
from ..judging.firing import Where
from ..judging.judge import SENDER, Task
from ..policies.file import load_policy
from ..search import plain
from ..senders import plan, sender
from ..senders.plan import Engine
from ..senders.properties import LIVENESS, PROPERTIES
from ..traces import sender as sender_trace
from ..words import wording
from ..words.markdown import HEAD, mermaid, table
from . import patterns as pattern_pictures
from .layers import layers

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: ``model/``, ``checks/`` and ``spec/`` stand here, and ``tests/`` if it is one."""


# --- the phases of the send machine, by running it

SHOWN = (Kind.CALL, Kind.SERVE, Kind.GONE)


@cache
def phases(policy: SendPolicy) -> tuple[Mapping[tuple[str, str], tuple[str, ...]], frozenset[Rule]]:
    """What leads from phase to phase under a policy, and the rules that fired, in every state of small systems."""
    edges: dict[tuple[str, str], dict[str, None]] = {}
    fired: set[Rule] = set()
    for recovery in Recovery:
        machine = sender.bounded(
            System(policy, recovery, senders=1, parts=3, memory=5, numbered=False, messages=1, others=True)
        )
        seen, waiting = {machine.initial}, [machine.initial]
        while waiting:
            state = waiting.pop()
            for happened in plain.steps(machine, state):
                step: Any = happened.outcome
                fired.update(step.rules)
                if happened.action.kind in SHOWN:
                    ends = state.senders[0].send.phase.name, step.state.senders[0].send.phase.name
                    edges.setdefault(ends, {})[f"{step.rules[0].value} {step.answer.value}".strip()] = None
                if step.state not in seen:
                    seen.add(step.state)
                    waiting.append(step.state)
    return {ends: tuple(sorted(labels, key=_in_order)) for ends, labels in sorted(edges.items())}, frozenset(fired)


def _in_order(label: str) -> tuple[str, int, str]:
    word, _, rest = label.partition("-")
    return word, int(rest.split()[0]), rest


def send_machine() -> str:
    """The phases of the send machine under each policy."""
    text = HEAD + (
        "# The send machine\n\nFor each policy, the phases that its socket can be in, and the rules that lead from one "
        "to another with what the call answers: every step of every reachable state of a small system, with all three "
        "recoveries. `enomem explain SEND-5` prints a rule.\n"
    )
    for policy in POLICIES:
        lines = ["stateDiagram-v2", "    [*] --> IDLE"]
        for (start, end), labels in phases(policy)[0].items():
            lines.append(f"    {start} --> {end} : {', '.join(labels)}")
        text += f"\n## {policy.name}\n\n" + mermaid(lines)
    return text


# --- the matrix, from the claims and a report


Lengths = Mapping[tuple[str, str, str, str], str]
"""The length of a shortest trace by machine, policy, recovery and property."""


def matrix(lengths: Lengths) -> str:
    """The claims as tables, of senders and of each type of socket."""
    text = HEAD + (
        "# The matrix\n\nWhat `spec/claims.toml` claims and `enomem check` confirms. PROVED: by induction, unbounded. "
        "EXHAUSTED: in every state of the systems in [bounds.md](bounds.md). VIOLATED: with the number of steps of the "
        "shortest trace that was found (stem + cycle, if it goes on for ever). [Method and limits](../method.md) says "
        "what each word is worth.\n\n"
    )
    text += in_short()
    for policy in POLICIES:
        rows = []
        for identifier in PROPERTIES:
            row = [identifier]
            for recovery in Recovery:
                key = (policy.name, recovery.value, identifier)
                row.append(f"{claims()[key]} {lengths.get((SENDER, *key), '')}".strip())
            rows.append(row)
        text += f"\n## {policy.name}\n\n" + table(("property", *(r.value for r in Recovery)), rows)
    text += (
        "\n# Types of sockets\n\nOne socket with its peers, which come and go. Its turns, and what a PUB does, are the "
        "same under every policy.\n"
    )
    return text + pattern_pictures.matrix(lengths)


def in_short() -> str:
    """A line a policy and recovery: how much holds, and what does not."""
    rows = []
    for policy in POLICIES:
        for recovery in Recovery:
            cells = {name: claims()[policy.name, recovery.value, name] for name in PROPERTIES}
            counts = [str(list(cells.values()).count(verdict)) for verdict in ("PROVED", "EXHAUSTED")]
            broken = ", ".join(name for name, verdict in cells.items() if verdict == "VIOLATED")
            rows.append([policy.name, recovery.value, *counts, broken or "nothing"])
    return table(("policy", "recovery", "proved", "exhausted", "violated"), rows)


def lengths_of(report: Mapping[str, Any]) -> dict[tuple[str, str, str, str], str]:
    """The lengths of the traces of a report of ``enomem check --json``."""
    found = {}
    for cell in report["cells"]:
        if cell["trace"] is not None:
            steps, cycle = len(cell["trace"]["steps"]), cell["trace"]["cycle"]
            length = str(steps) if cycle is None else f"{cycle}+{steps - cycle}"
            found[cell.get("machine", SENDER), cell["policy"], cell["recovery"], cell["property"]] = length
    return found


def without_lengths(text: str) -> str:
    """A matrix without the lengths, which only a report knows."""
    return re.sub(r"VIOLATED [0-9+]+", "VIOLATED", text)


def bounds() -> str:
    """The bounded systems that are searched when no bounds are given."""
    names = [name for name in plan.BOUND_NAMES if name != "messages"]
    return (
        HEAD
        + "# The bounded systems\n\n## Safety and deadlock\n\n"
        + table(plan.BOUND_NAMES, [[str(b[name]) for name in plan.BOUND_NAMES] for b in plan.SAFETY])
        + "\n## Liveness\n\nThe applications send without end.\n\n"
        + table(names, [[str(b[name]) for name in names] for b in plan.LIVENESS])
        + "\n## Types of sockets\n\nThe same under each policy with each recovery. Where turns are looked at, and of a "
        "PUB, messages are not counted.\n\n" + pattern_pictures.bounds()
    )


# --- the counterexamples that are known from real implementations

KNOWN: tuple[tuple[str, str, str, str, plan.Bounds], ...] = (
    ("The splice", "KEEP", "NEXT", "SAFE-WHOLE", {"senders": 1}),
    ("The doubled head", "KEEP", "RESTART", "SAFE-WHOLE", {"senders": 1}),
    ("A tail alone", "DISCARD", "RESUME", "SAFE-WHOLE", {"senders": 1}),
    ("Swallowed in silence", "SKIP", "RESTART", "SAFE-LOUD", {"senders": 1}),
    ("Two senders hold half a message each, for ever", "KEEP", "RESUME", "LIVE-DEADLOCK", {"memory": 3, "messages": 1}),
    ("Two senders roll back in turn, for ever", "DISCARD", "RESTART", "LIVE-PROGRESS", {"memory": 3}),
)


def counterexamples() -> str:
    """A shortest trace of each of them, as text and as a diagram, found by the search just now."""
    text = HEAD + (
        "# Counterexamples\n\nEach is found by the search in a small system, and is a shortest one there. "
        "In a message A1 is the first part of message A.\n"
    )
    for title, policy, recovery, identifier, given in KNOWN:
        engine = Engine.LIVENESS if identifier in LIVENESS else Engine.SEARCH
        found = judge.run(Task(engine, policy, recovery, bounds=given), lambda _: None)
        trace = sender_trace.trace_of(found.traces[identifier], load_policy)
        options = " ".join(f"--{name} {value}" for name, value in given.items())
        text += f"\n## {title}\n\n{policy} with {recovery} violates {identifier}:\n"
        text += f"`enomem check --policy {policy} --recovery {recovery} --property {identifier} {options}`\n\n"
        text += f"```text\n{wording.show(trace, 'text')}\n```\n\n"
        text += mermaid(wording.show(trace, "mermaid").splitlines())
    return text + pattern_pictures.counterexamples()


# --- rules and properties against what checks them


def spec_matrix() -> str:
    """Rules and properties with the machine, what makes them fire, the claims and the mutants that belong to them."""
    rules, properties = [], []
    claimed = (claims(), pattern_claims(), family_claims())
    verdicts = [(key[-1], verdict) for of in claimed for key, verdict in of.items()]
    for identifier, entry in entries().items():
        if entry.kind:
            shown = _fires(Rule(identifier))
            rules.append([identifier, entry.title, entry.kind, f"`{entry.machine}`", shown, _breaking(entry.machine)])
        elif identifier.startswith(("SAFE-", "LIVE-")):
            own = [verdict for name, verdict in verdicts if name == identifier]
            counts = [str(own.count(word)) for word in ("PROVED", "EXHAUSTED", "VIOLATED")]
            killers = [name for name, (violates, _) in mutants().items() if violates == identifier]
            properties.append([identifier, ", ".join(entry.assumes) or "nothing", *counts, ", ".join(killers)])
    return (
        HEAD + "# The specification against what checks it\n\nA rule of senders fires under the policies named, in the "
        "small systems that [send-machine.md](send-machine.md) is drawn from, a rule of patterns or families in the "
        "systems of the types or families named; `enomem check` fails if one fires in no search. The other rules have "
        "tests that fail if nothing makes them fire. The mutants are the seeded defects of `tests/mutants/` that "
        "change the function which is the rule, and of a property those that violate it: the tests kill each by proof "
        "and by search, or say why there can be no proof.\n\n## Rules\n\n"
        + table(("rule", "title", "class", "machine", "fires under", "mutants of the function"), rules)
        + "\n## Properties\n\n"
        + table(("property", "assumes", "proved", "exhausted", "violated", "mutants that violate it"), properties)
    )


def _fires(rule: Rule) -> str:
    """What makes a rule fire: policies, types of sockets, or tests."""
    place = firing.where(rule)
    if place == Where.SENDERS:
        under = [policy.name for policy in POLICIES if rule in phases(policy)[1]]
        return "all policies" if len(under) == len(POLICIES) else ", ".join(under)
    if place == Where.FAMILIES:
        return ", ".join(name for name, fired in family_pictures.fired().items() if rule.value in fired)
    if place == Where.PATTERNS:
        return ", ".join(pattern for pattern, fired in pattern_pictures.fired().items() if rule.value in fired)
    return str(place.value)


def _breaking(machine: str) -> str:
    file, _, function = machine.partition(" ")
    place = f"enomem.{file.removesuffix('.py').replace('/', '.')}:{function}"
    return str(sum(place in patches for _, patches in mutants().values()))


@cache
def mutants() -> Mapping[str, tuple[str, frozenset[str]]]:
    """The property that each seeded defect violates and the functions that it changes; none outside a checkout."""
    folder = ROOT / "tests" / "mutants"
    file = folder / "__init__.py"
    if not file.exists():
        return {}
    made = importlib.util.spec_from_file_location("enomem_mutants", file, submodule_search_locations=[str(folder)])
    assert made is not None
    assert made.loader is not None
    module = importlib.util.module_from_spec(made)
    sys.modules["enomem_mutants"] = module
    made.loader.exec_module(module)
    every = (*module.ALL, *module.PATTERNS, *module.FAMILIES)
    return {mutant.name: (mutant.violates, frozenset(mutant.patches)) for mutant in every}


# --- writing them

PICTURES: Mapping[str, Callable[[], str]] = {
    "layers.md": layers,
    "send-machine.md": send_machine,
    "bounds.md": bounds,
    "counterexamples.md": counterexamples,
    "families.md": family_pictures.page,
    "spec-matrix.md": spec_matrix,
}


def stale(folder: Path) -> list[str]:
    """The files of ``folder`` that say something else than the code does now."""
    found = [name for name, made in PICTURES.items() if _read(folder / name) != made()]
    return found if without_lengths(_read(folder / "matrix.md")) == matrix({}) else [*found, "matrix.md"]


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def write(folder: Path, report: Path | None) -> None:
    """Write all; without a report a matrix whose verdicts are right keeps its lengths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in PICTURES.items():
        (folder / name).write_text(made(), encoding="utf-8")
    lengths = lengths_of(json.loads(report.read_text(encoding="utf-8"))) if report else {}
    if report or without_lengths(_read(folder / "matrix.md")) != matrix({}):
        (folder / "matrix.md").write_text(matrix(lengths), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with ``--check`` say which are out of date."""
    parser = argparse.ArgumentParser(prog="python -m enomem.checks.pictures", description="Make docs/generated/.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is out of date")
    parser.add_argument("--report", type=Path, metavar="FILE", help="a report of `enomem check --json`")
    given = parser.parse_args(arguments)
    if not given.check:
        write(given.folder, given.report)
        return 0
    found = stale(given.folder)
    for name in found:
        sys.stdout.write(f"{given.folder / name} is out of date: python -m enomem.checks.pictures {given.folder}\n")
    return 1 if found else 0
