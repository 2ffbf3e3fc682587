"""`enomem torture`: a short run of the real thing, its scenarios untouched, and what is said of mistakes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from enomem.checks import cli
from enomem.checks.errors import Inconclusive
from enomem.checks.torture import command, scene, shim
from enomem.checks.torture.judge import Outcome, Verdict
from enomem.checks.torture.scene import VARIANTS, Scene
from enomem.checks.torture.variants import SCENARIOS, variant_of

ROOT = Path(__file__).resolve().parents[1]


def torture(*words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"}
    line = [sys.executable, "-m", "enomem", "torture", *words]
    return subprocess.run(line, capture_output=True, text=True, env=env, timeout=120, check=False)


def test_a_few_seconds_find_aborts_and_the_next_few_go_on(tmp_path: Path) -> None:
    file, summary = tmp_path / "found.json", tmp_path / "summary.json"
    words = ("--scenario", "inproc", "--hits", "1", "--json", str(file), "--summary", str(summary))
    first = torture(*words, "--seconds", "3")
    assert first.returncode == 1, first.stderr
    assert "failed allocations done" in first.stderr
    found = json.loads(file.read_text())
    assert (found["format"], found["version"]) == ("enomem-torture", 1)
    assert found["left"] > 0
    assert f"{found['left']} were not failed yet" in first.stdout
    aborts = {case["site"] for case in found["cases"] if case["outcome"] == "abort"}
    assert aborts
    for site in aborts:
        # An assertion says where it stands; of an exception it is known where memory was asked for.
        assert " at " in site or site.partition(":")[0].endswith((".cpp", ".hpp")), site
    assert json.loads(summary.read_text())["left"] == found["left"]
    second = torture(*words, "--seconds", "1", "--quiet")
    assert (second.returncode, second.stderr) == (1, "")
    again = json.loads(file.read_text())
    assert again["cases"][: len(found["cases"])] == found["cases"]
    assert len(again["cases"]) > len(found["cases"])
    keys = [(case["variant"], case["stack"], case["hit"]) for case in again["cases"]]
    assert len(set(keys)) == len(keys)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shim.build(tmp_path_factory.mktemp("shim"))


def test_every_scenario_goes_well_as_long_as_nothing_is_failed(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene, "RECORDED", 1)
    bench = Scene(library, "restart", tmp_path)
    try:
        for name, variant in VARIANTS.items():
            # Inconclusive if anything is odd: a lost or spliced message, a hang, another error.
            found, usual = bench.record(name)
            assert len(found) > 30, name
            assert usual == 0, name
            assert variant_of(json.loads(json.dumps(variant.as_json()))) == variant
    finally:
        bench.close()


def test_a_scenario_that_goes_wrong_by_itself_is_no_ground_for_verdicts(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene, "judge", lambda *_, **__: Verdict(Outcome.LOST, detail="3 messages"))
    bench = Scene(library, "restart", tmp_path)
    try:
        with pytest.raises(Inconclusive, match="goes wrong with no allocation failed: lost in silence 3 messages"):
            bench.record("push-pull: PUSH connects")
    finally:
        bench.close()


def test_all_scenarios_are_there_and_their_names_are_different() -> None:
    assert list(SCENARIOS) == ["push-pull", "req-rep", "pub-sub", "dealer-router", "reconnect", "inproc"]
    assert len(VARIANTS) == sum(map(len, SCENARIOS.values()))
    assert command.chosen(()) == list(VARIANTS)
    assert command.chosen(("inproc", "inproc")) == [name for name in VARIANTS if name.startswith("inproc: ")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scenario", "push-pul"], "there is no scenario 'push-pul'; did you mean push-pull?"),
        (["--scenario", "xyz"], "there is no scenario 'xyz'; known are push-pull, req-rep, "),
        (["--scenario", "inproc", "--", "true"], "--scenario is for enomem's own programs; for yours give the command"),
        (["--scenario", "inproc", "--libzmq", "/nonsense"], "/nonsense is no file"),
        (["--scenario", "inproc", "--json", "/nonsense/file"], "/nonsense/file cannot be written: No such file"),
        (["--hits", "0"], "Invalid value for '--hits'"),
    ],
)
def test_a_mistake_is_said_in_a_sentence(words: list[str], said: str) -> None:
    done = CliRunner().invoke(cli.main, ["torture", *words])
    assert done.exit_code == 2
    assert len(done.output.splitlines()) == 1
    assert said in done.output


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("zmq", "the scenarios need pyzmq: pip install pyzmq, or torture a program of yours: -- CMD"),
        ("ziglang", "no C compiler: neither cc nor Zig's is here; pip install 'enomem[torture]' brings one"),
    ],
)
def test_what_is_not_installed_is_said_in_a_sentence(missing: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else object())
    monkeypatch.setattr("shutil.which", lambda _: None)
    done = CliRunner().invoke(cli.main, ["torture", "--scenario", "inproc"])
    assert (done.exit_code, done.output) == (2, f"enomem: {said}\n")
