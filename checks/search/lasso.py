"""From a fair component to a short lasso: the way in, and a cycle that meets every fairness demand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import OurFault

Ints = NDArray[np.int32]
STARTS = 24
"""From how many of a component's first states a cycle is tried; the shortest lasso of these is shown."""


class Edges(Protocol):
    """What is needed of a graph."""

    source: Ints
    target: Ints

    @property
    def states(self) -> int:
        """How many states there are."""
        ...


@dataclass(frozen=True)
class Lasso:
    """The numbers of the edges of the stem and of the cycle; an empty cycle is a state in which nothing happens."""

    stem: list[int]
    cycle: list[int]


def find_lasso(
    graph: Edges, component: Ints, chosen: NDArray[np.bool_], edges: NDArray[np.int64], enabled: NDArray[np.bool_],
    acts: Ints, fair_actions: Ints,
) -> Lasso:  # fmt: skip
    """A short lasso into the ``chosen`` component; ``edges`` are those within components."""
    members = np.flatnonzero(chosen[component])
    inside = edges[chosen[component[graph.source[edges]]]]
    leaving: dict[int, list[int]] = {}
    for edge in inside.tolist():
        leaving.setdefault(int(graph.source[edge]), []).append(edge)
    first_edge = _discovery(graph)
    best: Lasso | None = None
    for start in members[:STARTS].tolist():
        stem = _stem(graph, first_edge, start)
        cycle = _fair_cycle(graph, start, leaving, enabled, acts, fair_actions.tolist())
        if best is None or len(stem) + len(cycle) < len(best.stem) + len(best.cycle):
            best = Lasso(stem, cycle)
    assert best is not None
    return best


def _discovery(graph: Edges) -> Ints:
    """For each state the edge by which it was first reached: edges come in breadth-first order."""
    first = np.full(graph.states, -1, np.int32)
    order = np.lexsort((np.arange(len(graph.target)), graph.source))
    targets, index = np.unique(graph.target[order], return_index=True)
    first[targets] = order[index]
    return first


def _stem(graph: Edges, first_edge: Ints, state: int) -> list[int]:
    stem: list[int] = []
    while state != 0:
        edge = int(first_edge[state])
        stem.append(edge)
        state = int(graph.source[edge])
        if len(stem) > graph.states:
            raise OurFault("the way back to the initial state does not end")
    return stem[::-1]


def _fair_cycle(
    graph: Edges,
    start: int,
    leaving: dict[int, list[int]],
    enabled: NDArray[np.bool_],
    acts: Ints,
    fair_actions: Sequence[int],
) -> list[int]:
    """Walk from ``start`` to the nearest thing that meets a demand not yet met, again and again, and back."""
    rows = {action: row for row, action in enumerate(fair_actions)}
    unmet = set(fair_actions)
    cycle: list[int] = []
    state = start

    def visit(at: int) -> None:
        for action in [a for a in unmet if not enabled[rows[a], at]]:
            unmet.discard(action)

    visit(start)
    while unmet:
        way = _nearest(
            graph, state, leaving,
            lambda edge: int(acts[edge]) in unmet or any(not enabled[rows[a], graph.target[edge]] for a in unmet),
        )  # fmt: skip
        for edge in way:
            unmet.discard(int(acts[edge]))
            visit(int(graph.target[edge]))
        cycle += way
        state = int(graph.target[cycle[-1]])
    if state != start or (not cycle and leaving and not len(fair_actions)):
        cycle += _nearest(graph, state, leaving, lambda edge: int(graph.target[edge]) == start)
    return cycle


def _nearest(graph: Edges, state: int, leaving: dict[int, list[int]], wanted: Callable[[int], bool]) -> list[int]:
    """The edges of a shortest way from ``state`` whose last edge is ``wanted``."""
    came: dict[int, int] = {}
    seen = {state}
    waiting = deque([state])
    while waiting:
        at = waiting.popleft()
        for edge in leaving.get(at, []):
            target = int(graph.target[edge])
            if wanted(edge):
                way = [edge]
                while at != state:
                    way.append(came[at])
                    at = int(graph.source[came[at]])
                return way[::-1]
            if target not in seen:
                seen.add(target)
                came[target] = edge
                waiting.append(target)
    raise OurFault("a fair component turned out not to be strongly connected")
