"""The socket that an application calls; names and meanings as in pyzmq."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import abandoned, attaching, closing
from .constants import Option, PollEvent, SocketType
from .context import Context
from .errors import Again, InvalidArgument, SocketError
from .lending import Lent
from .monitor import Event
from .signalling import Signal
from .texts import Texts
from .waiting import Released, Waiter, take_back

if TYPE_CHECKING:
    import asyncio

DONTWAIT, SNDMORE = 1, 2
READ_ONLY = (Option.RCVMORE, Option.TYPE, Option.EVENTS, Option.FD, Option.LAST_ENDPOINT)


def octets(data: Any) -> bytes:
    """A part as bytes; TypeError if it is no octets."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        raise TypeError("a part is octets; encode the text, or use send_string")
    return bytes(memoryview(data))


class Socket(Texts):
    """A socket of a context; use it from one thread at a time."""

    def __init__(self, context: Context, kind: int) -> None:
        self.context = context
        self._core = context.new_core(kind)
        try:
            self._lock = context.lock
            self._out = self._core.outgoing
            self._in = self._core.incoming
            self._waiter = Waiter(self._core)
            context.keep(self)
        except MemoryError:
            with context.lock:
                closing.close(self._core, 0)
            raise

    def __repr__(self) -> str:
        state = "closed" if self._core.closed else self._core.last_endpoint or "not attached"
        return f"<enomem.Socket {self._core.kind.name} {state}>"

    # --- sending

    def send(self, data: Any, flags: int = 0, copy: bool = True, track: bool = False) -> None:  # noqa: ARG002
        """Send one part; with SNDMORE, others of the same message follow.

        Raises NoMemory (the policy says what became of the parts before), Again, PeerGone, StateError, NotSupported,
        HostUnreachable, ContextTerminated.
        """
        part = data if type(data) is bytes else octets(data)
        with self._lock:
            if self._core.closed or self.context.closed:
                self._core.check()
            if flags & SNDMORE or self._out.current is not None:
                self._out.part(part, not flags & SNDMORE, flags)
            else:
                self._out.whole([part], flags)

    def send_multipart(
        self, parts: Iterable[Any], flags: int = 0, copy: bool = True, track: bool = False  # noqa: ARG002
    ) -> None:  # fmt: skip
        """Send a message of several parts: all of it, or nothing.

        If it raises, nothing of the message is queued, whatever the policy, and the next message is sent intact.
        """
        message = [part if type(part) is bytes else octets(part) for part in parts]
        if not message:
            raise InvalidArgument("a message has at least one part")
        with self._lock:
            if self._core.closed or self.context.closed:
                self._core.check()
            out = self._out
            try:
                if not flags & SNDMORE:
                    out.whole(message, flags)
                else:
                    for part in message:
                        out.part(part, False, flags)
            except BaseException:
                # The caller cannot know after which part it failed, so it is not left with a part of it (SEND-11).
                out.abort()
                raise

    def try_send(self, data: Any, flags: int = 0) -> bool:
        """Send one part, if that can be done without waiting; False if it cannot."""
        try:
            self.send(data, flags | DONTWAIT)
        except Again:
            return False
        return True

    def try_send_multipart(self, parts: list[Any], flags: int = 0) -> bool:
        """Send a message, if that can be done without waiting; False if it cannot."""
        try:
            self.send_multipart(parts, flags | DONTWAIT)
        except Again:
            return False
        return True

    def abort_message(self) -> None:
        """Drop the unfinished message (SEND-11); this needs no memory and never fails."""
        with self._lock:
            self._core.check()
            self._out.abort()

    # --- receiving

    def _next(self, flags: int) -> None:
        """Have a message at hand; Again if none came in time."""
        incoming = self._in
        wait = self._waiter.wait(flags, Option.RCVTIMEO)
        while True:
            rule = incoming.forbidden()
            if rule is not None:
                incoming.refuse(rule)
            if not self._core.leased(flags) and self._core.fill() and incoming.prefetch():
                return
            wait()
            if incoming.prefetch():
                return

    def try_recv(self) -> bytes | None:
        """The next part, if it has been read already; None if not."""
        with self._lock:
            self._core.check()
            return self._in.part() if self._in.prefetch() else None

    def try_recv_multipart(self) -> list[bytes] | None:
        """The next message, if it has been read already; None if not."""
        with self._lock:
            self._core.check()
            return self._in.message() or (self._in.rest() if self._in.prefetch() else None)

    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> bytes:  # noqa: ARG002
        """The next part that arrives; Again, StateError, NotSupported, ContextTerminated."""
        with self._lock:
            if self._core.closed or self.context.closed:
                self._core.check()
            incoming = self._in
            if not incoming.parts and not incoming.prefetch():
                self._next(flags)
            return incoming.part()

    def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> list[bytes]:  # noqa: ARG002
        """All parts of the next message (or all that are left of the present one)."""
        with self._lock:
            if self._core.closed or self.context.closed:
                self._core.check()
            incoming = self._in
            message = incoming.message()
            if message is not None:
                return message
            if not incoming.parts and not incoming.prefetch():
                self._next(flags)
            return incoming.rest()

    # --- endpoints

    def bind(self, endpoint: str) -> None:
        """Listen at an endpoint; port 0 or * is any free one, see `last_endpoint`."""
        with self._lock:
            self._core.check()
            attaching.bind(self._core, endpoint)

    def connect(self, endpoint: str) -> None:
        """Connect to an endpoint, as soon as somebody listens there."""
        with self._lock:
            self._core.check()
            attaching.connect(self._core, endpoint)

    def unbind(self, endpoint: str) -> None:
        """Listen no longer."""
        with self._lock:
            self._core.check()
            attaching.unbind(self._core, endpoint)

    def disconnect(self, endpoint: str) -> None:
        """End the connection to an endpoint."""
        with self._lock:
            self._core.check()
            attaching.disconnect(self._core, endpoint)

    def bind_to_random_port(
        self, endpoint: str, min_port: int = 49152, max_port: int = 65536, max_tries: int = 100
    ) -> int:
        """Listen at a free port, at least ``min_port`` and less than ``max_port``, which is returned; AddressInUse."""
        with self._lock:
            self._core.check()
            return attaching.bind_randomly(self._core, endpoint, range(min_port, max_port), max_tries)

    @property
    def last_endpoint(self) -> str:
        """The endpoint that was bound or connected last."""
        return self._core.last_endpoint

    # --- options

    def set(self, option: int, value: Any) -> None:
        """Set an option; InvalidArgument, NoMemory (a subscription)."""
        which = _option(option)
        if isinstance(value, str):
            raise TypeError(f"the option {which.name} takes octets or a number, not a text")
        with self._lock:
            self._core.check()
            core = self._core
            if which in (Option.SUBSCRIBE, Option.UNSUBSCRIBE):
                core.topics.want(octets(value), which == Option.SUBSCRIBE)
                return
            core.options.set(which, value)
            core.reconfigure()
            self._in.read_on()

    def get(self, option: int) -> Any:
        """The value of an option; NotSupported if it has none."""
        which = _option(option)
        with self._lock:
            self._core.check()
            if which not in READ_ONLY:
                return self._core.options.get(which)
            if which == Option.RCVMORE:
                return int(bool(self._in.parts))
            if which == Option.TYPE:
                return int(self._core.kind)
            if which == Option.LAST_ENDPOINT:
                return self._core.last_endpoint.encode()
            if which == Option.FD:
                return self._descriptor()
            if self._core.signal is not None:
                self._core.signal.clear()
            return self._events()

    setsockopt = set
    getsockopt = get

    def subscribe(self, topic: bytes | str) -> None:
        """Receive messages that begin with ``topic``."""
        self.set(Option.SUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    def unsubscribe(self, topic: bytes | str) -> None:
        """Take back one `subscribe`; this needs no memory."""
        self.set(Option.UNSUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    def set_plain_auth(self, check: Callable[[bytes, bytes], bool] | None) -> None:
        """Let in whom ``check(username, password)`` answers yes, as a server of PLAIN; None: nobody.

        It is called by any thread, with the context's lock held, and must neither wait nor use this context.
        """
        with self._lock:
            self._core.authenticate = check

    def __getattr__(self, name: str) -> Any:
        try:
            option = Option[name.upper()]
        except KeyError:
            raise AttributeError(f"a socket has no {name!r}") from None
        return self.get(option)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or name == "context":
            object.__setattr__(self, name, value)
            return
        try:
            option = Option[name.upper()]
        except KeyError:
            raise AttributeError(f"a socket has no option {name!r}") from None
        self.set(option, value)

    # --- waiting for several

    def _descriptor(self) -> int:
        core = self._core
        if core.signal is None:
            core.signal = Signal()
            core.callbacks.append(core.signal.raise_)
            core.signal.raise_()
            take_back(core)
        return core.signal.descriptor

    def _events(self) -> int:
        core, events = self._core, 0
        if not self._in.forbidden() and (self._in.prefetch() or (core.fill() and self._in.prefetch())):
            events |= PollEvent.POLLIN
        if self._out.writable():
            events |= PollEvent.POLLOUT
        return int(events)

    def poll(self, timeout: float | None = None, flags: int = PollEvent.POLLIN) -> int:
        """Wait until one of the events comes, at most ``timeout`` milliseconds; which of them came (0: none)."""
        with self._lock:
            self._core.check()
            deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout / 1000
            while True:
                events = self._events() & flags
                if events:
                    return events
                try:
                    self._waiter.waits(deadline)
                except Again:
                    return 0

    def awaited(self, waiter: Released, wanted: bool) -> None:
        """Have ``waiter.release()`` called at the next change, by any thread and with the lock held; or no longer."""
        with self._lock:
            waiters = self._core.waiters
            if waiter in waiters:
                waiters.remove(waiter)
            if wanted:
                self._core.check()
                take_back(self._core)
                waiters.append(waiter)

    def on_change(self, call: Callable[[], None]) -> None:
        """Have ``call`` called, by any thread and with the lock held, whenever something about the socket changed."""
        with self._lock:
            self._core.callbacks.append(call)

    def waits_in(self, loop: asyncio.AbstractEventLoop) -> None:
        """A task waits: what it sends next is written at once, and its loop reads the only connection, if it can."""
        with self._lock:
            self._out.streak = 0
            sole = self._core.sole(listeners=1)
            if sole is not None and not sole.leased:
                with contextlib.suppress(NotImplementedError, OSError):
                    # Without a descriptor to spare the I/O thread goes on reading.
                    Lent(loop, sole)

    # --- the monitor

    def monitor_events(self) -> list[Event]:
        """The events since the last call, or since the first; see `events`."""
        with self._lock:
            self._core.monitor.wanted = True
            return self._core.monitor.drain()

    def monitor_event(self) -> Event | None:
        """The oldest event that waits, None if none does."""
        with self._lock:
            self._core.monitor.wanted = True
            return self._core.monitor.take()

    def events(self, timeout: float | None = None) -> Iterator[Event]:
        """The events of this socket's connections as they come; ends when none came for ``timeout`` seconds.

        Events are kept from the first call of `events` or `monitor_events` on.
        """
        self._core.monitor.wanted = True
        return self._waiter.events(timeout)

    # --- the end

    @property
    def closed(self) -> bool:
        """Was it closed?"""
        return self._core.closed

    def close(self, linger: int | None = None) -> None:
        """Close it; what is committed is sent for ``linger`` milliseconds more (None: as the option says)."""
        with self._lock:
            closing.close(self._core, linger)

    def __del__(self) -> None:
        if "_core" in self.__dict__:
            abandoned.dropped(self._core)

    def __enter__(self) -> Socket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _option(option: int) -> Option:
    try:
        return Option(option)
    except ValueError:
        raise SocketError(f"there is no option {option!r}", errno.EINVAL) from None


__all__ = ["PollEvent", "Socket", "SocketType"]
