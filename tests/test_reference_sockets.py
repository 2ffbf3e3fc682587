"""The calls of a socket: parts and messages, flags and timeouts, what can be sent, and whose fault an error is."""

import array
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from interop.raw import Raw, message
from reference_stage import Call, Room, eventually, fails, room

import enomem
from enomem import (
    DONTWAIT,
    POLLIN,
    POLLOUT,
    SNDMORE,
    Again,
    ContextTerminated,
    InvalidArgument,
    NotASocket,
    NotSupported,
    SocketError,
    StateError,
)
from enomem.model.reference.outgoing import Outgoing

PAIRS = [
    ("PAIR", "PAIR"),
    ("PUSH", "PULL"),
    ("DEALER", "DEALER"),
    ("XPUB", "XSUB"),
    ("PUB", "SUB"),
    ("REQ", "REP"),
    ("ROUTER", "DEALER"),
]


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


# --- parts


def test_part_by_part(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    push.send(b"a", SNDMORE)
    push.send(b"", SNDMORE)
    push.send(b"c")
    push.send(b"d")
    seen = []
    for _ in range(4):
        seen.append((pull.recv(), pull.rcvmore))
    assert seen == [(b"a", 1), (b"", 1), (b"c", 0), (b"d", 0)]


def test_the_rest_of_a_message(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    push.send_multipart([b"a", b"b", b"c"])
    push.send_multipart([b"d"])
    assert pull.recv() == b"a"
    assert pull.recv_multipart() == [b"b", b"c"]
    assert pull.recv_multipart() == [b"d"]


def test_nothing_of_a_message_arrives_before_its_last_part(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    push.send(b"first", SNDMORE)
    push.send(b"second", SNDMORE)
    assert pull.poll(1) == 0
    push.send(b"last")
    assert pull.recv_multipart() == [b"first", b"second", b"last"]


def test_send_multipart_may_leave_the_message_open(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    push.send_multipart([b"a", b"b"], SNDMORE)
    push.send_multipart([b"c", b"d"])
    assert pull.recv_multipart() == [b"a", b"b", b"c", b"d"]


def test_an_aborted_message_is_gone(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    used = stage.used
    push.send(b"gone", SNDMORE)
    push.abort_message()
    assert stage.used == used
    push.abort_message()
    push.send_multipart([b"a", b"b"])
    assert pull.recv_multipart() == [b"a", b"b"]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 8191, 8192, 8193, 1 << 20])
def test_parts_of_any_size(stage: Room, size: int) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    body = bytes(i % 251 for i in range(size))
    push.send_multipart([body, b"", body])
    assert pull.recv_multipart() == [body, b"", body]


def test_texts_and_json(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    push.send_string("Grüße")
    assert pull.recv() == "Grüße".encode()
    push.send_string("Grüße", SNDMORE, encoding="latin-1")
    push.send_json({"a": [1, None]})
    assert pull.recv_string(encoding="latin-1") == "Grüße"
    assert pull.recv_json() == {"a": [1, None]}


class Octets(bytes):
    """Octets of one's own kind."""


@pytest.mark.parametrize(
    "data", [b"abcd", bytearray(b"abcd"), memoryview(b"abcd"), Octets(b"abcd"), memoryview(b"xaxbxcxd")[1::2],
             array.array("i", [0x64636261]), memoryview(array.array("i", [0x64636261]))],
    ids=["bytes", "bytearray", "memoryview", "a kind of bytes", "not contiguous", "array", "of numbers"],
)  # fmt: skip
def test_what_is_octets(stage: Room, data: Any) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    push.send(data)
    push.send_multipart([data, b"x"])
    assert pull.recv() == b"abcd"
    assert pull.recv_multipart() == [b"abcd", b"x"]


def test_what_was_sent_is_not_changed_by_its_owner(stage: Room) -> None:
    push, pull = stage.socket("PUSH"), stage.socket("PULL")
    push.connect("inproc://x")
    data = bytearray(b"before")
    push.send(data)
    data[:] = b"after!"
    pull.bind("inproc://x")
    assert pull.recv() == b"before"


@pytest.mark.parametrize("data", ["text", 5, None, 1.5, ["list"], object()], ids=lambda data: type(data).__name__)
def test_what_is_no_octets_is_a_type_error(stage: Room, data: Any) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    used = stage.used
    with pytest.raises(TypeError):
        push.send(data)
    with pytest.raises(TypeError):
        push.send_multipart([b"good", data])
    assert stage.used == used
    push.send_multipart([b"a", b"b"])
    assert pull.recv_multipart() == [b"a", b"b"]


def test_a_message_has_a_part(stage: Room) -> None:
    push, _ = stage.pair("PUSH", "PULL")
    with fails(InvalidArgument):
        push.send_multipart([])


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_every_pattern_talks(stage: Room, first: str, second: str) -> None:
    one, other = stage.bound(first), stage.socket(second, ROUTING_ID=b"me")
    if second == "SUB":
        other.subscribe("")
    other.connect(one.last_endpoint)
    if second == "XSUB":
        other.send(b"\1")
        assert one.recv() == b"\1"
    elif first == "ROUTER":
        other.send(b"hello")
        assert one.recv_multipart() == [b"me", b"hello"]
    elif first == "PUB":
        assert _published(one, other) == [b"a", b"b"]
        return
    address = [b"me"] if first == "ROUTER" else []
    one.send_multipart([*address, b"a", b"b"])
    assert other.recv_multipart() == [b"a", b"b"]


def _published(pub: enomem.Socket, sub: enomem.Socket) -> list[bytes]:
    # A publisher does not say when a subscription has reached it.
    for _ in range(1000):
        pub.send_multipart([b"a", b"b"])
        if sub.poll(5):
            return sub.recv_multipart()
    raise AssertionError("nothing that was published arrives")


# --- who may not


def test_what_a_type_does_not_do(stage: Room) -> None:
    for kind in ("PULL", "SUB"):
        socket = stage.socket(kind)
        for call, data in ((socket.send, b"x"), (socket.send_multipart, [b"x", b"y"])):
            with fails(NotSupported):
                call(data)
    for kind in ("PUSH", "PUB"):
        socket = stage.socket(kind)
        for call in (socket.recv, socket.recv_multipart):
            with fails(NotSupported):
                call()
    with fails(NotSupported):
        stage.socket("PULL").subscribe("topic")


def test_whose_turn_it_is(stage: Room) -> None:
    rep, req = stage.pair("REP", "REQ")
    with fails(StateError) as raised:
        req.recv()
    assert raised.value.errno == 156384763
    with fails(StateError):
        rep.send(b"reply")
    req.send(b"request")
    with fails(StateError):
        req.send(b"request")
    assert rep.recv() == b"request"
    with fails(StateError):
        rep.recv()
    rep.send(b"reply")
    assert req.recv() == b"reply"


@pytest.mark.parametrize("kind", ["no type", -1, 99])
def test_no_such_type(stage: Room, kind: Any) -> None:
    with fails(InvalidArgument):
        stage.context.socket(kind)


CALLS = {
    "send": lambda socket: socket.send(b"x"),
    "send_multipart": lambda socket: socket.send_multipart([b"x"]),
    "try_send": lambda socket: socket.try_send(b"x"),
    "recv": lambda socket: socket.recv(),
    "recv_multipart": lambda socket: socket.recv_multipart(),
    "try_recv": lambda socket: socket.try_recv(),
    "abort_message": lambda socket: socket.abort_message(),
    "poll": lambda socket: socket.poll(0),
    "bind": lambda socket: socket.bind("inproc://x"),
    "connect": lambda socket: socket.connect("inproc://x"),
    "unbind": lambda socket: socket.unbind("inproc://x"),
    "disconnect": lambda socket: socket.disconnect("inproc://x"),
    "bind_to_random_port": lambda socket: socket.bind_to_random_port("tcp://127.0.0.1"),
    "get": lambda socket: socket.get(enomem.Option.LINGER),
    "set": lambda socket: socket.set(enomem.Option.LINGER, 0),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_closed_socket_and_a_terminated_context(stage: Room, name: str) -> None:
    closed, opened = stage.socket("PAIR"), stage.socket("PAIR")
    closed.close()
    closed.close()
    with fails(NotASocket) as raised:
        CALLS[name](closed)
    assert raised.value.errno == NotASocket.number
    ending = Call(stage.context.term)
    eventually(lambda: stage.context.closed, "the context ends")
    with fails(ContextTerminated) as ended:
        CALLS[name](opened)
    assert ended.value.errno == 156384765
    opened.close()
    ending.answer()
    with fails(ContextTerminated):
        stage.context.socket(enomem.PUSH)


def test_errors_are_os_errors() -> None:
    for name in ("Again", "InvalidArgument", "NoMemory", "NotASocket", "StateError", "ContextTerminated"):
        assert issubclass(getattr(enomem, name), OSError)
    assert enomem.ZMQError is SocketError
    assert issubclass(enomem.NoMemory, MemoryError)
    assert issubclass(enomem.OurBug, AssertionError)


# --- flags and timeouts


def bounded(call: Any, low: float, high: float) -> float:
    """How long a call took that raised Again."""
    began = time.monotonic()
    with fails(Again):
        call()
    took = time.monotonic() - began
    assert low <= took < high, took
    return took


@pytest.mark.parametrize("dontwait", [True, False], ids=["flag", "timeout of 0"])
def test_not_waiting(stage: Room, dontwait: bool) -> None:
    dealer = stage.socket("DEALER", **({} if dontwait else {"RCVTIMEO": 0, "SNDTIMEO": 0}))
    flags = DONTWAIT if dontwait else 0
    for call in (dealer.recv, dealer.recv_multipart):
        bounded(lambda call=call: call(flags), 0, 1)
    for call, data in ((dealer.send, b"x"), (dealer.send_multipart, [b"x", b"y"])):
        bounded(lambda call=call, data=data: call(data, flags), 0, 1)


@pytest.mark.parametrize("attached", [False, True], ids=["alone", "with a peer"])
def test_timeouts_are_kept(stage: Room, attached: bool) -> None:
    dealer = stage.bound("DEALER", RCVTIMEO=40, SNDTIMEO=40, SNDHWM=1)
    if attached:
        stage.peer(dealer, "DEALER")
    bounded(dealer.recv, 0.04, 2)
    if not attached:
        bounded(lambda: dealer.send(b"x"), 0.04, 2)


def test_a_timeout_is_not_prolonged_by_what_changes_meanwhile(stage: Room) -> None:
    pull = stage.bound("PULL", RCVTIMEO=150)
    stop = threading.Event()

    def connects() -> None:
        while not stop.wait(0.005):
            raw = Raw.connect(pull.last_endpoint)
            raw.handshake("PUSH")
            raw.close()

    busy = Call(connects)
    bounded(pull.recv, 0.15, 2)
    stop.set()
    busy.answer()


def test_the_last_part_of_a_full_pipe_is_taken(stage: Room) -> None:
    push = stage.socket("PUSH", SNDHWM=1)
    push.connect("inproc://x")
    push.send(b"a", SNDMORE | DONTWAIT)
    push.send(b"b", DONTWAIT)
    with fails(Again):
        push.send(b"c", SNDMORE | DONTWAIT)
    pull = stage.socket("PULL")
    pull.bind("inproc://x")
    assert pull.recv_multipart() == [b"a", b"b"]


def test_poll(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL", SNDHWM=1)
    assert pull.poll(0) == 0
    assert pull.poll(1, POLLIN | POLLOUT) == 0
    push.send_multipart([b"a", b"b"])
    assert pull.poll() == POLLIN
    assert pull.poll(0, POLLOUT) == 0
    assert pull.recv() == b"a"
    assert pull.poll(0) == POLLIN
    assert pull.recv() == b"b"
    assert pull.poll(0) == 0
    assert push.poll(1000, POLLIN | POLLOUT) == POLLOUT
    assert stage.socket("PUSH").poll(0, POLLOUT) == 0


def test_poll_wakes_up(stage: Room) -> None:
    pull = stage.bound("PULL")
    raw = stage.peer(pull, "PUSH")
    polling = Call(pull.poll, 5000).waits_for(pull)
    raw.send(message(b"x"))
    assert polling.answer() == POLLIN


# --- context managers and names


def test_with() -> None:
    with enomem.Context() as context, context.socket(enomem.PUSH) as push:
        push.bind("tcp://127.0.0.1:*")
        assert "PUSH" in repr(push)
        assert push.last_endpoint in repr(push)
        assert not push.closed
    assert push.closed
    assert context.closed
    assert "closed" in repr(push)


def test_the_context_that_is_shared() -> None:
    first = enomem.Context.instance()
    assert enomem.Context.instance() is first
    first.term()
    second = enomem.Context.instance()
    assert second is not first
    second.term()


def test_sendings_failure_is_seen(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell whose send_multipart leaves a part behind is found by the test of types above."""
    monkeypatch.setattr(Outgoing, "abort", lambda *_: None)
    push, pull = stage.pair("PUSH", "PULL", SNDHWM=1)
    push.send(b"left", SNDMORE)
    push.abort_message()
    push.send(b"a")
    assert pull.recv_multipart() != [b"a"]
