"""The closed system of readers: its observer against the parts themselves, pinned counts, and what is not claimed."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enomem.checks.families import receive_questions as questions
from enomem.checks.families import receive_words as words
from enomem.checks.families import traces
from enomem.checks.families.receive import RECEIVE
from enomem.checks.search import plain
from enomem.checks.search.graph import Graph, Obligation
from enomem.model.receive_policies import CLOSE, WAIT, BoundedWait, ReceivePolicy, Threshold
from enomem.model.systems import receiving
from enomem.model.systems.receiving import Kind, System

POLICIES = (CLOSE, WAIT, Threshold(1), BoundedWait(1, 1))
COUNTS = {"CLOSE": (564, 1368), "WAIT": (367, 1096), "THRESHOLD": (367, 1096), "BOUNDED_WAIT": (1080, 4038)}
"""States and transitions of two readers, by policy."""


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_the_states_are_counted(policy: ReceivePolicy) -> None:
    """Plain stepping and the compiled search find as many; a count that changes is to be explained."""
    case = RECEIVE.bounded(System(policy, 2, disconnects=0))
    found = plain.search(case.machine, case.asked)
    assert (found.states, found.transitions) == COUNTS[policy.name]


def runs(system: System, choices: list[int]) -> Iterator[tuple[Any, Any, Any]]:
    """A run by these choices: the action, the state before it, and the step."""
    case = RECEIVE.bounded(system)
    state = case.machine.initial
    for choice in choices:
        able = list(plain.steps(case.machine, state))
        if not able:
            return
        happened = able[choice % len(able)]
        assert happened.outcome is not None
        yield happened.action, state, happened.outcome
        state = happened.outcome.state


@settings(max_examples=30)
@given(st.sampled_from(POLICIES), st.lists(st.integers(0, 1000), max_size=40), st.integers(1, 2))
def test_the_observer_sees_what_the_parts_say(policy: ReceivePolicy, choices: list[int], readers: int) -> None:
    """A message that the observer calls whole is, part by part, one that its peer wrote; none is out of its turn."""
    system = System(policy, readers, parts=3, memory=5, window=2, messages=3, disconnects=2)
    row = RECEIVE.rows((policy.name,))[0]
    actions = [action for action, _, _ in runs(system, choices)]
    shown = traces.run(RECEIVE, row, system, actions)
    for moment in shown.steps:
        if moment.step.odd is None:
            continue
        has = words.moved(shown, moment, words.held(shown, moment)[moment.action.reader])
        parts = has.queue[-1]
        whole = len({part[:-1] for part in parts}) == 1 and [part[-1] for part in parts] == ["1", "2", "3"]
        assert bool(moment.step.odd) == (not whole)


def test_the_words_count_as_the_machine_does() -> None:
    system = System(WAIT, 1, parts=3, memory=9, window=3, queue=2, disconnects=1)
    for seed in range(20):
        choices = list(islice((seed * 7919 + i * i * 31 for i in range(40)), 40))
        row = RECEIVE.rows(("WAIT",))[0]
        shown = traces.run(RECEIVE, row, system, [action for action, _, _ in runs(system, choices)])
        for reader, has in zip(shown.end.readers, words.held(shown, None), strict=True):
            assert (len(has.wire), len(has.half), len(has.queue)) == (
                reader.wire.flight, reader.got, reader.inbox.messages,
            )  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_delivery_is_not_promised(policy: ReceivePolicy) -> None:
    """Two readers of messages that fit may keep each other from it for ever, waiting or closing in turn (0008)."""
    system = System(policy, 2, messages=1, numbered=False)
    delivered = Obligation(
        "a message", None, partial(questions.pending, system), lambda action, _: action.kind == Kind.TAKE
    )
    machine = RECEIVE.bounded(system).machine
    assert Graph(machine, (delivered,)).starved() is not None
    # One alone has its messages delivered.
    alone = replace(system, readers=1)
    asked = replace(delivered, open=partial(questions.pending, alone))
    starved = Graph(RECEIVE.bounded(alone).machine, (asked,)).starved()
    assert starved is None


def test_a_system_says_what_a_message_costs() -> None:
    assert System(CLOSE, parts=3, last=4, slot=2).message == 8
    assert receiving.held(receiving.initial(System(CLOSE)).readers[0]) == 0
