"""The handshake under NULL: READY, its metadata, socket types and routing ids (RFC 23 and RFC 37)."""

from __future__ import annotations

from struct import pack

from ....model.rules import Rule
from .. import octets
from ..bench import Bench, Tested
from ..case import Level, Needs, Section, equal, holds
from ..octets import command, frame, greeting, message, prop, ready
from ..peer import Peer
from ..testee import TALKS

section = Section("Handshake")
case = section.case
NULL = 'RFC 37 "The NULL Security Mechanism"'
METADATA = NULL + " (metadata)"
TYPE = 'RFC 37 "The Socket-Type Property"'
IDENTITY = 'RFC 37 "The Identity Property"'
WIRE = Needs.NOTHING


def _greeted(bench: Bench) -> tuple[Tested, Peer]:
    testee = bench.any()
    peer = bench.dial(testee)
    peer.greet()
    return testee, peer


@case(Rule.WIRE_23, "A listening socket answers the peer's READY by its own.", NULL, needs=WIRE)
def ready_is_answered(bench: Bench) -> None:
    bench.peer(bench.any())


@case(
    Rule.WIRE_23,
    "READY is sent as soon as the peer's greeting is there (RFC 23), or after the peer's READY (RFC 37).",
    'RFC 23 "The NULL Security Mechanism" against RFC 37, in which the side that binds waits',
    Level.EITHER,
    WIRE,
)
def who_is_ready_first(bench: Bench) -> str:
    testee, peer = _greeted(bench)
    # As much time as a whole handshake of another peer takes.
    bench.serves_others(testee)
    peer.pause()
    first = len(peer.came.data) > octets.GREETING
    peer.send(ready(TALKS[testee.kind]), "READY")
    peer.its_ready()
    return "it sends READY at once" if first else "it waits for the peer's READY"


@case(Rule.WIRE_23, "A connecting socket sends its READY after the peer's greeting, without waiting.", NULL)
def connecting_is_ready_first(bench: Bench) -> None:
    testee = bench.testee("PULL")
    peer = bench.accepted(testee)
    peer.greet()
    peer.its_ready()


@case(Rule.WIRE_23, "No message is sent before the peer's READY has come.", NULL)
def no_message_before_ready(bench: Bench) -> None:
    testee = bench.testee("PUSH")
    peer = bench.accepted(testee)
    testee.offer(b"early")
    peer.greet()
    peer.its_ready()
    other = bench.called(bench.testee("PUSH"))
    other.settle()
    peer.pause()
    equal("what has come before READY", len(peer.came.data) - peer.came.read, 0)
    peer.send(ready("PULL"), "READY")
    testee.offer(b"late")
    holds("a message comes now", bool(peer.message()))


@case(
    Rule.WIRE_23,
    "A READY in one segment with the greeting is accepted.",
    'RFC 23 "The NULL Security Mechanism" (need not wait)',
    needs=WIRE,
)
def greeting_and_ready_in_one_segment(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    peer.send(greeting() + ready(TALKS[testee.kind]), "greeting and READY")
    peer.greet(b"")
    peer.its_ready()
    bench.works(testee, peer)


@case(
    Rule.WIRE_25,
    "A message before READY is refused.",
    'RFC 37 "Formal Grammar" (handshake before traffic)',
    needs=WIRE,
)
def message_before_ready(bench: Bench) -> None:
    _refused(bench, message(b"too early"))


@case(
    Rule.WIRE_25,
    "A READY that is framed as a message is refused.",
    'RFC 37 "Formal Grammar" (READY is a command)',
    needs=WIRE,
)
def ready_that_is_a_message(bench: Bench) -> None:
    testee = bench.any()
    _never_ready(bench, testee, frame(b"\5READY" + octets.metadata(TALKS[testee.kind])), "a READY without COMMAND")


@case(Rule.WIRE_26, "An unknown command instead of READY is refused.", NULL + "; our rule WIRE-26", Level.SHOULD, WIRE)
def unknown_instead_of_ready(bench: Bench) -> None:
    _refused(bench, command(b"X-READY", octets.metadata("PUSH")))


@case(Rule.WIRE_26, "A PING instead of READY is refused.", NULL + "; our rule WIRE-26", Level.SHOULD, WIRE)
def ping_instead_of_ready(bench: Bench) -> None:
    _refused(bench, octets.ping())


@case(Rule.WIRE_26, "A HELLO under NULL is refused.", NULL + "; RFC 24", needs=WIRE)
def hello_under_null(bench: Bench) -> None:
    _refused(bench, command(b"HELLO", b"\1u\1p"))


@case(Rule.WIRE_26, "A READY in lower case is none.", 'RFC 37 "Formal Grammar"', needs=WIRE)
def ready_in_lower_case(bench: Bench) -> None:
    testee = bench.any()
    _never_ready(bench, testee, command(b"ready", octets.metadata(TALKS[testee.kind])), "ready")


def _refused(bench: Bench, said: bytes) -> None:
    """These octets instead of READY end the connection."""
    _never_ready(bench, bench.any(), said, "instead of READY")


def _never_ready(bench: Bench, testee: Tested, said: bytes, what: str = "READY") -> None:
    """These octets end the connection, whether or not the testee's own READY comes first; others are served.

    On two connections: who takes them for a READY answers a PING behind them, and who passes over them takes a good
    READY behind them, and shows it by the answer to a PING.
    """
    for behind in (b"", ready(TALKS[testee.kind])):
        peer = bench.dial(testee)
        peer.greet()
        peer.send(said, what)
        if behind:
            peer.send(behind, "a READY that would be good")
        equal("the testee closes the connection", "it goes on" if peer.goes_on() else "closed", "closed")
    bench.serves_others(testee)


def _metadata(bench: Bench, data: bytes) -> None:
    """A READY with this metadata ends the connection."""
    testee = bench.any()
    _never_ready(bench, testee, command(b"READY", prop(b"Socket-Type", TALKS[testee.kind].encode()) + data))


@case(Rule.WIRE_27, "A property with an empty name is refused.", METADATA, needs=WIRE)
def empty_property_name(bench: Bench) -> None:
    _metadata(bench, b"\0" + pack(">I", 1) + b"v")


@case(Rule.WIRE_27, "A property whose name is cut off is refused.", METADATA, needs=WIRE)
def half_a_property_name(bench: Bench) -> None:
    _metadata(bench, b"\x09Resour")


@case(Rule.WIRE_27, "A property whose size is cut off is refused.", METADATA, needs=WIRE)
def half_a_property_size(bench: Bench) -> None:
    _metadata(bench, b"\1a\0\0")


@case(Rule.WIRE_27, "A property whose value is cut off is refused.", METADATA, needs=WIRE)
def half_a_property_value(bench: Bench) -> None:
    _metadata(bench, b"\1a" + pack(">I", 5) + b"four")


@case(Rule.WIRE_27, "A property of 2^31 octets is refused.", METADATA + " (2^31-1 is the most)", needs=WIRE)
def property_of_2_31(bench: Bench) -> None:
    _metadata(bench, b"\1a" + pack(">I", 1 << 31))


@case(Rule.WIRE_27, "A property of 2^32-1 octets is refused.", METADATA + " (2^31-1 is the most)", needs=WIRE)
def property_of_2_32(bench: Bench) -> None:
    _metadata(bench, b"\1a\xff\xff\xff\xff")


def _accepted(bench: Bench, more: bytes) -> None:
    testee, peer = _greeted(bench)
    peer.send(ready(TALKS[testee.kind], more=more), "READY")
    peer.its_ready()
    bench.works(testee, peer)


@case(Rule.WIRE_32, "Unknown properties are passed over.", 'RFC 37 "Connection Metadata"', needs=WIRE)
def unknown_properties(bench: Bench) -> None:
    _accepted(bench, prop(b"X-Unheard-Of", b"value") + prop(b"Resource", b"") + prop(b"x" * 255, b"v" * 300))


@case(Rule.WIRE_32, "A property may have an empty value.", METADATA, needs=WIRE)
def empty_property_value(bench: Bench) -> None:
    _accepted(bench, prop(b"X-Empty", b""))


@case(Rule.WIRE_32, "The names of properties are read in any case.", METADATA, needs=WIRE)
def property_names_in_any_case(bench: Bench) -> None:
    testee, peer = _greeted(bench)
    peer.send(command(b"READY", prop(b"sOCKET-tYPE", TALKS[testee.kind].encode())), "READY")
    peer.its_ready()
    bench.works(testee, peer)


@case(
    Rule.WIRE_32,
    "A property name in another case is that property: the type that it says is checked.",
    METADATA,
    needs=WIRE,
)
def property_names_in_any_case_are_read(bench: Bench) -> None:
    testee = bench.any()
    _never_ready(bench, testee, command(b"READY", prop(b"socket-type", b"TELEPATH")))


@case(Rule.WIRE_32, "The testee says its socket type.", TYPE, needs=WIRE)
def own_socket_type(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    equal("the socket type", peer.shake(TALKS[testee.kind]).get("socket-type"), testee.kind.encode())


@case(Rule.WIRE_32, "Each type of socket says its own name.", TYPE)
def own_socket_type_of_each(bench: Bench) -> None:
    target = bench.api()
    for kind in sorted(set(TALKS) & target.types):
        peer = bench.dial(bench.bound(kind))
        equal("the socket type", peer.shake(TALKS[kind]).get("socket-type"), kind.encode())


@case(Rule.WIRE_32, "REQ, DEALER and ROUTER say their routing id.", IDENTITY)
def own_routing_id(bench: Bench) -> None:
    for kind in ("REQ", "DEALER", "ROUTER"):
        peer = bench.dial(bench.bound(kind, ROUTING_ID=b"name"))
        equal(f"the routing id of a {kind}", peer.shake(TALKS[kind]).get("identity"), b"name")


@case(Rule.WIRE_32, "Other types say no routing id.", IDENTITY, Level.SHOULD)
def no_routing_id(bench: Bench) -> None:
    peer = bench.dial(bench.bound("PULL", ROUTING_ID=b"name"))
    equal("the routing id of a PULL", peer.shake("PUSH").get("identity", b""), b"")


@case(
    Rule.WIRE_28, "A peer whose type does not talk to the testee's is refused.", TYPE + " (should)", Level.SHOULD, WIRE
)
def wrong_socket_type(bench: Bench) -> None:
    testee = bench.any()
    _never_ready(bench, testee, ready("PUB" if TALKS[testee.kind] != "PUB" else "PULL"))


@case(
    Rule.WIRE_28, "It is told so by an ERROR before the connection is closed.", TYPE + " (should)", Level.SHOULD, WIRE
)
def wrong_socket_type_is_told(bench: Bench) -> None:
    testee, peer = _greeted(bench)
    peer.send(ready("PUB" if TALKS[testee.kind] != "PUB" else "PULL"), "READY")
    names = []
    while (found := peer.frame_or_end("the testee closes the connection")) is not None:
        names.append(found.name)
    holds("an ERROR before the end", b"ERROR" in names, f"the testee says {names} and closes")


@case(Rule.WIRE_28, "A type that nobody has heard of is refused.", TYPE + " (should)", Level.SHOULD, WIRE)
def unheard_of_socket_type(bench: Bench) -> None:
    testee = bench.any()
    _never_ready(bench, testee, ready("TELEPATH"))


@case(Rule.WIRE_28, "A peer that does not say its type is refused.", TYPE + "; our rule WIRE-28", Level.SHOULD, WIRE)
def no_socket_type(bench: Bench) -> None:
    _refused(bench, command(b"READY"))


@case(Rule.WIRE_28, "A type in lower case is another one.", TYPE, Level.SHOULD, WIRE)
def socket_type_in_lower_case(bench: Bench) -> None:
    testee = bench.any()
    _never_ready(bench, testee, ready(TALKS[testee.kind].lower(), b""))


def _identity(bench: Bench, identity: bytes) -> None:
    """A ROUTER refuses a DEALER of this routing id."""
    _never_ready(bench, bench.bound("ROUTER"), ready("DEALER", identity))


@case(Rule.WIRE_29, "A routing id of 256 octets is refused.", IDENTITY + " (255 at most)")
def routing_id_of_256(bench: Bench) -> None:
    _identity(bench, b"i" * 256)


@case(Rule.WIRE_29, "A routing id that begins with a zero is refused.", IDENTITY)
def routing_id_of_zero(bench: Bench) -> None:
    _identity(bench, b"\0mine")


@case(Rule.WIRE_29, "A routing id of 255 octets is one.", IDENTITY)
def routing_id_of_255(bench: Bench) -> None:
    testee = bench.bound("ROUTER")
    peer = bench.peer(testee, "DEALER", b"i" * 255)
    peer.send(message(b"hello"), "a message")
    testee.receives([b"i" * 255, b"hello"])


@case(Rule.WIRE_29, "The routing id of a type that has none is not looked at.", IDENTITY)
def routing_id_of_a_push(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.dial(testee)
    peer.shake("PUSH", b"\0" * 300)
    bench.works(testee, peer)


@case(
    Rule.WIRE_33,
    "Greeting, READY and a message in one segment: the message is delivered (RFC 23), or the connection is closed"
    " (RFC 37, in which nobody sends before having read the peer's READY).",
    'RFC 23 and RFC 37 "The NULL Security Mechanism", which conflict',
    Level.EITHER,
)
def traffic_behind_ready_in_one_segment(bench: Bench) -> str:
    return _early(bench, greeting() + ready("PUSH") + message(b"early"), "greeting, READY and a message")


@case(
    Rule.WIRE_33,
    "A message right behind READY, in one segment after the greetings: delivered (RFC 23), or closed (RFC 37).",
    'RFC 23 and RFC 37 "The NULL Security Mechanism", which conflict',
    Level.EITHER,
)
def message_in_the_segment_of_ready(bench: Bench) -> str:
    return _early(bench, ready("PUSH") + message(b"early"), "READY and a message", greet=True)


def _early(bench: Bench, said: bytes, what: str, greet: bool = False) -> str:
    testee = bench.bound("PULL")
    testee.awake = True
    peer = bench.dial(testee)
    if greet:
        peer.greet()
    peer.send(said, what)
    peer.until(lambda: peer.ended or testee.has_message, "the testee delivers the message, or closes the connection")
    if testee.has_message:
        testee.receives([b"early"])
        return "it delivers the message"
    bench.serves_others(testee)
    return "it closes the connection"


@case(
    Rule.WIRE_33,
    "What was sent behind READY is delivered once at most, and whole.",
    'RFC 37 "Messages"',
)
def early_message_once(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.dial(testee)
    peer.send(greeting() + ready("PUSH") + message(b"a", b"b"), "greeting, READY and a message")
    peer.pause()
    other = bench.peer(testee)
    # Peers take turns: behind the last of three messages of another no second one can stand.
    other.send(message(b"1") + message(b"2") + message(b"3"), "three messages")
    found = [testee.receive()]
    while found[-1] != [b"3"] and len(found) < 9:
        found.append(testee.receive())
    early = [parts for parts in found if parts not in ([b"1"], [b"2"], [b"3"])]
    holds("the message [b'a', b'b'] once or never", early in ([], [[b"a", b"b"]]), early)
