"""The calls on a network of sockets, and what is seen of it besides: each gives all that may have come of it.

`make` begins, and the other functions go on from a network. Where one may not be called, such as on a socket that is
closed, `Impossible` says why: that is no deviation of a socket, it is no run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from .. import connection as life
from .. import patterns
from ..memory import Site
from ..patterns.pattern import way
from ..send import Answer
from . import network, network_many, network_receiving, network_sending
from .network import NOTHING, POOL, UNBOUNDED, Link, Network, Outcome, Session, Setting, Socket, put
from .network_receiving import named, receive
from .network_requests import identified
from .network_sending import abort, send
from .network_settling import meanwhile, outlasted, settled
from .network_wires import (
    accepted,
    broken,
    closed,
    ended,
    listener,
    looks,
    noticed,
    open_links,
    transfer,
)

Value = int | bytes
DEFAULT_HWM = 1000
NO_MEMORY = Answer.NO_MEMORY.value
UPKEEP = life.Upkeep(1, 1, 1, 1, 1)
"""What a connection costs; any number does, the network's memory has no bound."""
HANDLED = {
    *("SNDHWM", "RCVHWM", "ROUTING_ID", "IMMEDIATE", "ROUTER_MANDATORY", "ROUTER_HANDOVER", "REQ_RELAXED"),
    *("REQ_CORRELATE", "XPUB_NODROP", "XPUB_VERBOSE", "XPUB_VERBOSER", "SUBSCRIBE", "UNSUBSCRIBE"),
}
"""Options that change what a socket does in this network."""
IGNORED = {"LINGER", "RECONNECT_IVL", "RECONNECT_IVL_MAX", "RCVTIMEO", "SNDTIMEO", "HANDSHAKE_IVL", "BACKLOG"}
"""Options that change when something happens, and nothing else."""


class Impossible(Exception):
    """What is said to have happened cannot happen in any network: one sentence."""


def make(setting: Setting) -> Network:
    """No socket yet."""
    return Network(setting)


def before_send(nets: Iterable[Network], number: int) -> list[Network]:
    """All that there may be when a socket is about to send; see ``network_sending.looks``."""
    return network_sending.looks(_of(nets, number), number)


def before_receive(nets: Iterable[Network], number: int) -> list[Network]:
    """All that there may be when a socket is about to receive; see ``network_receiving.looks``."""
    return network_receiving.looks(_of(nets, number), number)


def before(nets: Iterable[Network], number: int) -> list[Network]:
    """All that there may be before any other call of a socket: it may have learned all that it could."""
    return looks(_of(nets, number), number)


def _of(nets: Iterable[Network], number: int) -> list[Network]:
    found = list(nets)
    for net in found:
        socket_of(net, number)
    return found


def create(net: Network, kind: str, options: Mapping[str, Value]) -> Network:
    """A socket of a type is made, with these options."""
    if kind not in patterns.PATTERNS:
        raise Impossible(f"there is no socket type {kind}")
    pattern = patterns.make(kind)
    made = Socket(kind, pattern, pattern.initial(), DEFAULT_HWM, DEFAULT_HWM)
    number = len(net.sockets)
    net = replace(net, sockets=(*net.sockets, made))
    for name, value in options.items():
        # It was made, so memory for what it subscribes to was not refused.
        net = next(outcome.network for outcome in option(net, number, name, value) if outcome.answer == "ok")
    return net


def created(net: Network, kind: str, options: Mapping[str, Value]) -> Iterator[Outcome]:
    """A call that makes a socket: without memory there is none (CONNECT-4)."""
    for got, after in network.granted(net, partial(life.made, POOL, Site.SOCKET, 1)):
        if got.refused is None:
            yield Outcome(got.rules, "ok", create(after, kind, options))
        else:
            yield Outcome(got.rules, NO_MEMORY, after)


def socket_of(net: Network, number: int) -> Socket:
    """The socket of this number; `Impossible` if there is none, or it is closed."""
    if not 0 <= number < len(net.sockets):
        raise Impossible(f"there is no socket {number}")
    if net.sockets[number].closed:
        raise Impossible(f"socket {number} is closed")
    return net.sockets[number]


def option(net: Network, number: int, name: str, value: Value) -> Iterator[Outcome]:
    """An option is set."""
    socket = socket_of(net, number)
    if name in ("SUBSCRIBE", "UNSUBSCRIBE"):
        if not isinstance(value, bytes):
            raise Impossible(f"the topic of {name} is octets")
        return network_many.want(net, number, value, name == "SUBSCRIBE")
    if name in IGNORED:
        return iter((Outcome((), "ok", net),))
    if name not in HANDLED:
        raise Impossible(f"the option {name} is not followed")
    if name == "ROUTING_ID":
        if not isinstance(value, bytes):
            raise Impossible("a routing id is octets")
        return iter((Outcome((), "ok", put(net, number, replace(socket, names=value))),))
    if not isinstance(value, int):
        raise Impossible(f"the value of {name} is a number")
    return iter((Outcome((), "ok", put(net, number, _with(socket, name, value))),))


def _with(socket: Socket, name: str, value: int) -> Socket:
    """The socket with an option that is a number."""
    if name == "SNDHWM":
        return replace(socket, send_hwm=value or UNBOUNDED)
    if name == "RCVHWM":
        return replace(socket, receive_hwm=value or UNBOUNDED)
    if name == "IMMEDIATE":
        return replace(socket, immediate=bool(value))
    options = {**dict(socket.options), name: value}
    pattern = patterns.make(
        socket.kind,
        mandatory=bool(options.get("ROUTER_MANDATORY")),
        handover=bool(options.get("ROUTER_HANDOVER")),
        relaxed=bool(options.get("REQ_RELAXED")),
        correlate=bool(options.get("REQ_CORRELATE")),
        nodrop=bool(options.get("XPUB_NODROP")),
        verbose=bool(options.get("XPUB_VERBOSE")) or bool(options.get("XPUB_VERBOSER")),
        verboser=bool(options.get("XPUB_VERBOSER")),
    )
    nodrop = socket.kind == "XPUB" and bool(options.get("XPUB_NODROP"))
    return replace(socket, pattern=pattern, nodrop=nodrop, options=tuple(sorted(options.items())))


def bind(net: Network, number: int, endpoint: str) -> Iterator[Outcome]:
    """A socket listens at an endpoint, if there is memory (CONNECT-4)."""
    socket = socket_of(net, number)
    if listener(net, endpoint) is not None:
        raise Impossible(f"another socket listens at {endpoint}")
    for got, after in network.granted(net, partial(life.made, POOL, Site.LISTENER, 1)):
        if got.refused is None:
            after = put(after, number, replace(socket, listens=(*socket.listens, endpoint)))
        yield Outcome(got.rules, "ok" if got.refused is None else NO_MEMORY, after)


def connect(net: Network, number: int, endpoint: str) -> Iterator[Outcome]:
    """A socket connects: it has a pipe from now on, if there is memory (CONNECT-4) and a place for it (PAIR-2)."""
    socket_of(net, number)
    for lived, after in network.granted(net, partial(life.connect, POOL, life.RESERVED, UPKEEP)):
        if lived.refused is None:
            yield from _connected(after, number, endpoint)
        else:
            yield Outcome(lived.rules, NO_MEMORY, after)


def _connected(net: Network, number: int, endpoint: str) -> Iterator[Outcome]:
    socket = net.sockets[number]
    attached = socket.pattern.attached(socket.inner, len(socket.sessions))
    if not attached.accepted:
        yield Outcome((attached.rule,), way(attached.rule).value, net)
        return
    session = Session(net.keys)
    now = put(net, number, replace(socket, inner=attached.state, sessions=(*socket.sessions, session)))
    link = Link(number, net.keys, endpoint)
    yield Outcome((attached.rule,), "ok", replace(now, links=(*net.links, link), keys=net.keys + 1))


def disconnect(net: Network, number: int, endpoint: str) -> list[Network]:
    """A socket ends its connection to an endpoint, and tries it no more (CONNECT-3); what it can write, it writes."""
    socket_of(net, number)
    for link in net.links:
        if (link.near, link.endpoint) == (number, endpoint):
            return [
                _without(one, number, link.near_key)
                for cut in _breaks(_leaves(net, link, number), link)
                for one in noticed(cut, number, link.near_key)
            ]
    raise Impossible(f"socket {number} does not connect to {endpoint}")


def _leaves(net: Network, link: Link, number: int) -> Network:
    """All that a socket sends at last on a connection may be on its way; how much comes, its peer notices."""
    key = link.near_key if link.near == number else link.far_key
    return transfer(net, number, key, _waiting(net, number, key)) if link.far_key != NOTHING else net


def _waiting(net: Network, number: int, key: int) -> int:
    """How many messages of a pipe may have left it before its connection ended."""
    socket = net.sockets[number]
    place = network.place_of(socket, key)
    return len(socket.sessions[place].queue) if place >= 0 and not socket.sessions[place].cut else 0


def _breaks(net: Network, link: Link) -> list[Network]:
    """A connection is ended by one of its ends: so much of either pipe had left it before."""
    found = [net]
    for number, key in ((link.near, link.near_key), (link.far, link.far_key)):
        waiting = _waiting(net, number, key) if link.far_key != NOTHING else 0
        found = [transfer(one, number, key, count) if count else one for one in found for count in range(waiting + 1)]
    return [broken(one, link) for one in found]


def _without(net: Network, number: int, key: int) -> Network:
    """The connection is not tried again, and its pipe goes."""
    net = replace(net, links=tuple(link for link in net.links if (link.near, link.near_key) != (number, key)))
    return ended(net, number, key)


def unbind(net: Network, number: int, endpoint: str) -> list[Network]:
    """A socket listens no more; what came from there is ended too, or goes on: both are seen, and no rule decides."""
    socket = socket_of(net, number)
    if endpoint not in socket.listens:
        raise Impossible(f"socket {number} does not listen at {endpoint}")
    left = tuple(one for one in socket.listens if one != endpoint)
    net = put(net, number, replace(socket, listens=left))
    found = [net]
    for link in net.links:
        if (link.far, link.endpoint) == (number, endpoint):
            found = [again for one in found for again in (one, *_breaks(one, link))]
    return found


def close(net: Network, number: int) -> list[Network]:
    """A socket is closed or its process dies; what it had not written is lost, and what nobody read may be."""
    socket = socket_of(net, number)
    # Who closes in peace takes its subscriptions back first (SUB-2): that may be heard before the pipe goes, or be lost
    # like all the rest (LINK-3), and then the publisher ends them itself (PUB-9).
    for topic, count, _ in socket.own:
        for _ in range(count):
            (outcome,) = network_many.want(net, number, topic, False)
            net = outcome.network
    for link in net.links:
        if number in (link.near, link.far):
            net = broken(_leaves(net, link, number), link)
    return [_gone(net, number)]


def _gone(net: Network, number: int) -> Network:
    socket = net.sockets[number]
    pattern = patterns.make(socket.kind)
    empty = Socket(socket.kind, pattern, pattern.initial(), DEFAULT_HWM, DEFAULT_HWM, closed=True)
    net = put(net, number, empty)
    return replace(net, links=tuple(link for link in net.links if link.near != number))


def refuse(net: Network, site: str, after: int, times: int) -> Network:
    """The environment says which allocations it will refuse; ``times`` 0: none any more."""
    if times == 0:
        return replace(net, refusals=())
    return replace(net, refusals=(*(plan for plan in net.refusals if plan[0] != site), (site, after, times)))


def met(nets: Iterable[Network], number: int, count: int) -> list[Network]:
    """A socket was seen to have at least ``count`` peers with which it can exchange messages."""

    def meets(net: Network) -> Iterator[Network]:
        for session in net.sockets[number].sessions:
            if session.cut:
                yield from noticed(net, number, session.key)
        for link in open_links(net, number):
            yield from accepted(net, link)

    return [one for one in closed(nets, meets) if _has(one, number, count)]


def _has(net: Network, number: int, count: int) -> bool:
    """At least so many sessions have a connection. Of one that a socket initiated, it may know before the other end."""
    return count <= peers_of(net, number) + sum(link.near == number for link in open_links(net, number))


def peers_of(net: Network, number: int) -> int:
    """How many peers a socket can exchange messages with."""
    sessions = [one for one in net.sockets[number].sessions if not one.cut]
    return sum(network.other_end(net, number, one.key) is not None for one in sessions)


def ways(nets: Iterable[Network], number: int) -> int:
    """In how many ways these networks differ in what a socket has received, or is about to."""
    return len({tuple(session.inbox for session in net.sockets[number].sessions) for net in nets})


def restless(net: Network) -> bool:
    """Is somebody refused, who will try again and again?"""
    waiting = [link for number in range(len(net.sockets)) for link in open_links(net, number) if link.near == number]
    return any(link in one.links for link in waiting for one in accepted(net, link))


def at_rest(net: Network) -> bool:
    """Does no socket hold a part of any message?"""
    for socket in net.sockets:
        if socket.parts or socket.lead or socket.envelope or socket.send.reserved:
            return False
        if any(one.tail or one.queue or one.inbox or one.send.reserved for one in socket.sessions):
            return False
    return True


__all__ = [
    "Impossible",
    "abort",
    "at_rest",
    "before",
    "before_receive",
    "before_send",
    "bind",
    "close",
    "connect",
    "create",
    "created",
    "disconnect",
    "identified",
    "make",
    "meanwhile",
    "met",
    "named",
    "option",
    "outlasted",
    "peers_of",
    "receive",
    "refuse",
    "restless",
    "send",
    "settled",
    "socket_of",
    "unbind",
    "ways",
]
