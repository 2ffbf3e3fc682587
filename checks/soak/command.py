"""`enomem soak`: how long, from which seed, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

from enomem.model.reference.errors import InvalidArgument
from enomem.model.reference.living import rule_of

from ..errors import UsageError
from .links import Wrong
from .play import HOUR, Soak, Told


@dataclass(frozen=True)
class Profile:
    """So many steps (None: without end), and so many milliseconds of the clock, whichever comes last."""

    steps: int | None
    milliseconds: float


PROFILES = {"quick": Profile(200_000, 0.0), "ci": Profile(10_000_000, HOUR), "deep": Profile(None, HOUR)}
RATE = HOUR / 10_000_000
"""Milliseconds of the clock that a turn takes on average: ten million of them are an hour, and not every turn steps."""


def run(profile: str, seed: int, rule: str, quiet: bool) -> int:
    """Soak, and say what happened; the exit code: 0 if nothing was wrong, 1 if something was, 3 if it was cut short."""
    from rich.console import Console

    chosen = PROFILES[profile]
    try:
        soak = Soak(seed, RATE, rule_of(rule))
    except InvalidArgument as error:
        raise UsageError(str(error)) from None
    console = Console(stderr=True)
    out = Console(highlight=False, soft_wrap=True)

    def tell(told: Told) -> None:
        if not quiet and console.is_terminal:
            console.print(said(told), end="\r")

    told = Told(0, 0.0, 0.0, 0, 0, 0, 0)
    try:
        told = soak.run(chosen.steps, tell)
        while soak.world.now < chosen.milliseconds:
            told = soak.run(100_000, tell)
        calm = soak.calm_down()
        soak.restart()
    except KeyboardInterrupt:
        out.print(f"interrupted; until then nothing was wrong: {said(soak.told(told.seconds))}")
        return 0 if chosen.steps is None else 3
    except Wrong as wrong:
        out.print(f"step {soak.steps} of seed {seed}: {wrong}")
        return 1
    out.print(f"nothing was wrong\n{said(soak.told(told.seconds))}")
    out.print(f"then no memory was refused: within {calm:.0f} ms each connection was ready; closed, they held nothing")
    return 0


def said(told: Told) -> str:
    """How far a soak is, in words."""
    hours = told.now / HOUR
    return (
        f"{told.steps:,} steps, {hours:.2f} hours of the clock, {told.refusals:,} refusals, {told.endings:,} ends of "
        f"connections, {told.restarts} restarts, {told.messages:,} messages received whole"
    )
