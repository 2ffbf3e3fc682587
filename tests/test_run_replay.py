"""Replaying a recorded run: where the model agrees, and each way in which a run can be wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hand_driven import SIZES, Hand, edited, found, line_of, replayed

from enomem.checks.errors import UsageError
from enomem.checks.policies.file import load_policy
from enomem.checks.runs.replay import TOLD
from enomem.model import connection, pipe, receive
from enomem.model import send as sends
from enomem.model.memory import Pool, Site
from enomem.model.patterns import fan_out
from enomem.model.patterns.subscriptions import Subscriptions
from enomem.model.pipe import Pipe
from enomem.model.policies import KEEP, SKIP
from enomem.model.receive import Inbox
from enomem.model.receive_policies import BOUNDED_WAIT
from enomem.model.send import Answer, Phase, Send


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


# --- agreement


def test_the_model_does_what_was_recorded(path: Path) -> None:
    hand = Hand(path)
    hand.message()
    hand.choose()
    assert hand.part(False) == Answer.OK
    assert hand.part(True, Site.BODY) == Answer.NO_MEMORY
    hand.message(3)
    hand.leaves(2)
    hand.choose(free=False)
    hand.copy(False)
    hand.copy(True)
    hand.end()
    run = replayed(path)
    assert run.differences == []
    assert run.steps["send.send_part"] == 7
    assert run.steps["PUSH.begin"] == 4
    assert run.rules["SEND-5"] == 1
    assert {"PUSH-1", "TURN-2", "TURN-3", "TURN-5", "TURN-6", "LINK-1", "LINK-5", "PIPE-7"} <= set(run.rules)


def test_both_directions(path: Path) -> None:
    hand = Hand(path)
    steps = hand.steps
    pool = steps(connection, "made", "pool", hand.pool, Site.LISTENER, 40, None).pool
    assert steps(receive, "room", "push1.1", hand.inbox, 1000) == 1000
    got = steps(receive, "arrived", "push1.1", pool, BOUNDED_WAIT, hand.inbox, 2, 20, 4, None)
    inbox = steps(receive, "taken", "push1.1", got.inbox, 8)
    pool = steps(receive, "handed", "push1", got.pool, 8)
    refused = steps(receive, "body", "push1.1", pool, BOUNDED_WAIT, inbox, 50, None)
    assert not refused.taken
    inbox = steps(receive, "waited", "push1.1", refused.inbox)
    pool, inbox = steps(receive, "broken", "push1.1", pool, inbox)
    pool, inbox = steps(receive, "dropped", "push1.1", pool, inbox)
    hand.pool = steps(connection, "destroyed", "pool", pool, 40)
    hand.end()
    assert found(path) == []


def test_all_or_none_follows_every_pipe(path: Path) -> None:
    hand = Hand(path, KEEP)
    hand.steps.begin("push1.2", "session")
    targets = [(SIZES, Pipe()), (SIZES, Pipe())]
    subjects = ("push1", "push1.1", "push1.2")
    for last in (False, True):
        sent = hand.steps(fan_out, "all_or_none", subjects, KEEP, hand.pool, hand.send, targets, 9, last, None)
        targets = [(SIZES, after) for after in sent.pipes]
        hand.pool, hand.send = sent.pool, sent.send
    first, second = (after for _, after in targets)
    hand.pipe = first
    gone = hand.steps(sends, "peer_gone", "push1.2:own", SIZES, hand.pool, Send(), second)
    hand.pool = gone.pool
    hand.steps.end("push1.2")
    hand.end()
    assert found(path) == []
    edited(path, line_of(path, "patterns.fan_out.all_or_none", 1), swapped)
    assert any("push1.2" not in one and "pipe.tail" in one for one in found(path))


def swapped(data: Any) -> None:
    data["in"]["targets"][0][1]["pipe.Pipe"]["tail"] = 7


def test_a_policy_of_ones_own(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    text = (
        "from enomem import Reaction, SendPolicy\n\n\nclass Mine(SendPolicy):\n    name = 'MINE'\n\n"
        "    def refused(self, message):\n        return Reaction(keep=message.kept)\n"
    )
    file.write_text(text)
    hand = Hand(path, load_policy(f"{file}:Mine"))
    hand.choose()
    hand.part(False)
    assert hand.part(True, Site.BODY) == Answer.NO_MEMORY
    hand.part(True)
    hand.end()
    assert found(path) == []
    file.write_text(text.replace("message.kept", "0"))
    assert any("SEND-6" in one for one in found(path))
    file.write_text(text.replace("'MINE'", "'OURS'"))
    with pytest.raises(UsageError, match="OURS"):
        found(path)
    edited(path, 1, lambda head: head["policy"].update(source=None))
    with pytest.raises(UsageError, match="does not say which file"):
        found(path)


# --- the model does something else


@pytest.mark.parametrize("name", ["rules", "answer", "pool", "send", "pipe", "wrote", "dropped", "committed", "asked"])
def test_any_edited_field_of_an_outcome_is_found(path: Path, name: str) -> None:
    hand = Hand(path)
    hand.message()
    hand.end()
    number = line_of(path, "send.send_part", 1)
    edited(path, number, lambda line: other(line["out"]["send.Sent"], name))
    first = found(path)[0]
    assert first.startswith(f"line {number}, send.send_part of push1.1 [SEND-3]: {name}")
    assert " in the model and " in first


def other(members: dict[str, Any], name: str) -> None:
    """Another value of the same kind."""
    value = members[name]
    if isinstance(value, bool):
        members[name] = not value
    elif isinstance(value, int):
        members[name] = value + 1
    elif isinstance(value, list):
        members[name] = value[:-1]
    elif value == {"send.Answer": "ok"}:
        members[name] = {"send.Answer": "ENOMEM"}
    else:
        (only,) = value.values()
        counted = next(key for key, inner in only.items() if isinstance(inner, int))
        only[counted] += 1


def test_both_values_are_told(path: Path) -> None:
    hand = Hand(path)
    hand.message()
    hand.end()
    number = line_of(path, "send.send_part")
    edited(path, number, lambda line: line["out"]["send.Sent"]["pool"]["memory.Pool"].update(used=4))
    place = f"line {number}, send.send_part of push1.1 [SEND-1]"
    assert found(path)[0] == f"{place}: pool.used is 3 in the model and 4 in the run"
    after = line_of(path, "send.send_part", 1)
    assert found(path)[1].startswith(f"line {after}, send.send_part of push1.1 [SEND-3]: pool.used goes in as 3")


def test_a_pattern_that_decides_otherwise_is_found(path: Path) -> None:
    hand = Hand(path)
    hand.message()
    hand.end()
    number = line_of(path, "begin")
    edited(path, number, lambda line: line["in"]["free"]["answers"][0].__setitem__(1, False))
    place = f"line {number}, PUSH.begin of push1 [TURN-6]"
    assert f'{place}: rule is "TURN-6" in the model and "PUSH-1" in the run' in found(path)


def test_other_questions_are_found(path: Path) -> None:
    hand = Hand(path)
    hand.message()
    hand.end()
    number = line_of(path, "begin")
    edited(path, number, lambda line: line["in"]["free"]["answers"].append([1, True]))
    assert any("asked about [0] in the model and about [0, 1] in the run" in one for one in found(path))
    edited(path, number, lambda line: line["in"]["free"]["answers"].clear())
    assert any("free(0) is asked in the model and was not in the run" in one for one in found(path))


def test_a_step_that_raised(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asserts(pipe: Pipe) -> Pipe:
        raise AssertionError(f"at {object()}")

    hand = Hand(path)
    hand.choose()
    with monkeypatch.context() as patched:
        patched.setattr(pipe, "commit", asserts)
        with pytest.raises(AssertionError):
            hand.part(True)
        hand.part(False)
        sent = hand.steps(sends, "abort", "push1.1", SIZES, hand.pool, hand.send, hand.pipe)
        hand.pool, hand.send, hand.pipe = sent.pool, sent.send, sent.pipe
        hand.end()
        assert found(path) == []
    (only,) = found(path)
    assert only.startswith(f"line {line_of(path, 'send.send_part')}, send.send_part of push1.1")
    assert only.endswith(": an outcome in the model, and AssertionError: at <object object at 0x...> in the run")


def test_a_model_that_raises(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand(path)
    hand.message()
    hand.end()
    monkeypatch.setattr(pipe, "commit", lambda pipe: pipe.nothing)
    assert any("AttributeError" in one and "in the model, and an outcome in the run" in one for one in found(path))


# --- somebody else changed a state


def test_a_pipe_that_was_changed_between_two_steps_is_found(path: Path) -> None:
    hand = Hand(path)
    hand.choose()
    hand.part(False)
    hand.pipe = Pipe(tail=2)
    hand.part(True)
    hand.end()
    first, second = line_of(path, "send.send_part"), line_of(path, "send.send_part", 1)
    assert found(path)[0] == (
        f"line {second}, send.send_part of push1.1 [SEND-3]: "
        f"pipe.tail goes in as 2 and was 1 since line {first}: no step changed it"
    )


CHANGES: dict[str, Callable[[Hand], None]] = {
    "pool": lambda hand: setattr(hand, "pool", Pool(100, hand.pool.used + 1)),
    "send": lambda hand: setattr(hand, "send", Send(Phase.SKIPPING)),
    "pipe": lambda hand: setattr(hand, "pipe", Pipe(1, 1)),
    "state": lambda hand: setattr(hand, "state", hand.pattern.committed(hand.state)),
    "policy": lambda hand: setattr(hand, "policy", SKIP),
}


@pytest.mark.parametrize("thread", CHANGES)
def test_any_state_that_was_changed_between_two_steps_is_found(path: Path, thread: str) -> None:
    hand = Hand(path)
    hand.choose()
    CHANGES[thread](hand)
    hand.part(True)
    hand.end()
    assert any(f": {thread}" in one and "goes in as" in one for one in found(path))


def test_a_first_state_of_a_pattern_that_is_no_first_state_is_found(path: Path) -> None:
    hand = Hand(path)
    hand.end()
    number = line_of(path, "attached")
    edited(path, number, lambda line: line["in"]["state"]["patterns.turns.Turns"].update(send=1))
    place = f"line {number}, PUSH.attached of push1 [TURN-4]"
    assert found(path)[0].startswith(f"{place}: state.send goes in as 1 and was 0")


def test_whose_send_it_is_matters(path: Path) -> None:
    hand = Hand(path)
    hand.choose()
    hand.part(False)
    sent = hand.steps(sends, "abort", "push1.1:own", SIZES, hand.pool, hand.send, hand.pipe)
    hand.pool, hand.pipe = sent.pool, sent.pipe
    hand.end()
    assert any('send.phase goes in as "sending" and was "idle"' in one for one in found(path))


# --- tables


def subscribed(hand: Hand) -> Subscriptions[str]:
    peers: Subscriptions[str] = hand.steps.table(Subscriptions(), "push1.peers")
    assert peers.add("push1.1", b"a")
    assert not peers.add("push1.1", b"a")
    assert peers.matching(b"ab") == ["push1.1"]
    return peers


def test_tables_are_stepped_through(path: Path) -> None:
    hand = Hand(path)
    peers = subscribed(hand)
    assert len(peers) == 1
    assert peers.connection_ended("push1.1") == [(b"a", True)]
    hand.end()
    run = replayed(path)
    assert run.differences == []
    assert run.steps["Subscriptions.add"] == 2


def test_another_answer_of_a_table_is_found(path: Path) -> None:
    hand = Hand(path)
    subscribed(hand)
    hand.end()
    number = line_of(path, "matching")
    edited(path, number, lambda line: line["out"].append("push1.2"))
    place = f"line {number}, Subscriptions.matching of push1.peers [PUB-1]"
    told = found(path)
    assert told[0] == f'{place}: the outcome is ["push1.1"] in the model and ["push1.1", "push1.2"] in the run'
    assert any(one.endswith("push1 ends, and push1.peers has 1 entries") for one in told)


def test_a_table_that_was_told_something_in_secret_is_found(path: Path) -> None:
    hand = Hand(path)
    peers = hand.steps.table(Subscriptions[str](), "push1.peers")
    peers._table.add("push1.1", b"a")  # type: ignore[attr-defined]  # the table is behind a recorder
    peers.connection_ended("push1.1")
    hand.end()
    said = "Subscriptions.connection_ended of push1.peers [PUB-9]: the outcome is [] in the model"
    assert any(said in one for one in found(path))


# --- beginnings and ends


def test_what_never_began_is_found(path: Path) -> None:
    hand = Hand(path)
    hand.steps(receive, "waited", "push1.7", Inbox())
    hand.steps.end("push1.8")
    hand.steps.begin("push1.1", "session")
    hand.end()
    told = found(path)
    assert any("inbox is push1.7's, which never began" in one for one in told)
    assert any("push1.8 ends, and never began" in one for one in told)
    assert any("push1.1 begins, and has begun in line 3" in one for one in told)


def test_what_never_ends_is_found(path: Path) -> None:
    hand = Hand(path)
    hand.steps.end("push1")
    hand.steps.end("push1")
    hand.recorder.close()
    assert found(path) == [
        "line 6: push1 ends, and has ended before",
        "line 7: the run is closed, and push1.1 has not ended",
    ]


def test_memory_that_is_not_given_back_is_found(path: Path) -> None:
    hand = Hand(path)
    hand.message()
    hand.steps.end("push1.1")
    hand.steps.end("push1")
    hand.recorder.close()
    ends = len(path.read_text().splitlines())
    at_end, closed = f"line {ends - 2}: push1.1 ends, and its pipe", f"line {ends}: "
    assert found(path) == [
        f"{at_end}.messages is 1",
        f"{at_end}.parts is 2",
        f"{closed}push1.1 ends, and its pipe.messages is 1",
        f"{closed}push1.1 ends, and its pipe.parts is 2",
        f"{closed}the run is closed, and pool.used is 11",
    ]


def test_only_the_first_differences_are_told(path: Path) -> None:
    hand = Hand(path, limit=10_000)
    for number in range(3 * TOLD):
        hand.message(1)
        hand.pool = Pool(10_000, number)
    hand.recorder.close()
    run = replayed(path)
    assert len(run.differences) == TOLD
    assert run.untold > TOLD
