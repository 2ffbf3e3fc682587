"""`enomem replay`: the plain model is stepped through a saved trace, or through the recorded run of a socket."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import run_format, run_replay, sender_trace, wording
from .errors import UsageError
from .policy_file import load_policy


def run(path: Path, form: str) -> int:
    """Replay a file, say what came of it, and return the exit code: 0 if the model does the same, else 1."""
    try:
        recorded = run_format.is_run(path)
        text = "" if recorded else path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not JSON: {error}") from None
    return _run(path, form) if recorded else _trace(path, text, form)


def _trace(path: Path, text: str, form: str) -> int:
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}") from None
    differences = sender_trace.replay(data, load_policy)
    if differences:
        _differs(path, differences)
        return 1
    shown = sender_trace.trace_of(data, load_policy)
    print(wording.show(shown, form))
    print(f"{len(shown.steps)} steps, each as the model does it", file=sys.stderr)
    return 0


def _run(path: Path, form: str) -> int:
    if form == "mermaid":
        raise UsageError(f"{path} is a recorded run, which has no picture: take text or json")
    try:
        found = run_replay.replay(run_format.lines(path), load_policy)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    if form == "json":
        told = {"steps": found.steps, "rules": found.rules, "differences": found.differences, "untold": found.untold}
        print(json.dumps(told, indent=2))
        return 1 if found.differences else 0
    if found.differences:
        more = [f"and {found.untold} more"] if found.untold else []
        _differs(path, [*found.differences, *more])
        return 1
    for title, counts in (("step", found.steps), ("rule", found.rules)):
        width = max([len(name) for name in counts], default=0)
        for name, count in sorted(counts.items()):
            print(f"{title} {name:<{width}} {count}")
    print(f"{found.steps.total()} steps, each as the model does it", file=sys.stderr)
    return 0


def _differs(path: Path, differences: list[str]) -> None:
    print(f"{path} is not what the model does:")
    for difference in differences:
        print(f"  {difference}")
