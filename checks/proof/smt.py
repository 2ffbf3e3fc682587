"""What a term means to Z3.

A product of two unknowns (messages times parts, where the number of parts is unknown too) becomes an unknown of its
own, about which ``facts`` states what the proofs need: its sign, and how it grows by one. The facts are true of
products and leave others out, so that a query without a model has none with real products either, and every query
stays in linear arithmetic, which is decidable.
"""

from __future__ import annotations

import re

import z3

from ..symbolic import terms
from ..symbolic.terms import Compare, Condition, Form, Junction, Product, Quotient, Var


class Translator:
    """Terms as Z3 terms over integers; each unknown is one constant, each condition is translated once.

    ``shifting``: members of a tuple may change places, so that products of one may become those of another.
    """

    def __init__(self, shifting: bool = False) -> None:
        self._shifting = shifting
        self._vars: dict[str, z3.ArithRef] = {}
        self._conditions: dict[Condition, z3.BoolRef] = {}
        self._products: dict[tuple[Form, Form], z3.ArithRef] = {}
        self.facts: list[z3.BoolRef] = []

    def variable(self, name: str) -> z3.ArithRef:
        """The Z3 constant of an unknown."""
        if name not in self._vars:
            self._vars[name] = z3.Int(name)
        return self._vars[name]

    def constants(self) -> set[str]:
        """The unknowns that were met so far and are neither of the next state nor products."""
        return {name for name in self._vars if not name.endswith("'") and " * " not in name}

    def form(self, form: Form) -> z3.ArithRef:
        """A form's Z3 term."""
        parts = [self._atom(atom) if c == 1 else c * self._atom(atom) for atom, c in form.terms]
        if form.const or not parts:
            parts.append(z3.IntVal(form.const))
        return z3.Sum(*parts) if len(parts) > 1 else parts[0]

    def _atom(self, atom: terms.Atom) -> z3.ArithRef:
        match atom:
            case Var(name):
                return self.variable(name)
            case Product(left, right):
                return self._product(left, right)
            case Quotient(inner, divisor, remainder):
                return self.form(inner) % divisor if remainder else self.form(inner) / divisor

    def _product(self, left: Form, right: Form) -> z3.ArithRef:
        if (left, right) in self._products:
            return self._products[left, right]
        a, b = self.form(left), self.form(right)
        product = self.variable(f"{terms.show_form(left)} * {terms.show_form(right)}")
        self.facts += [
            z3.Implies(z3.Or(a == 0, b == 0), product == 0),
            z3.Implies(z3.And(a >= 0, b >= 0), product >= 0),
            z3.Implies(z3.And(a >= 1, b >= 1), z3.And(product >= a, product >= b)),
        ]
        for (x, y), other in self._products.items():
            for mine, same, theirs, shared in (
                (left, right, x, y),
                (left, right, y, x),
                (right, left, x, y),
                (right, left, y, x),
            ):
                if same != shared:
                    continue
                if _before(mine) == _before(theirs):
                    self._neighbours(self.form(mine), product, self.form(theirs), other, self.form(same))
                elif self._shifting and _field(mine) == _field(theirs):
                    self.facts.append(z3.Implies(self.form(mine) == self.form(theirs), product == other))
        self._products[left, right] = product
        return product

    def _neighbours(
        self, a: z3.ArithRef, product: z3.ArithRef, b: z3.ArithRef, other: z3.ArithRef, factor: z3.ArithRef
    ) -> None:
        """``product`` is a * factor and ``other`` b * factor, where a and b are the same unknown at two times."""
        self.facts += [
            z3.Implies(a == b, product == other),
            z3.Implies(a == b + 1, product == other + factor),
            z3.Implies(b == a + 1, other == product + factor),
        ]

    def condition(self, condition: Condition) -> z3.BoolRef:
        """A condition's Z3 term."""
        if isinstance(condition, bool):
            return z3.BoolVal(condition)
        if condition not in self._conditions:
            self._conditions[condition] = self._translate(condition)
        return self._conditions[condition]

    def _translate(self, condition: Compare | Junction) -> z3.BoolRef:
        match condition:
            case Compare(op, form):
                # Negative terms go to the other side, which is how a person would write it.
                left = self.form(Form(max(form.const, 0), tuple((a, c) for a, c in form.terms if c > 0)))
                right = self.form(Form(max(-form.const, 0), tuple((a, -c) for a, c in form.terms if c < 0)))
                if op == "le":
                    return left <= right
                return left == right if op == "eq" else left != right
            case Junction(every, parts):
                translated = [self.condition(part) for part in parts]
                return z3.And(*translated) if every else z3.Or(*translated)

    def after(self, condition: Condition, updates: dict[str, Form]) -> z3.BoolRef:
        """``condition`` with the unknowns in ``updates`` replaced by what they become."""
        if terms.has_product(condition):
            # A product is an unknown to Z3, which would not look into it.
            return self.condition(terms.substitute(condition, updates.get))
        pairs = [(self.variable(name), self.form(form)) for name, form in updates.items()]
        replaced = z3.substitute(self.condition(condition), *pairs)
        assert isinstance(replaced, z3.BoolRef)
        return replaced


def _before(form: Form) -> str:
    """The text of a form without primes: what it is at whatever time."""
    return terms.show_form(form).replace("'", "")


def _field(form: Form) -> str:
    """The text of a form without primes and places: what it is of whatever member of a tuple."""
    return re.sub(r"\[\d+\]", "", _before(form))
