"""`enomem bench socket`: pairs of processes over loopback, each as a ratio to a pair of pyzmq run immediately before.

How one pair is run stands in `pair`. A number here is a measurement of this machine at this moment. The aims
are printed beside it and decide nothing: the exit code only says whether everything was measured.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import platform
import pstats
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Group
from rich.table import Table

from ..errors import UsageError
from ..terminal import console
from .child import LIBRARIES
from .pair import CASES, Failed, Measured, measure, pilot

YARDSTICK = "pyzmq"
SUBJECTS = tuple(name for name in LIBRARIES if name != YARDSTICK)
PROFILED = 25
"""Functions that a profile shows of each end."""


@dataclass
class Row:
    """A case and a library: its rounds, each behind the run of pyzmq before it, or why there are none."""

    case: str
    library: str
    rounds: list[tuple[Measured, Measured]] = field(default_factory=list)
    failed: str = ""

    @property
    def ratios(self) -> list[float]:
        """Of each round: the rate by the rate of pyzmq immediately before."""
        return [mine.rate / theirs.rate for theirs, mine in self.rounds]

    @property
    def ratio(self) -> float | None:
        """The median of the ratios."""
        return median(self.ratios) if self.rounds else None


@dataclass(frozen=True)
class Plan:
    """What is measured: which cases of which libraries, in how many rounds of about how many seconds each."""

    cases: tuple[str, ...]
    libraries: tuple[str, ...]
    rounds: int
    seconds: float


def installed(library: str) -> bool:
    """Is this library here to be measured?"""
    try:
        return importlib.util.find_spec(LIBRARIES[library][0]) is not None
    except ModuleNotFoundError:
        return False


def plan(only: Sequence[str], rounds: int, seconds: float) -> Plan:
    """The cases and libraries that ``only`` names, or all; UsageError if one is unknown or not installed."""
    if not installed(YARDSTICK):
        raise UsageError("pyzmq is not installed, and everything is measured against it: pip install pyzmq")
    known = {name.lower(): name for name in (*CASES, *LIBRARIES)}
    chosen = []
    for text in only:
        if text.lower() not in known:
            near = get_close_matches(text.lower(), known, 1)
            hint = f"did you mean {known[near[0]]}?" if near else f"known are {', '.join(known.values())}"
            raise UsageError(f"there is no case and no library {text!r}; {hint}")
        chosen.append(known[text.lower()])
    missing = [name for name in chosen if name in LIBRARIES and not installed(name)]
    if missing:
        raise UsageError(f"{missing[0]} is not installed, so it cannot be measured")
    cases = tuple(name for name in CASES if name in chosen) or tuple(CASES)
    libraries = tuple(name for name in LIBRARIES if name in chosen)
    return Plan(cases, libraries or tuple(name for name in SUBJECTS if installed(name)), rounds, seconds)


def measure_all(asked: Plan, found: list[Row], tell: Callable[[str], None]) -> None:
    """Measure, and put each row that is complete into ``found``."""
    for case in asked.cases:
        counts: dict[str, int] = {}
        for library in asked.libraries:
            row = Row(case, library)
            try:
                for name in (YARDSTICK, library):
                    counts[name] = counts.get(name) or pilot(case, name, asked.seconds, tell)
                for number in range(asked.rounds):
                    tell(f"{case} {library}: round {number + 1} of {asked.rounds}")
                    before = measure(case, YARDSTICK, counts[YARDSTICK])
                    row.rounds.append((before, measure(case, library, counts[library])))
            except Failed as error:
                row = Row(case, library, failed=str(error))
            found.append(row)


# --- what is shown


def _rate(case: str, rate: float) -> str:
    """A rate as one reads it: of large messages by their octets."""
    octets = CASES[case].parts * CASES[case].octets
    if octets >= 2**20:
        return f"{rate * octets / 1e9:.2f} GB/s"
    return f"{rate / 1e3:.0f} k/s" if rate >= 10_000 else f"{rate / 1e3:.1f} k/s"


def aim(row: Row, rows: Sequence[Row]) -> str:
    """What is aimed at, in words: a ratio, or of enomem.aio what pyzmq.asyncio reached in the same run."""
    if row.library == "enomem" and CASES[row.case].aim is not None:
        return f"{CASES[row.case].aim}"
    if row.library == "enomem.aio":
        beside = [other.ratio for other in rows if (other.case, other.library) == (row.case, "pyzmq.asyncio")]
        if beside and beside[0] is not None:
            return f"> {beside[0]:.2f}"
    return ""


def table(rows: Sequence[Row]) -> Group:
    """The ratios, a line a case, with the aims beside them; below it what was not measured."""
    libraries = list(dict.fromkeys(row.library for row in rows))
    shown = Table(header_style="bold", pad_edge=False, padding=(0, 1))
    shown.add_column("case", no_wrap=True)
    shown.add_column(YARDSTICK, justify="right", no_wrap=True)
    for library in libraries:
        shown.add_column(library, justify="right", no_wrap=True)
    for case in dict.fromkeys(row.case for row in rows):
        of_case = {row.library: row for row in rows if row.case == case}
        yardstick = [before.rate for row in of_case.values() for before, _ in row.rounds]
        cells = [_cell(of_case[name], rows) if name in of_case else "" for name in libraries]
        shown.add_row(case, _rate(case, median(yardstick)) if yardstick else "-", *cells)
    legend = [
        "a ratio is the median of the rounds, each by the pyzmq run immediately before it; - not measured",
        "aim: what enomem is to reach; enomem.aio is to be faster than pyzmq.asyncio. Nothing passes or fails by it.",
    ]
    failed = [f"{row.case} {row.library} was not measured: {row.failed}" for row in rows if row.failed]
    return Group(shown, *legend, *failed)


def _cell(row: Row, rows: Sequence[Row]) -> str:
    said = aim(row, rows)
    ratio = "-" if row.ratio is None else f"{row.ratio:.3f}" if row.ratio < 0.1 else f"{row.ratio:.2f}"
    return f"{ratio} (aim {said})" if said else ratio


def as_json(asked: Plan, rows: Sequence[Row]) -> dict[str, Any]:
    """Everything that was measured; the keys are in docs/command-line.md."""
    names = {"enomem": "enomem", "pyzmq": "pyzmq", "pyomq": "pyomq"}
    return {
        "format": "enomem-bench-socket",
        "version": 1,
        "machine": {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()},
        "versions": {name: _version(package) for name, package in names.items()},
        "seconds": asked.seconds,
        "rows": [
            {
                "case": row.case,
                "library": row.library,
                "ratio": row.ratio,
                "aim": aim(row, rows) or None,
                "failed": row.failed,
                "rounds": [{"pyzmq": asdict(before), "library": asdict(mine)} for before, mine in row.rounds],
            }
            for row in rows
        ],
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except ModuleNotFoundError:
        return None


# --- profiles


def profile(asked: Plan) -> str:
    """What each end of enomem spends its time on, in one run of each case, by cProfile."""
    text = io.StringIO()
    for case in asked.cases:
        for library in asked.libraries:
            with tempfile.TemporaryDirectory() as folder:
                files = {end: str(Path(folder, end)) for end in CASES[case].ends}
                count = pilot(case, library, asked.seconds, _say)
                seen = measure(case, library, count, files)
                for end, file in files.items():
                    _write_profile(text, f"{case} {library} {end}", file, seen.count, seen.ends[end])
    return text.getvalue()


def _write_profile(text: io.StringIO, title: str, file: str, count: int, clock: Mapping[str, float]) -> None:
    share = {name: f"{clock[name] / count * 1e6:.2f} us" for name in ("seconds", "process", "thread")}
    text.write(
        f"\n{title}: {count} messages under the profiler; a message takes {share['seconds']} by the clock, "
        f"{share['process']} of the processor, of it {share['thread']} in the thread that calls (the one profiled)\n"
    )
    pstats.Stats(file, stream=text).strip_dirs().sort_stats("tottime").print_stats(PROFILED)


# --- the command


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def run(
    only: Sequence[str], rounds: int, seconds: float, quick: bool, json_file: Path | None, profiled: bool, quiet: bool
) -> int:
    """Measure and print; 0 if all was measured, 3 if it was stopped, 4 if a pair did not come to its end."""
    if quick:
        rounds, seconds = 1, 0.05
    asked = plan(only, rounds, seconds)
    out = console.Output(highlight=False)
    if profiled:
        mine = tuple(name for name in asked.libraries if name.startswith("enomem")) if not only else asked.libraries
        try:
            out.print(profile(Plan(asked.cases, mine, 1, seconds)), markup=False, soft_wrap=True)
        except Failed as error:
            _say(f"not measured: {error}")
            return 4
        return 0
    if json_file is not None:
        _can_write(json_file)
    found: list[Row] = []
    interrupted = False
    try:
        measure_all(asked, found, (lambda _: None) if quiet else _say)
    except KeyboardInterrupt:
        interrupted = True
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(asked, found), indent=1) + "\n", encoding="utf-8")
    if found:
        out.print(table(found), soft_wrap=True)
    if interrupted:
        out.print("interrupted: what is shown is what was finished")
        return 3
    return 4 if any(row.failed for row in found) else 0


def _can_write(path: Path) -> None:
    """Find out before minutes of work whether the result can be written."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
