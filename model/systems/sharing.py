"""The closed system of a sender and a reader that share one pool and nothing else.

It is the system of senders and that of readers side by side: a step of one is its own step, with what the other has
left of the memory. So nothing is decided here but that there is one pool.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from .. import system as sending
from ..memory import Site
from ..rules import Rule
from . import receiving


@dataclass(frozen=True, slots=True)
class Action:
    """Something happens on the ``sender``'s side or on the ``reader``'s; the other one is None."""

    sender: sending.Action | None = None
    reader: receiving.Action | None = None

    @property
    def own(self) -> Any:
        """What happens, as its own side calls it."""
        return self.sender if self.sender is not None else self.reader

    @property
    def kind(self) -> Enum:
        """What kind of thing it is."""
        kind: Enum = self.own.kind
        return kind

    @property
    def refuse(self) -> Site | None:
        """The site at which the environment says no."""
        refuse: Site | None = self.own.refuse
        return refuse

    @property
    def hostile(self) -> bool:
        """Is this the environment's doing, which nothing may rely on?"""
        return bool(self.own.hostile)


@dataclass(frozen=True, slots=True)
class State:
    """Both sides; their pools are one and the same."""

    sender: sending.State
    reader: receiving.State


@dataclass(frozen=True, slots=True)
class System:
    """Both sides' constants; their memory is the same."""

    sender: sending.System
    reader: receiving.System


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``own`` is the step of the side that made it, and ``settled`` and ``went_on`` are its own."""

    rules: tuple[Rule, ...]
    state: State
    own: Any
    refused: Site | None = None
    settled: bool = False
    went_on: bool = False


def initial(system: System) -> State:
    """Nothing was sent, and nothing has come."""
    return State(sending.initial(system.sender), receiving.initial(system.reader))


def actions(system: System) -> tuple[Action, ...]:
    """Everything that could happen on either side."""
    return (
        *(Action(sender=action) for action in sending.actions(system.sender)),
        *(Action(reader=action) for action in receiving.actions(system.reader)),
    )


def step(system: System, state: State, action: Action) -> Step | None:
    """What ``action`` does, or None if it cannot happen."""
    if action.sender is not None:
        sent = sending.step(system.sender, state.sender, action.sender)
        if sent is None:
            return None
        after = State(sent.state, replace(state.reader, pool=sent.state.pool))
        return Step(sent.rules, after, sent, sent.refused, bool(sent.settled))
    assert action.reader is not None
    read = receiving.step(system.reader, state.reader, action.reader)
    if read is None:
        return None
    after = State(replace(state.sender, pool=read.state.pool), read.state)
    return Step(read.rules, after, read, read.refused, read.settled, read.went_on)
