"""Every call that there is in a state of a bounded model, be it several events: a refusal and the call that meets it.

The states of one place in the graph differ in what nobody could see; what an application has done is the same in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from enomem.model import pipe
from enomem.model.memory import Site
from enomem.model.patterns import PATTERNS, subscriptions
from enomem.model.patterns.pattern import PAIRS
from enomem.model.systems.network import NOTHING, Network
from enomem.model.systems.network_pipes import free

from ..oracle.events import Do, Event
from ..targets.target import Can, Value
from .refusing import SETTLED, SITES, refusing, sites

TOPIC = b"t"
LABELS = [bytes([number]) for number in b"123456789abcdefghijklmnop"]
NAME = b"PQR"
"""The routing ids of the sockets, by their numbers."""
AT = "tcp://s0"
WOUND = 253
"""So many parts have gone through a pipe at the beginning, where the end of its chunk of 256 is wanted."""


@dataclass(frozen=True)
class Bounds:
    """Sockets of these types: the first listens, the others connect to it; and at most so many parts are held.

    ``kills``: sockets are closed, with what they have just sent on its way, and others take their places; who listens
    stops listening. ``edge``: the pipe of the first who sends begins shortly before the end of a chunk.
    """

    kinds: tuple[str, ...]
    parts: int = 2
    kills: bool = False
    edge: bool = False

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return "-".join(self.kinds) + ("+kills" if self.kills else "") + ("+edge" if self.edge else "")

    def __str__(self) -> str:
        return f"{self.name}, {self.parts} parts"

    def options(self, number: int) -> tuple[tuple[str, Value], ...]:
        """What a socket is set to: its high-water mark, and a routing id where somebody asks for it.

        The mark is one message, and where messages wait in a pipe for who is not there, as many as there may be parts.
        """
        mark = self.parts if self.kills else 1
        named = "ROUTER" in PAIRS[self.kinds[number]]
        return (("SNDHWM", mark), *((("ROUTING_ID", NAME[number : number + 1]),) if named else ()))


# --- how programs begin


def begins(bounds: Bounds) -> tuple[Event, ...]:
    """How each program begins: the sockets are made and connected."""
    found = [made(bounds, number) for number in range(len(bounds.kinds))]
    found.append(Event(Do.BIND, 0, endpoint=AT))
    for number in range(1, len(bounds.kinds)):
        found += [Event(Do.CONNECT, number, endpoint=AT), SETTLED]
    return (*found, *(_winds(bounds) if bounds.edge else ()))


def made(bounds: Bounds, number: int) -> Event:
    """A socket is made, as the first of its number was."""
    return Event(Do.CREATE, number, name=bounds.kinds[number], options=bounds.options(number))


def winds(kind: str) -> bool:
    """May a socket's pipe be wound forward by a message of many parts, for one other that receives it?"""
    return kind in ("PUSH", "PAIR", "DEALER", "PUB", "REQ")


def _winds(bounds: Bounds) -> Iterator[Event]:
    """A message of many parts, sent and received; then whatever an answer needs."""
    sender = 0 if winds(bounds.kinds[0]) else 1
    receiver = 1 - sender
    kind, lead = bounds.kinds[sender], 0
    if kind == "PUB":
        yield Event(Do.OPTION, receiver, name="SUBSCRIBE", value=TOPIC)
        yield SETTLED
    if kind == "REQ":
        lead = 1
    parts = [TOPIC if kind == "PUB" else b"0"] * (WOUND - lead)
    for place, part in enumerate(parts, 1):
        yield Event(Do.SEND, sender, part=part, more=place < len(parts))
    yield SETTLED
    for place, part in enumerate(parts, 1):
        yield Event(Do.RECEIVE, receiver, part=part, more=place < len(parts))
    if kind == "REQ":
        yield Event(Do.SEND, receiver, part=b"0")
        yield SETTLED
        yield Event(Do.RECEIVE, sender, part=b"0")


# --- what may be done


def possible(states: Sequence[Network], bounds: Bounds, cans: frozenset[Can]) -> Iterator[tuple[Event, ...]]:
    """All calls of a place."""
    some = states[0]
    room = bounds.parts - max(len(held(state)) for state in states)
    # An XPUB is shown who comes, and who has gone.
    come = room > 0 or "XPUB" not in bounds.kinds
    for number, socket in enumerate(some.sockets):
        if socket.closed:
            if come:
                yield from _restarts(bounds, number, cans)
            continue
        yield (Event(Do.RECEIVE, number),)
        if PATTERNS[socket.kind].sends:
            yield from _sends(states, number, room, cans)
            if bounds.kills:
                yield from _flights(states, number, room)
        if Can.ABORT in cans and any(state.sockets[number].send.phase.value != "idle" for state in states):
            yield (Event(Do.ABORT, number),)
        if socket.kind == "SUB" and room > 0:
            yield from _wants(some, number, cans)
        if Can.DISCONNECT in cans:
            yield from _comes_and_goes(some, number, room > 0, come, bounds, cans)
        if bounds.kills and not any(one.closed for one in some.sockets):
            yield (Event(Do.CLOSE, number),)


def _restarts(bounds: Bounds, number: int, cans: frozenset[Can]) -> Iterator[tuple[Event, ...]]:
    """A socket of the same type takes the place of one that was closed."""
    attach = Event(Do.CONNECT if number else Do.BIND, number, endpoint=AT)
    yield made(bounds, number), attach
    if Can.REFUSE in cans:
        yield refusing(Site.SOCKET, made(bounds, number))
        if number:
            yield made(bounds, number), *refusing(Site.ACCEPT, attach)


def _wants(state: Network, number: int, cans: frozenset[Can]) -> Iterator[tuple[Event, ...]]:
    subscribed = any(topic == TOPIC for topic, _, _ in state.sockets[number].own)
    option = Event(Do.OPTION, number, name="UNSUBSCRIBE" if subscribed else "SUBSCRIBE", value=TOPIC)
    yield (option,)
    if not subscribed and Can.REFUSE in cans:
        yield from (refusing(site, option) for site in SITES[Do.OPTION])


def _comes_and_goes(
    state: Network, number: int, room: bool, come: bool, bounds: Bounds, cans: frozenset[Can]
) -> Iterator[tuple[Event, ...]]:
    if not number:
        if not bounds.kills:
            return
        if state.sockets[0].listens:
            yield (Event(Do.UNBIND, 0, endpoint=AT),)
            return
        if not come:
            return
        yield (Event(Do.BIND, 0, endpoint=AT),)
        if Can.REFUSE in cans:
            yield from (refusing(site, Event(Do.BIND, 0, endpoint=AT)) for site in SITES[Do.BIND])
        return
    if any(link.near == number for link in state.links):
        yield (Event(Do.DISCONNECT, number, endpoint=AT),)
    elif room:
        connect = Event(Do.CONNECT, number, endpoint=AT)
        yield (connect,)
        if Can.REFUSE in cans:
            yield from (refusing(site, connect) for site in SITES[Do.CONNECT])


def _flights(states: Sequence[Network], number: int, room: int) -> Iterator[tuple[Event, ...]]:
    """A message is on its way while its sender is closed, or who would receive it."""
    if room <= 0 or any(one.closed for one in states[0].sockets):
        return
    send = Event(Do.SEND, number, part=_contents(states, number)[0])
    for other in range(len(states[0].sockets)):
        yield send, Event(Do.CLOSE, other)


def _sends(states: Sequence[Network], number: int, room: int, cans: frozenset[Can]) -> Iterator[tuple[Event, ...]]:
    # What is swallowed or answered with an error takes no room.
    nowhere = all(_nowhere(state, number) for state in states)
    for part in _contents(states, number):
        for more in (True, False):
            send = Event(Do.SEND, number, part=part, more=more)
            if room > 0 or nowhere:
                yield (send,)
            if room <= 0 or Can.REFUSE not in cans:
                continue
            yield from _refused(states, send)


def _refused(states: Sequence[Network], send: Event) -> Iterator[tuple[Event, ...]]:
    """A part that is refused, wherever that may be met."""
    kind, policy = states[0].sockets[send.socket].kind, states[0].setting.policy
    for site in sites(Do.SEND, kind, policy):
        if site == Site.SLOT and not any(_grows(state, send.socket) for state in states):
            continue
        # Where nothing is written nothing is read, and what is no subscription asks for none.
        said = subscriptions.parse(send.part, alone=True)
        if (site == Site.RECEIVE_BODY and send.more) or (site == Site.SUBSCRIPTION and not (said and said[0])):
            continue
        leads = site == Site.BODY and kind in ("REQ", "REP", "PUB", "XPUB")
        for after in range(2 if leads else 1):
            yield refusing(site, send, count=after)


def _nowhere(state: Network, number: int) -> bool:
    socket = state.sockets[number]
    if socket.send.phase.value == "skipping" or socket.pattern.may_send(socket.inner) is not None:
        return True
    return _first(state, number) and not any(any(free(state, number, session)) for session in socket.sessions)


def _grows(state: Network, number: int) -> bool:
    """May the next part, or one that the library puts before it, take the last slot of a chunk?"""
    slots = state.setting.slots
    return any(
        pipe.chunks(pipe.write(pipe.write(session.pipe)), slots) > 0 for session in state.sockets[number].sessions
    )


def _contents(states: Sequence[Network], number: int) -> list[bytes]:
    """What the next part may be."""
    numbers = {part[-1:] for state in states for part in held(state)}
    label = next(letter for letter in LABELS if letter not in numbers)
    if not all(_first(state, number) for state in states):
        return [label]
    socket = states[0].sockets[number]
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


def _first(state: Network, number: int) -> bool:
    socket = state.sockets[number]
    return socket.current == NOTHING and socket.targets is None and socket.send.phase.value == "idle"


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


def dropped(event: Event) -> bool:
    """Was an unfinished message, or its part, dropped by this call?"""
    return event.do == Do.ABORT or (event.do == Do.SEND and event.answer in ("ENOMEM", "ECONNRESET"))


def clean(event: Event) -> Event:
    """The call as anybody makes it, before it is answered."""
    part = b"" if event.do == Do.RECEIVE else event.part
    return replace(event, answer="ok", part=part, more=event.more and event.do != Do.RECEIVE, waited=False)
