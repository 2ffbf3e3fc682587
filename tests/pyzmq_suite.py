"""Runs pyzmq's own test suite on the reference socket: ``python tests/pyzmq_suite.py``.

The tests come from the source archive of the installed pyzmq. Archive and a virtual environment for them are kept in
a cache outside the tree. Each test file runs in a child of its own; a test that hangs or brings its process down is
one failure, and the others of its file go on. Exit 1: a test that ``pyzmq_suite_baseline.txt`` lists does not pass.
"""

# ruff: noqa: T201 - it is a command

import argparse
import json
import os
import subprocess
import sys
import tarfile
import time
import venv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "tests" / "pyzmq_suite_baseline.txt"
BACKEND = "enomem.zmq_backend"
NEEDED = ("pytest", "pytest-asyncio", "pytest-rerunfailures", "tornado", "gevent", "numpy")
"""What pyzmq's tests use where it is installed; its test-requirements.txt names more that only its developers need."""

ONE_TEST, NO_TEST, ALL_TESTS = 75.0, 120.0, 900.0
"""Seconds that one test, what is between two, and the whole run may take; pyzmq's tests give up after 60."""

CLASSES = (
    ("CURVE", ("curve", "security requires", "security is new")),
    ("draft", ("draft",)),
    ("Cython", ("pyximport", "cython", "cffi", "bundled libzmq", "mypy")),
    ("libzmq 4.3.5", ("steerable", "windows", "find a way to interrupt")),
    ("pyczmq", ("pyczmq",)),
    ("gevent", ("green",)),
)
"""Why a test is skipped: a name, and what its reason says then."""

NOTES = {
    "CURVE": "all of test_auth and test_security asks for a pair of keys first; what else there is needs ZAP",
    "defect": "to be repaired",
}
"""What there is to say of a class of tests that do not pass."""

DEVIATES: dict[str, str] = {}
"""Tests that fail by intention, with the reason."""


@dataclass
class Results:
    """The outcome of each test by its id, with the reason where it did not pass, and how long all of it took."""

    outcomes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def passed(self) -> set[str]:
        """Which tests passed."""
        return {test for test, outcome in self.outcomes.items() if outcome == "passed"}

    def count(self, file: str = "") -> Counter[str]:
        """How many tests of a file had which outcome."""
        return Counter(outcome for test, outcome in self.outcomes.items() if test.startswith(file))


# --- in the child


class Recorder:
    """A plugin of pytest that writes what becomes of each test as it happens, one JSON line each."""

    def __init__(self, path: str, done: Sequence[str]) -> None:
        self._path = path
        self._done = frozenset(done)
        self._outcome = ("", "")

    def _write(self, **told: Any) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave out what an earlier child has done."""
        items[:] = [item for item in items if item.nodeid not in self._done]

    def pytest_collectreport(self, report: Any) -> None:
        """A file that is skipped, or cannot be collected, counts as one test."""
        if report.outcome != "passed":
            self._write(test=report.nodeid, outcome=report.outcome, reason=reason_of(report))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self._outcome = ("passed", "")
        self._write(begins=nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test is over; `rerun` is pyzmq's own way with tests that it marks flaky."""
        if report.when == "setup":
            self._outcome = ("passed", "")
        if report.outcome not in ("passed", "rerun"):
            self._outcome = (report.outcome, reason_of(report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test is over."""
        outcome, reason = self._outcome
        self._write(test=nodeid, outcome=outcome, reason=reason)


def reason_of(report: Any) -> str:
    """The reason of a skip, or the last line of a failure that says what was wrong."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    lines = [line[1:].strip() for line in str(report.longreprtext).splitlines() if line.startswith("E ")]
    return lines[0] if lines else str(report.longreprtext).strip().rpartition("\n")[2]


def child(arguments: Sequence[str]) -> int:
    """Run one file of tests; ``arguments`` are the file, where to write, and what is done already."""
    import pytest

    file, path, done = arguments[0], arguments[1], json.loads(arguments[2])
    options = ["-q", "-m", "not large", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
    return int(pytest.main([*options, *arguments[3:], file], plugins=[Recorder(path, done)]))


# --- in the parent


def fetched(cache: Path, release: str) -> Path:
    """The folder with pyzmq's tests; fetched if it is not there."""
    folder = cache / f"pyzmq-{release}"
    if not (folder / "tests").is_dir():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pyzmq"]
        subprocess.run([*pip, "--dest", str(cache), f"pyzmq=={release}"], check=True, timeout=ALL_TESTS)
        (archive,) = cache.glob(f"pyzmq-{release}.tar.*")
        with tarfile.open(archive) as tar:
            # Not pyzmq itself: it would be imported from here.
            wanted = [m for m in tar if m.name.partition("/")[2].startswith(("tests/", "pytest.ini"))]
            tar.extractall(cache, members=wanted, filter="data")
    return folder


def interpreter(cache: Path, release: str) -> Path:
    """The Python of a virtual environment with pyzmq and what its tests use."""
    home = cache / f"venv-{release}-{sys.version_info.major}.{sys.version_info.minor}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", f"pyzmq=={release}", *NEEDED]
        subprocess.run(pip, check=True, timeout=ALL_TESTS)
        (home / "complete").touch()
    return python


def run_file(python: Path, folder: Path, file: str, backend: str, extra: Sequence[str], results: Results) -> None:
    """Run one file of tests until each test has an outcome."""
    path = folder / f".results-{os.getpid()}"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYZMQ", "ZMQ_", "ENOMEM_"))}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    if backend:
        environment["PYZMQ_BACKEND"] = backend
    try:
        while True:
            path.write_text("")
            done = json.dumps(sorted(results.outcomes))
            command = [str(python), "-P", __file__, "--child", file, str(path), done, *extra]
            with open(folder / ".output", "wb") as output:
                process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
                late = supervised(process, path)
            running = collect(path, results)
            if not running:
                if process.returncode not in (0, 1, 5):
                    results.outcomes.setdefault(file, "failed")
                    results.reasons.setdefault(file, f"its process ended with {process.returncode}")
                return
            results.outcomes[running] = "failed"
            results.reasons[running] = "hangs" if late else f"its process ended with {process.returncode}"
    finally:
        path.unlink()


def supervised(process: subprocess.Popen[bytes], path: Path) -> bool:
    """Wait for a child; True if a test of it took too long, and it was killed."""
    told, since = "", time.monotonic()
    while True:
        try:
            process.wait(0.2)
            return False
        except subprocess.TimeoutExpired:
            now = path.read_text(encoding="utf-8")
            if now != told:
                told, since = now, time.monotonic()
            last = told.rstrip().rpartition("\n")[2]
            if time.monotonic() - since > (ONE_TEST if '"begins"' in last else NO_TEST):
                process.kill()
                process.wait()
                return True


def collect(path: Path, results: Results) -> str:
    """Take what a child wrote; the test that was running when it ended, or nothing."""
    running = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        if "begins" in told:
            running = told["begins"]
            continue
        running = ""
        results.outcomes[told["test"]] = told["outcome"]
        if told["reason"]:
            results.reasons[told["test"]] = told["reason"]
    return running


def run(python: Path, folder: Path, backend: str, files: Sequence[str], extra: Sequence[str]) -> Results:
    """Run files of tests on a backend, one after the other: they use fixed ports."""
    results, begin = Results(), time.monotonic()
    for file in files:
        if time.monotonic() - begin > ALL_TESTS:
            results.outcomes[file], results.reasons[file] = "failed", "the run took too long"
            continue
        run_file(python, folder, file, backend, extra, results)
        counts = results.count(file)
        print(f"{file}: " + ", ".join(f"{counts[o]} {o}" for o in sorted(counts)), file=sys.stderr, flush=True)
    results.seconds = time.monotonic() - begin
    return results


# --- what is told


def class_of(test: str, results: Results) -> str:
    """Why a test did not pass: a name of `CLASSES`, `deviates`, or `defect`."""
    reason = results.reasons.get(test, "")
    if test in DEVIATES:
        return "deviates"
    if results.outcomes[test] == "failed":
        return "defect"
    for name, marks in CLASSES:
        if any(mark in reason.lower() for mark in marks):
            return name
    return "skipped"


def table(release: str, ours: Results, stock: Results) -> Iterator[str]:
    """The result table, line by line."""
    files = sorted({test.partition("::")[0] for test in (*ours.outcomes, *stock.outcomes)})
    yield "# pyzmq's test suite on the reference socket"
    yield ""
    yield f"Written by `tests/pyzmq_suite.py --table`. pyzmq {release}, `-m 'not large'`; the same tests with libzmq,"
    yield "pyzmq's own backend, beside it. The suite asks about the interface; what the sockets do is asked elsewhere."
    yield ""
    yield "| file | passed | failed | skipped | passed with libzmq |"
    yield "|---|---|---|---|---|"
    for file in [*files, ""]:
        mine, theirs = ours.count(file), stock.count(file)
        name = file.removeprefix("tests/") or "**all**"
        yield f"| {name} | {mine['passed']} | {mine['failed']} | {mine['skipped']} | {theirs['passed']} |"
    yield ""
    rest = sorted(stock.passed() - ours.passed())
    yield f"## Passed with libzmq and not here: {len(rest)}" if rest else "All that pass with libzmq pass here."
    yield ""
    for name, tests in grouped(rest, ours).items():
        note = f" ({NOTES[name]})" if name in NOTES else ""
        yield f"- {name}, {len(tests)}{note}: " + ", ".join(f"`{test.removeprefix('tests/')}`" for test in tests)
    failed = sorted(test for test, outcome in ours.outcomes.items() if outcome == "failed")
    for test in failed:
        yield f"- `{test.removeprefix('tests/')}` fails: {DEVIATES.get(test) or ours.reasons.get(test, '')}"
    more = sorted(ours.passed() - stock.passed())
    if more:
        yield ""
        yield "Passed here and not with libzmq: " + ", ".join(f"`{test.removeprefix('tests/')}`" for test in more)


def grouped(tests: Sequence[str], results: Results) -> dict[str, list[str]]:
    """Tests by the reason why they did not pass."""
    groups: dict[str, list[str]] = {}
    for test in tests:
        name = class_of(test, results) if test in results.outcomes else "not collected"
        groups.setdefault(name, []).append(test)
    return dict(sorted(groups.items()))


def main(arguments: Sequence[str]) -> int:
    """Run the suite; 0 if all tests of the baseline pass, 1 if not, 2 if it could not be run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "enomem"
    parser.add_argument("--cache", type=Path, default=default, help="where archive and environment are kept")
    parser.add_argument("--table", type=Path, help="run libzmq's backend as well, and write the result table there")
    parser.add_argument("--write-baseline", action="store_true", help="make what passes now the baseline")
    parser.add_argument("--backend", default=BACKEND, help="the backend to test ('' is pyzmq's own)")
    parser.add_argument("-k", dest="expression", help="only tests that match, as of pytest; nothing is compared")
    parser.add_argument("files", nargs="*", help="only these files, such as test_poll.py; nothing is compared")
    wanted = parser.parse_args(arguments)
    try:
        release = version("pyzmq")
        wanted.cache.mkdir(parents=True, exist_ok=True)
        folder, python = fetched(wanted.cache, release), interpreter(wanted.cache, release)
    except PackageNotFoundError:
        print("pyzmq is not installed: pip install 'enomem[test]'", file=sys.stderr)
        return 2
    except (OSError, subprocess.SubprocessError) as error:
        print(f"pyzmq's tests could not be fetched: {error}", file=sys.stderr)
        return 2
    files = [f"tests/{file}" for file in wanted.files] or sorted(
        file.relative_to(folder).as_posix() for file in (folder / "tests").glob("test_*.py")
    )
    extra = ["-k", wanted.expression] if wanted.expression else []
    ours = run(python, folder, wanted.backend, files, extra)
    for test, outcome in sorted(ours.outcomes.items()):
        if outcome == "failed":
            print(f"failed: {test}: {ours.reasons.get(test, '')}")
    counts = ours.count()
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped in {ours.seconds:.0f} s")
    if wanted.table:
        stock = run(python, folder, "", files, extra)
        wanted.table.write_text("\n".join(table(release, ours, stock)) + "\n", encoding="utf-8")
    if wanted.write_baseline:
        BASELINE.write_text("".join(f"{test}\n" for test in sorted(ours.passed())), encoding="utf-8")
    if wanted.files or extra or wanted.backend != BACKEND:
        return 0
    return compared(ours)


def compared(ours: Results) -> int:
    """1 if a test of the baseline does not pass any more, and which; 2 if there is no baseline."""
    if not BASELINE.exists():
        print(f"there is no baseline: write {BASELINE.name} with --write-baseline", file=sys.stderr)
        return 2
    lost = sorted(set(BASELINE.read_text(encoding="utf-8").split("\n")) - {""} - ours.passed())
    for test in lost:
        print(f"no longer passes: {test}: {ours.reasons.get(test, 'not collected')}")
    return 1 if lost else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(child(sys.argv[2:]))
    sys.exit(main(sys.argv[1:]))
