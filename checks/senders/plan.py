"""What `enomem check` runs: which bounded systems are searched, which unbounded ones are proved, which assumptions
are shown to be needed. Bounds are chosen so that every known fault has room to show, and stated with each verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from enomem.model import send
from enomem.model.application import Recovery
from enomem.model.policies import SendPolicy
from enomem.model.send import Sizes
from enomem.model.system import System

from ..errors import UsageError

Bounds = Mapping[str, int]

BOUND_NAMES = ("senders", "parts", "memory", "messages", "queue", "inbox", "disconnects")
"""The bounds that a user can set, by their option names."""

MOST: Bounds = {
    "senders": 8, "parts": 64, "memory": 100_000, "messages": 100_000, "queue": 32, "inbox": 32, "disconnects": 100_000,
}  # fmt: skip
"""The largest bounds of a search. A state has a place for each message of a queue; the rest are numbers."""

SAFETY: tuple[Bounds, ...] = (
    {
        "senders": 1,
        "parts": 3,
        "memory": 13,
        "messages": 3,
        "queue": 2,
        "inbox": 1,
        "disconnects": 1,
        "slots": 3,
        "part_units": 2,
        "chunk_units": 3,
    },
    {"senders": 2, "parts": 2, "memory": 3, "messages": 2, "queue": 1, "inbox": 1, "disconnects": 1},
    {"senders": 2, "parts": 2, "memory": 4, "messages": 2, "queue": 2, "inbox": 1, "disconnects": 1},
    {"senders": 2, "parts": 3, "memory": 5, "messages": 2, "queue": 1, "inbox": 1, "disconnects": 1},
    {"senders": 3, "parts": 2, "memory": 4, "messages": 1, "queue": 1, "inbox": 1, "disconnects": 1},
)
"""One sender with long messages, two with tight and with loose memory, rolling back across a chunk, three."""

LIVENESS: tuple[Bounds, ...] = (
    {"senders": 2, "parts": 2, "memory": 3, "queue": 1, "inbox": 1, "disconnects": 1},
    {"senders": 2, "parts": 2, "memory": 4, "queue": 1, "inbox": 1, "disconnects": 1},
    {"senders": 3, "parts": 2, "memory": 4, "queue": 1, "inbox": 1, "disconnects": 0},
)
"""Applications here send the same message again and again; the third one shows whether the weakest is overtaken."""

DEFAULTS: Bounds = {"senders": 2, "parts": 2, "memory": 4, "messages": 2, "queue": 1, "inbox": 1, "disconnects": 1}
"""What the bounds are that a user does not set, once one is set."""

SYMMETRIC_FROM = 3
"""From how many senders on interchangeable states are visited once."""


class Engine(Enum):
    """Which engine a task runs."""

    SEARCH = "search"
    LIVENESS = "liveness"
    PROOF = "proof"
    NEEDED = "needed"
    PATTERN = "pattern"
    FAMILY = "family"


ANY_POLICY = "any"
"""The policy, and the recovery, of what holds whatever they are."""


@dataclass(frozen=True)
class Scope:
    """How many senders a proof is about; ``others`` more share the pool, and then it holds for any number.

    ``sizes`` are what one part and one chunk cost, and how many slots a chunk has.
    """

    senders: int
    others: bool
    sizes: Sizes = field(default_factory=Sizes)

    @property
    def text(self) -> str:
        """The number of senders, in words."""
        return "any number of senders" if self.others else f"{self.senders} sender{'s' if self.senders > 1 else ''}"

    @property
    def title(self) -> str:
        """The same, told apart by how many senders are looked into."""
        return f"{self.text} ({self.senders} looked into)" if self.others else self.text


ODD = Sizes(part=2, chunk=3, slots=3)
"""Sizes other than one unit a part and a chunk, and two slots a chunk: what mixes them up is found out."""

ALONE, ANY = Scope(1, True, ODD), Scope(2, True)
"""One sender looked into shows what one alone can do, with other sizes of parts and chunks; two show what one may do
to another."""


def scopes(reserves: bool, deep: bool) -> tuple[Scope, ...]:
    """The proofs of a policy: for any number of senders, or, if its senders wait in a line, for each small number.

    ``reserves`` says whether they do: a line has to be seen whole.
    """
    exact = tuple(Scope(n, False, ODD if n == 1 else Sizes()) for n in range(1, 6))
    if reserves:
        return exact if deep else exact[:3]
    return (ALONE, ANY, *exact) if deep else (ALONE, ANY)


def systems(policy: SendPolicy, recovery: Recovery, given: Bounds | None) -> tuple[System, ...]:
    """The bounded systems in which safety is searched: the user's one, or the default ones."""
    chosen = SAFETY if given is None else ({**DEFAULTS, **given},)
    return tuple(checked(_system(policy, recovery, bounds)) for bounds in chosen)


def endless(policy: SendPolicy, recovery: Recovery, given: Bounds | None) -> tuple[System, ...]:
    """The bounded systems in which liveness is checked: applications that never stop sending."""
    chosen = LIVENESS if given is None else ({**DEFAULTS, **given, "messages": 1},)
    return tuple(checked(replace(_system(policy, recovery, {**b, "messages": 1}), numbered=False)) for b in chosen)


def _system(policy: SendPolicy, recovery: Recovery, bounds: Bounds) -> System:
    values = dict(bounds)
    system = System(
        policy, recovery, senders=values.pop("senders"), parts=values.pop("parts"), memory=values.pop("memory"),
        messages=values.pop("messages"), queue=values.pop("queue"), inbox=values.pop("inbox"),
        disconnects=values.pop("disconnects"),
    )  # fmt: skip
    sizes = Sizes(values.pop("part_units", 1), values.pop("chunk_units", 1), values.pop("slots", 2))
    assert not values
    return replace(system, sizes=sizes)


def checked(system: System) -> System:
    """``system``, or UsageError if its bounds make no sense or break ASSUME-FITS."""
    for name in BOUND_NAMES:
        least = 0 if name in ("messages", "disconnects") else 1
        if getattr(system, name) < least:
            raise UsageError(f"--{name} {getattr(system, name)} is impossible: it must be at least {least}")
    for name, most in MOST.items():
        if getattr(system, name) > most:
            value = getattr(system, name)
            raise UsageError(f"--{name} {value} cannot be searched: give {most} or less; the proofs need no such bound")
    needed = send.whole_message(system.sizes, system.parts)
    if system.memory < needed:
        raise UsageError(
            f"--memory {system.memory} is impossible: a message of {system.parts} parts needs up to {needed} units "
            f"with its chunks, and ASSUME-FITS says that one fits; give --memory {needed} or more, or fewer --parts"
        )
    return system


@dataclass(frozen=True)
class Needed:
    """An assumption without which a property fails: the system in which it does, and how the check is loosened."""

    assumption: str
    identifier: str
    system: System
    calm: bool = True
    fair: bool = True


def needed() -> tuple[Needed, ...]:
    """For each assumption a property that is violated without it, and holds with it in the matrix."""
    from enomem.model.policies import DISCARD, RESERVE

    tight = dict(SAFETY[1])
    forgets = replace(_system(DISCARD, Recovery.NEXT, {**tight, "senders": 1, "memory": 4}), aborts=False)
    small = _system(RESERVE, Recovery.RESTART, {**tight, "memory": send.whole_message(Sizes(), 2) - 1})
    endless_reserve = endless(RESERVE, Recovery.RESTART, LIVENESS[0])[0]
    return (
        Needed("ASSUME-ABORT", "SAFE-WHOLE", forgets),
        Needed("ASSUME-ABORT", "SAFE-CONSERVE", replace(forgets, messages=1)),
        Needed("ASSUME-FITS", "LIVE-DEADLOCK", small),
        Needed("ASSUME-CALM", "LIVE-PROGRESS", endless_reserve, calm=False),
        Needed("ASSUME-CALM", "LIVE-EACH", endless_reserve, calm=False),
        Needed("ASSUME-FAIR", "LIVE-EACH", endless_reserve, fair=False),
    )
