"""The second layer in small: a few allocations of the interpreter fail, and the socket keeps its strong guarantee.

All of them are tried by ``python tests/oom/interpreter.py``. What CPython breaks itself is counted, and no failure
here.
"""

import os
import time
from dataclasses import replace

import pytest

from . import interpreter
from .interpreter import OPERATIONS, Class, Operation, Stand, run

pytestmark = pytest.mark.skipif(interpreter.set_nomemory is None, reason="no _testcapi.set_nomemory in this build")

SOUND = {Class.DONE, Class.CLEAN, Class.ANNOUNCED}
"""What the socket answers for. In the others below, CPython has broken before."""
CPYTHON = {Class.SPINS, Class.INTERPRETER, Class.DEAD}


@pytest.mark.parametrize("name", ["send", "send by parts", "send_multipart", "recv_multipart"])
def test_after_a_real_memory_error_the_socket_is_as_it_was_or_the_call_is_done(name: str) -> None:
    found = [(first, *run(OPERATIONS[name], first, first + 1)) for first in range(1, 40, 3)]
    assert [run for run in found if run[1] not in SOUND | CPYTHON] == []
    assert sum(came in SOUND for _, came, _ in found) > len(found) // 2
    # Something must have failed, or nothing was tried.
    assert any(came == Class.CLEAN for _, came, _ in found)


def torn(stand: Stand) -> None:
    """A call that changes half of what it should change."""
    stand.context.pool = replace(stand.context.pool, used=stand.context.pool.used + 1)
    raise MemoryError


def lost(stand: Stand) -> None:
    """A call that says it was done, and was not."""


def hangs(stand: Stand) -> None:
    """A call that waits for nothing."""
    time.sleep(60)


def spins(stand: Stand) -> None:
    """A call that never ends."""
    while True:
        pass


def aborts(stand: Stand) -> None:
    """The interpreter is no more."""
    os.abort()


def confuses(stand: Stand) -> None:
    """The interpreter has lost an exception."""
    raise SystemError("error return without exception set")


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (torn, Class.BOOKS), (lost, Class.LOST), (hangs, Class.HANG), (spins, Class.SPINS), (aborts, Class.INTERPRETER),
        (confuses, Class.INTERPRETER),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_what_breaks_is_told_apart(
    act: object, expected: Class, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(interpreter, "SECONDS", 1.0)
    monkeypatch.setattr(interpreter, "PATIENCE", 1.0)
    send = OPERATIONS["send"]
    assert callable(act)
    found, text = run(Operation(send.prepare, act, send.verify), 1 << 30, 0)
    assert (found, text) == (expected, text)
