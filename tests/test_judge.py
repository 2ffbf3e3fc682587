"""Tasks, and the counterexamples that must come out by themselves, with the lengths of their shortest traces."""

import os

import pytest

from enomem.checks.judging import firing, judge
from enomem.checks.judging.firing import Where
from enomem.checks.judging.judge import Finding, Task
from enomem.checks.policies.file import load_policy
from enomem.checks.senders import plan
from enomem.checks.senders.plan import ALONE, ANY, Engine, Scope
from enomem.checks.traces import sender as sender_trace
from enomem.checks.words import wording

LONE, TIGHT = 0, 1
DEEP = os.environ.get("ENOMEM_DEEP") == "1"


def found(engine: Engine, policy: str, recovery: str, number: int = 0, scope: Scope | None = None) -> Finding:
    return judge.run(Task(engine, policy, recovery, number=number, scope=scope), lambda _: None)


def story(finding: Finding, identifier: str) -> tuple[int, str]:
    trace = finding.traces[identifier]
    assert sender_trace.replay(trace, load_policy) == []
    return len(trace["steps"]), wording.show(sender_trace.trace_of(trace, load_policy), "text")


def test_the_splice() -> None:
    bounds = {"senders": 1, "parts": 2, "memory": 4}
    finding = judge.run(Task(Engine.SEARCH, "KEEP", "NEXT", bounds), lambda _: None)
    length, text = story(finding, "SAFE-WHOLE")
    assert length == 7
    assert "[A1, B1, B2], which nobody sent" in text


def test_the_doubled_head() -> None:
    length, text = story(judge.run(Task(Engine.SEARCH, "KEEP", "RESTART", {"memory": 4}), lambda _: None), "SAFE-WHOLE")
    assert length == 7
    assert "[A1, A1, A2], which nobody sent" in text


def test_the_tail_alone() -> None:
    length, text = story(found(Engine.SEARCH, "DISCARD", "RESUME", TIGHT), "SAFE-WHOLE")
    assert length == 6
    assert "happened: [A2], which nobody sent" in text


def test_a_retry_swallowed_in_silence() -> None:
    length, text = story(found(Engine.SEARCH, "SKIP", "RESTART", TIGHT), "SAFE-LOUD")
    assert length == 3
    assert "send(A2) said ok, and message A was never committed" in text


def test_two_senders_each_hold_half_a_message_for_ever() -> None:
    length, text = story(found(Engine.SEARCH, "KEEP", "RESUME", TIGHT), "LIVE-DEADLOCK")
    assert length == 2
    assert "A holds [A1] and gets no memory for A2; B holds [B1] and gets no memory for B2" in text


def test_two_senders_roll_back_in_turn_for_ever() -> None:
    finding = found(Engine.LIVENESS, "DISCARD", "RESTART", 0)
    length, text = story(finding, "LIVE-PROGRESS")
    assert (finding.traces["LIVE-PROGRESS"]["cycle"], length) == (1, 5)
    assert "-- from here for ever --" in text
    assert text.count("dropped") == 2


def test_state_counts_of_the_searches() -> None:
    counts = [found(Engine.SEARCH, "DISCARD", "RESTART", n) for n in range(len(plan.SAFETY))]
    assert [(f.states, f.transitions) for f in counts] == PINNED
    assert all(f.stopped is None and not f.traces for f in counts)


PINNED = [(266, 818), (2172, 9762), (2652, 13058), (4488, 21106), (520, 3071)]


def test_every_rule_of_senders_fires_in_some_search() -> None:
    fired = set()
    for policy in ("DISCARD", "KEEP", "SKIP", "RESERVE"):
        for recovery in ("RESTART", "NEXT"):
            fired |= set(found(Engine.SEARCH, policy, recovery, TIGHT).fired)
    assert fired == {rule.value for rule in firing.rules(Where.SENDERS)}


@pytest.mark.parametrize("number", range(len(plan.needed())))
def test_each_assumption_is_needed(number: int) -> None:
    finding = found(Engine.NEEDED, "DISCARD", "RESTART", number)
    assert set(finding.traces) == {plan.needed()[number].identifier}


@pytest.mark.parametrize("recovery", ["RESTART", "NEXT"])
@pytest.mark.parametrize("scope", [ALONE, ANY, *(Scope(n, False) for n in range(1, 6))], ids=lambda scope: scope.title)
def test_discard_is_proved_for_one_to_five_and_any_number_of_senders(recovery: str, scope: Scope) -> None:
    finding = found(Engine.PROOF, "DISCARD", recovery, scope=scope)
    assert [name for name, verdict in finding.proved.items() if verdict is not True] == []
    assert set(finding.proved) >= {"SAFE-WHOLE", "SAFE-TOTAL", "SAFE-COMMIT", "LIVE-DEADLOCK"}


@pytest.mark.parametrize("senders", [1, 2, 3] if not DEEP else [1, 2, 3, 4, 5])
def test_reserve_is_proved(senders: int) -> None:
    finding = found(Engine.PROOF, "RESERVE", "RESTART", scope=Scope(senders, False))
    assert all(verdict is True for verdict in finding.proved.values())


def test_keep_is_not_proved_free_of_deadlock_and_a_proof_beyond_an_odd_message_is_none() -> None:
    kept = found(Engine.PROOF, "KEEP", "RESUME", scope=ANY)
    assert {name for name, verdict in kept.proved.items() if not verdict} == {"SAFE-CLEAN", "LIVE-DEADLOCK"}
    spliced = found(Engine.PROOF, "KEEP", "NEXT", scope=ANY)
    assert set(spliced.proved.values()) == {None}
    assert "does not cover" in spliced.note
