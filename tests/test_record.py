"""Recording: what is written of values and of calls, and that recording changes nothing."""

import json
import math
import os
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.checks.policy_file import load_policy
from enomem.model import link, memory, send
from enomem.model.memory import Need, Pool, Site
from enomem.model.patterns import PATTERNS
from enomem.model.patterns.pattern import Begin, Shape, Way
from enomem.model.patterns.push import Push
from enomem.model.patterns.router import Router
from enomem.model.patterns.turns import Turns
from enomem.model.pipe import Pipe
from enomem.model.policies import DISCARD, POLICIES, SendPolicy
from enomem.model.receive import Inbox, Reading, Received
from enomem.model.reference import context
from enomem.model.reference.encoding import LARGEST, Unreadable, class_of, decode, encode, fits
from enomem.model.reference.record import Recorder, Steps, source_of
from enomem.model.reference.weights import Measured, Weights
from enomem.model.rules import Rule
from enomem.model.send import Answer, Phase, Send, Sent, Sizes

KNOWN = {policy.name: policy for policy in POLICIES}
counts = st.integers(0, 1 << 62)
pipes = st.builds(Pipe, counts, counts, counts, counts)
sends = st.builds(Send, st.sampled_from(Phase), counts, counts)
pools = st.builds(Pool, counts, counts)
needs = st.lists(st.builds(Need, st.sampled_from(Site), counts), max_size=3).map(tuple)
values = st.one_of(
    st.none(), st.booleans(), counts, st.text(max_size=5), st.binary(max_size=5), st.floats(0, 1),
    st.sampled_from([*Site, *Rule, *Answer, *Way, *Reading, *POLICIES]), pipes, sends, pools,
    st.builds(Inbox, counts, counts, counts, st.sampled_from(Reading)),
    st.builds(Sent, st.lists(st.sampled_from(Rule)).map(tuple), st.sampled_from(Answer), pools, sends, pipes,
              st.none() | st.sampled_from(Site), st.booleans(), counts, st.booleans(), needs),
    st.builds(Measured, counts, counts, counts, counts, st.lists(counts, max_size=3).map(tuple), counts),
    st.builds(Turns, counts, st.integers(-1, 5), counts), st.builds(Shape, counts, st.integers(-1, 5)),
    st.builds(Router, st.booleans(), st.booleans()),
    st.builds(Begin, st.sampled_from(Rule), st.sampled_from(Way), st.builds(Turns, counts), counts),
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


def written(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# --- values


@given(values | st.tuples(values, values))
def test_what_is_written_is_read_again(value: Any) -> None:
    data = encode(value)
    assert decode(json.loads(json.dumps(data)), KNOWN) == value
    assert encode(decode(data, KNOWN)) == data


@pytest.mark.parametrize("kind", PATTERNS.values(), ids=list(PATTERNS))
def test_every_pattern_and_its_first_state_can_be_written(kind: type) -> None:
    pattern = kind()
    assert decode(encode(pattern), KNOWN) == pattern
    assert decode(encode(pattern.initial()), KNOWN) == pattern.initial()


def test_weights_are_written_as_they_are_at_that_moment() -> None:
    weights = Weights()
    weights.part, weights.tail = 70, [66]
    data = encode(weights)
    weights.tail.append(70)
    assert decode(data, KNOWN) == Measured(70, Weights.chunk, Weights.slots, 0, (66,), 0)


class Loose:
    """No value of any machine."""


@pytest.mark.parametrize("value", [Loose(), {1: 2}, {1}, object, namedtuple("Pair", "a b")(1, 2), 1j])
def test_what_is_no_value_of_the_machines_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"send.Send": {"phase": {"send.Phase": "idle"}, "note": 0}}, "exactly the members"),
        ({"send.Send": {"phase": {"send.Phase": "idle"}, "note": True, "reserved": 0}}, "note of a send.Send"),
        ({"send.Send": {"phase": "idle", "note": 0, "reserved": 0}}, "phase of a send.Send"),
        ({"send.Phase": "asleep"}, "'asleep' is no send.Phase"),
        ({"send.Phase": ["idle"]}, "is no send.Phase"),
        ({"send.Answers": "ok"}, "nothing that is called"),
        ({"send.replace": {}}, "nothing that is called"),
        ({"send.dataclass": {}}, "nothing that is called"),
        ({"link.Pipe": {"messages": 0}}, "nothing that is called"),
        ({"reference.context.Context": {}}, "nothing that is called"),
        ({"os.path": {}}, "nothing that is called"),
        ({"": 1}, "nothing that is called"),
        ({"bytes": "0g"}, "hexadecimal"),
        ({"bytes": 12}, "hexadecimal"),
        ({"policy": "MINE"}, "no policy"),
        ({"policy": ["DISCARD"]}, "no policy"),
        ({}, "one member"),
        ({"memory.Pool": {}, "memory.Need": {}}, "one member"),
        (LARGEST + 1, "larger"),
        (10**300, "larger"),
        (math.inf, "no number"),
        ({"memory.Pool": {"limit": "1", "used": 0}}, "limit of a memory.Pool"),
        ({"reference.weights.Measured": {"part": 1, "chunk": 1, "slots": 1, "committed": 0, "tail": [1, "2"],
                                         "announced": 0}}, "tail of a reference.weights.Measured"),
        ({"memory.Pool": 7}, "exactly the members"),
    ],
)  # fmt: skip
def test_what_no_recorder_wrote_is_refused_with_a_reason(data: Any, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        decode(data, KNOWN)


def test_a_class_is_named_where_it_is_defined() -> None:
    assert class_of("pipe.Pipe") is Pipe
    assert class_of("patterns.push.Push") is Push
    assert encode(Pipe()) == {"pipe.Pipe": {"messages": 0, "parts": 0, "tail": 0, "front": 0}}


@pytest.mark.parametrize(
    ("value", "hint", "fit"),
    [
        (1, int, True), (True, int, False), (1, bool, False), (1, float, True), ("1", float, False),
        (None, Site | None, True), (Site.BODY, Site | None, True), (1, Site | None, False),
        ((1, 2), tuple[int, ...], True), ((), tuple[int, ...], True), ((1, ""), tuple[int, ...], False),
        ((1, ""), tuple[int, str], True), ((1,), tuple[int, str], False), (1, tuple[int, ...], False),
        (Sizes(), send.Costs, True), (1, send.Costs, False), (len, Callable[[int], object], True),
        (1, Callable[[int], object], False), (DISCARD, SendPolicy, True), (None, None, True), (1, Any, True),
    ],
)  # fmt: skip
def test_types(value: Any, hint: Any, fit: bool) -> None:
    assert fits(value, hint) is fit


# --- calls


def test_a_step_is_called_and_written(path: Path) -> None:
    recorder = Recorder(path, DISCARD, Pool(10, 4))
    steps = Steps(recorder)
    steps.begin("push1", "socket")
    steps.begin("push1.1", "session")
    assert steps(link, "written", "push1.1", Pool(10, 4), 3) == Pool(10, 1)
    steps.end("push1.1")
    recorder.close()
    head, *lines = written(path)
    assert head["format"] == "enomem-run"
    assert head["policy"] == {"name": "DISCARD", "source": None}
    assert head["pool"] == {"memory.Pool": {"limit": 10, "used": 4}}
    assert lines == [
        {"seq": 1, "begin": "push1", "kind": "socket"},
        {"seq": 2, "begin": "push1.1", "kind": "session"},
        {
            "seq": 3, "at": "push1.1", "step": "link.written",
            "in": {"pool": {"memory.Pool": {"limit": 10, "used": 4}}, "amount": 3},
            "out": {"memory.Pool": {"limit": 10, "used": 1}},
        },
        {"seq": 4, "end": "push1.1"},
        {"seq": 5, "closed": True},
    ]  # fmt: skip


def test_a_pattern_is_written_with_its_options_and_its_questions_with_the_answers(path: Path) -> None:
    recorder = Recorder(path, DISCARD, Pool(10, 0))
    steps = Steps(recorder)
    pattern = Router(mandatory=True)
    begun = steps(pattern, "begin", "router1", Turns(), 3, lambda place: [] if place < 2 else [1], 2, False)
    recorder.close()
    assert begun.way == Way.PIPE
    _, line, _ = written(path)
    assert line["step"] == "begin"
    assert line["of"] == {"patterns.router.Router": {"mandatory": True, "handover": False}}
    assert line["in"]["free"] == {"answers": [[2, True]]}
    assert list(line["in"]) == ["state", "count", "free", "to", "last"]


def test_without_a_recorder_nothing_but_the_step_happens() -> None:
    steps = Steps(None)
    steps.begin("push1", "socket")
    steps.end("push1")
    assert steps(memory, "give", "pool", Pool(10, 4), 3) == Pool(10, 1)


def test_what_a_step_raises_is_written_and_raised(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(pool: Pool, amount: int) -> Pool:
        raise AssertionError("no\nmore")

    monkeypatch.setattr(memory, "give", fails)
    recorder = Recorder(path, DISCARD, Pool(10, 4))
    with pytest.raises(AssertionError, match="more"):
        Steps(recorder)(memory, "give", "pool", Pool(10, 4), 3)
    recorder.close()
    assert written(path)[1]["error"] == "AssertionError: no more"
    assert "out" not in written(path)[1]


def test_a_patched_function_is_the_one_that_is_called(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "give", lambda pool, amount: pool)  # noqa: ARG005 - its caller names them
    recorder = Recorder(path, DISCARD, Pool(10, 4))
    assert Steps(recorder)(memory, "give", "pool", Pool(10, 4), 3) == Pool(10, 4)
    recorder.close()


def test_closing_twice_is_fine_and_later_steps_are_not_written(path: Path) -> None:
    recorder = Recorder(path, DISCARD, Pool(10, 0))
    recorder.close()
    before = path.read_text()
    recorder.close()
    assert Steps(recorder)(memory, "give", "pool", Pool(10, 4), 3) == Pool(10, 1)
    assert path.read_text() == before


def test_a_path_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Recorder(tmp_path, DISCARD, Pool(10, 0))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this machine has no /dev/full")
def test_a_full_disk_is_told_at_the_end_and_no_step_fails_for_it() -> None:
    recorder = Recorder("/dev/full", DISCARD, Pool(10, 1 << 20))
    steps = Steps(recorder)
    pool = Pool(1 << 20, 1 << 20)
    for _ in range(2000):
        pool = steps(memory, "give", "pool", pool, 3)
    assert pool.used == (1 << 20) - 6000
    with pytest.raises(OSError, match="No space left"):
        recorder.close()
    recorder.close()


def test_a_context_that_cannot_record_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        context.Context(record=tmp_path)


class Odd(SendPolicy):
    """A policy that stands in a file."""

    name = "ODD"


def test_where_a_policy_comes_from() -> None:
    example = f"{Path(__file__).parents[1] / 'docs' / 'examples' / 'courteous.py'}:Courteous"
    assert source_of(DISCARD) is None
    assert source_of(load_policy(example)) == example
    assert source_of(Odd()) == f"{__file__}:Odd"
    made_here = type("Made", (SendPolicy,), {"__module__": "__main__"})()
    assert source_of(made_here) is None


def test_results_of_every_kind_of_step_can_be_written() -> None:
    for outcome in (
        Received((Rule.RECEIVE_1,), Pool(1, 1), Inbox(), True, None, (Need(Site.RECEIVE_BODY, 1),)),
        (Pool(1, 1), Inbox()),
    ):
        assert decode(encode(outcome), KNOWN) == outcome
