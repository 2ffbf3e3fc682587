"""The harness itself: it passes what is right between two ends of libzmq, and fails what is wrong."""

import pytest

from . import ends, talks, waiting
from .fixtures import Keeper, Opener
from .raw import COMMAND, GREETING, LONG, MORE, Raw, Stream, command, frame, greeting, message, ready
from .tap import Tap

LIBZMQ = ends.library("pyzmq")


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SECONDS", 0.05)


def test_two_ends_of_libzmq_talk_through_a_tap(opened: Opener, keep: Keeper) -> None:
    push, pull = opened(LIBZMQ, "PUSH"), opened(LIBZMQ, "PULL")
    tap = keep(Tap(pull.bind()))
    push.connect(tap.endpoint)
    push.send([b"a", b""], tap)
    assert pull.receive(tap) == [b"a", b""]
    assert tap.commands(from_binder=True) == tap.commands(from_binder=False) == [b"READY"]


@pytest.mark.usefixtures("_hasty")
def test_a_dead_tap_lets_nothing_through(opened: Opener, keep: Keeper) -> None:
    push, pull = opened(LIBZMQ, "PUSH"), opened(LIBZMQ, "PULL")
    tap = keep(Tap(pull.bind()))
    tap.dead = True
    push.connect(tap.endpoint)
    push.send([b"a"], tap)
    with pytest.raises(waiting.Missed, match="receives a message"):
        pull.receive(tap)


@pytest.mark.usefixtures("_hasty")
def test_a_message_too_few_is_missed(opened: Opener) -> None:
    push, pull = opened(LIBZMQ, "PUSH"), opened(LIBZMQ, "PULL")
    push.connect(pull.bind())
    push.send([b"one"], pull)
    assert pull.receive(push) == [b"one"]
    with pytest.raises(waiting.Missed):
        pull.receive(push)


@pytest.mark.parametrize("received", [[b"a"], [b"a", b"b", b"c"], [b"a", b"c"], [b"b", b"a"], [b"ab"]])
def test_another_message_is_not_taken_for_it(received: list[bytes]) -> None:
    with pytest.raises(AssertionError):
        talks.expect(received, [b"a", b"b"])


def test_a_stream_is_cut_into_frames() -> None:
    stream = Stream()
    said = greeting() + ready("PUSH") + message(b"a", b"") + frame(bytes(300)) + frame(b"x", LONG | MORE)
    frames = []
    for octet in said:
        stream.data.append(octet)
        while (found := stream.frame()) is not None:
            frames.append(found)
    assert stream.greeting == said[:GREETING]
    assert [found.flags for found in frames] == [COMMAND, MORE, 0, LONG, LONG | MORE]
    assert [found.body for found in frames[1:]] == [b"a", b"", bytes(300), b"x"]


def test_a_raw_peer_reads_what_libzmq_says(opened: Opener, keep: Keeper) -> None:
    push = opened(LIBZMQ, "PUSH")
    raw = keep(Raw.connect(push.bind()))
    assert b"Socket-Type\0\0\0\x04PUSH" in raw.handshake("PULL", push)
    push.send([b"a", b"b"], raw)
    assert raw.message(push) == [b"a", b"b"]
    raw.send(command(b"PING", b"\0\0context"), push)
    assert raw.command(b"PONG", push) == b"context"
    push.close()
    raw.closed()
