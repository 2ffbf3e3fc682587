"""What a broken implementation is here: the reference socket with one defect, and the cases that must see it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from behaviour.stage import applied

from enomem.checks.conform.case import Case, Verdict
from enomem.checks.conform.run import Outcome, Subject, run_case
from enomem.checks.targets.reference import Reference

SECONDS = 0.2
"""How long is waited for what a defect keeps from coming: many times what it takes where nothing is wrong (40 ms for a
whole case), and short, since so long each test of a defect that only silence shows takes."""
CALM = 0.5
"""The same where all cases are run on a defect: one that fails because the machine is busy would prove nothing."""


@dataclass(frozen=True)
class Mutant:
    """A defect: ``patches`` maps a place in ``enomem.model`` to what stands there; the cases ``seen`` see it."""

    name: str
    what: str
    patches: Mapping[str, Any]
    seen: tuple[str, ...]


@contextmanager
def broken(mutant: Mutant, seconds: float = SECONDS) -> Iterator[Subject]:
    """The reference with the defect, as a target that is tested."""
    with applied(mutant.patches):
        target = Reference()
        try:
            yield Subject(target, None, "PULL", seconds)
        finally:
            target.end()


def sees(case: Case, mutant: Mutant) -> Outcome:
    """How a case ends on the broken reference."""
    with broken(mutant) as subject:
        return run_case(case, subject)


def is_seen(outcome: Outcome) -> bool:
    """Did the case see that something is wrong?"""
    return outcome.verdict in (Verdict.FAIL, Verdict.NON_STRICT)
