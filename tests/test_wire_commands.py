"""Commands of traffic: read as they are written, refused if malformed, passed over if unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_streams import command, events, frame, one_by_one

from enomem.model.rules import Rule
from enomem.model.wire import commands
from enomem.model.wire.commands import Cancel, Ping, Pong, Subscribe, Unknown
from enomem.model.wire.errors import PeerError

topics = st.binary(max_size=300)


@given(st.integers(0, 0xFFFF), st.binary(max_size=16))
def test_a_ping_and_its_pong_come_through(ttl: int, context: bytes) -> None:
    assert events(one_by_one(commands.encode_ping(ttl, context))) == [Ping(ttl, context)]
    assert events([commands.encode_pong(context)]) == [Pong(context)]


@pytest.mark.parametrize(("ttl", "context"), [(-1, b""), (0x10000, b""), (0, bytes(17))])
def test_a_ping_that_cannot_be_is_not_sent(ttl: int, context: bytes) -> None:
    with pytest.raises(ValueError, match="no PING can say this"):
        commands.encode_ping(ttl, context)


def test_a_pong_that_cannot_be_is_not_sent() -> None:
    with pytest.raises(ValueError, match="context of 17 octets"):
        commands.encode_pong(bytes(17))


@given(topics, st.booleans(), st.sampled_from([(3, 1), (3, 2), (4, 0)]))
def test_a_subscription_is_a_command_from_3_1_on(topic: bytes, add: bool, version: tuple[int, int]) -> None:
    octets = commands.encode_subscription(version, topic, add)
    assert octets == command(b"SUBSCRIBE" if add else b"CANCEL", topic)
    assert events([octets]) == [Subscribe(topic) if add else Cancel(topic)]


@given(topics, st.booleans())
def test_a_subscription_is_a_message_for_3_0(topic: bytes, add: bool) -> None:
    octets = commands.encode_subscription((3, 0), topic, add)
    assert octets == frame((b"\1" if add else b"\0") + topic)
    (message,) = events([octets])
    assert isinstance(message, list)
    assert commands.subscription(message) == (Subscribe(topic) if add else Cancel(topic))


@pytest.mark.parametrize("message", [[b""], [b"\2topic"], [b"topic"], [b"\1", b"topic"], [b"\0topic", b""]])
def test_another_message_is_no_subscription(message: list[bytes]) -> None:
    assert commands.subscription(message) is None


@pytest.mark.parametrize(("version", "may"), [((3, 0), False), ((3, 1), True), ((4, 0), True)])
def test_a_peer_of_3_0_gets_no_ping(version: tuple[int, int], may: bool) -> None:
    assert commands.may_ping(version) == may


@pytest.mark.parametrize("name", [b"X", b"ping", b"JOIN", b"HELLO", b"\xff\0", b"n" * 255])
def test_an_unknown_command_is_passed_on_as_such(name: bytes) -> None:
    assert events([command(name, b"data")]) == [Unknown(name, b"data")]


# --- ERROR


@pytest.mark.parametrize(
    ("reason", "seen"),
    [
        (b"400", "400"),
        (b"", "nothing"),
        (b"a\n\x1b[1m\xff\\ b", r"a\x0a\x1b[1m\xff\x5c b"),
        (b"r" * 255, "r" * 255),
    ],
)
def test_an_error_is_reported_as_far_as_it_can_be_printed(reason: bytes, seen: str) -> None:
    error = commands.rejected(bytes([len(reason)]) + reason)
    assert (error.rule, error.reason, error.tell) == (Rule.WIRE_20, f"the peer says: {seen}", b"")
    assert commands.is_rejection(error)
    assert str(error).endswith(" [WIRE-20]")


def test_what_breaks_a_rule_is_no_rejection() -> None:
    assert not commands.is_rejection(commands.rejected(b""))
    assert not commands.is_rejection(PeerError(Rule.WIRE_9, ""))


@pytest.mark.parametrize(("reason", "said"), [("no", b"no"), ("n\xf6", b"n"), ("r" * 300, b"r" * 255)])
def test_an_error_is_written_with_the_length_of_its_reason(reason: str, said: bytes) -> None:
    assert commands.encode_error(reason) == command(b"ERROR", bytes([len(said)]) + said)
    assert events([commands.encode_error(reason)]) == ["WIRE-20"]
