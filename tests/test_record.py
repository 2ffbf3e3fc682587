"""`enomem record`: the runs that it writes, what it leaves out, and what it says of targets that fail."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from enomem.checks.cli import main
from enomem.checks.oracle import command_record
from enomem.checks.oracle.calling import call_on
from enomem.checks.oracle.events import Do, Event
from enomem.checks.targets.model import Model
from enomem.checks.targets.target import Can, Said, TargetFault

SCENARIOS = ["dealer-router", "pub-sub", "push-pull", "refused", "req-rep"]


def enomem(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, [*map(str, arguments)])
    return done.exit_code, done.output


def given(monkeypatch: pytest.MonkeyPatch, target: Model) -> None:
    monkeypatch.setattr(command_record, "by_name", lambda _: target)


class Sender(Model):
    """A target that can wait for nothing and drop nothing."""

    cans = Model.cans - {Can.SETTLE, Can.PEERS, Can.ABORT, Can.REFUSE}


class Splicer(Model):
    """It keeps what it has, whatever it was told."""

    def policy(self, name: str) -> None:
        super().policy("KEEP")


class Mortal(Model):
    """It is gone when something is received."""

    def receive(self, socket: int, wait: int = 0) -> object:  # type: ignore[override]  # it never returns
        raise TargetFault("the target is gone")


def test_the_scenarios_have_names() -> None:
    assert command_record.names() == SCENARIOS


@pytest.mark.parametrize("target", ["model", "reference"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_recorded_scenario_is_explained(scenario: str, target: str, tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    code, said = enomem("record", "--target", target, "--scenario", scenario, "--out", file)
    assert (code, "not asked" in said) == (0, False)
    header, *lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert header["by"].startswith(target)
    # Every receive of which something was expected has got it, and no other.
    wanted = [json.loads(line) for line in command_record.scenario_file(scenario).read_text().splitlines()[1:]]
    assert [line["do"] for line in lines] == [line["do"] for line in wanted]
    received = [line["answer"] == "ok" for line in lines if line["do"] == "receive"]
    assert any(received)
    assert received == ["answer" not in line for line in wanted if line["do"] == "receive"]
    assert enomem("validate", file)[0] == 0


def test_what_a_target_cannot_do_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, Sender())
    code, said = enomem("record", "--scenario", "refused", "--out", tmp_path / "run.jsonl")
    assert code == 0
    asked = [line.partition(": ")[2] for line in said.splitlines() if line.startswith("not asked")]
    assert asked == [can.value for can in (Can.PEERS, Can.SETTLE, Can.REFUSE)]
    done = {json.loads(line).get("do") for line in (tmp_path / "run.jsonl").read_text().splitlines()}
    assert done.isdisjoint({"peers", "settle", "refuse"})


def test_a_run_can_be_made_again_and_a_defect_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, again = tmp_path / "first.jsonl", tmp_path / "again.jsonl"
    assert enomem("record", "--target", "model", "--scenario", "refused", "--out", first)[0] == 0
    given(monkeypatch, Splicer())
    assert enomem("record", "--scenario", first, "--out", again)[0] == 0
    code, said = enomem("validate", again)
    assert code == 1
    assert 's1.recv() -> "A1", more   <- not explained' in said


def test_who_fails_is_named_and_what_was_seen_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, Mortal())
    code, said = enomem("record", "--scenario", "refused", "--out", tmp_path / "run.jsonl")
    assert (code, said.splitlines()[-1]) == (1, "not finished: the target is gone")
    assert json.loads((tmp_path / "run.jsonl").read_text().splitlines()[-1])["do"] == "settle"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scenario", "nothing"), "there is no scenario and no file 'nothing'; known are dealer-router"),
        (("--target", "nobody"), "there is no target 'nobody'"),
        (("--target", "process:false"), "ended with code 1 when it was asked to introduce itself"),
        (("--scenario", "unbound.jsonl"), "s0.connect(tcp://nowhere): nobody has bound to tcp://nowhere before"),
        (("--scenario", "strange.jsonl", "--target", "model"), "the target model has no STRANGE sockets"),
        (("--out", "no/folder/in/a/file.jsonl"), "runs cannot be written to no/folder/in/a"),
    ],
)
def test_mistakes_of_the_caller(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no").write_text("")
    head = '{"format": "enomem-calls", "version": 1}\n'
    (tmp_path / "unbound.jsonl").write_text(
        head + '{"do": "create", "socket": 0, "type": "PUSH"}\n'
        '{"do": "connect", "socket": 0, "endpoint": "tcp://nowhere"}\n'
    )
    (tmp_path / "strange.jsonl").write_text(head + '{"do": "create", "socket": 0, "type": "STRANGE"}\n')
    code, told = enomem("record", "--out", "run.jsonl", *words)
    assert code == 2
    assert said in told


def test_waiting_in_vain_is_the_targets_fault() -> None:
    target = Model()
    target.create("PUSH")
    with pytest.raises(TargetFault, match="has not had 1 peers"):
        call_on(target, Event(Do.PEERS, 0, count=1), {})
    assert call_on(target, Event(Do.SEND, 0, part=b"a", more=True), {}) is Said.AGAIN
    with pytest.raises(ValueError, match="receive is not made here"):
        call_on(target, Event(Do.RECEIVE, 0), {})
