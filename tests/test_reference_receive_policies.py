"""What each receive policy does over TCP: who waits, who is closed, what is held meanwhile; recorded runs replay."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from interop import waiting
from interop.raw import LONG, MORE, Raw, frame, message
from mutants import FAMILIES, FamilyMutant, applied
from reference_memory import Allocator, sites
from reference_stage import Room, events_until, eventually, fails, room

import enomem
from enomem import DONTWAIT, FOR_EVER, Again, BoundedWait, EventKind, ReceivePolicy, Site, Stall, Threshold, Unread
from enomem.checks.policies.file import load_policy
from enomem.checks.runs import replay as run_replay
from enomem.checks.runs.format import lines
from enomem.model.reference import reading
from enomem.model.reference.weights import CONNECTION, LISTENER, PART, SOCKET
from enomem.model.rules import Rule

OWN = SOCKET + LISTENER + CONNECTION
"""What a listening socket with one peer weighs."""
MIB = 1 << 20
HELD = 400
"""Octets of a part of which two fit into what is left, and three do not."""
LEFT = 3 * (HELD + PART) - 1

CLOSE, WAIT = enomem.CLOSE, enomem.WAIT
SMALL, SOON = Threshold(1000), BoundedWait(longest=50)


@pytest.fixture(autouse=True)
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled reader tries again every millisecond, so that waiting long means many tries."""
    monkeypatch.setattr(reading, "STALL_RETRY", 1)


@contextmanager
def short(policy: ReceivePolicy, left: int = LEFT, **options: Any) -> Iterator[tuple[Room, enomem.Socket, Raw]]:
    """A PULL with one peer in a pool that has so much left."""
    with room(memory_limit=OWN + left, receive_policy=policy, **options) as stage:
        pull = stage.bound("PULL")
        pull.monitor_events()
        yield stage, pull, stage.peer(pull, "PUSH")


def holds_two_of_three(stage: Room, raw: Raw, third: int = HELD) -> None:
    """Two parts of a message arrive, one after the other, and are held; then comes the third."""
    for number in (1, 2):
        raw.send(frame(bytes(HELD), MORE))
        eventually(lambda n=number: sites(stage).get(Site.RECEIVE_BODY) == n * (HELD + PART), "a part is held")
    raw.send(bytes([LONG]) + third.to_bytes(8, "big") + bytes(HELD))


def rule(socket: enomem.Socket, kind: EventKind) -> Rule | None:
    """The rule of the next event of a kind."""
    return events_until(socket, kind)[-1].rule


class Counted(ReceivePolicy):
    """Another policy, and how often it was asked."""

    def __init__(self, policy: ReceivePolicy) -> None:
        self.name = policy.name
        self.policy, self.asked = policy, 0

    def refused(self, reader: Unread) -> Stall:
        """Ask the other one."""
        self.asked += 1
        return self.policy.refused(reader)

    def tries(self, times: int) -> None:
        """Wait until a reader was refused so often again."""
        asked = self.asked
        eventually(lambda: self.asked >= asked + times, "the reader tries again and again")


# --- a message whose first parts are the memory that the reader waits for


@pytest.mark.parametrize("policy", [WAIT, SMALL], ids=lambda policy: policy.name)
def test_it_waits_for_ever_for_what_it_holds_itself(policy: ReceivePolicy) -> None:
    counted = Counted(policy)
    with short(counted) as (stage, pull, raw):
        holds_two_of_three(stage, raw)
        assert rule(pull, EventKind.STALLED) == Rule.RECEIVE_2
        counted.tries(50)
        assert sites(stage)[Site.RECEIVE_BODY] == 2 * (HELD + PART)
        assert [event for event in pull.monitor_events() if event.kind == EventKind.DISCONNECTED] == []
        with fails(Again):
            pull.recv(DONTWAIT)


@pytest.mark.parametrize("policy", [CLOSE, SOON], ids=lambda policy: policy.name)
def test_it_is_closed_at_once_and_gives_all_back(policy: ReceivePolicy) -> None:
    with short(policy) as (stage, pull, raw):
        holds_two_of_three(stage, raw, OWN + LEFT)
        raw.closed()
        events = events_until(pull, EventKind.DISCONNECTED)
        assert events[-1].rule == Rule.RECEIVE_3
        assert EventKind.STALLED not in kinds(events)
        eventually(lambda: Site.RECEIVE_BODY not in sites(stage), "what was half read is given back")
        stage.peer(pull, "PUSH").send(message(b"whole"))
        assert pull.recv() == b"whole"


# --- a shortage that ends


def refused_then_granted(policy: ReceivePolicy, size: int, times: int = 0, **options: Any) -> list[enomem.Event]:
    """A message comes while nothing is granted; after so many tries all is. The events up to its end or arrival."""
    allocator, counted = Allocator(Site.RECEIVE_BODY), Counted(policy)
    with room(receive_policy=policy if "record" in options else counted, allocator=allocator, **options) as stage:
        pull = stage.bound("PULL")
        pull.monitor_events()
        raw = stage.peer(pull, "PUSH")
        raw.send(message(bytes(size)))
        if not times:
            raw.closed()
            events = events_until(pull, EventKind.DISCONNECTED)
            allocator.sites.clear()
            stage.peer(pull, "PUSH").send(message(b"after"))
            assert pull.recv() == b"after"
            return events
        stalled = events_until(pull, EventKind.STALLED)
        if "record" not in options:
            counted.tries(times)
        allocator.sites.clear()
        assert pull.recv() == bytes(size)
        return stalled + events_until(pull, EventKind.RESUMED)


def kinds(events: list[enomem.Event]) -> set[EventKind]:
    return {event.kind for event in events}


@pytest.mark.parametrize("size", [100, 20_000], ids=["small", "large"])
def test_close_never_waits(size: int) -> None:
    events = refused_then_granted(CLOSE, size)
    assert (events[-1].rule, EventKind.STALLED in kinds(events)) == (Rule.RECEIVE_3, False)


@pytest.mark.parametrize("size", [100, 20_000], ids=["small", "large"])
def test_wait_waits_and_goes_on(size: int) -> None:
    assert EventKind.DISCONNECTED not in kinds(refused_then_granted(WAIT, size, times=100))


def test_a_threshold_tells_small_from_large() -> None:
    assert EventKind.DISCONNECTED not in kinds(refused_then_granted(SMALL, 100, times=100))
    assert refused_then_granted(SMALL, 20_000)[-1].rule == Rule.RECEIVE_3


def test_a_bounded_wait_ends_either_way() -> None:
    assert EventKind.DISCONNECTED not in kinds(refused_then_granted(BoundedWait(longest=1 << 30), 100, times=100))
    events = refused_then_granted(SOON, 100)
    assert (events[-1].rule, EventKind.STALLED in kinds(events)) == (Rule.RECEIVE_6, True)
    assert refused_then_granted(BoundedWait(most=1000), 20_000)[-1].rule == Rule.RECEIVE_3


def test_a_policy_of_ones_own_is_asked() -> None:
    shown: list[Unread] = []

    class Mine(ReceivePolicy):
        name = "MINE"

        def refused(self, reader: Unread) -> Stall:
            shown.append(reader)
            return Stall(FOR_EVER if len(shown) < 5 else 0)

    assert refused_then_granted(Mine(), 100)[-1].rule == Rule.RECEIVE_3
    assert [(reader.size, reader.half, reader.site) for reader in shown] == [(100 + PART, 0, Site.RECEIVE_BODY)] * 5


def test_names_are_known() -> None:
    with enomem.Context(receive_policy="wait") as context:
        assert context.receive_policy == WAIT
    with enomem.Context() as context:
        assert context.receive_policy == enomem.BOUNDED_WAIT
    with pytest.raises(enomem.InvalidArgument, match="no receive policy 'HOPE'; known are CLOSE, WAIT"):
        enomem.Context(receive_policy="HOPE")


# --- a flood


@pytest.mark.parametrize("policy", [CLOSE, enomem.BOUNDED_WAIT], ids=lambda policy: policy.name)
def test_a_flood_of_large_parts_meets_the_end_of_the_pool(policy: ReceivePolicy, tmp_path: Path) -> None:
    """1 MiB frames without end into 64 MiB: the limit holds, others go on, nothing of it is delivered; it replays."""
    limit, path = 64 * MIB, tmp_path / "run.jsonl"
    with room(memory_limit=limit, receive_policy=policy, record=path) as stage:
        pull = stage.bound("PULL")
        pull.monitor_events()
        good, flood = stage.peer(pull, "PUSH"), stage.peer(pull, "PUSH")
        piece, sent = frame(bytes(MIB), MORE | LONG), 0
        while not flood.ended and sent < 200:
            flood.send(piece)
            sent += 1
            if sent % 8 == 0:
                good.send(message(b"%d" % sent))
                assert int(pull.recv()) == sent
        assert 60 < sent < 200
        assert rule(pull, EventKind.DISCONNECTED) == Rule.RECEIVE_3
        eventually(lambda: Site.RECEIVE_BODY not in sites(stage), "the flood is given back")
        assert 60 * MIB < stage.context.memory().peak <= limit
        good.send(message(b"last"))
        assert pull.recv() == b"last"
        with fails(Again):
            pull.recv(DONTWAIT)
    assert replayed(path) == []


# --- recorded runs


def replayed(path: Path) -> list[str]:
    """How a recorded run differs from the plain model."""
    return run_replay.replay(lines(path), load_policy).differences


@pytest.mark.parametrize("policy", [CLOSE, WAIT, SMALL, SOON], ids=lambda policy: policy.name)
def test_a_recorded_run_replays(policy: ReceivePolicy, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    refused_then_granted(policy, 20_000 if policy is SMALL else 100, times=5 if policy is WAIT else 0, record=path)
    head = json.loads(path.read_text().splitlines()[0])
    assert head["receive_policy"] == {"name": policy.name, "source": None}
    assert replayed(path) == []


# --- defects

IN_MACHINE = ("enomem.model.receive:", "enomem.model.receive_policies:", "enomem.model.memory:")
UNSEEN = {
    "no answer for a slot": "a running socket asks for the place in the queue with the parts that take it",
    "half charged again": "a running socket says what is half read and what is whole in one step",
}
"""Defects of the machine that no running socket shows, and why."""
SEEN = [
    mutant for mutant in FAMILIES
    if mutant.family == "receive" and mutant.name not in UNSEEN
    and all(place.startswith(IN_MACHINE) for place in mutant.patches)
]  # fmt: skip


def play() -> None:
    """All that can happen to a reader, and a look at the books after each of it."""
    allocator = Allocator()
    with short(SOON, 30_000, allocator=allocator) as (stage, pull, raw):
        at_rest = stage.used
        # A large body is charged as soon as it is announced.
        raw.send(bytes([LONG]) + (20_000).to_bytes(8, "big") + bytes(10_000))
        eventually(lambda: stage.used >= at_rest + 20_000, "a body is charged")
        assert stage.used == at_rest + 20_000 + PART
        raw.send(bytes(10_000))
        assert pull.recv() == bytes(20_000)
        eventually(lambda: stage.used == at_rest, "a message that was received is given back")
        # Exactly one octet more than there is.
        raw.send(frame(bytes(30_000 - PART + 1)))
        raw.closed()
        assert rule(pull, EventKind.DISCONNECTED) == Rule.RECEIVE_6
        assert stage.context.memory().peak <= OWN + 30_000
        waits_and_ends(stage, pull, allocator)
        breaks(stage, pull)


def waits_and_ends(stage: Room, pull: enomem.Socket, allocator: Allocator) -> None:
    """A message is refused for a while, and then its connection ends; what comes after it is whole."""
    raw = stage.peer(pull, "PUSH")
    allocator.sites = {Site.RECEIVE_BODY}
    raw.send(message(b"refused"))
    assert rule(pull, EventKind.STALLED) == Rule.RECEIVE_2
    assert stage.context.memory().used
    raw.closed()
    assert rule(pull, EventKind.DISCONNECTED) == Rule.RECEIVE_6
    allocator.sites = set()
    # A message that holds itself what it waits for.
    raw = stage.peer(pull, "PUSH")
    raw.send(frame(bytes(8_000), MORE))
    raw.send(bytes([LONG]) + (stage.context.limit or 0).to_bytes(8, "big"))
    raw.closed()
    assert rule(pull, EventKind.DISCONNECTED) == Rule.RECEIVE_3


def breaks(stage: Room, pull: enomem.Socket) -> None:
    """Two whole messages and half of one are read, and the connection breaks."""
    raw = stage.peer(pull, "PUSH")
    held = stage.used
    raw.send(message(b"one") + message(b"two") + frame(b"half", MORE))
    eventually(lambda: stage.used >= held + 3 * PART, "all of it is read")
    raw.connection.close()
    events_until(pull, EventKind.DISCONNECTED)
    assert stage.context.memory().used
    assert [pull.recv(), pull.recv()] == [b"one", b"two"]
    with fails(Again):
        pull.recv(DONTWAIT)


def test_without_a_defect_it_is_fine() -> None:
    play()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("mutant", SEEN, ids=lambda mutant: mutant.name.replace(" ", "_"))
def test_a_defect_of_the_machine_misbehaves(mutant: FamilyMutant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SECONDS", 2.0)
    with pytest.raises((AssertionError, enomem.OurBug, enomem.Again)), applied(mutant):
        play()


def test_what_is_not_seen_is_in_the_table_with_a_reason() -> None:
    names = {mutant.name for mutant in FAMILIES if mutant.family == "receive"}
    assert set(UNSEEN) <= names
    assert len(SEEN) > 3 * len(UNSEEN)
