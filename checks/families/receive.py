"""The family `receive`: readers of connections under each receive policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from enomem.model.receive_policies import FOR_EVER, RECEIVE_POLICIES, BoundedWait, ReceivePolicy, Threshold
from enomem.model.systems import receiving
from enomem.model.systems.receiving import Action, Kind, State, System

from ..errors import Diverges, Nondeterministic
from ..policies.receive_file import GuardedReceive, load_receive_policy
from ..symbolic import terms
from ..symbolic.asked import DEADLOCK, TOTAL, Asked
from ..symbolic.machine import Machine
from ..symbolic.symbols import Integer
from ..words.phrases import Phrase
from . import receive_questions as questions
from . import receive_words
from .family import EACH, PROGRESS, RECOVER, Case, Family, Moment, Need, Row, Trace

SLACK = 2
"""How far counters may leave their sensible range before a state is called out of its domain."""

PARAMETERS = ("parts", "memory", "messages", "queue", "window", "disconnects", "last", "slot")


class Receive(Family):
    """Readers under a receive policy."""

    name = "receive"
    title = "Readers of connections in one pool, under each receive policy."
    unbounded = ("parts", "memory", "messages", "queue", "window", "disconnects", "sizes", "refusals")
    own = (RECOVER,)
    guards = ("SAFE-WHOLE",)

    def rows(self, texts: Sequence[str] = ()) -> list[Row]:
        """A row a policy."""
        named = texts or tuple(policy.name for policy in RECEIVE_POLICIES)
        return [Row(self.name, load_receive_policy(text).name, text=text) for text in named]

    def identifiers(self, row: Row) -> tuple[str, ...]:  # noqa: ARG002 - all are asked the same
        """What is asked."""
        return (*questions.STATES, *questions.STEPS, TOTAL, DEADLOCK, PROGRESS, EACH, RECOVER)

    def searched(self, row: Row) -> tuple[Any, ...]:
        """One reader whose messages the pool cannot hold, one whose last parts are large, and two."""
        policy = small(load_receive_policy(row.text))
        return (
            System(policy, parts=3, memory=2), System(policy, memory=5, queue=2, window=2, last=2),
            System(policy, 2, disconnects=0),
        )  # fmt: skip

    def endless(self, row: Row) -> tuple[Any, ...]:
        """Peers that never stop: one whose messages the pool cannot hold, and two."""
        policy = small(load_receive_policy(row.text))
        return (
            System(policy, parts=3, memory=2, messages=1, numbered=False),
            System(policy, 2, messages=1, numbered=False),
        )  # fmt: skip

    def proved(self, row: Row) -> tuple[Any, ...]:
        """One reader beside any number of others, and two."""
        policy = load_receive_policy(row.text)
        return (System(policy, 1, others=True), System(policy, 2, others=True))

    def bounded(self, system: System) -> Case:
        """A system with its bounds."""
        return Case(machine(system, _ranges(system)), asked(system), questions.obligations(system))

    def general(self, system: System) -> Case:
        """A system with every bound an unknown."""
        unknowns: dict[str, Any] = {name: Integer(terms.variable(f"bound.{name}")) for name in PARAMETERS}
        general = replace(system, policy=_any_numbers(system.policy), **unknowns)
        return Case(
            machine(general, None), asked(general), {}, questions.candidates(general),
            partial(questions.parameters, general), "any number of connections",
        )  # fmt: skip

    def needed(self) -> tuple[Need, ...]:
        """Liveness of readers without fairness. (Without calm a wait ends all the same: the connection is closed.)"""
        row = next(row for row in self.rows() if row.subject == "BOUNDED_WAIT")
        system = self.endless(row)[-1]
        return (
            Need("ASSUME-FAIR", RECOVER, row, system, fair=False),
            Need("ASSUME-FAIR", EACH, row, system, fair=False),
        )

    def blame(self, error: Diverges | Nondeterministic, row: Row) -> Exception:
        """Whose fault it is: a user's policy's, or ours."""
        policy = load_receive_policy(row.text)
        return policy.blame(error) if isinstance(policy, GuardedReceive) else super().blame(error, row)

    def phrase(self, trace: Trace, moment: Moment) -> Phrase:
        """A step in words."""
        return receive_words.phrase(trace, moment)

    def sentences(self, trace: Trace) -> tuple[str, ...]:
        """What was expected and what happened."""
        return receive_words.sentences(trace)

    def command(self, row: Row) -> str:
        """The options of `enomem check` that ask for a row."""
        return f"--receive-policy {row.text}"

    def known(self) -> tuple[tuple[str, Row, str, int], ...]:
        """What the letter asks about waiting."""
        rows = {row.subject: row for row in self.rows()}
        return (
            ("A reader waits for the memory that it holds itself", rows["WAIT"], DEADLOCK, 0),
            ("A threshold does not help against many small parts", rows["THRESHOLD"], DEADLOCK, 0),
            ("Two readers wait for each other's memory", rows["WAIT"], DEADLOCK, 1),
        )


LARGE, WHILE = 1, 1
"""Units above which a body is large, and milliseconds of a wait, in systems of a few units: any would do."""


def small(policy: ReceivePolicy) -> ReceivePolicy:
    """One of enomem's own policies with numbers that mean something in a small system; a user's is what it is."""
    match policy:
        case Threshold():
            return Threshold(LARGE)
        case BoundedWait():
            return BoundedWait(LARGE, WHILE)
        case _:
            return policy


def _any_numbers(policy: ReceivePolicy) -> Any:
    """One of enomem's own policies with unknown numbers, for proofs."""
    unknown = [Integer(terms.variable(f"bound.policy.{name}")) for name in ("most", "longest")]
    match policy:
        case Threshold():
            return Threshold(*unknown[:1])  # type: ignore[arg-type]  # symbols stand for numbers
        case BoundedWait():
            return BoundedWait(*unknown)  # type: ignore[arg-type]  # as above
        case _:
            return policy


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


def _longest(policy: ReceivePolicy) -> int:
    """The longest wait of a policy, in milliseconds."""
    return int(policy.longest)


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
        "readers.inbox.longest": (FOR_EVER, _longest(system.policy)),
        "readers.got": (0, system.parts + 1),
        "readers.seen.delivered": (0, count),
        "readers.seen.lost": (0, count),
    }


RECEIVE = Receive()
