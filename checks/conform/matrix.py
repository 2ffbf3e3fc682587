"""``docs/conformance.md`` from the results of runs: what each library deviates in, with the shortest script.

``python -m enomem.checks.conform.matrix docs`` reads ``docs/generated/conformance/*.json`` and writes the page.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..words.markdown import table, write_page
from .baseline import Baseline, load
from .case import Verdict
from .transcript import before

RESULTS = Path("generated") / "conformance"
PAGE = "conformance.md"
NOTES = {
    "jeromq": "JeroMQ 0.6.0 as the Python package kotlin-jupyter-kernel 0.19.0.944 has it in it, with OpenJDK 17. It"
    " says 3.0 in its greeting, so that what is asked of 3.1 only is not asked of it. Of the connections that it makes,"
    " one in about ten stays silent until something else is registered with its I/O thread (46 of 450 in three runs;"
    " zeromq/jeromq pull request 1022). The adapter registers something all the time, so that the cases can be asked at"
    " all: no case counts this deviation. A Debian system has 0.3.6, which speaks ZMTP 2.0 only: 2 cases can be asked.",
    "pyzmq": "Its monitors are told nothing of handshakes that fail. With one that is, a PLAIN handshake that fails a"
    " millisecond or more after the last command leaves the connection open and silent (15 of 15, and 0 of 15 without"
    " it): sending the event overwrites errno.",
    "zeromqjs": "The npm package is libzmq again. What differs from pyzmq is how it is asked: whole messages, no"
    " options between parts.",
}
WORDS = {
    Verdict.PASS.value: "pass",
    Verdict.INFORMATIONAL.value: "either",
    Verdict.NON_STRICT.value: "*should*",
    Verdict.FAIL.value: "**FAIL**",
    Verdict.UNSUPPORTED.value: "–",
}
LONGEST = 40
"""Lines of a script that are shown; a longer one is made by ``--scripts``."""
WIDEST = 300
"""Characters of such a line; none has more, as what is long in a message is the same over and over."""

INTRODUCTION = """<!-- Made by `python -m enomem.checks.conform.matrix docs`; do not edit. -->

# Conformance of real implementations

What `enomem conform` ([how to run it](conform.md)) found over TCP. A MUST that is not kept is a FAIL, a SHOULD that is
not kept is shown as *should*; *either* is a case in which the RFCs conflict or leave the choice, and a dash could not
be asked, which is no pass. The results are kept in `docs/generated/conformance/`.

Each deviation has its script: what the testee was told, and what a peer of plain octets said. It runs behind the lines
under [Before each script](#before-each-script), with the library that is imported there; `--scripts` writes whole
programs.

"""
BEFORE = """
## Before each script

"""

Result = Mapping[str, Any]


def results(docs: Path) -> list[Result]:
    """The results that are kept, by the name of the target."""
    files = sorted((docs / RESULTS).glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def page(found: Sequence[Result], baselines: Mapping[str, Baseline]) -> str:
    """The whole page."""
    parts = [
        INTRODUCTION,
        _tally(found),
        "\n",
        "".join(f"{result['target']}: {NOTES[result['target']]}\n\n" for result in found if result["target"] in NOTES),
        "## Cases in which they differ\n\nA case that all of them pass, or that none could be asked, is left out.\n\n",
        _cases(found),
    ]
    parts += [_of_one(result, baselines.get(result["target"], {})) for result in found]
    parts += [BEFORE, f"```python\n{before('pyzmq')}```\n"]
    return "".join(parts).rstrip("\n") + "\n"


def _tally(found: Sequence[Result]) -> str:
    rows = []
    for result in found:
        counted = Counter(case["verdict"] for case in result["cases"])
        asked = len(result["cases"]) - counted[Verdict.UNSUPPORTED.value]
        rows.append(
            [result["target"], result["target_version"], result["date"], f"{asked} of {len(result['cases'])}"]
            + [str(counted[verdict.value]) for verdict in Verdict]
        )
    return table(("target", "version", "date", "asked", *(verdict.value for verdict in Verdict)), rows)


def _cases(found: Sequence[Result]) -> str:
    verdicts = [{case["id"]: case["verdict"] for case in result["cases"]} for result in found]
    known = {case["id"]: case for result in found for case in result["cases"]}
    plain = {Verdict.PASS.value, Verdict.UNSUPPORTED.value}
    rows = []
    for name, case in known.items():
        of_each = [one.get(name, Verdict.UNSUPPORTED.value) for one in verdicts]
        if set(of_each) - plain:
            rows.append([f"`{name}`", case["level"], case["sentence"], *(WORDS[verdict] for verdict in of_each)])
    return table(("case", "level", "what is asked", *(result["target"] for result in found)), rows)


def _of_one(result: Result, baseline: Baseline) -> str:
    deviating = [c for c in result["cases"] if c["verdict"] in (Verdict.FAIL.value, Verdict.NON_STRICT.value)]
    if not deviating:
        return ""
    parts = [f"\n## Deviations of {result['target']} {result['target_version']}\n"]
    for case in deviating:
        known = baseline.get(case["id"])
        reason = f" {known.reason}" if known is not None and not known.reason.startswith("not looked into") else ""
        parts.append(
            f"\n### {result['target']} {case['id']}: {case['name']}\n\n"
            f"{case['level']}: {case['sentence']} ({case['source']})\n\n"
            f"Expected: `{_code(case['expected'])}`. Seen: `{_code(case['actual'])}`.{reason}\n\n"
        )
        parts.append(_script(case["script"]))
    return "".join(parts)


def _code(text: str) -> str:
    return text.replace("`", "'").replace("\n", " ")


def _script(script: str) -> str:
    """The steps of a program, without what is the same in all."""
    lines = script.rstrip("\n").splitlines()
    last_tool = max((n for n, line in enumerate(lines) if line.startswith(("    ", "def "))), default=-1)
    start = last_tool + 1 if last_tool >= 0 else next((n for n, x in enumerate(lines) if x.startswith("context")), 0)
    steps = [line for line in lines[start:] if line and line != "context.destroy(linger=0)"]
    shown = steps[:LONGEST] + (["# ..."] if len(steps) > LONGEST else [])
    return "".join(["```python\n", *(f"{line[:WIDEST]}\n" for line in shown), "```\n"])


def shipped(found: Sequence[Result]) -> dict[str, Baseline]:
    """The baselines that are shipped for these targets."""
    made = {}
    for result in found:
        file = Path(__file__).with_name("baselines") / f"{result['target']}.toml"
        if file.exists():
            made[result["target"]] = load(file)
    return made


def _made(docs: Path) -> str:
    found = results(docs)
    return page(found, shipped(found))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with ``--check`` say whether it is out of date."""
    return write_page("enomem.checks.conform.matrix", PAGE, _made, arguments)


if __name__ == "__main__":
    sys.exit(main())
