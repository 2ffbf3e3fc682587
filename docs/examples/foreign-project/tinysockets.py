"""Tinysockets: messages between programs, whole or not at all. A library like yours; this one stands on pyzmq."""

from __future__ import annotations

import zmq

__version__ = "0.1"

KINDS = ("PUSH", "PULL", "PAIR")


class Busy(Exception):
    """It cannot be done now, and could not within the time that was given."""


class Socket:
    """One socket of a kind; times are in seconds."""

    def __init__(self, kind: str, most: int = 1000) -> None:
        self._socket = zmq.Context.instance().socket(getattr(zmq, kind))
        self._socket.linger = 0
        self.most = most

    @property
    def most(self) -> int:
        """How many messages wait for a peer at most."""
        return int(self._socket.sndhwm)

    @most.setter
    def most(self, messages: int) -> None:
        self._socket.sndhwm = messages

    def listen(self, where: str) -> str:
        """Listen, and say where."""
        self._socket.bind(where)
        return str(self._socket.last_endpoint.decode())

    def call(self, where: str) -> None:
        """Connect to who listens there."""
        self._socket.connect(where)

    def put(self, message: list[bytes], seconds: float = 0) -> None:
        """Send a message."""
        self._socket.sndtimeo = int(seconds * 1000)
        try:
            self._socket.send_multipart(message)
        except zmq.Again:
            raise Busy from None

    def get(self, seconds: float = 0) -> list[bytes]:
        """The next message."""
        self._socket.rcvtimeo = int(seconds * 1000)
        try:
            return list(self._socket.recv_multipart())
        except zmq.Again:
            raise Busy from None

    def close(self) -> None:
        """Close it, and drop what was not sent."""
        self._socket.close()
