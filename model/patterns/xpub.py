"""XPUB: PUB that shows its application the subscriptions, and whatever else its subscribers send."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, pub, turns
from .pattern import Begin, Offered, Queued, Shape
from .turns import Can, Turns

_whole = pattern.whole(Rule.PUB_10)


def offered(state: Turns, place: int) -> Offered[Turns]:
    """Deliver what is not a subscription as it is (PUB-10)."""
    return _whole(turns.received(state, place))


@dataclass(frozen=True, slots=True)
class Heard:
    """Is a subscription, or the end of one, ``shown`` to the application as a message?"""

    rule: Rule
    shown: bool


def heard(verbose: bool, verboser: bool, subscribes: bool, changes: bool) -> Heard:
    """A peer ``subscribes`` or cancels; ``changes``: it is the first of all peers for its topic, or was the last.

    What changes nothing is not shown (PUB-8), but for a subscription where ``verbose``, and for either where
    ``verboser`` (PUB-7).
    """
    if changes or verboser or (verbose and subscribes):
        return Heard(Rule.PUB_7, True)
    return Heard(Rule.PUB_8, False)


@dataclass(frozen=True)
class Xpub(Queued):
    """XPUB; ``nodrop``: a message goes to all that match or to none, and the caller waits or hears ENOMEM."""

    name: ClassVar[str] = "XPUB"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["XPUB"]
    publishes: ClassVar[bool] = True
    verbose: bool = False
    verboser: bool = False
    nodrop: bool = False

    def writable(self, state: Turns, count: int, free: Can) -> bool:
        """Always, as libzmq: who matches is known only with the first part."""
        return True

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """To all that match (PUB-1); whether they have room is seen when the matching ones are known (PUB-5)."""
        return pub.begin(state)

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """Whatever is not a subscription is delivered (PUB-10)."""
        return offered(state, place)

    def heard(self, subscribes: bool, changes: bool) -> Heard:
        """Is a subscription, or the end of one, shown to the application (PUB-7, PUB-8)?"""
        return heard(self.verbose, self.verboser, subscribes, changes)
