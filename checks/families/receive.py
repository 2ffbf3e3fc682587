"""The family `receive`: readers of connections under each receive policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from enomem.model.systems import receiving
from enomem.model.systems.receiving import Action, Kind, State, System

from .. import terms
from ..asked import DEADLOCK, TOTAL, Asked
from ..errors import UsageError
from ..machine import Machine
from ..phrases import Phrase
from ..symbols import Integer
from . import receive_questions as questions
from .family import EACH, PROGRESS, RECOVER, Case, Family, Moment, Row, Trace

SLACK = 2
"""How far counters may leave their sensible range before a state is called out of its domain."""

SUBJECTS = ("BOUNDED_WAIT",)
PARAMETERS = ("parts", "memory", "messages", "queue", "window", "disconnects", "last", "slot")


class Receive(Family):
    """Readers under a receive policy."""

    name = "receive"
    option = "--receive-policy"
    title = "Readers of connections in one pool, under each receive policy."
    unbounded = ("parts", "memory", "messages", "queue", "window", "disconnects", "sizes", "refusals")
    own = (RECOVER,)
    guards = ("SAFE-WHOLE",)

    def rows(self, texts: Sequence[str] = ()) -> list[Row]:
        """A row a policy."""
        for text in texts:
            if text not in SUBJECTS:
                raise UsageError(f"there is no receive policy {text!r}; known are {', '.join(SUBJECTS)}")
        return [Row(self.name, text, text=text) for text in texts or SUBJECTS]

    def identifiers(self, row: Row) -> tuple[str, ...]:  # noqa: ARG002 - all are asked the same
        """What is asked."""
        return (*questions.STATES, *questions.STEPS, TOTAL, DEADLOCK, PROGRESS, EACH, RECOVER)

    def searched(self, row: Row) -> tuple[Any, ...]:  # noqa: ARG002
        """One reader, one whose messages the pool cannot hold, and two."""
        return (System(), System(parts=3, memory=2), System(2))

    def endless(self, row: Row) -> tuple[Any, ...]:  # noqa: ARG002
        """Two readers whose peers never stop."""
        return (System(2, messages=1, numbered=False),)

    def proved(self, row: Row) -> tuple[Any, ...]:  # noqa: ARG002
        """One reader beside any number of others, and two."""
        return (System(1, others=True), System(2, others=True))

    def bounded(self, system: System) -> Case:
        """A system with its bounds."""
        return Case(machine(system, _ranges(system)), asked(system), questions.obligations(system))

    def general(self, system: System) -> Case:
        """A system with every bound an unknown."""
        unknowns: dict[str, Any] = {name: Integer(terms.variable(f"bound.{name}")) for name in PARAMETERS}
        general = replace(system, **unknowns)
        return Case(
            machine(general, None), asked(general), {}, questions.candidates(general),
            partial(questions.parameters, general), "any number of connections",
        )  # fmt: skip

    def phrase(self, trace: Trace, moment: Moment) -> Phrase:
        """A step in words."""
        return Phrase(f"connection {moment.action.reader + 1}", trace.case.machine.show(moment.action))

    def sentences(self, trace: Trace) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing yet."""
        return ()


def machine(system: System, ranges: dict[str, tuple[int, int]] | None) -> Machine[State, Action]:
    """The system as a machine for the engines."""
    return Machine(
        name="receive",
        initial=receiving.initial(system),
        actions=receiving.actions(system),
        step=partial(receiving.step, system),
        ranges=ranges,
        hostile=lambda action: action.hostile,
        symmetric="readers",
        observer="readers.seen",
        show=named,
        subject=system,
    )


def named(action: Action) -> str:
    """An action in words, by the model's own numbers."""
    if action.kind == Kind.OTHERS:
        return f"others ({action.amount:+d})"
    refused = f", refused at {action.refuse.name}" if action.refuse is not None else ""
    return f"{action.kind.value} of reader {action.reader}{refused}"


def asked(system: System) -> Asked:
    """All that is asked of states and steps."""
    return Asked(
        {name: tuple(partial(part, system) for part in parts) for name, parts in questions.STATES.items()},
        {name: partial(check, system) for name, check in questions.STEPS.items()},
        partial(questions.pending, system),
    )


def _ranges(system: System) -> dict[str, tuple[int, int]]:
    room = system.memory + SLACK
    count = system.messages + SLACK if system.numbered else 0
    return {
        "pool.limit": (system.memory, system.memory),
        "pool.used": (-SLACK, room),
        "faults": (0, system.disconnects),
        "others": (0, system.memory if system.others else 0),
        "readers.peer.message": (1, system.messages + 1),
        "readers.peer.part": (0, system.parts - 1),
        "readers.wire.flight": (0, system.window),
        "readers.wire.at": (0, system.parts - 1),
        "readers.inbox.messages": (0, system.queue + 1),
        "readers.inbox.half": (0, room),
        "readers.inbox.whole": (0, room),
        "readers.got": (0, system.parts + 1),
        "readers.seen.delivered": (0, count),
        "readers.seen.lost": (0, count),
    }


RECEIVE = Receive()
