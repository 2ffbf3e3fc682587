"""Every call in every state of a bounded model: the graph is what it is, is covered, and shows each defect there is."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from mutants import ALL, PATTERNS, Mutant, PatternMutant
from mutated import Mutated

from enomem.checks.cli import main
from enomem.checks.errors import Inconclusive
from enomem.checks.fuzz.bounded import Bounds, graph, pairs
from enomem.checks.fuzz.cover import Covered, covered
from enomem.checks.targets.reference import Reference
from enomem.checks.targets.target import Can
from enomem.model.systems.network import Setting

CANS = frozenset(Can)
PUSH = Bounds(("PUSH", "PULL"), 1)
FOUND = {
    "REQ out of step": ("REQ", "REP"),
    "REP envelope lost": ("REP", "REQ"),
    "ROUTER address is a part": ("ROUTER", "REQ"),
    "REQ no delimiter again": ("REQ", "REP"),
    "PUB rest is sent": ("PUB", "SUB"),
    **dict.fromkeys(("ok though refused", "abort keeps the tail", "HWM between parts"), ("PUSH", "PULL")),
}
PARTS = {("REP", "REQ"): 4, ("ROUTER", "REQ"): 1}
NAMED: dict[str, Mutant | PatternMutant] = {one.name: one for one in ALL} | {
    f"{one.pattern} {one.name}": one for one in PATTERNS
}


def test_the_graph_of_a_small_model() -> None:
    made = graph(PUSH, Setting(), CANS)
    assert (len(made.edges), made.transitions) == (11, 55)
    assert all(0 <= end < len(made.edges) for edges in made.edges for _, end in edges)


def test_what_a_target_cannot_do_is_not_in_its_graph() -> None:
    assert graph(PUSH, Setting(), frozenset()).transitions < graph(PUSH, Setting(), CANS).transitions


def test_a_graph_that_is_too_large_is_no_verdict() -> None:
    with pytest.raises(Inconclusive, match="more than 5 states"):
        graph(PUSH, Setting(), CANS, most=5)


def test_every_transition_is_taken_on_the_reference() -> None:
    target = Reference(stepped=True)
    made = graph(Bounds(("REQ", "REP"), 1), Setting(), target.cans)
    done = Covered()
    assert covered(target, made, Setting(), done) == 0
    target.end()
    assert done.transitions == made.transitions
    assert done.failures == {}


@pytest.mark.parametrize("name", FOUND)
def test_a_defect_is_found(name: str) -> None:
    target = Mutated(NAMED[name])
    made = graph(Bounds(FOUND[name], PARTS.get(FOUND[name], 2)), Setting(), target.cans)
    done = Covered()
    covered(target, made, Setting(), done)  # type: ignore[arg-type]
    target.end()
    assert done.failures


def test_all_pairs_of_types_have_a_model() -> None:
    assert len(pairs()) == 21
    assert ("PUB", "SUB") in pairs()


def test_the_command() -> None:
    arguments = ["fuzz", "--exhaustive", "--model", "push-pull", "--parts", "1", "--quiet"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "PUSH-PULL, 1 parts: 11 states, 55 transitions, 55 of them taken" in done.output
    for wrong in (["--model", "PUSH-PUB"], ["--model", "PUSH"], ["--policy", "HOPE"]):
        done = CliRunner().invoke(main, ["fuzz", "--exhaustive", *wrong])
        assert done.exit_code == 2


def test_the_diagram_in_the_document_is_the_one_that_is_drawn(tmp_path: Path) -> None:
    program = Path(__file__).parents[1] / "docs" / "programs" / "keeps_what_it_has.py"
    drawn = tmp_path / "found.mmd"
    target = f"process:{sys.executable} {program}"
    options = ["--type", "PUSH", "--policy", "DISCARD", "--seed", "3", "--quiet", "--mermaid", str(drawn)]
    assert CliRunner().invoke(main, ["fuzz", "--target", target, *options]).exit_code == 1
    assert f"```mermaid\n{drawn.read_text()}```" in (program.parents[1] / "fuzzing.md").read_text(encoding="utf-8")
