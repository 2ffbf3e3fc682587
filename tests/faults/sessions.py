"""Recorded sessions: what a good peer of each type says from the first octet on, and what the other side receives."""

from dataclasses import dataclass

from interop.ends import End, Parts
from interop.raw import COMMAND, LONG, MORE, command, frame, greeting, prop, ready
from interop.talks import subscribe

from .wellness import FITTING

PING = frame(b"\x04PING\x00\x00context", COMMAND)
LONG_FRAME = frame(b"in a long frame", LONG)
"""The nine octets of a long header, without 256 octets of a body to be cut one by one."""


TOPICS = (b"topic", b"old form")


@dataclass(frozen=True)
class Session:
    """The octets, and each message with the number of octets after which it is whole."""

    octets: bytes
    messages: tuple[tuple[int, Parts], ...] = ()

    def whole(self, octets: int) -> list[Parts]:
        """The messages that are whole after so many octets."""
        return [parts for end, parts in self.messages if end <= octets]


def handshake(kind: str, identity: bytes = b"") -> bytes:
    """The greeting, and READY with a property that nobody knows."""
    return greeting() + ready(kind, identity, prop(b"X-Unknown", b"value"))


def plain_handshake(kind: str) -> bytes:
    """A client of PLAIN, who does not wait for the answers."""
    hello = command(b"HELLO", b"\x05admin\x06secret")
    return greeting(mechanism=b"PLAIN") + hello + command(b"INITIATE", prop(b"Socket-Type", kind.encode()))


def welcome(kind: str) -> bytes:
    """A server of PLAIN, who does not wait either."""
    return (
        greeting(mechanism=b"PLAIN", as_server=True)
        + command(b"WELCOME")
        + command(b"READY", prop(b"Socket-Type", kind.encode()))
    )


def with_messages(start: bytes, front: Parts, envelope: Parts) -> Session:
    """Three messages and two PINGs, one between two parts; ``front`` is on the wire only, ``envelope`` not on it."""
    octets, messages = start, []
    head = b"".join(frame(part, MORE) for part in front)
    for said, parts in (
        (frame(b"one"), [b"one"]),
        (PING + frame(b"", MORE) + PING + frame(b"two", MORE) + frame(b""), [b"", b"two", b""]),
        (frame(b"x", MORE) + LONG_FRAME, [b"x", b"in a long frame"]),
    ):
        octets += head + said
        messages.append((len(octets), [*envelope, *parts]))
    return Session(octets, tuple(messages))


def session(kind: str, number: int = 0) -> Session:
    """What a peer of a socket of this type says; ``number`` tells peers apart where they need a routing id."""
    identity = b"%05d" % number
    start = handshake(FITTING[kind], identity)
    if kind in ("PUSH", "REQ"):
        return Session(start + PING)
    if kind in ("PUB", "XPUB"):
        topics = b"".join(command(verb, TOPICS[0]) for verb in (b"SUBSCRIBE", b"CANCEL"))
        return Session(start + topics + frame(b"\x01" + TOPICS[1]) + PING)
    if kind == "REP":
        return with_messages(start, [b"hop", b""], [])
    if kind == "ROUTER":
        return with_messages(start, [], [identity])
    return with_messages(start, [], [])


def prepare(own: End) -> None:
    """Let SUB and XSUB hear everything."""
    if own.kind in ("SUB", "XSUB"):
        subscribe(own, b"")
