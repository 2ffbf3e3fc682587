"""SUB: receives what it subscribed to, from all peers, which take turns."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, turns
from .pattern import Attached, Offered, Queued, Shape
from .turns import Turns

_whole = pattern.whole(Rule.SUB_4)


def attached(state: Turns, count: int) -> Attached[Turns]:
    """A publisher came; it is to be told all subscriptions, of which it can know nothing (SUB-7)."""
    return Attached(Rule.SUB_7, turns.joined(state, count), True)


def offered(state: Turns, place: int, shape: Shape) -> Offered[Turns]:
    """Deliver a message that a subscription matches (SUB-4), and no other (SUB-5).

    A peer has filtered before, by what it knew of the subscriptions when it sent.
    """
    after = turns.received(state, place)
    if shape.matches:
        return _whole(after)
    return Offered(Rule.SUB_5, after, False)


@dataclass(frozen=True)
class Sub(Queued):
    """SUB: sends nothing but its subscriptions."""

    name: ClassVar[str] = "SUB"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["SUB"]
    sends: ClassVar[bool] = False
    subscribes: ClassVar[bool] = True
    filters: ClassVar[bool] = True
    conflates: ClassVar[bool] = True

    def attached(self, state: Turns, count: int) -> Attached[Turns]:
        """Every publisher is welcome, and told (SUB-7)."""
        return attached(state, count)

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """What it subscribed to (SUB-4, SUB-5)."""
        return offered(state, place, shape)
