"""What ``docs/generated/`` has of types of sockets: their claims, the searched systems, the rules that fire."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from enomem.model.application import Recovery
from enomem.model.policies import POLICIES
from enomem.spec.claims import pattern_claims

from ..judging import judge
from ..judging.judge import Task
from ..patterns import plan as pattern_plan
from ..patterns import traces as pattern_trace
from ..patterns import words as pattern_words
from ..patterns.plan import Row
from ..policies.file import load_policy
from ..senders.plan import ANY_POLICY, Engine
from ..words.markdown import mermaid, table

Key = tuple[str, str, str, str]
"""A type of socket, policy, recovery and property."""


def matrix(lengths: Mapping[Key, str]) -> str:
    """The claims of each type as tables; ``lengths`` has the length of a shortest trace."""
    text = ""
    columns = [(policy.name, recovery.value) for policy in POLICIES for recovery in Recovery]
    for pattern in pattern_plan.SENDING:
        rows = []
        for identifier in Row(pattern, *columns[0]).identifiers:
            rows.append([identifier, *(_claim((pattern, *column, identifier), lengths) for column in columns)])
        text += f"\n## {pattern}\n\n" + table(("property", *map(" ".join, columns)), rows)
    whatever = [key for key in pattern_claims() if key[1] == ANY_POLICY]
    rows = [[key[0], key[3], _claim(key, lengths)] for key in whatever]
    return text + "\n## Under any policy\n\n" + table(("type", "property", "claim"), rows)


def _claim(key: Key, lengths: Mapping[Key, str]) -> str:
    return f"{pattern_claims()[key]} {lengths.get(key, '')}".strip()


def bounds() -> str:
    """The bounded systems of each type, under any policy and recovery alike."""
    rows: list[list[str]] = []
    for pattern in pattern_plan.TYPES:
        for row in pattern_plan.rows(pattern, (POLICIES[0].name,), (Recovery.RESTART.value,)):
            policy = None if row.policy == ANY_POLICY else POLICIES[0]
            for system in pattern_plan.searched(row, policy):
                options = [name for name, value in vars(system.pattern).items() if value is True]
                found = pattern_trace.bounds(system)
                shown = [str(found.get(name, "")) for name in ("pipes", "parts", "memory", "messages", "queue", "lead")]
                what = "turns" if row.turns else "messages"
                if row.turns:
                    what = "turns, sending" if found["out"] else "turns, receiving"
                rows.append([pattern, what, ", ".join(options), *shown])
    head = ("type", "what", "options", "peers", "parts", "memory", "messages", "queue", "lead")
    return table(head, rows)


@cache
def fired() -> Mapping[str, frozenset[str]]:
    """The rules that fire in the systems of each type, under DISCARD with RESTART and RESUME where that matters."""
    found = {}
    for pattern in pattern_plan.TYPES:
        rules: set[str] = set()
        for row in pattern_plan.rows(pattern, ("DISCARD",), ("RESTART", "RESUME")):
            task = Task(
                Engine.PATTERN, row.policy, row.recovery, machine=pattern, turns=row.turns, policy_name=row.policy,
                searches_only=True,
            )  # fmt: skip
            rules.update(judge.run(task, lambda _: None).fired)
        found[pattern] = frozenset(rules)
    return found


KNOWN: tuple[tuple[str, str, str, str, str], ...] = (
    ("The merged message at the wrong peer", "ROUTER", "KEEP", "NEXT", "SAFE-ROUTE"),
    ("A part taken for an address", "ROUTER", "DISCARD", "RESUME", "SAFE-ROUTE"),
    ("Two heads behind one delimiter", "REQ", "KEEP", "RESTART", "SAFE-ENVELOPE"),
)


def counterexamples() -> str:
    """A shortest trace of each of them, as text and as a diagram, found by the search just now."""
    text = ""
    for title, pattern, policy, recovery, identifier in KNOWN:
        task = Task(
            Engine.PATTERN, policy, recovery, machine=pattern, policy_name=policy, searches_only=True
        )  # fmt: skip
        found = judge.run(task, lambda _: None)
        trace = pattern_trace.trace_of(found.traces[identifier], load_policy)
        text += f"\n## {title}\n\n{pattern}, {policy} with {recovery} violates {identifier}:\n"
        options = f"--pattern {pattern} --policy {policy} --recovery {recovery} --property {identifier}"
        text += f"`enomem check {options}`\n\n"
        text += f"```text\n{pattern_words.show(trace, 'text')}\n```\n\n"
        text += mermaid(pattern_words.show(trace, "mermaid").splitlines())
    return text
