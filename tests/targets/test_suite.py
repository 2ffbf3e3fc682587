"""The suite, asked of every target in its own pytest, as another project would; and of targets that lie."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from enomem.checks.errors import UsageError
from enomem.checks.suite import test_declared, test_memory, test_messages
from enomem.checks.targets import stillness
from enomem.checks.targets.registry import by_name
from enomem.checks.targets.target import Can, CannotDo, Target, TargetFault

from . import liars

ROOT = Path(__file__).resolve().parents[2]
SERVED = f"process:{sys.executable} -m enomem.checks.targets.serve reference"

NOT_ASKED = {
    "model": {Can.LIMIT, Can.MEMORY, Can.RECEIVE_POLICY},
    "reference": set(),
    "reference-stepped": set(),
    SERVED: set(),
    "pyzmq": set(Can) - {Can.DISCONNECT, Can.PEERS} - ({Can.SETTLE} if stillness.told() else set()),
    "pyomq": set(Can) - {Can.DISCONNECT, Can.PEERS},
    "jeromq": set(Can) - {Can.DISCONNECT},
    "zeromqjs": set(Can) - {Can.ABORT, Can.DISCONNECT, Can.PEERS},
}
"""Every target that there is, and what it cannot."""


@pytest.fixture(autouse=True)
def _enomem_is_found_by_children(monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin and no other."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    plugin = ("-p", "enomem.checks.suite.plugin", "-p", "no:cacheprovider", "-W", "error")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *arguments], cwd=cwd, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", NOT_ASKED)
def test_a_target_passes_all_that_it_is_asked(name: str, tmp_path: Path) -> None:
    try:
        target = by_name(name)
    except UsageError as error:
        pytest.skip(str(error))
    assert set(Can) - target.cans == NOT_ASKED[name]
    target.end()
    report = tmp_path / "report.xml"
    # Programs are drawn where enomem's own sockets are asked; what others do is for `enomem fuzz` and its table.
    examples = "5" if name in ("model", "reference-stepped") else "0"
    drawn = ("--enomem-examples", examples)
    done = run(
        "--pyargs", "enomem.checks.suite", "--enomem-target", name, *drawn, f"--junit-xml={report}", cwd=tmp_path
    )
    cases = ElementTree.parse(report).findall(".//testcase")
    failed = {str(case.get("name")) for case in cases if case.find("failure") is not None}
    assert failed == set(), done.stdout
    assert [case.get("name") for case in cases if case.find("error") is not None] == []
    skipped = [case.find("skipped") for case in cases]
    reasons = {str(why.get("message")) for why in skipped if why is not None}
    expected = {f"not asked: the target {target.name} cannot {can.value}" for can in NOT_ASKED[name]}
    expected |= {"not asked: no program was to be drawn (--enomem-examples 0)"} if examples == "0" else set()
    assert reasons <= expected
    # What was not asked is said in the end, too.
    assert ("enomem: not asked" in done.stdout) == bool(reasons)
    assert done.returncode == 0


LIARS: dict[type[Any], tuple[Callable[..., None], tuple[Any, ...]]] = {
    liars.WeighsNothing: (test_declared.test_memory_is_counted_and_given_back, ()),
    liars.KeepsMemory: (test_declared.test_memory_is_counted_and_given_back, ()),
    liars.HasNoLimit: (test_declared.test_a_limit_bounds_what_is_queued, ()),
    liars.AcceptsNothing: (test_declared.test_a_limit_bounds_what_is_queued, ()),
    liars.ClosesAlways: (test_memory.test_a_reader_that_waits_for_memory_loses_nothing, ()),
    liars.RefusesNothing: (test_declared.test_a_refusal_is_told_and_counted, ()),
    liars.RefusesAtOnce: (test_declared.test_a_refusal_is_told_and_counted, ()),
    liars.RefusesForEver: (test_declared.test_a_refusal_is_told_and_counted, ()),
    liars.HasOnePolicy: (
        test_declared.test_a_policy_decides_what_becomes_of_an_unfinished_message,
        ("KEEP", [b"A2"], [[b"A1", b"A2"]]),
    ),
    liars.SkipsAlways: (
        test_declared.test_a_policy_decides_what_becomes_of_an_unfinished_message,
        ("DISCARD", [b"B1"], [[b"B1"]]),
    ),
    liars.AbortsNothing: (test_declared.test_an_aborted_message_leaves_nothing, ()),
    liars.StaysConnected: (test_declared.test_a_disconnected_peer_gets_nothing, ()),
    liars.GoesOnListening: (test_declared.test_nobody_comes_to_an_endpoint_that_was_unbound, ()),
    liars.SeesPeersAlways: (test_declared.test_peers_are_there_when_it_says_so, ()),
    liars.SettlesTooEarly: (test_declared.test_what_was_sent_has_arrived_when_it_has_settled, ()),
    liars.IgnoresOptions: (test_declared.test_an_option_changes_what_the_socket_does, ()),
    liars.CountsOn: (test_declared.test_sockets_are_numbered_from_0, ()),
    liars.CountsTheRefused: (test_declared.test_a_socket_that_was_refused_has_no_number, ()),
    liars.DeliversTwice: (test_messages.test_a_message_arrives_as_it_was_sent, ("one part",)),
    liars.LosesTheEnd: (test_messages.test_a_message_arrives_as_it_was_sent, ("three parts",)),
    liars.SplicesMessages: (test_messages.test_messages_of_one_sender_keep_their_order, ()),
    liars.SwapsMessages: (test_messages.test_messages_of_one_sender_keep_their_order, ()),
    liars.DeliversTheUnfinished: (test_messages.test_an_unfinished_message_is_never_received, ()),
    liars.FavoursOne: (test_messages.test_pushed_messages_go_round, ()),
    liars.PublishesEverything: (test_messages.test_a_subscriber_gets_what_begins_with_its_topic, ()),
    liars.HidesTheSender: (
        test_messages.test_a_router_puts_the_sender_in_front_and_sends_to_whom_the_first_part_names,
        (),
    ),
    liars.KeepsTheBeginning: (test_memory.test_what_got_no_memory_is_no_part_of_what_arrives, ()),
    liars.HoldsWhatItDropped: (test_memory.test_a_refusal_leaves_no_memory_behind, ()),
    liars.ForgetsWhatItKept: (
        test_memory.test_what_is_sent_again_arrives_once_and_the_next_message_too,
        ("KEEP", "the failed part", 2),
    ),
}
"""The test of the suite that finds each."""


@pytest.mark.parametrize("liar", LIARS, ids=lambda liar: liar.__name__)
def test_a_liar_is_found(liar: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enomem.checks.suite.asking.WAIT", 50)
    check, arguments = LIARS[liar]
    honest: Target = liars.Stepped() if issubclass(liar, liars.Stepped) else liars.Model()
    target: Target = liar()
    try:
        asked(check, honest, arguments)
        with pytest.raises(AssertionError):
            asked(check, target, arguments)
    finally:
        honest.end()
        target.end()


def asked(check: Callable[..., None], target: Target, arguments: tuple[Any, ...]) -> None:
    """Ask a target; what is not asked finds nobody."""
    try:
        check(target, *arguments)
    except pytest.skip.Exception as skipped:
        raise RuntimeError(f"{target.name} was not asked: {skipped}") from skipped


def test_who_does_what_it_does_not_declare_is_found() -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_declared.test_what_is_not_declared_is_refused(liars.CanMoreThanItSays())


def test_every_test_of_the_suite_finds_a_liar_or_is_named_here() -> None:
    found = {check.__name__ for check, _ in LIARS.values()}
    everyone = {
        name
        for module in (test_declared, test_memory, test_messages)
        for name in vars(module)
        if name.startswith("test_")
    }
    assert everyone - found == {
        "test_it_introduces_itself",
        # Found by the tests above and below.
        "test_what_is_not_declared_is_refused",
        "test_an_option_that_there_is_not_is_einval",
        "test_nothing_has_arrived_before_something_was_sent",
        "test_a_pair_talks_both_ways",
        "test_a_request_and_its_reply_take_turns",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what enomem is to test: --enomem-target NAME, or enomem_target in the ini-file"),
        (("--enomem-target", "nothing"), "there is no target 'nothing'; known are model, reference"),
        (("--enomem-target", "process:nowhere-at-all"), "there is no program 'nowhere-at-all' to start a target with"),
        (("--enomem-target", f"process:{sys.executable} -c pass"), "ended with code 0 when it was asked to introduce"),
        (("--enomem-target", "python:enomem:Nothing"), "python:enomem:Nothing cannot be had"),
    ],
)
def test_who_names_no_target_is_told_in_one_sentence(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run("--pyargs", "enomem.checks.suite", "-x", *arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_plugin_does_nothing_where_nobody_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n"
        "def test_own():\n"
        "    heavy = ('numpy', 'scipy', 'z3', 'hypothesis', 'click', 'rich', 'zmq', 'enomem.checks.targets')\n"
        "    assert [name for name in heavy if name in sys.modules] == []\n"
    )
    done = run("-q", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "enomem" not in done.stdout


def test_the_ini_file_can_name_the_target(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nenomem_target = model\n")
    (tmp_path / "test_own.py").write_text("def test_own(enomem_target):\n    assert enomem_target.name == 'model'\n")
    done = run("-q", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_what_is_not_declared_is_not_asked(tmp_path: Path) -> None:
    target = liars.Model()
    with pytest.raises(CannotDo, match="the target model cannot say how much memory is in use"):
        target.memory()
    target.create("PUSH")
    with pytest.raises(TargetFault, match="choose it before the first is made"):
        target.policy("KEEP")
