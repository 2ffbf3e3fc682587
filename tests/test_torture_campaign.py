"""A campaign: which cases there are, that it goes on where it stopped, what the workers do, and what is shown of it."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from enomem.checks.errors import UsageError
from enomem.checks.torture import report, runner
from enomem.checks.torture.campaign import Campaign, Key, Subject, resumed
from enomem.checks.torture.judge import Outcome, Verdict
from enomem.checks.torture.runner import Bench, Limits, Recorded, Runner, run, settled
from enomem.checks.torture.stacks import Frame, Stack

ROOT = Path(__file__).resolve().parents[1]
SUBJECT = Subject("libzmq-1.so.5", "00ff", "restart", (), "4.3.5")
FRAMES = (Frame("/lib/libstdc++.so.6", 16), Frame("/x/libzmq-1.so.5", 0x4F062))
STACKS = (Stack("00aa", 2, 8, FRAMES), Stack("00bb", 1, 16, FRAMES[1:]))
KEYS = [("one: A", "00aa", 1), ("one: A", "00bb", 1), ("two: B", "00aa", 1), ("two: B", "00bb", 1)]
SECOND = [("one: A", "00aa", 2), ("two: B", "00aa", 2)]
LIMITS = Limits(hits=3, patience=0.1, seconds=60.0)


class Scripted(Bench):
    """Says what it is told to say of each case, and remembers what it was asked."""

    def __init__(self, says: dict[Key, list[Verdict]] | None = None) -> None:
        self.says = says or {}
        self.asked: list[tuple[Key, float]] = []
        self.recorded: list[str] = []
        self.closed = False

    def record(self, variant: str) -> Recorded:
        self.recorded.append(variant)
        return STACKS, 1

    def run(self, key: Key, usual: int, patience: float) -> tuple[Verdict, float]:
        assert usual == 1
        self.asked.append((key, patience))
        said = self.says.get(key)
        return (said.pop(0) if said else Verdict(Outcome.ABORT, "yqueue.hpp:92", "alloc_assert")), 0.5

    def close(self) -> None:
        self.closed = True


def campaign_of(bench: Scripted, file: Path | None = None, limits: Limits = LIMITS) -> Campaign:
    """What a run of two variants with this bench finds, in a new file or a known one."""
    campaign = resumed(file, SUBJECT) if file is not None else Campaign(SUBJECT)
    with Runner(lambda _: bench, workers=1) as workers:
        run(workers, campaign, ["one: A", "two: B"], limits, file, quiet=True)
    assert bench.closed
    return campaign


def test_first_hits_come_before_second_ones_and_no_hit_that_never_came() -> None:
    bench = Scripted()
    campaign = campaign_of(bench)
    assert [key for key, _ in bench.asked] == KEYS + SECOND
    assert set(campaign.cases) == {*KEYS, *SECOND}
    assert campaign.left(["one: A", "two: B"], 3) == []


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    first, second, third = Scripted(), Scripted(), Scripted()
    campaign_of(first, file, Limits(hits=1, patience=0.1, seconds=60.0))
    assert json.loads(file.read_text())["left"] == 0
    campaign = campaign_of(second, file)
    assert second.recorded == []
    assert [key for key, _ in second.asked] == SECOND
    assert set(campaign.cases) == {*KEYS, *SECOND}
    campaign_of(third, file)
    assert third.asked == []
    assert resumed(file, SUBJECT).cases == campaign.cases


def test_what_is_not_begun_in_time_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    class Slow(Scripted):
        def run(self, key: Key, usual: int, patience: float) -> tuple[Verdict, float]:
            nonlocal now
            now += 7.0
            return super().run(key, usual, patience)

    monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=lambda: now))
    file = tmp_path / "found.json"
    campaign = campaign_of(Slow(), file, Limits(hits=3, patience=0.1, seconds=20.0))
    left = campaign.left(["one: A", "two: B"], 3)
    assert left == (KEYS + SECOND)[3:]
    assert json.loads(file.read_text())["left"] == len(left)
    assert json.loads(file.read_text())["seconds"] == 21.0
    assert campaign_of(Scripted(), file).left(["one: A", "two: B"], 3) == []


def test_an_error_of_a_worker_ends_the_run_and_what_was_found_is_kept(tmp_path: Path) -> None:
    class Broken(Scripted):
        def run(self, key: Key, usual: int, patience: float) -> tuple[Verdict, float]:
            if key == KEYS[2]:
                raise ValueError("broken")
            return super().run(key, usual, patience)

    file = tmp_path / "found.json"
    with pytest.raises(ValueError, match="broken"):
        campaign_of(Broken(), file)
    assert set(resumed(file, SUBJECT).cases) >= {KEYS[0]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "no result of `enomem torture` that can be continued"),
        ("{}", "no result of `enomem torture` that can be continued: 'format'"),
        ('{"format": "enomem-check", "version": 1}', "its format is enomem-check 1, not enomem-torture 1"),
    ],
)
def test_another_file_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "found.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        resumed(file, SUBJECT)


def test_a_file_of_another_libzmq_is_not_continued(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    campaign_of(Scripted(), file)
    with pytest.raises(UsageError, match="is of another digest and recovery: give another file, or remove it"):
        resumed(file, Subject("libzmq-1.so.5", "00fe", "next", (), "4.3.5"))


@pytest.mark.parametrize(
    ("says", "verdict", "asked"),
    [
        ([Outcome.ENOMEM], Outcome.ENOMEM, [1.0]),
        ([Outcome.NOT_REACHED, Outcome.ENOMEM], Outcome.ENOMEM, [1.0, 1.0]),
        ([Outcome.NOT_REACHED] * 3, Outcome.NOT_REACHED, [1.0, 1.0, 1.0]),
        ([Outcome.HANG, Outcome.HANG], Outcome.HANG, [1.0, 3.0]),
        ([Outcome.HANG, Outcome.CLOSED], Outcome.CLOSED, [1.0, 3.0]),
        ([Outcome.HANG, Outcome.NOT_REACHED], Outcome.HANG, [1.0, 3.0]),
    ],
)
def test_a_hang_must_hang_again_and_a_stack_has_three_chances(
    says: list[Outcome], verdict: Outcome, asked: list[float]
) -> None:
    bench = Scripted({KEYS[0]: [Verdict(outcome) for outcome in says]})
    found, took = settled(bench, KEYS[0], 1, 1.0)
    assert found.outcome == verdict
    assert [patience for _, patience in bench.asked] == asked
    assert took == 0.5 * len(asked)


# --- what is shown


def seeded() -> Campaign:
    """Aborts at two sites, and one case that was survived."""
    return campaign_of(
        Scripted(
            {
                KEYS[0]: [Verdict(Outcome.ENOMEM, detail="send")],
                KEYS[1]: [Verdict(Outcome.ABORT, "bad_alloc at libzmq+0x4f062", "uncaught bad_alloc")],
                KEYS[2]: [Verdict(Outcome.WRONG, detail="received [V0.1/3]")],
            }
        )
    )


def test_sites_are_counted_once_and_told_apart_by_kind() -> None:
    found = report.aborts(seeded())
    assert [(one.site, one.kind, one.runs, one.scenarios) for one in found] == [
        ("yqueue.hpp:92", "alloc_assert", 3, ("one", "two")),
        ("bad_alloc at libzmq+0x4f062", "uncaught bad_alloc", 1, ("one",)),
    ]


def test_the_table_has_every_outcome_that_was_seen() -> None:
    console = Console(width=100, record=True, quiet=False)
    with console.capture() as capture:
        console.print(report.shown(seeded(), 7))
    text = capture.get()
    for words in ("abort", "clean ENOMEM", "partial or spliced", "two: received [A1]", "7 were not failed yet"):
        assert words in text
    assert "the process ended at 2 different places (alloc_assert 1, uncaught bad_alloc 1)" in text


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("received [V3.1/3, V3.2/3, V4.1/3]", "received [A1, A2, B1]"),
        ("received V7 twice", "received A twice"),
        ("17 messages", "messages"),
        ("after got", "after got"),
    ],
)
def test_like_is_counted_with_like(detail: str, shown: str) -> None:
    assert report.alike(detail) == shown


def test_the_exit_code_is_earned() -> None:
    survived = campaign_of(
        Scripted({key: [Verdict(Outcome.ENOMEM)] * 3 for key in KEYS + SECOND}),
    )
    cases = list(survived.cases.values())
    assert report.exit_code(cases, 0) == 0
    assert report.exit_code(cases, 1) == 3
    assert report.exit_code([], 0) == 3
    assert report.exit_code(list(seeded().cases.values()), 0) == 1
    unknown = campaign_of(Scripted({key: [Verdict(Outcome.NOT_REACHED)] * 3 for key in KEYS + SECOND}))
    assert report.exit_code(list(unknown.cases.values()), 0) == 3


def test_the_published_page_is_made_from_the_published_summary(capsys: pytest.CaptureFixture[str]) -> None:
    folder = ROOT / "docs" / "generated"
    assert report.main([str(folder / "torture.json")]) == 0
    assert capsys.readouterr().out == (folder / "torture.md").read_text(encoding="utf-8")


def test_a_place_counts_as_failed_when_some_stack_that_leads_there_came() -> None:
    """All stacks of the script ask for memory at one place."""
    none_came: dict[Key, list[Verdict]] = {key: [Verdict(Outcome.NOT_REACHED)] * 3 for key in KEYS + SECOND}
    unknown = campaign_of(Scripted(none_came))
    assert report.places(unknown) == (1, ["libzmq+0x4f062"])
    assert "at 1 of them none was failed: `libzmq+0x4f062`" in report.markdown(report.summary(unknown, 0, "2026-11-29"))
    one_came = campaign_of(Scripted({**none_came, KEYS[2]: [Verdict(Outcome.ENOMEM)]}))
    assert report.places(one_came) == (1, [])


def test_a_summary_has_what_the_page_needs() -> None:
    page = report.markdown(report.summary(seeded(), 0, "2026-11-29"))
    assert "measured on 2026-11-29" in page
    assert "which ask for memory at 1 places in libzmq; at each of them" in page
    assert "2 distinct sites: 1 alloc_assert, 1 uncaught bad_alloc." in page
    assert "| `yqueue.hpp:92` | alloc_assert | 3 |" in page
