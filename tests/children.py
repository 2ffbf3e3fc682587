"""Processes that tests start: each is killed when its test is done with it, and at the latest when its time is over."""

import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SECONDS = 120.0


@contextmanager
def child(
    command: Sequence[str | Path], env: Mapping[str, str] | None = None, seconds: float = SECONDS
) -> Iterator[subprocess.Popen[str]]:
    """One that runs with its outputs as pipes of text, and for ``seconds`` at most.

    Whoever waits for its next line meets the end of its output then, so that a test which fails or hangs ends.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        late = threading.Timer(seconds, process.kill)
        late.start()
        try:
            yield process
        finally:
            late.cancel()
            process.kill()
