"""Subscriptions of a peer in a running socket: what is left of them when its connection ends."""

from select import select

from interop.raw import command
from reference_memory import sites
from reference_stage import eventually, room

import enomem
from enomem.model.memory import Site
from enomem.model.reference.weights import TOPIC

SOON = {"RECONNECT_IVL": 10}


def weighs(topic: bytes) -> int:
    return TOPIC + 2 * len(topic)


def subscribe(*topics: bytes) -> bytes:
    return b"".join(command(b"SUBSCRIBE", topic) for topic in topics)


def test_whoever_comes_back_is_counted_from_nothing_and_weighs_no_more() -> None:
    with room() as stage:
        listener, pub = stage.listener(), stage.socket("XPUB", **SOON)
        pub.connect(listener.endpoint)
        for _ in range(3):
            raw = stage.accepted(listener, "SUB")
            raw.send(subscribe(b"topic", b"topic"))
            assert pub.recv() == b"\1topic"
            assert sites(stage)[Site.SUBSCRIPTION] == weighs(b"topic")
            raw.close()
            assert pub.recv() == b"\0topic"
            assert Site.SUBSCRIPTION not in sites(stage)


def test_whoever_waits_for_something_to_receive_is_woken_by_the_end_of_a_subscription() -> None:
    with room() as stage:
        listener, pub = stage.listener(), stage.socket("XPUB", **SOON)
        pub.connect(listener.endpoint)
        raw = stage.accepted(listener, "SUB")
        raw.send(subscribe(b"topic"))
        assert pub.recv() == b"\1topic"
        poller = enomem.Poller()
        poller.register(pub, enomem.POLLIN)
        assert poller.poll(0) == []
        raw.close()
        assert poller.poll(30_000) == [(pub, enomem.POLLIN)]


def test_whoever_reads_nothing_but_the_end_of_a_connection_looks_for_a_message() -> None:
    with room() as stage:
        pub = stage.bound("XPUB")
        raw = stage.peer(pub, "SUB")
        raw.send(subscribe(b"topic"))
        assert pub.recv() == b"\1topic"
        core = pub._core
        with stage.context.lock:
            (connection,) = core.connections
            raw.close()
            assert select([connection.descriptor], [], [], 30)[0]
            assert core.fill()
        assert pub.recv(enomem.DONTWAIT) == b"\0topic"


def test_nothing_of_a_batch_is_kept_whose_connection_ended_in_the_middle_of_it() -> None:
    wanted = [weighs(b"refused")]
    with room(allocator=lambda site, size: site != Site.SUBSCRIPTION or size not in wanted) as stage:
        listener, pub = stage.listener(), stage.socket("XPUB", **SOON)
        pub.connect(listener.endpoint)
        stage.accepted(listener, "SUB").send(subscribe(b"first", b"refused", b"late"))
        assert [pub.recv(), pub.recv()] == [b"\1first", b"\0first"]
        raw = stage.accepted(listener, "SUB")
        eventually(lambda: Site.SUBSCRIPTION not in sites(stage), "what was subscribed to is over")
        wanted.clear()
        raw.send(subscribe(b"refused"))
        assert pub.recv() == b"\1refused"
        assert sites(stage)[Site.SUBSCRIPTION] == weighs(b"refused")
