"""PING and PONG, seen on the wire between the two: asked and answered both ways; silence ends the connection."""

import pytest

from .ends import End, Library
from .fixtures import Keeper, Opener
from .raw import Raw, frame
from .tap import Tap
from .waiting import until

OFTEN = {"HEARTBEAT_IVL": 20, "HEARTBEAT_TIMEOUT": 4000}
"""Pings often, and never loses patience within a test."""
HASTY = {"HEARTBEAT_IVL": 20, "HEARTBEAT_TIMEOUT": 200, "RECONNECT_IVL": 10}
NEVER: dict[str, int] = {}
ROLES = ("subject_binds", "subject_connects")


def tapped(keep: Keeper, binder: End, connecter: End) -> Tap:
    """Join two ends by a wire with a hand on it."""
    tap = keep(Tap(binder.bind()))
    connecter.connect(tap.endpoint)
    return tap


def talk(one: End, other: End, tap: Tap) -> None:
    """A message each way."""
    for sender, receiver in ((one, other), (other, one)):
        sender.send([b"a", b"", b"b"], tap, receiver)
        assert receiver.receive(tap, sender) == [b"a", b"", b"b"]


@pytest.mark.parametrize("who", ["subject_pings", "peer_pings", "both_ping"])
@pytest.mark.parametrize("role", ROLES)
def test_a_ping_is_answered(opened: Opener, keep: Keeper, subject: Library, peer: Library, role: str, who: str) -> None:
    own = opened(subject, "PAIR", **(NEVER if who == "peer_pings" else OFTEN))
    other = opened(peer, "PAIR", **(NEVER if who == "subject_pings" else OFTEN))
    binder, connecter = (own, other) if role == "subject_binds" else (other, own)
    tap = tapped(keep, binder, connecter)
    talk(own, other, tap)
    pingers = [end for end, ticks in ((own, who != "peer_pings"), (other, who != "subject_pings")) if ticks]

    def counted() -> bool:
        for pinger in pingers:
            asked, answered = tap.commands(pinger is binder), tap.commands(pinger is not binder)
            if asked.count(b"PING") < 3 or answered.count(b"PONG") < 3:
                return False
        return True

    until(counted, "each ping is answered, three times", tap, own, other)
    talk(own, other, tap)
    for end in (own, other):
        if end not in pingers:
            assert b"PING" not in tap.commands(end is binder)


@pytest.mark.parametrize("role", ROLES)
def test_silence_ends_the_connection_and_another_is_made(
    opened: Opener, keep: Keeper, subject: Library, peer: Library, role: str
) -> None:
    own, other = opened(subject, "PAIR", **HASTY), opened(peer, "PAIR", RECONNECT_IVL=10)
    own.watch()
    binder, connecter = (own, other) if role == "subject_binds" else (other, own)
    tap = tapped(keep, binder, connecter)
    talk(own, other, tap)
    tap.dead = True
    line = tap.lines[0]
    side = line.binder if own is binder else line.connecter
    until(lambda: side.ended, f"{own} gives up a silent peer", tap, own, other)
    assert until(own.losses, f"{own} reports it", own, other)
    tap.cut()
    tap.dead = False
    talk(own, other, tap)


@pytest.mark.parametrize("size", [0, 1, 16])
def test_the_context_of_a_ping_comes_back(opened: Opener, keep: Keeper, subject: Library, size: int) -> None:
    own = opened(subject, "PULL")
    raw = keep(Raw.connect(own.bind()))
    raw.handshake("PUSH", own)
    context = bytes(range(size))
    raw.send(frame(b"\x04PING\x00\x00" + context, 4), own)
    assert raw.command(b"PONG", own) == context


def test_a_ping_between_two_parts_leaves_the_message_whole(opened: Opener, keep: Keeper, subject: Library) -> None:
    own = opened(subject, "PULL")
    raw = keep(Raw.connect(own.bind()))
    raw.handshake("PUSH", own)
    raw.send(frame(b"a", 1) + frame(b"\x04PING\x00\x00here", 4), own)
    assert raw.command(b"PONG", own) == b"here"
    raw.send(frame(b"b"), own)
    assert own.receive(raw) == [b"a", b"b"]


def test_a_peer_that_never_answers_is_dropped(opened: Opener, keep: Keeper, subject: Library) -> None:
    own = opened(subject, "PULL", HEARTBEAT_IVL=20, HEARTBEAT_TIMEOUT=60, HEARTBEAT_TTL=1000)
    own.watch()
    raw = keep(Raw.connect(own.bind()))
    raw.handshake("PUSH", own)
    # RFC 37: the TTL that is announced is in tenths of a second.
    assert raw.command(b"PING", own)[:2] == bytes([0, 10])
    raw.closed(own)
    assert until(own.losses, f"{own} reports it", own)


def test_any_traffic_is_a_sign_of_life(opened: Opener, keep: Keeper, subject: Library) -> None:
    own = opened(subject, "PULL", HEARTBEAT_IVL=10, HEARTBEAT_TIMEOUT=1000)
    raw = keep(Raw.connect(own.bind()))
    raw.handshake("PUSH", own)
    for number in range(20):
        raw.command(b"PING", own)
        raw.send(frame(b"%d" % number), own)
        assert own.receive(raw) == [b"%d" % number]


def test_a_ttl_of_the_peer_is_kept_to(opened: Opener, keep: Keeper, subject: Library) -> None:
    own = opened(subject, "PULL")
    own.watch()
    raw = keep(Raw.connect(own.bind()))
    raw.handshake("PUSH", own)
    raw.send(frame(b"\x04PING\x00\x01", 4), own)
    assert raw.command(b"PONG", own) == b""
    raw.closed(own)
    assert until(own.losses, f"{own} reports it", own)
