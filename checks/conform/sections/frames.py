"""Frames: their two forms, reserved bits, sizes and the bounds on them (RFC 23 and RFC 37, "Framing")."""

from __future__ import annotations

from struct import pack

from ....model.rules import Rule
from .. import octets
from ..bench import Bench
from ..case import Level, Needs, Section, equal
from ..octets import COMMAND, LONG, MORE, announced, frame, message
from ..peer import Peer
from ..testee import TALKS, Testee

section = Section("Frames")
case = section.case
FRAMING = 'RFC 37 "Framing"'
WIRE = Needs.NOTHING
SENDER_ONLY = " (binds the sender only)"
HUGE = 1 << 60


def _sent(bench: Bench, body: bytes) -> int:
    """How many octets the header of a frame has in which the testee sends this body."""
    testee = bench.bound("PUSH")
    peer = bench.peer(testee)
    testee.send(body)
    found = peer.frame("the message comes")
    equal("the body", found.body, body)
    equal("the flags but for LONG", found.flags & ~LONG, 0)
    return found.head


@case(Rule.WIRE_8, "A body of 255 octets is sent in the short form.", FRAMING + " (should)", Level.SHOULD)
def short_form_of_255(bench: Bench) -> None:
    equal("octets of the header", _sent(bench, b"s" * 255), 2)


@case(Rule.WIRE_8, "A body of 256 octets is sent in the long form.", FRAMING)
def long_form_of_256(bench: Bench) -> None:
    equal("octets of the header", _sent(bench, b"l" * 256), 9)


@case(Rule.WIRE_8, "An empty body is sent as a frame of two octets.", FRAMING, Level.SHOULD)
def empty_body(bench: Bench) -> None:
    equal("octets of the header", _sent(bench, b""), 2)


@case(Rule.WIRE_8, "The long form is accepted for a body that would fit the short one.", FRAMING)
def long_form_of_a_short_body(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(frame(b"short", MORE | LONG) + frame(b"", LONG), "a message in long frames")
    testee.receives([b"short", b""])


@case(Rule.WIRE_8, "Bodies around the border of the two forms are delivered as they are.", FRAMING)
def bodies_of_all_lengths(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    sizes = (0, 1, 33, 34, 254, 255, 256, 257, 8191, 8192, 8193, 70_000)
    for size in sizes:
        peer.send(message(b"b" * size), f"a message of {size} octets")
    testee.receives(*([b"b" * size] for size in sizes))


@case(Rule.WIRE_8, "All bits of the flags that the testee sends are among MORE, LONG and COMMAND.", FRAMING, needs=WIRE)
def own_flags(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    peer.greet()
    peer.send(octets.ready(TALKS[testee.kind]), "READY")
    ready = peer.frame("READY comes")
    equal("flags of READY but for LONG", ready.flags & ~LONG, COMMAND)
    peer.send(octets.ping(b"flags"), "PING")
    while (found := peer.frame("PONG comes")).name != b"PONG":
        continue
    equal("flags of PONG", found.flags, COMMAND)


def _refuses(bench: Bench, said: bytes) -> None:
    testee = bench.any()
    peer = bench.peer(testee)
    peer.send(said)
    bench.refuses(testee, peer)


@case(
    Rule.WIRE_9,
    "A frame with a reserved bit set is not taken for a good one: the connection is closed.",
    FRAMING + SENDER_ONLY + "; our rule WIRE-9",
    Level.SHOULD,
    WIRE,
)
def reserved_bit_3(bench: Bench) -> None:
    _refuses(bench, bytes([1 << 3, 3]) + b"bad")


@case(
    Rule.WIRE_9, "So is one with the highest bit set.", FRAMING + SENDER_ONLY + "; our rule WIRE-9", Level.SHOULD, WIRE
)
def reserved_bit_7(bench: Bench) -> None:
    _refuses(bench, bytes([1 << 7, 3]) + b"bad")


@case(
    Rule.WIRE_9,
    "Whatever becomes of a frame with reserved bits, the next messages of other peers are delivered whole.",
    FRAMING + '; RFC 37 "Messages"',
)
def reserved_bits_harm_nobody_else(bench: Bench) -> None:
    testee = bench.bound("PULL")
    bad, good = bench.peers(testee, 2)
    bad.send(bytes([0xF8, 3]) + b"bad")
    bad.goes_on()
    good.send(message(b"a", b"b") + message(b"c"), "two messages")
    found = [message for message in (testee.receive(), testee.receive()) if message != [b"bad"]]
    if len(found) < 2:
        found.append(testee.receive())
    equal("what the good peer sent", found, [[b"a", b"b"], [b"c"]])


@case(
    Rule.WIRE_10,
    "A command that announces more frames is refused.",
    FRAMING + SENDER_ONLY + "; our rule WIRE-10",
    Level.SHOULD,
    WIRE,
)
def command_with_more(bench: Bench) -> None:
    _refuses(bench, frame(b"\4PONG", COMMAND | MORE))


@case(
    Rule.WIRE_10,
    "A command that announces more frames does not swallow the message behind it.",
    'RFC 37 "Messages" (all of it or nothing)',
)
def command_with_more_swallows_nothing(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(
        frame(b"\4PONG", COMMAND | MORE) + message(b"next") + message(b"last"), "a command with MORE, two messages"
    )
    if not peer.goes_on():
        return
    found = [testee.receive()]
    while found[-1][-1] != b"last":
        found.append(testee.receive())
    equal("what is delivered", [parts for parts in found if b"\4PONG" not in parts], [[b"next"], [b"last"]])


def _announces(bench: Bench, said: bytes) -> None:
    """The header of a frame that cannot be: the connection ends, and others are served."""
    testee = bench.any()
    peer = bench.peer(testee)
    peer.send(said, "a header")
    peer.ends()
    bench.serves_others(testee)


@case(Rule.WIRE_11, "A frame of 2^63 octets is refused at its header.", FRAMING + " (2^63-1 is the most)", needs=WIRE)
def size_of_2_63(bench: Bench) -> None:
    _announces(bench, announced(1 << 63))


@case(Rule.WIRE_11, "A frame whose size has all bits set is refused at its header.", FRAMING, needs=WIRE)
def size_of_all_ones(bench: Bench) -> None:
    _announces(bench, announced((1 << 64) - 1))


@case(Rule.WIRE_11, "A command of 2^63 octets is refused at its header.", FRAMING, needs=WIRE)
def command_of_2_63(bench: Bench) -> None:
    _announces(bench, announced(1 << 63, COMMAND))


LARGEST = 1000
BOUND = "libzmq's option ZMQ_MAXMSGSIZE; our rule WIRE-12"


def _limited(bench: Bench) -> tuple[Testee, Peer]:
    testee = bench.bound("PULL", MAXMSGSIZE=LARGEST)
    return testee, bench.peer(testee)


@case(Rule.WIRE_12, "A frame of as many octets as MAXMSGSIZE says is delivered.", BOUND, Level.SHOULD)
def frame_at_its_bound(bench: Bench) -> None:
    testee, peer = _limited(bench)
    peer.send(message(b"m" * LARGEST), "a message at the bound")
    testee.receives([b"m" * LARGEST])


@case(Rule.WIRE_12, "A frame of one octet more than MAXMSGSIZE ends the connection, and nothing is delivered.", BOUND)
def frame_above_its_bound(bench: Bench) -> None:
    testee, peer = _limited(bench)
    peer.send(message(b"m" * (LARGEST + 1)), "a message above the bound")
    peer.ends()
    _marker_is_first(bench, testee)


@case(Rule.WIRE_12, "A frame above MAXMSGSIZE is refused at its header, before its body comes.", BOUND, Level.SHOULD)
def frame_above_its_bound_at_its_header(bench: Bench) -> None:
    testee, peer = _limited(bench)
    peer.send(announced(LARGEST + 1), "a header above the bound")
    peer.ends()
    _marker_is_first(bench, testee)


@case(
    Rule.WIRE_12,
    "A message of which the second part is above MAXMSGSIZE is not delivered, the first part neither.",
    BOUND + '; RFC 37 "Messages"',
)
def second_part_above_its_bound(bench: Bench) -> None:
    testee, peer = _limited(bench)
    peer.send(message(b"first", b"m" * (LARGEST + 1)), "a message whose second part is above the bound")
    peer.ends()
    _marker_is_first(bench, testee)


def _marker_is_first(bench: Bench, testee: Testee) -> None:
    """What is received next is what a good peer sends now."""
    other = bench.peer(testee)
    other.send(message(b"marker"), "a message")
    testee.receives([b"marker"])


@case(
    Rule.WIRE_12,
    "A frame of 2^60 octets is refused or waited for, and harms nobody: others are served.",
    'RFC 37 "Security Considerations"; our rule WIRE-16',
    needs=WIRE,
)
def header_of_2_60(bench: Bench) -> str:
    return _huge(bench, announced(HUGE))


@case(
    Rule.WIRE_16,
    "A frame of 2^40 octets of which a few come is refused or waited for, and harms nobody.",
    'RFC 37 "Security Considerations"; our rule WIRE-16',
    needs=WIRE,
)
def header_of_2_40(bench: Bench) -> str:
    return _huge(bench, announced(1 << 40) + b"few")


@case(
    Rule.WIRE_16,
    "Forty peers that each announce 2^32 octets and send none harm nobody.",
    'RFC 37 "Security Considerations"; our rule WIRE-16',
    needs=WIRE,
)
def forty_announcements(bench: Bench) -> None:
    testee = bench.any()
    for peer in bench.peers(testee, 40):
        peer.send(announced(1 << 32), "a header")
    bench.serves_others(testee)


def _huge(bench: Bench, said: bytes) -> str:
    testee = bench.any()
    peer = bench.peer(testee)
    peer.send(said, "a header and no body")
    for _ in range(3):
        bench.serves_others(testee)
    peer.pause()
    return "it closes the connection" if peer.ended else "it waits for the body"


@case(Rule.WIRE_13, "A message above the bound on whole messages is refused, whole.", "our rule WIRE-13 (D22)")
def message_above_its_bound(bench: Bench) -> None:
    testee = bench.bound("PULL", MESSAGE_MAXSIZE=LARGEST)
    peer = bench.peer(testee)
    peer.send(message(b"m" * LARGEST, b"m"), "a message above the bound")
    peer.ends()
    _marker_is_first(bench, testee)


@case(Rule.WIRE_14, "A message of more parts than its bound is refused, whole.", "our rule WIRE-14 (D22)")
def parts_above_their_bound(bench: Bench) -> None:
    testee = bench.bound("PULL", MESSAGE_MAXPARTS=3)
    peer = bench.peer(testee)
    peer.send(message(b"1", b"2", b"3"), "a message at the bound")
    peer.send(message(b"1", b"2", b"3", b"4"), "a message above it")
    peer.ends()
    testee.receives([b"1", b"2", b"3"])
    _marker_is_first(bench, testee)


@case(Rule.WIRE_14, "A message of a thousand parts is delivered, whole and in order.", 'RFC 37 "Messages"')
def a_thousand_parts(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    parts = [b"%d" % number for number in range(1000)]
    peer.send(message(*parts), "a message of 1000 parts")
    testee.receives(parts)


@case(
    Rule.WIRE_15,
    "A command of 2^40 octets is refused at its header or waited for, and harms nobody.",
    'RFC 37 "Security Considerations"; our rule WIRE-15',
    needs=WIRE,
)
def huge_command(bench: Bench) -> str:
    return _huge(bench, announced(1 << 40, COMMAND))


@case(
    Rule.WIRE_15,
    "A READY that announces 2^40 octets is refused at its header.",
    'RFC 37 "Security Considerations" (allocate after the handshake); our rule WIRE-15',
    Level.SHOULD,
    WIRE,
)
def huge_ready(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    peer.greet()
    peer.send(pack(">BQ", COMMAND | LONG, 1 << 40) + b"\5READY", "the header of a READY")
    peer.ends()
    bench.serves_others(testee)
