"""A campaign: many programs on one target, what they reached, and the first one that shows a deviation."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from enomem.model.policies import POLICIES
from enomem.model.receive_policies import BOUNDED_WAIT, RECEIVE_POLICIES
from enomem.model.rules import Rule
from enomem.model.systems.network import Refusals, Setting

from ..errors import Inconclusive, UsageError
from ..targets.target import Can, Target
from .bounded import pairs
from .known import Known, explaining
from .machine import Programs
from .play import Failure, Play, Restless
from .shorten import renewed, unended

STEPS = {"ci": 30, "deep": 80}
"""How many rules a program is made of."""
BATCH = 50
"""So many programs are drawn at a time, where the time is bounded; each batch has its own seed."""


class Found(BaseException):
    """A program deviates, and no other is drawn.

    Hypothesis would have it drawn again, several times, and insist that it fails each time; what a target with threads
    of its own did once, it did. Whether it does so again is asked when the program is made shorter.
    """


class Enough(BaseException):
    """The time is over."""


@dataclass
class Tally:
    """What a campaign did so far.

    ``broken_off``: programs that came to where nothing is ever over; ``undecided`` says of which more may have happened
    than can be followed.
    """

    programs: int = 0
    steps: int = 0
    fired: set[Rule] = field(default_factory=set)
    states: set[int] = field(default_factory=set)
    broken_off: int = 0
    undecided: list[str] = field(default_factory=list)
    unasked: set[str] = field(default_factory=set)
    known: Counter[Known] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self.began

    @property
    def rate(self) -> float:
        """Programs a second."""
        return self.programs / max(self.seconds, 1e-9)


class Campaign:
    """Programs on one target; ``known`` are deviations that are expected; ``tell`` is told of progress.

    ``in_turn``: the target is held to turns (TURN-1), which are enomem's own answer to who gets the next message.
    ``kinds``: only programs whose first two sockets have one of these types. ``policy``: this one, and no other.
    """

    def __init__(
        self,
        target: Target,
        in_turn: bool,
        known: Sequence[Known] = (),
        tell: Callable[[Tally], None] = lambda _: None,
        kinds: Collection[str] = (),
        policy: str | None = None,
    ) -> None:
        self.target = target
        self.in_turn = in_turn
        self.policy = policy
        self.pairs = [
            pair for pair in pairs() if set(pair) <= target.types and (not kinds or not set(pair).isdisjoint(kinds))
        ]
        if not self.pairs:
            raise UsageError(f"the target {target.name} has no two types that may talk: {', '.join(kinds) or 'any'}")
        self.expected = known
        self.tell = tell
        self.tally = Tally()
        self.found = self.setting("DISCARD")
        self.first: Failure | None = None
        self.last: Play | None = None
        self.bound: float | None = None

    def setting(self, policy: str, limit: int | None = None, receives: str = BOUNDED_WAIT.name) -> Setting:
        """What the model is set to: the policy, if the target can be set to one; refusals, if it can be told them."""
        named = {one.name: one for one in POLICIES}
        chosen = named[(self.policy or policy) if Can.POLICY in self.target.cans else "DISCARD"]
        refusals = Refusals.TOLD if Can.REFUSE in self.target.cans else Refusals.NONE
        # What a reader does that is refused is seen only when nothing is under way.
        told = self.starves and limit is None
        reading = {one.name: one for one in RECEIVE_POLICIES}[receives if told else BOUNDED_WAIT.name]
        return Setting(chosen, refusals, self.in_turn, receive_policy=reading, limit=limit)

    def can(self, what: Can) -> bool:
        """Can the target do this?"""
        return what in self.target.cans

    @property
    def bounds(self) -> bool:
        """Is a bound on memory asked of the target?  What a part costs is known of who keeps to enomem's answers."""
        return self.in_turn and {Can.LIMIT, Can.MEMORY, Can.REFUSE, Can.SETTLE} <= self.target.cans

    @property
    def starves(self) -> bool:
        """Is asked what readers do that get no memory?"""
        return {Can.RECEIVE_POLICY, Can.REFUSE, Can.SETTLE} <= self.target.cans

    def begin(self, policy: str, limit: int | None = None, receives: str = BOUNDED_WAIT.name) -> Play:
        """A new program on the target as new, if there is time for it; what cannot be ended has deviated."""
        if self.bound is not None and self.tally.programs and self.tally.seconds >= self.bound:
            raise Enough
        fault = renewed(self.target)
        if fault is not None and self.last is not None:
            self._fails(self.last, unended(self.last, fault))
        self.last = Play(self.target, self.setting(policy, limit, receives))
        return self.last

    def known(self, failure: Failure) -> bool:
        """Is this deviation expected?"""
        return explaining(self.expected, failure) is not None

    def ended(self, play: Play, failure: Failure | None) -> None:
        """A program is over."""
        tally = self.tally
        tally.programs += 1
        tally.steps += len(play.events)
        tally.fired |= play.oracle.fired
        tally.states |= play.seen
        tally.unasked |= play.unasked
        self.tell(tally)
        if failure is not None:
            self._fails(play, failure)

    def _fails(self, play: Play, failure: Failure) -> None:
        """Count a deviation that is expected; `Found` is any other one."""
        known = explaining(self.expected, failure)
        if known is not None:
            self.tally.known[known] += 1
            return
        self.first, self.found = failure, play.setting
        raise Found

    def broken_off(self, play: Play, why: Inconclusive | Restless) -> None:
        """A program came to where nothing can be said any more."""
        self.tally.broken_off += 1
        if isinstance(why, Inconclusive):
            self.tally.undecided.append(f"program {self.tally.programs + 1}, {why}")
        self.ended(play, None)

    def run(self, examples: int, number: int, profile: str = "ci") -> Failure | None:
        """Draw so many programs by a seed; the first that shows a deviation (`found` is its setting), or None."""
        machine = type("Drawn", (Programs,), {"course": self})
        drawn = settings(
            max_examples=examples,
            stateful_step_count=STEPS[profile],
            phases=(Phase.generate,),
            database=None,
            deadline=None,
            derandomize=False,
            print_blob=False,
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
        )
        self.first = None
        with contextlib.suppress(Found, Enough):
            run_state_machine_as_test(seed(number)(machine), settings=drawn)
        return self.first

    def run_for(self, seconds: float, number: int, profile: str = "ci") -> Failure | None:
        """Draw programs in batches until the time is over, or one shows a deviation; the last one is run to its end."""
        self.bound = seconds
        while self.tally.seconds < seconds:
            failure = self.run(BATCH, number, profile)
            if failure is not None:
                return failure
            number += 1
        return None
