"""What a pattern has to be told: a step that the shell leaves out is found, though no state is another for it."""

from pathlib import Path

import pytest
from hand_driven import Hand, found

from enomem.model.patterns.pattern import Shape
from enomem.model.patterns.pull import Pull


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


def test_a_message_that_was_begun_is_committed_or_dropped(path: Path) -> None:
    hand = Hand(path)
    hand.choose()
    hand.choose()
    hand.end()
    (only,) = found(path)
    assert only.endswith("PUSH.begin of push1 [PUSH-1]: a message was begun before, and neither committed nor dropped")


def test_only_what_was_accepted_is_committed(path: Path) -> None:
    hand = Hand(path)
    hand.choose()
    hand.state = hand.steps(hand.pattern, "committed", "push1", hand.state)
    hand.end()
    (only,) = found(path)
    assert only.endswith("PUSH.committed of push1 [TURN-2]: no message was begun and its last part accepted")


def test_a_message_to_who_is_gone_is_over(path: Path) -> None:
    hand = Hand(path)
    for name in ("push1.2", "push1.3"):
        hand.steps.begin(name, "session")
        hand.steps.end(name)
    hand.state = hand.steps(hand.pattern, "attached", "push1", hand.state, 1).state
    hand.state = hand.steps(hand.pattern, "begin", "push1", hand.state, 2, lambda place: place == 1, None).state
    hand.state = hand.steps(hand.pattern, "detached", "push1", hand.state, 0)
    hand.state = hand.steps(hand.pattern, "detached", "push1", hand.state, 0)
    hand.state = hand.steps(hand.pattern, "begin", "push1", hand.state, 0, lambda _: True, None).state
    hand.end()
    assert found(path) == []


def test_what_was_delivered_is_taken_before_the_next(path: Path) -> None:
    hand = Hand(path)
    pull, shape = Pull(), Shape(1)
    hand.steps.begin("pull2", "socket")
    state = hand.steps(pull, "attached", "pull2", pull.initial(), 0).state
    state = hand.steps(pull, "offered", "pull2", state, 0, shape).state
    state = hand.steps(pull, "taken", "pull2", state)
    state = hand.steps(pull, "taken", "pull2", state)
    state = hand.steps(pull, "offered", "pull2", state, 0, shape).state
    hand.steps(pull, "offered", "pull2", state, 0, shape)
    hand.steps.end("pull2")
    hand.end()
    first, second = found(path)
    assert first.endswith("PULL.taken of pull2 [TURN-2]: nothing was delivered")
    assert second.endswith(": what was delivered before was not taken")
