"""The generated tables of families: their part of the matrix, their bounds, and which of them make a rule fire."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from enomem.spec.claims import family_claims

from ..judge import Task
from ..markdown import table
from ..plan import ANY_POLICY, Engine
from . import judge, trace
from .registry import FAMILIES

Lengths = Mapping[tuple[str, str, str, str], str]


def matrix(lengths: Lengths) -> str:
    """The claims as tables, one a family."""
    text = ""
    for family in FAMILIES.values():
        rows = family.rows()
        identifiers = list(dict.fromkeys(name for row in rows for name in family.identifiers(row)))
        heads = [row.subject if row.second == ANY_POLICY else f"{row.subject} {row.second}" for row in rows]
        cells = []
        for identifier in identifiers:
            keys = [(family.name, row.subject, row.second, identifier) for row in rows]
            claimed = [f"{family_claims().get(key, '')} {lengths.get(key, '')}".strip() for key in keys]
            cells.append([identifier, *claimed])
        text += f"\n# {family.name}\n\n{family.title}\n\n" + table(("property", *heads), cells)
    return text


def bounds() -> str:
    """The bounded systems of each family that are searched, by which of its rows they are of."""
    text = ""
    for family in FAMILIES.values():
        found: dict[str, dict[str, str]] = {}
        for row in family.rows():
            for what, systems in (("states", family.searched(row)), ("endless runs", family.endless(row))):
                for system in systems:
                    found[f"{what} {_numbers(system)}"] = {"what": what, **_numbers(system)}
        heads = list(dict.fromkeys(name for one in found.values() for name in one))
        text += f"\n## {family.name}\n\n"
        text += table(heads, [[one.get(head, "") for head in heads] for one in found.values()])
    return text


def _numbers(system: Any) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in trace.settings(system).items()
        if isinstance(value, int)
    }


@cache
def fired() -> Mapping[str, frozenset[str]]:
    """The rules that fire in the searches of each family."""
    found: dict[str, frozenset[str]] = {}
    for family in FAMILIES.values():
        rules: set[str] = set()
        for row in family.rows():
            for number, system in enumerate(family.searched(row)):
                task = Task(
                    Engine.FAMILY, row.text, row.second, number=number, machine=row.family, policy_name=row.subject,
                    part=Engine.SEARCH,
                )  # fmt: skip
                rules.update(judge.searched(family, task, row, system, lambda _: None).fired)
        found[family.name] = frozenset(rules)
    return found
