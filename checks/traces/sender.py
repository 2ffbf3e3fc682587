"""Traces of the sender's system: run in the plain model, written as JSON, and compared with it step by step.

A trace is a list of actions and nothing else: all that is told about it comes from stepping the plain model
from the beginning. What a file holds besides the actions (rules, answers, changes) the model must do again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from enomem.model import payloads as kept
from enomem.model import system as model
from enomem.model.payloads import Payloads
from enomem.model.policies import SendPolicy
from enomem.model.step import Step
from enomem.model.system import Action, Kind, State, System

from ..errors import Inconclusive, OurFault, UsageError
from ..symbolic.shape import Shape
from . import format as trace_format
from .format import Record

Resolve = Callable[[str], SendPolicy]
"""Finds a policy by what a file says of it: ``PATH:NAME`` if it came from a file, else its name."""


@dataclass(frozen=True)
class Moment:
    """One step of a trace: the action, what came of it, and states and payloads before and after.

    A step that raised has no ``step`` but the exception's text in ``error``; nothing is changed by it.
    """

    action: Action
    before: State
    step: Step[State] | None
    error: str | None
    payloads_before: Payloads
    payloads: Payloads

    @property
    def after(self) -> State:
        """The state after the step."""
        return self.before if self.step is None else self.step.state


@dataclass(frozen=True)
class Trace:
    """A run of ``system`` from its initial state, that shows something of the property ``identifier``.

    ``cycle`` is the index of the first step of a lasso's cycle (as many as there are steps: nothing happens
    for ever after), None for a finite trace. ``source`` is the ``PATH:NAME`` its policy was loaded from.
    """

    system: System
    steps: tuple[Moment, ...]
    identifier: str | None = None
    cycle: int | None = None
    source: str | None = None

    @property
    def kind(self) -> str:
        """Whether it is a finite ``trace`` or a ``search.lasso``."""
        return "trace" if self.cycle is None else "lasso"

    @property
    def end(self) -> State:
        """The state after the last step."""
        return self.steps[-1].after if self.steps else model.initial(self.system)

    @property
    def payloads(self) -> Payloads:
        """The payloads after the last step."""
        return self.steps[-1].payloads if self.steps else kept.start(self.system.senders)


def take(system: System, state: State, payloads: Payloads, action: Action) -> Moment | None:
    """One step of the plain model with its payloads; None if ``action`` is not possible in ``state``."""
    try:
        step = model.step(system, state, action)
    except (UsageError, Inconclusive, OurFault):
        raise
    except Exception as caught:  # noqa: BLE001 - a step that raises is what SAFE-TOTAL asks about
        error = " ".join([f"{type(caught).__name__}:", *str(caught).split()]).rstrip(":")
        return Moment(action, state, None, error, payloads, payloads)
    if step is None:
        return None
    label = kept.next_part(action.sender, state.senders[action.sender].app)
    return Moment(action, state, step, None, payloads, kept.carry_out(payloads, step.effects, label))


def run(
    system: System,
    actions: Iterable[Action],
    *,
    identifier: str | None = None,
    cycle: int | None = None,
    source: str | None = None,
) -> Trace:
    """Run ``actions`` from the initial state; OurFault if one is not possible, or a cycle does not close.

    The last step may raise (SAFE-TOTAL); no step comes after one that did.
    """
    state, payloads = model.initial(system), kept.start(system.senders)
    steps: list[Moment] = []
    for number, action in enumerate(actions, 1):
        if steps and steps[-1].error is not None:
            raise OurFault(f"a trace goes on after its step {number - 1}, which raised {steps[-1].error}")
        known = action.sender in range(system.senders)
        moment = take(system, state, payloads, action) if known else None
        if moment is None:
            raise OurFault(f"step {number} of a trace, {named(action)}, is not possible there")
        steps.append(moment)
        state, payloads = moment.after, moment.payloads
    if cycle is not None and not _closes(system, steps, cycle):
        raise OurFault(f"a lasso of {len(steps)} steps does not lead back to before its step {cycle + 1}")
    return Trace(system, tuple(steps), identifier, cycle, source)


def named(action: Action) -> str:
    """An action in words, by the model's own numbers."""
    if action.kind == Kind.OTHERS:
        return f"others ({action.amount:+d})" if action.amount != 0 else "others (a connection lost)"
    refused = f", refused at {action.refuse.name}" if action.refuse is not None else ""
    return f"{action.kind.value} of sender {action.sender}{refused}"


def _closes(system: System, steps: Sequence[Moment], cycle: int) -> bool:
    states = [model.initial(system), *(moment.after for moment in steps)]
    return 0 <= cycle < len(states) and states[cycle] == states[-1]


def changes(system: System, before: State, after: State) -> Mapping[str, tuple[object, object]]:
    """What differs between two states: by leaf, before and after, in JSON's values."""
    return changes_of(Shape(model.initial(system), None), before, after)


def changes_of(shape: Shape, before: object, after: object) -> dict[str, tuple[object, object]]:
    """What differs between two states of this shape."""
    triples = zip(shape.leaves, shape.values(before), shape.values(after), strict=True)
    return {leaf.name: (_plain(old), _plain(new)) for leaf, old, new in triples if old != new}


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _record(shape: Shape, moment: Moment) -> Record:
    step = moment.step
    if step is None:
        # An address in an exception's text is another one each time.
        return Record((), "", None, {}, re.sub(r"0x[0-9a-fA-F]+", "0x...", moment.error or ""))
    refused = step.refused.value if step.refused is not None else None
    rules = tuple(str(rule.value) for rule in step.rules)
    return Record(rules, step.answer.value, refused, changes_of(shape, moment.before, moment.after), None)


def to_json(trace: Trace) -> dict[str, Any]:
    """The trace as it is written; ``docs/formats.md`` has every key."""
    shape = Shape(model.initial(trace.system), None)
    head = trace_format.head(trace.system, trace.identifier, trace.cycle, trace.source, trace.kind)
    steps = [trace_format.step(moment.action, _record(shape, moment)) for moment in trace.steps]
    return {**head, "steps": steps}


def from_json(data: object, resolve: Resolve) -> tuple[System, list[Action], list[Record]]:
    """The system, the actions and what is expected of each; UsageError says in one sentence what is wrong.

    Everything that can be read is read before ``resolve`` is asked, which may run a user's file.
    """
    file = trace_format.read(data)
    return file.system(resolve(file.source or file.policy)), file.actions, file.records


def trace_of(data: object, resolve: Resolve) -> Trace:
    """The trace that a file holds, run again; OurFault if the model does not do it (`replay` says why)."""
    system, actions, _ = from_json(data, resolve)
    file = trace_format.read(data)
    return run(system, actions, identifier=file.identifier, cycle=file.cycle, source=file.source)


def replay(data: object, resolve: Resolve) -> list[str]:
    """Step the plain model through a trace that was read; says where it does something else, if it does."""
    system, actions, records = from_json(data, resolve)
    file = trace_format.read(data)
    found: list[str] = []
    if system.policy.name != file.policy:
        found.append(f"the policy is named {system.policy.name}, the trace is of {file.policy}")
    shape = Shape(model.initial(system), None)
    state, payloads = model.initial(system), kept.start(system.senders)
    steps: list[Moment] = []
    for number, (action, expected) in enumerate(zip(actions, records, strict=True), 1):
        moment = take(system, state, payloads, action)
        if moment is None:
            return [*found, f"step {number}: {named(action)} is not possible there"]
        found += [f"step {number}: {text}" for text in differences(_record(shape, moment), expected)]
        if moment.error is not None and number < len(actions):
            return [*found, f"step {number}: the model raised, and the trace goes on"]
        steps.append(moment)
        state, payloads = moment.after, moment.payloads
    if file.cycle is not None and not _closes(system, steps, file.cycle):
        found.append(f"the last step does not lead back to before step {file.cycle + 1}: nothing repeats")
    return found


def differences(happened: Record, expected: Record) -> list[str]:
    """How what the model did differs from what the trace says, a clause for each difference."""
    found: list[str] = []
    for name in ("rules", "answer", "refused", "error"):
        ours, theirs = getattr(happened, name), getattr(expected, name)
        if ours != theirs:
            found.append(f"{name} in the model: {_told(ours)}; in the trace: {_told(theirs)}")
    for leaf in dict.fromkeys((*happened.changes, *expected.changes)):
        change, wanted = happened.changes.get(leaf), expected.changes.get(leaf)
        if change != wanted:
            found.append(f"{leaf} in the model: {_arrow(change)}; in the trace: {_arrow(wanted)}")
    return found


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value) if value else "none"


def _arrow(change: tuple[object, object] | None) -> str:
    return "unchanged" if change is None else f"{json.dumps(change[0])} -> {json.dumps(change[1])}"
