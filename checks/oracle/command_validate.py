"""`enomem validate`: does the model explain a recorded run of sockets, whoever made them?"""

from __future__ import annotations

import json
from pathlib import Path

from enomem.model.systems.network import NOTHING, Network, Session, Socket
from enomem.model.systems.network_calls import Impossible

from ..errors import UsageError
from . import call_format
from .events import Event, line, text
from .oracle import Deviation, Oracle

SHOWN = 3
"""So many of the states that were possible are shown."""
TAIL = 8
"""So many events before the one that is not explained are shown."""


def run(path: Path, policy: str | None, form: str) -> tuple[int, list[str]]:
    """Validate a file: the exit code, and the lines to print."""
    setting, events = call_format.read(path, policy)
    oracle = Oracle(setting)
    last: list[Event] = []
    for event in events:
        try:
            found = oracle.saw(event)
        except Impossible as error:
            raise UsageError(f"{path}, event {oracle.number + 1}, {line(event)}: {error}") from None
        last = [*last[-TAIL:], event]
        if found is not None:
            if form == "json":
                return 1, [json.dumps(_data(found), indent=2)]
            return 1, _words(found, last)
    if form == "json":
        return 0, [json.dumps({"explained": True, "events": oracle.number, "states": len(oracle.states)})]
    states = f"{len(oracle.states)} state{'s' if len(oracle.states) != 1 else ''}"
    return 0, [f"{oracle.number} events, all explained by the model; {states} possible at the end"]


def _words(found: Deviation, last: list[Event]) -> list[str]:
    number = found.number - len(last) + 1
    shown = [f"{number + offset:>5}  {line(event)}" for offset, event in enumerate(last)]
    states = [f"       {one}" for state in found.before[:SHOWN] for one in described(state)]
    more = len(found.before) - SHOWN
    return [
        *shown[:-1],
        shown[-1] + "   <- not explained",
        f"allowed: {' or '.join(found.allowed) or 'nothing'}"
        + (f"   [{', '.join(sorted({rule.value for rule in found.rules}))}]" if found.rules else ""),
        f"possible before it: {len(found.before)} state{'s' if len(found.before) != 1 else ''}",
        *states,
        *([f"       and {more} more"] if more > 0 else []),
    ]


def _data(found: Deviation) -> dict[str, object]:
    return {
        "explained": False,
        "event": found.number,
        "happened": line(found.event),
        "allowed": list(found.allowed),
        "before": [described(state) for state in found.before],
    }


def described(state: Network) -> list[str]:
    """What every socket of a state holds that holds something, one line each."""
    found = []
    for number, socket in enumerate(state.sockets):
        held = _held(socket)
        if held:
            found.append(f"s{number} {socket.kind}: {'; '.join(held)}")
    return found or ["no socket holds anything"]


def _held(socket: Socket) -> list[str]:
    held = []
    if socket.parts:
        held.append(f"still to be taken {_parts(socket.parts)}")
    if socket.send.phase.value != "idle":
        held.append(f"the message that is being sent: {socket.send.phase.value}")
    for place, session in enumerate(socket.sessions):
        what = _of(session, session.key == socket.current != NOTHING)
        if what:
            held.append(f"peer {place}: {', '.join(what)}")
    return held


def _of(session: Session, current: bool) -> list[str]:
    what = []
    if current or session.tail:
        what.append(f"unfinished {_parts(session.tail)}")
    if session.queue:
        what.append(f"to be sent {_messages(session.queue)}")
    if session.inbox:
        what.append(f"to be received {_messages(session.inbox)}")
    if session.cut or session.ended:
        what.append("gone")
    return what


def _messages(messages: tuple[tuple[bytes, ...], ...]) -> str:
    return " ".join(map(_parts, messages[:SHOWN])) + (f" and {len(messages) - SHOWN} more" * (len(messages) > SHOWN))


def _parts(message: tuple[bytes, ...]) -> str:
    return f"[{', '.join(map(text, message))}]"
