"""The suite's own octets and the codec of ``model/wire`` are two writings of one protocol, and agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.checks.conform import octets
from enomem.checks.conform.transcript import literal
from enomem.model.patterns import PATTERNS
from enomem.model.wire import commands, frames, greeting, metadata
from enomem.model.wire.decoder import Decoder, Limits
from enomem.model.wire.peers import Local

bodies = st.binary(max_size=300)
contexts = st.binary(max_size=16)


def local(kind: str, routing_id: bytes = b"", mechanism: str = "NULL") -> Local:
    return Local(kind, frozenset({"PULL"}), routing_id, mechanism, username=b"u")


def test_greetings_agree() -> None:
    assert octets.greeting() == greeting.encode(local("PUSH"))
    assert octets.greeting(mechanism=b"PLAIN") == greeting.encode(local("PUSH", mechanism="PLAIN"))
    assert len(octets.greeting()) == octets.GREETING == greeting.SIZE


@given(st.lists(bodies, min_size=1, max_size=5))
def test_messages_agree(parts: list[bytes]) -> None:
    assert octets.message(*parts) == b"".join(frames.encode(parts))


@given(st.binary(min_size=1, max_size=20), bodies)
def test_commands_agree(name: bytes, data: bytes) -> None:
    assert octets.command(name, data) == frames.encode_command(name, data)


@given(st.integers(0, 65535), contexts)
def test_heartbeats_agree(ttl: int, context: bytes) -> None:
    assert octets.ping(context, ttl) == commands.encode_ping(ttl, context)


@given(bodies)
def test_subscriptions_agree(topic: bytes) -> None:
    assert octets.command(b"SUBSCRIBE", topic) == commands.encode_subscription((3, 1), topic, True)
    assert octets.command(b"CANCEL", topic) == commands.encode_subscription((3, 1), topic, False)


def test_metadata_agree() -> None:
    for kind in PATTERNS:
        assert octets.metadata(kind) == metadata.encode(local(kind))
    assert octets.metadata("ROUTER", b"id") == metadata.encode(local("ROUTER", b"id"))
    assert octets.properties(octets.metadata("ROUTER", b"id")) == {"socket-type": b"ROUTER", "identity": b"id"}


@given(st.lists(st.tuples(bodies, st.booleans()), max_size=5))
def test_what_one_writes_the_other_reads(parts: list[tuple[bytes, bool]]) -> None:
    said = b"".join(octets.frame(part, octets.LONG if long else 0) for part, long in parts)
    decoder = Decoder((3, 1), Limits())
    decoder.feed(said)
    assert decoder.take(10) == [[part] for part, _ in parts]
    stream = octets.Stream(bytearray(octets.greeting() + b"".join(b"".join(frames.encode([p])) for p, _ in parts)))
    found = [stream.frame() for _ in parts]
    assert [frame.body for frame in found if frame is not None] == [part for part, _ in parts]
    assert stream.frame() is None


def test_of_long_traffic_little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(octets, "KEPT", 100)
    stream = octets.Stream()
    said = [b"%d" % number * 9 for number in range(50)]
    stream.data += octets.greeting() + b"".join(octets.message(part) for part in said)
    assert [frame.body for frame in iter(stream.frame, None)] == said
    assert stream.greeting == octets.greeting()
    assert len(stream.data) < 200


def test_a_command_of_no_octets_has_neither_name_nor_data() -> None:
    empty = octets.Frame(octets.COMMAND, 2, b"")
    assert (empty.name, empty.data) == (b"", b"")


@pytest.mark.parametrize("unit", [b"x", b"\0\6unread", b"ab", b"\0\1"])
@pytest.mark.parametrize("head", [b"", b"head"])
def test_what_comes_over_and_over_is_written_short_and_read_as_it_is(head: bytes, unit: bytes) -> None:
    for count in (1, 9, 5000):
        written = literal(head + unit * count)
        assert eval(written) == head + unit * count
    assert (head and len(unit) > 1) or len(written) < 60
