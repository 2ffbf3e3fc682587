"""Every seeded defect of a pattern is found by its search, and costs its proof; without the defect both succeed."""

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from mutants import PATTERNS, PatternMutant, applied

from enomem.checks.judging import pattern_judge
from enomem.checks.judging.judge import Task
from enomem.checks.patterns import machine as pattern_machine
from enomem.checks.patterns import plan as pattern_plan
from enomem.checks.patterns import properties as pattern_properties
from enomem.checks.patterns import traces as pattern_trace
from enomem.checks.policies.file import load_policy
from enomem.checks.search import plain
from enomem.checks.senders.plan import ANY_POLICY, Engine
from enomem.model.policies import SendPolicy

PROVED = [mutant for mutant in PATTERNS if not mutant.turns]


def name(mutant: PatternMutant) -> str:
    return f"{mutant.pattern}: {mutant.name}".replace(" ", "_")


def task(mutant: PatternMutant) -> Task:
    anything = mutant.turns or mutant.pattern == "PUB"
    policy, recovery = (ANY_POLICY, ANY_POLICY) if anything else (mutant.policy, mutant.recovery)
    return Task(
        Engine.PATTERN, policy, recovery, machine=mutant.pattern, policy_name=policy, turns=mutant.turns,
        searches_only=True,
    )  # fmt: skip


def policy_of(of: Task) -> SendPolicy | None:
    return None if of.policy == ANY_POLICY else load_policy(of.policy)


def searched(of: Task) -> dict[str, dict[str, Any]]:
    """The counterexamples in the smallest of the systems that are searched, as JSON; in two of them for turns."""
    row, found = pattern_judge.row(of), dict[str, dict[str, Any]]()
    for system in pattern_plan.searched(row, policy_of(of))[: 2 if row.turns else 1]:
        walked = plain.walk(pattern_machine.bounded(system), pattern_properties.asked(system))
        for identifier, actions in walked.violations.items():
            found[identifier] = pattern_trace.to_json(pattern_trace.run(system, actions, identifier))
    return found


def proved(of: Task) -> dict[str, bool | None]:
    """What induction says of the first of the systems that are proved."""
    system = pattern_plan.proved(pattern_judge.row(of), policy_of(of))[0]
    return pattern_judge.prove(system, of, lambda _: None).verdicts


# Without the defect: once for each row, whatever number of mutants share it.
sound_search, sound_proof = cache(searched), cache(proved)


@pytest.mark.parametrize("mutant", PATTERNS, ids=name)
def test_search_finds_it(mutant: PatternMutant) -> None:
    of = task(mutant)
    assert sound_search(of) == {}
    with applied(mutant):
        trace = searched(of)[mutant.violates]
        assert pattern_trace.replay(trace, load_policy) == []
    # Without the defect the model does something else.
    assert pattern_trace.replay(trace, load_policy) != []


@pytest.mark.parametrize("mutant", PROVED, ids=name)
def test_proof_is_lost(mutant: PatternMutant) -> None:
    of = replace(task(mutant), searches_only=False)
    assert sound_proof(of)[mutant.violates] is True
    with applied(mutant):
        verdict = proved(of)[mutant.violates]
    # Not None: a solver that gave up would have found nothing.
    assert verdict is False


def test_what_is_asked_of_patterns_only_has_mutants() -> None:
    assert {mutant.violates for mutant in PATTERNS} >= set(pattern_properties.PROPERTIES)
    assert {mutant.pattern for mutant in PATTERNS} >= {*pattern_plan.SENDING, "PUB", "PUSH", "PULL"}


def test_names_differ() -> None:
    assert [named for named, count in Counter(map(name, PATTERNS)).items() if count > 1] == []
