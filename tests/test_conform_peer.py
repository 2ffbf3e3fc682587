"""A peer of the suite speaks the version that both ends speak: 3.0 with a testee that says no more."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from enomem.checks.conform import octets
from enomem.checks.conform import peer as peers
from enomem.checks.conform.case import Deviation, Silent, Unsupported
from enomem.checks.conform.peer import Peer
from enomem.checks.conform.transcript import Transcript


class Clerk:
    """Waits for ten seconds, and has nobody to serve."""

    seconds = 10.0

    def __init__(self) -> None:
        self.log = Transcript("reference")

    def idle(self) -> bool:
        return False

    def silent(self, what: str) -> Silent:
        return Silent(what, "nothing")


@pytest.fixture
def kept() -> Iterator[ExitStack]:
    with ExitStack() as kept:
        yield kept


def meet(kept: ExitStack, testee: tuple[int, int], own: tuple[int, int]) -> tuple[Peer, socket.socket]:
    """A peer of a version that has shaken hands with a publisher of another, and the publisher's end."""
    listener = kept.enter_context(socket.create_server(("127.0.0.1", 0)))
    peer = Peer(socket.create_connection(listener.getsockname(), 10), "p0", Clerk())
    kept.callback(peer.drop)
    theirs = kept.enter_context(listener.accept()[0])
    theirs.settimeout(10)
    theirs.sendall(octets.greeting(testee) + octets.ready("PUB"))
    peer.shake("SUB", version=own)
    hears(theirs, octets.greeting(own) + octets.ready("SUB"))
    return peer, theirs


def hears(theirs: socket.socket, said: bytes) -> None:
    found = b""
    while len(found) < len(said) and (more := theirs.recv(len(said))):
        found += more
    assert found == said


NEW = octets.command(b"SUBSCRIBE", b"a") + octets.command(b"SUBSCRIBE", b"")
OLD = octets.message(b"\1a") + octets.message(b"\1")


@pytest.mark.parametrize(
    ("testee", "own", "said"),
    [((3, 1), (3, 1), NEW), ((4, 0), (3, 1), NEW), ((3, 0), (3, 1), OLD), ((3, 1), (3, 0), OLD), ((3, 0), (3, 0), OLD)],
)
def test_subscriptions_are_said_as_both_understand(
    kept: ExitStack, testee: tuple[int, int], own: tuple[int, int], said: bytes
) -> None:
    peer, theirs = meet(kept, testee, own)
    peer.subscribe(b"a", b"")
    hears(theirs, said)
    peer.cancel(b"a")
    hears(theirs, octets.command(b"CANCEL", b"a") if said == NEW else octets.message(b"\0a"))
    assert peer.told(b"SUBSCRIBE", b"a") == ([b"SUBSCRIBE", b"a"] if said == NEW else [b"\1a"])
    if said == NEW:
        peer.need_3_1()
    else:
        with pytest.raises(Unsupported, match=r"ZMTP 3\.1, and the testee speaks 3\.0"):
            peer.need_3_1()


def test_a_testee_that_sends_on_and_on_is_not_listened_to_for_ever(
    kept: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, theirs = meet(kept, (3, 1), (3, 1))
    theirs.sendall(octets.message(b"1") + octets.message(b"2"))
    assert peer.heard_next() == [b"1"]
    now = peers.monotonic()
    monkeypatch.setattr(peers, "monotonic", lambda: now + 1 + peers.PATIENCE * Clerk.seconds)
    with pytest.raises(Deviation, match="other frames come, for 100 s"):
        peer.heard_next()
    peer.send(octets.ping())
    assert peer.heard_next() == [b"2"]


def test_a_version_that_nobody_speaks_is_told(kept: ExitStack) -> None:
    listener = kept.enter_context(socket.create_server(("127.0.0.1", 0)))
    peer = Peer(socket.create_connection(listener.getsockname(), 10), "p0", Clerk())
    kept.callback(peer.drop)
    theirs = kept.enter_context(listener.accept()[0])
    theirs.sendall(octets.greeting((2, 7)))
    assert peer.version_said() == (2, 7)
