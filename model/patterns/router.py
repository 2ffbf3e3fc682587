"""ROUTER: the first part of a message says which peer gets the rest.

Which routing id is at which place is kept in ``routing``; here it is only a place, -1 if no peer has the id.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import ClassVar

from ..rules import Rule
from . import pattern, turns
from .pattern import Begin, Offered, Queued, Shape, Way
from .turns import KEPT, Can, Turns


def begin(state: Turns, mandatory: bool, free: Can, to: int, last: bool) -> Begin[Turns]:
    """The address is consumed (ROUTER-1), if there is a message behind it (ROUTER-5), a peer and room for it.

    Where ``mandatory``, an unknown peer is an error (ROUTER-2), and a full one too, for which the caller may wait
    (ROUTER-3). Otherwise the message is swallowed, address and all (ROUTER-4).
    """
    if last:
        return Begin(Rule.ROUTER_5, Way.SWALLOW, state, address=True)
    if to >= 0 and free(to):
        return _addressed(turns.begun(state, to))
    if not mandatory:
        return Begin(Rule.ROUTER_4, Way.SWALLOW, state, address=True)
    if to < 0:
        return Begin(Rule.ROUTER_2, Way.UNREACHABLE, state, address=True)
    return Begin(Rule.ROUTER_3, Way.NOBODY, state, address=True)


@lru_cache(maxsize=KEPT)
def _addressed(state: Turns) -> Begin[Turns]:
    return Begin(Rule.ROUTER_1, Way.PIPE, state, state.current, address=True)


def dropped(state: Turns) -> Turns:
    """No message is begun any more, so the next part is an address again, whoever was addressed (ROUTER-6)."""
    return turns.dropped(state)


def offered(state: Turns, place: int) -> Offered[Turns]:
    """Deliver the message behind the routing id of its pipe (ROUTER-7)."""
    return _stamped(turns.received(state, place))


@lru_cache(maxsize=KEPT)
def _stamped(state: Turns) -> Offered[Turns]:
    return Offered(Rule.ROUTER_7, state, True, stamp=True)


class Claim(Enum):
    """What becomes of a peer that comes with a routing id; the value is how it is printed."""

    GRANTED = "granted"
    REFUSED = "refused"
    """The newcomer's connection is closed."""
    HANDED_OVER = "handed over"
    """The older peer's connection is closed, and its pipe goes with all that it holds."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer to a peer that comes with a routing id."""

    rule: Rule
    claim: Claim


def claim(held: bool, handover: bool) -> Claimed:
    """A peer comes with a routing id, which another pipe ``held``: first come, unless it is to be handed over."""
    if not held:
        return Claimed(Rule.ROUTER_8, Claim.GRANTED)
    if handover:
        return Claimed(Rule.ROUTER_10, Claim.HANDED_OVER)
    return Claimed(Rule.ROUTER_9, Claim.REFUSED)


@dataclass(frozen=True)
class Router(Queued):
    """ROUTER; ``mandatory``: what cannot be sent is an error. ``handover``: a routing id goes to who claims it last."""

    name: ClassVar[str] = "ROUTER"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["ROUTER"]
    routes: ClassVar[bool] = True
    drops: ClassVar[Rule] = Rule.ROUTER_6
    mandatory: bool = False
    handover: bool = False

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """To whom the first part names (ROUTER-1 to ROUTER-5)."""
        return begin(state, self.mandatory, free, -1 if to is None else to, last)

    def writable(self, state: Turns, count: int, free: Can) -> bool:
        """Always, unless mandatory: then one peer has room, but perhaps not the one that is meant."""
        return not self.mandatory or turns.choose(0, count, free) >= 0

    def dropped(self, state: Turns) -> Turns:
        """Start again at an address (ROUTER-6)."""
        return dropped(state)

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """Behind the sender's routing id (ROUTER-7)."""
        return offered(state, place)

    def hands_over(self) -> bool:
        """Does a routing id go to who claims it last?"""
        return self.handover

    def claim(self, held: bool) -> Claimed:
        """What becomes of a peer whose routing id another pipe ``held`` (ROUTER-8 to ROUTER-10)."""
        return claim(held, self.handover)
