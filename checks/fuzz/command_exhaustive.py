"""`enomem fuzz --exhaustive`: every call in every state of bounded models, on a target; each deviation is listed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from enomem.model.policies import POLICIES
from enomem.model.systems.network import Refusals, Setting

from ..errors import UsageError
from ..oracle.events import line
from ..targets.registry import by_name
from ..targets.target import Can, Target
from .bounded import Bounds, Graph, graph, pairs
from .cover import Covered, covered
from .shorten import shortened

SMALL = ("PUSH-PULL", "REQ-REP", "PUB-SUB")
"""The bounded models of the profile ci; deep has all pairs of types, with either of them listening."""


Say = Callable[[str], None]


def run(target: str, models: Sequence[str], parts: int, policy: str, profile: str, quiet: bool, say: Say) -> int:
    """Cover bounded models on a target, and ``say`` what comes of it; the exit code."""
    tested = by_name(target)
    try:
        return _run(tested, target, models, parts, policy, profile, quiet, say)
    finally:
        tested.end()


def _run(
    tested: Target, name: str, models: Sequence[str], parts: int, policy: str, profile: str, quiet: bool, say: Say
) -> int:  # fmt: skip
    chosen = bounds_of(models or (SMALL if profile == "ci" else ()), parts, tested.types)
    setting = setting_of(tested, policy, name.startswith(("reference", "model")))
    done, left = Covered(), 0
    interrupted = False
    console = Console(stderr=True)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        shows = not quiet and console.is_terminal
        for bounds in chosen:
            try:
                made = graph(bounds, setting, tested.cans)
                before = Covered(done.transitions, done.tests, done.states)

                def tell(made: Graph = made, before: Covered = before) -> None:
                    if shows:
                        so_far = f"{done.transitions - before.transitions} of {made.transitions} transitions"
                        live.update(Text(f"{made.bounds}: {so_far}, {rate(done):.0f} tests/s"), refresh=True)

                left += covered(tested, made, setting, done, tell)
            except KeyboardInterrupt:
                interrupted = True
                break
            say(
                f"{bounds}: {len(made.edges)} states, {made.transitions} transitions, "
                f"{done.transitions - before.transitions} of them taken in {done.tests - before.tests} tests"
            )
    for said in _report(tested, setting, done, left):
        say(said)
    if interrupted:
        say(f"interrupted after {done.tests} tests")
    return 1 if done.failures else 3 if interrupted else 0


def _report(tested: Target, setting: Setting, done: Covered, left: int) -> Iterator[str]:
    yield (
        f"{tested.name}, {setting.policy.name}: {done.tests} tests in {done.programs} programs, "
        f"{rate(done):.0f} tests/s; {done.states} states, {done.transitions} transitions taken"
    )
    if left:
        yield f"not taken: {left} transitions, beyond those that deviated or that the target did not choose"
    unasked = [can.value for can in Can if can not in tested.cans or can == Can.LIMIT]
    if unasked:
        yield f"not asked: {', '.join(unasked)}"
    for kind, failure in done.failures.items():
        short = shortened(tested, setting, failure)
        yield f"\ndeviation, {done.often[kind]} times: {short.what}\nkind: {kind}"
        for event in short.events:
            yield f"    {line(event)}"


def rate(done: Covered) -> float:
    """Tests a second."""
    return done.tests / max(done.seconds, 1e-9)


def setting_of(target: Target, policy: str, in_turn: bool) -> Setting:
    """What the model is set to; UsageError for a policy that the target cannot be set to."""
    named = {one.name: one for one in POLICIES}
    if policy not in named:
        raise UsageError(f"there is no send policy {policy!r}; known are {', '.join(named)}")
    if policy != "DISCARD" and Can.POLICY not in target.cans:
        raise UsageError(f"the target {target.name} has no send policies")
    return Setting(named[policy], Refusals.TOLD if Can.REFUSE in target.cans else Refusals.NONE, in_turn)


def bounds_of(models: Sequence[str], parts: int, types: Collection[str]) -> list[Bounds]:
    """The bounded models by their names, ``PUSH-PULL`` or ``PUSH-PULL-PULL``; all pairs of types if none is named."""
    if not models:
        return [Bounds(pair, parts) for pair in pairs() if set(pair) <= set(types)]
    found = []
    for name in models:
        kinds = tuple(name.upper().split("-"))
        wrong = [pair for pair in ((kinds[0], other) for other in kinds[1:]) if pair not in pairs()]
        if len(kinds) < 2 or wrong or not set(kinds) <= set(types):
            raise UsageError(f"{name!r} is no model: types that may talk to the first, as PUSH-PULL or PUSH-PULL-PULL")
        found.append(Bounds(kinds, parts))
    return found
