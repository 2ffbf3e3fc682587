"""Who may not talk is refused with a reason, and disturbs nobody: types that do not fit, versions before 3.0."""

import pytest

from . import matrix
from .ends import End, Library
from .fixtures import Keeper, Opener
from .raw import COMMAND, Raw, frame, greeting, message, ready
from .waiting import until

ACCEPTED = {kind: next(side.other for side in matrix.SIDES if side.own == kind) for kind in matrix.TYPES}


def still_good(keep: Keeper, kind: str, where: str, own: End) -> None:
    """A peer that fits still gets through its handshake."""
    good = keep(Raw.connect(where))
    good.handshake(ACCEPTED[kind], own)
    good.close()


@pytest.mark.parametrize("minor", [0, 1])
@pytest.mark.parametrize("kind", matrix.TYPES)
def test_a_type_that_does_not_fit_is_told_so(
    opened: Opener, keep: Keeper, subject: Library, kind: str, minor: int
) -> None:
    """RFC 37: a peer SHOULD send ERROR and then disconnect."""
    own = opened(subject, kind)
    own.watch()
    where = own.bind()
    for stranger in [*(b for a, b in matrix.STRANGERS if a == kind), "NOSUCH", ""]:
        raw = keep(Raw.connect(where))
        raw.send(greeting(minor) + ready(stranger), own)
        reason = raw.command(b"ERROR", own)
        assert reason[0] == len(reason) - 1
        assert reason[1:].decode("ascii").isprintable()
        raw.closed(own)
        raw.close()
        told = until(own.refusals, f"{own} reports the refusal of {stranger}", own)
        assert any(stranger in note for note in told)
    still_good(keep, kind, where, own)


@pytest.mark.parametrize("binds", ["subject_binds", "subject_connects"])
@pytest.mark.parametrize("kind", matrix.TYPES)
def test_a_library_that_does_not_fit(
    opened: Opener, keep: Keeper, subject: Library, peer: Library, kind: str, binds: str
) -> None:
    own = opened(subject, kind, RECONNECT_IVL=1000)
    own.watch()
    where = own.bind() if binds == "subject_binds" else ""
    for stranger in (b for a, b in matrix.STRANGERS if a == kind):
        other = opened(peer, stranger, RECONNECT_IVL=1000)
        if where:
            other.connect(where)
        else:
            own.connect(other.bind())
        until(lambda: own.refusals() or own.losses(), f"{own} reports the refusal of {stranger}", own, other)
        other.close()
    if where:
        still_good(keep, kind, where, own)


OLD = {
    "1.0": message(b"") + message(b"from 1.0"),
    "1.0 with an identity": b"\x05\x00name" + message(b"from 1.0"),
    "2.0": b"\xff" + bytes(7) + b"\x01\x7f\x01\x08" + frame(b"") + message(b"from 2.0"),
    "2.0 with an identity": b"\xff" + bytes(7) + b"\x05\x7f\x01\x08" + frame(b"name") + message(b"from 2.0"),
}


@pytest.mark.parametrize("version", OLD)
def test_a_version_before_3_is_refused(opened: Opener, keep: Keeper, subject: Library, version: str) -> None:
    own = opened(subject, "PULL")
    own.watch()
    where = own.bind()
    raw = keep(Raw.connect(where))
    raw.send(OLD[version], own)
    raw.closed(own)
    raw.close()
    told = until(own.refusals, f"{own} reports the refusal", own)
    assert any("version" in note or "ZMTP" in note for note in told), told
    assert own.try_receive() is None
    still_good(keep, "PULL", where, own)


def test_an_error_ends_it_and_is_reported(opened: Opener, keep: Keeper, subject: Library) -> None:
    """RFC 37: ERROR is fatal, and what it says is for people to read."""
    own = opened(subject, "PULL")
    own.watch()
    raw = keep(Raw.connect(own.bind()))
    raw.send(greeting() + frame(b"\x05ERROR\x0bgo away now", COMMAND), own)
    raw.closed(own)
    raw.close()
    assert any("go away now" in note for note in until(own.refusals, f"{own} reports the error", own))


@pytest.mark.parametrize("mechanism", [b"CURVE", b"GSSAPI", b"PLAIN", b"", b"null", b"NULL\0X"])
def test_another_mechanism_is_refused(opened: Opener, keep: Keeper, subject: Library, mechanism: bytes) -> None:
    own = opened(subject, "PULL")
    own.watch()
    where = own.bind()
    raw = keep(Raw.connect(where))
    raw.send(greeting(1, mechanism), own)
    raw.closed(own)
    raw.close()
    assert any("mechanism" in note.lower() for note in until(own.refusals, f"{own} reports it", own))
    still_good(keep, "PULL", where, own)
