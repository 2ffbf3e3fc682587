"""Terms: what a symbolic run records. Linear integer forms over atoms, and conditions on them.

Everything is an integer: a boolean is 0 or 1, an enum member its position. Forms are normalised when they are
made, so that equal conditions are equal objects and constants are never asked about. No solver lives here, and
no meaning: ``proof.smt`` says what a term means to Z3, ``search.compiled`` what it means to numpy, ``evaluate``
to Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Var:
    """A named unknown."""

    name: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product of two forms neither of which is constant."""

    left: Form
    right: Form


@dataclass(frozen=True, slots=True)
class Quotient:
    """``form // divisor`` or, with ``remainder``, ``form % divisor``; the divisor is a constant above 0."""

    form: Form
    divisor: int
    remainder: bool


Atom = Var | Product | Quotient


class Form:
    """``const`` plus the sum of ``coefficient * atom``; immutable, with its hash kept."""

    __slots__ = ("_hash", "const", "terms")

    def __init__(self, const: int, terms: tuple[tuple[Atom, int], ...] = ()) -> None:
        self.const: Final = const
        self.terms: Final = terms
        self._hash = hash((const, terms))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Form)
            and self._hash == other._hash
            and self.const == other.const
            and self.terms == other.terms
        )

    def __repr__(self) -> str:
        return show_form(self)


def constant(value: int) -> Form:
    """The form that is ``value``."""
    return Form(value)


def variable(name: str) -> Form:
    """The form that is the unknown ``name``."""
    return Form(0, ((Var(name), 1),))


_ORDER: dict[Atom, int] = {}


def _key(term: tuple[Atom, int]) -> int:
    """Atoms are ordered as they were first met in this process, so that equal sums are equal objects."""
    return _ORDER.setdefault(term[0], len(_ORDER))


def add(left: Form, right: Form, factor: int = 1) -> Form:
    """``left + factor * right``."""
    if not right.terms:
        return Form(left.const + factor * right.const, left.terms)
    sums = dict(left.terms)
    for atom, coefficient in right.terms:
        total = sums.get(atom, 0) + factor * coefficient
        if total:
            sums[atom] = total
        else:
            sums.pop(atom, None)
    return Form(left.const + factor * right.const, tuple(sorted(sums.items(), key=_key)))


def scale(form: Form, factor: int) -> Form:
    """``factor * form``."""
    if factor == 0:
        return Form(0)
    return Form(form.const * factor, tuple((atom, c * factor) for atom, c in form.terms))


def multiply(left: Form, right: Form) -> Form:
    """``left * right``; a product of unknowns is distributed over sums, so that equal products look equal."""
    if not left.terms:
        return scale(right, left.const)
    if not right.terms:
        return scale(left, right.const)
    total = add(scale(left, right.const), scale(Form(0, right.terms), left.const))
    for a, x in left.terms:
        for b, y in right.terms:
            first, second = sorted(((a, 1), (b, 1)), key=_key)
            product = Product(Form(0, (first,)), Form(0, (second,)))
            total = add(total, Form(0, ((product, x * y),)))
    return total


def divide(form: Form, divisor: int, remainder: bool) -> Form:
    """``form // divisor`` or ``form % divisor``, rounding down; ``divisor`` is a constant above 0."""
    if not form.terms:
        return Form(form.const % divisor if remainder else form.const // divisor)
    return Form(0, ((Quotient(form, divisor, remainder), 1),))


@dataclass(frozen=True, slots=True)
class Compare:
    """``form <= 0``, ``form == 0`` or ``form != 0``."""

    op: Literal["le", "eq", "ne"]
    form: Form


@dataclass(frozen=True, slots=True)
class Junction:
    """All of ``parts`` (``every``) or at least one of them."""

    every: bool
    parts: tuple[Condition, ...]


Condition = bool | Compare | Junction


def at_most_zero(form: Form) -> Condition:
    """``form <= 0``."""
    if not form.terms:
        return form.const <= 0
    divisor = gcd(*(c for _, c in form.terms))
    if divisor > 1:
        form = Form(-(-form.const // divisor), tuple((a, c // divisor) for a, c in form.terms))
    return Compare("le", form)


def is_zero(form: Form) -> Condition:
    """``form == 0``."""
    if not form.terms:
        return form.const == 0
    divisor = gcd(*(c for _, c in form.terms))
    if form.const % divisor:
        return False
    if form.terms[0][1] < 0:
        divisor = -divisor
    if divisor != 1:
        form = Form(form.const // divisor, tuple((a, c // divisor) for a, c in form.terms))
    return Compare("eq", form)


def negate(condition: Condition) -> Condition:
    """Not ``condition``."""
    match condition:
        case bool():
            return not condition
        case Compare("le", form):
            return Compare("le", add(Form(1), form, -1))
        case Compare("eq", form):
            return Compare("ne", form)
        case Compare(_, form):
            return Compare("eq", form)
        case Junction(every, parts):
            return junction(not every, tuple(negate(part) for part in parts))


def junction(every: bool, parts: tuple[Condition, ...]) -> Condition:
    """All of ``parts``, or any; constants disappear."""
    found: list[Condition] = []
    for part in parts:
        if isinstance(part, bool):
            if part != every:
                return part
        elif isinstance(part, Junction) and part.every == every:
            found.extend(part.parts)
        else:
            found.append(part)
    unique = tuple(dict.fromkeys(found))
    if not unique:
        return every
    return unique[0] if len(unique) == 1 else Junction(every, unique)


def conjunction(*parts: Condition) -> Condition:
    """All of ``parts``."""
    return junction(True, parts)


def disjunction(*parts: Condition) -> Condition:
    """At least one of ``parts``."""
    return junction(False, parts)


def evaluate(form: Form, values: Mapping[str, int]) -> int:
    """The number that ``form`` is under ``values``."""
    total = form.const
    for atom, coefficient in form.terms:
        match atom:
            case Var(name):
                number = values[name]
            case Product(left, right):
                number = evaluate(left, values) * evaluate(right, values)
            case Quotient(inner, divisor, remainder):
                inside = evaluate(inner, values)
                number = inside % divisor if remainder else inside // divisor
        total += coefficient * number
    return total


def holds(condition: Condition, values: Mapping[str, int]) -> bool:
    """Is ``condition`` true under ``values``?"""
    match condition:
        case bool():
            return condition
        case Compare(op, form):
            number = evaluate(form, values)
            return number <= 0 if op == "le" else (number == 0) == (op == "eq")
        case Junction(every, parts):
            return (all if every else any)(holds(part, values) for part in parts)


def variables(thing: Form | Condition) -> Iterator[str]:
    """The names of the unknowns in ``thing``, with repetitions."""
    match thing:
        case Form():
            for atom, _ in thing.terms:
                match atom:
                    case Var(name):
                        yield name
                    case Product(left, right):
                        yield from variables(left)
                        yield from variables(right)
                    case Quotient(inner):
                        yield from variables(inner)
        case Compare(_, form):
            yield from variables(form)
        case Junction(_, parts):
            for part in parts:
                yield from variables(part)
        case bool():
            return


def has_product(thing: Form | Condition) -> bool:
    """Does a product of unknowns occur in ``thing``?"""
    match thing:
        case Form():
            return any(
                isinstance(atom, Product) or (isinstance(atom, Quotient) and has_product(atom.form))
                for atom, _ in thing.terms
            )
        case Compare(_, form):
            return has_product(form)
        case Junction(_, parts):
            return any(map(has_product, parts))
        case bool():
            return False


def substitute(condition: Condition, change: Callable[[str], Form | None]) -> Condition:
    """``condition`` with unknowns replaced by the forms that ``change`` names."""
    match condition:
        case bool():
            return condition
        case Compare(op, form):
            changed = substitute_form(form, change)
            if op == "le":
                return at_most_zero(changed)
            return is_zero(changed) if op == "eq" else negate(is_zero(changed))
        case Junction(every, parts):
            return junction(every, tuple(substitute(part, change) for part in parts))


def substitute_form(form: Form, change: Callable[[str], Form | None]) -> Form:
    """``form`` with unknowns replaced."""
    total = Form(form.const)
    for atom, coefficient in form.terms:
        match atom:
            case Var(name):
                new = change(name) or Form(0, ((atom, 1),))
            case Product(left, right):
                new = multiply(substitute_form(left, change), substitute_form(right, change))
            case Quotient(inner, divisor, remainder):
                new = divide(substitute_form(inner, change), divisor, remainder)
        total = add(total, new, coefficient)
    return total


def show_atom(atom: Atom) -> str:
    """``atom`` in Python's notation."""
    match atom:
        case Var(name):
            return name
        case Product(left, right):
            return f"({show_form(left)})*({show_form(right)})"
        case Quotient(inner, divisor, remainder):
            return f"(({show_form(inner)}){'%' if remainder else '//'}{divisor})"


def show_form(form: Form) -> str:
    """``form`` in Python's notation."""
    texts = [f"{'' if c == 1 else f'{c}*'}{show_atom(a)}" for a, c in form.terms]
    if form.const or not texts:
        texts.append(str(form.const))
    return " + ".join(texts)


def show(condition: Condition) -> str:
    """``condition`` in Python's notation."""
    match condition:
        case bool():
            return str(condition)
        case Compare(op, form):
            sign = {"le": "<=", "eq": "==", "ne": "!="}[op]
            return f"{show_form(form)} {sign} 0"
        case Junction(every, parts):
            return "(" + (" and " if every else " or ").join(show(part) for part in parts) + ")"
