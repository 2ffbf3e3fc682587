"""Defects of the wire: greetings, frames, commands and handshakes that are taken, or sent, as they must not be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from enomem.model.rules import Rule
from enomem.model.wire import commands, decoder, frames, greeting, handshake, mechanisms, metadata
from enomem.model.wire.commands import Command, Pong, Unknown
from enomem.model.wire.decoder import Decoder, Limits
from enomem.model.wire.errors import PeerError
from enomem.model.wire.greeting import Greeting
from enomem.model.wire.mechanisms import Awaits, Turn
from enomem.model.wire.peers import Local

from .mutant import Mutant

ENCODE, CHECK, SIGNATURE = greeting.encode, greeting.check, greeting.check_signature
FLAGS, PARSE, RECEIVED = frames.check_flags, commands.parse, mechanisms.received
HANDSHAKE_FLAGS, FINISHED, OTHER = handshake.check_flags, handshake.finished, Decoder._other
ROUTING_ID, LIMIT_CHECK, HELLO, OPENED = metadata.routing_id, decoder.check, mechanisms.hello, mechanisms.opened
WELCOMED, PROPERTIES, WRITTEN = mechanisms._welcomed, metadata.properties, metadata.encode


# --- greetings


def padded_with_spaces(local: Local) -> bytes:
    said = ENCODE(local)
    return said[:12] + said[12:32].rstrip(b"\0").ljust(20, b" ") + said[32:]


def filled(local: Local) -> bytes:
    return ENCODE(local)[:33] + b"\xff" * 31


def a_server_under_null(local: Local) -> bytes:
    said = ENCODE(local)
    return said[:32] + b"\1" + said[33:]


def padding_checked(data: bytes | bytearray) -> None:
    SIGNATURE(data)
    if any(data[1:9]):
        raise PeerError(Rule.WIRE_4, "the padding is not zero")


def exactly_3(major: int) -> None:
    if major != 3:
        raise PeerError(Rule.WIRE_3, "this is not version 3")


def mechanism_by_its_beginning(local: Local, peer: Greeting) -> None:
    own = local.mechanism.encode()
    CHECK(local, replace(peer, mechanism=own) if peer.mechanism.startswith(own) else peer)


def mechanism_in_any_case(local: Local, peer: Greeting) -> None:
    CHECK(local, replace(peer, mechanism=peer.mechanism.upper()))


def any_mechanism(local: Local, peer: Greeting) -> None:
    CHECK(local, replace(peer, mechanism=local.mechanism.encode()))


def any_role(local: Local, peer: Greeting) -> None:
    CHECK(local, replace(peer, as_server=0))


def any_signature(data: bytes | bytearray) -> None:
    return None


# --- frames


def always_long(parts: Sequence[bytes]) -> list[bytes]:
    flags = [frames.MORE] * (len(parts) - 1) + [0]
    return [b"".join(frames._pack(f | frames.LONG, len(p)) + p for f, p in zip(flags, parts, strict=True))]


def always_long_added(fragments: list[bytes], parts: Sequence[bytes]) -> bool:
    fragments.append(always_long(parts)[0])
    return False


def reserved_bits_passed_over(self: Decoder, found: list[Any]) -> bool:
    at = self._at
    if at < len(self._buffer) and self._buffer[at] & frames.RESERVED:
        flags = self._buffer[at] & ~frames.RESERVED
        self._buffer = self._buffer[:at] + bytes([flags]) + self._buffer[at + 1 :]
        return True
    return OTHER(self, found)


def command_with_more_taken(flags: int) -> None:
    FLAGS(flags & ~frames.MORE if flags & frames.COMMAND else flags)


def limit_off_by_one(limits: Limits, flags: int, size: int, held: int, parts: int) -> None:
    LIMIT_CHECK(limits, flags, size + 1 if limits.frame is not None else size, held, parts)


def frame_limit_ignored(limits: Limits, flags: int, size: int, held: int, parts: int) -> None:
    LIMIT_CHECK(replace(limits, frame=None), flags, size, held, parts)


def message_limit_ignored(limits: Limits, flags: int, size: int, held: int, parts: int) -> None:
    LIMIT_CHECK(replace(limits, message=None, parts=None), flags, size, held, parts)


def no_limit(limit: int | None) -> int:
    return 1 << 62


def one_less(limit: int | None) -> int:
    return no_limit(limit) if limit is None else limit - 1


def message_forgotten_at_a_command(self: Decoder, found: list[Any]) -> bool:
    before = len(found)
    more = OTHER(self, found)
    if len(found) > before:
        self._parts, self._held = [], 0
    return more


# --- commands


def unknown_refused(body: bytes) -> Command:
    command = PARSE(body)
    if isinstance(command, Unknown):
        raise PeerError(Rule.WIRE_18, "an unknown command")
    return command


def nameless_taken(body: bytes) -> Command:
    try:
        return PARSE(body)
    except PeerError as error:
        if error.rule == Rule.WIRE_18:
            return Unknown(b"?", body)
        raise


def short_ping_taken(body: bytes) -> Command:
    return PARSE(body + b"\0\0" if body == b"\4PING" else body)


def context_cut(name: bytes, data: bytes) -> bytes:
    return data[:16]


def error_passed_over(body: bytes) -> Command:
    return Unknown(b"ERROR", b"") if body.startswith(b"\5ERROR") else PARSE(body)


def pong_without_context(context: bytes) -> bytes:
    return frames.encode_command(b"PONG")


def pong_with_something_else(context: bytes) -> bytes:
    return frames.encode_command(b"PONG", context[::-1])


def ping_with_a_long_context(ttl: int, context: bytes = b"") -> bytes:
    return frames.encode_command(b"PING", ttl.to_bytes(2, "big") + bytes(20))


def ttl_in_seconds(ttl: int, context: bytes = b"") -> bytes:
    return frames.encode_command(b"PING", (ttl // 10).to_bytes(2, "big") + context)


def pong_refused(body: bytes) -> Command:
    command = PARSE(body)
    if isinstance(command, Pong):
        raise PeerError(Rule.WIRE_19, "nobody asked")
    return command


def subscription_always_a_command(version: tuple[int, int], topic: bytes, add: bool) -> bytes:
    return frames.encode_command(b"SUBSCRIBE" if add else b"CANCEL", topic)


def subscription_always_a_message(version: tuple[int, int], topic: bytes, add: bool) -> bytes:
    return frames.header(1 + len(topic)) + (b"\1" if add else b"\0") + topic


# --- the handshake


def waits_for_ready(local: Local) -> Turn:
    turn = OPENED(local)
    return Turn(Awaits.READY) if local.mechanism == "NULL" else turn


def name_in_any_case(local: Local, turn: Turn, body: bytes) -> Turn:
    end = 1 + body[0] if body else 0
    return RECEIVED(local, turn, body[:1] + body[1:end].upper() + body[end:])


def any_command_is_ready(local: Local, turn: Turn, body: bytes) -> Turn:
    name, _ = commands.split(body)
    if turn.awaits == Awaits.READY and name not in (b"READY", b"ERROR"):
        return RECEIVED(local, turn, b"\5READY" + WRITTEN(replace(local, socket_type=min(local.accepts))))
    return RECEIVED(local, turn, body)


def message_is_a_command(flags: int) -> None:
    HANDSHAKE_FLAGS(flags | frames.COMMAND)


def empty_names_taken(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 5 + int.from_bytes(data[at + 1 : at + 5], "big")
            continue
        name, value = next(iter(PROPERTIES(data[at:])))
        at += 5 + len(name) + len(value)
        yield name, value


def cut_off_taken(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        yield from PROPERTIES(data)
    except PeerError:
        return


def names_as_they_are(self: metadata.Metadata, name: str) -> bytes:
    for found, value in self.listed():
        if found == name:
            return value
    raise KeyError(name)


def any_routing_id(found: Mapping[str, bytes], kind: str) -> bytes:
    return found.get("Identity", b"")[:255].lstrip(b"\0") or b"?"


def id_of_everybody(found: Mapping[str, bytes], kind: str) -> bytes:
    return ROUTING_ID(found, "DEALER")


def says_no_id(local: Local) -> bytes:
    return WRITTEN(replace(local, routing_id=b""))


def says_another_type(local: Local) -> bytes:
    said = WRITTEN(local)
    return said.replace(b"PULL", b"PUSH") if local.socket_type == "PULL" else said


def silent_about_types(local: Local, found: Mapping[str, bytes]) -> str:
    try:
        return SOCKET_TYPE(local, found)
    except PeerError as error:
        error.tell = b""
        raise


SOCKET_TYPE = metadata.socket_type


def everybody_let_in(local: Local, data: bytes) -> bytes:
    return HELLO(data)[0]


def welcome_with_more(local: Local, data: bytes) -> Turn:
    return WELCOMED(local, b"")


MUTANTS = (
    Mutant("mechanism padded with spaces", "The mechanism in the greeting is padded with spaces.",
           {"wire.greeting.encode": padded_with_spaces}, ("wire/1/3", "wire/24/1")),
    Mutant("filler of ones", "The greeting ends with octets that are not zero.",
           {"wire.greeting.encode": filled}, ("wire/1/5",)),
    Mutant("always a server", "The greeting says that it is a server.",
           {"wire.greeting.encode": a_server_under_null}, ("wire/1/4", "wire/24/2")),
    Mutant("padding checked", "A greeting whose padding is not zero is refused.",
           {"wire.greeting.check_signature": padding_checked}, ("wire/2/1", "wire/2/2")),
    Mutant("exactly version 3", "A peer of a higher version is refused.",
           {"wire.greeting.check_version": exactly_3}, ("wire/5/3", "wire/5/4")),
    Mutant("mechanism by its beginning", "A mechanism that begins as ours does is taken for ours.",
           {"wire.greeting.check": mechanism_by_its_beginning}, ("wire/6/3",)),
    Mutant("mechanism in any case", "A mechanism in lower case is taken for ours.",
           {"wire.greeting.check": mechanism_in_any_case}, ("wire/6/4",)),
    Mutant("any mechanism", "The peer's mechanism is not looked at.",
           {"wire.greeting.check": any_mechanism}, ("wire/6/1", "wire/6/2")),
    Mutant("any role", "The peer's role is not looked at.",
           {"wire.greeting.check": any_role}, ("wire/7/1", "wire/7/2")),
    Mutant("any signature", "A greeting is not looked at before it has 64 octets.",
           {"wire.greeting.check_signature": any_signature}, ("wire/4/2", "wire/3/2")),
    Mutant("always the long form", "Short messages are sent in the long form.",
           {"wire.frames.encode": always_long, "wire.frames.add": always_long_added}, ("wire/8/1", "wire/8/3")),
    Mutant("reserved bits passed over", "Reserved bits of a frame's flags are not looked at.",
           {"wire.decoder.Decoder._other": reserved_bits_passed_over}, ("wire/9/1", "wire/9/2")),
    Mutant("command with MORE taken", "A command that announces more frames is taken.",
           {"wire.frames.check_flags": command_with_more_taken}, ("wire/10/1",)),
    Mutant("limit off by one", "A frame of exactly the largest size is refused.",
           {"wire.decoder.check": limit_off_by_one, "wire.decoder._bound": one_less}, ("wire/12/1",)),
    Mutant("frame limit ignored", "MAXMSGSIZE is not looked at.",
           {"wire.decoder.check": frame_limit_ignored, "wire.decoder._bound": no_limit},
           ("wire/12/2", "wire/12/3", "wire/12/4")),
    Mutant("message limit ignored", "The bounds on whole messages are not looked at.",
           {"wire.decoder.check": message_limit_ignored, "wire.decoder._bound": no_limit},
           ("wire/13/1", "wire/14/1")),
    Mutant("message forgotten at a command", "A command between two frames of a message drops what came before it.",
           {"wire.decoder.Decoder._other": message_forgotten_at_a_command}, ("wire/17/1", "wire/17/2", "wire/22/6")),
    Mutant("unknown command refused", "A command of an unknown name ends the connection.",
           {"wire.commands.parse": unknown_refused}, ("wire/17/3", "wire/17/4")),
    Mutant("nameless command taken", "A malformed command is passed over.",
           {"wire.commands.parse": nameless_taken}, ("wire/18/1", "wire/18/2", "wire/18/3")),
    Mutant("short PING taken", "A PING without its time to live is answered.",
           {"wire.commands.parse": short_ping_taken}, ("wire/19/1",)),
    Mutant("context cut", "The context of a PING is cut to 16 octets.",
           {"wire.commands.heartbeat_context": context_cut}, ("wire/19/3", "wire/19/4")),
    Mutant("ERROR passed over", "An ERROR in traffic is passed over.",
           {"wire.commands.parse": error_passed_over}, ("wire/20/1",)),
    Mutant("PONG without context", "The answer to a PING does not repeat its context.",
           {"wire.commands.encode_pong": pong_without_context}, ("wire/22/1",)),
    Mutant("PONG backwards", "The answer to a PING has another context.",
           {"wire.commands.encode_pong": pong_with_something_else}, ("wire/22/1", "wire/22/3")),
    Mutant("PONG refused", "A PONG that nobody asked for ends the connection.",
           {"wire.commands.parse": pong_refused}, ("wire/22/5",)),
    Mutant("PING with a long context", "A PING goes out with a context of 20 octets.",
           {"wire.commands.encode_ping": ping_with_a_long_context}, ("heart/1/2",)),
    Mutant("time to live in seconds", "The time to live goes out in seconds instead of tenths.",
           {"wire.commands.encode_ping": ttl_in_seconds}, ("heart/1/2",)),
    Mutant("PING to 3.0", "A peer of 3.0 is sent PINGs.", {"wire.commands.may_ping": lambda _: True}, ("wire/34/1",)),
    Mutant("subscription always a command", "A peer of 3.0 is sent SUBSCRIBE commands.",
           {"wire.commands.encode_subscription": subscription_always_a_command}, ("wire/21/3",)),
    Mutant("subscription always a message", "A peer of 3.1 is sent subscriptions in the form of 3.0.",
           {"wire.commands.encode_subscription": subscription_always_a_message}, ("wire/21/4",)),
    Mutant("old subscription passed over", "A subscription in the form of 3.0 is taken for any message.",
           {"wire.commands.subscription": lambda _: None}, ("wire/21/1", "wire/21/2")),
    Mutant("waits for READY", "Nobody says READY under NULL before the other has.",
           {"wire.mechanisms.opened": waits_for_ready}, ("wire/23/3", "wire/23/1", "wire/23/2", "connect/3/1")),
    Mutant("READY in any case", "The names of commands in the handshake are read in any case.",
           {"wire.mechanisms.received": name_in_any_case}, ("wire/26/4",)),
    Mutant("any command is READY", "Whatever command comes in the handshake is taken for READY.",
           {"wire.mechanisms.received": any_command_is_ready}, ("wire/26/1", "wire/26/2", "wire/26/3")),
    Mutant("message is a command", "A READY that is framed as a message is taken.",
           {"wire.handshake.check_flags": message_is_a_command}, ("wire/25/2",)),
    Mutant("empty names taken", "A property without a name is passed over.",
           {"wire.metadata.properties": empty_names_taken}, ("wire/27/1",)),
    Mutant("cut metadata taken", "Metadata that ends within a property is taken as far as it goes.",
           {"wire.metadata.properties": cut_off_taken},
           ("wire/27/2", "wire/27/3", "wire/27/4", "wire/27/5", "wire/27/6", "wire/27/7")),
    Mutant("property names as they are", "The names of properties are read in one case only.",
           {"wire.metadata.Metadata.__getitem__": names_as_they_are}, ("wire/32/3",)),
    Mutant("any routing id", "A routing id that nobody may have is made into another.",
           {"wire.metadata.routing_id": any_routing_id}, ("wire/29/1", "wire/29/2")),
    Mutant("routing id of everybody", "The routing id of a type that has none is looked at.",
           {"wire.metadata.routing_id": id_of_everybody}, ("wire/29/4",)),
    Mutant("says no routing id", "The own routing id is not told.",
           {"wire.metadata.encode": says_no_id}, ("wire/32/7",)),
    Mutant("says another type", "A PULL says that it is a PUSH.",
           {"wire.metadata.encode": says_another_type}, ("wire/32/5", "wire/32/6")),
    Mutant("silent about types", "A peer of the wrong type is refused without a word.",
           {"wire.metadata.socket_type": silent_about_types}, ("wire/28/2",)),
    Mutant("everybody let in", "A server that has nobody to ask lets everybody in.",
           {"wire.mechanisms.authenticated": everybody_let_in}, ("wire/31/1", "wire/31/2")),
    Mutant("WELCOME with more taken", "A WELCOME with data is taken.",
           {"wire.mechanisms._welcomed": welcome_with_more}, ("wire/30/1",)),
)  # fmt: skip
