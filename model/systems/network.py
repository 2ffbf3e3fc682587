"""Several sockets with connections between them: what each socket holds, and what lies between two of them.

The machines are those of every other system: the patterns, the send machine, the pipe, the link. What belongs here is
what they are composed into. What does not: whoever watches such a network from outside knows the calls and their
answers, and not what happened in between; for him every function of the network returns *all* that may have come of
a call. See ``network_wires`` for what happens in between, ``network_calls`` for the calls.

Nothing is done before it has to be: a message stays in its pipe until a call shows that it has left it. What has left
later may always have left earlier, so that one state stands for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Protocol, TypeVar

from ..memory import Need, Pool, Site
from ..patterns.pattern import AnyPattern
from ..pipe import Pipe
from ..policies import DISCARD, SendPolicy
from ..receive_policies import BOUNDED_WAIT, ReceivePolicy
from ..rules import Rule
from ..send import Send
from ..states import Remembers, hashed_once, state

Message = tuple[bytes, ...]

UNBOUNDED = 1 << 60
"""A high-water mark of 0 is none."""
NOTHING = -1
"""No session, no socket."""
POOL = Pool(1 << 62, 1 << 61)
"""The network's memory has no bound, and what is given back fits: who refuses is the environment."""


class Refusals(Enum):
    """What is known of refused allocations; the value is how it is written."""

    NONE = "none"
    TOLD = "told"
    """The environment says which ones it refuses (`Network.refusals`)."""
    ANY = "any"
    """Each allocation of a call may have been refused."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What does not change: the send policy, what is known of refusals, whether turns are held to (TURN-1).

    Where they are not, any peer may be the next one that can be, and the id of a correlated request is any
    (``network_requests``). ``part``, ``chunk`` and ``slots``: what things cost.
    """

    policy: SendPolicy = DISCARD
    refusals: Refusals = Refusals.TOLD
    in_turn: bool = True
    part: int = 64
    chunk: int = 4096
    slots: int = 256
    receive_policy: ReceivePolicy = BOUNDED_WAIT
    limit: int | None = None
    """A bound on the memory of all sockets together, in octets; then a reader may wait for memory at any time."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The costs of one part, or of a message that is ``announced``; what is held is not counted in this network."""

    part: int
    chunk: int
    slots: int
    announced: int = 0

    def bodies(self, pipe: Pipe) -> int:  # noqa: ARG002 - see above
        """Nothing is counted."""
        return 0

    def message(self, parts: int) -> int:  # noqa: ARG002 - the octets were announced
        """All parts of the message that is about to be sent."""
        return self.announced


@hashed_once
@state
class Session(Remembers):
    """What a socket keeps of one peer; ``key`` names it for ever.

    ``tail`` and ``queue`` are the payloads of the ``pipe``; ``send`` is the state of a copy (PUB). ``inbox`` has what
    is on its way here or has arrived, the first ``sure`` of it certainly. ``told``: subscriptions on their way here,
    the first ``greeted`` of them in any order, unless that is 0.
    ``routing_id``: what a ROUTER calls it; None if it made that up and nobody has seen it yet.
    ``cut``: the connection has ended, and the socket may not know it yet. ``ended``: nothing can be sent any more.
    """

    key: int
    pipe: Pipe = Pipe()
    tail: Message = ()
    queue: tuple[Message, ...] = ()
    send: Send = Send()
    inbox: tuple[Message, ...] = ()
    sure: int = 0
    told: tuple[tuple[bool, bytes], ...] = ()
    greeted: int = 0
    routing_id: bytes | None = b""
    cut: bool = False
    ended: bool = False


@hashed_once
@state
class Socket(Remembers):
    """One socket; its ``sessions`` are in the order of their places.

    ``current``: the key of the session that gets the message which is being sent. ``lead``: the library's parts that
    are still to be sent in front of it. ``targets``: who gets a message for many. ``parts``: what is left to be taken.
    ``own``: its subscriptions (topic, how many, how many were told); ``peers``: those of its peers (key, topic, how
    many). ``names``: the routing id that it brings. ``asked``: of a REQ, its newest requests whose ids were seen, and
    these.
    """

    kind: str
    pattern: AnyPattern
    inner: Any
    send_hwm: int
    receive_hwm: int
    options: tuple[tuple[str, int | bytes], ...] = ()
    send: Send = Send()
    current: int = NOTHING
    lead: Message = ()
    parts: Message = ()
    envelope: Message = ()
    sessions: tuple[Session, ...] = ()
    targets: tuple[int, ...] | None = None
    own: tuple[tuple[bytes, int, int], ...] = ()
    peers: tuple[tuple[int, bytes, int], ...] = ()
    listens: tuple[str, ...] = ()
    names: bytes = b""
    asked: tuple[tuple[int, bytes], ...] = ()
    immediate: bool = False
    nodrop: bool = False
    closed: bool = False


@state
class Link:
    """One connection from ``near`` (a socket that connects, by number, and its session) to an ``endpoint``.

    ``far``: who accepted it and his session; None while nobody has.
    """

    near: int
    near_key: int
    endpoint: str
    far: int = NOTHING
    far_key: int = NOTHING


@hashed_once
@state
class Network(Remembers):
    """All sockets and connections. ``refusals``: at which site, after how many grants, how many times.

    ``fired``: the rules of what happened between calls on the way here; two ways to the same are the same. ``free``:
    so many octets of memory are left as a call begins, where there is a limit and that is known.
    """

    setting: Setting
    sockets: tuple[Socket, ...] = ()
    links: tuple[Link, ...] = ()
    refusals: tuple[tuple[str, int, int], ...] = ()
    keys: int = 0
    fired: frozenset[Rule] = field(default=frozenset(), compare=False)
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may come of a call: the rules, the answer as it is printed, the network afterwards, and a received part.

    ``part`` None: any routing id that its ROUTER made up (ROUTER-8), for the session ``source``.
    """

    rules: tuple[Rule, ...]
    answer: str
    network: Network
    part: bytes | None = b""
    more: bool = False
    source: int = NOTHING


def put(net: Network, number: int, socket: Socket) -> Network:
    """The network with this socket."""
    sockets = (*net.sockets[:number], socket, *net.sockets[number + 1 :])
    return Network(net.setting, sockets, net.links, net.refusals, net.keys, net.fired, net.free)


def fire(net: Network, *rules: Rule) -> Network:
    """The network after a step between calls, which was by these rules."""
    return net if net.fired.issuperset(rules) else replace(net, fired=net.fired.union(rules))


def place_of(socket: Socket, key: int) -> int:
    """The place of a session, -1 if it is gone."""
    for place, session in enumerate(socket.sessions):
        if session.key == key:
            return place
    return NOTHING


def with_session(socket: Socket, place: int, session: Session) -> Socket:
    """The socket with this session at ``place``."""
    return replace(socket, sessions=(*socket.sessions[:place], session, *socket.sessions[place + 1 :]))


def put_session(net: Network, number: int, session: Session) -> Network:
    """The network with this session of a socket, which has one of the same key."""
    socket = net.sockets[number]
    return put(net, number, with_session(socket, place_of(socket, session.key), session))


def link_of(net: Network, number: int, key: int) -> Link | None:
    """The connection of a session, if it has one or waits for one."""
    for link in net.links:
        if (link.near == number and link.near_key == key) or (link.far == number and link.far_key == key):
            return link
    return None


def other_end(net: Network, number: int, key: int) -> tuple[int, Session] | None:
    """Who is at the other end of a session's connection: the socket's number and its session; None if nobody is."""
    link = link_of(net, number, key)
    if link is None or link.far_key == NOTHING:
        return None
    there, name = (link.far, link.far_key) if link.near_key == key else (link.near, link.near_key)
    socket = net.sockets[there]
    place = place_of(socket, name)
    return None if place < 0 else (there, socket.sessions[place])


def weights(net: Network, octets: int, announced: int = 0) -> Weights:
    """What a part of so many octets costs."""
    setting = net.setting
    return Weights(octets + setting.part, setting.chunk, setting.slots, announced)


class Asking(Protocol):
    """The outcome of a step that may have asked for memory."""

    @property
    def asked(self) -> tuple[Need, ...]:
        """What it asked for."""
        ...


Asks = TypeVar("Asks", bound=Asking)


def granted(net: Network, step: Callable[[Site | None], Asks]) -> Iterator[tuple[Asks, Network]]:
    """What may come of a step that asks for memory, by what the environment answers, and the network after that."""
    if net.setting.limit is not None:
        yield from _bounded(net, step)
        return
    if not net.refusals and net.setting.refusals != Refusals.ANY:
        yield step(None), net
        return
    needs = [need for need in step(None).asked if need.amount > 0]
    if net.setting.refusals == Refusals.ANY:
        for site in (None, *(need.site for need in needs)):
            yield step(site), net
        return
    left = list(net.refusals)
    for need in needs:
        for place, (where, after, times) in enumerate(left):
            if where == need.site.name and times > 0:
                left[place] = (where, max(0, after - 1), times if after else times - 1)
                if after == 0:
                    yield step(need.site), replace(net, refusals=_left(left))
                    return
    yield step(None), replace(net, refusals=_left(left))


def pool(net: Network) -> Pool:
    """What a step asks for memory: as full as it is known to be, else `POOL`."""
    limit = net.setting.limit
    return POOL if limit is None or net.free is None else Pool(limit, limit - net.free)


def _bounded(net: Network, step: Callable[[Site | None], Asks]) -> Iterator[tuple[Asks, Network]]:
    """The same where there is a limit: the `pool` says it, or each allocation may have been refused.

    What is free after the first step of a call is not known: a message may have been written meanwhile.
    """
    after = replace(net, free=None)
    found = step(None)
    yield found, after
    if net.free is None:
        for need in found.asked:
            if need.amount > 0:
                yield step(need.site), after


def _left(refusals: list[tuple[str, int, int]]) -> tuple[tuple[str, int, int], ...]:
    return tuple(plan for plan in refusals if plan[2] > 0)
