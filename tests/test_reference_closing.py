"""How sockets and contexts end: what is still sent, who is woken, and that nothing is left."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from interop.raw import Listener, Raw, message
from reference_stage import Call, Room, eventually, fails, met, open_descriptors, room

import enomem
from enomem import SNDMORE, Again, ContextTerminated, NotASocket, Poller
from enomem.model.reference import closing

LATER = "inproc://later"


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


# --- LINGER


def test_linger_0_drops_what_waits(stage: Room) -> None:
    push = stage.socket("PUSH")
    push.connect(LATER)
    push.send(b"dropped")
    push.close(0)
    assert stage.used == 0


def test_linger_for_ever_waits_for_a_peer(stage: Room) -> None:
    push, pull = stage.socket("PUSH", LINGER=-1), stage.socket("PULL")
    push.connect(LATER)
    for number in range(10):
        push.send_multipart([b"%d" % number, b"x" * 10_000])
    push.close()
    assert push.closed
    held = stage.used
    assert held > 10 * 10_000
    pull.bind(LATER)
    assert [pull.recv_multipart()[0] for _ in range(10)] == [b"%d" % number for number in range(10)]
    pull.close()
    eventually(lambda: stage.used == 0, "the closed socket is gone")


@pytest.mark.parametrize("by_option", [True, False], ids=["option", "argument"])
def test_linger_for_a_while(stage: Room, by_option: bool) -> None:
    push = stage.socket("PUSH", LINGER=30 if by_option else -1)
    push.connect(LATER)
    push.send(b"dropped")
    began = time.monotonic()
    push.close(None if by_option else 30)
    assert stage.used > 0
    stage.context.term()
    assert 0.03 <= time.monotonic() - began < 3
    assert stage.used == 0


def test_closing_does_not_wait(stage: Room) -> None:
    push = stage.socket("PUSH")
    push.connect(LATER)
    push.send(b"x")
    began = time.monotonic()
    push.close(1_000_000)
    assert time.monotonic() - began < 1
    # The way out of a term that would take too long.
    pull = stage.socket("PULL")
    pull.bind(LATER)
    assert pull.recv() == b"x"


def test_what_is_large_is_sent_to_the_end(stage: Room) -> None:
    pull, push = stage.bound("PULL"), stage.socket("PUSH")
    push.connect(pull.last_endpoint)
    bodies = [bytes([number]) * 3_000_000 for number in range(3)]
    for body in bodies:
        push.send_multipart([body, b"end"])
    push.close(-1)
    for body in bodies:
        assert pull.recv_multipart() == [body, b"end"]


def test_an_unfinished_message_is_not_sent(stage: Room) -> None:
    pull, push = stage.socket("PULL"), stage.socket("PUSH")
    push.connect(LATER)
    push.send(b"whole")
    push.send(b"half", SNDMORE)
    push.close(-1)
    pull.bind(LATER)
    assert pull.recv() == b"whole"
    eventually(lambda: len(stage.context.cores) == 1, "the closed socket is gone")
    assert pull.poll(0) == 0


def test_what_was_not_received_goes(stage: Room) -> None:
    pull = stage.bound("PULL")
    raw = stage.peer(pull, "PUSH")
    raw.send(message(b"a", bytes(5000)) + message(b"b"))
    assert pull.recv() == b"a"
    pull.close()
    assert stage.used == 0
    raw.closed()


def test_a_defect_of_closing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that does not linger is found by the tests above."""
    with room() as stage, monkeypatch.context() as patched:
        patched.setattr(closing, "lingering", lambda _: False)
        push = stage.socket("PUSH")
        push.connect(LATER)
        push.send(b"x")
        push.close(-1)
        assert stage.used == 0


# --- another thread closes the socket, or ends the context

BLOCKED: dict[str, Callable[[enomem.Socket], Any]] = {
    "recv": lambda socket: socket.recv(),
    "recv_multipart": lambda socket: socket.recv_multipart(),
    "send": lambda socket: _send_for_ever(socket),
    "poll": lambda socket: socket.poll(None),
    "Poller": lambda socket: _polled(socket),
}


def _send_for_ever(socket: enomem.Socket) -> None:
    while True:
        socket.send(bytes(1_000_000))


def _polled(*sockets: Any) -> list[Any]:
    poller = Poller()
    for socket in sockets:
        poller.register(socket, enomem.POLLIN)
    return poller.poll()


def _blocked(stage: Room, name: str, attached: bool) -> tuple[enomem.Socket, Call[Any]]:
    socket = stage.bound("DEALER", RCVTIMEO=-1, SNDTIMEO=-1, LINGER=-1, SNDHWM=2)
    if attached:
        stage.peer(socket, "DEALER")
    return socket, Call(BLOCKED[name], socket).waits_for(socket)


@pytest.mark.parametrize("attached", [False, True], ids=["alone", "with a peer"])
@pytest.mark.parametrize("name", BLOCKED)
def test_close_wakes_who_waits(stage: Room, name: str, attached: bool) -> None:
    socket, call = _blocked(stage, name, attached)
    socket.close(0)
    with fails(NotASocket):
        call.answer()
    assert stage.used == 0


@pytest.mark.parametrize("attached", [False, True], ids=["alone", "with a peer"])
@pytest.mark.parametrize("name", BLOCKED)
def test_term_wakes_who_waits(stage: Room, name: str, attached: bool) -> None:
    socket, call = _blocked(stage, name, attached)
    ending = Call(stage.context.term)
    with fails(ContextTerminated):
        call.answer()
    assert ending.running
    socket.close(0)
    ending.answer()


def test_a_poller_with_descriptors_is_woken_as_well(stage: Room) -> None:
    socket = stage.bound("PULL")
    listener = Listener()
    call = Call(_polled, socket, listener.listener).waits_for(socket)
    socket.close()
    with fails(NotASocket):
        call.answer()
    listener.close()


def test_a_lost_wake_up_is_seen(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that does not tell is found by the tests above."""
    socket, call = _blocked(stage, "recv", attached=False)
    with monkeypatch.context() as patched:
        patched.setattr(type(socket._core), "notify", lambda _: None)
        socket.close(0)
        assert call.running
    socket._core.notify()
    with fails(NotASocket):
        call.answer()


def test_close_takes_a_sender_out_of_the_line() -> None:
    with room(memory_limit=350_000, send_policy="RESERVE") as stage:
        pull, push = stage.bound("PULL"), stage.socket("PUSH", SNDTIMEO=-1)
        push.connect(pull.last_endpoint)
        push.send(bytes(100_000))
        assert pull.poll(3000)
        waiting = Call(push.send, bytes(150_000))
        eventually(lambda: stage.context.line, "a sender stands in line")
        with stage.context.lock:
            push.close(0)
            assert not stage.context.line
            pull.recv()
            stage.context.memory()
        with fails(NotASocket):
            waiting.answer()


def test_term_waits_for_all_sockets(stage: Room) -> None:
    sockets = [stage.bound("PULL") for _ in range(3)]
    ending = Call(stage.context.term)
    eventually(lambda: stage.context.closed, "the context ends")
    for socket in sockets:
        assert ending.running
        socket.close()
    ending.answer()


def test_term_by_several_threads_at_once(stage: Room) -> None:
    for _ in range(30):
        before = open_descriptors()
        context = enomem.Context()
        socket = context.socket(enomem.PULL)
        socket.bind("tcp://127.0.0.1:*")
        calls = [Call(context.term) for _ in range(3)]
        eventually(lambda context=context: context.closed, "the context ends")
        socket.close()
        for call in calls:
            call.answer()
        context.term()
        assert open_descriptors() - before == set()


def test_destroy_closes_with_the_linger_that_it_is_told(stage: Room) -> None:
    with contextlib.closing(Listener()) as nobody:
        context = enomem.Context()
        push = context.socket(enomem.PUSH)
        push.connect(nobody.endpoint)
        push.send(b"x")
        context.destroy(linger=0)
        assert push.closed
        assert context.memory().used == 0


def test_nothing_of_a_context_is_left() -> None:
    before, threads = open_descriptors(), threading.active_count()
    context = enomem.Context()
    context.socket(enomem.PULL).close()
    context.term()
    context.term()
    assert open_descriptors() - before == set()
    assert threading.active_count() == threads


# --- many


def test_200_connections(stage: Room) -> None:
    pull = stage.bound("PULL", BACKLOG=200)
    free = stage.used
    raws = [Raw.connect(pull.last_endpoint) for _ in range(200)]
    for number, raw in enumerate(raws):
        raw.handshake("PUSH")
        raw.send(message(b"%d" % number, b"x"))
    found = {int(pull.recv_multipart()[0]) for _ in raws}
    assert found == set(range(200))
    assert met(pull) == 200
    for raw in raws:
        raw.close()
    eventually(lambda: stage.used == free, "all of them are gone")
    assert met(pull) == 0


def test_several_threads_with_a_socket_each(stage: Room) -> None:
    pull = stage.bound("PULL")

    def work(name: int) -> None:
        with stage.context.socket(enomem.PUSH) as push, stage.context.socket(enomem.REQ) as own:
            push.connect(pull.last_endpoint)
            own.bind(f"inproc://{name}")
            for number in range(300):
                push.send_multipart([b"%d" % name, b"%d" % number])
            with pytest.raises(Again):
                own.send(b"nobody there", enomem.DONTWAIT)

    workers = [Call(work, name) for name in range(4)]
    numbers: dict[bytes, list[int]] = {}
    for _ in range(4 * 300):
        name, number = pull.recv_multipart()
        numbers.setdefault(name, []).append(int(number))
    for worker in workers:
        worker.answer()
    assert numbers == {b"%d" % name: list(range(300)) for name in range(4)}


def test_requests_of_several_threads(stage: Room) -> None:
    rep = stage.bound("REP")

    def ask(name: int) -> list[bytes]:
        with stage.socket("REQ") as req:
            req.connect(rep.last_endpoint)
            answers = []
            for number in range(50):
                req.send(b"%d.%d" % (name, number))
                answers.append(req.recv())
            return answers

    askers = [Call(ask, name) for name in range(4)]
    for _ in range(4 * 50):
        rep.send(rep.recv()[::-1])
    for name, asker in enumerate(askers):
        assert asker.answer() == [(b"%d.%d" % (name, number))[::-1] for number in range(50)]


class Interrupted(Exception):
    """What a signal's handler raises, as Ctrl-C does."""


@pytest.mark.parametrize("attached", [False, True], ids=["alone", "with a peer"])
@pytest.mark.parametrize("name", BLOCKED)
def test_a_signal_interrupts_who_waits_and_leaves_the_socket_whole(stage: Room, name: str, attached: bool) -> None:
    caught: list[int] = []

    def handle(number: int, _: object) -> None:
        if not caught:
            caught.append(number)
            raise Interrupted

    socket = stage.bound("DEALER", RCVTIMEO=-1, SNDTIMEO=-1, SNDHWM=1)
    if attached:
        stage.peer(socket, "DEALER")
    core, main = socket._core, threading.main_thread().ident
    assert main == threading.get_ident()

    def interrupt() -> bool:
        # With the lock held: the thread has given it up. It may be just about to wait, and Python would miss the
        # signal then, so that there may be more than one.
        with stage.context.lock:
            if core.waiters or core.listening:
                signal.pthread_kill(main, signal.SIGUSR1)
        return bool(caught)

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        interrupting = Call(eventually, interrupt, "the main thread is interrupted")
        with pytest.raises(Interrupted):
            BLOCKED[name](socket)
        interrupting.answer()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert core.waiters == []
    assert not core.listening
    # The lock is free for others, and the socket is as it was.
    assert Call(lambda: stage.context.lock.acquire(timeout=1) and stage.context.lock.release() is None).answer()
    with fails(Again):
        socket.recv(enomem.DONTWAIT)
    stage.context.memory()
