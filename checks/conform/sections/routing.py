"""ROUTER: addresses, routing ids, peers that are gone or full (RFC 28)."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Said
from ..bench import Bench
from ..case import Deviation, Level, Section, equal, holds
from ..octets import message, ready
from ..peer import Peer
from ..testee import Testee

section = Section("Addresses")
case = section.case
ROUTER = 'RFC 28 "The ROUTER Socket Type"'


def _known(bench: Bench, testee: Testee, identity: bytes | None, kind: str = "DEALER") -> tuple[Peer, bytes]:
    """A peer of a ROUTER, and the id under which it is known there."""
    peer = bench.peer(testee, kind, identity)
    peer.send(message(b"hello"), "a message")
    parts = testee.receive()
    equal("the message behind the address", parts[1:], [b"hello"])
    return peer, parts[0]


@case(Rule.ROUTER_1, "A message goes to the peer whose id its first part is, without that part.", ROUTER)
def router_sends_to_the_address(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    peers = {name: _known(bench, testee, name)[0] for name in (b"a", b"b")}
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
    (first, one), (second, two) = _known(bench, testee, b""), _known(bench, testee, b"", "REQ")
    holds("the ids differ", one != two, one)
    testee.send(two, b"for two")
    testee.send(one, b"for one")
    equal("they receive", (first.message(), second.message()), ([b"for one"], [b"for two"]))


@case(
    Rule.ROUTER_8, "An id that is given begins with a zero, as none of a peer may.", ROUTER + "; RFC 37", Level.SHOULD
)
def given_ids_begin_with_zero(bench: Bench) -> None:
    _, address = _known(bench, bench.bound("ROUTER"), b"")
    equal("the first octet", address[:1], b"\0")


@case(Rule.ROUTER_2, "A mandatory ROUTER says that nobody has the address.", ROUTER + " (report, by configuration)")
def mandatory_router(bench: Bench) -> None:
    testee = bench.bound("ROUTER", ROUTER_MANDATORY=1)
    _known(bench, testee, b"known")
    equal("a message to nobody is answered", testee.offer(b"unknown", b"x").value, "EHOSTUNREACH")


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
    said = Said.OK
    for _ in range(100):
        said = testee.offer(address, BODY)
        if said != Said.OK:
            break
    equal("a message to a full peer is answered", said.value, "EAGAIN")


@case(Rule.ROUTER_4, "A full peer keeps a ROUTER from nobody else.", ROUTER + " (does not block)")
def router_is_not_held_up(bench: Bench) -> None:
    testee = bench.bound("ROUTER", SNDHWM=1)
    (_, deaf), (other, address) = _known(bench, testee, b"deaf"), _known(bench, testee, b"other")
    for _ in range(20):
        # It drops the message or says that it cannot send it, and does not wait. The pause lets it write: 20 MiB are
        # more than all buffers on the way hold, so that in the end the peer is full and stays so.
        testee.offer(deaf, BODY)
        other.pause()
    testee.send(address, b"for the other")
    equal("the other receives", other.message(), [b"for the other"])


@case(
    Rule.ROUTER_5,
    "An address alone sends nothing, and the next part is an address again.",
    "our rule ROUTER-5",
    Level.SHOULD,
)
def address_alone(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    peer, address = _known(bench, testee, b"known")
    testee.part(address)
    testee.send(address, b"next")
    equal("the peer receives", peer.message(), [b"next"])


@case(
    Rule.ROUTER_9,
    "A second peer of the same id does not get the messages of the first.",
    ROUTER + "; our rule ROUTER-9",
    Level.SHOULD,
)
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


@case(
    Rule.ROUTER_9,
    "A second peer of the same id is refused: its connection is closed.",
    "our rule ROUTER-9",
    Level.SHOULD,
)
def second_of_an_id_is_refused(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    _known(bench, testee, b"id")
    second = bench.dial(testee)
    second.greet()
    second.send(ready("DEALER", b"id"), "READY of another with the same id")
    testee.serve(10)
    if second.goes_on():
        raise Deviation("the testee closes the connection", "it goes on")


@case(
    Rule.ROUTER_10,
    "With ROUTER_HANDOVER the second peer of an id takes it over.",
    "libzmq's option ZMQ_ROUTER_HANDOVER",
    Level.SHOULD,
)
def id_is_handed_over(bench: Bench) -> None:
    testee = bench.bound("ROUTER", ROUTER_HANDOVER=1)
    _, address = _known(bench, testee, b"id")
    second, again = _known(bench, testee, b"id")
    equal("the id", again, address)
    testee.send(address, b"for the second")
    equal("the second receives", second.message(), [b"for the second"])


@case(
    Rule.ROUTER_6,
    "After a message that was refused in the middle the next part is an address.",
    'our rule ROUTER-6; RFC 37 "Messages"',
)
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
