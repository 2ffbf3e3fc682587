"""Certificates: that they are read and believed by solvers that did not write them, and that a wrong one is not."""

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cvc5
import pytest
import z3
from children import child

from enomem.checks.judging import judge
from enomem.checks.proof import certificate
from enomem.checks.proof.induction import Induction, Proof, Query
from enomem.checks.senders import invariants, plan, questions, sender
from enomem.model.application import Recovery
from enomem.model.policies import DISCARD, POLICIES, RESERVE, SendPolicy
from enomem.model.send import Sizes
from enomem.model.system import System

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Case:
    policy: SendPolicy
    senders: int
    others: bool

    @property
    def title(self) -> str:
        others = " and others" if self.others else ""
        return f"{self.policy.name} RESTART {self.senders} sender{'s'[: self.senders - 1]}{others}"

    def induction(self) -> Induction:
        system = System(self.policy, Recovery.RESTART, senders=self.senders, others=self.others)
        machine = sender.unbounded(system)
        asked, candidates = questions.asked(machine.subject), questions.candidates(machine.subject)
        return Induction(machine, asked, candidates, lambda: invariants.parameters(machine.subject))


ONE, OTHERS, RESERVED = Case(DISCARD, 1, False), Case(DISCARD, 2, True), Case(RESERVE, 2, False)


@cache
def proved(case: Case) -> tuple[Induction, Proof]:
    induction = case.induction()
    return induction, induction.run()


def cvc5_says(text: str) -> list[str]:
    """What cvc5 answers to a script that it takes by the letter of the standard, and whose hope it does not know."""
    text = text.replace("(set-info :status unsat)\n", "")
    manager = cvc5.TermManager()
    solver, symbols = cvc5.Solver(manager), cvc5.SymbolManager(manager)
    solver.setOption("strict-parsing", "true")
    solver.setOption("tlimit-per", "20000")
    parser = cvc5.InputParser(solver, symbols)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "certificate")
    answers = []
    while not (command := parser.nextCommand()).isNull():
        answers.append(command.invoke(solver, symbols).strip())
    return [answer for answer in answers if answer]


def z3_says(text: str) -> str:
    solver = z3.SolverFor("QF_LIA")
    solver.from_string(text)
    return str(solver.check())


@pytest.mark.parametrize("case", [ONE, OTHERS, RESERVED], ids=lambda case: certificate.slug(case.title))
def test_two_solvers_agree_on_every_obligation(case: Case, tmp_path: Path) -> None:
    induction, proof = proved(case)
    assert set(proof.verdicts.values()) == {True}
    *files, index = certificate.write(proof, case.title, tmp_path)
    assert len(files) == len(proof.queries)
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    assert {name: cvc5_says(text) for name, text in texts.items()} == {name: ["unsat"] for name in texts}
    assert {name: z3_says(text) for name, text in texts.items()} == dict.fromkeys(texts, "unsat")

    listed = json.loads(index.read_text(encoding="utf-8"))["files"]
    assert [entry["file"] for entry in listed] == list(texts)
    kinds = [entry["kind"] for entry in listed]
    moving = {t.place for t in induction.transitions if t.error is None}
    assert kinds.count("initiation") == 1
    assert kinds.count("consecution") == len(moving) > 8
    assert {entry["property"] for entry in listed if entry["kind"] == "safety"} == set(proof.verdicts)


ALL = [
    (policy, recovery, scope)
    for policy in POLICIES
    for recovery in Recovery
    for scope in plan.scopes(policy.reserves, deep=False)
    if scope.sizes == Sizes()
]
"""Every proof of the matrix with chunks of two slots. With three slots cvc5 gives up after 20 s on an obligation of
five of the twelve proofs (rounding by three), and answers unsat everywhere else."""


@pytest.mark.parametrize(("policy", "recovery", "scope"), ALL, ids=[f"{p.name}-{r.value}-{s.title}" for p, r, s in ALL])
def test_a_second_solver_agrees_on_the_proofs_of_the_matrix(
    policy: SendPolicy, recovery: Recovery, scope: plan.Scope, tmp_path: Path
) -> None:
    proof = judge.prove(policy, recovery, scope, 10.0, lambda _: None)
    *files, _ = certificate.write(proof, f"{policy.name} {recovery.value} {scope.title}", tmp_path)
    assert sum("consecution" in file.name for file in files) > 8
    assert [file.name for file in files if cvc5_says(file.read_text(encoding="utf-8")) != ["unsat"]] == []


def test_a_file_stands_by_itself_and_says_what_it_is(tmp_path: Path) -> None:
    _, proof = proved(ONE)
    files = certificate.write(proof, ONE.title, tmp_path)
    assert {file.parent for file in files} == {tmp_path / "discard-restart-1-sender"}
    for file, query in zip(files[:-1], proof.queries, strict=True):
        text = file.read_text(encoding="utf-8")
        assert f"enomem, DISCARD RESTART 1 sender, {query.name}|" in text
        assert "(set-info :status unsat)\n" in text
        assert "(set-logic QF_LIA)\n" in text
        assert " div " not in text
        assert "(mod " not in text
        assert text.count("(check-sat)") == 1
    for name in proof.invariants:
        assert f"\n; {name}\n(assert" in files[1].read_text(encoding="utf-8")


def test_without_a_supporting_invariant_it_is_not_believed(tmp_path: Path) -> None:
    _, proof = proved(ONE)
    for wanted in ("sender 0: no odd message", "sender 0: sending: tail is what was sent", "sender 0: pipe.parts"):
        weaker = [_without(query, wanted) for query in proof.queries if query.name != "initiation"]
        files = certificate.write(replace(proof, queries=weaker), wanted, tmp_path)[:-1]
        answers = {file.name: cvc5_says(file.read_text(encoding="utf-8")) for file in files}
        assert {answer for (answer,) in answers.values()} == {"sat", "unsat"}, wanted


def _without(query: Query, label: str) -> Query:
    place = query.labels.index(label)
    given = (*query.given[:place], *query.given[place + 1 :])
    return replace(query, given=given, labels=(*query.labels[:place], *query.labels[place + 1 :]))


def test_with_its_goals_negated_it_is_not_believed(tmp_path: Path) -> None:
    # This also shows that the hypotheses, the same in all files but the first, have a model: no answer is vacuous.
    _, proof = proved(ONE)
    assert len({query.given for query in proof.queries}) == 2
    wrong = [replace(query, goal=z3.Not(query.goal)) for query in proof.queries[:2]]
    files = certificate.write(replace(proof, queries=wrong), "wrong", tmp_path)[:-1]
    assert [cvc5_says(file.read_text(encoding="utf-8")) for file in files] == [["sat"], ["sat"]]


def test_two_runs_write_the_same_text(tmp_path: Path) -> None:
    for name, proof in (("one", proved(ONE)[1]), ("two", ONE.induction().run())):
        certificate.write(proof, ONE.title, tmp_path / name)
    assert _texts(tmp_path / "one") == _texts(tmp_path / "two")


def test_two_processes_write_the_same_text(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]); import test_certificate as t;"
        "t.certificate.write(t.ONE.induction().run(), t.ONE.title, Path(sys.argv[1]))"
    )
    with ExitStack() as running:
        processes = []
        for seed in ("1", "2"):
            environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "src")}
            command = [sys.executable, "-c", code, tmp_path / seed, ROOT / "tests"]
            processes.append(running.enter_context(child(command, environment)))
        assert [process.wait() for process in processes] == [0, 0]
    assert _texts(tmp_path / "1") == _texts(tmp_path / "2")


def _texts(folder: Path) -> dict[str, str]:
    found = {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in folder.rglob("*.*")}
    assert len(found) > 20
    return found


def test_what_was_not_proved_has_no_file_and_old_files_go(tmp_path: Path) -> None:
    _, proof = proved(ONE)
    before = certificate.write(proof, "same", tmp_path)
    kept = before[0].parent / "notes.smt2"
    kept.write_text("somebody else's\n", encoding="utf-8")
    verdicts = {**proof.verdicts, "SAFE-CLEAN": False, "SAFE-TOTAL": None}
    after = certificate.write(replace(proof, verdicts=verdicts), "same", tmp_path)
    assert len(after) == len(before) - 4
    assert not [file for file in after if "safe-clean" in file.name or "safe-total" in file.name]
    assert set(before[0].parent.iterdir()) == {*after, kept}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DISCARD RESTART 2 senders and others", "discard-restart-2-senders-and-others"),
        ("consecution Action(kind=<Kind.CALL: 'call'>, sender=0, refuse=None, amount=0)", "consecution-call-0"),
        ("SAFE-WHOLE Action(kind=<Kind.CALL: 'call'>, sender=1, refuse=<Site.BODY: 'body'>)", "safe-whole-call-1-body"),
        ("Action(kind=<Kind.OTHERS: 'others'>, amount=-1)", "others-minus-1"),
        ("../../etc/passwd", "etc-passwd"),
        ("...", "proof"),
        ("x" * 300, "x" * certificate.SLUG_LENGTH),
    ],
)
def test_file_names_are_short_and_safe(text: str, expected: str) -> None:
    assert certificate.slug(text) == expected


def test_junctions_of_nothing_quotients_and_odd_names_are_legal(tmp_path: Path) -> None:
    a, b = z3.Int("a b"), z3.Int("x[0].y'")
    given = (z3.And(), z3.Or(a == 2 * b + 1), (a + b) % 3 == 1, a / 2 == -4, (a / 2 - 7) / 5 < -2)
    goals = {"none": z3.Or(), "other": b != -4, "both": z3.And(a / 2 == b, b % 2 == 0)}
    queries = [Query(name, given, goal, labels=("first",)) for name, goal in goals.items()]
    proof = Proof([], [], dict.fromkeys(goals, True), {}, queries, 0.0, 0)
    *files, _ = certificate.write(proof, "odd | names \\ and \n lines", tmp_path)
    expected = ["unsat", "unsat", "sat"]
    assert [str(_check(query)) for query in queries] == expected
    texts = [file.read_text(encoding="utf-8") for file in files]
    assert [cvc5_says(text) for text in texts] == [[answer] for answer in expected]
    assert [z3_says(text) for text in texts] == expected


def _check(query: Query) -> z3.CheckSatResult:
    solver = z3.Solver()
    solver.add(*query.given, query.goal)
    return solver.check()
