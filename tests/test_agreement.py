"""Three engines, one answer: plain, compiled and symbolic runs of machines drawn at random must agree.

The symbolic search here is a third one, of its own: the successors of each state are all the models that Z3 has for
"this is the state, and this path is taken".
"""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import z3
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st

from enomem.checks.proof.smt import Translator
from enomem.checks.search import plain
from enomem.checks.search.packing import Packing
from enomem.checks.search.plain import Counts
from enomem.checks.search.search import Result, Search
from enomem.checks.senders import questions, sender
from enomem.checks.symbolic.asked import DEADLOCK, TOTAL, Asked, conditions
from enomem.checks.symbolic.machine import Machine, Transition, transitions
from enomem.checks.symbolic.symbols import form_of
from enomem.checks.symbolic.terms import has_product
from enomem.model.application import Recovery
from enomem.model.memory import Site
from enomem.model.policies import POLICIES, Reaction, SendPolicy, Unfinished
from enomem.model.send import Sizes
from enomem.model.system import State, System

from . import small_machines as small

MAX_FOR_Z3 = 40
MAX_OF_THE_SYSTEM = 300
MAX_CLASSES = 250
SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def counts(result: Result) -> Counts:
    """What the compiled search found, as the plain search says it."""
    assert result.complete, result.stopped
    depths = {name: violation.depth for name, violation in result.violations.items()}
    for violation in result.violations.values():
        assert len(violation.actions) == violation.depth
    return Counts(result.states, result.transitions, result.depth, depths)


class Symbolic:
    """A search whose every step is a question to Z3."""

    def __init__(self, machine: Machine[Any, Any], asked: Asked) -> None:
        self.machine, self.asked = machine, asked
        self.found: list[Transition[Any]] = transitions(machine, tuple(asked.steps.values()))
        self.states = {name: conditions(machine, parts) for name, parts in asked.states.items()}
        self.pending = conditions(machine, (asked.pending,)) if asked.pending else False
        self._z3 = Translator()
        self._taken = z3.Int("taken")
        self._solver = z3.SolverFor("QF_LIA")
        ways = [z3.And(self._taken == i, self._z3.condition(t.condition)) for i, t in enumerate(self.found)]
        self._relation = z3.Or(*ways)

    @property
    def has_product(self) -> bool:
        """Z3 is told of products only what proofs need: a search with them would not be exact."""
        conditions = [*self.states.values(), self.pending, *(t.condition for t in self.found)]
        conditions += [check for t in self.found for check in t.checks]
        return any(map(has_product, (*conditions, *(form for t in self.found for form in t.updates.values()))))

    def _holds(self, condition: Any) -> bool:
        """Is the condition true of the state that the solver has at present?  It is one state, so one of two."""
        true = self._solver.check(self._z3.condition(condition)) == z3.sat
        assert (self._solver.check(z3.Not(self._z3.condition(condition))) == z3.unsat) == true
        return true

    def _successors(self) -> list[tuple[Transition[Any], dict[str, int]]]:
        found = []
        self._solver.push()
        self._solver.add(self._relation)
        while self._solver.check() == z3.sat:
            model = self._solver.model()
            number = model.eval(self._taken).as_long()
            values = {
                leaf.name: model.eval(self._z3.form(form), model_completion=True).as_long()
                for leaf, form in self.found[number].updates.items()
            }
            found.append((self.found[number], values))
            self._solver.add(self._taken != number)
        self._solver.pop()
        return found

    def search(self) -> Counts:
        leaves = self.machine.shape.leaves
        first = tuple(form_of(value).const for value in self.machine.shape.values(self.machine.initial))
        seen, frontier, taken, depth = {first}, [first], 0, -1
        violations: dict[str, int] = {}
        while frontier:
            depth += 1
            following = []
            for state in frontier:
                self._solver.push()
                numbers = zip(leaves, state, strict=True)
                self._solver.add(*(self._z3.variable(leaf.unknown) == number for leaf, number in numbers))
                wrong, reached = self._judge(state)
                for name, later in wrong:
                    violations.setdefault(name, depth + later)
                self._solver.pop()
                taken += len(reached)
                for new in reached:
                    if new not in seen:
                        seen.add(new)
                        following.append(new)
            frontier = following
        return Counts(len(seen), taken, depth, violations)

    def _judge(self, state: tuple[int, ...]) -> tuple[list[tuple[str, int]], list[tuple[int, ...]]]:
        """The properties that this state (0) or a step from it (1) violates, and the states reached."""
        wrong = [(name, 0) for name, condition in self.states.items() if not self._holds(condition)]
        reached, moves = [], False
        for transition, values in self._successors():
            leaves = self.machine.shape.leaves
            new = tuple(values.get(leaf.name, old) for leaf, old in zip(leaves, state, strict=True))
            if transition.error is not None:
                wrong.append((TOTAL, 1))
                continue
            checks = zip(self.asked.steps, transition.checks, strict=True)
            wrong += [(name, 1) for name, check in checks if not self._holds(check)]
            if not all(leaf.low <= number <= leaf.high for leaf, number in zip(leaves, new, strict=True)):
                wrong.append((TOTAL, 1))
                continue
            reached.append(new)
            differ = any(
                number != old and not self.machine.remembers(leaf)
                for leaf, old, number in zip(leaves, state, new, strict=True)
            )
            moves = moves or (differ and not self.machine.hostile(transition.action))
        if not moves and self._holds(self.pending):
            wrong.append((DEADLOCK, 0))
        return wrong, reached


def agree(machine: Machine[Any, Any], asked: Asked, most: int = 1000) -> Counts:
    """Have plain and compiled search the machine, and Z3 too where it is small; what is large is drawn again."""
    result = Search(machine, asked, max_states=most).run()
    if not result.complete or result.states > most:
        reject()
    by_compiled = counts(result)
    assert plain.search(machine, asked) == by_compiled
    if by_compiled.states <= MAX_FOR_Z3:
        symbolic = Symbolic(machine, asked)
        if not symbolic.has_product:
            assert symbolic.search() == by_compiled
    return by_compiled


@settings(max_examples=60, suppress_health_check=SLOW)
@given(st.data())
def test_engines_agree_on_small_machines(data: st.DataObject) -> None:
    plan = data.draw(small.plans())
    agree(plan.machine(), data.draw(small.questions(plan)))


@settings(max_examples=30, suppress_health_check=SLOW)
@given(st.data())
def test_engines_agree_on_very_small_machines(data: st.DataObject) -> None:
    plan = data.draw(small.plans(size=2))
    agree(plan.machine(), data.draw(small.questions(plan)))


@settings(max_examples=30, suppress_health_check=SLOW)
@given(st.data())
def test_engines_agree_where_unknowns_are_multiplied(data: st.DataObject) -> None:
    plan = data.draw(small.plans(products=True))
    agree(plan.machine(), data.draw(small.questions(plan)))


@settings(max_examples=40, suppress_health_check=SLOW)
@given(st.data())
def test_engines_agree_on_states_of_many_words(data: st.DataObject) -> None:
    plan = data.draw(small.plans(stretches=True))
    machine = plan.machine()
    event(f"{Packing(machine.shape, None).words} words")
    agree(machine, data.draw(small.questions(plan)))


class Drawn(SendPolicy):
    """A policy that is a table: from (is anything kept, last, site, note) to what is kept of it, skip and note."""

    name = "DRAWN"

    def __init__(self, table: Mapping[tuple[bool, bool, Site, int], tuple[str, bool, int]], notes: int) -> None:
        self.table, self.notes = table, notes

    def __repr__(self) -> str:
        return f"Drawn({self.table}, {self.notes})"

    def refused(self, message: Unfinished) -> Reaction:
        some, last = bool(message.kept > 0), bool(message.last)
        keep, skip, note = self.table[some, last, message.site, int(message.note)]
        kept = {"none": 0, "one": min(1, message.kept), "half": message.kept // 2, "all": message.kept}[keep]
        return Reaction(kept, skip, note)


@st.composite
def drawn_policies(draw: st.DrawFn) -> Drawn:
    notes = draw(st.integers(0, 2))
    keep = st.sampled_from(("none", "one", "half", "all"))
    reaction = st.tuples(keep, st.sampled_from((False, False, True)), st.integers(0, notes))
    keys = product((False, True), (False, True), (Site.BODY, Site.SLOT), range(notes + 1))
    return Drawn({key: draw(reaction) for key in keys}, notes)


SMALL_BOUNDS = (
    # senders, parts, most memory, messages, queue, inbox, disconnects
    (1, 3, 6, 2, 2, 1, 1), (1, 2, 5, 3, 1, 2, 1), (1, 1, 4, 2, 2, 2, 2), (2, 2, 4, 1, 1, 1, 0), (2, 1, 3, 1, 1, 1, 1),
    (2, 3, 4, 1, 1, 1, 0),
)  # fmt: skip


@st.composite
def systems(draw: st.DrawFn, policy: st.SearchStrategy[SendPolicy], least: int = 1) -> System:
    bounds = st.sampled_from([bound for bound in SMALL_BOUNDS if bound[0] >= least])
    senders, parts, memory, messages, queue, inbox, disconnects = draw(bounds)
    return System(
        draw(policy), draw(st.sampled_from(Recovery)), senders, parts, draw(st.integers(1, memory)), messages, queue,
        inbox, disconnects, Sizes(slots=draw(st.integers(1, 3))), aborts=draw(st.booleans()),
        numbered=draw(st.sampled_from((True, True, False))), labels=draw(st.booleans()),
    )  # fmt: skip


def sorted_senders(state: State) -> Hashable:
    """The class of states that differ in the order of the senders only."""
    return replace(state, senders=()), frozenset(Counter(state.senders).items())


@settings(max_examples=16, suppress_health_check=SLOW)
@given(systems(st.sampled_from(POLICIES)) | systems(drawn_policies()))
def test_engines_agree_on_the_senders_system(system: System) -> None:
    machine, asked = sender.bounded(system), questions.asked(system)
    event(f"{agree(machine, asked, MAX_OF_THE_SYSTEM).states // 100} hundred states")


@settings(max_examples=7, suppress_health_check=SLOW)
@given(systems(st.sampled_from(POLICIES), 2) | systems(drawn_policies(), 2))
def test_engines_agree_on_classes_of_interchangeable_senders(system: System) -> None:
    machine, asked = sender.bounded(system), questions.asked(system)
    result = Search(machine, asked, symmetry=True, max_states=MAX_CLASSES).run()
    if not result.complete or result.states > MAX_CLASSES:
        reject()
    found = counts(result)
    assert plain.search(machine, asked, sorted_senders) == found
    whole = Search(machine, asked).run()
    assert whole.states <= 2 * found.states
    assert (whole.depth, {n: v.depth for n, v in whole.violations.items()}) == (found.depth, found.violations)


def wide(bits: int) -> small.Plan:
    """x and y count to 3 each, and the cells too, stored so far apart that each takes ``bits`` bits and a few."""
    far = dict.fromkeys(("x", "y", "cells"), (1 << bits, -(1 << bits - 1)))
    programs = tuple((("only", ("<", name, 3)), ("set", name, ("add", name, 1), False)) for name in small.INTS)
    start = small.Toy(0, 0, False, small.Colour.RED, (0, 0))
    return small.Plan(dict.fromkeys(("x", "y", "cells"), (0, 3)), start, programs, (False,) * 4, far)


@pytest.mark.parametrize(("bits", "words"), [(2, 1), (26, 2), (28, 2), (40, 4), (59, 4)])
def test_engines_agree_on_wide_counters(bits: int, words: int) -> None:
    machine = wide(bits).machine()
    assert Packing(machine.shape, None).words == words
    assert agree(machine, Asked()) == Counts(256, 4 * 3 * 64, 12, {})


def test_a_state_of_three_words() -> None:
    plan = wide(40)
    machine = replace(plan, stretch={name: plan.stretch[name] for name in ("x", "y")}).machine()
    assert Packing(machine.shape, None).words == 2
    machine = replace(plan, stretch={**plan.stretch, "y": (1, 0)}).machine()
    assert Packing(machine.shape, None).words == 3
    assert agree(machine, Asked()) == Counts(256, 4 * 3 * 64, 12, {})
