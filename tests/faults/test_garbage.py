"""Octets that are no ZMTP, at any point of a connection: an end with a reason, and never an exception."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from interop.ends import End, Library
from interop.fixtures import Keeper, Opener
from interop.raw import COMMAND, LONG, MORE, Raw, command, frame, greeting, prop, ready

from . import sessions
from .wellness import FITTING, Witness, good_peer

Garbage = Callable[[bytes], None]

FLAGS = [0, MORE, LONG, COMMAND, MORE | LONG, LONG | COMMAND, MORE | COMMAND]
frames = st.builds(frame, st.binary(max_size=40), st.sampled_from(FLAGS))
commands = st.builds(
    command, st.sampled_from([b"READY", b"ERROR", b"PING", b"PONG", b"SUBSCRIBE", b"CANCEL", b"HELLO", b""]),
    st.binary(max_size=40),
)  # fmt: skip
properties = st.lists(st.builds(prop, st.binary(max_size=12), st.binary(max_size=12))).map(b"".join)
almost = st.lists(st.one_of(frames, commands, st.binary(max_size=12)), max_size=8).map(b"".join)
"""Frames and commands that are nearly right."""


@pytest.fixture(params=FITTING)
def thrown(request: pytest.FixtureRequest, opened: Opener, keep: Keeper, subject: Library) -> Iterator[Garbage]:
    """Throws octets at a socket, and waits until it has closed that connection; at the end, all must be well."""
    own: End = opened(subject, request.param)
    sessions.prepare(own)
    where = own.bind()
    witness = Witness(opened, subject, own)

    def throw(octets: bytes) -> None:
        raw = Raw.connect(where)
        raw.send(octets, own)
        raw.finish()
        raw.closed(own)
        raw.close()

    yield throw
    while own.kind not in ("PUB", "PUSH", "REQ") and own.try_receive() is not None:
        if own.kind == "REP":
            own.send([b"to whom it may concern"])
    if own.kind == "REQ":
        # What came unasked waits in its queue for the next recv to discard it.
        witness.goes_on()
    else:
        witness.at_rest()
    good_peer(own, keep(Raw.connect(where)), b"last")


@pytest.mark.parametrize("thrown", ["PULL"], indirect=True)
def test_instead_of_a_greeting(thrown: Garbage) -> None:
    @given(st.binary(max_size=200))
    @example(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    @example(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100))
    @example(b"\xff" * 200)
    def instead(octets: bytes) -> None:
        thrown(octets)

    instead()


@pytest.mark.parametrize("thrown", ["PULL", "ROUTER", "XPUB"], indirect=True)
def test_after_a_greeting(thrown: Garbage) -> None:
    @given(st.one_of(st.binary(max_size=200), almost, properties.map(lambda found: command(b"READY", found))))
    def after(octets: bytes) -> None:
        thrown(greeting() + octets)

    after()


def test_after_the_handshake(thrown: Garbage, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["thrown"]

    @given(st.one_of(st.binary(max_size=200), almost))
    def after(octets: bytes) -> None:
        thrown(greeting() + ready(FITTING[kind]) + octets)

    after()


@pytest.mark.parametrize("thrown", ["PULL", "ROUTER", "REP", "XPUB"], indirect=True)
def test_a_session_with_one_octet_changed(thrown: Garbage, request: pytest.FixtureRequest) -> None:
    octets = sessions.session(request.node.callspec.params["thrown"]).octets
    for at, old in enumerate(octets):
        for new in (old ^ 0x01, old ^ 0x80, 0xFF - old):
            thrown(octets[:at] + bytes([new]) + octets[at + 1 :])


@pytest.mark.parametrize("thrown", ["PULL", "REP"], indirect=True)
def test_a_session_with_octets_left_out_or_twice(thrown: Garbage, request: pytest.FixtureRequest) -> None:
    octets = sessions.session(request.node.callspec.params["thrown"]).octets
    for at in range(len(octets)):
        thrown(octets[:at] + octets[at + 1 :])
        thrown(octets[: at + 1] + octets[at:])
