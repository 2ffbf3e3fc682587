"""A peer that comes late, goes, and comes back at the same address: the connection is made again, and what it needs."""

import socket
from collections.abc import Iterator

import pytest

from . import talks
from .ends import Library
from .fixtures import Opener
from .raw import HOST
from .waiting import until

SOON = {"RECONNECT_IVL": 10}
ROLES = ("subject_connects", "subject_binds")

pytestmark = pytest.mark.parametrize("role", ROLES)


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An address that is nobody else's while a test runs, whether or not somebody listens there.

    A socket that is bound and does not listen keeps the port from being given away, and lets others listen there.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((HOST, 0))
        yield f"tcp://{HOST}:{held.getsockname()[1]}"


def libraries(subject: Library, peer: Library, role: str) -> tuple[Library, Library]:
    """Who connects and stays, and who binds and is started again."""
    return (subject, peer) if role == "subject_connects" else (peer, subject)


def test_a_peer_that_comes_late(opened: Opener, endpoint: str, subject: Library, peer: Library, role: str) -> None:
    a, b = libraries(subject, peer, role)
    pusher = opened(a, "PUSH", **SOON)
    pusher.connect(endpoint)
    pusher.send([b"early", b"bird"])
    puller = opened(b, "PULL")
    puller.bind(endpoint)
    assert puller.receive(pusher) == [b"early", b"bird"]


def test_requests_go_on(opened: Opener, endpoint: str, subject: Library, peer: Library, role: str) -> None:
    a, b = libraries(subject, peer, role)
    requester = opened(a, "REQ", **SOON)
    requester.watch()
    requester.connect(endpoint)
    for _ in range(3):
        replier = opened(b, "REP")
        replier.bind(endpoint)
        talks.request(requester, replier, [[b"a"], [b"b", b"c"]])
        replier.close()
        # A request that was sent into the broken connection would be lost, and REQ would wait for ever.
        until(requester.losses, f"{requester} sees that the replier has gone", requester)


def test_a_dealer_keeps_what_was_not_sent(
    opened: Opener, endpoint: str, subject: Library, peer: Library, role: str
) -> None:
    a, b = libraries(subject, peer, role)
    dealer = opened(a, "DEALER", ROUTING_ID=b"same", **SOON)
    dealer.watch()
    dealer.connect(endpoint)
    for number in range(3):
        router = opened(b, "ROUTER")
        router.bind(endpoint)
        if number == 0:
            dealer.send([b"first"], router)
        assert router.receive(dealer) == [b"same", b"first" if number == 0 else b"while nobody was there"]
        router.send([b"same", b"answer"], dealer)
        assert dealer.receive(router) == [b"answer"]
        router.close()
        until(dealer.losses, f"{dealer} sees that the router has gone", dealer)
        dealer.send([b"while nobody was there"])


@pytest.mark.parametrize("kind", ["SUB", "XSUB"])
def test_subscriptions_are_sent_again(
    opened: Opener, endpoint: str, subject: Library, peer: Library, role: str, kind: str
) -> None:
    a, b = libraries(subject, peer, role)
    subscriber = opened(a, kind, **SOON)
    subscriber.connect(endpoint)
    for number in range(3):
        publisher = opened(b, "XPUB")
        publisher.bind(endpoint)
        if number == 0:
            for topic in (b"kept", b"kept too", b"cancelled"):
                talks.subscribe(subscriber, topic)
                assert publisher.receive(subscriber) == [b"\x01" + topic]
            talks.unsubscribe(subscriber, b"cancelled")
            assert publisher.receive(subscriber) == [b"\x00cancelled"]
        else:
            assert {publisher.receive(subscriber)[0] for _ in range(2)} == {b"\x01kept", b"\x01kept too"}
        publisher.send([b"cancelled"], subscriber)
        publisher.send([b"kept", b"%d" % number], subscriber)
        assert subscriber.receive(publisher) == [b"kept", b"%d" % number]
        publisher.close()


def test_a_binder_is_found_again_by_many(
    opened: Opener, endpoint: str, subject: Library, peer: Library, role: str
) -> None:
    a, b = libraries(subject, peer, role)
    pushers = [opened(a, "PUSH", **SOON) for _ in range(5)]
    for pusher in pushers:
        pusher.connect(endpoint)
    for _ in range(2):
        puller = opened(b, "PULL")
        puller.bind(endpoint)
        for number, pusher in enumerate(pushers):
            # Whatever was under way when the last binder went may be lost: the newest is asked for, however often.
            message = [b"%d" % number]
            received: list[list[bytes]] = []

            def look(pusher=pusher, puller=puller, message=message, received=received) -> bool:
                pusher.try_send(message)
                found = puller.try_receive()
                received.extend([found] if found else [])
                return message in received

            until(look, f"{pusher} reaches the new binder", puller, pusher)
        puller.close()


def test_the_subject_goes_and_comes_back_elsewhere(
    opened: Opener, endpoint: str, subject: Library, peer: Library, role: str
) -> None:
    a, b = libraries(subject, peer, role)
    stays = opened(b, "PULL")
    stays.bind(endpoint)
    for number in range(3):
        comes = opened(a, "PUSH")
        comes.connect(endpoint)
        comes.send([b"from", b"%d" % number], stays)
        assert stays.receive(comes) == [b"from", b"%d" % number]
        comes.close()
