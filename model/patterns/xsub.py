"""XSUB: SUB whose subscriptions are messages that the application sends, and which can send other messages too."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, sub, turns
from .pattern import Attached, Begin, Offered, Queued, Shape
from .turns import Can, Turns

_to_many = pattern.to_many(Rule.SUB_6)
_whole = pattern.whole(Rule.SUB_4)


def begin(state: Turns) -> Begin[Turns]:
    """To all peers, be there none (SUB-6); subscriptions are told from other messages by ``subscriptions.parse``."""
    return _to_many(turns.known(state))


def offered(state: Turns, place: int) -> Offered[Turns]:
    """Deliver whatever comes (SUB-4): it is for the application to filter."""
    return _whole(turns.received(state, place))


@dataclass(frozen=True)
class Xsub(Queued):
    """XSUB: the receiving end of a device; it delivers all that comes, since its peers filter."""

    name: ClassVar[str] = "XSUB"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["XSUB"]
    subscribes: ClassVar[bool] = True

    def attached(self, state: Turns, count: int) -> Attached[Turns]:
        """Every publisher is welcome, and told (SUB-7)."""
        return sub.attached(state, count)

    def writable(self, state: Turns, count: int, free: Can) -> bool:
        """Always: nobody can hold it up (SUB-6)."""
        return True

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """To all peers (SUB-6)."""
        return begin(state)

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """Whatever comes (SUB-4)."""
        return offered(state, place)
