"""`enomem fuzz --exhaustive`: every call in every state of bounded models, on a target; each deviation is listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..targets.registry import by_name
from ..targets.target import Can, Target
from .bounded_calls import Bounds
from .cover import Covered
from .models import Result, append, bounds_of, profile, read, result_of, setting_of

Say = Callable[[str], None]
IN_TURN = ("reference", "model")
"""How the names of targets begin that are held to turns (TURN-1)."""
OUTLOOK = 1.0
"""Seconds between two looks at what the other processes have done."""


def run(
    target: str, models: Sequence[str], parts: int, policy: str, profile_name: str, quiet: bool, jobs: int,
    results: Path | None, say: Say,
) -> int:  # fmt: skip
    """Cover bounded models on a target, in so many processes, and ``say`` what comes of it; the exit code.

    Models of which the file ``results`` has a result of this target are not run again, and others are written to it.
    """
    tested = by_name(target)
    try:
        setting_of(tested, policy, False)
        chosen = bounds_of(models, parts, tested.types) if models else profile(profile_name, parts, tested.types)
        known = {one.key: one for one in (read(results) if results else [])}
        found, left = [], []
        for bounds in chosen:
            done = known.get((tested.name, tested.version, policy, bounds.name, bounds.parts))
            found += [done] if done else []
            left += [] if done else [bounds]
        began, interrupted = time.monotonic(), False
        for one in found:
            say(f"{one.line()} (before)")
        try:
            each = _beside(target, policy, left, jobs) if jobs > 1 else _here(tested, target, policy, left, quiet)
            for one in each:
                say(one.line())
                found.append(one)
                if results is not None:
                    append(results, [one])
        except KeyboardInterrupt:
            interrupted = True
        for said in _report(tested, policy, found, time.monotonic() - began):
            say(said)
    finally:
        tested.end()
    if interrupted:
        say(f"interrupted after {len(found)} of {len(chosen)} models")
    return _code(found, interrupted)


def _code(found: Sequence[Result], interrupted: bool) -> int:
    if any(one.deviations for one in found):
        return 1
    return 3 if interrupted or any(one.undecided or one.too_large for one in found) or not found else 0


def _here(tested: Target, name: str, policy: str, left: Sequence[Bounds], quiet: bool) -> Iterator[Result]:
    setting = setting_of(tested, policy, name.startswith(IN_TURN))
    console = Console(stderr=True)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        shows = not quiet and console.is_terminal
        for bounds in left:
            done = Covered()

            def tell(bounds: Bounds = bounds, done: Covered = done) -> None:
                if shows:
                    live.update(Text(f"{bounds}: {done.taken} transitions, {rate(done):.0f} tests/s"), refresh=True)

            done.tell = tell
            yield result_of(tested, setting, bounds, done)


def rate(done: Covered) -> float:
    """Tests a second."""
    return done.tests / max(done.seconds, 1e-9)


def _beside(name: str, policy: str, left: Sequence[Bounds], jobs: int) -> Iterator[Result]:
    """The same in processes of their own, which each have a target of their own."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            wide = sorted(left, key=width, reverse=True)
            for future in as_completed([pool.submit(_one, name, policy, bounds) for bounds in wide]):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def width(bounds: Bounds) -> tuple[int, bool, int]:
    """About how large a model is: the largest begin first, so that none is left to one process at the end."""
    wide = sum(kind in ("ROUTER", "DEALER", "XPUB", "XSUB", "PAIR") for kind in bounds.kinds)
    return wide, bounds.kills, len(bounds.kinds) + bounds.parts


def _one(name: str, policy: str, bounds: Bounds) -> Result:
    target = by_name(name)
    try:
        return result_of(target, setting_of(target, policy, name.startswith(IN_TURN)), bounds, Covered())
    finally:
        target.end()


def _report(tested: Target, policy: str, found: Sequence[Result], seconds: float) -> Iterator[str]:
    tests, programs = sum(one.tests for one in found), sum(one.programs for one in found)
    taken, all_of_them = sum(one.taken for one in found), sum(one.transitions for one in found)
    yield (
        f"{tested.name}, {policy}: {len(found)} models, {taken} of {all_of_them} transitions taken, {tests} tests "
        f"in {programs} programs, {seconds:.0f} s, {tests / max(seconds, 1e-9):.0f} tests/s"
    )
    unshown, unreached = sum(one.unshown for one in found), sum(one.unreached for one in found)
    if unshown or unreached:
        yield f"{unshown} are not shown by this target, and {unreached} are behind those or behind a deviation"
    unasked = [can.value for can in Can if can not in tested.cans or can == Can.LIMIT]
    if unasked:
        yield f"not asked: {', '.join(unasked)}"
    for one in found:
        for deviation in one.deviations:
            yield f"\n{one.model}: deviation, {deviation.often} times: {deviation.what}\nkind: {deviation.kind}"
            for said in deviation.program:
                yield f"    {said}"
