"""The complete breadth-first search over packed states.

Every reachable state is visited once, level by level, so the first violation of each property is a shortest one.
The search does not stop at a violation: one run answers for all properties. A search that cannot be finished
(memory, a limit, Ctrl-C) says so, and nothing that it did not finish counts as shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from ..errors import OurFault
from ..symbolic import terms
from ..symbolic.asked import DEADLOCK, TOTAL, Asked, conditions
from ..symbolic.machine import Machine, Transition, transitions
from . import plain
from .compiled import Batch, Compiled
from .packing import Packing, Words
from .table import Table, WordSet

CHUNK = 1 << 14
"""States expanded at once: their unpacked leaves fit into the second-level cache."""

PENDING = 1 << 20
"""Successors collected before they are looked up: enough for one walk through a large table to pay."""

MEMORY_SHARE = 0.7
"""The share of the machine's free memory that a search may take before it stops, well before the machine swaps."""


@dataclass(frozen=True)
class Progress:
    """How far a search is: states found, transitions taken, the present level, states still to expand."""

    states: int
    transitions: int
    depth: int
    queue: int
    seconds: float


@dataclass(frozen=True)
class Violation:
    """A property is violated ``depth`` steps from the beginning; the trace ends with the last action's step."""

    identifier: str
    depth: int
    actions: tuple[Any, ...]


@dataclass
class Result:
    """What a search found. ``stopped`` says why it did not finish; None: every reachable state was visited."""

    states: int
    transitions: int
    depth: int
    seconds: float
    violations: dict[str, Violation]
    fired: frozenset[Enum]
    stopped: str | None = None
    largest: list[tuple[str, int]] = field(default_factory=list)
    bytes: int = 0
    bits: int = 0
    happened: tuple[Any, ...] = ()

    @property
    def complete(self) -> bool:
        """Was every reachable state visited?"""
        return self.stopped is None


@dataclass(frozen=True)
class _Hit:
    """Where a property was first found violated: the state's words and its level; a step or the state itself."""

    level: int
    words: tuple[int, ...]
    by_step: bool

    @property
    def depth(self) -> int:
        return self.level + 1 if self.by_step else self.level


class Search:
    """One search of one machine. ``symmetry`` visits one state of each class of interchangeable ones."""

    def __init__(
        self,
        machine: Machine[Any, Any],
        asked: Asked,
        *,
        symmetry: bool = False,
        progress: Callable[[Progress], None] | None = None,
        max_states: int | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self.machine, self.asked = machine, asked
        self.packing = Packing(machine.shape, machine.symmetric)
        if symmetry and not self.packing.exchangeable:
            raise OurFault(f"{machine.name}: members of {machine.symmetric} do not fit into one word each")
        self._symmetry = symmetry
        self._progress = progress or (lambda _: None)
        self._max_states = max_states
        self._max_bytes = max_bytes or int(psutil.virtual_memory().available * MEMORY_SHARE)
        self._state_names = tuple(asked.states)
        self._step_names = tuple(asked.steps)
        checks = [conditions(machine, asked.states[name]) for name in self._state_names]
        if asked.pending is not None:
            checks.append(conditions(machine, (asked.pending,)))
        self._pending = len(checks) - 1 if asked.pending is not None else None
        if self._pending is not None:
            # Compiled checks report where a condition fails, so "nothing pending" is what is asked of each state.
            checks[self._pending] = terms.negate(checks[self._pending])
        found = transitions(machine, tuple(asked.steps.values()))
        self._compiled = Compiled(machine, self.packing, found, checks)
        self._set: WordSet | Table = WordSet() if self.packing.words == 1 else Table(self.packing.words)
        self._levels: list[int] = [0]
        self._hits: dict[str, _Hit] = {}
        self._fired: set[int] = set()
        self._transitions = 0

    @property
    def transitions(self) -> Sequence[Transition[Any]]:
        """The symbolic transitions that the search was compiled from."""
        return self._compiled.transitions

    def run(self) -> Result:
        """Search; Ctrl-C ends it with what was found so far."""
        began = time.perf_counter()
        stopped: str | None = None
        try:
            stopped = self._levels_in_turn(began)
        except KeyboardInterrupt:
            stopped = "interrupted"
        except MemoryError:
            stopped = "out of memory"
        violations = {name: self._trace(name, hit) for name, hit in self._hits.items()}
        fired = {rule for n in self._fired for rule in self._rules(n)}
        result = Result(
            self._set.count, self._transitions, len(self._levels) - 2 if stopped is None else len(self._levels) - 1,
            time.perf_counter() - began, violations, frozenset(fired), stopped, bytes=self._set.bytes,
            bits=self.packing.bits, happened=tuple(self._compiled.transitions[n].action for n in sorted(self._fired)),
        )  # fmt: skip
        if stopped is not None:
            result.largest = self._largest()
        return result

    def _rules(self, number: int) -> tuple[Enum, ...]:
        outcome = self._compiled.transitions[number].outcome
        return outcome.rules if outcome is not None else ()

    def _levels_in_turn(self, began: float) -> str | None:
        words = self.packing.pack(self.machine.initial)
        self._set.add(self._canonical(tuple(np.array([word], np.uint64) for word in words)))
        start, told = 0, began
        while start < self._set.count:
            stop = self._set.count
            self._levels.append(stop)
            waiting: list[Words] = []
            size = 0
            for first, batch in self._expand(start, stop):
                self._note(batch, first, len(self._levels) - 2)
                for taken in batch.taken:
                    waiting.append(taken.words)
                    size += len(taken.at)
                if size > PENDING or first + CHUNK >= stop:
                    self._transitions += size
                    reason = self._add(waiting, size)
                    if reason:
                        return reason
                    waiting, size = [], 0
                    now = time.perf_counter()
                    if now - told > 0.2:
                        told = now
                        left = self._set.count - first
                        level = len(self._levels) - 2
                        self._progress(Progress(self._set.count, self._transitions, level, left, now - began))
            start = stop
        return None

    def _canonical(self, words: Words) -> Words:
        return self.packing.ordered(words) if self._symmetry else words

    def _expand(self, start: int, stop: int) -> Iterator[tuple[int, Batch]]:
        for first in range(start, stop, CHUNK):
            yield (
                first,
                self._compiled.expand(self._set.states(first, min(first + CHUNK, stop)), self._pending is not None),
            )

    def _add(self, waiting: Sequence[Words], size: int) -> str | None:
        if not size:
            return None
        if self._set.bytes_after(size) + size * 16 * self.packing.words > self._max_bytes:
            return f"too large for memory: {self._max_bytes / 2**30:.1f} GiB may be used"
        if self._max_states is not None and self._set.count > self._max_states:
            return f"more than {self._max_states} states"
        words = tuple(np.concatenate([part[i] for part in waiting]) for i in range(self.packing.words))
        self._set.add(self._canonical(words))
        return None

    def _note(self, batch: Batch, first: int, level: int) -> None:
        """Remember the first violation of each property, and which transitions were taken."""
        for taken in batch.taken:
            self._fired.add(taken.transition)
        for number, at in batch.bad:
            if number == self._pending:
                stuck = at[batch.stuck[at]]
                if len(stuck):
                    self._hit(DEADLOCK, first + int(stuck[0]), level, False)
            else:
                self._hit(self._state_names[number], first + int(at[0]), level, False)
        for _, number, at in batch.failed:
            self._hit(self._step_names[number], first + int(at[0]), level, True)
        for _, at in batch.escaped:
            self._hit(TOTAL, first + int(at[0]), level, True)

    def _hit(self, identifier: str, number: int, level: int, by_step: bool) -> None:
        hit = _Hit(level, self._set.state(number), by_step)
        if identifier not in self._hits or hit.depth < self._hits[identifier].depth:
            self._hits[identifier] = hit

    def _trace(self, identifier: str, hit: _Hit) -> Violation:
        """Replay a shortest way to ``hit`` in the plain model; the violation must be there too."""
        chain = [hit.words]
        for level in range(hit.level - 1, -1, -1):
            chain.append(self._predecessor(chain[-1], level))
        state, actions = self.machine.initial, list[Any]()
        for words in reversed(chain[:-1]):
            step = next((s for s in plain.steps(self.machine, state) if self._leads_to(s, words)), None)
            if step is None or step.outcome is None:
                raise OurFault(
                    f"{identifier}: the trace found by the search does not replay after {len(actions)} steps"
                )
            actions.append(step.action)
            state = step.outcome.state
        if hit.by_step:
            for step in plain.steps(self.machine, state):
                if identifier in plain.violated_by_step(self.asked, state, step):
                    return Violation(identifier, len(actions) + 1, (*actions, step.action))
        elif identifier in plain.violated_by_state(self.machine, self.asked, state):
            return Violation(identifier, len(actions), tuple(actions))
        raise OurFault(f"{identifier}: the violation found by the search is none in the plain model")

    def _leads_to(self, step: plain.Happened, words: tuple[int, ...]) -> bool:
        if step.outcome is None or step.error is not None:
            return False
        packed = tuple(np.array([word], np.uint64) for word in self.packing.pack(step.outcome.state))
        return tuple(int(word[0]) for word in self._canonical(packed)) == words

    def _predecessor(self, words: tuple[int, ...], level: int) -> tuple[int, ...]:
        """A state of ``level`` from which one step leads to ``words``."""
        for first, batch in self._expand(self._levels[level], self._levels[level + 1]):
            # The last action in the list is looked for first: then what the first sender does comes first in a trace.
            for taken in reversed(batch.taken):
                reached = self._canonical(taken.words)
                same: NDArray[np.bool_] = reached[0] == np.uint64(words[0])
                for i in range(1, self.packing.words):
                    same &= reached[i] == np.uint64(words[i])
                found = np.flatnonzero(same)
                if len(found):
                    return self._set.state(first + int(taken.at[found[0]]))
        raise OurFault("a state found by the search has no predecessor")

    def _largest(self) -> list[tuple[str, int]]:
        """The fields with the most different values in the newest states: what makes the search large."""
        words = self._set.states(max(0, self._set.count - (1 << 18)), self._set.count)
        counts: dict[str, int] = {}
        for place in self.packing.fields.values():
            raw = (words[place.word] >> np.uint64(place.shift)) & np.uint64((1 << place.bits) - 1)
            different = len(np.unique(raw))
            counts[place.leaf.field] = max(counts.get(place.leaf.field, 0), different)
        return sorted(counts.items(), key=lambda item: -item[1])
