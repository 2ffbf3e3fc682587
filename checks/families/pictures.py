"""The generated page of families, found by running their searches: the matrix, the systems, the counterexamples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from enomem.spec.claims import family_claims

from ..judging.judge import Finding, Task
from ..senders.plan import ANY_POLICY, Engine
from ..words.markdown import HEAD, mermaid, table
from . import judge, traces, words
from .family import Family, Row
from .registry import FAMILIES


def page() -> str:
    """All families: what is claimed of each row, with the lengths of the shortest traces, and the known ones shown."""
    text = HEAD + (
        "# Families\n\nWhat `spec/claims.toml` claims of readers and connections and `enomem check` confirms; "
        "[matrix.md](matrix.md) has senders and types of sockets, and says what the words mean.\n"
    )
    for family in FAMILIES.values():
        text += f"\n## {family.name}\n\n{family.title}\n\n{_matrix(family)}\n### Systems\n\n{_bounds(family)}"
        for title, row, identifier, place in family.known():
            found = [one.traces[identifier] for of, one in _found(family) if of == row and identifier in one.traces]
            shown = traces.trace_of(found[place])
            command = f"enomem check {family.command(row)} --property {identifier}"
            text += f"\n### {title}\n\n{row.named} violates {identifier}: `{command}`\n\n"
            text += f"```text\n{words.show(shown, 'text')}\n```\n\n"
            text += mermaid(words.show(shown, "mermaid").splitlines())
    return text


def _matrix(family: Family) -> str:
    rows = family.rows()
    heads = [row.subject if row.second == ANY_POLICY else f"{row.subject} {row.second}" for row in rows]
    cells = []
    for identifier in dict.fromkeys(name for row in rows for name in family.identifiers(row)):
        claimed = [family_claims().get((family.name, row.subject, row.second, identifier), "") for row in rows]
        lengths = [_length(_traces(family).get((row, identifier))) for row in rows]
        cells.append([identifier, *(" ".join(pair).strip() for pair in zip(claimed, lengths, strict=True))])
    return table(("property", *heads), cells)


def _length(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    steps, cycle = len(found["steps"]), found["cycle"]
    return str(steps) if cycle is None else f"{cycle}+{steps - cycle}"


def _bounds(family: Family) -> str:
    """The bounded systems that are searched, each once."""
    found: dict[str, dict[str, str]] = {}
    for row in family.rows():
        for what, systems in (("states", family.searched(row)), ("endless runs", family.endless(row))):
            for system in systems:
                found[f"{what} {_numbers(system)}"] = {"what": what, **_numbers(system)}
    heads = list(dict.fromkeys(name for one in found.values() for name in one))
    return table(heads, [[one.get(head, "") for head in heads] for one in found.values()])


def _numbers(system: Any) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in traces.settings(system).items()
        if isinstance(value, int)
    }


def _findings(family: Family) -> Iterator[tuple[Row, Finding]]:
    """What the searches and the liveness checks of all rows find."""
    for row in family.rows():
        for part, systems in ((Engine.SEARCH, family.searched(row)), (Engine.LIVENESS, family.endless(row))):
            for number in range(len(systems)):
                task = Task(
                    Engine.FAMILY, row.text, row.second, number=number, machine=row.family, policy_name=row.subject,
                    part=part,
                )  # fmt: skip
                yield row, judge.run(task, lambda _: None)


@cache
def _found(family: Family) -> tuple[tuple[Row, Finding], ...]:
    return tuple(_findings(family))


@cache
def _traces(family: Family) -> Mapping[tuple[Row, str], dict[str, Any]]:
    """A shortest counterexample to each property of each row that is violated."""
    found: dict[tuple[Row, str], dict[str, Any]] = {}
    for row, finding in _found(family):
        for name, shown in finding.traces.items():
            known = found.get((row, name))
            if known is None or len(shown["steps"]) < len(known["steps"]):
                found[row, name] = shown
    return found


def fired() -> Mapping[str, frozenset[str]]:
    """The rules that fire in the searches of each family."""
    return {
        name: frozenset(rule for _, finding in _found(family) for rule in finding.fired)
        for name, family in FAMILIES.items()
    }
