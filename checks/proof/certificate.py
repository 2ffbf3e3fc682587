"""Proofs as SMT-LIB 2, for whoever would rather ask another solver.

One file for each obligation of a proof, and every one of them is to be answered by ``unsat``: no initial state is
outside the invariant, no action leads out of it, and no state in it violates a property that was proved. A file
stands by itself; nothing but the list of files in ``index.json`` belongs to them all. A property that was not proved
has no file.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import z3

from .induction import Proof, Query

INDEX = "index.json"
LOGIC = "QF_LIA"
"""The smallest logic with sums of several unknowns. It has no division: a quotient becomes an unknown with bounds."""

UNNAMED = "a fact that is true of every product of two integers"
MEANING = {
    "initiation": "Is there an initial state that is not in the invariant?",
    "consecution": "Is there a state in the invariant from which this action leads out of it?",
    "safety": "Is there a state in the invariant that violates the property, in itself or by this action?",
}
SLUG_LENGTH = 60


def write(proof: Proof, title: str, directory: Path) -> list[Path]:
    """Write the obligations of ``proof`` into a folder of ``directory`` named after ``title``; its index comes last.

    ``title`` says what was proved: policy, recovery, how many senders. Files of an earlier certificate in the same
    folder are removed.
    """
    folder = directory / slug(title)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_earlier(folder)
    linear = _Linear()
    entries: list[dict[str, str]] = []
    for query in proof.queries:
        kind, subject = _kind(query, proof)
        if kind == "safety" and proof.verdicts[subject] is not True:
            continue
        name = f"{len(entries):02}-{slug(query.name)}.smt2"
        (folder / name).write_text(_text(query, kind, title, linear), encoding="utf-8", newline="\n")
        entry = {"file": name, "kind": kind, "obligation": query.name, "expected": "unsat"}
        entries.append(entry | ({"property": subject} if kind == "safety" else {}))
    index = {"source": "enomem", "title": title, "logic": LOGIC, "invariants": proof.invariants, "files": entries}
    (folder / INDEX).write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return [*(folder / entry["file"] for entry in entries), folder / INDEX]


def slug(text: str) -> str:
    """``text`` as part of a file name: lower case, digits and single hyphens.

    Of an object's notation, ``Action(kind=<Kind.CALL: 'call'>, sender=0, refuse=None)``, the values remain.
    """
    text = re.sub(r"<\w+\.\w+: '?([^'>]*)'?>", r"\1", text)
    text = re.sub(r"\w+\(|\w+=None\b|\bamount=0\b|\w+=", " ", text)
    text = re.sub(r"(?<!\w)-(?=\d)", "minus ", text)
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:SLUG_LENGTH].rstrip("-") or "proof"


def _kind(query: Query, proof: Proof) -> tuple[str, str]:
    """What kind of obligation a query is, and for a safety query which property it is about."""
    for name in sorted(proof.verdicts, key=len, reverse=True):
        if query.name == name or query.name.startswith(f"{name} "):
            return "safety", name
    return query.name.partition(" ")[0], ""


def _remove_earlier(folder: Path) -> None:
    """Remove what an earlier certificate's index lists, so that no file is taken for part of this one."""
    try:
        files = json.loads((folder / INDEX).read_text(encoding="utf-8"))["files"]
        names = [str(entry["file"]) for entry in files]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return
    for name in names:
        if re.fullmatch(r"\d+-[a-z0-9-]+\.smt2", name):
            (folder / name).unlink(missing_ok=True)


class _Linear:
    """Terms in strictly linear arithmetic, and as text: each is worked out once for all files of a proof.

    ``x div 2`` becomes an unknown q of which 2 q <= x <= 2 q + 1 is stated, and ``x mod 2`` becomes x - 2 q. There is
    exactly one such q for each x, so an obligation has a model with it if and only if it has one without.
    """

    def __init__(self) -> None:
        # The terms are kept with what became of them: an identity is given anew to another term otherwise.
        self._done: dict[int, tuple[z3.ExprRef, z3.ExprRef]] = {}
        self._quotients: dict[tuple[int, int], z3.ArithRef] = {}
        self._texts: dict[int, str] = {}
        self._used: dict[int, tuple[str, ...]] = {}
        self.definitions: dict[str, z3.BoolRef] = {}
        """What is stated of each quotient, by its name, in the order in which they were met."""

    def assertion(self, condition: z3.ExprRef) -> str:
        """The command that states ``condition``."""
        key = condition.get_id()
        if key not in self._texts:
            self._texts[key] = f"(assert\n{textwrap.indent(self.term(condition).sexpr(), '  ')})"
        return self._texts[key]

    def quotients(self, conditions: tuple[z3.ExprRef, ...]) -> list[str]:
        """The names of the quotients that ``conditions`` need, and of those that these need in turn."""
        todo = {name for condition in conditions for name in self._names(self.term(condition))}
        found: set[str] = set()
        while todo:
            found |= todo
            todo = {n for name in todo for n in self._names(self.definitions[name])} - found
        return [name for name in self.definitions if name in found]

    def _names(self, term: z3.ExprRef) -> tuple[str, ...]:
        if term.get_id() not in self._used:
            self._used[term.get_id()] = tuple(name for name in unknowns(term) if name in self.definitions)
        return self._used[term.get_id()]

    def term(self, term: z3.ExprRef) -> z3.ExprRef:
        """``term`` without division, and without junctions of fewer than two parts, which not every solver reads."""
        key = term.get_id()
        if key not in self._done:
            self._done[key] = (term, self._rewritten(term, [self.term(child) for child in term.children()]))
        return self._done[key][1]

    def _rewritten(self, term: z3.ExprRef, parts: list[z3.ExprRef]) -> z3.ExprRef:
        if z3.is_idiv(term) or z3.is_mod(term):
            divisor = parts[1].as_long()
            quotient = self._quotient(parts[0], divisor)
            return quotient if z3.is_idiv(term) else parts[0] - divisor * quotient
        if z3.is_and(term) or z3.is_or(term):
            if len(parts) < 2:
                return parts[0] if parts else z3.BoolVal(z3.is_and(term))
            return z3.And(*parts) if z3.is_and(term) else z3.Or(*parts)
        return term.decl()(*parts) if parts else term

    def _quotient(self, dividend: z3.ArithRef, divisor: int) -> z3.ArithRef:
        key = dividend.get_id(), divisor
        if key not in self._quotients:
            name = f"quotient {len(self._quotients) + 1}"
            found = self._quotients[key] = z3.Int(name)
            self.definitions[name] = z3.And(divisor * found <= dividend, dividend <= divisor * found + (divisor - 1))
        return self._quotients[key]


def _text(query: Query, kind: str, title: str, linear: _Linear) -> str:
    """One obligation as a script."""
    conditions = (*query.given, query.goal)
    quotients = linear.quotients(conditions)
    names = unknowns(*map(linear.term, conditions), *(linear.definitions[name] for name in quotients))
    lines = [
        f"; {_plain(title)}: {_plain(query.name)}",
        f"; {MEANING[kind]}",
        "; The answer unsat says that there is none.",
        "(set-info :smt-lib-version 2.6)",
        "(set-option :produce-models true)",
        f"(set-logic {LOGIC})",
        f"(set-info :source |enomem, {_plain(title)}, {_plain(query.name)}|)",
        '(set-info :category "industrial")',
        "(set-info :status unsat)",
        "",
        *(f"(declare-const {_symbol(name)} Int)" for name in names),
    ]
    for name in quotients:
        lines += ["", f"; what {name} is, rounded down", linear.assertion(linear.definitions[name])]
    labels = (*query.labels, *[UNNAMED] * len(query.given))
    for label, condition in zip(labels, query.given, strict=False):
        lines += ["", *_comment(label), linear.assertion(condition)]
    lines += ["", *_comment(f"what must be impossible: {query.name}"), linear.assertion(query.goal)]
    return "\n".join([*lines, "", "(check-sat)", "(exit)", ""])


def _comment(text: str) -> Iterator[str]:
    return (f"; {line}" for line in textwrap.wrap(_plain(text), 116))


def _plain(text: str) -> str:
    """``text`` on one line and without what would end a quoted symbol."""
    return " ".join(text.split()).replace("|", "/").replace("\\", "/")


def _symbol(name: str) -> str:
    """An unknown's name as Z3 writes it."""
    return str(z3.Int(name).sexpr())


def unknowns(*conditions: z3.ExprRef) -> list[str]:
    """The names of the unknowns in ``conditions``, sorted, those of digits by their value."""
    seen: set[int] = set()
    names: set[str] = set()
    todo: list[z3.ExprRef] = list(conditions)
    while todo:
        term = todo.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        if z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            names.add(term.decl().name())
        todo += term.children()
    return sorted(names, key=_natural)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]
