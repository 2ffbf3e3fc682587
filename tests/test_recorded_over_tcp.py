"""A running socket is the model: what was recorded over TCP is what the plain model does, step for step."""

import ast
import functools
import importlib
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from recorded_runs import PLAYS as RUNS
from recorded_runs import Stage, parts_and_messages, routed
from recorded_wire import WIRE_PLAYS

from enomem import Socket
from enomem.checks.policies.file import load_policy
from enomem.checks.runs import replay as run_replay
from enomem.checks.runs.format import lines
from enomem.checks.runs.replay import Replayed
from enomem.checks.runs.steps import FUNCTIONS, MACHINES, METHODS, TABLES
from enomem.model.memory import Pool
from enomem.model.patterns import PATTERNS
from enomem.model.patterns.pattern import Pattern, Queued
from enomem.model.patterns.turns import Turns
from enomem.model.receive import Inbox
from enomem.model.reference.core import Core
from enomem.model.reference.record import MADE
from enomem.model.reference.sessions import Session

PLAYS = (*RUNS, *WIRE_PLAYS)
SHELL = Path(__file__).parents[1] / "model" / "reference"
Play = Callable[[Stage], None]


def replays(play: Play) -> list[Replayed]:
    """Play, and replay what each context recorded."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        stage = Stage(Path(folder), patch)
        try:
            play(stage)
        finally:
            stage.close()
        return [run_replay.replay(lines(path), load_policy) for path in stage.paths]


played = cache(replays)


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.__name__)
def test_what_was_recorded_is_what_the_model_does(play: Play) -> None:
    for run in played(play):
        assert run.differences == []
        assert run.steps.total() > 0


def test_the_plays_take_every_step_that_there_is() -> None:
    met: Counter[str] = sum((run.steps for play in PLAYS for run in played(play)), Counter())
    asked = {f"{kind.__name__}.{name}" for kind, methods in (*TABLES.values(), *MACHINES.values()) for name in methods}
    asked |= {f"{kind.__name__}.{MADE}" for kind, _ in MACHINES.values()}
    names = {name if name in FUNCTIONS or name in asked else name.rpartition(".")[2] for name in met}
    assert names == {*FUNCTIONS, *METHODS, *asked}


# --- every way into the machines is known


def aliases(tree: ast.Module) -> dict[str, str]:
    """What the modules of the model are called in a file."""
    return {
        name.asname or name.name: ".".join(filter(None, ((node.module or ""), name.name)))
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 2
        for name in node.names
    }


def doors(text: str) -> Iterator[str]:
    """Each step that a file of the shell takes through the one door, by its name in a record."""
    tree = ast.parse(text)
    modules = aliases(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        words = [one.value if isinstance(one, ast.Constant) else getattr(one, "id", None) for one in node.args[:2]]
        if called in ("steps", "parts", "ask") and words[:1] != ["module"] and isinstance(node.args[0], ast.Name):
            yield f"{modules[str(words[0])]}.{words[1]}"
        elif called in ("step", "step_of", "_over") and node.args and isinstance(node.args[0], ast.Constant):
            yield str(words[0])


def test_the_shell_takes_no_step_that_a_replay_does_not_know() -> None:
    found = {name for file in sorted(SHELL.glob("*.py")) for name in doors(file.read_text(encoding="utf-8"))}
    assert found == {*FUNCTIONS, *METHODS}


# --- a shell that is not the model is found


def pool_changed(core: Core, session: Session) -> None:
    core.context.pool = Pool(core.context.pool.limit, core.context.pool.used - 1)


def pipe_changed(core: Core, session: Session) -> None:
    session.pipe = replace(session.pipe, front=session.pipe.front + 1)


def inbox_changed(core: Core, session: Session) -> None:
    session.inbox = Inbox(session.inbox.messages, session.inbox.half, session.inbox.whole + 1)


def state_changed(core: Core, session: Session) -> None:
    core.state = Turns(5)


@pytest.mark.parametrize("change", [pool_changed, pipe_changed, inbox_changed, state_changed], ids=lambda f: f.__name__)
def test_a_shell_that_changes_a_state_by_itself_is_found(
    change: Callable[[Core, Session], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever a part was sent, the shell changes a state a little."""
    send = Socket.send

    def meddling(socket: Socket, *arguments: Any) -> None:
        send(socket, *arguments)
        with socket.context.lock:
            change(socket._core, socket._core.sessions[0])

    monkeypatch.setattr(Socket, "send", meddling)
    (run,) = replays(parts_and_messages)
    thread = change.__name__.partition("_")[0]
    assert any(f": {thread}." in one and one.endswith("no step changed it") for one in run.differences)


def test_a_shell_that_leaves_a_step_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of a refused message are taken out of the queue, and the pattern is not told."""
    step = Core.step

    def deaf(core: Core, name: str, *more: Any) -> Any:
        return core.state if name == "dropped" else step(core, name, *more)

    monkeypatch.setattr(Core, "step", deaf)
    (run,) = replays(routed)
    assert any(one.endswith("and neither committed nor dropped") for one in run.differences)


WATCHED = (
    "memory", "pipe", "send", "link", "receive", "connection", "patterns.pattern", "patterns.turns", "patterns.fan_out",
    "patterns.conflate", "patterns.subscriptions", "patterns.routing", "patterns.router", "patterns.req",
    "patterns.rep", "wire.greeting", "wire.metadata", "wire.mechanisms", "wire.handshake", "wire.frames",
    "wire.decoder", "wire.commands",
)  # fmt: skip
REHEARSED = {"ask", "parts"}
"""Where a step is tried before it is taken, to see what it asks the allocator for."""
WEIGHED = {"chunks", "whole_message", "weigh"}
SPELLED = {"message", "parse", "request_id", "next_request", "initial"}
"""What a running socket calls besides: sums of octets, how subscriptions and requests are written, first states."""
PAYLOADS = {"add", "target", "subscription", "is_rejection"}
"""And what it does with octets: the frames of a message, where a body is read to, what a message or an error is."""


def watched(patch: pytest.MonkeyPatch, found: set[str]) -> None:
    """Have ``found`` what the shell calls of the machines by another door than the one that records."""

    def watch(owner: Any, name: str, function: Any) -> None:
        def call(*values: Any, **more: Any) -> Any:
            caller = sys._getframe(1)
            place = caller.f_globals["__name__"]
            through = place.endswith(".record") or caller.f_code.co_name in REHEARSED
            if place.startswith("enomem.model.reference.") and not through:
                found.add(name)
            return function(*values, **more)

        patch.setattr(owner, name, functools.wraps(function)(call))

    for module in (importlib.import_module(f"enomem.model.{name}") for name in WATCHED):
        for name, function in list(vars(module).items()):
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                watch(module, name, function)
    told = [kind for kind, _ in (*TABLES.values(), *MACHINES.values())]
    for kind in (*PATTERNS.values(), Pattern, Queued, *told):
        for name, function in list(vars(kind).items()):
            if isinstance(function, FunctionType) and not name.startswith("_"):
                watch(kind, name, function)


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.__name__)
def test_no_step_is_taken_through_another_door(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[str] = set()
    watched(monkeypatch, found)
    assert all(run.differences == [] for run in replays(play))
    assert found <= WEIGHED | SPELLED | PAYLOADS
