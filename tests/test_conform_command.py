"""`enomem conform`: what it asks, prints, writes, and with which exit code it ends."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from children import child
from click.testing import CliRunner, Result

import enomem
from enomem.checks.cli import main
from enomem.checks.conform import baseline, catalogue, report
from enomem.checks.conform.case import Case, Verdict
from enomem.checks.conform.run import Outcome
from enomem.checks.errors import UsageError

CASES = catalogue.cases()


def conform(*words: str) -> Result:
    return CliRunner().invoke(main, ["conform", "--wait", "20", *words])


@pytest.fixture
def replier() -> Iterator[str]:
    """The endpoint of a REP of ours that answers every request, in a thread of its library's own."""
    context = enomem.Context()
    socket = context.socket(enomem.REP)
    socket.bind("tcp://127.0.0.1:*")
    yield socket.last_endpoint
    context.destroy(linger=0)


def test_a_target_that_is_as_it_should_be() -> None:
    said = conform("--target", "reference", "wire/3", "send/11/2")
    assert said.exit_code == 0, said.output
    assert "wire/3/1      informational peer of 2 0: it closes the connection" in said.output
    assert said.output.endswith("3 of 3 cases asked: 1 pass, 2 informational\n")


def test_a_black_box_is_asked_what_needs_no_more_than_an_endpoint(replier: str) -> None:
    said = conform(replier, "--type", "REP", "wire/1", "wire/27", "send/5/1")
    assert said.exit_code == 0, said.output
    assert "\nunsupported   wire/27/7 send/5/1: needs a target that makes sockets\n" in f"\n{said.output}"
    assert "12 of 14 cases asked: 12 pass; 2 unsupported, not asked" in said.output


def test_what_cannot_be_asked_is_never_passed(replier: str) -> None:
    said = conform(replier, "--type", "rep", "send/5")
    assert said.exit_code == 3
    assert "send/5/1 send/5/2 send/5/3 send/5/4 send/5/5 send/5/6 and 2 more: needs a target" in said.output
    assert "0 of 8 cases asked: none; 8 unsupported, not asked" in said.output


def test_a_black_box_that_answers_is_asked_for_envelopes() -> None:
    """In a process of its own, as a user has it."""
    program = (
        "import enomem\nsocket = enomem.Context().socket(enomem.REP)\nsocket.bind('tcp://127.0.0.1:*')\n"
        "print(socket.last_endpoint, flush=True)\nwhile True: socket.send_multipart(socket.recv_multipart())\n"
    )
    with child([sys.executable, "-c", program]) as process:
        assert process.stdout is not None
        said = conform(process.stdout.readline().strip(), "--type", "REP", "rep")
    assert said.exit_code == 0, said.output
    assert "4 of 12 cases asked: 4 pass" in said.output


def test_the_list_has_every_case_with_its_sentence_and_source() -> None:
    said = conform("--list")
    assert said.exit_code == 0
    for case in CASES:
        assert f"{case.id:<13} {case.level.value:<6} {case.name}" in said.output
        assert f"{case.sentence} [{case.source}]" in said.output
    assert conform("--list", "wire/27/1").output.count("\n") == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--target", "model"], "the target model has no ports"),
        (["--target", "reference-stepped"], "does nothing between its calls"),
        (["--target", "reference", "wire/99"], "there is no case 'wire/99'; the nearest: wire/9"),
        (["--target", "reference", "--exclude", "zz"], "there is no case 'zz'"),
        (["--target", "nobody"], "there is no target 'nobody'"),
        (["wire"], "one endpoint with --type, or one --target"),
        (["tcp://127.0.0.1:1", "--target", "reference"], "one endpoint with --type, or one --target"),
        (["tcp://127.0.0.1:1"], "--type REP"),
        (["tcp://127.0.0.1:1", "--type", "REP"], "nobody can be reached at tcp://127.0.0.1:1"),
        (["tcp://127.0.0.1:x", "--type", "REP"], "tcp://127.0.0.1:x has no host and port"),
        (["ipc://x", "--type", "REP"], "a black box is tested over TCP"),
        (["--target", "reference", "--baseline", "no-such-file"], "no-such-file cannot be read"),
        (["--target", "reference", "wire/1/1", "--json", "/no/folder/x"], "x cannot be written: there is no folder"),
    ],
)
def test_the_callers_mistakes_are_one_sentence(words: list[str], says: str) -> None:
    said = conform(*words)
    assert said.exit_code == 2, said.output
    assert says in said.output
    assert said.output.count("\n") <= 2


def outcome(case: Case, verdict: Verdict) -> Outcome:
    return Outcome(case, verdict, "a thing", "another \x00 thing", "print('it')\n", ("step",), 0.5)


ENDS = [outcome(case, verdict) for case, verdict in zip(CASES, [*Verdict, Verdict.FAIL], strict=False)]
"""A pass, a non-strict, an informational, an unsupported and two failed ones."""


def deviations(folder: Path, text: str) -> baseline.Baseline:
    file = folder / "baseline.toml"
    file.write_text(text)
    return baseline.load(file)


def entry(ids: list[str], verdict: str = "fail") -> str:
    return f'[[deviation]]\ncases = {json.dumps(ids)}\nverdict = "{verdict}"\nreason = "known"\n'


def test_without_a_baseline_what_fails_counts_and_strictly_what_only_should_be() -> None:
    ids = [end.case.id for end in ENDS]
    assert baseline.differences(ENDS, {}, False) == [
        f"{ids[i]} is fail, and the baseline does not list it" for i in (4, 5)
    ]
    assert len(baseline.differences(ENDS, {}, True)) == 3


def test_a_baseline_differs_both_ways(tmp_path: Path) -> None:
    ids = [end.case.id for end in ENDS]
    same = deviations(tmp_path, entry([ids[4], ids[5]]) + entry([ids[1]], "non-strict"))
    assert baseline.differences(ENDS, same, True) == []
    for place, verdict in ((0, "pass"), (3, "unsupported"), (1, "non-strict")):
        more = deviations(tmp_path, entry([ids[4], ids[5], ids[place]]))
        assert baseline.differences(ENDS, more, False) == [f"{ids[place]} is {verdict}, and the baseline says fail"]


def test_what_comes_by_chance_may_pass_and_may_do_nothing_else(tmp_path: Path) -> None:
    ids = [end.case.id for end in ENDS]
    listed = entry([ids[4], ids[5]]) + entry([ids[0]]) + "sometimes = true\n"
    assert baseline.differences(ENDS, deviations(tmp_path, listed), False) == []
    known = deviations(tmp_path, entry([ids[4], ids[5], ids[3]]) + "sometimes = true\n")
    assert baseline.differences(ENDS, known, False) == [f"{ids[3]} is unsupported, and the baseline says fail"]
    again = deviations(tmp_path, baseline.text(ENDS, "me", "1", known))
    assert again[ids[4]] == known[ids[4]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[", "is not TOML"),
        ("other = 1", "deviations are tables"),
        (entry(["wire/2/99"]), "there is no case 'wire/2/99'; the nearest"),
        (entry(["wire/2/1", "wire/2/1"]), "stands there twice"),
        (entry(["wire/2/1"], "pass"), "a verdict (fail or non-strict)"),
        (entry(["wire/2/1"]) + "sometimes = 1\n", "it may have sometimes = true"),
        ('[[deviation]]\ncases = ["wire/2/1"]\nverdict = "fail"\n', "and a reason"),
        ('[[deviation]]\ncases = "wire/2/1"\nverdict = "fail"\nreason = "x"\n', "a list of ids"),
        ("deviation = 1", "deviations are tables"),
        ("deviation = [1]", "deviation 1 needs cases"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_the_callers_mistake(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        deviations(tmp_path, text)
    assert says in str(error.value)


def test_a_baseline_that_was_written_is_what_was_found(tmp_path: Path) -> None:
    again = deviations(tmp_path, baseline.text(ENDS, "me", "1", {}))
    assert baseline.differences(ENDS, again, True) == []
    kept = baseline.text(ENDS, "me", "1", {ENDS[4].case.id: baseline.Expected(Verdict.FAIL, "a good reason")})
    assert "a good reason" in kept


def test_exit_codes() -> None:
    from enomem.checks.conform.command import exit_code

    assert exit_code(ENDS, ["news"]) == 1
    assert exit_code(ENDS, []) == 0
    assert exit_code([ENDS[3]], []) == 3


def test_what_is_written_about_outcomes(tmp_path: Path) -> None:
    data = report.as_json(ENDS, "me", "1", False, 1)
    report.write_json(tmp_path / "r.json", data)
    assert json.loads((tmp_path / "r.json").read_text())["cases"][4]["script"] == "print('it')\n"
    assert data["cases"][0]["script"] == ""
    report.write_junit(tmp_path / "r.xml", ENDS, "me", False, None)
    suite = ElementTree.parse(tmp_path / "r.xml").getroot()
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6", "failures": "2", "errors": "0", "skipped": "1",
    }  # fmt: skip
    report.write_junit(tmp_path / "r.xml", ENDS, "me", False, [f"{ENDS[0].case.id} is news"])
    suite = ElementTree.parse(tmp_path / "r.xml").getroot()
    assert [node.get("message") for node in suite.iter("failure")] == [f"{ENDS[0].case.id} is news"]
    assert report.write_scripts(tmp_path / "scripts", ENDS) == 3
    assert len(list((tmp_path / "scripts").glob("*.py"))) == 3


def test_what_is_said_of_outcomes() -> None:
    said = [report.lines(end, {}, False) for end in ENDS]
    assert said[0] == []
    assert "    step" not in said[1]
    assert "    step" in report.lines(ENDS[1], {}, True)
    assert said[3] == []
    assert report.lacking(ENDS) == [f"unsupported   {ENDS[3].case.id}: needs another \x00 thing"]
    assert said[4][2:] == ["  expected: a thing", "  actual:   another \x00 thing", "    step"]
    known = {ENDS[4].case.id: baseline.Expected(Verdict.FAIL, "old")}
    assert report.lines(ENDS[4], known, False)[0].endswith("as in the baseline: old")
    assert (
        report.summary(ENDS)
        == "5 of 6 cases asked: 1 pass, 1 informational, 1 non-strict, 2 fail; 1 unsupported, not asked"
    )
