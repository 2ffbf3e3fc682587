"""Waiting for several sockets and descriptors at once, and handing messages on."""

import os
import socket as os_socket
import time
from collections.abc import Iterator

import pytest
from interop.raw import message
from reference_stage import Call, Room, eventually, fails, met, room

import enomem
from enomem import DONTWAIT, POLLIN, POLLOUT, Again, NotASocket, Option, Poller, SocketType, proxy
from enomem.model.reference import poller as pollers


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


def watching(*sockets: object, flags: int = POLLIN) -> Poller:
    poller = Poller()
    for socket in sockets:
        poller.register(socket, flags)
    return poller


# --- what it knows


def test_the_sockets_of_a_poller(stage: Room) -> None:
    one, other = stage.socket("PULL"), stage.socket("PUSH")
    poller = watching(one)
    poller.register(other)
    assert poller.sockets == [(one, POLLIN), (other, POLLIN | POLLOUT)]
    assert one in poller
    poller.modify(one, POLLOUT)
    assert poller.sockets == [(one, POLLOUT), (other, POLLIN | POLLOUT)]
    poller.unregister(one)
    assert one not in poller
    with pytest.raises(KeyError):
        poller.unregister(one)
    poller.register(other, 0)
    poller.register(other, 0)
    assert poller.sockets == []


def test_nothing_to_wait_for() -> None:
    began = time.monotonic()
    assert Poller().poll(0) == []
    assert Poller().poll(10) == []
    assert 0.01 <= time.monotonic() - began < 2


# --- what it finds


def test_what_is_there_is_found_at_once(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    poller = watching(push, pull, flags=POLLIN | POLLOUT)
    assert poller.poll(0) == [(push, POLLOUT)]
    push.send(b"x")
    eventually(lambda: pull.poll(0), "the message arrives")
    assert poller.poll(None) == [(push, POLLOUT), (pull, POLLIN)]
    poller.modify(push, POLLIN)
    assert poller.poll(-1) == [(pull, POLLIN)]
    # As long as it is there: nothing has to be waited for anew.
    assert poller.poll(0) == [(pull, POLLIN)]
    assert pull.recv() == b"x"
    assert poller.poll(0) == []


def test_a_timeout(stage: Room) -> None:
    poller = watching(stage.bound("PULL"), stage.socket("PULL"))
    began = time.monotonic()
    assert poller.poll(20) == []
    assert 0.02 <= time.monotonic() - began < 2


def test_it_is_woken_by_any_of_them(stage: Room) -> None:
    pulls = [stage.bound("PULL") for _ in range(3)]
    raws = [stage.peer(pull, "PUSH") for pull in pulls]
    poller = watching(*pulls)
    for pull, raw in zip(pulls, raws, strict=True):
        polling = Call(poller.poll).waits_for(pull)
        raw.send(message(b"x"))
        assert polling.answer() == [(pull, POLLIN)]
        assert pull.recv() == b"x"


def test_it_is_woken_by_room(stage: Room) -> None:
    push = stage.bound("PUSH")
    polling = Call(watching(push, flags=POLLOUT).poll).waits_for(push)
    stage.peer(push, "PULL")
    assert polling.answer() == [(push, POLLOUT)]


def test_a_wake_up_for_nothing_does_not_end_it(stage: Room) -> None:
    pull = stage.bound("PULL")
    polling = Call(watching(pull).poll).waits_for(pull)
    # A peer comes: something changed, and there is nothing to receive.
    raw = stage.peer(pull, "PUSH")
    polling.waits_for(pull)
    raw.send(message(b"x"))
    assert polling.answer() == [(pull, POLLIN)]


def test_sockets_of_several_contexts(stage: Room) -> None:
    one = stage.bound("PULL")
    peer = stage.peer(one, "PUSH")
    with room() as other:
        two = other.bound("PULL")
        poller = watching(one, two)
        for pull, raw in ((one, peer), (two, other.peer(two, "PUSH"))):
            polling = Call(poller.poll).waits_for(pull)
            raw.send(message(b"x"))
            assert polling.answer() == [(pull, POLLIN)]
            pull.recv()


def test_nothing_of_a_poll_is_left(stage: Room) -> None:
    pull = stage.bound("PULL")
    before = len(pull._core.callbacks)
    for _ in range(5):
        watching(pull).poll(0)
    assert pull._core.waiters == []
    assert len(pull._core.callbacks) == before


def test_many_changes_before_it_looks(stage: Room) -> None:
    """It may be told more often than it waits: by each of its sockets."""
    pulls = [stage.bound("PULL") for _ in range(3)]
    polling = Call(watching(*pulls).poll).waits_for(pulls[2])
    with stage.context.lock:
        for pull in pulls:
            pull._core.notify()
    polling.waits_for(pulls[2])
    stage.peer(pulls[1], "PUSH").send(message(b"x"))
    assert polling.answer() == [(pulls[1], POLLIN)]


def test_a_closed_socket(stage: Room) -> None:
    pull = stage.bound("PULL")
    poller = watching(pull)
    pull.close()
    with fails(NotASocket):
        poller.poll(0)


# --- descriptors


def test_descriptors_and_sockets(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    ours, theirs = os_socket.socketpair()
    out, into = os.pipe()
    with ours, theirs:
        poller = watching(pull, ours, out)
        assert poller.poll(0) == []
        os.write(into, b"x")
        assert poller.poll() == [(out, POLLIN)]
        theirs.send(b"x")
        push.send(b"x")
        eventually(lambda: pull.poll(0), "the message arrives")
        assert dict(poller.poll()) == {pull: POLLIN, ours: POLLIN, out: POLLIN}
        poller.modify(ours, POLLOUT)
        assert (ours, POLLOUT) in poller.poll()
        pull.recv()
        os.read(out, 1)
        poller.unregister(ours)
        polling = Call(poller.poll).waits_for(pull)
        push.send(b"y")
        assert polling.answer() == [(pull, POLLIN)]
        assert pull.recv() == b"y"
        polling = Call(poller.poll).waits_for(pull)
        os.write(into, b"x")
        assert polling.answer() == [(out, POLLIN)]
    for number in (out, into):
        os.close(number)


def test_a_descriptor_that_is_none_leaves_nothing(stage: Room) -> None:
    pull = stage.bound("PULL")
    for wrong in (-1, "text", object()):
        with pytest.raises((ValueError, OSError)):
            watching(pull, wrong).poll(0)
    assert pull._core.waiters == []


# --- proxy


Forwarding = tuple[enomem.Socket, enomem.Socket, Call[None]]


def forwarding(stage: Room, front: str, back: str, **options: object) -> Forwarding:
    frontend, backend = stage.bound(front, **options), stage.bound(back, **options)
    return frontend, backend, Call(proxy, frontend, backend)


def over(stage: Room, running: Call[None], *sockets: enomem.Socket) -> None:
    """The end of a context ends a proxy, without an error."""
    ending = Call(stage.context.term)
    running.answer()
    for socket in sockets:
        socket.close()
    ending.answer()


def test_a_broker(stage: Room) -> None:
    frontend, backend, running = forwarding(stage, "ROUTER", "DEALER")
    req, rep = stage.socket("REQ"), stage.socket("REP")
    req.connect(frontend.last_endpoint)
    rep.connect(backend.last_endpoint)
    for number in range(20):
        req.send_multipart([b"%d" % number, b"x"])
        assert rep.recv_multipart() == [b"%d" % number, b"x"]
        rep.send(b"reply")
        assert req.recv() == b"reply"
    over(stage, running, frontend, backend, req, rep)


def test_a_streamer(stage: Room) -> None:
    frontend, backend, running = forwarding(stage, "PULL", "PUSH")
    push, pull = stage.socket("PUSH"), stage.socket("PULL")
    push.connect(frontend.last_endpoint)
    pull.connect(backend.last_endpoint)
    for number in range(100):
        push.send(b"%d" % number)
    assert [pull.recv() for _ in range(100)] == [b"%d" % number for number in range(100)]
    over(stage, running, frontend, backend, push, pull)


def test_subscriptions_pass_a_proxy(stage: Room) -> None:
    frontend, backend, running = forwarding(stage, "XSUB", "XPUB")
    pub, sub = stage.socket("XPUB"), stage.socket("SUB")
    pub.connect(frontend.last_endpoint)
    sub.connect(backend.last_endpoint)
    sub.subscribe("topic")
    assert pub.recv() == b"\1topic"
    pub.send_multipart([b"topic", b"news"])
    assert sub.recv_multipart() == [b"topic", b"news"]
    over(stage, running, frontend, backend, pub, sub)


def test_what_is_handed_on_is_captured(stage: Room) -> None:
    frontend, backend = stage.bound("PULL"), stage.bound("PUSH")
    capture, seen = stage.pair("PUSH", "PULL")
    running = Call(proxy, frontend, backend, capture)
    push, pull = stage.socket("PUSH"), stage.socket("PULL")
    push.connect(frontend.last_endpoint)
    pull.connect(backend.last_endpoint)
    push.send_multipart([b"a", b"b"])
    assert pull.recv_multipart() == seen.recv_multipart() == [b"a", b"b"]
    over(stage, running, frontend, backend, capture, seen, push, pull)


def test_a_full_side_does_not_hold_up_the_other(stage: Room) -> None:
    frontend, backend, running = forwarding(stage, "DEALER", "DEALER", SNDHWM=1, RCVHWM=1)
    left, right = (stage.socket("DEALER", SNDHWM=1, RCVHWM=1) for _ in range(2))
    left.connect(frontend.last_endpoint)
    right.connect(backend.last_endpoint)
    eventually(lambda: met(frontend) and met(backend), "both sides are there")
    # To the right, until nothing more fits: nobody reads there.
    while left.poll(100, POLLOUT):
        left.send(bytes(500_000))
    for number in range(20):
        right.send(b"%d" % number)
        assert left.recv() == b"%d" % number
    over(stage, running, frontend, backend, left, right)


def test_nothing_is_taken_that_nobody_takes(stage: Room) -> None:
    frontend, backend, running = forwarding(stage, "PULL", "PUSH")
    push = stage.socket("PUSH")
    push.connect(frontend.last_endpoint)
    push.send(b"kept")
    running.waits_for(backend)
    # Nobody is there yet; the message waits at the frontend, and is not lost with the proxy.
    pull = stage.socket("PULL")
    pull.connect(backend.last_endpoint)
    assert pull.recv() == b"kept"
    over(stage, running, frontend, backend, push, pull)


def test_handing_on_what_is_not_there(stage: Room) -> None:
    push, pull = stage.pair("PUSH", "PULL")
    pollers.hand_on(pull, push, None)
    with fails(Again):
        pull.recv(DONTWAIT)
    assert pull.get(Option.TYPE) == SocketType.PULL


def test_a_poller_that_misses_a_change_is_seen(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that looks before it is told of changes, and not after, is found by the tests above."""
    monkeypatch.setattr(pollers.Nap, "release", lambda _: None)
    pull = stage.bound("PULL")
    polling = Call(watching(pull).poll, 100).waits_for(pull)
    stage.peer(pull, "PUSH").send(message(b"x"))
    assert polling.answer() == []
