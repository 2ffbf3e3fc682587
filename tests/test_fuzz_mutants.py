"""The fuzzer finds defects of the machines, and what it does not find stands in a table with the reason."""

from pathlib import Path

import pytest
from fuzz_mutants import ALIVE, HEAD, MUTANTS, PAGE, SOUND, Fuzzed, fuzzed, main, page

FOUND: dict[str, str | tuple[str, ...]] = {
    "charged though refused": "memory",
    "commits on SNDMORE": ("receive PULL", "send PUSH"),
    "asserts no tail": "fault at send",
    "HWM between parts": "send",
    "REQ: out of step": "send REQ: ok, not EFSM",
    "PUSH: newcomer first": "receive PULL",
}
"""What few programs find, and how what they see begins. Which of two comes first is drawn."""


def test_nothing_is_found_where_no_defect_is() -> None:
    found = fuzzed(SOUND, 8)
    assert not found.kind
    assert found.programs == 8


@pytest.mark.parametrize("name", FOUND)
def test_a_defect_is_found(name: str) -> None:
    found = fuzzed(name, 40)
    assert found.kind
    assert found.kind.startswith(FOUND[name])


def test_what_lives_has_a_reason_and_no_other_is_in_the_table() -> None:
    assert set(ALIVE) <= set(MUTANTS)
    assert all(ALIVE.values())


def test_the_page_has_every_mutant_and_says_which_live() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert {name for name in MUTANTS if name not in rows} == set()
    assert {name for name in MUTANTS if "**lives**" in rows[name]} == set(ALIVE)
    assert all(reason in rows[name] for name, reason in ALIVE.items())


def test_the_page_does_not_hide_what_lives_without_a_reason() -> None:
    lives, killed = [name for name in MUTANTS if name not in ALIVE][:2]
    made = page([Fuzzed(lives, "", 5, 1.0), Fuzzed(killed, "memory", 2, 1.0, "none")])
    assert "1 of 2 are found (50 %)" in made
    assert "**lives**: not explained" in made


def test_the_exit_code_says_whether_it_is_as_expected(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    name, results = "REQ: out of step", tmp_path / "kept.jsonl"
    assert main([name, "--examples", "40", "--jobs", "1", "--kept", str(results)]) == 0
    told = capsys.readouterr().out
    assert "1 of 1 killed (100 %)" in told
    assert main([name, "--examples", "40", "--jobs", "1", "--kept", str(results)]) == 0
    assert capsys.readouterr().out == told.splitlines()[-1] + "\n"
    assert main([name, "--examples", "1", "--jobs", "1"]) == 1
    assert f"{name}: lives, and is not expected to" in capsys.readouterr().out
