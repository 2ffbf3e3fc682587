"""The oracle, and `enomem validate`: what it says of runs that are explained, and of those that are not."""

import json
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner
from seen import SETTLE, WHERE, made, nothing, pair, receives, sends, unexplained, watch

from enomem.checks.cli import main
from enomem.checks.errors import Inconclusive
from enomem.checks.oracle import call_format, command_validate
from enomem.checks.oracle.events import Do, Event
from enomem.model.rules import Rule
from enomem.model.systems.network import Refusals, Setting

TRACES = Path(__file__).parents[1] / "docs" / "traces"
ANY = Setting(refusals=Refusals.ANY, in_turn=False)


def validate(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["validate", *map(str, arguments)])
    return done.exit_code, done.output


def test_a_deviation_says_what_would_have_been_allowed() -> None:
    found = unexplained([*pair("PUSH", "PULL"), *sends(0, "a b"), *receives(1, "a x")])
    assert str(found) == 'event 9, s1.recv() -> "x": the model allows "b"'
    assert found.allowed == ('"b"',)
    assert Rule.LINK_4 in found.rules
    assert len(found.before) == 1


def test_a_deviation_leaves_the_oracle_as_it_was() -> None:
    seen, found = watch([*pair("PUSH", "PULL"), *sends(0, "a"), *receives(1, "b")])
    assert found is not None
    (right,) = receives(1, "a")
    assert seen.saw(right) is None


def test_a_spliced_message_is_explained_by_the_policy_that_splices() -> None:
    code, said = validate(TRACES / "spliced.jsonl")
    assert code == 1
    assert '   13  s1.recv() -> "A1", more   <- not explained' in said
    assert 'allowed: "B1", more   [RECEIVE-7]' in said
    assert validate(TRACES / "spliced.jsonl", "--policy", "KEEP")[0] == 0


def test_recorded_runs_are_explained_and_a_changed_line_is_found() -> None:
    assert validate(TRACES / "pyzmq.jsonl")[0] == 0
    assert validate(TRACES / "reference.jsonl")[0] == 0
    lines, changed = ((TRACES / f"{name}.jsonl").read_text().splitlines()[1:] for name in ("pyzmq", "tampered"))
    (at,) = [number for number, (one, other) in enumerate(zip(lines, changed, strict=True), 1) if one != other]
    code, said = validate(TRACES / "tampered.jsonl", "--format", "json")
    found = json.loads(said)
    assert (code, found["event"], found["allowed"]) == (1, at, ['"to", more', "EAGAIN"])
    assert found["before"] == [['s0 ROUTER: peer 1: to be sent ["to", "B"]']]


def test_a_run_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    large = "a" * 20_000
    run = [*pair("PUSH", "PULL"), *[*sends(0, f"{large} b"), *receives(1, f"{large} b")] * 200]
    path.write_text("\n".join([call_format.header(ANY), *map(call_format.encoded, run)]))
    tracemalloc.start()
    code, lines = command_validate.run(path, None, "text")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (code, lines[0].split()[0]) == (0, str(len(run)))
    assert peak < path.stat().st_size / 4


def test_json(tmp_path: Path) -> None:
    code, said = validate(TRACES / "spliced.jsonl", "--format", "json")
    found = json.loads(said)
    assert (code, found["explained"], found["event"]) == (1, False, 13)
    code, said = validate(TRACES / "spliced.jsonl", "--format", "json", "--policy", "KEEP")
    assert (code, json.loads(said)) == (0, {"explained": True, "events": 15, "states": 1})


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event(Do.CLOSE, 7), "there is no socket 7"),
        (Event(Do.SEND, 7, part=b"a"), "there is no socket 7"),
        (made(2, "PUSH", CONFLATE=1), "the option CONFLATE is not followed"),
    ],
)
def test_what_no_run_has_is_the_callers_mistake(event: Event, said: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    lines = [call_format.header(ANY), *map(call_format.encoded, [*pair("PUSH", "PULL"), event])]
    path.write_text("\n".join(lines))
    code, told = validate(path)
    assert code == 2
    assert said in told
    assert "event 6" in told


def test_time_grows_with_the_length_of_a_run() -> None:
    """Counted, not measured: for each event, no more is looked at in a long run than in a short one."""

    def looked(messages: int) -> tuple[float, int]:
        run = pair("PUSH", "PULL")
        for number in range(messages):
            run += [*sends(0, f"a{number} b{number}"), *nothing(1)] if number % 2 else sends(0, f"a{number} b{number}")
        for number in range(messages):
            run += receives(1, f"a{number} b{number}")
        seen, found = watch(run, ANY)
        assert found is None
        return seen.looked / len(run), seen.widest

    (short, narrow), (long, wide) = looked(20), looked(400)
    assert long <= short * 1.1
    assert (narrow, wide) == (1, 1)


@pytest.mark.parametrize("bound", ["checks.oracle.oracle.MOST", "model.systems.network_wires.MOST"])
def test_more_than_can_be_followed_is_no_verdict(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = [*pair("PULL", "PUSH"), *[event for text in "abc" for event in sends(1, text)]]
    run += [Event(Do.UNBIND, 0, endpoint=WHERE), *nothing(0)]
    watch(run)
    monkeypatch.setattr(f"enomem.{bound}", 2)
    with pytest.raises(Inconclusive, match="more may have happened than can be followed"):
        watch(run)


def test_what_settled_is_known() -> None:
    seen, _ = watch([*pair("PUSH", "PULL"), *sends(0, "a")])
    asked = Event(Do.RECEIVE, 1)
    assert seen.may(asked) == {'"a"', "EAGAIN"}
    assert seen.settled_copy().may(asked) == {'"a"'}
    assert seen.saw(*SETTLE) is None
    assert seen.may(asked) == {'"a"'}
