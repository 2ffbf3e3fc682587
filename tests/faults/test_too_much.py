"""Frames and messages that are too large: bounded by MAXMSGSIZE, by the bounds on a whole message, and by the pool."""

import pytest
import zmq
from interop.ends import End, Library
from interop.fixtures import Keeper, Opener
from interop.raw import COMMAND, LONG, MORE, Raw, command, frame, greeting, message, prop, ready
from interop.waiting import until

from enomem.model.receive_policies import BoundedWait
from enomem.model.reference import context

from .wellness import Witness, good_peer, received

MOST = 100_000
MIB = 1 << 20


def announced(size: int, flags: int = 0) -> bytes:
    """The header of a frame of that size, without the frame."""
    return bytes([flags | LONG]) + size.to_bytes(8, "big")


def refused(own: End, raw: Raw, octets: bytes) -> list[str]:
    """Say what is too much, until the other side hangs up; what it reports."""
    raw.send(octets, own)
    raw.closed(own)
    return until(own.losses, f"{own} reports the end", own)


def met(own: End, keep: Keeper, where: str) -> Raw:
    raw = keep(Raw.connect(where))
    raw.handshake("PUSH", own)
    return raw


@pytest.mark.parametrize("size", [MOST + 1, 1 << 32, (1 << 62) + 1, (1 << 63) - 1])
def test_a_frame_over_maxmsgsize_is_refused_before_it_comes(
    opened: Opener, keep: Keeper, subject: Library, size: int
) -> None:
    own = opened(subject, "PULL", MAXMSGSIZE=MOST)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = met(own, keep, where)
    raw.send(message(bytes(MOST)), own)
    assert own.receive(raw) == [bytes(MOST)]
    peak = own.context.memory().peak
    told = refused(own, raw, announced(size))
    assert any("MAXMSGSIZE" in note or str(MOST) in note for note in told), told
    assert own.context.memory().peak == peak
    witness.at_rest()
    assert good_peer(own, keep(Raw.connect(where)), b"last") == []


@pytest.mark.parametrize("size", [1 << 63, (1 << 64) - 1])
def test_a_size_that_no_frame_can_have(opened: Opener, keep: Keeper, subject: Library, size: int) -> None:
    own = opened(subject, "PULL")
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    assert any("2^63" in note for note in refused(own, met(own, keep, where), announced(size)))
    witness.at_rest()


@pytest.mark.parametrize("size", [1 << 50, (1 << 63) - 1])
def test_a_size_that_no_machine_has_without_any_bound(
    opened: Opener, keep: Keeper, subject: Library, size: int
) -> None:
    """The pool has no limit and grants it; the machine does not. That is the end of one connection, not of a thread."""
    own = opened(subject, "PULL")
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    assert any("memory" in note for note in refused(own, met(own, keep, where), announced(size)))
    witness.at_rest()
    assert good_peer(own, keep(Raw.connect(where)), b"last") == []


FLOODS = {
    "large parts": frame(bytes(MOST // 8), MORE) * 9,
    "small parts": frame(b"0123456789", MORE) * 12_000,
    "empty parts": frame(b"", MORE) * 12_000,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_parts_meets_the_bounds_of_a_whole_message(
    opened: Opener, keep: Keeper, subject: Library, flood: str
) -> None:
    own = opened(subject, "PULL", MESSAGE_MAXSIZE=MOST, MESSAGE_MAXPARTS=10_000)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = met(own, keep, where)
    raw.send(message(*[b"x"] * 10_000) + message(bytes(MOST // 2), bytes(MOST // 2)), own)
    assert [len(own.receive(raw)), len(own.receive(raw))] == [10_000, 2]
    told = refused(own, raw, FLOODS[flood])
    assert any(bound in note for note in told for bound in ("MESSAGE_MAX", str(MOST), "10000"))
    assert received(own) == []
    witness.at_rest()
    assert good_peer(own, keep(Raw.connect(where)), b"last") == []


LIMIT = 4 * MIB


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that stalls for want of memory waits less than the 5 s after which it is given up."""
    monkeypatch.setattr(context, "RECEIVE_POLICIES", (BoundedWait(longest=100),))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("part", [10, 1000, MIB])
def test_a_flood_of_parts_meets_the_pool(opened: Opener, keep: Keeper, subject: Library, part: int) -> None:
    """No bound but the pool's limit: the message that can never be whole is given up, and the pool never overdrawn."""
    own = opened(subject, "PULL", memory_limit=LIMIT)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = met(own, keep, where)
    piece = frame(bytes(part), MORE) * max(1, 200_000 // part)
    for _ in range(2 * LIMIT // len(piece) + 2):
        if not raw.ended:
            raw.send(piece, own)
    raw.closed(own)
    assert any("memory" in note for note in until(own.losses, f"{own} reports the end", own))
    memory = own.context.memory()
    assert memory.peak <= LIMIT
    assert received(own) == []
    witness.at_rest()
    assert good_peer(own, keep(Raw.connect(where)), b"last") == []


@pytest.mark.parametrize("size", [LIMIT + 1, 1 << 40])
def test_a_frame_larger_than_the_pool(opened: Opener, keep: Keeper, subject: Library, size: int) -> None:
    own = opened(subject, "PULL", memory_limit=LIMIT)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    assert any("memory" in note for note in refused(own, met(own, keep, where), announced(size)))
    assert own.context.memory().peak <= LIMIT
    witness.at_rest()


def test_many_who_flood_at_once_share_the_pool(opened: Opener, keep: Keeper, subject: Library) -> None:
    """Each could be whole alone, all together cannot: in the end the pool holds, and who comes after is served."""
    own = opened(subject, "PULL", memory_limit=LIMIT)
    where = own.bind()
    witness = Witness(opened, subject, own)
    crowd = [met(own, keep, where) for _ in range(12)]
    for raw in crowd:
        raw.send(frame(bytes(MIB // 2), MORE), own)
    assert own.context.memory().peak <= LIMIT
    for raw in crowd:
        raw.close()
    witness.at_rest()
    assert good_peer(own, keep(Raw.connect(where)), b"last") == []


HANDSHAKES = {
    "a READY of a gigabyte": announced(1 << 30, COMMAND),
    "a property of a gigabyte": command(b"READY", b"\x01X" + (1 << 30).to_bytes(4, "big")),
    "a thousand properties": command(b"READY", prop(b"Socket-Type", b"PUSH") + prop(b"X", b"") * 5000),
    "a message instead of READY": frame(b"x"),
    "no end of commands": command(b"NONSENSE", bytes(200)) * 1000,
}


@pytest.mark.parametrize("what", HANDSHAKES)
def test_a_handshake_is_bounded(opened: Opener, keep: Keeper, subject: Library, what: str) -> None:
    own = opened(subject, "PULL")
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = keep(Raw.connect(where))
    raw.send(greeting() + HANDSHAKES[what], own)
    raw.closed(own)
    assert until(own.refusals, f"{own} reports it", own)
    witness.at_rest()
    assert good_peer(own, keep(Raw.connect(where)), b"last") == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("topic", [10, 10_000])
def test_a_flood_of_subscriptions_meets_the_pool(opened: Opener, keep: Keeper, subject: Library, topic: int) -> None:
    own = opened(subject, "PUB", memory_limit=LIMIT)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = keep(Raw.connect(where))
    raw.handshake("SUB", own)
    for number in range(4 * LIMIT // topic):
        if raw.ended:
            break
        raw.send(command(b"SUBSCRIBE", b"%d" % number + bytes(topic)), own)
        raw.serve(0)
    raw.closed(own)
    assert any("memory" in note for note in until(own.losses, f"{own} reports the end", own))
    assert own.context.memory().peak <= LIMIT
    witness.at_rest()
    good_peer(own, keep(Raw.connect(where)), b"last")


@pytest.mark.parametrize("name", [b"SUBSCRIBE", b"PING", b"PONG", b"UNKNOWN"])
def test_a_command_is_bounded(opened: Opener, keep: Keeper, subject: Library, name: bytes) -> None:
    own = opened(subject, "XPUB")
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = keep(Raw.connect(where))
    raw.send(greeting() + ready("SUB"), own)
    raw.command(b"READY", own)
    assert refused(own, raw, announced(MIB + 1, COMMAND) + bytes([len(name)]) + name)
    witness.at_rest()


def test_libzmq_sends_too_much_and_comes_back(opened: Opener, subject: Library) -> None:
    """EMSGSIZE is the end of a connection, and the next message of the same peer arrives."""
    own = opened(subject, "PULL", MAXMSGSIZE=MOST)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    with zmq.Context() as context, context.socket(zmq.PUSH) as push:
        push.linger = 0
        push.reconnect_ivl = 1
        push.connect(where)
        push.send_multipart([b"small", bytes(MOST + 1), b"small"])
        until(own.losses, f"{own} reports the end", own)
        for number in range(3):
            push.send_multipart([b"next", b"%d" % number])
            assert own.receive() == [b"next", b"%d" % number]
    witness.at_rest()
