"""The other ends: sockets of pyzmq in a process that is never injected. They look at every octet that comes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

from .message import EARLY, FINAL, GIVEN_UP, PROBE, is_final, is_probe, message, recognised
from .variants import Variant

QUIET = 0.02
"""Seconds between two messages that only ask whether anything still arrives."""

AWAY = 0.025
"""Seconds that a peer stays away, so that a victim that reconnects after 10 ms finds nobody at least once."""


STUCK = 5000
"""Milliseconds after which a call of a peer, none of which should ever wait, is an error of ours."""


class Peer:
    """One end: what it sent, what came, and how often a connection went before the victim began to close.

    It sends ``number`` of messages with its own letter; ``moved`` counts what happened to it, for who waits.
    """

    def __init__(self, context: Any, variant: Variant, kind: str, letter: str, endpoint: str) -> None:
        self.zmq: Any = importlib.import_module("zmq")
        self._context, self._variant, self.kind, self.letter, self._given = context, variant, kind, letter, endpoint
        self.got: list[list[str]] = []
        self.sent: list[int] = []
        self.finals = self.probed = self.moved = self.gone = self.joined = 0
        self.restarted = False
        self._awaiting = False
        self._next = self._questions = 0
        self._asked = self._away = 0.0
        self._ready = kind not in ("XPUB",)
        self.socket: Any = None
        self._open()

    def _open(self) -> None:
        zmq = self.zmq
        socket = self._context.socket(getattr(zmq, self.kind))
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVTIMEO, STUCK)
        socket.setsockopt(zmq.SNDTIMEO, STUCK)
        socket.setsockopt(zmq.RECONNECT_IVL, 10)
        self.monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        for topic in EARLY if self.kind == "SUB" else ():
            socket.setsockopt(zmq.SUBSCRIBE, topic)
        if self.kind == "DEALER":
            socket.setsockopt(zmq.ROUTING_ID, self.letter.encode() * 40)
        if self._variant.binds:
            socket.connect(self._given)
        else:
            try:
                socket.bind(self._given or "tcp://127.0.0.1:*")
            except zmq.ZMQError:
                self._shut(socket)
                if not self._given:
                    raise
                return  # the port is not free yet: tried again
            self._given = socket.last_endpoint.decode()
        if self.kind == "SUB":
            for topic in GIVEN_UP:
                socket.setsockopt(zmq.UNSUBSCRIBE, topic)
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        self.socket = socket

    @property
    def endpoint(self) -> str:
        """Where a victim may connect to."""
        return self._given

    def _shut(self, socket: Any) -> None:
        socket.disable_monitor()
        self.monitor.close()
        socket.close(linger=0)

    def close(self) -> None:
        """Be gone."""
        if self.socket is not None:
            self._shut(self.socket)
        self.socket = None

    def restart(self, now: float) -> None:
        """Go, and come back a little later."""
        self.close()
        self.restarted, self._away, self.joined = True, now + AWAY, 0
        self._ready = self.kind != "XPUB"

    def look(self) -> None:
        """Count connections that came, and that went."""
        while self.socket is not None and self.monitor.poll(0):
            event = int.from_bytes(self.monitor.recv_multipart()[0][:2], sys.byteorder)
            self.gone += event == self.zmq.EVENT_DISCONNECTED
            self.joined += event == self.zmq.EVENT_HANDSHAKE_SUCCEEDED
            self.moved += 1

    # --- what comes

    def read(self) -> None:
        """Take all there is, and answer if that is the part of this peer."""
        while self.socket is not None and self.socket.getsockopt(self.zmq.EVENTS) & self.zmq.POLLIN:
            parts = self.socket.recv_multipart()
            if self.kind == "XPUB":
                # The last that a SUB of a victim asks for is everything, wherever it stands in its trie.
                self._ready = self._ready or parts == [b"\x01"]
                continue
            shown = parts[1:] if self.kind == "ROUTER" else parts
            if self.kind in ("REP", "ROUTER"):
                self.socket.send_multipart(parts)
            self.got.append([recognised(part, self._variant.sizes) for part in shown])
            if any(is_probe(part) for part in shown):
                self.probed += 1
                self.moved += self.probed == 1
                continue
            self.moved += 1
            self._awaiting = False
            self.finals += any(is_final(part) for part in shown)

    # --- what is sent

    def tick(self, now: float, upto: int) -> None:
        """Send what can be sent without waiting: the messages up to ``upto``, then ones that only ask.

        Those are probes as long as there is more to be sent.
        """
        if self.socket is None:
            if now >= self._away:
                self._open()
            return
        if self.kind in ("PULL", "SUB", "REP", "ROUTER"):
            return
        for number in self._numbers(now, upto):
            asks = number >= FINAL
            letter = PROBE if asks and upto < self._variant.count else self.letter
            if self._accepted(message(letter, number, self._variant.sizes)):
                if not asks:
                    self.sent.append(number)
                    self.moved += 1
                self._awaiting = self.kind == "REQ"

    def _accepted(self, parts: list[bytes]) -> bool:
        """Send without waiting; False if the connection went meanwhile, which ends the message as libzmq sees it.

        A part that is refused in the middle makes libzmq drop the message, and whatever follows up to a last part.
        """
        last = len(parts) - 1
        for index, part in enumerate(parts):
            flags = self.zmq.DONTWAIT | (self.zmq.SNDMORE if index < last else 0)
            try:
                self.socket.send(part, flags)
            except self.zmq.Again:
                if 0 < index < last:
                    self.socket.send(b"", self.zmq.DONTWAIT)
                return False
        return True

    @property
    def _answered(self) -> bool:
        """Whether this is a REQ that got its last reply: it would only keep the victim from stopping."""
        return self.kind == "REQ" and self.finals > 0

    def _numbers(self, now: float, upto: int) -> Iterator[int]:
        """The numbers of messages that may be sent now."""
        while self._ready and not self._awaiting and self.socket.getsockopt(self.zmq.EVENTS) & self.zmq.POLLOUT:
            if self._next < upto:
                yield self._next
                self._next += 1
            elif now >= self._asked + QUIET and not self._answered:
                self._asked = now
                self._questions += 1
                yield FINAL + self._questions
            else:
                return
