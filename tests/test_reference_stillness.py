"""Sockets that go step by step over TCP: what is under way is known, and what happens depends on the calls alone."""

import socket as os_socket
from collections.abc import Callable, Iterator

import pytest

from enomem.checks.targets.reference import Reference
from enomem.checks.targets.target import Received, Said
from enomem.model.reference.stillness import Stillness

WAIT = 5000
"""Milliseconds; of the stepped clock, where there is one."""


@pytest.fixture(params=["stepped", "threads"])
def target(request: pytest.FixtureRequest) -> Iterator[Reference]:
    made = Reference(stepped=request.param == "stepped")
    yield made
    made.end()


@pytest.fixture
def stepped() -> Iterator[Reference]:
    made = Reference(stepped=True)
    yield made
    made.end()


def pair(target: Reference, **options: int) -> tuple[int, int, str]:
    """A PULL that binds, a PUSH that has connected to it, and the endpoint."""
    pull, push = target.create("PULL", options), target.create("PUSH")
    endpoint = target.bind(pull)
    assert target.connect(push, endpoint) is Said.OK
    assert target.settle(WAIT)
    return pull, push, endpoint


def under_way(target: Reference) -> str:
    with target._stillness._locked():
        return target._stillness.under_way()


def test_a_settled_message_can_be_received_at_once(target: Reference) -> None:
    pull, push, _ = pair(target)
    for size in (1, 100, 30_000, 300_000):
        assert target.send(push, b"x" * size) is Said.OK
        assert target.settle(WAIT)
        assert target.receive(pull) == Received(Said.OK, b"x" * size)


def test_a_full_queue_is_still_and_goes_on_when_it_is_read(target: Reference) -> None:
    pull, push, _ = pair(target, RCVHWM=2)
    sent = [b"%d" % number for number in range(20)]
    assert {target.send(push, part) for part in sent} == {Said.OK}
    got = []
    for _ in sent:
        assert target.settle(WAIT)
        got.append(target.receive(pull).part)
    assert got == sent


def test_who_stopped_at_a_mark_reads_on_when_it_is_raised(stepped: Reference) -> None:
    push, pull = stepped.create("PUSH"), stepped.create("PULL", {"RCVHWM": 1})
    endpoint = stepped.bind(push)
    assert stepped.connect(pull, endpoint) is Said.OK
    assert stepped.settle(WAIT)
    for part in (b"a", b"b"):
        assert stepped.send(push, part) is Said.OK
        assert stepped.settle(WAIT)
    assert stepped.option(pull, "RCVHWM", 2) is Said.OK
    assert stepped.settle(WAIT)
    # What has been read is not lost with the connection.
    assert stepped.disconnect(pull, endpoint) is Said.OK
    assert [stepped.receive(pull).part for _ in range(2)] == [b"a", b"b"]


def test_a_stalled_reader_tries_again_before_all_is_still(stepped: Reference) -> None:
    pull, push, _ = pair(stepped)
    for part in (b"a", b"b"):
        stepped.refuse("RECEIVE_BODY")
        assert stepped.send(push, part) is Said.OK
        assert stepped.settle(WAIT)
        assert stepped.receive(pull).part == part


def test_a_reader_that_is_refused_again_and_again_is_still(stepped: Reference) -> None:
    pull, push, _ = pair(stepped)
    stepped.refuse("RECEIVE_BODY", times=1000)
    assert stepped.send(push, b"a") is Said.OK
    assert stepped.settle(WAIT)
    assert stepped.receive(pull).said is Said.AGAIN
    stepped.refuse("RECEIVE_BODY", times=0)
    assert stepped.settle(WAIT)
    assert stepped.receive(pull).part == b"a"


def test_who_was_closed_is_gone_when_all_is_still(target: Reference) -> None:
    pull, push, _ = pair(target)
    assert target.peers(pull, 1, 0)
    target.close(push)
    assert target.settle(WAIT)
    assert not target.peers(pull, 1, 0)


def test_nobody_is_waited_for_who_cannot_come(target: Reference) -> None:
    _, push, endpoint = pair(target)
    assert target.unbind(0, endpoint) is Said.OK
    assert target.settle(WAIT)
    assert not target.peers(push, 1, 0)


def test_a_peer_that_comes_again_is_waited_for(stepped: Reference) -> None:
    pull, push, endpoint = pair(stepped)
    assert stepped.unbind(pull, endpoint) is Said.OK
    assert stepped.settle(WAIT)
    assert stepped.bind(pull, endpoint) == endpoint
    assert not stepped.settle(1), "it tries again only after a tenth of a second"
    assert under_way(stepped) == f"push2 connects to {endpoint}"
    assert stepped.settle(WAIT)
    assert stepped.peers(push, 1, 0)


def test_what_never_ends_is_not_still(stepped: Reference) -> None:
    bound, first, second = (stepped.create("PAIR") for _ in range(3))
    endpoint = stepped.bind(bound)
    assert stepped.connect(first, endpoint) is Said.OK
    assert stepped.settle(WAIT)
    # The second peer of a PAIR is refused, and tries again for ever.
    assert stepped.connect(second, endpoint) is Said.OK
    assert not stepped.settle(WAIT)


def test_who_is_no_socket_of_the_target_is_not_waited_for(target: Reference) -> None:
    with os_socket.create_server(("127.0.0.1", 0)) as server:
        push = target.create("PUSH")
        assert target.connect(push, f"tcp://127.0.0.1:{server.getsockname()[1]}") is Said.OK
        assert target.settle(WAIT)
        assert not target.peers(push, 1, 0)
        with server.accept()[0] as stranger:
            assert len(stranger.recv(64)) > 0, "it greets whoever it is"


def program(target: Reference) -> list[object]:
    """Four senders that fight for the memory of one receiver, which reads now and then; all that was said."""
    target.limit(700_000)
    pull = target.create("PULL", {"RCVHWM": 3})
    endpoint = target.bind(pull)
    pushes = [target.create("PUSH") for _ in range(4)]
    said: list[object] = [target.connect(push, endpoint) for push in pushes]
    for turn in range(12):
        for number, push in enumerate(pushes):
            said.append(target.send(push, bytes([number]) * 20_000, (turn + number) % 3 > 0))
        said += [target.settle(200), target.memory()]
        said += [target.receive(pull) for _ in range(3)]
    target.reset()
    return said


def test_the_same_calls_have_the_same_answers(stepped: Reference) -> None:
    first = program(stepped)
    assert {Said.OK, Said.NO_MEMORY} <= {one for one in first if isinstance(one, Said)}
    assert [program(stepped) for _ in range(5)] == [first] * 5


def test_a_stepped_context_has_no_thread_and_time_stands_still(stepped: Reference) -> None:
    pair(stepped)
    (context,) = stepped._stillness.contexts
    assert context.reactor._thread is None
    before = context.reactor.clock()
    assert context.reactor.clock() == before


def nothing(*_: object) -> str:
    return ""


def at_once(*_: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("name", "defect", "check"),
    [
        ("_work", nothing, test_a_settled_message_can_be_received_at_once),
        ("settle", at_once, test_a_settled_message_can_be_received_at_once),
        ("under_way", nothing, test_a_peer_that_comes_again_is_waited_for),
    ],
)
def test_a_defect_is_seen(
    name: str, defect: Callable[..., object], check: Callable[[Reference], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Reference(stepped=True)
    try:
        check(target)
        target.reset()
        monkeypatch.setattr(Stillness, name, defect)
        with pytest.raises(AssertionError):
            check(target)
    finally:
        target.end()
