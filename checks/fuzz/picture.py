"""A failing program as a Mermaid sequence diagram: the program, and its sockets."""

from __future__ import annotations

from ..oracle.events import Do, Event, call, said, shown
from ..words.mermaid import clear
from .play import Failure


def diagram(failure: Failure) -> str:
    """A Mermaid sequence diagram of the program."""
    lines = ["sequenceDiagram", "    participant p as program"]
    for event in failure.events:
        who = f"s{event.socket}"
        if event.do == Do.CREATE:
            options = "".join(f" {name}={shown(value)}" for name, value in event.options)
            lines.append(f"    participant {who} as {who} {clear(event.name + options)}")
    for event in failure.events:
        lines += _drawn(event, f"s{event.socket}")
    return "\n".join([*lines, f"    Note over p: {clear(failure.what)}", ""])


def _drawn(event: Event, who: str) -> list[str]:
    match event.do:
        case Do.CREATE:
            return []
        case Do.SETTLE | Do.REFUSE:
            return [f"    Note over p: {clear(call(event))}"]
        case Do.PEERS:
            return [f"    Note over {who}: {event.count} peers"]
        case _:
            asked = [f"    p->>{who}: {clear(call(event).partition('.')[2])}"]
            answer = said(event)
            return [*asked, f"    {who}-->>p: {clear(answer)}"] if answer else asked
