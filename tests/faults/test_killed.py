"""A peer process is killed by the system, in the middle of what it does."""

import sys

import pytest
from children import child
from interop.ends import Library
from interop.fixtures import Keeper, Opener
from interop.raw import Raw
from interop.waiting import until

from .wellness import Witness, good_peer, received

SENDER = """
import sys, zmq
push = zmq.Context().socket(zmq.PUSH)
push.connect(sys.argv[1])
push.send(b"ready")
while True:
    push.send_multipart([b"head", bytes(1 << 20), b"tail"])
"""
READER = """
import sys, zmq
pull = zmq.Context().socket(zmq.PULL)
pull.connect(sys.argv[1])
while True:
    pull.recv_multipart()
    print("got", flush=True)
"""


@pytest.mark.parametrize("turn", range(3))
def test_a_sender_is_killed(opened: Opener, keep: Keeper, subject: Library, turn: int) -> None:
    own = opened(subject, "PULL", RCVHWM=2)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    with child([sys.executable, "-c", SENDER, where]) as process:
        assert own.receive() == [b"ready"]
        for _ in range(turn):
            assert own.receive() == [b"head", bytes(1 << 20), b"tail"]
        process.kill()
        process.wait()
    # Its queue was full: it is read up to the end before the end is seen.
    ends = []

    def gone() -> bool:
        ends.extend(received(own))
        return bool(own.losses())

    until(gone, f"{own} sees the end", own)
    ends.extend(received(own))
    assert all(parts == [b"head", bytes(1 << 20), b"tail"] for parts in ends)
    witness.at_rest()
    assert good_peer(own, keep(Raw.connect(where)), b"last") == []


def test_a_reader_is_killed(opened: Opener, keep: Keeper, subject: Library) -> None:
    own = opened(subject, "PUSH", SNDHWM=5)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    body = [b"head", bytes(1 << 20), b"tail"]
    with child([sys.executable, "-c", READER, where]) as process:
        own.send(body)
        assert process.stdout is not None
        assert process.stdout.readline() == "got\n"
        while own.try_send(body):
            pass
        process.kill()
        process.wait()
    until(own.losses, f"{own} sees the end", own)
    witness.at_rest()
    good_peer(own, keep(Raw.connect(where)), b"last")
