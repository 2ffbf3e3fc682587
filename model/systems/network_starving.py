"""Readers that get no memory for what they have read, in a network of sockets: they wait, or close their connections.

How often a reader asks is its own matter: one refusal is over when nothing is under way, and of several nobody knows
how many are left, so that they last until they are taken back. What a reader does the receive policy says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .. import receive
from ..memory import Site
from ..receive import Inbox
from ..receive_policies import FOR_EVER, NO_BOUND, Unread
from ..rules import Rule
from . import network
from .network import NOTHING, UNBOUNDED, Message, Network, fire, link_of, place_of
from .network_wires import broken, coming, pull


def _times(net: Network) -> int:
    """How many refusals of readers stand."""
    return sum(times for site, _, times in net.refusals if site == Site.RECEIVE_BODY.name)


def starves(net: Network) -> bool:
    """May any reader wait for memory now, however much has happened (RECEIVE-2)?"""
    return net.setting.limit is not None or _times(net) > 1


def _longest(net: Network, message: Message) -> int:
    """So many milliseconds a reader waits that is refused a message (`receive_policies.Stall`)."""
    size = sum(len(part) + net.setting.part for part in message)
    return net.setting.receive_policy.refused(Unread(size, 0, 0, NO_BOUND, Site.RECEIVE_BODY)).longest


def closes(net: Network) -> Iterator[Network]:
    """A reader that does not wait may have met the only refusal, and closed its connection (RECEIVE-3)."""
    if _times(net) != 1:
        return
    for number, socket in enumerate(net.sockets):
        for session in socket.sessions:
            came = pull(net, number, session, coming(net, number, session) - len(session.inbox))
            there = came.sockets[number].sessions[place_of(came.sockets[number], session.key)]
            unread = there.inbox[there.sure :]
            if unread and _longest(net, unread[0]) == 0:
                yield from _closed(_met(came), number, session.key, Rule.RECEIVE_3)


def _met(net: Network) -> Network:
    """The refusal of a reader was met."""
    return replace(net, refusals=tuple(plan for plan in net.refusals if plan[0] != Site.RECEIVE_BODY.name))


def _closed(net: Network, number: int, key: int, rule: Rule) -> Iterator[Network]:
    """The connection of a session is closed by its reader, if it has one."""
    link = link_of(net, number, key)
    if link is not None and link.far_key != NOTHING:
        yield fire(broken(net, link), rule)


def given_up(net: Network, milliseconds: int) -> list[Network]:
    """So much time has passed, with readers refused all the while: who waits no longer has closed (RECEIVE-6)."""
    found = [net]
    for number, socket in enumerate(net.sockets if _times(net) > 1 else ()):
        for session in socket.sessions:
            unread = session.inbox[session.sure :]
            if not unread or not FOR_EVER < _longest(net, unread[0]) < milliseconds:
                continue
            # Whose queue is full asks for nothing, and may have read more than is known.
            asks = socket.receive_hwm >= UNBOUNDED or receive.low(Inbox(session.sure), socket.receive_hwm)
            left = replace(session, inbox=session.inbox[: session.sure] if asks else session.inbox)
            after = [one for before in found for one in _ended(before, number, left)]
            found = after if asks else [*found, *after]
    return found


def _ended(net: Network, number: int, session: network.Session) -> Iterable[Network]:
    return list(_closed(network.put_session(net, number, session), number, session.key, Rule.RECEIVE_6)) or [net]
