"""The referee in a process of its own, since libzmq may abort it too: ``python -m enomem.checks.torture.worker JSON``.

The JSON says what `Scene` is made with. Each line of standard input is an order, each line of standard output its
answer. `Remote` is the other end: the bench that the runner has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import enomem

from ..errors import Inconclusive, OurFault
from .campaign import Key
from .judge import Outcome, Verdict, last_word
from .runner import Bench, Recorded
from .scene import Scene
from .stacks import Frame, Stack

ERRORS = {error.__name__: error for error in (Inconclusive, OurFault)}


class Remote(Bench):
    """Orders cases of a worker, and has another one when it is gone."""

    def __init__(self, library: Path, recovery: str, folder: Path, libzmq: Path | None = None) -> None:
        self._said = folder / "worker"
        made = {"library": str(library), "recovery": recovery, "folder": str(folder)}
        self._made = json.dumps({**made, "libzmq": str(libzmq) if libzmq is not None else None})
        self._worker = self._start()

    def _start(self) -> subprocess.Popen[str]:
        path = os.pathsep.join(filter(None, (str(Path(enomem.__file__).parents[1]), os.environ.get("PYTHONPATH"))))
        with self._said.open("w") as said:
            # A session of its own: what interrupts us must not look as if the peers had ended.
            return subprocess.Popen(
                [sys.executable, "-m", "enomem.checks.torture.worker", self._made], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=said, text=True, env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
            )  # fmt: skip

    def close(self) -> None:
        """End the worker; the victim that it may have is gone with it."""
        for stream in (self._worker.stdin, self._worker.stdout):
            with suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()
        self._worker.kill()
        self._worker.wait()

    def _ask(self, **order: object) -> dict[str, Any] | None:
        """The answer, or None if the worker is gone; what it could not do is raised here."""
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        try:
            self._worker.stdin.write(json.dumps(order) + "\n")
            self._worker.stdin.flush()
            line = self._worker.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer: dict[str, Any] | None = json.loads(line) if line else None
        if answer is not None and "error" in answer:
            raise ERRORS[answer["error"]](answer["text"])
        return answer

    def record(self, variant: str) -> Recorded:
        """What some untouched runs allocate."""
        answer = self._ask(record=variant)
        if answer is None:
            raise OurFault(f"the peers of {variant} ended, with no allocation failed: {self._last_words()}")
        stacks = tuple(
            Stack(**{**stack, "frames": tuple(Frame(**frame) for frame in stack["frames"])})
            for stack in answer["stacks"]
        )
        return stacks, answer["usual"]

    def run(self, key: Key, usual: int, patience: float) -> tuple[Verdict, float]:
        """What a case comes to; if the peers' process was gone before the victim's was, that."""
        answer = self._ask(run=key, usual=usual, patience=patience)
        if answer is not None:
            return Verdict(Outcome(answer["outcome"]), answer["site"], answer["detail"]), answer["seconds"]
        self._worker.wait()
        kind, site = last_word(self._said.read_text(errors="replace"))
        said = site or self._last_words()
        self.close()
        self._worker = self._start()
        return Verdict(Outcome.PEER, detail=f"{kind.value} {said}"), 0.0

    def _last_words(self) -> str:
        lines = self._said.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "without a word"


def answer(scene: Scene, order: dict[str, Any]) -> dict[str, Any]:
    """What the scene says to one order."""
    try:
        if "record" in order:
            stacks, usual = scene.record(order["record"])
            return {"stacks": [asdict(stack) for stack in stacks], "usual": usual}
        variant, stack, hit = order["run"]
        verdict, seconds = scene.run((variant, stack, hit), order["usual"], order["patience"])
    except tuple(ERRORS.values()) as error:
        return {"error": type(error).__name__, "text": str(error)}
    return {"outcome": verdict.outcome.value, "site": verdict.site, "detail": verdict.detail, "seconds": seconds}


def main(made: str) -> None:
    """Answer orders until there are no more."""
    values = json.loads(made)
    libzmq = Path(values["libzmq"]) if values["libzmq"] is not None else None
    scene = Scene(Path(values["library"]), values["recovery"], Path(values["folder"]), libzmq)
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(scene, json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        scene.close()


if __name__ == "__main__":
    main(sys.argv[1])
