"""Subscriptions of a socket, its own and its peers', and messages that go to many peers.

Called with the context's lock held. What matches, who misses a message and what is told upstream is decided in
``model/patterns``; here bytes are moved between that and the connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..wire import commands

if TYPE_CHECKING:
    from .connections import Connection
    from .core import Core
    from .sessions import Session


class Topics:
    """What a socket subscribed to, and what its peers did."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def want(self, topic: bytes, more: bool) -> None:
        """The application subscribes, or takes a subscription back."""
        raise NotImplementedError(topic, more)

    def matches(self, topic: bytes) -> bool:
        """Does the application want it?"""
        raise NotImplementedError(topic)

    def targeted(self, session: Session) -> None:
        """The application connects to a publisher."""

    def connected(self, connection: Connection) -> None:
        """A handshake is done: a publisher is told all topics."""

    def gone(self, session: Session) -> None:
        """A peer is gone, and its subscriptions with it."""

    def close(self) -> None:
        """The socket is closed."""

    def abort(self) -> None:
        """The unfinished message is dropped."""

    def fan_out(self, data: bytes, last: bool) -> bool:
        """Send a part to many."""
        raise NotImplementedError(data, last)

    def sifted(self, session: Session, batch: list[Any]) -> list[list[bytes]]:
        """What of a batch is messages; commands are carried out."""
        found = []
        for item in batch:
            if type(item) is list:
                found.append(item)
            else:
                self._command(session, item)
        return found

    def _command(self, session: Session, command: Any) -> None:
        connection = session.connection
        if isinstance(command, commands.Ping) and connection is not None:
            connection.pinged_by_peer(command.ttl, command.context)
