"""The bench of a user's own program: its exit, its output and what it says at the end are all that is known of it."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import Inconclusive, UsageError
from . import shim, stacks
from .campaign import Key
from .judge import Outcome, Verdict, aborted
from .runner import Bench, Recorded
from .stacks import Seen

NAME = "program"
"""What stands where the scenarios have the name of a variant."""

UNTOUCHED = 60.0
"""Seconds after which a program that nothing was done to is taken not to end by itself."""

TOLD = re.compile(r"Cannot allocate memory|ENOMEM|MemoryError|bad_alloc|out of memory", re.I)
ABORTED = {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS, 128 + signal.SIGABRT, 128 + signal.SIGSEGV, 127}
"""By a signal, by a shell that tells of one, or by the dynamic linker, which has no memory for a thread's data."""


@dataclass(frozen=True)
class Ended:
    """One run of the program; ``status`` is None if it had to be killed."""

    status: int | None
    output: bytes
    said: str
    seconds: float


class Program(Bench):
    """Runs a command with the shim preloaded."""

    def __init__(self, library: Path, command: Sequence[str], folder: Path, libzmq: Path | None = None) -> None:
        self._environment = shim.environment(library, libzmq)
        self._command, self._folder = list(command), folder
        self._usual: Ended | None = None
        self._alike = True
        # Each abort would leave a file as large as the program.
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    def close(self) -> None:
        """Nothing is held between runs."""

    def record(self, variant: str) -> Recorded:
        """Run it twice, untouched: what it allocates, and whether it ends the same each time."""
        del variant
        first, seen = self._start("0", 0, UNTOUCHED)
        second, _ = self._start("0", 0, UNTOUCHED)
        if first.status is None:
            raise UsageError(f"{self._command[0]} does not end by itself within {UNTOUCHED:g} s")
        if first.status != second.status:
            raise Inconclusive(f"{self._command[0]} ends with {first.status} or {second.status}, with nothing failed")
        if not seen.stacks:
            raise UsageError(f"{self._command[0]} never allocates through a shared libzmq")
        return seen.stacks, 0

    def _known(self) -> Ended:
        """How it ends untouched, by a run of this worker's own."""
        if self._usual is None:
            self._usual, _ = self._start("0", 0, UNTOUCHED)
            again, _ = self._start("0", 0, UNTOUCHED)
            self._alike = again.output == self._usual.output
        return self._usual

    def run(self, key: Key, usual: int, patience: float) -> tuple[Verdict, float]:
        """Fail one allocation; hangs are those that take ``patience`` seconds more than five untouched runs."""
        del usual
        untouched = self._known()
        ended, seen = self._start(key[1], key[2], patience + 5 * untouched.seconds)
        return judge(ended, untouched, seen, key, self._alike), ended.seconds

    def _start(self, stack: str, hit: int, seconds: float) -> tuple[Ended, Seen]:
        file, began = self._folder / "stacks", time.monotonic()
        file.unlink(missing_ok=True)
        environment = {
            **self._environment, "ENOMEM_TORTURE_FILE": str(file), "ENOMEM_TORTURE_STACK": stack,
            "ENOMEM_TORTURE_HIT": str(hit),
        }  # fmt: skip
        try:
            child = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=environment, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UsageError(f"{self._command[0]} cannot be started: {error.strerror}") from None
        status: int | None = None
        try:
            output, said = child.communicate(timeout=seconds)
            status = child.returncode
        except subprocess.TimeoutExpired:
            # Its own session, so this is it and what it started, and nothing else.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            output, said = child.communicate()
        took = round(time.monotonic() - began, 3)
        return Ended(status, output, said.decode(errors="replace").strip(), took), stacks.read(file)


def judge(ended: Ended, usual: Ended, seen: Seen, key: Key, alike: bool) -> Verdict:
    """The verdict on a run of the program; its output is compared only if it is ``alike`` in untouched runs."""
    _, stack, hit = key
    if not seen.fired:
        return Verdict(Outcome.NOT_REACHED, detail=f"the stack did not come {hit} times in this run")
    if ended.status is None:
        return Verdict(Outcome.HANG, detail=f"longer than {ended.seconds:g} s")
    if ended.status in ABORTED and ended.status != usual.status:
        return aborted(ended.said, seen, stack, ended.status)
    if ended.status != usual.status:
        told = TOLD.search(ended.said) or TOLD.search(ended.output.decode(errors="replace"))
        return Verdict(Outcome.ENOMEM if told else Outcome.FAILED, detail=f"exit status {ended.status}")
    if alike and ended.output != usual.output:
        return Verdict(Outcome.DIFFERS, detail=_difference(usual.output, ended.output))
    return Verdict(Outcome.NOTHING, detail="" if alike else "its output is never the same, and was not compared")


def _difference(usual: bytes, output: bytes) -> str:
    """The first line that is not as in an untouched run."""
    pairs = zip([*usual.splitlines(), b""], [*output.splitlines(), b""], strict=False)
    before, after = next(((a, b) for a, b in pairs if a != b), (b"", b""))
    return f"{after.decode(errors='replace')[:60]!r} in place of {before.decode(errors='replace')[:60]!r}"
