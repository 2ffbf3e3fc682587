"""What sockets do over TCP while their context records: small plays, which together take every step that there is.

A play gets a `Stage`, on which every context records, and leaves everything open.
"""

import errno
import os
import socket as os_socket
import threading
from collections.abc import Callable

import pytest
from recorded_stage import BOUND, Stage, bound, connected, ended, filled, opened, refused, seen, until

from enomem import (
    DEALER,
    DONTWAIT,
    KEEP,
    PAIR,
    PUB,
    PULL,
    PUSH,
    REP,
    REQ,
    RESERVE,
    ROUTER,
    SKIP,
    SNDMORE,
    SUB,
    XPUB,
    XSUB,
    Again,
    EventKind,
    HostUnreachable,
    PeerGone,
    Site,
)  # fmt: skip
from enomem.model.patterns.subscriptions import weigh
from enomem.model.receive_policies import BoundedWait
from enomem.model.reference import context
from enomem.model.reference.weights import CONNECTION, TOPIC

ALL = (DEALER, PAIR, PUB, PULL, PUSH, REP, REQ, ROUTER, SUB, XPUB, XSUB)


# --- one way


def parts_and_messages(stage: Stage) -> None:
    context = stage.context()
    pull, endpoint = bound(context, PULL)
    push = connected(context, PUSH, endpoint)
    for number in range(3):
        push.send(b"a", SNDMORE)
        push.send(b"%d" % number)
    push.send(b"dropped", SNDMORE)
    push.abort_message()
    push.send_multipart([b"b", b"x" * 50_000, b""])
    assert [pull.recv_multipart() for _ in range(3)] == [[b"a", b"%d" % number] for number in range(3)]
    assert pull.recv_multipart() == [b"b", b"x" * 50_000, b""]


def refused_parts(stage: Stage) -> None:
    for policy in ("DISCARD", KEEP, SKIP):
        context = stage.context(send_policy=policy)
        pull, endpoint = bound(context, PULL)
        push = connected(context, PUSH, endpoint)
        push.send(b"one", SNDMORE)
        stage.refused = [Site.BODY]
        refused(lambda push=push: push.send(b"two", SNDMORE))  # type: ignore[misc]  # defaults have no type
        if policy == KEEP:
            push.send(b"two")
            assert pull.recv_multipart() == [b"one", b"two"]
        else:
            push.send(b"three")
            push.send(b"four")
            assert pull.recv() == (b"four" if policy == SKIP else b"three")


def reserved(stage: Stage) -> None:
    context = stage.context(asks=False, send_policy=RESERVE, memory_limit=6 * CONNECTION + 138_000)
    pull, endpoint = bound(context, PULL)
    first, second = (connected(context, PUSH, endpoint) for _ in range(2))
    hasty = connected(context, PUSH, endpoint, SNDTIMEO=0)
    for socket in (first, second, hasty, *[pull] * 3):  # until all have what they need there is memory for more
        seen(socket, EventKind.HANDSHAKE_SUCCEEDED)
    large = [b"x" * 70_000, b"y"]
    first.send_multipart(large)
    assert pull.recv_multipart() == large
    first.send(b"z" * 90_000, SNDMORE)
    waits = threading.Thread(target=second.send_multipart, args=([b"x" * 90_000, b"y"],))
    waits.start()
    until(lambda: len(context.line) > 0)
    with pytest.raises(Again):
        hasty.send(b"x")
    first.send(b"")
    assert {pull.recv_multipart()[1] for _ in range(2)} == {b"", b"y"}
    waits.join(BOUND / 1000)
    refused(lambda: first.send(b"x" * 700_000))
    first.send(b"small")
    assert pull.recv() == b"small"
    with pytest.raises(Again):
        hasty.send(b"x" * 200_000)


def conflated(stage: Stage) -> None:
    context = stage.context()
    pull, endpoint = bound(context, PULL, CONFLATE=1)
    push = connected(context, PUSH, endpoint, CONFLATE=1)
    for number in range(20):
        push.send(b"%d" % number)
    while pull.recv() != b"19":
        pass
    with pytest.raises(Again):
        pull.recv(DONTWAIT)


def full_queues(stage: Stage) -> None:
    context = stage.context()
    pull, endpoint = bound(context, PULL, RCVHWM=2)
    push = connected(context, PUSH, endpoint, SNDHWM=2, SNDTIMEO=0)
    count = filled(push, b"x" * 100_000)
    assert [len(pull.recv()) for _ in range(count)] == [100_000] * count


# --- receiving without memory


def stalled(stage: Stage) -> None:
    sender, receiver = stage.context(), stage.context()
    pull, endpoint = bound(receiver, PULL)
    push = connected(sender, PUSH, endpoint)
    stage.refused = [Site.RECEIVE_BODY] * 3
    push.send(b"small")
    push.send(b"x" * 30_000)
    seen(pull, EventKind.STALLED)
    assert [len(pull.recv()) for _ in range(2)] == [5, 30_000]


def stalled_too_long(stage: Stage) -> None:
    stage.patch.setattr(context, "RECEIVE_POLICIES", (BoundedWait(longest=20),))
    sender, receiver = stage.context(), stage.context()
    pull, endpoint = bound(receiver, PULL)
    push = connected(sender, PUSH, endpoint, RECONNECT_IVL=1)
    stage.refused = [Site.RECEIVE_BODY] * 1000
    push.send(b"lost")
    seen(pull, EventKind.DISCONNECTED, "no memory")
    stage.refused = []
    seen(push, EventKind.DISCONNECTED)
    seen(push, EventKind.HANDSHAKE_SUCCEEDED)
    push.send(b"found")
    assert pull.recv() == b"found"


def larger_than_the_pool(stage: Stage) -> None:
    sender, receiver = stage.context(), stage.context(memory_limit=CONNECTION + 90_000)
    pull, endpoint = bound(receiver, PULL)
    push = connected(sender, PUSH, endpoint, RECONNECT_IVL=1)
    push.send(b"x" * 200_000)
    seen(pull, EventKind.DISCONNECTED, "no memory")


# --- peers that go


def gone_in_mid_message(stage: Stage) -> None:
    context = stage.context()
    push, endpoint = bound(context, PUSH)
    pull = connected(context, PULL, endpoint)
    push.send(b"begun", SNDMORE)
    pull.close()
    seen(push, EventKind.DISCONNECTED)
    with pytest.raises(PeerGone):
        push.send(b"end")


def gone_with_messages_on_the_wire(stage: Stage) -> None:
    sender, receiver = stage.context(), stage.context()
    pull, endpoint = bound(receiver, PULL, RCVHWM=1)
    push = connected(sender, PUSH, endpoint, SNDHWM=5, RECONNECT_IVL=-1)
    for _ in range(6):
        push.send(b"x" * 4_000_000)
    assert pull.poll(BOUND)
    pull.close(linger=0)
    seen(push, EventKind.DISCARDED, "connection lost")


def comes_again(stage: Stage) -> None:
    context = stage.context()
    pull, endpoint = bound(context, PULL)
    push = connected(context, PUSH, endpoint, RECONNECT_IVL=1, RECONNECT_IVL_MAX=4)
    push.send(b"1")
    assert pull.recv() == b"1"
    pull.close()
    seen(push, EventKind.CLOSED)
    again = opened(context, PULL)
    again.bind(endpoint)
    push.send(b"2")
    assert again.recv() == b"2"
    push.disconnect(endpoint)
    again.unbind(endpoint)


def silent_peer(stage: Stage) -> None:
    """One that shakes hands and is not heard of any more."""
    context = stage.context()
    push, endpoint = bound(context, PUSH, HEARTBEAT_IVL=10, HEARTBEAT_TIMEOUT=30)
    host, _, port = endpoint.removeprefix("tcp://").partition(":")
    with os_socket.create_connection((host, int(port))) as peer:
        peer.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x01NULL" + bytes(16) + bytes(1) + bytes(31))
        ready = b"\x05READY\x0bSocket-Type\0\0\0\x04PULL"
        peer.sendall(b"\x04" + bytes([len(ready)]) + ready)
        seen(push, EventKind.HANDSHAKE_SUCCEEDED)
        seen(push, EventKind.DISCONNECTED, "heartbeat")


# --- both ways


def lock_step(stage: Stage) -> None:
    context = stage.context()
    rep, endpoint = bound(context, REP)
    req = connected(context, REQ, endpoint, REQ_RELAXED=1, REQ_CORRELATE=1)
    for number in range(2):
        stage.refused = [Site.BODY]
        refused(lambda: req.send(b"q"))
        req.send(b"q%d" % number)
        assert rep.recv() == b"q%d" % number
        stage.refused = [Site.BODY]
        refused(lambda: rep.send(b"a"))
        rep.send(b"a%d" % number)
        assert req.recv() == b"a%d" % number
    req.send(b"lost")
    assert rep.recv() == b"lost"
    req.close()
    seen(rep, EventKind.DISCONNECTED)
    rep.send(b"swallowed", SNDMORE)
    rep.send(b"swallowed")


def pairs(stage: Stage) -> None:
    context = stage.context()
    pair, endpoint = bound(context, PAIR)
    other = connected(context, PAIR, endpoint)
    other.send(b"there")
    assert pair.recv() == b"there"
    pair.send(b"back")
    assert other.recv() == b"back"
    connected(context, PAIR, endpoint, RECONNECT_IVL=-1)
    ended(pair, "there is a peer already")


def routed(stage: Stage) -> None:
    context = stage.context()
    router, endpoint = bound(context, ROUTER)
    dealer = connected(context, DEALER, endpoint, ROUTING_ID=b"d", PROBE_ROUTER=1)
    assert router.recv_multipart() == [b"d", b""]
    dealer.send(b"hello")
    assert router.recv_multipart() == [b"d", b"hello"]
    router.send_multipart([b"nobody", b"swallowed"])
    router.send(b"d", SNDMORE)
    stage.refused = [Site.BODY]
    refused(lambda: router.send(b"x"))
    router.send_multipart([b"d", b"you"])
    assert dealer.recv_multipart() == [b"you"]
    connected(context, DEALER, endpoint, ROUTING_ID=b"d", RECONNECT_IVL=-1)
    ended(router, "the routing id is taken")
    router.ROUTER_HANDOVER = 1
    heir = connected(context, DEALER, endpoint, ROUTING_ID=b"d")
    seen(heir, EventKind.HANDSHAKE_SUCCEEDED)
    heir.send(b"mine")
    assert router.recv_multipart() == [b"d", b"mine"]
    router.ROUTER_MANDATORY = 1
    with pytest.raises(HostUnreachable):
        router.send_multipart([b"nobody", b"x"])


# --- to many


def published(stage: Stage) -> None:
    context = stage.context()
    publisher, endpoint = bound(context, XPUB)
    first, second = (connected(context, SUB, endpoint) for _ in range(2))
    stage.refused = [Site.SUBSCRIPTION]
    refused(lambda: first.subscribe(b"a"))
    first.subscribe(b"a")
    assert publisher.recv() == b"\x01a"
    second.subscribe(b"a")
    second.subscribe(b"ab")
    assert publisher.recv() == b"\x01ab"
    publisher.send_multipart([b"abc", b"1"])
    stage.refused = [Site.BODY]
    publisher.send(b"abc", SNDMORE)
    publisher.send(b"2")
    publisher.send(b"a dropped one", SNDMORE)
    publisher.abort_message()
    publisher.send(b"abc")
    assert first.recv_multipart() == second.recv_multipart() == [b"abc", b"1"]
    assert sorted(map(len, (first.recv_multipart(), second.recv_multipart()))) == [1, 2]
    second.close()
    assert publisher.recv() == b"\0ab"
    first.unsubscribe(b"a")
    assert publisher.recv() == b"\0a"


def all_or_none(stage: Stage) -> None:
    context = stage.context()
    publisher, endpoint = bound(context, XPUB, XPUB_NODROP=1, XPUB_VERBOSE=1)
    subscribers = [connected(context, XSUB, endpoint) for _ in range(2)]
    for subscriber in subscribers:
        subscriber.send(b"\1a")
        assert publisher.recv() == b"\1a"
    publisher.send(b"a", SNDMORE)
    stage.refused = [Site.BODY]
    refused(lambda: publisher.send(b"1"))
    publisher.send(b"a dropped one", SNDMORE)
    publisher.abort_message()
    publisher.send_multipart([b"a", b"2"])
    assert subscribers[0].recv_multipart() == [b"a", b"2"]


def upstream(stage: Stage) -> None:
    """What a peer sends to a socket that does not listen is dropped; a subscriber sends to its publishers."""
    context = stage.context()
    publisher, endpoint = bound(context, XPUB)
    subscriber = connected(context, XSUB, endpoint)
    subscriber.send_multipart([b"up", b"stream"])
    assert publisher.recv_multipart() == [b"up", b"stream"]
    silent, endpoint = bound(context, PUB)
    subscriber.connect(endpoint)
    subscriber.send(b"\1a")
    assert publisher.recv() == b"\1a"
    seen(silent, EventKind.HANDSHAKE_SUCCEEDED)
    subscriber.send(b"not heard")
    until(lambda: context.memory().sites[Site.SUBSCRIPTION] == 3 * weigh([b"a"], TOPIC))
    silent.send(b"all")
    assert subscriber.recv() == b"all"


def of_every_type(stage: Stage) -> None:
    """Sockets that have done nothing."""
    context = stage.context()
    for kind in ALL:
        bound(context, kind)
    for site in (Site.SOCKET, Site.LISTENER, Site.CONNECTION):
        stage.refused = [site]
        refused(lambda: connected(context, PUSH, bound(context, PULL)[1]))


class Exhausted:
    """A listening descriptor whose process has, once, no descriptors left."""

    def __init__(self, descriptor: os_socket.socket) -> None:
        self.descriptor = descriptor
        self.left = 1

    def accept(self) -> tuple[os_socket.socket, object]:
        if self.left:
            self.left -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return self.descriptor.accept()

    def __getattr__(self, name: str) -> object:
        return getattr(self.descriptor, name)


def turned_away(stage: Stage) -> None:
    """A listener that can accept nobody rests, and goes on; the peer comes again."""
    context = stage.context()
    for refused_at in ([Site.ACCEPT], []):
        pull, endpoint = bound(context, PULL)
        if not refused_at:
            listener = pull._core.listeners[endpoint]
            stage.patch.setattr(listener, "descriptor", Exhausted(listener.descriptor))
        stage.refused = refused_at
        push = connected(stage.context(asks=False), PUSH, endpoint, RECONNECT_IVL=1)
        seen(pull, EventKind.ACCEPT_FAILED)
        push.send(b"patience")
        assert pull.recv() == b"patience"


def allocating(stage: Stage) -> None:
    """Under ALLOCATE each occasion asks, and is refused once; in the end the connection is there."""
    for site in (Site.RECONNECT, Site.HANDSHAKE, Site.HEARTBEAT):
        context = stage.context(reconnect="ALLOCATE")
        pull, endpoint = bound(stage.context(asks=False), PULL)
        push = opened(context, PUSH, RECONNECT_IVL=1)
        stage.refused = [site]
        push.connect(endpoint)
        push.send(b"after all")
        assert pull.recv() == b"after all"
        assert stage.refused == []


PLAYS: tuple[Callable[[Stage], None], ...] = (
    parts_and_messages, refused_parts, reserved, conflated, full_queues, stalled, stalled_too_long,
    larger_than_the_pool, gone_in_mid_message, gone_with_messages_on_the_wire, comes_again, silent_peer, lock_step,
    pairs, routed, published, all_or_none, upstream, of_every_type, turned_away, allocating,
)  # fmt: skip
