"""Each broken implementation fails the cases that name its fault, and the page that says so is up to date."""

import pytest
from conform_mutants.mutant import Mutant, is_seen, sees
from conform_mutants.table import MUTANTS, PAGE, page, seen

from enomem.checks.conform.catalogue import cases

CASES = {case.id: case for case in cases()}
PAIRS = [(mutant, case) for mutant in MUTANTS for case in mutant.seen]


def test_there_are_many_and_each_has_a_name_and_a_case() -> None:
    assert len(MUTANTS) >= 30
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.seen and mutant.patches for mutant in MUTANTS)


def test_each_case_sees_a_defect() -> None:
    """A new case needs a broken implementation: one that sees none may be a check that cannot fail."""
    assert [case.id for case, names in seen() if not names] == []


@pytest.mark.parametrize(("mutant", "case"), PAIRS, ids=lambda value: getattr(value, "name", value))
def test_the_case_sees_the_defect(mutant: Mutant, case: str) -> None:
    outcome = sees(CASES[case], mutant)
    assert is_seen(outcome), (outcome.verdict.value, outcome.actual, outcome.script)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/conform_mutants/table.py"
