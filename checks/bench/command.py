"""`enomem bench`: the search measured on the exchange model, whose counts are known, against SPIN where it is there."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from ..errors import UsageError
from ..search.search import Search
from ..symbolic.asked import DEADLOCK, Asked
from . import exchange
from .exchange import Exchange


@dataclass(frozen=True)
class Case:
    """One instance and what its search must count; ``c_rate`` is the peers' hand-written C search, states a second."""

    parameters: Exchange
    states: int
    transitions: int
    depth: int | None
    c_rate: float | None
    deadlock: int | None = None


CASES = {
    "A": Case(Exchange(3, 3, 8, 3, 3), 150_317, 674_402, 35, 2.3e6),
    "B": Case(Exchange(3, 3, 10, 4, 3), 802_927, 4_058_658, 45, 2.0e6),
    "C": Case(Exchange(3, 4, 12, 7, 3), 10_412_083, 52_668_256, 93, 1.5e6),
    "X": Case(Exchange(3, 4, 9, 8, 2), 744_000, 2_403_296, None, None, deadlock=9),
}


@dataclass(frozen=True)
class Measured:
    """What a run of a case took; ``whole`` counts everything after the import, ``seconds`` the search alone."""

    name: str
    states: int
    transitions: int
    depth: int
    seconds: float
    whole: float
    peak_mib: float
    exact: bool
    spin_seconds: float | None = None
    spin_states: int | None = None


def measure(name: str) -> Measured:
    """Run one case in this process."""
    case = CASES[name]
    began = time.perf_counter()
    machine = exchange.machine(case.parameters)
    asked = Asked(pending=lambda state: not exchange.finished(state)) if case.deadlock else Asked()
    search = Search(machine, asked)
    result = search.run()
    whole = time.perf_counter() - began
    exact = (result.states, result.transitions) == (case.states, case.transitions) and result.complete
    exact &= case.depth is None or result.depth == case.depth
    if case.deadlock is not None:
        exact &= DEADLOCK in result.violations and result.violations[DEADLOCK].depth == case.deadlock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(name, result.states, result.transitions, result.depth, result.seconds, whole, peak, exact)


def run(names: Sequence[str], spin: bool | None, json_file: Path | None) -> int:
    """Measure each case in a process of its own, print, and return 0 if all counts are exact."""
    chosen = [name.upper() for name in names] or list(CASES)
    unknown = [name for name in chosen if name not in CASES]
    if unknown:
        raise UsageError(f"there is no case {unknown[0]!r}; known are {', '.join(CASES)}")
    beside = bool(shutil.which("spin") and shutil.which("cc"))
    if spin and not beside:
        raise UsageError("spin and cc are not both installed: apt-get install spin gcc, or leave --spin away")
    beside = beside if spin is None else spin
    sys.stdout.write("case       states  transitions  depth  seconds  states/s  all/s     peak     C      SPIN\n")
    measured = []
    for name in chosen:
        one = _apart(name, beside)
        measured.append(one)
        sys.stdout.write(_line(one) + "\n")
        sys.stdout.flush()
    sys.stdout.write(
        "states/s: the search alone; all/s: everything after the import. C: states/s divided by the rate of the\n"
        "hand-written C search that the peers' table gives (another day, the same kind of machine); SPIN: by SPIN's\n"
        "rate just now.\n"
    )
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(one) for one in measured], indent=1) + "\n", encoding="utf-8")
    wrong = [one.name for one in measured if not one.exact]
    for name in wrong:
        sys.stdout.write(f"{name}: the counts are not those of the model\n")
    return 4 if wrong else 0


def _apart(name: str, beside: bool) -> Measured:
    """Measure in a fresh process, so that one case's memory is not the next one's peak."""
    program = f"import json; from enomem.checks import bench; print(json.dumps(vars(bench.measure({name!r}))))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    values = json.loads(done.stdout)
    if beside and CASES[name].deadlock is None:
        values["spin_states"], values["spin_seconds"] = _spin(CASES[name].parameters)
    return Measured(**values)


def _line(m: Measured) -> str:
    rate = m.states / m.seconds
    c_rate = CASES[m.name].c_rate
    c = f"{rate / c_rate:5.2f}x" if c_rate else "     -"
    spin = f"{rate / (m.spin_states / m.spin_seconds):6.2f}x" if m.spin_states and m.spin_seconds else "      -"
    exact = "" if m.exact else "  WRONG COUNTS"
    rates = f"{rate / 1e6:8.2f}M {m.states / m.whole / 1e6:6.2f}M"
    counts = f"{m.name:4} {m.states:12,} {m.transitions:12,} {m.depth:6}"
    return f"{counts} {m.seconds:8.2f} {rates} {m.peak_mib:6.0f}M {c} {spin}{exact}"


def _spin(x: Exchange) -> tuple[int, float]:
    """SPIN's states and seconds on the same instance, compiled here from the text shipped with enomem."""
    text = files("enomem.checks.bench").joinpath("exchange.pml").read_text(encoding="utf-8")
    defines = {
        "S": x.senders, "P": x.parts, "M": x.memory, "R": x.messages, "Q": exchange.QUEUE, "RX": exchange.INBOX,
        "D": exchange.DISCONNECTS, "POL": x.policy,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "exchange.pml")
        model.write_text(text, encoding="utf-8")
        flags = [f"-D{name}={value}" for name, value in defines.items()]
        subprocess.run(["spin", *flags, "-a", str(model)], cwd=folder, check=True, capture_output=True)
        subprocess.run(["cc", "-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"], cwd=folder, check=True)
        began = time.perf_counter()
        done = subprocess.run(
            ["./pan", "-m3000000", "-w24", "-n"], cwd=folder, check=True, capture_output=True, text=True
        )
        seconds = time.perf_counter() - began
    line = next(line for line in done.stdout.splitlines() if "states, stored" in line)
    return int(float(line.split()[0])), seconds
