"""PAIR: one peer at a time, and none of a message for the next one when the peer changes in the middle of it."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, turns
from .pattern import Attached, Begin, Offered, Queued, Shape, Way
from .turns import Can, Turns

_to_one = pattern.to_one(Rule.PAIR_3)
_whole = pattern.whole(Rule.PAIR_4)


def attached(state: Turns, count: int) -> Attached[Turns]:
    """The first peer is taken (PAIR-1), and every further one refused while it stays (PAIR-2)."""
    if count > 0:
        return Attached(Rule.PAIR_2, state, False)
    return Attached(Rule.PAIR_1, turns.joined(state, count), True)


def begin(state: Turns, count: int, free: Can) -> Begin[Turns]:
    """The message is for the peer (PAIR-3); without one, or if it is full, the caller may wait (TURN-6)."""
    if count == 0 or not free(0):
        return Begin(Rule.TURN_6, Way.NOBODY, state)
    return _to_one(turns.begun(state, 0))


def offered(state: Turns, place: int) -> Offered[Turns]:
    """Deliver the message as it is (PAIR-4)."""
    return _whole(turns.received(state, place))


@dataclass(frozen=True)
class Pair(Queued):
    """PAIR: exclusive."""

    name: ClassVar[str] = "PAIR"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["PAIR"]

    def attached(self, state: Turns, count: int) -> Attached[Turns]:
        """One peer (PAIR-1, PAIR-2)."""
        return attached(state, count)

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """To the peer (PAIR-3)."""
        return begin(state, count, free)

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """Whatever comes (PAIR-4)."""
        return offered(state, place)
