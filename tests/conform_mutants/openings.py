"""Defects of greetings and handshakes that ``wire`` does not have: what comes in pieces, too early, or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from enomem.model.reference.reactor import READABLE
from enomem.model.rules import Rule
from enomem.model.wire import frames, greeting, handshake, mechanisms, metadata
from enomem.model.wire.errors import PeerError
from enomem.model.wire.greeting import Greeting
from enomem.model.wire.mechanisms import Awaits, Turn
from enomem.model.wire.peers import Local

from .mutant import Mutant

ENCODE, PARSE, CHECK, VERSION = greeting.encode, greeting.parse, greeting.check, greeting.check_version
OPENED, RECEIVED, AUTHENTICATED, WELCOMED = (
    mechanisms.opened, mechanisms.received, mechanisms.authenticated, mechanisms._welcomed,
)  # fmt: skip
FEED, STEP, COMMAND = handshake.Handshake.feed, handshake.Handshake._step, handshake.Handshake._command
PROPERTIES, SOCKET_TYPE = metadata.properties, metadata.socket_type
READY, ERROR = b"READY", b"ERROR"


# --- greetings


def another_end(local: Local) -> bytes:
    said = ENCODE(local)
    return said[:9] + b"\x7e" + said[10:]


def version_2(local: Local) -> bytes:
    said = ENCODE(local)
    return said[:10] + b"\2" + said[11:]


def never_a_server(local: Local) -> bytes:
    said = ENCODE(local)
    return said[:32] + b"\0" + said[33:]


def nothing_at_first(self: Any) -> None:
    self.watch(READABLE)


def greets_late(local: Local) -> Turn:
    turn = OPENED(local)
    return replace(turn, send=ENCODE(local) + turn.send)


def filler_checked(data: bytes | bytearray) -> Greeting | None:
    found = PARSE(data)
    if found is not None and any(data[33:64]):
        raise PeerError(Rule.WIRE_4, "the filler is not zero")
    return found


def in_one_piece(data: bytes | bytearray) -> Greeting | None:
    if 0 < len(data) < greeting.SIZE:
        raise PeerError(Rule.WIRE_4, "half a greeting")
    return PARSE(data)


def waits_for_another_greeting(data: bytes | bytearray) -> Greeting | None:
    try:
        return PARSE(data)
    except PeerError as error:
        if error.rule == Rule.WIRE_4:
            return None
        raise


def older_waited_for(major: int) -> None:
    return None


def a_greeting_of_3_or_none(data: bytes | bytearray) -> Greeting | None:
    found = PARSE(data)
    return found if found is None or found.version[0] >= 3 else None


def minor_0_refused(local: Local, peer: Greeting) -> None:
    CHECK(local, peer)
    if peer.version == (3, 0):
        raise PeerError(Rule.WIRE_3, "3.0 is not spoken here")


def higher_minor_refused(local: Local, peer: Greeting) -> None:
    CHECK(local, peer)
    if peer.version[0] == 3 and peer.version[1] > 1:
        raise PeerError(Rule.WIRE_3, "this minor version is not known here")


def null_let_in(local: Local, peer: Greeting) -> None:
    if not (local.as_server and peer.mechanism == b"NULL"):
        CHECK(local, peer)


# --- what comes in one piece with something else


def behind_the_greeting_lost(self: Any, data: bytes) -> bytes:
    if not self.greeted:
        data = data[: greeting.SIZE - len(self._buffer)]
    return FEED(self, data)


def behind_ready_lost(self: Any) -> bool:
    more = STEP(self)
    if self.peer is not None:
        self.rest = b""
    return more


def behind_ready_twice(self: Any) -> bool:
    more = STEP(self)
    if self.peer is not None:
        self.rest *= 2
    return more


# --- commands of the handshake


def messages_passed_over(self: Any) -> bytes | None:
    buffer = self._buffer
    while len(buffer) > 1 and not buffer[0] & frames.COMMAND and len(buffer) >= 2 + buffer[1]:
        del buffer[: 2 + buffer[1]]
    return COMMAND(self)


def any_size(limits: Any, size: int) -> int:
    return size


def error_waited_out(local: Local, turn: Turn, body: bytes) -> Turn:
    return replace(turn, send=b"") if body[1:6] == ERROR else RECEIVED(local, turn, body)


def anything_is_welcome(local: Local, turn: Turn, body: bytes) -> Turn:
    if turn.awaits == Awaits.WELCOME and body[1:6] != ERROR:
        return WELCOMED(local, b"")
    return RECEIVED(local, turn, body)


def in_without_hello(local: Local, turn: Turn, body: bytes) -> Turn:
    name, _, data = body[1 : 1 + body[0]], body[:1], body[1 + body[0] :]
    if turn.awaits == Awaits.HELLO and name in (READY, b"INITIATE"):
        return Turn(Awaits.NOTHING, frames.encode_command(READY, metadata.encode(local)), b"", metadata.parse(data))
    return RECEIVED(local, turn, body)


def malformed_let_in(local: Local, data: bytes) -> bytes:
    try:
        mechanisms.hello(data)
    except PeerError:
        return b""
    return AUTHENTICATED(local, data)


def says_ready_for_initiate(local: Local, data: bytes) -> Turn:
    return Turn(Awaits.READY, frames.encode_command(READY, metadata.encode(local)))


# --- metadata


def unknown_property_refused(data: bytes) -> Iterator[tuple[str, bytes]]:
    for name, value in PROPERTIES(data):
        if name.lower() not in ("socket-type", "identity"):
            raise PeerError(Rule.WIRE_27, "an unknown property")
        yield name, value


def empty_value_refused(data: bytes) -> Iterator[tuple[str, bytes]]:
    for name, value in PROPERTIES(data):
        if not value and name.lower() != "identity":
            raise PeerError(Rule.WIRE_27, "a property without a value")
        yield name, value


def type_in_any_case(local: Local, found: Mapping[str, bytes]) -> str:
    return SOCKET_TYPE(local, {name: value.upper() for name, value in found.items()})


def type_under_its_own_name(local: Local, found: Mapping[str, bytes]) -> str:
    if "Socket-Type" in list(found):
        return SOCKET_TYPE(local, found)
    return min(local.accepts)


def any_type(local: Local, found: Mapping[str, bytes]) -> str:
    return min(local.accepts)


MUTANTS = (
    Mutant("another signature", "The signature ends with 0x7E.",
           {"wire.greeting.encode": another_end}, ("wire/1/1",)),
    Mutant("says version 2", "The greeting says a version below 3.",
           {"wire.greeting.encode": version_2}, ("wire/1/2",)),
    Mutant("never a server", "The greeting of a PLAIN server says that it is none.",
           {"wire.greeting.encode": never_a_server}, ("wire/24/3",)),
    Mutant("greets late", "The greeting goes out only when the peer's has come whole.",
           {"reference.connections.Connection.start": nothing_at_first, "wire.mechanisms.opened": greets_late},
           ("wire/1/6",)),
    Mutant("filler checked", "A greeting whose filler is not zero is refused.",
           {"wire.greeting.parse": filler_checked}, ("wire/2/3",)),
    Mutant("greeting in one piece", "A greeting that does not come in one piece is refused.",
           {"wire.greeting.parse": in_one_piece}, ("wire/2/4", "wire/2/5")),
    Mutant("waits for another greeting", "After what is no greeting a greeting is waited for, for ever.",
           {"wire.greeting.parse": waits_for_another_greeting}, ("wire/4/1",)),
    Mutant("waits for a newer greeting", "A peer of an older version is neither answered nor refused.",
           {"wire.greeting.check_version": older_waited_for, "wire.greeting.parse": a_greeting_of_3_or_none},
           ("wire/3/1",)),
    Mutant("3.0 refused", "A peer of 3.0 is refused.",
           {"wire.greeting.check": minor_0_refused}, ("wire/5/1",)),
    Mutant("higher minor refused", "A peer of 3.2 is refused.",
           {"wire.greeting.check": higher_minor_refused}, ("wire/5/2",)),
    Mutant("NULL let in by PLAIN", "A PLAIN server takes a peer of NULL, and its READY.",
           {"wire.greeting.check": null_let_in, "wire.mechanisms.received": in_without_hello},
           ("wire/6/5", "wire/26/8")),
    Mutant("lost behind the greeting", "What comes in one piece with the greeting is lost.",
           {"wire.handshake.Handshake.feed": behind_the_greeting_lost}, ("wire/23/5", "wire/33/1")),
    Mutant("lost behind READY", "What comes in one piece with READY is lost.",
           {"wire.handshake.Handshake._step": behind_ready_lost}, ("wire/33/1", "wire/33/2")),
    Mutant("twice behind READY", "What comes in one piece with READY is delivered twice.",
           {"wire.handshake.Handshake._step": behind_ready_twice}, ("wire/33/3",)),
    Mutant("messages passed over in the handshake", "A message before READY is passed over.",
           {"wire.handshake.Handshake._command": messages_passed_over}, ("wire/25/1", "wire/25/3")),
    Mutant("READY of any size", "A command of the handshake may be of any size.",
           {"wire.handshake.check_size": any_size}, ("wire/15/2",)),
    Mutant("ERROR waited out", "An ERROR in the handshake is passed over.",
           {"wire.mechanisms.received": error_waited_out}, ("wire/20/2", "wire/20/4")),
    Mutant("anything is WELCOME", "A PLAIN client takes any command for WELCOME.",
           {"wire.mechanisms.received": anything_is_welcome}, ("wire/26/5", "wire/26/6")),
    Mutant("in without HELLO", "A PLAIN server lets in who says INITIATE or READY at once.",
           {"wire.mechanisms.received": in_without_hello}, ("wire/26/7", "wire/26/8")),
    Mutant("malformed HELLO let in", "A PLAIN server lets in who says a malformed HELLO.",
           {"wire.mechanisms.authenticated": malformed_let_in},
           ("wire/30/2", "wire/30/3", "wire/30/4", "wire/30/5")),
    Mutant("READY instead of INITIATE", "A PLAIN client says READY after WELCOME.",
           {"wire.mechanisms._welcomed": says_ready_for_initiate}, ("wire/24/4", "wire/24/5", "wire/24/6")),
    Mutant("unknown property refused", "A property of an unknown name ends the connection.",
           {"wire.metadata.properties": unknown_property_refused}, ("wire/32/1", "wire/32/2")),
    Mutant("empty property refused", "A property without a value ends the connection.",
           {"wire.metadata.properties": empty_value_refused}, ("wire/32/2",)),
    Mutant("type under its own name only", "A type under a name in another case is not looked at.",
           {"wire.metadata.socket_type": type_under_its_own_name}, ("wire/32/4", "wire/28/4")),
    Mutant("any type", "The peer's type is not looked at.",
           {"wire.metadata.socket_type": any_type}, ("wire/28/1", "wire/28/2")),
    Mutant("type in any case", "A type in lower case is taken for that type.",
           {"wire.metadata.socket_type": type_in_any_case}, ("wire/28/5",)),
    Mutant("all have routing ids", "Every type says and reads a routing id.",
           {"wire.metadata.IDENTIFIED": frozenset({"PULL", "PUSH", "REQ", "DEALER", "ROUTER"})},
           ("wire/32/8", "wire/29/4")),
    Mutant("routing id too short", "A routing id may have 254 octets.",
           {"wire.metadata.OCTETS_MOST": 254}, ("wire/29/3",)),
)  # fmt: skip
