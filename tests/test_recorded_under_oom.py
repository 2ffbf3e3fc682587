"""What sockets do when memory is refused is what the plain model does: the plays of ``oom``, recorded and replayed."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oom import stage
from oom.environment import NOTHING, Plan
from oom.scenarios import SCENARIOS, Scenario
from oom.sweep import plans, play

from enomem import Context, SendPolicy
from enomem.checks.policies.file import load_policy
from enomem.checks.runs import replay as run_replay
from enomem.checks.runs.format import lines

CASES = [
    (scenario, victim, policy)
    for scenario in SCENARIOS
    for victim, policies in scenario.tried.items()
    for policy in policies
]
SOME = 4
"""So many of the refusals of each play, spread over all; the sweeps try each."""


def title(value: object) -> str:
    return value if isinstance(value, str) else str(getattr(value, "name", value))


def some(scenario: Scenario, policy: SendPolicy, victim: str) -> Iterator[Plan]:
    """No refusal, and a few of those that there are; a pool that gets another bound in the middle is no step."""
    found = [plan for plan in plans(play(scenario, NOTHING, policy, victim)) if plan.limit is None]
    yield NOTHING
    yield from found[len(found) // SOME // 2 :: max(1, len(found) // SOME)]


@pytest.mark.parametrize(("scenario", "victim", "policy"), CASES, ids=title)
def test_it_is_what_the_model_does(
    scenario: Scenario, victim: str, policy: SendPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = list(some(scenario, policy, victim))
    paths = (tmp_path / f"{number}.jsonl" for number in itertools.count())
    recorded: list[Path] = []

    def context(*values: Any, **options: Any) -> Context:
        recorded.append(next(paths))
        return Context(*values, record=recorded[-1], **options)

    monkeypatch.setattr(stage, "Context", context)
    for plan in tried:
        play(scenario, plan, policy, victim)
    assert len(recorded) >= len(tried) > SOME
    for path in recorded:
        assert run_replay.replay(lines(path), load_policy).differences == []
