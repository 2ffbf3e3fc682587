"""Connections: made again, not made again, lost, and what becomes of half a message (RFC 23 and RFC 37)."""

from __future__ import annotations

from itertools import pairwise
from time import monotonic

from ....model.rules import Rule
from .. import octets
from ..bench import Bench
from ..case import Level, Section, Silent, Unsupported, equal, holds
from ..octets import MORE, frame, greeting, message
from ..peer import Listener
from ..testee import Testee

section = Section("Connections")
case = section.case
ERRORS = 'RFC 37 "Error Handling"'
MESSAGES = 'RFC 37 "Messages"'
QUICK = {"RECONNECT_IVL": 10}


def connecting(bench: Bench, kind: str, **options: int) -> tuple[Testee, Listener]:
    """A testee that connects to a port of ours, and quickly connects again."""
    testee = bench.testee(kind, **QUICK, **options)
    listener = bench.listener()
    testee.connect(listener.endpoint, listener.name)
    return testee, listener


@case(Rule.CONNECT_1, "A connection that the peer closes is made again.", ERRORS + " (should reconnect)", Level.SHOULD)
def made_again_after_a_close(bench: Bench) -> None:
    testee, listener = connecting(bench, "PUSH")
    first = bench.accepted(testee, listener)
    first.shake("PULL")
    first.close()
    again = bench.accepted(testee, listener)
    again.shake("PULL")
    testee.send(b"after")
    equal("the peer receives", again.message()[-1:], [b"after"])


@case(Rule.CONNECT_1, "A connection that the peer resets is made again.", ERRORS + " (should reconnect)", Level.SHOULD)
def made_again_after_a_reset(bench: Bench) -> None:
    testee, listener = connecting(bench, "PULL")
    first = bench.accepted(testee, listener)
    first.shake("PUSH")
    first.reset()
    again = bench.accepted(testee, listener)
    again.shake("PUSH")
    again.send(message(b"after"), "a message")
    testee.receives([b"after"])


@case(
    Rule.CONNECT_1,
    "A connection that the peer closes in the middle of the handshake is made again.",
    ERRORS + " (an unexpected close is temporary)",
    Level.SHOULD,
)
def made_again_after_half_a_handshake(bench: Bench) -> None:
    testee, listener = connecting(bench, "PULL")
    first = bench.accepted(testee, listener)
    first.greet()
    first.close()
    second = bench.accepted(testee, listener)
    second.send(greeting()[:20], "a part of a greeting")
    second.close()
    third = bench.accepted(testee, listener)
    third.shake("PUSH")
    bench.works(testee, third)


@case(
    Rule.CONNECT_1,
    "The delay grows when connections are taken and dropped, one after the other.",
    ERRORS + " (the delay should grow on repeats)",
    Level.SHOULD,
)
def delay_grows(bench: Bench) -> None:
    testee = bench.testee("PUSH", RECONNECT_IVL=20, RECONNECT_IVL_MAX=5000)
    listener = bench.listener()
    testee.connect(listener.endpoint, listener.name)
    times = []
    for _ in range(6):
        bench.accepted(testee, listener).close()
        bench.log.add("print(time.monotonic())")
        times.append(monotonic())
    delays = [after - before for before, after in pairwise(times)]
    told = ", ".join(f"{delay * 1000:.0f}" for delay in delays)
    holds("the last two delays are longer than the first two", sum(delays[-2:]) > 2 * sum(delays[:2]), f"{told} ms")


@case(
    Rule.CONNECT_3,
    "After an error of the protocol the connecting side tries again, or not.",
    ERRORS + "; libzmq gives up; our rule CONNECT-3",
    Level.EITHER,
)
def after_an_error_of_the_protocol(bench: Bench) -> str:
    testee, listener = connecting(bench, "PULL")
    first = bench.accepted(testee, listener)
    first.shake("PUSH")
    first.send(octets.announced(1 << 63), "an impossible frame")
    try:
        first.ends()
    except Silent:
        # That it is one, and ends the connection, is asked in WIRE-11.
        raise Unsupported("an error of the protocol that the testee takes for one") from None
    other, elsewhere = connecting(bench, "PULL")
    for _ in range(5):
        bench.accepted(other, elsewhere).close()
    return "it connects again" if listener.waiting() else "it does not connect again"


@case(Rule.CONNECT_2, "When accepted peers come and go, others are served.", "RFC 30; our rule CONNECT-2")
def peers_come_and_go(bench: Bench) -> None:
    testee = bench.bound("PULL")
    stays = bench.peer(testee)
    for number in range(10):
        peer = bench.peer(testee)
        peer.send(message(b"%d" % number), "a message")
        testee.receives([b"%d" % number])
        peer.reset() if number % 2 else peer.close()
    bench.works(testee, stays)


@case(
    Rule.LINK_3,
    "What was sent to a peer that lost its connection is not sent to it twice.",
    'RFC 37 "Socket Semantics" (never delivered twice)',
)
def not_sent_twice(bench: Bench) -> None:
    testee, listener = connecting(bench, "PUSH")
    first = bench.accepted(testee, listener)
    first.shake("PULL")
    testee.send(b"once")
    equal("the peer receives", first.message(), [b"once"])
    first.close()
    again = bench.accepted(testee, listener)
    again.shake("PULL")
    testee.send(b"next")
    equal("the next connection receives", again.message(), [b"next"])


@case(
    Rule.LINK_2,
    "A message that comes octet by octet is delivered whole.",
    MESSAGES,
)
def octet_by_octet(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    sent = message(b"a", b"", b"ccc", b"d" * 300)
    for octet in range(40):
        peer.send(sent[octet : octet + 1])
        peer.pause()
    peer.send(sent[40:], "the rest")
    testee.receives([b"a", b"", b"ccc", b"d" * 300])


@case(Rule.LINK_2, "A message that is cut in two, anywhere, is delivered whole.", MESSAGES)
def cut_in_two(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    sent = message(b"ab", b"", b"c") + octets.ping(b"x") + frame(b"long", octets.LONG)
    for cut in range(len(sent) + 1):
        peer.send(sent[:cut], f"{cut} octets")
        peer.pause()
        peer.send(sent[cut:], "the rest")
        testee.receives([b"ab", b"", b"c"], [b"long"])


@case(Rule.LINK_2, "Nothing of a message is delivered before its last frame has come.", MESSAGES)
def nothing_before_the_last_frame(bench: Bench) -> None:
    testee = bench.bound("PULL")
    slow, quick = bench.peers(testee, 2)
    slow.send(frame(b"1", MORE) + frame(b"2", MORE), "two frames, and more to come")
    slow.settle()
    quick.send(message(b"quick"), "a message of another")
    testee.receives([b"quick"])
    slow.send(frame(b"3"), "the last frame")
    testee.receives([b"1", b"2", b"3"])


@case(Rule.LINK_2, "Messages of one peer are delivered in order, each once.", 'RFC 37 "Socket Semantics"')
def in_order(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(b"".join(message(b"%d" % number, b"x" * (number % 300)) for number in range(500)), "500 messages")
    testee.receives(*([b"%d" % number, b"x" * (number % 300)] for number in range(500)))


@case(
    Rule.LINK_2, "Messages of a slow reader are sent in order, each once, none left out.", 'RFC 37 "Socket Semantics"'
)
def sent_in_order(bench: Bench) -> None:
    testee = bench.bound("PUSH")
    peer = bench.peer(testee)
    for number in range(500):
        testee.send(b"%d" % number, b"x" * (number % 300))
    for number in range(500):
        equal("the peer receives", peer.message(), [b"%d" % number, b"x" * (number % 300)])


@case(Rule.LINK_6, "A half-written message is not gone on with over the next connection.", MESSAGES)
def half_written(bench: Bench) -> None:
    testee, listener = connecting(bench, "PUSH")
    first = bench.accepted(testee, listener)
    first.shake("PULL")
    large = b"x" * (8 << 20)
    testee.send(b"head", large, b"tail")
    equal("the first frame", first.frame("a frame comes").body, b"head")
    first.close()
    again = bench.accepted(testee, listener)
    again.shake("PULL")
    for _ in bench.tries("a later message comes"):
        testee.offer(b"later")
        found = again.arrived()
        for parts in found:
            whole = parts in ([b"later"], [b"head", large, b"tail"])
            holds("whole messages", whole, [part[:10] for part in parts])
        if [b"later"] in found:
            return


def _half(bench: Bench, testee: Testee, said: bytes, how: str) -> None:
    """A peer says this and goes; what is received next is what another sends."""
    peer = bench.peer(testee)
    peer.send(said, "a part of a message")
    peer.pause()
    peer.reset() if how == "reset" else peer.close()
    good = bench.peer(testee)
    good.send(message(b"whole", b"message"), "a message of another")
    testee.receives([b"whole", b"message"])


PARTS = (b"one", b"two", b"", b"four")


@case(Rule.RECEIVE_8, "A peer that closes after any frame but the last has sent nothing.", MESSAGES)
def closed_after_each_frame(bench: Bench) -> None:
    testee = bench.bound("PULL")
    for count in range(1, len(PARTS)):
        _half(bench, testee, b"".join(frame(part, MORE) for part in PARTS[:count]), "close")


@case(Rule.RECEIVE_8, "A peer that resets after any frame but the last has sent nothing.", MESSAGES)
def reset_after_each_frame(bench: Bench) -> None:
    testee = bench.bound("PULL")
    for count in range(1, len(PARTS)):
        _half(bench, testee, b"".join(frame(part, MORE) for part in PARTS[:count]), "reset")


@case(Rule.RECEIVE_8, "A peer that closes at any octet of a message has sent nothing.", MESSAGES)
def closed_at_each_octet(bench: Bench) -> None:
    testee = bench.bound("PULL")
    said = message(b"ab", b"c")
    for count in range(1, len(said)):
        _half(bench, testee, said[:count], "close")


@case(Rule.RECEIVE_8, "A peer that closes in the middle of a large body has sent nothing.", MESSAGES)
def closed_in_a_large_body(bench: Bench) -> None:
    testee = bench.bound("PULL")
    _half(bench, testee, frame(b"small", MORE) + octets.announced(100_000) + b"x" * 50_000, "close")


@case(
    Rule.RECEIVE_8,
    "What a peer sent whole before it went is delivered.",
    MESSAGES + "; our rule RECEIVE-8",
    Level.SHOULD,
)
def whole_messages_stay(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(message(b"whole") + message(b"second", b"one") + frame(b"half", MORE), "two messages and a half")
    peer.settle()
    peer.close()
    testee.receives([b"whole"], [b"second", b"one"])
    other = bench.peer(testee)
    bench.works(testee, other)


@case(
    Rule.RECEIVE_8,
    "A peer that comes again does not go on with the message that it had begun.",
    MESSAGES,
)
def not_continued(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    first = bench.peer(testee, "DEALER", b"same")
    first.send(frame(b"half", MORE), "the first of two frames")
    first.settle()
    first.close()
    bench.newcomer(testee, "DEALER", b"same", b"new")
    testee.receives([b"same", b"new"])
