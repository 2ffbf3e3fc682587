"""A network of sockets in which everything has happened that can happen without a call.

Who must not read on, because the queue is full (RECEIVE-5), does not read either that a connection has ended, which
stands behind all that was sent before: for him both is possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .. import receive
from ..receive import Inbox
from . import network
from .network import UNBOUNDED, Link, Network, Session, Socket
from .network_starving import closes, given_up, starves
from .network_wires import accepted, closed, hears, may_leave, noticed, open_links, transfer

AT_ONCE = 1
"""Milliseconds: no time at all."""
Steps = tuple[list[Network], bool]
"""What may happen next, and whether something of it must."""


def settled(nets: Iterable[Network]) -> list[Network]:
    """All that there can be when everything has happened that can, without a call."""
    found: dict[Network, None] = {}
    seen: set[Network] = set()
    left: Iterable[Network] = nets
    while left:
        ends, left = _settled(left), []
        for end in ends:
            # Who does not wait has closed by now, and its peer comes again.
            for after in given_up(end, AT_ONCE):
                if after == end:
                    found[end] = None
                elif after not in seen:
                    seen.add(after)
                    left.append(after)
    return list(found)


def _settled(nets: Iterable[Network]) -> list[Network]:
    restless: set[Network] = set()

    def step(net: Network) -> list[Network]:
        after, must = _next(net)
        if must:
            restless.add(net)
        return after

    ends = [net for net in closed(nets, step) if net not in restless]
    return list(dict.fromkeys(map(_arrived, ends)))


def outlasted(nets: Iterable[Network], milliseconds: int) -> list[Network]:
    """All that there can be when so much time has passed as well; the network's own timers are shorter.

    Who has given up may have done so just now, so that not all need have happened that follows from it.
    """
    return list(dict.fromkeys(one for net in settled(nets) for one in given_up(net, milliseconds)))


def meanwhile(nets: Iterable[Network], milliseconds: int) -> list[Network]:
    """All that there may be at any moment of so much time: who waits no longer has closed, or has not yet."""
    may = list(nets)
    return list(dict.fromkeys([*may, *outlasted(may, milliseconds)]))


def _next(net: Network) -> Steps:
    """One order stands for many that come to the same: one socket after another learns what it can, then peers come."""
    may: list[Network] = []
    for number in range(len(net.sockets)):
        found, must = _learns(net, number)
        if must:
            return found, True
        may += found
    links = [link for near in range(len(net.sockets)) for link in open_links(net, near) if link.near == near]
    met = list(_meetings(net, links))
    return [*may, *met, *closes(net)], bool(met)


def _learns(net: Network, number: int) -> Steps:
    """What one socket may learn next: that a peer is gone, before what others subscribed to."""
    socket = net.sockets[number]
    bounded = starves(net)
    cut = [session for session in socket.sessions if session.cut]
    told = [session for session in socket.sessions if session.told and not session.cut]
    must = [session for session in (*cut, *told) if not _deaf(socket, session, bounded)]
    # Only an XPUB shows in which order it heard its peers.
    some = (*cut, *told) if socket.pattern.receives or not must else must[:1]
    found = [after for session in some for after in _learned(net, number, session)]
    # Whose turn it is may depend on who came before the other went.
    comes = _meetings(net, open_links(net, number)) if must and cut else ()
    return [*found, *comes], bool(must)


def _learned(net: Network, number: int, session: Session) -> list[Network]:
    heard = hears(net, number, session.key) if session.told else []
    return [*noticed(net, number, session.key), *heard] if session.cut else heard


def _meetings(net: Network, links: Iterable[Link]) -> Iterator[Network]:
    for link in links:
        if not _waits(net, link):
            # Who is refused tries again, and that has no end.
            yield from (one for one in accepted(net, link) if link not in one.links)


def _waits(net: Network, link: Link) -> bool:
    """Does who connects not know yet that the connection before has ended?"""
    socket = net.sockets[link.near]
    return any(session.key == link.near_key and session.cut for session in socket.sessions)


def _deaf(socket: Socket, session: Session, bounded: bool) -> bool:
    """May a connection have stopped reading, and not read on?"""
    if bounded and len(session.inbox) > session.sure:
        return True  # Who waits for memory reads nothing (RECEIVE-2).
    return socket.receive_hwm < UNBOUNDED and not receive.low(Inbox(len(session.inbox)), socket.receive_hwm)


def _arrived(net: Network) -> Network:
    """Every message that can leave has left, and has come as far as its receiver reads."""
    for number, socket in enumerate(net.sockets):
        for session in socket.sessions:
            if session.queue and not session.cut and may_leave(net, number, session):
                net = transfer(net, number, session.key, len(session.queue))
    if starves(net):
        return net  # Nothing of what has left need have come.
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
