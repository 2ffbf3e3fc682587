"""Mutants of a socket under the transition cover: what it finds, and that what it does not find has a reason."""

from pathlib import Path

import pytest
from exhaustive_mutants import ALIVE, HEAD, UNASKED, Found, cover, kept, main, models, page
from fuzz_mutants import MUTANTS

LIVES, KILLED = Found("never full", "", "", 5, 1.0), Found("commit forgotten", "PUSH-PULL, 1 parts", "memory", 2, 1.0)


def test_what_lives_has_a_reason_and_no_other_is_in_the_table() -> None:
    assert set(ALIVE) | set(UNASKED) <= set(MUTANTS)
    assert set(ALIVE).isdisjoint(UNASKED)
    assert all(ALIVE.values())


def test_the_page_does_not_hide_what_lives_without_a_reason() -> None:
    made = page([LIVES, KILLED])
    assert f"1 of {2 + len(UNASKED)} are found" in made
    assert "**lives**: not explained" in made
    assert made.startswith(HEAD)
    assert all(f"| {name} | " in made for name in UNASKED)


def test_every_mutant_has_models_of_its_type() -> None:
    assert all(models(name) for name in MUTANTS)
    assert {kind for bounds in models("REQ: out of step") for kind in bounds.kinds} >= {"REQ", "REP", "ROUTER"}


def test_a_mutant_is_covered_in_a_process_of_its_own() -> None:
    found = cover("rollback forgotten")
    assert (found.kind, found.model) == ("memory", "PULL-PUSH, 1 parts")


def test_what_came_of_a_mutant_is_not_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kept.jsonl"
    arguments = ["rollback forgotten", "--jobs", "1", "--kept", str(file)]
    assert main(arguments) == 0
    assert "killed  rollback forgotten" in capsys.readouterr().out
    assert [one.name for one in kept(file, Found)] == ["rollback forgotten"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "1 of 1 killed (100 %)\n"
    file.write_text(file.read_text().replace("memory", ""))
    assert main(arguments) == 1
    assert "rollback forgotten: lives, and is not expected to" in capsys.readouterr().out
