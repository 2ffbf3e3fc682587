"""Every refusal of every scenario: only outcomes that the spec names, nothing partial, nothing left, nothing hangs."""

import pytest

from enomem import DISCARD, SKIP, SendPolicy, Site
from enomem.model.memory import NEVER
from enomem.model.rules import Rule

from .environment import NOTHING, Plan
from .scenarios import LEFT, RIGHT, SCENARIOS, Scenario
from .sweep import play, sweep

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
CASES = [
    (scenario, victim, policy)
    for scenario in SCENARIOS
    for victim, policies in scenario.tried.items()
    for policy in policies
]


def title(value: object) -> str:
    return value if isinstance(value, str) else str(getattr(value, "name", value))


@pytest.mark.parametrize(("scenario", "victim", "policy"), CASES, ids=title)
def test_every_refusal_has_an_outcome_that_is_named(scenario: Scenario, victim: str, policy: SendPolicy) -> None:
    swept = sweep(scenario, policy, victim)
    assert swept.points > 0
    # A sweep that refuses nothing shows nothing: each site that was asked was refused, and nearly each run refused
    # something (where a run is shorter than the one that was counted, its last windows find nothing to refuse).
    assert set(swept.asked) <= set(swept.refused)
    assert len(swept.in_vain) <= swept.runs // 5
    assert swept.runs > swept.points * (swept.points + 1) // 2


def test_all_sites_are_asked_somewhere() -> None:
    asked: set[Site] = set()
    for scenario, victim, policy in CASES:
        asked |= {site for site, _, _ in play(scenario, NOTHING, policy, victim).refuser.asked}
    # FRAME is the application's own memory, and what a connection needs on its way is reserved (spec/memory.md).
    # A place in the queue is asked for with the parts that take it.
    on_the_way = {Site.RECONNECT, Site.HANDSHAKE, Site.HEARTBEAT, Site.TIMER}
    assert asked == set(Site) - {Site.FRAME, *NEVER, Site.RECEIVE_SLOT, *on_the_way}


def test_the_same_refusal_in_another_window_is_the_same_story() -> None:
    one = play(BY_NAME["parts"], Plan(2, 3), DISCARD, LEFT)
    other = play(BY_NAME["parts"], Plan(0, 1, Site.BODY), DISCARD, LEFT)
    assert one.story == other.story
    assert one.answers == {Site.BODY: 1}


def test_a_reader_that_is_refused_for_good_comes_back() -> None:
    stage = play(BY_NAME["whole"], Plan(0, 1 << 40, Site.RECEIVE_BODY), DISCARD, RIGHT)
    rules = {event.rule for event in stage.events}
    assert {Rule.RECEIVE_2, Rule.RECEIVE_6} <= rules


@pytest.mark.usefixtures("impatient")
def test_skip_after_a_refused_delimiter_swallows_no_other_message() -> None:
    play(BY_NAME["short"], Plan(2, 3), SKIP, LEFT)
