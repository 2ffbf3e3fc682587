"""What terms mean to Z3, and that what it is told about products is true of them."""

from itertools import product as pairs

import pytest
import z3

from enomem.checks.proof.smt import Translator
from enomem.checks.symbolic import terms
from enomem.checks.symbolic.terms import Form

SMALL = range(-2, 4)
A, B, C = (terms.variable(name) for name in "abc")
LATER = terms.variable("a'")


def real(translator: Translator, fact: z3.BoolRef) -> z3.BoolRef:
    """``fact`` with a real product in the place of each unknown that stands for one."""
    replaced = [
        (unknown, translator.form(left) * translator.form(right))
        for (left, right), unknown in translator._products.items()
    ]
    return z3.substitute(fact, *replaced)


def facts_of(*products: Form) -> list[z3.BoolRef]:
    translator = Translator()
    for form in products:
        translator.form(form)
    return [real(translator, fact) for fact in translator.facts]


def is_true(fact: z3.BoolRef, values: dict[str, int]) -> bool:
    plain = z3.substitute(fact, *((z3.Int(name), z3.IntVal(value)) for name, value in values.items()))
    return z3.is_true(z3.simplify(plain))


@pytest.mark.parametrize(
    "products",
    [
        [terms.multiply(A, B)],
        [terms.multiply(A, A)],
        [terms.multiply(A, B), terms.multiply(LATER, B)],
        [terms.multiply(B, A), terms.multiply(B, LATER)],
        [terms.multiply(A, B), terms.multiply(A, C)],
        [terms.multiply(A, A), terms.multiply(LATER, LATER)],
        [terms.multiply(terms.add(A, Form(2)), terms.add(B, C, -1))],
        [terms.multiply(terms.divide(A, 2, False), B), terms.multiply(terms.divide(LATER, 2, False), B)],
    ],
    ids=str,
)
def test_the_facts_are_true_of_all_small_integers(products: list[Form]) -> None:
    facts = facts_of(*products)
    assert len(facts) >= 3
    names = sorted({name for form in products for name in terms.variables(form)})
    for values in pairs(SMALL, repeat=len(names)):
        numbers = dict(zip(names, values, strict=True))
        assert [fact for fact in facts if not is_true(fact, numbers)] == [], numbers


def test_a_fact_that_is_false_of_products_would_be_found() -> None:
    a, b = z3.Ints("a b")
    assert not is_true(z3.Implies(a >= 1, a * b >= a), {"a": 1, "b": 0})


def test_the_facts_say_how_a_product_grows() -> None:
    translator = Translator()
    before, after = translator.form(terms.multiply(A, B)), translator.form(terms.multiply(LATER, B))
    a, later, b = (translator.variable(name) for name in ("a", "a'", "b"))
    solver = z3.Solver()
    solver.add(*translator.facts, later == a + 1)
    assert solver.check(after != before + b) == z3.unsat
    assert solver.check(after == before + b, a > 3, b > 5) == z3.sat


@pytest.mark.parametrize("divisor", [1, 2, 3])
def test_forms_and_conditions_mean_to_z3_what_they_mean_to_python(divisor: int) -> None:
    translator = Translator()
    quotient, rest = terms.divide(terms.add(A, B), divisor, False), terms.divide(A, divisor, True)
    forms = [terms.constant(7), terms.add(terms.scale(A, 2), B, -3), quotient, rest, terms.add(quotient, rest, -2)]
    conditions = [test(form) for form in forms for test in (terms.at_most_zero, terms.is_zero)]
    conditions += [terms.negate(condition) for condition in conditions]
    conditions += [terms.conjunction(*conditions[2:5]), terms.disjunction(*conditions[4:9]), True, False]
    for a, b in pairs(range(-5, 6), repeat=2):
        for condition in conditions:
            said = is_true(translator.condition(condition), {"a": a, "b": b})
            assert said == terms.holds(condition, {"a": a, "b": b}), (terms.show(condition), a, b)


def test_after_replaces_unknowns_at_once() -> None:
    translator = Translator()
    less = terms.at_most_zero(terms.add(A, B, -1))
    swapped = translator.after(less, {"a": B, "b": A})
    assert is_true(swapped, {"a": 2, "b": 1})
    assert not is_true(swapped, {"a": 1, "b": 2})


def test_after_looks_into_products() -> None:
    translator = Translator()
    full = terms.is_zero(terms.add(terms.multiply(A, B), C, -1))
    translator.condition(full)
    grown = {"a": terms.add(A, Form(1)), "c": terms.add(C, B)}
    kept = translator.after(full, grown)
    for a, b, c in pairs(SMALL, repeat=3):
        values = {"a": a, "b": b, "c": c}
        assert is_true(real(translator, kept), values) == ((a + 1) * b == c + b)
    renamed = translator.after(full, {"a": LATER})
    for a, b, c in pairs(SMALL, repeat=3):
        assert is_true(real(translator, renamed), {"a": 99, "a'": a, "b": b, "c": c}) == (a * b == c)


def test_after_looks_into_quotients_of_products() -> None:
    translator = Translator()
    half = terms.is_zero(terms.add(terms.divide(terms.multiply(A, B), 2, False), C, -1))
    renamed = translator.after(half, {"a": LATER})
    for a, b, c in pairs(SMALL, repeat=3):
        assert is_true(real(translator, renamed), {"a": 99, "a'": a, "b": b, "c": c}) == (a * b // 2 == c)
