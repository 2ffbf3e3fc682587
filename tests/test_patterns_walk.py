"""Every type, exhausted with up to three pipes: what a pattern may never do, held against a ghost that remembers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from enomem.checks.machine import Transition, transitions
from enomem.checks.plain import steps
from enomem.checks.terms import evaluate, holds
from enomem.model.patterns import PATTERNS, make
from enomem.model.patterns.pattern import AnyPattern, Way
from enomem.model.patterns.req import Req
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


def broken(name: str, what: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(f"enomem.model.patterns.{name}", what)


BREACHES = [
    ("PUSH", test_a_message_that_is_begun_and_dropped_was_never_begun, broken("turns.dropped", lambda turns: turns)),
    ("PUSH", test_a_message_goes_to_an_available_pipe_and_stays_there, broken("turns.choose", lambda *_: 0)),
    ("PAIR", test_every_pipe_but_a_second_peer_of_a_pair_is_accepted, broken("pair.attached", lambda state, count:
        make("PUSH").attached(state, count))),
    ("REQ", test_a_reply_counts_only_from_who_was_asked_and_then_always, broken("turns.stayed", lambda current, _:
        current)),
    ("REQ", test_the_lock_step_of_a_request, broken("req.taken", lambda state: state)),
    ("REP", test_a_message_that_is_begun_and_dropped_was_never_begun, broken("rep.dropped", lambda state:
        make("REP").committed(state))),
    ("ROUTER", test_a_router_sends_to_whom_the_address_names_and_to_nobody_else, broken("turns.begun", lambda turns, _:
        replace(turns, current=0))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "check", "breaks"), BREACHES, ids=lambda value: getattr(value, "__name__", value))
def test_a_breach_is_found(
    name: str, check: Callable[[Any], None], breaks: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    walked.cache_clear()
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        check(make(name))
    walked.cache_clear()
