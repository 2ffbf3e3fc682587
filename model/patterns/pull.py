"""PULL: messages come from all peers, and they take turns."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, turns
from .pattern import Offered, Queued, Shape
from .turns import Turns

_whole = pattern.whole(Rule.PUSH_2)


def offered(state: Turns, place: int) -> Offered[Turns]:
    """Deliver the message as it is, and let the next pipe have its turn (PUSH-2)."""
    return _whole(turns.received(state, place))


@dataclass(frozen=True)
class Pull(Queued):
    """PULL: fair queue over the peers; sends nothing."""

    name: ClassVar[str] = "PULL"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["PULL"]
    sends: ClassVar[bool] = False
    conflates: ClassVar[bool] = True

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """Whatever comes (PUSH-2)."""
        return offered(state, place)
