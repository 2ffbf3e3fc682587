"""Running a case on a target that does not survive it: that is the target's failure, and the next case is asked."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from enomem.checks.conform import run
from enomem.checks.conform.case import Case, Level, Needs, Unsupported, Verdict
from enomem.checks.conform.case import Deviation as Deviates
from enomem.checks.conform.run import Subject, run_case
from enomem.checks.targets.base import Sockets
from enomem.checks.targets.target import Refused, Said, TargetFault, Value
from enomem.model.rules import Rule


class Hangs(Sockets):
    """Makes no sockets, and does not come back from the first ``often`` calls of reset."""

    name, version, types = "hangs", "1", frozenset({"PULL"})

    def __init__(self, often: int) -> None:
        self.often, self.resets = often, 0

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        raise Refused(Said.INVALID)

    def reset(self) -> None:
        self.resets += 1
        if self.resets <= self.often:
            raise TargetFault("the target hangs did not answer reset within 10 s")


def case(level: Level, ends: Exception | None) -> Case:
    def look(_: object) -> str:
        if ends is not None:
            raise ends
        return ""

    return Case("wire/1/1", Rule.WIRE_1, level, "It is so.", "a book", Needs.API, look)


@pytest.mark.parametrize(
    ("level", "ends", "expected", "actual"),
    [
        (Level.MUST, None, "the target closes what the case has left", ""),
        (Level.EITHER, None, "the target closes what the case has left", ""),
        (Level.MUST, Unsupported("more"), "the target closes what the case has left", "more; "),
        (Level.SHOULD, Deviates("a", "b"), "a", "b; "),
    ],
)
def test_whoever_hangs_when_a_case_is_over_has_failed_it(
    level: Level, ends: Exception | None, expected: str, actual: str
) -> None:
    target = Hangs(1)
    outcome = run_case(case(level, ends), Subject(target, None, "PULL"))
    assert (outcome.verdict, outcome.expected) == (Verdict.FAIL, expected)
    assert outcome.actual == f"{actual}the target hangs did not answer reset within 10 s"
    assert target.resets == 2, "it was not started again"


def test_what_was_wrong_before_is_what_is_told() -> None:
    outcome = run_case(case(Level.MUST, Deviates("a", "b")), Subject(Hangs(1), None, "PULL"))
    assert (outcome.verdict, outcome.expected, outcome.actual) == (Verdict.FAIL, "a", "b")


@pytest.mark.parametrize(("sentence", "told"), [("A PING is.", "a PING is."), ("PULL does.", "PULL does.")])
def test_what_a_target_dies_of_is_told_by_the_sentence(sentence: str, told: str) -> None:
    died = replace(case(Level.MUST, TargetFault("the target died")), sentence=sentence)
    outcome = run_case(died, Subject(Hangs(0), None, "PULL"))
    assert (outcome.verdict, outcome.expected, outcome.actual) == (Verdict.FAIL, told, "the target died")


def test_a_target_that_cannot_be_had_again_ends_the_run() -> None:
    with pytest.raises(TargetFault):
        run_case(case(Level.MUST, None), Subject(Hangs(2), None, "PULL"))


def test_a_target_that_hangs_when_its_version_is_asked_is_asked_the_cases() -> None:
    target = Hangs(1)
    assert run.older_version(Subject(target, None, "PULL")) == ""
    assert target.resets == 2
