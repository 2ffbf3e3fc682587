"""The shim: what compiles it, what it writes down, that a name means the same in every run; and names for people."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from enomem.checks.errors import OurFault, UsageError
from enomem.checks.torture import names, shim, stacks
from enomem.checks.torture.judge import Outcome, judge
from enomem.checks.torture.referee import Case, Referee
from enomem.checks.torture.scene import VARIANTS
from enomem.checks.torture.stacks import Frame, Seen, Stack

PUSH = VARIANTS["push-pull: PUSH connects"]

FAKE_ZIG = """
import os, sys
assert sys.argv[1] == "cc"
os.execvp("cc", ["cc", *sys.argv[2:]])
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shim.build(tmp_path_factory.mktemp("shim"))


def untouched(library: Path, folder: Path) -> Seen:
    """What a process of its own writes down in an untouched run."""
    folder.mkdir()
    referee = Referee(library, folder)
    try:
        return referee.run(Case(PUSH), 10.0)[1]
    finally:
        referee.close()


# --- what compiles it


def test_cc_comes_before_zig_and_zig_before_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert shim.compiler() == ("/usr/bin/cc",)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if name == "ziglang" else None)
    assert shim.compiler() == (sys.executable, "-m", "ziglang", "cc")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"no C compiler: .* pip install 'enomem\[torture\]' brings one"):
        shim.compiler()


def test_the_wheel_is_called_as_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ziglang").mkdir()
    (tmp_path / "ziglang" / "__main__.py").write_text(FAKE_ZIG)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    built = shim.build(tmp_path, (sys.executable, "-m", "ziglang", "cc"))
    assert built.read_bytes().startswith(b"\x7fELF")


def test_what_a_compiler_says_is_handed_on(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot compile the shim: no such option"):
        shim.build(tmp_path, (sys.executable, "-c", "import sys; sys.exit('no such option')"))


def test_elsewhere_than_on_linux_it_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageError, match="torture needs Linux with glibc"):
        shim.supported()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    with pytest.raises(UsageError, match="torture needs Linux with glibc"):
        shim.supported()


# --- what it writes down


def test_a_stack_has_the_same_name_and_count_in_two_processes(library: Path, tmp_path: Path) -> None:
    one, two = (untouched(library, tmp_path / name) for name in ("one", "two"))
    by_key = [{stack.key: stack for stack in seen.stacks} for seen in (one, two)]
    shared = by_key[0].keys() & by_key[1].keys()
    # Where threads meet differs from run to run; how the context and the socket are made does not.
    assert len(shared) >= 0.8 * max(len(one.stacks), len(two.stacks))
    for key in shared:
        assert by_key[0][key].frames == by_key[1][key].frames
    made = [stack for stack in one.stacks if names.entered(stack) == "zmq_ctx_new"]
    assert made
    for stack in made:
        assert by_key[1][stack.key].count == stack.count
    (copies,) = [stack for stack in one.stacks if stack.count > 2 * PUSH.count]
    # Two parts of each message are too long to be kept inside it, and those of messages that only ask come on top.
    assert copies.count >= 2 * PUSH.count + 2
    assert by_key[1][copies.key].size == copies.size


def test_the_allocation_that_fails_is_the_one_that_was_named(library: Path, tmp_path: Path) -> None:
    referee = Referee(library, tmp_path)
    try:
        seen = referee.run(Case(PUSH), 10.0)[1]
        (copies,) = [stack for stack in seen.stacks if stack.count > 2 * PUSH.count]
        for hit, message in ((1, "V0"), (2, "V0"), (3, "V1")):
            found, again = referee.run(Case(PUSH, copies.key, hit), 10.0)
            assert found.fired
            verdict = judge(found, again, copies.key, hit, usual=0)
            assert verdict.outcome == Outcome.WRONG
            # Sent again from its first part, which was queued already: a message that nobody sent.
            assert verdict.detail.startswith(f"received [{message}.1/3, {message}.")
        made = next(stack for stack in seen.stacks if names.entered(stack) == "zmq_ctx_new")
        sites = set()
        for _ in range(2):
            found, again = referee.run(Case(PUSH, made.key, 1), 10.0)
            verdict = judge(found, again, made.key, 1, usual=0)
            sites.add((verdict.outcome, verdict.site))
        assert len(sites) == 1
        never, _ = referee.run(Case(PUSH, copies.key, 10**6), 10.0)
        assert (never.fired, never.status) == (False, 0)
    finally:
        referee.close()


@pytest.mark.parametrize("recovery", ["resume", "next"])
def test_other_recoveries_leave_other_messages(library: Path, tmp_path: Path, recovery: str) -> None:
    referee = Referee(library, tmp_path)
    try:
        seen = referee.run(Case(PUSH, recovery=recovery), 10.0)[1]
        (copies,) = [stack for stack in seen.stacks if stack.count > 2 * PUSH.count]
        found, again = referee.run(Case(PUSH, copies.key, 1, recovery), 10.0)
        verdict = judge(found, again, copies.key, 1, usual=0)
    finally:
        referee.close()
    if recovery == "resume":
        assert verdict.outcome == Outcome.ENOMEM
    else:
        assert (verdict.outcome, verdict.detail) == (
            Outcome.WRONG, "received [V0.1/3, V1.1/3, V1.2/3, V1.3/3]",
        )  # fmt: skip


def test_a_file_that_nobody_mapped_says_nothing_and_another_one_is_refused(tmp_path: Path) -> None:
    assert stacks.read(tmp_path / "none") == stacks.NOTHING
    (tmp_path / "other").write_bytes(b"something else")
    with pytest.raises(OurFault, match="other is not what the shim writes: 14 octets"):
        stacks.read(tmp_path / "other")
    (tmp_path / "magic").write_bytes(struct.pack("Q", 7) + bytes(stacks.SIZE - 8))
    with pytest.raises(OurFault, match="magic is not what the shim writes"):
        stacks.read(tmp_path / "magic")


# --- names for people


def test_a_place_is_a_source_line_where_there_is_one_and_else_an_offset(tmp_path: Path) -> None:
    source, module = tmp_path / "two.c", tmp_path / "libzmq-two.so"
    source.write_text("int first(void) { return 1; }\nint second(void) { return 2; }\n")
    compile_it = [*shim.compiler(), "-shared", "-fPIC", "-O0", "-o", str(module), str(source)]
    subprocess.run([*compile_it, "-g"], check=True)
    known = {name: value for value, _, name in names.exported(str(module))}
    assert set(known) >= {"first", "second"}
    frame = Frame(str(module), known["second"] + 2)
    assert names.symbol(frame) == "second"
    assert names.place(frame) == ("two.c:2" if shutil.which("addr2line") else f"libzmq+{frame.offset:#x}")
    assert names.symbol(Frame(str(module), 1 << 40)) == ""
    assert names.place(Frame(str(tmp_path / "gone.so"), 0x10)) == "libzmq+0x10"
    assert names.exported(__file__) == ()


def test_who_entered_libzmq_is_a_function_or_a_thread_of_its_own() -> None:
    inner, runtime = Frame("/x/libzmq-1.so.5", 0x30), Frame("/lib/libc.so.6", 0x40)
    assert names.entered(Stack("a", 1, 8, (runtime, inner, runtime))) == names.THREAD
    assert names.entered(Stack("a", 1, 8, (runtime, inner))) == "libzmq+0x30"


@pytest.mark.parametrize(
    ("mangled", "shown"),
    [("_ZN3zmq5ctx_t13create_socketEi", "zmq::ctx_t::create_socket"), ("zmq_connect", "zmq_connect"), ("", "")],
)
def test_a_mangled_name_is_shown_without_its_arguments(mangled: str, shown: str) -> None:
    assert names.plain(mangled) == shown
