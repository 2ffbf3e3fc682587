"""The names of sessions in a network, which nobody sees: networks that differ in nothing else are one.

In which order two sockets accepted their peers is forgotten this way, unless something else remembers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .network import NOTHING, Link, Network, Socket


def canonical(net: Network) -> Network:
    """The network with its sessions named in the order of their sockets and places, and what is gone after them."""
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
    return Network(net.setting, sockets, links, net.refusals, len(names), net.fired)


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
