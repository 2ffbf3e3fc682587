"""Runs of a target, written down: the model explains what sockets did that do as it says, and not what others did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from as_installed import python_path

from enomem.checks.errors import UsageError
from enomem.checks.oracle import call_format
from enomem.checks.oracle.oracle import Deviation, Oracle
from enomem.checks.oracle.recording import Recording
from enomem.checks.targets.model import Model
from enomem.checks.targets.reference import Reference
from enomem.checks.targets.target import Can, CannotDo, Said, Target

from . import liars

WAIT = 5000


def play(target: Target) -> None:
    """A little of everything that a run may have."""
    pull, push = target.create("PULL"), target.create("PUSH", {"SNDHWM": 5})
    assert target.option(push, "NO_SUCH_OPTION", 1) is Said.INVALID
    assert target.option(push, "SNDHWM", 10) is Said.OK
    where = target.bind(pull)
    assert target.connect(push, where) is Said.OK
    assert target.settle(WAIT)
    assert target.peers(pull, 1, WAIT)
    assert not target.peers(pull, 2, 0)
    target.refuse("BODY", after=1)
    assert [target.send(push, b"A1", True), target.send(push, b"\xff", True)] == [Said.OK, Said.NO_MEMORY]
    assert [target.send(push, b"", True), target.abort(push)] == [Said.OK, Said.OK]
    for number in range(2):
        assert target.send(push, b"B%d" % number, True) is Said.OK
        assert target.send(push, b"C\0") is Said.OK
    assert target.settle(WAIT)
    for _ in range(5):
        target.receive(pull)
    assert target.disconnect(push, where) is Said.OK
    assert target.unbind(pull, where) is Said.OK
    assert target.disconnect(push, where) is not Said.OK
    target.close(push)


def judged(file: Path) -> Deviation | None:
    """Where a run is not explained."""
    setting, events = call_format.read(file)
    oracle = Oracle(setting)
    return next((found for event in events if (found := oracle.saw(event)) is not None), None)


@pytest.mark.parametrize("target", [Model(), Reference(stepped=True), Reference()], ids=lambda target: target.name)
def test_the_model_explains_what_a_target_did(target: Target, tmp_path: Path) -> None:
    recording = Recording(target, tmp_path / "runs")
    play(recording)
    recording.reset()
    recording.create("PAIR")
    recording.end()
    files = sorted((tmp_path / "runs").iterdir())
    assert [file.name for file in files] == ["run-1.jsonl", "run-2.jsonl"]
    assert [judged(file) for file in files] == [None, None]
    first, *lines = [json.loads(line) for line in files[0].read_text().splitlines()]
    assert first["by"] == f"{target.name} {target.version}"
    assert (first["policy"], first["refusals"], first["turns"]) == ("DISCARD", "told", "kept")
    done = [line["do"] for line in lines]
    # Two sockets; what had no effect is not there: an option that there is not, a second disconnect.
    assert [done.count(do) for do in ("create", "option", "peers", "disconnect", "receive")] == [2, 1, 1, 1, 5]


@pytest.mark.parametrize("liar", [liars.SplicesMessages, liars.DeliversTwice, liars.LosesTheEnd, liars.AbortsNothing])
def test_the_model_does_not_explain_what_a_liar_did(liar: type[Model], tmp_path: Path) -> None:
    recording = Recording(liar(), tmp_path)
    play(recording)
    recording.end()
    assert judged(tmp_path / "run-1.jsonl") is not None


def test_a_run_has_the_policy_that_was_chosen_and_any_refusals_where_memory_is_bounded(tmp_path: Path) -> None:
    recording = Recording(Reference(stepped=True), tmp_path)
    recording.policy("KEEP")
    recording.limit(1 << 20)
    recording.create("PUSH")
    with pytest.raises(UsageError, match="a recorded run has one policy"):
        recording.policy("SKIP")
    with pytest.raises(UsageError, match="a recorded run has one limit"):
        recording.limit(1)
    assert recording.memory() > 0
    recording.end()
    first = json.loads((tmp_path / "run-1.jsonl").read_text().splitlines()[0])
    assert (first["policy"], first["refusals"]) == ("KEEP", "any")


def test_a_recording_can_what_its_target_can(tmp_path: Path) -> None:
    recording = Recording(Model(), tmp_path)
    assert recording.cans == Model.cans
    assert recording.types == Model.types
    recording.create("PUSH")
    with pytest.raises(CannotDo) as cannot:
        recording.limit(1)
    assert cannot.value.what is Can.LIMIT
    recording.end()


def test_where_nothing_can_be_written_is_the_callers_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"runs cannot be written to .*file"):
        Recording(Model(), tmp_path / "file")


def test_the_suite_writes_the_runs_that_it_made(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": python_path(tmp_path / "site")}
    suite = ("--pyargs", "enomem.checks.suite", "-k", "router_puts or changes_what")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *suite, "--enomem-target", "reference",
         "--enomem-record", "runs"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    files = sorted((tmp_path / "runs").iterdir())
    assert [judged(file) for file in files] == [None, None]
