"""A session: what a socket keeps of one peer, with or without a connection at the moment.

Control states are the machines' own objects; beside them lie the payloads that they count.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ..pipe import Pipe
from ..receive import Inbox
from ..send import Send
from .weights import Weights

if TYPE_CHECKING:
    from .connections import Connection
    from .endpoints import Target
    from .reactor import Timer


class Session:
    """One peer of a socket: the pipe to it, the queue of what came from it, and its connection, if there is one.

    ``place`` is its number among the socket's pipes, ``target`` where it connects to (None: the peer connected to us).
    ``ended``: nothing more can be sent; it goes when the messages that arrived have been read.
    """

    __slots__ = (
        "arrived", "called", "connection", "ended", "heard_of", "inbox", "name", "pipe", "place", "queue",
        "routing_id", "send", "tail", "target", "timer", "weights",
    )  # fmt: skip

    def __init__(self, name: str, target: Target | None) -> None:
        self.name = name
        self.place = -1
        self.target = target
        self.connection: Connection | None = None
        self.ended = False
        # What we address it by; what its owner called it before it came (CONNECT_ROUTING_ID); what it said of itself.
        self.routing_id = b""
        self.called = b""
        self.heard_of: bytes | None = None
        # Sending: the machine's pipe, what its parts weigh, and the parts.
        self.pipe = Pipe()
        self.weights = Weights()
        self.queue: deque[list[bytes]] = deque()
        self.tail: list[bytes] = []
        # Sending where each peer gets its own copy: the message that is being sent to this one.
        self.send = Send()
        # Receiving: the machine's queue, and the messages.
        self.inbox = Inbox()
        self.arrived: deque[list[bytes]] = deque()
        # Connecting: when the next attempt is due.
        self.timer: Timer | None = None

    def recorded(self) -> str:
        """How a record names it where a table holds it."""
        return self.name

    @property
    def own(self) -> str:
        """How a record names this session where a step is about its own ``send``, and not its socket's."""
        return f"{self.name}:own"

    @property
    def ready(self) -> bool:
        """Is there a connection, with its handshake done?"""
        return self.connection is not None and self.connection.decoder is not None
