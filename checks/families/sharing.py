"""The family `sharing`: a sender and a reader in one pool, each pair of a receive policy and a send policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from enomem.model import system as sending
from enomem.model.application import Recovery
from enomem.model.policies import POLICIES
from enomem.model.receive_policies import RECEIVE_POLICIES
from enomem.model.rules import RuleClass
from enomem.model.systems import receiving, sharing
from enomem.model.systems.sharing import Action, State, Step, System

from ..policies.receive_file import load_receive_policy
from ..search.graph import Obligation
from ..senders import properties, sender
from ..symbolic.asked import DEADLOCK, TOTAL, Asked
from ..symbolic.machine import Machine
from ..traces import sender as sender_trace
from ..words.phrases import Phrase
from . import receive, sharing_words
from . import receive_questions as questions
from .family import EACH, PROGRESS, RECOVER, Case, Family, Moment, Row, Trace

RECOVERIES: Mapping[str, Recovery] = {"KEEP": Recovery.RESUME, "SKIP": Recovery.NEXT}
"""The recovery that each send policy is meant for: RESTART, where nothing else is said."""

MEMORY = 3
"""Units: a message of either side fits, and both at once do not."""

WHOLE, CONSERVE, BOUND, ISOLATE = "SAFE-WHOLE", "SAFE-CONSERVE", "SAFE-BOUND", "SAFE-ISOLATE"


class Sharing(Family):
    """A sender and a reader that share a pool and nothing else."""

    name = "sharing"
    title = (
        "A sender and a reader in one pool, for each receive policy with each send policy and the recovery that this "
        "one is meant for. Nothing is proved here: that either side alone is sound beside any other user of the pool "
        "is proved of senders and of readers."
    )
    unbounded = ()
    small = True
    never = ("call, refused at COMMIT",)

    def rows(self, texts: Sequence[str] = ()) -> list[Row]:
        """A row for each pair."""
        named = texts or tuple(policy.name for policy in RECEIVE_POLICIES)
        loaded = {text: load_receive_policy(text).name for text in named}
        return [Row(self.name, name, policy.name, text) for text, name in loaded.items() for policy in POLICIES]

    def identifiers(self, row: Row) -> tuple[str, ...]:  # noqa: ARG002 - all are asked the same
        """What is asked."""
        return (CONSERVE, BOUND, WHOLE, ISOLATE, TOTAL, DEADLOCK, PROGRESS, EACH, RECOVER)

    def searched(self, row: Row) -> tuple[Any, ...]:
        """One sender and one reader, whose applications and peers never stop."""
        policy = next(policy for policy in POLICIES if policy.name == row.second)
        recovery = RECOVERIES.get(policy.name, Recovery.RESTART)
        ours = sending.System(
            policy, recovery, senders=1, memory=MEMORY, messages=1, queue=1, inbox=1, disconnects=1, numbered=False
        )
        theirs = receive.small(load_receive_policy(row.text))
        reader = receiving.System(theirs, memory=MEMORY, messages=1, disconnects=1, numbered=False)
        return (System(ours, reader),)

    def endless(self, row: Row) -> tuple[Any, ...]:
        """The same."""
        return self.searched(row)

    def proved(self, row: Row) -> tuple[Any, ...]:  # noqa: ARG002
        """Nothing."""
        return ()

    def bounded(self, system: System) -> Case:
        """A system with its bounds."""
        return Case(_machine(system), _asked(system), _obligations(system))

    def general(self, system: System) -> Case:
        """Nothing is proved here."""
        raise NotImplementedError

    def phrase(self, trace: Trace, moment: Moment) -> Phrase:
        """A step in words."""
        return sharing_words.phrase(trace, moment)

    def sentences(self, trace: Trace) -> tuple[str, ...]:
        """What was expected and what happened."""
        return sharing_words.sentences(trace)

    def known(self) -> tuple[tuple[str, Row, str, int], ...]:
        """The sender and the reader that wait for one another."""
        rows = {(row.subject, row.second): row for row in self.rows()}
        return (("A sender and a reader wait for each other's memory", rows["WAIT", "KEEP"], DEADLOCK, 0),)


def _machine(system: System) -> Machine[State, Action]:
    ours, theirs = sender.bounded(system.sender), receive.RECEIVE.bounded(system.reader).machine
    sides = (("sender", ours.ranges), ("reader", theirs.ranges))
    ranges = {f"{side}.{name}": within for side, own in sides for name, within in (own or {}).items()}
    return Machine(
        name="sharing",
        initial=sharing.initial(system),
        actions=sharing.actions(system),
        step=partial(sharing.step, system),
        ranges=ranges,
        hostile=lambda action: action.hostile,
        observer="reader.readers.seen",
        show=named,
        subject=system,
    )


def named(action: Action) -> str:
    """An action in words, by the model's own numbers."""
    if action.sender is not None:
        return sender_trace.named(action.sender)
    assert action.reader is not None
    return receive.named(action.reader)


def _asked(system: System) -> Asked:
    return Asked(
        {
            CONSERVE: (partial(_conserve, system),),
            BOUND: (lambda state: questions.bound(system.reader, state.reader),),
        },
        {WHOLE: partial(_whole, system), ISOLATE: partial(_isolate, system)},
        partial(_pending, system),
    )


def _conserve(system: System, state: State) -> object:
    """SAFE-CONSERVE: the memory in use is the sum of what both sides hold."""
    ours = sum(sending.held(system.sender, one) for one in state.sender.senders)
    return state.reader.pool.used == ours + sum(receiving.held(one) for one in state.reader.readers)


def _whole(system: System, before: State, action: Action, step: Step) -> object:
    """SAFE-WHOLE: as each side asks it."""
    if action.sender is not None:
        return properties.whole(system.sender, before.sender, action.sender, step.own)
    assert action.reader is not None
    return questions.whole(system.reader, before.reader, action.reader, step.own)


def _isolate(_: System, before: State, action: Action, step: Step) -> object:
    """SAFE-ISOLATE: a side that gets no memory changes nothing of the other."""
    if not any(rule.kind == RuleClass.OOM for rule in step.rules):
        return True
    if action.sender is not None:
        return before.reader.readers == step.state.reader.readers
    return before.sender.senders == step.state.sender.senders


def _pending(system: System, state: State) -> object:
    """Is an obligation of either side open?"""
    ours = properties.pending(system.sender, state.sender)
    return ours or questions.pending(system.reader, state.reader)


def _obligations(system: System) -> Mapping[str, tuple[Obligation, ...]]:
    """The obligations of either side, each settled by its own side's steps."""
    any_of = Obligation("any obligation", None, partial(_pending, system), lambda _, step: bool(step.settled))
    found: dict[str, tuple[Obligation, ...]] = {PROGRESS: (any_of,), EACH: (), RECOVER: ()}
    for goal in properties.goals(system.sender, EACH):
        found[EACH] += (Obligation(goal.name, 0, partial(_of_sender, goal.open), partial(_by_sender, goal.settles)),)
    for name in (EACH, RECOVER):
        for one in questions.obligations(system.reader)[name]:
            found[name] += (Obligation(one.name, 1, partial(_of_reader, one.open), partial(_by_reader, one.settles)),)
    return found


def _of_sender(is_open: Any, state: State) -> object:
    return is_open(state.sender)


def _of_reader(is_open: Any, state: State) -> object:
    return is_open(state.reader)


def _by_sender(settles: Any, action: Action, step: Step) -> bool:
    return action.sender is not None and settles(action.sender, step.own)


def _by_reader(settles: Any, action: Action, step: Step) -> bool:
    return action.reader is not None and settles(action.reader, step.own)


SHARING = Sharing()
