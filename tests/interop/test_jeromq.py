"""JeroMQ: 0.6.0, every legal pair of types; Debian's 0.3.6, which speaks ZMTP 2.0 only, is refused with the reason.

Each is skipped, with what to install, where it is not there.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from children import child

from enomem.checks.errors import UsageError
from enomem.checks.targets.registry import DEBIAN, by_name
from enomem.checks.targets.target import Said, Target

from . import matrix, talks
from .ends import End, Library, Parts
from .fixtures import Keeper, Opener
from .raw import Raw
from .waiting import until

LONG_MS = 10_000
"""How long the rest of a message is waited for, once its first part has been taken or has come."""
MESSAGES = [*matrix.SHAPES["empty"], *matrix.SHAPES["filled"][:14]]


class Adapted(End):
    """A socket of a target."""

    def __init__(self, target: Target, kind: str, **options: int | bytes) -> None:
        self.target, self.kind = target, kind
        self.number = target.create(kind, options)
        self.early: list[Parts] = []

    def __repr__(self) -> str:
        return f"<{self.target.name} {self.kind}>"

    def set(self, **options: Any) -> None:
        for name, value in options.items():
            assert self.target.option(self.number, name, value) is Said.OK

    def bind(self, endpoint: str = "tcp://127.0.0.1:*") -> str:
        return self.target.bind(self.number, endpoint)

    def connect(self, endpoint: str) -> None:
        assert self.target.connect(self.number, endpoint) is Said.OK

    def serve(self, milliseconds: int) -> None:
        message = self._receive(milliseconds)
        if message is not None:
            self.early.append(message)

    def try_send(self, parts: Parts) -> bool:
        said = self.target.send(self.number, parts[0], len(parts) > 1, 0)
        if said in (Said.AGAIN, Said.UNREACHABLE):
            return False
        answers = [said]
        for place, part in enumerate(parts[1:], 2):
            answers.append(self.target.send(self.number, part, place < len(parts), LONG_MS))
        assert answers == [Said.OK] * len(parts)
        return True

    def reachable(self, parts: Parts) -> bool:
        return self.try_send(parts)

    def try_receive(self) -> Parts | None:
        return self.early.pop(0) if self.early else self._receive(0)

    def _receive(self, milliseconds: int) -> Parts | None:
        received = self.target.receive(self.number, milliseconds)
        if received.said is not Said.OK:
            assert received.said in (Said.AGAIN, Said.STATE, Said.UNSUPPORTED)
            return None
        parts = [received.part]
        while received.more:
            received = self.target.receive(self.number, LONG_MS)
            assert received.said is Said.OK
            parts.append(received.part)
        return parts


@pytest.fixture(scope="module")
def process() -> Iterator[Target]:
    """JeroMQ in its process; one that speaks ZMTP 3."""
    try:
        target = by_name("jeromq")
    except UsageError as error:
        pytest.skip(str(error))
    try:
        if target.version.startswith("0.3."):
            pytest.skip(
                f"JeroMQ {target.version} speaks ZMTP 2.0 only: pip install --no-deps kotlin-jupyter-kernel has 0.6.0"
            )
        yield target
    finally:
        target.end()


@pytest.fixture
def jeromq(process: Target) -> Iterator[Target]:
    """It, as new."""
    yield process
    process.reset()


@pytest.mark.parametrize("side", matrix.SIDES, ids=str)
def test_a_pair_talks(opened: Opener, subject: Library, jeromq: Target, side: matrix.Side) -> None:
    named = side.pair == ("ROUTER", "ROUTER")
    options = [{"ROUTING_ID": name, "ROUTER_MANDATORY": 1} if named else {} for name in talks.NAMES]
    own = opened(subject, side.own, **options[not side.first])
    other = Adapted(jeromq, side.other, **options[side.first])
    binder, connecter = (own, other) if side.binds else (other, own)
    connecter.connect(binder.bind())
    talks.TALKS[side.pair](*((own, other) if side.first else (other, own)), MESSAGES)


PUSH = """
import org.zeromq.ZMQ;
public class Push {
    public static void main(String[] endpoint) {
        ZMQ.Socket push = ZMQ.context(1).socket(ZMQ.PUSH);
        push.connect(endpoint[0]);
        while (true) push.send("from 2.0");
    }
}
"""


@pytest.fixture(scope="session")
def java() -> list[str]:
    """The command that runs a source file with JeroMQ 0.3.6 at hand."""
    program = shutil.which("java")
    if program is None:
        pytest.skip("java is not installed")
    if not DEBIAN.exists():
        pytest.skip(f"there is no {DEBIAN}: apt install libjeromq-java")
    return [program, "-XX:TieredStopAtLevel=1", "-cp", str(DEBIAN)]


def test_a_2_0_peer_is_refused(
    java: list[str], tmp_path: Path, opened: Opener, keep: Keeper, subject: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "Push.java"
    source.write_text(PUSH)
    own = opened(subject, "PULL")
    own.watch()
    where = own.bind()
    # A Java machine has to start and to compile first.
    monkeypatch.setattr("interop.waiting.SECONDS", 60.0)
    with child([*java, source, where]):
        told = until(own.refusals, f"{own} reports the refusal", own)
    assert any("2.0" in note or "version" in note for note in told), told
    assert own.try_receive() is None
    good = keep(Raw.connect(where))
    good.handshake("PUSH", own)
