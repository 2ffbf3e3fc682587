"""The closed system of readers: connections from which messages come, one pool, and applications that take them.

A peer writes its messages part by part onto a wire that holds so much and no more; a reader asks for the memory of each
part when its header is known, and for a place in the queue when the message is whole. A refused one stalls, and tries
again whenever it likes. The environment refuses memory, breaks connections, and lets other sockets of the pool take and
give back units. Every part costs one unit, the last one of a message ``last``.
"""

from dataclasses import dataclass, replace
from enum import Enum

from .. import receive
from ..memory import Pool, Site
from ..receive import Inbox, Reading, Received
from ..receive_policies import ReceivePolicy
from ..rules import Rule


class Kind(Enum):
    """What can happen."""

    SEND = "send"
    READ = "read"
    RETRY = "retry"
    OVERDUE = "overdue"
    TAKE = "take"
    OPEN = "open"
    BREAK = "break"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Action:
    """``kind`` happens at ``reader``; the environment refuses memory at ``refuse``; others take ``amount`` units."""

    kind: Kind
    reader: int = 0
    refuse: Site | None = None
    amount: int = 0

    @property
    def hostile(self) -> bool:
        """Is this the environment's doing, which nothing may rely on?"""
        return self.refuse is not None or self.kind in (Kind.BREAK, Kind.OTHERS)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who writes: the number of the message that it is at, and the part of it that it writes next."""

    message: int = 1
    part: int = 0


@dataclass(frozen=True, slots=True)
class Wire:
    """What was written and is not read yet: so many parts, and which part of its message the oldest of them is."""

    flight: int = 0
    at: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What an observer remembers, and no machine reads.

    ``straight``: the half-read message is the beginning of one that the peer wrote. ``delivered`` and ``lost``
    (visibly) count messages, where they are numbered.
    """

    straight: bool = True
    delivered: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """One connection: ``up`` or not; ``got`` parts of the half-read message, which is ``whole`` or not yet."""

    peer: Peer
    wire: Wire
    inbox: Inbox
    seen: Seen
    up: bool = True
    got: int = 0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """The whole system: pool, readers, how many connections broke, units held by others."""

    pool: Pool
    readers: tuple[Reader, ...]
    faults: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class System:
    """What does not change: the readers' policy, and the bounds.

    Peers write ``messages`` messages of ``parts`` parts each (if not ``numbered``, they never stop); a wire holds
    ``window`` parts, at most ``parts``. ``memory`` units in the pool, ``last`` of them for the last part of a message,
    ``slot`` for its place in the queue; ``queue`` is the receive HWM; ``disconnects`` connections may break.
    ``others``: more sockets, not looked into, share the pool.
    """

    policy: ReceivePolicy
    readers: int = 1
    parts: int = 2
    memory: int = 3
    messages: int = 2
    queue: int = 1
    window: int = 1
    disconnects: int = 1
    last: int = 1
    slot: int = 1
    numbered: bool = True
    others: bool = False

    @property
    def message(self) -> int:
        """What a whole message costs, its place in the queue included."""
        return self.parts - 1 + self.last + self.slot


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the rules that made it and the next state.

    ``refused`` is the site that got no memory. ``odd``: the message that was queued is not exactly one that its peer
    wrote; None if none was. ``settled``: a message was delivered, or visibly lost. ``went_on``: a connection that was
    stalled or down is not any more.
    """

    rules: tuple[Rule, ...]
    state: State
    refused: Site | None = None
    odd: object = None
    settled: bool = False
    went_on: bool = False


def initial(system: System) -> State:
    """All connections are up, and nothing was written."""
    reader = Reader(Peer(), Wire(), Inbox(), Seen())
    return State(Pool(system.memory, 0), (reader,) * system.readers)


def actions(system: System) -> tuple[Action, ...]:
    """Everything that could happen in some state, the environment's choices included."""
    found: list[Action] = []
    for number in range(system.readers):
        found += [Action(kind, number) for kind in (Kind.SEND, Kind.TAKE, Kind.OPEN, Kind.BREAK)]
        for kind in (Kind.READ, Kind.RETRY, Kind.OVERDUE):
            found += [Action(kind, number, refuse) for refuse in (None, Site.RECEIVE_BODY, Site.RECEIVE_SLOT)]
    if system.others:
        found += [Action(Kind.OTHERS, amount=amount) for amount in (1, -1)]
    return tuple(found)


def step(system: System, state: State, action: Action) -> Step | None:
    """What ``action`` does in ``state``, or None if it cannot happen there."""
    if action.kind == Kind.OTHERS:
        return _others(state, action.amount)
    reader = state.readers[action.reader]
    match action.kind:
        case Kind.SEND:
            return _send(system, state, action, reader)
        case Kind.READ:
            return _ask(system, state, action, reader) if reader.inbox.reading == Reading.OPEN else None
        case Kind.RETRY:
            return _ask(system, state, action, reader) if receive.stalled(reader.inbox) else None
        case Kind.OVERDUE:
            return _ask(system, state, action, reader) if _may_end(reader.inbox) else None
        case Kind.TAKE:
            return _take(system, state, action, reader)
        case Kind.OPEN:
            return _open(state, action, reader)
        case _:
            return _break(system, state, action, reader)


def _may_end(inbox: Inbox) -> bool:
    """Is there a stall that may not last for ever?"""
    return receive.stalled(inbox) and receive.waited(inbox).reading == Reading.CLOSED


def _put(state: State, number: int, reader: Reader) -> State:
    return replace(state, readers=tuple(reader if i == number else other for i, other in enumerate(state.readers)))


def held(reader: Reader) -> int:
    """How many units a reader holds."""
    return reader.inbox.half + reader.inbox.whole


def ends(reader: Reader) -> int:
    """How many messages' last parts are on the wire (a wire holds no more parts than a message has)."""
    return 1 if reader.wire.flight > reader.peer.part else 0


def busy(reader: Reader) -> object:
    """Is there something to do for this connection: written and not delivered, or not open?"""
    return reader.wire.flight > 0 or reader.got > 0 or reader.inbox.messages > 0 or not reader.up


def at_rest(system: System, reader: Reader) -> object:
    """Was all written and delivered?"""
    return reader.peer.message > system.messages and not busy(reader)


def _send(system: System, state: State, action: Action, reader: Reader) -> Step | None:
    """The peer writes its next part, if the wire has room."""
    peer, wire = reader.peer, reader.wire
    if not reader.up or peer.message > system.messages or wire.flight >= system.window:
        return None
    written = Peer(peer.message, peer.part + 1)
    if peer.part == system.parts - 1:
        written = Peer(peer.message + 1 if system.numbered else peer.message, 0)
    return Step(
        (Rule.LINK_1,), _put(state, action.reader, replace(reader, peer=written, wire=Wire(wire.flight + 1, wire.at)))
    )


def _ask(system: System, state: State, action: Action, reader: Reader) -> Step | None:
    """Ask for what the reader wants next: a place for its whole message, or the memory of a part."""
    wire, inbox = reader.wire, reader.inbox
    stalled = bool(receive.stalled(inbox))
    if not reader.up or (action.kind == Kind.READ and receive.room(inbox, system.queue) == 0):
        return None
    if reader.whole:
        amount = inbox.half + system.slot
        got = receive.arrived(state.pool, system.policy, inbox, 1, amount, 0, action.refuse, system.slot)
        after = replace(reader, got=0, whole=False, seen=replace(reader.seen, straight=True))
    elif wire.flight > 0:
        last = wire.at == system.parts - 1
        got = receive.body(state.pool, system.policy, inbox, system.last if last else 1, action.refuse)
        straight = reader.seen.straight and wire.at == reader.got
        moved = Wire(wire.flight - 1, 0 if last else wire.at + 1)
        after = replace(
            reader, wire=moved, got=reader.got + 1, whole=bool(last), seen=replace(reader.seen, straight=bool(straight))
        )
    else:
        return None
    if action.refuse is not None and Rule.MEM_3 not in got.rules:
        return None
    if not got.taken:
        return _refused(system, state, action, reader, got)
    odd = None
    if reader.whole:
        odd = not (reader.seen.straight and reader.got == system.parts)
    pool_and_reader = replace(_put(state, action.reader, replace(after, inbox=got.inbox)), pool=got.pool)
    return Step(got.rules, pool_and_reader, odd=odd, went_on=stalled)


def _refused(system: System, state: State, action: Action, reader: Reader, got: Received) -> Step:
    """The machine has said what becomes of the reader: it waits, or its connection is closed."""
    inbox, rules, state = got.inbox, got.rules, replace(state, pool=got.pool)
    if action.kind == Kind.OVERDUE and inbox.reading != Reading.CLOSED:
        inbox, rules = receive.waited(inbox), (Rule.RECEIVE_6, *rules)
    if inbox.reading != Reading.CLOSED:
        return Step(rules, _put(state, action.reader, replace(reader, inbox=inbox)), got.refused)
    after = _lost(system, state, action, replace(reader, inbox=inbox))
    return Step((*rules, Rule.RECEIVE_8), after, got.refused, settled=True, went_on=True)


def _lost(system: System, state: State, action: Action, reader: Reader) -> State:
    """The connection ends: what is half read, half written or on the wire is lost, and its owner is told."""
    pool, inbox = receive.broken(state.pool, reader.inbox)
    peer, seen = reader.peer, replace(reader.seen, straight=True)
    half_written = peer.part > 0
    if system.numbered:
        lost = ends(reader) + (1 if reader.whole else 0) + (1 if half_written else 0)
        seen = replace(seen, lost=seen.lost + lost)
        peer = Peer(peer.message + 1 if half_written else peer.message, 0)
    else:
        peer = Peer(peer.message, 0)
    after = Reader(peer, Wire(), inbox, seen, up=False)
    return replace(_put(state, action.reader, after), pool=pool)


def _take(system: System, state: State, action: Action, reader: Reader) -> Step | None:
    """The application takes the oldest message."""
    if reader.inbox.messages == 0:
        return None
    inbox = receive.taken(reader.inbox, system.message)
    pool = receive.handed(state.pool, system.message)
    seen = replace(reader.seen, delivered=reader.seen.delivered + 1) if system.numbered else reader.seen
    after = replace(_put(state, action.reader, replace(reader, inbox=inbox, seen=seen)), pool=pool)
    return Step((Rule.RECEIVE_7, Rule.LINK_4), after, settled=True)


def _open(state: State, action: Action, reader: Reader) -> Step | None:
    """A connection that ended is opened again."""
    if reader.up:
        return None
    return Step((Rule.CONNECT_1,), _put(state, action.reader, replace(reader, up=True)), went_on=True)


def _break(system: System, state: State, action: Action, reader: Reader) -> Step | None:
    """The connection breaks, in the middle of a message or not."""
    if not reader.up or state.faults >= system.disconnects:
        return None
    after = _lost(system, replace(state, faults=state.faults + 1), action, reader)
    return Step((Rule.RECEIVE_8,), after, settled=True)


def _others(state: State, amount: int) -> Step | None:
    """Sockets that are not looked into take or give units of the same pool."""
    others, used = state.others + amount, state.pool.used + amount
    if others < 0 or used > state.pool.limit:
        return None
    rule = Rule.MEM_1 if amount > 0 else Rule.MEM_4
    return Step((rule,), replace(state, pool=Pool(state.pool.limit, used), others=others))
