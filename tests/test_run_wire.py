"""The wire in a recorded run: a replay feeds the plain machines the same octets, and tells where they do otherwise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hand_driven import edited, found, line_of, replayed
from interop.raw import MORE, command, frame, greeting, message, prop

from enomem.checks.errors import UsageError
from enomem.model.memory import Pool
from enomem.model.policies import KEEP
from enomem.model.reference.record import Recorder, Steps
from enomem.model.wire.decoder import Decoder, Limits
from enomem.model.wire.errors import PeerError
from enomem.model.wire.handshake import Handshake, Local

SERVER = Local("PULL", frozenset({"PUSH"}), mechanism="PLAIN", as_server=True, authenticate=lambda *_: True)
HELLO = command(b"HELLO", b"\1u\2pw")
INITIATE = command(b"INITIATE", prop(b"Socket-Type", b"PUSH"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A run in which a peer is let in by a server of PLAIN, sends messages and a command, and ends with nonsense."""
    path = tmp_path / "run.jsonl"
    recorder = Recorder(path, KEEP, Pool(100, 0))
    steps = Steps(recorder)
    steps.begin("pull1/1", "wire")
    handshake = steps.machine(Handshake, "pull1/1.handshake", SERVER, Limits())
    assert handshake.start() == greeting(mechanism=b"PLAIN", as_server=True)
    handshake.feed(greeting(mechanism=b"PLAIN") + HELLO)
    handshake.feed(INITIATE)
    assert handshake.peer is not None
    assert handshake.peer.user == b"u"
    decoder = steps.machine(Decoder, "pull1/1.decoder", handshake.peer.version, Limits(small=100))
    decoder.feed(message(b"a", b"bc") + command(b"PING", b"\0\0x") + frame(bytes(300), MORE)[:50])
    assert len(decoder.take(9)) == 2
    assert decoder.wanted == 300
    decoder.allow()
    target = decoder.target()
    assert target is not None
    decoder.filled(len(target))
    decoder.take(9)
    assert (decoder.held, decoder.half_read) == (300, 1)
    decoder.feed(frame(b"end") + b"\x80\0")
    decoder.take(9)
    with pytest.raises(PeerError):
        decoder.take(9)
    steps.end("pull1/1")
    recorder.close()
    return path


def test_the_model_reads_what_the_socket_read(path: Path) -> None:
    run = replayed(path)
    assert run.differences == []
    assert run.steps["Handshake.feed"] == 2
    assert run.steps["Decoder.take"] == 4
    assert run.rules["WIRE-16"] == 2


def test_the_octets_of_bodies_are_not_on_record(path: Path) -> None:
    assert path.read_text().count("0" * 300) == 0


def octet(line: Any) -> None:
    """One octet of what was read is another."""
    data = line["in"]["data"]
    data["bytes"] = "81" + data["bytes"][2:]


def name_of_the_user(line: Any) -> None:
    """Somebody else was asked about."""
    line["asked"][0][0]["bytes"] = b"v".hex()


def nobody_asked(line: Any) -> None:
    """The question is not on record."""
    del line["asked"]


def turned_away(line: Any) -> None:
    """The password was wrong."""
    line["asked"][0][-1] = False


def one_more_asked(line: Any) -> None:
    """Somebody was asked about twice."""
    line["asked"] *= 2


@pytest.mark.parametrize(
    ("step", "nth", "edit", "what"),
    [
        ("feed", 0, octet, "an outcome in the run"),
        ("feed", 0, name_of_the_user, "is asked in the model and was not in the run"),
        ("feed", 0, nobody_asked, "is asked in the model and was not in the run"),
        ("feed", 0, turned_away, "wrong username or password"),
        ("feed", 0, one_more_asked, "was asked about in the run and not in the model"),
        ("feed", 2, octet, "and an outcome in the run"),
        ("take", 0, lambda line: line["out"]["reference.wired.Decoded"].update(held=7), "held is 0 in the model"),
        ("filled", 0, lambda line: line["in"].update(count=3), "half_read is"),
        ("take", 3, lambda line: line.update(error="PeerError: something else"), "something else in the run"),
    ],
)
def test_what_is_otherwise_is_told(path: Path, step: str, nth: int, edit: Callable[[Any], Any], what: str) -> None:
    edited(path, line_of(path, step, nth), edit)
    differences = found(path)
    assert any(what in difference for difference in differences), differences


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda line: line.update(of="wire.handshake.Handshake"), "no wire.handshake.Handshake of this name was made"),
        (lambda line: line.update(at="pull1/1.other"), r"no wire\.decoder\.Decoder of this name was made"),
        (lambda line: line.update(step="_run"), "'_run' is no step of a machine"),
        (lambda line: line.update(asked=[[1]]), r"asked: lists of a username, a password and an answer"),
    ],
)
def test_what_cannot_be_is_refused(path: Path, edit: Callable[[Any], Any], why: str) -> None:
    edited(path, line_of(path, "take"), edit)
    with pytest.raises(UsageError, match=why):
        found(path)


def test_a_local_that_cannot_be_is_refused(path: Path) -> None:
    def edit(line: Any) -> None:
        line["in"]["local"]["wire.peers.Local"]["mechanism"] = "CURVE"

    edited(path, line_of(path, "made"), edit)
    with pytest.raises(UsageError, match=r"there is no such wire\.peers\.Local: this mechanism is not spoken here"):
        found(path)
