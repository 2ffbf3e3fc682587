"""REP: a request, then its reply, then the next request; the envelope is kept outside of every pipe.

What belongs here: the lock step, and who gets the reply. What does not: the envelope's parts. Whoever holds them puts
them in front of the reply at each attempt, and drops them with ``committed``.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import ClassVar

from ..rules import Rule
from . import pattern, turns
from .pattern import Attached, Begin, Offered, Pattern, Shape, Way
from .turns import KEPT, Can


class Phase(Enum):
    """Where the socket stands between a request and its reply."""

    RECEIVE = "receive"
    TAKING = "taking"
    """A request was delivered, and the application has not taken its last part."""
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class State:
    """The lock step; ``receive``: whose turn it is. ``peer``: the place that the request came from, -1 if it is gone.

    ``envelope``: how many parts stand in front of the reply. ``sending``: a reply to the peer is begun.
    """

    phase: Phase = Phase.RECEIVE
    receive: int = 0
    peer: int = -1
    envelope: int = 0
    sending: bool = False


@lru_cache(maxsize=KEPT)
def _receiving(receive: int) -> State:
    return State(Phase.RECEIVE, receive)


@lru_cache(maxsize=KEPT)
def _replying(receive: int, peer: int, envelope: int, sending: bool) -> State:
    return State(Phase.REPLY, receive, peer, envelope, sending)


@lru_cache(maxsize=KEPT)
def _reply(receive: int, peer: int, envelope: int) -> Begin[State]:
    return Begin(Rule.REP_4, Way.PIPE, _replying(receive, peer, envelope, True), peer, envelope)


@lru_cache(maxsize=KEPT)
def _request(peer: int, envelope: int) -> Offered[State]:
    return Offered(Rule.REP_1, State(Phase.TAKING, peer + 1, peer, envelope), True, envelope, envelope)


def begin(state: State, free: Can) -> Begin[State]:
    """Begin the reply, its envelope in front (REP-4), if one is due (REP-3).

    It is swallowed where there is nobody to receive it (REP-5), and where its receiver's pipe is full (REP-6): then
    none is due any more, and the envelope can go.
    """
    if state.phase != Phase.REPLY:
        return Begin(Rule.REP_3, Way.WRONG_STATE, state)
    if state.peer == -1:
        return Begin(Rule.REP_5, Way.SWALLOW, committed(state))
    if not free(state.peer):
        return Begin(Rule.REP_6, Way.SWALLOW, committed(state))
    return _reply(state.receive.__index__(), state.peer.__index__(), state.envelope.__index__())


def committed(state: State) -> State:
    """The reply is done with, sent or swallowed, and the next request may come (REP-8)."""
    return _receiving(state.receive.__index__())


def dropped(state: State) -> State:
    """The reply was dropped; it is still due, to the same peer behind the same envelope (REP-7)."""
    if not state.sending:
        return state
    return _replying(state.receive.__index__(), state.peer.__index__(), state.envelope.__index__(), False)


def offered(place: int, shape: Shape) -> Offered[State]:
    """Deliver what stands behind the first empty part of a request (REP-1), and discard what is none (REP-2)."""
    envelope = shape.delimiter + 1
    if shape.delimiter < 0 or shape.parts <= envelope:
        return Offered(Rule.REP_2, _receiving((place + 1).__index__()), False)
    return _request(place.__index__(), envelope.__index__())


def taken(state: State) -> State:
    """The application has the whole request, and a reply is due (REP-9)."""
    return _replying(state.receive.__index__(), state.peer.__index__(), state.envelope.__index__(), False)


def detached(state: State, place: int) -> State:
    """A pipe is gone. If the request came from it, the reply is still due, and has nowhere to go (REP-5)."""
    peer = turns.stayed(state.peer, place)
    sending = state.sending and peer != -1
    return State(state.phase, turns.moved(state.receive, place), peer, state.envelope, sending)


@dataclass(frozen=True)
class Rep(Pattern[State]):
    """REP: fair queue over requests, and each reply to where its request came from."""

    name: ClassVar[str] = "REP"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["REP"]
    commits: ClassVar[Rule] = Rule.REP_8
    drops: ClassVar[Rule] = Rule.REP_7
    takes: ClassVar[Rule] = Rule.REP_9

    def initial(self) -> State:
        """Requests may come."""
        return _receiving(0)

    def attached(self, state: State, count: int) -> Attached[State]:
        """Every pipe is welcome (TURN-4)."""
        receive = turns.begins(state.receive, count)
        return Attached(Rule.TURN_4, State(state.phase, receive, state.peer, state.envelope, state.sending), True)

    def detached(self, state: State, place: int) -> State:
        """Remember that the peer is gone, if it was the one (TURN-5)."""
        return detached(state, place)

    def begin(self, state: State, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[State]:
        """The reply (REP-3 to REP-6)."""
        return begin(state, free)

    def committed(self, state: State) -> State:
        """Receive again (REP-8)."""
        return committed(state)

    def dropped(self, state: State) -> State:
        """The reply is still due (REP-7)."""
        return dropped(state)

    def may_send(self, state: State) -> Rule | None:
        """Only when a reply is due (REP-3)."""
        return None if state.phase == Phase.REPLY else Rule.REP_3

    def writable(self, state: State, count: int, free: Can) -> bool:
        """When a reply is due: it goes or is swallowed (REP-4 to REP-6)."""
        return state.phase == Phase.REPLY

    def may_receive(self, state: State) -> Rule | None:
        """Not while a reply is due (REP-3)."""
        return Rule.REP_3 if state.phase == Phase.REPLY else None

    def choose(self, state: State, count: int, waiting: Can) -> int:
        """The first from the turn on that has something (TURN-1)."""
        return turns.choose(state.receive, count, waiting)

    def offered(self, state: State, place: int, shape: Shape) -> Offered[State]:
        """A request, or nothing (REP-1, REP-2)."""
        return offered(place, shape)

    def taken(self, state: State) -> State:
        """A reply is due (REP-9)."""
        return taken(state)
