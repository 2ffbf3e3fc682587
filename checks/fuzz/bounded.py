"""A bounded model of two or three sockets, and its graph: every state that there is, and every call in each of them.

A state is what the oracle knows when nothing is under way. It is bounded by how many parts there may be in all pipes
and queues together, and by high-water marks of one message; parts are named by the smallest number that no other part
has, and sessions by their order, so that what comes to the same is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from enomem.model.patterns import PATTERNS
from enomem.model.patterns.pattern import PAIRS
from enomem.model.systems import network_calls as calls
from enomem.model.systems.network import NOTHING, Network, Session, Setting, Socket

from ..errors import Inconclusive
from ..oracle.events import Do, Event
from ..oracle.oracle import fits, outcomes
from ..targets.target import Can, Value

TOPIC = b"t"
LABELS = [bytes([number]) for number in b"123456789abcdefghijklmnop"]
NAME = b"PQR"
"""The routing ids of the sockets, by their numbers."""


@dataclass(frozen=True)
class Bounds:
    """Sockets of these types: the first listens, the others connect to it; and at most so many parts are held."""

    kinds: tuple[str, ...]
    parts: int = 2

    def __str__(self) -> str:
        return f"{'-'.join(self.kinds)}, {self.parts} parts"


@dataclass
class Graph:
    """The states of a bounded model by number, 0 the first; ``edges[n]``: each call in state n and where it leads.

    A call may be several events, as a refusal and the send that meets it.
    """

    bounds: Bounds
    start: tuple[Event, ...]
    edges: list[list[tuple[tuple[Event, ...], int]]] = field(default_factory=list)

    @property
    def transitions(self) -> int:
        """How many calls there are in all states together."""
        return sum(map(len, self.edges))


def pairs() -> list[tuple[str, str]]:
    """All pairs of types that may talk, each with either of them listening."""
    return [(kind, other) for kind in PATTERNS for other in sorted(PAIRS[kind])]


def begins(bounds: Bounds) -> tuple[Event, ...]:
    """How each program begins: the sockets are made and connected."""
    found: list[Event] = []
    for number, kind in enumerate(bounds.kinds):
        options: list[tuple[str, Value]] = [("SNDHWM", 1)]
        if "ROUTER" in PAIRS[kind]:
            options.append(("ROUTING_ID", NAME[number : number + 1]))
        found.append(Event(Do.CREATE, number, name=kind, options=tuple(options)))
    found.append(Event(Do.BIND, 0, endpoint="tcp://s0"))
    for number in range(1, len(bounds.kinds)):
        found += [Event(Do.CONNECT, number, endpoint="tcp://s0"), Event(Do.SETTLE)]
    return tuple(found)


def graph(bounds: Bounds, setting: Setting, cans: frozenset[Can], most: int = 100_000) -> Graph:
    """All that can be reached, breadth first; Inconclusive if that is more than ``most`` states."""
    found = Graph(bounds, begins(bounds))
    first = calls.make(setting)
    for event in found.start:
        first = _after(first, event)[0]
    known = {canonical(first): 0}
    queue = list(known)
    for state in queue:
        edges: list[tuple[tuple[Event, ...], int]] = []
        for call in possible(state, bounds, cans):
            for events, after in _done(state, call):
                if len(after) != 1:
                    # The target may choose; what follows is for programs that are drawn.
                    continue
                end = canonical(after[0])
                if calls.restless(end):
                    # Somebody is refused again and again: nothing is ever over there.
                    continue
                if end not in known:
                    if len(known) >= most:
                        raise Inconclusive(f"{bounds}: more than {most} states")
                    known[end] = len(known)
                    queue.append(end)
                edges.append((events, known[end]))
        found.edges.append(edges)
    return found


def _done(state: Network, call: tuple[Event, ...]) -> Iterator[tuple[tuple[Event, ...], list[Network]]]:
    """A call made in a state: with each answer that it may have, and all that there may be when it is over."""
    found: list[tuple[tuple[Event, ...], list[Network]]] = [((), [state])]
    for event in (*call, Event(Do.SETTLE)):
        after: dict[tuple[Event, ...], list[Network]] = {}
        for events, states in found:
            for one in states:
                for answered, end in _answers(one, event):
                    after.setdefault((*events, answered), []).append(end)
        found = [(events, list(dict.fromkeys(states))) for events, states in after.items()]
    yield from found


def _answers(state: Network, event: Event) -> Iterator[tuple[Event, Network]]:
    for outcome in outcomes(state, event):
        answered = replace(event, answer=outcome.answer)
        if event.do == Do.RECEIVE and outcome.answer == "ok":
            answered = replace(answered, part=outcome.part or b"", more=outcome.more)
        after = fits(outcome, answered)
        if after is not None:
            yield answered, after


def _after(state: Network, event: Event) -> list[Network]:
    return [after for _, after in _answers(state, event)]


def possible(state: Network, bounds: Bounds, cans: frozenset[Can]) -> Iterator[tuple[Event, ...]]:
    """All calls of a state."""
    room = bounds.parts - len(held(state))
    for number, socket in enumerate(state.sockets):
        yield (Event(Do.RECEIVE, number),)
        if PATTERNS[socket.kind].sends:
            yield from _sends(state, number, room, cans)
        if Can.ABORT in cans and socket.send.phase.value != "idle":
            yield (Event(Do.ABORT, number),)
        if socket.kind == "SUB" and room > 0:
            subscribed = any(topic == TOPIC for topic, _, _ in socket.own)
            yield (Event(Do.OPTION, number, name="UNSUBSCRIBE" if subscribed else "SUBSCRIBE", value=TOPIC),)
        if Can.DISCONNECT in cans and number:
            there = any(link.near == number for link in state.links)
            if there or room > 0:
                # An XPUB is shown who comes.
                yield (Event(Do.DISCONNECT if there else Do.CONNECT, number, endpoint="tcp://s0"),)


def _sends(state: Network, number: int, room: int, cans: frozenset[Can]) -> Iterator[tuple[Event, ...]]:
    socket = state.sockets[number]
    # What is swallowed or answered with an error takes no room.
    nowhere = socket.send.phase.value == "skipping" or socket.pattern.may_send(socket.inner) is not None
    for part in _contents(state, number):
        for more in (True, False):
            send = Event(Do.SEND, number, part=part, more=more)
            if room > 0 or nowhere:
                yield (send,)
            if room > 0 and Can.REFUSE in cans:
                for after in range(2 if socket.kind in ("REQ", "REP", "PUB", "XPUB") else 1):
                    refuse = Event(Do.REFUSE, name="BODY", count=after)
                    yield (refuse, send, replace(refuse, count=0, times=0))


def _contents(state: Network, number: int) -> list[bytes]:
    """What the next part may be."""
    socket = state.sockets[number]
    numbers = {part[-1:] for part in held(state)}
    label = next(letter for letter in LABELS if letter not in numbers)
    first = socket.current == NOTHING and socket.targets is None and socket.send.phase.value == "idle"
    if not first:
        return [label]
    if socket.kind == "ROUTER":
        return [NAME[1 - min(number, 1) : 2 - min(number, 1)], b"?"]
    if socket.kind in ("PUB", "XPUB"):
        return [TOPIC + label, label]
    if socket.kind == "XSUB":
        subscribed = any(topic == TOPIC for topic, _, _ in socket.own)
        return [label, (b"\0" if subscribed else b"\1") + TOPIC]
    if socket.kind == "DEALER":
        return [label, b""]
    return [label]


def held(state: Network) -> list[bytes]:
    """All parts that are in pipes and queues, or half taken."""
    found: list[bytes] = []
    for socket in state.sockets:
        found += [*socket.parts, *socket.envelope]
        for session in socket.sessions:
            found += session.tail
            for message in (*session.queue, *session.inbox):
                found += message
    return found


def canonical(state: Network) -> Network:
    """The state with its sessions named in their order; where in a chunk a pipe begins is not told apart (PIPE-4)."""
    names: dict[int, int] = {NOTHING: NOTHING}
    for socket in state.sockets:
        for session in socket.sessions:
            names.setdefault(session.key, len(names) - 1)
    sockets = tuple(_renamed(socket, names) for socket in state.sockets)
    links = tuple(
        replace(link, near_key=names.get(link.near_key, NOTHING), far_key=names.get(link.far_key, NOTHING))
        for link in state.links
    )
    return Network(state.setting, sockets, links, state.refusals, len(names) - 1)


def _renamed(socket: Socket, names: dict[int, int]) -> Socket:
    sessions: tuple[Session, ...] = tuple(
        replace(one, key=names[one.key], pipe=replace(one.pipe, front=0)) for one in socket.sessions
    )
    return replace(
        socket,
        sessions=sessions,
        current=names.get(socket.current, NOTHING),
        targets=None if socket.targets is None else tuple(names[key] for key in socket.targets),
        peers=tuple((names[key], topic, count) for key, topic, count in socket.peers),
    )
