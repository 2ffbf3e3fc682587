"""The referee in a process of its own: its answers are the scene's, and its end is an outcome and not the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from enomem.checks.errors import Inconclusive, OurFault
from enomem.checks.torture import scene, shim, worker
from enomem.checks.torture.judge import Outcome
from enomem.checks.torture.worker import Remote

PUSH = "push-pull: PUSH connects"


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    bench = Remote(shim.build(tmp_path), "restart", tmp_path)
    yield bench
    bench.close()


def test_a_worker_that_is_gone_is_an_outcome_and_the_next_one_goes_on(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks, usual = remote.record(PUSH)
    assert usual == 0
    (copies,) = [stack for stack in stacks if stack.count > 200]
    before, _ = remote.run((PUSH, copies.key, 1), usual, 10.0)
    assert before.outcome == Outcome.WRONG
    started = remote._start
    remote.close()
    with monkeypatch.context() as patched:
        patched.setattr(worker.sys, "executable", str(_aborts(tmp_path)))
        remote._worker = started()
    gone, _ = remote.run((PUSH, copies.key, 1), usual, 10.0)
    assert (gone.outcome, gone.detail) == (Outcome.PEER, "other assertion session_base.cpp:233")
    after, _ = remote.run((PUSH, copies.key, 1), usual, 10.0)
    assert after == before


def test_a_worker_that_is_gone_untouched_is_our_fault(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.close()
    monkeypatch.setattr(worker.sys, "executable", str(_aborts(tmp_path)))
    remote._worker = remote._start()
    with pytest.raises(OurFault, match=r"with no allocation failed: Resource .* \(src/session_base.cpp:233\)"):
        remote.record(PUSH)


def _aborts(folder: Path) -> Path:
    """A program that ends as libzmq does, whatever its arguments."""
    file = folder / "aborts"
    file.write_text("#!/bin/sh\necho 'Resource temporarily unavailable (src/session_base.cpp:233)' >&2\nkill -6 $$\n")
    file.chmod(0o755)
    return file


def test_what_the_scene_cannot_do_is_said_here(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(scene.Scene):
        def __init__(self) -> None:
            pass

        def record(self, variant: str) -> scene.Recorded:
            raise Inconclusive(f"{variant} goes wrong")

    said = worker.answer(Odd(), {"record": PUSH})
    assert said == {"error": "Inconclusive", "text": f"{PUSH} goes wrong"}
    assert worker.ERRORS[said["error"]] is Inconclusive
