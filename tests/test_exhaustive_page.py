"""The page of exhaustive runs is made of the results that are kept, and hides nothing of them."""

from pathlib import Path

import pytest

from enomem.checks.fuzz import exhaustive_page
from enomem.checks.fuzz.models import Deviation, Result, append, read

GENERATED = Path(__file__).parents[1] / "docs" / "generated"
RESULT = Result("mine", "1.0", "DISCARD", "PUSH-PULL", 1, 14, 94, 3, 80, 5, 6, tests=200, seconds=2.0)
FOUND = Deviation("send PUSH: ok, not EAGAIN", 's0.send("1") -> ok', 4, ("s0 = PUSH", 's0.send("1") -> ok'))


def test_the_page_is_the_one_that_is_made_of_the_results() -> None:
    assert exhaustive_page.main([str(GENERATED), "--check"]) == 0


def test_a_result_comes_back_from_its_file(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    results = [RESULT, Result(*RESULT.key, deviations=(FOUND,)), Result(*RESULT.key, too_large="it is")]
    append(kept, results[:1])
    append(kept, results[1:])
    assert read(kept) == results


def test_what_was_not_taken_stands_in_the_line() -> None:
    line = RESULT.line()
    for said in ("80 of them taken", "3 deviated", "5 not shown", "6 behind", "3 left out"):
        assert said in line


def test_a_page_that_is_out_of_date_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "exhaustive").mkdir()
    append(tmp_path / "exhaustive" / "mine.jsonl", [Result(*RESULT.key, 14, 94, taken=93, deviations=(FOUND,))])
    assert exhaustive_page.main([str(tmp_path), "--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert exhaustive_page.main([str(tmp_path)]) == 0
    assert exhaustive_page.main([str(tmp_path), "--check"]) == 0
    text = (tmp_path / "exhaustive.md").read_text(encoding="utf-8")
    assert f"| `{FOUND.kind}` | PUSH-PULL | 4 |" in text
    assert "| PUSH-PULL | 1 | 14 | 94 | 93 | 1 | 0 | 0 |" in text
