"""Peers of plain bytes that speak 3.0, 3.1, or claim more: every pair of types, greeting in any pieces."""

from collections.abc import Callable

import pytest

from . import matrix, talks
from .ends import End, Library
from .fixtures import Keeper, Opener
from .raw import COMMAND, LONG, Listener, Raw, command, frame, greeting, message, ready
from .waiting import until

VERSIONS = {"3.0": (3, 0), "3.1": (3, 1), "3.7": (3, 7), "4.0": (4, 0)}
OWN = tuple(sorted({(side.own, side.other) for side in matrix.SIDES} | {("ROUTER", "ROUTER")}))
PARTS = [b"", b"part", bytes(300), b""]


@pytest.fixture
def meet(keep: Keeper) -> Callable[..., Raw]:
    """Brings a socket and a raw peer of this version together, either way round, up to both READY commands."""

    def together(own: End, kind: str, version: tuple[int, int], raw_binds: bool) -> Raw:
        if raw_binds:
            listener = keep(Listener())
            own.connect(listener.endpoint)
            raw = keep(listener.accept(own))
        else:
            raw = keep(Raw.connect(own.bind()))
        raw.send(greeting(version[1], major=version[0]) + ready(kind, b"raw" if own.kind == "ROUTER" else b""), own)
        metadata = raw.command(b"READY", own)
        assert own.kind.encode() in metadata
        return raw

    return together


def sends(own: End, raw: Raw, parts: list[bytes], arrives: list[bytes]) -> None:
    own.send(parts, raw)
    assert raw.message(own) == arrives


def receives(own: End, raw: Raw, parts: list[bytes], arrives: list[bytes]) -> None:
    raw.send(message(*parts), own)
    assert own.receive(raw) == arrives


def asks(own: End, raw: Raw, new: bool) -> None:
    """SUB and XSUB: subscribe, hear, cancel; in commands since 3.1, in messages before."""

    def told(cancel: bool, topic: bytes) -> tuple[int, bytes]:
        if new:
            return COMMAND, (b"\x06CANCEL" if cancel else b"\x09SUBSCRIBE") + topic
        return 0, (b"\x00" if cancel else b"\x01") + topic

    for topic in (b"", b"topic", bytes(300)):
        talks.subscribe(own, topic)
        assert raw.frame(own) == told(False, topic)
        receives(own, raw, [topic, *PARTS], [topic, *PARTS])
        talks.unsubscribe(own, topic)
        assert raw.frame(own) == told(True, topic)


def hears(own: End, raw: Raw, new: bool) -> None:
    """PUB and XPUB: told of a subscription in either form, they publish; told of its end, they stop."""
    heard: list[bytes] = []

    def tell(cancel: bool, topic: bytes) -> None:
        verb = (b"CANCEL" if cancel else b"SUBSCRIBE", b"\x00" if cancel else b"\x01")
        raw.send(command(verb[0], topic) if new else frame(verb[1] + topic), own)
        if own.kind == "XPUB":
            assert own.receive(raw) == [verb[1] + topic]

    def published(part: bytes) -> bool:
        own.send([part], raw)
        while (found := raw.came.frame()) is not None:
            assert found.flags in (0, LONG)
            heard.append(found.body)
        return part in heard

    # Only XPUB says when it knows that the empty topic has ended: until then every marker is heard by that.
    for number, topic in enumerate((b"topic", bytes(300), b"")[: 3 if own.kind == "XPUB" else 2]):
        tell(False, topic)
        until(lambda part=topic + b"%d" % number: published(part), f"{own} is heard", raw, own)
        tell(True, topic)
        tell(False, b"end %d" % number)
        until(lambda part=b"end %d first" % number: published(part), f"{own} is heard", raw, own)
        own.send([topic + b"late"], raw)
        until(lambda part=b"end %d last" % number: published(part), f"{own} is heard", raw, own)
    assert not [part for part in heard if part.endswith(b"late")]


def talk(own: End, raw: Raw, kind: str, new: bool) -> None:
    """One exchange each way that the type allows."""
    if own.kind in ("SUB", "XSUB"):
        asks(own, raw, new)
    elif own.kind in ("PUB", "XPUB"):
        hears(own, raw, new)
    elif own.kind == "REQ":
        sends(own, raw, PARTS, [b"", *PARTS])
        receives(own, raw, [b"", *PARTS], PARTS)
    elif own.kind == "REP":
        front = [b""] if kind == "REQ" else [b"hop", b""]
        receives(own, raw, [*front, *PARTS], PARTS)
        sends(own, raw, PARTS, [*front, *PARTS])
    elif own.kind == "ROUTER":
        receives(own, raw, PARTS, [b"raw", *PARTS])
        sends(own, raw, [b"raw", *PARTS], PARTS)
    elif own.kind == "PULL":
        receives(own, raw, PARTS, PARTS)
    elif own.kind == "PUSH":
        sends(own, raw, PARTS, PARTS)
    else:
        receives(own, raw, PARTS, PARTS)
        sends(own, raw, PARTS, PARTS)


@pytest.mark.parametrize("raw_binds", [False, True], ids=["raw_connects", "raw_binds"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("own", "other"), OWN)
def test_each_version_talks(
    opened: Opener, meet: Callable[..., Raw], subject: Library, own: str, other: str, version: str, raw_binds: bool
) -> None:
    end = opened(subject, own)
    number = VERSIONS[version]
    talk(end, meet(end, other, number, raw_binds), other, number > (3, 0))


def test_a_3_0_peer_gets_no_ping(opened: Opener, keep: Keeper, meet: Callable[..., Raw], subject: Library) -> None:
    own = opened(subject, "PUSH", HEARTBEAT_IVL=10, HEARTBEAT_TIMEOUT=5000)
    where = own.bind()
    old, new = keep(Raw.connect(where)), keep(Raw.connect(where))
    old.handshake("PULL", own, minor=0)
    new.handshake("PULL", own, minor=1)
    for _ in range(3):
        new.send(command(b"PONG", new.command(b"PING", own)[2:]), own)
    own.send([b"one"], old)
    own.send([b"two"], old)
    flags, body = old.frame(own)
    assert (flags, body[:2]) in ((0, b"on"), (0, b"tw"))


@pytest.mark.parametrize("pieces", [(10, 1, 53), (11, 53), (1,) * 64, (64,), (12, 20, 32)], ids=str)
def test_a_greeting_in_pieces(opened: Opener, keep: Keeper, subject: Library, pieces: tuple[int, ...]) -> None:
    own = opened(subject, "PULL")
    raw = keep(Raw.connect(own.bind()))
    whole, at = greeting(0), 0
    for size in pieces:
        raw.send(whole[at : at + size], own)
        own.serve(0)
        at += size
    raw.send(ready("PUSH"), own)
    raw.command(b"READY", own)
    receives(own, raw, PARTS, PARTS)


def test_padding_is_not_looked_at(opened: Opener, keep: Keeper, subject: Library) -> None:
    own = opened(subject, "PULL")
    raw = keep(Raw.connect(own.bind()))
    whole = bytearray(greeting(1))
    whole[1:9] = b"\x01" * 8
    whole[33:] = b"\xff" * 31
    raw.send(bytes(whole) + ready("PUSH"), own)
    raw.command(b"READY", own)
    receives(own, raw, PARTS, PARTS)


def test_greeting_ready_and_messages_in_one_segment(opened: Opener, keep: Keeper, subject: Library) -> None:
    """RFC 23 lets a peer of NULL say all that without waiting; pyomq and azmq accept it, libzmq and JeroMQ close."""
    own = opened(subject, "PULL")
    raw = keep(Raw.connect(own.bind()))
    raw.send(greeting(1) + ready("PUSH") + message(*PARTS) + message(b"next"), own)
    assert own.receive(raw) == PARTS
    assert own.receive(raw) == [b"next"]
