"""A thread that waits for its only connection reads that itself: a lease, of which nothing and nobody else suffers."""

import os
import time
from collections.abc import Iterator
from select import select

import pytest
from interop.raw import Raw, command, message
from reference_stage import Call, Room, events_until, eventually, fails, met, room

import enomem
from enomem import DONTWAIT, POLLIN, Again, EventKind, Option, Poller
from enomem.model.reference import waiting, watching
from enomem.model.reference.connections import Connection


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


@pytest.fixture
def long_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that do not end by themselves within a test: whatever works is not the clock's merit."""
    monkeypatch.setattr(watching, "LEASE", 60_000)


def only(socket: enomem.Socket) -> Connection:
    (connection,) = socket._core.connections
    return connection


def leased(stage: Room, kind: str = "PULL", **options: object) -> tuple[enomem.Socket, Raw]:
    """A socket whose thread has waited for its only connection, and does not wait any more."""
    socket = stage.bound(kind, **options)
    raw = stage.peer(socket, {"PULL": "PUSH", "DEALER": "DEALER"}[kind])
    receiving = Call(socket.recv)
    eventually(lambda: only(socket).polled, "the thread waits for the connection itself")
    raw.send(message(b"first"))
    assert receiving.answer() == b"first"
    assert only(socket).leased
    return socket, raw


# --- who reads


def test_who_waits_reads_itself(stage: Room, long_leases: None) -> None:
    socket, raw = leased(stage)
    reactor = stage.context.reactor
    assert only(socket).number not in reactor._selector.get_map()
    for number in range(20):
        receiving = Call(socket.recv)
        eventually(lambda: only(socket).polled, "the thread waits itself")
        raw.send(message(b"%d" % number))
        assert receiving.answer() == b"%d" % number


def test_with_two_connections_nobody_leases(stage: Room, long_leases: None) -> None:
    socket = stage.bound("PULL")
    first, second = (stage.peer(socket, "PUSH") for _ in range(2))
    for number, raw in enumerate((first, second)):
        receiving = Call(socket.recv).waits_for(socket)
        assert not any(connection.leased for connection in socket._core.connections)
        raw.send(message(b"%d" % number))
        assert receiving.answer() == b"%d" % number


def test_a_second_connection_while_a_thread_waits(stage: Room, long_leases: None) -> None:
    socket = stage.bound("PULL")
    first = stage.peer(socket, "PUSH")
    receiving = Call(lambda: [socket.recv() for _ in range(2)])
    eventually(lambda: only(socket).polled, "the thread waits itself")
    second = stage.peer(socket, "PUSH")
    eventually(lambda: met(socket) == 2, "the second is known")
    # The thread waits for both now, and the first is not forgotten.
    first.send(message(b"first"))
    eventually(lambda: len(socket._core.waiters), "one was received, and the thread waits again")
    second.send(message(b"second"))
    assert receiving.answer() == [b"first", b"second"]


def test_the_only_connection_is_lost_and_another_comes(stage: Room, long_leases: None) -> None:
    socket = stage.bound("PULL")
    first = stage.peer(socket, "PUSH")
    receiving = Call(socket.recv)
    eventually(lambda: only(socket).polled, "the thread waits itself")
    first.close()
    eventually(lambda: not socket._core.connections, "the loss is noticed")
    second = stage.peer(socket, "PUSH")
    second.send(message(b"x"))
    assert receiving.answer() == b"x"


# --- what else works meanwhile, though no clock ends the lease


def test_not_waiting_after_a_lease(stage: Room, long_leases: None) -> None:
    socket, raw = leased(stage)
    for flags, timeout in ((DONTWAIT, 3000), (0, 0)):
        raw.send(message(b"x"))
        socket.rcvtimeo = timeout
        assert socket.recv(flags) == b"x"


def test_poll_after_a_lease(stage: Room, long_leases: None) -> None:
    socket, raw = leased(stage)
    polling = Call(socket.poll, 3000).waits_for(socket)
    raw.send(message(b"x"))
    assert polling.answer() == POLLIN


def test_a_poller_after_a_lease(stage: Room, long_leases: None) -> None:
    socket, raw = leased(stage)
    poller = Poller()
    poller.register(socket, POLLIN)
    polling = Call(poller.poll, 3000).waits_for(socket)
    raw.send(message(b"x"))
    assert polling.answer() == [(socket, POLLIN)]


def test_the_descriptor_after_a_lease(stage: Room, long_leases: None) -> None:
    socket, raw = leased(stage)
    descriptor = socket.get(Option.FD)
    assert socket.get(Option.EVENTS) == 0
    assert select([descriptor], [], [], 0)[0] == []
    raw.send(message(b"x"))
    assert select([descriptor], [], [], 3)[0] == [descriptor]
    assert socket.get(Option.EVENTS) == POLLIN
    # Who asked for the descriptor is told of every change from now on, so the connection is not leased again.
    assert socket.recv() == b"x"
    receiving = Call(socket.recv).waits_for(socket)
    assert not only(socket).leased
    raw.send(message(b"y"))
    assert receiving.answer() == b"y"


def test_a_ping_is_answered_during_and_after_a_lease(stage: Room) -> None:
    socket, raw = leased(stage)
    raw.send(command(b"PING", b"\0\0after"))
    assert raw.command(b"PONG") == b"after"
    receiving = Call(socket.recv)
    eventually(lambda: only(socket).polled, "the thread waits itself")
    raw.send(command(b"PING", b"\0\0during"))
    assert raw.command(b"PONG") == b"during"
    raw.send(message(b"x"))
    assert receiving.answer() == b"x"


def test_a_connection_that_closes_after_a_lease_is_noticed(stage: Room) -> None:
    socket, raw = leased(stage)
    socket.monitor_events()
    raw.close()
    events_until(socket, EventKind.DISCONNECTED)


def test_heartbeats_shorter_than_a_lease(stage: Room, long_leases: None) -> None:
    socket = stage.bound("PULL", HEARTBEAT_IVL=20, HEARTBEAT_TIMEOUT=40)
    push = stage.socket("PUSH")
    push.connect(socket.last_endpoint)
    eventually(lambda: met(socket), "the two meet")
    receiving = Call(socket.recv)
    eventually(lambda: only(socket).polled, "the thread waits itself")
    push.send(b"x")
    assert receiving.answer() == b"x"
    connection = only(socket)
    assert connection.leased
    pinged = connection.pinged
    # The thread does something else for several heartbeats; the answers lie there unread.
    eventually(lambda: connection.pinged > pinged + 60, "heartbeats go on")
    assert connection.open
    assert connection.leased


def test_a_silent_peer_during_a_lease(stage: Room, long_leases: None) -> None:
    socket = stage.bound("PULL", HEARTBEAT_IVL=10, HEARTBEAT_TIMEOUT=20)
    raw = stage.peer(socket, "PUSH")
    receiving = Call(socket.recv)
    # The descriptor is polled by a thread when it is closed: the thread has to let it go.
    raw.closed()
    stage.peer(socket, "PUSH").send(message(b"x"))
    assert receiving.answer() == b"x"


def test_a_slow_reader_is_not_taken_for_a_silent_peer(stage: Room) -> None:
    socket = stage.bound("PULL", RCVHWM=2, HEARTBEAT_IVL=10, HEARTBEAT_TIMEOUT=20)
    push = stage.socket("PUSH")
    push.connect(socket.last_endpoint)
    for number in range(10):
        push.send(b"%d" % number)
    eventually(lambda: socket._core.connections and only(socket).paused, "the queue is full")
    connection = only(socket)
    pinged = connection.pinged
    # What the peer answers lies behind messages that are not read.
    eventually(lambda: connection.pinged > pinged + 60, "heartbeats go on")
    assert connection.open
    assert [socket.recv() for _ in range(10)] == [b"%d" % number for number in range(10)]


def test_the_other_sockets_of_the_context_go_on(stage: Room, long_leases: None) -> None:
    socket = stage.bound("PULL")
    raw = stage.peer(socket, "PUSH")
    receiving = Call(socket.recv)
    eventually(lambda: only(socket).polled, "the thread waits itself")
    push, pull = stage.pair("PUSH", "PULL")
    for number in range(10):
        push.send(b"%d" % number)
        assert pull.recv() == b"%d" % number
    raw.send(message(b"x"))
    assert receiving.answer() == b"x"


def test_sending_during_a_lease(stage: Room, long_leases: None) -> None:
    socket, raw = leased(stage, "DEALER")
    for number in range(10):
        socket.send_multipart([b"%d" % number, bytes(50_000)])
        assert raw.message()[0] == b"%d" % number
    receiving = Call(socket.recv)
    eventually(lambda: only(socket).polled, "the thread waits itself")
    raw.send(message(b"x"))
    assert receiving.answer() == b"x"


# --- its end


def test_a_lease_ends_when_nobody_comes_back(stage: Room) -> None:
    socket, raw = leased(stage)
    connection = only(socket)
    eventually(lambda: not connection.leased, "the lease ends")
    assert connection.number in stage.context.reactor._selector.get_map()
    raw.send(message(b"x"))
    eventually(lambda: socket._core.sessions[0].arrived, "the I/O thread reads it")
    assert socket.recv(DONTWAIT) == b"x"


def test_a_lease_goes_on_while_the_thread_waits(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LEASE", 5)
    socket, raw = leased(stage)
    receiving = Call(socket.recv)
    connection = only(socket)
    eventually(lambda: connection.polled, "the thread waits itself")
    timer = connection.timers["lease"]
    eventually(lambda: connection.timers["lease"] is not timer, "the clock has run out once")
    assert connection.leased
    raw.send(message(b"x"))
    assert receiving.answer() == b"x"


def test_a_timeout_during_a_lease(stage: Room, long_leases: None) -> None:
    socket, raw = leased(stage)
    socket.rcvtimeo = 20
    began = time.monotonic()
    with fails(Again):
        socket.recv()
    assert 0.02 <= time.monotonic() - began < 3
    raw.send(message(b"x"))
    socket.rcvtimeo = 3000
    assert socket.recv() == b"x"


def test_a_reader_that_has_no_room_is_not_leased(stage: Room, long_leases: None) -> None:
    socket, raw = leased(stage, RCVHWM=2)
    raw.send(b"".join(message(b"%d" % number) for number in range(30)))
    assert [socket.recv() for _ in range(30)] == [b"%d" % number for number in range(30)]


def test_a_lease_that_is_not_taken_back_is_seen(
    stage: Room, long_leases: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell whose poll forgets that nobody reads the connection waits for its timeout; see `reference_stage.room`."""
    socket, raw = leased(stage)
    monkeypatch.setattr(waiting, "take_back", lambda _: None)
    polling = Call(socket.poll, 200).waits_for(socket)
    began = time.monotonic()
    raw.send(message(b"x"))
    polling.answer()
    assert time.monotonic() - began > 0.1


# --- the descriptor of a socket


def test_the_descriptor_tells_of_each_change_once(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    descriptor = pull.get(Option.FD)
    assert pull.get(Option.FD) == descriptor
    pull.get(Option.EVENTS)
    for number in range(3):
        assert select([descriptor], [], [], 0)[0] == []
        push.send(b"%d" % number)
        assert select([descriptor], [], [], 3)[0] == [descriptor]
        assert pull.get(Option.EVENTS) == POLLIN
        assert pull.recv() == b"%d" % number
        pull.get(Option.EVENTS)


def test_the_descriptor_tells_of_the_end_of_the_context(stage: Room) -> None:
    pull = stage.bound("PULL")
    descriptor = pull.get(Option.FD)
    pull.get(Option.EVENTS)
    ending = Call(stage.context.term)
    assert select([descriptor], [], [], 3)[0] == [descriptor]
    with fails(enomem.ContextTerminated):
        pull.get(Option.EVENTS)
    pull.close()
    ending.answer()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
