"""The results of a run: lines for people, JSON and JUnit XML, and one program for each deviation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import enomem

from .baseline import Baseline, counts
from .case import Case, Verdict
from .run import Outcome

FORMAT, VERSION = "enomem-conform", 1
ORDER = (Verdict.PASS, Verdict.INFORMATIONAL, Verdict.NON_STRICT, Verdict.FAIL)
WIDTH = 110
NAMED = 6
"""So many of the cases that were not asked are named for each reason; a report has all of them."""


def listed(cases: Iterable[Case]) -> Iterable[str]:
    """Each case in two lines: its id, how much it asks, what it needs, its name; and the sentence with its source."""
    for case in cases:
        yield f"{case.id:<13} {case.level.value:<6} {case.name}  ({case.needs.value})"
        yield f"{'':<13} {case.sentence} [{case.source}]"


def lines(outcome: Outcome, baseline: Baseline, strict: bool) -> list[str]:
    """What is said of one outcome: nothing of a pass or of what was not asked, all of a deviation that counts."""
    case, verdict = outcome.case, outcome.verdict
    if verdict in (Verdict.PASS, Verdict.UNSUPPORTED):
        return []
    head = f"{case.id:<13} {verdict.value:<13} {case.name}"
    if verdict == Verdict.INFORMATIONAL:
        return [f"{head}: {outcome.actual}"]
    expected = baseline.get(case.id)
    if expected is not None and expected.verdict == verdict:
        return [f"{head}: as in the baseline: {expected.reason}"]
    found = [
        head,
        f"  {case.level.value} {case.sentence} [{case.source}]",
        f"  expected: {outcome.expected}",
        f"  actual:   {outcome.actual}",
    ]
    if counts(verdict, strict):
        found += [f"    {line if len(line) <= WIDTH else line[:WIDTH] + ' ...'}" for line in outcome.steps]
    return found


def lacking(outcomes: Iterable[Outcome]) -> list[str]:
    """What could not be asked: a line for each thing that is lacking, with the first of the cases that need it."""
    needed: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.verdict == Verdict.UNSUPPORTED:
            needed.setdefault(outcome.actual, []).append(outcome.case.id)
    found = []
    for what, ids in needed.items():
        more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
        found.append(f"unsupported   {' '.join(ids[:NAMED])}{more}: needs {what}")
    return found


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many ended how; what could not be asked is counted apart."""
    tally = Counter(outcome.verdict for outcome in outcomes)
    asked = len(outcomes) - tally[Verdict.UNSUPPORTED]
    told = ", ".join(f"{tally[verdict]} {verdict.value}" for verdict in ORDER if tally[verdict])
    lacking = f"; {tally[Verdict.UNSUPPORTED]} unsupported, not asked" if tally[Verdict.UNSUPPORTED] else ""
    return f"{asked} of {len(outcomes)} cases asked: {told or 'none'}{lacking}"


def as_json(outcomes: Sequence[Outcome], subject: str, version: str, strict: bool, code: int) -> dict[str, Any]:
    """Everything that a run found."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "enomem": enomem.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "target": subject,
        "target_version": version,
        "strict": strict,
        "exit": code,
        "cases": [_case(outcome) for outcome in outcomes],
    }


def _case(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "id": case.id,
        "name": case.name,
        "rule": case.rule.value,
        "level": case.level.value,
        "sentence": case.sentence,
        "source": case.source,
        "verdict": outcome.verdict.value,
        "expected": outcome.expected,
        "actual": outcome.actual,
        "script": outcome.script if outcome.verdict in (Verdict.FAIL, Verdict.NON_STRICT) else "",
        "seconds": round(outcome.seconds, 3),
    }


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write the JSON report."""
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def write_junit(
    path: Path, outcomes: Sequence[Outcome], subject: str, strict: bool, news: Iterable[str] | None
) -> None:
    """Write a JUnit report; with a baseline, ``news`` has the lines of the cases that fail, else what counts does."""
    suite = ElementTree.Element("testsuite", name=f"enomem conform {subject}", tests=str(len(outcomes)))
    told = None if news is None else {line.partition(" ")[0]: line for line in news}
    failures = skipped = 0
    for outcome in outcomes:
        case = outcome.case
        section, _, number = case.id.rpartition("/")
        name = f"{number} {case.name}"
        node = ElementTree.SubElement(
            suite, "testcase", classname=section.replace("/", "."), name=name, time=f"{outcome.seconds:.3f}"
        )
        failed = counts(outcome.verdict, strict) if told is None else case.id in told
        if failed:
            failures += 1
            said = f"expected {outcome.expected}; {outcome.actual}" if told is None else told[case.id]
            failure = ElementTree.SubElement(node, "failure", message=_xml(said))
            failure.text = _xml(f"{case.level.value} {case.sentence} [{case.source}]\n\n{outcome.script}")
        elif outcome.verdict == Verdict.UNSUPPORTED:
            skipped += 1
            ElementTree.SubElement(node, "skipped", message=_xml(f"needs {outcome.actual}"))
        elif outcome.verdict != Verdict.PASS:
            ElementTree.SubElement(node, "system-out").text = _xml(f"{outcome.verdict.value}: {outcome.actual}")
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    suite.set("skipped", str(skipped))
    ElementTree.indent(suite)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _xml(text: str) -> str:
    """What XML may hold."""
    return "".join(c if c >= " " or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def write_scripts(folder: Path, outcomes: Iterable[Outcome]) -> int:
    """Write a program for each deviation; how many that are."""
    written = 0
    for outcome in outcomes:
        if outcome.verdict in (Verdict.FAIL, Verdict.NON_STRICT):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{outcome.case.id.replace('/', '-')}.py").write_text(commented(outcome), encoding="utf-8")
            written += 1
    return written


def commented(outcome: Outcome) -> str:
    """The program of an outcome, under what it shows."""
    case = outcome.case
    head = [f"{case.id}: {case.level.value} {case.sentence} [{case.source}]"]
    head += [f"Expected: {outcome.expected}", f"Actual:   {outcome.actual}"]
    return "".join(f"# {line}\n" for line in head) + outcome.script
