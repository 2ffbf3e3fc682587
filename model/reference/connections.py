"""One connection: its greeting, its heart, its end; reading and writing are its two halves.

The connection moves bytes between the operating system and a session's queues. Whether what it read may be queued,
and what follows its end, is asked of the machines.
"""

from __future__ import annotations

import socket as os_socket
from typing import TYPE_CHECKING

from .. import heartbeat, link
from ..connection import Event, Phase, Reason
from ..heartbeat import Beat
from ..rules import Rule
from ..wire import commands
from ..wire.decoder import Decoder
from ..wire.errors import PeerError
from . import identity
from .constants import Option
from .reactor import READABLE, WRITABLE
from .reading import now
from .writing import Writer

if TYPE_CHECKING:
    from .core import Core
    from .living import Living
    from .sessions import Session

AT_ONCE = 64
"""Reads in a row before another connection gets its turn."""


class Connection(Writer):
    """A connected descriptor of one socket, ``initiated`` here or by the peer."""

    def __init__(
        self, core: Core, descriptor: os_socket.socket, session: Session | None, endpoint: str, living: Living
    ) -> None:
        super().__init__(core, descriptor, session, endpoint, living)
        self.initiated = living.life.initiated

    def start(self) -> None:
        """Greet, and watch."""
        core = self.core
        self.watch(READABLE)
        self.out.append(self.handshake.start())
        limit = core.options.number(Option.HANDSHAKE_IVL)
        if limit > 0:
            self.later("handshake", limit, lambda: self.end(Reason.HANDSHAKE_TIMEOUT))
        self.flush()

    def ready(self, mask: int) -> None:
        """The descriptor can be read or written."""
        if mask & WRITABLE and self.open:
            self.flush()
        if mask & READABLE and self.open:
            self.fill(AT_ONCE)

    def broke_protocol(self, error: PeerError) -> None:
        """The peer sent what it must not send, or refused us: it is told, where the protocol wants that, and left."""
        self.commands.clear()
        if error.tell and self.open:
            self.out.append(error.tell)
            self.flush()
        reason = Reason.REJECTED if commands.is_rejection(error) else Reason.PROTOCOL
        self.end(reason, error.reason, error.rule)

    def greet(self, data: bytes) -> None:
        """Go on with the handshake; when it is done, the session is known."""
        handshake = self.handshake
        answer = handshake.feed(data)
        if answer:
            self.out.append(answer)
        if handshake.greeted and self.living.life.phase == Phase.GREETING and not self.living.came(Event.GREETED):
            self.end(Reason.NO_MEMORY, "for the handshake", Rule.CONNECT_8)
            return
        peer = handshake.peer
        if peer is not None and self.decoder is None:
            if not self.living.came(Event.SHOOK):
                self.end(Reason.NO_MEMORY, "for its heartbeat", Rule.CONNECT_8)
                return
            self.peer = peer
            self.cancel("handshake")
            self.decoder = self.context.steps.machine(
                Decoder, f"{self.name}.decoder", peer.version, identity.limits(self.core)
            )
            self.core.connected(self, peer)
            if not self.open:
                return
            self.greeted()
            if handshake.rest:
                self.decoder.feed(handshake.rest)
        self.flush()
        if self.open and self.decoder is not None:
            self.deliver()

    def greeted(self) -> None:
        """The handshake is done: its heart begins to beat."""
        self.heard = now()
        peer = self.peer
        assert peer is not None
        if self.living.life.tries:
            number = self.core.options.number
            self.later("use", max(1, number(Option.RECONNECT_IVL), number(Option.RECONNECT_IVL_MAX)), self.used)
        if self.core.options.number(Option.HEARTBEAT_IVL) > 0 and self.may_ping(peer):
            self.pinged = self.heard
            self.later("pulse", self.core.options.number(Option.HEARTBEAT_IVL), self.beat)

    def beat(self) -> None:
        """Look at the heartbeat's clock: ping, give up, or look again later."""
        interval = self.core.options.number(Option.HEARTBEAT_IVL)
        timeout = self.core.options.number(Option.HEARTBEAT_TIMEOUT)
        if self.leased:
            # Whoever has the lease may be busy with other things, and the peer's answer may lie there unread.
            self.fill(AT_ONCE)
            if not self.open:
                return
        present = now()
        self.heard = self.context.steps(heartbeat, "unheard", self.endpoint, present, self.heard, not self.paused)
        pulse = self.context.steps(
            heartbeat, "pulse", self.endpoint, present, self.heard, self.pinged, interval,
            interval if timeout < 0 else timeout, self.ttl,
        )  # fmt: skip
        if pulse.beat == Beat.DEAD:
            self.end(Reason.SILENT)
            return
        if pulse.beat == Beat.PING:
            self.pinged = present
            # What came in this very millisecond came before the PING.
            self.heard = min(self.heard, present - 1)
            ttl = self.core.options.number(Option.HEARTBEAT_TTL) // 100
            self.command(self.context.steps(commands, "encode_ping", self.name, ttl, b""))
            self.beat()
        elif pulse.again >= 0 and self.open:
            self.later("pulse", max(1, pulse.again - present), self.beat)

    def pinged_by_peer(self, ttl: int, context: bytes) -> None:
        """The peer asks for a sign of life; ``ttl``, in tenths of a second, is how long it is to be believed."""
        self.command(self.context.steps(commands, "encode_pong", self.name, context))
        if ttl > 0 and self.open:
            fresh = self.ttl == 0
            self.ttl = ttl * 100
            self.heard = now()
            if fresh:
                self.later("pulse", 1, self.beat)

    def end(self, reason: Reason, detail: str = "", rule: Rule | None = None) -> None:
        """Close it; what is on the wire and half read is lost, and the machines say what follows."""
        if not self.open:
            return
        self.open = False
        for name in list(self.timers):
            self.cancel(name)
        if self.leased:
            self.give_back()
        self.watch(0)
        self.descriptor.close()
        context = self.context
        context.stalled.discard(self)
        self.living.step(Event.END, reason)
        pool = context.pool
        if self.flight_units:
            context.pool = context.steps(link, "lost", self.endpoint, pool, self.flight_units)
        self.core.ended(self, reason, detail, rule)
        context.steps.end(self.name)
        context.given_back()
