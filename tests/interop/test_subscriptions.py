"""Subscriptions over the wire: before and after the connection, by prefix, counted, cancelled, passed up to XPUB."""

import pytest

from . import talks
from .ends import End, Library
from .fixtures import Opener

TOPICS = (b"a", b"ab", b"\x00\xff", b"\x01", bytes(range(256)) * 2)
PUBLISHERS, SUBSCRIBERS = ("PUB", "XPUB"), ("SUB", "XSUB")
ROLES = ("subject_publishes", "subject_subscribes")

either_way = pytest.mark.parametrize("role", ROLES)


def ends(opened: Opener, subject: Library, peer: Library, role: str, kinds: tuple[str, str]) -> tuple[End, End]:
    """Publisher and subscriber, not connected."""
    a, b = (subject, peer) if role == "subject_publishes" else (peer, subject)
    return opened(a, kinds[0]), opened(b, kinds[1])


def hears(publisher: End, subscriber: End, messages: list[list[bytes]], marker: bytes) -> list[list[bytes]]:
    """What the subscriber hears of the messages; it has subscribed to the marker, and the publisher knows that."""
    for message in [*messages, [marker]]:
        publisher.send(message, subscriber)
    heard = []
    while (message := subscriber.receive(publisher)) != [marker]:
        heard.append(message)
    return heard


def known(publisher: End, subscriber: End, marker: bytes) -> None:
    """Subscribe to the marker and wait until the publisher knows; it then knows all that was asked before."""
    talks.subscribe(subscriber, marker)
    talks.settled(publisher, subscriber, [marker, b"beat"], [marker, b"end"])


@either_way
@pytest.mark.parametrize("binder", ["publisher_binds", "subscriber_binds"])
@pytest.mark.parametrize("subscriber_kind", SUBSCRIBERS)
@pytest.mark.parametrize("publisher_kind", PUBLISHERS)
def test_subscribed_before_the_connection(
    opened: Opener,
    subject: Library,
    peer: Library,
    role: str,
    publisher_kind: str,
    subscriber_kind: str,
    binder: str,
) -> None:
    publisher, subscriber = ends(opened, subject, peer, role, (publisher_kind, subscriber_kind))
    if subscriber_kind == "SUB":
        talks.subscribe(subscriber, b"early")
    if binder == "publisher_binds":
        subscriber.connect(publisher.bind())
    else:
        publisher.connect(subscriber.bind())
    if subscriber_kind == "XSUB":
        # Without a publisher there is nobody to send a subscription to: what XSUB keeps of it is asked of a peer.
        talks.subscribe(subscriber, b"early")
    talks.heard(publisher, subscriber, [b"early bird"])


@either_way
@pytest.mark.parametrize("subscriber_kind", SUBSCRIBERS)
@pytest.mark.parametrize("publisher_kind", PUBLISHERS)
def test_only_what_begins_with_a_topic_is_heard(
    opened: Opener, subject: Library, peer: Library, role: str, publisher_kind: str, subscriber_kind: str
) -> None:
    publisher, subscriber = ends(opened, subject, peer, role, (publisher_kind, subscriber_kind))
    subscriber.connect(publisher.bind())
    for topic in TOPICS[1:]:
        talks.subscribe(subscriber, topic)
    known(publisher, subscriber, b"marker")
    matching = [[topic + tail, b"body"] for topic in TOPICS[1:] for tail in (b"", b"x", b"\x00")]
    others = [[b""], [b"a"], [b"b", b"ab"], [b"\x00"], [b"", b"ab"], [TOPICS[-1][:-1]]]
    mixed = [message for pair in zip(matching, others * 2, strict=False) for message in pair]
    assert hears(publisher, subscriber, mixed, b"marker") == matching


@either_way
@pytest.mark.parametrize("subscriber_kind", SUBSCRIBERS)
@pytest.mark.parametrize("publisher_kind", PUBLISHERS)
def test_a_cancelled_topic_is_no_longer_heard(
    opened: Opener, subject: Library, peer: Library, role: str, publisher_kind: str, subscriber_kind: str
) -> None:
    publisher, subscriber = ends(opened, subject, peer, role, (publisher_kind, subscriber_kind))
    subscriber.connect(publisher.bind())
    for topic in TOPICS:
        talks.subscribe(subscriber, topic)
    known(publisher, subscriber, b"first marker")
    messages = [[topic] for topic in TOPICS]
    assert hears(publisher, subscriber, messages, b"first marker") == messages
    talks.unsubscribe(subscriber, b"a")
    talks.unsubscribe(subscriber, TOPICS[-1])
    talks.unsubscribe(subscriber, b"never subscribed")
    known(publisher, subscriber, b"second marker")
    assert hears(publisher, subscriber, messages, b"second marker") == messages[1:-1]


def is_counted(publisher: End, subscriber: End) -> None:
    """Three subscriptions were made: two cancellations end nothing, the third does."""
    for times in (1, 2, 3):
        talks.unsubscribe(subscriber, b"a")
        known(publisher, subscriber, b"marker %d" % times)
        expected = [[b"a"]] if times < 3 else []
        assert hears(publisher, subscriber, [[b"a"]], b"marker %d" % times) == expected


@either_way
@pytest.mark.parametrize("kind", SUBSCRIBERS)
def test_subscriptions_are_counted(opened: Opener, subject: Library, peer: Library, role: str, kind: str) -> None:
    publisher, subscriber = ends(opened, subject, peer, role, ("PUB", kind))
    subscriber.connect(publisher.bind())
    known(publisher, subscriber, b"marker 0")
    for _ in range(3):
        talks.subscribe(subscriber, b"a")
    is_counted(publisher, subscriber)


def test_subscriptions_before_the_connection_are_counted(opened: Opener, subject: Library, peer: Library) -> None:
    """Only of our own: pyomq 0.21 counts these as one or as three, as it happens."""
    publisher, subscriber = opened(peer, "PUB"), opened(subject, "SUB")
    for _ in range(3):
        talks.subscribe(subscriber, b"a")
    subscriber.connect(publisher.bind())
    is_counted(publisher, subscriber)


@either_way
def test_everything_is_heard_with_the_empty_topic(opened: Opener, subject: Library, peer: Library, role: str) -> None:
    publisher, subscriber = ends(opened, subject, peer, role, ("PUB", "SUB"))
    subscriber.connect(publisher.bind())
    talks.subscribe(subscriber, b"")
    known(publisher, subscriber, b"marker")
    messages = [[b""], [b"x"], [b"", b"y"], [b"\x00"]]
    assert hears(publisher, subscriber, messages, b"marker") == messages


@either_way
@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize("subscriber_kind", SUBSCRIBERS)
def test_xpub_is_told_of_the_first_and_the_last(
    opened: Opener, subject: Library, peer: Library, role: str, subscriber_kind: str, verbose: int
) -> None:
    publisher, one = ends(opened, subject, peer, role, ("XPUB", subscriber_kind))
    publisher.set(XPUB_VERBOSE=verbose)
    two = opened(one.library, subscriber_kind)
    where = publisher.bind()

    def told(*subscribers: End) -> list[bytes]:
        return publisher.receive(*subscribers)

    for end, mine in ((one, b"one"), (two, b"two")):
        end.connect(where)
        talks.subscribe(end, b"both")
        if verbose or end is one:
            assert told(end) == [b"\x01both"]
        talks.subscribe(end, mine)
        assert told(end) == [b"\x01" + mine]
    talks.unsubscribe(one, b"both")
    talks.unsubscribe(one, b"one")
    assert told(one) == [b"\x00one"]
    talks.unsubscribe(two, b"both")
    assert told(two) == [b"\x00both"]


@either_way
@pytest.mark.parametrize("subscriber_kind", SUBSCRIBERS)
def test_xpub_is_told_when_a_subscriber_goes(
    opened: Opener, subject: Library, peer: Library, role: str, subscriber_kind: str
) -> None:
    publisher, subscriber = ends(opened, subject, peer, role, ("XPUB", subscriber_kind))
    subscriber.connect(publisher.bind())
    talks.subscribe(subscriber, b"topic")
    assert publisher.receive(subscriber) == [b"\x01topic"]
    subscriber.close()
    assert publisher.receive() == [b"\x00topic"]


@either_way
def test_several_subscribers_hear_each_their_own(opened: Opener, subject: Library, peer: Library, role: str) -> None:
    publisher, one = ends(opened, subject, peer, role, ("PUB", "SUB"))
    subscribers = [one, *(opened(one.library, "SUB") for _ in range(3))]
    where = publisher.bind()
    for number, subscriber in enumerate(subscribers):
        subscriber.connect(where)
        talks.subscribe(subscriber, b"all")
        talks.subscribe(subscriber, b"%d" % number)
        known(publisher, subscriber, b"marker %d" % number)
    messages = [[b"all", b""], [b"0"], [b"1"], [b"2"], [b"3"], [b"nobody"], [b"all", b"again"]]
    for message in [*messages, *([b"marker %d" % number] for number in range(4))]:
        publisher.send(message, *subscribers)
    for number, subscriber in enumerate(subscribers):
        own = [messages[0], [b"%d" % number], messages[-1], [b"marker %d" % number]]
        assert [subscriber.receive(publisher) for _ in own] == own
