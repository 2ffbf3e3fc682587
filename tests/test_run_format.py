"""Files that are no recorded run are refused with a reason; and the command that replays those that are."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hand_driven import Hand, edited, found, line_of

from enomem.checks.cli import main
from enomem.checks.errors import UsageError
from enomem.checks.runs.format import is_run
from enomem.checks.runs.step import differing
from enomem.model.memory import Pool
from enomem.model.patterns.push import Push
from enomem.model.pipe import Pipe
from enomem.model.receive import Inbox
from enomem.model.reference.encoding import encode
from enomem.model.send import Phase, Send


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


def put(path: Path, *data: object) -> None:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in data))


HEAD = {"format": "enomem-run", "version": 1, "policy": {"name": "DISCARD", "source": None}, "pool": encode(Pool(9, 0))}
TAKEN = {"seq": 1, "at": "push1", "step": "receive.waited", "in": {"inbox": encode(Inbox())}, "out": None}


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ([], r"line 2\.seq is missing|object was expected"),
        ({"seq": 2, "closed": True}, r"line 2\.seq: 2 stands where 1 was expected"),
        ({"seq": "1", "closed": True}, r"line 2\.seq: a whole number"),
        ({"seq": 1}, "exactly one of step, begin, end and closed"),
        ({"seq": 1, "begin": "a", "end": "a"}, "exactly one of step"),
        ({"seq": 1, "begin": "push1"}, r"line 2\.kind is missing"),
        ({"seq": 1, "begin": "push1", "kind": "pipe"}, "none of socket, wire, session, connection"),
        ({"seq": 1, "end": 1}, "a string was expected"),
        ({**TAKEN, "at": []}, "about somebody"),
        ({**TAKEN, "at": 5}, "a string was expected"),
        ({**TAKEN, "step": "receive.nothing"}, "'receive.nothing' is no step of a machine"),
        ({**TAKEN, "step": "os.system"}, "'os.system' is no step of a machine"),
        ({**TAKEN, "step": "begin"}, "'begin' is no step of a machine"),
        ({**TAKEN, "step": "begin", "of": {"pipe.Pipe": {}}}, "exactly the members"),
        ({**TAKEN, "step": "begin", "of": encode(Pipe())}, "this is no pattern"),
        ({**TAKEN, "step": "add", "of": "patterns.subscriptions.Tables"}, "no table that is called"),
        ({**TAKEN, "step": "values", "of": "patterns.subscriptions.Interests"}, "'values' is no step of a machine"),
        ({**TAKEN, "step": "initial", "of": encode(Push())}, "'initial' is no step of a machine"),
        ({**TAKEN, "in": 1}, r"line 2\.in: an object"),
        ({**TAKEN, "in": {}}, r"line 2\.in\.inbox is missing"),
        ({**TAKEN, "in": {"box": 1}}, "receive.waited takes inbox"),
        ({**TAKEN, "in": {"inbox": 1}}, "takes nothing like this"),
        ({**TAKEN, "in": {"inbox": {"os.path": {}}}}, "nothing that is called 'os.path'"),
        ({**TAKEN, "in": {"inbox": {"answers": [[0, 1]]}}}, "pairs of a place and an answer"),
        ({**TAKEN, "in": {"inbox": {"answers": 3}}}, "pairs of a place and an answer"),
        ({key: value for key, value in TAKEN.items() if key != "out"}, r"line 2\.out is missing"),
        ({**TAKEN, "at": "push1.1", "step": "receive.dropped",
          "in": {"pool": encode(Pool(9, 0)), "inbox": encode(Inbox())}, "out": [1]}, "inbox is missing"),
        ({**TAKEN, "step": "patterns.fan_out.all_or_none",
          "in": {"policy": {"policy": "KEEP"}, "pool": encode(Pool(9, 0)), "send": encode(Send()), "targets": [[1]],
                 "hwm": 1, "last": True, "refuse": None}, "out": None},
         "takes nothing like this|at: a session is wanted"),
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_refused_with_a_reason(path: Path, second: Any, why: str) -> None:
    put(path, HEAD, second, {"seq": 2, "closed": True})
    with pytest.raises(UsageError, match=why):
        found(path)


def test_nested_too_deep(path: Path) -> None:
    deep = "[" * 900 + "]" * 900
    path.write_text(json.dumps(HEAD) + "\n" + json.dumps(TAKEN).replace('"in": {', f'"in": {{"x": {deep}, ') + "\n")
    with pytest.raises(UsageError, match=r"takes inbox|too deep|not JSON"):
        found(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 2 is cut off"),
        ("{\n", "line 2 is not JSON"),
        ('{"seq": NaN}\n', "NaN is no number"),
        ("", "ends after line 1 and the run had not ended"),
        ("9" * 5000 + "\n", "line 2 is not JSON"),
        ("\xff\n", "line 2 is not JSON"),
        ('{"seq": 1, "closed": true}\n{"seq": 2, "closed": true}\n', "line 3: the run was closed in the line before"),
    ],
)
def test_a_file_that_was_cut_or_is_no_json(path: Path, text: str, why: str) -> None:
    path.write_text(json.dumps(HEAD) + "\n" + text)
    with pytest.raises(UsageError, match=why):
        found(path)


def test_a_file_that_is_no_text(path: Path) -> None:
    path.write_bytes(json.dumps(HEAD).encode() + b"\n\xff\xfe\n")
    with pytest.raises(UsageError, match="no text"):
        found(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": 2}, "line 1.version: this run is of version 2"),
        ({"version": "1"}, "line 1.version: this run is of version '1'"),
        ({"policy": {"name": "MINE", "source": None}}, "the policy MINE is not enomem's"),
        ({"policy": {"name": "MINE", "source": "DISCARD"}}, "DISCARD has the policy DISCARD"),
        ({"policy": {"name": "MINE", "source": "/no/file.py:Mine"}}, "/no/file.py"),
        ({"policy": "DISCARD"}, "line 1.policy: an object"),
    ],
)
def test_a_head_that_is_none_is_refused_with_a_reason(path: Path, change: Any, why: str) -> None:
    put(path, {**HEAD, **change}, {"seq": 1, "closed": True})
    with pytest.raises(UsageError, match=why):
        found(path)


def test_which_files_are_runs(path: Path) -> None:
    put(path, HEAD)
    assert is_run(path)
    put(path, {"format": "enomem-trace"})
    assert not is_run(path)
    put(path, [1])
    assert not is_run(path)
    path.write_bytes(b"\xff\x00")
    assert not is_run(path)


def test_differences_by_path() -> None:
    ours, theirs = encode((Pipe(1, 2, 3, 4), Send())), encode((Pipe(1, 5, 3, 4), Send(Phase.GONE)))
    assert list(differing(ours, theirs, "")) == [("[0].parts", "2", "5"), ("[1].phase", '"idle"', '"gone"')]
    assert list(differing(True, 1, "x")) == [("x", "true", "1")]
    assert list(differing([1], [1, 2], "")) == [("the outcome", "[1]", "[1, 2]")]
    assert list(differing(encode(Pipe()), None, "pipe")) == [("pipe", json.dumps(encode(Pipe())), "null")]
    assert list(differing(ours, ours, "")) == []


# --- the command


def test_the_command_replays_a_run(path: Path) -> None:
    hand = Hand(path)
    hand.message()
    hand.end()
    told = CliRunner().invoke(main, ["replay", str(path)])
    assert told.exit_code == 0
    assert "step send.send_part 2\n" in told.stdout
    assert "rule SEND-3 1\n" in told.stdout
    assert told.stderr == "7 steps, each as the model does it\n"
    told = CliRunner().invoke(main, ["replay", str(path), "--format", "json"])
    assert json.loads(told.stdout)["rules"]["SEND-3"] == 1
    assert CliRunner().invoke(main, ["replay", str(path), "--format", "mermaid"]).exit_code == 2


def test_the_command_tells_a_disagreement(path: Path) -> None:
    hand = Hand(path)
    hand.message()
    hand.end()
    edited(path, line_of(path, "send.send_part"), lambda line: line["out"]["send.Sent"].update(dropped=1))
    told = CliRunner().invoke(main, ["replay", str(path)])
    assert told.exit_code == 1
    assert told.stdout.splitlines()[0] == f"{path} is not what the model does:"
    assert "dropped is 0 in the model and 1 in the run" in told.stdout
    told = CliRunner().invoke(main, ["replay", str(path), "--format", "json"])
    assert told.exit_code == 1
    assert len(json.loads(told.stdout)["differences"]) == 1


def test_the_command_refuses_a_file_that_was_cut(path: Path) -> None:
    hand = Hand(path)
    hand.message()
    hand.end()
    path.write_text(path.read_text()[:-20])
    told = CliRunner().invoke(main, ["replay", str(path)])
    assert told.exit_code == 2
    assert told.stderr.startswith(f"enomem: {path}: line ")
    assert told.stderr.endswith("is cut off: the file is not complete\n")
