"""The reference socket passes every case of the conformance suite, over TCP."""

from collections.abc import Iterator

import pytest

from enomem.checks.conform.case import Case, Level, Verdict
from enomem.checks.conform.catalogue import cases
from enomem.checks.conform.run import Subject, run_case
from enomem.checks.targets.reference import Reference

SECONDS = 20.0
"""Far more than anything takes: an idle machine needs 12 s for all cases together."""


@pytest.fixture(scope="module")
def subject() -> Iterator[Subject]:
    target = Reference()
    yield Subject(target, None, "PULL", SECONDS)
    target.end()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_the_reference_passes(case: Case, subject: Subject) -> None:
    outcome = run_case(case, subject)
    wanted = Verdict.INFORMATIONAL if case.level == Level.EITHER else Verdict.PASS
    assert (outcome.verdict, outcome.expected, outcome.actual) == (wanted, "", outcome.actual), outcome.script
    assert (outcome.actual != "") or case.level != Level.EITHER
