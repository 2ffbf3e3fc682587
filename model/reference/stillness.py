"""Is anything under way between the sockets of this process?  For tests that go on when nothing is.

Nothing is guessed from a silence: what a connection wrote and what its other end read is counted in octets at both
ends. Who waits for room or memory is still, once it has tried again and was refused. Whoever waits does meanwhile what
is to be done, in its own thread, in the order in which peers were attached.
"""

from __future__ import annotations

import contextlib
import socket as os_socket
import threading
import time
from collections.abc import Callable, Iterator

from .connections import Connection
from .context import Context
from .core import Core
from .reactor import WRITABLE
from .reading import Reader
from .sockets import Socket
from .stepped import SteppedReactor

Ends = dict[Connection, Connection]


class Stillness:
    """Some contexts, which may have connections with each other, and which end of which is whose."""

    def __init__(self) -> None:
        self.contexts: list[Context] = []
        self._partners: Ends = {}
        self._turned = threading.Event()

    def add(self, context: Context) -> None:
        """Reckon with the sockets of one more context."""
        self.contexts.append(context)
        context.reactor.turned.append(self._turned.set)

    def until(self, met: Callable[[], bool], milliseconds: int) -> bool:
        """Do what there is to do until ``met``; False if it was not in time.

        Stepped contexts have a time of their own, and what comes from elsewhere is not waited for there.
        """
        left = milliseconds / 1000
        while True:
            self._turned.clear()
            begin = time.monotonic()
            passed: float | None = None
            stepped: list[SteppedReactor] = []
            with self._locked():
                # A bound, since nothing that is right goes on by itself for ever without a timer.
                for _ in range(1000):
                    if not self._work():
                        break
                if met():
                    return True
                stepped = [context.reactor for context in self.contexts if isinstance(context.reactor, SteppedReactor)]
                if stepped:
                    passed = self._sleep(stepped, left)
            if not stepped:
                passed = time.monotonic() - begin if left > 0 and self._turned.wait(left) else None
            if passed is None:
                return False
            left -= passed

    @staticmethod
    def peers(socket: Socket) -> int:
        """How many peers a socket has that it has shaken hands with."""
        return sum(session.ready and not session.ended for session in socket._core.sessions)

    def settle(self, milliseconds: int) -> bool:
        """Go on until nothing is under way; False if something still was when the time was over."""
        return self.until(lambda: not self.under_way(), milliseconds)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with contextlib.ExitStack() as locks:
            for context in self.contexts:
                locks.enter_context(context.lock)
            yield

    def _cores(self) -> Iterator[Core]:
        for context in self.contexts:
            yield from sorted(context.cores, key=lambda core: (len(core.name), core.name))

    def _work(self) -> bool:
        """Write, read and accept once, wherever that can be done; False if there was nothing to do."""
        done = False
        for core in self._cores():
            for connection in [session.connection for session in core.sessions]:
                if connection is not None and connection.open:
                    before = connection.octets_written
                    connection.flush()
                    came = connection.fill()
                    # One that ended is something done, though nothing came.
                    done = came or not connection.open or connection.octets_written > before or done
        for context in self.contexts:
            done = context.reactor.turn() or done
            for stalled in list(context.stalled):
                if isinstance(stalled, Reader):
                    stalled.retry()
                    done = done or stalled not in context.stalled
        return done

    @staticmethod
    def _sleep(reactors: list[SteppedReactor], most: float) -> float | None:
        """Let the time pass to the next timer, and return how much; None if that is too far off, or there is none."""
        times = [due for reactor in reactors if (due := reactor.due()) is not None]
        if not times or min(times) > most:
            return None
        for reactor in reactors:
            reactor.sleep(min(times))
        return min(times)

    # --- what is under way

    def under_way(self) -> str:
        """What is, in words; nothing if nothing is. Call it with the locks of all contexts held."""
        cores = list(self._cores())
        self._pair([connection for core in cores for connection in core.connections])
        ours = {endpoint for core in cores for endpoint in core.listeners}
        for core in cores:
            for target in core.targets:
                if target.attempt is not None or (target.address.text in ours and not target.session.ready):
                    return f"{core.name} connects to {target.address.text}"
            for connection in core.connections:
                what = self._busy(connection)
                if what:
                    return f"{core.name} {what} {connection.endpoint}"
        return ""

    def _pair(self, connections: list[Connection]) -> None:
        """Find the two ends of each connection; one whose other end has been closed keeps it, to be told so."""
        names = {}
        for connection in connections:
            # In-process connections have no names, and are never behind.
            with contextlib.suppress(OSError):
                names[connection.descriptor.getsockname(), connection.descriptor.getpeername()] = connection
        for (here, there), connection in names.items():
            partner = names.get((there, here))
            if partner is not None and here:
                self._partners[connection] = partner
        open_ones = set(connections)
        self._partners = {end: other for end, other in self._partners.items() if end in open_ones}

    def _busy(self, connection: Connection) -> str:
        partner = self._partners.get(connection)
        if connection.decoder is None and partner is not None:
            return "shakes hands with"
        if not connection.paused:
            if partner is not None and (not partner.open or partner.octets_written != connection.octets_read):
                return "has not read all from"
            if readable(connection):
                return "has something to read from"
        session = connection.session
        waits = connection.out or connection.commands or (session and session.queue and not session.ended)
        blocked = bool(connection.mask & WRITABLE)
        if waits and (not blocked or (partner is not None and not partner.paused)):
            return "has not written all to"
        return ""


def readable(connection: Connection) -> bool:
    """Is there something to be read, be it the end?"""
    try:
        connection.descriptor.recv(1, os_socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
    return True
