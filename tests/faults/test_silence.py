"""Half-open connections and slow ones: who says nothing, stops half-way, sends octet by octet, or does not read."""

import pytest
from interop.ends import Library
from interop.fixtures import Keeper, Opener
from interop.raw import LONG, MORE, Raw, frame, greeting, message
from interop.waiting import until

from . import sessions
from .wellness import Witness, good_peer, received

CROWD = 200
UNFINISHED = {
    "nothing at all": b"",
    "one octet": b"\xff",
    "half a greeting": greeting()[:30],
    "a greeting": greeting(),
    "half a READY": sessions.handshake("PUSH")[:-1],
}


@pytest.mark.parametrize("what", UNFINISHED)
def test_a_handshake_that_stops_is_ended(opened: Opener, keep: Keeper, subject: Library, what: str) -> None:
    own = opened(subject, "PULL", HANDSHAKE_IVL=50)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = keep(Raw.connect(where))
    raw.send(UNFINISHED[what], own)
    raw.closed(own)
    assert any("too long" in note for note in until(own.refusals, f"{own} reports it", own))
    witness.at_rest()
    assert good_peer(own, keep(Raw.connect(where)), b"last") == []


@pytest.mark.parametrize("what", UNFINISHED)
def test_a_crowd_that_says_nothing_is_in_nobodys_way(opened: Opener, keep: Keeper, subject: Library, what: str) -> None:
    own = opened(subject, "PULL", BACKLOG=CROWD)
    where = own.bind()
    witness = Witness(opened, subject, own)
    crowd = [keep(Raw.connect(where)) for _ in range(CROWD)]
    for raw in crowd:
        raw.send(UNFINISHED[what], own)
    good = keep(Raw.connect(where))
    assert good_peer(own, good, b"between them") == []
    witness.goes_on()
    for raw in [*crowd, good]:
        raw.close()
    witness.at_rest()


HALF = {
    "no end of a short frame": frame(b"whole so far")[:-1],
    "no end of a long frame": frame(bytes(100_000))[:50_000],
    "a header alone": frame(b"x" * 300, LONG)[:9],
    "no last part": frame(b"one", MORE) + frame(b"two", MORE),
}


@pytest.mark.parametrize("what", HALF)
def test_a_message_that_stops_is_never_seen(opened: Opener, keep: Keeper, subject: Library, what: str) -> None:
    own = opened(subject, "PULL", HEARTBEAT_IVL=20, HEARTBEAT_TIMEOUT=60)
    own.watch()
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = keep(Raw.connect(where))
    raw.handshake("PUSH", own)
    raw.send(message(b"whole") + HALF[what], own)
    assert own.receive(raw) == [b"whole"]
    raw.closed(own)
    assert any("heartbeat" in note for note in until(own.losses, f"{own} reports it", own))
    assert received(own) == []
    witness.at_rest()


def test_who_closes_one_direction_gets_what_he_sent_delivered(opened: Opener, keep: Keeper, subject: Library) -> None:
    own = opened(subject, "PULL")
    raw = keep(Raw.connect(own.bind()))
    raw.send(sessions.handshake("PUSH") + message(b"a", b"b") + message(b"c"), own)
    raw.finish()
    raw.closed(own)
    assert [own.receive(), own.receive()] == [[b"a", b"b"], [b"c"]]


@pytest.mark.parametrize("kind", ["PULL", "ROUTER", "REP", "SUB", "XPUB", "PAIR"])
def test_octet_by_octet(opened: Opener, keep: Keeper, subject: Library, kind: str) -> None:
    own = opened(subject, kind)
    sessions.prepare(own)
    where = own.bind()
    witness = Witness(opened, subject, own)
    raw = keep(Raw.connect(where))
    session = sessions.session(kind)
    found = []
    for octet in range(len(session.octets)):
        raw.send(session.octets[octet : octet + 1], own)
        own.serve(0)
        if octet % 16 == 0:
            witness.goes_on()
    for _, parts in session.messages:
        found.append(own.receive(raw))
        if kind == "REP":
            own.send([b"answer"], raw)
            assert raw.message(own) == [b"hop", b"", b"answer"]
        assert found[-1] == parts
    if kind == "XPUB":
        assert [own.receive(raw) for _ in range(3)] == [[b"\x01topic"], [b"\x00topic"], [b"\x01old form"]]


def test_who_does_not_read_is_in_nobodys_way(opened: Opener, keep: Keeper, subject: Library) -> None:
    """A ROUTER's queue to him fills up; others are served, and all that he was sent comes when he reads again."""
    own = opened(subject, "ROUTER", ROUTER_MANDATORY=1, SNDHWM=20)
    where = own.bind()
    witness = Witness(opened, subject, own)
    lazy, keen = keep(Raw.connect(where)), keep(Raw.connect(where))
    for raw, name in ((lazy, b"lazy"), (keen, b"keen")):
        raw.handshake("DEALER", own, identity=name)
        raw.send(message(b"hello"), own)
        assert own.receive(raw) == [name, b"hello"]
    body, sent = bytes(1 << 20), 0
    while own.try_send([b"lazy", b"%d" % sent, body]):
        sent += 1
    assert sent >= 20
    for number in range(10):
        own.send([b"keen", b"%d" % number], keen)
        assert keen.message(own) == [b"%d" % number]
    witness.goes_on()
    for number in range(sent):
        assert lazy.message(own) == [b"%d" % number, body]
    until(lambda: own.try_send([b"lazy", b"more"]), f"{own} takes messages for him again", lazy, own)
    assert lazy.message(own) == [b"more"]


@pytest.mark.parametrize("kind", ["PUSH", "DEALER", "PUB"])
def test_a_linger_ends_though_nobody_reads(opened: Opener, keep: Keeper, subject: Library, kind: str) -> None:
    own = opened(subject, kind)
    where = own.bind()
    raw = keep(Raw.connect(where))
    raw.handshake({"PUSH": "PULL", "DEALER": "DEALER", "PUB": "SUB"}[kind], own)
    if kind == "PUB":
        raw.send(frame(b"\x01"), own)
        until(lambda: own.try_send([b"x"]) and raw.came.frame(), f"{own} is heard", raw, own)
    for number in range(10):
        own.send([b"%d" % number, bytes(1 << 20)])
    own.socket.close(50)
    own.context.term()
    assert own.held() == 0


def test_a_linger_lasts_until_all_is_read(opened: Opener, keep: Keeper, subject: Library) -> None:
    own = opened(subject, "PUSH")
    raw = keep(Raw.connect(own.bind()))
    raw.handshake("PULL", own)
    for number in range(10):
        own.send([b"%d" % number, bytes(1 << 20)])
    own.socket.close(-1)
    for number in range(10):
        assert raw.message() == [b"%d" % number, bytes(1 << 20)]
    raw.closed()
    own.context.term()
    assert own.held() == 0
