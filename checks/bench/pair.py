"""One measured pair: two fresh processes joined over loopback, started by the interpreter that runs this.

What each end does stands in `child`, what is measured and how it is shown in `sockets`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import enomem

from .child import MEASURING, Order

PATIENCE = 120.0
"""Seconds after which a pair is given up."""

IN_FLIGHT = 16 * 2**20
"""Octets that one queue may hold: the high-water marks are lowered to it where messages are large."""

WARM = 1 / 50
"""Messages before the clock starts, as a share of those after it."""


class Failed(Exception):
    """A pair that was not measured; the message says why."""


@dataclass(frozen=True)
class Case:
    """What is measured: messages of ``parts`` parts of ``octets`` each, from PUSH to PULL or there and back.

    ``first`` is how many a pilot run begins with. ``aim`` is the ratio to pyzmq that enomem is to reach, if any.
    """

    parts: int
    octets: int
    first: int
    aim: float | None = None
    ends: tuple[str, str] = ("receive", "send")

    @property
    def hwm(self) -> int:
        """Messages that a queue may hold, on each side, the same for every library."""
        return max(2, min(1000, IN_FLIGHT // (self.parts * self.octets)))

    @property
    def fewest(self) -> int:
        """Messages below which a run says more about full queues than about the way between them."""
        return 10 if "ask" in self.ends else 8 * self.hwm


CASES = {
    "10B": Case(1, 10, 5000, 0.33),
    "3x10B": Case(3, 10, 5000, 1.0),
    "1KiB": Case(1, 2**10, 5000),
    "3x1KiB": Case(3, 2**10, 5000, 1.0),
    "1MiB": Case(1, 2**20, 50, 0.8),
    "3x1MiB": Case(3, 2**20, 20, 0.8),
    "REQ/REP": Case(1, 10, 200, 0.7, ("answer", "ask")),
}


@dataclass(frozen=True)
class Measured:
    """One run of one pair: ``rate`` messages (or round trips) a second, and what each end said of its time."""

    library: str
    count: int
    rate: float
    ends: Mapping[str, Mapping[str, float]]


def measure(name: str, library: str, count: int, profiles: Mapping[str, str] | None = None) -> Measured:
    """Have a pair exchange ``count`` messages after a warm-up; Failed if it does not come to its end.

    ``profiles`` are files for what cProfile sees of the ends.
    """
    case = CASES[name]
    warm = max(2, int(count * WARM))
    asked = {
        end: Order(library, end, case.parts, case.octets, warm, count, case.hwm, (profiles or {}).get(end, ""))
        for end in case.ends
    }
    listener, other = case.ends
    with _Pair(asked) as pair:
        pair.tell(other, pair.line(listener)["endpoint"])
        clocks = {end: pair.line(end) for end in sorted(asked, key=lambda end: end not in MEASURING)}
    seconds = next(clock["seconds"] for end, clock in clocks.items() if end in MEASURING)
    return Measured(library, count, count / seconds, clocks)


class _Pair:
    """Both ends as processes, which are gone when the block is left, whatever happened in it."""

    def __init__(self, asked: Mapping[str, Order]) -> None:
        self._asked = asked
        self._late = threading.Event()

    def __enter__(self) -> _Pair:
        with ExitStack() as stack:
            self._said = {end: stack.enter_context(tempfile.TemporaryFile("w+")) for end in self._asked}
            self._children: dict[str, subprocess.Popen[str]] = {}
            stack.callback(self._end)
            for end, order in self._asked.items():
                self._children[end] = _start(order, self._said[end])
            timer = threading.Timer(PATIENCE, self._give_up)
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def line(self, end: str) -> dict[str, Any]:
        """The next that an end tells."""
        stream = self._children[end].stdout
        assert stream is not None
        line = stream.readline()
        if not line:
            raise Failed(f"not done within {PATIENCE:g} s" if self._late.is_set() else self._last_words(end))
        values: dict[str, Any] = json.loads(line)
        return values

    def tell(self, end: str, text: str) -> None:
        """Tell an end something."""
        stream = self._children[end].stdin
        assert stream is not None
        try:
            stream.write(text + "\n")
            stream.flush()
        except BrokenPipeError:
            raise Failed(self._last_words(end)) from None

    def _give_up(self) -> None:
        self._late.set()
        for child in self._children.values():
            child.kill()

    def _end(self) -> None:
        """Let both go: each stays until its standard input is closed. One that does not hear that is killed."""
        for child in self._children.values():
            with suppress(BrokenPipeError):
                if child.stdin is not None:
                    child.stdin.close()
        for child in self._children.values():
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdout is not None:
                child.stdout.close()

    def _last_words(self, first: str) -> str:
        """Why an end went: the last line that it wrote, or that the other one did."""
        for end in sorted(self._said, key=lambda end: end != first):
            file = self._said[end]
            file.seek(0)
            text = file.read().strip()
            if text:
                return f"{end}: {text.splitlines()[-1]}"
        return f"{first}: went without a word"


def _start(order: Order, said: IO[str]) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "enomem.checks.bench.child", json.dumps(asdict(order))]
    # This very enomem, however it was found.
    path = os.pathsep.join(filter(None, (str(Path(enomem.__file__).parents[1]), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def pilot(name: str, library: str, seconds: float, tell: Callable[[str], None]) -> int:
    """How many messages take about ``seconds``, found by runs that grow until one is long enough to be believed."""
    fewest = CASES[name].fewest
    count = max(fewest, CASES[name].first)
    while True:
        tell(f"{name} {library}: how fast is it? {count} messages")
        rate = measure(name, library, count).rate
        if count / rate >= seconds / 4:
            return max(fewest, int(rate * seconds))
        count *= 4
