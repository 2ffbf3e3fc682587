"""The graph of all reachable states, and liveness on it: livelock and starvation under weak fairness.

An obligation is violated by a run that keeps it open for ever: a stem, and a cycle that is taken for ever and is
*fair*: every friendly action is either not possible somewhere on the cycle or taken on it. Such a cycle exists
within a strongly connected component exactly if walking round the whole component is fair. The environment's
hostile actions may be on the stem but not on the cycle (ASSUME-CALM); nothing relies on them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..errors import Inconclusive, OurFault, UsageError
from ..symbolic.asked import conditions
from ..symbolic.machine import Machine, Transition, transitions
from .compiled import Compiled
from .lasso import Lasso, find_lasso
from .packing import Packing
from .search import CHUNK, Progress
from .table import Table

Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Obligation:
    """While ``open`` is true of a state, some step that ``settles`` must come; ``owner`` is whose obligation it is."""

    name: str
    owner: int | None
    open: Callable[[Any], object]
    settles: Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Starved:
    """An obligation that a fair run leaves open for ever: the actions of the stem, then those of the cycle."""

    name: str
    owner: int | None
    stem: tuple[Any, ...]
    cycle: tuple[Any, ...]


class Graph:
    """All reachable states of a machine and all transitions between them."""

    def __init__(
        self, machine: Machine[Any, Any], obligations: tuple[Obligation, ...], *,
        progress: Callable[[Progress], None] | None = None, max_states: int = 4_000_000, max_bytes: int | None = None,
    ) -> None:  # fmt: skip
        self.machine = machine
        self.packing = Packing(machine.shape, None)
        self.obligations = obligations
        self._found: list[Transition[Any]] = transitions(machine)
        checks = [conditions(machine, (o.open,)) for o in obligations]
        self._compiled = Compiled(machine, self.packing, self._found, checks)
        self._table = Table(self.packing.words)
        self._closed: list[list[NDArray[np.int64]]] = [[] for _ in obligations]
        self._build(progress or (lambda _: None), max_states, max_bytes)

    @property
    def states(self) -> int:
        """How many states there are."""
        return self._table.count

    @property
    def edges(self) -> int:
        """How many transitions there are."""
        return len(self.source)

    def _build(self, progress: Callable[[Progress], None], max_states: int, max_bytes: int | None) -> None:
        self._table.add(tuple(np.array([w], np.uint64) for w in self.packing.pack(self.machine.initial)))
        sources: list[Ints] = []
        targets: list[Ints] = []
        labels: list[Ints] = []
        first, began, told = 0, time.perf_counter(), 0.0
        while first < self._table.count:
            stop = min(first + CHUNK, self._table.count)
            batch = self._compiled.expand(self._table.states(first, stop), False)
            if batch.escaped:
                error = self._found[batch.escaped[0][0]].error
                if isinstance(error, UsageError):
                    raise error
                raise OurFault(f"{self.machine.name}: a step raised or left its range; ask for SAFE-TOTAL first")
            for number, at in batch.bad:
                self._closed[number].append(first + at)
            for taken in batch.taken:
                targets.append(self._table.add(taken.words))
                sources.append((first + taken.at).astype(np.int32))
                labels.append(np.full(len(taken.at), taken.transition, np.int32))
            first = stop
            # An edge takes 12 bytes, and as many again while components are looked for.
            if max_bytes is not None and self._table.bytes_after(CHUNK) + 24 * sum(map(len, sources)) > max_bytes:
                raise Inconclusive(f"too large for memory: {max_bytes / 2**20:.0f} MiB may be used")
            if self._table.count > max_states:
                raise Inconclusive(f"more than {max_states} states in the graph for liveness")
            now = time.perf_counter() - began
            if now - told > 0.2:
                told = now
                done = sum(map(len, sources))
                progress(Progress(self._table.count, done, 0, self._table.count - first, now))
        self.source, self.target, self.label = (
            np.concatenate(parts or [np.empty(0, np.int32)]) for parts in (sources, targets, labels)
        )

    def starved(
        self, among: Sequence[Obligation] | None = None, *, calm: bool = True, fair: bool = True
    ) -> Starved | None:
        """A fair run that leaves an obligation open for ever, the shortest found; None: there is no such run.

        ``calm`` False lets the environment be hostile on the cycle too; ``fair`` False demands no fairness.
        """
        best: Starved | None = None
        for number, obligation in enumerate(self.obligations):
            if among is not None and obligation not in among:
                continue
            lasso = self._violation(number, obligation, calm, fair)
            if lasso is not None and (
                best is None or len(lasso.stem) + len(lasso.cycle) < len(best.stem) + len(best.cycle)
            ):
                actions = [self._found[label].action for label in self.label[lasso.stem]]
                cycle = [self._found[label].action for label in self.label[lasso.cycle]]
                best = Starved(obligation.name, obligation.owner, tuple(actions), tuple(cycle))
        return best

    def _violation(self, number: int, obligation: Obligation, calm: bool, demand: bool) -> Lasso | None:
        hostile = np.array([self.machine.hostile(t.action) for t in self._found], np.bool_)
        settles = np.array(
            [t.outcome is not None and obligation.settles(t.action, t.outcome) for t in self._found], np.bool_
        )
        places = np.array([t.place for t in self._found], np.int32)
        friendly = ~hostile[self.label]
        open_here = np.ones(self.states, np.bool_)
        for closed in self._closed[number]:
            open_here[closed] = False
        inside = open_here[self.source] & open_here[self.target] & ~settles[self.label]
        if calm:
            inside &= friendly
        fair_actions = np.unique(places[~hostile]) if demand else np.empty(0, np.int32)
        enabled = np.zeros((len(fair_actions), self.states), np.bool_)
        acts = places[self.label]
        for row, action in enumerate(fair_actions):
            enabled[row, self.source[friendly & (acts == action)]] = True
        matrix = coo_matrix(
            (np.ones(int(inside.sum()), np.int32), (self.source[inside], self.target[inside])),
            (self.states, self.states),
        )
        count, component = connected_components(matrix.tocsr(), directed=True, connection="strong")
        within = inside & (component[self.source] == component[self.target])
        fair = self._fair(count, component, enabled, within, acts, fair_actions)
        fair &= np.bincount(component, weights=open_here, minlength=count) > 0
        if not demand:
            # Without fairness a run may simply stop; a cycle that does something says more.
            walked = np.zeros(count, np.bool_)
            walked[component[self.source[within]]] = True
            fair &= walked
        if not fair.any():
            return None
        edges = np.flatnonzero(within)
        return find_lasso(self, component, fair & _reachable_first(component, fair), edges, enabled, acts, fair_actions)

    def _fair(
        self, count: int, component: Ints, enabled: NDArray[np.bool_], within: Mask, acts: Ints, fair_actions: Ints
    ) -> Mask:
        """Which components can be walked for ever in a fair way."""
        sizes = np.bincount(component, minlength=count)
        fair = np.ones(count, np.bool_)
        for row, action in enumerate(fair_actions):
            always = np.bincount(component, weights=enabled[row], minlength=count) == sizes
            taken = np.zeros(count, np.bool_)
            taken[component[self.source[within & (acts == action)]]] = True
            fair &= ~always | taken
        return fair


def _reachable_first(component: Ints, fair: Mask) -> Mask:
    """The fair component whose first state was reached earliest."""
    chosen = np.zeros_like(fair)
    chosen[component[np.flatnonzero(fair[component])[0]]] = True
    return chosen
