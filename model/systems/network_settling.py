"""A network of sockets in which everything has happened that can happen without a call.

Who does not read, because the queue is full (RECEIVE-5), does not learn either that a connection ended: for him both is
possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .. import receive
from ..receive import Inbox
from . import network
from .network import UNBOUNDED, Link, Network, Session, Socket
from .network_wires import accepted, closed, hears, may_leave, noticed, open_links, transfer

Steps = tuple[list[Network], bool]
"""What may happen next, and whether something of it must."""


def settled(net: Network) -> list[Network]:
    """All that there can be when everything has happened that can, without a call."""
    ends = [one for one in closed([net], lambda two: iter(_next(two)[0])) if not _next(one)[1]]
    return list(dict.fromkeys(_arrived(one) for one in ends))


def _next(net: Network) -> Steps:
    """One order stands for many that come to the same: ends, then subscriptions, then peers that come."""
    may: list[Network] = []
    for number, socket in enumerate(net.sockets):
        for session in socket.sessions:
            if session.cut:
                found = [*noticed(net, number, session.key), *_heard(net, number, session)]
                if not _deaf(socket, session):
                    return found, True
                may += found
    told = [
        (number, session)
        for number, socket in enumerate(net.sockets)
        for session in socket.sessions
        if session.told and not session.cut
    ]
    must = [(number, session) for number, session in told if not _deaf(net.sockets[number], session)]
    # Only an XPUB shows in which order it heard its peers.
    ordered = any(net.sockets[number].pattern.receives for number, _ in told)
    for number, session in told if ordered else must[:1]:
        may += _heard(net, number, session)
    if must:
        return may, True
    met = list(_meetings(net))
    return [*may, *met], bool(met)


def _heard(net: Network, number: int, session: Session) -> list[Network]:
    return hears(net, number, session.key) if session.told else []


def _meetings(net: Network) -> Iterator[Network]:
    for number in range(len(net.sockets)):
        for link in open_links(net, number):
            if link.near == number and not _waits(net, link):
                # Who is refused tries again, and that has no end.
                yield from (one for one in accepted(net, link) if link not in one.links)


def _waits(net: Network, link: Link) -> bool:
    """Does who connects not know yet that the connection before has ended?"""
    socket = net.sockets[link.near]
    return any(session.key == link.near_key and session.cut for session in socket.sessions)


def _deaf(socket: Socket, session: Session) -> bool:
    """May a connection have stopped reading, and not read on?"""
    return socket.receive_hwm < UNBOUNDED and not receive.low(Inbox(len(session.inbox)), socket.receive_hwm)


def _arrived(net: Network) -> Network:
    """Every message that can leave has left, and has come as far as its receiver reads."""
    for number, socket in enumerate(net.sockets):
        for session in socket.sessions:
            if session.queue and not session.cut and may_leave(net, number, session):
                net = transfer(net, number, session.key, len(session.queue))
    for number, socket in enumerate(net.sockets):
        for session in socket.sessions:
            if len(session.inbox) > session.sure:
                net = network.put_session(net, number, replace(session, sure=_read(socket, session)))
    return net


def _read(socket: Socket, session: Session) -> int:
    """So many messages have been read at least: who stopped at the mark reads on when it is low."""
    count = session.sure
    while count < len(session.inbox) and (
        socket.receive_hwm >= UNBOUNDED or receive.low(Inbox(count), socket.receive_hwm)
    ):
        count += 1
    return count
