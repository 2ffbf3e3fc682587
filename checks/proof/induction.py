"""Proof by induction with Z3, over states and parameters without bounds.

An invariant is true at the beginning (initiation) and kept by each action (consecution, one query an action); what it
implies is safe. The candidates for the invariant are weakened until every step keeps what is left (Houdini). What a
query leaves open is Unknown, and unknown is never a proof. A counterexample to induction is a state that the
invariant cannot rule out, not one that is reached; whoever wants a violation has to reach it, by search.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import z3

from ..errors import OurFault
from ..symbolic import terms
from ..symbolic.asked import DEADLOCK, TOTAL, Asked
from ..symbolic.explore import truth
from ..symbolic.machine import Machine, Transition, transitions
from ..symbolic.shape import Leaf
from ..symbolic.symbols import form_of
from ..symbolic.terms import Condition
from .smt import Translator


@dataclass(frozen=True)
class Candidate:
    """A predicate that may be part of the invariant; one of a ``family`` (the same of each sender) goes with all."""

    name: str
    predicate: Callable[[Any], object]
    family: str = ""


@dataclass(frozen=True)
class Query:
    """One proof obligation: under ``given``, ``goal`` has no model, if the proof is right.

    ``labels`` say what the first of ``given`` are; the rest are facts about products.
    """

    name: str
    given: tuple[z3.BoolRef, ...]
    goal: z3.BoolRef
    near: frozenset[str] | None = None
    labels: tuple[str, ...] = ()


@dataclass
class Proof:
    """What was proved of a machine: which candidates are invariant, and each property's verdict.

    ``verdicts`` maps an identifier to True (proved), False (there is a counterexample to induction, in
    ``countermodels``) or None (the solver gave up). ``queries`` are all obligations of what was proved.
    """

    invariants: list[str]
    dropped: list[str]
    verdicts: dict[str, bool | None]
    countermodels: dict[str, dict[str, int]]
    queries: list[Query]
    seconds: float
    paths: int
    notes: list[str] = field(default_factory=list)


Goal = tuple[str, z3.BoolRef, "frozenset[str] | None"]
"""What must have no model: its name, the formula, and the members near it."""


class Induction:
    """One machine, its symbolic transitions, and the queries about them."""

    def __init__(
        self, machine: Machine[Any, Any], asked: Asked, candidates: Sequence[Candidate], assume: Callable[[], object],
        *, timeout: float = 10.0, progress: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        if machine.ranges is not None:
            raise OurFault(f"{machine.name}: a proof must not take declared ranges for granted; leave them out")
        self.machine, self.asked = machine, asked
        self._timeout = int(timeout * 1000)
        self._progress = progress or (lambda _: None)
        self._translator = Translator(machine.shifting)
        self._state = machine.shape.symbols()
        self._assumed = truth(assume, machine.intervals)
        self._domain_terms = tuple(self._domain())
        self._small = dict(self._small_ranges())
        self._initial = {
            leaf.unknown: form_of(value)
            for leaf, value in zip(machine.shape.leaves, machine.shape.values(machine.initial), strict=True)
        }
        self.transitions = transitions(machine, tuple(asked.steps.values()))
        self._states = {name: tuple(self._truth(part) for part in parts) for name, parts in asked.states.items()}
        self._candidates = {c.name: self._truth(c.predicate) for c in candidates}
        self._grouped: dict[int, list[Transition[Any]]] = {}
        for transition in self.transitions:
            if transition.error is None:
                self._grouped.setdefault(transition.place, []).append(transition)
        self._families = {c.name: c.family or c.name for c in candidates}
        self._solver = z3.Solver()
        self._solvers: dict[tuple[tuple[str, ...], frozenset[str] | None], z3.Solver] = {}
        self._near_cache: dict[int, frozenset[str]] = {}
        self._relations: dict[int, z3.BoolRef] = {}
        self._broken_cache: dict[tuple[str, int], z3.BoolRef | None] = {}
        self._mention_cache: dict[Condition, frozenset[str]] = {}
        # A state property that is inductive supports the others.
        for name, parts in self._states.items():
            self._candidates.update({f"{name} ({i + 1})": part for i, part in enumerate(parts)})
        self._candidates.update(self._small)

    def _truth(self, *predicates: Callable[[Any], object]) -> Condition:
        return terms.conjunction(
            *(truth(partial(predicate, self._state), self.machine.intervals) for predicate in predicates)
        )

    def _domain(self) -> Iterable[Condition]:
        """Truth values are 0 or 1 and enum members have a position: that is what their type says.

        What is said to be small is taken for it here as well; `run` has it shown.
        """
        return (_within(leaf) for leaf in self.machine.shape.leaves if leaf.low is not None)

    def _small_ranges(self) -> Iterable[tuple[str, Condition]]:
        """That what is said to be small is: the steps have to keep it."""
        for leaf in self.machine.shape.leaves:
            if leaf.field in self.machine.small:
                yield f"{leaf.name} within {leaf.low} and {leaf.high}", _within(leaf)

    def possible(self) -> bool:
        """Can what is assumed of the parameters hold at all?"""
        solver = z3.Solver()
        return bool(solver.check(*self._start()) == z3.sat)

    def run(self) -> Proof:
        """Find the invariant, then judge every property by it."""
        began = time.perf_counter()
        if not self.possible():
            raise OurFault("the assumptions of the proof cannot hold: whatever follows from them means nothing")
        kept = self._initially()
        kept = self._weaken(kept)
        grown = [name for name in self._small if name not in kept]
        if grown:
            # Every step was run as if these were small, so nothing that was found about the steps means anything.
            nothing: dict[str, bool | None] = dict.fromkeys(self.asked.identifiers)
            notes = [f"not shown: {name}" for name in grown]
            return Proof([], list(self._candidates), nothing, {}, [], 0.0, len(self.transitions), notes)
        verdicts: dict[str, bool | None] = {}
        models: dict[str, dict[str, int]] = {}
        queries = [*self._initiation(kept), *self._consecution(kept)]
        for name in self.asked.identifiers:
            self._progress(f"proving {name}")
            for query in self._safety(name, kept):
                queries.append(query)
                verdict, model = self._refute(kept, query)
                if verdict is False:
                    verdicts[name] = False
                    models.setdefault(name, model)
                elif verdict is None and verdicts.get(name) is not False:
                    verdicts[name] = None
                else:
                    verdicts.setdefault(name, True)
        dropped = [name for name in self._candidates if name not in kept]
        return Proof(kept, dropped, verdicts, models, queries, time.perf_counter() - began, len(self.transitions))

    def _check(self, kept: Sequence[str], goal: z3.BoolRef, near: frozenset[str] | None) -> z3.CheckSatResult:
        """Is there a state in the invariant that meets ``goal``?  Leaves the model in ``self._solver``.

        What speaks only of senders that the action does not touch is left out at first: fewer hypotheses make a
        smaller query, and if that has no model, the whole has none.
        """
        if near is not None and self._ask(kept, goal, near) == z3.unsat:
            return z3.unsat
        return self._ask(kept, goal, None)

    def _ask(self, kept: Sequence[str], goal: z3.BoolRef, near: frozenset[str] | None) -> z3.CheckSatResult:
        key = (tuple(kept), near)
        if key not in self._solvers:
            if len(self._solvers) > 64:
                self._solvers.clear()
            solver = z3.Solver()
            solver.set("timeout", self._timeout)
            solver.set("random_seed", 7)
            asked = (c for c in self._hypothesis_terms(kept) if near is None or self._is_near(c, near))
            solver.add(*(self._z3(c) for c in asked))
            self._solvers[key] = solver
        self._solver = self._solvers[key]
        return self._solver.check(goal, *self._translator.facts)

    def _is_near(self, condition: Condition, parts: frozenset[str]) -> bool:
        members = {part for part in map(_member, self._mentions(condition)) if part}
        return not members or not members.isdisjoint(parts)

    def _near(self, place: int) -> frozenset[str]:
        """The members (of tuples of the state) that an action's transitions read or change."""
        if place not in self._near_cache:
            names = {leaf.unknown for t in self._grouped[place] for leaf in t.updates}
            for t in self._grouped[place]:
                names |= self._mentions(t.condition)
            self._near_cache[place] = frozenset(part for part in map(_member, names) if part)
        return self._near_cache[place]

    def _hypothesis_terms(self, kept: Sequence[str]) -> tuple[Condition, ...]:
        return (self._assumed, *self._domain_terms, *(self._candidates[name] for name in kept))

    def _hypotheses(self, kept: Sequence[str]) -> tuple[z3.BoolRef, ...]:
        return (*(self._z3(c) for c in self._hypothesis_terms(kept)), *self._translator.facts)

    def _labels(self, kept: Sequence[str]) -> tuple[str, ...]:
        """What the hypotheses are, in the order of ``_hypotheses``."""
        bounded = (leaf.unknown for leaf in self.machine.shape.leaves if leaf.low is not None and leaf.high is not None)
        return ("the assumption on the parameters", *(f"the type of {name}" for name in bounded), *kept)

    def _z3(self, condition: Condition) -> z3.BoolRef:
        return self._translator.condition(condition)

    def _initially(self) -> list[str]:
        """The candidates that are true in every initial state."""
        solver = z3.Solver()
        solver.set("timeout", self._timeout)
        solver.add(*self._start())
        return [name for name in self._candidates if solver.check(self._not_at_start(name)) == z3.unsat]

    def _start(self) -> tuple[z3.BoolRef, ...]:
        start = tuple(self._translator.after(c, self._initial) for c in (self._assumed, *self._domain_terms))
        return (*start, *self._translator.facts)

    def _not_at_start(self, name: str) -> z3.BoolRef:
        return z3.Not(self._translator.after(self._candidates[name], self._initial))

    def _relation(self, place: int) -> z3.BoolRef:
        """One action as a relation between the unknowns before and, primed, those that it changes after."""
        if place not in self._relations:
            found = self._grouped[place]
            changed = self._changed(place)
            ways = []
            for t in found:
                new = {leaf.unknown: form for leaf, form in t.updates.items()}
                same = [self._prime(n) == self._translator.form(new.get(n, terms.variable(n))) for n in changed]
                ways.append(z3.And(self._z3(t.condition), *same))
            self._relations[place] = z3.Or(*ways)
        return self._relations[place]

    def _changed(self, place: int) -> list[str]:
        return sorted({leaf.unknown for t in self._grouped[place] for leaf in t.updates})

    def _prime(self, name: str) -> z3.ArithRef:
        return self._translator.variable(f"{name}'")

    def _broken(self, name: str, place: int) -> z3.BoolRef | None:
        """That candidate ``name`` is false after the action; None where the action cannot touch it."""
        key = (name, place)
        if key not in self._broken_cache:
            condition, changed = self._candidates[name], self._changed(place)
            touched = not self._mentions(condition).isdisjoint(changed)
            primed = {n: terms.variable(f"{n}'") for n in changed}
            self._broken_cache[key] = z3.Not(self._translator.after(condition, primed)) if touched else None
        return self._broken_cache[key]

    def _mentions(self, condition: Condition) -> frozenset[str]:
        if condition not in self._mention_cache:
            self._mention_cache[condition] = frozenset(terms.variables(condition))
        return self._mention_cache[condition]

    def _leaves(self, names: Sequence[str], place: int) -> z3.BoolRef:
        """When an action leads from the invariant out of one of the candidates ``names``."""
        broken = [b for b in (self._broken(name, place) for name in names) if b is not None]
        return z3.And(self._relation(place), z3.Or(*broken)) if broken else z3.BoolVal(False)

    def _weaken(self, kept: list[str]) -> list[str]:
        """Drop what some step does not keep, until every step keeps all that is left."""
        todo = list(self._grouped)
        while todo:
            place = todo[0]
            self._progress(f"consecution of {self.machine.show(self.machine.actions[place])}, {len(kept)} invariants")
            lost = self._lost(kept, place)
            if not lost:
                todo.pop(0)
                continue
            families = {self._families.get(name, name) for name in lost}
            kept = [name for name in kept if self._families.get(name, name) not in families]
            todo = [place, *(p for p in self._grouped if p != place)]
        return kept

    def _lost(self, kept: Sequence[str], place: int) -> set[str]:
        """Candidates that an action breaks, by one model; those that the solver gave up on as well."""
        near = self._near(place)
        answer = self._check(kept, self._leaves(kept, place), near)
        if answer == z3.unsat:
            return set()
        if answer == z3.sat:
            model = self._solver.model()
            asked = ((name, self._broken(name, place)) for name in kept)
            broken = {name for name, b in asked if b is not None and z3.is_true(model.eval(b, model_completion=True))}
            if broken:
                return broken
        # The solver gave up on all at once: ask about each candidate alone.
        alone = {name for name in kept if self._check(kept, self._leaves([name], place), near) != z3.unsat}
        # A model that breaks no candidate cannot be; if it is, nothing is kept rather than too much.
        return set(kept) if answer == z3.sat and not alone else alone

    def _values(self, model: z3.ModelRef) -> dict[str, int]:
        """The numbers of a model; what it leaves open is 0."""
        values = {}
        names = {leaf.unknown for leaf in self.machine.shape.leaves} | self._translator.constants()
        for name in sorted(names):
            number = model.eval(self._translator.variable(name), model_completion=True)
            values[name] = number.as_long() if isinstance(number, z3.IntNumRef) else 0
        return values

    def _refute(self, kept: Sequence[str], query: Query) -> tuple[bool | None, dict[str, int]]:
        """True if the query has no model, False with one, None if the solver gave up."""
        answer = self._check(kept, query.goal, query.near)
        if answer == z3.unsat:
            return True, {}
        return (False, self._values(self._solver.model())) if answer == z3.sat else (None, {})

    def _initiation(self, kept: Sequence[str]) -> list[Query]:
        goal = z3.Or(*(self._not_at_start(name) for name in kept))
        return [Query("initiation", self._start(), goal, labels=self._labels(()))]

    def _consecution(self, kept: Sequence[str]) -> list[Query]:
        names = {place: f"consecution {self.machine.show(self.machine.actions[place])}" for place in self._grouped}
        return self._queries(kept, [(names[place], self._leaves(kept, place), None) for place in self._grouped])

    def _safety(self, name: str, kept: Sequence[str]) -> list[Query]:
        """The obligations of a property under the invariant; each asks for a state that violates it."""
        return self._queries(kept, self._violations(name))

    def _queries(self, kept: Sequence[str], goals: list[Goal]) -> list[Query]:
        # The goals come first: the hypotheses hold the facts about every product that was met until now.
        hypotheses, labels = self._hypotheses(kept), self._labels(kept)
        return [Query(name, hypotheses, goal, near, labels) for name, goal, near in goals]

    def _violations(self, name: str) -> list[Goal]:
        """What a state or a step that violates a property looks like."""
        if name in self.asked.states:
            return [(name, z3.Not(self._z3(terms.conjunction(*self._states[name]))), None)]
        if name == TOTAL:
            return [(name, z3.Or(*(self._z3(t.condition) for t in self.transitions if t.error is not None)), None)]
        if name == DEADLOCK:
            return [(name, self._stuck(), None)]
        number = list(self.asked.steps).index(name)
        found: list[Goal] = []
        for place, group in self._grouped.items():
            wrong = [terms.conjunction(t.condition, terms.negate(t.checks[number])) for t in group]
            violated = terms.disjunction(*wrong)
            if violated is not False:
                label = f"{name} {self.machine.show(self.machine.actions[place])}"
                found.append((label, self._z3(violated), self._near(place)))
        return found or [(name, z3.BoolVal(False), None)]

    def _stuck(self) -> z3.BoolRef:
        """An obligation is open and no friendly transition changes anything."""
        assert self.asked.pending is not None
        moves = [
            z3.And(self._z3(t.condition), self._z3(t.changes))
            for t in self.transitions
            if t.error is None and t.moved and not self.machine.hostile(t.action)
        ]
        return z3.And(self._z3(self._truth(self.asked.pending)), z3.Not(z3.Or(*moves)))


def _within(leaf: Leaf) -> Condition:
    """That a leaf is within its range."""
    assert leaf.low is not None
    assert leaf.high is not None
    form = terms.variable(leaf.unknown)
    above = terms.at_most_zero(terms.add(terms.constant(leaf.low), form, -1))
    return terms.conjunction(above, terms.at_most_zero(terms.add(form, terms.constant(leaf.high), -1)))


def _member(name: str) -> str:
    """The member of a tuple that an unknown belongs to (``senders[1]``); empty if it is nobody's in particular."""
    return name.split("]")[0] + "]" if "[" in name else ""
