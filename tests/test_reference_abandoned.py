"""What nobody closed: garbage is closed with a warning, and a forked child lets its copies go without a word."""

import gc
import os
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from interop.raw import Raw
from reference_stage import Call, Room, eventually, open_descriptors, room

import enomem
import enomem.aio
from enomem.model.reference import abandoned

Answer = TypeVar("Answer")
SOURCES = Path(__file__).resolve().parents[1] / "src"


@pytest.fixture
def stage() -> Iterator[Room]:
    with room() as opened:
        yield opened


def forgotten(call: Callable[[], Answer]) -> Answer:
    """What a call returns that makes a socket and forgets it; the socket has been collected, with a warning, then."""

    def collected() -> Answer:
        answer = call()
        gc.collect()
        return answer

    with pytest.warns(ResourceWarning, match="was not closed"):
        return collected()


def listens(context: enomem.Context) -> str:
    """Make a socket, and forget it; returns where it listens."""
    socket = context.socket(enomem.PULL)
    socket.bind("tcp://127.0.0.1:*")
    return socket.last_endpoint


def test_a_socket_that_nobody_closed_is_closed(stage: Room) -> None:
    endpoint = forgotten(lambda: listens(stage.context))
    eventually(lambda: stage.used == 0, "the socket is closed")
    with pytest.raises(ConnectionRefusedError):
        Raw.connect(endpoint)


def test_its_descriptors_go_with_it(stage: Room) -> None:
    stage.bound("PULL")
    before = open_descriptors()

    def shows() -> None:
        socket = stage.context.socket(enomem.PULL)
        socket.bind("tcp://127.0.0.1:*")
        assert socket.get(enomem.Option.FD) >= 0
        assert open_descriptors() - before or not before

    forgotten(shows)
    eventually(lambda: not open_descriptors() - before, "its descriptors are closed")


def test_what_it_had_to_send_is_sent(stage: Room) -> None:
    def tells() -> None:
        push = stage.context.socket(enomem.PUSH)
        push.connect("inproc://later")
        push.send_multipart([b"fire", b"and forget"])

    forgotten(tells)
    pull = stage.socket("PULL")
    pull.bind("inproc://later")
    assert pull.recv_multipart() == [b"fire", b"and forget"]


def test_one_of_a_context_that_never_ran(stage: Room) -> None:
    forgotten(lambda: repr(stage.context.socket(enomem.PUSH)))
    assert stage.used == 0


def test_an_awaited_socket_is_garbage_as_well() -> None:
    with enomem.aio.Context() as context:
        forgotten(lambda: listens(context))
        eventually(lambda: context.memory().used == 0, "the socket is closed")


def test_destroy_does_not_wait_for_a_socket_that_is_garbage() -> None:
    context = enomem.Context()
    forgotten(lambda: listens(context))
    context.destroy(linger=0)
    assert context.memory().used == 0


def test_term_closes_what_becomes_garbage_meanwhile() -> None:
    context = enomem.Context()
    kept = [context.socket(enomem.PULL)]
    kept[0].bind("tcp://127.0.0.1:*")
    ending = Call(context.term)
    eventually(lambda: context.closed, "the context ends")
    assert ending.running
    forgotten(kept.clear)
    ending.answer()


def test_the_garbage_collector_only_leaves_a_note(stage: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes at any moment, in the middle of a step, with the lock held: nothing may be done there."""
    pull = stage.bound("PULL")
    done = []
    monkeypatch.setattr(abandoned.closing, "close", lambda *_: done.append(threading.current_thread()))
    with stage.context.lock:
        core = pull._core
        with pytest.warns(ResourceWarning):
            abandoned.dropped(core)
        assert not done
        monkeypatch.undo()
    eventually(lambda: core.closed, "the I/O thread closes it")


def test_a_closed_socket_is_no_news(stage: Room) -> None:
    socket = stage.context.socket(enomem.PUSH)
    socket.close()
    del socket
    gc.collect()
    assert not stage.context.orphans


def test_a_socket_that_was_never_made(stage: Room) -> None:
    with room(memory_limit=0) as poor, pytest.raises(enomem.NoMemory):
        poor.context.socket(enomem.PUSH)
    gc.collect()


def test_a_context_that_nobody_terminated_ends_its_thread() -> None:
    before, threads = open_descriptors(), set(threading.enumerate())
    context = enomem.Context()
    with context.socket(enomem.PULL) as pull:
        pull.bind("tcp://127.0.0.1:*")
    assert set(threading.enumerate()) - threads
    gone = weakref.ref(context)
    del context, pull
    gc.collect()
    eventually(lambda: not set(threading.enumerate()) - threads, "the I/O thread ends")
    assert gone() is None
    eventually(lambda: not open_descriptors() - before, "its descriptors are closed")


# --- forks

PRELUDE = f"""
import os, sys, threading
sys.path.insert(0, {str(SOURCES)!r})
import enomem

def child(work):
    number = os.fork()
    if number == 0:
        work()
        sys.exit(0)
    return number

def wait(number):
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
"""


def run(program: str) -> str:
    """What a program prints; it comes to an end, and writes nothing to stderr."""
    text = PRELUDE + textwrap.dedent(program)
    # Later versions of Python warn of any fork where there are threads.
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs_fork
def test_a_child_that_does_not_use_the_context() -> None:
    program = """
        with enomem.Context() as context, context.socket(enomem.PULL) as pull, context.socket(enomem.PUSH) as push:
            pull.bind("tcp://127.0.0.1:*")
            push.connect(pull.last_endpoint)
            push.send(b"before")
            assert pull.recv() == b"before"
            for number in [child(lambda: None), child(lambda: context.destroy()), child(lambda: push.close(-1))]:
                assert wait(number) == 0
            # The child's way out of these very blocks has not touched what is the parent's.
            push.send_multipart([b"after", b"x"])
            assert pull.recv_multipart() == [b"after", b"x"]
            pull.poll(1)
        print(context.memory().used)
    """
    assert run(program) == "0\n"


@needs_fork
def test_what_a_child_may_do() -> None:
    program = """
        context = enomem.Context()
        push = context.socket(enomem.PUSH)
        push.bind("tcp://127.0.0.1:*")
        before = set(os.listdir("/proc/self/fd"))

        def work():
            assert context.closed and push.closed
            for call in (lambda: push.send(b"x"), lambda: context.socket(enomem.PULL), lambda: push.poll(0)):
                try:
                    call()
                except (enomem.NotASocket, enomem.ContextTerminated):
                    pass
                else:
                    raise AssertionError(call)
            with enomem.Context() as own, own.socket(enomem.PULL) as pull:
                pull.connect(push.last_endpoint)
                assert pull.recv() == b"for the child"

        number = child(work)
        push.send(b"for the child")
        print(wait(number))
        context.destroy()
    """
    assert run(program) == "0\n"


@needs_fork
def test_a_child_does_not_keep_a_connection_open() -> None:
    program = """
        import socket
        context = enomem.Context()
        pull = context.socket(enomem.PULL)
        pull.bind("tcp://127.0.0.1:*")
        peer = socket.create_connection(("127.0.0.1", int(pull.last_endpoint.rpartition(":")[2])))
        assert peer.recv(64)
        go_on, told = os.pipe()
        number = child(lambda: os.read(go_on, 1) and peer.close())
        # Only the parent closes; the child still lives.
        pull.close()
        peer.settimeout(5)
        while peer.recv(64):
            pass
        try:
            socket.create_connection(("127.0.0.1", peer.getpeername()[1])).close()
        except ConnectionRefusedError:
            print("refused")
        peer.close()
        os.write(told, b"!")
        print(wait(number))
        context.term()
    """
    assert run(program) == "refused\n0\n"


@needs_fork
def test_a_fork_while_another_thread_holds_the_lock() -> None:
    program = """
        context = enomem.Context()
        pull = context.socket(enomem.PULL)
        pull.bind("tcp://127.0.0.1:*")
        held, free = threading.Event(), threading.Event()

        def hold():
            with context.lock:
                held.set()
                free.wait()

        threading.Thread(target=hold).start()
        held.wait()
        number = child(lambda: context.destroy())
        print(wait(number))
        free.set()
        context.destroy()
    """
    assert run(program) == "0\n"


@needs_fork
def test_a_record_is_written_once(tmp_path: Path) -> None:
    program = f"""
        path = {str(tmp_path / "run.jsonl")!r}
        context = enomem.Context(record=path)
        context.socket(enomem.PULL).close()
        assert wait(child(lambda: context.term())) == 0
        context.term()
        with open(path) as file:
            lines = file.read().splitlines()
        print(len(lines), len(set(lines)), '"closed":true' in lines[-1])
    """
    lines, different, closed = run(program).split()
    assert (lines, closed) == (different, "True")
    assert int(lines) > 3


@needs_fork
def test_an_ipc_file_stays_the_parents(tmp_path: Path) -> None:
    program = f"""
        with enomem.Context() as context, context.socket(enomem.PULL) as pull:
            pull.bind("ipc://" + {str(tmp_path / "socket")!r})
            assert wait(child(lambda: pull.close())) == 0
            print(os.path.exists({str(tmp_path / "socket")!r}))
        print(os.path.exists({str(tmp_path / "socket")!r}))
    """
    assert run(program) == "True\nFalse\n"


@needs_fork
def test_a_child_that_is_not_looked_after_is_seen(tmp_path: Path) -> None:
    """A hook that looks after nothing is found by the tests above: what a child closes, it takes from its parent."""
    path = str(tmp_path / "socket")
    program = f"""
        from enomem.model.reference import abandoned
        with enomem.Context() as context, context.socket(enomem.PULL) as pull:
            pull.bind("ipc://" + {path!r})
            abandoned.known.clear()
            with context.lock:
                number = child(lambda: (pull.close(0), os._exit(0)))
            assert wait(number) == 0
            print(os.path.exists({path!r}))
            os._exit(sys.stdout.flush() or 0)
    """
    assert run(program) == "False\n"
