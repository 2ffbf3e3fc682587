"""What a socket holds, counted where it lies: held against what the pool says, this is SAFE-CONSERVE at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import pipe as pipes
from ..memory import Site
from .weights import LISTENER, SOCKET

if TYPE_CHECKING:
    from .core import Core


def count(core: Core, sites: dict[Site, int]) -> None:
    """Add what this socket holds, by site."""
    sites[Site.SOCKET] += SOCKET
    sites[Site.LISTENER] += LISTENER * len(core.listeners)
    apart = [connection.living for connection in core.connections if not connection.initiated]
    for living in (*apart, *(target.living for target in core.targets)):
        sites[living.site] += living.life.held
    sites[Site.SUBSCRIPTION] += core.topics.units
    sites[Site.RECEIVE_BODY] += core.incoming.units + core.incoming.envelope_units
    for connection in core.connections:
        sites[Site.BODY] += connection.flight_units
    for session in core.sessions:
        sites[Site.BODY] += session.weights.bodies(session.pipe)
        sites[Site.SLOT] += session.weights.chunk * pipes.chunks(session.pipe, session.weights.slots)
        sites[Site.RECEIVE_BODY] += session.inbox.half + session.inbox.whole
