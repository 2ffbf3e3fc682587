"""Octets in pieces for the tests of the wire: what a decoder and a handshake make of them, as a list to compare."""

from collections.abc import Iterable, Iterator
from struct import pack

from hypothesis import strategies as st

from enomem.checks.conform import octets
from enomem.checks.conform.octets import LONG, command, greeting, prop
from enomem.model.wire.commands import Cancel, Command, Ping, Pong, Subscribe, Unknown
from enomem.model.wire.decoder import Decoder, Limits
from enomem.model.wire.errors import PeerError
from enomem.model.wire.handshake import Handshake, Local

__all__ = ["PULL", "PUSH", "Event", "command", "commands_of_traffic", "contexts", "cuts", "events", "frame", "greeting"]
__all__ += ["one_by_one", "pieces", "prop", "ready", "shaken", "small_limits", "streams", "taken", "topics"]

Event = list[bytes] | Command | str
"""What came of octets; the last one may be the rule of an error."""

PULL = Local("PULL", frozenset({"PUSH"}))
PUSH = Local("PUSH", frozenset({"PULL"}))


def pieces(data: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    """The data, cut at these places."""
    at = 0
    for cut in sorted({cut % (len(data) + 1) for cut in cuts}):
        yield data[at:cut]
        at = cut
    yield data[at:]


def one_by_one(data: bytes) -> Iterator[bytes]:
    """The data, an octet at a time."""
    return pieces(data, range(len(data)))


def events(
    parts: Iterable[bytes],
    limits: Limits = Limits(),  # noqa: B008
    most: int = 1 << 30,
    every: int = 1,
) -> list[Event]:
    """What a decoder makes of these pieces, asked for ``most`` messages at a time; it may have all the memory it wants.

    What belongs to an allowed body is put there, as the shell does, and all else is fed; it is asked after ``every``
    so many pieces, and at the end.
    """
    decoder = Decoder((3, 1), limits)
    found: list[Event] = []
    try:
        for number, part in enumerate(parts, 1):
            rest = part
            while rest:
                target = decoder.target()
                if target is None:
                    decoder.feed(rest)
                    rest = b""
                else:
                    count = min(len(target), len(rest))
                    target[:count] = rest[:count]
                    decoder.filled(count)
                    rest = rest[count:]
                if number % every == 0:
                    found += taken(decoder, most)
        found += taken(decoder, most)
    except PeerError as error:
        found.append(error.rule.value)
    return found


def taken(decoder: Decoder, most: int) -> Iterator[list[bytes] | Command]:
    """All that can be taken now."""
    while True:
        batch = decoder.take(most)
        assert sum(isinstance(event, list) for event in batch) <= most
        yield from batch
        if decoder.wanted:
            assert not decoder.take(most)
            decoder.allow()
        elif not batch:
            return


def shaken(local: Local, parts: Iterable[bytes], limits: Limits = Limits()) -> tuple[list[Event], bytes]:  # noqa: B008
    """What a handshake makes of these pieces (peer and rest, or a rule), and all that it sends."""
    handshake = Handshake(local, limits)
    sent = handshake.start()
    try:
        for part in parts:
            sent += handshake.feed(part)
    except PeerError as error:
        return [error.rule.value, error.reason], sent + error.tell
    return [repr(handshake.peer), repr(handshake.rest)], sent


# --- octets written apart from model/wire, as the conformance suite has them


def frame(body: bytes, flags: int = 0, long: bool = False) -> bytes:
    """A frame, long where it must be or is asked to be."""
    return octets.frame(body, flags | LONG * long)


def ready(kind: bytes, *more: bytes, name: bytes = b"READY") -> bytes:
    """A READY, or INITIATE."""
    return command(name, prop(b"Socket-Type", kind) + b"".join(more))


# --- strategies

cuts = st.lists(st.integers(0, 2**20), max_size=8)
small_limits = Limits(small=8)
"""So that frames of a few octets already need leave."""


topics, contexts = st.binary(max_size=300), st.binary(max_size=16)
commands_of_traffic: st.SearchStrategy[tuple[bytes, Event]] = st.one_of(
    topics.map(lambda topic: (command(b"SUBSCRIBE", topic), Subscribe(topic))),
    topics.map(lambda topic: (command(b"CANCEL", topic), Cancel(topic))),
    st.builds(
        lambda ttl, context: (command(b"PING", pack(">H", ttl) + context), Ping(ttl, context)),
        st.integers(0, 65535),
        contexts,
    ),
    contexts.map(lambda context: (command(b"PONG", context), Pong(context))),
    topics.map(lambda data: (command(b"X-\xff", data), Unknown(b"X-\xff", data))),
    st.just((ready(b"PUSH"), Unknown(b"READY", prop(b"Socket-Type", b"PUSH")))),
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """Octets of traffic, and the events that they are: messages, and commands anywhere between their frames."""
    data, found = b"", list[Event]()
    for _ in range(draw(st.integers(0, 5))):
        message = draw(st.lists(st.binary(max_size=40) | st.just(b"x" * 300), min_size=1, max_size=4))
        for place, part in enumerate(message):
            if draw(st.integers(0, 3)) == 0:
                told, event = draw(commands_of_traffic)
                data += told
                found.append(event)
            data += frame(part, int(place + 1 < len(message)), draw(st.booleans()))
        found.append(message)
    return data, found
