"""What the closed system of one connection's life is made of: actions, constants, its state, and what an end loses."""

from dataclasses import dataclass, field, replace
from enum import Enum

from .. import connection as life
from .. import link, memory
from .. import send as sends
from ..connection import LISTENING, OPEN, RESERVED, Event, Life, Listener, Lived, Phase, Reason, Reconnect, Upkeep
from ..memory import Need, Pool, Site
from ..pipe import Pipe
from ..rules import Rule
from ..send import Answer, Send, Sizes

SIZES = Sizes(part=1, chunk=0, slots=1)
UPKEEP = Upkeep(1, 1, 0, 0, 1)
BOTH = (Phase.READY, Phase.STALLED)


class Kind(Enum):
    """What can happen."""

    CONNECT = "connect"
    ATTEMPT = "attempt"
    OPEN = "open"
    ACCEPT = "accept"
    REST = "rest"
    GREET = "greet"
    SHAKE = "shake hands"
    PART = "send a part"
    BEGIN = "begin a message"
    WRITE = "write"
    READ = "read"
    RETRY = "retry"
    TAKE = "take"
    NOTICE = "notice"
    GONE = "close"
    BREAK = "break"
    TICK = "tick"
    SIGN = "sign of life"
    COME = "another comes"
    GO = "another goes"


@dataclass(frozen=True, slots=True)
class Action:
    """``kind`` happens at ``end`` (0 connects, 1 accepts); the environment refuses memory at ``refuse``."""

    kind: Kind
    end: int = 0
    refuse: Site | None = None

    @property
    def hostile(self) -> bool:
        """Is this the environment's doing, which nothing may rely on?  Time passes without being asked."""
        return self.refuse is not None or self.kind in (Kind.BREAK, Kind.TICK, Kind.SIGN, Kind.COME, Kind.GO)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Who sends: its application's next ``part``, the pipe, and how many parts of a message are ``left`` to write."""

    part: int = 0
    send: Send = field(default_factory=Send)
    pipe: Pipe = field(default_factory=Pipe)
    left: int = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """Who reads: parts of the ``half`` message, and whole ``messages`` that wait for the application."""

    half: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Wire:
    """``flight`` parts that were written and not read; ``begun`` messages, the half-written and the half-read too.

    ``knocking``: a connection waits to be accepted.
    """

    flight: int = 0
    begun: int = 0
    knocking: bool = False


@dataclass(frozen=True, slots=True)
class Heart:
    """Of the end that has one: its PING is unanswered (``quiet``), and the other end is about to answer (``due``)."""

    quiet: bool = False
    due: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What an observer counts, where messages are numbered: accepted, delivered, and visibly lost."""

    accepted: int = 0
    delivered: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """The whole system; ``wanted`` is the connection since the call that made it; an ``other`` peer is there."""

    pools: tuple[Pool, ...]
    lives: tuple[Life, Life]
    listener: Listener = LISTENING
    outgoing: Outgoing = field(default_factory=Outgoing)
    incoming: Incoming = field(default_factory=Incoming)
    wire: Wire = field(default_factory=Wire)
    heart: Heart = field(default_factory=Heart)
    seen: Seen = field(default_factory=Seen)
    wanted: bool = False
    other: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """What does not change: the rule, whether a reader without memory ``stalls``, who sends, and the bounds.

    ``memory`` units in each pool; one number means that both ends share it. ``parts`` a message, ``messages`` of them
    (if not ``numbered``, without end), ``queue`` in a pipe and as many in the reader's queue, ``window`` on the wire.
    ``heart``: the end that has one, -1 if none has; ``paused``: its clock stops, and a sign of life is given, while a
    reader stalls. ``others``: another peer may come to the listener. ``up``: the connection is open at the
    beginning. ``breaks``: it may break for no visible reason. ``prompt``: who can answer a PING does so in time.
    """

    rule: Reconnect = RESERVED
    stalls: bool = True
    sender: int = 0
    memory: tuple[int, ...] = (5, 5)
    upkeep: Upkeep = UPKEEP
    parts: int = 2
    messages: int = 2
    queue: int = 1
    window: int = 1
    numbered: bool = True
    heart: int = -1
    paused: bool = True
    others: bool = False
    up: bool = False
    breaks: bool = True
    prompt: bool = True

    @property
    def reader(self) -> int:
        """The end that reads."""
        return 1 - self.sender


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the rules that made it, the next state, and what a caller was told.

    ``asked`` and ``refused`` are about memory. ``odd``: a message that was committed, or read whole, is none that was
    sent. ``settled``: a message was delivered, or visibly lost. ``used``: the connection was of use. ``opened``: it is
    ready at both ends now. ``went_on``: if the reader was stalled, it is not any more.
    """

    rules: tuple[Rule, ...]
    state: State
    answer: Answer = Answer.NONE
    refused: Site | None = None
    asked: tuple[Need, ...] = ()
    odd: object = None
    settled: bool = False
    used: bool = False
    opened: bool = False
    went_on: bool = False


# --- parts of a state


def place(state: State, end: int) -> int:
    """Which pool an end has."""
    return min(end, len(state.pools) - 1)


def pool_of(state: State, end: int) -> Pool:
    """The pool of an end."""
    return state.pools[place(state, end)]


def pooled(state: State, end: int, pool: Pool) -> State:
    """The state in which an end's pool is this."""
    pools = tuple(pool if i == place(state, end) else other for i, other in enumerate(state.pools))
    return replace(state, pools=pools)


def there(state: State, end: int) -> bool:
    """Is this end's descriptor open?"""
    return state.lives[end].phase in OPEN


def held(system: System, state: State, pool: int) -> int:
    """How many units are held of a pool."""
    total = 0
    for end in (0, 1):
        if place(state, end) == pool:
            total = total + state.lives[end].held
            if end == system.sender:
                total = total + sends.held(SIZES, state.outgoing.send, state.outgoing.pipe) + state.outgoing.left
            else:
                total = total + state.incoming.half + system.parts * state.incoming.messages
            if end == 1 and state.other:
                total = total + others_need(system)
    return total


def others_need(system: System) -> int:
    """What the connection of another peer holds, which is not looked into."""
    upkeep = system.upkeep
    return upkeep.whole if system.rule.reserves else upkeep.session + upkeep.engine


def lived(system: System, state: State, end: int, got: Lived) -> State:
    """The state after a step of an end's life, with what is lost when it ends."""
    before = state.lives[end]
    lives = (got.life, state.lives[1]) if end == 0 else (state.lives[0], got.life)
    state = replace(pooled(state, end, got.pool), lives=lives)
    if before.phase in OPEN and got.life.phase == Phase.CLOSING:
        state = _cut(system, state, end)
    if got.life.phase == Phase.CLOSED and end == system.sender and before.phase != Phase.CLOSED:
        state = _pipe_gone(system, state)
    return state


def _cut(system: System, state: State, end: int) -> State:
    """The connection ended at one end: what was on its way is lost, and what that end had of a message (LINK-3)."""
    seen = replace(state.seen, lost=state.seen.lost + state.wire.begun) if system.numbered else state.seen
    state = replace(state, wire=Wire(), heart=Heart(), seen=seen)
    pool, outgoing = pool_of(state, end), state.outgoing
    if end == system.sender:
        after = replace(outgoing, left=link.carried_over(outgoing.left))
        return pooled(replace(state, outgoing=after), end, link.lost(pool, outgoing.left))
    incoming = replace(state.incoming, half=0)
    return pooled(replace(state, incoming=incoming), end, memory.give(pool, state.incoming.half))


def _pipe_gone(system: System, state: State) -> State:
    """The sender's connection is not opened again: its pipe goes, with all that it held (PIPE-7)."""
    outgoing = state.outgoing
    gone = sends.peer_gone(SIZES, pool_of(state, system.sender), outgoing.send, outgoing.pipe)
    seen = state.seen
    if system.numbered:
        seen = replace(seen, lost=seen.lost + outgoing.pipe.messages)
    after = replace(outgoing, send=gone.send, pipe=gone.pipe)
    return pooled(replace(state, outgoing=after, seen=seen), system.sender, gone.pool)


def moved(
    system: System, state: State, action: Action, event: Event, reason: Reason = Reason.LOST,
    rules: tuple[Rule, ...] = (),
) -> Step:  # fmt: skip
    """The step of an end's life, and what it means for the rest."""
    end = action.end
    got = life.step(
        pool_of(state, end), system.rule, system.upkeep, state.lives[end], event, reason, True, action.refuse
    )
    after = lived(system, state, end, got)
    return Step((*rules, *got.rules), after, refused=got.refused, asked=got.asked)
