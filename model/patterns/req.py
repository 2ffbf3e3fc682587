"""REQ: a request, then its reply, then the next request; the reply counts only if it comes from who was asked.

What belongs here: the lock step, who was asked, and what is a reply. What does not: bytes; the library's parts in
front of a request are ``lead`` parts, the request id (if ``correlate``) and the delimiter, and ``request_id`` says how
the id is written.

A request is pending from its commit on, not from its first part: a request that gets no memory leaves everything as
it was, the request id and the pending request of a relaxed socket included.
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

    SEND = "send"
    AWAIT = "await"
    LOST = "lost"
    """A reply is awaited, and the pipe to the peer that was asked is gone: it can never come."""
    TAKING = "taking"
    """The reply was delivered, and the application has not taken its last part."""


@dataclass(frozen=True, slots=True)
class State:
    """The lock step. ``send``: whose turn it is to be asked. ``current``: who gets the request that is being sent.

    ``peer``: the place that the awaited reply has to come from. ``request``: the number of the newest request, counted
    only where replies are correlated. Places are -1 where there is none.
    """

    phase: Phase = Phase.SEND
    send: int = 0
    current: int = -1
    peer: int = -1
    request: int = 0


IDS = 1 << 32
"""Request ids are four octets long, and begin again after the last, as in libzmq."""


def request_id(number: int) -> bytes:
    """The part that carries the id of request ``number``, four octets in network order."""
    return number.to_bytes(4, "big")


@lru_cache(maxsize=KEPT)
def _sending(send: int, current: int, request: int) -> State:
    return State(Phase.SEND, send, current, -1, request)


@lru_cache(maxsize=KEPT)
def _awaiting(send: int, peer: int, request: int) -> State:
    return State(Phase.AWAIT, send, -1, peer, request)


@lru_cache(maxsize=KEPT)
def _request(lead: int, send: int, place: int, request: int) -> Begin[State]:
    return Begin(Rule.REQ_1, Way.PIPE, _sending(send, place, request), place, lead)


@lru_cache(maxsize=KEPT)
def _reply(lead: int, send: int, request: int) -> Offered[State]:
    return Offered(Rule.REQ_5, State(Phase.TAKING, send, -1, -1, request), True, lead)


def begin(state: State, relaxed: bool, lead: int, count: int, free: Can) -> Begin[State]:
    """Begin a request behind ``lead`` parts of the library's (REQ-1), unless a reply is due before it (REQ-2).

    A ``relaxed`` socket may begin one all the same (REQ-9): what is pending stays so until the new one is committed.
    """
    if state.phase != Phase.SEND and not relaxed:
        return Begin(Rule.REQ_2, Way.WRONG_STATE, state)
    place = turns.choose(state.send, count, free)
    if place < 0:
        return Begin(Rule.TURN_6, Way.NOBODY, state)
    if state.phase == Phase.SEND:
        return _request(lead, state.send.__index__(), place, state.request.__index__())
    begun = State(state.phase, state.send, place, state.peer, state.request)
    return Begin(Rule.REQ_9, Way.PIPE, begun, place, lead)


def committed(state: State, correlate: bool, ids: int) -> State:
    """The request is sent: its reply is awaited from the peer that it went to, and from no other (REQ-3)."""
    request = next_request(state.request, ids) if correlate else state.request
    return _awaiting((state.current + 1).__index__(), state.current.__index__(), request.__index__())


def next_request(number: int, ids: int) -> int:
    """The number after ``number``, of ``ids`` that there are."""
    return 0 if number + 1 == ids else number + 1


def dropped(state: State) -> State:
    """The request was dropped, delimiter and all: as if it had never been begun (REQ-4)."""
    if state.current == -1:
        return state
    return State(state.phase, state.send, -1, state.peer, state.request)


def choose(state: State, count: int, waiting: Can) -> int:
    """The peer that was asked, if something came from it, else any other, whose message will be discarded (REQ-6).

    What nobody asked for is not left to lie: it would hold the memory that the reply needs.
    """
    if state.peer >= 0 and waiting(state.peer):
        return state.peer
    return turns.choose(0, count, waiting)


def offered(state: State, lead: int, place: int, shape: Shape) -> Offered[State]:
    """Deliver the reply (REQ-5): from the peer that was asked, behind the same lead parts as the request had.

    Whatever else comes is discarded, and what was awaited is awaited still (REQ-6).
    """
    asked = state.phase == Phase.AWAIT and state.peer == place
    if asked and shape.delimiter == lead - 1 and shape.parts > lead and (lead == 1 or shape.correlates):
        return _reply(lead, state.send.__index__(), state.request.__index__())
    return Offered(Rule.REQ_6, state, False)


def taken(state: State) -> State:
    """The application has the whole reply, and may send the next request (REQ-7), if a relaxed one has not begun it."""
    if state.phase != Phase.TAKING:
        return state
    return _sending(state.send.__index__(), state.current.__index__(), state.request.__index__())


def detached(state: State, place: int) -> State:
    """A pipe is gone. If the reply was awaited from it, it cannot come any more (REQ-8)."""
    peer = turns.stayed(state.peer, place)
    lost = state.phase == Phase.AWAIT and peer == -1
    phase = Phase.LOST if lost else state.phase
    return State(phase, turns.moved(state.send, place), turns.stayed(state.current, place), peer, state.request)


@dataclass(frozen=True)
class Req(Pattern[State]):
    """REQ; ``relaxed``: a new request may replace a pending one. ``correlate``: requests carry an id, of ``ids``."""

    name: ClassVar[str] = "REQ"
    accepts: ClassVar[frozenset[str]] = pattern.PAIRS["REQ"]
    drains: ClassVar[bool] = True
    commits: ClassVar[Rule] = Rule.REQ_3
    drops: ClassVar[Rule] = Rule.REQ_4
    takes: ClassVar[Rule] = Rule.REQ_7
    relaxed: bool = False
    correlate: bool = False
    ids: int = IDS

    @property
    def lead(self) -> int:
        """How many parts of the library's stand in front of a request, and of its reply."""
        return 2 if self.correlate else 1

    def initial(self) -> State:
        """A request may be sent."""
        return _sending(0, -1, 0)

    def attached(self, state: State, count: int) -> Attached[State]:
        """Every pipe is welcome (TURN-4)."""
        send = turns.begins(state.send, count)
        return Attached(Rule.TURN_4, State(state.phase, send, state.current, state.peer, state.request), True)

    def detached(self, state: State, place: int) -> State:
        """Notice that the reply cannot come any more (REQ-8, TURN-5)."""
        return detached(state, place)

    def begin(self, state: State, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[State]:
        """To whose turn it is among the available peers (REQ-1, REQ-2, REQ-9)."""
        return begin(state, self.relaxed, 2 if self.correlate else 1, count, free)

    def committed(self, state: State) -> State:
        """Await the reply (REQ-3)."""
        return committed(state, self.correlate, self.ids)

    def dropped(self, state: State) -> State:
        """As if nothing had been begun (REQ-4)."""
        return dropped(state)

    def may_send(self, state: State) -> Rule | None:
        """Not while a reply is due, unless relaxed (REQ-2)."""
        return None if state.phase == Phase.SEND or self.relaxed else Rule.REQ_2

    def may_receive(self, state: State) -> Rule | None:
        """Only while a reply is due, and no new request is half sent (REQ-2)."""
        return Rule.REQ_2 if state.phase == Phase.SEND or state.current != -1 else None

    def choose(self, state: State, count: int, waiting: Can) -> int:
        """The peer that was asked, then whatever there is to discard."""
        return choose(state, count, waiting)

    def offered(self, state: State, place: int, shape: Shape) -> Offered[State]:
        """The reply, or nothing (REQ-5, REQ-6)."""
        return offered(state, 2 if self.correlate else 1, place, shape)

    def taken(self, state: State) -> State:
        """The next request may be sent (REQ-7)."""
        return taken(state)

    def unanswerable(self, state: State) -> Rule | None:
        """The peer that was asked is gone for good (REQ-8)."""
        return Rule.REQ_8 if state.phase == Phase.LOST else None
