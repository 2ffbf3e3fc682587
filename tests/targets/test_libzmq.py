"""libzmq as a target: what is under way between its sockets has happened when it has settled, and not before."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from enomem.checks.targets import stillness
from enomem.checks.targets.target import Said

pytest.importorskip("zmq")
from enomem.checks.targets.libzmq import Pyzmq

pytestmark = pytest.mark.skipif(not stillness.told(), reason="this system does not tell what threads wait for")
WAIT = 5000


@pytest.fixture
def zmq() -> Iterator[Pyzmq]:
    target = Pyzmq()
    yield target
    target.end()


def test_what_was_sent_is_there(zmq: Pyzmq) -> None:
    pull, push = zmq.create("PULL"), zmq.create("PUSH")
    assert zmq.connect(push, zmq.bind(pull)) is Said.OK
    assert zmq.settle(WAIT)
    for number in range(100):
        part = b"%d" % number * 10 ** (number % 5)
        assert zmq.send(push, part) is Said.OK
        assert zmq.settle(WAIT)
        assert zmq.receive(pull).part == part


def test_who_takes_the_place_of_another_is_connected_to(zmq: Pyzmq) -> None:
    push, pull = zmq.create("PUSH", {"RECONNECT_IVL": 1}), zmq.create("PULL")
    where = zmq.bind(pull)
    assert zmq.connect(push, where) is Said.OK
    for _ in range(20):
        assert zmq.settle(WAIT)
        assert zmq.send(push, b"there?") is Said.OK
        assert zmq.settle(WAIT)
        assert zmq.receive(pull).part == b"there?"
        zmq.close(pull)
        pull = zmq.create("PULL")
        assert zmq.bind(pull, where) == where


def test_who_tries_to_connect_to_nobody_is_not_waited_for(zmq: Pyzmq) -> None:
    push, gone = zmq.create("PUSH", {"RECONNECT_IVL": 1}), zmq.create("PULL")
    where = zmq.bind(gone)
    assert zmq.unbind(gone, where) is Said.OK
    assert zmq.connect(push, where) is Said.OK
    assert zmq.settle(WAIT)


def test_who_is_never_connected_never_settles(zmq: Pyzmq) -> None:
    # A PAIR ends the connection of a second peer, which tries again.
    pairs = [zmq.create("PAIR", {"RECONNECT_IVL": 1}) for _ in range(3)]
    where = zmq.bind(pairs[0])
    assert zmq.connect(pairs[1], where) is Said.OK
    assert zmq.settle(WAIT)
    assert zmq.connect(pairs[2], where) is Said.OK
    assert not zmq.settle(0)


@pytest.mark.parametrize(
    ("call", "idle"),
    [
        ("232 0x5 0x7f22001fe200 0x100 0xffffffff 0x0 0x7ffe18861ca7 0x7f22001fe1d0 0x7f22", True),
        ("232 0x6 0x7f22001fe200 0x100 0xffffffff 0x0 0x7ffe18861ca7 0x7f22001fe1d0 0x7f22", False),
        ("202 0x7f22001fe200 0x80 0x2 0x0 0x0 0x0 0x7ffe188620a0 0x7f2200d162ec", False),
        ("running", False),
        ("-1 0x7f22001fe200 0x100", False),
    ],
)  # fmt: skip
def test_a_thread_is_idle_that_waits_for_its_files(
    call: str, idle: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stillness, "TASKS", tmp_path / "task")
    monkeypatch.setattr(stillness, "FILES", tmp_path / "fd")
    (tmp_path / "fd").mkdir()
    (tmp_path / "fd" / "5").symlink_to("anon_inode:[eventpoll]")
    (tmp_path / "fd" / "6").symlink_to("anon_inode:[eventfd]")
    for number, (name, what) in enumerate((("ZMQbg/IO/0", call), ("python", "running"))):
        folder = tmp_path / "task" / str(number)
        folder.mkdir(parents=True)
        (folder / "comm").write_text(f"{name}\n")
        (folder / "syscall").write_text(f"{what}\n")
        (folder / "status").write_text("State:\tS\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t1\n")
    assert stillness.idle("ZMQbg") == ((("0", "voluntary_ctxt_switches:\t7"),) if idle else None)


def test_a_connection_is_delivered_when_its_other_end_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as near:
        ports = [server.getsockname()[1]]
        assert stillness.delivered([])
        assert not stillness.delivered(ports), "nobody has accepted it"
        far, _ = server.accept()
        near.sendall(b"x" * 1000)
        assert stillness.delivered(ports)
        with far:
            assert far.recv(1000, socket.MSG_WAITALL) == b"x" * 1000
        near.settimeout(5)
        assert near.recv(1) == b""
        assert stillness.delivered(ports), "the end of a connection has arrived"
