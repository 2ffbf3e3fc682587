"""The machine of a connection's life: one case for each rule, and what is true of every backoff and every heartbeat."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from enomem.model import connection
from enomem.model.connection import FINAL, Beat, Made, Next, Pulse, Reason, destroyed, ended, made, pulse
from enomem.model.memory import Pool, Site
from enomem.model.rules import Rule

# --- one case for each rule


def opened_again() -> None:
    for reason in set(Reason) - set(FINAL):
        after = ended(reason, True, 0, 100, 0, 0.0)
        assert (after.rules, after.then, after.delay, after.tries) == ((Rule.CONNECT_1,), Next.RECONNECT, 100, 1)
    assert [ended(Reason.LOST, True, tries, 100, 1000, 0.0).delay for tries in range(6)] == [
        100, 200, 400, 800, 1000, 1000,
    ]  # fmt: skip
    # No memory is not the peer's fault.
    assert ended(Reason.NO_MEMORY, True, 3, 100, 0, 0.5).delay == 150


def not_ours() -> None:
    for reason in Reason:
        assert ended(reason, False, 2, 100, 0, 0.0) == connection.Ended((Rule.CONNECT_2,), Next.DESTROY)


def final() -> None:
    for reason in FINAL:
        assert ended(reason, True, 2, 100, 0, 0.0) == connection.Ended((Rule.CONNECT_3,), Next.DESTROY)
    assert ended(Reason.LOST, True, 0, -1, 0, 0.0).rules == (Rule.CONNECT_3,)


def refused_to_make() -> None:
    for refuse, rule in ((Site.SOCKET, Rule.MEM_3), (None, Rule.MEM_2)):
        pool = Pool(10, 5)
        got = made(pool, Site.SOCKET, 6 if rule == Rule.MEM_2 else 5, False, refuse)
        assert (got.rules, got.pool, got.refused) == ((Rule.CONNECT_4, rule), pool, Site.SOCKET)
    assert made(Pool(10, 5), Site.LISTENER, 5, False, None).pool == Pool(10, 10)
    assert destroyed(Pool(10, 10), 5) == Pool(10, 5)


def refused_to_accept() -> None:
    got = made(Pool(10, 5), Site.CONNECTION, 5, True, Site.CONNECTION)
    assert got == Made((Rule.CONNECT_5, Rule.MEM_3), Pool(10, 5), Site.CONNECTION)


def ping() -> None:
    assert pulse(1000, 990, -1, 100, 50, 0) == Pulse(Rule.HEART_1, Beat.PING)
    assert pulse(1000, 990, 900, 100, 50, 0) == Pulse(Rule.HEART_1, Beat.PING)
    assert pulse(1000, 990, 950, 100, 50, 0) == Pulse(Rule.HEART_1, Beat.WAIT, 1050)
    # Unanswered: the next one waits for the answer, and the clock for the end of the patience.
    assert pulse(1000, 880, 900, 100, 150, 0) == Pulse(Rule.HEART_1, Beat.WAIT, 1050)


def no_answer() -> None:
    assert pulse(1000, 880, 900, 100, 100, 0) == Pulse(Rule.HEART_2, Beat.DEAD)
    assert pulse(999, 880, 900, 100, 100, 0).beat == Beat.WAIT
    # Whatever came is an answer.
    assert pulse(1000, 900, 900, 200, 100, 0).beat == Beat.WAIT


def silent_for_its_time_to_live() -> None:
    assert pulse(1000, 500, -1, 0, 0, 500) == Pulse(Rule.HEART_3, Beat.DEAD)
    assert pulse(999, 500, -1, 0, 0, 500) == Pulse(Rule.HEART_1, Beat.WAIT, 1000)


CASES: dict[Rule, Callable[[], None]] = {
    Rule.CONNECT_1: opened_again,
    Rule.CONNECT_2: not_ours,
    Rule.CONNECT_3: final,
    Rule.CONNECT_4: refused_to_make,
    Rule.CONNECT_5: refused_to_accept,
    Rule.HEART_1: ping,
    Rule.HEART_2: no_answer,
    Rule.HEART_3: silent_for_its_time_to_live,
}


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.value)
def test_a_rule(rule: Rule) -> None:
    CASES[rule]()


def test_no_rule_is_forgotten() -> None:
    assert set(CASES) == {rule for rule in Rule if rule.value.startswith(("CONNECT-", "HEART-"))}


def test_nothing_is_looked_at_again_where_nothing_is_due() -> None:
    assert pulse(1000, 900, -1, 0, 0, 0).again == -1
    # Unanswered, and no timeout: the next thing that happens is what the peer sends.
    assert pulse(5000, 880, 900, 100, 0, 0) == Pulse(Rule.HEART_1, Beat.WAIT, -1)


# --- backoff


@given(
    st.sampled_from([reason for reason in Reason if reason not in FINAL]), st.integers(0, 100), st.integers(0, 10_000),
    st.integers(0, 1_000_000), st.floats(0, 1, exclude_max=True),
)  # fmt: skip
def test_the_delay_grows_and_is_bounded(reason: Reason, tries: int, interval: int, longest: int, jitter: float) -> None:
    plain = [ended(reason, True, count, interval, longest, 0.0) for count in (tries, tries + 1)]
    assert interval <= plain[0].delay <= plain[1].delay <= max(interval, longest)
    if interval and longest > interval and plain[0].delay < longest:
        assert plain[1].delay == min(longest, 2 * plain[0].delay)
    shaken = ended(reason, True, tries, interval, longest, jitter)
    assert plain[0].delay <= shaken.delay <= plain[0].delay + interval
    assert (shaken.tries, shaken.then, shaken.rules) == (tries + 1, Next.RECONNECT, (Rule.CONNECT_1,))


# --- heartbeats

MOMENTS = st.integers(0, 3000)
SPANS = st.one_of(st.just(0), st.integers(0, 1000))


ANY_MOMENT = given(MOMENTS, SPANS, st.one_of(st.just(-1), SPANS), SPANS, SPANS, SPANS)


def look(now: int, silent: int, since: int, interval: int, timeout: int, ttl: int) -> None:
    """Look at the clock when the peer is ``silent`` for so long and was pinged ``since`` so long (-1 never)."""
    heard, pinged = now - silent, now - since if since >= 0 else -1
    assume(heard >= 0)
    assume(pinged >= -1)
    got = connection.pulse(now, heard, pinged, interval, timeout, ttl)
    unanswered = interval > 0 and pinged >= 0 and heard < pinged
    deadlines = [heard + ttl] if ttl else []
    deadlines += [pinged + timeout] if unanswered and timeout else []
    assert (got.beat == Beat.DEAD) == any(deadline <= now for deadline in deadlines)
    if interval > 0 and not unanswered:
        due = now if pinged < 0 else pinged + interval
        deadlines.append(due)
        if got.beat != Beat.DEAD:
            assert (got.beat == Beat.PING) == (due <= now)
    else:
        assert got.beat != Beat.PING
    if got.beat == Beat.WAIT:
        # At the first deadline and no sooner: a look in between would find nothing to do.
        assert got.again == min(deadlines, default=-1)
        assert got.again == -1 or got.again > now


@given(st.integers(1, 500), st.integers(0, 500), st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=20))
def test_a_peer_that_answers_lives_and_one_that_does_not_dies(
    interval: int, timeout: int, events: list[tuple[bool, int]]
) -> None:
    """A clock that is looked at when it says so, and a peer that answers the next PING, or not, after some time."""
    now, heard, pinged = 0, 0, 0
    for answers, delay in events:
        got = connection.pulse(now, heard, pinged, interval, timeout, 0)
        if got.beat == Beat.DEAD:
            assert timeout > 0
            assert now - pinged >= timeout
            return
        if got.beat == Beat.PING:
            pinged, heard = now, min(heard, now - 1)
            if answers and (timeout == 0 or delay < timeout):
                now += delay
                heard = now
            continue
        if got.again < 0:
            return
        assert got.again > now
        now = got.again


test_a_heartbeat_misses_no_deadline = ANY_MOMENT(look)


def always_again(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    got = pulse(now, heard, pinged, interval, timeout, ttl)
    return Pulse(got.rule, got.beat, now + 1) if got.beat == Beat.WAIT else got


def forgets_the_peers_time(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    return pulse(now, heard, pinged, interval, timeout, 0)


def pings_on(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    return pulse(now, max(heard, pinged), pinged, interval, timeout, ttl)


@pytest.mark.parametrize("mutant", [always_again, forgets_the_peers_time, pings_on], ids=lambda mutant: mutant.__name__)
def test_a_defect_misses_one(mutant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "pulse", mutant)
    found = settings(phases=[Phase.generate], report_multiple_bugs=False)(ANY_MOMENT(look))
    with pytest.raises(AssertionError):
        found()
