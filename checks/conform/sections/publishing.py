"""PUB, XPUB, SUB and XSUB: who gets what, and who is told of subscriptions (RFC 29 and RFC 37)."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Said
from ..bench import Bench
from ..case import Deviation, Level, Section, equal, holds
from ..octets import cancel, message, subscribe
from ..peer import Heard, Peer
from ..testee import Testee

section = Section("Publishing and subscribing")
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
        peer.send(subscribe(topic), "SUBSCRIBE")
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
        "the subscribers get", bench.published(testee, *peers), [[[b"1", b"a"]], [[b"2", b"b"]], [[b"1", b"a"], [b"2", b"b"]]]
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
    peer.send(cancel(b"a"), "CANCEL")
    bench.synced(testee, peer)
    testee.send(b"a")
    testee.send(b"b")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"b"]]])


@case(Rule.PUB_8, "Subscriptions are counted: two and one cancel leave one.", TOPICS + " (additive, not idempotent)")
def counted(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"a", b"a")
    peer.send(cancel(b"a"), "CANCEL")
    bench.synced(testee, peer)
    testee.send(b"a")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"a"]]])


@case(Rule.PUB_8, "After as many cancels as subscriptions nothing comes.", TOPICS)
def counted_to_the_end(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"a", b"a")
    peer.send(cancel(b"a") + cancel(b"a"), "two CANCELs")
    bench.synced(testee, peer)
    testee.send(b"a")
    equal("the subscriber gets", bench.published(testee, peer), [[]])


@case(Rule.PUB_8, "A cancel of what was not subscribed to changes nothing.", TOPICS)
def cancel_of_nothing(bench: Bench) -> None:
    testee, peer = _publisher(bench, b"a")
    peer.send(cancel(b"b") + cancel(b"") + cancel(b"ab"), "CANCELs of nothing")
    bench.synced(testee, peer)
    testee.send(b"a")
    equal("the subscriber gets", bench.published(testee, peer), [[[b"a"]]])


@case(Rule.WIRE_21, "A peer of 3.0 subscribes by a message that begins with 1.", 'RFC 23 "The Publish-Subscribe Pattern"')
def subscribed_as_in_3_0(bench: Bench) -> None:
    testee = bench.bound("PUB")
    peer = bench.dial(testee)
    peer.shake("SUB", version=(3, 0))
    peer.send(message(b"\1a") + message(b"\1b") + message(b"\0b"), "two subscriptions and a cancel")
    while [b"a"] not in peer.arrived():
        testee.send(b"a")
    testee.send(b"b")
    testee.send(b"a", b"end")
    while (found := peer.message()) != [b"a", b"end"]:
        equal("the subscriber gets", found, [b"a"])


@case(Rule.WIRE_21, "A publisher of 3.1 understands the subscription of 3.0 as well.", "our rule WIRE-21", Level.SHOULD)
def subscribed_as_in_3_0_at_3_1(bench: Bench) -> None:
    testee = bench.bound("PUB")
    peer = bench.peer(testee)
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
    while [b"other"] not in other.arrived():
        testee.send(b"other")
    deaf.clerk.seconds *= 4
    while (found := deaf.message()) != [b"other"]:
        holds("whole messages", len(found) == 3 and found[2] == b"end", [part[:10] for part in found])


@case(Rule.PUB_2, "A subscriber that missed messages gets later ones whole.", PUB)
def after_missing_some(bench: Bench) -> None:
    testee, deaf = _publisher(bench, b"", SNDHWM=1)
    for number in range(40):
        testee.offer(b"%d" % number, BODY)
    while True:
        testee.offer(b"later", b"one")
        found = deaf.arrived()
        for parts in found:
            holds("whole messages of two parts", len(parts) == 2, [part[:10] for part in parts])
        if [b"later", b"one"] in found:
            return


@case(
    Rule.SEND_2,
    "PUB: a high-water mark that is lowered between two parts joins no parts of different messages.",
    'RFC 37 "Messages"; libzmq `dist.cpp` write',
)
def pub_lowered_between_parts(bench: Bench) -> None:
    testee, deaf = _publisher(bench, b"", SNDHWM=1000)
    for _ in range(12):
        testee.offer(b"0", BODY)
    testee.part(b"M1a", True)
    testee.option("SNDHWM", 1)
    testee.rest(b"M1b")
    testee.option("SNDHWM", 1000)
    known = [[b"0", BODY], [b"M1a", b"M1b"], [b"M2a", b"M2b"]]
    while True:
        testee.offer(b"M2a", b"M2b")
        found = [parts for parts in deaf.arrived() if parts[0][:1] != b"~"]
        for parts in found:
            holds("whole messages", parts in known, [part[:10] for part in parts])
        if [b"M2a", b"M2b"] in found:
            return


@case(Rule.PUB_4, "An XPUB with NODROP drops nothing: it says EAGAIN.", "libzmq's option ZMQ_XPUB_NODROP", Level.SHOULD)
def nodrop(bench: Bench) -> None:
    testee = bench.bound("XPUB", SNDHWM=1, XPUB_NODROP=1)
    peer = bench.peer(testee, "SUB")
    peer.send(subscribe(b""), "SUBSCRIBE")
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
    peer.send(subscribe(b"t"), "SUBSCRIBE")
    testee.receives([b"\1t"])
    peer.send(cancel(b"t"), "CANCEL")
    testee.receives([b"\0t"])


@case(Rule.PUB_8, "XPUB does not show the second subscription to a topic.", XPUB)
def xpub_shows_once(bench: Bench) -> None:
    testee = bench.bound("XPUB")
    for peer in bench.peers(testee, 2):
        peer.send(subscribe(b"t"), "SUBSCRIBE")
        peer.settle()
    peer.send(subscribe(b"u"), "SUBSCRIBE")
    testee.receives([b"\1t"], [b"\1u"])


@case(Rule.PUB_7, "A verbose XPUB shows each subscription.", "libzmq's option ZMQ_XPUB_VERBOSE", Level.SHOULD)
def verbose_xpub(bench: Bench) -> None:
    testee = bench.bound("XPUB", XPUB_VERBOSE=1)
    for peer in bench.peers(testee, 2):
        peer.send(subscribe(b"t"), "SUBSCRIBE")
        testee.receives([b"\1t"])


@case(Rule.PUB_9, "When a subscriber goes, XPUB shows the end of its subscriptions.", XPUB + " (generates unsubscribe)")
def subscriber_goes(bench: Bench) -> None:
    testee = bench.bound("XPUB")
    peer = bench.peer(testee)
    peer.send(subscribe(b"t"), "SUBSCRIBE")
    testee.receives([b"\1t"])
    peer.close()
    testee.receives([b"\0t"])


@case(Rule.PUB_10, "XPUB delivers what a peer sends besides subscriptions.", XPUB)
def upstream_messages(bench: Bench) -> None:
    testee = bench.bound("XPUB")
    peer = bench.peer(testee, "XSUB")
    peer.send(message(b"up", b"stream"), "a message")
    testee.receives([b"up", b"stream"])


# --- SUB and XSUB


def _commands(peer: Peer, count: int) -> list[Heard]:
    """The next commands about subscriptions."""
    found: list[Heard] = []
    while len(found) < count:
        heard = peer.heard_next()
        if heard is None:
            raise Deviation("a subscription", "the connection ends")
        if heard[0] in (b"SUBSCRIBE", b"CANCEL") or heard[0][:1] in (b"\0", b"\1"):
            found.append(heard)
    return found


@case(Rule.SUB_7, "SUB tells a publisher that comes what it has subscribed to.", SUB)
def sub_tells(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"topic")
    equal("the publisher is told", _commands(bench.peer(testee), 1), [[b"SUBSCRIBE", b"topic"]])


@case(Rule.SUB_7, "A connecting SUB tells a publisher what it has subscribed to, and again when it comes back.", SUB)
def sub_tells_again(bench: Bench) -> None:
    testee = bench.testee("SUB", SUBSCRIBE=b"topic", RECONNECT_IVL=10)
    listener = bench.listener()
    testee.connect(listener.endpoint, listener.name)
    for _ in range(2):
        peer = bench.accepted(testee, listener)
        peer.shake("PUB")
        equal("the publisher is told", _commands(peer, 1), [[b"SUBSCRIBE", b"topic"]])
        peer.close()


@case(Rule.WIRE_21, "To a publisher of 3.0 a subscription is a message that begins with 1.", 'RFC 23 "The Publish-Subscribe Pattern"')
def sub_tells_3_0(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"topic")
    peer = bench.dial(testee)
    peer.shake("PUB", version=(3, 0))
    equal("the publisher is told", _commands(peer, 1), [[b"\1topic"]])


@case(Rule.WIRE_21, "To a publisher of 3.1 a subscription is a command.", TOPICS)
def sub_tells_3_1(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"")
    equal("the publisher is told", _commands(bench.peer(testee), 1), [[b"SUBSCRIBE", b""]])


@case(Rule.SUB_1, "A subscription while a publisher is there is told at once.", SUB)
def sub_tells_later(bench: Bench) -> None:
    testee = bench.bound("SUB")
    peer = bench.peer(testee)
    testee.serve(10)
    equal("the subscription is answered", testee.option("SUBSCRIBE", b"late").value, "ok")
    equal("the publisher is told", _commands(peer, 1), [[b"SUBSCRIBE", b"late"]])


@case(Rule.SUB_2, "A cancel is told.", SUB)
def sub_cancels(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"topic")
    peer = bench.peer(testee)
    _commands(peer, 1)
    testee.option("UNSUBSCRIBE", b"topic")
    equal("the publisher is told", _commands(peer, 1), [[b"CANCEL", b"topic"]])


@case(Rule.SUB_2, "Subscriptions are counted: after two and one cancel, messages are still delivered.", TOPICS)
def sub_counts(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"a")
    testee.option("SUBSCRIBE", b"a")
    testee.option("UNSUBSCRIBE", b"a")
    peer = bench.peer(testee)
    peer.send(message(b"a", b"body"), "a message")
    testee.receives([b"a", b"body"])


@case(Rule.SUB_2, "A publisher that counts is told of the end: as many cancels as subscriptions.", TOPICS + " (not idempotent)")
def sub_balances(bench: Bench) -> None:
    testee = bench.bound("SUB")
    peer = bench.peer(testee)
    testee.serve(10)
    for name in ("SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE", "UNSUBSCRIBE"):
        testee.option(name, b"a")
    testee.option("SUBSCRIBE", b"end")
    told = []
    while (command := _commands(peer, 1)[0]) != [b"SUBSCRIBE", b"end"]:
        told.append(command)
    count = sum(1 if name == b"SUBSCRIBE" else -1 for name, _ in told)
    equal("subscriptions that are left", count, 0)


@case(Rule.SUB_5, "SUB delivers nothing that it has not subscribed to, whatever a publisher sends.", SUB)
def sub_filters(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"wanted")
    peer = bench.peer(testee)
    peer.send(message(b"other", b"wanted") + message(b"wanted", b"y"), "two messages")
    testee.receives([b"wanted", b"y"])


@case(Rule.SUB_4, "SUB delivers whole messages of all its publishers.", SUB)
def sub_delivers(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"")
    peers = bench.peers(testee, 2)
    for number, peer in enumerate(peers):
        peer.send(message(b"%d" % number, b"", b"z"), "a message")
    found = sorted(testee.receive() for _ in peers)
    equal("a SUB receives", found, [[b"0", b"", b"z"], [b"1", b"", b"z"]])


@case(Rule.SUB_6, "XSUB subscribes by a message that begins with 1, and cancels by one with 0.", XSUB)
def xsub_subscribes(bench: Bench) -> None:
    testee = bench.bound("XSUB")
    peer = bench.peer(testee, "XPUB")
    testee.serve(10)
    testee.send(b"\1topic")
    equal("the publisher is told", _commands(peer, 1), [[b"SUBSCRIBE", b"topic"]])
    testee.send(b"\0topic")
    equal("the publisher is told", _commands(peer, 1), [[b"CANCEL", b"topic"]])


@case(Rule.SUB_6, "XSUB sends every other message to its publishers.", XSUB)
def xsub_sends(bench: Bench) -> None:
    testee = bench.bound("XSUB")
    peer = bench.peer(testee, "XPUB")
    testee.serve(10)
    testee.send(b"up", b"stream")
    equal("the publisher receives", peer.message(), [b"up", b"stream"])
