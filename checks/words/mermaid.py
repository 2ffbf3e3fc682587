"""A sender's trace as a Mermaid sequence diagram: application, socket and receiver of each acting sender."""

from __future__ import annotations

from enomem.model.system import Kind

from ..traces.sender import Moment, Trace
from .phrases import Names, Phrase, phrase
from .verdicts import verdict


def diagram(trace: Trace) -> str:
    """The diagram, with the rules as notes and a lasso's cycle as a loop."""
    names = Names.of(trace)
    # Somebody must take part, even if nothing happened or only other sockets acted.
    shown = [names.sender(number) for number in names.acting] or ["A"]
    lines = ["sequenceDiagram"]
    for name in shown:
        lines += [f"    participant {of}{name} as {of} {name}" for of in ("app", "socket")]
    for name in shown:
        of = f" of {name}" if len(shown) > 1 else ""
        lines.append(f"    participant receiver{name} as receiver{of}")
    for number, moment in enumerate(trace.steps):
        if number == trace.cycle:
            lines.append("    loop for ever")
        name = names.sender(moment.action.sender) if moment.action.kind != Kind.OTHERS else shown[0]
        lines += _lines(moment, phrase(trace, names, moment), name)
    if trace.cycle is not None and trace.cycle < len(trace.steps):
        lines.append("    end")
    words = verdict(trace, names)
    across = f"app{shown[0]},receiver{shown[-1]}"
    for title, sentence in zip(("expected", "happened"), words or (), strict=False):
        lines.append(f"    Note over {across}: {title}: {clear(sentence)}")
    return "\n".join(lines)


def _lines(moment: Moment, said: Phrase, name: str) -> list[str]:
    """The arrow or the note of one step, then the note of its rule."""
    app, socket, receiver = f"app{name}", f"socket{name}", f"receiver{name}"
    note = _note(socket, _listed(said.rule, said.remark))
    if moment.error is not None:
        return [f"    Note over {socket}: {clear(said.text)}"]
    match moment.action.kind:
        case Kind.CALL:
            return [_arrow(app, "->>", socket, said.call), _arrow(socket, "-->>", app, said.answer), *note]
        case Kind.SERVE:
            return [_arrow(socket, "-->>", app, f"{said.call}: {said.answer}"), *note]
        case Kind.ARRIVE:
            return [_arrow(socket, "->>", receiver, said.call.removesuffix(" to the receiver")), *note]
        case Kind.LOSE:
            return [_arrow(socket, "-x", receiver, said.call), *note]
        case Kind.GONE:
            return [_arrow(receiver, "-x", socket, said.call), *note]
        case Kind.RECEIVE:
            return _note(receiver, f"{said.call} = {said.answer}, {said.rule}")
        case Kind.FRAME:
            return _note(app, _listed(f"{said.call} = {said.answer}", said.rule, said.remark))
        case Kind.BEGIN:
            return _note(socket, f"{said.call}, {said.rule}")
        case Kind.OTHERS:
            return _note(socket, _listed(said.text, said.rule, said.remark))


def _listed(*texts: str) -> str:
    return ", ".join(text for text in texts if text)


def _arrow(start: str, arrow: str, end: str, text: str) -> str:
    return f"    {start}{arrow}{end}: {clear(text)}"


def _note(over: str, text: str) -> list[str]:
    return [f"    Note over {over}: {clear(text)}"] if text else []


def clear(text: str) -> str:
    """``text`` without what Mermaid reads as the beginning of something else."""
    return " ".join(text.replace(";", ",").replace("#", "no. ").split()) or "nothing"
