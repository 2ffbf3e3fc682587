"""The first look at a black box: what is no ZeroMQ socket, or another than was said, is told at once."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import enomem
from enomem.checks.conform import bench, octets, probe
from enomem.checks.conform.case import Case, Unsupported, Verdict
from enomem.checks.conform.catalogue import cases
from enomem.checks.conform.run import Subject, run_case
from enomem.checks.conform.testee import BlackBox
from enomem.checks.errors import Inconclusive, UsageError

BOUND = 20.0
GREETING = octets.greeting()

Side = Callable[[socket.socket], None]


def says(*pieces: bytes, stays: bool = False) -> Side:
    """A side that says these things, one after each that it hears, and then closes, or waits for the other to."""

    def side(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            connection.recv(4096)
        while stays and connection.recv(4096):
            pass

    return side


@contextmanager
def listening(side: Side) -> Iterator[str]:
    """Somebody who takes one connection and does that; the endpoint."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(BOUND)

    def accept() -> None:
        connection, _ = listener.accept()
        connection.settimeout(BOUND)
        with connection:
            side(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(BOUND)
        listener.close()
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("side", "seconds", "error", "said"),
    [
        (says(), BOUND, UsageError, "is no ZeroMQ socket: to a greeting it ends the connection"),
        (says(stays=True), 0.2, UsageError, "is no ZeroMQ socket: to a greeting it says nothing within 0.2 s"),
        (says(b"HTTP/1.1 400 Bad Request"), BOUND, UsageError, "it answers b'HTTP/1.1 400 Bad Req'"),
        (says(GREETING[:20]), BOUND, Inconclusive, "does not greet to the end: it ends the connection"),
        (says(GREETING, stays=True), 0.2, Inconclusive, "shakes hands with nobody: it says nothing within 0.2 s"),
        (says(octets.greeting(mechanism=b"PLAIN")), BOUND, UsageError, "wants the mechanism PLAIN"),
        (says(GREETING, octets.ready("REP")), BOUND, UsageError, "says that it is a REP, not a PULL"),
    ],
)
def test_what_is_wrong_is_said(side: Side, seconds: float, error: type[Exception], said: str) -> None:
    with listening(side) as endpoint, pytest.raises(error) as found:
        probe.look(BlackBox(endpoint, "PULL"), seconds)
    assert said in str(found.value)


@pytest.mark.parametrize(
    "side",
    [
        says(GREETING, octets.ready("PULL")),
        says(GREETING[:10] + b"\1", stays=True),
        says(GREETING, octets.command(b"READY", b"\xff")),
        says(GREETING, octets.command(b"ERROR", b"\2no")),
    ],
    ids=["as it should be", "ZMTP 2.0", "malformed", "refused"],
)
def test_what_the_cases_have_to_say_is_left_to_them(side: Side) -> None:
    with listening(side) as endpoint:
        probe.look(BlackBox(endpoint, "PULL"), BOUND)


def by_name(name: str) -> Case:
    (found,) = [case for case in cases() if case.name == name]
    return found


@pytest.mark.parametrize(("kind", "name", "verdict"), [
    ("SUB", "ping is answered", "pass"),
    ("SUB", "pings in order", "pass"),
    ("SUB", "long ping", "pass"),
    ("PAIR", "ping is answered", "pass"),
    ("PAIR", "header of 2 60", "unsupported"),
    ("PAIR", "forty announcements", "unsupported"),
])  # fmt: skip
def test_a_black_box_is_asked_what_its_type_can_answer(kind: str, name: str, verdict: str) -> None:
    """A SUB says what it wants before it answers, and a PAIR has one peer."""
    context = enomem.Context()
    try:
        own = context.socket(getattr(enomem, kind))
        if kind == "SUB":
            own.subscribe(b"")
        own.bind("tcp://127.0.0.1:*")
        box = BlackBox(own.last_endpoint, kind)
        found = run_case(by_name(name), Subject(None, box, kind, BOUND))
    finally:
        context.destroy(linger=0)
    assert (found.verdict.value, found.actual) in ((verdict, ""), (verdict, "a type of socket that has several peers"))


def test_a_pair_whose_peer_has_gone_may_have_another() -> None:
    context = enomem.Context()
    try:
        own = context.socket(enomem.PAIR)
        own.bind("tcp://127.0.0.1:*")
        box = BlackBox(own.last_endpoint, "PAIR")
        with bench.Bench(None, box, "PAIR", BOUND) as at:
            first = at.peer(box)
            with pytest.raises(Unsupported, match="several peers"):
                at.serves_others(box)
            first.close()
            at.several(box)
    finally:
        context.destroy(linger=0)


@pytest.mark.parametrize(("answers", "verdict"), [(True, Verdict.PASS), (False, Verdict.UNSUPPORTED)])
def test_a_rep_whose_application_answers_nobody_cannot_be_asked_for_replies(answers: bool, verdict: Verdict) -> None:
    """A handshake is answered without the application; that no reply comes is then not the library's doing."""
    (reply,) = (each for each in cases() if each.id == "rep/4/1")
    with enomem.Context() as context, context.socket(enomem.REP) as replier:
        replier.bind("tcp://127.0.0.1:*")
        replier.setsockopt(enomem.RCVTIMEO, int(BOUND * 1000))

        def answer() -> None:
            for _ in range(2):
                replier.send_multipart(replier.recv_multipart())

        thread = threading.Thread(target=answer, daemon=True)
        if answers:
            thread.start()
        box = BlackBox(replier.last_endpoint, "REP")
        outcome = run_case(reply, Subject(None, box, "REP", BOUND if answers else 0.3))
        if answers:
            thread.join(BOUND)
    assert outcome.verdict == verdict, outcome.actual
