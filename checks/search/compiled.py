"""Transitions compiled to one numpy function over a whole batch of packed states.

The text of the function is generated from the symbolic transitions and from nothing else. Each condition is
evaluated once for the batch; the paths of an action share the prefixes of their conditions; a next state is the
old word plus what the updates add to it. Values that leave their declared range are not wrapped round but reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import OurFault
from ..symbolic import terms
from ..symbolic.explore import Run
from ..symbolic.machine import Machine, Transition
from ..symbolic.shape import Leaf
from ..symbolic.terms import Compare, Condition, Form, Junction, Product, Quotient, Var
from .packing import Packing, Words

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Taken:
    """A transition taken by some states of a batch: which states, and the next states' words."""

    transition: int
    at: NDArray[np.int64]
    words: Words


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch: transitions, and where something was found.

    ``failed`` are pairs of a check's number and the states of the batch at which it fails on a transition;
    ``escaped`` the transitions (and states) that raised or left the declared ranges; ``bad`` the states at which
    a state check fails; ``stuck`` those that no friendly transition changes.
    """

    taken: list[Taken]
    failed: list[tuple[int, int, NDArray[np.int64]]]
    escaped: list[tuple[int, NDArray[np.int64]]]
    bad: list[tuple[int, NDArray[np.int64]]]
    stuck: Mask


class _Writer:
    """Writes the function's text; conditions and forms are written once and named."""

    def __init__(self, packing: Packing, ranges: Mapping[str, tuple[int | None, int | None]]) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self._packing = packing
        self._fields = {place.leaf.unknown: place for place in packing.fields.values()}
        self._run = Run(ranges, (), [])
        self._names: dict[object, str] = {}
        self._read: dict[str, str] = {}
        self.dtype = np.int8

    def line(self, text: str) -> None:
        self.lines.append(text)

    def name(self, key: object, text: Callable[[], str], prefix: str) -> str:
        if key not in self._names:
            written = text()
            self._names[key] = f"{prefix}{len(self._names)}"
            self.line(f"{self._names[key]} = {written}")
        return self._names[key]

    def _fits(self, form: Form) -> None:
        """Widen the number type until every partial sum of ``form`` fits."""
        total = abs(form.const)
        for atom, c in form.terms:
            low, high = self._run.interval(Form(0, ((atom, 1),)))
            if low is None or high is None:
                raise OurFault(f"{terms.show_atom(atom)} has no bounds and cannot be searched")
            total += abs(c) * max(1, abs(low), abs(high), abs(high - low))
            if isinstance(atom, Quotient):
                total += atom.divisor
        for dtype in (np.int8, np.int16, np.int32, np.int64):
            if total <= np.iinfo(dtype).max:
                if np.iinfo(dtype).max > np.iinfo(self.dtype).max:
                    self.dtype = dtype  # type: ignore[assignment]  # one of four types of numpy
                return
        raise OurFault(f"{terms.show_form(form)} is too large for 64 bits")

    def read(self, unknown: str) -> str:
        """The array of an unknown's values."""
        if unknown not in self._read:
            place = self._fields[unknown]
            name = self._read[unknown] = f"f{len(self._read)}"
            if place.bits == 0:
                self.line(f"{name} = zero + num({place.low})")
            else:
                raw = f"(w{place.word} >> u64({place.shift})) & u64({(1 << place.bits) - 1})"
                low = f" + num({place.low})" if place.low else ""
                self.line(f"{name} = ({raw}).astype(num){low}")
        return self._read[unknown]

    def atom(self, atom: terms.Atom) -> str:
        match atom:
            case Var(name):
                return self.read(name)
            case Product(left, right):
                self._fits(Form(0, ((atom, 1),)))
                return self.name(atom, lambda: f"({self.form(left)}) * ({self.form(right)})", "p")
            case Quotient(inner, divisor, remainder):
                sign = "%" if remainder else "//"
                if divisor & (divisor - 1) == 0:
                    sign, divisor = (">>", divisor.bit_length() - 1) if not remainder else ("&", divisor - 1)
                return self.name(atom, lambda: f"({self.form(inner)}) {sign} num({divisor})", "q")

    def form(self, form: Form) -> str:
        """An expression for the values of ``form``."""
        self._fits(form)
        parts = [self.atom(a) if c == 1 else f"num({c}) * {self.atom(a)}" for a, c in form.terms]
        if form.const or not parts:
            parts.append(f"num({form.const})" if parts else f"zero + num({form.const})")
        return " + ".join(parts)

    def condition(self, condition: Condition) -> str:
        """The name of the array of a condition's truth."""
        match condition:
            case bool():
                return "every" if condition else "none"
            case Compare(op, form):
                sign = {"le": "<=", "eq": "==", "ne": "!="}[op]
                self._fits(form)
                whole = Form(0, form.terms)
                if op == "le" and all(c < 0 for _, c in form.terms):
                    whole, sign, limit = terms.scale(whole, -1), ">=", form.const
                else:
                    limit = -form.const
                return self.name(condition, lambda: f"({self.form(whole)}) {sign} num({limit})", "c")
            case Junction(every, parts):
                names = [self.condition(part) for part in parts]
                return self.name(condition, lambda: (" & " if every else " | ").join(names), "c")


class Compiled:
    """A machine's transitions as one function of a batch of states."""

    def __init__(
        self,
        machine: Machine[Any, Any],
        packing: Packing,
        found: Sequence[Transition[Any]],
        checks: Sequence[Condition],
    ) -> None:
        """Compile ``found``; ``checks`` are conditions that every state should meet."""
        self.transitions = found
        self._packing = packing
        self._machine = machine
        writer = _Writer(packing, machine.intervals)
        self._write(writer, checks)
        head = [
            f"def expand({', '.join(f'w{i}' for i in range(packing.words))}, want_stuck):",
            "    size = len(w0)",
            "    zero, every, none = zeros(size, num), ones(size, bool), zeros(size, bool)",
            "    taken, failed, escaped, bad = [], [], [], []",
            "    moves = zeros(size, bool)",
        ]
        body = ["    " + line for line in writer.lines]
        self.source = "\n".join([*head, *body, "    return Batch(taken, failed, escaped, bad, ~moves)", ""])
        space: dict[str, Any] = {
            "u64": np.uint64, "zeros": np.zeros, "ones": np.ones, "flatnonzero": np.flatnonzero, "Batch": Batch,
            "Taken": Taken, "num": writer.dtype, "i64": np.int64, "bool": np.bool_,
        }  # fmt: skip
        exec(compile(self.source, f"<{machine.name}>", "exec"), space)
        self._expand: Callable[..., Batch] = space["expand"]

    def expand(self, words: Words, want_stuck: bool = True) -> Batch:
        """All transitions of all states in ``words``."""
        with np.errstate(over="ignore"):
            return self._expand(*words, want_stuck)

    def _write(self, writer: _Writer, checks: Sequence[Condition]) -> None:
        for number, check in enumerate(checks):
            if check is not True:
                name = writer.condition(check)
                writer.line(f"if not {name}.all(): bad.append(({number}, flatnonzero(~{name})))")
        for number, transition in enumerate(self.transitions):
            mask = self._guard(writer, transition)
            writer.line(f"if a{mask}:")
            before = len(writer.lines)
            early = writer.lines[:before]
            # Whatever the block needs is written before it, so that later blocks may use it too.
            block = self._block(writer, number, transition, f"m{mask}")
            needed = writer.lines[before:]
            writer.lines = early[:-1] + needed + early[-1:] + ["    " + line for line in block]

    def _guard(self, writer: _Writer, transition: Transition[Any]) -> int:
        """Write the mask of a transition's guard, prefix by prefix; returns its number."""
        prefix: tuple[object, ...] = (transition.place,)
        if prefix not in writer._names:
            number = writer._names[prefix] = str(len(writer._names))
            writer.line(f"m{number}, a{number} = every, True")
        for condition in transition.conditions:
            above = writer._names[prefix]
            prefix = (*prefix, condition)
            if prefix not in writer._names:
                name = writer.condition(condition)
                number = writer._names[prefix] = str(len(writer._names))
                writer.line(f"m{number} = m{above} & {name} if a{above} else none")
                writer.line(f"a{number} = a{above} and bool(m{number}.any())")
        return int(writer._names[prefix])

    def _block(self, writer: _Writer, number: int, transition: Transition[Any], mask: str) -> list[str]:
        block: list[str] = []
        if transition.error is not None:
            return [f"escaped.append(({number}, flatnonzero({mask})))"]
        run = Run(self._machine.intervals, transition.conditions, [])
        for place, check in enumerate(transition.checks):
            if check is not True and run.decided(check) is not True:
                name = writer.condition(check)
                block.append(f"wrong = {mask} & ~{name}")
                block.append(f"if wrong.any(): failed.append(({number}, {place}, flatnonzero(wrong)))")
        inside: list[str] = []
        deltas: list[str] = []
        constant = [0] * self._packing.words
        varying: list[list[str]] = [[] for _ in range(self._packing.words)]
        for leaf, form in transition.updates.items():
            self._update(writer, run, leaf, form, inside, constant, varying)
        if inside:
            block.append(f"fine = {' & '.join(inside)}")
            block.append(f"if not fine[{mask}].all(): escaped.append(({number}, flatnonzero({mask} & ~fine)))")
            # A step that leaves its range leads nowhere: it is no move out of a deadlock.
            block.append(f"stays = {mask} & fine")
            mask = "stays"
        block.append(f"at = flatnonzero({mask})")
        for word in range(self._packing.words):
            parts = [f"w{word}[at]"]
            if constant[word] % (1 << 64):
                parts.append(f"u64({constant[word] % (1 << 64)})")
            parts += varying[word]
            deltas.append(" + ".join(parts))
        block.append(f"taken.append(Taken({number}, at, ({', '.join(deltas)},)))")
        if transition.moved and not self._machine.hostile(transition.action):
            changes = terms.conjunction(transition.changes)
            decided = run.decided(changes)
            if decided is None:
                block.append(f"if want_stuck: moves |= {mask} & {writer.condition(changes)}")
            elif decided:
                block.append(f"if want_stuck: moves |= {mask}")
        return block

    def _update(
        self,
        writer: _Writer,
        run: Run,
        leaf: Leaf,
        form: Form,
        inside: list[str],
        constant: list[int],
        varying: list[list[str]],
    ) -> None:
        """Add what one update does to its word: a constant where the path says so, else an array."""
        place = self._packing.fields[leaf.name]
        assert leaf.low is not None
        assert leaf.high is not None
        low, high = run.interval(form)
        if low is None or high is None or low < leaf.low or high > leaf.high:
            above = writer.condition(terms.at_most_zero(terms.add(form, Form(leaf.high), -1)))
            below = writer.condition(terms.at_most_zero(terms.add(Form(leaf.low), form, -1)))
            inside += [above, below]
        delta = _pinned(terms.add(form, terms.variable(leaf.unknown), -1), run)
        constant[place.word] += delta.const << place.shift
        if delta.terms:
            text = writer.name(("delta", Form(0, delta.terms)), lambda: writer.form(Form(0, delta.terms)), "d")
            varying[place.word].append(f"({text}[at].astype(i64).view(u64) << u64({place.shift}))")


def _pinned(form: Form, run: Run) -> Form:
    """``form`` with the unknowns that can have only one value on this path replaced by it."""

    def value(name: str) -> Form | None:
        low, high = run.interval(terms.variable(name))
        return terms.constant(low) if low is not None and low == high else None

    return terms.substitute_form(form, value)
