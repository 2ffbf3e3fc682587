"""A reader that gets no memory: it waits and loses nothing, or it is closed and says so; the pool keeps its bound."""

from collections.abc import Iterator

import pytest
from interop.raw import LONG, MORE, frame, message
from reference_memory import LATER, Allocator, sites
from reference_stage import Room, events_until, eventually, fails, room

import enomem
from enomem import SNDMORE, Again, Event, EventKind, Site
from enomem.model.receive_policies import BoundedWait
from enomem.model.reference import context, reading
from enomem.model.reference.weights import CONNECTION, LISTENER, PART, SOCKET
from enomem.model.rules import Rule

NEVER = 1 << 30
"""Milliseconds: so late that it does not happen here."""
MIB = 1 << 20


def waits(monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    """Readers wait so many milliseconds, unless their context says otherwise."""
    monkeypatch.setattr(context, "RECEIVE_POLICIES", (BoundedWait(longest=longest),))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled reader tries again when memory is given back, and at no other time; and it never gives up."""
    monkeypatch.setattr(reading, "STALL_RETRY", NEVER)
    waits(monkeypatch, NEVER)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled reader gives up very soon."""
    monkeypatch.setattr(reading, "STALL_RETRY", 1)
    waits(monkeypatch, 20)


@pytest.fixture
def fair(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled reader tries again when memory is given back, and gives up soon, in the order in which they stalled."""
    monkeypatch.setattr(reading, "STALL_RETRY", NEVER)
    waits(monkeypatch, 100)


def listening(stage: Room) -> enomem.Socket:
    """A PULL with its monitor on."""
    pull = stage.bound("PULL")
    pull.monitor_events()
    return pull


def rules(events: list[Event], kind: EventKind) -> list[Rule | None]:
    """By which rules events of a kind happened."""
    return [event.rule for event in events if event.kind == kind]


OWN = 2 * SOCKET + LISTENER + 2 * CONNECTION
"""What a listening socket with one peer weighs, and another that is waiting for its own."""


def crowded(left: int) -> Iterator[tuple[Room, enomem.Socket, enomem.Socket]]:
    """A pool of which a message that nobody takes holds so much that only ``left`` is there for what arrives."""
    with room(memory_limit=OWN + MIB + PART + left) as stage:
        pull, push = listening(stage), stage.socket("PUSH")
        push.connect(LATER)
        push.send(bytes(MIB), SNDMORE)
        yield stage, pull, push


# --- waiting


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("size", [2000, 200_000], ids=["small", "large"])
def test_a_stalled_reader_goes_on_when_memory_is_given_back(size: int) -> None:
    for stage, pull, push in crowded(1000):
        raw = stage.peer(pull, "PUSH")
        raw.send(message(b"before"))
        assert pull.recv() == b"before"
        raw.send(message(b"head", bytes(size)) + message(b"after"))
        assert rules(events_until(pull, EventKind.STALLED), EventKind.STALLED) == [Rule.RECEIVE_2]
        with fails(Again):
            pull.recv(enomem.DONTWAIT)
        push.abort_message()
        assert pull.recv_multipart() == [b"head", bytes(size)]
        assert pull.recv_multipart() == [b"after"]
        events_until(pull, EventKind.RESUMED)
        assert Site.RECEIVE_BODY not in sites(stage)


@pytest.mark.usefixtures("patient")
def test_of_several_messages_those_are_queued_for_which_there_is_memory() -> None:
    for stage, pull, _push in crowded(2 * (100 + PART) + 50):
        raw = stage.peer(pull, "PUSH")
        raw.send(b"".join(message(b"%d" % number * 100) for number in range(5)))
        events_until(pull, EventKind.STALLED)
        # Two of them are in the queue; each that is taken makes room for another.
        assert sites(stage)[Site.RECEIVE_BODY] == 2 * (100 + PART)
        assert [pull.recv()[:1] for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_refusal_for_no_visible_reason_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "STALL_RETRY", 1)
    left = iter([False] * 3)

    def allocator(site: Site, _size: int) -> bool:
        return site != Site.RECEIVE_BODY or next(left, True)

    with room(allocator=allocator) as stage:
        pull = listening(stage)
        stage.peer(pull, "PUSH").send(message(b"at last"))
        assert pull.recv() == b"at last"
        events = events_until(pull, EventKind.RESUMED)
        assert rules(events, EventKind.STALLED) == [Rule.RECEIVE_2]
        assert next(left, None) is None


@pytest.mark.usefixtures("patient")
def test_a_stalled_reader_holds_up_nobody_else() -> None:
    for stage, pull, push in crowded(1000):
        stalled, other = stage.peer(pull, "PUSH"), None
        stalled.send(message(bytes(5000)))
        events_until(pull, EventKind.STALLED)
        push.abort_message()
        assert pull.recv() == bytes(5000)
        other = stage.peer(pull, "PUSH")
        other.send(message(b"other"))
        assert pull.recv() == b"other"


# --- giving up


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("parts", [1, 3])
def test_what_the_pool_could_never_hold_closes_the_connection_at_once(parts: int) -> None:
    for stage, pull, push in crowded(1000):
        raw = stage.peer(pull, "PUSH")
        raw.send(b"".join(frame(bytes(100), MORE) for _ in range(parts - 1)))
        raw.send(bytes([LONG]) + (1 << 40).to_bytes(8, "big"))
        raw.closed()
        events = events_until(pull, EventKind.DISCONNECTED)
        assert rules(events, EventKind.DISCONNECTED) == [Rule.RECEIVE_3]
        assert rules(events, EventKind.STALLED) == []
        assert events[-1].reason == "no memory"
        eventually(lambda stage=stage: Site.RECEIVE_BODY not in sites(stage), "the half of a message is given back")
        push.abort_message()
        stage.peer(pull, "PUSH").send(message(b"another"))
        assert pull.recv() == b"another"


@pytest.mark.usefixtures("impatient")
def test_a_stall_that_lasts_too_long_ends_with_the_connection() -> None:
    allocator = Allocator()
    with room(allocator=allocator) as stage:
        pull = listening(stage)
        raw = stage.peer(pull, "PUSH")
        raw.send(message(b"whole"))
        eventually(lambda: Site.RECEIVE_BODY in sites(stage), "a message is in the queue")
        allocator.sites = {Site.RECEIVE_BODY}
        raw.send(message(b"refused"))
        raw.closed()
        events = events_until(pull, EventKind.DISCONNECTED)
        assert rules(events, EventKind.STALLED) == [Rule.RECEIVE_2]
        assert rules(events, EventKind.DISCONNECTED) == [Rule.RECEIVE_6]
        # What was whole stays to be read.
        assert pull.recv() == b"whole"
        with fails(Again):
            pull.recv(enomem.DONTWAIT)
        assert Site.ACCEPT not in sites(stage)


@pytest.mark.usefixtures("impatient")
def test_one_who_had_connected_connects_again() -> None:
    allocator = Allocator(Site.RECEIVE_BODY)
    with room(allocator=allocator) as stage:
        pull = stage.socket("PULL", RECONNECT_IVL=1)
        pull.monitor_events()
        (raw,) = stage.peers(pull, "PUSH", 1)
        raw.send(message(b"refused"))
        raw.closed()
        events = events_until(pull, EventKind.CONNECT_RETRIED)
        assert rules(events, EventKind.DISCONNECTED) == [Rule.RECEIVE_6]
        # The connection is charged all the time, so that opening it again needs nothing.
        assert sites(stage)[Site.CONNECTION] == CONNECTION


# --- floods


@pytest.mark.usefixtures("fair")
def test_a_flood_of_parts_stays_within_the_pool_and_others_go_on() -> None:
    limit = 4 * MIB
    with room(memory_limit=limit) as stage:
        pull = listening(stage)
        good = stage.peer(pull, "PUSH")
        flood = stage.peer(pull, "PUSH")
        part = frame(bytes(100), MORE)
        sent = 0
        while not flood.ended and sent < 3 * limit:
            flood.send(part * 500)
            sent += 500 * len(part)
            good.send(message(b"%d" % sent))
            # The others are held up while the flood holds all memory, until it is closed; nothing of theirs is lost.
            assert stage.context.memory().peak <= limit
            flood.serve(0)
        events = events_until(pull, EventKind.DISCONNECTED)
        assert rules(events, EventKind.DISCONNECTED)[0] in (Rule.RECEIVE_3, Rule.RECEIVE_6)
        numbers = []
        while not numbers or numbers[-1] != sent:
            numbers.append(int(pull.recv()))
        assert numbers == sorted(set(numbers))
        assert len(numbers) == sent // (500 * len(part))
        assert stage.context.memory().peak <= limit
        assert Site.RECEIVE_BODY not in sites(stage)
