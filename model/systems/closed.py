"""What the closed systems of one socket are made of: actions, the system's constants, its state, a step's outcome."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..application import Application, Recovery
from ..memory import Pool, Site
from ..patterns.pattern import AnyPattern, Shape, Way
from ..pipe import Pipe
from ..policies import SendPolicy
from ..rules import Rule
from ..send import Answer, Send, Sizes
from ..step import Effect


class Kind(Enum):
    """What can happen. BEGIN and PART are what one call is made of, from the first part of a message on."""

    BEGIN = "begin"
    PART = "part"
    SERVE = "serve"
    FRAME = "frame"
    DELIVER = "deliver"
    ATTACH = "attach"
    DETACH = "detach"
    OFFER = "offer"
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class Action:
    """``kind`` happens, to the peer at ``place`` if it is about one; the environment refuses memory at ``refuse``.

    ``to``: the place that a part names if it is taken for an address, -1 if it names nobody. ``turn``: whose turn it
    is, where that matters. ``shape``: which of the system's shapes a message has that comes from a peer. ``again``:
    the peer that comes is who the message is for.
    """

    kind: Kind
    place: int = -1
    refuse: Site | None = None
    to: int = -1
    turn: int = 0
    shape: int = 0
    again: bool = False

    @property
    def hostile(self) -> bool:
        """Is this the environment's doing, which nothing may rely on?"""
        return self.refuse is not None or self.kind in (Kind.FRAME, Kind.ATTACH, Kind.DETACH, Kind.OFFER)


NOBODY, UNCHOSEN = -1, -2
"""Whom a message is for: nobody that is there, or it is not known yet."""


@dataclass(frozen=True, slots=True)
class Queued:
    """What is wrong with the messages in a pipe, from the oldest on; what the parts themselves would say.

    ``odd``: 0 if a message is exactly one that the application sent, with the library's parts in front, else how many
    parts it has. ``astray``: something in it does not belong there.
    """

    odd: tuple[int, ...] = ()
    astray: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What an observer remembers; no machine reads it.

    ``straight``: the uncommitted tail is the beginning of the message that the application is at, the library's parts
    in front. ``astray``: something in it does not belong there. ``owed``: the application was told ENOMEM and has
    completed no message since. ``nowhere``: the pattern said that nobody gets the message. ``pending``: a reply is
    awaited (REQ) or due (REP), from or to the peer at ``due`` (-1: it is gone).
    """

    queues: tuple[Queued, ...] = ()
    straight: bool = True
    astray: bool = False
    owed: bool = False
    nowhere: bool = False
    pending: bool = False
    due: int = -1


@dataclass(frozen=True, slots=True)
class State:
    """One socket: ``count`` of its ``pipes`` are there, the others empty; ``inner`` is its pattern's state.

    ``current``: the place that gets the message which is being sent, -1 if none does. ``lead``: how many of the
    library's parts are still to be sent in front of it. ``target``: the place whose address the message has.
    ``taking``: what was delivered is not taken yet.
    """

    pool: Pool
    send: Send
    pipes: tuple[Pipe, ...]
    count: int
    inner: Any
    app: Application
    seen: Seen
    current: int = -1
    lead: int = 0
    target: int = UNCHOSEN
    taking: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """What does not change: the socket's type, its policy, the application's recovery, and the bounds.

    ``lead`` parts of the library's stand in front of each message. ``shapes`` are what peers send, the first of them
    what the socket wants. At most ``pipes`` peers are there at a time. The application sends ``messages`` messages of
    ``parts`` parts, the address included. ``memory``, ``queue``, ``sizes``, ``numbered`` and ``labels`` are as in
    ``system.System``.
    """

    pattern: AnyPattern
    policy: SendPolicy
    recovery: Recovery
    lead: int = 0
    shapes: tuple[Shape, ...] = ()
    pipes: int = 2
    parts: int = 2
    memory: int = 4
    messages: int = 2
    queue: int = 1
    sizes: Sizes = field(default_factory=Sizes)
    numbered: bool = True
    labels: bool = True

    @property
    def unit(self) -> int:
        """How many parts of a whole message are queued."""
        return self.lead + self.parts - 1 if self.pattern.routes else self.lead + self.parts

    @property
    def relaxed(self) -> bool:
        """May a request be sent while the reply to another is awaited?"""
        return bool(getattr(self.pattern, "relaxed", False))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the rules that made it, the next state, what the caller was told, and what becomes of payloads.

    ``way`` is what the pattern said of a message that begins. ``completed``: the last part was answered OK. ``odd`` and
    ``astray`` are what is wrong with the message that was committed or that arrived; None if there was none.
    ``delivered``: so many parts of a message of a peer are not shown to the application; -1 if it was discarded.
    """

    rules: tuple[Rule, ...]
    state: State
    answer: Answer = Answer.NONE
    way: Way | None = None
    refused: Site | None = None
    completed: object = False
    odd: object = None
    astray: object = None
    delivered: int | None = None
    effects: tuple[Effect, ...] = ()
