"""One connection: its descriptor, its greeting, what is read from it and written to it.

The connection moves bytes between the operating system and a session's queues. Whether what it read may be queued,
and what follows its end, is asked of the machines.
"""

from __future__ import annotations

import select
import socket as os_socket
import time
from collections import deque
from typing import TYPE_CHECKING

from .. import connection as life
from .. import link, receive
from ..connection import Beat, Reason
from ..memory import Pool, Site
from ..receive import Inbox, Reading
from ..wire import commands, frames
from ..wire.decoder import Decoder
from ..wire.errors import PeerError
from ..wire.handshake import Handshake, Peer
from .constants import Option
from .monitor import EventKind
from .reactor import READABLE, WRITABLE, Timer
from .signalling import Signal
from .weights import PART, READ

if TYPE_CHECKING:
    from .core import Core
    from .sessions import Session

BATCH = READ
"""Octets joined for one write."""
BUFFERS = 512
"""Buffers handed to one write at most (POSIX allows 1024)."""
AT_ONCE = 64
"""Reads in a row before another connection gets its turn."""
STALL_RETRY, STALL_LONGEST = 10, 5000
"""Milliseconds after which a stalled reader tries again though no memory was given back, and gives up."""

LEASE = 100
"""Milliseconds after which the I/O thread watches a descriptor again that a thread waited for itself."""



class Connection:
    """A connected descriptor of one socket; ``session`` is None until the handshake says whose it is."""

    def __init__(
        self, core: Core, descriptor: os_socket.socket, session: Session | None, endpoint: str, initiated: bool
    ) -> None:
        self.core = core
        self.context = core.context
        self.descriptor = descriptor
        self.number = descriptor.fileno()
        self.session = session
        self.endpoint = endpoint
        self.initiated = initiated
        self.peer: Peer | None = None
        self.open = True
        self.greeted = False
        self.handshake = Handshake(core.local(), core.limits())
        self.decoder: Decoder | None = None
        self.out: deque[bytes | memoryview] = deque()
        self.commands: deque[bytes] = deque()
        self.flight_units = self.flight_messages = 0
        self.pending: tuple[list[list[bytes]], int, int] | None = None
        self.paused = False
        self.stalled_at = 0.0
        self.scheduled = False
        self.mask = 0
        self.leased = self.polled = self.leased_lately = False
        self.poll: select.poll | None = None
        self.timers: dict[str, Timer] = {}
        self.heard = self._now()
        self.pinged = -1
        self.ttl = 0

    def start(self) -> None:
        """Greet, and watch."""
        core = self.core
        self._watch(READABLE)
        self.out.append(self.handshake.start())
        limit = core.options.number(Option.HANDSHAKE_IVL)
        if limit > 0:
            self._later("handshake", limit, lambda: self.end(Reason.HANDSHAKE_TIMEOUT))
        self.flush()

    # --- the descriptor

    def ready(self, mask: int) -> None:
        """The descriptor can be read or written."""
        if mask & WRITABLE and self.open:
            self.flush()
        if mask & READABLE and self.open:
            self.fill(AT_ONCE)

    def _watch(self, mask: int) -> None:
        if mask == self.mask:
            return
        reactor = self.context.reactor
        if self.mask == 0:
            reactor.watch(self.number, mask, self.ready)
        elif mask == 0:
            reactor.forget(self.number)
        else:
            reactor.rewatch(self.number, mask, self.ready)
        self.mask = mask

    def _later(self, name: str, milliseconds: int, call: object) -> None:
        assert callable(call)
        self._cancel(name)
        self.timers[name] = self.context.reactor.later(milliseconds, call)

    def _cancel(self, name: str) -> None:
        timer = self.timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    # --- a thread that waits for nothing else

    @property
    def may_be_leased(self) -> bool:
        """Can a thread of the application wait for this descriptor itself?"""
        return hasattr(select, "poll") and self.open and self.decoder is not None and not self.paused and not self.polled

    def wait(self, bell: Signal, seconds: float | None) -> None:
        """Wait in the calling thread until something can be read here, or the ``bell`` rings; then read it.

        The I/O thread leaves the descriptor alone meanwhile, and for a moment after: whoever waits like this mostly
        comes back, and two threads that wake for the same octets are slower than one.
        """
        if not self.leased:
            self.leased = True
            self._watch(self.mask & ~READABLE)
            self._later("lease", LEASE, self._lease_ends)
        poll = self.poll
        if poll is None:
            poll = self.poll = select.poll()
            poll.register(self.number, select.POLLIN)
            poll.register(bell.descriptor, select.POLLIN)
        self.polled = True
        lock = self.context.lock
        lock.release()
        try:
            ready = poll.poll(None if seconds is None else max(0, seconds * 1000))
        finally:
            lock.acquire()
            self.polled = False
        self.leased_lately = True
        if ready and self.open:
            self.fill()

    def _lease_ends(self) -> None:
        if self.polled or self.leased_lately:
            self.leased_lately = False
            self._later("lease", LEASE, self._lease_ends)
            return
        self.leased = False
        if not self.paused:
            self._watch(self.mask | READABLE)

    # --- reading

    def fill(self, most: int = 1) -> bool:
        """Read what is there, at most so often; False if nothing was."""
        for turn in range(most):
            if not self.open or self.paused or not self._read():
                return turn > 0
        return True

    def _read(self) -> bool:
        decoder = self.decoder
        try:
            target = decoder.target() if decoder is not None else None
            if decoder is not None and target is not None:
                count = self.descriptor.recv_into(target)
                data = b""
            else:
                data = self.descriptor.recv(READ)
                count = len(data)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self.end(Reason.LOST, error.strerror or str(error))
            return False
        if count == 0:
            self.end(Reason.LOST, "the peer closed it")
            return False
        if self.ttl or self.pinged >= 0:
            answered = self.heard < self.pinged
            self.heard = self._now()
            if answered:
                # The clock was set for the end of the wait; it has to be set for the next PING.
                self._later("pulse", 1, self._pulse)
        try:
            if decoder is None:
                self._greet(data)
            elif target is not None:
                decoder.filled(count)
                self.deliver()
            else:
                decoder.feed(data)
                self.deliver()
        except PeerError as error:
            self._broke_protocol(error)
        return True

    def _broke_protocol(self, error: PeerError) -> None:
        self.commands.clear()
        if error.tell and self.open:
            self.out.append(error.tell)
            self.flush()
        reason = Reason.REJECTED if commands.is_rejection(error) else Reason.PROTOCOL
        self.end(reason, error.reason, error)

    def _greet(self, data: bytes) -> None:
        handshake = self.handshake
        answer = handshake.feed(data)
        if answer:
            self.out.append(answer)
        peer = handshake.peer
        if peer is not None and self.decoder is None:
            self.peer = peer
            self._cancel("handshake")
            self.decoder = Decoder(peer.version, self.core.limits())
            self.core.connected(self, peer)
            if not self.open:
                return
            self._start_heart()
            if handshake.rest:
                self.decoder.feed(handshake.rest)
        self.flush()
        if self.open and self.decoder is not None:
            self.deliver()

    def deliver(self) -> None:
        """Queue what was read, as far as there are room and memory; else stop reading."""
        session, decoder = self.session, self.decoder
        assert session is not None and decoder is not None
        steps, hwm = self.context.steps, self.core.receive_hwm
        while self.open:
            if self.pending is None:
                room = steps(receive, "room", session.name, session.inbox, hwm)
                if room <= 0:
                    self._pause()
                    return
                batch = self.core.sifted(session, decoder.take(room))
                if not self._still():
                    return
                half = decoder.held + PART * decoder.half_read
                if not batch and half == session.inbox.half:
                    if decoder.wanted and self._body():
                        continue
                    break
                amount = 0
                for message in batch:
                    for part in message:
                        amount += len(part) + PART
                self.pending = batch, amount, half
            if not self._queue(session):
                return
        if self.open and self.paused and not self.stalled_at:
            self.paused = False
            if not self.leased:
                self._watch(self.mask | READABLE)

    def _still(self) -> bool:
        """Is it open still, after something that may have ended it?"""
        return self.open

    def _body(self) -> bool:
        """Ask for the memory of a large body that was announced."""
        session, decoder = self.session, self.decoder
        assert session is not None and decoder is not None
        size = decoder.wanted + PART
        got = self.context.ask(receive, "body", session.name, session.inbox, size)
        session.inbox = got.inbox
        if not got.taken:
            self._stalled(got.inbox, got.rules[0])
            return False
        self._goes_on()
        decoder.allow()
        return True

    def _queue(self, session: Session) -> bool:
        assert self.pending is not None
        batch, amount, half = self.pending
        got = self.context.ask(receive, "arrived", session.name, session.inbox, len(batch), amount, half)
        session.inbox = got.inbox
        if not got.taken:
            if len(batch) > 1 and got.inbox.reading != Reading.OPEN:
                return self._one_by_one(session, batch, half)
            self._stalled(got.inbox, got.rules[0])
            return False
        self.pending = None
        self._goes_on()
        if batch:
            session.arrived.extend(batch)
            self.core.arrived(session)
        return True

    def _one_by_one(self, session: Session, batch: list[list[bytes]], half: int) -> bool:
        """Not all at once: as many messages as there is memory for, in order; the rest waits."""
        while batch:
            message = batch[0]
            amount = sum(len(part) + PART for part in message)
            got = self.context.ask(
                receive, "arrived", session.name, session.inbox, 1, amount, half if len(batch) == 1 else 0
            )
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
        self._watch(self.mask & ~READABLE)

    def _stalled(self, inbox: Inbox, rule: object) -> None:
        if inbox.reading == Reading.CLOSED:
            self.end(Reason.NO_MEMORY, f"[{getattr(rule, 'value', '')}]")
            return
        if not self.stalled_at:
            self.stalled_at = time.monotonic()
            self.context.stalled.add(self)
            self.core.tell(EventKind.STALLED, self.endpoint, Reason.NO_MEMORY.value)
            self._later("stall", STALL_LONGEST, self._stalled_too_long)
        self._later("retry", STALL_RETRY, self.retry)
        self._pause()

    def retry(self) -> None:
        """Try again to queue what was read."""
        if self.open and self.stalled_at:
            try:
                self.deliver()
            except PeerError as error:
                self._broke_protocol(error)

    def _stalled_too_long(self) -> None:
        if self.stalled_at and self.session is not None:
            session = self.session
            session.inbox = self.context.steps(receive, "waited", session.name, session.inbox)
            self._stalled(session.inbox, None)

    def _goes_on(self) -> None:
        if self.stalled_at:
            self.stalled_at = 0.0
            self.context.stalled.discard(self)
            self._cancel("stall")
            self._cancel("retry")
            self.core.tell(EventKind.RESUMED, self.endpoint)

    def room_again(self) -> None:
        """The application took messages: read on, if the queue is low."""
        session = self.session
        if self.paused and not self.stalled_at and session is not None:
            if receive.low(session.inbox, self.core.receive_hwm):
                try:
                    self.deliver()
                except PeerError as error:
                    self._broke_protocol(error)

    # --- writing

    def flush(self) -> None:
        """Write what there is, as far as the operating system takes it."""
        self.scheduled = False
        out = self.out
        while self.open:
            if not out:
                self._written()
                if not self._load():
                    self._watch(self.mask & ~WRITABLE)
                    return
            try:
                if len(out) == 1:
                    count = self.descriptor.send(out[0])
                else:
                    count = self.descriptor.sendmsg([out[i] for i in range(min(len(out), BUFFERS))])
            except (BlockingIOError, InterruptedError):
                self._watch(self.mask | WRITABLE)
                return
            except OSError as error:
                self.end(Reason.LOST, error.strerror or str(error))
                return
            while count:
                first = out[0]
                if count < len(first):
                    out[0] = memoryview(first)[count:]
                    break
                count -= len(first)
                out.popleft()
            # An empty buffer is never put there, so nothing is left over at zero.

    def _load(self) -> bool:
        """Take committed messages for the wire; False if there is nothing to write."""
        out = self.out
        if self.commands:
            out.extend(self.commands)
            self.commands.clear()
        session = self.session
        if session is None or self.decoder is None or session.ended:
            return bool(out)
        queue = session.queue
        if queue:
            octets = parts = messages = 0
            buffers: list[bytes] = []
            while queue and octets < BATCH:
                message = queue.popleft()
                messages += 1
                parts += len(message)
                for part in message:
                    octets += len(part)
                frames.add(buffers, message)
            units = octets + PART * parts
            context = self.context
            session.pipe, context.pool = context.steps(
                link, "begin", session.name, session.weights, context.pool, session.pipe, parts, messages
            )
            session.weights.committed -= units
            self.flight_units += units
            self.flight_messages += messages
            if octets < 2 * BATCH:
                out.append(b"".join(buffers))
            else:
                out.extend(filter(None, buffers))
            self.core.drained(session)
        return bool(out)

    def _written(self) -> None:
        if self.flight_units:
            context = self.context
            context.pool = context.steps(link, "written", self.endpoint, context.pool, self.flight_units)
            self.flight_units = self.flight_messages = 0
            context.given_back()

    def command(self, data: bytes) -> None:
        """Write a command, before the messages that still wait."""
        self.commands.append(data)
        if self.decoder is not None:
            self.flush()

    # --- clocks

    @staticmethod
    def _now() -> int:
        return int(time.monotonic() * 1000)

    def _start_heart(self) -> None:
        self.heard = self._now()
        peer = self.peer
        assert peer is not None
        if self.core.options.number(Option.HEARTBEAT_IVL) > 0 and commands.may_ping(peer.version):
            self.pinged = self.heard
            self._later("pulse", self.core.options.number(Option.HEARTBEAT_IVL), self._pulse)

    def _pulse(self) -> None:
        interval = self.core.options.number(Option.HEARTBEAT_IVL)
        timeout = self.core.options.number(Option.HEARTBEAT_TIMEOUT)
        now = self._now()
        pulse = self.context.steps(
            life, "pulse", self.endpoint, now, self.heard, self.pinged, interval,
            interval if timeout < 0 else timeout, self.ttl,
        )  # fmt: skip
        if pulse.beat == Beat.DEAD:
            self.end(Reason.SILENT)
            return
        if pulse.beat == Beat.PING:
            self.pinged = now
            # What came in this very millisecond came before the PING.
            self.heard = min(self.heard, now - 1)
            ttl = self.core.options.number(Option.HEARTBEAT_TTL) // 100
            self.command(commands.encode_ping(ttl, b""))
            self._pulse()
        elif pulse.again >= 0 and self.open:
            self._later("pulse", max(1, pulse.again - now), self._pulse)

    def pinged_by_peer(self, ttl: int, context: bytes) -> None:
        """The peer asks for a sign of life; ``ttl``, in tenths of a second, is how long it is to be believed."""
        self.command(commands.encode_pong(context))
        if ttl > 0 and self.open:
            fresh = self.ttl == 0
            self.ttl = ttl * 100
            self.heard = self._now()
            if fresh:
                self._later("pulse", 1, self._pulse)

    # --- the end

    def end(self, reason: Reason, detail: str = "", error: PeerError | None = None) -> None:
        """Close it; what is on the wire and half read is lost, and the machines say what follows."""
        if not self.open:
            return
        self.open = False
        for name in list(self.timers):
            self._cancel(name)
        self._watch(0)
        self.descriptor.close()
        context = self.context
        context.stalled.discard(self)
        pool: Pool = context.pool
        if self.flight_units:
            context.pool = context.steps(link, "lost", self.endpoint, pool, self.flight_units)
        self.core.ended(self, reason, detail, error)
        context.given_back()

    @property
    def site(self) -> Site:
        """Where its memory was asked for."""
        return Site.CONNECTION
