"""The pictures of who imports whom, read off the syntax trees: the parts of the program, and the machines."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..words.markdown import HEAD, mermaid, table

ROOT = Path(__file__).resolve().parents[2]
"""The checkout, or site-packages' part of it: ``model/``, ``checks/`` and ``spec/`` stand here."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "the command": ("cli", "commands", "checking"),
    "pictures of the code": ("pictures",),
    "what a person sees": ("terminal",),
    "verdicts": ("judging", "families"),
    "sockets on the command line": ("sockets",),
    "a recorded run": ("runs",),
    "a user's policy": ("policies",),
    "a trace in words": ("words",),
    "what is asked of patterns": ("patterns",),
    "what is asked of senders": ("senders",),
    "search and liveness": ("search",),
    "known deviations": ("deviations",),
    "measured": ("bench",),
    "a step run on symbols": ("symbolic",),
}
"""Titles of boxes, and the packages of ``checks/`` in each; one that is not named here is drawn under its own name."""

UNDRAWN = ("checks.errors", "checks.__init__", "model.__init__", "spec.__init__")
"""Imported by nearly all (errors), or empty."""


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
    rows = [[title, ", ".join(map(_inside, members))] for title, members in inside.items()]
    return (
        HEAD + "# The layers\n\nAn arrow leads from who imports to what is imported. "
        "An arrow that a longer way says already is left out, and so is `checks.errors`.\n\n"
        + mermaid(_flowchart(reduced(found)))
        + "\n"
        + table(("box", "modules"), rows)
        + "\n## The machines\n\nA package is one box.\n\n"
        + mermaid(_flowchart(reduced(model)))
    )


def _inside(name: str) -> str:
    """A module by its name, and a package of ``checks/`` with what is in it."""
    files = sorted((ROOT / name.replace(".", "/")).glob("[a-z]*.py")) if name.startswith("checks.") else []
    return f"`{name}`" + (f" ({', '.join(file.stem for file in files)})" if files else "")


def _flowchart(edges: Mapping[str, set[str]]) -> list[str]:
    key = {name: f"n{number}" for number, name in enumerate(edges)}
    lines = ["flowchart TD", *(f'    {key[name]}["{name}"]' for name in edges)]
    return lines + [f"    {key[start]} --> {key[end]}" for start, ends in edges.items() for end in sorted(ends)]
