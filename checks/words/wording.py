"""Counterexamples as they are shown: in the words of the API, as a diagram, or as a file to replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..errors import UsageError
from ..traces.format import text as json_text
from ..traces.sender import Trace, to_json
from . import mermaid
from .phrases import Names, Phrase, phrase
from .verdicts import verdict

FOR_EVER = "-- from here for ever --"
NOTHING = "-- from here nothing happens, for ever --"
WIDEST = 64
"""How far right the rules may stand; a step in more words than this pushes only its own rule further."""


def show(trace: Trace, fmt: str) -> str:
    """The trace as ``text``, as a ``mermaid`` sequence diagram, or as ``json`` (``docs/formats.md``).

    Text has a line a step, with the rule that fired and what changed, then the expected and what happened.
    """
    if fmt not in FORMATS:
        raise UsageError(f"there is no format {fmt!r}; known are {', '.join(FORMATS)}")
    return FORMATS[fmt](trace)


def _text(trace: Trace) -> str:
    names = Names.of(trace)
    phrases = [phrase(trace, names, moment) for moment in trace.steps]
    return lines_of(phrases, verdict(trace, names) or (), trace.cycle)


def lines_of(phrases: Sequence[Phrase], sentences: Sequence[str], cycle: int | None = None) -> str:
    """Phrases as lines, the rules below one another; then what was expected and what happened."""
    digits = max(2, len(str(len(phrases))))
    rules = [f"[{said.rule}]" if said.rule else "" for said in phrases]
    width = max((len(said.text) for said in phrases if len(said.text) <= WIDEST), default=0)
    rule_width = max(map(len, rules), default=0)
    lines = [] if phrases else [f"{0:>{digits}}  the initial state"]
    for number, (said, rule) in enumerate(zip(phrases, rules, strict=True)):
        if number == cycle:
            lines.append(" " * (digits + 2) + FOR_EVER)
        line = f"{number + 1:>{digits}}  {said.text:<{width}}   {rule:<{rule_width}}   {said.remark}"
        lines.append(line.rstrip())
    if cycle == len(phrases):
        lines.append(" " * (digits + 2) + NOTHING)
    for title, sentence in zip(("expected", "happened"), sentences, strict=False):
        lines.append(f"{title}: {sentence}")
    return "\n".join(lines)


def _json(trace: Trace) -> str:
    return json_text(to_json(trace))


FORMATS: Mapping[str, Callable[[Trace], str]] = {"text": _text, "mermaid": mermaid.diagram, "json": _json}
