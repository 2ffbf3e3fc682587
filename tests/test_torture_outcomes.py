"""What is said of a victim: seeded ones of each outcome, seen by the true referee, and the finer points without one."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torture_victims

from enomem.checks.torture import shim
from enomem.checks.torture.judge import Kind, Outcome, Verdict, judge, last_word, missing, wrong
from enomem.checks.torture.message import FINAL, LARGE, SMALL, labels, message, recognised
from enomem.checks.torture.referee import CLEAN, Case, Observed, Referee, Stream
from enomem.checks.torture.scene import VARIANTS
from enomem.checks.torture.stacks import Frame, Seen, Stack

PATIENCE = 10.0
OTHERS = {Outcome.DIFFERS, Outcome.PEER, Outcome.NOT_REACHED}
"""Seeded elsewhere: in test_torture_program, in test_torture_worker, and below."""

STACK = Stack("00000000000000aa", 1, 8, (Frame("/lib/libstdc++.so.6", 16), Frame("/x/libzmq-1.so.5", 0x4F062)))
FIRED = Seen((STACK,), 1, True, 0)

SEEDED = {
    "whole": (Outcome.NOTHING, ""),
    "told": (Outcome.ENOMEM, "send"),
    "splice": (Outcome.WRONG, "received [V3.1/3, V3.1/3, V3.2/3, V3.3/3]"),
    "partial": (Outcome.WRONG, "received [V3.1/3, V3.2/3]"),
    "altered": (Outcome.WRONG, "received [V3.1/3, V3.2/3, ? 300 octets: 562c332c322c337c46464646]"),
    "twice": (Outcome.WRONG, "received V3 twice"),
    "swapped": (Outcome.WRONG, "received V3 after V4"),
    "lost": (Outcome.LOST, "1 messages"),
    "hang": (Outcome.HANG, "after sent"),
    "aborts": (Outcome.ABORT, "alloc_assert"),
    "dies": (Outcome.ABORT, "crash"),
    "error": (Outcome.FAILED, "Invalid argument (addr='nonsense://')"),
    "closed": (Outcome.CLOSED, ""),
    "closed_and_lost": (Outcome.LOST_CLOSED, "1 messages"),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shim.build(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def seen(request: pytest.FixtureRequest, library: Path, tmp_path: Path) -> Verdict:
    """What is said of the victim with the fault of this name."""
    referee = Referee(library, tmp_path, victim=(torture_victims.__file__, request.param))
    try:
        patience = 1.0 if request.param == "hang" else PATIENCE
        found, stacks = referee.run(Case(VARIANTS["push-pull: PUSH connects"]), patience)
    finally:
        referee.close()
    return judge(found, stacks, CLEAN, 0, usual=0)


@pytest.mark.parametrize(("seen", "fault"), [(name, name) for name in SEEDED], indirect=["seen"])
def test_a_seeded_victim_is_seen_for_what_it_is(seen: Verdict, fault: str) -> None:
    assert (seen.outcome, seen.detail) == SEEDED[fault]
    if fault == "aborts":
        assert seen.site == "yqueue.hpp:92"


def test_every_fault_has_its_outcome_and_every_outcome_its_fault() -> None:
    assert set(SEEDED) == set(torture_victims.FAULTS)
    assert {outcome for outcome, _ in SEEDED.values()} == set(Outcome) - OTHERS


def test_a_stack_that_did_not_come_is_no_result() -> None:
    verdict = judge(Observed(status=0), Seen((), 0, False, 0), STACK.key, 2, usual=0)
    assert verdict == Verdict(Outcome.NOT_REACHED, detail="the stack did not come 2 times in this run")


@pytest.mark.parametrize(
    ("stderr", "kind", "said"),
    [
        ("FATAL ERROR: OUT OF MEMORY (bundled/zeromq/src/pipe.cpp:30)", Kind.ALLOC_ASSERT, "pipe.cpp:30"),
        ("FATAL ERROR: OUT OF MEMORY (/build/zeromq/src/pipe.cpp:30)", Kind.ALLOC_ASSERT, "pipe.cpp:30"),
        ("noise\nAssertion failed: s (src/ctx.cpp:148)\nmore noise", Kind.ASSERTION, "ctx.cpp:148"),
        ("Cannot allocate memory (ctx.cpp:188)", Kind.ASSERTION, "ctx.cpp:188"),
        ("terminate called after throwing 'std::bad_alloc'\n  what():  std::bad_alloc", Kind.BAD_ALLOC, ""),
        ("Aborted (core dumped)", Kind.CRASH, ""),
    ],
)
def test_the_place_of_an_assertion_is_read_whatever_its_kind(stderr: str, kind: Kind, said: str) -> None:
    assert last_word(stderr) == (kind, said)


def test_an_exception_is_named_by_where_memory_was_asked_for() -> None:
    found = Observed(status=-6, stderr="terminate called\n  what():  std::bad_alloc", fired=True)
    assert judge(found, FIRED, STACK.key, 1, usual=0) == Verdict(
        Outcome.ABORT, "bad_alloc at libzmq+0x4f062", "uncaught bad_alloc"
    )
    found.stderr, found.status = "", -11
    assert judge(found, FIRED, STACK.key, 1, usual=0) == Verdict(Outcome.ABORT, "SIGSEGV at libzmq+0x4f062", "crash")


def test_the_worst_that_was_seen_counts() -> None:
    splice = [*labels("V", 0, 3), *labels("V", 1, 3)]
    found = Observed(status=-9, hung=True, enomem=["send"], streams=[Stream("V", [0, 1], [splice])])
    assert judge(found, FIRED, CLEAN, 0, usual=0).outcome == Outcome.WRONG
    found.streams[0].got = [labels("V", 0, 3)]
    assert judge(found, FIRED, CLEAN, 0, usual=0).outcome == Outcome.HANG
    found.hung, found.status, found.closed = False, 0, 1
    assert judge(found, FIRED, CLEAN, 0, usual=0).outcome == Outcome.LOST_CLOSED
    assert judge(found, FIRED, CLEAN, 0, usual=1).outcome == Outcome.LOST
    found.streams[0].got.append(labels("V", 1, 3))
    assert judge(found, FIRED, CLEAN, 0, usual=1).outcome == Outcome.ENOMEM


def test_messages_for_another_and_lost_ones_are_told() -> None:
    stream = Stream("P", [0, 1, 2], [labels("Q", 0, 3), labels("P", 2, 3)])
    assert list(wrong(stream)) == ["received [Q0.1/3, Q0.2/3, Q0.3/3], which was for another"]
    # What only asks whether anything arrives is in no order with the rest, but must be whole like all.
    asked = [labels("H", FINAL, 3), labels("P", 0, 3), labels("H", FINAL, 3)]
    assert list(wrong(Stream("P", [0], asked))) == []
    spliced = [[*labels("H", FINAL, 3)[:1], *labels("H", FINAL, 3)]]
    assert list(wrong(Stream("P", [0], spliced))) == ["received [H100000.1/3, H100000.1/3, H100000.2/3, H100000.3/3]"]
    assert missing(Stream("P", [0, 1, 2], [labels("P", 2, 3)])) == [0, 1]


@pytest.mark.parametrize("sizes", [SMALL, LARGE], ids=["small", "large"])
def test_no_octet_of_a_message_may_differ(sizes: tuple[int, ...]) -> None:
    parts = message("V", 7, sizes)
    assert [recognised(part, sizes) for part in parts] == labels("V", 7, 3)
    for part in parts:
        assert recognised(part[:-1], sizes).startswith("? ")
        assert recognised(part + b"x", sizes).startswith("? ")
        assert recognised(bytes([part[0] ^ 1]) + part[1:], sizes) != recognised(part, sizes)


def test_no_victim_outlives_its_referee(library: Path, tmp_path: Path) -> None:
    program = f"""
import os, signal, sys, threading
from pathlib import Path
from enomem.checks.torture.referee import Case, Referee
from enomem.checks.torture.scene import VARIANTS
referee = Referee(Path({str(library)!r}), Path({str(tmp_path)!r}), victim=({torture_victims.__file__!r}, "hang"))
told = type(referee)._lines
def lines(self, seconds=0.0):
    found = told(self, seconds)
    for line in found:
        if line["event"] == "born":
            print(self._parent.pid, line["pid"], flush=True)
        if line["event"] == "sent":
            os.kill(os.getpid(), signal.SIGKILL)
    return found
type(referee)._lines = lines
referee.run(Case(VARIANTS["push-pull: PUSH connects"]), 60.0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pids = [int(word) for word in done.stdout.split()]
    assert len(pids) == 2
    until = time.monotonic() + 30.0
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < until, "a victim is still there"


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie that nobody waits for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
