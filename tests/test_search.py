"""The search: pinned counts of the sender's system, shortest traces, and how it ends early."""

from itertools import count

import pytest

from enomem.checks.bench.exchange import Exchange, machine
from enomem.checks.errors import OurFault
from enomem.checks.search import plain
from enomem.checks.search import search as searches
from enomem.checks.search.search import Progress, Result, Search
from enomem.checks.senders import questions, sender
from enomem.checks.symbolic.asked import Asked
from enomem.model.application import Recovery
from enomem.model.policies import DISCARD, KEEP, POLICIES, SKIP, SendPolicy
from enomem.model.system import System

SMALL = Exchange(2, 2, 4, 3, 3)


def run(system: System, symmetry: bool = False) -> Result:
    return Search(sender.bounded(system), questions.asked(system), symmetry=symmetry).run()


@pytest.mark.parametrize(
    ("system", "counts"),
    [
        (System(DISCARD, Recovery.RESTART, senders=2, parts=2, memory=3, messages=2, queue=1), (2172, 9762, 23)),
        (System(DISCARD, Recovery.RESTART, senders=1, parts=3, memory=4, messages=2, queue=1), (99, 262, 15)),
        (System(DISCARD, Recovery.RESTART, parts=2, memory=3, messages=1, disconnects=0), (85, 306, 10)),
    ],
)
def test_pinned_counts(system: System, counts: tuple[int, int, int]) -> None:
    result = run(system)
    assert (result.states, result.transitions, result.depth) == counts
    assert result.violations == {}
    assert result.complete
    assert result.largest == []


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("recovery", Recovery, ids=lambda recovery: recovery.value)
def test_every_trace_replays_and_ends_with_its_violation(policy: SendPolicy, recovery: Recovery) -> None:
    system = System(policy, recovery, parts=2, memory=3, messages=1, disconnects=0)
    checked, asked = sender.bounded(system), questions.asked(system)
    for name, found in Search(checked, asked).run().violations.items():
        state, wrong = checked.initial, set[str]()
        for action in found.actions:
            assert name not in plain.violated_by_state(checked, asked, state)
            (step,) = (step for step in plain.steps(checked, state) if step.action == action)
            wrong = set(plain.violated_by_step(asked, state, step))
            if step.outcome is not None and step.error is None:
                state = step.outcome.state
                wrong |= set(plain.violated_by_state(checked, asked, state))
        assert name in wrong
        assert len(found.actions) == found.depth


@pytest.mark.parametrize(
    ("policy", "recovery", "depths"),
    [
        (KEEP, Recovery.NEXT, {"SAFE-CLEAN": 2, "SAFE-CONSERVE": 5, "SAFE-NEXT": 4, "SAFE-WHOLE": 7}),
        (KEEP, Recovery.RESTART, {"SAFE-CLEAN": 2, "SAFE-NEXT": 4, "SAFE-WHOLE": 7, "LIVE-DEADLOCK": 8}),
        (SKIP, Recovery.RESTART, {"SAFE-CLEAN": 1, "SAFE-NEXT": 3, "SAFE-LOUD": 3}),
    ],
)
def test_pinned_lengths_of_shortest_traces(policy: SendPolicy, recovery: Recovery, depths: dict[str, int]) -> None:
    found = run(System(policy, recovery, parts=2, memory=5, messages=2, disconnects=0)).violations
    assert {name: violation.depth for name, violation in found.items()} == depths


def test_symmetry_needs_members_of_one_word() -> None:
    with pytest.raises(OurFault, match="members of senders do not fit into one word each"):
        Search(sender.bounded(System(DISCARD, Recovery.RESTART, senders=1)), Asked(), symmetry=True)


def test_a_limit_of_states_stops_the_search() -> None:
    result = Search(machine(SMALL), Asked(), max_states=50).run()
    assert result.stopped == "more than 50 states"
    assert not result.complete
    assert result.largest
    assert result.largest == sorted(result.largest, key=lambda item: -item[1])
    assert {name for name, _ in result.largest} == {*machine(SMALL).ranges, "senders.skips", "senders.flight"}


def test_a_limit_of_memory_stops_the_search() -> None:
    result = Search(machine(SMALL), Asked(), max_bytes=1000).run()
    assert result.stopped is not None
    assert result.stopped.startswith("too large for memory")
    assert not result.complete
    assert result.largest


def test_no_memory_while_searching_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    search = Search(machine(SMALL), Asked())

    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(search, "_add", refuse)
    assert search.run().stopped == "out of memory"


def test_an_interrupted_search_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(searches.time, "perf_counter", lambda: float(next(ticks)))
    seen: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 3:
            raise KeyboardInterrupt

    result = Search(machine(SMALL), Asked({"five": (lambda s: s.used < 1,)}), progress=interrupt).run()
    assert result.stopped == "interrupted"
    assert not result.complete
    assert result.largest
    assert result.violations["five"].depth == 1
    assert [progress.states for progress in seen] == sorted(progress.states for progress in seen)
    assert (result.states, result.transitions) == (seen[-1].states, seen[-1].transitions)


def test_all_that_fired_is_named() -> None:
    system = System(DISCARD, Recovery.RESTART, senders=1, parts=2, memory=3)
    checked = sender.bounded(system)
    fired, waiting, seen = set(), [checked.initial], {checked.initial}
    while waiting:
        for step in plain.steps(checked, waiting.pop()):
            fired |= set(step.outcome.rules)
            if step.outcome.state not in seen:
                seen.add(step.outcome.state)
                waiting.append(step.outcome.state)
    assert run(system).fired == fired
