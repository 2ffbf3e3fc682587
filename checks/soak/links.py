"""One connection in a soak: a sender, a wire, a reader and two lives, every step of which a machine decides."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random

from enomem.model import connection as life
from enomem.model import link as links
from enomem.model import receive
from enomem.model import send as sends
from enomem.model.connection import LISTENING, OPEN, Event, Life, Lived, Phase, Reason, Reconnect, Upkeep
from enomem.model.memory import Pool, Site
from enomem.model.pipe import Pipe
from enomem.model.policies import SendPolicy
from enomem.model.receive import Inbox, Reading
from enomem.model.receive_policies import ReceivePolicy
from enomem.model.send import Answer, Send, Sizes

BOTH = (Phase.READY, Phase.STALLED)
PARTS = 3
HWM = 4
WINDOW = 8
INTERVAL, LONGEST, REST, RETRY = 20, 500, 100, 10
"""Milliseconds: the first delay and the longest, how long a listener rests, when a stalled reader asks again."""


class Wrong(Exception):
    """Something happened that must not; the text says what."""


@dataclass(slots=True)
class World:
    """What all connections share: a pool for senders and one for readers, the clock, chance, and the weather.

    ``weather`` is the probability that a request for memory is refused for no visible reason.
    """

    pools: list[Pool]
    rule: Reconnect
    upkeep: Upkeep
    chance: Random
    now: float = 0.0
    weather: float = 0.0
    refusals: int = 0
    endings: int = 0
    messages: int = 0

    def refuse(self, site: Site) -> Site | None:
        """Does the environment refuse memory at this site, this time?"""
        return site if self.weather and self.chance.random() < self.weather else None


@dataclass(slots=True)
class Connection:
    """One connection; end 0 connects and end 1 accepts, and ``sender`` is the end that sends.

    Payloads are numbers: a part is (number of its message, place in it). ``due``: what waits for the clock, by name.
    """

    world: World
    policy: SendPolicy
    reading: ReceivePolicy
    sizes: Sizes
    sender: int
    lives: list[Life] = field(default_factory=lambda: [Life(), Life(initiated=False)])
    listener: life.Listener = LISTENING
    knocking: bool = False
    send: Send = field(default_factory=Send)
    pipe: Pipe = field(default_factory=Pipe)
    inbox: Inbox = field(default_factory=Inbox)
    tail: list[tuple[int, int]] = field(default_factory=list)
    queue: deque[list[tuple[int, int]]] = field(default_factory=deque)
    out: deque[tuple[int, int]] = field(default_factory=deque)
    wire: deque[tuple[int, int]] = field(default_factory=deque)
    half: list[tuple[int, int]] = field(default_factory=list)
    arrived: deque[list[tuple[int, int]]] = field(default_factory=deque)
    due: dict[str, float] = field(default_factory=dict)
    number: int = 1
    part: int = 0
    accepted: int = 0
    delivered: int = 0
    lost: int = 0
    last: int = 0

    # --- what it holds

    def held(self, pool: int) -> int:
        """What it holds of the senders' pool (0) or of the readers' (1)."""
        end = self.sender if pool == 0 else 1 - self.sender
        own = self.lives[end].held
        if pool == 0:
            return own + sends.held(self.sizes, self.send, self.pipe) + self.sizes.part * len(self.out)
        return own + self.inbox.half + self.inbox.whole

    def pool(self, end: int) -> int:
        """Which pool an end has."""
        return 0 if end == self.sender else 1

    def balanced(self) -> bool:
        """Is every message that was accepted on its way, delivered, or announced as lost?"""
        flying = {number for number, _ in (*self.out, *self.wire, *self.half)}
        waiting = len(self.queue) + len(flying) + len(self.arrived)
        return self.accepted == waiting + self.delivered + self.lost

    @property
    def open(self) -> bool:
        """Is it ready at both ends, and does its reader not wait for memory?"""
        ready = self.lives[0].phase in BOTH and self.lives[1].phase in BOTH
        return ready and self.lives[1 - self.sender].phase == Phase.READY

    # --- one turn

    def turn(self) -> bool:
        """Do one thing that can be done, by chance; False if there is nothing to do but wait."""
        if self.lives[0].phase in BOTH and self.lives[1].phase in BOTH:
            return self._traffic()
        return self._opening()

    def clock(self) -> bool:
        """Do what is due."""
        for name, when in list(self.due.items()):
            if when <= self.world.now:
                del self.due[name]
                getattr(self, f"_over_{name}")()
                return True
        return False

    def _traffic(self) -> bool:
        what = self.world.chance.random()
        if what < 0.0002:
            self.end(0 if what < 0.0001 else 1, Reason.LOST)
            return True
        if what < 0.35:
            return self._part()
        if what < 0.6:
            return self._write()
        if what < 0.85:
            return self._read()
        return self._take()

    def _opening(self) -> bool:
        here, there = self.lives
        for end, one, other in ((0, here, there), (1, there, here)):
            if one.phase == Phase.CLOSING:
                self.gone(end)
                return True
            if one.phase in OPEN and other.phase not in OPEN and not (end == 0 and self.knocking):
                self.end(end, Reason.LOST)
                return True
        if here.phase == Phase.CLOSED:
            return self._connect()
        if here.phase == Phase.CONNECTING and there.phase == Phase.CLOSED:
            self.knocking = True
            self._live(0, Event.CONNECTED)
            return True
        if self.knocking:
            return self._accept()
        for end in (0, 1):
            if self.lives[end].phase == Phase.GREETING:
                self._live(end, Event.GREETED, Site.HANDSHAKE)
                return True
        for end in (0, 1):
            if self.lives[end].phase == Phase.HANDSHAKE:
                self._live(end, Event.SHOOK, Site.HEARTBEAT)
                return True
        # Whoever waits for the clock may send into its pipe, and read what has come.
        return self._part() if self.world.chance.random() < 0.5 else self._take()

    # --- the life of it

    def _live(
        self, end: int, event: Event, site: Site | None = None, reason: Reason = Reason.LOST, *, wanted: bool = True
    ) -> Lived:
        world, pool = self.world, self.pool(end)
        refuse = world.refuse(site) if site is not None else None
        got = life.step(world.pools[pool], world.rule, world.upkeep, self.lives[end], event, reason, wanted, refuse)
        return self._took(end, got)

    def _took(self, end: int, got: Lived) -> Lived:
        before = self.lives[end].phase
        self.world.pools[self.pool(end)] = got.pool
        self.lives[end] = got.life
        if got.refused is not None:
            self.world.refusals += 1
        if before in OPEN and got.life.phase == Phase.CLOSING:
            self._cut(end)
        return got

    def _connect(self) -> bool:
        world = self.world
        got = life.connect(world.pools[self.pool(0)], world.rule, world.upkeep, world.refuse(Site.CONNECTION))
        if self._took(0, got).refused is None:
            self.due["attempt"] = world.now
        return True

    def _accept(self) -> bool:
        if self.listener.resting:
            return False
        world = self.world
        self.knocking = False
        pool = world.pools[self.pool(1)]
        got = self._took(1, life.accept(pool, world.rule, world.upkeep, self.listener, world.refuse(Site.ACCEPT)))
        self.listener = got.listener
        if got.refused is not None:
            self.due["rest"] = world.now + REST
        return True

    def end(self, end: int, reason: Reason) -> None:
        """An end of the connection ends, for a reason."""
        self.world.endings += 1
        self._live(end, Event.END, None, reason)

    def gone(self, end: int) -> None:
        """Its descriptor is closed: it waits to be opened again, or goes with all that it had."""
        self._live(end, Event.GONE, Site.TIMER)
        world, phase = self.world, self.lives[end].phase
        if phase == Phase.WAITING:
            delay = life.delay(self.lives[end].tries, INTERVAL, LONGEST, world.chance.random())
            self.due["attempt"] = world.now + delay
        elif end == self.sender:
            self._pipe_gone()

    def _over_attempt(self) -> None:
        self._live(0, Event.ATTEMPT, Site.RECONNECT)

    def _over_rest(self) -> None:
        self.listener = life.rested(self.listener)

    def _over_retry(self) -> None:
        if receive.stalled(self.inbox):
            self._read()

    def _over_stall(self) -> None:
        if receive.stalled(self.inbox):
            self.inbox = receive.waited(self.inbox)
            if self.inbox.reading == Reading.CLOSED:
                self.end(1 - self.sender, Reason.NO_MEMORY)

    def _cut(self, end: int) -> None:
        """The connection ended at one end: what was on its way is lost, and what that end had of a message."""
        world = self.world
        self.knocking = False
        reader = self.half if end != self.sender else []
        if end == self.sender:
            dropped = self.sizes.part * len(self.out)
            self.lost += len({number for number, _ in (*self.out, *self.wire)} - {number for number, _ in self.half})
            world.pools[0] = links.lost(world.pools[0], dropped)
            left = links.carried_over(len(self.out))
            while len(self.out) > left:
                self.out.popleft()
        else:
            self.lost += len({number for number, _ in (*self.wire, *reader)} - {number for number, _ in self.out})
            world.pools[1], self.inbox = receive.broken(world.pools[1], self.inbox)
            self.half.clear()
            self.due.pop("stall", None)
            self.due.pop("retry", None)
        self.wire.clear()

    def _pipe_gone(self) -> None:
        world = self.world
        gone = sends.peer_gone(self.sizes, world.pools[0], self.send, self.pipe)
        world.pools[0], self.send, self.pipe = gone.pool, gone.send, gone.pipe
        self.lost += len(self.queue)
        self.queue.clear()
        self.tail.clear()

    # --- messages

    def _part(self) -> bool:
        world, life_of = self.world, self.lives[self.sender].phase
        has_pipe = life_of != Phase.CLOSED if self.sender == 0 else life_of in BOTH
        if not has_pipe and self.send.phase != sends.Phase.GONE:
            return False
        last = self.part == PARTS - 1
        sent = sends.send_part(
            self.policy, self.sizes, world.pools[0], self.send, self.pipe, HWM, last, world.refuse(Site.BODY)
        )
        if sent.answer == Answer.FULL:
            return False
        kept = self.pipe.tail - sent.dropped
        del self.tail[kept:]
        if sent.wrote:
            self.tail.append((self.number, self.part))
        world.pools[0], self.send, self.pipe = sent.pool, sent.send, sent.pipe
        if sent.committed:
            self.queue.append(self.tail)
            self.tail = []
            self.accepted += 1
            self.number += 1
        if sent.answer == Answer.OK:
            self.part = 0 if last else self.part + 1
        elif sent.answer == Answer.NO_MEMORY:
            world.refusals += 1
            # DISCARD: from the first part again; KEEP: the failed part again.
            self.part = self.pipe.tail
        else:
            self.part = 0
        return True

    def _write(self) -> bool:
        world = self.world
        if not self.out:
            if not self.queue:
                return False
            message = self.queue.popleft()
            self.pipe, world.pools[0] = links.begin(self.sizes, world.pools[0], self.pipe, len(message))
            self.out.extend(message)
            return True
        if len(self.wire) >= WINDOW:
            return False
        self.wire.append(self.out.popleft())
        world.pools[0] = links.written(world.pools[0], self.sizes.part)
        if not self.out:
            self._live(self.sender, Event.USED)
        return True

    def _read(self) -> bool:
        """Ask for the memory of the next part, or for a place in the queue."""
        world, reader = self.world, 1 - self.sender
        if self.lives[reader].phase not in BOTH or receive.room(self.inbox, HWM) == 0:
            return False
        whole = bool(self.half) and self.half[-1][1] == PARTS - 1
        refuse = world.refuse(Site.RECEIVE_BODY)
        if whole:
            got = receive.arrived(world.pools[1], self.reading, self.inbox, 1, self.inbox.half, 0, refuse)
        elif self.wire:
            got = receive.body(world.pools[1], self.reading, self.inbox, self.sizes.part, refuse)
        else:
            return False
        world.pools[1], self.inbox = got.pool, got.inbox
        if got.taken:
            self._got(whole)
            return True
        world.refusals += 1
        if got.inbox.reading == Reading.CLOSED:
            self.end(reader, Reason.NO_MEMORY)
            return True
        if self.lives[reader].phase == Phase.READY:
            self._live(reader, Event.STALL)
            if got.inbox.longest > 0:
                self.due["stall"] = world.now + got.inbox.longest
        self.due["retry"] = world.now + RETRY
        return True

    def _got(self, whole: bool) -> None:
        reader = 1 - self.sender
        if self.lives[reader].phase == Phase.STALLED:
            self._live(reader, Event.RESUME)
            self.due.pop("stall", None)
            self.due.pop("retry", None)
        if not whole:
            self.half.append(self.wire.popleft())
            return
        self.arrived.append(self.half)
        self.half = []
        self._live(reader, Event.USED)

    def _take(self) -> bool:
        if not self.arrived:
            return False
        world, message = self.world, self.arrived.popleft()
        amount = self.sizes.part * len(message)
        self.inbox = receive.taken(self.inbox, amount)
        world.pools[1] = receive.handed(world.pools[1], amount)
        number = message[0][0]
        if message != [(number, place) for place in range(PARTS)]:
            raise Wrong(f"the reader got {message}, which is no message that was sent")
        if number <= self.last:
            raise Wrong(f"message {number} came after message {self.last}")
        self.last = number
        self.delivered += 1
        world.messages += 1
        return True

    # --- the end

    def close(self) -> None:
        """All of it goes: its process ends, or the soak does."""
        world = self.world
        for end in (0, 1):
            if self.lives[end].phase not in (Phase.CLOSING, Phase.CLOSED):
                self._live(end, Event.END, None, Reason.CLOSED)
            self._live(end, Event.GONE, wanted=False)
        self._pipe_gone()
        self.lost += len(self.arrived)
        self.arrived.clear()
        world.pools[1], self.inbox = receive.dropped(world.pools[1], self.inbox)
        aborted = sends.abort(self.sizes, world.pools[0], self.send, self.pipe)
        world.pools[0], self.send, self.pipe = aborted.pool, aborted.send, aborted.pipe
        self.knocking, self.part, self.listener = False, 0, LISTENING
        self.due.clear()


__all__ = ["Connection", "World", "Wrong"]
