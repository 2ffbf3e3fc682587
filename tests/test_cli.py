"""The command line: what it prints, its exit codes, and that bad input gets one sentence and no traceback."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from children import child
from click.testing import CliRunner
from test_rules_fire import WORLDS

import enomem
from enomem.checks import cli
from enomem.checks.judging import firing
from enomem.model.rules import Rule
from enomem.spec.text import entries

ROOT = Path(__file__).parent.parent
ENTRIES = entries()
SPLICE = ("check", "--policy", "KEEP", "--recovery", "NEXT", "--property", "SAFE-WHOLE")
SMALL = ("--senders", "1", "--parts", "2", "--memory", "4", "--messages", "2", "--quiet")


def enomem_run(*words: str, cwd: Path = ROOT, **more: object) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"}
    command = [sys.executable, "-m", "enomem", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=120, check=False)


def test_version_and_help() -> None:
    assert CliRunner().invoke(cli.main, ["--version"]).output == f"enomem, version {enomem.__version__}\n"
    shown = CliRunner().invoke(cli.main, ["check", "--help"]).output
    for option in ("--senders", "--parts", "--memory", "--messages", "--queue", "--disconnects", "--json", "--junit"):
        assert option in shown


def test_the_splice_in_the_words_of_the_api() -> None:
    done = enomem_run(*SPLICE, *SMALL)
    assert done.returncode == 1
    assert "A: send(A2) -> ENOMEM, refused at BODY" in done.stdout
    assert "happened: [A1, B1, B2], which nobody sent" in done.stdout


def test_what_holds_exits_with_0_and_says_how_it_is_known(tmp_path: Path) -> None:
    file, junit = tmp_path / "found.json", tmp_path / "found.xml"
    words = ("check", "--policy", "discard", "--recovery", "restart", "--property", "safe-whole", "--quiet")
    done = enomem_run(*words, "--json", str(file), "--junit", str(junit))
    assert (done.returncode, done.stderr) == (0, "")
    assert "any number of senders: DISCARD" in done.stdout
    report = json.loads(file.read_text())
    assert (report["format"], report["version"], report["exit"]) == ("enomem-check", 1, 0)
    (cell,) = report["cells"]
    assert cell["verdict"] == cell["claimed"] == "PROVED"
    assert cell["engine"] == "proof"
    assert "memory" in cell["unbounded"]
    assert cell["senders"] == ["any number of senders"]
    assert cell["assumptions"] == ["ASSUME-ABORT"]
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")


def test_a_violation_is_a_failure_in_junit_and_a_trace_that_replays(tmp_path: Path) -> None:
    junit, traces = tmp_path / "found.xml", tmp_path / "traces"
    done = enomem_run(*SPLICE, *SMALL, "--junit", str(junit), "--traces", str(traces))
    assert done.returncode == 1
    assert ElementTree.parse(junit).getroot().get("failures") == "1"
    trace = traces / "keep-next-safe-whole.json"
    again = enomem_run("replay", str(trace))
    assert again.returncode == 0
    assert "[A1, B1, B2], which nobody sent" in again.stdout
    data = json.loads(trace.read_text())
    data["steps"][1]["answer"] = "ok"
    trace.write_text(json.dumps(data))
    wrong = enomem_run("replay", str(trace))
    assert wrong.returncode == 1
    assert "step 2: answer in the model: ENOMEM; in the trace: ok" in wrong.stdout


def test_a_search_without_room_is_inconclusive() -> None:
    # An odd message may be committed here, so that no proof can stand in for the search.
    words = ("check", "--policy", "KEEP", "--recovery", "RESTART", "--property", "SAFE-BOUND", "--quiet")
    large = ("--senders", "4", "--parts", "3", "--memory", "12", "--messages", "3")
    done = enomem_run(*words, *large, "--max-memory", "1")
    assert done.returncode == 3
    assert "UNKNOWN" in done.stdout
    assert "too large for memory" in done.stdout
    assert "most values:" in done.stdout
    assert "smaller: enomem check --policy KEEP --recovery RESTART --senders" in done.stdout


def test_ctrl_c_prints_what_was_done_as_unknown() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "enomem", "check"]
    with child(command, env) as process:
        assert process.stderr is not None
        # The first line says that it begins; one that names a task comes when workers are at work, be it late.
        line = process.stderr.readline()
        assert line.startswith("0 of ")
        while " | " not in line:
            line = process.stderr.readline()
            assert "searches and proofs done" in line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "interrupted" in out
    assert "at work: " in out
    assert "UNKNOWN" in out
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "--policy", "KEPP"), "did you mean KEEP"),
        (("check", "--recovery", "REST"), "did you mean RESTART?"),
        (("check", "--property", "SAFE-WHOL"), "did you mean SAFE-WHOLE?"),
        (("check", "--memory", "1"), "--memory 1 is impossible"),
        (("check", "--senders", "0"), "--senders 0 is impossible: it must be at least 1"),
        (("check", "--senders", "100"), "cannot be searched"),
        (("check", "--messages", "-1"), "--messages -1 is impossible"),
        (("check", "--policy", "nowhere.py:Mine"), "nowhere.py"),
        (("check", "--policy", "tests/bad_policies"), "tests/bad_policies"),
        (("explain", "SAFE-WHOL"), "did you mean SAFE-WHOLE"),
        (("replay", "nowhere.json"), "nowhere.json cannot be read"),
        (("replay", "README.md"), "README.md is not JSON"),
        (("replay", "."), ""),
        (("bench", "Z"), "there is no case 'Z'"),
        (("check", "--json", "/nowhere/at/all.json", "--policy", "KEEP"), "/nowhere/at/all.json"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(words: tuple[str, ...], said: str) -> None:
    done = enomem_run(*words)
    assert done.returncode == 2, done
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def explained(identifier: str) -> str:
    done = CliRunner().invoke(cli.main, ["explain", identifier.lower()])
    assert done.exit_code == 0
    assert done.output.startswith(identifier)
    assert "Source: " in done.output
    return done.output


@pytest.mark.parametrize("rule", list(Rule), ids=lambda rule: rule.value)
def test_explain_says_of_every_rule_which_command_checks_it(rule: Rule) -> None:
    said = explained(rule.value)
    found = re.search("^Checked by: `([^`]+)`, which fails if it never fires in the ", said, re.MULTILINE)
    assert found
    place = firing.where(rule)
    if place not in WORLDS:
        assert found[1] == "enomem check"
        return
    patterns = found[1].removeprefix("pytest ").split()
    assert patterns[0] == "tests/test_rules_fire.py"
    assert all(any(ROOT.glob(pattern)) for pattern in patterns)
    machine = Path(ENTRIES[rule.value].machine.split()[0])
    package = machine.parent if machine.parent.name != "model" else machine.with_suffix("")
    files = [file.read_text(encoding="utf-8") for pattern in patterns for file in ROOT.glob(pattern)]
    assert any(re.search(rf"\b{package.name}\b", text) for text in files), f"no test there knows {package}"


@pytest.mark.parametrize(
    ("identifier", "command"),
    [
        ("SAFE-WHOLE", "held to it by `enomem check`"),
        ("ASSUME-FITS", "Shown to be needed by `enomem check`"),
        ("KEEP", "`enomem check --policy KEEP`"),
        ("RESTART", "`enomem check --recovery RESTART`"),
    ],
)
def test_explain_says_which_command_checks_it(identifier: str, command: str) -> None:
    assert command in explained(identifier)


def test_certificates_are_written(tmp_path: Path) -> None:
    words = ("check", "--policy", "DISCARD", "--recovery", "NEXT", "--property", "SAFE-WHOLE", "--quiet")
    done = enomem_run(*words, "--certificate", str(tmp_path / "c"))
    assert done.returncode == 0
    files = list((tmp_path / "c").rglob("*.smt2"))
    assert any("initiation" in file.name for file in files)
    assert sum("consecution" in file.name for file in files) >= 10
