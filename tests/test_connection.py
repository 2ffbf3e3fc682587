"""The machine of a connection's life: one case for each rule, and what is true of every life and every backoff."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.model import connection
from enomem.model.connection import (
    ALLOCATE,
    FINAL,
    LISTENING,
    RECONNECTS,
    RESERVED,
    Event,
    Life,
    Listener,
    Lived,
    Made,
    Phase,
    Reason,
    Reconnect,
    Upkeep,
    delay,
    destroyed,
    final,
    made,
)
from enomem.model.memory import Pool, Site
from enomem.model.rules import Rule, RuleClass

UPKEEP = Upkeep(session=1, engine=2, shake=4, beat=8, timer=16)
ROOM = Pool(100, 40)
ON_ITS_WAY = (Event.ATTEMPT, Event.CONNECTED, Event.GREETED, Event.SHOOK)


def step(
    pool: Pool, rule: Reconnect, life: Life, event: Event, reason: Reason = Reason.LOST, *, wanted: bool = True,
    refuse: Site | None = None,
) -> Lived:  # fmt: skip
    return connection.step(pool, rule, UPKEEP, life, event, reason, wanted, refuse)


def lived(rule: Reconnect, *events: Event, limit: int = 100) -> Lived:
    """A connection that was made by a call, and to which this happened."""
    got = connection.connect(Pool(limit, 0), rule, UPKEEP, None)
    for event in events:
        got = step(got.pool, rule, got.life, event)
    return got


def ending(why: Reason, initiated: bool = True, tries: int = 0, held: int = 31) -> Life:
    return Life(Phase.CLOSING, initiated, tries, held, why)


# --- one case for each rule


def opened_again() -> None:
    for reason in set(Reason) - set(FINAL):
        after = step(ROOM, RESERVED, ending(reason, tries=3), Event.GONE)
        assert (after.rules, after.asked) == ((Rule.CONNECT_1,), ())
        assert after.life == Life(Phase.WAITING, True, 4, 31, reason)
        assert after.pool == ROOM
    assert step(ROOM, RESERVED, ending(Reason.LOST, tries=RESERVED.most), Event.GONE).life.tries == RESERVED.most
    # Under ALLOCATE the attempt's memory goes back, and a timer is asked for.
    got = step(ROOM, ALLOCATE, ending(Reason.LOST, held=15), Event.GONE)
    assert (got.life.held, got.pool.used, [need.site for need in got.asked]) == (17, 42, [Site.TIMER])


def not_ours() -> None:
    for reason, rule in product(Reason, RECONNECTS):
        got = step(ROOM, rule, ending(reason, initiated=False), Event.GONE)
        assert got == Lived((Rule.CONNECT_2, Rule.MEM_4), Pool(100, 9), Life(Phase.CLOSED, False, 0, 0, reason))


def given_up() -> None:
    for reason in FINAL:
        got = step(ROOM, RESERVED, ending(reason), Event.GONE)
        assert got == Lived((Rule.CONNECT_3, Rule.MEM_4), Pool(100, 9), Life(Phase.CLOSED, True, 0, 0, reason))
    assert step(ROOM, RESERVED, ending(Reason.LOST), Event.GONE, wanted=False).rules[0] == Rule.CONNECT_3
    # No memory is final only where it counts as an error of the protocol.
    assert not final(RESERVED, Reason.NO_MEMORY)
    assert final(replace(RESERVED, forgives=False), Reason.NO_MEMORY)


def refused_to_make() -> None:
    for refuse, rule in ((Site.SOCKET, Rule.MEM_3), (None, Rule.MEM_2)):
        pool = Pool(10, 5)
        got = made(pool, Site.SOCKET, 6 if rule == Rule.MEM_2 else 5, refuse)
        assert got == Made((Rule.CONNECT_4, rule), pool, Site.SOCKET)
    assert made(Pool(10, 5), Site.LISTENER, 5, None).pool == Pool(10, 10)
    assert destroyed(Pool(10, 10), 5) == Pool(10, 5)
    for rule, amount in ((RESERVED, 31), (ALLOCATE, 1)):
        got = connection.connect(Pool(100, 0), rule, UPKEEP, None)
        assert (got.pool.used, got.life) == (amount, Life(Phase.WAITING, True, 0, amount, Reason.LOST))
        refused = connection.connect(Pool(amount - 1, 0), rule, UPKEEP, None)
        assert (refused.rules, refused.life) == ((Rule.CONNECT_4, Rule.MEM_2), Life())
        assert refused.pool == Pool(amount - 1, 0)


def refused_to_accept() -> None:
    for rule, amount in ((RESERVED, 31), (ALLOCATE, 3)):
        got = connection.accept(Pool(100, 0), rule, UPKEEP, LISTENING, None)
        assert (got.life, got.listener) == (Life(Phase.GREETING, False, 0, amount, Reason.LOST), LISTENING)
        refused = connection.accept(ROOM, rule, UPKEEP, LISTENING, Site.ACCEPT)
        assert (refused.rules, refused.pool, refused.refused) == ((Rule.CONNECT_5, Rule.MEM_3), ROOM, Site.ACCEPT)
        assert (refused.life.phase, refused.listener) == (Phase.CLOSED, Listener(resting=True))
        assert connection.rested(refused.listener) == LISTENING


def attempted() -> None:
    assert lived(RESERVED, Event.ATTEMPT).rules == (Rule.CONNECT_6,)
    got = lived(ALLOCATE, Event.ATTEMPT)
    assert (got.rules, got.life.held, got.asked[0].site) == ((Rule.CONNECT_6, Rule.MEM_1), 3, Site.RECONNECT)
    # The timer has fired: it is needed no more.
    waits = step(ROOM, ALLOCATE, ending(Reason.LOST, held=15), Event.GONE)
    assert step(waits.pool, ALLOCATE, waits.life, Event.ATTEMPT).life.held == 3


def on_its_way() -> None:
    for rule, amounts in ((RESERVED, [31] * 4), (ALLOCATE, [3, 3, 7, 15])):
        steps = [lived(rule, *ON_ITS_WAY[: count + 1]) for count in range(4)]
        assert [got.life.held for got in steps] == [got.pool.used for got in steps] == amounts
        assert [got.life.phase.value for got in steps] == ["connecting", "greeting", "handshake", "ready"]
        assert [got.rules[0] for got in steps[1:]] == [Rule.CONNECT_7] * 3


def no_memory_on_the_way() -> None:
    for count, site in ((0, Site.RECONNECT), (2, Site.HANDSHAKE), (3, Site.HEARTBEAT)):
        before = lived(ALLOCATE, *ON_ITS_WAY[:count])
        got = step(before.pool, ALLOCATE, before.life, ON_ITS_WAY[count], refuse=site)
        assert (got.rules, got.refused, got.pool) == ((Rule.CONNECT_8, Rule.MEM_3), site, before.pool)
        assert got.life == replace(before.life, phase=Phase.CLOSING, why=Reason.NO_MEMORY)
        assert step(got.pool, ALLOCATE, got.life, Event.GONE).life.phase == Phase.WAITING


def of_use() -> None:
    life = Life(Phase.READY, True, 5, 31)
    got = step(ROOM, RESERVED, life, Event.USED)
    assert (got.rules, got.life) == ((Rule.CONNECT_9,), replace(life, tries=0))
    # Accepted and dropped again, the tries go on: neither a connection nor a handshake is of use.
    got = lived(RESERVED)
    for tries in range(1, 5):
        for event in (*ON_ITS_WAY, Event.END, Event.GONE):
            got = step(got.pool, RESERVED, got.life, event)
        assert got.life.tries == tries


def stalls() -> None:
    ready = lived(ALLOCATE, *ON_ITS_WAY)
    got = step(ready.pool, ALLOCATE, ready.life, Event.STALL)
    assert (got.rules, got.asked, got.pool) == ((Rule.CONNECT_10,), (), ready.pool)
    assert got.life == replace(ready.life, phase=Phase.STALLED)


def goes_on() -> None:
    stalled = lived(RESERVED, *ON_ITS_WAY, Event.STALL)
    got = step(stalled.pool, RESERVED, stalled.life, Event.RESUME)
    assert (got.rules, got.life.phase) == ((Rule.CONNECT_11,), Phase.READY)


def ends() -> None:
    for phase, reason in product(set(Phase) - {Phase.CLOSING, Phase.CLOSED}, Reason):
        got = step(ROOM, ALLOCATE, Life(phase, True, 2, 7), Event.END, reason)
        assert got == Lived((Rule.CONNECT_12,), ROOM, Life(Phase.CLOSING, True, 2, 7, reason))


def no_timer() -> None:
    got = step(ROOM, ALLOCATE, ending(Reason.LOST, held=15), Event.GONE, refuse=Site.TIMER)
    assert (got.rules, got.refused) == ((Rule.CONNECT_13, Rule.MEM_3), Site.TIMER)
    assert (got.pool.used, got.life) == (25, Life(Phase.CLOSED, True, 1, 0, Reason.NO_MEMORY))


def too_late() -> None:
    for event in Event:
        assert step(ROOM, RESERVED, Life(), event) == Lived((Rule.CONNECT_14,), ROOM, Life())


CASES: dict[Rule, Callable[[], None]] = {
    Rule.CONNECT_1: opened_again,
    Rule.CONNECT_2: not_ours,
    Rule.CONNECT_3: given_up,
    Rule.CONNECT_4: refused_to_make,
    Rule.CONNECT_5: refused_to_accept,
    Rule.CONNECT_6: attempted,
    Rule.CONNECT_7: on_its_way,
    Rule.CONNECT_8: no_memory_on_the_way,
    Rule.CONNECT_9: of_use,
    Rule.CONNECT_10: stalls,
    Rule.CONNECT_11: goes_on,
    Rule.CONNECT_12: ends,
    Rule.CONNECT_13: no_timer,
    Rule.CONNECT_14: too_late,
}


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.value)
def test_a_rule(rule: Rule) -> None:
    CASES[rule]()


def test_no_rule_is_forgotten() -> None:
    assert set(CASES) == {rule for rule in Rule if rule.value.startswith("CONNECT-")}


# --- every life


@given(
    st.sampled_from(RECONNECTS), st.integers(0, 60), st.booleans(),
    st.lists(st.tuples(st.sampled_from(Event), st.sampled_from(Reason), st.booleans(), st.sampled_from([None, *Site])))
)  # fmt: skip
def test_whatever_happens_the_accounts_are_right(
    rule: Reconnect, limit: int, initiated: bool, story: list[tuple[Event, Reason, bool, Site | None]]
) -> None:
    """A step for every event in every phase; what is used is what is held; a refusal takes nothing."""
    pool = Pool(limit, 0)
    if initiated:
        got = connection.connect(pool, rule, UPKEEP, None)
    else:
        got = connection.accept(pool, rule, UPKEEP, LISTENING, None)
    for event, reason, wanted, refuse in story:
        before = got
        got = connection.step(before.pool, rule, UPKEEP, before.life, event, reason, wanted, refuse)
        assert got.pool.used == got.life.held
        assert 0 <= got.pool.used <= limit
        assert got.life.initiated == initiated
        assert (got.refused is not None) == (got.rules[0].kind == RuleClass.OOM and event != Event.STALL)
        if got.refused is not None:
            assert got.pool.used <= before.pool.used
        if got.life.phase == Phase.CLOSED:
            assert got.life.held == 0
        if rule is RESERVED:
            assert got.asked == ()
            assert got.life.held in (0, UPKEEP.whole)
            if got.life.phase == Phase.CLOSED and before.life.phase != Phase.CLOSED:
                assert not initiated or not wanted or before.life.why in FINAL


# --- backoff


@given(
    st.integers(0, 100), st.integers(0, 10_000), st.integers(0, 1_000_000), st.floats(0, 1, exclude_max=True)
)  # fmt: skip
def test_the_delay_grows_and_is_bounded(tries: int, interval: int, longest: int, jitter: float) -> None:
    plain = [delay(count, interval, longest, 0.0) for count in (tries, tries + 1)]
    assert interval <= plain[0] <= plain[1] <= max(interval, longest)
    if tries and interval and longest > interval and plain[0] < longest:
        assert plain[1] == min(longest, 2 * plain[0])
    assert plain[0] <= delay(tries, interval, longest, jitter) <= plain[0] + interval


def test_the_delay_begins_with_the_interval() -> None:
    assert [delay(tries, 100, 1000, 0.0) for tries in range(1, 7)] == [100, 200, 400, 800, 1000, 1000]
    assert delay(4, 100, 0, 0.5) == 150
