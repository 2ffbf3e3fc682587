"""REQ, REP and ROUTER: envelopes, lock step, addresses (RFC 28)."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Said
from ..bench import Bench
from ..case import Deviation, Level, Needs, Section, equal, holds
from ..octets import message, ready
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


@case(Rule.REQ_2, "A second request before the reply is not sent: it is answered with EFSM.", REQ + " (one at a time)")
def second_request(bench: Bench) -> None:
    testee, peer = _asking(bench)
    testee.send(b"first")
    equal("a second request is answered", testee.offer(b"second").value, "EFSM")
    equal("what the peer gets", peer.heard(), [[b"", b"first"]])
    peer.send(message(b"", b"reply"), "the reply")
    testee.receives([b"reply"])


@case(Rule.REQ_2, "There is nothing to receive before a request: it is answered with EFSM.", REQ)
def receive_before_a_request(bench: Bench) -> None:
    testee, _ = _asking(bench)
    equal("a call that receives is answered", testee.next_part().value, "EFSM")


@case(Rule.REQ_2, "There is nothing to receive while a request is half sent.", REQ)
def receive_in_a_request(bench: Bench) -> None:
    testee, peer = _asking(bench)
    testee.begin(b"half", True)
    equal("a call that receives is answered", testee.next_part().value, "EFSM")
    testee.rest(b"whole")
    equal("the peer receives", peer.message(), [b"", b"half", b"whole"])


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
    asked, other = _asked(peers)
    other.send(message(b"", b"bogus"), "a reply of the other")
    other.settle()
    asked.send(message(b"", b"reply"), "the reply")
    testee.receives([b"reply"])


def _asked(peers: list[Peer]) -> tuple[Peer, Peer]:
    """Who of two peers got the request, and who did not."""
    first, second = peers
    while True:
        if first.arrived():
            return first, second
        if second.arrived():
            return second, first


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
    testee.rest(b"tail")
    if testee.offer(b"next") != Said.OK:
        return
    equal("the peer receives", second.message(), [b"", b"next"])


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


@case(Rule.REP_3, "There is no reply before a request: it is answered with EFSM.", REP)
def reply_before_a_request(bench: Bench) -> None:
    testee = bench.bound("REP")
    peer = bench.peer(testee)
    peer.settle()
    equal("a reply to nothing is answered", testee.offer(b"reply").value, "EFSM")


@case(Rule.REP_3, "The next request is not received before the reply: it is answered with EFSM.", REP)
def receive_before_the_reply(bench: Bench) -> None:
    testee = bench.bound("REP")
    peer = bench.peer(testee, "DEALER")
    peer.send(message(b"1", b"", b"first") + message(b"2", b"", b"second"), "two requests")
    testee.receives([b"first"])
    equal("a call that receives is answered", testee.next_part().value, "EFSM")
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


# --- ROUTER


def _known(bench: Bench, testee: Testee, identity: bytes | None, kind: str = "DEALER") -> tuple[Peer, bytes]:
    """A peer of a ROUTER, and the id under which it is known there."""
    peer = bench.peer(testee, kind, identity)
    peer.send(message(b"hello"), "a message")
    address, greeting = testee.receive()
    equal("the message", greeting, b"hello")
    return peer, address


@case(Rule.ROUTER_1, "A message goes to the peer whose id its first part is, without that part.", ROUTER)
def router_sends_to_the_address(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    peers = dict(_known(bench, testee, name)[::-1] for name in (b"a", b"b"))
    for name in (b"b", b"a", b"b"):
        testee.send(name, b"for", name)
    for name in (b"a", b"b"):
        equal("the peer receives", peers[name].message(), [b"for", name])


@case(Rule.ROUTER_7, "A message is delivered behind the id of its peer.", ROUTER)
def router_says_from_whom(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    peer = bench.peer(testee, "DEALER", b"me")
    peer.send(message(b"a", b"", b"b"), "a message")
    testee.receives([b"me", b"a", b"", b"b"])


@case(Rule.ROUTER_8, "A peer without an id gets one, of its own.", ROUTER)
def router_gives_ids(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    (first, one), (second, two) = _known(bench, testee, b""), _known(bench, testee, None, "REP")
    holds("the ids differ", one != two, one)
    testee.send(two, b"for two")
    testee.send(one, b"for one")
    equal("they receive", (first.message(), second.message()), ([b"for one"], [b"for two"]))


@case(Rule.ROUTER_8, "An id that is given begins with a zero, as none of a peer may.", ROUTER + '; RFC 37', Level.SHOULD)
def given_ids_begin_with_zero(bench: Bench) -> None:
    _, address = _known(bench, bench.bound("ROUTER"), b"")
    equal("the first octet", address[:1], b"\0")


@case(Rule.ROUTER_2, "A mandatory ROUTER says that nobody has the address.", ROUTER + " (report, by configuration)")
def mandatory_router(bench: Bench) -> None:
    testee = bench.bound("ROUTER", ROUTER_MANDATORY=1)
    _known(bench, testee, b"known")
    equal("the address is answered", testee.part(b"unknown", True).value, "EHOSTUNREACH")


@case(Rule.ROUTER_4, "Another ROUTER drops a message to nobody, whole, and goes on.", ROUTER)
def router_drops(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    peer, address = _known(bench, testee, b"known")
    equal("a message to nobody is answered", testee.offer(b"unknown", address, b"x").value, "ok")
    testee.send(address, b"next")
    equal("the peer receives", peer.message(), [b"next"])


BODY = b"x" * (1 << 20)


@case(Rule.ROUTER_3, "A mandatory ROUTER says that a peer is full.", ROUTER + " (report, by configuration)")
def mandatory_router_is_full(bench: Bench) -> None:
    testee = bench.bound("ROUTER", ROUTER_MANDATORY=1, SNDHWM=1)
    _, address = _known(bench, testee, b"deaf")
    for _ in range(100):
        said = testee.offer(address, BODY)
        if said != Said.OK:
            break
    equal("a message to a full peer is answered", said.value, "EAGAIN")


@case(Rule.ROUTER_4, "A full peer keeps a ROUTER from nobody else.", ROUTER + " (does not block)")
def router_is_not_held_up(bench: Bench) -> None:
    testee = bench.bound("ROUTER", SNDHWM=1)
    (_, deaf), (other, address) = _known(bench, testee, b"deaf"), _known(bench, testee, b"other")
    for _ in range(40):
        equal("a message to a full peer is answered", testee.offer(deaf, BODY).value, "ok")
    testee.send(address, b"for the other")
    equal("the other receives", other.message(), [b"for the other"])


@case(Rule.ROUTER_5, "An address alone sends nothing, and the next part is an address again.", "our rule ROUTER-5", Level.SHOULD)
def address_alone(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    peer, address = _known(bench, testee, b"known")
    testee.part(address)
    testee.send(address, b"next")
    equal("the peer receives", peer.message(), [b"next"])


@case(Rule.ROUTER_9, "A second peer of the same id does not get the messages of the first.", ROUTER + "; our rule ROUTER-9")
def id_stays_with_who_has_it(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    first, address = _known(bench, testee, b"id")
    second = bench.dial(testee)
    second.greet()
    second.send(ready("DEALER", b"id"), "READY of another with the same id")
    second.pause()
    testee.serve(10)
    testee.send(address, b"for the first")
    equal("the first receives", first.message(), [b"for the first"])


@case(Rule.ROUTER_9, "A second peer of the same id is refused: its connection is closed.", "our rule ROUTER-9", Level.SHOULD)
def second_of_an_id_is_refused(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    _known(bench, testee, b"id")
    second = bench.dial(testee)
    second.greet()
    second.send(ready("DEALER", b"id"), "READY of another with the same id")
    testee.serve(10)
    if second.goes_on():
        raise Deviation("the testee closes the connection", "it goes on")


@case(Rule.ROUTER_10, "With ROUTER_HANDOVER the second peer of an id takes it over.", "libzmq's option ZMQ_ROUTER_HANDOVER", Level.SHOULD)
def id_is_handed_over(bench: Bench) -> None:
    testee = bench.bound("ROUTER", ROUTER_HANDOVER=1)
    _, address = _known(bench, testee, b"id")
    second, again = _known(bench, testee, b"id")
    equal("the id", again, address)
    testee.send(address, b"for the second")
    equal("the second receives", second.message(), [b"for the second"])


@case(Rule.ROUTER_6, "After a message that was refused in the middle the next part is an address.", "our rule ROUTER-6; RFC 37 \"Messages\"")
def again_an_address(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    first, one = _known(bench, testee, b"one")
    second, two = _known(bench, testee, b"two")
    equal("the address is answered", testee.part(one, True).value, "ok")
    equal("a part is answered", testee.part(b"dropped", True).value, "ok")
    testee.abort()
    testee.send(two, b"next")
    testee.send(one, b"next")
    equal("they receive", (first.message(), second.message()), ([b"next"], [b"next"]))

