"""What is read from a connection: its greeting, then messages, queued as far as there are room and memory."""

from __future__ import annotations

import select
import socket as os_socket
import time
from typing import TYPE_CHECKING

from .. import heartbeat, receive
from ..connection import Event, Reason
from ..receive import Inbox, Reading
from ..rules import Rule
from ..wire import commands
from ..wire.decoder import Decoder
from ..wire.errors import PeerError
from ..wire.handshake import Handshake, Peer
from . import identity
from .constants import Option
from .monitor import EventKind
from .reactor import READABLE
from .watching import Watched
from .weights import PART, READ

if TYPE_CHECKING:
    from .core import Core
    from .living import Living
    from .sessions import Session

STALL_RETRY = 10
"""Milliseconds after which a stalled reader tries again though no memory was given back."""


can_poll = hasattr(select, "poll")


def now() -> int:
    """Milliseconds on a clock that never goes back."""
    return int(time.monotonic() * 1000)


GREETING = 64
"""Octets of a whole greeting."""


class Reader(Watched):
    """The reading half of a connection; ``session`` is None until the handshake says whose it is."""

    def __init__(
        self, core: Core, descriptor: os_socket.socket, session: Session | None, endpoint: str, living: Living
    ) -> None:
        super().__init__(core, descriptor)
        self.living = living
        self.session = session
        self.endpoint = endpoint
        self.peer: Peer | None = None
        steps = core.context.steps
        core.connected_often += 1
        self.name = f"{core.name}/{core.connected_often}"
        steps.begin(self.name, "wire")
        self.handshake = steps.machine(Handshake, f"{self.name}.handshake", identity.local(core), identity.limits(core))
        self.decoder: Decoder | None = None
        self.pending: tuple[list[list[bytes]], int, int] | None = None
        self.stalled_at, self.patience = 0.0, 0
        self.greeting = 0
        self.octets_read = 0
        self.taking = False
        self.heard = now()
        self.pinged = -1
        self.ttl = 0

    @property
    def may_be_leased(self) -> bool:
        """Can a thread of the application wait for this descriptor itself?"""
        return can_poll and self.open and self.decoder is not None and not self.paused and not self.polled

    def greet(self, data: bytes) -> None:
        """Go on with the handshake."""
        raise NotImplementedError

    def broke_protocol(self, error: PeerError) -> None:
        """The peer sent what it must not send."""
        raise NotImplementedError

    def beat(self) -> None:
        """Look at the heartbeat's clock."""
        raise NotImplementedError

    def fill(self, most: int = 1) -> bool:
        """Read what is there, at most so often; False if nothing was."""
        if self.taking and self.open:
            # The interpreter had no memory between reading and queueing: what was read is lost.
            self.end(Reason.NO_MEMORY, "in the middle of a read")
            return True
        if self.pending is not None and not self.paused:
            # It had none to queue what was read: that is done first.
            self.deliver()
        for turn in range(most):
            if not self.open or self.paused or not self._read():
                return turn > 0
        return True

    def _read(self) -> bool:
        decoder = self.decoder
        self.taking = True
        try:
            target = decoder.target() if decoder is not None else None
            if decoder is not None and target is not None:
                count = self.descriptor.recv_into(target)
                data = b""
            else:
                data = self.descriptor.recv(READ)
                count = len(data)
        except (BlockingIOError, InterruptedError):
            self.taking = False
            return False
        except OSError as error:
            self.end(Reason.LOST, error.strerror or str(error))
            return False
        if count == 0:
            self.end(Reason.LOST, self._closed_by_peer())
            return False
        self.octets_read += count
        if decoder is None:
            self.greeting += count
        if self.ttl or self.pinged >= 0:
            answered = self.heard < self.pinged
            self.heard = now()
            if answered:
                # The clock was set for the end of the wait; it has to be set for the next PING.
                self.later("pulse", 1, self.beat)
        try:
            if decoder is None:
                self.greet(data)
            elif target is not None:
                decoder.filled(count)
                self.deliver()
            else:
                decoder.feed(data)
                self.deliver()
        except PeerError as error:
            self.broke_protocol(error)
        self.taking = False
        return True

    def _closed_by_peer(self) -> str:
        if self.decoder is None and self.greeting < GREETING:
            return f"the peer closed it after {self.greeting} octets of its greeting; it may speak ZMTP 2.0 or older"
        return "the peer closed it"

    def deliver(self) -> None:
        """Queue what was read, as far as there are room and memory; else stop reading."""
        session, decoder = self.session, self.decoder
        assert session is not None
        assert decoder is not None
        hwm, context = self.core.receive_hwm, self.context
        last = False
        while self.open and not last:
            if self.pending is None:
                if context.unrecorded:
                    room = receive.room(session.inbox, hwm)
                else:
                    room = context.steps(receive, "room", session.name, session.inbox, hwm)
                if room <= 0:
                    self._pause()
                    return
                self.taking = True
                taken = decoder.take(room)
                batch = self.core.sifted(session, taken)
                if not self._still():
                    return
                half = decoder.held + PART * decoder.half_read
                if not batch and half == session.inbox.half:
                    self.taking = False
                    # Commands alone: there may be more behind them, or an error that is to be told.
                    if taken or (decoder.wanted and self._body()):
                        continue
                    break
                amount = 0
                for message in batch:
                    for part in message:
                        amount += len(part) + PART
                self.pending = batch, amount, half
                self.taking = False
                # A decoder that gave less than it might have has nothing more, unless it waits for leave or has failed.
                last = len(taken) < room and not decoder.wanted and not decoder.failed
            if not self._queue(session):
                return
        if self.open and self.paused and not self.stalled_at:
            self.paused = False
            if not self.leased:
                self.watch(self.mask | READABLE)

    def _still(self) -> bool:
        """Is it open still, after something that may have ended it?"""
        return self.open

    def _body(self) -> bool:
        """Ask for the memory of a large body that was announced."""
        session, decoder = self.session, self.decoder
        assert session is not None
        assert decoder is not None
        size = decoder.wanted + PART
        got = self.context.ask(receive, "body", session.name, self.context.receive_policy, session.inbox, size)
        session.inbox = got.inbox
        if not got.taken:
            self._stalled(got.inbox, got.rules[0])
            return False
        self._goes_on()
        try:
            decoder.allow()
        except MemoryError:
            # Without a limit the pool grants what the machine has not: the peer's size, so the peer's connection.
            self.end(Reason.NO_MEMORY, f"a body of {decoder.wanted} octets", rule=Rule.RECEIVE_3)
            return False
        return True

    def _queue(self, session: Session) -> bool:
        assert self.pending is not None
        batch, amount, half = self.pending
        inbox, pool, waiting = session.inbox, self.context.pool, len(session.arrived)
        policy = self.context.receive_policy
        got = self.context.ask(receive, "arrived", session.name, policy, inbox, len(batch), amount, half)
        session.inbox = got.inbox
        if not got.taken:
            if len(batch) > 1 and got.inbox.reading != Reading.OPEN:
                return self._one_by_one(session, batch, half)
            self._stalled(got.inbox, got.rules[0])
            return False
        try:
            session.arrived.extend(batch)
        except MemoryError:
            while len(session.arrived) > waiting:
                session.arrived.pop()
            session.inbox, self.context.pool = inbox, pool
            raise
        self.pending = None
        self._goes_on()
        if batch:
            if self.living.life.tries:
                self.used()
            self.core.arrived(session)
        return True

    def used(self) -> None:
        """It was of use: should it end, the first attempt is made soon (CONNECT-9)."""
        if self.open:
            self.cancel("use")
            self.living.step(Event.USED)

    def _one_by_one(self, session: Session, batch: list[list[bytes]], half: int) -> bool:
        """Not all at once: as many messages as there is memory for, in order; the rest waits."""
        while batch:
            message = batch[0]
            amount = sum(len(part) + PART for part in message)
            got = self.context.ask(
                receive, "arrived", session.name, self.context.receive_policy, session.inbox, 1, amount,
                half if len(batch) == 1 else 0,
            )  # fmt: skip
            session.inbox = got.inbox
            if not got.taken:
                self.pending = batch, sum(len(part) + PART for m in batch for part in m), half
                self._stalled(got.inbox, got.rules[0])
                return False
            session.arrived.append(batch.pop(0))
            self.core.arrived(session)
        self.pending = None
        self._goes_on()
        return True

    def _pause(self) -> None:
        self.paused = True
        self.watch(self.mask & ~READABLE)
        if "sign" not in self.timers:
            self._signs()

    def _signs(self) -> None:
        """Who does not read answers no PING: it says at intervals that it lives (HEART-5)."""
        peer = self.peer
        if not self.open or peer is None or not self.may_ping(peer):
            return
        interval = self.core.options.number(Option.HEARTBEAT_IVL)
        again = self.context.steps(heartbeat, "sign", self.endpoint, not self.paused, interval)
        if again > 0:
            self.later("sign", again, self._sign)

    def _sign(self) -> None:
        self.timers.pop("sign", None)
        if self.paused:
            self.command(self.context.steps(commands, "encode_pong", self.name, b""))
        self._signs()

    def may_ping(self, peer: Peer) -> bool:
        """Does this peer know PING and PONG?"""
        return bool(self.context.steps(commands, "may_ping", self.name, peer.version))

    def command(self, data: bytes) -> None:
        """Write a command."""
        raise NotImplementedError

    def _stalled(self, inbox: Inbox, rule: Rule) -> None:
        if inbox.reading == Reading.CLOSED:
            self.end(Reason.NO_MEMORY, rule=rule)
            return
        if not self.stalled_at:
            self.stalled_at = time.monotonic()
            self.living.step(Event.STALL)
            self.context.stalled.add(self)
            self.core.tell(EventKind.STALLED, self.endpoint, Reason.NO_MEMORY.value, rule=rule)
        if inbox.longest != self.patience:
            self._be_patient(inbox.longest)
        self.later("retry", STALL_RETRY, self.retry)
        self._pause()

    def _be_patient(self, longest: int) -> None:
        """The stall may last so many milliseconds from its beginning, as the policy says now."""
        self.patience = longest
        self.cancel("stall")
        if longest > 0:
            gone = int((time.monotonic() - self.stalled_at) * 1000)
            self.later("stall", max(1, longest - gone), self._stalled_too_long)

    def retry(self) -> None:
        """Try again to queue what was read."""
        if self.open and self.stalled_at:
            try:
                self.deliver()
            except PeerError as error:
                self.broke_protocol(error)

    def _stalled_too_long(self) -> None:
        # Memory that another has given back by now counts, even if this thread comes to look only now.
        self.retry()
        if self.stalled_at and self.session is not None:
            session = self.session
            session.inbox = self.context.steps(receive, "waited", session.name, session.inbox)
            self._stalled(session.inbox, Rule.RECEIVE_6)

    def _goes_on(self) -> None:
        if self.stalled_at:
            self.stalled_at, self.patience = 0.0, 0
            self.living.step(Event.RESUME)
            self.context.stalled.discard(self)
            self.cancel("stall")
            self.cancel("retry")
            self.core.tell(EventKind.RESUMED, self.endpoint)

    def room_again(self) -> None:
        """The application took messages: read on, if the queue is low."""
        session = self.session
        if not self.paused or self.stalled_at or session is None:
            return
        if self.context.steps(receive, "low", session.name, session.inbox, self.core.receive_hwm):
            try:
                self.deliver()
            except PeerError as error:
                self.broke_protocol(error)
