"""Whose turn it is: round robin, fair queueing, PAIR, PUSH and PULL, DEALER; which types talk (RFC 28, 30, 31)."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Said
from ..bench import Bench
from ..case import Level, Section, equal, holds
from ..octets import message, ready
from ..peer import Peer
from ..testee import Testee

section = Section("Turns")
case = section.case
RFC_28, RFC_30, RFC_31 = "RFC 28", 'RFC 30 "The PUSH Socket Type"', "RFC 31"


def _all_ready(bench: Bench, testee: Testee, *peers: Peer) -> None:
    """Send until each peer has got something: then all have their place in the round."""
    waiting = list(peers)
    for _ in bench.tries("all peers get messages"):
        testee.send(b"are all there")
        waiting = [peer for peer in waiting if not peer.arrived()]
        if not waiting:
            break
    for peer in peers:
        peer.arrived()


def _round(bench: Bench, kind: str, talks: str) -> None:
    """Of messages to three peers each gets every third."""
    testee = bench.testee(kind)
    peers = [bench.called(testee, talks) for _ in range(3)]
    _all_ready(bench, testee, *peers)
    for number in range(9):
        testee.send(b"%d" % number, b"more")
    found = []
    for peer in peers:
        messages: list[list[bytes]] = []
        while len(messages) < 3:
            parts = peer.message()
            if parts != [b"are all there"]:
                messages.append(parts)
        found.append(messages)
    equal("what the three get", sorted(found), [[[b"%d" % (n + m), b"more"] for m in (0, 3, 6)] for n in range(3)])


@case(Rule.TURN_1, "PUSH gives its messages to its peers in turn.", RFC_30 + " (round robin)")
def push_goes_round(bench: Bench) -> None:
    _round(bench, "PUSH", "PULL")


@case(Rule.TURN_1, "DEALER gives its messages to its peers in turn.", RFC_28 + " (round robin)")
def dealer_goes_round(bench: Bench) -> None:
    _round(bench, "DEALER", "DEALER")


@case(Rule.TURN_1, "REQ asks its peers in turn.", RFC_28 + " (round robin)")
def req_asks_each_in_turn(bench: Bench) -> None:
    testee = bench.testee("REQ")
    peers = [bench.called(testee) for _ in range(2)]
    for peer in peers:
        peer.settle()
    asked = []
    for number in range(6):
        testee.send(b"%d" % number)
        asked.append(_who(bench, peers, number))
        peers[asked[-1]].send(message(b"", b"reply"), "the reply")
        testee.receives([b"reply"])
    holds("both are asked by turns", asked[2:] in ([0, 1, 0, 1], [1, 0, 1, 0]), str(asked))


def _who(bench: Bench, peers: list[Peer], number: int) -> int:
    """Which of the peers gets the request."""
    for _ in bench.tries("one of the peers gets the request"):
        for place, peer in enumerate(peers):
            if [b"", b"%d" % number] in peer.arrived():
                return place
    raise AssertionError("tries end with an exception")


def _three_each(bench: Bench, kind: str, talks: str) -> None:
    testee = bench.bound(kind)
    peers = bench.peers(testee, 3, talks)
    for name, peer in zip("abc", peers, strict=True):
        peer.send(b"".join(message(f"{name}{number}".encode(), b"more") for number in range(9)), "nine messages")
    for peer in peers:
        peer.settle()
    found = []
    for _ in range(27):
        parts = testee.receive()
        holds("messages of two parts", len(parts) > 1, parts)
        found.append(parts[-2][:1].decode("latin-1"))
    equal("from whom the messages are", sorted(found), sorted("abc" * 9))
    last = {name: max(place for place, who in enumerate(found) if who == name) for name in "abc"}
    holds(
        "none of three peers is done before the others have got nearly as far",
        min(last.values()) >= 18,
        "".join(found),
    )


@case(Rule.TURN_1, "PULL takes from its peers in turn.", "RFC 30 (fair queueing)")
def pull_hears_all_in_turn(bench: Bench) -> None:
    _three_each(bench, "PULL", "PUSH")


@case(Rule.TURN_1, "DEALER takes from its peers in turn.", RFC_28 + " (fair queueing)")
def dealer_hears_all_in_turn(bench: Bench) -> None:
    _three_each(bench, "DEALER", "DEALER")


@case(Rule.TURN_1, "ROUTER takes from its peers in turn.", RFC_28 + " (fair queueing)")
def router_hears_all_in_turn(bench: Bench) -> None:
    _three_each(bench, "ROUTER", "DEALER")


@case(Rule.TURN_1, "A peer that is full is passed over.", RFC_30 + " (available)")
def full_peer_is_passed_over(bench: Bench) -> None:
    testee = bench.testee("PUSH", SNDHWM=1)
    bench.accepted(testee)
    reads = bench.called(testee)
    for number in range(20):
        testee.send(b"%d" % number)
        reads.arrived()
    for _ in bench.tries("the peer that reads gets the last message"):
        testee.offer(b"last")
        if [b"last"] in reads.arrived():
            break


@case(Rule.TURN_3, "A message that was dropped takes no turn.", "our rule TURN-3 (L9)")
def dropped_message_takes_no_turn(bench: Bench) -> None:
    testee = bench.testee("PUSH")
    first, second = bench.called(testee), bench.called(testee)
    for peer in (first, second):
        peer.settle()
    testee.begin(b"dropped", True)
    testee.abort()
    testee.send(b"a")
    testee.send(b"b")
    equal("what the first and the second get", (first.heard(), second.heard()), ([[b"a"]], [[b"b"]]))


@case(
    Rule.TURN_6, "PUSH without a peer does not discard: it says EAGAIN.", RFC_30 + " (block or error; discard nothing)"
)
def push_without_a_peer(bench: Bench) -> None:
    _nobody(bench, "PUSH")


@case(Rule.TURN_5, "When a peer has gone the others go on by turns.", RFC_30 + " (round robin)")
def a_peer_leaves_the_round(bench: Bench) -> None:
    testee = bench.bound("PUSH")
    peers = bench.peers(testee, 3)
    _all_ready(bench, testee, *peers)
    peers[0].close()
    bench.serves_others(bench.bound("PULL"))
    found: list[int] = []
    for number in range(6):
        testee.send(b"%d" % number)
        found.append(_whose(bench, peers[1:], b"%d" % number))
    holds("both are served by turns", found[2:] in ([0, 1, 0, 1], [1, 0, 1, 0]), str(found))


def _whose(bench: Bench, peers: list[Peer], body: bytes) -> int:
    """Which of the peers gets this message."""
    for _ in bench.tries("one of the peers gets the message"):
        for place, peer in enumerate(peers):
            if [body] in peer.arrived():
                return place
    raise AssertionError("tries end with an exception")


@case(Rule.TURN_6, "DEALER without a peer does not discard: it says EAGAIN.", RFC_28)
def dealer_without_a_peer(bench: Bench) -> None:
    _nobody(bench, "DEALER")


@case(Rule.TURN_6, "REQ without a peer does not discard: it says EAGAIN.", RFC_28)
def req_without_a_peer(bench: Bench) -> None:
    _nobody(bench, "REQ")


@case(Rule.TURN_6, "PAIR without a peer does not discard: it says EAGAIN.", RFC_31)
def pair_without_a_peer(bench: Bench) -> None:
    _nobody(bench, "PAIR")


def _nobody(bench: Bench, kind: str) -> None:
    testee = bench.bound(kind)
    equal("a message to nobody is answered", testee.offer(b"lost?").value, "EAGAIN")
    peer = bench.peer(testee)
    testee.send(b"to somebody")
    equal("the peer receives", peer.message()[-1:], [b"to somebody"])


@case(Rule.TYPE_2, "PULL does not send.", "RFC 30")
def pull_does_not_send(bench: Bench) -> None:
    _does_not_send(bench, "PULL")


@case(Rule.TYPE_2, "SUB does not send.", "RFC 29")
def sub_does_not_send(bench: Bench) -> None:
    _does_not_send(bench, "SUB")


def _does_not_send(bench: Bench, kind: str) -> None:
    testee = bench.bound(kind)
    peer = bench.peer(testee)
    holds("a message is refused", testee.part(b"x") != Said.OK, "it is answered with ok")
    equal("what the peer gets", peer.heard(), [])


@case(Rule.TYPE_3, "PUSH does not receive.", "RFC 30")
def push_does_not_receive(bench: Bench) -> None:
    _does_not_receive(bench, "PUSH")


@case(Rule.TYPE_3, "PUB does not receive.", "RFC 29")
def pub_does_not_receive(bench: Bench) -> None:
    _does_not_receive(bench, "PUB")


def _does_not_receive(bench: Bench, kind: str) -> None:
    testee = bench.bound(kind)
    peer = bench.peer(testee)
    peer.send(message(b"x"), "a message")
    peer.settle()
    holds("a call that receives gets nothing", testee.next_part() != Said.OK, "it is answered with ok")


@case(
    Rule.TYPE_3,
    "Who cannot send or cannot receive says so by ENOTSUP.",
    "libzmq; our rules TYPE-2 and TYPE-3",
    Level.SHOULD,
)
def said_by_enotsup(bench: Bench) -> None:
    answers = [bench.bound(kind).part(b"x").value for kind in ("PULL", "SUB")]
    answers += [bench.bound(kind).next_part().value for kind in ("PUSH", "PUB")]
    equal("PULL and SUB that send, PUSH and PUB that receive, are answered", answers, ["ENOTSUP"] * 4)


LEGAL = {
    "PAIR": {"PAIR"}, "PUB": {"SUB", "XSUB"}, "SUB": {"PUB", "XPUB"}, "REQ": {"REP", "ROUTER"},
    "REP": {"REQ", "DEALER"}, "DEALER": {"REP", "DEALER", "ROUTER"}, "ROUTER": {"REQ", "DEALER", "ROUTER"},
    "PULL": {"PUSH"}, "PUSH": {"PULL"}, "XPUB": {"SUB", "XSUB"}, "XSUB": {"PUB", "XPUB"},
}  # fmt: skip
"""RFC 37's table, copied from there once more: what the suite asks is not what the reference says."""
TABLE = 'RFC 37 "The Socket-Type Property" (table of combinations)'


def _pairs(bench: Bench, legal: bool) -> None:
    for kind in sorted(set(LEGAL) & bench.api().types):
        for other in sorted(LEGAL):
            if (other in LEGAL[kind]) == legal:
                testee = bench.bound(kind)
                peer = bench.dial(testee)
                peer.greet()
                peer.send(ready(other), "READY")
                equal(f"a {kind} talks to {other}", peer.goes_on(), legal)
                peer.close()
                testee.close()


@case(Rule.TYPE_1, "Each type talks to all that belong to it.", TABLE)
def legal_pairs(bench: Bench) -> None:
    _pairs(bench, True)


@case(Rule.TYPE_1, "No type talks to one that does not belong to it.", TABLE + " (should)", Level.SHOULD)
def illegal_pairs(bench: Bench) -> None:
    _pairs(bench, False)


@case(Rule.PAIR_1, "Two PAIRs exchange messages both ways.", RFC_31)
def pair_talks(bench: Bench) -> None:
    testee = bench.bound("PAIR")
    peer = bench.peer(testee)
    peer.send(message(b"to", b"", b"you"), "a message")
    testee.receives([b"to", b"", b"you"])
    testee.send(b"and", b"", b"back")
    equal("the peer receives", peer.message(), [b"and", b"", b"back"])


@case(Rule.PAIR_2, "PAIR has one peer: nothing of a second one is delivered, and the first goes on.", RFC_31)
def pair_has_one_peer(bench: Bench) -> None:
    testee = bench.bound("PAIR")
    first = bench.peer(testee)
    testee.serve(0)
    second = bench.dial(testee)
    second.greet()
    second.send(ready("PAIR"), "READY")
    second.send(message(b"intruder"), "a message of a second peer")
    second.pause()
    first.send(message(b"first"), "a message of the first")
    testee.receives([b"first"])
    first.settle()
    first.send(message(b"again"), "another")
    testee.receives([b"again"])


@case(Rule.PAIR_2, "PAIR closes the connection of a second peer.", RFC_31 + "; our rule PAIR-2", Level.SHOULD)
def pair_closes_the_second(bench: Bench) -> None:
    testee = bench.bound("PAIR")
    testee.awake = True
    first = bench.peer(testee)
    first.settle()
    testee.serve(0)
    second = bench.dial(testee)
    second.greet()
    second.send(ready("PAIR"), "READY")
    second.ends()


@case(Rule.PUSH_2, "PULL delivers messages as they are, empty parts too.", "RFC 30")
def pull_delivers(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    for parts in ((b"",), (b"", b""), (b"a", b"", b"b"), (b"\0\xff" * 200,)):
        peer.send(message(*parts), "a message")
        testee.receives(list(parts))


@case(Rule.PUSH_1, "PUSH sends messages as they are, empty parts too.", RFC_30)
def push_sends(bench: Bench) -> None:
    testee = bench.bound("PUSH")
    peer = bench.peer(testee)
    for parts in ((b"",), (b"", b""), (b"a", b"", b"b"), (b"\0\xff" * 200,)):
        testee.send(*parts)
        equal("the peer receives", peer.message(), list(parts))


@case(Rule.DEALER_1, "DEALER adds nothing to a message.", RFC_28)
def dealer_adds_nothing(bench: Bench) -> None:
    testee = bench.bound("DEALER")
    peer = bench.peer(testee, "ROUTER")
    testee.send(b"a", b"b")
    equal("the peer receives", peer.message(), [b"a", b"b"])


@case(Rule.DEALER_2, "DEALER delivers a message as it is, with its delimiter.", RFC_28)
def dealer_delivers_all(bench: Bench) -> None:
    testee = bench.bound("DEALER")
    peer = bench.peer(testee, "REP")
    peer.send(message(b"", b"reply"), "a reply behind a delimiter")
    testee.receives([b"", b"reply"])
