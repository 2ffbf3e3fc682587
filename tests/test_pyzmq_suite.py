"""The command that runs pyzmq's suite loses no test: failed, skipped, hanging and crashing ones are told apart."""

import sys
from pathlib import Path

import pytest
import pyzmq_suite
from pyzmq_suite import Results

SUITE = """
import os, time, pytest

def test_passes(): pass

def test_fails(): assert 1 == 2

@pytest.mark.skipif(True, reason="CURVE unsupported")
def test_is_skipped(): pass

def test_kills_its_process(): os._exit(3)

@pytest.fixture
def bad(): raise RuntimeError("in a fixture")

def test_has_no_fixture(bad): pass

@pytest.fixture
def late():
    yield
    raise RuntimeError("afterwards")

def test_fails_late(late): pass

def test_hangs():
    while True: time.sleep(0.1)

@pytest.mark.large
def test_large(): raise SystemError

def test_passes_at_the_end(): pass
"""
FILE = "tests/test_some.py"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("suite")
    (folder / "tests").mkdir()
    (folder / FILE).write_text(SUITE)
    (folder / "tests/test_broken.py").write_text("import no_such_module")
    (folder / "tests/test_left_out.py").write_text("import pytest\npytest.importorskip('no_such_cython')")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    large: large\n")
    files = [FILE, "tests/test_broken.py", "tests/test_left_out.py"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyzmq_suite, "ONE_TEST", 3.0)
        return pyzmq_suite.run(Path(sys.executable), folder, "", files, [])


def test_each_test_has_its_outcome(results: Results) -> None:
    assert results.outcomes == {
        f"{FILE}::test_passes": "passed",
        f"{FILE}::test_fails": "failed",
        f"{FILE}::test_is_skipped": "skipped",
        f"{FILE}::test_kills_its_process": "failed",
        f"{FILE}::test_has_no_fixture": "failed",
        f"{FILE}::test_fails_late": "failed",
        f"{FILE}::test_hangs": "failed",
        f"{FILE}::test_passes_at_the_end": "passed",
        "tests/test_broken.py": "failed",
        "tests/test_left_out.py": "skipped",
    }


def test_each_failure_has_its_reason(results: Results) -> None:
    reasons = {test.rpartition("::")[2]: reason for test, reason in results.reasons.items()}
    assert reasons == {
        "test_fails": "assert 1 == 2",
        "test_is_skipped": "CURVE unsupported",
        "test_kills_its_process": "its process ended with 3",
        "test_has_no_fixture": "RuntimeError: in a fixture",
        "test_fails_late": "RuntimeError: afterwards",
        "test_hangs": "hangs",
        "tests/test_broken.py": "ModuleNotFoundError: No module named 'no_such_module'",
        "tests/test_left_out.py": "could not import 'no_such_cython': No module named 'no_such_cython'",
    }


def test_a_skip_has_a_class(results: Results) -> None:
    classes = {test: pyzmq_suite.class_of(test, results) for test in results.outcomes if test not in results.passed()}
    assert classes.pop(f"{FILE}::test_is_skipped") == "CURVE"
    assert classes.pop("tests/test_left_out.py") == "Cython"
    assert set(classes.values()) == {"defect"}


def test_the_table_counts_and_names(results: Results) -> None:
    libzmq = Results(dict.fromkeys(results.outcomes, "passed"))
    lines = list(pyzmq_suite.table("1.2", results, libzmq))
    assert "| test_some.py | 2 | 5 | 1 | 8 |" in lines
    assert "| **all** | 2 | 6 | 2 | 10 |" in lines
    assert "## Passed with libzmq and not here: 8" in lines
    assert f"- CURVE, 1 ({pyzmq_suite.NOTES['CURVE']}): `test_some.py::test_is_skipped`" in lines
    assert "- `test_some.py::test_hangs` fails: hangs" in lines


def test_the_baseline_lists_tests() -> None:
    listed = pyzmq_suite.BASELINE.read_text(encoding="utf-8").splitlines()
    assert listed == sorted(set(listed))
    assert len(listed) > 344, "what the experiment of facts.md passed"
