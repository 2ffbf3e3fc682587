"""Which bounded models there are, by their names, and what came of one on a target: as a line, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from enomem.model.patterns import PATTERNS
from enomem.model.policies import POLICIES
from enomem.model.systems.network import Refusals, Setting

from ..errors import Inconclusive, UsageError
from ..oracle.events import line
from ..targets.target import Can, Target
from .bounded import graph, pairs
from .bounded_calls import Bounds, winds
from .cover import Covered, covered
from .shorten import shortened

SMALL = ("PUSH-PULL", "REQ-REP", "PUB-SUB")
"""The bounded models of the profile ci; and with kills `KILLED`, which have one part."""
KILLED = ("PUSH-PULL+kills", "PULL-PUSH+kills", "REQ-REP+kills", "PUB-SUB+kills")
TWO_WAIT = ("PULL-PUSH+kills", "PUSH-PULL+kills")
"""Models with kills that deep has with two parts, so that one message waits while another is dropped."""
THREE = (
    "PUSH-PULL-PULL", "PULL-PUSH-PUSH", "REQ-REP-REP", "REP-REQ-REQ", "DEALER-REP-REP", "ROUTER-REQ-REQ",
    "REQ-ROUTER-ROUTER", "ROUTER-DEALER-DEALER", "PUB-SUB-SUB", "SUB-PUB-PUB",
)  # fmt: skip
"""Models of three sockets that deep has."""
EDGES = ("PUSH-PULL", "PULL-PUSH", "PAIR-PAIR", "PUB-SUB", "REQ-REP")
"""Models whose pipe begins at the end of a chunk that deep has."""


@dataclass(frozen=True)
class Deviation:
    """One kind of deviation: what happened, how often, and the shortest program found, a line each call."""

    kind: str
    what: str
    often: int
    program: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What came of one model on one target; the numbers are those of `Graph` and `Covered`.

    ``too_large`` says why there is no graph, and then nothing was run.
    """

    target: str
    version: str
    policy: str
    model: str
    parts: int
    states: int = 0
    transitions: int = 0
    beyond: int = 0
    taken: int = 0
    unshown: int = 0
    unreached: int = 0
    elsewhere: int = 0
    undecided: int = 0
    tests: int = 0
    programs: int = 0
    seconds: float = 0.0
    deviations: tuple[Deviation, ...] = ()
    too_large: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What it is the result of."""
        return self.target, self.version, self.policy, self.model, self.parts

    @property
    def deviating(self) -> int:
        """Transitions whose call the target answered as no model does."""
        return self.transitions - self.taken - self.unshown - self.unreached

    def line(self) -> str:
        """One line."""
        if self.too_large:
            return f"not run: {self.too_large}"
        more = [
            (self.deviating, "deviated"),
            (self.unshown, "not shown by this target"),
            (self.unreached, "behind those or behind a deviation"),
            (self.beyond, "left out of the graph"),
            (self.undecided, "programs undecided"),
        ]
        return (
            f"{self.model}, {self.parts} parts: {self.states} states, {self.transitions} transitions, "
            f"{self.taken} of them taken in {self.tests} tests"
            + "".join(f"; {count} {what}" for count, what in more if count)
        )


def bounds_of(models: Sequence[str], parts: int, types: Collection[str]) -> list[Bounds]:
    """The bounded models by their names, such as ``PUSH-PULL``, ``PUSH-PULL-PULL`` or ``PUSH-PULL+kills``.

    ``pairs`` and ``three`` are all of their kind that there are types for, and ``pairs+kills`` all pairs with kills.
    """
    found = []
    for name in _each(models, types):
        plain, *marks = name.split("+")
        kinds = tuple(plain.upper().split("-"))
        wrong = [pair for pair in ((kinds[0], other) for other in kinds[1:]) if pair not in pairs()]
        if len(kinds) < 2 or wrong or not set(kinds) <= set(types) or not set(marks) <= {"kills", "edge"}:
            raise UsageError(
                f"{name!r} is no model: types that may talk to the first are wanted, as PUSH-PULL or PUSH-PULL-PULL, "
                "and then +kills or +edge"
            )
        if "edge" in marks and not any(map(winds, kinds[:2])):
            raise UsageError(f"{name!r} is no model: neither of the first two sends what is sure to be received")
        found.append(Bounds(kinds, parts, "kills" in marks, "edge" in marks))
    return found


def _each(models: Sequence[str], types: Collection[str]) -> Iterator[str]:
    groups = {"pairs": ["-".join(pair) for pair in pairs()], "three": list(THREE)}
    for name in models:
        group, mark, marks = name.partition("+")
        for one in groups.get(group.lower(), []):
            if set(one.split("-")) <= set(types):
                yield one + mark + marks
        if group.lower() not in groups:
            yield name


def profile(name: str, parts: int, types: Collection[str]) -> list[Bounds]:
    """The models of a profile, as far as a target has their types.

    Deep: all pairs of types, with either of them listening, with so many parts; and with one part, where there are
    kills (a few with two) or three sockets.
    """
    every = set(PATTERNS)
    if name == "ci":
        found = bounds_of(SMALL, parts, every) + bounds_of(KILLED, 1, every)
    else:
        found = bounds_of(["pairs", *(f"{one}+edge" for one in EDGES)], parts, every)
        found += bounds_of(["three", "pairs+kills"], 1, every) + bounds_of(TWO_WAIT, 2, every)
    return [one for one in found if set(one.kinds) <= set(types)]


def setting_of(target: Target, policy: str, in_turn: bool) -> Setting:
    """What the model is set to; UsageError for a policy that the target cannot be set to."""
    named = {one.name: one for one in POLICIES}
    if policy not in named:
        raise UsageError(f"there is no send policy {policy!r}; known are {', '.join(named)}")
    if policy != "DISCARD" and Can.POLICY not in target.cans:
        raise UsageError(f"the target {target.name} has no send policies")
    return Setting(named[policy], Refusals.TOLD if Can.REFUSE in target.cans else Refusals.NONE, in_turn)


def result_of(target: Target, setting: Setting, bounds: Bounds, done: Covered) -> Result:
    """Cover one model on a target; ``done`` says meanwhile how far that is."""
    empty = Result(target.name, target.version, setting.policy.name, bounds.name, bounds.parts)
    try:
        made = graph(bounds, setting, target.cans)
    except Inconclusive as error:
        return Result(*empty.key, too_large=str(error))
    covered(target, made, setting, done)
    deviations = []
    for kind, failure in sorted(done.failures.items()):
        short = shortened(target, setting, failure)
        deviations.append(Deviation(kind, short.what, done.often[kind], tuple(map(line, short.events))))
    return Result(
        *empty.key, len(made.edges), made.transitions, made.beyond, done.taken, done.unshown, done.unreached,
        done.elsewhere, done.undecided, done.tests, done.programs, round(done.seconds, 1), tuple(deviations),
    )  # fmt: skip


# --- results in a file


def read(path: Path) -> list[Result]:
    """The results of a file, one a line; none, if there is no file yet. UsageError for a file of something else."""
    if not path.exists():
        return []
    found = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            made: dict[str, Any] = json.loads(text)
            given = [Deviation(**{**one, "program": tuple(one["program"])}) for one in made.pop("deviations")]
            found.append(Result(**made, deviations=tuple(given)))
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(f"{path}, line {number}: that is no result of an exhaustive run ({error})") from None
    return found


def append(path: Path, results: Iterable[Result]) -> None:
    """Write results behind those that a file has."""
    with path.open("a", encoding="utf-8") as file:
        for one in results:
            file.write(json.dumps(asdict(one)) + "\n")
