"""Messages of which a part was sent when their peer went: the rest goes to nobody (RFC 23 and RFC 37, "Messages")."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Said
from ..bench import Bench
from ..case import Deviation, Level, Section, equal, holds
from ..octets import message
from ..peer import Peer
from ..testee import Testee
from .connection import MESSAGES, connecting

section = Section("Messages half sent")
case = section.case


KNOWN = [[b"next", b"message"], [b"head", b"middle", b"tail"], [b"last", b"one"]]


def _gets_whole(bench: Bench, peer: Peer, testee: Testee, *address: bytes) -> None:
    """Messages are sent until the peer gets the last of them; all that it gets before was sent, and is whole."""
    for _ in bench.tries("a later message comes"):
        testee.offer(*address, b"last", b"one")
        found = peer.arrived()
        for parts in found:
            if parts not in KNOWN:
                raise Deviation(f"whole messages: {KNOWN[:2]}", f"{parts} is delivered")
        if KNOWN[-1] in found:
            return


def _tail_goes_nowhere(bench: Bench, kind: str, talks: str) -> None:
    """The peer of a begun message goes; another peer gets no part of it, and gets the next one whole."""
    testee = bench.bound(kind)
    first = bench.peer(testee, talks)
    testee.begin(b"head", True)
    second = bench.peer(testee, talks)
    first.close()
    # Whoever has served a newcomer has seen the end of the one before.
    bench.serves_others(testee)
    testee.rest(b"middle", b"tail")
    for _ in range(4):
        testee.offer(b"next", b"message")
    _gets_whole(bench, second, testee)


@case(Rule.SEND_12, "PUSH: the rest of a message whose peer has gone goes to nobody else.", MESSAGES + "; RFC 30")
def tail_of_a_push(bench: Bench) -> None:
    _tail_goes_nowhere(bench, "PUSH", "PULL")


@case(Rule.SEND_12, "DEALER: the rest of a message whose peer has gone goes to nobody else.", MESSAGES + "; RFC 28")
def tail_of_a_dealer(bench: Bench) -> None:
    _tail_goes_nowhere(bench, "DEALER", "DEALER")


@case(
    Rule.SEND_12, "PAIR: the rest of a message whose peer has gone does not go to the next peer.", MESSAGES + "; RFC 31"
)
def tail_of_a_pair(bench: Bench) -> None:
    testee = bench.bound("PAIR")
    first = bench.peer(testee)
    testee.begin(b"head", True)
    first.close()
    second = bench.newcomer(testee, "PAIR", None, b"here")
    testee.rest(b"middle", b"tail")
    testee.offer(b"next", b"message")
    _gets_whole(bench, second, testee)


@case(Rule.SEND_12, "ROUTER: the rest of a message whose peer has gone goes to nobody else.", MESSAGES + "; RFC 28")
def tail_of_a_router(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    first, second = bench.peer(testee, "DEALER", b"a"), bench.peer(testee, "DEALER", b"b")
    for peer in (first, second):
        peer.send(message(b"hello"), "a message")
        testee.receive()
    equal("the address is answered", testee.part(b"a", True).value, "ok")
    equal("the first part is answered", testee.part(b"head", True).value, "ok")
    first.close()
    bench.peer(testee, "DEALER", b"c")
    testee.rest(b"middle", b"tail")
    for _ in range(3):
        testee.offer(b"b", b"next", b"message")
    _gets_whole(bench, second, testee, b"b")


@case(
    Rule.SEND_12,
    "A call that goes on with a message whose peer has gone is told so.",
    "libzmq#141 (asked for by the letter's author); our rule SEND-12",
    Level.SHOULD,
)
def sender_is_told(bench: Bench) -> None:
    testee = bench.bound("PUSH")
    first = bench.peer(testee)
    testee.begin(b"head", True)
    first.close()
    bench.serves_others(testee)
    holds("a part is not answered with ok", testee.rest(b"middle", b"tail") != Said.OK, "all are answered with ok")


@case(Rule.SEND_12, "A connecting socket does not go on with a message on its next connection.", MESSAGES)
def not_continued_on_the_next_connection(bench: Bench) -> None:
    testee, listener = connecting(bench, "PUSH")
    first = bench.accepted(testee, listener)
    first.shake("PULL")
    testee.begin(b"head", True)
    first.close()
    again = bench.accepted(testee, listener)
    again.shake("PULL")
    testee.rest(b"middle", b"tail")
    testee.offer(b"next", b"message")
    _gets_whole(bench, again, testee)


@case(Rule.SEND_12, "XSUB does not go on with a message on its next connection.", MESSAGES)
def xsub_does_not_continue(bench: Bench) -> None:
    testee, listener = connecting(bench, "XSUB")
    first = bench.accepted(testee, listener)
    first.shake("XPUB")
    testee.begin(b"head", True)
    first.close()
    again = bench.accepted(testee, listener)
    again.shake("XPUB")
    again.settle()
    testee.rest(b"middle", b"tail")
    testee.offer(b"next", b"message")
    _gets_whole(bench, again, testee)
