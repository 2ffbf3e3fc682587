"""The family `connection`: a connection's life under each reconnect rule, and what libzmq decides differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from enomem.model.connection import ALLOCATE, RESERVED, Reconnect, Upkeep
from enomem.model.systems import reconnecting
from enomem.model.systems.reconnecting_state import Action, State, System

from ..errors import UsageError
from ..symbolic import terms
from ..symbolic.asked import DEADLOCK, TOTAL, Asked
from ..symbolic.machine import Machine
from ..symbolic.symbols import Integer
from ..words.phrases import Phrase
from . import connection_questions as questions
from . import connection_words as words
from .family import EACH, PROGRESS, RECOVER, Case, Family, Moment, Need, Row, Trace

SLACK = 2
"""How far counters may leave their sensible range before a state is called out of its domain."""

TRIES = 2
"""So many tries in a row are told apart in a search."""

STALL, CLOSE, FINAL, RUNNING, TIMERS, TODAY = "STALL", "CLOSE", "FINAL", "RUNNING", "TIMERS", "TODAY"
ROWS: Sequence[tuple[Reconnect, str]] = (
    (RESERVED, STALL), (RESERVED, CLOSE), (RESERVED, FINAL), (RESERVED, RUNNING),
    (ALLOCATE, STALL), (ALLOCATE, CLOSE), (ALLOCATE, TIMERS), (ALLOCATE, TODAY),
)  # fmt: skip
"""Each reconnect rule, with what a reader without memory does: STALL or CLOSE. FINAL: it closes, and no memory counts
as an error of the protocol. RUNNING: it stalls, the heartbeat's clock runs on, and it gives no sign of life. Under
ALLOCATE timers are reserved even so, but for TIMERS, where it closes. TODAY: all of it as in libzmq."""


def settled(rule: Reconnect, second: str, tries: int) -> dict[str, Any]:
    """What the second of a row sets in its systems."""
    of_rule = replace(
        rule, most=tries, forgives=second not in (FINAL, TODAY), timers=rule.reserves or second not in (TIMERS, TODAY)
    )
    return {"rule": of_rule, "stalls": second in (STALL, RUNNING), "paused": second not in (RUNNING, TODAY)}


class Connection(Family):
    """A connection's life under a reconnect rule."""

    name = "connection"
    title = "A connection's life under each reconnect rule, and with what a reader without memory does."
    unbounded = ("parts", "memory", "messages", "queue", "window", "sizes", "comings and goings", "refusals")
    own = (*questions.OWN, RECOVER)
    guards = ("SAFE-WHOLE",)

    def rows(self, texts: Sequence[str] = ()) -> list[Row]:
        """The rows of each reconnect rule."""
        known = tuple(dict.fromkeys(rule.name for rule, _ in ROWS))
        for text in texts:
            if text not in known:
                raise UsageError(f"there is no reconnect rule {text!r}; known are {', '.join(known)}")
        return [Row(self.name, rule.name, second, rule.name) for rule, second in ROWS if rule.name in (texts or known)]

    def identifiers(self, row: Row) -> tuple[str, ...]:  # noqa: ARG002 - all are asked the same
        """What is asked."""
        steps = dict.fromkeys(("SAFE-WHOLE", *questions.STATES, *questions.STEPS))
        return (*steps, TOTAL, DEADLOCK, PROGRESS, EACH, RECOVER)

    def _system(self, row: Row, tries: int = TRIES, **bounds: Any) -> System:
        (rule,) = [rule for rule, second in ROWS if (rule.name, second) == (row.subject, row.second)]
        return System(**settled(rule, row.second, tries), **bounds)

    def searched(self, row: Row) -> tuple[Any, ...]:
        """Each end as the sender, with a heart at the reader and at the sender; one pool, and another peer."""
        return (
            self._system(row, heart=1, messages=1),
            self._system(row, sender=1, heart=1, messages=1),
            self._system(row, parts=1, others=True, memory=(14,), upkeep=Upkeep(1, 1, 1, 1, 1)),
        )

    def endless(self, row: Row) -> tuple[Any, ...]:
        """Applications that never stop sending: each end as the sender.

        Where a reader without memory ends its connection under ALLOCATE, nothing else breaks the connection, so that
        what is found is what comes of that.
        """
        bounds: dict[str, Any] = {"queue": 2}
        if (row.subject, row.second) == (ALLOCATE.name, CLOSE):
            bounds = {"parts": 1, "memory": (4, 4), "queue": 3, "up": True, "breaks": False}
        return tuple(self._system(row, sender=end, messages=1, numbered=False, tries=1, **bounds) for end in (0, 1))

    def proved(self, row: Row) -> tuple[Any, ...]:
        """Each end as the sender, with a heart at one end, and another peer at the listener.

        Where no memory is final, or a timer may be missing, too little is left that could be proved.
        """
        if row.second in (FINAL, TIMERS, TODAY):
            return ()
        first = self._system(row, sender=0, heart=1, others=True)
        if row.subject != RESERVED.name or row.second == RUNNING:
            return (first,)
        return (first, self._system(row, sender=1, heart=1, others=True))

    def bounded(self, system: System) -> Case:
        """A system with its bounds."""
        return Case(machine(system, _ranges(system)), asked(system), questions.obligations(system))

    def general(self, system: System) -> Case:
        """A system with every bound an unknown."""
        names = ("parts", "messages", "queue", "window")
        unknowns: dict[str, Any] = {name: Integer(terms.variable(f"bound.{name}")) for name in names}
        sizes = ("session", "engine", "shake", "beat", "timer")
        # Symbols stand for numbers.
        upkeep = Upkeep(*(Integer(terms.variable(f"bound.{name}")) for name in sizes))  # type: ignore[arg-type]
        memory = tuple(Integer(terms.variable(f"bound.memory{i}")) for i in range(len(system.memory)))
        general = replace(system, upkeep=upkeep, memory=memory, **unknowns)  # type: ignore[arg-type]  # as above
        return Case(
            machine(general, None), asked(general), {}, questions.candidates(general),
            partial(questions.parameters, general),
            "who connects sends" if system.sender == 0 else "who accepts sends",
        )  # fmt: skip

    def known(self) -> tuple[tuple[str, Row, str, int], ...]:
        """The ways in which a connection is lost that the letter warns of, and those that libzmq has."""
        of = {(row.subject, row.second): row for row in self.rows()}
        return (
            ("The reconnect storm", of[ALLOCATE.name, CLOSE], RECOVER, 0),
            ("Lost for ever: no memory as an error of the protocol", of[RESERVED.name, FINAL], DEADLOCK, 0),
            ("Lost for ever: no timer", of[ALLOCATE.name, TIMERS], DEADLOCK, 0),
            ("The peer's heartbeat kills a stalled reader", of[RESERVED.name, RUNNING], "SAFE-ALIVE", 1),
            ("A stalled reader's own heartbeat", of[RESERVED.name, RUNNING], "SAFE-ALIVE", 0),
        )

    def needed(self) -> tuple[Need, ...]:
        """For each assumption what is violated without it under the recommended rule."""
        row = self.rows((RESERVED.name,))[0]
        endless = self.endless(row)[0]
        small = self._system(row, memory=(5, 4), messages=1)
        slow = self._system(row, heart=1, messages=1, parts=1, prompt=False)
        return (
            Need("ASSUME-FITS", DEADLOCK, row, small),
            Need("ASSUME-CALM", RECOVER, row, endless, calm=False),
            Need("ASSUME-CALM", PROGRESS, row, endless, calm=False),
            Need("ASSUME-FAIR", RECOVER, row, endless, fair=False),
            Need("ASSUME-PROMPT", "SAFE-ALIVE", row, slow),
        )

    def phrase(self, trace: Trace, moment: Moment) -> Phrase:
        """A step in words."""
        return words.phrase(trace, moment)

    def sentences(self, trace: Trace) -> tuple[str, ...]:
        """What was expected and what happened."""
        return words.sentences(trace)


def machine(system: System, ranges: dict[str, tuple[int, int]] | None) -> Machine[State, Action]:
    """The system as a machine for the engines."""
    return Machine(
        name="connection",
        initial=reconnecting.initial(system),
        actions=reconnecting.actions(system),
        step=partial(reconnecting.step, system),
        ranges=ranges,
        hostile=lambda action: action.hostile,
        observer="seen",
        show=words.named,
        subject=system,
    )


def asked(system: System) -> Asked:
    """All that is asked of states and steps."""
    return Asked(
        {name: tuple(partial(part, system) for part in parts) for name, parts in questions.STATES.items()},
        {name: partial(check, system) for name, check in questions.STEPS.items()},
        partial(questions.pending, system),
    )


def _ranges(system: System) -> dict[str, tuple[int, int]]:
    room = max(system.memory) + SLACK
    count = system.messages + SLACK if system.numbered else 0
    return {
        "pools.limit": (min(system.memory), max(system.memory)),
        "pools.used": (-SLACK, room),
        "lives.tries": (0, TRIES),
        "lives.held": (0, system.upkeep.whole + SLACK),
        "outgoing.part": (0, system.parts),
        "outgoing.send.note": (0, 0),
        "outgoing.send.reserved": (0, 0),
        "outgoing.pipe.messages": (0, system.queue + 1),
        "outgoing.pipe.parts": (0, system.parts * (system.queue + 1)),
        "outgoing.pipe.tail": (0, system.parts),
        "outgoing.pipe.front": (0, 0),
        "outgoing.left": (0, system.parts),
        "incoming.half": (0, system.parts),
        "incoming.messages": (0, system.queue + 1),
        "wire.flight": (0, system.parts + 1),
        "wire.begun": (-1, system.window + 1),
        "seen.accepted": (0, count),
        "seen.delivered": (0, count),
        "seen.lost": (0, count),
    }


CONNECTION = Connection()
