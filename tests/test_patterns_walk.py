"""Every type, exhausted with up to three pipes: what a pattern may never do, held against a ghost that remembers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from enomem.checks.search.plain import steps
from enomem.checks.symbolic.machine import Transition, transitions
from enomem.checks.symbolic.terms import evaluate, holds
from enomem.model.patterns import PATTERNS, make, push, rep, req, router, turns
from enomem.model.patterns.pattern import AnyPattern, Begin, Shape, Way
from enomem.model.patterns.req import Req
from enomem.model.patterns.turns import Can, Turns
from enomem.model.rules import Rule

from . import pattern_walk as walk
from .pattern_walk import Action, Did, Kind, State

TYPES: list[AnyPattern] = [
    *(make(name) for name in PATTERNS),
    make("ROUTER", mandatory=True),
    Req(relaxed=True, ids=2),
    Req(correlate=True, ids=2),
    Req(relaxed=True, correlate=True, ids=2),
]


def title(pattern: AnyPattern) -> str:
    options = {field: value for field, value in vars(pattern).items() if value and field != "ids"}
    return " ".join((pattern.name, *options))


EVERY_TYPE = pytest.mark.parametrize("pattern", TYPES, ids=title)


@cache
def walked(pattern: AnyPattern, pipes: int = 3) -> tuple[tuple[State, Action, Did], ...]:
    """Every step that can happen, from every state that can be reached; none raises or leaves its ranges."""
    return tuple(walk_through(pattern, pipes))


def walk_through(pattern: AnyPattern, pipes: int) -> Iterator[tuple[State, Action, Did]]:
    machine = walk.machine(pattern, pipes)
    seen = {machine.initial}
    pending = [machine.initial]
    while pending:
        state = pending.pop()
        for happened in steps(machine, state):
            assert happened.error is None, (state, happened)
            did: Any = happened.outcome
            yield state, happened.action, did
            if did.state not in seen:
                seen.add(did.state)
                pending.append(did.state)


@EVERY_TYPE
def test_a_message_that_is_begun_and_dropped_was_never_begun(pattern: AnyPattern) -> None:
    for state, action, did in walked(pattern):
        if action.kind == Kind.BEGIN and did.outcome.way in (Way.PIPE, Way.FAN):
            assert pattern.dropped(did.outcome.state) == state.inner


@EVERY_TYPE
def test_what_is_not_begun_changes_nothing(pattern: AnyPattern) -> None:
    refused = (Way.NOBODY, Way.UNREACHABLE, Way.WRONG_STATE, Way.UNSUPPORTED)
    for state, action, did in walked(pattern):
        if action.kind == Kind.BEGIN and did.outcome.way in refused:
            assert did.outcome.state == state.inner


@EVERY_TYPE
def test_a_message_goes_to_an_available_pipe_and_stays_there(pattern: AnyPattern) -> None:
    for state, action, did in walked(pattern):
        if action.kind == Kind.BEGIN and did.outcome.way == Way.PIPE:
            assert 0 <= did.outcome.pipe < state.count
            assert action.can[did.outcome.pipe]
        current = getattr(did.state.inner, "current", did.state.ghost.pipe)
        assert current == did.state.ghost.pipe


@EVERY_TYPE
def test_dropping_and_committing_nothing_is_harmless(pattern: AnyPattern) -> None:
    for state, _, _ in walked(pattern, 2):
        if not state.ghost.sending:
            assert pattern.dropped(state.inner) == state.inner
            if pattern.name not in ("REQ", "REP"):
                assert pattern.committed(state.inner) == state.inner


@EVERY_TYPE
def test_a_type_sends_and_receives_as_it_says(pattern: AnyPattern) -> None:
    ways, delivered = set(), False
    for state, action, did in walked(pattern, 2):
        if action.kind == Kind.BEGIN:
            ways.add(did.outcome.way)
            assert (pattern.may_send(state.inner) is None) == (
                did.outcome.way not in (Way.WRONG_STATE, Way.UNSUPPORTED)
            )
        if action.kind == Kind.OFFER:
            delivered = delivered or did.outcome[1].deliver
    assert ({Way.PIPE, Way.FAN}.isdisjoint(ways)) == (not pattern.sends)
    assert (ways == {Way.UNSUPPORTED}) == (not pattern.sends)
    assert delivered == pattern.receives


@EVERY_TYPE
def test_what_is_writable_can_be_begun(pattern: AnyPattern) -> None:
    for state, action, did in walked(pattern, 2):
        if action.kind != Kind.BEGIN or (pattern.routes and getattr(pattern, "mandatory", False)):
            continue
        ready = pattern.writable(state.inner, state.count, lambda place, can=action.can: can[place])
        stays = (Way.NOBODY, Way.WRONG_STATE, Way.UNSUPPORTED)
        assert ready == (did.outcome.way not in stays)


@EVERY_TYPE
def test_a_message_is_taken_from_a_pipe_that_has_one(pattern: AnyPattern) -> None:
    for state, action, did in walked(pattern):
        if action.kind == Kind.OFFER:
            place, offered = did.outcome
            assert place < state.count
            assert action.can[place]
            assert offered.keep <= offered.skip < max(1, action.shape.parts)


@EVERY_TYPE
def test_every_pipe_but_a_second_peer_of_a_pair_is_accepted(pattern: AnyPattern) -> None:
    for state, action, did in walked(pattern, 2):
        if action.kind == Kind.ATTACH:
            assert did.outcome.accepted == (pattern.name != "PAIR" or state.count == 0)


@EVERY_TYPE
def test_only_a_router_has_addresses_and_stamps(pattern: AnyPattern) -> None:
    for _, action, did in walked(pattern, 2):
        if action.kind == Kind.BEGIN:
            assert did.outcome.address == pattern.routes
        if action.kind == Kind.OFFER and did.outcome[1].deliver:
            assert did.outcome[1].stamp == pattern.routes


# --- by type


ROUTERS = pytest.mark.parametrize("pattern", [make("ROUTER"), make("ROUTER", mandatory=True)], ids=title)


@ROUTERS
def test_a_router_sends_to_whom_the_address_names_and_to_nobody_else(pattern: AnyPattern) -> None:
    for state, action, did in walked(pattern):
        if action.kind == Kind.BEGIN:
            there = 0 <= action.to < state.count
            if did.outcome.way == Way.PIPE:
                assert did.outcome.pipe == action.to
            assert (did.outcome.way == Way.PIPE) == (there and action.can[action.to] and not action.last)


@ROUTERS
def test_a_mandatory_router_says_what_it_cannot_send_and_another_swallows_it(pattern: AnyPattern) -> None:
    for state, action, did in walked(pattern):
        if action.kind == Kind.BEGIN and did.outcome.way != Way.PIPE and not action.last:
            there = 0 <= action.to < state.count
            loud = Way.NOBODY if there else Way.UNREACHABLE
            assert did.outcome.way == (loud if pattern == make("ROUTER", mandatory=True) else Way.SWALLOW)


REQS = pytest.mark.parametrize("pattern", [kind for kind in TYPES if kind.name == "REQ"], ids=title)


@REQS
def test_a_request_has_its_lead_and_a_reply_the_same(pattern: Req) -> None:
    lead = 2 if pattern.correlate else 1
    for _, action, did in walked(pattern):
        if action.kind == Kind.BEGIN and did.outcome.way == Way.PIPE:
            assert did.outcome.lead == lead
        if action.kind == Kind.OFFER and did.outcome[1].deliver:
            assert did.outcome[1].skip == lead == action.shape.delimiter + 1
            assert action.shape.correlates or not pattern.correlate


@REQS
def test_a_reply_counts_only_from_who_was_asked_and_then_always(pattern: Req) -> None:
    good = {False: 1, True: 3}[pattern.correlate]
    for state, action, did in walked(pattern):
        if action.kind == Kind.OFFER:
            place, offered = did.outcome
            asked = state.ghost.answers and place == state.ghost.due
            assert asked or not offered.deliver
            if asked and action.shape == walk.SHAPES[good]:
                assert offered.deliver
            if not offered.deliver:
                assert offered.state == state.inner


@REQS
def test_the_lock_step_of_a_request(pattern: Req) -> None:
    for state, _, _ in walked(pattern):
        ghost, open_ = state.ghost, state.ghost.answers or state.ghost.taking
        assert (pattern.may_send(state.inner) is None) == (pattern.relaxed or not open_)
        assert (pattern.may_receive(state.inner) is None) == (open_ and not ghost.sending)
        assert (pattern.unanswerable(state.inner) is not None) == (ghost.answers and ghost.gone)


@REQS
def test_the_request_id_is_used_up_by_what_is_sent_and_by_nothing_else(pattern: Req) -> None:
    for state, action, did in walked(pattern):
        used = did.state.inner.request != state.inner.request
        assert used == (pattern.correlate and action.kind == Kind.COMMIT)


def test_the_lock_step_of_a_reply() -> None:
    pattern = make("REP")
    for state, _, _ in walked(pattern):
        due = state.ghost.answers and not state.ghost.taking
        assert (pattern.may_send(state.inner) is None) == due
        assert (pattern.may_receive(state.inner) is None) == (not due)


def test_a_reply_goes_behind_the_envelope_to_where_the_request_came_from() -> None:
    pattern = make("REP")
    ways = set()
    for state, action, did in walked(pattern):
        if action.kind == Kind.BEGIN and did.outcome.way != Way.WRONG_STATE:
            ways.add(did.outcome.rule)
            reachable = state.ghost.due >= 0 and action.can[state.ghost.due]
            assert did.outcome.way == (Way.PIPE if reachable else Way.SWALLOW)
            if reachable:
                assert (did.outcome.pipe, did.outcome.lead) == (state.ghost.due, state.ghost.envelope)
        if action.kind == Kind.OFFER:
            shape, offered = action.shape, did.outcome[1]
            assert offered.deliver == (0 <= shape.delimiter < shape.parts - 1)
            if offered.deliver:
                assert offered.skip == offered.keep == shape.delimiter + 1
    assert ways == {Rule.REP_4, Rule.REP_5, Rule.REP_6}


ELSEWHERE = {
    *("TYPE-1", "ROUTER-8", "ROUTER-9", "ROUTER-10", "CONFLATE-1", "CONFLATE-2", "SUB-1", "SUB-2", "SUB-3", "SUB-8"),
    *(f"PUB-{number}" for number in range(2, 10)),
}
"""Rules of tables, copies and pairs, which no single pattern's state has a part in; their own tests ask for them."""


def test_every_rule_of_the_patterns_fires() -> None:
    prefixes = ("TYPE", "TURN", "PAIR", "PUSH", "DEALER", "REQ", "REP", "ROUTER", "PUB", "SUB", "CONFLATE")
    named = {rule for rule in Rule if rule.value.rpartition("-")[0] in prefixes}
    fired = {rule for pattern in TYPES for _, _, did in walked(pattern) for rule in did.rules}
    fired |= {rule for pattern in TYPES if (rule := pattern.may_receive(pattern.initial()))}
    # The two that name no outcome: which pipe is chosen shows in it, and a wait in vain is asked about afterwards.
    fired |= {Rule.TURN_1, Rule.REQ_8}
    assert {rule.value for rule in named - fired} == ELSEWHERE


# --- on symbols


def differences(pattern: AnyPattern, pipes: int) -> Iterator[str]:
    """Where the paths that the engines see say something else than the pattern does."""
    machine = walk.machine(pattern, pipes)
    found: dict[int, list[Transition[Action]]] = {}
    for one in transitions(machine):
        found.setdefault(one.place, []).append(one)
    shape = machine.shape
    states = {state for state, _, _ in walked(pattern, pipes)}
    for state in states:
        numbers = {leaf.unknown: number(value) for leaf, value in zip(shape.leaves, shape.values(state), strict=True)}
        for place, action in enumerate(machine.actions):
            did = machine.step(state, action)
            ways = [one for one in found.get(place, ()) if all(holds(part, numbers) for part in one.conditions)]
            if did is None:
                if ways:
                    yield f"{action} cannot happen in {state}"
                continue
            if len(ways) != 1 or ways[0].error is not None or ways[0].outcome is None:
                yield f"{len(ways)} ways for {action} in {state}"
                continue
            after = {**numbers, **{leaf.unknown: evaluate(form, numbers) for leaf, form in ways[0].updates.items()}}
            if shape.build(lambda leaf, after=after: leaf.value(after[leaf.unknown])) != did.state:
                yield f"{action} in {state} leads elsewhere"
            if ways[0].outcome.rules != did.rules:
                yield f"{action} in {state} has other rules"


def number(value: Any) -> int:
    return list(type(value)).index(value) if hasattr(type(value), "__members__") else int(value)


@EVERY_TYPE
def test_symbols_and_values_agree(pattern: AnyPattern) -> None:
    assert list(differences(pattern, 2)) == []


# --- and the checks are checked


PUSH, PULL, PAIR, REP, ROUTER = (make(name) for name in ("PUSH", "PULL", "PAIR", "REP", "ROUTER"))
REQ, CORRELATED = Req(ids=2), Req(correlate=True, ids=2)


def loses_its_address(state: Turns, place: int) -> Any:
    return PULL.offered(state, place, Shape(1))


def always_loud(state: Turns, mandatory: bool, free: Can, to: int, last: bool) -> Any:
    return ROUTER_BEGIN(state, True, free, to, last)


def without_delimiter(state: Any, relaxed: bool, lead: int, count: int, free: Can) -> Any:
    return REQ_BEGIN(state, relaxed, lead - 1, count, free)


def from_anyone(state: Any, lead: int, place: int, shape: Shape) -> Any:
    return REQ_OFFERED(replace(state, peer=place), lead, place, shape)


def used_up_at_once(state: Any, relaxed: bool, lead: int, count: int, free: Can) -> Any:
    begun = REQ_BEGIN(state, relaxed, lead, count, free)
    return replace(begun, state=replace(begun.state, request=1))


def short_envelope(place: int, shape: Shape) -> Any:
    offered = REP_OFFERED(place, shape)
    return replace(offered, keep=offered.keep - 1) if offered.deliver else offered


ROUTER_BEGIN, REQ_BEGIN, REQ_OFFERED, REP_OFFERED = router.begin, req.begin, req.offered, rep.offered

BREACHES: list[tuple[AnyPattern, Callable[[Any], None], str, Callable[..., Any]]] = [
    (PUSH, test_a_message_that_is_begun_and_dropped_was_never_begun, "turns.dropped", lambda state: state),
    (REP, test_a_message_that_is_begun_and_dropped_was_never_begun, "rep.dropped", lambda state: REP.committed(state)),
    (PUSH, test_what_is_not_begun_changes_nothing, "push.nobody", lambda _: Begin(
        Rule.TURN_6, Way.NOBODY, turns.at(0, -1, 2))),
    (PUSH, test_a_message_goes_to_an_available_pipe_and_stays_there, "turns.choose", lambda *_: 0),
    (PUSH, test_dropping_and_committing_nothing_is_harmless, "turns.dropped", lambda _: turns.at(0, -1, 0)),
    (PULL, test_a_type_sends_and_receives_as_it_says, "pattern.cannot_send", lambda state: push.nobody(state)),
    (PUSH, test_what_is_writable_can_be_begun, "push.begin", lambda state, *_: push.nobody(state)),
    (PULL, test_a_message_is_taken_from_a_pipe_that_has_one, "turns.choose", lambda _, count, __: count - 1),
    (PAIR, test_every_pipe_but_a_second_peer_of_a_pair_is_accepted, "pair.attached", PUSH.attached),
    (ROUTER, test_only_a_router_has_addresses_and_stamps, "router.offered", loses_its_address),
    (ROUTER, test_a_router_sends_to_whom_the_address_names_and_to_nobody_else, "turns.begun", lambda state, _:
        turns.at(state.send, 0, state.receive)),
    (ROUTER, test_a_mandatory_router_says_what_it_cannot_send_and_another_swallows_it, "router.begin", always_loud),
    (REQ, test_a_request_has_its_lead_and_a_reply_the_same, "req.begin", without_delimiter),
    (REQ, test_a_reply_counts_only_from_who_was_asked_and_then_always, "req.offered", from_anyone),
    (REQ, test_a_reply_counts_only_from_who_was_asked_and_then_always, "turns.stayed", lambda place, _: place),
    (REQ, test_the_lock_step_of_a_request, "req.taken", lambda state: state),
    (CORRELATED, test_the_request_id_is_used_up_by_what_is_sent_and_by_nothing_else, "req.begin", used_up_at_once),
    (REP, lambda _: test_the_lock_step_of_a_reply(), "rep.taken", lambda state: state),
    (REP, lambda _: test_a_reply_goes_behind_the_envelope_to_where_the_request_came_from(), "rep.offered",
        short_envelope),
    (PUSH, test_symbols_and_values_agree, "turns.begins", lambda turn, count: 0
        if isinstance(count, int) and turn >= count else turn),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "check", "place", "defect"), BREACHES, ids=lambda value: getattr(value, "name", "")
)
def test_a_breach_is_found(
    pattern: AnyPattern, check: Callable[[Any], None], place: str, defect: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    walked.cache_clear()
    check(pattern)
    walked.cache_clear()
    monkeypatch.setattr(f"enomem.model.patterns.{place}", defect)
    with pytest.raises(AssertionError):
        check(pattern)
    walked.cache_clear()
