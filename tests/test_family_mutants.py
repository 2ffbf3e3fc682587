"""Every seeded defect of a family is found by a search of its row, and costs its proof; without it both succeed."""

from collections import Counter
from functools import cache
from typing import Any

import pytest
from mutants import FAMILIES as MUTANTS
from mutants import FamilyMutant, applied

from enomem.checks.families import judge, traces
from enomem.checks.families.family import LIVENESS, Row
from enomem.checks.families.registry import FAMILIES
from enomem.checks.judging.judge import Task
from enomem.checks.senders.plan import Engine
from enomem.spec.claims import family_claims


def name(mutant: FamilyMutant) -> str:
    return f"{mutant.family}: {mutant.name}".replace(" ", "_")


def row_of(mutant: FamilyMutant) -> Row:
    rows = FAMILIES[mutant.family].rows()
    (found,) = [row for row in rows if (row.subject, row.second) == (mutant.subject, mutant.second)]
    return found


def found(row: Row, part: Engine, identifier: str) -> dict[str, Any]:
    """A counterexample to a property in the first system of a row that has one, as JSON."""
    family = FAMILIES[row.family]
    for number in range(len(family.searched(row) if part == Engine.SEARCH else family.endless(row))):
        task = Task(
            Engine.FAMILY, row.text, row.second, number=number, machine=row.family, policy_name=row.subject, part=part
        )
        shown = judge.run(task, lambda _: None).traces
        if identifier in shown:
            return shown[identifier]
    raise AssertionError(f"{identifier} is not violated")


def proved(row: Row, place: int) -> dict[str, bool | None]:
    """What induction says of one system of a row."""
    family = FAMILIES[row.family]
    return judge.prove(family.general(family.proved(row)[place]), 10.0, lambda _: None).verdicts


sound_proof = cache(proved)
PROVED = [mutant for mutant in MUTANTS if not mutant.live and FAMILIES[mutant.family].proved(row_of(mutant))]


@pytest.mark.parametrize("mutant", MUTANTS, ids=name)
def test_search_finds_it(mutant: FamilyMutant) -> None:
    row = row_of(mutant)
    # Without the defect it is not violated: `enomem check` confirms the claim.
    assert family_claims()[row.family, row.subject, row.second, mutant.violates] in ("PROVED", "EXHAUSTED")
    with applied(mutant):
        shown = found(row, Engine.LIVENESS if mutant.live else Engine.SEARCH, mutant.violates)
        assert traces.replay(shown) == []
    if not mutant.violates.startswith("LIVE-"):
        # Without the defect the model does something else. (Where nothing can happen any more, it is what comes next.)
        assert traces.replay(shown) != []


@pytest.mark.parametrize("mutant", PROVED, ids=name)
def test_proof_is_lost(mutant: FamilyMutant) -> None:
    row = row_of(mutant)
    assert sound_proof(row, mutant.place)[mutant.violates] is True
    with applied(mutant):
        verdict = proved(row, mutant.place)[mutant.violates]
    # Not None: a solver that gave up would have found nothing.
    assert verdict is False


def test_what_is_asked_of_a_family_has_mutants() -> None:
    for family in FAMILIES.values():
        asked = {name for row in family.rows() for name in family.identifiers(row)}
        killed = {mutant.violates for mutant in MUTANTS if mutant.family == family.name}
        # Endless runs need one mutant only: it is one engine that finds them all.
        assert killed >= asked - set(LIVENESS)
        assert any(mutant.live for mutant in MUTANTS if mutant.family == family.name)


def test_names_differ() -> None:
    assert [named for named, count in Counter(map(name, MUTANTS)).items() if count > 1] == []
