"""The pipes of a network's sockets, as a call on one of them finds them: free, full, or perhaps emptied meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations

from .. import pipe as pipes
from ..patterns.fan_out import SentAll
from ..pipe import Pipe
from ..send import Sent
from . import network
from .network import Network, Session, put, with_session
from .network_wires import may_leave, transfer


def free(net: Network, number: int, session: Session) -> tuple[bool, bool]:
    """Can a pipe take another message; may one that is full have been emptied?"""
    socket = net.sockets[number]
    if session.ended:
        return False, False
    there = not socket.immediate or network.other_end(net, number, session.key) is not None
    if not there and not session.cut:
        return False, False
    if not pipes.full(session.pipe, socket.send_hwm):
        # Who does not know yet that its peer is gone goes on sending.
        return there, not there
    room = session.pipe.messages - socket.send_hwm < len(session.queue)
    return False, room and socket.send_hwm > 0 and may_leave(net, number, session)


def emptied(net: Network, number: int, session: Session) -> Network:
    """As many messages have left a full pipe as make room for one."""
    count = session.pipe.messages - net.sockets[number].send_hwm + 1
    return transfer(net, number, session.key, count) if count > 0 else net


def subsets(places: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every choice of some of these places."""
    return chain.from_iterable(combinations(places, size) for size in range(len(places) + 1))


def put_at(net: Network, number: int, place: int, session: Session) -> Network:
    """The network with this session at a place of a socket."""
    return put(net, number, with_session(net.sockets[number], place, session))


def carried(session: Session, sent: Sent | SentAll, part: bytes, pipe: Pipe | None = None) -> Session:
    """The session with its payloads moved as a step says."""
    tail = session.tail[: len(session.tail) - sent.dropped]
    if sent.wrote:
        tail = (*tail, part)
    pipe = sent.pipe if isinstance(sent, Sent) else pipe or session.pipe
    if sent.committed:
        return replace(session, pipe=pipe, queue=(*session.queue, tail), tail=())
    return replace(session, pipe=pipe, tail=tail)
