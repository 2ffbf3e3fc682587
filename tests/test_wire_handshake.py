"""Two handshakes joined without a socket between, and what one makes of peers that others wrote."""

import tracemalloc
from dataclasses import replace
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_streams import (
    PULL,
    PUSH,
    command,
    cuts,
    frame,
    greeting,
    one_by_one,
    pieces,
    prop,
    ready,
    shaken,
)

from enomem.model.wire import metadata
from enomem.model.wire.decoder import Limits
from enomem.model.wire.errors import PeerError
from enomem.model.wire.handshake import Handshake, Local, Peer

DEALER = Local("DEALER", frozenset({"ROUTER"}), routing_id=b"\xffid")
ROUTER = Local("ROUTER", frozenset({"DEALER"}))
PLAIN_CLIENT = replace(DEALER, mechanism="PLAIN", username=b"user", password=b"\xff" * 255)
PLAIN_SERVER = replace(ROUTER, mechanism="PLAIN", as_server=True, authenticate=lambda *_: True)


def joined(one: Local, other: Local, where: list[int]) -> tuple[Handshake, Handshake]:
    """Both sides of a connection, whose octets come in pieces; the handshakes as they are when nothing moves."""
    ends = Handshake(one, Limits()), Handshake(other, Limits())
    waiting = [ends[1].start(), ends[0].start()]
    while any(waiting):
        for side, end in enumerate(ends):
            octets, waiting[side] = waiting[side], b""
            for piece in pieces(octets, where):
                waiting[1 - side] += end.feed(piece)
    return ends


def peer(handshake: Handshake) -> Peer:
    assert handshake.peer is not None
    return handshake.peer


@given(cuts)
def test_null(where: list[int]) -> None:
    one, other = joined(DEALER, ROUTER, where)
    assert peer(one) == Peer((3, 1), "ROUTER", b"", {"Socket-Type": b"ROUTER", "Identity": b""}, "NULL")
    assert peer(other).routing_id == b"\xffid"
    assert (one.rest, other.rest) == (b"", b"")


@given(cuts)
def test_plain(where: list[int]) -> None:
    asked: list[tuple[bytes, bytes]] = []

    def right(username: bytes, password: bytes) -> bool:
        asked.append((username, password))
        return True

    client, server = joined(PLAIN_CLIENT, replace(PLAIN_SERVER, authenticate=right), where)
    assert (peer(client).socket_type, peer(client).mechanism, peer(client).user) == ("ROUTER", "PLAIN", b"")
    assert (peer(server).routing_id, peer(server).user) == (b"\xffid", b"user")
    assert asked == [(b"user", b"\xff" * 255)]


def test_username_and_password_may_be_empty() -> None:
    _, server = joined(replace(PLAIN_CLIENT, username=b"", password=b""), PLAIN_SERVER, [])
    assert peer(server).user == b""


def test_a_plain_server_that_has_nobody_to_ask_takes_nobody() -> None:
    with pytest.raises(PeerError, match="WIRE-31"):
        joined(PLAIN_CLIENT, replace(PLAIN_SERVER, authenticate=None), [])


@pytest.mark.parametrize("role", [0, 1])
def test_what_a_peer_says_of_its_role_under_plain_is_not_relied_on(role: int) -> None:
    octets = greeting(mechanism=b"PLAIN", role=role)
    server = Handshake(PLAIN_SERVER, Limits())
    assert server.feed(octets + command(b"HELLO", b"\1u\1p")) == command(b"WELCOME")
    client = Handshake(replace(PLAIN_CLIENT, username=b"u", password=b"p"), Limits())
    assert client.feed(octets) == command(b"HELLO", b"\1u\1p")


@given(cuts)
def test_the_error_of_a_libzmq_server_of_plain_is_read_as_it_was_meant(where: list[int]) -> None:
    octets = greeting(mechanism=b"PLAIN") + frame(b"^RROR\x03400", 4)
    assert shaken(PLAIN_CLIENT, pieces(octets, where))[0] == ["WIRE-20", "the peer says: 400"]


def test_both_sides_hear_that_a_password_is_wrong() -> None:
    client = Handshake(PLAIN_CLIENT, Limits())
    server = Handshake(replace(PLAIN_SERVER, authenticate=lambda *_: False), Limits())
    assert server.feed(client.start()) == b""
    with pytest.raises(PeerError, match=r"wrong username or password: 'user' \[WIRE-31\]") as refused:
        server.feed(client.feed(server.start()))
    with pytest.raises(PeerError, match=r"the peer says: 400 \[WIRE-20\]"):
        client.feed(refused.value.tell)


def test_what_is_sent_is_the_greeting_at_once_and_ready_after_the_other_greeting() -> None:
    handshake = Handshake(PUSH, Limits())
    assert handshake.start() == greeting()
    assert handshake.feed(greeting()[:63]) == b""
    assert handshake.feed(greeting()[63:]) == ready(b"PUSH")
    assert handshake.peer is None
    assert handshake.feed(ready(b"PULL")) == b""
    assert handshake.peer is not None


def test_the_role_is_said_by_a_server_of_plain_and_by_nobody_else() -> None:
    assert Handshake(PLAIN_SERVER, Limits()).start() == greeting(mechanism=b"PLAIN", role=1)
    assert Handshake(PLAIN_CLIENT, Limits()).start() == greeting(mechanism=b"PLAIN")
    assert Handshake(replace(PUSH, as_server=True), Limits()).start() == greeting()


def test_the_commands_of_plain_are_those_of_the_rfc() -> None:
    client = Handshake(replace(PUSH, mechanism="PLAIN", username=b"u", password=b"pw"), Limits())
    assert client.feed(greeting(mechanism=b"PLAIN")) == command(b"HELLO", b"\1u\2pw")
    assert client.feed(command(b"WELCOME")) == ready(b"PUSH", name=b"INITIATE")
    assert client.feed(ready(b"PULL")) == b""
    server = Handshake(replace(PUSH, mechanism="PLAIN", as_server=True, authenticate=lambda *_: True), Limits())
    assert server.feed(greeting(mechanism=b"PLAIN")) == b""
    assert server.feed(command(b"HELLO", b"\1u\2pw")) == command(b"WELCOME")
    assert server.feed(ready(b"PULL", name=b"INITIATE")) == ready(b"PUSH")


@given(cuts, st.binary(max_size=50), st.binary(max_size=50))
def test_traffic_right_behind_ready_is_kept_for_the_decoder(where: list[int], octets: bytes, later: bytes) -> None:
    for local, data in (
        (PULL, greeting() + ready(b"PUSH")),
        (replace(PULL, mechanism="PLAIN"), greeting(mechanism=b"PLAIN") + command(b"WELCOME") + ready(b"PUSH")),
    ):
        handshake = Handshake(local, Limits())
        for piece in pieces(data + octets, where):
            handshake.feed(piece)
        assert handshake.peer is not None
        assert handshake.feed(later) == b""
        assert handshake.rest == octets + later


@pytest.mark.parametrize("version", [(3, 0), (3, 1), (3, 2), (4, 0), (255, 255)])
def test_a_peer_of_3_0_or_above_is_accepted_and_keeps_its_number(version: tuple[int, int]) -> None:
    handshake = Handshake(PULL, Limits())
    handshake.feed(greeting(version) + ready(b"PUSH"))
    assert peer(handshake).version == version


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=31, max_size=31), cuts)
def test_padding_and_filler_are_not_looked_at(padding: bytes, filler: bytes, where: list[int]) -> None:
    octets = b"\xff" + padding + greeting()[9:33] + filler + ready(b"PUSH")
    assert shaken(PULL, pieces(octets, where)) == shaken(PULL, [greeting() + ready(b"PUSH")])


# --- metadata

names = st.text(st.characters(max_codepoint=255), min_size=1, max_size=20).filter(
    lambda name: name.lower() not in ("socket-type", "identity")
)
properties = st.lists(st.tuples(names, st.binary(max_size=300)), max_size=5)


@given(properties)
def test_properties_come_through(found: list[tuple[str, bytes]]) -> None:
    _, other = joined(replace(PUSH, metadata=tuple(found)), PULL, [])
    expected = {"socket-type": b"PUSH"}
    for name, value in found:
        expected.setdefault(name.lower(), value)
    assert {name.lower(): value for name, value in peer(other).metadata.items()} == expected


@pytest.mark.parametrize("name", [b"Socket-Type", b"socket-type", b"SOCKET-TYPE", b"sOcKeT-tYpE"])
def test_names_are_read_in_any_case(name: bytes) -> None:
    handshake = Handshake(PULL, Limits())
    handshake.feed(greeting() + command(b"READY", prop(name, b"PUSH") + prop(b"x-Key", b"v")))
    found = peer(handshake).metadata
    assert list(found) == [name.decode(), "x-Key"]
    assert (found["X-KEY"], len(found), found.get("x-none")) == (b"v", 2, None)
    assert repr(found) == f"Metadata([('{name.decode()}', b'PUSH'), ('x-Key', b'v')])"
    with pytest.raises(KeyError, match="x-none"):
        found["x-none"]


def test_of_two_properties_of_one_name_the_first_counts() -> None:
    handshake = Handshake(PULL, Limits())
    handshake.feed(greeting() + ready(b"PUSH", prop(b"socket-type", b"REQ"), prop(b"A", b"1"), prop(b"a", b"2")))
    assert peer(handshake).socket_type == "PUSH"
    assert list(peer(handshake).metadata.items()) == [("Socket-Type", b"PUSH"), ("A", b"1")]


def test_many_tiny_properties_cost_no_more_than_their_octets() -> None:
    octets = b"".join(prop(pack(">H", n), b"") for n in range(1000))
    tracemalloc.start()
    try:
        found = metadata.parse(octets)
        assert tracemalloc.get_traced_memory()[1] < 2000
    finally:
        tracemalloc.stop()
    assert len(found) == len({pack(">H", n).decode("latin-1").lower() for n in range(1000)})


@pytest.mark.parametrize("size", [0, 1, 255])
def test_a_routing_id_has_up_to_255_octets(size: int) -> None:
    handshake = Handshake(ROUTER, Limits())
    handshake.feed(greeting() + ready(b"DEALER", prop(b"Identity", b"\xff" * size)))
    assert peer(handshake).routing_id == b"\xff" * size


@pytest.mark.parametrize("value", [b"i", b"\0i", bytes(300)])
def test_the_identity_of_types_that_have_none_is_not_looked_at(value: bytes) -> None:
    handshake = Handshake(PULL, Limits())
    handshake.feed(greeting() + ready(b"PUSH", prop(b"Identity", value)))
    assert peer(handshake).routing_id == b""


@pytest.mark.parametrize("kind", ["REQ", "DEALER", "ROUTER", "REP", "PUB", "PAIR"])
def test_the_routing_id_is_said_by_the_types_that_have_one(kind: str) -> None:
    handshake = Handshake(Local(kind, frozenset({"X"}), routing_id=b"id"), Limits())
    more = [prop(b"Identity", b"id")] if kind in ("REQ", "DEALER", "ROUTER") else []
    assert handshake.feed(greeting()) == ready(kind.encode(), *more)


def test_a_large_ready_is_accepted_up_to_the_limit() -> None:
    octets = greeting() + ready(b"PUSH", prop(b"X-Large", bytes(500)))
    size = len(octets) - 64 - 9
    assert shaken(PULL, one_by_one(octets), Limits(handshake=size))[0][1] == "b''"
    assert shaken(PULL, [octets], Limits(handshake=size - 1))[0][0] == "WIRE-15"
    assert shaken(PULL, [greeting() + frame(ready(b"PUSH")[2:], 4, long=True)])[0][1] == "b''"


# --- what we say


@pytest.mark.parametrize(
    "change",
    [
        {"mechanism": "CURVE"},
        {"routing_id": bytes([1]) * 256},
        {"routing_id": b"\0id"},
        {"username": bytes(256)},
        {"password": bytes(256)},
        {"metadata": (("", b""),)},
        {"metadata": (("n" * 256, b""),)},
    ],
)
def test_what_no_peer_could_be_told_is_our_own_error(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"mechanism|routing id|property"):
        replace(PUSH, **change)  # type: ignore[arg-type]  # fields of several types by their names


def test_a_handshake_that_failed_has_failed() -> None:
    handshake = Handshake(PUSH, Limits())
    for octets in (greeting(mechanism=b"CURVE"), greeting() + ready(b"PULL"), b""):
        with pytest.raises(PeerError, match="WIRE-6"):
            handshake.feed(octets)


# --- arbitrary octets


@given(st.binary(max_size=100), st.sampled_from([b"", greeting(), greeting(mechanism=b"PLAIN")]), cuts, st.booleans())
def test_any_octets_end_in_no_other_error(data: bytes, before: bytes, where: list[int], server: bool) -> None:
    for local in (PULL, replace(PLAIN_SERVER, as_server=server)):
        assert shaken(local, pieces(before + data, where)) == shaken(local, [before + data])


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), min_size=1, max_size=3), cuts)
def test_a_handshake_with_octets_changed_ends_in_no_other_error(
    changes: list[tuple[int, int]], where: list[int]
) -> None:
    for local, octets in (
        (ROUTER, greeting() + ready(b"DEALER", prop(b"Identity", b"id"))),
        (
            replace(PLAIN_SERVER, authenticate=lambda *_: True),
            greeting(mechanism=b"PLAIN") + command(b"HELLO", b"\1u\1p") + ready(b"DEALER", name=b"INITIATE"),
        ),
    ):
        data = bytearray(octets)
        for place, value in changes:
            data[place % len(data)] = value
        assert shaken(local, pieces(bytes(data), where)) == shaken(local, [bytes(data)])
