"""The pages for those who test a library of their own say what is so, and the example project does what they show."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from as_installed import ROOT, python_path

from enomem.checks.targets import protocol
from enomem.checks.targets.target import Can, Said

PROTOCOL = (ROOT / "docs" / "target-protocol.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "test-your-socket.md").read_text(encoding="utf-8")
PROJECT = ROOT / "docs" / "examples" / "foreign-project"
WORKFLOW = (PROJECT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
STEPS = re.findall(r"^ +- run: (.*)$", WORKFLOW, re.M)
INSTALLS = "pip install -e '.[test]'"


def rows(head: str) -> list[list[str]]:
    """The rows of the table that begins like this, each as its cells."""
    table = PROTOCOL.partition(f"| {head} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def words(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_the_page_of_the_protocol_has_every_call_and_nothing_else() -> None:
    calls = [name for row in rows("call") for name in words(row[0])]
    assert sorted(calls) == sorted(protocol.CALLS)


def test_the_page_of_the_protocol_has_every_capability_and_every_answer() -> None:
    assert {name for row in rows("can") for name in words(row[0])} == set(Can.__members__)
    said = PROTOCOL.partition("- **`said`**")[2].partition("- **A fault**")[0]
    assert {word.value for word in Said} <= set(words(said))


def test_the_page_of_the_protocol_has_every_field_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an adapter is sent stands in the table."""
    from enomem.checks.targets.process import Process

    sent: dict[str, set[str]] = {}

    def call(self: Process, call: str, **fields: object) -> protocol.Object:
        sent[call] = set(fields)
        return {"said": "ok", "socket": 0, "endpoint": "", "part": "", "more": False, "octets": 0, "met": True}

    monkeypatch.setattr(Process, "_call", call)
    monkeypatch.setattr(Process, "_begin", lambda self: setattr(self, "_child", self))
    target = Process([])
    target.cans = frozenset(Can)
    target.create("PUSH")
    target.option(0, "SNDHWM", 1)
    for endpoint in (target.bind, target.connect, target.unbind, target.disconnect):
        endpoint(0, "")
    target.send(0, b"")
    for plain in (target.receive, target.abort, target.close):
        plain(0)
    target.policy("KEEP")
    target.receive_policy("WAIT")
    target.limit(1)
    target.refuse("BODY")
    target.memory()
    target.peers(0, 1, 0)
    target.settle(0)
    target.reset()
    shown = {name: set(words(row[1])) for row in rows("call") for name in words(row[0])}
    assert shown == sent


@pytest.mark.parametrize("file", ["tinysockets_target.py", "tests/test_tinysockets.py", ".github/workflows/test.yml"])
def test_the_page_shows_the_files_of_the_example_as_they_are(file: str) -> None:
    assert f"\n{(PROJECT / file).read_text(encoding='utf-8')}```" in PAGE


def test_the_page_shows_how_the_example_configures_pytest() -> None:
    section = (PROJECT / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.pytest")[2]
    assert f"[tool.pytest{section}```" in PAGE


def test_the_workflow_installs_first_and_then_runs_what_is_run_here() -> None:
    assert STEPS[0] == INSTALLS
    assert STEPS[1:] == ["pytest", "pytest --pyargs enomem.checks.suite"]


@pytest.mark.parametrize("step", STEPS[1:])
def test_each_step_of_the_workflow_passes(step: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project)
    environment = {**os.environ, "PYTHONPATH": python_path(tmp_path / "site"), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    program, *arguments = step.split()
    done = subprocess.run(
        [sys.executable, "-m", program, *arguments], cwd=project, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)
