"""`enomem torture -- CMD`: a program of the user's, here one with a library that fails in a way of our choice."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from enomem.checks import cli
from enomem.checks.errors import UsageError
from enomem.checks.torture import shim, stacks
from enomem.checks.torture.judge import Outcome
from enomem.checks.torture.program import NAME, Ended, Program, judge

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that calls itself libzmq."""
    library = tmp_path_factory.mktemp("fake") / "libzmq-fake.so"
    subprocess.run([*shim.compiler(), "-shared", "-fPIC", "-o", str(library), str(HERE / "fake_zmq.c")], check=True)
    return library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shim.build(tmp_path_factory.mktemp("shim"))


def words(fake: Path, mode: str) -> list[str]:
    return [sys.executable, str(HERE / "torture_program.py"), str(fake), mode]


@pytest.mark.parametrize(
    ("mode", "outcome", "site", "detail"),
    [
        ("abort", Outcome.ABORT, "fake.cpp:12", "alloc_assert"),
        ("segv", Outcome.ABORT, "SIGSEGV at libzmq+", "crash"),
        ("hang", Outcome.HANG, "", "longer than"),
        ("enomem", Outcome.ENOMEM, "", "exit status 1"),
        ("fails", Outcome.FAILED, "", "exit status 1"),
        ("differs", Outcome.DIFFERS, "", "'work 2' in place of 'work 1'"),
        ("ignores", Outcome.NOTHING, "", ""),
    ],
)
def test_each_way_to_bear_it_is_seen_for_what_it_is(
    fake: Path, library: Path, tmp_path: Path, mode: str, outcome: Outcome, site: str, detail: str
) -> None:
    bench = Program(library, words(fake, mode), tmp_path)
    found, _ = bench.record(NAME)
    (stack,) = found
    assert (stack.count, stack.size, stack.innermost.is_libzmq) == (5, 77, True)
    verdict, _ = bench.run((NAME, stack.key, 2), 0, 0.2)
    assert verdict.outcome == outcome
    assert verdict.site.startswith(site)
    assert verdict.detail.startswith(detail)
    never, _ = bench.run((NAME, stack.key, 6), 0, 10.0)
    assert never.outcome == Outcome.NOT_REACHED


def test_output_that_is_never_the_same_is_not_compared() -> None:
    usual, other = Ended(0, b"1\n", "", 0.1), Ended(0, b"2\n", "", 0.1)
    seen = stacks.Seen((), 1, True, 0)
    assert judge(other, usual, seen, (NAME, "0", 1), alike=True).outcome == Outcome.DIFFERS
    assert judge(other, usual, seen, (NAME, "0", 1), alike=False).outcome == Outcome.NOTHING


def test_a_shell_that_tells_of_an_abort_is_an_abort(fake: Path, library: Path, tmp_path: Path) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    bench = Program(library, [shell, "-c", '"$@"; exit $?', "sh", *words(fake, "abort")], tmp_path)
    ((stack,), _) = bench.record(NAME)
    verdict, _ = bench.run((NAME, stack.key, 1), 0, 10.0)
    assert (verdict.outcome, verdict.site, verdict.detail) == (Outcome.ABORT, "fake.cpp:12", "alloc_assert")


def test_the_command_tortures_a_program_and_goes_on_where_it_stopped(fake: Path, tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    options = ("torture", "--quiet", "--json", str(file), "--")
    first = CliRunner().invoke(cli.main, [*options, *words(fake, "abort")])
    assert first.exit_code == 1, first.output
    assert "3 allocations failed, one a run" in first.output
    assert "fake.cpp:12" in first.output
    found = json.loads(file.read_text())
    assert [case["outcome"] for case in found["cases"]] == ["abort"] * 3
    assert found["subject"]["library"] == "libzmq-fake.so"
    again = CliRunner().invoke(cli.main, [*options, *words(fake, "abort")])
    assert again.exit_code == 1
    assert json.loads(file.read_text())["cases"] == found["cases"]
    other = CliRunner().invoke(cli.main, [*options, *words(fake, "hang")])
    assert other.exit_code == 2
    assert "is of another command: give another file, or remove it" in other.output


def test_a_program_that_bears_everything_exits_with_0(fake: Path) -> None:
    done = CliRunner().invoke(cli.main, ["torture", "--quiet", "--", *words(fake, "ignores")])
    assert done.exit_code == 0, done.output
    assert "nothing seen" in done.output


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["true"], "true never allocates through a shared libzmq"),
        (["no-such-program-here"], "no-such-program-here cannot be started: No such file or directory"),
    ],
)
def test_a_program_without_libzmq_is_said_in_a_sentence(command: list[str], said: str) -> None:
    done = CliRunner().invoke(cli.main, ["torture", "--quiet", "--", *command])
    assert done.exit_code == 2
    assert done.output.splitlines() == [f"enomem: {said}"]


def test_a_program_that_does_not_end_is_the_callers_mistake(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enomem.checks.torture.program.UNTOUCHED", 0.2)
    with pytest.raises(UsageError, match="does not end by itself within"):
        Program(library, ["sleep", "60"], tmp_path).record(NAME)
