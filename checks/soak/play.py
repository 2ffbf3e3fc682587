"""A soak: connections in two pools, weather that changes, and what is looked at after every single step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from enomem.model.connection import RESERVED, Reconnect, Upkeep
from enomem.model.memory import Pool
from enomem.model.policies import DISCARD, KEEP
from enomem.model.receive_policies import BOUNDED_WAIT, CLOSE
from enomem.model.send import Sizes

from .links import HWM, LONGEST, PARTS, REST, Connection, World, Wrong

HOUR = 3_600_000.0
"""Milliseconds."""
CONNECTIONS = 16
UPKEEP = Upkeep(session=2, engine=64, shake=12, beat=1, timer=1)
CALM, DRIZZLE, STORM = 0.0, 0.02, 0.6
WEATHER = 500.0
"""Milliseconds for which the weather stays on average."""
RESTART = 20_000.0
"""Milliseconds between two restarts of everything, on average."""
LOOK = 4096
"""Steps between two looks at all connections at once; each step is looked at where it was made."""


@dataclass(slots=True)
class Told:
    """How far a soak is: steps, milliseconds of its own clock and of ours, and what has happened in it."""

    steps: int
    now: float
    seconds: float
    refusals: int
    endings: int
    restarts: int
    messages: int


class Soak:
    """Connections stepped by chance, from a ``seed``; on average ``rate`` milliseconds pass with a turn."""

    def __init__(self, seed: int, rate: float, rule: Reconnect = RESERVED) -> None:
        chance = Random(seed)
        self.chance, self.rate = chance, rate
        # Enough for all connections, and for the messages of half of them: the rest is what they fight for.
        room = CONNECTIONS * UPKEEP.whole + CONNECTIONS // 2 * HWM * PARTS * 40
        self.world = World([Pool(room, 0), Pool(room, 0)], rule, UPKEEP, chance)
        self.connections = [
            Connection(
                self.world, KEEP if i % 4 == 3 else DISCARD, CLOSE if i % 5 == 4 else BOUNDED_WAIT,
                Sizes(10 + 5 * i, 8, 4), i % 2,
            )
            for i in range(CONNECTIONS)
        ]  # fmt: skip
        self.held = [0, 0]
        self.steps = self.restarts = 0
        self._change, self._restart = 0.0, RESTART

    def run(self, steps: int | None, tell: Callable[[Told], None] = lambda _: None) -> Told:
        """So many steps more (None: without end); Wrong if something happened that must not."""
        began = told = time.perf_counter()
        goal = None if steps is None else self.steps + steps
        while goal is None or self.steps < goal:
            self._some(LOOK if goal is None else min(LOOK, goal - self.steps))
            self._look_at_all()
            present = time.perf_counter()
            if present - told > 0.5:
                told = present
                tell(self.told(present - began))
        return self.told(time.perf_counter() - began)

    def told(self, seconds: float) -> Told:
        """How far it is."""
        world = self.world
        return Told(
            self.steps, world.now, seconds, world.refusals, world.endings, self.restarts, world.messages
        )  # fmt: skip

    def _some(self, most: int) -> None:
        world, chance, connections = self.world, self.chance, self.connections
        before = self.steps
        while self.steps - before < most:
            world.now += 2 * self.rate * chance.random()
            if world.now >= self._change:
                self._change = world.now + 2 * WEATHER * chance.random()
                world.weather = chance.choice((CALM, CALM, DRIZZLE, STORM))
            if world.now >= self._restart:
                self._restart = world.now + 2 * RESTART * chance.random()
                self.restart()
            one = connections[int(chance.random() * CONNECTIONS)]
            had = (one.held(0), one.held(1))
            if (one.due and one.clock()) or one.turn():
                self.steps += 1
                self._look(one, had)

    def _look(self, one: Connection, had: tuple[int, int]) -> None:
        """After a step: the memory in use is what is held, and within its limit."""
        for i in (0, 1):
            self.held[i] += one.held(i) - had[i]
            pool = self.world.pools[i]
            if pool.used != self.held[i]:
                raise Wrong(f"pool {i} says {pool.used} units, and {self.held[i]} are held")
            if not 0 <= pool.used <= pool.limit:
                raise Wrong(f"pool {i} has {pool.used} units in use, and its limit is {pool.limit}")

    def _look_at_all(self) -> None:
        for i in (0, 1):
            total = sum(one.held(i) for one in self.connections)
            if total != self.held[i]:
                raise Wrong(f"pool {i}: {total} units are held, and {self.held[i]} were counted step by step")
        for number, one in enumerate(self.connections):
            if not one.balanced():
                raise Wrong(
                    f"connection {number}: {one.accepted} messages were accepted, {one.delivered} delivered, "
                    f"{one.lost} announced as lost, and the rest is not on its way"
                )

    def restart(self) -> None:
        """Everything is closed, in calm or in storm; nothing is held then."""
        self.restarts += 1
        for one in self.connections:
            one.close()
        self.held = [0, 0]
        for i, pool in enumerate(self.world.pools):
            if pool.used:
                raise Wrong(f"everything is closed, and pool {i} has {pool.used} units in use")
        self._look_at_all()

    def calm_down(self) -> float:
        """Memory is refused no more: milliseconds until every connection is ready and every reader goes on.

        Wrong if that takes longer than the longest delay, the rest of a listener, and the time of the steps themselves.
        """
        world = self.world
        began, bound = world.now, 2 * (LONGEST + REST) + 4 * LONGEST
        waited_for = list(self.connections)
        world.weather, self._change, self._restart = CALM, began + HOUR, began + HOUR
        while waited_for:
            self._some(64)
            waited_for = [one for one in waited_for if not one.open]
            if world.now - began > bound:
                raise Wrong(f"{bound} ms after memory came back a connection is not ready")
        return world.now - began
