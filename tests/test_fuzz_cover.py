"""Every call in every state of a bounded model: the graph is what it is, is covered, and shows each defect there is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from mutants import ALL, PATTERNS, TABLES, Mutant, PatternMutant
from mutated import Mutated

from enomem.checks.cli import main
from enomem.checks.errors import Inconclusive
from enomem.checks.fuzz import bounded
from enomem.checks.fuzz.bounded import _States, graph, pairs
from enomem.checks.fuzz.bounded_calls import Bounds
from enomem.checks.fuzz.cover import Covered, covered
from enomem.checks.fuzz.models import bounds_of, read, result_of
from enomem.checks.oracle.events import Do
from enomem.checks.oracle.oracle import Oracle
from enomem.checks.targets.reference import Reference
from enomem.checks.targets.target import Can
from enomem.model.memory import Site
from enomem.model.policies import DISCARD, RESERVE
from enomem.model.systems.network import Network, Setting

CANS = frozenset(Can)
PUSH = Bounds(("PUSH", "PULL"), 1)
FOUND = {
    "REQ out of step": "REQ-REP",
    "REP envelope lost": "REP-REQ",
    "ROUTER address is a part": "ROUTER-REQ",
    "REQ no delimiter again": "REQ-REP",
    "PUB rest is sent": "PUB-SUB",
    "ok though refused": "PUSH-PULL",
    "abort keeps the tail": "PUSH-PULL",
    "HWM between parts": "PUSH-PULL",
    "rollback forgotten": "PUSH-PULL",
    "phase stays after ENOMEM": "PUSH-PULL",
    "commit forgotten": "PULL-PUSH+kills",
    "never full": "PULL-PUSH+kills",
    "PUSH turn stays": "PUSH-PULL-PULL",
    "PUB topics outlive the connection": "SUB-PUB+kills",
}
"""Defects, and the model whose transition cover shows them."""
PARTS = {"REP-REQ": 4, "PUSH-PULL": 2, "REQ-REP": 2, "PUB-SUB": 2}
NAMED: dict[str, Mutant | PatternMutant] = {one.name: one for one in ALL} | {
    f"{one.pattern} {one.name}": one for one in (*PATTERNS, *TABLES)
}


def test_the_graph_of_a_small_model() -> None:
    made = graph(PUSH, Setting(), CANS)
    assert (len(made.edges), made.transitions) == (14, 94)
    assert all(0 <= end < len(made.edges) for edges in made.edges for _, end in edges)


def test_what_a_target_cannot_do_is_not_in_its_graph() -> None:
    assert graph(PUSH, Setting(), frozenset()).transitions < graph(PUSH, Setting(), CANS).transitions


def test_a_publisher_that_connected_counts_nobody_twice() -> None:
    states: list[Network] = []

    class Kept(_States):
        def number(self, state: Network) -> int:
            states.append(state)
            return super().number(state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded, "_States", Kept)
        made = graph(Bounds(("SUB", "PUB"), 1, kills=True), Setting(), CANS)
    assert (len(made.edges), made.beyond) == (192, 0)
    counts = [count for state in states for socket in state.sockets for _, _, count in socket.peers]
    assert set(counts) == {1}


def test_a_graph_that_is_too_large_is_no_verdict() -> None:
    with pytest.raises(Inconclusive, match="more than 5 states"):
        graph(PUSH, Setting(), CANS, most=5)


def test_every_transition_is_taken_on_the_reference() -> None:
    target = Reference(stepped=True)
    made = graph(Bounds(("REQ", "REP"), 1), Setting(), target.cans)
    done = Covered()
    assert covered(target, made, Setting(), done) == 0
    target.end()
    assert done.taken == made.transitions
    assert done.failures == {}


class _Enough(Exception):
    """One deviation is enough."""


@pytest.mark.parametrize("name", FOUND)
def test_a_defect_is_found(name: str) -> None:
    target = Mutated(NAMED[name])
    (bounds,) = bounds_of([FOUND[name]], PARTS.get(FOUND[name], 1), Reference.types)
    done = Covered()

    def enough() -> None:
        if done.failures:
            raise _Enough

    done.tell = enough
    with pytest.raises(_Enough):
        # As much of a target as is called.
        covered(target, graph(bounds, Setting(), target.cans), Setting(), done)  # type: ignore[arg-type]
    target.end()
    (failure,) = done.failures.values()
    oracle = Oracle(Setting())
    explained = all(oracle.saw(event) is None for event in failure.events)
    assert failure.kind.startswith(("memory", "fault", "raised")) or not explained


def test_all_pairs_of_types_have_a_model() -> None:
    assert len(pairs()) == 21
    assert ("PUB", "SUB") in pairs()


def test_the_command() -> None:
    arguments = ["fuzz", "--exhaustive", "--model", "push-pull", "--parts", "1", "--quiet"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "PUSH-PULL, 1 parts: 14 states, 94 transitions, 94 of them taken" in done.output
    for wrong in (["--model", "PUSH-PUB"], ["--model", "PUSH"], ["--policy", "HOPE"]):
        done = CliRunner().invoke(main, ["fuzz", "--exhaustive", *wrong])
        assert done.exit_code == 2


def test_kills_have_outcomes_and_only_those_that_came_count() -> None:
    target = Reference(stepped=True)
    bounds = Bounds(("PUSH", "PULL"), 1, kills=True)
    result = result_of(target, Setting(), bounds, Covered())
    target.end()
    assert result.deviations == ()
    assert (result.undecided, result.elsewhere) == (0, 0)
    assert result.taken < result.transitions
    assert result.taken + result.unshown + result.unreached == result.transitions
    assert f"{result.unshown} not shown by this target" in result.line()


def test_every_allocation_that_a_target_can_be_refused_is() -> None:
    sites = set()
    for name in ("PUSH-PULL", "PUSH-PULL+edge", "PUSH-PULL+kills", "SUB-PUB"):
        (bounds,) = bounds_of([name], 1, Reference.types)
        for policy in (DISCARD, RESERVE):
            for edges in graph(bounds, Setting(policy), CANS).edges:
                sites |= {event.name for events, _ in edges for event in events if event.do == Do.REFUSE}
    asked = {Site.BODY, Site.SLOT, Site.RESERVATION, Site.RECEIVE_BODY, Site.SUBSCRIPTION, Site.CONNECTION, Site.ACCEPT}
    assert sites == {"", *(site.name for site in asked | {Site.LISTENER, Site.SOCKET})}


def test_results_are_kept_and_a_model_is_not_run_twice(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    arguments = ["fuzz", "--exhaustive", "--model", "REQ-REP", "--parts", "1", "--quiet", "--results", str(kept)]
    for often in range(2):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        assert ("(before)" in done.output) == bool(often)
    (result,) = read(kept)
    assert result.taken == result.transitions == 250
    kept.write_text("{}\n", encoding="utf-8")
    assert CliRunner().invoke(main, arguments).exit_code == 2


def test_several_processes_find_what_one_does(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    models = ["--model", "PUSH-PULL", "--model", "REP-REQ", "--parts", "1"]
    done = CliRunner().invoke(main, ["fuzz", "--exhaustive", *models, "--jobs", "2", "--results", str(kept)])
    assert done.exit_code == 0, done.output
    assert {(one.model, one.taken) for one in read(kept)} == {("PUSH-PULL", 94), ("REP-REQ", 250)}


def test_the_diagram_in_the_document_is_the_one_that_is_drawn(tmp_path: Path) -> None:
    program = Path(__file__).parents[1] / "docs" / "programs" / "keeps_what_it_has.py"
    drawn = tmp_path / "found.mmd"
    target = f"process:{sys.executable} {program}"
    options = ["--type", "PUSH", "--policy", "DISCARD", "--seed", "4", "--quiet", "--mermaid", str(drawn)]
    # What a seed draws depends on what else is imported, and so it is drawn as a person does.
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    command = [sys.executable, "-m", "enomem", "fuzz", "--target", target, *options]
    done = subprocess.run(command, env=where, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert f"```mermaid\n{drawn.read_text()}```" in (program.parents[1] / "fuzzing.md").read_text(encoding="utf-8")
