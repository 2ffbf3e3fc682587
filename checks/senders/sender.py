"""The closed system of senders as a machine for the engines, bounded for search or unbounded for proof."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from enomem.model import send, system
from enomem.model.system import Action, State, System

from ..symbolic import terms
from ..symbolic.machine import Machine
from ..symbolic.symbols import Integer
from ..traces.sender import named

SLACK = 2
"""How far counters may leave their sensible range before a state is called out of its domain: a defect that
leaks a unit is then seen by the property that it violates, and only then by its consequences."""

PARAMETERS = ("parts", "memory", "messages", "queue", "inbox", "disconnects")


def bounded(sys: System) -> Machine[State, Action]:
    """The system with its bounds, for search and plain stepping."""
    return _machine(sys, _ranges(sys))


def unbounded(sys: System, parts: int | None = None) -> Machine[State, Action]:
    """The system with every bound an unknown (``parts`` too, unless it is given), for proofs."""
    names = [name for name in PARAMETERS if not (name == "parts" and parts is not None)]
    unknowns = {name: Integer(terms.variable(f"bound.{name}")) for name in names}
    fixed = {} if parts is None else {"parts": parts}
    general = replace(sys, labels=False, **unknowns, **fixed)  # type: ignore[arg-type]  # symbols stand for numbers
    return _machine(general, None)


def _machine(sys: System, ranges: dict[str, tuple[int, int]] | None) -> Machine[State, Action]:
    return Machine(
        name=f"sender {sys.policy.name} {sys.recovery.value}",
        initial=system.initial(sys),
        actions=system.actions(sys),
        step=partial(system.step, sys),
        ranges=ranges,
        hostile=lambda action: action.hostile,
        symmetric="senders",
        observer="senders.history",
        show=named,
        subject=sys,
    )


def _ranges(sys: System) -> dict[str, tuple[int, int]]:
    room = sys.memory + SLACK
    count = sys.messages + SLACK if sys.numbered else 0
    whole = send.whole_message(sys.sizes, sys.parts)
    return {
        "pool.limit": (sys.memory, sys.memory),
        "pool.used": (-SLACK, room),
        "waiting": (0, sys.senders if sys.policy.reserves else 0),
        "faults": (0, sys.disconnects),
        "others": (0, sys.memory if sys.others else 0),
        "senders.place": (0, sys.senders if sys.policy.reserves else 0),
        "senders.app.message": (1, sys.messages + 1 if sys.numbered else 1),
        "senders.app.part": (0, sys.parts - 1),
        "senders.send.note": (0, sys.policy.notes),
        "senders.send.reserved": (0, whole if sys.policy.reserves else 0),
        "senders.pipe.messages": (0, sys.queue + 1),
        "senders.pipe.parts": (0, room),
        "senders.pipe.tail": (0, room),
        "senders.pipe.front": (0, sys.sizes.slots - 1),
        "senders.link.flight": (0, max(count, 1)),
        "senders.link.parts": (0, room),
        "senders.link.odd": (0, room),
        "senders.inbox.messages": (0, sys.inbox + 1),
        "senders.inbox.parts": (0, room),
        "senders.inbox.odd": (0, room),
        "senders.history.odd": (0, room),
        **{f"senders.history.{name}": (0, count) for name in ("accepted", "commits", "arrived", "delivered", "lost")},
    }
