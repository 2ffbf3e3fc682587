"""The exchange model: the counts that every checker gives for it."""

import os

import pytest

from enomem.checks.bench.exchange import Exchange, Rule, State, machine
from enomem.checks.search import plain
from enomem.checks.search.graph import Graph, Obligation
from enomem.checks.search.search import Result, Search
from enomem.checks.symbolic.asked import DEADLOCK, Asked

deep = pytest.mark.skipif(os.environ.get("ENOMEM_DEEP") != "1", reason="ten million states; set ENOMEM_DEEP=1")

A, B, C, X = Exchange(3, 3, 8, 3, 3), Exchange(3, 3, 10, 4, 3), Exchange(3, 4, 12, 7, 3), Exchange(3, 4, 9, 8, 2)


def held(x: Exchange, state: State) -> object:
    """All units that somebody holds."""
    total = x.parts * state.inbox
    for s in state.senders:
        total = total + (0 if s.skips else s.k) + x.parts * (s.queue + (1 if s.flight else 0))
    return total


def finished(state: State) -> bool:
    return state.inbox == 0 and all(s.left == 0 and s.k == 0 and s.queue == 0 and not s.flight for s in state.senders)


def asked(x: Exchange) -> Asked:
    """The peers' invariant, and their deadlock: they have no step, where we have an end that is not the finish."""
    kept = (lambda s: s.used <= x.memory, lambda s: s.used == held(x, s))
    return Asked({"held": kept}, {}, lambda s: not finished(s))


def run(x: Exchange, symmetry: bool = False) -> Result:
    result = Search(machine(x), asked(x), symmetry=symmetry).run()
    assert result.complete, result.stopped
    return result


@pytest.mark.parametrize(
    ("x", "counts"),
    [
        (A, (150_317, 674_402, 35)),
        (B, (802_927, 4_058_658, 45)),
        pytest.param(C, (10_412_083, 52_668_256, 93), marks=deep),
    ],
    ids="ABC",
)
def test_counts_are_those_of_the_other_checkers(x: Exchange, counts: tuple[int, int, int]) -> None:
    result = run(x)
    assert (result.states, result.transitions, result.depth) == counts
    assert result.violations == {}
    assert result.fired == set(Rule) - {Rule.ROLLBACK}
    assert result.bits <= 63


@pytest.mark.parametrize(("x", "states", "depth"), [(A, 26_649, 35), (B, 139_670, 45)], ids="AB")
def test_classes_of_interchangeable_senders(x: Exchange, states: int, depth: int) -> None:
    result = run(x, symmetry=True)
    assert (result.states, result.depth) == (states, depth)
    assert result.violations == {}


def test_the_first_deadlock_of_x() -> None:
    result = run(X)
    assert (result.states, result.transitions) == (744_000, 2_403_296)
    assert set(result.violations) == {DEADLOCK}
    found = result.violations[DEADLOCK]
    assert found.depth == 9
    assert [action.rule for action in found.actions] == [Rule.PART] * 9
    state = machine(X).initial
    for action in found.actions:
        state = machine(X).step(state, action).state
    assert not finished(state)
    assert list(plain.steps(machine(X), state)) == []


def test_x_has_1531_deadlocks() -> None:
    unfinished = Obligation("unfinished", None, lambda state: not finished(state), lambda *_: False)
    graph = Graph(machine(X), (unfinished,))
    assert (graph.states, graph.edges) == (744_000, 2_403_296)
    assert graph.states - len(set(graph.source.tolist())) == 1_531


def test_a_finished_system_stutters() -> None:
    small = Exchange(1, 1, 1, 1, 1)
    found = plain.search(machine(small), asked(small))
    assert found == plain.Counts(6, 7, 4, {})
    assert Search(machine(small), asked(small)).run().transitions == found.transitions


@pytest.mark.parametrize("policy", [1, 2, 3])
def test_the_plain_engine_agrees(policy: int) -> None:
    small = Exchange(2, 2, 3, 1, policy)
    result = run(small)
    depths = {name: violation.depth for name, violation in result.violations.items()}
    assert plain.search(machine(small), asked(small)) == plain.Counts(
        result.states, result.transitions, result.depth, depths
    )


def test_a_leak_is_found() -> None:
    broken = Asked({"never more than 5": (lambda s: s.used <= 5,)})
    found = Search(machine(A), broken).run().violations["never more than 5"]
    assert (found.depth, len(found.actions)) == (6, 6)
