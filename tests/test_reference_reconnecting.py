"""Reconnecting over TCP under both rules, through refusals at every site, and what comes back with the memory.

The period of refusals is short here; ``ENOMEM_REFUSALS=60 pytest tests/test_reference_reconnecting.py`` is the deep
run.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import reference_stage
from reference_memory import TCP, Allocator
from reference_stage import Room, events_until, eventually, fails, met, room

import enomem
from enomem import Event, EventKind, NoMemory, Site
from enomem.model import heartbeat
from enomem.model.reference.endpoints import ACCEPT_DELAY
from enomem.model.reference.weights import UPKEEP
from enomem.model.rules import Rule

PERIOD = float(os.environ.get("ENOMEM_REFUSALS", "1"))
"""Seconds for which memory is refused."""
CONNECTIONS, INTERVAL, LONGEST = 100, 10, 200
ON_THE_WAY = (Site.RECONNECT, Site.HANDSHAKE, Site.HEARTBEAT)


def seen(socket: enomem.Socket, seconds: float) -> list[Event]:
    """What a monitor tells in so many seconds."""
    found, end = list[Event](), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for event in socket.events(left):
            found.append(event)
            break
    return found


def count(events: list[Event], kind: EventKind) -> int:
    return sum(event.kind == kind for event in events)


def server(stage: Room, outside: enomem.Context, **options: Any) -> tuple[enomem.Socket, enomem.Socket]:
    """A PULL in a context of its own, and a PUSH of the stage that is connected to it."""
    pull = outside.socket(enomem.PULL)
    pull.bind(TCP)
    push = stage.socket("PUSH", RECONNECT_IVL=INTERVAL, RECONNECT_IVL_MAX=LONGEST, **options)
    push.monitor_events()
    return pull, push


# --- each site, under each rule


@pytest.mark.parametrize("site", ON_THE_WAY, ids=lambda site: site.name)
def test_under_allocate_each_occasion_may_be_refused_and_is_tried_again(site: Site) -> None:
    allocator = Allocator(site)
    with room(reconnect="ALLOCATE", allocator=allocator) as stage, enomem.Context() as outside:
        pull, push = server(stage, outside)
        push.connect(pull.last_endpoint)
        retried = [event.value for _ in range(3) for event in events_until(push, EventKind.CONNECT_RETRIED)[-1:]]
        # No memory is nobody's fault: it is tried again, and not at full rate.
        assert INTERVAL <= retried[0] < retried[2] <= LONGEST + INTERVAL
        assert stage.context.memory().sites[Site.CONNECTION] in (UPKEEP.session + UPKEEP.timer, UPKEEP.session)
        allocator.sites = set()
        push.send(b"after all")
        assert pull.recv() == b"after all"
        whole = UPKEEP.whole - UPKEEP.timer
        assert stage.context.memory().sites[Site.CONNECTION] == whole


def test_under_allocate_without_a_timer_the_connection_is_given_up_and_that_is_told() -> None:
    allocator = Allocator(Site.TIMER)
    with room(reconnect="ALLOCATE", allocator=allocator) as stage, enomem.Context() as outside:
        pull, push = server(stage, outside)
        push.connect(pull.last_endpoint)
        eventually(lambda: met(push), "it is connected")
        pull.close()
        event = [event for event in events_until(push, EventKind.CLOSED) if event.rule is not None][-1]
        assert (event.rule, event.reason) == (Rule.CONNECT_13, "no memory")
        assert push._core.targets == []
        assert stage.context.memory().sites[Site.CONNECTION] == 0


@pytest.mark.parametrize("rule", ["RESERVED", "ALLOCATE"])
def test_a_refused_connect_and_a_refused_accept_leave_nothing(rule: str) -> None:
    allocator = Allocator(Site.CONNECTION, Site.ACCEPT)
    with room(reconnect=rule, allocator=allocator) as stage, enomem.Context() as outside:
        push, pull = stage.socket("PUSH"), stage.bound("PULL")
        pull.monitor_events()
        with fails(NoMemory) as raised:
            push.connect(pull.last_endpoint)
        assert (raised.value.site, raised.value.rule) == (Site.CONNECTION, Rule.CONNECT_4)
        comes = outside.socket(enomem.PUSH)
        comes.linger, comes.reconnect_ivl = 0, INTERVAL
        comes.connect(pull.last_endpoint)
        assert events_until(pull, EventKind.ACCEPT_FAILED)[-1].rule == Rule.CONNECT_5
        assert not any(stage.context.memory().sites[site] for site in (Site.CONNECTION, Site.ACCEPT))
        allocator.sites = set()
        comes.send(b"patience")
        assert pull.recv() == b"patience"


def test_under_reserved_nothing_is_asked_on_the_way_nor_at_the_end() -> None:
    allocator = Allocator(*ON_THE_WAY, Site.TIMER, Site.CLOSE, Site.TERMINATE, Site.UNSUBSCRIBE)
    with room(allocator=allocator) as stage, enomem.Context() as outside:
        pull, push = server(stage, outside)
        endpoint = pull.last_endpoint
        push.connect(endpoint)
        for number in range(3):
            push.send(b"%d" % number)
            assert pull.recv() == b"%d" % number
            pull.close()
            events_until(push, EventKind.CONNECT_RETRIED)
            pull = outside.socket(enomem.PULL)
            pull.bind(endpoint)
        allocator.sites = set(Site)
        push.close()
    assert not {site for site, _ in allocator.asked} & allocator_never()


def allocator_never() -> set[Site]:
    return {*ON_THE_WAY, Site.TIMER, Site.CLOSE, Site.TERMINATE, Site.UNSUBSCRIBE}


def test_an_unknown_rule_is_refused() -> None:
    with fails(enomem.InvalidArgument) as raised:
        enomem.Context(reconnect="HOPE")
    assert "RESERVED, ALLOCATE" in str(raised.value)


# --- many, through a time without memory


@pytest.mark.parametrize("rule", ["RESERVED", "ALLOCATE"])
def test_a_hundred_connections_come_back_within_the_bound_of_the_backoff(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_stage, "BOUND_MS", reference_stage.BOUND_MS + 1000 * PERIOD)
    allocator = Allocator()
    clients = Allocator()
    with room(allocator=allocator) as stage, enomem.Context(reconnect=rule, allocator=clients) as outside:
        pull = stage.bound("PULL")
        endpoint = pull.last_endpoint
        push = outside.socket(enomem.PUSH)
        push.linger, push.reconnect_ivl, push.reconnect_ivl_max = 0, INTERVAL, LONGEST
        for _ in range(CONNECTIONS):
            push.connect(endpoint)
        eventually(lambda: met(push) == CONNECTIONS == met(pull), "all are ready")
        allocator.sites, clients.sites = {Site.ACCEPT, Site.RECEIVE_BODY}, {*ON_THE_WAY}
        pull.monitor_events()
        push.monitor_events()
        pull.unbind(endpoint)
        pull.bind(endpoint)
        began = time.monotonic()
        refused = seen(pull, PERIOD)
        period = time.monotonic() - began
        # The listener rests after each refusal: it never spins.
        assert count(refused, EventKind.ACCEPT_FAILED) <= period * 1000 / ACCEPT_DELAY + 2
        assert met(push) == 0
        asked = [site for site, _ in allocator.asked].count(Site.ACCEPT)
        assert asked <= CONNECTIONS + period * 1000 / ACCEPT_DELAY + 2
        retried = [event.value for event in push.monitor_events() if event.kind == EventKind.CONNECT_RETRIED]
        assert max(retried) > 2 * INTERVAL
        assert max(retried) <= LONGEST + INTERVAL
        allocator.sites, clients.sites = set(), set()
        eventually(lambda: met(push) == CONNECTIONS == met(pull), "all are ready again")
        # Each has waited for its delay once, and for the listener's rest.
        later = [event.value for event in push.monitor_events() if event.kind == EventKind.CONNECT_RETRIED]
        assert max(later, default=0) <= LONGEST + INTERVAL


def test_the_backoff_goes_on_while_a_peer_accepts_and_drops() -> None:
    with room() as stage, enomem.Context() as outside:
        pull, push = server(stage, outside)
        push.connect(pull.last_endpoint)
        delays: list[int] = []

        def dropped() -> bool:
            with outside.lock:
                for connection in list(pull._core.connections):
                    if connection.decoder is not None:
                        connection.end(enomem.model.connection.Reason.LOST)
            delays.extend(e.value for e in push.monitor_events() if e.kind == EventKind.CONNECT_RETRIED)
            return len(delays) >= 6

        eventually(dropped, "it was dropped six times")
        floors = [min(LONGEST, INTERVAL << tries) for tries in range(6)]
        assert all(floor <= delay <= floor + INTERVAL for floor, delay in zip(floors, delays, strict=False))
        # A message that gets through was of use: the next delay is the first again.
        push.send(b"of use")
        assert pull.recv() == b"of use"
        eventually(lambda: push._core.targets[0].living.life.tries == 0, "it was of use")


# --- a stalled reader and hearts


def stalled(heart: str) -> Iterator[tuple[Room, Allocator, enomem.Socket, enomem.Socket]]:
    """A reader that gets no memory, and its peer; the reader has a heart, or the peer."""
    allocator = Allocator()
    beats = {"HEARTBEAT_IVL": 20, "HEARTBEAT_TIMEOUT": 200}
    with room(allocator=allocator, receive_policy=enomem.WAIT) as stage, enomem.Context() as outside:
        pull = stage.bound("PULL", **(beats if heart == "reader" else {}))
        push = outside.socket(enomem.PUSH)
        push.linger = 0
        for name, value in (beats if heart == "peer" else {}).items():
            setattr(push, name, value)
        for socket in (pull, push):
            socket.monitor_events()
        push.connect(pull.last_endpoint)
        eventually(lambda: met(push) and met(pull), "they meet")
        allocator.sites = {Site.RECEIVE_BODY}
        push.send(b"waited for")
        events_until(pull, EventKind.STALLED)
        yield stage, allocator, pull, push


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life come at short intervals."""
    monkeypatch.setattr(heartbeat, "SIGN", 20)


@pytest.mark.usefixtures("brisk")
@pytest.mark.parametrize("heart", ["reader", "peer"])
def test_no_heartbeat_kills_a_stalled_reader(heart: str) -> None:
    for _, allocator, pull, push in stalled(heart):
        assert count(seen(push, 0.6) + pull.monitor_events(), EventKind.DISCONNECTED) == 0
        allocator.sites = set()
        assert pull.recv() == b"waited for"


def never(*_: object) -> int:
    return 0


def as_heard(_now: int, heard: int, _reads: bool) -> int:
    return heard


@pytest.mark.usefixtures("brisk")
@pytest.mark.parametrize(
    ("heart", "name", "mutant"), [("peer", "sign", never), ("reader", "unheard", as_heard)], ids=["silent", "deaf"]
)
def test_without_the_rules_it_does(
    heart: str, name: str, mutant: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, name, mutant)
    for _, _, pull, push in stalled(heart):
        dying = pull if heart == "reader" else push
        assert events_until(dying, EventKind.DISCONNECTED)[-1].reason == "the peer did not answer a heartbeat"
