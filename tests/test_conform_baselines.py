"""What is shipped and published of real libraries: baselines that hold, results that are shown, scripts that run."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from enomem.checks.cli import main
from enomem.checks.conform import baseline, matrix
from enomem.checks.conform.catalogue import cases
from enomem.checks.conform.run import Subject, run_case
from enomem.checks.errors import UsageError
from enomem.checks.targets import registry

DOCS = Path(__file__).resolve().parents[1] / "docs"
SHIPPED = sorted(file.stem for file in baseline.SHIPPED.glob("*.toml"))
CASES = {case.id: case for case in cases()}


def of(name: str) -> dict[str, Any]:
    """A shipped baseline, as it stands."""
    return tomllib.loads((baseline.SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))


with_pyzmq = pytest.mark.skipif(importlib.util.find_spec("zmq") is None, reason="pyzmq is not installed")


def test_the_page_is_made_of_the_results() -> None:
    assert matrix.main(["--check", str(DOCS)]) == 0


def test_a_page_that_is_out_of_date_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / matrix.RESULTS
    folder.mkdir(parents=True)
    (folder / "pyzmq.json").write_text((DOCS / matrix.RESULTS / "pyzmq.json").read_text(encoding="utf-8"))
    assert matrix.main([str(tmp_path)]) == 0
    assert matrix.main(["--check", str(tmp_path)]) == 0
    (tmp_path / matrix.PAGE).write_text("old")
    assert matrix.main(["--check", str(tmp_path)]) == 1
    assert "is out of date" in capsys.readouterr().out


def test_four_libraries_are_published_with_versions_and_dates() -> None:
    found = matrix.results(DOCS)
    assert {result["target"] for result in found} == {"pyzmq", "pyomq", "jeromq", "zeromqjs"}
    assert all(result["target_version"] and result["date"] for result in found)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_baseline_is_what_was_published(name: str) -> None:
    """Each deviation of the results stands in the baseline, and nothing else."""
    listed = baseline.load(Path(name))
    result = json.loads((DOCS / matrix.RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    found = {c["id"]: c["verdict"] for c in result["cases"] if c["verdict"] in ("fail", "non-strict")}
    assert {case: expected.verdict.value for case, expected in listed.items()} == found


def test_the_baseline_of_each_published_library_is_shipped_for_the_version_that_was_measured() -> None:
    for result in matrix.results(DOCS):
        file = of(result["target"])
        assert (file["target"], file["version"]) == (result["target"], result["target_version"])


@pytest.mark.parametrize("name", SHIPPED)
def test_every_known_deviation_was_looked_into(name: str) -> None:
    assert all("not looked into" not in known.reason for known in baseline.load(Path(name)).values())


@with_pyzmq
def test_pyzmq_is_as_its_baseline_says() -> None:
    """The quick half of the suite; all of it takes a minute, and is a command of `docs/conform.md`."""
    words = ["conform", "--target", "pyzmq", "--baseline", "pyzmq", "--wait", "20", "--exclude", "wire/4/1"]
    said = CliRunner().invoke(main, [*words, "wire", "rep", "router", "type"])
    assert said.exit_code == 0, said.output
    assert "as pyzmq says" in said.output


@pytest.mark.parametrize("name", sorted(set(SHIPPED) - {"pyzmq"}))
def test_the_others_are_as_their_baselines_say(name: str) -> None:
    """A few cases of each that is installed; the whole suite takes minutes, and is a command."""
    try:
        target = registry.by_name(name)
    except UsageError as error:
        pytest.skip(str(error))
    target.end()
    if (version := of(name)["version"]) != target.version:
        pytest.skip(f"the baseline is that of {name} {version}, and {target.version} is installed")
    words = ["conform", "--target", name, "--baseline", name, "--wait", "20"]
    said = CliRunner().invoke(main, [*words, "wire/20", "wire/29", "type/2", "type/3"])
    assert said.exit_code == 0, said.output
    assert f"as {name} says" in said.output


@with_pyzmq
@pytest.mark.parametrize("name", ["pub/8/1"])
def test_the_script_of_a_deviation_runs_by_itself(name: str, tmp_path: Path) -> None:
    target = registry.by_name("pyzmq")
    try:
        outcome = run_case(CASES[name], Subject(target, None, "PULL", 20.0))
    finally:
        target.end()
    program = tmp_path / "deviation.py"
    program.write_text(outcome.script)
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "octets" in done.stdout


@with_pyzmq
@pytest.mark.parametrize("name", ["wire/27/1", "send/12/7"])
def test_a_script_of_the_page_runs_behind_the_lines_that_the_page_has_for_it(name: str, tmp_path: Path) -> None:
    text = (DOCS / matrix.PAGE).read_text(encoding="utf-8")

    def code(heading: str) -> str:
        return text.partition(heading)[2].partition("```python\n")[2].partition("```\n")[0]

    program = tmp_path / "deviation.py"
    program.write_text(code("\n## Before each script\n") + code(f"\n### pyzmq {name}: ") + "context.destroy(0)\n")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "octets" in done.stdout


def test_every_script_of_the_page_is_a_program() -> None:
    text = (DOCS / matrix.PAGE).read_text(encoding="utf-8")
    scripts = re.findall(r"\n### (\w+ \w+/\d+/\d+): .*?```python\n(.*?)```", text, re.DOTALL)
    deviating = [case["id"] for result in matrix.results(DOCS) for case in result["cases"] if case["script"]]
    assert [name.partition(" ")[2] for name, _ in scripts] == deviating
    for name, script in scripts:
        compile(script, name, "exec")
