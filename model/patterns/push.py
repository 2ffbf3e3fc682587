"""PUSH: each message goes to one peer, and they take turns."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, turns
from .pattern import Begin, Queued, Way
from .turns import Can, Turns

_to_one = pattern.to_one(Rule.PUSH_1)


def begin(state: Turns, count: int, free: Can) -> Begin[Turns]:
    """Begin a message at the first available pipe from the turn on (PUSH-1), if there is one (TURN-6)."""
    place = turns.choose(state.send, count, free)
    if place < 0:
        return nobody(state)
    return _to_one(turns.begun(state, place))


def nobody(state: Turns) -> Begin[Turns]:
    """No pipe is there, or all are full: nothing changes, and the caller may wait (TURN-6)."""
    return Begin(Rule.TURN_6, Way.NOBODY, state)


@dataclass(frozen=True)
class Push(Queued):
    """PUSH: round robin over the available peers; receives nothing."""

    name: ClassVar[str] = "PUSH"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["PUSH"]
    receives: ClassVar[bool] = False
    conflates: ClassVar[bool] = True

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """Whose turn it is among the available ones (PUSH-1)."""
        return begin(state, count, free)
