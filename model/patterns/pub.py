"""PUB: each message goes to every peer whose subscriptions match it; see ``fan_out`` for the copies."""

from dataclasses import dataclass
from typing import ClassVar

from ..rules import Rule
from . import pattern, turns
from .pattern import Begin, Queued
from .turns import Can, Turns

_to_many = pattern.to_many(Rule.PUB_1)


def begin(state: Turns) -> Begin[Turns]:
    """To all that match the first part, be it none (PUB-1): no state of a peer can hold it up."""
    return _to_many(turns.known(state))


@dataclass(frozen=True)
class Pub(Queued):
    """PUB: publishes, and hears nothing but subscriptions."""

    name: ClassVar[str] = "PUB"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["PUB"]
    receives: ClassVar[bool] = False
    publishes: ClassVar[bool] = True
    conflates: ClassVar[bool] = True

    def writable(self, state: Turns, count: int, free: Can) -> bool:
        """Always: nobody can hold it up (PUB-1)."""
        return True

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """To all that match (PUB-1)."""
        return begin(state)
