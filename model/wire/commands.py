"""Commands: what the body of a command frame says, and the frames of commands that we send.

A command is its name, preceded by the name's length, and data. Those of traffic are told apart here; HELLO, WELCOME,
INITIATE and READY mean something in a handshake only (``mechanisms``), and in traffic they are `Unknown`, as is every
name that this protocol does not have: skipped, not refused (WIRE-17).
"""

from dataclasses import dataclass

from ..rules import Rule
from . import frames
from .errors import PeerError

CONTEXT_MOST = 16
"""Octets of context that a PING may carry."""
TTL_MOST = 0xFFFF
TTL_SIZE = 2
REASON_MOST = 255


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The peer wants messages that begin with ``topic``."""

    topic: bytes


@dataclass(frozen=True, slots=True)
class Cancel:
    """The peer takes one subscription to ``topic`` back."""

    topic: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer wants a sign of life; ``ttl``, in tenths of a second (0: none), is how long it is to be believed."""

    ttl: int
    context: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a PING, with that one's ``context``."""

    context: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command that means nothing here."""

    name: bytes
    data: bytes


Command = Subscribe | Cancel | Ping | Pong | Unknown


def split(body: bytes) -> tuple[bytes, bytes]:
    """Name and data of a command; PeerError if there is no name, or not all of it (WIRE-18)."""
    if not body or not body[0] or len(body) < 1 + body[0]:
        raise PeerError(Rule.WIRE_18, f"a command of {len(body)} octets has no whole name")
    end = 1 + body[0]
    return body[1:end], body[end:]


def parse(body: bytes) -> Command:
    """The command of one frame of traffic; PeerError if it is malformed, or an ERROR (WIRE-20)."""
    name, data = split(body)
    if name == b"PING":
        return _ping(data)
    if name == b"PONG":
        return Pong(heartbeat_context(name, data))
    if name == b"SUBSCRIBE":
        return Subscribe(data)
    if name == b"CANCEL":
        return Cancel(data)
    if name == b"ERROR":
        raise rejected(data)
    return Unknown(name, data)


def _ping(data: bytes) -> Ping:
    if len(data) < TTL_SIZE:
        raise PeerError(Rule.WIRE_19, f"a PING has {len(data)} octets instead of a time to live")
    return Ping(int.from_bytes(data[:TTL_SIZE], "big"), heartbeat_context(b"PING", data[TTL_SIZE:]))


def heartbeat_context(name: bytes, data: bytes) -> bytes:
    """The context of a PING or a PONG: 16 octets at most (WIRE-19)."""
    if len(data) > CONTEXT_MOST:
        raise PeerError(Rule.WIRE_19, f"a {name.decode()} has a context of {len(data)} octets")
    return data


def rejected(data: bytes) -> PeerError:
    """What an ERROR command with this data leads to: the peer refuses us (WIRE-20), or cannot even say so (WIRE-18)."""
    if not data or len(data) != 1 + data[0]:
        return PeerError(Rule.WIRE_18, "an ERROR command has no well-formed reason")
    return PeerError(Rule.WIRE_20, f"the peer says: {_readable(data[1:])}")


def is_rejection(error: PeerError) -> bool:
    """Did the peer refuse us by an ERROR command?  Else it broke a rule."""
    return error.rule == Rule.WIRE_20


def _readable(reason: bytes) -> str:
    """Words of a peer that can be printed anywhere: what is not a visible ASCII character is escaped."""
    text = reason.decode("latin-1")
    return "".join(c if " " <= c <= "~" and c != "\\" else f"\\x{ord(c):02x}" for c in text) or "nothing"


# --- what we send


def encode_error(reason: str) -> bytes:
    """An ERROR command; what is not ASCII, or over 255 characters, is left out of the ``reason``."""
    text = reason.encode("ascii", "ignore")[:REASON_MOST]
    return frames.encode_command(b"ERROR", bytes((len(text),)) + text)


def encode_subscription(version: tuple[int, int], topic: bytes, add: bool) -> bytes:
    """The frame that subscribes (``add``) or cancels at a peer of this version.

    A command from 3.1 on, a message before (WIRE-21).
    """
    if version >= (3, 1):
        return frames.encode_command(b"SUBSCRIBE" if add else b"CANCEL", topic)
    return frames.header(1 + len(topic)) + (b"\1" if add else b"\0") + topic


def subscription(message: list[bytes]) -> Subscribe | Cancel | None:
    """The subscription that a message of the 3.0 form is (WIRE-21); None if it is a message like any other.

    A publisher asks this of every message; peers of 3.1 may use the old form too.
    """
    if len(message) != 1:
        return None
    body = message[0]
    first = body[:1]
    if first == b"\1":
        return Subscribe(body[1:])
    return Cancel(body[1:]) if first == b"\0" else None


def may_ping(version: tuple[int, int]) -> bool:
    """Does a peer of this version know PING?  None is sent to one that does not (WIRE-34)."""
    return version >= (3, 1)


def encode_ping(ttl: int, context: bytes = b"") -> bytes:
    """A PING; ``ttl`` in tenths of a second, 0 to 65535, and a ``context`` of at most 16 octets."""
    if not 0 <= ttl <= TTL_MOST or len(context) > CONTEXT_MOST:
        raise ValueError(f"no PING can say this: ttl {ttl}, {len(context)} octets of context")
    return frames.encode_command(b"PING", ttl.to_bytes(TTL_SIZE, "big") + context)


def encode_pong(context: bytes) -> bytes:
    """The answer to a PING, whose ``context`` it says again (WIRE-22)."""
    if len(context) > CONTEXT_MOST:
        raise ValueError(f"no PONG can have a context of {len(context)} octets")
    return frames.encode_command(b"PONG", context)
