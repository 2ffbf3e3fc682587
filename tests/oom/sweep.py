"""Every refusal of one scenario: one by one, every window, everything from one on, site by site, and small pools."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from enomem import SendPolicy, Site
from enomem.model.reference.weights import Weights

from .environment import EVER, NOTHING, Plan, hurried
from .scenarios import Scenario
from .stage import Broken, Stage


@dataclass
class Swept:
    """What a sweep came to: ``points`` are the allocations of a run that was refused nothing; the rest is counted."""

    points: int = 0
    runs: int = 0
    asked: Counter[Site] = field(default_factory=Counter)
    refused: Counter[Site] = field(default_factory=Counter)
    answers: Counter[Site] = field(default_factory=Counter)
    in_vain: list[Plan] = field(default_factory=list)


def play(scenario: Scenario, plan: Plan, policy: SendPolicy, victim: str, size: int = 1) -> Stage:
    """One run; Broken if anything happens that the spec does not name."""
    saved = Weights.chunk, Weights.slots
    # Chunks of two parts, so that they are asked for in a message of three.
    Weights.chunk, Weights.slots = 32, 2  # type: ignore[misc]  # constants of the shell, small for these tests
    try:
        with hurried():
            stage = Stage(plan, policy, victim)
            try:
                scenario.play(stage, size)
                stage.finish()
            except Broken:
                stage.abandon()
                raise
            except Exception as error:
                stage.abandon()
                raise stage.broken(f"{type(error).__name__}: {error}") from error
            return stage
    finally:
        Weights.chunk, Weights.slots = saved  # type: ignore[misc]  # as they were


def plans(stage: Stage) -> Iterator[Plan]:
    """All refusals of a scenario of which ``stage`` is a run that was refused nothing."""
    asked = [site for site, _, _ in stage.refuser.asked[: stage.points]]
    count = len(asked)
    for first in range(count):
        yield Plan(first, EVER)
        for stop in range(first + 1, count + 1):
            yield Plan(first, stop)
    for site, often in Counter(asked).items():
        for first in range(often):
            yield Plan(first, EVER, site)
        yield Plan(0, often, site)
    for limit in sorted(set(stage.refuser.fills)):
        yield Plan(limit=limit - 1)


def sweep(scenario: Scenario, policy: SendPolicy, victim: str, size: int = 1) -> Swept:
    """Try all refusals; Broken at the first run in which something happens that the spec does not name."""
    swept = Swept()
    calm = max((play(scenario, NOTHING, policy, victim, size) for _ in range(2)), key=lambda s: len(s.refuser.asked))
    swept.points = calm.points
    swept.asked = Counter(site for site, _, _ in calm.refuser.asked[: calm.points])
    for plan in plans(calm):
        stage = play(scenario, plan, policy, victim, size)
        swept.runs += 1
        swept.refused += stage.refuser.refused
        swept.answers += stage.answers
        refused = sum(stage.refuser.refused.values())
        if plan.limit is None and not refused:
            swept.in_vain.append(plan)
    return swept
