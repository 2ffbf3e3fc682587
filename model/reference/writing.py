"""What is written to a connection: committed messages, joined, and commands before them."""

from __future__ import annotations

import socket as os_socket
from collections import deque
from itertools import repeat
from typing import TYPE_CHECKING

from .. import link
from ..connection import Reason
from ..wire import frames
from .reactor import WRITABLE
from .reading import Reader
from .weights import PART

if TYPE_CHECKING:
    from .core import Core
    from .living import Living
    from .sessions import Session

BATCH = 64 * 1024
"""Octets joined for one write."""
BUFFERS = 512
"""Buffers handed to one write at most (POSIX allows 1024)."""


class Writer(Reader):
    """The writing half of a connection: ``out`` is on the wire, of ``flight_messages`` messages."""

    def __init__(
        self, core: Core, descriptor: os_socket.socket, session: Session | None, endpoint: str, living: Living
    ) -> None:
        super().__init__(core, descriptor, session, endpoint, living)
        self.out: deque[bytes | memoryview] = deque()
        self.commands: deque[bytes] = deque()
        self.flight_units = self.flight_messages = 0
        self.octets_written = 0
        self.scheduled = False
        self.writing = False

    def flush(self) -> None:
        """Write what there is, as far as the operating system takes it."""
        self.scheduled = False
        out = self.out
        if self.writing:
            # The interpreter had no memory to say how much was written: nothing more can be.
            self.end(Reason.NO_MEMORY, "in the middle of a write")
        while self.open:
            if not out:
                self._written()
                if not self._load():
                    self.watch(self.mask & ~WRITABLE)
                    self.core.idle()
                    return
            self.writing = True
            try:
                if len(out) == 1:
                    count = self.descriptor.send(out[0])
                else:
                    count = self.descriptor.sendmsg([out[i] for i in range(min(len(out), BUFFERS))])
            except (BlockingIOError, InterruptedError):
                self.writing = False
                self.watch(self.mask | WRITABLE)
                return
            except OSError as error:
                self.end(Reason.LOST, error.strerror or str(error))
                return
            self.octets_written += count
            while count:
                first = out[0]
                if count < len(first):
                    out[0] = memoryview(first)[count:]
                    break
                count -= len(first)
                out.popleft()
            self.writing = False
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
            for message in queue:
                messages += 1
                parts += len(message)
                for part in message:
                    octets += len(part)
                frames.add(buffers, message)
                if octets >= BATCH:
                    break
            units = octets + PART * parts
            context = self.context
            pipe, pool = context.steps(
                link, "begin", session.name, session.weights, context.pool, session.pipe, parts, messages
            )
            left, flight = session.weights.committed - units, self.flight_units + units
            begun, again = self.flight_messages + messages, repeat(None, messages)
            everything = messages == len(queue)
            buffers = [b"".join(buffers)] if octets < 2 * BATCH else list(filter(None, buffers))
            # Nothing has changed yet. This is the last that can fail for want of the interpreter's own memory.
            self._put(buffers)
            session.pipe, context.pool, session.weights.committed = pipe, pool, left
            self.flight_units, self.flight_messages = flight, begun
            if everything:
                queue.clear()
            else:
                for _ in again:
                    queue.popleft()
            self.core.drained()
        return bool(out)

    def _put(self, buffers: list[bytes]) -> None:
        """Have all of them written, or none."""
        before = len(self.out)
        try:
            self.out.extend(buffers)
        except MemoryError:
            while len(self.out) > before:
                self.out.pop()
            raise

    def _written(self) -> None:
        if self.flight_units:
            context = self.context
            context.pool = context.steps(link, "written", self.endpoint, context.pool, self.flight_units)
            self.flight_units = self.flight_messages = 0
            if self.living.life.tries:
                self.used()
            context.given_back()

    def command(self, data: bytes) -> None:
        """Write a command, before the messages that still wait."""
        self.commands.append(data)
        if self.decoder is not None:
            self.flush()
