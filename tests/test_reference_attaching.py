"""Connecting: before somebody listens, again when it failed, and no more when it was taken back."""

import errno
import os
import socket as os_socket
from collections.abc import Iterator

import pytest
from interop.raw import HOST, Listener
from reference_stage import Room, events_until, eventually, fails, room, unknown_host

import enomem
from enomem import DONTWAIT, EventKind, InvalidArgument, SocketError
from enomem.model.connection import Reason
from enomem.model.reference import attaching, endpoints


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


def test_connect_before_bind_in_the_process(stage: Room) -> None:
    push, pull = stage.socket("PUSH"), stage.socket("PULL")
    push.connect("inproc://later")
    push.send(b"early", DONTWAIT)
    pull.bind("inproc://later")
    assert pull.recv() == b"early"


def test_connect_before_bind_over_tcp(stage: Room) -> None:
    listener = Listener()
    listener.close()
    push = stage.socket("PUSH", RECONNECT_IVL=5)
    push.connect(listener.endpoint)
    events_until(push, EventKind.CONNECT_RETRIED)
    pull = stage.socket("PULL")
    pull.bind(listener.endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"


def test_disconnect_by_the_text_that_was_connected(stage: Room) -> None:
    pull, push = stage.bound("PULL"), stage.socket("PUSH")
    pull.bind("inproc://here")
    free = stage.used
    for endpoint in (pull.last_endpoint, f"tcp://localhost:{next(iter(pull._core.listeners)).rpartition(':')[2]}"):
        push.connect(endpoint)
        assert push.last_endpoint == endpoint
        push.send(b"x")
        assert pull.recv() == b"x"
        push.disconnect(endpoint)
        with fails(SocketError) as raised:
            push.disconnect(endpoint)
        assert raised.value.errno == errno.ENOENT
        with fails(enomem.Again):
            push.send(b"y", DONTWAIT)
        eventually(lambda: stage.used == free, "the other side has noticed")


def test_a_listener_is_not_disconnected(stage: Room) -> None:
    pull = stage.bound("PULL")
    with fails(InvalidArgument):
        pull.disconnect(pull.last_endpoint)
    stage.peer(pull, "PUSH")


def test_disconnect_ends_an_attempt(stage: Room) -> None:
    # Nobody accepts: the backlog of this listener is taken.
    with os_socket.socket() as full:
        full.bind((HOST, 0))
        full.listen(0)
        endpoint = f"tcp://{HOST}:{full.getsockname()[1]}"
        free = stage.used
        pushes = [stage.socket("PUSH") for _ in range(3)]
        sockets = stage.used
        for push in pushes:
            push.connect(endpoint)
        for push in pushes:
            push.disconnect(endpoint)
        assert stage.used == sockets > free


def test_an_in_process_connection_without_descriptors(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    pull, push = stage.socket("PULL"), stage.socket("PUSH", RECONNECT_IVL=1)
    pull.bind("inproc://x")
    with monkeypatch.context() as patched:
        patched.setattr(attaching.os_socket, "socketpair", none_left)
        push.monitor_events()
        push.connect("inproc://x")
        events_until(push, EventKind.CONNECT_RETRIED)
        stage.context.memory()
    push.send(b"x")
    assert pull.recv() == b"x"


def test_a_host_that_is_not_known_is_tried_again(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    pull, push = stage.bound("PULL"), stage.socket("PUSH", RECONNECT_IVL=1)
    with monkeypatch.context() as patched:
        patched.setattr(endpoints.os_socket, "getaddrinfo", unknown_host)
        push.connect(pull.last_endpoint)
        events_until(push, EventKind.CONNECT_RETRIED)
    push.send(b"x")
    assert pull.recv() == b"x"


def test_two_live_peers_of_one_routing_id_evict_each_other_until_one_goes(stage: Room) -> None:
    router = stage.bound("ROUTER", ROUTER_HANDOVER=1)
    router.monitor_events()
    one, other = (stage.socket("DEALER", ROUTING_ID=b"id", RECONNECT_IVL=1) for _ in range(2))
    one.connect(router.last_endpoint)
    other.connect(router.last_endpoint)
    for _ in range(3):
        evicted = events_until(router, EventKind.DISCONNECTED)[-1]
        assert evicted.reason == Reason.DUPLICATE.value
    one.close()
    router.ROUTER_MANDATORY = 1
    other.send(b"still here")
    assert router.recv_multipart() == [b"id", b"still here"]
