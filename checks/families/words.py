"""The traces of families as they are shown: lines of text, a Mermaid diagram, or JSON to replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..traces.format import text as json_text
from ..words.mermaid import clear
from ..words.phrases import Phrase
from ..words.wording import lines_of
from .family import Moment, Trace
from .registry import FAMILIES
from .traces import to_json


def show(trace: Trace, fmt: str) -> str:
    """The trace as ``text``, as a ``mermaid`` sequence diagram, or as ``json`` (``docs/formats.md``)."""
    return FORMATS[fmt](trace)


def phrase(trace: Trace, moment: Moment) -> Phrase:
    """A step in words, with the first rule that fired."""
    said = FAMILIES[trace.row.family].phrase(trace, moment)
    if moment.step is None:
        return Phrase(said.actor, said.call, f"raises {moment.error}")
    rule = str(moment.step.rules[0].value) if moment.step.rules else ""
    return Phrase(said.actor, said.call, said.answer, rule, said.remark)


def _sentences(trace: Trace) -> tuple[str, ...]:
    return FAMILIES[trace.row.family].sentences(trace) if trace.identifier else ()


def _text(trace: Trace) -> str:
    return lines_of([phrase(trace, moment) for moment in trace.steps], _sentences(trace), trace.cycle)


def _mermaid(trace: Trace) -> str:
    phrases = [phrase(trace, moment) for moment in trace.steps]
    actors = list(dict.fromkeys(said.actor for said in phrases)) or ["nobody"]
    key = {actor: f"p{number}" for number, actor in enumerate(actors)}
    lines = ["sequenceDiagram", *(f"    participant {key[actor]} as {clear(actor)}" for actor in actors)]
    for number, said in enumerate(phrases):
        if number == trace.cycle:
            lines.append("    loop for ever")
        own = key[said.actor]
        lines.append(f"    {own}->>{own}: {clear(said.call)}" + (f" = {clear(said.answer)}" if said.answer else ""))
        note = ", ".join(part for part in (said.rule, said.remark) if part)
        lines += [f"    Note over {own}: {clear(note)}"] if note else []
    if trace.cycle is not None and trace.cycle < len(phrases):
        lines.append("    end")
    across = ",".join(dict.fromkeys((key[actors[0]], key[actors[-1]])))
    for title, sentence in zip(("expected", "happened"), _sentences(trace), strict=False):
        lines.append(f"    Note over {across}: {title}: {clear(sentence)}")
    return "\n".join(lines)


def _json(trace: Trace) -> str:
    return json_text(to_json(trace))


FORMATS: Mapping[str, Callable[[Trace], str]] = {"text": _text, "mermaid": _mermaid, "json": _json}
