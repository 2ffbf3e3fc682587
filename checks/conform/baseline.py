"""A baseline: the deviations of a library that are known, each with its reason; what differs from it is news.

A file is TOML: tables ``[[deviation]]`` with the ids of ``cases``, one ``verdict`` and one ``reason`` for all of them.
With ``sometimes = true`` they come by chance, and a pass is no news.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..deviations import read
from ..errors import UsageError
from .case import Verdict
from .catalogue import cases, nearest
from .run import Outcome

SHIPPED = Path(__file__).with_name("baselines")
DEVIATES = (Verdict.NON_STRICT, Verdict.FAIL)


@dataclass(frozen=True)
class Expected:
    """How a case is known to end, and why; ``sometimes`` it does, and passes otherwise."""

    verdict: Verdict
    reason: str
    sometimes: bool = False

    def allows(self, verdict: Verdict) -> bool:
        """Is it as expected that the case ended so?"""
        return verdict == self.verdict or (self.sometimes and verdict == Verdict.PASS)


Baseline = Mapping[str, Expected]


def load(named: Path) -> Baseline:
    """Read a baseline: a file, or the name of one that is shipped ("pyzmq"). UsageError if it cannot be used."""
    path, entries = read(named, SHIPPED)
    found: dict[str, Expected] = {}
    for entry in _checked(path, entries):
        for case in entry["cases"]:
            if case in found:
                raise UsageError(f"{path}: the case {case!r} stands there twice")
            found[case] = Expected(Verdict(entry["verdict"]), entry["reason"], entry.get("sometimes", False))
    known_ids = {case.id for case in cases()}
    for case in found:
        if case not in known_ids:
            raise UsageError(f"{path}: there is no case {case!r}{nearest(case)}")
    return found


def _checked(path: Path, entries: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    """The tables of a file, each with what it must have."""
    verdicts = {verdict.value for verdict in DEVIATES}
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not _whole(entry, verdicts):
            raise UsageError(
                f"{path}: deviation {number} needs cases (a list of ids), a verdict ({' or '.join(sorted(verdicts))})"
                " and a reason; it may have sometimes = true"
            )
    return entries


def _whole(entry: Mapping[str, Any], verdicts: Set[str]) -> bool:
    ids, reason = entry.get("cases"), entry.get("reason")
    listed = isinstance(ids, list) and all(isinstance(case, str) for case in ids)
    chance = isinstance(entry.get("sometimes", False), bool)
    return listed and chance and entry.get("verdict") in verdicts and isinstance(reason, str) and bool(reason)


def differences(outcomes: Iterable[Outcome], baseline: Baseline, strict: bool) -> list[str]:
    """What is not as the baseline says, both ways: a line for each such case.

    Without ``strict`` a deviation from what only should be is no news. A case that cannot be asked any more is.
    """
    found = []
    for outcome in outcomes:
        expected = baseline.get(outcome.case.id)
        if expected is not None and not expected.allows(outcome.verdict):
            found.append(
                f"{outcome.case.id} is {outcome.verdict.value}, and the baseline says {expected.verdict.value}"
            )
        elif expected is None and counts(outcome.verdict, strict):
            found.append(f"{outcome.case.id} is {outcome.verdict.value}, and the baseline does not list it")
    return found


def counts(verdict: Verdict, strict: bool) -> bool:
    """Is this a verdict for which the run fails?"""
    return verdict == Verdict.FAIL or (strict and verdict == Verdict.NON_STRICT)


def text(outcomes: Iterable[Outcome], target: str, version: str, reasons: Baseline) -> str:
    """A baseline of these outcomes; reasons that are known already are kept, others say what was seen."""
    groups: dict[Expected, list[str]] = {}
    for outcome in outcomes:
        known = reasons.get(outcome.case.id)
        if known is None or not known.allows(outcome.verdict):
            if outcome.verdict not in DEVIATES:
                continue
            reason = known.reason if known is not None else f"not looked into; seen: {outcome.actual}"
            known = Expected(outcome.verdict, reason)
        groups.setdefault(known, []).append(outcome.case.id)
    lines = [f"target = {json.dumps(target)}", f"version = {json.dumps(version)}"]
    for entry, ids in groups.items():
        lines += ["", "[[deviation]]", f"cases = {json.dumps(ids)}", f"verdict = {json.dumps(entry.verdict.value)}"]
        lines += [f"reason = {json.dumps(entry.reason)}", *(["sometimes = true"] if entry.sometimes else [])]
    return "\n".join(lines) + "\n"
