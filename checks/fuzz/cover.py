"""Every call in every place of a bounded model, made on a target: walks through the graph that leave no edge out.

The graph has every answer that the model can explain in a place, so that an answer which is one of them needs no other
oracle. One that is not is held against the oracle with all that was done before it; only what the oracle cannot explain
is a deviation. Which of a call's outcomes comes is the target's choice: an edge is taken when it was seen, and one that
was asked for often enough and never came is not shown by this target.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from enomem.model.systems.network import Setting

from ..errors import Inconclusive
from ..oracle.events import Do, Event
from ..oracle.oracle import Oracle
from ..targets.target import Can, Target
from .bounded import Graph
from .bounded_calls import clean
from .play import Deviates, Failure, Play

LONGEST = 500
"""So many events a program has at most, besides its beginning; then the next one begins, on the target as new."""
TRIES = 3
"""So often an outcome may not come before it is given up."""
Call = tuple[Event, ...]


@dataclass
class Covered:
    """What was done on one graph: calls made in a place (``tests``), and what came of them.

    ``taken``: edges that were seen. ``unshown``: those whose call was made, and which the target never chose.
    ``unreached``: those of places that no way leads to then. ``deviating``: calls at which the target deviated.
    ``elsewhere``: programs that ended with an answer that the oracle explains and that leads out of the graph;
    ``undecided``: with one of which it could not say. ``tell`` is called after each program.
    """

    taken: int = 0
    unshown: int = 0
    unreached: int = 0
    tests: int = 0
    programs: int = 0
    elsewhere: int = 0
    undecided: int = 0
    deviating: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)
    often: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    tell: Callable[[], None] = lambda: None

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self.began


class Recorded(Play):
    """A program whose answers are compared by somebody else; `explained` asks the oracle about all of it."""

    comes = False

    def must_come(self, event: Event) -> bool:  # noqa: ARG002 - whoever plays knows
        """Is there something to be received for sure?"""
        return self.comes

    def do(self, event: Event) -> Event:
        """Make a call."""
        return self.made(event)

    def explained(self) -> None:
        """Nothing, if the oracle can explain what was seen; else `Deviates`. Inconclusive, if it cannot say."""
        oracle = Oracle(self.setting)
        for event in self.events:
            found = oracle.saw(event)
            if found is not None:
                raise self.deviates(found)


class Walker:
    """Walks through one graph; `walk` returns when every edge was taken, or cannot be reached any more."""

    def __init__(self, target: Target, graph: Graph, setting: Setting, done: Covered) -> None:
        self.target, self.graph, self.setting, self.done = target, graph, setting, done
        self.left = [set(range(len(edges))) for edges in graph.edges]
        self.ends: list[dict[int, list[int]]] = []
        for edges in graph.edges:
            ends: dict[int, list[int]] = {}
            for number, (_, end) in enumerate(edges):
                ends.setdefault(end, []).append(number)
            self.ends.append(ends)
        self.called: list[dict[Call, list[int]]] = []
        for edges in graph.edges:
            calls: dict[Call, list[int]] = {}
            for number, (events, _) in enumerate(edges):
                calls.setdefault(tuple(map(clean, events)), []).append(number)
            self.called.append(calls)
        self.missed: Counter[tuple[int, int]] = Counter()
        self.broken: set[tuple[int, int]] = set()
        self.lost: set[tuple[int, int]] = set()
        self.roles: dict[int, int] = {}
        self.weights: dict[int, int] = {}

    def walk(self) -> None:
        """Take every edge."""
        while (first := self._way(0)) is not None:
            self._program(first)
            self.done.tell()
        done = self.done
        left = self.lost | {(node, edge) for node, edges in enumerate(self.left) for edge in edges}
        done.deviating = len(self.broken)
        done.unshown = sum(self.missed[edge] > 0 and edge not in self.broken for edge in left)
        done.unreached = len(left - self.broken) - done.unshown

    def _program(self, way: list[int]) -> None:
        """One program: along a way to an edge that was not taken, and on from there."""
        self.target.reset()
        self.roles = {number: number for number in range(len(self.graph.bounds.kinds))}
        play = Recorded(self.target, self.setting)
        self.done.programs += 1
        try:
            for event in self.graph.start:
                self._do(play, event)
        except Deviates as error:
            self._failed(error.failure)
            self.lost |= {(node, edge) for node, edges in enumerate(self.left) for edge in edges}
            self.left = [set() for _ in self.left]
            return
        begun = len(play.events)
        node = 0
        following: list[int] | None = way
        while following is not None and len(play.events) - begun < LONGEST:
            for edge in following:
                after, as_planned = self._step(play, node, edge)
                if after is None:
                    return
                node = after
                if not as_planned:
                    break
            following = self._way(node)
        try:
            play.finish()
        except Deviates as error:
            self._failed(error.failure)

    def _do(self, play: Recorded, event: Event) -> Event:
        """Make a call on the socket that has this number in the graph now."""
        if event.do == Do.SETTLE and Can.SETTLE not in self.target.cans:
            play.meet(*play.alive)
            play.serve()
            return event
        if event.do == Do.CREATE:
            self.roles[event.socket] = len(play.kinds)
        number = self.roles.get(event.socket, event.socket)
        return replace(play.do(replace(clean(event), socket=number)), socket=event.socket)

    def _step(self, play: Recorded, node: int, edge: int) -> tuple[int | None, bool]:
        """Make one call: where that leads, None if the program is over there, and whether it is as planned."""
        call = tuple(map(clean, self.graph.edges[node][edge][0]))
        may = [(one, *self.graph.edges[node][one]) for one in self.called[node][call]]
        self.done.tests += 1
        try:
            answers = []
            for place, event in enumerate(call):
                play.comes = all(events[place].answer == "ok" for _, events, _ in may)
                answers.append(_shown(self._do(play, event)))
            units = play.memory()
            for one, events, end in may:
                if answers == [_shown(event) for event in events]:
                    self._weighs(play, end, units)
                    return self._took(node, edge, one, end)
            play.explained()
            self.done.elsewhere += 1
        except Deviates as error:
            self.broken.add((node, edge))
            self._lose(node, edge)
            self._failed(error.failure)
            return None, False
        except Inconclusive:
            self.done.undecided += 1
        self._misses(node, edge)
        return None, False

    def _weighs(self, play: Recorded, node: int, units: int) -> None:
        """The same place holds the same memory each time, where the places tell apart in which chunk a pipe is."""
        before = self.weights.setdefault(node, units)
        if self.graph.bounds.edge and units != before:
            what = f"{units} octets are in use, and in the same state {before} were before"
            raise Deviates(Failure(tuple(play.events), what, "memory in the same state"))

    def _took(self, node: int, planned: int, edge: int, end: int) -> tuple[int, bool]:
        """This edge came."""
        if edge in self.left[node]:
            self.left[node].discard(edge)
            self.done.taken += 1
        if edge != planned:
            self._misses(node, planned)
        return end, edge == planned

    def _misses(self, node: int, edge: int) -> None:
        """This edge was asked for and did not come."""
        self.missed[node, edge] += 1
        if self.missed[node, edge] >= TRIES:
            self._lose(node, edge)

    def _lose(self, node: int, edge: int) -> None:
        """No way leads over this edge any more."""
        if edge in self.left[node]:
            self.left[node].discard(edge)
            self.lost.add((node, edge))
        end = self.graph.edges[node][edge][1]
        edges = self.ends[node].get(end, [])
        if edge in edges:
            edges.remove(edge)
        if not edges:
            self.ends[node].pop(end, None)

    def _failed(self, failure: Failure) -> None:
        self.done.often[failure.kind] += 1
        known = self.done.failures.get(failure.kind)
        if known is None or len(failure.events) < len(known.events):
            self.done.failures[failure.kind] = failure

    def _way(self, node: int) -> list[int] | None:
        """The shortest way from a place over an edge that was not taken; None if there is none."""
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
            for end, edges in self.ends[here].items():
                if end not in came:
                    came[end] = here, edges[0]
                    queue.append(end)
        return None


def _shown(event: Event) -> tuple[str, bytes, bool]:
    """What a call was answered."""
    received = event.do == Do.RECEIVE
    return event.answer, event.part if received else b"", event.more and received


def covered(target: Target, graph: Graph, setting: Setting, done: Covered) -> int:
    """Make every call in every place of a graph; how many of its edges were not taken."""
    walker = Walker(target, graph, setting, done)
    walker.walk()
    return graph.transitions - done.taken
