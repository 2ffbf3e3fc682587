"""Defects of frames, commands and heartbeats that ``wire`` does not have."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from enomem.model import connection, heartbeat
from enomem.model.connection import Reason, Reconnect
from enomem.model.heartbeat import Pulse
from enomem.model.reference import connections, identity, reading, topics
from enomem.model.reference.attaching import unbind
from enomem.model.wire import bodies, commands, decoder, frames
from enomem.model.wire.commands import Command, Ping
from enomem.model.wire.decoder import Decoder, Limits

from .mutant import Mutant

ENCODE, ADD, FLAGS, COMMAND_FRAME = frames.encode, frames.add, frames.check_flags, frames.encode_command
RUN, TAKE, OTHER, CHECK, RELEASE = Decoder._run, Decoder.take, Decoder._other, decoder.check, bodies.Body.release
PARSE, PONG, PULSE, FINAL = commands.parse, commands.encode_pong, heartbeat.pulse, connection.final
BROKE, PINGED = connections.Connection.broke_protocol, connections.Connection.pinged_by_peer
BODY, LIMITS, SIFTED = reading.Reader._body, identity.limits, topics.Topics.sifted
A_LOT = 1 << 30


def short_at_256(parts: Sequence[bytes]) -> list[bytes]:
    return [b"\0\0" + parts[0]] if len(parts) == 1 and len(parts[0]) == 256 else ENCODE(parts)


def short_at_256_added(fragments: list[bytes], parts: Sequence[bytes]) -> bool:
    large = ADD(fragments, parts)
    if len(parts[-1]) == 256:
        fragments[-2] = b"\0\0"
    return large


def short_long_frame_lost(self: Any, found: list[Any], left: int) -> int:
    """A message of which a frame has the long form and at most 255 octets loses its last part."""
    buffer, at, before = self._buffer, self._at, len(found)
    left = RUN(self, found, left)
    if buffer[at : at + 1] in (b"\2", b"\3") and buffer[at + 1 : at + 8] == bytes(7) and len(found) > before:
        found[before].pop()
    return left


def cut_by_one(self: Any) -> bytes:
    return RELEASE(self)[:-1]


def reserved_bit_set(name: bytes, data: bytes = b"") -> bytes:
    said = COMMAND_FRAME(name, data)
    return bytes([said[0] | 8]) + said[1:]


def all_closed(self: Any, error: Any) -> None:
    others = [other for other in self.core.connections if other is not self]
    BROKE(self, error)
    for other in others:
        other.end(Reason.PROTOCOL)


def nobody_let_in(self: Any, error: Any) -> None:
    BROKE(self, error)
    for endpoint in list(self.core.listeners):
        unbind(self.core, endpoint)


def swallows_the_next(self: Any, found: list[Any]) -> bool:
    """A command that announces more is taken, and the frame behind it for the rest of it."""
    buffer, at = self._buffer, self._at
    if len(buffer) > at + 1 and buffer[at] == frames.COMMAND | frames.MORE:
        at += 2 + buffer[at + 1]
        self._at = at + 2 + buffer[at + 1]
        return True
    return OTHER(self, found)


def waited_for_though_it_cannot_be(limits: Limits, flags: int, size: int, held: int, parts: int) -> None:
    if size < A_LOT:
        CHECK(limits, flags, size, held, parts)


def never_asked_for(self: Any) -> bool:
    return False if self.decoder.wanted >= A_LOT else BODY(self)


def stands_still(self: Any) -> bool:
    if self.decoder.wanted < A_LOT:
        return BODY(self)
    for endpoint in list(self.core.listeners):
        unbind(self.core, endpoint)
    return False


def at_most_512_parts(core: Any) -> Limits:
    found = LIMITS(core)
    return found if found.parts is not None else replace(found, parts=512)


def lost_behind_a_command(self: Any, session: Any, batch: list[Any]) -> list[list[bytes]]:
    at = next((at for at, item in enumerate(batch) if not isinstance(item, list)), len(batch))
    return SIFTED(self, session, batch[: at + 1])


def no_long_command(flags: int) -> None:
    FLAGS(flags | frames.RESERVED if flags & frames.COMMAND and flags & frames.LONG else flags)


def newest_first(self: Any, session: Any, batch: list[Any]) -> list[list[bytes]]:
    return SIFTED(self, session, batch)[::-1]


def half_delivered(self: Any, most: int) -> list[Any]:
    found = TAKE(self, most)
    if self._parts and len(found) < most:
        found.append(self._parts)
        self._parts, self._held = [], 0
    return found


def no_empty_parts(self: Any, session: Any, batch: list[Any]) -> list[list[bytes]]:
    return [[part for part in parts if part] or parts[:1] for parts in SIFTED(self, session, batch)]


def leaks(body: bytes) -> Command:
    return Ping(0, b"secret") if body == b"\4PING" else PARSE(body)


def opened_again_after_error(rule: Reconnect, reason: Reason) -> bool:
    return reason != Reason.REJECTED and FINAL(rule, reason)


def context_of_its_own(context: bytes) -> bytes:
    return PONG(context or b"pong")


def three_answers() -> Callable[..., None]:
    answered: dict[int, int] = {}

    def pinged(self: Any, ttl: int, context: bytes) -> None:
        answered[id(self)] = answered.get(id(self), 0) + 1
        if answered[id(self)] <= 3 or context == b"settled":
            PINGED(self, ttl, context)

    return pinged


# --- heartbeats


def no_timeout(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    return PULSE(now, heard, pinged, interval, 0, ttl)


def nothing_is_an_answer(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    return PULSE(now, min(heard, pinged - 1) if pinged >= 0 else heard, pinged, interval, timeout, ttl)


def no_ttl(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    return PULSE(now, heard, pinged, interval, timeout, 0)


def ttl_of_one_octet(body: bytes) -> Command:
    found = PARSE(body)
    return replace(found, ttl=found.ttl & 0xFF) if isinstance(found, Ping) else found


def no_interval(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    return PULSE(now, heard, pinged, 0, timeout, ttl)


def the_clock_runs_on(now: int, heard: int, reads: bool) -> int:
    return heard


MUTANTS = (
    Mutant("short form at 256", "A body of 256 octets is sent in the short form.",
           {"wire.frames.encode": short_at_256, "wire.frames.add": short_at_256_added}, ("wire/8/2",)),
    Mutant("long form for long bodies only", "A short body in the long form is lost.",
           {"wire.decoder.Decoder._run": short_long_frame_lost}, ("wire/8/4",)),
    Mutant("large bodies cut", "A large body that comes in pieces loses its last octet.",
           {"wire.bodies.Body.release": cut_by_one}, ("wire/8/5",)),
    Mutant("reserved bit set", "Commands go out with a reserved bit.",
           {"wire.frames.encode_command": reserved_bit_set}, ("wire/8/6",)),
    Mutant("an error closes all", "Whoever breaks the protocol has all connections closed.",
           {"reference.connections.Connection.broke_protocol": all_closed}, ("wire/9/3",)),
    Mutant("an error ends listening", "When a peer has broken the protocol nobody is let in any more.",
           {"reference.connections.Connection.broke_protocol": nobody_let_in}, ("wire/9/1", "wire/18/4")),
    Mutant("command with MORE swallows", "A command that announces more takes the next frame with it.",
           {"wire.decoder.Decoder._other": swallows_the_next}, ("wire/10/2",)),
    Mutant("impossible sizes waited for", "A frame of any size is waited for, be it 2^63 octets.",
           {"wire.decoder.check": waited_for_though_it_cannot_be, "reference.reading.Reader._body": never_asked_for},
           ("wire/11/1", "wire/11/2", "wire/11/3")),
    Mutant("a large size ends listening", "When a peer has announced 2^30 octets nobody is let in any more.",
           {"wire.decoder.check": waited_for_though_it_cannot_be, "reference.reading.Reader._body": stands_still},
           ("wire/12/5", "wire/15/1", "wire/16/1", "wire/16/2")),
    Mutant("at most 512 parts", "A message of more than 512 parts is refused.",
           {"reference.identity.limits": at_most_512_parts}, ("wire/14/2",)),
    Mutant("lost behind a command", "What comes in one piece with a command, and behind it, is lost.",
           {"reference.topics.Topics.sifted": lost_behind_a_command}, ("wire/17/6",)),
    Mutant("no long commands", "A command in the long form is refused.",
           {"wire.frames.check_flags": no_long_command}, ("wire/17/7", "wire/17/5")),
    Mutant("newest first", "Of messages that come in one piece the newest is delivered first.",
           {"reference.topics.Topics.sifted": newest_first}, ("link/2/4",)),
    Mutant("half delivered", "What has come of a message is delivered before the rest is there.",
           {"wire.decoder.Decoder.take": half_delivered}, ("link/2/3",)),
    Mutant("empty parts dropped", "The empty parts of a message are not delivered.",
           {"reference.topics.Topics.sifted": no_empty_parts}, ("push/2/1", "dealer/2/1", "link/2/2")),
    Mutant("leaks", "A PING without a time to live is answered with octets that nobody sent.",
           {"wire.commands.parse": leaks}, ("wire/19/2",)),
    Mutant("opened again after an ERROR", "After an ERROR of the peer the connection is made again.",
           {"connection.final": opened_again_after_error}, ("wire/20/3",)),
    Mutant("a context of its own", "A PING without a context is answered with one.",
           {"wire.commands.encode_pong": context_of_its_own}, ("wire/22/2",)),
    Mutant("three answers", "Three PINGs of a connection are answered, and no more.",
           {"reference.connections.Connection.pinged_by_peer": three_answers()}, ("wire/22/4",)),
    Mutant("no PINGs", "No PING goes out, whatever the interval.",
           {"heartbeat.pulse": no_interval}, ("heart/1/1",)),
    Mutant("silence is no death", "A peer that answers no PING is never taken for dead.",
           {"heartbeat.pulse": no_timeout}, ("heart/2/1",)),
    Mutant("nothing is an answer", "A peer is taken for dead whatever it sends.",
           {"heartbeat.pulse": nothing_is_an_answer}, ("heart/2/2",)),
    Mutant("the clock runs on", "A peer whose messages nobody receives is taken for dead.",
           {"heartbeat.unheard": the_clock_runs_on}, ("heart/4/1",)),
    Mutant("time to live ignored", "The time to live of a PING is not looked at.",
           {"heartbeat.pulse": no_ttl}, ("heart/3/1",)),
    Mutant("time to live of one octet", "Of a time to live the lower octet is read.",
           {"wire.commands.parse": ttl_of_one_octet}, ("heart/3/2",)),
)  # fmt: skip
