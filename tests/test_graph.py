"""Liveness on random graphs, against an oracle of another kind: a greatest fixed point instead of components."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from enomem.checks.errors import Inconclusive, OurFault
from enomem.checks.search import plain
from enomem.checks.search.graph import Graph, Obligation, Starved
from enomem.checks.senders import questions, sender
from enomem.checks.symbolic.machine import Machine
from enomem.model.application import Recovery
from enomem.model.policies import DISCARD, KEEP, SendPolicy
from enomem.model.system import Kind, System

from . import small_machines as small

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


class Oracle:
    """All states, stepped plainly, and the states from which a fair run keeps an obligation open for ever."""

    def __init__(self, machine: Machine[Any, Any], obligation: Obligation) -> None:
        self.machine, self.obligation = machine, obligation
        self.ways: dict[Any, list[tuple[Any, Any, bool]]] = {}
        waiting = [machine.initial]
        while waiting:
            state = waiting.pop()
            if state not in self.ways:
                self.ways[state] = [self._way(step) for step in plain.steps(machine, state)]
                waiting += [target for _, target, _ in self.ways[state]]
        self.edges = sum(map(len, self.ways.values()))

    def _way(self, step: plain.Happened) -> tuple[Any, Any, bool]:
        assert step.outcome is not None
        assert step.error is None
        return step.action, step.outcome.state, bool(self.obligation.settles(step.action, step.outcome))

    def can_starve(self, calm: bool, fair: bool) -> bool:
        """Is there a run as asked for?  The largest set in which one can always go on, fairly, is not empty."""
        inside = {state for state in self.ways if self.obligation.open(state)}
        friendly = [action for action in self.machine.actions if not self.machine.hostile(action)]
        while True:
            kept = self._going_on(inside, calm, may_stop=fair)
            for action in friendly if fair else ():
                kept &= self._reaching(inside, action, calm)
            if kept == inside:
                return bool(inside)
            inside = kept

    def _within(self, state: Any, inside: set[Any], calm: bool) -> list[tuple[Any, Any]]:
        return [
            (action, target)
            for action, target, settles in self.ways[state]
            if target in inside and not settles and not (calm and self.machine.hostile(action))
        ]

    def _going_on(self, inside: set[Any], calm: bool, may_stop: bool) -> set[Any]:
        """The states that have a step within, or that no friendly action leaves, where the run may end."""

        def stuck(state: Any) -> bool:
            return all(self.machine.hostile(action) for action, _, _ in self.ways[state])

        return {s for s in inside if self._within(s, inside, calm) or (may_stop and stuck(s))}

    def _reaching(self, inside: set[Any], wanted: Any, calm: bool) -> set[Any]:
        """The states from which, within, one comes to where ``wanted`` is not possible, or is taken."""
        good = {
            state
            for state in inside
            if all(action != wanted for action, _, _ in self.ways[state])
            or any(action == wanted for action, _ in self._within(state, inside, calm))
        }
        while True:
            more = {
                state
                for state in inside - good
                if any(target in good for _, target in self._within(state, inside, calm))
            }
            if not more:
                return good
            good |= more


def check_lasso(machine: Machine[Any, Any], obligation: Obligation, found: Starved, calm: bool, fair: bool) -> None:
    """The lasso is a run: it closes, keeps the obligation open, and is fair."""
    state = machine.initial
    for action in found.stem:
        outcome = machine.step(state, action)
        assert outcome is not None
        state = outcome.state
    start, possible_everywhere = state, set(machine.actions)
    for action in (*found.cycle, None):
        assert obligation.open(state)
        possible_everywhere &= {step.action for step in plain.steps(machine, state)}
        if action is None:
            break
        outcome = machine.step(state, action)
        assert outcome is not None
        assert not obligation.settles(action, outcome)
        assert not (calm and machine.hostile(action))
        state = outcome.state
    assert state == start
    unfair = {action for action in possible_everywhere - set(found.cycle) if not machine.hostile(action)}
    assert found.cycle if not fair else not unfair


@settings(max_examples=100, suppress_health_check=SLOW)
@given(st.data())
def test_starvation_on_small_machines(data: st.DataObject) -> None:
    plan = data.draw(small.plans(total=True, size=3))
    machine, obligation = plan.machine(), data.draw(small.obligations(plan))
    calm, fair = data.draw(st.booleans()), data.draw(st.booleans())
    graph, oracle = Graph(machine, (obligation,)), Oracle(machine, obligation)
    assert (graph.states, graph.edges) == (len(oracle.ways), oracle.edges)
    found = graph.starved(calm=calm, fair=fair)
    event(f"starved: {found is not None}")
    assert (found is not None) == oracle.can_starve(calm, fair)
    if found is not None:
        check_lasso(machine, obligation, found, calm, fair)


@dataclass(frozen=True, slots=True)
class Place:
    at: int


class Go(Enum):
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Went:
    rules: tuple[Go, ...]
    state: Place


def ways(table: dict[tuple[int, Go], int], hostile: tuple[Go, ...] = (), places: int = 4) -> Machine[Place, Go]:
    """A machine that is a graph drawn by hand."""

    def step(state: Place, action: Go) -> Went | None:
        for (at, go), target in table.items():
            if go == action and state.at == at:
                return Went((action,), Place(target))
        return None

    return Machine("ways", Place(0), tuple(Go), step, {"at": (0, places - 1)}, hostile=lambda go: go in hostile)


def always(*settling: Go) -> Obligation:
    return Obligation("always", None, lambda _: True, lambda action, _: action in settling)


def test_a_cycle_that_an_enabled_action_could_leave_is_not_fair() -> None:
    machine = ways({(0, Go.LEFT): 0, (0, Go.RIGHT): 1, (1, Go.LEFT): 1, (1, Go.RIGHT): 0})
    assert Graph(machine, (always(Go.RIGHT),)).starved() is None
    unfair = Graph(machine, (always(Go.RIGHT),)).starved(fair=False)
    assert unfair is not None
    assert (unfair.stem, unfair.cycle) == ((), (Go.LEFT,))


def test_an_action_that_is_possible_only_now_and_then_need_not_be_taken() -> None:
    # Weak fairness demands nothing of RIGHT, which settles: it is possible in state 0 and not in state 1.
    machine = ways({(0, Go.LEFT): 1, (1, Go.LEFT): 0, (0, Go.RIGHT): 2})
    found = Graph(machine, (always(Go.RIGHT),)).starved()
    assert found is not None
    assert found.cycle in ((Go.LEFT, Go.LEFT), ())


def test_a_state_in_which_nothing_happens_is_an_empty_cycle() -> None:
    found = Graph(ways({(0, Go.LEFT): 1, (1, Go.RIGHT): 2}), (always(),)).starved()
    assert found == Starved("always", None, (Go.LEFT, Go.RIGHT), ())


def test_the_environment_may_be_on_the_stem_and_not_on_the_cycle() -> None:
    table = {(0, Go.RIGHT): 1, (1, Go.LEFT): 2, (2, Go.LEFT): 1}
    assert Graph(ways(table), (always(),)).starved() == Starved("always", None, (Go.RIGHT,), (Go.LEFT, Go.LEFT))
    found = Graph(ways({**table, (0, Go.LEFT): 0}, (Go.RIGHT,)), (always(),)).starved()
    assert found == Starved("always", None, (), (Go.LEFT,))
    assert Graph(ways({(0, Go.LEFT): 1, (1, Go.RIGHT): 0}, (Go.RIGHT,)), (always(Go.LEFT),)).starved() == Starved(
        "always", None, (Go.LEFT,), ()
    )


def test_the_owner_and_the_obligations_asked_for() -> None:
    table = {(0, Go.LEFT): 1, (1, Go.LEFT): 0}
    mine = Obligation("mine", 1, lambda state: state.at <= 1, lambda *_: False)
    settled = Obligation("settled", 0, lambda _: True, lambda *_: True)
    graph = Graph(ways(table), (settled, mine))
    found = graph.starved()
    assert found is not None
    assert (found.name, found.owner) == ("mine", 1)
    assert graph.starved((settled,)) is None


def test_a_machine_that_only_the_environment_moves() -> None:
    machine = ways({(0, Go.LEFT): 1}, hostile=(Go.LEFT, Go.RIGHT))
    assert Graph(machine, (always(),)).starved() == Starved("always", None, (), ())


def test_a_machine_that_can_do_nothing_at_all() -> None:
    assert Graph(ways({}), (always(),)).starved() == Starved("always", None, (), ())


def test_a_step_out_of_range_and_too_many_states_are_told() -> None:
    with pytest.raises(OurFault, match="ask for SAFE-TOTAL first"):
        Graph(ways({(0, Go.LEFT): 9}), ())
    with pytest.raises(Inconclusive, match="more than 1 states"):
        Graph(ways({(0, Go.LEFT): 1}), (), max_states=1)


@pytest.mark.parametrize(
    ("policy", "recovery", "lengths"), [(KEEP, Recovery.RESUME, (5, 2)), (DISCARD, Recovery.RESTART, (3, 6))]
)
def test_two_senders_in_each_others_way(policy: SendPolicy, recovery: Recovery, lengths: tuple[int, int]) -> None:
    system = System(policy, recovery, senders=2, parts=3, memory=4, messages=1, disconnects=0)
    machine, goals = sender.bounded(system), questions.obligations(system, "LIVE-PROGRESS")
    found = Graph(machine, goals).starved()
    assert found is not None
    check_lasso(machine, goals[0], found, True, True)
    assert {action.kind for action in found.cycle} == {Kind.CALL}
    assert (len(found.stem), len(found.cycle)) == lengths
