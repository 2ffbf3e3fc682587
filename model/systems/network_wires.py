"""What happens between the calls on a network of sockets: messages and subscriptions travel, peers come and go.

Each function returns the networks that there may be afterwards. `looks` has all that one socket may have learned before
a call; `settled` all that there can be when everything has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import product

from .. import connection as life
from .. import link as links
from .. import send as sends
from ..patterns import subscriptions
from ..patterns.router import Claim, Router
from ..patterns.subscriptions import Subscriptions
from ..patterns.xpub import Xpub
from ..rules import Rule
from . import network
from .network import NOTHING, POOL, Link, Network, Refusals, Session, Socket, fire, link_of, other_end, place_of, put
from .network_names import canonical

MOST = 1 << 12
"""So many networks are told apart at a time; where there are more, nothing can be said (`TooMany`)."""


class TooMany(Exception):
    """More may have happened than is followed: `MOST` networks."""


# --- messages


def transfer(net: Network, number: int, key: int, count: int = 1) -> Network:
    """The oldest ``count`` messages leave a session's pipe (LINK-1, LINK-5); who is there to get them, will."""
    socket = net.sockets[number]
    place = place_of(socket, key)
    session = socket.sessions[place]
    moved, kept = session.queue[:count], session.queue[count:]
    parts = sum(map(len, moved))
    pipe, _ = links.begin(network.weights(net, 0), POOL, session.pipe, parts, len(moved))
    if net.setting.refusals == Refusals.NONE:
        # Where its parts lie in its chunks is seen only by who may be refused the next chunk.
        pipe = replace(pipe, front=0)
    net = put(net, number, network.with_session(socket, place, replace(session, pipe=pipe, queue=kept)))
    net = fire(net, Rule.LINK_1, Rule.PIPE_5, Rule.LINK_5) if moved else net
    end = None if session.cut else other_end(net, number, key)
    if end is None:
        return net
    there, peer = end
    if not net.sockets[there].pattern.receives:
        # Whoever hears nothing drops it.
        return fire(net, Rule.TYPE_3) if moved else net
    return network.put_session(net, there, replace(peer, inbox=peer.inbox + moved))


def may_leave(net: Network, number: int, session: Session) -> bool:
    """May a message that is in a session's pipe have left it?"""
    return bool(session.queue) and (session.cut or other_end(net, number, session.key) is not None)


def may_come(net: Network, number: int, session: Session) -> bool:
    """May a message that is still in the other end's pipe have come?"""
    end = other_end(net, number, session.key)
    return end is not None and not session.cut and not end[1].cut and bool(end[1].queue)


def coming(net: Network, number: int, session: Session) -> int:
    """How many messages may have come to a session, be it that they are still in the other end's pipe."""
    end = other_end(net, number, session.key) if may_come(net, number, session) else None
    return len(session.inbox) + (0 if end is None else len(end[1].queue))


def pull(net: Network, number: int, session: Session, count: int = 1) -> Network:
    """The oldest ``count`` messages of the other end's pipe come."""
    end = other_end(net, number, session.key)
    return net if end is None or count <= 0 else transfer(net, end[0], end[1].key, count)


# --- subscriptions


def known(entries: tuple[tuple[int, bytes, int], ...]) -> Subscriptions[int]:
    """The table of what peers subscribed to."""
    table: Subscriptions[int] = Subscriptions()
    for key, topic, count in entries:
        for _ in range(count):
            table.add(key, topic)
    return table


def hears(net: Network, number: int, key: int) -> list[Network]:
    """The oldest subscription, or end of one, that is on its way to a session is carried out (PUB-7, PUB-8).

    Which messages were sent before it is not kept: an XPUB may be shown it before or after any that are on their way.
    """
    socket = net.sockets[number]
    session = socket.sessions[place_of(socket, key)]
    under_way = coming(net, number, session) - session.sure if isinstance(socket.pattern, Xpub) else 0
    ways = product(range(under_way + 1), range(max(1, session.greeted)))
    return list(dict.fromkeys(_hears(net, number, key, before, place) for before, place in ways))


def _hears(net: Network, number: int, key: int, before: int, at: int) -> Network:
    """The same, if so many messages that are on their way come first, and it is the subscription ``at`` this place."""
    first = net.sockets[number].sessions[place_of(net.sockets[number], key)]
    net = pull(net, number, first, first.sure + before - len(first.inbox))
    socket = net.sockets[number]
    place = place_of(socket, key)
    session = socket.sessions[place]
    (more, topic), left = session.told[at], (*session.told[:at], *session.told[at + 1 :])
    session = replace(session, greeted=session.greeted - 1 if session.greeted > 2 else 0)
    table = known(socket.peers)
    count = table.count(key, topic)
    net = fire(net, (subscriptions.added(count) if more else subscriptions.removed(count)).rule)
    if more or count:
        changes = table.add(key, topic) if more else table.remove(key, topic)
        session = shown(socket, replace(session, sure=session.sure + before), more, changes, topic)
    counts = _entries(socket, table, key, topic)
    return put(net, number, replace(network.with_session(socket, place, replace(session, told=left)), peers=counts))


def _entries(socket: Socket, table: Subscriptions[int], key: int, topic: bytes) -> tuple[tuple[int, bytes, int], ...]:
    """What is remembered after one topic of one peer changed, in the order in which it was put in."""
    count = table.count(key, topic)
    found = tuple((k, t, count if (k, t) == (key, topic) else n) for k, t, n in socket.peers)
    if (key, topic) not in {(k, t) for k, t, _ in socket.peers}:
        found += ((key, topic, count),)
    return tuple(entry for entry in found if entry[2] > 0)


def shown(socket: Socket, session: Session, more: bool, changes: bool, topic: bytes) -> Session:
    """An XPUB's application may be shown it, as a message."""
    if not isinstance(socket.pattern, Xpub) or not socket.pattern.heard(more, changes).shown:
        return session
    message = (subscriptions.message(more, topic),)
    # It is there with the subscription: nothing that came later stands before it.
    inbox = (*session.inbox[: session.sure], message, *session.inbox[session.sure :])
    return replace(session, inbox=inbox, sure=session.sure + 1)


def tell(net: Network, number: int, key: int, told: tuple[tuple[bool, bytes], ...]) -> Network:
    """What a subscriber tells the other end of a session."""
    end = other_end(net, number, key)
    if end is None or not told:
        return net
    there, peer = end
    if not net.sockets[there].pattern.publishes:
        return net
    return network.put_session(net, there, replace(peer, told=peer.told + told))


# --- peers come


def open_links(net: Network, number: int) -> Iterator[Link]:
    """Connections of a socket, either way, that somebody may accept."""
    for link in net.links:
        there = listener(net, link.endpoint) if link.far_key == NOTHING else None
        if there is not None and number in (link.near, there):
            yield link


def listener(net: Network, endpoint: str) -> int | None:
    """Who listens at an endpoint."""
    for number, socket in enumerate(net.sockets):
        if endpoint in socket.listens:
            return number
    return None


def accepted(net: Network, link: Link) -> list[Network]:
    """Who listens accepts a connection, or refuses the peer (PAIR-2, ROUTER-9): then the peer tries again, in vain."""
    number = listener(net, link.endpoint)
    near = net.sockets[link.near]
    place = place_of(near, link.near_key)
    if number is None or place < 0 or not near.pattern.accepts & {net.sockets[number].kind}:
        return []
    if near.sessions[place].cut:
        cuts = [cut for one in _knowing(net, link) for cut in noticed(one, link.near, link.near_key)]
        return [again for cut in cuts for again in accepted(cut, link)]
    net = _claimed(net, number, near.names)
    socket = net.sockets[number]
    attached = socket.pattern.attached(socket.inner, len(socket.sessions))
    taken = socket.pattern.routes and near.names in _names(socket)
    net = fire(net, attached.rule)
    if isinstance(socket.pattern, Router):
        net = fire(net, socket.pattern.claim(taken).rule)
    if taken or not attached.accepted:
        # The peer's handshake is done, so what it sends is lost, time and again; or another's end is noticed before it.
        refused = network.put_session(net, link.near, replace(near.sessions[place], cut=True))
        gone = [after for one in socket.sessions if one.cut for after in noticed(net, number, one.key)]
        return [refused, *(again for after in gone for again in accepted(after, link))]
    key, routes = net.keys, socket.pattern.routes
    session = Session(key, routing_id=(near.names or None) if routes else b"")
    socket = replace(socket, inner=attached.state, sessions=(*socket.sessions, session))
    found = put(net, number, socket)
    now = tuple(replace(one, far=number, far_key=key) if one == link else one for one in found.links)
    found = replace(found, links=now, keys=key + 1)
    if near.pattern.routes:
        found = _named(found, link.near, link.near_key, socket.names)
    for teller, name, topics in ((link.near, link.near_key, near.own), (number, key, socket.own)):
        found = _greeted(tell(found, teller, name, tuple((True, topic) for topic, _, _ in topics)), teller, name)
    return [found]


def _greeted(net: Network, number: int, key: int) -> Network:
    """A publisher has come, and was told all topics (SUB-7), in no order that a rule would say; an XPUB shows which."""
    end = None if net.setting.in_turn else other_end(net, number, key)
    if end is None or len(end[1].told) < 2 or not isinstance(net.sockets[end[0]].pattern, Xpub):
        return net
    return network.put_session(net, end[0], replace(end[1], greeted=len(end[1].told)))


def _knowing(net: Network, link: Link) -> list[Network]:
    """All that who connected may have learned before it learns that the connection has ended.

    Only an XPUB shows that; whoever else had heard of subscriptions has forgotten them then.
    """
    if not isinstance(net.sockets[link.near].pattern, Xpub):
        return [net]
    found, queue = {net}, [net]
    for one in queue:
        for after in _learns_besides(one, link):
            if after not in found:
                found.add(after)
                queue.append(after)
                if len(found) > MOST:
                    raise TooMany
    return queue


def _learns_besides(net: Network, link: Link) -> Iterator[Network]:
    """What who connected may learn next besides the end of this connection."""
    number = link.near
    for session in net.sockets[number].sessions:
        if session.told:
            yield from hears(net, number, session.key)
        if session.cut and session.key != link.near_key:
            yield from noticed(net, number, session.key)
    for other in open_links(net, number):
        place = place_of(net.sockets[other.near], other.near_key)
        if other != link and place >= 0 and not net.sockets[other.near].sessions[place].cut:
            yield from accepted(net, other)


def _named(net: Network, number: int, key: int, name: bytes) -> Network:
    """A ROUTER that connected learns what its peer is called; another peer than before gets a pipe of its own."""
    socket = net.sockets[number]
    session = socket.sessions[place_of(socket, key)]
    if session.routing_id in (b"", name or None):
        return network.put_session(net, number, replace(session, routing_id=name or None))
    net = ended(net, number, key)
    socket = net.sockets[number]
    attached = socket.pattern.attached(socket.inner, len(socket.sessions))
    successor = Session(net.keys, routing_id=name or None)
    net = put(net, number, replace(socket, inner=attached.state, sessions=(*socket.sessions, successor)))
    now = tuple(
        replace(link, near_key=net.keys) if (link.near, link.near_key) == (number, key) else link for link in net.links
    )
    return replace(net, links=now, keys=net.keys + 1)


def _names(socket: Socket) -> set[bytes | None]:
    """The routing ids that are taken; what is empty is nobody's."""
    return {session.routing_id for session in socket.sessions if session.routing_id and not session.ended}


def _claimed(net: Network, number: int, name: bytes) -> Network:
    """Where a routing id that another peer has goes to the newcomer, the older peer's pipe is dropped (ROUTER-10)."""
    socket = net.sockets[number]
    if not isinstance(socket.pattern, Router) or name not in _names(socket):
        return net
    claimed = socket.pattern.claim(True)
    if claimed.claim != Claim.HANDED_OVER:
        return net
    net = fire(net, claimed.rule)
    for session in socket.sessions:
        if session.routing_id == name and not session.ended:
            return ended(net, number, session.key)
    return net


# --- peers go


def broken(net: Network, link: Link) -> Network:
    """A connection ends: neither end may know it yet, and what is on its way may be lost (LINK-3)."""
    for number, key in ((link.near, link.near_key), (link.far, link.far_key)):
        place = place_of(net.sockets[number], key) if number != NOTHING else NOTHING
        if place >= 0:
            session = net.sockets[number].sessions[place]
            net = network.put_session(net, number, replace(session, cut=True))
    idle = replace(link, far=NOTHING, far_key=NOTHING)
    return replace(net, links=tuple(idle if one == link else one for one in net.links))


def noticed(net: Network, number: int, key: int) -> list[Network]:
    """A socket learns that a connection ended: what is on its way has come, the oldest of it, or is lost.

    Who had accepted it drops its pipe (PIPE-7); who initiated it keeps it, and what was not on its way (LINK-3). What
    was subscribed to over it ends either way (PUB-9).
    """
    socket = net.sockets[number]
    session = socket.sessions[place_of(socket, key)]
    came = [
        _unsubscribed(network.put_session(net, number, one), number, key)
        for count in range(session.sure, len(session.inbox) + 1)
        for one in (replace(session, cut=False, told=(), greeted=0, inbox=session.inbox[:count], sure=count),)
    ]
    initiated = link_of(net, number, key) is not None
    why, upkeep = life.Reason.LOST, life.Upkeep(0, 0, 0, 0, 0)
    ending = life.Life(life.Phase.CLOSING, initiated, why=why)
    after_end = life.step(POOL, life.RESERVED, upkeep, ending, life.Event.GONE, why, True, None)
    came = [fire(one, *after_end.rules, Rule.RECEIVE_8) for one in came]
    if after_end.life.phase == life.Phase.CLOSED:
        return [ended(one, number, key) for one in came]
    # Nobody is at the other end: what leaves the pipe is lost.
    return [
        fire(transfer(one, number, key, lost), *((Rule.LINK_3,) if lost else ()))
        for one in came
        for lost in range(len(session.queue) + 1)
    ]


def _unsubscribed(net: Network, number: int, key: int) -> Network:
    """What a session's peer subscribed to has ended with its connection (PUB-9), and an XPUB is shown it (PUB-7)."""
    socket = net.sockets[number]
    place = place_of(socket, key)
    for topic, last in known(socket.peers).connection_ended(key):
        net = fire(net, subscriptions.ended(1).rule)
        session = shown(socket, socket.sessions[place], False, last, topic)
        socket = network.with_session(socket, place, session)
    socket = replace(socket, peers=tuple(entry for entry in socket.peers if entry[0] != key))
    return put(net, number, socket)


def ended(net: Network, number: int, key: int) -> Network:
    """A session's peer went for good: what was not sent is dropped (PIPE-7), and it goes when its inbox is empty."""
    socket = net.sockets[number]
    place = place_of(socket, key)
    session = socket.sessions[place]
    current = socket.current == key
    gone = sends.peer_gone(network.weights(net, 0), POOL, socket.send if current else session.send, session.pipe)
    send = gone.send if current else socket.send
    copy = session.send if current else gone.send
    session = replace(session, pipe=gone.pipe, tail=(), queue=(), send=copy, ended=True, cut=False, told=(), greeted=0)
    targets = None if socket.targets is None else tuple(one for one in socket.targets if one != key)
    socket = replace(network.with_session(socket, place, session), send=send, targets=targets)
    net = fire(net, *gone.rules)
    return put(fire(net, socket.pattern.leaves), number, detached(socket, key))


def detached(socket: Socket, key: int) -> Socket:
    """A session whose peer is gone, and of which nothing is left to be received, loses its place (TURN-5)."""
    place = place_of(socket, key)
    session = socket.sessions[place]
    if not session.ended or session.inbox:
        return socket
    inner = socket.pattern.detached(socket.inner, place)
    return replace(socket, inner=inner, sessions=(*socket.sessions[:place], *socket.sessions[place + 1 :]))


# --- what may have happened


def looks(nets: Iterable[Network], number: int) -> list[Network]:
    """All that a socket may have learned before a call: who came, who went, what was subscribed to."""
    return closed(nets, lambda one: learns(one, number))


def learns(net: Network, number: int) -> Iterator[Network]:
    """What a socket may learn next."""
    for session in net.sockets[number].sessions:
        if session.cut:
            yield from noticed(net, number, session.key)
        if session.told:
            yield from hears(net, number, session.key)
    for link in open_links(net, number):
        yield from accepted(net, link)


def closed(start: Iterable[Network], step: Callable[[Network], Iterable[Network]]) -> list[Network]:
    """All networks that steps lead to, the nearest first, each once (`canonical`)."""
    found = dict.fromkeys(map(canonical, start))
    queue = list(found)
    for net in queue:
        for after in map(canonical, step(net)):
            if after not in found:
                found[after] = None
                queue.append(after)
                if len(found) > MOST:
                    raise TooMany
    return queue
