"""Memory that is refused or bounded elsewhere than on the way out: receiving, connections, patterns (our own rules)."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Can, Refused
from .. import octets
from ..bench import Bench
from ..case import Deviation, Section, equal, holds
from ..octets import message
from ..testee import Testee
from . import connection, memory, requesting, routing, subscribing
from .memory import LETTER, LIMIT, bounded, no_memory, refuse

section = Section(
    "Memory elsewhere",
    (connection.section, requesting.section, routing.section, subscribing.section, memory.section),
)
case = section.case


def _refused_at_each(bench: Bench, testee: Testee, allocations: int, what: str, *parts: bytes) -> None:
    """Offer a message again and again, refused at its first, second ... allocation: each time it is ENOMEM."""
    for after in range(allocations):
        refuse(bench, "BODY", after)
        said = testee.offer(*parts)
        bench.api().refuse("BODY", 0, 0)
        no_memory(f"{what} refused at allocation {after + 1}", said)


@case(
    Rule.RECEIVE_2,
    "A message that gets no memory at first is delivered whole later, or not at all.",
    LETTER + " L2, L5",
)
def receiving_without_memory(bench: Bench) -> None:
    bench.api(Can.REFUSE)
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(message(b"before"), "a message")
    testee.receives([b"before"])
    refuse(bench, "RECEIVE_BODY", 0, 3)
    peer.send(message(b"A1", b"A2" * 10_000, b"A3"), "a message that gets no memory")
    peer.pause()
    other = bench.peer(testee)
    other.send(message(b"other", b"one"), "a message of another")
    found = [testee.receive()]
    while found[-1] != [b"other", b"one"]:
        found.append(testee.receive())
    holds("whole messages", found[:-1] in ([], [[b"A1", b"A2" * 10_000, b"A3"]]), found)


@case(Rule.RECEIVE_3, "A body larger than all memory ends its connection, and others are served.", LETTER + " L2")
def body_above_the_limit(bench: Bench) -> None:
    testee, peer = bounded(bench, "PULL")
    peer.send(
        octets.frame(b"first", octets.MORE) + octets.announced(10 * LIMIT) + b"x" * 1000, "a body above all memory"
    )
    peer.ends()
    other = bench.peer(testee)
    bench.works(testee, other)


@case(
    Rule.RECEIVE_2, "A receiver without memory stops reading, and goes on when messages were taken.", LETTER + " L2, L5"
)
def stalled_and_resumed(bench: Bench) -> None:
    testee, peer = bounded(bench, "PULL")
    body = b"x" * 30_000
    sent = 0
    while sent < 600 and peer.accepted(message(b"%d" % sent, body)):
        sent += 1
    holds("the testee stops reading", sent < 600, f"it holds {sent * len(body)} octets")
    for number in range(sent):
        equal("a PULL receives", testee.receive()[0], b"%d" % number)


# --- sockets, connections, subscriptions


@case(Rule.CONNECT_4, "A socket that gets no memory is not made, and the next one is.", LETTER + " L4")
def socket_refused(bench: Bench) -> None:
    target = bench.api(Can.REFUSE)
    refuse(bench, "SOCKET")
    try:
        target.create("PUSH")
    except Refused as refused:
        equal("making a socket is answered", refused.said.value, "ENOMEM")
    else:
        raise Deviation("making a socket is answered: ENOMEM", "ok")
    bench.works(testee := bench.bound("PULL"), bench.peer(testee))


@case(
    Rule.CONNECT_4,
    "A connect that gets no memory is answered with ENOMEM, leaves nothing behind, and may be tried again.",
    LETTER + " L4",
)
def connect_refused(bench: Bench) -> None:
    target = bench.api(Can.REFUSE)
    testee = bench.testee("PULL")
    listener = bench.listener()
    refuse(bench, "CONNECTION")
    no_memory("connect", target.connect(testee.number, listener.endpoint))
    testee.connect(listener.endpoint, listener.name)
    peer = bench.accepted(testee, listener)
    peer.shake("PUSH")
    bench.works(testee, peer)
    equal("further connections", listener.waiting(), False)


@case(
    Rule.CONNECT_5,
    "A peer for whose connection there is no memory is turned away, and the next one is served.",
    LETTER + " L4",
)
def accept_refused(bench: Bench) -> None:
    bench.api(Can.REFUSE)
    testee = bench.bound("PULL")
    refuse(bench, "ACCEPT")
    peer = bench.dial(testee)
    peer.ends()
    other = bench.peer(testee)
    bench.works(testee, other)


@case(Rule.SUB_8, "A subscription that gets no memory is answered with ENOMEM, and may be made again.", LETTER + " L4")
def subscription_refused(bench: Bench) -> None:
    bench.api(Can.REFUSE)
    testee = bench.bound("SUB")
    peer = bench.peer(testee)
    refuse(bench, "SUBSCRIPTION")
    no_memory("a subscription", testee.option("SUBSCRIBE", b"topic"))
    equal("what the publisher is told", peer.heard(), [])
    equal("a subscription is answered", testee.option("SUBSCRIBE", b"topic").value, "ok")
    equal("what the publisher is told", peer.heard(), [peer.told(b"SUBSCRIBE", b"topic")])


@case(
    Rule.SUB_8, "A peer's subscription that gets no memory ends the connection, rather than be missing.", LETTER + " L4"
)
def subscription_of_a_peer_refused(bench: Bench) -> None:
    bench.api(Can.REFUSE)
    testee = bench.bound("PUB")
    peer = bench.peer(testee)
    refuse(bench, "SUBSCRIPTION")
    peer.subscribe(b"topic")
    peer.ends()
    bench.serves_others(testee)


@case(
    Rule.PUB_3,
    "A subscriber whose copy gets no memory misses that message whole; the others get it.",
    LETTER + " L6; facts D13",
)
def copy_refused(bench: Bench) -> None:
    target = bench.api(Can.REFUSE)
    testee = bench.bound("PUB")
    peers = bench.peers(testee, 2, "SUB")
    for peer in peers:
        peer.subscribe(b"m")
    bench.synced(testee, *peers)
    sent = []
    for after in range(6):
        refuse(bench, "BODY", after)
        parts = [b"m%d" % after, b"middle", b"end"]
        equal("a message is answered", testee.offer(*parts).value, "ok")
        target.refuse("BODY", 0, 0)
        sent.append(parts)
    found = bench.published(testee, *peers)
    for messages in found:
        holds("whole messages that were sent", all(parts in sent for parts in messages), messages)
    missed = [sum(parts not in messages for messages in found) for parts in sent]
    equal("subscribers that miss each of six messages", missed, [1] * 6)


@case(Rule.PUB_5, "With NODROP a message that one copy gets no memory for is given to nobody.", LETTER + " L6, L9")
def nodrop_refused(bench: Bench) -> None:
    bench.api(Can.REFUSE)
    testee = bench.bound("XPUB", XPUB_NODROP=1)
    peers = bench.peers(testee, 2, "SUB")
    for peer in peers:
        peer.subscribe(b"m")
    bench.synced(testee, *peers)
    _refused_at_each(bench, testee, 4, "a message", b"m1", b"m2")
    testee.send(b"m1", b"m2")
    equal("the subscribers get", bench.published(testee, *peers), [[[b"m1", b"m2"]]] * 2)


@case(Rule.ROUTER_6, "ROUTER: after ENOMEM the next part is an address again.", LETTER + " L9; facts D14")
def router_forgets_the_address(bench: Bench) -> None:
    bench.api(Can.REFUSE)
    testee = bench.bound("ROUTER")
    peers = {}
    for name in (b"a", b"b"):
        peers[name] = bench.peer(testee, "DEALER", name)
        peers[name].send(message(b"hello"), "a message")
        testee.receives([name, b"hello"])
    testee.send(b"a", b"first")
    equal("the peer receives", peers[b"a"].message(), [b"first"])
    equal("the address is answered", testee.part(b"a", True).value, "ok")
    refuse(bench, "BODY")
    no_memory("the part behind the address", testee.part(b"for a"))
    testee.send(b"b", b"for b")
    testee.send(b"a", b"again")
    equal("they receive", (peers[b"a"].message(), peers[b"b"].message()), ([b"again"], [b"for b"]))


@case(
    Rule.REQ_4,
    "REQ: after ENOMEM the request is sent again with one empty part in front, and its reply comes.",
    LETTER + " L9; facts D15",
)
def req_restarts(bench: Bench) -> None:
    bench.api(Can.REFUSE)
    testee = bench.testee("REQ")
    peer = bench.called(testee)
    peer.settle()
    _refused_at_each(bench, testee, 3, "a request", b"A1", b"A2")
    testee.send(b"A1", b"A2")
    equal("the peer receives", peer.message(), [b"", b"A1", b"A2"])
    peer.send(message(b"", b"reply"), "the reply")
    testee.receives([b"reply"])


@case(Rule.REP_7, "REP: after ENOMEM the reply is still due, behind its envelope.", LETTER + " L9; facts D16")
def rep_restarts(bench: Bench) -> None:
    bench.api(Can.REFUSE)
    testee = bench.bound("REP")
    peer = bench.peer(testee, "DEALER")
    peer.send(message(b"hop", b"", b"request"), "a request")
    testee.receives([b"request"])
    _refused_at_each(bench, testee, 4, "a reply", b"R1", b"R2")
    testee.send(b"R1", b"R2")
    equal("the peer receives", peer.message(), [b"hop", b"", b"R1", b"R2"])
