"""The greeting: 64 octets, versions, mechanism, role (RFC 23 and RFC 37)."""

from __future__ import annotations

from ....model.rules import Rule
from .. import octets
from ..bench import Bench
from ..case import Deviation, Level, Needs, Section, equal, holds
from ..octets import greeting
from ..peer import Peer
from ..testee import TALKS

section = Section("Greeting")
case = section.case
VERSIONS = 'RFC 37 "Version Negotiation"'
GRAMMAR = 'RFC 37 "Formal Grammar"'
WIRE = Needs.NOTHING


def _answers(bench: Bench, said: bytes) -> None:
    """A peer that greets like this is served like any other."""
    testee = bench.any()
    peer = bench.dial(testee)
    peer.greet(said)
    peer.send(octets.ready(TALKS[testee.kind]), "READY")
    peer.its_ready()
    bench.works(testee, peer)


def _closes(bench: Bench, said: bytes) -> None:
    """A peer that says this instead of a greeting is refused; others are served."""
    testee = bench.any()
    peer = bench.dial(testee)
    peer.send(said, "instead of a greeting")
    peer.ends()
    bench.serves_others(testee)


def _its_greeting(bench: Bench) -> bytes:
    return bench.dial(bench.any()).greet()


@case(Rule.WIRE_1, "The signature is 0xFF, eight octets of padding, and 0x7F.", GRAMMAR, needs=WIRE)
def signature(bench: Bench) -> None:
    said = _its_greeting(bench)
    equal("the first and the tenth octet", (said[0], said[9]), (0xFF, 0x7F))


@case(Rule.WIRE_1, "A version of 3.0 or above is announced.", VERSIONS, needs=WIRE)
def version(bench: Bench) -> str:
    major, minor = bench.dial(bench.any()).version_said()
    holds("a version of 3 or above", major >= 3, f"version {major}.{minor}")
    return f"{major}.{minor}"


@case(Rule.WIRE_1, "The mechanism is NULL, padded with zeros to 20 octets.", GRAMMAR, needs=WIRE)
def mechanism(bench: Bench) -> None:
    equal("the mechanism", _its_greeting(bench)[12:32], b"NULL".ljust(20, b"\0"))


@case(Rule.WIRE_1, "Under NULL the role is 0.", 'RFC 37 "The NULL Security Mechanism"', needs=WIRE)
def role(bench: Bench) -> None:
    equal("the role", _its_greeting(bench)[32], 0)


@case(Rule.WIRE_1, "The 31 octets behind the role are zeros.", GRAMMAR, needs=WIRE)
def filler(bench: Bench) -> None:
    equal("the filler", _its_greeting(bench)[33:], bytes(31))


@case(
    Rule.WIRE_1,
    "The whole greeting comes once the peer's version can be seen, without waiting for the rest of it.",
    VERSIONS + " (a peer that downgrades may send 11 octets first)",
    needs=WIRE,
)
def greets_after_eleven_octets(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    said = greeting()
    peer.send(said[:11], "a greeting up to the major version")
    peer.until(lambda: len(peer.came.data) >= 11 or peer.ended, "the testee says its version")
    peer.send(said[11:], "the rest")
    peer.greet(b"")
    peer.send(octets.ready(TALKS[testee.kind]), "READY")
    peer.its_ready()


@case(Rule.WIRE_2, "The padding of the signature means nothing.", VERSIONS, needs=WIRE)
def padding(bench: Bench) -> None:
    _answers(bench, greeting(padding=b"\1\2\3\4\5\6\7\x08"))


@case(Rule.WIRE_2, "The padding may look like the length that libzmq writes there.", VERSIONS, needs=WIRE)
def padding_of_libzmq(bench: Bench) -> None:
    _answers(bench, greeting(padding=bytes(7) + b"\1"))


@case(
    Rule.WIRE_2,
    "What stands behind the role is not looked at.",
    GRAMMAR + " (binds the sender only); our rule WIRE-2",
    Level.SHOULD,
    WIRE,
)
def filler_that_is_not_zero(bench: Bench) -> None:
    _answers(bench, greeting(filler=b"\xaa" * 31))


def _in_pieces(bench: Bench, *sizes: int) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    said = greeting() + octets.ready(TALKS[testee.kind])
    for size in (*sizes, len(said)):
        peer.send(said[:size], f"{min(size, len(said))} octets")
        said = said[size:]
        peer.pause()
    peer.greet(b"")
    peer.its_ready()
    bench.works(testee, peer)


@case(Rule.WIRE_2, "A greeting may come in pieces of 10, 1 and 53 octets.", GRAMMAR, needs=WIRE)
def greeting_in_three_pieces(bench: Bench) -> None:
    _in_pieces(bench, 10, 1, 53)


@case(Rule.WIRE_2, "A greeting and a READY may come octet by octet.", GRAMMAR, needs=WIRE)
def greeting_octet_by_octet(bench: Bench) -> None:
    _in_pieces(bench, *[1] * 100)


@case(
    Rule.WIRE_3,
    "A peer of 2.0 is spoken to in 2.0, or refused: the connection does not go on in silence.",
    VERSIONS + " (downgrade, or close)",
    Level.EITHER,
    WIRE,
)
def peer_of_2_0(bench: Bench) -> str:
    testee = bench.any()
    peer = bench.dial(testee)
    # Signature, revision 1, a socket type (PUSH and PULL are 7 and 8), and a frame with an empty identity.
    peer.send(b"\xff" + bytes(7) + b"\1\x7f\1\x07" + b"\0\0", "a greeting of 2.0, and an empty identity")
    # Whoever speaks 2.0 says its type where others say their minor version, and then a frame with its identity.
    came = peer.came.data
    peer.until(
        lambda: peer.ended or (len(came) >= 14 and came[12:16] != b"NULL"), "the testee closes, or goes on in 2.0"
    )
    seen = "it closes the connection" if peer.ended else "it speaks 2.0"
    bench.serves_others(testee)
    return seen


@case(
    Rule.WIRE_3,
    "A peer of 1.0 is spoken to in 1.0, or refused.",
    VERSIONS + '; RFC 37 "Backwards Interoperability"',
    Level.EITHER,
)
def peer_of_1_0(bench: Bench) -> str:
    testee = bench.bound("PULL")
    testee.awake = True
    peer = bench.dial(testee)
    peer.send(b"\1\0" + b"\4\0old", "an empty identity of 1.0, and a message")
    peer.until(lambda: peer.ended or testee.has_message, "the testee closes, or delivers the message")
    if testee.has_message:
        testee.receives([b"old"])
    seen = "it closes the connection" if peer.ended else "it speaks 1.0"
    bench.serves_others(testee)
    return seen


@case(Rule.WIRE_4, "HTTP is no greeting: the connection is closed.", GRAMMAR + "; our rule WIRE-4", Level.SHOULD, WIRE)
def http(bench: Bench) -> None:
    _closes(bench, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"x" * 64)


@case(
    Rule.WIRE_4, "A signature that does not end with 0x7F is none.", GRAMMAR + "; our rule WIRE-4", Level.SHOULD, WIRE
)
def signature_without_its_end(bench: Bench) -> None:
    _closes(bench, b"\xff" + bytes(8) + b"\x7e" + greeting()[10:])


def _higher(bench: Bench, major: int, minor: int) -> None:
    _answers(bench, greeting((major, minor)))


@case(Rule.WIRE_5, "A peer of 3.0 is accepted.", VERSIONS, needs=WIRE)
def peer_of_3_0(bench: Bench) -> None:
    testee = bench.any()
    bench.dial(testee).shake(TALKS[testee.kind], version=(3, 0))


@case(Rule.WIRE_5, "A peer of 3.2 is accepted, as one of 3.1.", VERSIONS, needs=WIRE)
def peer_of_3_2(bench: Bench) -> None:
    _higher(bench, 3, 2)


@case(Rule.WIRE_5, "A peer of 4.0 is accepted, as one of 3.1.", VERSIONS, needs=WIRE)
def peer_of_4_0(bench: Bench) -> None:
    _higher(bench, 4, 0)


@case(Rule.WIRE_5, "A peer of the highest version of all is accepted, as one of 3.1.", VERSIONS, needs=WIRE)
def peer_of_255_255(bench: Bench) -> None:
    _higher(bench, 255, 255)


def _mismatch(bench: Bench, said: bytes) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    peer.send(said, "greeting")
    _never_ready(peer)
    bench.serves_others(testee)


def _never_ready(peer: Peer) -> None:
    """The connection ends, and no READY comes before that."""
    frame = peer.frame_or_end("the testee closes the connection")
    while frame is not None:
        if frame.name == b"READY":
            raise Deviation("the testee closes the connection", "it says READY")
        frame = peer.frame_or_end("the testee closes the connection")


@case(
    Rule.WIRE_6, "A peer with another mechanism is refused.", 'RFC 37 "Authentication and Confidentiality"', needs=WIRE
)
def another_mechanism(bench: Bench) -> None:
    _mismatch(bench, greeting(mechanism=b"PLAIN", role=0))


@case(Rule.WIRE_6, "A peer without a mechanism is refused.", 'RFC 37 "Authentication and Confidentiality"', needs=WIRE)
def no_mechanism(bench: Bench) -> None:
    _mismatch(bench, greeting(mechanism=b""))


@case(
    Rule.WIRE_6,
    "A mechanism that only begins as ours does is another one.",
    'RFC 37 "Authentication and Confidentiality" (padded with zeros)',
    needs=WIRE,
)
def mechanism_with_a_tail(bench: Bench) -> None:
    _mismatch(bench, greeting(mechanism=b"NULLIFY"))


@case(
    Rule.WIRE_6,
    "A mechanism in lower case is another one.",
    'RFC 37 "Formal Grammar" (upper case, digits and few signs)',
    needs=WIRE,
)
def mechanism_in_lower_case(bench: Bench) -> None:
    _mismatch(bench, greeting(mechanism=b"null"))


@case(
    Rule.WIRE_7,
    "A peer that claims to be a server under NULL is refused.",
    'RFC 37 "The NULL Security Mechanism" (as-server must be zero; binds the sender); our rule WIRE-7',
    Level.SHOULD,
    WIRE,
)
def server_under_null(bench: Bench) -> None:
    _said_role(bench, 1)


@case(Rule.WIRE_7, "A role that is neither 0 nor 1 is refused.", GRAMMAR + "; our rule WIRE-7", Level.SHOULD, WIRE)
def role_that_is_none(bench: Bench) -> None:
    _said_role(bench, 2)


def _said_role(bench: Bench, said: int) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    peer.greet(greeting(role=said))
    peer.send(octets.ready(TALKS[testee.kind]), "READY")
    frame = peer.frame_or_end()
    if frame is not None and peer.goes_on():
        raise Deviation("the testee closes the connection", f"it says {frame}, and goes on")
    bench.serves_others(testee)
