"""PUB and XPUB: who gets what, and who is told of subscriptions (RFC 29 and RFC 37)."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Said
from ..bench import Bench, is_sync
from ..case import Level, Section, equal, holds
from ..octets import message
from ..peer import Listener, Peer
from ..testee import Testee
from . import connection

section = Section("Publishing and subscribing", (connection.section,))
case = section.case
PUB, SUB, XPUB, XSUB = (f'RFC 29 "The {kind} Socket Type"' for kind in ("PUB", "SUB", "XPUB", "XSUB"))
TOPICS = 'RFC 37 "The Publish-Subscribe Pattern"'


def _publisher(bench: Bench, *topics: bytes, kind: str = "PUB", **options: int) -> tuple[Testee, Peer]:
    """A publisher, and a peer whose subscriptions to these topics are in force."""
    testee = bench.bound(kind, **options)
    return testee, _subscribed(bench, testee, *topics)


def _subscribed(bench: Bench, testee: Testee, *topics: bytes) -> Peer:
    peer = bench.peer(testee, "SUB")
    for topic in topics:
        peer.subscribe(topic)
    bench.synced(testee, peer)
    return peer


@case(Rule.PUB_1, "A message goes to who subscribed to a prefix of its first part, and to nobody else.", TOPICS)
def prefix(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"ab")
    for first in (b"a", b"b", b"abc", b"ab", b"Ab"):
        testee.send(first, b"body")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"abc", b"body"], [b"ab", b"body"]]])


@case(Rule.PUB_1, "The empty topic matches every message.", TOPICS)
def empty_topic(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"")
    for first in (b"", b"anything"):
        testee.send(first)
    equal("the subscriber gets", bench.published(testee, peer), [[[b""], [b"anything"]]])


@case(Rule.PUB_1, "Only the first part is matched.", TOPICS)
def first_part_only(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"t")
    testee.send(b"x", b"topic")
    testee.send(b"topic", b"x")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"topic", b"x"]]])


@case(Rule.PUB_1, "A message that matches two subscriptions of a peer comes once.", TOPICS)
def two_that_match(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"a", b"ab")
    testee.send(b"abc")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"abc"]]])


@case(Rule.PUB_1, "All subscribers get what they want, each its own.", PUB)
def each_its_own(bench: Bench) -> None:
    testee, first = _publisher(bench, b"1")
    second, both = _subscribed(bench, testee, b"2"), _subscribed(bench, testee, b"1", b"2")
    peers = (first, second, both)
    bench.synced(testee, *peers)
    testee.send(b"1", b"a")
    testee.send(b"2", b"b")
    equal(
        "the subscribers get",
        bench.published(testee, *peers),
        [[[b"1", b"a"]], [[b"2", b"b"]], [[b"1", b"a"], [b"2", b"b"]]],
    )


@case(Rule.PUB_1, "Who has not subscribed gets nothing.", PUB)
def nothing_without_a_subscription(bench: Bench) -> None:
    testee, peer = _publisher(bench)
    testee.send(b"topic")
    testee.send(b"")
    equal("the subscriber gets", bench.published(testee, peer), [[]])


@case(Rule.PUB_1, "PUB waits for nobody: without subscribers a message is accepted and dropped.", PUB)
def waits_for_nobody(bench: Bench) -> None:
    testee = bench.bound("PUB")
    equal("a message is answered", testee.offer(b"x", b"y").value, "ok")


@case(Rule.PUB_9, "A subscription that is cancelled is over.", TOPICS)
def cancelled(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"a", b"b")
    peer.cancel(b"a")
    bench.synced(testee, peer)
    testee.send(b"a")
    testee.send(b"b")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"b"]]])


@case(Rule.PUB_8, "Subscriptions are counted: two and one cancel leave one.", TOPICS + " (additive, not idempotent)")
def counted(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"a", b"a")
    peer.cancel(b"a")
    bench.synced(testee, peer)
    testee.send(b"a")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"a"]]])


@case(Rule.PUB_8, "After as many cancels as subscriptions nothing comes.", TOPICS)
def counted_to_the_end(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"a", b"a")
    peer.cancel(b"a", b"a")
    bench.synced(testee, peer)
    testee.send(b"a")
    equal("the subscriber gets", bench.published(testee, peer), [[]])


@case(Rule.PUB_8, "A cancel of what was not subscribed to changes nothing.", TOPICS)
def cancel_of_nothing(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"a")
    peer.cancel(b"b", b"", b"ab")
    bench.synced(testee, peer)
    testee.send(b"a")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"a"]]])


@case(
    Rule.WIRE_21, "A peer of 3.0 subscribes by a message that begins with 1.", 'RFC 23 "The Publish-Subscribe Pattern"'
)
def subscribed_as_in_3_0(bench: Bench) -> None:
    testee = bench.bound("PUB")
    peer = bench.dial(testee)
    peer.shake("SUB", version=(3, 0))
    peer.send(message(b"\1a") + message(b"\1b") + message(b"\0b"), "two subscriptions and a cancel")
    for _ in bench.tries("the subscription comes into force"):
        testee.send(b"a")
        if [b"a"] in peer.arrived():
            break
    testee.send(b"b")
    testee.send(b"a", b"end")
    while (found := peer.message()) != [b"a", b"end"]:
        equal("the subscriber gets", found, [b"a"])


@case(Rule.WIRE_21, "A publisher of 3.1 understands the subscription of 3.0 as well.", "our rule WIRE-21", Level.SHOULD)
def subscribed_as_in_3_0_at_3_1(bench: Bench) -> None:
    testee = bench.bound("PUB")
    peer = bench.peer(testee)
    peer.need_3_1()
    peer.send(message(b"\1a"), "a subscription in the form of 3.0")
    bench.synced(testee, peer)
    testee.send(b"a")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"a"]]])


BODY = b"x" * (1 << 20)


@case(Rule.PUB_2, "A subscriber that does not read misses whole messages, and holds nobody up.", PUB)
def full_subscriber(bench: Bench) -> None:
    testee, deaf = _publisher(bench, b"", SNDHWM=2)
    other = _subscribed(bench, testee, b"other")
    for number in range(60):
        equal("a message is answered", testee.offer(b"%d" % number, BODY, b"end").value, "ok")
    testee.send(b"other")
    while other.message() != [b"other"]:
        continue
    _later(bench, testee, deaf, 3)


def _later(bench: Bench, testee: Testee, peer: Peer, count: int) -> None:
    """Messages are published until the peer gets a later one; all that it gets before have so many parts."""
    for _ in bench.tries("a later message comes"):
        testee.offer(b"later", *[b"part"] * (count - 1))
        found = [parts for parts in peer.arrived() if not is_sync(parts) and parts != [b"other"]]
        for parts in found:
            holds(f"whole messages of {count} parts", len(parts) == count, [part[:10] for part in parts])
        if any(parts[0] == b"later" for parts in found):
            return


@case(Rule.PUB_2, "A subscriber that missed messages gets later ones whole.", PUB)
def after_missing_some(bench: Bench) -> None:
    testee, deaf = _publisher(bench, b"", SNDHWM=1)
    for number in range(40):
        testee.offer(b"%d" % number, BODY)
    _later(bench, testee, deaf, 2)


@case(
    Rule.SEND_2,
    "PUB: a high-water mark that is lowered between two parts joins no parts of different messages.",
    'RFC 37 "Messages"; libzmq `dist.cpp` write',
)
def pub_lowered_between_parts(bench: Bench) -> None:
    testee, deaf = _publisher(bench, b"", SNDHWM=10)
    for _ in range(6):
        testee.offer(b"0", BODY * 2)
    testee.part(b"M1a", True)
    testee.option("SNDHWM", 1)
    testee.rest(b"M1b")
    testee.option("SNDHWM", 10)
    known = [[b"0", BODY * 2], [b"M1a", b"M1b"], [b"M2a", b"M2b"]]
    for _ in bench.tries("a later message comes"):
        testee.offer(b"M2a", b"M2b")
        found = [parts for parts in deaf.arrived() if not is_sync(parts)]
        for parts in found:
            holds("whole messages", parts in known, [part[:10] for part in parts])
        if [b"M2a", b"M2b"] in found:
            return


@case(Rule.PUB_4, "An XPUB with NODROP drops nothing: it says EAGAIN.", "libzmq's option ZMQ_XPUB_NODROP", Level.SHOULD)
def nodrop(bench: Bench) -> None:
    testee = bench.bound("XPUB", SNDHWM=1, XPUB_NODROP=1)
    peer = bench.peer(testee, "SUB")
    peer.subscribe(b"")
    testee.receives([b"\1"])
    said = Said.OK
    sent = 0
    while said == Said.OK and sent < 100:
        said = testee.offer(b"%d" % sent, BODY)
        sent += said == Said.OK
    equal("a message to a full subscriber is answered", said.value, "EAGAIN")
    equal("the subscriber gets all", [peer.message()[0] for _ in range(sent)], [b"%d" % n for n in range(sent)])


# --- XPUB


@case(Rule.PUB_7, "XPUB shows the first subscription to a topic, and the end of the last.", XPUB)
def xpub_shows(bench: Bench) -> None:
    testee = bench.bound("XPUB")
    peer = bench.peer(testee)
    peer.subscribe(b"t")
    testee.receives([b"\1t"])
    peer.cancel(b"t")
    testee.receives([b"\0t"])


@case(Rule.PUB_8, "XPUB does not show the second subscription to a topic.", XPUB)
def xpub_shows_once(bench: Bench) -> None:
    testee = bench.bound("XPUB")
    peers = bench.peers(testee, 2)
    for peer in peers:
        peer.subscribe(b"t")
        peer.settle()
    peers[-1].subscribe(b"u")
    testee.receives([b"\1t"], [b"\1u"])


@case(Rule.PUB_7, "A verbose XPUB shows each subscription.", "libzmq's option ZMQ_XPUB_VERBOSE", Level.SHOULD)
def verbose_xpub(bench: Bench) -> None:
    testee = bench.bound("XPUB", XPUB_VERBOSE=1)
    for peer in bench.peers(testee, 2):
        peer.subscribe(b"t")
        testee.receives([b"\1t"])


@case(Rule.PUB_9, "When a subscriber goes, XPUB shows the end of its subscriptions.", XPUB + " (generates unsubscribe)")
def subscriber_goes(bench: Bench) -> None:
    testee = bench.bound("XPUB")
    peer = bench.peer(testee)
    peer.subscribe(b"t")
    testee.receives([b"\1t"])
    peer.close()
    testee.receives([b"\0t"])


def _lost(bench: Bench, kind: str, topic: bytes) -> tuple[Testee, Peer, Listener]:
    """A publisher that connects to us, and its subscriber, which has told a topic and is about to go."""
    testee, listener = connection.connecting(bench, kind)
    peer = bench.accepted(testee, listener)
    peer.shake("SUB")
    peer.subscribe(topic)
    return testee, peer, listener


def _back(bench: Bench, testee: Testee, peer: Peer, listener: Listener) -> Peer:
    """The subscriber goes, and the publisher connects to it again."""
    peer.close()
    again = bench.accepted(testee, listener)
    again.shake("SUB")
    return again


@case(
    Rule.PUB_9,
    "To a publisher that connected, a subscriber that is back is as new: one cancel ends what it tells again once.",
    TOPICS + " (each is told again when the connection is made again)",
)
def counted_anew(bench: Bench) -> None:
    testee, peer, listener = _lost(bench, "PUB", b"a")
    bench.synced(testee, peer)
    again = _back(bench, testee, peer, listener)
    again.subscribe(b"a", b"b")
    again.cancel(b"a")
    bench.synced(testee, again)
    testee.send(b"a")
    testee.send(b"b")
    equal("the subscriber gets", bench.published(testee, again), [[[b"b"]]])


@case(
    Rule.PUB_9,
    "An XPUB that connected shows the end of a subscription when its subscriber goes, and that it is back.",
    XPUB + " (generates unsubscribe)",
)
def subscriber_of_a_connecting_xpub_goes(bench: Bench) -> None:
    testee, peer, listener = _lost(bench, "XPUB", b"t")
    testee.receives([b"\1t"])
    again = _back(bench, testee, peer, listener)
    again.subscribe(b"t")
    testee.receives([b"\0t"], [b"\1t"])


@case(Rule.PUB_10, "XPUB delivers what a peer sends besides subscriptions.", XPUB)
def upstream_messages(bench: Bench) -> None:
    testee = bench.bound("XPUB")
    peer = bench.peer(testee, "XSUB")
    peer.send(message(b"up", b"stream"), "a message")
    testee.receives([b"up", b"stream"])
