"""`enomem replay`: the plain model is stepped through a saved trace, or through the recorded run of a socket."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from ..errors import UsageError
from ..families import traces as family_traces
from ..families import words as family_words
from ..patterns import traces as pattern_trace
from ..patterns import words as pattern_words
from ..policies.file import load_policy
from ..traces import sender as sender_trace
from ..words import wording
from . import format as run_format
from . import replay as run_replay

Said = tuple[int, list[str], str]
"""The exit code, the lines to print, and a line about them on standard error."""


def run(path: Path, form: str) -> Said:
    """Replay a file; exit code 0 if the model does the same, else 1."""
    try:
        recorded = run_format.is_run(path)
        text = "" if recorded else path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not JSON: {error}") from None
    return _run(path, form) if recorded else _trace(path, text, form)


def _trace(path: Path, text: str, form: str) -> Said:
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}") from None
    if pattern_trace.is_ours(data):
        differences = pattern_trace.replay(data, load_policy)
        if differences:
            return 1, _differs(path, differences), ""
        of_socket = pattern_trace.trace_of(data, load_policy)
        return 0, [pattern_words.show(of_socket, form)], f"{len(of_socket.steps)} steps, each as the model does it"
    if family_traces.is_ours(data):
        differences = family_traces.replay(data)
        if differences:
            return 1, _differs(path, differences), ""
        of_family = family_traces.trace_of(data)
        return 0, [family_words.show(of_family, form)], f"{len(of_family.steps)} steps, each as the model does it"
    differences = sender_trace.replay(data, load_policy)
    if differences:
        return 1, _differs(path, differences), ""
    shown = sender_trace.trace_of(data, load_policy)
    return 0, [wording.show(shown, form)], f"{len(shown.steps)} steps, each as the model does it"


def _run(path: Path, form: str) -> Said:
    if form == "mermaid":
        raise UsageError(f"{path} is a recorded run, which has no picture: take text or json")
    try:
        found = run_replay.replay(run_format.lines(path), load_policy)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    code = 1 if found.differences else 0
    if form == "json":
        told = {"steps": found.steps, "rules": found.rules, "differences": found.differences, "untold": found.untold}
        return code, [json.dumps(told, indent=2)], ""
    if found.differences:
        more = [f"and {found.untold} more"] if found.untold else []
        return code, _differs(path, [*found.differences, *more]), ""
    counted = [*_counted("step", found.steps), *_counted("rule", found.rules)]
    return code, counted, f"{found.steps.total()} steps, each as the model does it"


def _counted(title: str, counts: Counter[str]) -> list[str]:
    width = max([len(name) for name in counts], default=0)
    return [f"{title} {name:<{width}} {count}" for name, count in sorted(counts.items())]


def _differs(path: Path, differences: list[str]) -> list[str]:
    return [f"{path} is not what the model does:", *(f"  {difference}" for difference in differences)]
