"""A thousand connections that come and go, by every kind of end; a thousand of our own; descriptors are given back."""

from pathlib import Path

import pytest
from interop.ends import Library
from interop.fixtures import Keeper, Opener
from interop.raw import MORE, Listener, Raw, frame, message
from interop.waiting import until

from . import sessions
from .wellness import Witness, good_peer, received

THOUSAND, AT_ONCE = 1000, 50
DESCRIPTORS = Path("/proc/self/fd")


def descriptors() -> int:
    """How many this process has open, where the system says."""
    return len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.exists() else 0


STORIES = (
    b"",
    sessions.handshake("PUSH")[:40],
    sessions.handshake("PUSH"),
    sessions.handshake("PUSH") + message(b"a", b"b"),
    sessions.handshake("PUSH") + frame(b"a", MORE),
    b"rubbish" * 20,
)
"""What one of the crowd says before it goes."""


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_thousand_come_and_go(opened: Opener, keep: Keeper, subject: Library, ending: str) -> None:
    # An accept queue that overflows would cost the second after which a system asks again.
    own = opened(subject, "PULL", BACKLOG=THOUSAND)
    where = own.bind()
    witness = Witness(opened, subject, own)
    before, found = descriptors(), []
    for first in range(0, THOUSAND, AT_ONCE):
        crowd = [Raw.connect(where) for _ in range(AT_ONCE)]
        for number, raw in enumerate(crowd, first):
            raw.send(STORIES[number % len(STORIES)], own)
        for raw in crowd:
            getattr(raw, ending)()
        found += received(own)
        witness.goes_on()
    witness.at_rest()
    assert descriptors() == before
    found += good_peer(own, keep(Raw.connect(where)), b"last")
    assert all(parts == [b"a", b"b"] for parts in found)


def test_a_thousand_are_made_and_dropped(opened: Opener, keep: Keeper, subject: Library) -> None:
    """The same from our side: connect and disconnect, whatever stage each connection has reached."""
    own = opened(subject, "PUSH")
    witness = Witness(opened, subject, own)
    listener = keep(Listener())
    before = descriptors()
    for number in range(THOUSAND):
        own.connect(listener.endpoint)
        if number % 10 == 0:
            raw = listener.accept(own)
            if number % 20 == 0:
                raw.handshake("PULL", own)
            raw.close()
        own.socket.disconnect(listener.endpoint)
        while (raw := listener.try_accept()) is not None:
            raw.close()
    witness.at_rest()
    until(lambda: listener.try_accept() is None, "nobody is waiting", listener)
    assert descriptors() <= before


def test_sockets_by_the_hundred(opened: Opener, subject: Library) -> None:
    own = opened(subject, "PULL")
    where = own.bind()
    witness = Witness(opened, subject, own)
    before = descriptors()
    for number in range(200):
        push = opened(subject, "PUSH", beside=own)
        push.connect(where)
        push.send([b"from", b"%d" % number])
        assert own.receive(push) == [b"from", b"%d" % number]
        push.close()
    witness.at_rest()
    assert descriptors() == before
