"""The first look at a black box: is there a ZeroMQ socket at the endpoint, and one of the type that the user says?

A mistake here would let every case fail, and would take minutes. What is found to be wrong is one sentence.
"""

from __future__ import annotations

import socket
from time import monotonic

from ..errors import Inconclusive, UsageError
from . import octets
from .bench import address
from .octets import COMMAND, GREETING, OLDER_GREETING, Frame, Stream
from .testee import TALKS, BlackBox
from .transcript import literal

SIGNATURE = 10
SHOWN = 20
"""Octets of an answer that is none."""


def look(box: BlackBox, seconds: float) -> None:
    """Shake hands with a black box, as far as it goes.

    UsageError if nobody listens there, or no socket of that type; Inconclusive if it shakes hands with nobody. One
    that speaks an older version is left to the cases.
    """
    try:
        host, port = address(box.endpoint)
    except ValueError:
        host, port = "", 0
    if not host or not 0 < port < 1 << 16:
        raise UsageError(f"{box.endpoint} has no host and port: a black box is tested at tcp://HOST:PORT")
    try:
        connection = socket.create_connection((host, port), min(seconds, 5))
    except OSError as error:
        raise UsageError(f"nobody can be reached at {box.endpoint}: {error.strerror or error}") from None
    with connection:
        _look(connection, box, seconds)


def _look(connection: socket.socket, box: BlackBox, seconds: float) -> None:
    came = Stream()
    # A peer that can downgrade says no more at first: an older testee may take more for a frame.
    _said(connection, octets.greeting()[:OLDER_GREETING])
    ended = _hears(connection, came, OLDER_GREETING, seconds)
    data = bytes(came.data)
    if not (data[:1] == b"\xff" and (len(data) < SIGNATURE or data[9] & 1)):
        seen = f"answers {literal(data[:SHOWN])}" if data else _silence(ended, seconds)
        raise UsageError(f"what listens at {box.endpoint} is no ZeroMQ socket: to a greeting it {seen}")
    if len(data) >= OLDER_GREETING and data[10] < 3:
        return
    _said(connection, octets.greeting()[OLDER_GREETING:])
    ended = _hears(connection, came, GREETING, seconds)
    if len(came.data) < GREETING:
        raise Inconclusive(f"the socket at {box.endpoint} does not greet to the end: it {_silence(ended, seconds)}")
    mechanism = came.greeting[12:32].rstrip(b"\0")
    if mechanism != b"NULL":
        shown = mechanism.decode("ascii") if mechanism.isalnum() and mechanism.isascii() else literal(mechanism)
        raise UsageError(f"the socket at {box.endpoint} wants the mechanism {shown}, and a black box is asked by NULL")
    _said(connection, octets.ready(TALKS[box.kind]))
    frame, ended = _frame(connection, came, seconds)
    if frame is None:
        raise Inconclusive(f"the socket at {box.endpoint} shakes hands with nobody: it {_silence(ended, seconds)}")
    _compare(frame, box)


def _compare(frame: Frame, box: BlackBox) -> None:
    """UsageError if the socket says of itself that it is of another type; whatever else is wrong, the cases say."""
    if frame.flags & COMMAND and frame.name == b"READY":
        try:
            kind = octets.properties(frame.data).get("socket-type", b"").decode("ascii", "replace")
        except ValueError:
            return
        if kind and kind.upper() != box.kind:
            raise UsageError(f"the socket at {box.endpoint} says that it is a {kind}, not a {box.kind}")


def _silence(ended: bool, seconds: float) -> str:
    return "ends the connection" if ended else f"says nothing within {seconds:g} s"


def _said(connection: socket.socket, data: bytes) -> None:
    """Send, unless the other side has gone: what it said before is still to be read."""
    try:
        connection.sendall(data)
    except OSError:
        return


def _hears(connection: socket.socket, came: Stream, count: int, seconds: float) -> bool:
    """Read until so many octets are there, or none come any more; whether the connection has ended."""
    bound = monotonic() + seconds
    while len(came.data) < count and (left := bound - monotonic()) > 0:
        connection.settimeout(left)
        try:
            more = connection.recv(4096)
        except TimeoutError:
            break
        except OSError:
            return True
        if not more:
            return True
        came.data += more
    return False


def _frame(connection: socket.socket, came: Stream, seconds: float) -> tuple[Frame | None, bool]:
    """The next frame, and whether the connection has ended before it came."""
    bound = monotonic() + seconds
    while (frame := came.frame()) is None:
        ended = _hears(connection, came, len(came.data) + 1, bound - monotonic())
        if ended or monotonic() >= bound:
            return came.frame(), ended
    return frame, False
