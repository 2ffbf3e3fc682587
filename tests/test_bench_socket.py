"""`enomem bench socket`: what it measures and says. No test here looks at how long anything took."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from enomem.checks import cli
from enomem.checks.bench import pair as bench_pair
from enomem.checks.bench import sockets as bench_socket
from enomem.checks.bench.child import LIBRARIES, Order
from enomem.checks.bench.pair import CASES, Failed, Measured, measure
from enomem.checks.bench.sockets import Row, aim, plan
from enomem.checks.errors import UsageError


def bench(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.main, ["bench", "socket", *words], env={"COLUMNS": "120"})
    return done.exit_code, done.output


@pytest.mark.parametrize("library", ["pyzmq", "enomem", "enomem.aio", "pyzmq.asyncio", "pyomq"])
@pytest.mark.parametrize(("case", "count"), [("3x10B", 50), ("1MiB", 20), ("REQ/REP", 20)])
def test_every_library_comes_to_its_end(library: str, case: str, count: int) -> None:
    if not bench_socket.installed(library):
        pytest.skip(f"{library} is not installed")
    measured = measure(case, library, count)
    assert (measured.library, measured.count) == (library, count)
    assert measured.rate > 0
    assert set(measured.ends) == set(CASES[case].ends)
    assert all(set(clock) == {"seconds", "process", "thread"} for clock in measured.ends.values())


def test_a_run_prints_ratios_beside_aims_and_writes_everything(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    code, shown = bench("--quick", "--only", "REQ/rep", "--only", "enomem", "--only", "pyzmq", "--json", str(file))
    assert code == 0
    assert "REQ/REP enomem: round 1 of 1" in shown
    assert "(aim 0.7)" in shown
    found = json.loads(file.read_text())
    assert (found["format"], found["version"]) == ("enomem-bench-socket", 1)
    assert {row["library"]: row["aim"] for row in found["rows"]} == {"pyzmq": None, "enomem": "0.7"}
    for row in found["rows"]:
        assert (row["case"], row["failed"], len(row["rounds"])) == ("REQ/REP", "", 1)
        (one,) = row["rounds"]
        assert one["pyzmq"]["library"] == "pyzmq"
        assert one["library"]["library"] == row["library"]
        assert row["ratio"] == one["library"]["rate"] / one["pyzmq"]["rate"]
    assert found["versions"]["pyzmq"]


def test_the_keys_of_a_report_are_documented() -> None:
    written = bench_socket.as_json(plan(["10B", "enomem"], 1, 1.0), [row("10B", "enomem", 1.0)])
    page = (Path(__file__).parent.parent / "docs" / "command-line.md").read_text(encoding="utf-8")
    table = page.partition("| key | meaning |")[2]
    documented = set(re.findall(r"`(\w+)`", table))
    (found,) = written["rows"]
    assert {*written, *found, *found["rounds"][0], *found["rounds"][0]["library"]} <= documented


def test_a_profile_shows_both_ends() -> None:
    code, shown = bench("--profile", "--only", "REQ/REP", "--only", "enomem", "--seconds", "0.05", "--quiet")
    assert code == 0
    assert "REQ/REP enomem answer: " in shown
    assert "REQ/REP enomem ask: " in shown
    assert shown.count("Ordered by: internal time") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "3x10"), "did you mean 3x10B?"),
        (("--only", "nanomsg!"), "there is no case and no library 'nanomsg!'"),
        (("--rounds", "0"), "--rounds"),
        (("--json", "/nowhere/at/all"), "/nowhere/at/all cannot be written"),
        (("10B",), "10B"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(words: tuple[str, ...], said: str) -> None:
    code, shown = bench(*words)
    assert code == 2
    assert said in shown
    assert shown.count("\n") == 1


def test_without_pyzmq_there_is_nothing_to_measure_against(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_socket, "installed", lambda library: library != "pyzmq")
    assert bench() == (2, "enomem: pyzmq is not installed, and everything is measured against it: pip install pyzmq\n")


def test_what_is_not_installed_is_left_out_and_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_socket, "installed", lambda library: library != "pyomq")
    assert "pyomq" not in plan([], 1, 1.0).libraries
    with pytest.raises(UsageError, match="pyomq is not installed"):
        plan(["pyomq"], 1, 1.0)


def test_an_unknown_library_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIBRARIES, "other", ("nowhere.at.all", "nowhere"))
    assert not bench_socket.installed("other")


def test_an_end_that_fails_says_why() -> None:
    with pytest.raises(Failed, match=r"receive: KeyError: 'nanomsg'"):
        measure("10B", "nanomsg", 10)


def test_a_pair_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_pair, "PATIENCE", 0.5)
    with pytest.raises(Failed, match=r"not done within 0\.5 s"):
        measure("10B", "pyzmq", 10**10)


def test_a_failed_pair_is_shown_and_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise Failed("send: it broke")

    monkeypatch.setattr(bench_socket, "pilot", fails)
    code, shown = bench("--only", "10B", "--only", "enomem", "--quiet")
    assert code == 4
    assert "10B enomem was not measured: send: it broke" in shown


def test_ctrl_c_shows_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_: object, found: list[Row], __: object) -> None:
        found.append(row("10B", "enomem", 1.0))
        raise KeyboardInterrupt

    monkeypatch.setattr(bench_socket, "measure_all", stopped)
    code, shown = bench("--quiet")
    assert code == 3
    assert "1.00 (aim 0.33)" in shown
    assert "interrupted" in shown


def row(case: str, library: str, *ratios: float) -> Row:
    theirs = Measured("pyzmq", 10, 100_000.0, {})
    return Row(case, library, [(theirs, Measured(library, 10, 100_000.0 * ratio, {})) for ratio in ratios])


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    assert row("10B", "enomem", 0.1, 9.0, 0.2).ratio == pytest.approx(0.2)
    assert Row("10B", "enomem").ratio is None


def test_the_aim_of_enomem_aio_is_what_pyzmq_asyncio_reached_in_the_same_run() -> None:
    rows = [row("10B", "enomem.aio", 0.1), row("10B", "pyzmq.asyncio", 0.06), row("1KiB", "enomem.aio", 0.1)]
    assert [aim(one, rows) for one in rows] == ["> 0.06", "", ""]


def test_queues_of_large_messages_are_short() -> None:
    assert CASES["10B"].hwm == 1000
    assert CASES["1MiB"].hwm == 16
    assert Order("pyzmq", "send", 1, 1, 1, 1, 1).profile == ""


def test_the_search_is_measured_as_before() -> None:
    for words in (["bench", "Z"], ["bench", "search", "Z"], ["bench", "--no-spin", "Z"]):
        done = CliRunner().invoke(cli.main, words)
        assert done.exit_code == 2
        assert "there is no case 'Z'" in done.output
    assert "socket" in CliRunner().invoke(cli.main, ["bench", "--help"]).output
