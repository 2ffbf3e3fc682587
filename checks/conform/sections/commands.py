"""Commands in traffic: between frames, malformed, unknown; heartbeats; ERROR (RFC 37 "Commands" and others)."""

from __future__ import annotations

from ....model.rules import Rule
from ..bench import Bench
from ..case import Level, Needs, Section, equal, holds
from ..octets import COMMAND, LONG, MORE, command, frame, message, ping
from ..peer import Peer

section = Section("Commands")
case = section.case
TRAFFIC = 'RFC 37 "Formal Grammar" (traffic)'
HEARTBEAT = 'RFC 37 "Connection Heartbeating"'
WIRE = Needs.NOTHING


@case(Rule.WIRE_17, "A PING between two frames of a message leaves the message as it is.", TRAFFIC)
def ping_inside_a_message(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(frame(b"a", MORE) + ping(b"inside") + frame(b"b"), "a PING between two frames")
    equal("the answer", peer.answer(), [b"PONG", b"inside"])
    testee.receives([b"a", b"b"])


@case(Rule.WIRE_17, "A command between all frames of a message leaves it as it is.", TRAFFIC)
def commands_between_all_frames(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    other = ping(b"x")
    peer.send(
        other + frame(b"a", MORE) + other + frame(b"", MORE) + other + other + frame(b"c") + other, "PINGs around"
    )
    testee.receives([b"a", b"", b"c"])
    bench.works(testee, peer)


@case(
    Rule.WIRE_17,
    "A command of an unknown name is passed over.",
    'RFC 37 "Commands" (says nothing of it); our rule WIRE-17',
    Level.SHOULD,
    WIRE,
)
def unknown_command(bench: Bench) -> None:
    _passes_over(bench, command(b"X-UNHEARD-OF", b"data"))


@case(
    Rule.WIRE_17,
    "An unknown command between two frames of a message leaves the message as it is.",
    'RFC 37 "Formal Grammar"; our rule WIRE-17',
    Level.SHOULD,
)
def unknown_command_inside_a_message(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(frame(b"a", MORE) + command(b"X-UNHEARD-OF") + frame(b"b"), "an unknown command between two frames")
    testee.receives([b"a", b"b"])


@case(
    Rule.WIRE_17,
    "A large unknown command, in the long form, is passed over.",
    'RFC 37 "Framing"; our rule WIRE-17',
    Level.SHOULD,
    WIRE,
)
def large_unknown_command(bench: Bench) -> None:
    _passes_over(bench, command(b"X-UNHEARD-OF", b"d" * 5000))


@case(Rule.WIRE_17, "A message in one segment behind a command is delivered, where there is room for one.", TRAFFIC)
def message_behind_a_command(bench: Bench) -> None:
    testee = bench.bound("PULL", RCVHWM=1)
    peer = bench.peer(testee)
    peer.send(ping(b"1") + message(b"a") + ping(b"2") + message(b"b"), "PING, message, PING, message")
    testee.receives([b"a"], [b"b"])


@case(
    Rule.WIRE_17,
    "A PING in the long form is a PING.",
    'RFC 37 "Framing"',
    needs=WIRE,
)
def long_ping(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.peer(testee)
    peer.send(frame(b"\4PING\0\0long", COMMAND | LONG), "a PING in the long form")
    equal("the answer", peer.answer(), [b"PONG", b"long"])


def _passes_over(bench: Bench, said: bytes) -> None:
    testee = bench.any()
    peer = bench.peer(testee)
    peer.send(said)
    bench.works(testee, peer)


def _refuses(bench: Bench, said: bytes) -> None:
    testee = bench.any()
    peer = bench.peer(testee)
    peer.send(said)
    bench.refuses(testee, peer)


NAME = 'RFC 37 "Formal Grammar" (command-name); our rule WIRE-18'


@case(Rule.WIRE_18, "A command frame without octets is refused.", NAME, Level.SHOULD, WIRE)
def empty_command(bench: Bench) -> None:
    _refuses(bench, frame(b"", COMMAND))


@case(Rule.WIRE_18, "A command with an empty name is refused.", NAME, Level.SHOULD, WIRE)
def command_without_a_name(bench: Bench) -> None:
    _refuses(bench, frame(b"\0PING", COMMAND))


@case(Rule.WIRE_18, "A command whose name is cut off is refused.", NAME, Level.SHOULD, WIRE)
def command_with_half_a_name(bench: Bench) -> None:
    _refuses(bench, frame(b"\5PING", COMMAND))


@case(Rule.WIRE_18, "Whatever becomes of malformed commands, others are served.", NAME, Level.MUST, WIRE)
def malformed_commands_harm_nobody(bench: Bench) -> None:
    testee = bench.any()
    for said in (frame(b"", COMMAND), frame(b"\0", COMMAND), frame(b"\xff", COMMAND), frame(b"\4PIN", COMMAND)):
        peer = bench.peer(testee)
        peer.send(said)
        peer.goes_on()
        peer.close()
    bench.serves_others(testee)


@case(Rule.WIRE_19, "A PING without its time to live is refused.", HEARTBEAT + "; our rule WIRE-19", Level.SHOULD, WIRE)
def ping_without_ttl(bench: Bench) -> None:
    _refuses(bench, command(b"PING"))


@case(
    Rule.WIRE_19,
    "The answer to a PING without its time to live has no octets that the peer did not send.",
    HEARTBEAT + " (the context is echoed)",
    needs=WIRE,
)
def ping_without_ttl_leaks_nothing(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.peer(testee)
    # What lay in the buffer before is known, so that it can be told from what is empty.
    peer.send(command(b"X", b"secret of another" * 4), "a command")
    peer.send(command(b"PING"), "a PING of nothing")
    # It has been read when another has been served; what comes in one segment with it may be lost with it.
    bench.serves_others(testee)
    peer.send(ping(b"end"), "a PING")
    while (answer := peer.answer()) not in (None, [b"PONG", b"end"]):
        assert answer is not None
        equal("the context of the answer", answer[1], b"")


@case(
    Rule.WIRE_19,
    "A PING with a context of 17 octets is refused.",
    HEARTBEAT + " (16 at most; binds the sender); our rule WIRE-19",
    Level.SHOULD,
    WIRE,
)
def ping_with_17_octets(bench: Bench) -> None:
    _refuses(bench, ping(b"c" * 17))


@case(
    Rule.WIRE_19,
    "The answer to a PING with a context of 17 octets, if there is one, does not cut the context.",
    HEARTBEAT + " (the context is echoed)",
    Level.SHOULD,
    WIRE,
)
def ping_with_17_octets_is_not_cut(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.peer(testee)
    peer.send(ping(b"c" * 17) + ping(b"end"), "a PING of 17 octets, and one")
    answer = peer.answer()
    holds(
        "no answer, or one with all of the context", answer in (None, [b"PONG", b"c" * 17], [b"PONG", b"end"]), answer
    )


@case(Rule.WIRE_20, "An ERROR in traffic ends the connection.", 'RFC 37 "Error Handling" (fatal)', needs=WIRE)
def error_in_traffic(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.peer(testee)
    peer.send(command(b"ERROR", b"\2no"), "ERROR")
    bench.refuses(testee, peer)


@case(Rule.WIRE_20, "An ERROR instead of READY ends the connection.", 'RFC 37 "Error Handling" (fatal)', needs=WIRE)
def error_in_the_handshake(bench: Bench) -> None:
    testee = bench.any()
    peer = bench.dial(testee)
    peer.greet()
    peer.send(command(b"ERROR", b"\2no"), "ERROR")
    peer.ends()
    bench.serves_others(testee)


@case(
    Rule.WIRE_20,
    "After an ERROR of the peer the connection is not made again.",
    'RFC 37 "Error Handling" (no reconnect with the same credentials)',
    Level.SHOULD,
)
def no_reconnect_after_error(bench: Bench) -> None:
    testee = bench.testee("PUSH", RECONNECT_IVL=10)
    listener = bench.listener()
    testee.connect(listener.endpoint, listener.name)
    peer = bench.accepted(testee, listener)
    peer.greet()
    peer.send(command(b"ERROR", b"\2no"), "ERROR")
    peer.ends()
    # As much time as five attempts at other ports take, of which each is made and broken.
    elsewhere = bench.listener()
    other = bench.testee("PUSH", RECONNECT_IVL=10)
    other.connect(elsewhere.endpoint, elsewhere.name)
    for _ in range(5):
        bench.accepted(other, elsewhere).close()
    holds("nobody connects again", not listener.waiting(), "the testee connects again")


@case(Rule.WIRE_22, "A PING is answered by a PONG with its context.", HEARTBEAT, needs=WIRE)
def ping_is_answered(bench: Bench) -> None:
    _answered(bench, b"context")


@case(Rule.WIRE_22, "A PING without a context is answered by a PONG without one.", HEARTBEAT, needs=WIRE)
def ping_without_context(bench: Bench) -> None:
    _answered(bench, b"")


@case(Rule.WIRE_22, "A context of 16 octets, of whatever value, comes back.", HEARTBEAT, needs=WIRE)
def ping_with_16_octets(bench: Bench) -> None:
    _answered(bench, bytes(range(240, 256)))


def _answered(bench: Bench, context: bytes) -> None:
    peer = bench.peer(bench.any())
    peer.send(ping(context), "PING")
    equal("the answer", peer.answer(), [b"PONG", context])


@case(Rule.WIRE_22, "Several PINGs are answered, each in its turn.", HEARTBEAT, needs=WIRE)
def pings_in_order(bench: Bench) -> None:
    peer = bench.peer(bench.any())
    for number in range(5):
        peer.send(ping(b"%d" % number), "PING")
        equal("the answer", peer.answer(), [b"PONG", b"%d" % number])


@case(Rule.WIRE_22, "A PONG that nobody asked for is passed over.", HEARTBEAT, needs=WIRE)
def pong_unasked(bench: Bench) -> None:
    _passes_over(bench, command(b"PONG", b"unasked"))


@case(
    Rule.WIRE_22,
    "The PING of a peer that is in the middle of a message is answered before the message ends.",
    HEARTBEAT,
)
def ping_in_the_middle(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(frame(b"first", MORE), "the first of two parts")
    equal("the answer", peer.goes_on(), True)
    peer.send(message(b"second"), "the second")
    testee.receives([b"first", b"second"])


def _ping_comes(peer: Peer) -> None:
    """The next frame is a PING, and is answered."""
    found = peer.frame("a PING comes")
    equal("the next frame", found.name, b"PING")
    peer.send(command(b"PONG", found.data[2:]), "PONG")


SOON = {"HEARTBEAT_IVL": 50, "HEARTBEAT_TIMEOUT": 200}


@case(Rule.HEART_1, "With an interval set, PINGs go out.", HEARTBEAT)
def pings_go_out(bench: Bench) -> None:
    peer = bench.peer(bench.bound("PULL", HEARTBEAT_IVL=50, HEARTBEAT_TIMEOUT=60_000))
    for _ in range(3):
        _ping_comes(peer)


@case(Rule.HEART_1, "A PING has a time to live of two octets and a context of at most 16.", HEARTBEAT)
def pings_are_well_formed(bench: Bench) -> None:
    peer = bench.peer(bench.bound("PULL", HEARTBEAT_IVL=50, HEARTBEAT_TIMEOUT=60_000, HEARTBEAT_TTL=2500))
    found = peer.frame("a PING comes")
    holds("a PING", found.name == b"PING" and 2 <= len(found.data) <= 18, str(found))
    equal("its time to live in tenths of a second", int.from_bytes(found.data[:2], "big"), 25)


@case(Rule.HEART_2, "A peer that does not answer a PING is taken for dead: the connection is closed.", HEARTBEAT)
def silent_peer_is_dead(bench: Bench) -> None:
    testee = bench.bound("PULL", **SOON)
    peer = bench.peer(testee)
    peer.ends()
    bench.serves_others(testee)


@case(
    Rule.HEART_2,
    "Any traffic is a sign of life: a peer that sends messages and answers no PING is not taken for dead.",
    HEARTBEAT,
)
def traffic_is_a_sign_of_life(bench: Bench) -> None:
    testee = bench.bound("PULL", **SOON)
    peer, silent = bench.peers(testee, 2)
    for sent in range(10_000):
        if silent.ended:
            break
        peer.send(message(b"%d" % sent), "a message")
        testee.receives([b"%d" % sent])
        silent.pause()
        peer.pause()
    holds("the silent peer is taken for dead", silent.ended)
    holds("the peer that sends is not taken for dead", not peer.ended, "its connection ends")


@case(
    Rule.HEART_4,
    "A peer whose messages nobody receives is not taken for dead, since its answers lie there unread.",
    HEARTBEAT + "; our rule HEART-4",
    Level.SHOULD,
)
def unread_peer_is_not_dead(bench: Bench) -> None:
    full, empty = bench.bound("PULL", RCVHWM=1, **SOON), bench.bound("PULL", **SOON)
    peer = bench.peer(full)
    peer.send(message(b"unread") * 5000, "5000 messages that nobody receives")
    for _ in range(2):
        # As long as it takes to find a silent peer dead, twice.
        bench.peer(empty).ends()
        peer.pause()
    if peer.ended:
        peer.ends()
    holds("the peer is not taken for dead", not peer.ended, "its connection ends")


@case(Rule.HEART_3, "A peer that announced a time to live and is silent for longer is taken for dead.", HEARTBEAT)
def time_to_live(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer, other = bench.peers(testee, 2)
    peer.send(ping(b"", ttl=2), "a PING with a time to live of 0.2 s")
    peer.ends()
    bench.works(testee, other)


@case(
    Rule.HEART_3,
    "A time to live of more than 65.5 seconds is not taken for a short one.",
    HEARTBEAT + " (tenths of a second)",
)
def long_time_to_live(bench: Bench) -> None:
    testee = bench.bound("PULL")
    peer, short = bench.peers(testee, 2)
    peer.send(ping(b"", ttl=656), "a PING with a time to live of 65.6 s")
    short.send(ping(b"", ttl=5), "a PING of another, with one of 0.5 s")
    short.ends()
    bench.works(testee, peer)


@case(
    Rule.WIRE_34,
    "No PING goes to a peer of 3.0, which does not know it.",
    'RFC 23 (has no heartbeats); RFC 37 "Version Negotiation"',
)
def no_ping_to_3_0(bench: Bench) -> None:
    testee = bench.bound("PULL", HEARTBEAT_IVL=50, HEARTBEAT_TIMEOUT=60_000)
    old, new = bench.dial(testee), bench.dial(testee)
    old.shake("PUSH", version=(3, 0))
    new.shake("PUSH")
    for _ in range(4):
        _ping_comes(new)
    old.pause()
    equal("what has come to 3.0", str(old.came.frame() or "nothing"), "nothing")
