"""What a proof may take for small: an index on symbols, which the steps have to keep small, or nothing is proved."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import product

import pytest
import z3

from enomem.checks.errors import OurFault
from enomem.checks.proof.induction import Induction, Proof
from enomem.checks.proof.smt import Translator
from enomem.checks.symbolic import terms
from enomem.checks.symbolic.asked import Asked
from enomem.checks.symbolic.machine import Machine


class Rule(Enum):
    MOVE = "MOVE"


@dataclass(frozen=True)
class State:
    place: int = 0
    cells: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Out:
    state: State
    rules: tuple[Rule, ...] = (Rule.MOVE,)


def around(state: State) -> State:
    """Add one at the place, and go to the other one."""
    place = state.place.__index__()
    cells = tuple(cell + 1 if i == place else cell for i, cell in enumerate(state.cells))
    return State(1 - place, (cells[0], cells[1]))


def on(state: State) -> State:
    """The same, and never come back."""
    return replace(around(state), place=state.place + 1)


def proof(step: Callable[[State], State], start: int = 0) -> Proof:
    machine = Machine(
        "small", State(start), ("go",), lambda state, _: Out(step(state)), None, small={"place": (0, 1)}
    )  # fmt: skip
    asked = Asked({"P": (lambda state: state.cells[0] >= 0 and state.cells[1] >= 0,)})
    return Induction(machine, asked, [], lambda: True).run()


def test_a_small_number_can_be_an_index_though_nothing_else_is_bounded() -> None:
    found = proof(around)
    assert found.verdicts == {"P": True, "SAFE-TOTAL": True}
    assert "place within 0 and 1" in found.invariants


def test_a_number_that_does_not_stay_small_proves_nothing() -> None:
    found = proof(on)
    assert found.verdicts == {"P": None, "SAFE-TOTAL": None}
    assert found.notes == ["not shown: place within 0 and 1"]
    assert found.queries == []


def test_a_number_that_is_not_small_at_the_beginning_is_our_fault() -> None:
    with pytest.raises(OurFault, match="cannot hold"):
        proof(around, 2)


def test_what_is_said_about_members_that_change_places_is_true() -> None:
    left, right, factor = (terms.variable(name) for name in ("cells[0]", "cells[1]'", "c"))
    names = ("cells[0]", "cells[1]'", "c")
    products = [terms.multiply(left, factor), terms.multiply(right, factor)]
    facts = {}
    for shifting in (False, True):
        translator = Translator(shifting)
        for form in products:
            translator.form(form)
        replaced = [
            (unknown, translator.form(a) * translator.form(b)) for (a, b), unknown in translator._products.items()
        ]
        facts[shifting] = [z3.substitute(fact, *replaced) for fact in translator.facts]
    assert len(facts[True]) > len(facts[False])
    for values in product(range(-2, 3), repeat=3):
        numbers = [(z3.Int(name), z3.IntVal(value)) for name, value in zip(names, values, strict=True)]
        assert all(z3.is_true(z3.simplify(z3.substitute(fact, *numbers))) for fact in facts[True]), values
