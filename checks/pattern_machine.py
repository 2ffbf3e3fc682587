"""The closed systems of one socket as machines for the engines, bounded for search or unbounded for proof."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from enomem.model import send
from enomem.model.patterns import rep, req
from enomem.model.systems import single
from enomem.model.systems.closed import Action, State, System

from . import terms
from .machine import Machine
from .symbols import Integer

SLACK = 2
"""How far counters may leave their sensible range before a state is called out of its domain."""

PARAMETERS = ("parts", "memory", "messages", "queue")
"""What is unknown in a proof, besides how often peers come and go."""


def bounded(sys: System) -> Machine[State, Action]:
    """The system with its bounds, for search and plain stepping."""
    return _machine(sys, _ranges(sys))


def unbounded(sys: System) -> Machine[State, Action]:
    """The system with every bound an unknown but the number of peers, for proofs."""
    unknowns = {name: Integer(terms.variable(f"bound.{name}")) for name in PARAMETERS}
    return _machine(replace(sys, labels=False, **unknowns), None)  # type: ignore[arg-type]


def _machine(sys: System, ranges: dict[str, tuple[int, int]] | None) -> Machine[State, Action]:
    return Machine(
        name=f"{sys.pattern.name} {sys.policy.name} {sys.recovery.value}",
        initial=single.initial(sys),
        actions=single.actions(sys),
        step=partial(single.step, sys),
        ranges=ranges,
        hostile=lambda action: action.hostile,
        observer="seen",
        show=named,
        small={} if ranges is not None else _places(sys),
        shifting=True,
        subject=sys,
    )


def named(action: Action) -> str:
    """An action in words, by the model's own numbers."""
    at = f" of peer {action.place}" if action.place >= 0 else ""
    named = f" naming {action.to}" if action.to >= 0 else ""
    shape = f", shape {action.shape}" if action.kind.value == "offer" else ""
    refused = f", refused at {action.refuse.name}" if action.refuse is not None else ""
    again = " again" if action.again else ""
    return f"{action.kind.value}{again}{at}{named}{shape}{refused}"


def _places(sys: System) -> dict[str, tuple[int, int]]:
    """What is a place, or a turn, or counts what the library has in front of a message."""
    turn, place = (0, 0), (-1, sys.pipes - 1)
    small = {
        "count": (0, sys.pipes), "current": place, "lead": (0, sys.lead), "target": (-2, sys.pipes - 1),
        "seen.due": place if sys.shapes else (-1, -1),
    }  # fmt: skip
    match single.initial(sys).inner:
        case req.State():
            ids = getattr(sys.pattern, "ids", 1) if getattr(sys.pattern, "correlate", False) else 1
            small |= {"inner.send": turn, "inner.current": place, "inner.peer": place, "inner.request": (0, ids - 1)}
        case rep.State():
            small |= {"inner.receive": turn, "inner.peer": place, "inner.envelope": (0, sys.lead)}
        case _:
            small |= {"inner.send": turn, "inner.current": place, "inner.receive": turn}
    return small


def _ranges(sys: System) -> dict[str, tuple[int, int]]:
    room = sys.memory + SLACK
    return {
        "pool.limit": (sys.memory, sys.memory),
        "pool.used": (-SLACK, room),
        "send.note": (0, sys.policy.notes),
        "send.reserved": (0, send.whole_message(sys.sizes, sys.unit) if sys.policy.reserves else 0),
        "pipes.messages": (0, sys.queue + 1),
        "pipes.parts": (0, room),
        "pipes.tail": (0, room),
        "pipes.front": (0, sys.sizes.slots - 1),
        "app.message": (1, sys.messages + 1 if sys.numbered else 1),
        "app.part": (0, sys.parts - 1),
        "seen.queues.odd": (0, room),
        **_places(sys),
    }
