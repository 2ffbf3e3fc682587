"""`enomem bench socket`: pairs of processes over loopback, each as a ratio to a pair of pyzmq run immediately before.

What one end of a pair does stands in `bench_child`. A number here is a measurement of this machine at this moment.
The aims are printed beside it and decide nothing: the exit code only says whether everything was measured.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from pathlib import Path
from statistics import median
from typing import Any

from .bench_child import ENDS, LIBRARIES, LISTENERS, MEASURING, Order
from .errors import UsageError

YARDSTICK = "pyzmq"
SUBJECTS = tuple(name for name in LIBRARIES if name != YARDSTICK)
PATIENCE = 120.0
"""Seconds after which a pair is given up."""

IN_FLIGHT = 64 * 2**20
"""Octets that one queue may hold: the high-water marks are lowered to it where messages are large."""

LEAST = 1 / 50
"""The warm-up, and the fewest messages that are measured, as a share of the pilot's count and as a number of them."""


class Failed(Exception):
    """A pair that was not measured; the message says why."""


@dataclass(frozen=True)
class Case:
    """What is measured: messages from PUSH to PULL, or round trips; ``pilot`` messages say how fast it goes.

    ``aim`` is the ratio to pyzmq that enomem is to reach, where there is one.
    """

    parts: int
    octets: int
    pilot: int
    aim: float | None = None
    ends: tuple[str, str] = ("receive", "send")

    @property
    def hwm(self) -> int:
        """Messages that a queue may hold, on each side, the same for every library."""
        return max(2, min(1000, IN_FLIGHT // (self.parts * self.octets)))


CASES = {
    "10B": Case(1, 10, 5000, 1 / 3),
    "3x10B": Case(3, 10, 5000, 1.0),
    "1KiB": Case(1, 2**10, 5000),
    "3x1KiB": Case(3, 2**10, 5000, 1.0),
    "1MiB": Case(1, 2**20, 60, 0.8),
    "3x1MiB": Case(3, 2**20, 30, 0.8),
    "REQ/REP": Case(1, 10, 300, 0.7, ("answer", "ask")),
}


@dataclass(frozen=True)
class Measured:
    """One run of one pair: messages (or round trips) a second, and of each end the processor's seconds."""

    library: str
    count: int
    rate: float
    ends: dict[str, dict[str, float]]


@dataclass
class Row:
    """A case and a library: the rounds, each with the run of pyzmq before it, or why there are none."""

    case: str
    library: str
    rounds: list[tuple[Measured, Measured]] = field(default_factory=list)
    failed: str = ""

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios."""
        return median(mine.rate / theirs.rate for theirs, mine in self.rounds) if self.rounds else None


def installed(library: str) -> bool:
    """Is this library here to be measured?"""
    try:
        return importlib.util.find_spec(LIBRARIES[library][0]) is not None
    except ModuleNotFoundError:
        return False


# --- one pair


def measure(name: str, library: str, count: int, profiles: dict[str, str] | None = None) -> Measured:
    """One pair of fresh processes and ``count`` messages after a warm-up; Failed if it does not come to its end."""
    case = CASES[name]
    warm = max(2, int(count * LEAST))
    asked = {
        end: Order(library, end, case.parts, case.octets, warm, count, case.hwm, (profiles or {}).get(end, ""))
        for end in case.ends
    }
    with _children(asked) as (lines, tell):
        tell(case.ends[1], lines(case.ends[0])["endpoint"])
        clocks = {end: lines(end) for end in sorted(asked, key=lambda end: end not in MEASURING)}
    seconds = next(clocks[end]["seconds"] for end in asked if end in MEASURING)
    return Measured(library, count, count / seconds, clocks)


@contextmanager
def _children(
    asked: dict[str, Order],
) -> Iterator[tuple[Callable[[str], dict[str, Any]], Callable[[str, str], None]]]:
    """Both ends: a function that reads an end's next line, and one that writes a line to it."""
    late = threading.Event()
    with ExitStack() as stack:
        said = {end: stack.enter_context(tempfile.TemporaryFile("w+")) for end in asked}
        children = {end: _start(order, said[end]) for end, order in asked.items()}
        stack.callback(_end, children)

        def give_up() -> None:
            late.set()
            for child in children.values():
                child.kill()

        timer = threading.Timer(PATIENCE, give_up)
        timer.daemon = True
        timer.start()
        stack.callback(timer.cancel)

        def lines(end: str) -> dict[str, Any]:
            stream = children[end].stdout
            assert stream is not None
            line = stream.readline()
            if line:
                values: dict[str, Any] = json.loads(line)
                return values
            raise Failed(f"not done within {PATIENCE:g} s" if late.is_set() else _last_words(said))

        def tell(end: str, line: str) -> None:
            stream = children[end].stdin
            assert stream is not None
            try:
                stream.write(line + "\n")
                stream.flush()
            except BrokenPipeError:
                raise Failed(_last_words(said)) from None

        yield lines, tell


def _start(order: Order, said: Any) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "enomem.checks.bench_child", json.dumps(asdict(order))]
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True)


def _end(children: dict[str, subprocess.Popen[str]]) -> None:
    """Let both ends go: they stay until their standard input is closed, and those that do not hear that are killed."""
    for child in children.values():
        try:
            child.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def _last_words(said: dict[str, Any]) -> str:
    """Why an end went: the last line of what the first that complained wrote."""
    for end, file in said.items():
        file.seek(0)
        text = file.read().strip()
        if text:
            return f"{end}: {text.splitlines()[-1]}"
    return "an end went without a word"


# --- all of them


@dataclass(frozen=True)
class Plan:
    """What is measured: which cases of which libraries, in how many rounds of about how many seconds each."""

    cases: tuple[str, ...]
    libraries: tuple[str, ...]
    rounds: int
    seconds: float


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
        raise UsageError(f"{missing[0]} is not installed")
    cases = tuple(name for name in CASES if name in chosen) or tuple(CASES)
    named = tuple(name for name in SUBJECTS if name in chosen)
    if YARDSTICK in chosen:
        return Plan(cases, (YARDSTICK, *named), rounds, seconds)
    return Plan(cases, named or tuple(name for name in SUBJECTS if installed(name)), rounds, seconds)


def rows(asked: Plan, show: Callable[[Row], None]) -> list[Row]:
    """Measure all; ``show`` hears of each row when it is complete."""
    found = []
    for case in asked.cases:
        counts: dict[str, int] = {}
        for library in asked.libraries:
            row = Row(case, library)
            found.append(row)
            try:
                for name in (YARDSTICK, library):
                    if name not in counts:
                        counts[name] = _count(case, name, asked.seconds)
                for _ in range(asked.rounds):
                    before = measure(case, YARDSTICK, counts[YARDSTICK])
                    row.rounds.append((before, measure(case, library, counts[library])))
            except Failed as error:
                row.rounds.clear()
                row.failed = str(error)
            show(row)
    return found


def _count(case: str, library: str, seconds: float) -> int:
    """How many messages take about so many seconds, by a pilot run; fixed from then on."""
    return max(10, int(measure(case, library, CASES[case].pilot).rate * seconds))


__all__ = ["CASES", "ENDS", "LISTENERS", "Case", "Failed", "Measured", "Plan", "Row", "measure", "plan", "rows"]
