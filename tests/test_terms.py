"""Terms: equal things are equal objects, and a form means what Python means."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.checks.symbolic import terms
from enomem.checks.symbolic.terms import Compare, Form, Junction

X, Y, Z = (terms.variable(name) for name in "xyz")
ONE = terms.constant(1)
VALUES = st.fixed_dictionaries({name: st.integers(-9, 9) for name in "xyz"})


def trees() -> st.SearchStrategy[Any]:
    """Expressions as tuples."""
    leaves = st.sampled_from("xyz") | st.integers(-5, 5)

    def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        two = st.tuples(st.sampled_from("+-*"), inner, inner)
        return two | st.tuples(st.sampled_from(("//", "%")), inner, st.integers(1, 9))

    return st.recursive(leaves, larger, max_leaves=8)


def form(tree: Any) -> Form:
    match tree:
        case int():
            return terms.constant(tree)
        case str():
            return terms.variable(tree)
        case ("+", a, b):
            return terms.add(form(a), form(b))
        case ("-", a, b):
            return terms.add(form(a), form(b), -1)
        case ("*", a, b):
            return terms.multiply(form(a), form(b))
        case (operator, a, divisor):
            return terms.divide(form(a), divisor, operator == "%")
    raise AssertionError(tree)


def number(tree: Any, values: dict[str, int]) -> int:
    match tree:
        case int():
            return tree
        case str():
            return values[tree]
        case (operator, a, b):
            left, right = number(a, values), number(b, values)
            found = {"+": left + right, "-": left - right, "*": left * right}
            return left // right if operator == "//" else left % right if operator == "%" else found[operator]
    raise AssertionError(tree)


def conditions() -> st.SearchStrategy[Any]:
    kinds = st.sampled_from((terms.at_most_zero, terms.is_zero, lambda f: terms.negate(terms.is_zero(f))))
    leaves = st.booleans() | st.builds(lambda kind, tree: kind(form(tree)), kinds, trees())

    def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.builds(terms.negate, inner) | st.builds(
            lambda every, parts: terms.junction(every, tuple(parts)), st.booleans(), st.lists(inner, max_size=3)
        )

    return st.recursive(leaves, larger, max_leaves=5)


@given(trees(), VALUES)
def test_a_form_is_worth_what_python_says(tree: Any, values: dict[str, int]) -> None:
    made = form(tree)
    assert terms.evaluate(made, values) == number(tree, values)
    assert set(terms.variables(made)) <= set(values)


@given(trees(), VALUES)
def test_conditions_on_forms(tree: Any, values: dict[str, int]) -> None:
    made, worth = form(tree), number(tree, values)
    assert terms.holds(terms.at_most_zero(made), values) == (worth <= 0)
    assert terms.holds(terms.is_zero(made), values) == (worth == 0)


@given(conditions(), VALUES)
def test_negation(condition: Any, values: dict[str, int]) -> None:
    assert terms.holds(terms.negate(condition), values) != terms.holds(condition, values)


@given(trees(), VALUES)
def test_a_form_is_written_as_python_reads_it(tree: Any, values: dict[str, int]) -> None:
    # DEFECT of terms.show_atom: 2 * (x % 3) is written 2*(x)%3.
    assert eval(terms.show_form(form(tree)), {}, dict(values)) == number(tree, values)


@given(conditions(), VALUES)
def test_a_condition_is_written_as_python_reads_it(condition: Any, values: dict[str, int]) -> None:
    # DEFECT of terms.show_atom, as above.
    assert eval(terms.show(condition), {}, dict(values)) == terms.holds(condition, values)


@given(st.booleans(), st.lists(conditions(), max_size=4), VALUES)
def test_junctions(every: bool, parts: list[Any], values: dict[str, int]) -> None:
    truths = [terms.holds(part, values) for part in parts]
    assert terms.holds(terms.junction(every, tuple(parts)), values) == (all if every else any)(truths)


@given(conditions(), trees(), VALUES)
def test_substitution_is_evaluation_elsewhere(condition: Any, tree: Any, values: dict[str, int]) -> None:
    changed = terms.substitute(condition, {"x": form(tree)}.get)
    assert terms.holds(changed, values) == terms.holds(condition, {**values, "x": number(tree, values)})


@given(trees(), trees())
def test_sums_and_products_do_not_depend_on_order(a: Any, b: Any) -> None:
    left, right = form(a), form(b)
    assert terms.add(left, right) == terms.add(right, left)
    assert hash(terms.add(left, right)) == hash(terms.add(right, left))
    assert terms.multiply(left, right) == terms.multiply(right, left)
    assert terms.add(left, left, -1) == terms.constant(0)


def test_equal_conditions_are_equal() -> None:
    two = terms.constant(2)
    assert terms.is_zero(terms.add(X, Y, -1)) == terms.is_zero(terms.add(Y, X, -1))
    assert terms.is_zero(terms.scale(terms.add(X, ONE), 6)) == terms.is_zero(terms.add(X, ONE))
    assert terms.at_most_zero(terms.add(terms.scale(X, 2), ONE)) == terms.at_most_zero(terms.add(X, ONE))
    assert terms.at_most_zero(terms.add(terms.scale(X, 2), two, -1)) == terms.at_most_zero(terms.add(X, ONE, -1))
    assert terms.negate(terms.negate(terms.at_most_zero(X))) == terms.at_most_zero(X)


def test_constants_are_decided_when_they_are_made() -> None:
    assert terms.at_most_zero(terms.constant(0)) is True
    assert terms.is_zero(ONE) is False
    assert terms.is_zero(terms.add(terms.scale(X, 2), ONE)) is False
    assert terms.divide(terms.constant(-7), 2, False) == terms.constant(-4)
    assert terms.divide(terms.constant(-7), 2, True) == ONE
    assert terms.conjunction() is True
    assert terms.disjunction() is False


def test_junctions_are_flat_and_say_nothing_twice() -> None:
    a, b = terms.is_zero(X), terms.is_zero(Y)
    assert terms.conjunction(a, True, a) == a
    assert terms.conjunction(a, False, b) is False
    assert terms.disjunction(a, True) is True
    assert terms.conjunction(a, terms.conjunction(b, a)) == Junction(True, (a, b))
    assert terms.negate(terms.conjunction(a, b)) == Junction(False, (terms.negate(a), terms.negate(b)))
    assert isinstance(a, Compare)


@pytest.mark.parametrize(
    ("thing", "has"),
    [
        (terms.multiply(X, Y), True),
        (terms.scale(X, 3), False),
        (terms.divide(terms.multiply(X, X), 2, True), True),
        (terms.conjunction(terms.is_zero(X), terms.is_zero(terms.add(terms.multiply(X, Z), ONE))), True),
        (True, False),
    ],
)
def test_products_are_seen(thing: Any, has: bool) -> None:
    assert terms.has_product(thing) == has


def test_unknowns_are_named_with_repetitions() -> None:
    product = terms.add(terms.multiply(X, Y), terms.divide(X, 3, False))
    assert sorted(terms.variables(terms.conjunction(terms.is_zero(product), terms.is_zero(Z)))) == ["x", "x", "y", "z"]
    assert repr(terms.add(terms.scale(X, 2), ONE)) == "2*x + 1"
