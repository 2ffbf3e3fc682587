"""Subscriptions, held against the plainest thing that could be meant: a bag of pairs, looked through every time."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from enomem.model.memory import Pool, Site
from enomem.model.patterns import subscriptions as subs
from enomem.model.patterns.subscriptions import Counted, Interests, Subscriptions
from enomem.model.rules import Rule

TOPICS = st.one_of(st.sampled_from([b"", b"a", b"ab", b"abc", b"b", b"\x00", b"\xff"]), st.binary(max_size=4))
FIRST = st.one_of(st.sampled_from([b"", b"a", b"ab", b"abcd", b"b", b"ba", b"\x00\x01"]), st.binary(max_size=6))
PEERS = st.sampled_from(["x", "y", "z"])


def test_counting() -> None:
    assert subs.added(0) == Counted(Rule.SUB_1, 1, True)
    assert subs.added(1) == Counted(Rule.SUB_1, 2, False)
    assert subs.removed(2) == Counted(Rule.SUB_2, 1, False)
    assert subs.removed(1) == Counted(Rule.SUB_2, 0, True)
    assert subs.removed(0) == Counted(Rule.SUB_3, 0, False)
    assert subs.ended(3) == Counted(Rule.PUB_9, 0, True)
    assert subs.ended(0) == Counted(Rule.PUB_9, 0, False)


@pytest.mark.parametrize(
    ("topic", "first", "expected"),
    [
        (b"", b"", True),
        (b"", b"x", True),
        (b"a", b"", False),
        (b"a", b"a", True),
        (b"ab", b"abc", True),
        (b"b", b"ab", False),
    ],
)
def test_a_topic_matches_what_begins_with_it(topic: bytes, first: bytes, expected: bool) -> None:
    assert subs.matches(topic, first) == expected


FEW = st.one_of(st.sampled_from([b"", b"ab"]), TOPICS)
"""Few enough that a peer subscribes to the same topic twice."""
CHANGES = st.lists(
    st.tuples(st.sampled_from([*["add"] * 6, *["remove"] * 5, "gone"]), PEERS, FEW), min_size=15, max_size=60
)
MESSAGES = st.lists(FIRST, max_size=5)
WISHES = st.lists(st.tuples(st.sampled_from(["subscribe", "cancel"]), FEW), min_size=10, max_size=40)
ONE_TOPIC = st.lists(st.sampled_from(["subscribe", "cancel", "publisher"]), max_size=30)


def change(table: Subscriptions[str], bag: Counter[tuple[str, bytes]], what: str, peer: str, topic: bytes) -> None:
    """One change to the table and to the bag; what the table says of it is what the bag shows."""
    before = {one for _, one in +bag}
    if what == "add":
        bag[peer, topic] += 1
        assert table.add(peer, topic) == (topic not in before)
    elif what == "remove":
        bag[peer, topic] -= 1 if bag[peer, topic] else 0
        after = {one for _, one in +bag}
        assert table.remove(peer, topic) == (topic in before and topic not in after)
    else:
        had = {one for other, one in +bag if other == peer}
        for one in had:
            del bag[peer, one]
        after = {one for _, one in +bag}
        ended = table.connection_ended(peer)
        assert len(ended) == len(had)
        assert dict(ended) == {one: one not in after for one in had}


@given(CHANGES, MESSAGES)
def test_a_publisher_knows_its_subscribers_topics(changes: list[tuple[str, str, bytes]], messages: list[bytes]) -> None:
    table: Subscriptions[str] = Subscriptions()
    bag: Counter[tuple[str, bytes]] = Counter()
    for what, peer, topic in changes:
        change(table, bag, what, peer, topic)
        assert len(table) == len(+bag)
        assert table.held(peer, topic) == (bag[peer, topic] > 0)
        assert sorted(table.topics(peer)) == sorted(one for other, one in +bag if other == peer)
    for first in [*messages, *(topic for _, _, topic in changes)]:
        found = table.matching(first)
        assert len(found) == len(set(found))
        assert set(found) == {peer for peer, topic in +bag if subs.matches(topic, first)}
        event(f"{len(found)} of 3 match")


@given(CHANGES)
def test_when_all_are_gone_nothing_is_left(changes: list[tuple[str, str, bytes]]) -> None:
    table: Subscriptions[str] = Subscriptions()
    bag: Counter[tuple[str, bytes]] = Counter()
    for what, peer, topic in changes:
        change(table, bag, what, peer, topic)
    for peer in "xyz":
        table.connection_ended(peer)
    empty: Subscriptions[str] = Subscriptions()
    assert len(table) == 0
    assert table.matching(b"abc") == []
    for one in (table._topics, empty._topics):
        assert (one.values, one._lengths, one._often) == ({}, [], {})
    assert table._peers == {}


def test_matching_comes_in_the_order_of_subscribing_the_shortest_topic_first() -> None:
    table: Subscriptions[str] = Subscriptions()
    for peer, topic in (("z", b"ab"), ("y", b""), ("x", b"ab"), ("z", b""), ("w", b"b")):
        table.add(peer, topic)
    assert table.matching(b"abc") == ["y", "z", "x"]
    assert table.matching(b"c") == ["y", "z"]


@given(WISHES, MESSAGES)
def test_a_subscriber_knows_its_own_topics(changes: list[tuple[str, bytes]], messages: list[bytes]) -> None:
    table, bag = Interests(), Counter[bytes]()
    for what, topic in changes:
        if what == "subscribe":
            assert table.subscribe(topic) == (bag[topic] == 0)
            bag[topic] += 1
        else:
            table.cancel(topic)
            bag[topic] -= 1 if bag[topic] else 0
        assert table.held(topic) == (bag[topic] > 0)
        assert set(table.topics()) == set(+bag)
        assert len(table) == len(table.topics()) == len(+bag)
    for first in messages:
        assert table.matches(first) == any(subs.matches(topic, first) for topic in +bag)


@given(ONE_TOPIC)
def test_publishers_that_count_and_that_do_not_stay_with_the_subscriber(changes: list[str]) -> None:
    """One topic, told as `Interests` says: no publisher stops while it is wanted, and all stop when it is not."""
    table, wanted = Interests(), 0
    counting: list[int] = []
    plain: list[bool] = []
    for what in changes:
        if what == "publisher":
            there = len(table.topics())
            counting.append(there)
            plain.append(there > 0)
        elif what == "subscribe":
            wanted += 1
            table.subscribe(b"t")
            counting = [count + 1 for count in counting]
            plain = [True] * len(plain)
        else:
            wanted = max(0, wanted - 1)
            cancels = table.cancel(b"t")
            counting = [max(0, count - cancels) for count in counting]
            plain = [one and not cancels for one in plain]
        assert all((count > 0) == (wanted > 0) for count in counting)
        assert plain == [wanted > 0] * len(plain)


def test_the_memory_of_a_subscription_is_taken_before_it_is_remembered() -> None:
    pool = Pool(100, 50)
    assert subs.pay(pool, 50, False, None).pool == Pool(100, 100)
    assert subs.pay(pool, 50, False, None).rules == (Rule.SUB_1, Rule.MEM_1)
    refused = subs.pay(pool, 51, False, None)
    assert (refused.rules, refused.pool, refused.refused) == ((Rule.SUB_8, Rule.MEM_2), pool, Site.SUBSCRIPTION)
    denied = subs.pay(pool, 1, False, Site.SUBSCRIPTION)
    assert (denied.rules, denied.pool, denied.refused) == ((Rule.SUB_8, Rule.MEM_3), pool, Site.SUBSCRIPTION)
    again = subs.pay(pool, 1000, True, Site.SUBSCRIPTION)
    assert (again.rules, again.pool, again.refused, again.asked) == ((Rule.SUB_1,), pool, None, ())


def test_a_subscription_weighs_its_end_too() -> None:
    assert subs.weigh([b"", b"abc"], 100) == 100 + 100 + 6


@pytest.mark.parametrize(
    ("part", "alone", "expected"),
    [
        (b"\x01abc", True, (True, b"abc")),
        (b"\x00abc", True, (False, b"abc")),
        (b"\x01", True, (True, b"")),
        (b"\x00", True, (False, b"")),
        (b"", True, None),
        (b"\x02abc", True, None),
        (b"abc", True, None),
        (b"\x01abc", False, None),
    ],
)
def test_what_an_xsub_sends_is_a_subscription_or_it_is_not(
    part: bytes, alone: bool, expected: tuple[bool, bytes] | None
) -> None:
    assert subs.parse(part, alone) == expected
    if expected is not None:
        assert subs.message(*expected) == part


PUBLISHER = (test_a_publisher_knows_its_subscribers_topics, CHANGES, MESSAGES)
SUBSCRIBER = (test_a_subscriber_knows_its_own_topics, WISHES, MESSAGES)
BOTH = (test_publishers_that_count_and_that_do_not_stay_with_the_subscriber, ONE_TOPIC)
CANCEL = Interests.cancel


def cancel_once(self: Interests, topic: bytes) -> int:
    """As libzmq's subscribers do: one cancel at the end, however many subscriptions were told."""
    return min(1, CANCEL(self, topic))


@pytest.mark.parametrize(
    ("check", "place", "defect"),
    [
        (PUBLISHER, "added", lambda count: Counted(Rule.SUB_1, 1, count == 0)),
        (PUBLISHER, "removed", lambda count: Counted(Rule.SUB_2, 0, count > 0)),
        (PUBLISHER, "ended", lambda count: Counted(Rule.PUB_9, count, False)),
        (PUBLISHER, "_Prefixes.found", lambda self, _: [*self.values.values()]),
        (PUBLISHER, "insort", lambda lengths, length: lengths.append(length)),
        (SUBSCRIBER, "removed", lambda count: Counted(Rule.SUB_2, 0, count > 0)),
        (BOTH, "Interests.cancel", cancel_once),
    ],
)
def test_a_table_that_is_wrong_is_found(
    check: tuple[Any, ...], place: str, defect: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"enomem.model.patterns.subscriptions.{place}", defect)
    test, *drawn = check
    quick = settings(phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError):
        quick(given(*drawn)(test.hypothesis.inner_test))()
