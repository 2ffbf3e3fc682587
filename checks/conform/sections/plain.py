"""The mechanism PLAIN (RFC 24): the testee as client, and as server as far as nobody has to be let in."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import TargetFault
from .. import octets
from ..bench import Bench
from ..case import Deviation, Level, Section, Unsupported, equal
from ..octets import command, greeting, message
from ..peer import Peer
from ..testee import Testee
from . import commands, handshake
from . import greeting as greetings

section = Section(
    "PLAIN",
    (
        commands.section,
        greetings.section,
        handshake.section,
    ),
)
case = section.case
GRAMMAR = 'RFC 24 "Grammar"'
CLIENT = {"PLAIN_USERNAME": b"user", "PLAIN_PASSWORD": b"pass"}
SERVER = {"PLAIN_SERVER": 1}
WELCOME = command(b"WELCOME")


def _hello(username: bytes, password: bytes) -> bytes:
    return command(b"HELLO", bytes([len(username)]) + username + bytes([len(password)]) + password)


def _server(bench: Bench) -> Testee:
    """A testee that is a server, and has nobody to ask about usernames; Unsupported if there is none like that."""
    try:
        return bench.bound("PULL", **SERVER)
    except TargetFault as fault:
        raise Unsupported(f"a PLAIN server that nobody was set up for ({fault})") from None


def _client(bench: Bench) -> tuple[Testee, Peer]:
    """A testee that is a client and has said HELLO to us."""
    testee = bench.testee("PUSH", **CLIENT)
    peer = bench.accepted(testee)
    peer.greet(greeting(mechanism=b"PLAIN", role=1))
    found = peer.frame("HELLO comes")
    equal("the first command", found.name, b"HELLO")
    equal("username and password", found.data, b"\4user\4pass")
    return testee, peer


@case(Rule.WIRE_24, "A client names PLAIN in its greeting and sends HELLO with its username and password.", GRAMMAR)
def client_says_hello(bench: Bench) -> None:
    _, peer = _client(bench)
    equal("the mechanism", peer.came.greeting[12:32], b"PLAIN".ljust(20, b"\0"))


@case(Rule.WIRE_24, "The role of a client is 0.", 'RFC 37 "Formal Grammar" (as-server)', Level.SHOULD)
def role_of_a_client(bench: Bench) -> None:
    _, peer = _client(bench)
    equal("the role", peer.came.greeting[32], 0)


@case(Rule.WIRE_24, "The role of a server is 1.", 'RFC 37 "Formal Grammar" (as-server)', Level.SHOULD)
def role_of_a_server(bench: Bench) -> None:
    peer = bench.dial(_server(bench))
    equal("the role", peer.greet(greeting(mechanism=b"PLAIN"))[32], 1)


@case(Rule.WIRE_24, "After WELCOME the client sends INITIATE with its metadata.", GRAMMAR)
def client_initiates(bench: Bench) -> None:
    _, peer = _client(bench)
    peer.send(WELCOME, "WELCOME")
    equal("the socket type", peer.properties(b"INITIATE").get("socket-type"), b"PUSH")


@case(Rule.WIRE_24, "After READY of the server messages may follow, both ways.", GRAMMAR)
def client_is_ready(bench: Bench) -> None:
    testee = bench.testee("DEALER", **CLIENT)
    peer = bench.accepted(testee)
    peer.greet(greeting(mechanism=b"PLAIN", role=1))
    equal("the first command", peer.frame("HELLO comes").name, b"HELLO")
    peer.send(WELCOME, "WELCOME")
    peer.properties(b"INITIATE")
    peer.send(octets.ready("DEALER"), "READY")
    testee.send(b"from", b"client")
    equal("the peer receives", peer.message(), [b"from", b"client"])
    peer.send(message(b"from", b"server"), "a message")
    testee.receives([b"from", b"server"])


@case(Rule.WIRE_24, "The client sends no message before READY of the server.", GRAMMAR)
def client_waits_for_ready(bench: Bench) -> None:
    testee, peer = _client(bench)
    testee.offer(b"early")
    peer.send(WELCOME, "WELCOME")
    equal("what follows WELCOME", peer.frame("INITIATE comes").name, b"INITIATE")
    bench.called(bench.testee("PUSH")).settle()
    peer.pause()
    equal("octets behind INITIATE", len(peer.came.data) - peer.came.read, 0)


def _client_refuses(bench: Bench, *said: bytes) -> None:
    """A client to which this is said in answer to HELLO closes the connection."""
    _, peer = _client(bench)
    for data in said:
        peer.send(data)
    while (found := peer.frame_or_end("the testee closes the connection")) is not None:
        if found.name not in (b"INITIATE", b"ERROR"):
            raise Deviation("the testee closes the connection", f"it says {found}")


@case(Rule.WIRE_26, "A client refuses READY instead of WELCOME.", GRAMMAR)
def ready_instead_of_welcome(bench: Bench) -> None:
    _client_refuses(bench, octets.ready("PULL"))


@case(Rule.WIRE_26, "A client refuses a HELLO: two clients do not meet.", GRAMMAR)
def hello_to_a_client(bench: Bench) -> None:
    _client_refuses(bench, _hello(b"a", b"b"))


@case(Rule.WIRE_30, "A client refuses a WELCOME with data.", GRAMMAR)
def welcome_with_data(bench: Bench) -> None:
    _client_refuses(bench, command(b"WELCOME", b"data"))


@case(Rule.WIRE_27, "A client refuses a READY with malformed metadata.", GRAMMAR)
def malformed_ready_to_a_client(bench: Bench) -> None:
    _client_refuses(bench, WELCOME, command(b"READY", octets.metadata("PULL") + b"\x05a"))


@case(Rule.WIRE_20, "A client that gets an ERROR closes the connection.", GRAMMAR + '; RFC 37 "Error Handling"')
def error_to_a_client(bench: Bench) -> None:
    _client_refuses(bench, command(b"ERROR", b"\3400"))


def _server_refuses(bench: Bench, *said: bytes, greet: bytes = b"PLAIN") -> None:
    """A server to which this is said closes the connection, and does not say WELCOME or READY."""
    testee = _server(bench)
    peer = bench.dial(testee)
    if greet == b"PLAIN":
        peer.greet(greeting(mechanism=greet))
    else:
        peer.send(greeting(mechanism=greet), "greeting")
    for data in said:
        peer.send(data)
    while (found := peer.frame_or_end("the testee closes the connection")) is not None:
        if found.name != b"ERROR":
            raise Deviation("the testee closes the connection", f"it says {found}")


@case(Rule.WIRE_6, "A server refuses a peer of NULL.", 'RFC 37 "Authentication and Confidentiality"; RFC 24')
def null_to_a_server(bench: Bench) -> None:
    _server_refuses(bench, octets.ready("PUSH"), greet=b"NULL")


@case(Rule.WIRE_26, "A server refuses INITIATE without HELLO.", GRAMMAR)
def initiate_without_hello(bench: Bench) -> None:
    _server_refuses(bench, command(b"INITIATE", octets.metadata("PUSH")))


@case(Rule.WIRE_26, "A server refuses READY instead of HELLO.", GRAMMAR)
def ready_instead_of_hello(bench: Bench) -> None:
    _server_refuses(bench, octets.ready("PUSH"))


@case(Rule.WIRE_25, "A server refuses a message instead of HELLO: nothing of it is delivered.", GRAMMAR)
def message_instead_of_hello(bench: Bench) -> None:
    _server_refuses(bench, message(b"let me in"))


@case(Rule.WIRE_30, "A server refuses an empty HELLO.", GRAMMAR)
def empty_hello(bench: Bench) -> None:
    _server_refuses(bench, command(b"HELLO"))


@case(Rule.WIRE_30, "A server refuses a HELLO without a password.", GRAMMAR)
def hello_without_password(bench: Bench) -> None:
    _server_refuses(bench, command(b"HELLO", b"\4user"))


@case(Rule.WIRE_30, "A server refuses a HELLO whose password is cut off.", GRAMMAR)
def hello_with_half_a_password(bench: Bench) -> None:
    _server_refuses(bench, command(b"HELLO", b"\4user\x0apass"))


@case(Rule.WIRE_30, "A server refuses a HELLO with more than username and password.", GRAMMAR)
def hello_with_more(bench: Bench) -> None:
    _server_refuses(bench, command(b"HELLO", b"\1u\1pmore"))


@case(
    Rule.WIRE_31,
    "A server that has nobody to ask lets nobody in.",
    "RFC 24; our rule WIRE-31 (libzmq without a ZAP handler does so)",
    Level.SHOULD,
)
def nobody_to_ask(bench: Bench) -> None:
    _server_refuses(bench, _hello(b"user", b"pass"))


@case(Rule.WIRE_31, "A client that is not let in is told by an ERROR.", GRAMMAR, Level.SHOULD)
def not_let_in_is_told(bench: Bench) -> None:
    peer = bench.dial(_server(bench))
    peer.greet(greeting(mechanism=b"PLAIN"))
    peer.send(_hello(b"user", b"wrong"), "HELLO")
    found = peer.frame_or_end()
    equal("the answer to HELLO", found.name if found is not None else b"the end", b"ERROR")
