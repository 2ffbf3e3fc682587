"""What a campaign found: as a table for a person, as a summary for a file, and as Markdown.

``python -m enomem.checks.torture.report SUMMARY`` prints the Markdown of a summary.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table

from ..words.markdown import table as markdown_table
from .campaign import Campaign, Done
from .judge import GOOD, Outcome

SHOWN_SITES = 12
SHOWN_DETAILS = 4
BAD = tuple(outcome for outcome in Outcome if outcome not in (*GOOD, Outcome.NOT_REACHED))


@dataclass(frozen=True)
class Aborts:
    """A place at which the process ended: how often, and by which functions of the API libzmq was entered."""

    site: str
    kind: str
    runs: int
    entered: tuple[str, ...]
    scenarios: tuple[str, ...]


def aborts(campaign: Campaign) -> list[Aborts]:
    """The distinct sites of aborts, the most frequent first."""
    entered = {(name, site.stack): site.entered for name, sites in campaign.sites.items() for site in sites}
    by_site: dict[str, list[Done]] = {}
    for case in campaign.cases.values():
        if case.outcome == Outcome.ABORT:
            by_site.setdefault(case.site, []).append(case)
    found = [
        Aborts(
            site,
            cases[0].detail,
            len(cases),
            tuple(sorted({entered.get((case.variant, case.stack), "?") for case in cases})),
            tuple(sorted({scenario(case) for case in cases})),
        )
        for site, cases in by_site.items()
    ]
    return sorted(found, key=lambda one: (-one.runs, one.site))


def scenario(case: Done) -> str:
    """The scenario that a case belongs to."""
    return case.variant.partition(":")[0]


def counts(cases: Iterable[Done]) -> dict[str, dict[str, int]]:
    """How many cases of each scenario came to each outcome."""
    found: dict[str, Counter[str]] = {}
    for case in cases:
        found.setdefault(scenario(case), Counter())[case.outcome.value] += 1
    return {name: dict(counter) for name, counter in found.items()}


def details(cases: Iterable[Done]) -> dict[str, dict[str, int]]:
    """What was odd, by outcome, with how often."""
    found: dict[str, Counter[str]] = {}
    for case in cases:
        if case.detail and case.outcome not in (Outcome.ABORT, Outcome.NOT_REACHED, Outcome.NOTHING):
            found.setdefault(case.outcome.value, Counter())[f"{scenario(case)}: {alike(case.detail)}"] += 1
    return {name: dict(counter.most_common(SHOWN_DETAILS)) for name, counter in found.items()}


def alike(detail: str) -> str:
    """A detail without numbers, so that like is counted with like: the messages in it are A, B, ... as they come."""
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        letter = names.setdefault(found[1], chr(ord("A") + len(names)))
        return letter + (found[2] or "")

    return re.sub(r"\b([A-Z]\d+)(?:\.(\d+)/\d+)?", named, re.sub(r"\b\d+ messages", "messages", detail))


def summary(campaign: Campaign, left: int, date: str) -> dict[str, Any]:
    """What a campaign found, without its thousands of cases."""
    whole = campaign.as_json(left)
    return {
        **{name: whole[name] for name in ("format", "version", "enomem", "machine", "subject", "seconds", "left")},
        "date": date,
        "stacks": len({site.stack for sites in campaign.sites.values() for site in sites}),
        "variants": len(campaign.sites),
        "places": dict(zip(("all", "never_failed"), places(campaign), strict=True)),
        "outcomes": counts(campaign.cases.values()),
        "details": details(campaign.cases.values()),
        "aborts": [asdict(one) for one in aborts(campaign)],
    }


def places(campaign: Campaign) -> tuple[int, list[str]]:
    """At how many places in libzmq memory is asked for, and those of them at which no case failed an allocation.

    Of a stack that did not come again nothing is known, but the same place is mostly reached by other stacks.
    """
    place = {(name, site.stack): site.place for name, sites in campaign.sites.items() for site in sites}
    failed = {
        place.get((case.variant, case.stack)) for case in campaign.cases.values() if case.outcome != Outcome.NOT_REACHED
    }
    return len(set(place.values())), sorted(set(place.values()) - failed)


def exit_code(cases: Sequence[Done], left: int) -> int:
    """0 if every failed allocation was survived, 1 if not, 3 if that is not known of all."""
    if any(case.outcome in BAD for case in cases):
        return 1
    return 3 if left or not cases or any(case.outcome == Outcome.NOT_REACHED for case in cases) else 0


# --- for a person


def shown(campaign: Campaign, left: int) -> Group:
    """The outcomes by scenario, the sites of aborts, examples of the rest."""
    found = counts(campaign.cases.values())
    outcomes = [outcome for outcome in Outcome if any(outcome.value in row for row in found.values())]
    table = Table(header_style="bold")
    table.add_column("outcome", no_wrap=True)
    for name in found:
        table.add_column(name.replace("-", "-\n"), justify="right", no_wrap=True)
    for outcome in outcomes:
        row = [str(of.get(outcome.value, "")) for of in found.values()]
        table.add_row(outcome.value, *row, style="red" if outcome in BAD else "")
    lines = [f"{len(campaign.cases)} allocations failed, one a run, in {campaign.seconds:.0f} s"]
    asked, never = places(campaign)
    lines.append(f"memory is asked for at {asked} places, and was refused at {asked - len(never)} of them")
    if left:
        lines.append(f"{left} were not failed yet: the same command with the same --json FILE goes on")
    return Group(table, *lines, *_sites(aborts(campaign)), *_examples(details(campaign.cases.values())))


def _sites(found: Sequence[Aborts]) -> list[str]:
    if not found:
        return []
    kinds = Counter(one.kind for one in found)
    said = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
    lines = ["", f"the process ended at {len(found)} different places ({said}):"]
    lines += [f"  {one.runs:5}  {one.site:<34} {', '.join(one.entered[:2])}" for one in found[:SHOWN_SITES]]
    return lines + ([f"         and {len(found) - SHOWN_SITES} more (--json FILE)"] if len(found) > SHOWN_SITES else [])


def _examples(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    lines = []
    for outcome, counter in found.items():
        lines += ["", f"{outcome}:", *(f"  {count:5}  {detail}" for detail, count in counter.items())]
    return lines


# --- as Markdown

HEAD = "<!-- Made by `python -m enomem.checks.torture.report docs/generated/torture.json`; do not edit. -->\n\n"


def markdown(values: Mapping[str, Any]) -> str:
    """The page of a summary."""
    subject, machine = values["subject"], values["machine"]
    runs = sum(sum(row.values()) for row in values["outcomes"].values())
    text = HEAD + (
        f"# One failed allocation at a time\n\nlibzmq {subject['version']} (`{subject['library']}`), recovery "
        f"{subject['recovery']}, measured on {values['date']} with Python {machine['python']} on {machine['system']}: "
        f"{runs} runs in {values['seconds']:.0f} s, {values['left']} left out. {values['stacks']} call stacks in "
        f"{values['variants']} variants, which ask for memory at {values['places']['all']} places in libzmq; "
        f"{_never(values['places']['never_failed'])}. What the words mean: [torture](../torture.md).\n\n"
    )
    names = [o.value for o in Outcome if any(o.value in row for row in values["outcomes"].values())]
    rows = [[name, *(str(row.get(word, 0)) for word in names)] for name, row in values["outcomes"].items()]
    total = [str(sum(row.get(word, 0) for row in values["outcomes"].values())) for word in names]
    text += markdown_table(("scenario", *names), [*rows, ["all", *total]])
    kinds = Counter(one["kind"] for one in values["aborts"])
    text += f"\n## Where it aborts\n\n{len(values['aborts'])} distinct sites: "
    text += ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) + ".\n\n"
    rows = [
        [f"`{one['site']}`", one["kind"], str(one["runs"]), _code(one["entered"]), ", ".join(one["scenarios"])]
        for one in values["aborts"]
    ]
    text += markdown_table(("site", "kind", "runs", "libzmq was entered by", "seen in"), rows)
    text += "\n## What else was seen\n\n"
    rows = [[word, what, str(count)] for word, counter in values["details"].items() for what, count in counter.items()]
    return text + markdown_table(("outcome", "most frequent", "runs"), rows)


def _never(names: Sequence[str]) -> str:
    if not names:
        return "at each of them an allocation was failed, what is *not reached* being another way to the same place"
    return f"at {len(names)} of them none was failed: {_code(names)}"


def _code(names: Sequence[str]) -> str:
    return ", ".join(name if " " in name else f"`{name}`" for name in names)


def main(arguments: Sequence[str]) -> int:
    """Print the page of a summary."""
    sys.stdout.write(markdown(json.loads(Path(arguments[0]).read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
