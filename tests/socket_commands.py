"""Commands that tests start in the background, talk to, and never leave behind.

No wait here is a sleep: a command is told its peer's endpoint by the peer, and is interrupted when its output shows
that it has come so far. `SECONDS` only ends what would hang.
"""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parent.parent
LISTENING = "enomem: listening at "
LONG = "20"
SECONDS = 60.0


class Started(subprocess.Popen[str]):
    """A command that runs, from the root of the checkout."""

    def __init__(self, *words: str) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
        super().__init__(
            [sys.executable, "-m", "enomem", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env,
        )  # fmt: skip

    def endpoint(self) -> str:
        """Where it listens."""
        assert self.stderr is not None
        line = self.stderr.readline().strip()
        assert line.startswith(LISTENING), line
        return line.removeprefix(LISTENING)

    def line(self) -> str:
        """The next line that it prints."""
        assert self.stdout is not None
        return self.stdout.readline().rstrip("\n")

    def until(self, text: str) -> None:
        """Wait for a line with this text on standard error."""
        assert self.stderr is not None
        for line in self.stderr:
            if text in line:
                return
        raise AssertionError(f"{text} was never said")

    def ends(self, given: str | None = None) -> tuple[int, str, str]:
        """Its exit code, and what else it printed."""
        out, err = self.communicate(given)
        return self.returncode, out, err


class Commands(ExitStack):
    """Starts commands, and leaves none behind."""

    def start(self, *words: str) -> Started:
        """Start one in the background."""
        started = self.enter_context(Started(*words))
        # Ends whoever waits for its next line, should it hang.
        late = threading.Timer(SECONDS, started.kill)
        late.start()
        self.callback(late.cancel)
        self.callback(started.kill)
        return started

    def run(self, *words: str, given: str = "") -> tuple[int, str, str]:
        """Run one to its end."""
        return self.start(*words).ends(given)


LISTEN = ("--bind", "tcp://127.0.0.1:0", "--timeout", LONG)


def to(endpoint: str) -> tuple[str, ...]:
    """Options for connecting to where another listens."""
    return ("--connect", endpoint, "--timeout", LONG)
