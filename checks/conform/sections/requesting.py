"""REQ and REP: envelopes and lock step (RFC 28)."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Said
from ..bench import Bench
from ..case import Level, Needs, Section, equal, holds
from ..octets import message
from ..peer import Peer
from ..testee import Testee

section = Section("Requests and replies")
case = section.case
REQ, REP, ROUTER = (f'RFC 28 "The {kind} Socket Type"' for kind in ("REQ", "REP", "ROUTER"))
ANSWERS = Needs.ANSWERS


def _asking(bench: Bench, **options: int) -> tuple[Testee, Peer]:
    testee = bench.testee("REQ", **options)
    peer = bench.called(testee)
    peer.settle()
    return testee, peer


@case(Rule.REQ_1, "A request stands behind an empty part.", REQ)
def request_behind_a_delimiter(bench: Bench) -> None:
    testee, peer = _asking(bench)
    testee.send(b"a", b"b")
    equal("the peer receives", peer.message(), [b"", b"a", b"b"])


@case(Rule.REQ_2, "A second request before the reply is refused.", REQ + " (one at a time)")
def second_request(bench: Bench) -> None:
    testee, peer = _asking(bench)
    testee.send(b"first")
    holds("a second request is refused", testee.offer(b"second") != Said.OK, "it is answered with ok")
    equal("what the peer gets", peer.heard(), [[b"", b"first"]])
    peer.send(message(b"", b"reply"), "the reply")
    testee.receives([b"reply"])


@case(Rule.REQ_2, "There is nothing to receive before a request.", REQ)
def receive_before_a_request(bench: Bench) -> None:
    testee, peer = _asking(bench)
    peer.send(message(b"", b"unasked"), "a reply to nothing")
    peer.settle()
    holds("a call that receives is refused", testee.next_part() != Said.OK, "it is answered with ok")


@case(Rule.REQ_2, "There is nothing to receive while a request is half sent.", REQ)
def receive_in_a_request(bench: Bench) -> None:
    testee, peer = _asking(bench)
    testee.begin(b"half", True)
    peer.send(message(b"", b"unasked"), "a reply to nothing")
    peer.settle()
    holds("a call that receives is refused", testee.next_part() != Said.OK, "it is answered with ok")
    testee.rest(b"whole")
    equal("the peer receives", peer.message(), [b"", b"half", b"whole"])


@case(Rule.REQ_2, "What breaks the lock step is answered with EFSM.", "libzmq; our rules REQ-2 and REP-3", Level.SHOULD)
def said_by_efsm(bench: Bench) -> None:
    testee, _ = _asking(bench)
    replier = bench.bound("REP")
    answers = [testee.next_part().value, replier.offer(b"reply").value]
    testee.send(b"request")
    answers.append(testee.offer(b"another").value)
    equal("REQ that receives first, REP that replies first, REQ that asks twice, are answered", answers, ["EFSM"] * 3)


@case(Rule.REQ_5, "The reply is delivered without its empty part.", REQ)
def reply_without_its_delimiter(bench: Bench) -> None:
    testee, peer = _asking(bench)
    testee.send(b"request")
    peer.message()
    peer.send(message(b"", b"a", b"", b"b"), "the reply")
    testee.receives([b"a", b"", b"b"])


@case(Rule.REQ_6, "What comes from a peer that was not asked is discarded.", REQ)
def reply_of_another(bench: Bench) -> None:
    testee = bench.testee("REQ")
    peers = [bench.called(testee) for _ in range(2)]
    for peer in peers:
        peer.settle()
    testee.send(b"request")
    asked, other = _asked(bench, peers)
    other.send(message(b"", b"bogus"), "a reply of the other")
    other.settle()
    asked.send(message(b"", b"reply"), "the reply")
    testee.receives([b"reply"])


def _asked(bench: Bench, peers: list[Peer]) -> tuple[Peer, Peer]:
    """Who of two peers got the request, and who did not."""
    first, second = peers
    for _ in bench.tries("one of the peers gets the request"):
        if first.arrived():
            return first, second
        if second.arrived():
            return second, first
    raise AssertionError("tries end with an exception")


@case(Rule.REQ_6, "A reply without the empty part is discarded.", REQ)
def reply_without_delimiter(bench: Bench) -> None:
    testee, peer = _asking(bench)
    testee.send(b"request")
    peer.message()
    peer.send(message(b"bogus"), "no reply")
    peer.send(message(b"no", b"bogus"), "no reply")
    peer.send(message(b"", b"reply"), "the reply")
    testee.receives([b"reply"])


@case(Rule.REQ_6, "What a peer sent before it was asked is no reply.", REQ)
def reply_before_the_request(bench: Bench) -> None:
    testee, peer = _asking(bench)
    peer.send(message(b"", b"early"), "a reply to nothing")
    peer.settle()
    testee.send(b"request")
    peer.message()
    peer.send(message(b"", b"reply"), "the reply")
    testee.receives([b"reply"])


@case(Rule.REQ_7, "After the reply the next request may be sent, ten times.", REQ)
def requests_in_a_row(bench: Bench) -> None:
    testee, peer = _asking(bench)
    for number in range(10):
        testee.send(b"%d" % number)
        equal("the peer receives", peer.message(), [b"", b"%d" % number])
        peer.send(message(b"", b"re %d" % number), "the reply")
        testee.receives([b"re %d" % number])


@case(Rule.REQ_9, "A relaxed REQ may ask again before the reply.", "libzmq's option ZMQ_REQ_RELAXED", Level.SHOULD)
def relaxed_req(bench: Bench) -> None:
    testee, peer = _asking(bench, REQ_RELAXED=1, REQ_CORRELATE=1)
    testee.send(b"first")
    equal("a second request is answered", testee.offer(b"second").value, "ok")
    equal("the peer receives", [peer.message()[-1], peer.message()[-1]], [b"first", b"second"])


@case(
    Rule.REQ_5,
    "A correlating REQ takes the reply with the id of its request, and no other.",
    "libzmq's option ZMQ_REQ_CORRELATE",
    Level.SHOULD,
)
def correlating_req(bench: Bench) -> None:
    testee, peer = _asking(bench, REQ_RELAXED=1, REQ_CORRELATE=1)
    testee.send(b"first")
    testee.send(b"second")
    first, second = peer.message(), peer.message()
    equal("parts of a request", (len(first), len(second)), (3, 3))
    holds("the ids differ", first[0] != second[0], first[0])
    peer.send(message(first[0], b"", b"late") + message(second[0], b"", b"reply"), "both replies")
    testee.receives([b"reply"])


@case(Rule.REQ_4, "A request whose peer has gone before its end leaves the next one well formed.", REQ + "; facts I6")
def request_after_half_a_request(bench: Bench) -> None:
    testee = bench.bound("REQ")
    first = bench.peer(testee)
    testee.begin(b"head", True)
    first.close()
    second = bench.peer(testee)
    second.settle()
    # libzmq looks at what has become of its peers no more than once a millisecond.
    second.pause()
    testee.rest(b"tail")
    if testee.offer(b"next") != Said.OK:
        return
    equal("the peer receives", second.message(), [b"", b"next"])


@case(
    Rule.REQ_3, "The reply to a request that was given up is no reply to the next one.", "our rule REQ-3", Level.SHOULD
)
def reply_to_what_was_given_up(bench: Bench) -> None:
    testee, peer = _asking(bench, REQ_RELAXED=1, REQ_CORRELATE=1)
    testee.send(b"given up")
    first = peer.message()
    peer.send(message(first[0], b"", b"late"), "the reply to the first")
    peer.settle()
    testee.send(b"next")
    second = peer.message()
    peer.send(message(second[0], b"", b"reply"), "the reply to the second")
    testee.receives([b"reply"])


@case(Rule.REQ_8, "When the peer that was asked has gone, a reply of another is not taken instead.", REQ)
def asked_peer_has_gone(bench: Bench) -> None:
    testee = bench.bound("REQ")
    peers = bench.peers(testee, 2)
    for peer in peers:
        peer.settle()
    testee.send(b"request")
    asked, other = _asked(bench, peers)
    asked.close()
    bench.serves_others(testee)
    other.send(message(b"", b"bogus"), "a reply of another")
    other.settle()
    for _ in range(5):
        testee.serve(10)
    holds("no reply is delivered", not testee.has_message, "[b'bogus'] is delivered")


# --- REP


@case(Rule.REP_4, "The reply goes behind the envelope of its request.", REP, needs=ANSWERS)
def reply_behind_the_envelope(bench: Bench) -> None:
    testee = bench.replier()
    peer = bench.peer(testee, "DEALER")
    peer.send(message(b"hop2", b"hop1", b"", b"request"), "a request")
    bench.answer(testee)
    equal("the envelope of the reply", peer.message()[:3], [b"hop2", b"hop1", b""])


@case(Rule.REP_4, "The reply to a REQ stands behind one empty part.", REP, needs=ANSWERS)
def reply_to_a_req(bench: Bench) -> None:
    testee = bench.replier()
    peer = bench.peer(testee, "REQ")
    peer.send(message(b"", b"request"), "a request")
    bench.answer(testee)
    equal("the beginning of the reply", peer.message()[:1], [b""])


@case(Rule.REP_4, "Each reply goes to the peer that sent its request.", REP, needs=ANSWERS)
def reply_to_who_asked(bench: Bench) -> None:
    testee = bench.replier()
    peers = bench.peers(testee, 3, "DEALER")
    for number, peer in enumerate(peers):
        peer.send(message(b"from %d" % number, b"", b"request"), "a request")
    for _ in peers:
        bench.answer(testee)
    for number, peer in enumerate(peers):
        equal("the envelope of the reply", peer.message()[:2], [b"from %d" % number, b""])


@case(Rule.REP_1, "A request is delivered without its envelope.", REP)
def request_without_its_envelope(bench: Bench) -> None:
    testee = bench.bound("REP")
    peer = bench.peer(testee, "DEALER")
    peer.send(message(b"hop", b"", b"a", b"b"), "a request")
    testee.receives([b"a", b"b"])


@case(Rule.REP_1, "The envelope ends with the first empty part: further ones are the request's.", REP)
def envelope_ends_with_the_first_empty_part(bench: Bench) -> None:
    testee = bench.bound("REP")
    peer = bench.peer(testee, "DEALER")
    peer.send(message(b"hop", b"", b"a", b"", b"b"), "a request")
    testee.receives([b"a", b"", b"b"])
    testee.send(b"reply")
    equal("the peer receives", peer.message(), [b"hop", b"", b"reply"])


@case(Rule.REP_2, "A message without an empty part is no request: the next one is delivered.", REP, needs=ANSWERS)
def request_without_delimiter(bench: Bench) -> None:
    testee = bench.replier()
    peer = bench.peer(testee, "DEALER")
    peer.send(message(b"no", b"request"), "no request")
    peer.send(message(b"good", b"", b"request"), "a request")
    request = bench.answer(testee)
    holds("the good request is delivered", request in (None, [b"request"]), request)
    equal("the envelope of the reply", peer.message()[:2], [b"good", b""])


@case(Rule.REP_2, "An envelope with nothing behind it is no request.", REP + "; our rule REP-2", Level.SHOULD)
def envelope_alone(bench: Bench) -> None:
    testee = bench.bound("REP")
    peer = bench.peer(testee, "DEALER")
    peer.send(message(b"hop", b""), "an envelope alone")
    peer.send(message(b"", b"good"), "a request")
    testee.receives([b"good"])


@case(Rule.REP_3, "There is no reply before a request.", REP)
def reply_before_a_request(bench: Bench) -> None:
    testee = bench.bound("REP")
    peer = bench.peer(testee)
    peer.settle()
    holds("a reply to nothing is refused", testee.offer(b"reply") != Said.OK, "it is answered with ok")


@case(Rule.REP_3, "The next request is not received before the reply.", REP)
def receive_before_the_reply(bench: Bench) -> None:
    testee = bench.bound("REP")
    peer = bench.peer(testee, "DEALER")
    peer.send(message(b"1", b"", b"first") + message(b"2", b"", b"second"), "two requests")
    testee.receives([b"first"])
    holds("a call that receives is refused", testee.next_part() != Said.OK, "it is answered with ok")
    testee.send(b"reply")
    equal("the peer receives", peer.message(), [b"1", b"", b"reply"])
    testee.receives([b"second"])


@case(Rule.REP_5, "A reply to a peer that has gone is discarded, and the next request is served.", REP)
def peer_of_the_request_has_gone(bench: Bench) -> None:
    testee = bench.bound("REP")
    gone, stays = bench.peers(testee, 2, "DEALER")
    gone.send(message(b"gone", b"", b"request"), "a request")
    testee.receives([b"request"])
    gone.close()
    bench.serves_others(testee)
    testee.offer(b"reply", b"to nobody")
    stays.send(message(b"stays", b"", b"next"), "a request of another")
    testee.receives([b"next"])
    testee.send(b"reply")
    equal("the other receives", stays.message(), [b"stays", b"", b"reply"])


@case(Rule.REP_6, "A peer that reads no replies keeps no other from getting its own.", REP + " (does not block)")
def peer_that_does_not_read(bench: Bench) -> None:
    testee = bench.bound("REP", SNDHWM=1)
    deaf, other = bench.peer(testee, "DEALER"), bench.peer(testee, "DEALER")
    body = b"x" * (1 << 20)
    for number in range(20):
        deaf.send(message(b"", b"%d" % number), "a request")
        testee.receives([b"%d" % number])
        testee.offer(body)
    other.send(message(b"", b"request"), "a request of another")
    testee.receives([b"request"])
    testee.send(b"reply")
    equal("the other receives", other.message(), [b"", b"reply"])
