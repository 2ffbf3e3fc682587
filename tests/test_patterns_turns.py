"""Turns: who is served next, what moves the turn, and that nobody waits longer than a round."""

from collections.abc import Callable

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from enomem.model.patterns import turns
from enomem.model.patterns.turns import Turns
from enomem.model.pipe import Pipe, available


@pytest.mark.parametrize(
    ("messages", "gone", "immediate", "connected", "may"),
    [
        (0, False, False, False, True),
        (0, False, False, True, True),
        (0, False, True, True, True),
        (0, False, True, False, False),
        (1, False, False, True, False),
        (1, False, True, False, False),
        (0, True, False, True, False),
        (0, True, True, False, False),
    ],
)
def test_which_pipes_may_be_given_a_message(
    messages: int, gone: bool, immediate: bool, connected: bool, may: bool
) -> None:
    assert available(Pipe(messages, messages), 1, gone, immediate, connected) == may


def among(*places: int) -> Callable[[int], bool]:
    return lambda place: place in places


@pytest.mark.parametrize(
    ("start", "count", "places", "expected"),
    [
        (0, 0, (), -1),
        (0, 1, (), -1),
        (0, 1, (0,), 0),
        (1, 1, (0,), 0),
        (0, 3, (0, 1, 2), 0),
        (1, 3, (0, 1, 2), 1),
        (1, 3, (0, 2), 2),
        (2, 3, (0, 1), 0),
        (3, 3, (1, 2), 1),
        (2, 3, (), -1),
        (3, 2, (0, 1), 0),
    ],
)
def test_the_first_from_the_turn_on_and_around(start: int, count: int, places: tuple[int, ...], expected: int) -> None:
    assert turns.choose(start, count, among(*places)) == expected


def test_a_place_is_asked_about_at_most_once_and_none_that_is_not_there() -> None:
    for count in range(5):
        for start in range(count + 1):
            asked: list[int] = []
            turns.choose(start, count, asked.append)
            assert sorted(asked) == list(range(count))


def test_the_turn_passes_with_the_commit_and_not_before() -> None:
    begun = turns.begun(Turns(0, -1, 0), 1)
    assert begun == Turns(0, 1, 0)
    assert turns.committed(begun) == Turns(2, -1, 0)
    assert turns.dropped(begun) == Turns(0, -1, 0)


def test_a_message_that_is_received_moves_the_other_turn() -> None:
    assert turns.received(Turns(1, 0, 0), 2) == Turns(1, 0, 3)


def test_a_newcomer_comes_last() -> None:
    assert turns.joined(Turns(2, -1, 1), 2) == Turns(0, -1, 1)
    assert turns.joined(Turns(0, 1, 2), 2) == Turns(0, 1, 0)


@pytest.mark.parametrize(
    ("before", "place", "after"),
    [
        (Turns(1, -1, 2), 0, Turns(0, -1, 1)),
        (Turns(1, -1, 2), 1, Turns(1, -1, 1)),
        (Turns(1, -1, 2), 2, Turns(1, -1, 2)),
        (Turns(0, 2, 0), 1, Turns(0, 1, 0)),
        (Turns(0, 2, 0), 2, Turns(0, -1, 0)),
    ],
)
def test_who_was_next_is_next_when_another_leaves(before: Turns, place: int, after: Turns) -> None:
    assert turns.left(before, place) == after


def test_equal_turns_are_one_object() -> None:
    assert turns.at(1, -1, 2) is turns.at(1, -1, 2)
    assert turns.known(Turns(1, -1, 2)) is turns.at(1, -1, 2)


ABLE = st.sets(st.integers(0, 4), max_size=2).map(lambda unable: set(range(5)) - unable)
"""Most can, most of the time: it is among those who can that somebody may be passed over."""
Operation = tuple[str, set[int], int]
OPERATION = st.tuples(st.sampled_from([*["message"] * 7, "dropped", "join", "leave"]), ABLE, st.integers(0, 4))


class Peers:
    """Pipes by name and place; who waits, and for how many messages it was passed over while it could have had one."""

    def __init__(self, receives: bool) -> None:
        self.turns = turns.at(0, -1, 0)
        self.names: list[int] = []
        self.waits: dict[int, int] = {}
        self.most: dict[int, int] = {}
        self.receives = receives
        self.named = 0

    def run(self, operation: str, able: set[int], place: int) -> None:
        count = len(self.names)
        if operation == "join":
            if count < 5:
                self.turns = turns.joined(self.turns, count)
                self.names.append(self.named)
                self.waits[self.named] = 0
                self.most[self.named] = count + 1
                self.named += 1
                for name in self.names:
                    self.most[name] = max(self.most[name], count + 1)
        elif operation == "leave":
            if place < count:
                self.turns = turns.left(self.turns, place)
                del self.names[place]
        else:
            self.message(able, operation == "message")

    def message(self, able: set[int], whole: bool) -> None:
        """One message among those that are able; afterwards the others have waited one message longer."""
        count = len(self.names)
        place = turns.choose(self.turns.receive if self.receives else self.turns.send, count, able.__contains__)
        assert (place >= 0) == any(one < count for one in able)
        if place < 0:
            return
        if self.receives:
            self.turns = turns.received(self.turns, place) if whole else self.turns
        else:
            before, begun = self.turns, turns.begun(self.turns, place)
            self.turns = turns.committed(begun) if whole else turns.dropped(begun)
            assert whole or self.turns == before
        for other, name in enumerate(self.names):
            if (other == place and whole) or other not in able:
                self.waits[name], self.most[name] = 0, count
            elif whole:
                self.waits[name] += 1


def pass_nobody_over(count: int, operations: list[Operation], receives: bool) -> None:
    peers = Peers(receives)
    joins: list[Operation] = [("join", set(), 0)] * count
    for operation, able, place in [*joins, *operations]:
        peers.run(operation, able, place)
        for name in peers.names:
            assert peers.waits[name] <= peers.most[name] - 1
            if peers.waits[name] == peers.most[name] - 1 > 1:
                event("somebody waited for a whole round")
        assert 0 <= peers.turns.send <= len(peers.names)
        assert 0 <= peers.turns.receive <= len(peers.names)


@given(st.integers(1, 6), st.integers(0, 6), st.integers(1, 4))
def test_whoever_can_is_served_once_a_round(count: int, start: int, rounds: int) -> None:
    now, served = turns.at(min(start, count), -1, 0), []
    for _ in range(count * rounds):
        place = turns.choose(now.send, count, lambda _: True)
        now = turns.committed(turns.begun(now, place))
        served.append(place)
    for place in range(count):
        assert served.count(place) == rounds
    assert all(len(set(served[i : i + count])) == count for i in range(len(served) - count + 1))


HISTORY = (st.integers(2, 4), st.lists(OPERATION, min_size=20, max_size=60), st.booleans())


@given(*HISTORY)
def test_nobody_who_can_is_passed_over_for_more_than_a_round(
    count: int, operations: list[Operation], receives: bool
) -> None:
    pass_nobody_over(count, operations, receives)


@pytest.mark.parametrize(
    ("function", "defect"),
    [
        ("received", lambda state, place: turns.at(state.send, state.current, place)),
        ("committed", lambda state: turns.at(state.send, -1, state.receive)),
        ("moved", lambda turn, place: turn - 1 if turn >= place > 0 else turn),
        ("choose", lambda _, count, can: next((place for place in range(count) if can(place)), -1)),
    ],
)
def test_a_turn_that_is_not_kept_is_found(
    function: str, defect: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, function, defect)
    broken = settings(phases=[Phase.generate])(given(*HISTORY)(pass_nobody_over))
    with pytest.raises(AssertionError):
        broken()
