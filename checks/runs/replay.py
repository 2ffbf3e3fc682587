"""Replaying a recorded run: the plain model is stepped through it, and must agree on every state and every outcome.

Two things are asked of each step. Is what goes in what came out of the step before it on the same thread, so that
nobody changed a state between two steps? Does the plain model come to the same outcome, every field of it?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from enomem.model.policies import POLICIES, SendPolicy
from enomem.model.receive_policies import ReceivePolicy
from enomem.model.reference.encoding import Policies, encode

from ..errors import UsageError
from ..policies.receive_file import BUILT_IN, load_receive_policy
from ..traces.sender import Resolve
from .format import Head, Line
from .order import Order
from .step import Step, differing, inner
from .steps import COUNTS, EMPTY, FIRST, POLICY, POOL, SEND, owner, rule_of
from .wire import Replica

TOLD = 20
"""So many differences are told, and of the others how many there are: what follows the first is often its echo."""


@dataclass
class Replayed:
    """What came of it: the ``differences``, a sentence each; how often each step and each rule was met."""

    steps: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    untold: int = 0

    def differ(self, what: str) -> None:
        """Something is not as the model has it."""
        if len(self.differences) < TOLD:
            self.differences.append(what)
        else:
            self.untold += 1


@dataclass(frozen=True)
class Held:
    """The present state of a thread, as it is written, and the line it came out of."""

    value: Any
    line: int


def replay(lines: Iterable[Head | Line], resolve: Resolve) -> Replayed:
    """Step the plain model through a run; UsageError says what is wrong with the file itself."""
    found = Replayed()
    rest = iter(lines)
    head = next(rest)
    assert isinstance(head, Head)
    run = _Run(head, _policies(head, resolve), found)
    for line in rest:
        assert isinstance(line, Line)
        run.take(line)
    return found


def _policies(head: Head, resolve: Resolve) -> Policies:
    own: dict[str, SendPolicy] = {policy.name: policy for policy in POLICIES}
    if head.source is None and head.policy not in own:
        raise UsageError(f"the policy {head.policy} is not enomem's, and the run does not say which file it is from")
    policy = resolve(head.source or head.policy)
    if policy.name != head.policy:
        raise UsageError(f"{head.source} has the policy {policy.name}, and the run is one of {head.policy}")
    return {**own, policy.name: policy, **_receive_policy(head)}


def _receive_policy(head: Head) -> dict[str, ReceivePolicy]:
    """The receive policy of a run that is a user's; enomem's own are written in the run as what they are."""
    if head.receive_policy in BUILT_IN:
        return {}
    if head.receive_source is None:
        of = head.receive_policy
        raise UsageError(f"the receive policy {of} is not enomem's, and the run does not say which file it is from")
    found = load_receive_policy(head.receive_source)
    if found.name != head.receive_policy:
        raise UsageError(f"{head.receive_source} has the policy {found.name}, the run is one of {head.receive_policy}")
    return {found.name: found}


class _Run:
    """The threads of a run as far as it was stepped through."""

    def __init__(self, head: Head, policies: Policies, found: Replayed) -> None:
        self.policies = policies
        self.found = found
        self.begun: dict[str, int] = {}
        self.ended: set[str] = set()
        self.order = Order()
        self.tables: dict[str, Any] = {}
        self.threads = {
            (POLICY, ""): Held({POLICY: head.policy}, 1),
            (POOL, ""): Held(head.pool, 1),
        }

    def take(self, line: Line) -> None:
        """One more line."""
        match line.kind:
            case "begin":
                self._begin(line, line.subjects[0])
            case "end":
                self._end(line, line.subjects[0])
            case "closed":
                self._closed(line)
            case _:
                self._step(line)

    def _begin(self, line: Line, name: str) -> None:
        if line.name not in FIRST:
            raise UsageError(f"line {line.number}.kind: {line.name!r} is none of {', '.join(FIRST)}")
        if name in self.begun:
            self.found.differ(f"line {line.number}: {name} begins, and has begun in line {self.begun[name]}")
        self.begun[name] = line.number
        for thread, value in FIRST[line.name].items():
            self.threads[thread, name] = Held(value, line.number)

    def _end(self, line: Line, name: str) -> None:
        if name not in self.begun:
            self.found.differ(f"line {line.number}: {name} ends, and never began")
        if name in self.ended:
            self.found.differ(f"line {line.number}: {name} ends, and has ended before")
        self.ended.add(name)
        self._empty(line, name)

    def _empty(self, line: Line, name: str) -> None:
        for subject in [subject for subject in self.tables if subject.startswith(f"{name}.")]:
            table = self.tables[subject]
            if isinstance(table, Replica):
                # A connection may end in the middle of anything.
                del self.tables[subject]
            elif len(table):
                self.found.differ(f"line {line.number}: {name} ends, and {subject} has {len(table)} entries")
        for thread in EMPTY:
            held = self.threads.get((thread, name))
            counts = inner(held.value) if held is not None else {}
            for counted in COUNTS:
                if left := counts.get(counted):
                    self.found.differ(f"line {line.number}: {name} ends, and its {thread}.{counted} is {left}")

    def _closed(self, line: Line) -> None:
        for name in self.begun:
            if name in self.ended:
                self._empty(line, name)
            else:
                self.found.differ(f"line {line.number}: the run is closed, and {name} has not ended")
        if used := inner(self.threads[POOL, ""].value).get("used"):
            self.found.differ(f"line {line.number}: the run is closed, and pool.used is {used}")

    def _step(self, line: Line) -> None:
        step = Step(line, self.policies, self.tables)
        outcome, differences = step.again()
        rule = rule_of(step.pattern, line.name, step.known, outcome)
        self.found.steps[step.name] += 1
        for fired in getattr(outcome, "rules", ()) or ([] if not rule or step.table is not None else [rule]):
            self.found.rules[str(getattr(fired, "value", fired))] += 1
        where = f"line {line.number}, {step.name} of {line.subjects[0]}{f' [{rule}]' if rule else ''}"
        for what in (*self._gaps(line, step), *differences, *self._left_out(line, step, outcome)):
            self.found.differ(f"{where}: {what}")
        if line.error is None:
            for key, value in step.states(line.outcome, step.known.gives):
                self.threads[key] = Held(value, line.number)

    def _left_out(self, line: Line, step: Step, outcome: Any) -> Iterator[str]:
        """What a pattern should have been told before."""
        if outcome is None:
            return
        subject = line.subjects[0]
        if step.pattern is not None:
            yield from self.order.told(subject, step.pattern, line.name, step.values, outcome)
        elif SEND in step.known.takes and owner(SEND, subject, step.known) == subject.partition(".")[0]:
            self.order.sent(subject.partition(".")[0], getattr(outcome, "committed", False))

    def _gaps(self, line: Line, step: Step) -> Iterator[str]:
        """Where what goes into a step is not what came out of the one before."""
        for (thread, whose), value in step.states(line.inputs, {name: name for name in step.known.takes}):
            held = self.threads.get((thread, whose))
            if held is None:
                yield f"{thread} is {whose}'s, which never began"
                self.threads[thread, whose] = Held(value, line.number)
                continue
            before = encode(step.pattern.initial()) if held.value is None and step.pattern is not None else held.value
            for path, old, new in differing(before, value, thread):
                yield f"{path} goes in as {new} and was {old} since line {held.line}: no step changed it"
