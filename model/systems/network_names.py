"""What nobody sees of a network, the names of sessions first of all: networks that differ in nothing else are one.

In which order two sockets accepted their peers is forgotten this way, unless something else remembers it. That order
is the order of turns (TURN-4), and the one in which a publisher asks for the memory of copies: where neither turns are
held to, nor told which allocation is refused, nobody sees it, and sessions are in the order of their connections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from operator import is_, itemgetter
from typing import Any

from .network import NOTHING, Link, Network, Refusals, Socket


def canonical(net: Network) -> Network:
    """The network with its sessions named in the order of their sockets and places, and what is gone after them."""
    if net.setting.refusals != Refusals.TOLD:
        net = _without_order(net)
    keys = [session.key for socket in net.sockets for session in socket.sessions]
    count = len(keys)
    if net.keys == count and keys == list(range(count)):
        return net
    names = {key: number for number, key in enumerate(keys)}
    # A message may have been begun for a peer that is gone, and a connection may have had another session before.
    for key in (*(socket.current for socket in net.sockets), *(key for link in net.links for key in _ends(link))):
        if key != NOTHING:
            names.setdefault(key, len(names))
    sockets = tuple(_socket(socket, names) for socket in net.sockets)
    links = tuple(_link(link, names) for link in net.links)
    return Network(net.setting, sockets, links, net.refusals, len(names), net.fired, net.free)


def _ends(link: Link) -> tuple[int, int]:
    return link.near_key, link.far_key


def _socket(socket: Socket, names: Mapping[int, int]) -> Socket:
    sessions = tuple(one if one.key == names[one.key] else replace(one, key=names[one.key]) for one in socket.sessions)
    current = NOTHING if socket.current == NOTHING else names[socket.current]
    targets = socket.targets and tuple(names[key] for key in socket.targets)
    peers = tuple((names[key], topic, count) for key, topic, count in socket.peers)
    if (sessions, current, targets, peers) == (socket.sessions, socket.current, socket.targets, socket.peers):
        return socket
    return replace(socket, sessions=sessions, current=current, targets=targets, peers=peers)


def _link(link: Link, names: Mapping[int, int]) -> Link:
    near, far = (NOTHING if key == NOTHING else names[key] for key in _ends(link))
    return link if (near, far) == _ends(link) else replace(link, near_key=near, far_key=far)


# --- orders that nobody sees


def _without_order(net: Network) -> Network:
    """The network with the peers of each socket in the order of their connections, as far as nothing shows another."""
    sockets = net.sockets
    if not net.setting.in_turn:
        sockets = tuple(_out_of_turn(socket, net.links) for socket in sockets)
    sockets = tuple(_sorted(socket) if socket.peers or socket.targets else socket for socket in sockets)
    if all(map(is_, sockets, net.sockets)):
        return net
    return Network(net.setting, sockets, net.links, net.refusals, net.keys, net.fired, net.free)


def _out_of_turn(socket: Socket, links: Sequence[Link]) -> Socket:
    """The socket with its sessions in the order of their connections, those without one last, and without turns."""
    count = len(socket.sessions)
    order: Sequence[int] = range(count)
    if count > 1:
        ranks = {key: rank for rank, link in enumerate(links) for key in _ends(link)}
        order = sorted(order, key=lambda place: ranks.get(socket.sessions[place].key, len(links)))
    inner = _turned(socket.inner, tuple(order))
    if inner == socket.inner and _rises(order):
        return socket
    return replace(socket, sessions=tuple(socket.sessions[place] for place in order), inner=inner)


def _sorted(socket: Socket) -> Socket:
    """The publisher with its peers, and those that get a message, in the order of its sessions."""
    places = {session.key: place for place, session in enumerate(socket.sessions)}
    targets = [places[key] for key in socket.targets or ()]
    peers = [places[key] for key, _, _ in socket.peers]
    if _rises(targets) and _rises(peers):
        return socket
    # In which order one peer subscribed to its topics is seen when it goes.
    by_place = tuple(entry for _, entry in sorted(zip(peers, socket.peers, strict=True), key=itemgetter(0)))
    gets = socket.targets and tuple(socket.sessions[place].key for place in sorted(targets))
    return replace(socket, targets=gets, peers=by_place)


def _rises(places: Sequence[int]) -> bool:
    return all(one <= other for one, other in pairwise(places))


@lru_cache(maxsize=1 << 12)
def _turned(inner: Any, order: tuple[int, ...]) -> Any:
    """The state of a pattern whose places are in this order now, and whose turns nobody holds it to."""
    found: dict[str, int] = {}
    for name in ("send", "receive"):
        if getattr(inner, name, 0):
            found[name] = 0
    for name in ("current", "peer"):
        place = getattr(inner, name, NOTHING)
        if place >= 0 and order[place] != place:
            found[name] = order.index(place)
    return replace(inner, **found) if found else inner
