"""What the socket commands do once their socket is open: send, receive, ask, answer, or both at once.

One thread calls the socket. Standard input is read by it too, but where messages come and go at once: there a second
thread only reads, and wakes the first.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
from collections.abc import Iterator
from typing import IO

import enomem

from ..errors import Inconclusive
from .format import FORMATS, BadLine, Message
from .settings import ANSWER, ASK, BOTH, RECEIVE, SEND, Settings

READ_AHEAD = 64
"""Lines that are read before they can be sent."""

CHUNK = 2**16


class Talk:
    """One command's traffic; ``sent`` and ``received`` count its messages, ``pending``: one is on its way."""

    def __init__(self, socket: enomem.Socket, settings: Settings, source: IO[bytes], sink: IO[bytes]) -> None:
        self.socket = socket
        self.settings = settings
        self.sent = self.received = self.line = 0
        self.pending = False
        self._format = FORMATS[settings.form]
        self._source, self._sink = source, sink

    def run(self) -> None:
        """Talk until the count is reached or standard input ends.

        Again when ``--timeout`` is over, NoMemory, BadLine with the line's number, BrokenPipeError, KeyboardInterrupt,
        and SocketError for what the socket refuses.
        """
        {SEND: self._send_all, RECEIVE: self._receive_all, ASK: self._ask, ANSWER: self._answer_all, BOTH: self._both}[
            self.settings.way
        ]()

    def _send_all(self) -> None:
        for message in self._messages():
            self._pause()
            self._send(message)

    def _receive_all(self) -> None:
        while self._wanted():
            self._print(self._receive())

    def _ask(self) -> None:
        for message in self._messages():
            self._pause()
            self._send(message)
            self.pending = True
            self._print(self._receive())
            self.pending = False

    def _answer_all(self) -> None:
        while self._wanted():
            request = self._receive()
            self.pending = True
            self._print(request)
            self._send(self._answer(request))

    # --- one message

    def _wanted(self) -> bool:
        return self.settings.count is None or self.received < self.settings.count

    def _send(self, message: Message) -> None:
        self.pending = True
        while True:
            try:
                self.socket.send_multipart(message)
                break
            except enomem.PeerGone:
                # Nothing of the message is queued any more, and another peer may take it (SEND-12).
                continue
        self.sent += 1
        self.pending = False

    def _receive(self) -> Message:
        message = self.socket.recv_multipart()
        self.received += 1
        return message

    def _print(self, message: Message) -> None:
        self._sink.write(self._format.write(message) + b"\n")
        self._sink.flush()

    def _pause(self) -> None:
        if self.sent and self.settings.interval:
            time.sleep(self.settings.interval)

    # --- what is sent

    def _messages(self) -> Iterator[Message]:
        """The message of the arguments, as often as it is wanted, or those of standard input, up to as many."""
        message, count = self.settings.message, self.settings.count
        if message is not None:
            yield from itertools.repeat(message, 1 if count is None else count)
            return
        yield from itertools.islice(self._lines(), count)

    def _lines(self) -> Iterator[Message]:
        for line in self._source:
            message = self._read(line)
            if message is not None:
                yield message

    def _read(self, line: bytes) -> Message | None:
        self.line += 1
        try:
            return self._format.read(line.removesuffix(b"\n"))
        except BadLine as error:
            raise BadLine(f"line {self.line}: {error}; {counted(self.sent)} sent before it") from None

    def _answer(self, request: Message) -> Message:
        if self.settings.echo:
            return request
        if self.settings.message is not None:
            return self.settings.message
        for message in self._lines():
            return message
        raise Inconclusive("standard input has ended, and the last request got no answer")

    # --- both at once

    def _both(self) -> None:
        """Send what there is to send as soon as it can be sent, and print what arrives meanwhile.

        Neither waits for the other: two ends that both wait to send would wait for ever.
        """
        settings = self.settings
        lines = Lines(None if settings.message is not None else self._source)
        waiting = settings.message
        while self._wanted() or waiting is not None:
            self.pending = waiting is not None
            self._print_all()
            if waiting is None and self._wanted():
                waiting = self._next(lines)
            if waiting is not None and self._sent_now(waiting):
                waiting = None
            elif self._wanted() or waiting is not None:
                self._wait(lines, waiting is not None)

    def _print_all(self) -> None:
        while self._wanted():
            try:
                message = self.socket.recv_multipart(enomem.DONTWAIT)
            except enomem.Again:
                return
            self.received += 1
            self._print(message)

    def _next(self, lines: Lines) -> Message | None:
        while (line := lines.take()) is not None:
            message = self._read(line)
            if message is not None:
                return message
        return None

    def _sent_now(self, message: Message) -> bool:
        try:
            self.socket.send_multipart(message, enomem.DONTWAIT)
        except enomem.Again:
            return False
        except enomem.PeerGone:
            return False
        self.sent += 1
        return True

    def _wait(self, lines: Lines, sending: bool) -> None:
        """Until something can be read, or sent where there is something to be sent; Again if that takes too long."""
        poller = enomem.Poller()
        poller.register(self.socket, enomem.POLLIN | (enomem.POLLOUT if sending else 0))
        if not sending and lines.wake is not None:
            poller.register(lines.wake, enomem.POLLIN)
        timeout = self.settings.timeout
        if not poller.poll(None if timeout is None else timeout * 1000):
            raise enomem.Again


def counted(messages: int) -> str:
    """So many messages, as the beginning of a sentence."""
    return f"{messages} {'message was' if messages == 1 else 'messages were'}"


class Lines:
    """Lines of a file, read by a thread of their own; ``wake`` is readable whenever `take` has something to say."""

    def __init__(self, source: IO[bytes] | None) -> None:
        self.wake: int | None = None
        if source is None:
            return
        self._lines: queue.Queue[bytes | None] = queue.Queue(READ_AHEAD)
        self.wake, self._waker = os.pipe()
        os.set_blocking(self.wake, False)
        # A daemon, since nothing ends a read of a terminal; it uses the descriptor, since a buffer has a lock that the
        # end of the interpreter would wait for.
        threading.Thread(target=self._run, args=(source.fileno(),), name="enomem-stdin", daemon=True).start()

    def take(self) -> bytes | None:
        """The next line if there is one already."""
        if self.wake is None:
            return None
        try:
            os.read(self.wake, 1)
        except BlockingIOError:
            return None
        line = self._lines.get_nowait()
        if line is None:
            os.close(self.wake)
            self.wake = None
        return line

    def _run(self, descriptor: int) -> None:
        begun: list[bytes] = []
        while data := self._some(descriptor):
            first, *others = data.split(b"\n")
            begun.append(first)
            for other in others:
                self._put(b"".join(begun))
                begun = [other]
        if any(begun):
            self._put(b"".join(begun))
        self._put(None)
        os.close(self._waker)

    @staticmethod
    def _some(descriptor: int) -> bytes:
        try:
            return os.read(descriptor, CHUNK)
        except OSError:
            return b""

    def _put(self, line: bytes | None) -> None:
        # In this order: whoever sees the octet finds the line.
        self._lines.put(line)
        os.write(self._waker, b"!")
