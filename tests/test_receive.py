"""The receive machine and the link: one case for each rule, and what is true of any sequence of steps."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from enomem.model import link, receive
from enomem.model.memory import Pool, Site
from enomem.model.pipe import Pipe
from enomem.model.receive import Inbox, Reading, Received
from enomem.model.receive_policies import BOUNDED_WAIT, CLOSE, FOR_EVER, THRESHOLD, WAIT, ReceivePolicy, Stall, Unread
from enomem.model.rules import Rule
from enomem.model.send import Sizes

OPEN, STALLED, AT_BODY, CLOSED = Reading
LONGEST = BOUNDED_WAIT.longest
NO = Site.RECEIVE_BODY
POOL = Pool(100, 10)


# --- one case for each rule


def queued() -> None:
    got = receive.arrived(POOL, BOUNDED_WAIT, Inbox(1, 4, 6), 2, 30, 5, None)
    assert got.rules == (Rule.RECEIVE_1, Rule.MEM_1)
    # Of 30 units, 4 were charged when they were the half of a message; 5 are of the next one.
    assert (got.taken, got.pool, got.inbox) == (True, Pool(100, 41), Inbox(3, 5, 36, OPEN))


def less_is_half_read_than_was() -> None:
    got = receive.arrived(POOL, BOUNDED_WAIT, Inbox(0, 8, 0), 0, 0, 3, None)
    assert (got.pool, got.inbox, got.asked[0].amount) == (Pool(100, 5), Inbox(0, 3, 0), 0)


def refused_and_stalled() -> None:
    inbox = Inbox(1, 4, 6)
    for got, at in (
        (receive.arrived(POOL, BOUNDED_WAIT, inbox, 2, 30, 5, NO), STALLED),
        (receive.body(POOL, BOUNDED_WAIT, inbox, 50, NO), AT_BODY),
    ):
        assert got.rules == (Rule.RECEIVE_2, Rule.MEM_3)
        assert (got.taken, got.refused, got.pool) == (False, NO, POOL)
        assert got.inbox == replace(inbox, reading=at, longest=LONGEST)
        assert receive.stalled(got.inbox)
    full = receive.arrived(Pool(40, 10), BOUNDED_WAIT, inbox, 2, 32, 5, None)
    assert (full.rules, full.inbox.reading) == ((Rule.RECEIVE_2, Rule.MEM_2), STALLED)


def asked_of_its_policy() -> None:
    """Each is shown what was wanted and what is held, and waits as it says."""
    shown: list[Unread] = []

    class Mine(ReceivePolicy):
        def refused(self, reader: Unread) -> Stall:
            shown.append(reader)
            return Stall(7)

    got = receive.body(Pool(100, 60), Mine(), Inbox(0, 4, 0), 41, None)
    assert shown == [Unread(41, 4, 60, 100, NO)]
    assert got.inbox == Inbox(0, 4, 0, AT_BODY, 7)
    assert receive.body(Pool(9, 9), WAIT, Inbox(0, 9, 0), 99, None).inbox.longest == FOR_EVER
    assert receive.body(Pool(9, 9), CLOSE, Inbox(0, 1, 0), 1, None).inbox.reading == CLOSED
    small, large = (receive.body(Pool(9, 9), replace(THRESHOLD, most=5), Inbox(), size, None) for size in (5, 6))
    assert (small.inbox.reading, large.inbox.reading) == (AT_BODY, CLOSED)
    with pytest.raises(NotImplementedError, match="ReceivePolicy does not say"):
        receive.body(Pool(9, 9), ReceivePolicy(), Inbox(), 1, None)


def a_place_in_the_queue() -> None:
    """It is asked for at a site of its own, after the bodies that are not charged yet."""
    got = receive.arrived(POOL, BOUNDED_WAIT, Inbox(0, 9, 0), 1, 12, 0, None, 3)
    assert [(need.site, need.amount) for need in got.asked] == [(Site.RECEIVE_SLOT, 3)]
    both = receive.arrived(POOL, BOUNDED_WAIT, Inbox(0, 9, 0), 1, 14, 0, Site.RECEIVE_SLOT, 3)
    assert (both.refused, both.inbox.reading) == (Site.RECEIVE_SLOT, STALLED)
    more = receive.arrived(POOL, BOUNDED_WAIT, Inbox(0, 9, 0), 1, 14, 0, None, 3)
    assert [need.amount for need in more.asked] == [2, 3]


def gone_on() -> None:
    for reading in (STALLED, AT_BODY):
        stalled = Inbox(1, 4, 6, reading, LONGEST)
        for got in (
            receive.arrived(POOL, BOUNDED_WAIT, stalled, 1, 5, 0, None),
            receive.body(POOL, BOUNDED_WAIT, stalled, 1, None),
        ):  # fmt: skip
            assert got.rules[1:] == (Rule.RECEIVE_10, Rule.MEM_1)
            assert (got.inbox.reading, got.inbox.longest) == (OPEN, 0)


def refused_and_closed() -> None:
    # More than the pool could ever hold beside the half of the message.
    got = receive.body(Pool(100, 4), BOUNDED_WAIT, Inbox(0, 4, 0), 97, None)
    assert (got.rules, got.taken, got.pool) == ((Rule.RECEIVE_3, Rule.MEM_2), False, Pool(100, 4))
    assert got.inbox == Inbox(0, 4, 0, CLOSED)
    # Nor could it hold the rest beside what is read whole.
    alone = receive.arrived(Pool(10, 8), BOUNDED_WAIT, Inbox(0, 8, 0), 1, 8, 4, None)
    assert (alone.rules, alone.inbox.reading) == ((Rule.RECEIVE_3, Rule.MEM_2), CLOSED)
    # A refusal for no visible reason may end, however little there is in use.
    assert receive.body(Pool(10, 4), BOUNDED_WAIT, Inbox(0, 4, 0), 6, NO).rules == (Rule.RECEIVE_2, Rule.MEM_3)


def announced() -> None:
    got = receive.body(POOL, BOUNDED_WAIT, Inbox(1, 4, 6, STALLED), 90, None)
    assert got.rules == (Rule.RECEIVE_4, Rule.RECEIVE_10, Rule.MEM_1)
    assert (got.pool, got.inbox, got.taken) == (Pool(100, 100), Inbox(1, 94, 6, OPEN), True)
    assert [(need.site, need.amount) for need in got.asked] == [(NO, 90)]


def queue_full() -> None:
    assert [receive.room(Inbox(messages), 3) for messages in (0, 2, 3, 4)] == [3, 1, 0, 0]
    assert receive.room(Inbox(1000), 0) > 1000
    assert receive.room(Inbox(0, reading=CLOSED), 3) == 0
    assert [receive.low(Inbox(messages), 4) for messages in (4, 3, 2, 0)] == [False, False, True, True]
    assert receive.low(Inbox(0), 1)
    assert not receive.low(Inbox(1), 1)


def wait_ended() -> None:
    assert receive.waited(Inbox(2, 4, 6, STALLED, LONGEST)) == Inbox(2, 4, 6, CLOSED)
    for_ever = Inbox(2, 4, 6, AT_BODY, FOR_EVER)
    assert receive.waited(for_ever) == for_ever


def taken_out() -> None:
    assert receive.taken(Inbox(2, 4, 6, STALLED), 5) == Inbox(1, 4, 1, STALLED)
    assert receive.handed(POOL, 5) == Pool(100, 5)


def connection_ended() -> None:
    assert receive.broken(POOL, Inbox(2, 4, 6, CLOSED)) == (Pool(100, 6), Inbox(2, 0, 6, OPEN))


def socket_closed() -> None:
    assert receive.dropped(POOL, Inbox(2, 4, 6, STALLED)) == (Pool(100, 0), Inbox())


def written() -> None:
    assert link.written(POOL, 7) == Pool(100, 3)
    assert link.lost(POOL, 7) == Pool(100, 3)


CASES: dict[Rule, tuple[Callable[[], None], ...]] = {
    Rule.RECEIVE_1: (queued, less_is_half_read_than_was, a_place_in_the_queue),
    Rule.RECEIVE_2: (refused_and_stalled, asked_of_its_policy),
    Rule.RECEIVE_3: (refused_and_closed,),
    Rule.RECEIVE_4: (announced,),
    Rule.RECEIVE_5: (queue_full,),
    Rule.RECEIVE_6: (wait_ended,),
    Rule.RECEIVE_7: (taken_out,),
    Rule.RECEIVE_8: (connection_ended,),
    Rule.RECEIVE_9: (socket_closed,),
    Rule.RECEIVE_10: (gone_on,),
    Rule.LINK_5: (written,),
}


@pytest.mark.parametrize(
    ("rule", "case"),
    [(rule, case) for rule, cases in CASES.items() for case in cases],
    ids=lambda value: getattr(value, "value", None) or value.__name__,
)
def test_a_rule(rule: Rule, case: Callable[[], None]) -> None:
    case()


def test_no_rule_is_forgotten() -> None:
    assert set(CASES) == {rule for rule in Rule if rule.value.startswith("RECEIVE-")} | {Rule.LINK_5}


def test_several_messages_are_begun_as_if_one_after_the_other() -> None:
    sizes, pool, pipe = Sizes(1, 3, 2), Pool(100, 40), Pipe(messages=3, parts=7, tail=1, front=1)
    one_pipe, one_pool = pipe, pool
    for parts in (2, 1, 4):
        one_pipe, one_pool = link.begin(sizes, one_pool, one_pipe, parts)
    assert link.begin(sizes, pool, pipe, 7, 3) == (one_pipe, one_pool)
    assert one_pool == Pool(100, 40 - 3 * 4)


# --- any sequence of steps


@dataclass
class World:
    """A connection, what it was given, and what the application has at hand; all of it counted apart."""

    pool: Pool
    others: int
    inbox: Inbox
    waiting: list[int]
    half: int = 0
    at_hand: int = 0

    def check(self) -> None:
        """The books add up, and the pool keeps its bound."""
        inbox, pool = self.inbox, self.pool
        assert pool.used == self.others + inbox.half + inbox.whole + self.at_hand
        assert pool.used <= pool.limit
        assert (inbox.messages, inbox.whole, inbox.half) == (len(self.waiting), sum(self.waiting), self.half)

    def refused(self, got: Received, asked: int) -> None:
        """Nothing has changed but whether it reads; and it waits only for what may come."""
        assert got.pool == self.pool
        assert replace(got.inbox, reading=OPEN, longest=0) == replace(self.inbox, reading=OPEN, longest=0)
        assert got.rules[0] in (Rule.RECEIVE_2, Rule.RECEIVE_3)
        assert (got.inbox.reading == CLOSED) == (got.rules[0] == Rule.RECEIVE_3)
        if self.half + asked > self.pool.limit:
            assert got.inbox.reading == CLOSED
        elif self.pool.used > self.half:
            assert receive.stalled(got.inbox)


UNITS = st.integers(0, 12)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrived"), st.lists(st.integers(1, 9), max_size=3), UNITS, st.booleans()),
        st.tuples(st.just("body"), UNITS, st.booleans()),
        st.tuples(st.sampled_from(["taken", "handed", "broken", "dropped", "waited", "others"]), UNITS),
    ),
    max_size=25,
)


def step(world: World, action: tuple[Any, ...]) -> None:
    """One step of the machine, and the same thing counted apart."""
    name, *arguments = action
    match name:
        case "arrived":
            sizes, half, refuse = arguments
            # The first message ends what was half read.
            sizes = [max(sizes[0], world.half), *sizes[1:]] if sizes else []
            half = half if sizes else max(half, world.half)
            got = receive.arrived(
                world.pool, BOUNDED_WAIT, world.inbox, len(sizes), sum(sizes), half, NO if refuse else None
            )
            if got.taken:
                world.waiting += sizes
                world.half = half
                assert (got.rules[0], got.inbox.reading) == (Rule.RECEIVE_1, OPEN)
            else:
                world.refused(got, sum(sizes) + half - world.half)
            world.pool, world.inbox = got.pool, got.inbox
        case "body":
            size, refuse = arguments
            got = receive.body(world.pool, BOUNDED_WAIT, world.inbox, size, NO if refuse else None)
            if got.taken:
                world.half += size
            else:
                world.refused(got, size)
            world.pool, world.inbox = got.pool, got.inbox
        case "taken" if world.waiting:
            amount = world.waiting.pop(0)
            world.inbox = receive.taken(world.inbox, amount)
            world.at_hand += amount
        case "handed":
            amount = min(arguments[0], world.at_hand)
            world.pool = receive.handed(world.pool, amount)
            world.at_hand -= amount
        case "broken":
            world.pool, world.inbox = receive.broken(world.pool, world.inbox)
            world.half = 0
        case "dropped":
            world.pool, world.inbox = receive.dropped(world.pool, world.inbox)
            world.waiting, world.half = [], 0
        case "waited" if receive.stalled(world.inbox):
            world.inbox = receive.waited(world.inbox)
            assert receive.room(world.inbox, 5) == 0
        case "others":
            amount = min(arguments[0], world.pool.limit - world.pool.used)
            world.pool = Pool(world.pool.limit, world.pool.used + amount)
            world.others += amount


def walk(limit: int, others: int, actions: list[tuple[Any, ...]]) -> None:
    """A sequence of steps, with a look at the books after each; at the end all goes back."""
    others = min(others, limit)
    world = World(Pool(limit, others), others, Inbox(), [])
    for action in actions:
        step(world, action)
        world.check()
    pool, inbox = receive.dropped(world.pool, world.inbox)
    assert (pool.used, inbox) == (world.others + world.at_hand, Inbox())


ANY_WALK = given(st.integers(1, 60), UNITS, STEPS)


@ANY_WALK
def test_the_books_add_up_after_any_steps(limit: int, others: int, actions: list[tuple[Any, ...]]) -> None:
    walk(limit, others, actions)


def charges_the_half_again(
    pool: Pool, policy: ReceivePolicy, inbox: Inbox, messages: int, amount: int, half: int, refuse: Any
) -> Received:
    return _arrived(pool, policy, replace(inbox, half=0), messages, amount, half, refuse)


def keeps_the_half(pool: Pool, inbox: Inbox) -> tuple[Pool, Inbox]:
    return pool, replace(inbox, half=0)


def charges_though_refused(pool: Pool, policy: ReceivePolicy, inbox: Inbox, size: int, refuse: Any) -> Received:
    got = _body(pool, policy, inbox, size, refuse)
    return got if got.taken else replace(got, pool=Pool(pool.limit, pool.used + 1))


def waits_for_ever(pool: Pool, policy: ReceivePolicy, inbox: Inbox, size: int, at: Reading, grant: Any) -> Received:
    return Received(
        (Rule.RECEIVE_2, grant.rule), pool, replace(inbox, reading=at, longest=FOR_EVER), False, grant.refused
    )


def never_waits(pool: Pool, policy: ReceivePolicy, inbox: Inbox, size: int, at: Reading, grant: Any) -> Received:
    return Received((Rule.RECEIVE_3, grant.rule), pool, replace(inbox, reading=CLOSED), False, grant.refused)


_arrived, _body = receive.arrived, receive.body


@pytest.mark.parametrize(
    ("place", "mutant"),
    [
        ("arrived", charges_the_half_again), ("broken", keeps_the_half), ("body", charges_though_refused),
        ("_no_memory", waits_for_ever), ("_no_memory", never_waits),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_a_defect_does_not_add_up(place: str, mutant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, place, mutant)
    found = settings(phases=[Phase.generate], report_multiple_bugs=False)(ANY_WALK(walk))
    with pytest.raises(AssertionError):
        found()
