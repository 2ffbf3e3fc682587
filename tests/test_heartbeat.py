"""The heartbeat's clock: one case for each rule, and what is true of every clock that is looked at when it says so."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from enomem.model import heartbeat
from enomem.model.heartbeat import SIGN, Beat, Pulse, pulse, sign, unheard
from enomem.model.rules import Rule


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


def who_does_not_read() -> None:
    # What the peer said may lie there unread; the clock begins anew.
    assert unheard(1000, 100, True) == 100
    assert unheard(1000, 100, False) == 1000
    assert pulse(1000, unheard(1000, 100, False), 900, 100, 50, 0).beat != Beat.DEAD
    assert pulse(1000, unheard(1000, 100, True), 900, 100, 50, 0).beat == Beat.DEAD


def says_that_it_lives() -> None:
    assert sign(True, 100) == sign(True, 0) == 0
    assert sign(False, 100) == 100
    assert sign(False, 0) == SIGN


CASES: dict[Rule, Callable[[], None]] = {
    Rule.HEART_1: ping,
    Rule.HEART_2: no_answer,
    Rule.HEART_3: silent_for_its_time_to_live,
    Rule.HEART_4: who_does_not_read,
    Rule.HEART_5: says_that_it_lives,
}


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.value)
def test_a_rule(rule: Rule) -> None:
    CASES[rule]()


def test_no_rule_is_forgotten() -> None:
    assert set(CASES) == {rule for rule in Rule if rule.value.startswith("HEART-")}


def test_nothing_is_looked_at_again_where_nothing_is_due() -> None:
    assert pulse(1000, 900, -1, 0, 0, 0).again == -1
    # Unanswered, and no timeout: the next thing that happens is what the peer sends.
    assert pulse(5000, 880, 900, 100, 0, 0) == Pulse(Rule.HEART_1, Beat.WAIT, -1)


# --- heartbeats

MOMENTS = st.integers(0, 3000)
SPANS = st.one_of(st.just(0), st.integers(0, 1000))


ANY_MOMENT = given(MOMENTS, SPANS, st.one_of(st.just(-1), SPANS), SPANS, SPANS, SPANS)


def look(now: int, silent: int, since: int, interval: int, timeout: int, ttl: int) -> None:
    """Look at the clock when the peer is ``silent`` for so long and was pinged ``since`` so long (-1 never)."""
    heard, pinged = now - silent, now - since if since >= 0 else -1
    assume(heard >= 0)
    assume(pinged >= -1)
    got = heartbeat.pulse(now, heard, pinged, interval, timeout, ttl)
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
        got = heartbeat.pulse(now, heard, pinged, interval, timeout, 0)
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
    monkeypatch.setattr(heartbeat, "pulse", mutant)
    found = settings(phases=[Phase.generate], report_multiple_bugs=False)(ANY_MOMENT(look))
    with pytest.raises(AssertionError):
        found()
