"""What every socket type says of itself, and the questions that a socket asks of its type.

A pattern decides which pipe gets a message, from which the next one comes, what may happen in which order, and which
parts are the library's. It sees no bytes: what a message looks like is told by its `Shape`, pipes are places (see
``turns``). What belongs elsewhere: parts and memory (``send``), copies for many subscribers (``fan_out``), topics
(``subscriptions``), routing ids (``routing``).

Each type has a file with its decisions as functions; its class hands the questions on to them. The outcomes are made
once and kept where they are made for each message, so that a decision costs less than a microsecond.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, Generic, TypeVar

from ..rules import Rule
from . import turns
from .turns import KEPT, Can, Turns

S = TypeVar("S")


class Way(Enum):
    """Where a message goes, or why it does not; the value is how it is printed."""

    PIPE = "one pipe"
    FAN = "many pipes"
    NOBODY = "EAGAIN"
    UNREACHABLE = "EHOSTUNREACH"
    SWALLOW = "swallowed"
    WRONG_STATE = "EFSM"
    UNSUPPORTED = "ENOTSUP"
    TAKEN = "EINVAL"


@dataclass(frozen=True, slots=True)
class Begin(Generic[S]):
    """What becomes of a message whose first part is sent.

    ``pipe`` is the place that gets it (`Way.PIPE`). ``lead`` parts of the library's go first: delimiter, request id,
    envelope. ``address``: the application's first part is an address, and not sent. `Way.SWALLOW`: every part of the
    message is dropped and answered OK, and the monitor sees it.
    """

    rule: Rule
    way: Way
    state: S
    pipe: int = -1
    lead: int = 0
    address: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What a pattern is told of a message that was received.

    It has ``parts`` parts, the first empty one is at ``delimiter`` (-1: none). ``correlates``: its first part is the id
    of the pending request. ``matches``: a subscription matches its first part.
    """

    parts: int
    delimiter: int = -1
    correlates: bool = True
    matches: bool = True


@dataclass(frozen=True, slots=True)
class Offered(Generic[S]):
    """What becomes of a message that was taken from a pipe: delivered, or discarded.

    The first ``skip`` parts are not shown to the application; of those the first ``keep`` are the envelope that goes
    in front of the reply. ``stamp``: the routing id of the pipe is put in front of what is shown.
    """

    rule: Rule
    state: S
    deliver: bool
    skip: int = 0
    keep: int = 0
    stamp: bool = False


@dataclass(frozen=True, slots=True)
class Attached(Generic[S]):
    """What becomes of a new pipe: ``accepted``, or refused, and then its connection is closed."""

    rule: Rule
    state: S
    accepted: bool


PAIRS = {
    "PAIR": frozenset({"PAIR"}),
    "PUB": frozenset({"SUB", "XSUB"}),
    "SUB": frozenset({"PUB", "XPUB"}),
    "REQ": frozenset({"REP", "ROUTER"}),
    "REP": frozenset({"REQ", "DEALER"}),
    "DEALER": frozenset({"REP", "DEALER", "ROUTER"}),
    "ROUTER": frozenset({"REQ", "DEALER", "ROUTER"}),
    "PULL": frozenset({"PUSH"}),
    "PUSH": frozenset({"PULL"}),
    "XPUB": frozenset({"SUB", "XSUB"}),
    "XSUB": frozenset({"PUB", "XPUB"}),
}
"""Which types may talk to which (TYPE-1), by the names that stand in the property Socket-Type."""


def talks(ours: str, theirs: str) -> bool:
    """May a socket of type ``ours`` talk to a peer of type ``theirs`` (TYPE-1)?"""
    return theirs in PAIRS.get(ours, ())


def cannot_send(state: S) -> Begin[S]:
    """A type that does not send was asked to (TYPE-2)."""
    return Begin(Rule.TYPE_2, Way.UNSUPPORTED, state)


def cannot_receive() -> Rule:
    """A type that does not receive was asked to (TYPE-3)."""
    return Rule.TYPE_3


def unwanted(state: Turns, place: int) -> Offered[Turns]:
    """A message came to a type that does not receive; it is discarded (TYPE-3)."""
    return Offered(Rule.TYPE_3, turns.received(state, place), False)


def way(rule: Rule) -> Way:
    """How a call is answered that ``may_send``, ``may_receive`` or, for a connect, ``attached`` forbids by ``rule``."""
    if rule == Rule.PAIR_2:
        return Way.TAKEN
    return Way.UNSUPPORTED if rule in (Rule.TYPE_2, Rule.TYPE_3) else Way.WRONG_STATE


def to_one(rule: Rule) -> Callable[[Turns], Begin[Turns]]:
    """A function that says: by ``rule``, the message goes to the current pipe as it is."""

    @lru_cache(maxsize=KEPT)
    def begun(state: Turns) -> Begin[Turns]:
        return Begin(rule, Way.PIPE, state, state.current)

    return begun


def to_many(rule: Rule) -> Callable[[Turns], Begin[Turns]]:
    """A function that says: by ``rule``, the message goes to many pipes as it is."""

    @lru_cache(maxsize=KEPT)
    def begun(state: Turns) -> Begin[Turns]:
        return Begin(rule, Way.FAN, state)

    return begun


def whole(rule: Rule) -> Callable[[Turns], Offered[Turns]]:
    """A function that says: by ``rule``, the message is delivered as it is."""

    @lru_cache(maxsize=KEPT)
    def delivered(state: Turns) -> Offered[Turns]:
        return Offered(rule, state, True)

    return delivered


@dataclass(frozen=True)
class Pattern(Generic[S]):
    """A socket type with its options; subclasses are frozen dataclasses of these.

    ``accepts`` are the peer types that it may talk to (TYPE-1). ``sends``, ``receives``: it has this direction for its
    application. ``publishes``: a message for many pipes goes to those whose subscriptions match, else to all.
    ``subscribes``: it has subscriptions and sends them to its peers; ``filters``: what it receives has to match one.
    ``drains``: when a message is committed, all that waits to be received is dropped, what is left of a half-taken
    message too (REQ-3). ``routes``: its pipes have routing ids. ``conflates``: it may keep only the newest message
    (CONFLATE-1). The last four are the rules of what returns only a state: ``committed``, ``dropped``, ``detached``,
    ``taken``.
    """

    name: ClassVar[str]
    accepts: ClassVar[frozenset[str]]
    sends: ClassVar[bool] = True
    receives: ClassVar[bool] = True
    publishes: ClassVar[bool] = False
    subscribes: ClassVar[bool] = False
    filters: ClassVar[bool] = False
    drains: ClassVar[bool] = False
    routes: ClassVar[bool] = False
    conflates: ClassVar[bool] = False
    commits: ClassVar[Rule] = Rule.TURN_2
    drops: ClassVar[Rule] = Rule.TURN_3
    leaves: ClassVar[Rule] = Rule.TURN_5
    takes: ClassVar[Rule] = Rule.TURN_2

    def initial(self) -> S:
        """The state of a new socket, without pipes."""
        raise NotImplementedError

    def attached(self, state: S, count: int) -> Attached[S]:
        """A pipe was made, behind ``count`` others: may it stay?"""
        raise NotImplementedError

    def detached(self, state: S, place: int) -> S:
        """The pipe at ``place`` is gone for good, and nothing of it is left to be received."""
        raise NotImplementedError

    def begin(self, state: S, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[S]:
        """The first part of a message is sent, and ``last`` if it is the only one.

        ``free(place)``: the pipe is not full. ``to``: the place that an address names, -1 if it names none.
        """
        raise NotImplementedError

    def committed(self, state: S) -> S:
        """The last part of the message was accepted by its pipe. A message that was swallowed is not committed."""
        raise NotImplementedError

    def dropped(self, state: S) -> S:
        """The unfinished message was dropped, by the policy or an abort: as if it had never been begun."""
        raise NotImplementedError

    def may_send(self, state: S) -> Rule | None:
        """The rule by which a message may not be begun now, whatever pipes there are; None if it may."""
        return None if self.sends else Rule.TYPE_2

    def writable(self, state: S, count: int, free: Can) -> bool:
        """Would a first part be answered with other than EAGAIN or an error (POLLOUT)?  Unless memory is short."""
        return self.may_send(state) is None and turns.choose(0, count, free) >= 0

    def may_receive(self, state: S) -> Rule | None:
        """The rule by which nothing may be received now, whatever waits; None if it may."""
        return None if self.receives else cannot_receive()

    def choose(self, state: S, count: int, waiting: Can) -> int:
        """The place to take the next message from, -1 if there is none; ``waiting(place)``: a whole one is there."""
        raise NotImplementedError

    def offered(self, state: S, place: int, shape: Shape) -> Offered[S]:
        """A whole message was taken from the pipe at ``place``: is it delivered?"""
        raise NotImplementedError

    def taken(self, state: S) -> S:
        """The application has taken the last part of what was delivered."""
        return state

    def hands_over(self) -> bool:
        """Where pipes have routing ids: does an id go to who claims it last (ROUTER-10)?"""
        return False

    def unanswerable(self, state: S) -> Rule | None:
        """The rule by which what the application waits for can never come; the monitor reports it once."""
        return None


@dataclass(frozen=True)
class Queued(Pattern[Turns]):
    """A type whose state is its turns: any number of pipes; it sends and delivers nothing, unless it says otherwise."""

    def initial(self) -> Turns:
        """Nobody's turn yet."""
        return turns.at(0, -1, 0)

    def attached(self, state: Turns, count: int) -> Attached[Turns]:
        """Every pipe is welcome (TURN-4)."""
        return Attached(Rule.TURN_4, turns.joined(state, count), True)

    def detached(self, state: Turns, place: int) -> Turns:
        """Close the ranks (TURN-5)."""
        return turns.left(state, place)

    def begin(self, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
        """Not for this type (TYPE-2), unless it says otherwise."""
        return cannot_send(state)

    def committed(self, state: Turns) -> Turns:
        """Pass the turn on (TURN-2)."""
        return turns.committed(state)

    def dropped(self, state: Turns) -> Turns:
        """Leave the turn where it was (TURN-3)."""
        return turns.dropped(state)

    def choose(self, state: Turns, count: int, waiting: Can) -> int:
        """The first from the turn on that has something (TURN-1)."""
        return turns.choose(state.receive, count, waiting)

    def offered(self, state: Turns, place: int, shape: Shape) -> Offered[Turns]:
        """Not for this type (TYPE-3), unless it says otherwise."""
        return unwanted(state, place)


AnyPattern = Pattern[Any]
"""A pattern of any type, for those who hand its states on without looking at them."""
