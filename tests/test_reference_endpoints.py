"""Endpoints: what an address says, where a socket listens, and that a call that fails leaves nothing behind."""

import errno
import os
import socket as os_socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from interop.raw import Raw
from reference_stage import Room, fails, open_descriptors, room, unknown_host

import enomem
from enomem import AddressInUse, EventKind, InvalidArgument, Site, SocketError
from enomem.model.reference import endpoints
from enomem.model.reference.endpoints import Address, parse

HOST = "127.0.0.1"

BOTH = {
    "tcp://127.0.0.1:1": Address("", "tcp", HOST, 1),
    "tcp://127.0.0.1:65535": Address("", "tcp", HOST, 65535),
    "tcp://localhost:5555": Address("", "tcp", "localhost", 5555),
    "tcp://[::1]:5555": Address("", "tcp", "::1", 5555),
    "ipc:///tmp/a:b": Address("", "ipc", path="/tmp/a:b"),
    "ipc://@abstract": Address("", "ipc", path="@abstract"),
    "inproc://a": Address("", "inproc", path="a"),
    "inproc://a://b": Address("", "inproc", path="a://b"),
}
BINDING = {
    "tcp://127.0.0.1:0": Address("", "tcp", HOST, 0),
    "tcp://127.0.0.1:*": Address("", "tcp", HOST, 0),
    "tcp://*:*": Address("", "tcp", "*", 0),
    "tcp://*:80": Address("", "tcp", "*", 80),
    "ipc://*": Address("", "ipc", path="*"),
}
CONNECTING = {
    "tcp://10.0.0.1:0;127.0.0.1:7": Address("", "tcp", HOST, 7),
}
BAD = (
    *("", "tcp", "tcp:", "tcp://", "127.0.0.1:5555", "://x", "tcp:/127.0.0.1:1", "inproc://", "ipc://"),
    *("tcp://127.0.0.1", "tcp://:5555", "tcp://127.0.0.1:", "tcp://127.0.0.1:x", "tcp://127.0.0.1:-1"),
    *("tcp://127.0.0.1:65536", "tcp://127.0.0.1:1 ", "tcp://127.0.0.1:٣", "tcp://127.0.0.1:0x10"),
    *("tcp://a\0b:1", "ipc://a\0b", "ipc://\ud800", "tcp://\ud800:1"),
)
BAD_TO_CONNECT = ("tcp://127.0.0.1:0", "tcp://127.0.0.1:*", "tcp://*:5555")


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


# --- what an address says


@pytest.mark.parametrize(("text", "address"), [*BOTH.items(), *BINDING.items()])
def test_where_to_listen(text: str, address: Address) -> None:
    assert parse(text, binding=True) == replace(address, text=text)


@pytest.mark.parametrize(("text", "address"), [*BOTH.items(), *CONNECTING.items()])
def test_where_to_connect(text: str, address: Address) -> None:
    assert parse(text, binding=False) == replace(address, text=text)


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_endpoint(stage: Room, text: str) -> None:
    socket = stage.socket("DEALER")
    before = stage.used, open_descriptors()
    for call in (socket.bind, socket.connect):
        with fails(InvalidArgument):
            call(text)
    assert (stage.used, open_descriptors()) == before
    assert socket.last_endpoint == ""


@pytest.mark.parametrize("text", BAD_TO_CONNECT)
def test_where_nobody_can_connect_to(stage: Room, text: str) -> None:
    with fails(InvalidArgument):
        stage.socket("DEALER").connect(text)


@pytest.mark.parametrize("text", ["udp://127.0.0.1:1", "pgm://x", "TCP://127.0.0.1:1", "ws://127.0.0.1:1/x"])
def test_another_transport(stage: Room, text: str) -> None:
    socket = stage.socket("DEALER")
    for call in (socket.bind, socket.connect):
        with fails(SocketError) as raised:
            call(text)
        assert raised.value.errno == errno.EPROTONOSUPPORT


# --- listening


@pytest.mark.parametrize("text", ["tcp://127.0.0.1:0", "tcp://127.0.0.1:*", "tcp://localhost:*", "tcp://*:*"])
def test_any_free_port(stage: Room, text: str) -> None:
    one, other = stage.socket("PULL"), stage.socket("PULL")
    for socket in (one, other):
        socket.bind(text)
    assert one.last_endpoint != other.last_endpoint
    for socket in (one, other):
        address = parse(socket.last_endpoint, binding=False)
        assert address.host == ("0.0.0.0" if "*:" in text else HOST)
        raw = Raw(os_socket.create_connection((HOST, address.port)))
        raw.handshake("PUSH")
        raw.close()


def test_ipv6(stage: Room) -> None:
    pull, push = stage.socket("PULL", IPV6=1), stage.socket("PUSH", IPV6=1)
    try:
        pull.bind("tcp://[::1]:*")
    except SocketError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    assert pull.last_endpoint.startswith("tcp://[::1]:")
    push.connect(pull.last_endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"
    pull.unbind(pull.last_endpoint)


def test_ipv6_has_to_be_asked_for(stage: Room) -> None:
    with fails(SocketError) as raised:
        stage.socket("PULL").bind("tcp://[::1]:*")
    assert raised.value.errno == errno.ENODEV


def test_a_wildcard_with_ipv6_takes_both(stage: Room) -> None:
    pull = stage.socket("PULL", IPV6=1)
    try:
        pull.bind("tcp://*:*")
    except SocketError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    assert pull.last_endpoint.startswith("tcp://[::]:")
    push = stage.socket("PUSH")
    push.connect(f"tcp://127.0.0.1:{pull.last_endpoint.rpartition(':')[2]}")
    push.send(b"x")
    assert pull.recv() == b"x"


def test_an_address_in_use(stage: Room) -> None:
    first, second = stage.bound("PULL"), stage.socket("PULL")
    before = stage.used, open_descriptors()
    for endpoint in (first.last_endpoint, f"tcp://*:{first.last_endpoint.rpartition(':')[2]}"):
        with fails(AddressInUse):
            second.bind(endpoint)
    first.bind("inproc://here")
    with fails(AddressInUse):
        second.bind("inproc://here")
    first.unbind("inproc://here")
    assert (stage.used, open_descriptors()) == before
    assert second.last_endpoint == ""
    second.bind("tcp://127.0.0.1:*")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("tcp://no.such.host.invalid:1", errno.ENODEV),
        ("tcp://192.0.2.1:1", errno.EADDRNOTAVAIL),
        ("ipc:///no/such/folder/socket", errno.ENOENT),
        ("ipc:///" + "x" * 200, errno.ENAMETOOLONG),
    ],
)
def test_nothing_is_left_where_nobody_can_listen(
    stage: Room, text: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if number == errno.ENODEV:
        monkeypatch.setattr(endpoints.os_socket, "getaddrinfo", unknown_host)
    socket = stage.socket("PULL")
    socket.monitor_events()
    before = stage.used, open_descriptors()
    with fails(SocketError) as raised:
        socket.bind(text)
    assert raised.value.errno == number
    assert stage.used == before[0]
    assert open_descriptors() - before[1] <= {str(descriptor) for descriptor in _of_the_thread(stage)}
    # What is no address is not even tried.
    tried = [] if number == errno.ENAMETOOLONG else [(EventKind.BIND_FAILED, text, number)]
    assert [(event.kind, event.endpoint, event.value) for event in socket.monitor_events()] == tried


def _of_the_thread(stage: Room) -> set[int]:
    reactor = stage.context.reactor
    return {reactor._selector.fileno(), reactor._wake_in, reactor._wake_out}


def test_without_memory_nobody_listens() -> None:
    refused: set[Site] = set()
    with room(allocator=lambda site, _: site not in refused) as stage:
        socket = stage.socket("DEALER")
        before = stage.used, open_descriptors()
        refused |= {Site.LISTENER, Site.CONNECTION}
        for call, site in ((socket.bind, Site.LISTENER), (socket.connect, Site.CONNECTION)):
            with fails(enomem.NoMemory) as raised:
                call(f"tcp://{HOST}:5555")
            assert raised.value.site == site
        assert stage.used == before[0]
        assert open_descriptors() - before[1] <= {str(descriptor) for descriptor in _of_the_thread(stage)}
        refused.clear()
        socket.bind("tcp://127.0.0.1:*")


def test_what_a_failed_bind_leaves_is_seen(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above misses nothing: a shell that forgets to give the memory back is found."""
    monkeypatch.setattr(stage.context, "release", lambda *_: None)
    socket = stage.socket("PULL")
    used = stage.context.pool.used
    with fails(SocketError):
        socket.bind("ipc:///no/such/folder/socket")
    with pytest.raises(enomem.OurBug):
        stage.context.memory()
    monkeypatch.undo()
    stage.context.release(Site.LISTENER, stage.context.pool.used - used)


def test_unbind_by_what_was_said_and_by_what_came_of_it(stage: Room) -> None:
    socket = stage.socket("PULL")
    free = stage.used
    for text in ("tcp://127.0.0.1:*", "tcp://localhost:*", "ipc://*", "inproc://x"):
        for name in (lambda text=text: text, lambda: socket.last_endpoint):
            socket.bind(text)
            endpoint = socket.last_endpoint
            assert stage.used > free
            socket.unbind(name())
            assert stage.used == free
            with fails(SocketError) as raised:
                socket.unbind(endpoint)
            assert raised.value.errno == errno.ENOENT


def test_unbind_ends_what_came_from_there_and_nothing_else(stage: Room) -> None:
    pull = stage.bound("PULL")
    first = stage.peer(pull, "PUSH")
    gone = pull.last_endpoint
    pull.bind("tcp://127.0.0.1:*")
    second = stage.peer(pull, "PUSH")
    pull.unbind(gone)
    first.closed()
    with pytest.raises(ConnectionRefusedError):
        Raw.connect(gone)
    assert not second.ended
    assert len(pull._core.connections) == 1


def test_a_random_port_in_a_range(stage: Room) -> None:
    pull = stage.socket("PULL")
    port = pull.bind_to_random_port(f"tcp://{HOST}")
    assert pull.last_endpoint == f"tcp://{HOST}:{port}"
    other = stage.socket("PULL")
    # The only port of this range is taken: pyzmq gives up, and so do we.
    with fails(AddressInUse):
        other.bind_to_random_port(f"tcp://{HOST}", port, port + 1, max_tries=3)
    pull.unbind(pull.last_endpoint)
    assert other.bind_to_random_port(f"tcp://{HOST}", port, port + 1) == port


# --- ipc


def test_ipc(stage: Room, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    pull, push = stage.socket("PULL"), stage.socket("PUSH")
    pull.bind(f"ipc://{path}")
    assert pull.last_endpoint == f"ipc://{path}"
    push.connect(pull.last_endpoint)
    push.send_multipart([b"a", b"b"])
    assert pull.recv_multipart() == [b"a", b"b"]
    pull.unbind(f"ipc://{path}")
    assert not path.exists()


def test_an_ipc_wildcard_leaves_neither_file_nor_folder(stage: Room) -> None:
    pull, push = stage.socket("PULL"), stage.socket("PUSH")
    pull.bind("ipc://*")
    path = Path(pull.last_endpoint.removeprefix("ipc://"))
    push.connect(pull.last_endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"
    assert path.is_socket()
    pull.close()
    assert not path.parent.exists()


def test_an_abstract_name(stage: Room) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("only Linux has names that are no files")
    pull, push = stage.socket("PULL"), stage.socket("PUSH")
    endpoint = f"ipc://@enomem-{os.getpid()}"
    pull.bind(endpoint)
    push.connect(endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"


def test_what_a_dead_process_left_is_taken_over_and_nothing_else(stage: Room, tmp_path: Path) -> None:
    left, kept = tmp_path / "left", tmp_path / "kept"
    with os_socket.socket(os_socket.AF_UNIX) as dead:
        dead.bind(os.fspath(left))
    kept.write_text("somebody's work")
    pull = stage.socket("PULL")
    pull.bind(f"ipc://{left}")
    with fails(AddressInUse):
        pull.bind(f"ipc://{kept}")
    assert kept.read_text() == "somebody's work"


def test_a_path_too_long_to_connect_to(stage: Room) -> None:
    push = stage.socket("PUSH")
    with fails(SocketError) as raised:
        push.connect("ipc:///" + "x" * 107)
    assert raised.value.errno == errno.ENAMETOOLONG
