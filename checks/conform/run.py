"""Running cases: each on a fresh bench, each ending in one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic

from ..targets.target import CannotDo, Refused, Target, TargetFault
from .bench import SECONDS, Bench
from .case import Case, Deviation, Level, Unsupported, Verdict
from .testee import BlackBox


@dataclass(frozen=True)
class Subject:
    """What is tested: a target, or a black box; ``kind`` is the type of socket where a case holds for all types."""

    target: Target | None
    box: BlackBox | None
    kind: str
    seconds: float = SECONDS


@dataclass(frozen=True)
class Outcome:
    """How one case ended: what was expected and what was seen, each in a line; the program that shows it, its steps."""

    case: Case
    verdict: Verdict
    expected: str
    actual: str
    script: str
    steps: tuple[str, ...]
    seconds: float


def run(cases: Iterable[Case], subject: Subject) -> Iterator[Outcome]:
    """Run cases, one after the other."""
    for case in cases:
        yield run_case(case, subject)


def run_case(case: Case, subject: Subject) -> Outcome:
    """Run one case, on a target that is as new."""
    began = monotonic()
    bench = Bench(subject.target, subject.box, subject.kind, subject.seconds)
    verdict, expected, actual = _ended(case, bench)
    if subject.target is not None:
        subject.target.reset()
    return Outcome(case, verdict, expected, actual, bench.log.script(), tuple(bench.log.lines), monotonic() - began)


def _ended(case: Case, bench: Bench) -> tuple[Verdict, str, str]:
    try:
        with bench:
            seen = case.look(bench) or ""
    except (Unsupported, CannotDo) as lack:
        return Verdict.UNSUPPORTED, "", str(lack)
    except Deviation as deviation:
        return _deviates(case), deviation.expected, deviation.actual
    except TargetFault as fault:
        return Verdict.FAIL, f"{case.sentence[0].lower()}{case.sentence[1:]}", str(fault)
    except Refused as refused:
        return _deviates(case), "the socket is made, and listens", str(refused)
    except OSError as error:
        return Verdict.FAIL, "the testee accepts connections", str(error)
    return (Verdict.INFORMATIONAL if case.level == Level.EITHER else Verdict.PASS), "", seen


def _deviates(case: Case) -> Verdict:
    return Verdict.NON_STRICT if case.level == Level.SHOULD else Verdict.FAIL
