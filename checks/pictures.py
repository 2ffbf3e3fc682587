"""The pictures and tables of ``docs/generated/``, made from the code, the claims and a report, never by hand.

``python -m enomem.checks.pictures DIR`` writes them; ``--check`` only says which of them are out of date, and exits
with 1 if one is. ``--report FILE`` takes the lengths of the counterexamples from a report of ``enomem check --json``.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from enomem.model.application import Recovery
from enomem.model.policies import POLICIES, SendPolicy
from enomem.model.rules import Rule
from enomem.model.system import Kind, System
from enomem.spec.claims import claims
from enomem.spec.text import entries

from . import judge, plain, plan, sender, sender_trace, wording
from .judge import Task
from .plan import Engine
from .policy_file import load_policy
from .properties import LIVENESS, PROPERTIES

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: ``model/``, ``checks/`` and ``spec/`` stand here, and ``tests/`` if it is one."""

HEAD = "<!-- Made by `python -m enomem.checks.pictures docs/generated`; do not edit. -->\n\n"
Table = Sequence[Sequence[str]]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def mermaid(lines: Sequence[str]) -> str:
    """A Mermaid picture as Markdown."""
    return "\n".join(["```mermaid", *lines, "```"]) + "\n"


# --- the layers, from the imports

GROUPS: Mapping[str, tuple[str, ...]] = {
    "the command": ("cli", "command_check", "command_explain", "console", "report", "runner", "bench", "pictures"),
    "a socket on the command line": (
        "command_socket", "socket_talk", "socket_watch", "socket_settings", "socket_format",
    ),
    "sockets measured": ("bench_socket", "bench_pair", "bench_child"),
    "verdicts": ("matrix", "judge"),
    "a user's policy": ("policy_file", "policy_guard", "policy_rehearsal", "policy_source"),
    "a trace in words": ("wording", "phrases", "verdicts", "mermaid"),
    "what is asked of the sender": ("properties", "invariants", "questions", "plan", "sender"),
    "search and liveness": ("search", "graph", "lasso", "compiled", "plain", "table", "packing"),
    "proof": ("induction", "certificate", "smt"),
    "traces": ("sender_trace", "trace_format", "reader"),
    "a step run on symbols": ("asked", "machine", "explore", "shape", "symbols", "terms"),
}  # fmt: skip
"""Which modules of ``checks/`` are drawn as one box; one that is not named here is drawn alone."""

UNDRAWN = ("checks.errors", "checks.exchange", "checks.__init__", "model.__init__", "spec.__init__")
"""Imported by nearly all (errors), by the benchmark alone (exchange), or empty."""


def modules() -> dict[str, set[str]]:
    """Each module of model, spec and checks, with those of them that it imports."""
    names = {f"{part}.{file.stem}": file for part in ("model", "spec", "checks") for file in (ROOT / part).glob("*.py")}
    return {name: set(_imports(name, file)) & set(names) - {name} for name, file in sorted(names.items())}


def _imports(name: str, file: Path) -> Iterator[str]:
    package = name.partition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package if node.level else (node.module or "").removeprefix("enomem.")
            if node.level and node.module:
                base = f"{package}.{node.module}"
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def reduced(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The edges without those that a longer way says already."""
    return {
        start: {end for end in ends if not any(end in _below(edges, via) for via in ends if via != end)}
        for start, ends in edges.items()
    }


def _below(edges: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    new = [start]
    while new:
        ends = edges.get(new.pop(), set()) - found
        found |= ends
        new += ends
    return found


def layers() -> str:
    """The two pictures of who imports whom: the parts, and the machines."""
    all_edges = {name: ends for name, ends in modules().items() if name not in UNDRAWN}
    box = {name: name for name in all_edges}
    for title, members in GROUPS.items():
        box.update({f"checks.{member}": title for member in members})
    box.update({name: name.partition(".")[0] for name in all_edges if not name.startswith("checks.")})
    parts: dict[str, set[str]] = {title: set() for title in GROUPS}
    for name, ends in all_edges.items():
        parts.setdefault(box[name], set()).update(box[end] for end in ends if end in box and box[end] != box[name])
    model = {
        name.partition(".")[2]: {end.partition(".")[2] for end in ends if end not in UNDRAWN}
        for name, ends in all_edges.items()
        if name.startswith("model.")
    }
    inside = [
        [title, ", ".join(f"`{m}`" for m in sorted(all_edges) if box[m] == title)]
        for title in parts
    ]
    return (
        HEAD + "# The layers\n\nAn arrow leads from who imports to what is imported. "
        "An arrow that a longer way says already is left out, and so are `checks.errors` and the benchmark's model.\n\n"
        + mermaid(_flowchart(reduced(parts)))
        + "\n"
        + table(("box", "modules"), inside)
        + "\n## The machines\n\n"
        + mermaid(_flowchart(reduced(model)))
    )


def _flowchart(edges: Mapping[str, set[str]]) -> list[str]:
    key = {name: f"n{number}" for number, name in enumerate(edges)}
    lines = ["flowchart TD", *(f'    {key[name]}["{name}"]' for name in edges)]
    return lines + [f"    {key[start]} --> {key[end]}" for start, ends in edges.items() for end in sorted(ends)]


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


def matrix(lengths: Mapping[tuple[str, str, str], str]) -> str:
    """The claims as tables; ``lengths`` has the length of a shortest trace by policy, recovery and property."""
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
                row.append(f"{claims()[key]} {lengths.get(key, '')}".strip())
            rows.append(row)
        text += f"\n## {policy.name}\n\n" + table(("property", *(r.value for r in Recovery)), rows)
    return text


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


def lengths_of(report: Mapping[str, Any]) -> dict[tuple[str, str, str], str]:
    """The lengths of the traces of a report of ``enomem check --json``."""
    found = {}
    for cell in report["cells"]:
        if cell["trace"] is not None:
            steps, cycle = len(cell["trace"]["steps"]), cell["trace"]["cycle"]
            length = str(steps) if cycle is None else f"{cycle}+{steps - cycle}"
            found[cell["policy"], cell["recovery"], cell["property"]] = length
    return found


def without_lengths(text: str) -> str:
    """A matrix without the lengths, which only a report knows."""
    return re.sub(r"VIOLATED [0-9+]+", "VIOLATED", text)


def bounds() -> str:
    """The bounded systems that are searched when no bounds are given."""
    names = [name for name in plan.BOUND_NAMES if name != "messages"]
    return (
        HEAD + "# The bounded systems\n\n## Safety and deadlock\n\n"
        + table(plan.BOUND_NAMES, [[str(b[name]) for name in plan.BOUND_NAMES] for b in plan.SAFETY])
        + "\n## Liveness\n\nThe applications send without end.\n\n"
        + table(names, [[str(b[name]) for name in names] for b in plan.LIVENESS])
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
    return text


# --- rules and properties against what checks them


def spec_matrix() -> str:
    """Rules and properties with the machine, the policies, the claims and the mutants that belong to them."""
    fired = {policy.name: phases(policy)[1] for policy in POLICIES}
    rules, properties = [], []
    for identifier, entry in entries().items():
        if entry.kind:
            under = [name for name, found in fired.items() if Rule(identifier) in found]
            shown = "all policies" if len(under) == len(fired) else ", ".join(under)
            rules.append([identifier, entry.title, entry.kind, f"`{entry.machine}`", shown, _breaking(entry.machine)])
        elif identifier in PROPERTIES:
            verdicts = [verdict for key, verdict in claims().items() if key[2] == identifier]
            counts = [str(verdicts.count(word)) for word in ("PROVED", "EXHAUSTED", "VIOLATED")]
            killers = [name for name, (violates, _) in mutants().items() if violates == identifier]
            properties.append([identifier, ", ".join(entry.assumes) or "nothing", *counts, ", ".join(killers)])
    return (
        HEAD + "# The specification against what checks it\n\nA rule fires under the policies named, in the small "
        "systems that [send-machine.md](send-machine.md) is drawn from; `enomem check` fails if a rule fires in no "
        "search. The mutants are the seeded defects of `tests/mutants/` that change the function which is the rule, "
        "and of a property those that violate it: the tests kill each by proof and by search, or say why there can be "
        "no proof.\n\n## Rules\n\n"
        + table(("rule", "title", "class", "machine", "fires under", "mutants of the function"), rules)
        + "\n## Properties\n\n"
        + table(("property", "assumes", "proved", "exhausted", "violated", "mutants that violate it"), properties)
    )


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
    return {mutant.name: (mutant.violates, frozenset(mutant.patches)) for mutant in module.ALL}


# --- writing them

PICTURES: Mapping[str, Callable[[], str]] = {
    "layers.md": layers,
    "send-machine.md": send_machine,
    "bounds.md": bounds,
    "counterexamples.md": counterexamples,
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


if __name__ == "__main__":
    sys.exit(main())
