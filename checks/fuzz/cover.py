"""Every call in every state of a bounded model, made on a target: walks through the graph that leave no edge out."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from enomem.model.systems.network import Setting

from ..targets.target import Target
from .bounded import Graph
from .play import Deviates, Failure, Play, Restless
from .shorten import blank

LONGEST = 500
"""So many events a program has at most; then the next one begins, on the target as new."""


@dataclass
class Covered:
    """What was done: calls made in a state (``tests``), of which the first time ``transitions``, and what deviated."""

    transitions: int = 0
    tests: int = 0
    states: int = 0
    programs: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)
    often: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self.began


class Walker:
    """Walks through one graph; `walk` returns when every edge was taken, or cannot be reached any more."""

    def __init__(self, target: Target, graph: Graph, setting: Setting, done: Covered) -> None:
        self.target, self.graph, self.setting, self.done = target, graph, setting, done
        self.left = [set(range(len(edges))) for edges in graph.edges]
        self.broken: set[tuple[int, int]] = set()

    def walk(self, tell: Callable[[], None] = lambda: None) -> None:
        """Take every edge."""
        while (first := self._way(0)) is not None:
            self._program(first)
            tell()

    def _program(self, way: list[int]) -> None:
        """One program: along a way to an edge that was not taken, and on from there."""
        self.target.reset()
        play = Play(self.target, self.setting)
        self.done.programs += 1
        try:
            for event in self.graph.start:
                play.do(event)
        except Deviates as error:
            self._failed(error.failure)
            self.left = [set() for _ in self.left]
            return
        node = 0
        following: list[int] | None = way
        while following is not None and len(play.events) < LONGEST:
            for edge in following:
                after = self._step(play, node, edge)
                if after is None:
                    return
                node = after
            following = self._way(node)

    def _step(self, play: Play, node: int, edge: int) -> int | None:
        """Take one edge; None if the program is over there."""
        events, end = self.graph.edges[node][edge]
        self.done.tests += 1
        if edge in self.left[node]:
            self.left[node].discard(edge)
            self.done.transitions += 1
        try:
            answers = [play.do(blank(event)).answer for event in events]
        except (Deviates, Restless) as error:
            self.broken.add((node, edge))
            if isinstance(error, Deviates):
                self._failed(error.failure)
            return None
        # The model has another answer as well, and the target chose that.
        return end if answers == [event.answer for event in events] else None

    def _failed(self, failure: Failure) -> None:
        self.done.often[failure.kind] += 1
        known = self.done.failures.get(failure.kind)
        if known is None or len(failure.events) < len(known.events):
            self.done.failures[failure.kind] = failure

    def _way(self, node: int) -> list[int] | None:
        """The shortest way from a state over an edge that was not taken; None if there is none."""
        came: dict[int, tuple[int, int] | None] = {node: None}
        queue = deque([node])
        while queue:
            here = queue.popleft()
            if self.left[here]:
                way = [min(self.left[here])]
                back = came[here]
                while back is not None:
                    here, edge = back
                    way.append(edge)
                    back = came[here]
                return way[::-1]
            for edge, (_, end) in enumerate(self.graph.edges[here]):
                if end not in came and (here, edge) not in self.broken:
                    came[end] = here, edge
                    queue.append(end)
        return None


def covered(
    target: Target, graph: Graph, setting: Setting, done: Covered, tell: Callable[[], None] = lambda: None
) -> int:
    """Make every call in every state of a graph; how many of its edges were not taken."""
    walker = Walker(target, graph, setting, done)
    walker.walk(tell)
    done.states += len(graph.edges)
    return sum(map(len, walker.left))
