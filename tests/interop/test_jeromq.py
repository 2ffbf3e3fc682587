"""Debian's JeroMQ 0.3.6, which speaks ZMTP 2.0 and nothing newer: refused, with the reason. Skipped without it."""

import os
import shutil
from pathlib import Path

import pytest
from children import child

from .ends import Library
from .fixtures import Keeper, Opener
from .raw import Raw
from .waiting import until

JAR = Path(os.environ.get("ENOMEM_JEROMQ", "/usr/share/java/jeromq.jar"))
"""Where the Debian package libjeromq-java has put it."""

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
    """The command that runs a source file with JeroMQ at hand."""
    program = shutil.which("java")
    if program is None:
        pytest.skip("java is not installed")
    if not JAR.exists():
        pytest.skip(f"there is no {JAR}: apt install libjeromq-java")
    return [program, "-XX:TieredStopAtLevel=1", "-cp", str(JAR)]


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
