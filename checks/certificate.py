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
"""The smallest logic with sums of several unknowns. Division by a constant, which a strict reading leaves out of it, is
accepted in it by Z3 and by cvc5."""

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
    texts: dict[int, str] = {}
    entries: list[dict[str, str]] = []
    for query in proof.queries:
        kind, subject = _kind(query, proof)
        if kind == "safety" and proof.verdicts[subject] is not True:
            continue
        name = f"{len(entries):02}-{slug(query.name)}.smt2"
        (folder / name).write_text(_text(query, kind, title, texts), encoding="utf-8", newline="\n")
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


def _text(query: Query, kind: str, title: str, texts: dict[int, str]) -> str:
    """One obligation as a script. ``texts`` keeps what is said in many files, by the identity of its term."""
    lines = [
        f"; {_plain(title)}: {_plain(query.name)}",
        f"; {MEANING[kind]}",
        "; The answer unsat says that there is none.",
        "(set-info :smt-lib-version 2.6)",
        f"(set-option :produce-models true)\n(set-logic {LOGIC})",
        f"(set-info :source |enomem, {_plain(title)}, {_plain(query.name)}|)",
        '(set-info :category "industrial")',
        "(set-info :status unsat)",
        "",
        *(f"(declare-const {_symbol(name)} Int)" for name in unknowns(*query.given, query.goal)),
    ]
    labels = (*query.labels, *[UNNAMED] * len(query.given))
    for label, condition in zip(labels, query.given, strict=False):
        lines += ["", *_comment(label), _assertion(condition, texts)]
    lines += ["", *_comment(f"what must be impossible: {query.name}"), _assertion(query.goal, texts)]
    return "\n".join([*lines, "", "(check-sat)", "(exit)", ""])


def _assertion(condition: z3.BoolRef, texts: dict[int, str]) -> str:
    key = condition.get_id()
    if key not in texts:
        # Z3 writes a junction of nothing as a bare operator, which nobody reads back.
        legal = z3.substitute(condition, (z3.Or(), z3.BoolVal(False)), (z3.And(), z3.BoolVal(True)))
        texts[key] = f"(assert\n{textwrap.indent(legal.sexpr(), '  ')})"
    return texts[key]


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
