"""The monitor: which events there are and what they say, every visible loss, and a queue that is bounded."""

import errno
from collections.abc import Iterator

import pytest
from interop.raw import Listener, Raw, greeting, message, ready
from reference_stage import SECONDS, Call, Room, events_until, eventually, fails, room

import enomem
from enomem import DONTWAIT, SNDMORE, Event, EventKind, Site
from enomem.model.connection import Reason
from enomem.model.reference import core as cores
from enomem.model.reference import monitor as monitors
from enomem.model.reference.monitor import KEPT, Monitor
from enomem.model.rules import Rule

K = EventKind


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


def watched(stage: Room, kind: str, **options: object) -> enomem.Socket:
    """A socket that listens, whose monitor is read from now on."""
    socket = stage.bound(kind, **options)
    assert socket.monitor_events() == []
    return socket


def kinds(events: list[Event]) -> list[EventKind]:
    return [event.kind for event in events]


# --- the life of a connection


def test_listening_and_no_longer(stage: Room) -> None:
    socket = stage.socket("PULL")
    socket.monitor_events()
    socket.bind("tcp://127.0.0.1:*")
    socket.unbind(socket.last_endpoint)
    events = socket.monitor_events()
    assert kinds(events) == [K.LISTENING, K.CLOSED]
    assert {event.endpoint for event in events} == {socket.last_endpoint}
    assert events[0].value == events[1].value > 2
    assert events[1].reason == Reason.UNBOUND.value


def test_a_peer_comes_and_goes(stage: Room) -> None:
    pull = watched(stage, "PULL")
    raw = stage.peer(pull, "PUSH")
    raw.close()
    events = events_until(pull, K.DISCONNECTED)
    assert kinds(events) == [K.ACCEPTED, K.HANDSHAKE_SUCCEEDED, K.DISCONNECTED]
    assert {event.endpoint for event in events} == {pull.last_endpoint}
    assert len({event.value for event in events}) == 1
    assert events[-1].reason == "connection lost: the peer closed it"


def test_connecting_losing_and_trying_again(stage: Room) -> None:
    listener = Listener()
    push = stage.socket("PUSH", RECONNECT_IVL=20)
    push.monitor_events()
    push.connect(listener.endpoint)
    raw = listener.accept()
    raw.handshake("PULL")
    events_met = events_until(push, K.HANDSHAKE_SUCCEEDED)
    assert kinds(events_met) == [K.CONNECT_DELAYED, K.CONNECTED, K.HANDSHAKE_SUCCEEDED]
    raw.close()
    events = events_until(push, K.CONNECTED)
    assert kinds(events) == [K.DISCONNECTED, K.CONNECT_RETRIED, K.CONNECT_DELAYED, K.CONNECTED]
    assert 20 <= events[1].value <= 40
    assert {event.endpoint for event in events} == {listener.endpoint}
    listener.close()


def test_nobody_listens(stage: Room) -> None:
    listener = Listener()
    listener.close()
    push = stage.socket("PUSH", RECONNECT_IVL=1, RECONNECT_IVL_MAX=8)
    push.monitor_events()
    push.connect(listener.endpoint)
    delays = []
    for _ in range(5):
        events = events_until(push, K.CONNECT_RETRIED)
        assert kinds(events) == [K.CONNECT_DELAYED, K.CLOSED, K.CONNECT_RETRIED]
        assert events[1].reason.startswith(f"{Reason.REFUSED.value}: ")
        delays.append(events[2].value)
    # Twice as long each time, up to the longest, and less than one interval more by chance.
    assert delays == [1, 2, 4, 8, 8]
    push.disconnect(listener.endpoint)


def test_a_negative_interval_tries_once(stage: Room) -> None:
    listener = Listener()
    listener.close()
    push = stage.socket("PUSH", RECONNECT_IVL=-1)
    used = stage.used
    push.monitor_events()
    push.connect(listener.endpoint)
    events_until(push, K.CLOSED)
    eventually(lambda: stage.used == used, "nothing is kept of it")
    assert push.monitor_events() == []


def test_what_cannot_be_bound(stage: Room) -> None:
    first, second = stage.bound("PULL"), stage.socket("PULL")
    second.monitor_events()
    with fails(enomem.AddressInUse):
        second.bind(first.last_endpoint)
    (event,) = second.monitor_events()
    assert (event.kind, event.endpoint, event.value) == (K.BIND_FAILED, first.last_endpoint, errno.EADDRINUSE)
    assert "in use" in event.reason


# --- handshakes that fail


def failed(socket: enomem.Socket) -> Event:
    event = events_until(socket, K.HANDSHAKE_FAILED)[-1]
    assert event.endpoint == socket.last_endpoint
    return event


def test_who_does_not_fit(stage: Room) -> None:
    pull = watched(stage, "PULL")
    raw = stage.stranger(pull, "REP")
    event = failed(pull)
    assert event.reason.startswith(Reason.PROTOCOL.value)
    assert "REP" in event.reason
    assert event.rule is not None
    raw.closed()


def test_both_ends_of_a_mismatch_say_so(stage: Room) -> None:
    pull, other = watched(stage, "PULL"), stage.socket("PULL")
    other.monitor_events()
    other.connect(pull.last_endpoint)
    for socket in (pull, other):
        assert "PULL" in events_until(socket, K.HANDSHAKE_FAILED)[-1].reason
    eventually(lambda: not other._core.targets, "it is not tried again")


@pytest.mark.parametrize(
    ("octets", "part_of_the_reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + bytes(64), "ZMTP"),
        (greeting(mechanism=b"CURVE") + ready("PUSH"), "CURVE"),
        (greeting() + message(b"too early"), "before the handshake"),
    ],
    ids=["another protocol", "another mechanism", "a message too early"],
)
def test_garbage(stage: Room, octets: bytes, part_of_the_reason: str) -> None:
    pull = watched(stage, "PULL")
    raw = stage._keep(Raw.connect(pull.last_endpoint))
    raw.send(octets)
    event = failed(pull)
    assert event.reason.startswith(Reason.PROTOCOL.value)
    assert part_of_the_reason.lower() in event.reason.lower()
    assert event.rule is not None
    raw.closed()


def test_a_handshake_that_takes_too_long(stage: Room) -> None:
    pull = watched(stage, "PULL", HANDSHAKE_IVL=20)
    raw = stage._keep(Raw.connect(pull.last_endpoint))
    assert failed(pull).reason == Reason.HANDSHAKE_TIMEOUT.value
    raw.closed()


def test_a_peer_that_goes_in_the_middle_of_its_greeting(stage: Room) -> None:
    pull = watched(stage, "PULL")
    raw = Raw.connect(pull.last_endpoint)
    raw.send(greeting()[:11])
    raw.close()
    event = failed(pull)
    assert event.reason.startswith(Reason.LOST.value)
    assert event.rule is None


def test_a_password_that_is_wrong(stage: Room) -> None:
    pull = stage.socket("PULL", PLAIN_SERVER=1)
    pull.set_plain_auth(lambda name, password: (name, password) == (b"me", b"right"))
    pull.monitor_events()
    pull.bind("tcp://127.0.0.1:*")
    push = stage.socket("PUSH", PLAIN_USERNAME=b"me", PLAIN_PASSWORD=b"wrong")
    push.monitor_events()
    push.connect(pull.last_endpoint)
    assert events_until(push, K.HANDSHAKE_FAILED)[-1].reason.startswith(Reason.REJECTED.value)
    assert K.HANDSHAKE_FAILED in kinds(events_until(pull, K.HANDSHAKE_FAILED))
    eventually(lambda: not push._core.targets, "it is not tried again")


def test_a_second_peer_of_a_pair(stage: Room) -> None:
    pair = watched(stage, "PAIR")
    stage.peer(pair, "PAIR")
    stage.stranger(pair, "PAIR")
    events_until(pair, K.HANDSHAKE_SUCCEEDED)
    assert Reason.SECOND_PEER.value in events_until(pair, K.DISCONNECTED)[-1].reason


def test_a_silent_peer(stage: Room) -> None:
    pull = watched(stage, "PULL", HEARTBEAT_IVL=10, HEARTBEAT_TIMEOUT=20)
    raw = stage.peer(pull, "PUSH")
    assert events_until(pull, K.DISCONNECTED)[-1].reason == Reason.SILENT.value
    raw.closed()


# --- memory, and losses


def test_a_stall_and_its_end() -> None:
    refused: set[Site] = set()
    with room(allocator=lambda site, _: site not in refused) as stage:
        pull = watched(stage, "PULL")
        raw = stage.peer(pull, "PUSH")
        refused.add(Site.RECEIVE_BODY)
        raw.send(message(b"x"))
        stalled = events_until(pull, K.STALLED)[-1]
        assert (stalled.reason, stalled.rule) == (Reason.NO_MEMORY.value, Rule.RECEIVE_2)
        refused.clear()
        assert events_until(pull, K.RESUMED)[-1].endpoint == pull.last_endpoint
        assert pull.recv() == b"x"


def test_a_peer_that_is_turned_away_without_memory() -> None:
    refused: set[Site] = set()
    with room(allocator=lambda site, _: site not in refused) as stage:
        pull = watched(stage, "PULL")
        refused.add(Site.ACCEPT)
        raw = stage._keep(Raw.connect(pull.last_endpoint))
        event = events_until(pull, K.ACCEPT_FAILED)[-1]
        assert (event.reason, event.rule, event.value) == (Reason.NO_MEMORY.value, Rule.CONNECT_5, errno.ENOMEM)
        raw.closed()
        refused.clear()
        stage.peer(pull, "PUSH")


def losses(socket: enomem.Socket) -> list[tuple[Rule | None, int]]:
    return [(event.rule, event.messages) for event in socket.monitor_events() if event.kind == K.DISCARDED]


def test_what_a_publisher_drops_for_a_full_subscriber(stage: Room) -> None:
    pub = watched(stage, "XPUB", SNDHWM=2)
    raw = stage.peer(pub, "SUB")
    raw.send(message(b"\1"))
    assert pub.recv() == b"\1"
    sent = 0
    body = bytes(1_000_000)
    while not (lost := losses(pub)):
        pub.send_multipart([b"topic", body], DONTWAIT)
        sent += 1
        assert sent < 500
    assert lost == [(Rule.PUB_2, 1)]


def test_what_is_lost_with_a_connection(stage: Room) -> None:
    push = watched(stage, "PUSH", SNDHWM=5)
    raw = stage.peer(push, "PULL")
    while push.try_send_multipart([b"x", bytes(1_000_000)]):
        pass
    push.monitor_events()
    raw.close()
    events_until(push, K.DISCONNECTED)
    eventually(lambda: not push._core.sessions, "the peer is gone")
    # What was on the wire, and what had not left the queue.
    assert losses(push) == [(Rule.LINK_3, 1), (Rule.PIPE_7, 5)]


def test_what_a_router_cannot_route(stage: Room) -> None:
    router = watched(stage, "ROUTER")
    router.send(b"nobody", SNDMORE)
    router.send(b"a", SNDMORE)
    router.send(b"b")
    assert [messages for _, messages in losses(router)] == [1]


def test_what_is_conflated(stage: Room) -> None:
    push = stage.socket("PUSH", CONFLATE=1)
    push.monitor_events()
    push.connect("inproc://later")
    for number in range(4):
        push.send(b"%d" % number)
    assert [messages for _, messages in losses(push)] == [1, 1, 1]


# --- the queue, and the reader


def test_nothing_is_kept_before_somebody_asked(stage: Room) -> None:
    pull = stage.bound("PULL")
    stage.peer(pull, "PUSH")
    assert pull.monitor_events() == []
    stage.peer(pull, "PUSH")
    assert kinds(pull.monitor_events()) == [K.ACCEPTED, K.HANDSHAKE_SUCCEEDED]


def test_the_queue_is_bounded_and_says_what_it_missed() -> None:
    monitor = Monitor()
    monitor.put(Event(K.CLOSED))
    monitor.wanted = True
    assert monitor.drain() == []
    for number in range(KEPT + 7):
        monitor.put(Event(K.ACCEPTED, value=number))
    found = monitor.drain()
    assert len(found) == KEPT
    assert [event.value for event in found] == list(range(7, KEPT + 7))
    assert [event.missed for event in found] == [7] + [0] * (KEPT - 1)
    monitor.put(Event(K.ACCEPTED))
    assert [event.missed for event in monitor.drain()] == [0]


def test_a_reader_that_does_not_read_is_told(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitors, "KEPT", 3)
    router = watched(stage, "ROUTER")
    for _ in range(10):
        router.send_multipart([b"nobody", b"x"])
    assert [event.missed for event in router.monitor_events()] == [7, 0, 0]


def test_events_end_when_none_comes(stage: Room) -> None:
    pull = watched(stage, "PULL")
    assert list(pull.events(0)) == []
    assert list(pull.events(0.01)) == []
    stage.peer(pull, "PUSH")
    assert kinds(list(pull.events(0.05))) == [K.ACCEPTED, K.HANDSHAKE_SUCCEEDED]


def test_who_leaves_in_the_middle_misses_nothing(stage: Room) -> None:
    pull = watched(stage, "PULL")
    raw = stage.peer(pull, "PUSH")
    raw.close()
    seen = []
    for _ in range(3):
        for event in pull.events(SECONDS):
            seen.append(event.kind)
            break
    assert seen == [K.ACCEPTED, K.HANDSHAKE_SUCCEEDED, K.DISCONNECTED]


def test_events_come_to_a_thread_that_waits_for_them(stage: Room) -> None:
    pull = watched(stage, "PULL")
    reading = Call(lambda: kinds(list(pull.events(None)))).waits_for(pull)
    raw = stage.peer(pull, "PUSH")
    raw.send(message(b"x"))
    # Another thread may receive meanwhile: the two do not take each other's wake-ups.
    assert pull.recv() == b"x"
    pull.close()
    assert reading.answer() == [K.ACCEPTED, K.HANDSHAKE_SUCCEEDED, K.CLOSED, K.DISCONNECTED]


def test_events_end_with_the_context(stage: Room) -> None:
    pull = watched(stage, "PULL")
    reading = Call(lambda: list(pull.events(None))).waits_for(pull)
    ending = Call(stage.context.term)
    assert reading.answer() == []
    # And do not begin to wait once it has ended.
    assert Call(lambda: list(pull.events(None))).answer() == []
    pull.close()
    ending.answer()


def test_a_loss_that_is_not_told_is_seen(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that does not tell is found by the tests above."""
    monkeypatch.setattr(cores.Core, "tell", lambda *_, **__: None)
    router = watched(stage, "ROUTER")
    router.send_multipart([b"nobody", b"x"])
    assert losses(router) == []
