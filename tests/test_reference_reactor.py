"""The I/O thread: clocks in order, calls soon, an end that is joined, and a failure that every socket is told of."""

import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

import pytest
from interop.raw import Raw
from reference_stage import SECONDS, Call, Room, eventually, fails, open_descriptors, room

import enomem
from enomem import OurBug
from enomem.model.reference.reactor import READABLE, WRITABLE, Reactor


class Failures:
    """Who is told that the thread came to grief."""

    def __init__(self) -> None:
        self.told: list[BaseException] = []

    def failed(self, error: BaseException) -> None:
        self.told.append(error)


@contextmanager
def running() -> Iterator[tuple[Reactor, threading.RLock]]:
    """A reactor that runs, and its lock; it must not fail."""
    before, lock, failures = open_descriptors(), threading.RLock(), Failures()
    reactor = Reactor(lock, weakref.WeakMethod(failures.failed))
    reactor.start()
    yield reactor, lock
    reactor.stop()
    assert failures.told == []
    assert open_descriptors() - before == set()


class Done:
    """Something that happens in the I/O thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self, *_: object) -> None:
        self._event.set()

    def wait(self) -> None:
        assert self._event.wait(SECONDS), "it does not happen"


# --- clocks


def test_clocks_in_order() -> None:
    with running() as (reactor, lock):
        seen: list[int] = []
        done = Done()
        with lock:
            for milliseconds in (30, 10, 20, 0, 10):
                reactor.later(milliseconds, lambda ms=milliseconds: seen.append(ms))
            reactor.later(31, done)
        done.wait()
        assert seen == [0, 10, 10, 20, 30]


def test_equal_clocks_in_the_order_in_which_they_were_set() -> None:
    with running() as (reactor, lock):
        seen: list[int] = []
        done = Done()
        with lock:
            now = time.monotonic
            time_stands_still = now()
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(time, "monotonic", lambda: time_stands_still)
                for number in range(20):
                    reactor.later(5, lambda number=number: seen.append(number))
                reactor.later(5, done)
        done.wait()
        assert seen == list(range(20))


def test_a_clock_that_is_cancelled() -> None:
    with running() as (reactor, lock):
        seen: list[str] = []
        done = Done()
        with lock:
            timer = reactor.later(5, lambda: seen.append("cancelled"))
            reactor.later(1, timer.cancel)
            reactor.later(10, done)
        done.wait()
        assert seen == []
        timer.cancel()


def test_a_clock_is_not_early_and_wakes_a_thread_that_sleeps_longer() -> None:
    with running() as (reactor, lock):
        late, done = Done(), Done()
        with lock:
            reactor.later(60_000, late)
        eventually(lambda: reactor._sleeping_until > time.monotonic() + 30, "the thread sleeps long")
        began = time.monotonic()
        with lock:
            reactor.later(20, done)
        done.wait()
        assert 0.02 <= time.monotonic() - began < 3


def test_a_clock_set_by_a_clock() -> None:
    with running() as (reactor, lock):
        done = Done()
        with lock:
            reactor.later(1, lambda: reactor.later(1, lambda: reactor.later(0, done)))
        done.wait()


# --- soon, and wake


def test_soon_in_order_and_in_the_thread() -> None:
    with running() as (reactor, lock):
        seen: list[object] = []
        done = Done()
        with lock:
            for number in range(50):
                reactor.soon(lambda number=number: seen.append((number, threading.current_thread().name)))
            reactor.soon(done)
        done.wait()
        assert seen == [(number, "enomem-io") for number in range(50)]


def test_soon_by_soon_is_not_lost() -> None:
    with running() as (reactor, lock):
        done = Done()
        left = [100]

        def again() -> None:
            left[0] -= 1
            reactor.soon(again if left[0] else done)

        with lock:
            reactor.soon(again)
        done.wait()


def test_many_threads_at_once_are_not_lost() -> None:
    with running() as (reactor, lock):
        seen: list[int] = []

        def calls(first: int) -> None:
            for number in range(first, first + 500):
                with lock:
                    reactor.soon(lambda number=number: seen.append(number))

        for call in [Call(calls, first) for first in (0, 500, 1000)]:
            call.answer()
        eventually(lambda: len(seen) == 1500, "all calls are made")
        assert sorted(seen) == list(range(1500))


def test_all_calls_are_made_with_the_lock_held() -> None:
    with running() as (reactor, lock):
        free: list[bool] = []
        done = Done()

        def other_thread_may() -> None:
            # Of the same thread it could be taken again.
            call = Call(lock.acquire, False)
            free.append(call.answer())

        out, into = os.pipe()
        with lock:
            reactor.soon(other_thread_may)
            reactor.later(1, other_thread_may)
            reactor.watch(into, WRITABLE, lambda _: (other_thread_may(), reactor.forget(into), done()))
        done.wait()
        eventually(lambda: len(free) == 3, "all calls are made")
        assert free == [False] * 3
        for number in (out, into):
            os.close(number)


# --- descriptors


def test_descriptors() -> None:
    with running() as (reactor, lock):
        out, into = os.pipe()
        read, written = Done(), Done()
        with lock:
            reactor.watch(out, READABLE, lambda mask: (os.read(out, 1), read()) if mask == READABLE else None)
        os.write(into, b"x")
        read.wait()
        with lock:
            reactor.watch(into, READABLE, lambda _: None)
            reactor.rewatch(into, WRITABLE, lambda _: (reactor.forget(into), written()))
        written.wait()
        with lock:
            reactor.forget(out)
            reactor.forget(out)
            reactor.forget(into)
        for number in (out, into):
            os.close(number)


def test_an_earlier_callback_ends_a_later_one() -> None:
    with running() as (reactor, lock):
        pipes = [os.pipe() for _ in range(2)]
        seen: list[int] = []
        done = Done()

        def ends_the_other(number: int) -> None:
            seen.append(number)
            for out, _ in pipes:
                reactor.forget(out)
            reactor.soon(done)

        with lock:
            for out, into in pipes:
                reactor.watch(out, READABLE, lambda _, number=out: ends_the_other(number))
                os.write(into, b"x")
        done.wait()
        assert len(seen) == 1
        for number in (end for pipe in pipes for end in pipe):
            os.close(number)


# --- the end


def test_stop_joins_though_clocks_are_set_and_calls_wait() -> None:
    before, lock = open_descriptors(), threading.RLock()
    failures = Failures()
    reactor = Reactor(lock, weakref.WeakMethod(failures.failed))
    reactor.start()
    thread = reactor._thread
    assert thread is not None
    called: list[str] = []
    with lock:
        reactor.later(60_000, lambda: called.append("late"))
        reactor.later(0, lambda: None)
    reactor.stop()
    assert not thread.is_alive()
    assert called == []
    assert open_descriptors() - before == set()
    reactor.stop()
    reactor.start()
    assert not thread.is_alive()


def test_after_the_end_nobody_else_s_descriptor_is_written_to() -> None:
    failures = Failures()
    reactor = Reactor(threading.RLock(), weakref.WeakMethod(failures.failed))
    was = reactor._wake_in
    reactor.stop()
    # The system gives the lowest numbers that are free: the three that the reactor had.
    pipes = [os.pipe() for _ in range(2)]
    assert was in {end for pipe in pipes for end in pipe}
    reactor.soon(lambda: None)
    reactor.later(0, lambda: None)
    reactor.wake(always=True)
    assert select([out for out, _ in pipes], [], [], 0)[0] == []
    for number in (end for pipe in pipes for end in pipe):
        os.close(number)


def test_without_a_thread_to_spare_nothing_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with room() as stage:
        socket = stage.socket("PULL")
        before = stage.used
        monkeypatch.setattr(threading.Thread, "start", none_left)
        for call in (socket.bind, socket.connect):
            with pytest.raises(RuntimeError):
                call("tcp://127.0.0.1:5555")
        monkeypatch.undo()
        assert stage.used == before
        socket.bind("tcp://127.0.0.1:*")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="this system does not tell of a thread's signals")
def test_signals_are_left_to_the_application() -> None:
    with room() as stage:
        stage.bound("PULL")
        thread = stage.context.reactor._thread
        assert thread is not None
        status = Path(f"/proc/self/task/{thread.native_id}/status")

        def blocked() -> int:
            (line,) = (line for line in status.read_text().splitlines() if line.startswith("SigBlk"))
            return int(line.split()[1], 16)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD):
            assert eventually(blocked, "signals are blocked") >> (number - 1) & 1


# --- a failure


class Boom(Exception):
    """What fails in the I/O thread."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Room]]:
    """Makes a stage whose I/O thread comes to grief; the thread's traceback is printed by Python, and caught here."""
    escaped: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", escaped.append)
    before, stages = open_descriptors(), list[Room]()

    def breaks(stage: Room) -> None:
        stages.append(stage)

        def boom() -> None:
            raise Boom

        with stage.context.lock:
            stage.context.reactor.soon(boom)

    yield breaks
    for stage in stages:
        stage.context.destroy(linger=-1)
        assert not stage.context.cores
    assert [hook.exc_type for hook in escaped] == [Boom] * len(stages)
    eventually(lambda: not open_descriptors() - before, "the descriptors are closed")


def test_every_call_says_that_it_is_our_bug(broken: Callable[[Room], None]) -> None:
    stage = Room()
    push, pull = stage.pair("PUSH", "PULL")
    broken(stage)
    eventually(lambda: stage.context.failure, "the failure is noticed")
    calls: list[Callable[[], object]] = [
        lambda: push.send(b"x"),
        lambda: push.send_multipart([b"x", b"y"]),
        lambda: push.send(b"x", enomem.SNDMORE),
        pull.recv,
        lambda: pull.recv(enomem.DONTWAIT),
        lambda: pull.poll(0),
        pull.poll,
        lambda: next(pull.events()),
        lambda: pull.bind("tcp://127.0.0.1:*"),
        lambda: push.connect("inproc://x"),
        lambda: push.get(enomem.Option.LINGER),
        lambda: stage.context.socket(enomem.PUSH),
    ]
    for call in calls:
        with fails(OurBug) as raised:
            call()
        assert isinstance(raised.value.__cause__, Boom)


@pytest.mark.parametrize("attached", [False, True], ids=["alone", "with a peer"])
@pytest.mark.parametrize("name", ["recv", "send", "poll"])
def test_who_waits_is_told(broken: Callable[[Room], None], name: str, attached: bool) -> None:
    stage = Room()
    socket = stage.bound("DEALER", RCVTIMEO=-1, SNDTIMEO=-1, SNDHWM=1)
    raw = Raw.connect(socket.last_endpoint)
    if attached:
        raw.handshake("DEALER")

    def sends() -> None:
        while True:
            socket.send(bytes(1_000_000))

    waiting = Call({"recv": socket.recv, "send": sends, "poll": socket.poll}[name]).waits_for(socket)
    broken(stage)
    with fails(OurBug):
        waiting.answer()
    raw.close()


def test_a_callback_of_the_application_that_fails(broken: Callable[[Room], None]) -> None:
    stage = Room()
    first, second = stage.bound("PULL", RCVTIMEO=-1), stage.bound("PULL", RCVTIMEO=-1)

    def boom() -> None:
        raise Boom

    waiting = [Call(socket.recv).waits_for(socket) for socket in (first, second)]
    first.on_change(boom)
    broken(stage)
    for call in waiting:
        with fails(OurBug):
            call.answer()
    with stage.context.lock:
        first._core.callbacks.clear()
