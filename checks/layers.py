"""The pictures of who imports whom, read off the syntax trees: the parts of the program, and the machines."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .markdown import HEAD, mermaid, table

ROOT = Path(__file__).resolve().parents[1]
"""The checkout, or site-packages' part of it: ``model/``, ``checks/`` and ``spec/`` stand here."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "the command": (
        "cli", "commands", "command_check", "command_explain", "check_job", "runner", "bench", "pictures",
        "pattern_pictures", "layers",
    ),
    "what a person sees": ("console", "report"),
    "a socket on the command line": (
        "command_socket", "socket_talk", "socket_watch", "socket_settings", "socket_format",
    ),
    "a recorded run": (
        "command_replay", "run_replay", "run_order", "run_step", "run_steps", "run_format", "run_wire",
    ),
    "sockets measured": ("bench_socket", "bench_pair", "bench_child"),
    "verdicts": ("matrix", "judge", "firing", "pattern_matrix", "pattern_judge", "families"),
    "a pattern's trace": ("pattern_trace", "pattern_words"),
    "a user's policy": ("policy_file", "policy_guard", "policy_rehearsal", "policy_source", "receive_policy_file"),
    "a trace in words": ("wording", "phrases", "verdicts", "mermaid", "markdown"),
    "what is asked of patterns": (
        "pattern_plan", "pattern_machine", "pattern_properties", "pattern_invariants",
    ),
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
    """Each module of model, spec and checks, with those of them that it imports; a package counts as one."""
    found: dict[str, set[str]] = {}
    for part in ("model", "spec", "checks"):
        for file in sorted((ROOT / part).rglob("*.py")):
            inside = file.relative_to(ROOT).with_suffix("").parts
            found.setdefault(_node(".".join(inside)), set()).update(map(_node, _imports(inside[:-1], file)))
    return {name: ends & set(found) - {name} for name, ends in sorted(found.items())}


def _node(name: str) -> str:
    """The module or the package that a dotted name is drawn as."""
    return ".".join(name.split(".")[:2])


def _imports(package: Sequence[str], file: Path) -> Iterator[str]:
    """The dotted names that a file imports, from model, spec or checks on."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *([(node.module or "").removeprefix("enomem.")] if node.module else ())))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def reduced(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The edges without those that a longer way says already."""
    return {
        start: {end for end in ends if not any(end in below(edges, via) for via in ends if via != end)}
        for start, ends in edges.items()
    }


def below(edges: Mapping[str, set[str]], start: str) -> set[str]:
    """All that can be reached from ``start``."""
    found: set[str] = set()
    new = [start]
    while new:
        ends = edges.get(new.pop(), set()) - found
        found |= ends
        new += ends
    return found


def parts() -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """The boxes with those that they lean on, and the modules in each."""
    all_edges = {name: ends for name, ends in modules().items() if name not in UNDRAWN}
    box = {name: name for name in all_edges}
    for title, members in GROUPS.items():
        box.update({f"checks.{member}": title for member in members})
    box.update({name: name.partition(".")[0] for name in all_edges if not name.startswith("checks.")})
    found: dict[str, set[str]] = {title: set() for title in GROUPS}
    for name, ends in all_edges.items():
        found.setdefault(box[name], set()).update(box[end] for end in ends if end in box and box[end] != box[name])
    return found, {title: sorted(name for name in all_edges if box[name] == title) for title in found}


def layers() -> str:
    """The two pictures of who imports whom: the parts, and the machines."""
    found, inside = parts()
    edges = modules()
    model = {
        name.partition(".")[2]: {end.partition(".")[2] for end in ends if end not in UNDRAWN}
        for name, ends in edges.items()
        if name.startswith("model.") and name not in UNDRAWN
    }
    rows = [[title, ", ".join(f"`{module}`" for module in members)] for title, members in inside.items()]
    return (
        HEAD + "# The layers\n\nAn arrow leads from who imports to what is imported. "
        "An arrow that a longer way says already is left out, and so are `checks.errors` and the benchmark's model.\n\n"
        + mermaid(_flowchart(reduced(found)))
        + "\n"
        + table(("box", "modules"), rows)
        + "\n## The machines\n\nA package is one box.\n\n"
        + mermaid(_flowchart(reduced(model)))
    )


def _flowchart(edges: Mapping[str, set[str]]) -> list[str]:
    key = {name: f"n{number}" for number, name in enumerate(edges)}
    lines = ["flowchart TD", *(f'    {key[name]}["{name}"]' for name in edges)]
    return lines + [f"    {key[start]} --> {key[end]}" for start, ends in edges.items() for end in sorted(ends)]
