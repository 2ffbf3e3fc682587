"""XPUB: PUB that shows its application the subscriptions, and whatever else its subscribers send."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, pub, turns
from .pattern import Begin, Offered, Queued, Shape
from .turns import Can, Turns

_whole = pattern.whole(Rule.PUB_10)


def heard(verbose: bool, verboser: bool, subscribes: bool, changes: bool) -> bool:
    """Is a subscription (or its end) shown to the application (PUB-8)?

    ``changes``: it is the first, or the last, of all peers for its topic. ``verbose`` shows every subscription,
    ``verboser`` every end of one as well.
    """
    if verboser:
        return True
    return changes or (verbose and subscribes)


@dataclass(frozen=True)
class Xpub(Queued):
    """XPUB; ``nodrop``: a message goes to all that match or to none, and the caller waits or hears ENOMEM."""

    name: ClassVar[str] = "XPUB"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["XPUB"]
    publishes: ClassVar[bool] = True
    verbose: bool = False
    verboser: bool = False
    nodrop: bool = False

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """To all that match (PUB-1); whether they have room is seen when the matching ones are known (PUB-5)."""
        return pub.begin(state)

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """Whatever is not a subscription is delivered (PUB-10)."""
        return _whole(turns.received(state, place))

    def heard(self, subscribes: bool, changes: bool) -> bool:
        """Is a subscription, or the end of one, shown to the application (PUB-8)?"""
        return heard(self.verbose, self.verboser, subscribes, changes)
