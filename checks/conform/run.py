"""Running cases: each on a fresh bench, each ending in one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic

from ..errors import OurFault
from ..targets.target import CannotDo, Refused, Target, TargetFault
from .bench import SECONDS, Bench
from .case import Case, Deviation, Level, Unsupported, Verdict
from .octets import OLDER_GREETING, greeting
from .testee import BlackBox


@dataclass(frozen=True)
class Subject:
    """What is tested: a target, or a black box; ``kind`` is the type of socket where a case holds for all types.

    ``older`` is the version of ZMTP that it speaks if it does not speak 3 (`older_version`).
    """

    target: Target | None
    box: BlackBox | None
    kind: str
    seconds: float = SECONDS
    older: str = ""


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
    bench = Bench(subject.target, subject.box, subject.kind, subject.seconds, subject.older)
    verdict, expected, actual = _ended(case, bench)
    fault = _cleared(subject.target)
    if fault is not None and verdict != Verdict.FAIL:
        actual = "; ".join(filter(None, (actual, str(fault))))
        verdict, expected = Verdict.FAIL, expected or "the target closes what the case has left"
    return Outcome(case, verdict, expected, actual, bench.log.script(), tuple(bench.log.lines), monotonic() - began)


def older_version(subject: Subject) -> str:
    """The version that the testee speaks if it speaks none of 3; empty if it does, or says nothing.

    It is told no more than a peer that can downgrade says at first: an older testee may take more for a frame.
    """
    bench = Bench(subject.target, subject.box, subject.kind, subject.seconds)
    try:
        with bench:
            peer = bench.dial(bench.any())
            peer.send(greeting()[:OLDER_GREETING])
            peer.until(lambda: peer.ended or len(peer.came.data) >= OLDER_GREETING, "the testee says its version")
            said = peer.came.data[OLDER_GREETING - 1 : OLDER_GREETING]
    except (Deviation, Unsupported, TargetFault, Refused, OSError):
        # The cases will say what is wrong.
        return ""
    finally:
        _cleared(subject.target)
    return f"{said[0] + 1}.0" if said and said[0] < 2 else ""


def _cleared(target: Target | None) -> TargetFault | None:
    """Have the target be as new; what it did instead, if it did not survive closing what a case has left."""
    if target is None:
        return None
    try:
        target.reset()
    except TargetFault as fault:
        # Nothing is left of it; this starts it again, and whoever cannot be started cannot be asked.
        target.reset()
        return fault
    return None


def _ended(case: Case, bench: Bench) -> tuple[Verdict, str, str]:
    try:
        with bench:
            seen = case.look(bench) or ""
    except (Unsupported, CannotDo) as lack:
        return Verdict.UNSUPPORTED, "", str(lack)
    except Deviation as deviation:
        return _deviates(case), deviation.expected, deviation.actual
    except TargetFault as fault:
        return Verdict.FAIL, _inner(case.sentence), str(fault)
    except Refused as refused:
        return _deviates(case), "the socket is made, and listens", str(refused)
    except OSError as error:
        return Verdict.FAIL, "the testee accepts connections", str(error)
    except (AssertionError, LookupError, TypeError, ValueError) as error:
        raise OurFault(f"the case {case.id} fails by itself: {type(error).__name__}: {error}") from error
    return (Verdict.INFORMATIONAL if case.level == Level.EITHER else Verdict.PASS), "", seen


def _inner(sentence: str) -> str:
    """A sentence as it stands within another: "A frame" begins small, "PULL" does not."""
    name = len(sentence.split()[0]) > 1 and sentence[:2].isupper()
    return sentence if name else sentence[0].lower() + sentence[1:]


def _deviates(case: Case) -> Verdict:
    return Verdict.NON_STRICT if case.level == Level.SHOULD else Verdict.FAIL
