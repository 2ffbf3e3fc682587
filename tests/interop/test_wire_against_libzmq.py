"""The wire against libzmq's real octets: handshakes and messages both ways over a plain blocking TCP socket.

The reference socket is not used here: what libzmq sends goes into ``model/wire``, and what that returns goes back.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from select import select
from typing import Any

import pytest

from enomem.model.wire import commands, frames
from enomem.model.wire.commands import Cancel, Command, Ping, Pong, Subscribe
from enomem.model.wire.decoder import Decoder, Limits
from enomem.model.wire.errors import PeerError
from enomem.model.wire.handshake import Handshake, Local, Peer

zmq = pytest.importorskip("zmq", reason="pyzmq is not installed")
auth = pytest.importorskip("zmq.auth.thread", reason="pyzmq is not installed")

HOST = "127.0.0.1"
PATIENCE = 10
"""Seconds after which a test fails; nothing waits for that long if all goes well."""
TYPES = {
    "REQ": {"REP", "ROUTER"}, "REP": {"REQ", "DEALER"}, "DEALER": {"REP", "DEALER", "ROUTER"},
    "ROUTER": {"REQ", "DEALER", "ROUTER"}, "PUB": {"SUB", "XSUB"}, "XPUB": {"SUB", "XSUB"}, "SUB": {"PUB", "XPUB"},
    "XSUB": {"PUB", "XPUB"}, "PUSH": {"PULL"}, "PULL": {"PUSH"}, "PAIR": {"PAIR"},
}  # fmt: skip
MESSAGES = [
    [b""], [b"one"], [b"a" * 255], [b"b" * 256], [b"c" * 70_000], [b"d" * (1 << 20)],
    [b"", b"", b""], [b"x"] * 20, [b"head", b"e" * 300, b"", b"f" * 100_000, b"\xff\0"],
]  # fmt: skip
Event = list[bytes] | Command
Meet = Callable[[Any, Local], "Wire"]


def local(kind: str) -> Local:
    return Local(kind, frozenset(TYPES[kind]))


class Closed(AssertionError):
    """The connection has ended."""


class Wire:
    """``model/wire`` on one connected socket, blocking."""

    def __init__(self, connection: socket.socket, says: Local) -> None:
        connection.settimeout(PATIENCE)
        self.connection = connection
        self.handshake = Handshake(says, Limits())
        self.waiting: list[Event] = []

    def shake(self) -> Peer:
        """Do the handshake; PeerError, and the peer has been told, if it fails."""
        self.connection.sendall(self.handshake.start())
        while self.handshake.peer is None:
            data = self.connection.recv(1 << 16)
            if not data:
                raise Closed("libzmq closed the connection")
            try:
                self.connection.sendall(self.handshake.feed(data))
            except PeerError as error:
                self.connection.sendall(error.tell)
                raise
        self.decoder = Decoder(self.handshake.peer.version, Limits())
        self.decoder.feed(self.handshake.rest)
        return self.handshake.peer

    def send(self, parts: list[bytes]) -> None:
        for buffer in frames.encode(parts):
            self.connection.sendall(buffer)

    def event(self) -> Event:
        """The next message or command."""
        while not self.waiting:
            self.waiting += self.decoder.take(1)
            if self.waiting:
                break
            if self.decoder.wanted:
                self.decoder.allow()
                continue
            target = self.decoder.target()
            if target is None:
                data = self.connection.recv(1 << 14)
                if not data:
                    raise Closed("libzmq closed the connection")
                self.decoder.feed(data)
            else:
                self.decoder.filled(self.connection.recv_into(target))
        return self.waiting.pop(0)

    def closed(self) -> bool:
        """Does the connection end, whatever else still comes?"""
        try:
            while self.connection.recv(1 << 14):
                pass
        except ConnectionError:
            pass
        return True


class Libzmq:
    """Opens sockets of libzmq, and closes them at the end."""

    def __init__(self) -> None:
        self.context = zmq.Context()
        self.sockets: list[Any] = []

    def __call__(self, kind: str, **options: object) -> Any:
        made = self.context.socket(getattr(zmq, kind))
        self.sockets.append(made)
        made.rcvtimeo = made.sndtimeo = PATIENCE * 1000
        for name, value in options.items():
            setattr(made, name, value)
        return made


@pytest.fixture
def libzmq() -> Iterator[Libzmq]:
    """One context of libzmq."""
    made = Libzmq()
    yield made
    for each in made.sockets:
        each.close(linger=0)
    made.context.term()


@pytest.fixture
def authenticator(libzmq: Libzmq) -> Iterator[None]:
    """Somebody whom libzmq's servers ask: only user with password may come in."""
    thread = auth.ThreadAuthenticator(libzmq.context)
    thread.start()
    thread.configure_plain(domain="global", passwords={"user": "password"})
    yield
    thread.stop()


@pytest.fixture(params=["libzmq binds", "libzmq connects"])
def meet(request: pytest.FixtureRequest) -> Iterator[Meet]:
    """Connects a libzmq socket and ours."""
    connections: list[socket.socket] = []

    def call(theirs: Any, says: Local) -> Wire:
        if request.param == "libzmq binds":
            connection = socket.create_connection((HOST, theirs.bind_to_random_port(f"tcp://{HOST}")), PATIENCE)
        else:
            with socket.create_server((HOST, 0)) as listener:
                listener.settimeout(PATIENCE)
                theirs.connect(f"tcp://{HOST}:{listener.getsockname()[1]}")
                connection, _ = listener.accept()
        connections.append(connection)
        return Wire(connection, says)

    yield call
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("mechanism", ["NULL", "PLAIN client", "PLAIN server"])
def test_messages_both_ways(libzmq: Libzmq, authenticator: None, meet: Meet, mechanism: str) -> None:
    says = Local("PAIR", frozenset({"PAIR"}))
    options: dict[str, object] = {}
    if mechanism == "PLAIN client":
        says = replace(says, mechanism="PLAIN", username=b"user", password=b"password")
        options = {"plain_server": 1, "zap_domain": b"global"}
    elif mechanism == "PLAIN server":
        says = replace(says, mechanism="PLAIN", as_server=True, authenticate=lambda u, p: (u, p) == (b"user", b"p\xff"))
        options = {"plain_username": b"user", "plain_password": b"p\xff"}
    theirs = libzmq("PAIR", **options)
    wire = meet(theirs, says)
    peer = wire.shake()
    assert (peer.version, peer.socket_type, peer.mechanism) == ((3, 1), "PAIR", mechanism.split()[0])
    assert peer.user == (b"user" if mechanism == "PLAIN server" else b"")
    for message in MESSAGES:
        wire.send(message)
        assert theirs.recv_multipart() == message
        theirs.send_multipart(message)
        assert wire.event() == message


@pytest.mark.parametrize("theirs", TYPES)
def test_every_type_says_its_name_and_its_routing_id_if_it_has_one(libzmq: Libzmq, meet: Meet, theirs: str) -> None:
    end = libzmq(theirs)
    if theirs in ("REQ", "DEALER", "ROUTER"):
        end.routing_id = b"\xffid"
    peer = meet(end, local(min(TYPES[theirs]))).shake()
    assert peer.socket_type == theirs
    assert peer.routing_id == (b"\xffid" if theirs in ("REQ", "DEALER", "ROUTER") else b"")


def test_our_routing_id_is_understood(libzmq: Libzmq, meet: Meet) -> None:
    router = libzmq("ROUTER")
    wire = meet(router, replace(local("DEALER"), routing_id=b"\xffid"))
    wire.shake()
    wire.send([b"hello"])
    assert router.recv_multipart() == [b"\xffid", b"hello"]


def test_subscriptions_of_libzmq_are_commands(libzmq: Libzmq, meet: Meet) -> None:
    sub = libzmq("SUB")
    sub.subscribe(b"a")
    wire = meet(sub, local("PUB"))
    wire.shake()
    # libzmq takes a connection that it accepted into use, and says what it wants, inside a call only.
    for _ in range(PATIENCE * 100):
        if select([wire.connection], [], [], 0)[0]:
            break
        sub.poll(10)
    assert wire.event() == Subscribe(b"a")
    sub.subscribe(b"topic" * 100)
    assert wire.event() == Subscribe(b"topic" * 100)
    sub.unsubscribe(b"a")
    assert wire.event() == Cancel(b"a")


def test_our_subscriptions_are_understood_in_both_forms(libzmq: Libzmq, meet: Meet) -> None:
    xpub = libzmq("XPUB", xpub_verboser=1)
    wire = meet(xpub, local("SUB"))
    version = wire.shake().version
    assert version == (3, 1)
    wire.connection.sendall(commands.encode_subscription(version, b"new", True))
    assert xpub.recv_multipart() == [b"\1new"]
    wire.connection.sendall(commands.encode_subscription((3, 0), b"old", True))
    assert xpub.recv_multipart() == [b"\1old"]
    xpub.send(b"older")
    assert wire.event() == [b"older"]
    wire.connection.sendall(commands.encode_subscription(version, b"new", False))
    assert xpub.recv_multipart() == [b"\0new"]
    wire.connection.sendall(commands.encode_subscription((3, 0), b"old", False))
    assert xpub.recv_multipart() == [b"\0old"]


def test_heartbeats_of_libzmq_are_read_and_answered(libzmq: Libzmq, meet: Meet) -> None:
    theirs = libzmq("PAIR", heartbeat_ivl=10, heartbeat_timeout=PATIENCE * 1000, heartbeat_ttl=20_000)
    wire = meet(theirs, local("PAIR"))
    wire.shake()
    for _ in range(2):
        ping = wire.event()
        assert ping == Ping(200, b"")
        wire.connection.sendall(commands.encode_pong(b""))
    theirs.send(b"still here")
    while (event := wire.event()) == Ping(200, b""):
        pass
    assert event == [b"still here"]


@pytest.mark.parametrize("ping_context", [b"", b"16 octets of it."])
def test_our_ping_is_answered_with_its_context_in_the_middle_of_a_message(
    libzmq: Libzmq, meet: Meet, ping_context: bytes
) -> None:
    theirs = libzmq("PAIR")
    wire = meet(theirs, local("PAIR"))
    wire.shake()
    wire.connection.sendall(frames.header(5, frames.MORE) + b"first" + commands.encode_ping(0, ping_context))
    assert wire.event() == Pong(ping_context)
    wire.send([b"last"])
    assert theirs.recv_multipart() == [b"first", b"last"]


# --- refused


@pytest.mark.parametrize(("password", "good"), [(b"password", True), (b"wrong", False)])
def test_libzmq_says_whether_a_password_is_right(
    libzmq: Libzmq, authenticator: None, meet: Meet, password: bytes, good: bool
) -> None:
    theirs = libzmq("PAIR", plain_server=1, zap_domain=b"global")
    wire = meet(theirs, replace(local("PAIR"), mechanism="PLAIN", username=b"user", password=password))
    if good:
        wire.shake()
        wire.send([b"in"])
        assert theirs.recv_multipart() == [b"in"]
        return
    with pytest.raises(PeerError, match=r"the peer says: 400 \[WIRE-20\]") as refused:
        wire.shake()
    assert commands.is_rejection(refused.value)


def test_libzmq_hears_that_its_password_is_wrong_and_takes_the_answer_for_malformed(libzmq: Libzmq, meet: Meet) -> None:
    """It awaits the ERROR that its own servers send, whose first two octets are one (WIRE-20)."""
    theirs = libzmq("PAIR", plain_username=b"user", plain_password=b"wrong")
    with theirs.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL) as monitor:
        monitor.rcvtimeo = PATIENCE * 1000
        wire = meet(theirs, replace(local("PAIR"), mechanism="PLAIN", as_server=True))
        with pytest.raises(PeerError, match="WIRE-31"):
            wire.shake()
        event, _ = monitor.recv_multipart()
        assert int.from_bytes(event[2:6], "little") == zmq.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
        theirs.disable_monitor()


def test_an_illegal_pair_is_refused_by_both(libzmq: Libzmq, meet: Meet) -> None:
    wire = meet(libzmq("PUSH"), local("PAIR"))
    with pytest.raises(PeerError, match="a PAIR does not talk to 'PUSH'"):
        wire.shake()
    assert wire.closed()


@pytest.mark.parametrize("says", ["NULL", "PLAIN"])
def test_another_mechanism_is_refused(libzmq: Libzmq, meet: Meet, says: str) -> None:
    """By whichever side sees it first: libzmq does not always send the rest of its greeting before it closes."""
    theirs = libzmq("PAIR", **({"plain_server": 1} if says == "NULL" else {}))
    wire = meet(theirs, replace(local("PAIR"), mechanism=says))
    with pytest.raises((PeerError, Closed), match=r"WIRE-6|closed"):
        wire.shake()
    assert wire.closed()
