"""How a socket is closed: what is committed is still sent, for as long as LINGER says; nothing here needs memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import receive
from ..connection import Reason
from ..memory import Site
from . import attaching
from .constants import Option
from .errors import OurBug
from .weights import SOCKET

if TYPE_CHECKING:
    from .core import Core


def close(core: Core, linger: int | None) -> None:
    """The application closes the socket; what is committed is still sent, for as long as LINGER says."""
    if core.closed:
        return
    core.closed = True
    milliseconds = core.options.number(Option.LINGER) if linger is None else linger
    core.outgoing.give_up()
    core.incoming.give_up()
    for endpoint in list(core.listeners):
        attaching.unlisten(core, endpoint)
    context = core.context
    for session in list(core.sessions):
        session.arrived.clear()
        context.pool, session.inbox = context.steps(receive, "dropped", session.name, context.pool, session.inbox)
    core.topics.close()
    if milliseconds == 0 or context.failure is not None or not lingering(core):
        finish(core, now=True)
    else:
        if milliseconds > 0:
            context.reactor.later(milliseconds, lambda: finish(core, now=True))
        for session in list(core.sessions):
            if session.connection is not None and session.queue:
                session.connection.flush()
        finish(core)
    core.notify()
    if core.signal is not None:
        core.callbacks.remove(core.signal.raise_)
        core.signal.close()
        core.signal = None


def lingering(core: Core) -> bool:
    """Is something committed that has not left?"""
    return any(
        not session.ended and (session.queue or (session.connection and session.connection.out))
        for session in core.sessions
    )


def finish(core: Core, now: bool = False) -> None:
    """Close all connections of a closed socket, once nothing is left to send, or at once."""
    if core not in core.context.cores or (not now and lingering(core)):
        return
    core.context.cores.discard(core)
    for target in list(core.targets):
        attaching.stop(core, target, Reason.CLOSED)
    for connection in list(core.connections):
        connection.end(Reason.CLOSED)
    for session in list(core.sessions):
        core.drop_pipe(session)
        # One whose peer went before had its place only for messages that nobody takes any more.
        core.detach(session)
    if core.sessions:
        raise OurBug(f"{core.name} was closed and still has {len(core.sessions)} sessions")
    core.quiet()
    core.context.release(Site.SOCKET, SOCKET)
    core.context.steps.end(core.outgoing.nowhere.name)
    core.context.steps.end(core.name)
    core.context.socket_gone()
