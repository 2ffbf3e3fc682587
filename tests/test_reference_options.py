"""Options: names, ranges and defaults as in pyzmq, which can be read and set, and which take effect at once."""

import socket as os_socket
from collections.abc import Iterator
from typing import Any

import pytest
from interop.raw import message
from reference_stage import Room, fails, room

import enomem
from enomem import DONTWAIT, Again, InvalidArgument, Option
from enomem.model.reference import endpoints
from enomem.model.reference.options import KINDS

READ_ONLY = ("RCVMORE", "TYPE", "EVENTS", "FD", "LAST_ENDPOINT", "MECHANISM", "THREAD_SAFE")
WRITE_ONLY = ("SUBSCRIBE", "UNSUBSCRIBE")
NOT_READ_BY_LIBZMQ = (
    *("ROUTER_MANDATORY", "ROUTER_HANDOVER", "REQ_RELAXED", "REQ_CORRELATE", "PROBE_ROUTER", "CONNECT_ROUTING_ID"),
    *("XPUB_VERBOSE", "XPUB_VERBOSER", "XPUB_NODROP"),
)
"""libzmq lets them be set only."""
OURS = ("MESSAGE_MAXSIZE", "MESSAGE_MAXPARTS")

GOOD_AND_BAD: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    **dict.fromkeys(("SNDHWM", "RCVHWM", "BACKLOG"), ((0, 1, 2**31 - 1), (-1, 2**31, b"1", None, 1.5))),
    **dict.fromkeys(("LINGER", "RCVTIMEO", "SNDTIMEO"), ((-1, 0, 1, 2**31 - 1), (-2, 2**31, b"1", None, 0.5))),
    "RECONNECT_IVL": ((-1, 0, 5000), (-2, 2**31)),
    "RECONNECT_IVL_MAX": ((0, 5000), (-1, 2**31)),
    **dict.fromkeys(("HANDSHAKE_IVL", "HEARTBEAT_IVL", "CONNECT_TIMEOUT"), ((0, 2**31 - 1), (-1, 2**31))),
    "HEARTBEAT_TTL": ((0, 6_553_599), (-1, 6_553_600)),
    "HEARTBEAT_TIMEOUT": ((-1, 0, 1000), (-2, 2**31)),
    **dict.fromkeys(("MAXMSGSIZE", "MESSAGE_MAXSIZE"), ((-1, 0, 2**40), (-2, 2**63, b"1"))),
    "MESSAGE_MAXPARTS": ((-1, 0, 7), (-2, 2**31)),
    **dict.fromkeys(
        (
            *("ROUTER_MANDATORY", "ROUTER_HANDOVER", "REQ_RELAXED", "REQ_CORRELATE", "PROBE_ROUTER", "IMMEDIATE"),
            *("XPUB_VERBOSE", "XPUB_VERBOSER", "XPUB_NODROP", "PLAIN_SERVER", "IPV6", "IPV4ONLY", "MULTICAST_LOOP"),
            "CONFLATE",
        ),
        ((0, 1, True), (-1, 2, b"\1", None)),
    ),
    "INVERT_MATCHING": ((0,), (1,)),
    "ROUTING_ID": ((b"a", b"a" * 255, b"\xff\0"), (b"", b"\0a", b"a" * 256, 7)),
    "CONNECT_ROUTING_ID": ((b"a", b"a" * 255), (b"", b"a" * 256, 7)),
    **dict.fromkeys(("PLAIN_USERNAME", "PLAIN_PASSWORD", "ZAP_DOMAIN"), ((b"", b"x" * 255), (b"x" * 256, 7))),
    "TCP_KEEPALIVE": ((-1, 0, 1), (-2, 2)),
    **dict.fromkeys(
        ("TCP_KEEPALIVE_CNT", "TCP_KEEPALIVE_IDLE", "TCP_KEEPALIVE_INTVL", "SNDBUF", "RCVBUF"),
        ((-1, 1, 65536), (-2, 2**31)),
    ),
    "TOS": ((0, 255), (-1, 256)),
    "AFFINITY": ((0, 2**64 - 1), (-1, 2**64)),
    **dict.fromkeys(("RATE", "MULTICAST_HOPS"), ((1, 100), (0, -1))),
    "RECOVERY_IVL": ((0, 100), (-1,)),
}
"""For each option that can be set: values that it takes, and values that it does not."""


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


@pytest.fixture(scope="module")
def zmq() -> Any:
    """pyzmq, and with it libzmq."""
    return pytest.importorskip("zmq", reason="pyzmq is not installed: its defaults cannot be compared with")


@pytest.mark.parametrize("kind", [kind.name for kind in enomem.SocketType])
def test_what_is_not_set_is_as_libzmq_has_it(stage: Room, zmq: Any, kind: str) -> None:
    own: dict[str, Any] = {}
    theirs: dict[str, Any] = {}
    with (
        stage.context.socket(enomem.SocketType[kind]) as socket,
        zmq.Context() as context,
        context.socket(getattr(zmq, kind)) as other,
    ):
        for option in Option:
            if option.name in ("FD", *WRITE_ONLY, *OURS):
                continue
            assert int(option) == int(getattr(zmq, option.name))
            own[option.name] = socket.getsockopt(option)
            if option.name in NOT_READ_BY_LIBZMQ:
                with pytest.raises(zmq.ZMQError):
                    other.getsockopt(option)
            else:
                theirs[option.name] = other.getsockopt(option)
    assert {name: own[name] for name in theirs} == theirs


def test_each_option_that_can_be_set_is_in_the_table() -> None:
    assert set(GOOD_AND_BAD) == {option.name for option in Option} - {*READ_ONLY, *WRITE_ONLY}


@pytest.mark.parametrize("name", GOOD_AND_BAD)
def test_a_value_is_checked_when_it_is_set(stage: Room, name: str) -> None:
    socket = stage.socket("ROUTER")
    option = Option[name]
    good, bad = GOOD_AND_BAD[name]
    for value in good:
        socket.set(option, value)
        assert socket.get(option) == value
    before = socket.get(option)
    for value in bad:
        with fails(InvalidArgument):
            socket.set(option, value)
        assert socket.get(option) == before
    with pytest.raises(TypeError):
        socket.set(option, "text")


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_is_read_only_is_not_set(stage: Room, name: str) -> None:
    socket = stage.bound("PULL")
    value = socket.get(Option[name])
    with fails(InvalidArgument):
        socket.set(Option[name], value)
    with fails(InvalidArgument):
        setattr(socket, name.lower(), value)


def test_what_says_how_a_socket_is(stage: Room) -> None:
    socket = stage.socket("DEALER")
    assert socket.get(Option.TYPE) == enomem.DEALER
    assert socket.get(Option.LAST_ENDPOINT) == b""
    socket.bind("tcp://127.0.0.1:*")
    assert socket.get(Option.LAST_ENDPOINT) == socket.last_endpoint.encode()
    assert socket.get(Option.RCVMORE) == 0
    assert socket.get(Option.EVENTS) == 0
    assert socket.get(Option.FD) == socket.getsockopt(Option.FD) >= 0
    assert socket.get(Option.MECHANISM) == 0
    socket.plain_username = b"me"
    assert socket.get(Option.MECHANISM) == 1


def test_what_has_no_value_is_not_read(stage: Room) -> None:
    socket = stage.socket("SUB")
    with fails(enomem.NotSupported):
        socket.get(Option.SUBSCRIBE)
    for unknown in (-1, 0, 999_999):
        for call in (socket.get, lambda option: socket.set(option, 1)):
            with fails(enomem.SocketError) as raised:
                call(unknown)
            assert raised.value.errno == InvalidArgument.number


def test_attributes(stage: Room) -> None:
    socket = stage.socket("SUB")
    socket.linger = 17
    socket.RCVHWM = 5
    assert (socket.get(Option.LINGER), socket.get(Option.RCVHWM)) == (17, 5)
    assert (socket.LINGER, socket.rcvhwm, socket.type) == (17, 5, enomem.SUB)
    socket.subscribe = b"topic"
    assert stage.context.memory().sites[enomem.Site.SUBSCRIPTION] > 0
    socket.unsubscribe = b"topic"
    assert stage.context.memory().sites[enomem.Site.SUBSCRIPTION] == 0
    with fails(InvalidArgument):
        socket.linger = -2


@pytest.mark.parametrize("name", ["lingr", "Linger2", "close_all"])
def test_an_unknown_name_is_an_attribute_error(stage: Room, name: str) -> None:
    socket = stage.socket("SUB")
    assert not hasattr(socket, name)
    with pytest.raises(AttributeError, match=name):
        getattr(socket, name)
    # A word misspelt would otherwise be an option that is not set.
    with pytest.raises(AttributeError, match=name):
        setattr(socket, name, 0)


def test_ipv4only_is_the_opposite_of_ipv6(stage: Room) -> None:
    socket = stage.socket("PUSH")
    socket.ipv4only = 0
    assert socket.ipv6 == 1
    socket.ipv6 = 0
    assert socket.ipv4only == 1


# --- what takes effect at once


def test_a_higher_sndhwm_makes_room_at_once(stage: Room) -> None:
    push = stage.socket("PUSH", SNDHWM=1)
    push.connect("inproc://later")
    push.send(b"1", DONTWAIT)
    with fails(Again):
        push.send(b"2", DONTWAIT)
    push.sndhwm = 2
    push.send(b"2", DONTWAIT)
    with fails(Again):
        push.send(b"3", DONTWAIT)
    push.sndhwm = 0
    for _ in range(50):
        push.send(b"x", DONTWAIT)


def test_rcvhwm_bounds_what_is_read_from_now_on(stage: Room) -> None:
    pull = stage.bound("PULL")
    raw = stage.peer(pull, "PUSH")
    pull.rcvhwm = 2
    raw.send(b"".join(message(b"%d" % number) for number in range(9)))
    held = []
    for number in range(9):
        assert pull.recv() == b"%d" % number
        held.append(stage.context.memory().sites[enomem.Site.RECEIVE_BODY] // 65)
    assert max(held) == 2


def test_router_mandatory_at_once(stage: Room) -> None:
    router = stage.bound("ROUTER")
    router.send_multipart([b"nobody", b"x"])
    router.router_mandatory = 1
    with fails(enomem.HostUnreachable):
        router.send_multipart([b"nobody", b"x"])
    router.router_mandatory = 0
    router.send_multipart([b"nobody", b"x"])


def test_timeouts_at_once(stage: Room) -> None:
    pull = stage.socket("PULL", RCVTIMEO=0)
    with fails(Again):
        pull.recv()
    pull.rcvtimeo = 1
    with fails(Again):
        pull.recv()


def test_immediate_at_once(stage: Room) -> None:
    push = stage.socket("PUSH")
    push.connect("inproc://later")
    assert push.poll(0, enomem.POLLOUT) == enomem.POLLOUT
    push.immediate = 1
    assert push.poll(0, enomem.POLLOUT) == 0


# --- what the operating system is told

TOLD = [
    ("TCP_KEEPALIVE", 1, os_socket.SOL_SOCKET, os_socket.SO_KEEPALIVE),
    ("TCP_KEEPALIVE_IDLE", 77, os_socket.IPPROTO_TCP, getattr(os_socket, "TCP_KEEPIDLE", None)),
    ("TCP_KEEPALIVE_CNT", 7, os_socket.IPPROTO_TCP, getattr(os_socket, "TCP_KEEPCNT", None)),
    ("TCP_KEEPALIVE_INTVL", 17, os_socket.IPPROTO_TCP, getattr(os_socket, "TCP_KEEPINTVL", None)),
    ("TOS", 0x28, os_socket.IPPROTO_IP, os_socket.IP_TOS),
]


@pytest.mark.parametrize(("name", "value", "level", "number"), TOLD, ids=[row[0] for row in TOLD])
def test_the_system_is_told(stage: Room, name: str, value: int, level: int, number: int | None) -> None:
    if number is None:
        pytest.skip(f"this system does not have {name}")
    pull = stage.bound("PULL", **{name: value})
    stage.peer(pull, "PUSH")
    (connection,) = pull._core.connections
    assert connection.descriptor.getsockopt(level, number) == value


def test_buffers_are_asked_for(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    tune = endpoints.tune

    def noting(descriptor: os_socket.socket, options: Any) -> None:
        tune(descriptor, options)
        # Linux answers with twice what was asked for.
        seen.append(descriptor.getsockopt(os_socket.SOL_SOCKET, os_socket.SO_RCVBUF))

    monkeypatch.setattr(endpoints, "tune", noting)
    for size in (-1, 5000):
        stage.peer(stage.bound("PULL", RCVBUF=size), "PUSH")
    assert seen[0] > 10_000 >= seen[1] >= 5000


def test_maxmsgsize_ends_a_connection(stage: Room) -> None:
    pull = stage.bound("PULL", MAXMSGSIZE=3)
    raw = stage.peer(pull, "PUSH")
    raw.send(message(b"abc") + message(b"abcd"))
    assert pull.recv() == b"abc"
    raw.closed()


def test_the_table_of_kinds_has_no_default_that_is_refused() -> None:
    unset = {Option.ROUTING_ID, Option.CONNECT_ROUTING_ID}
    assert [option for option, kind in KINDS.items() if not kind.fits(kind.default)] == sorted(unset)
