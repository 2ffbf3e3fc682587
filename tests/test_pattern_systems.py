"""The closed systems of one socket: what the observer says is what the labels of the parts say, and engines agree."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from enomem.checks.patterns import machine as pattern_machine
from enomem.checks.patterns import plan as pattern_plan
from enomem.checks.patterns import properties as pattern_properties
from enomem.checks.patterns import traces as pattern_trace
from enomem.checks.patterns.machine import AnySystem
from enomem.checks.patterns.plan import Row
from enomem.checks.patterns.traces import Moment
from enomem.checks.search import plain
from enomem.checks.search.search import Search
from enomem.checks.senders.plan import ANY_POLICY
from enomem.model.application import Recovery
from enomem.model.memory import Site
from enomem.model.patterns import make
from enomem.model.policies import DISCARD, POLICIES, RESERVE
from enomem.model.rules import Rule
from enomem.model.send import Answer, Phase
from enomem.model.systems import closed, fan, single
from enomem.model.systems.closed import Action, Kind, System

STEPS, WALK = 1500, 30
RARE = ("attach", "detach", "frame", "abort")
BY_NAME = {policy.name: policy for policy in POLICIES}
ROWS = [
    row
    for pattern in (*pattern_plan.SENDING, "PUB")
    for row in pattern_plan.rows(pattern, tuple(BY_NAME), tuple(r.value for r in Recovery))
    if not row.turns
]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.pattern} {row.policy} {row.recovery}")


def systems(row: Row) -> tuple[AnySystem, ...]:
    return pattern_plan.searched(row, BY_NAME.get(row.policy))


def wandered(system: AnySystem, seed: int) -> Iterator[Moment]:
    """Walks through the plain model, one possible action after another; peers come and go rarely."""
    chance = random.Random(seed)
    machine = pattern_machine.bounded(system)
    state, payloads = machine.initial, pattern_trace.start(machine)
    for number in range(STEPS):
        usual = chance.random() < 0.8
        last = [usual and (a.kind.value in RARE or a.refuse is not None) for a in machine.actions]
        ranks = [chance.random() + late for late in last]
        actions = [action for _, _, action in sorted(zip(ranks, range(len(ranks)), machine.actions, strict=True))]
        moments = (pattern_trace.take(machine, state, payloads, action) for action in actions)
        moment = next((found for found in moments if found is not None and found.after is not state), None)
        if moment is None or number % WALK == WALK - 1:
            state, payloads = machine.initial, pattern_trace.start(machine)
            continue
        assert moment.step is not None, moment
        yield moment
        state, payloads = moment.after, moment.payloads


def is_whole(system: AnySystem, got: tuple[str, ...]) -> bool:
    """Is this one message, all its parts in order, behind what the library has in front of it?"""
    lead: tuple[str, ...] = ()
    if isinstance(system, System) and system.lead:
        lead = (*({"REQ": ("request id",), "REP": ("hop 1",)}[system.pattern.name] * (system.lead - 1)), "delimiter")
    # A system without a pattern does not come here.
    parts = system.parts - 1 if system.pattern.routes else system.parts  # type: ignore[union-attr]
    names = {label.rstrip("0123456789") for label in got[len(lead) :]}
    return len(names) == 1 and got == (*lead, *(f"{min(names)}{n}" for n in range(1, parts + 1)))


@every_row
def test_what_the_observer_says_is_what_the_labels_say(row: Row) -> None:
    for seed, system in enumerate(systems(row)):
        meant: dict[str, str] = {}
        seen = 0
        for moment in wandered(system, seed):
            if isinstance(system, System) and moment.action.kind == Kind.BEGIN and moment.before.app.part == 0:
                meant[chr(ord("A") + moment.before.app.message - 1)] = moment.payloads.addressed
            if moment.action.kind.value != "deliver":
                continue
            seen += 1
            peer = moment.payloads.peers[moment.action.place]
            assert (moment.step.odd == 0) == is_whole(system, peer.got), peer.got
            if moment.step.odd:
                assert moment.step.odd == len(peer.got)
            if system.pattern.routes:
                others = [label for label in peer.got if meant.get(label[0]) != peer.name]
                stray = any("address" in label for label in peer.got) or bool(others)
                assert moment.step.astray == stray, (peer, meant)
        assert seen > 3


@pytest.mark.parametrize(
    "row", [Row("ROUTER", "KEEP", "NEXT"), Row("REQ", "SKIP", "RESUME"), Row("REP", "RESERVE", "RESTART"), Row("PUB")],
    ids=lambda row: f"{row.pattern} {row.policy} {row.recovery}",
)  # fmt: skip
def test_the_compiled_search_finds_the_same(row: Row) -> None:
    system = systems(row)[0]
    machine, asked = pattern_machine.bounded(system), pattern_properties.asked(system)
    walked = plain.walk(machine, asked)
    found = Search(machine, asked).run()
    assert (found.states, found.transitions) == (walked.states, walked.transitions)
    assert found.fired == walked.fired
    assert set(found.happened) == walked.happened
    lengths = {name: len(actions) for name, actions in walked.violations.items()}
    assert {name: violation.depth for name, violation in found.violations.items()} == lengths


def test_the_walk_is_the_plain_search() -> None:
    system = systems(Row("REQ", "KEEP", "RESTART"))[0]
    machine, asked = pattern_machine.bounded(system), pattern_properties.asked(system)
    walked, counts = plain.walk(machine, asked), plain.search(machine, asked)
    assert (walked.states, walked.transitions) == (counts.states, counts.transitions)
    assert {name: len(actions) for name, actions in walked.violations.items()} == counts.violations


PINNED = {
    "ROUTER": [(307, 1332), (206, 865)],
    "REQ": [(308, 1532), (394, 2095)],
    "REP": [(632, 2969), (304, 1572)],
    "PUB": [(142, 572), (1416, 6169), (666, 3407)],
    "PUSH": [(27, 363), (81, 1971)],
    "PULL": [(32, 304), (86, 1557)],
}


@pytest.mark.parametrize("pattern", PINNED)
def test_state_counts(pattern: str) -> None:
    row = pattern_plan.rows(pattern, ("DISCARD",), ("RESTART",))[0]
    found = []
    for system in pattern_plan.searched(row, BY_NAME.get(row.policy)):
        walked = plain.walk(pattern_machine.bounded(system), pattern_properties.asked(system))
        assert walked.violations == {}
        found.append((walked.states, walked.transitions))
    assert found == PINNED[pattern]


def after(system: System, *actions: Action) -> closed.State:
    state = single.initial(system)
    for action in actions:
        step = single.step(system, state, action)
        assert step is not None, action
        state = step.state
    return state


ROUTER = System(make("ROUTER"), DISCARD, Recovery.RESTART, parts=3, memory=6)
BEGIN, PART = Action(Kind.BEGIN, to=1), Action(Kind.PART)


def test_an_address_is_not_sent_and_the_rest_goes_to_its_peer() -> None:
    state = after(ROUTER, BEGIN, PART, PART)
    assert [pipe.messages for pipe in state.pipes] == [0, 1]
    assert state.pipes[1].parts == ROUTER.unit == 2


def test_a_message_that_gets_no_memory_is_forgotten_with_its_address() -> None:
    state = after(ROUTER, BEGIN, PART, Action(Kind.PART, refuse=Site.BODY))
    assert (state.send.phase, state.current, state.app.part) == (Phase.IDLE, -1, 0)
    assert state.inner == single.initial(ROUTER).inner
    assert state.pool.used == 0


def test_a_peer_that_goes_takes_its_message_along_and_who_comes_gets_nothing_of_it() -> None:
    gone = after(ROUTER, BEGIN, PART, Action(Kind.DETACH, 1), Action(Kind.ATTACH, again=True))
    assert (gone.send.phase, gone.current, gone.target) == (Phase.GONE, -1, 1)
    told = single.step(ROUTER, gone, PART)
    assert told is not None
    assert (told.answer, told.rules) == (Answer.GONE, (Rule.SEND_12,))
    assert all(pipe.tail == 0 for pipe in told.state.pipes)


def test_peers_close_ranks() -> None:
    state = after(ROUTER, BEGIN, PART, Action(Kind.DETACH, 0))
    assert (state.current, state.target, state.inner.current, state.count) == (0, 0, 0, 1)
    assert state.pipes[0].tail == 1


def test_a_reservation_that_is_refused_leaves_the_pattern_as_it_was() -> None:
    system = replace(ROUTER, policy=RESERVE)
    state = after(system, Action(Kind.BEGIN, to=1, refuse=Site.RESERVATION))
    assert state.inner == single.initial(system).inner
    waits = replace(system, memory=3, messages=9)
    sent = after(waits, BEGIN, PART, PART)
    waiting = single.step(waits, sent, Action(Kind.BEGIN, to=0))
    assert waiting is not None
    assert (waiting.answer, waiting.state.send.phase) == (Answer.WAIT, Phase.WAITING)
    served = single.step(waits, after(waits, BEGIN, PART, PART, Action(Kind.BEGIN, to=0), Action(Kind.DELIVER, 1)),
                         Action(Kind.SERVE))  # fmt: skip
    assert served is not None
    assert (served.answer, served.state.app.part, served.state.current) == (Answer.OK, 1, 0)


def test_a_subscriber_misses_a_message_alone() -> None:
    system = fan.System(make("PUB"))
    state: Any = fan.initial(system)
    copy = fan.Action(fan.Kind.COPY)
    for action in (
        fan.Action(fan.Kind.BEGIN, matching=(True, True)), copy, replace(copy, refuse=Site.BODY),
        fan.Action(fan.Kind.RETURN), copy, copy, fan.Action(fan.Kind.RETURN),
    ):  # fmt: skip
        step = fan.step(system, state, action)
        assert step is not None
        state = step.state
    assert [one.pipe.messages for one in state.copies] == [1, 0]
    assert not state.sending
    assert all(one.send.phase == Phase.IDLE for one in state.copies)


def test_a_row_of_turns_has_no_policy() -> None:
    assert {row.policy for row in pattern_plan.rows("PUSH", ("KEEP",), ("NEXT",))} == {ANY_POLICY}
