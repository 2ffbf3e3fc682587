"""What was done in a run, done again: an event becomes a call on a target."""

from __future__ import annotations

from collections.abc import MutableMapping

from ..targets.target import ANYWHERE, Said, Target, TargetFault
from .events import Do, Event

WAIT = 5000
"""Milliseconds for what must come. What has not come then has not come."""


def call_on(target: Target, event: Event, where: MutableMapping[str, str]) -> Said | None:
    """Make the call of an event, and return what was said; None where only an error could have been.

    ``where`` is at which port each endpoint of the run is, since the system chooses that; binding adds to it. Not for
    making sockets and receiving, of which each caller wants something else. Raises what the target raises, and
    TargetFault if what is waited for does not come.
    """
    socket = event.socket
    match event.do:
        case Do.OPTION:
            return target.option(socket, event.name, event.value)
        case Do.BIND:
            where[event.endpoint] = target.bind(socket, where.get(event.endpoint, ANYWHERE))
        case Do.CONNECT:
            return target.connect(socket, where[event.endpoint])
        case Do.DISCONNECT:
            return target.disconnect(socket, where[event.endpoint])
        case Do.UNBIND:
            return target.unbind(socket, where[event.endpoint])
        case Do.SEND:
            return target.send(socket, event.part, event.more)
        case Do.ABORT:
            return target.abort(socket)
        case Do.CLOSE:
            target.close(socket)
        case Do.REFUSE:
            target.refuse(event.name or "BODY", event.count, event.times)
        case Do.PEERS:
            if not target.peers(socket, event.count, WAIT):
                raise TargetFault(f"socket s{socket} has not had {event.count} peers within {WAIT // 1000} s")
        case Do.SETTLE:
            if not target.settle(WAIT):
                raise TargetFault(f"something is still under way between the sockets after {WAIT // 1000} s")
        case _:
            raise ValueError(f"{event.do.value} is not made here")
    return None
