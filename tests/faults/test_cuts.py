"""A peer is killed after each octet of a session: of its greeting, its handshake, its commands and its messages."""

from collections import Counter

import pytest
from interop.ends import End, Library, Parts
from interop.fixtures import Keeper, Opener
from interop.raw import Listener, Raw, message
from interop.waiting import until

from . import sessions
from .wellness import FITTING, Witness, good_peer, received

ENDINGS = ("finished", "reset")


def counted(messages: list[Parts]) -> Counter[tuple[bytes, ...]]:
    return Counter(tuple(parts) for parts in messages)


def taken(own: End) -> list[Parts]:
    """What has come; REP has to answer each request before it hears the next."""
    if own.kind in ("PUSH", "PUB", "REQ"):
        return []
    if own.kind != "REP":
        return received(own)
    found = []
    while (parts := own.try_receive()) is not None:
        found.append(parts)
        own.send([b"to whom it may concern"])
    return found


def cut(raw: Raw, octets: bytes, ending: str, own: End) -> None:
    """Say that much, and go."""
    raw.send(octets, own)
    if ending == "reset":
        raw.reset()
    else:
        raw.finish()
        raw.closed(own)
        raw.close()


def judge(own: End, found: list[Parts], whole: list[Parts], ending: str) -> None:
    """All that was whole came if the peer ended in good order; nothing else came in any case."""
    if own.kind in ("XPUB", "PUSH", "PUB", "REQ"):
        # XPUB passes on only the first and the last of equal subscriptions.
        assert counted(found).keys() <= {(sign + topic,) for sign in (b"\x01", b"\x00") for topic in sessions.TOPICS}
    elif ending == "finished":
        assert counted(found) == counted(whole)
    else:
        assert counted(found) <= counted(whole)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", FITTING)
def test_who_connected_is_killed(opened: Opener, keep: Keeper, subject: Library, kind: str, ending: str) -> None:
    own = opened(subject, kind)
    sessions.prepare(own)
    where = own.bind()
    witness = Witness(opened, subject, own)
    found, whole = [], []
    for octets in range(len(sessions.session(kind).octets) + 1):
        session = sessions.session(kind, octets)
        cut(keep(Raw.connect(where)), session.octets[:octets], ending, own)
        found += taken(own)
        whole += session.whole(octets)
    witness.at_rest()
    found += good_peer(own, keep(Raw.connect(where)), b"last")
    judge(own, found, whole, ending)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", ["PULL", "SUB", "XPUB", "REQ", "ROUTER", "PAIR"])
def test_who_was_connected_to_is_killed(opened: Opener, keep: Keeper, subject: Library, kind: str, ending: str) -> None:
    """The same the other way round: each time the connection is made again, and the last peer is served."""
    own = opened(subject, kind, RECONNECT_IVL=1)
    sessions.prepare(own)
    witness = Witness(opened, subject, own)
    listener = keep(Listener())
    own.connect(listener.endpoint)
    found, whole = [], []
    for octets in range(len(sessions.session(kind).octets) + 1):
        session = sessions.session(kind, octets)
        cut(keep(listener.accept(own)), session.octets[:octets], ending, own)
        found += taken(own)
        whole += session.whole(octets)
    witness.goes_on()
    found += good_peer(own, keep(listener.accept(own)), b"last")
    judge(own, found, whole, ending)


@pytest.mark.parametrize("role", ["server", "client"])
def test_a_handshake_of_plain_is_cut(opened: Opener, keep: Keeper, subject: Library, role: str) -> None:
    options = {"PLAIN_SERVER": 1} if role == "server" else {"PLAIN_USERNAME": b"admin", "PLAIN_PASSWORD": b"secret"}
    own = opened(subject, "PULL", **options)
    own.let_in({"admin": "secret"})
    where = own.bind()
    witness = Witness(opened, subject, own)
    octets = sessions.plain_handshake("PUSH") if role == "server" else sessions.welcome("PUSH")
    for count in range(len(octets) + 1):
        cut(keep(Raw.connect(where)), octets[:count], ENDINGS[count % 2], own)
    witness.at_rest()
    raw = keep(Raw.connect(where))
    raw.send(octets + message(b"let in"), own)
    assert own.receive(raw) == [b"let in"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_who_reads_is_killed_within_a_message(opened: Opener, keep: Keeper, subject: Library, ending: str) -> None:
    """What was under way is lost and reported; the next connection begins with a message's first part."""
    own = opened(subject, "PUSH", RECONNECT_IVL=1)
    own.watch()
    listener = keep(Listener())
    own.connect(listener.endpoint)
    large = [b"first", bytes(8 << 20), b"last"]
    for number in range(5):
        raw = keep(listener.accept(own))
        raw.handshake("PULL", own)
        own.send(large, raw)
        until(lambda raw=raw: len(raw.came.data) > 100_000, "half a message is read", raw, own)
        own.send([b"next", b"%d" % number])
        cut(raw, b"", ending, own)
        assert until(own.losses, f"{own} reports that the peer is gone", own)
        raw = keep(listener.accept(own))
        raw.handshake("PULL", own)
        assert raw.message(own) == [b"next", b"%d" % number]
        raw.close()
        until(own.losses, f"{own} reports that the peer is gone", own)


@pytest.mark.parametrize("kind", ["PULL", "SUB", "DEALER", "ROUTER", "REP", "PAIR", "XSUB"])
def test_what_a_peer_that_went_has_left_is_given_back_unread(
    opened: Opener, keep: Keeper, subject: Library, kind: str
) -> None:
    own = opened(subject, kind)
    sessions.prepare(own)
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = keep(Raw.connect(where))
    cut(raw, sessions.session(kind).octets, "finished", own)
    own.socket.close(0)
    witness.goes_on()
