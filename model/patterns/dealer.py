"""DEALER: PUSH and PULL in one: round robin out, fair queue in, and nothing added or taken away."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, push, turns
from .pattern import Begin, Offered, Queued, Shape
from .turns import Can, Turns

_to_one = pattern.to_one(Rule.DEALER_1)
_whole = pattern.whole(Rule.DEALER_2)


def begin(state: Turns, count: int, free: Can) -> Begin[Turns]:
    """As PUSH does (DEALER-1, TURN-6): an envelope, if the peer needs one, is the application's to write."""
    place = turns.choose(state.send, count, free)
    if place < 0:
        return push.nobody(state)
    return _to_one(turns.begun(state, place))


def offered(state: Turns, place: int) -> Offered[Turns]:
    """As PULL does (DEALER-2): delimiters are delivered like any other part."""
    return _whole(turns.received(state, place))


@dataclass(frozen=True)
class Dealer(Queued):
    """DEALER: asynchronous requests and replies."""

    name: ClassVar[str] = "DEALER"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["DEALER"]
    conflates: ClassVar[bool] = True

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """Whose turn it is among the available peers (DEALER-1)."""
        return begin(state, count, free)

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """Whatever comes (DEALER-2)."""
        return offered(state, place)
