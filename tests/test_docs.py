"""What the documents show is what the program does.

A command stands in a ``console`` block behind ``$``, with ``# exit N`` if its exit code is not 0, and what is shown
below it must be what it prints: on standard output, or on standard error if it exits with 2 or more. A line ``...``
stands for any lines. Blocks of one document run one after the other in one copy of what a checkout has.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from as_installed import python_path

from enomem.checks.pictures import layers
from enomem.checks.pictures import pages as pictures

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GENERATED = ROOT / "docs" / "generated"

# Run by .ci/run, which has the time and the virtual environments for it.
RUN_BY_CI = {"pip install . && enomem check", "pip install '.[test]' && pytest"}
SHELLS = {"sh", "bash", "shell", "shell-session"}
ANYTHING = "..."


@dataclass(frozen=True)
class Command:
    """A command that a document shows, the exit code that it promises, and the lines shown below it."""

    document: str
    line: str
    code: int
    shown: tuple[str, ...]


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """The language and the lines of each fenced block."""
    for language, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield language, body.splitlines()


def commands(document: str, text: str) -> Iterator[Command]:
    """Every command of a document."""
    for language, lines in blocks(text):
        if language == "console":
            starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
            for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
                line, _, exit_code = lines[start].removeprefix("$ ").partition("   # exit ")
                yield Command(document, line.strip(), int(exit_code or 0), tuple(lines[start + 1 : end]))


COMMANDS = [c for file in DOCUMENTS for c in commands(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))]
RUN_HERE = [command for command in COMMANDS if command.line not in RUN_BY_CI]


def prints(printed: list[str], shown: tuple[str, ...]) -> bool:
    """Whether the shown lines are the printed ones, but for what ``...`` stands for."""
    pattern = "".join("(?:.*\n)*?" if line == ANYTHING else re.escape(line) + "\n" for line in shown)
    return not shown or re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed)) is not None


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that commands name, with `enomem` and `python` for a shell to find."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in ("docs", "spec", "tests/bad_policies"):
        shutil.copytree(ROOT / part, folder / part)
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    for name, module in (("enomem", "-m enomem"), ("python", "")):
        script = bin_folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        script.chmod(0o755)
    return folder


@pytest.mark.parametrize("command", RUN_HERE, ids=lambda c: f"{c.document}: {c.line[:60]}")
def test_a_command_does_what_the_document_says(command: Command, checkout: Path) -> None:
    path = python_path(checkout / "site")
    tools = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": path, "PATH": tools, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command.line, shell=True, cwd=checkout, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == command.code, done.stdout + done.stderr
    printed = (done.stderr if done.returncode >= 2 else done.stdout).splitlines()
    assert prints(printed, command.shown), "\n".join(printed)


def test_every_command_is_found_and_counted() -> None:
    assert {command.line for command in COMMANDS} >= RUN_BY_CI
    assert {command.document for command in RUN_HERE} >= {"README.md", "docs/write-your-own-policy.md"}


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_commands_stand_in_console_blocks_only(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not SHELLS.intersection(language for language, _ in blocks(text))
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    assert not re.search(r"^\s*\$ ", outside, re.M)


def test_the_shown_is_told_from_the_not_printed() -> None:
    printed = ["a", "b  ", "c"]
    assert prints(printed, ())
    assert prints(printed, ("a", "b", "c"))
    assert prints(printed, ("...", "b", "..."))
    assert prints(printed, ("a", "b", "c", "..."))
    assert not prints(printed, ("a", "b"))
    assert not prints(printed, ("a", "...", "d"))
    assert not prints(printed, ("...", "c", "b", "..."))


def test_the_readme_begins_with_what_a_reader_needs() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30]
    assert [line.removeprefix("$ ") for line in lines if line.removeprefix("$ ") in RUN_BY_CI] == sorted(
        RUN_BY_CI, key=len
    )
    assert any(line.startswith("happened: ") for line in lines)


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (file.parent / target.partition("#")[0]).exists(), target


def test_named_files_exist() -> None:
    for file in DOCUMENTS:
        for name in re.findall(r"`((?:model|checks|spec|docs|tests)/[\w./-]+)`", file.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{file.relative_to(ROOT)}: {name}"


# --- what is generated, and what is copied from it


def test_generated_files_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert pictures.main(["--check", str(GENERATED)]) == 0, capsys.readouterr().out


def test_a_stale_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "PICTURES", {"bounds.md": pictures.bounds})
    assert pictures.main([str(tmp_path)]) == 0
    assert pictures.main(["--check", str(tmp_path)]) == 0
    (tmp_path / "bounds.md").write_text("old\n")
    (tmp_path / "matrix.md").write_text((tmp_path / "matrix.md").read_text().replace("PROVED", "VIOLATED", 1))
    assert pictures.main(["--check", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "bounds.md is out of date" in said
    assert "matrix.md is out of date" in said


def test_a_matrix_has_the_lengths_of_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PICTURES", {})
    cells = [
        {"policy": "KEEP", "recovery": "NEXT", "property": "SAFE-WHOLE", "trace": {"steps": [0] * 7, "cycle": None}},
        {"policy": "KEEP", "recovery": "RESUME", "property": "LIVE-EACH", "trace": {"steps": [0] * 8, "cycle": 3}},
        {"policy": "KEEP", "recovery": "RESUME", "property": "SAFE-WHOLE", "trace": None},
    ]
    cells = [{"machine": "sender", **cell} for cell in cells]
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"cells": cells}))
    assert pictures.main(["--report", str(report), str(tmp_path)]) == 0
    text = (tmp_path / "matrix.md").read_text()
    assert "VIOLATED 7 |" in text
    assert "VIOLATED 3+5 |" in text
    assert pictures.main([str(tmp_path)]) == 0
    assert (tmp_path / "matrix.md").read_text() == text, "lengths are kept where nothing else changed"
    assert pictures.main(["--check", str(tmp_path)]) == 0


def test_every_violation_in_the_matrix_has_a_length() -> None:
    cells = re.findall(r"VIOLATED(?= \|)", (GENERATED / "matrix.md").read_text(encoding="utf-8"))
    assert cells == []


def test_the_picture_of_the_layers_is_the_generated_one() -> None:
    picture = next(body for language, body in blocks(layers.layers()) if language == "mermaid")
    page = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    assert picture in [body for language, body in blocks(page) if language == "mermaid"]


def test_the_matrix_in_the_readme_is_the_generated_one() -> None:
    assert pictures.in_short() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_bounds_in_the_method_are_those_of_the_plan() -> None:
    page = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    tables = re.findall(r"(?:^\|.*\n)+", pictures.bounds(), re.M)
    # The third is of the patterns' systems, which the page describes in words.
    assert len(tables) == 3
    assert all(table in page for table in tables[:2])


def test_every_module_of_checks_has_its_box() -> None:
    drawn = [name for names in layers.GROUPS.values() for name in names]
    undrawn = [name.partition(".")[2] for name in layers.UNDRAWN if name.startswith("checks.")]
    modules = {name.partition(".")[2] for name in layers.modules() if name.startswith("checks.")}
    # A package of its own is drawn alone, unless it belongs to a box.
    packages = {file.parent.name for file in (ROOT / "checks").glob("*/__init__.py")}
    assert {*drawn, *undrawn} | packages == modules
    assert len(drawn) == len(set(drawn))


def test_no_box_leans_on_itself_through_others() -> None:
    boxes, _ = layers.parts()
    assert [title for title in boxes if title in layers.below(boxes, title)] == []


def test_the_tutorial_shows_the_examples_as_they_are() -> None:
    page = (ROOT / "docs" / "write-your-own-policy.md").read_text(encoding="utf-8")
    shown = {"\n".join(body) + "\n" for language, body in blocks(page) if language == "python"}
    for file in sorted((ROOT / "docs" / "examples").glob("*.py")):
        assert file.read_text(encoding="utf-8") in shown, file.name


def test_a_report_has_the_keys_that_are_documented(checkout: Path) -> None:
    from enomem.checks.judging.matrix import Cell, Verdict
    from enomem.checks.terminal import report

    written = report.as_json([Cell("KEEP", "NEXT", "SAFE-WHOLE", Verdict.UNKNOWN, "search", None)], 3, [])
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8").partition("## Reports")[2]
    page = page.partition("\n## ")[0]
    documented = {name for row in re.findall(r"^\| (`.*?) \|", page, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert documented == {*written, *written["cells"][0]}
