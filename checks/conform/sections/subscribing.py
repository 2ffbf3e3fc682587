"""SUB and XSUB: what publishers are told, what is delivered (RFC 29 and RFC 37)."""

from __future__ import annotations

from ....model.rules import Rule
from ..bench import Bench
from ..case import Deviation, Level, Section, equal
from ..octets import message
from ..peer import Heard, Peer
from . import publishing

section = Section("Subscribing", (publishing.section,))
case = section.case
SUB, XSUB = (f'RFC 29 "The {kind} Socket Type"' for kind in ("SUB", "XSUB"))
TOPICS = publishing.TOPICS


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


def _tells(peer: Peer, verb: bytes, topic: bytes) -> None:
    """`Deviation` unless this comes next, in the form of the version that both speak."""
    equal("the publisher is told", _commands(peer, 1), [peer.told(verb, topic)])


@case(Rule.SUB_7, "SUB tells a publisher that comes what it has subscribed to.", SUB)
def sub_tells(bench: Bench) -> None:
    peer = bench.peer(bench.bound("SUB", SUBSCRIBE=b"topic"))
    _tells(peer, b"SUBSCRIBE", b"topic")


@case(Rule.SUB_7, "A connecting SUB tells a publisher what it has subscribed to, and again when it comes back.", SUB)
def sub_tells_again(bench: Bench) -> None:
    testee = bench.testee("SUB", SUBSCRIBE=b"topic", RECONNECT_IVL=10)
    listener = bench.listener()
    testee.connect(listener.endpoint, listener.name)
    for _ in range(2):
        peer = bench.accepted(testee, listener)
        peer.shake("PUB")
        _tells(peer, b"SUBSCRIBE", b"topic")
        peer.close()


@case(
    Rule.WIRE_21,
    "To a publisher of 3.0 a subscription is a message that begins with 1.",
    'RFC 23 "The Publish-Subscribe Pattern"',
)
def sub_tells_3_0(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"topic")
    peer = bench.dial(testee)
    peer.shake("PUB", version=(3, 0))
    equal("the publisher is told", _commands(peer, 1), [[b"\1topic"]])


@case(Rule.WIRE_21, "To a publisher of 3.1 a subscription is a command.", TOPICS)
def sub_tells_3_1(bench: Bench) -> None:
    peer = bench.peer(bench.bound("SUB", SUBSCRIBE=b""))
    peer.need_3_1()
    equal("the publisher is told", _commands(peer, 1), [[b"SUBSCRIBE", b""]])


@case(Rule.SUB_1, "A subscription while a publisher is there is told at once.", SUB)
def sub_tells_later(bench: Bench) -> None:
    testee = bench.bound("SUB")
    peer = bench.peer(testee)
    testee.serve(10)
    equal("the subscription is answered", testee.option("SUBSCRIBE", b"late").value, "ok")
    _tells(peer, b"SUBSCRIBE", b"late")


@case(Rule.SUB_2, "A cancel is told.", SUB)
def sub_cancels(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"topic")
    peer = bench.peer(testee)
    _commands(peer, 1)
    testee.option("UNSUBSCRIBE", b"topic")
    _tells(peer, b"CANCEL", b"topic")


@case(Rule.SUB_2, "Subscriptions are counted: after two and one cancel, messages are still delivered.", TOPICS)
def sub_counts(bench: Bench) -> None:
    testee = bench.bound("SUB", SUBSCRIBE=b"a")
    testee.option("SUBSCRIBE", b"a")
    testee.option("UNSUBSCRIBE", b"a")
    peer = bench.peer(testee)
    peer.send(message(b"a", b"body"), "a message")
    testee.receives([b"a", b"body"])


@case(
    Rule.SUB_2,
    "A publisher that counts is told of the end: as many cancels as subscriptions.",
    TOPICS + " (not idempotent)",
)
def sub_balances(bench: Bench) -> None:
    testee = bench.bound("SUB")
    peer = bench.peer(testee)
    testee.serve(10)
    for name in ("SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE", "UNSUBSCRIBE"):
        testee.option(name, b"a")
    testee.option("SUBSCRIBE", b"end")
    told = []
    while (last := _told(peer)) != (True, b"end"):
        told.append(last)
    equal("subscriptions that are left", sum(1 if more else -1 for more, _ in told), 0)


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
    equal("the publisher is told", _told(peer), (True, b"topic"))
    testee.send(b"\0topic")
    equal("the publisher is told", _told(peer), (False, b"topic"))


def _told(peer: Peer) -> tuple[bool, bytes]:
    """What the publisher is told next, in either form: is it a subscription, and to which topic?"""
    (heard,) = _commands(peer, 1)
    if len(heard) == 2:
        return heard[0] == b"SUBSCRIBE", heard[1]
    return heard[0][:1] == b"\1", heard[0][1:]


@case(Rule.WIRE_21, "What XSUB subscribes to is told to a publisher of 3.1 by a command.", TOPICS, Level.SHOULD)
def xsub_tells_3_1(bench: Bench) -> None:
    testee = bench.bound("XSUB")
    peer = bench.peer(testee, "XPUB")
    peer.need_3_1()
    testee.serve(10)
    testee.send(b"\1topic")
    equal("the publisher is told", _commands(peer, 1), [[b"SUBSCRIBE", b"topic"]])


@case(Rule.SUB_6, "XSUB sends every other message to its publishers.", XSUB)
def xsub_sends(bench: Bench) -> None:
    testee = bench.bound("XSUB")
    peer = bench.peer(testee, "XPUB")
    testee.serve(10)
    testee.send(b"up", b"stream")
    equal("the publisher receives", peer.message(), [b"up", b"stream"])


@case(Rule.SUB_3, "A cancel of what was not subscribed to is told to nobody.", XSUB + "; our rule SUB-3", Level.SHOULD)
def cancel_of_nothing(bench: Bench) -> None:
    testee = bench.bound("XSUB")
    peer = bench.peer(testee, "XPUB")
    testee.serve(10)
    testee.send(b"\0never")
    testee.send(b"\1topic")
    equal("the publisher is told", _told(peer), (True, b"topic"))
