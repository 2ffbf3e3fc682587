"""What a drawn program does with the small numbers that it is made of, whatever they are.

A rule of ``machine`` decides what is done; here stands how: who is meant by a number, what follows from a call, and how
a program goes on when one of its calls gets no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from enomem.model import pipe
from enomem.model.memory import Site
from enomem.model.patterns import PATTERNS

from ..errors import Inconclusive
from ..oracle.events import Do, Event
from ..targets.target import Can, Value
from .course import Course
from .parts import content, name, options
from .play import Deviates, Play, Restless
from .refusing import LATER, NO_MORE, SITES, refusal

T = TypeVar("T")


class Hands(RuleBasedStateMachine):
    """A program without rules; see the module. A subclass says by its ``course`` who runs it."""

    course: Course

    def __init__(self) -> None:
        super().__init__()
        self.play: Play
        self.over = self.limited = False
        self.number = 0
        self.begun: dict[int, bool] = {}
        self.made: dict[int, tuple[str, tuple[tuple[str, Value], ...]]] = {}

    def tried(self, act: Callable[[], object], settle: bool = True) -> None:
        """Do something and what follows from it, unless the program is over; an expected deviation ends it."""
        if self.over:
            return
        try:
            act()
            if settle:
                self.play.settle()
                self.play.narrow()
        except (Restless, Inconclusive) as why:
            self.over = True
            self.course.broken_off(self.play, why)
        except Deviates as error:
            self.over = True
            known = self.course.known(error.failure)
            self.course.ended(self.play, error.failure)
            if not known:
                raise

    def pick(self, number: int, among: Sequence[T]) -> T | None:
        """One of several, by a number; None if there is none."""
        return among[number % len(among)] if among else None

    @property
    def alive(self) -> list[int]:
        """The sockets that are not closed."""
        return self.play.alive

    def kind(self, socket: int) -> str:
        """The type of a socket."""
        return self.play.kinds[socket]

    def who(self, number: int, may: Callable[[str], bool] = lambda _: True) -> int | None:
        """A living socket of a type that may."""
        return self.pick(number, [one for one in self.alive if may(self.kind(one))])

    def sender(self, number: int) -> int | None:
        """A socket that can send, and that has a connection if any of those has one."""
        may = [one for one in self.alive if PATTERNS[self.kind(one)].sends]
        links = [(near, self.play.listens.get(at)) for near, at in self.play.links]
        ends = {end for link in links if link[1] is not None for end in link}
        return self.pick(number, [one for one in may if one in ends] or may)

    def refused(self, site: Site | None, act: Callable[[], object], count: int = 0) -> None:
        """Do something while one allocation at a site is refused, after so many that are granted."""
        if site is None or self.limited or not self.play.can(Can.REFUSE):
            act()
            return
        self.play.do(refusal(site, count))
        act()
        if site in LATER:
            self.play.settle()
        self.play.do(NO_MORE)

    def insisted(self, site: Site | None, call: Event) -> None:
        """Make a call while there is a refusal; who got no memory asks once more, when there is none."""
        answers: list[str] = []
        self.refused(site, lambda: answers.append(self.play.do(call).answer))
        if answers == ["ENOMEM"]:
            self.play.do(call)

    def create(self, kind: str, marks: tuple[int, int], flags: int, site: Site | None = None) -> int:
        """A new socket."""
        number = len(self.play.kinds)
        chosen = tuple(options(kind, number, marks, flags).items())
        self.made[number] = kind, chosen
        self.insisted(site, Event(Do.CREATE, number, name=kind, options=chosen))
        return number

    def wants_all(self, socket: int) -> None:
        """A subscriber subscribes to everything."""
        if self.kind(socket) == "SUB":
            self.play.do(Event(Do.OPTION, socket, name="SUBSCRIBE", value=b""))
        elif self.kind(socket) == "XSUB":
            self.play.do(Event(Do.SEND, socket, part=b"\1"))

    def endpoint(self, socket: int, site: Site | None = None) -> str:
        """Where a socket listens; it begins to, if it does not."""
        for at, number in self.play.listens.items():
            if number == socket:
                return at
        at = f"tcp://s{socket}"
        self.insisted(site, Event(Do.BIND, socket, endpoint=at))
        return at

    def connected(self, near: int, far: int) -> bool:
        """Is there a connection between two sockets, or could no second one be told from it?"""
        ends = [(one, self.play.listens.get(at)) for one, at in self.play.links]
        alone = [one for one in (near, far) if self.kind(one) == "PAIR"]
        busy = any(one in pair for one in alone for pair in ends)
        return busy or (near, far) in ends or (far, near) in ends

    def join(self, near: int, far: int, site: Site | None = None) -> None:
        """One socket connects to another; either of them may be refused what it needs for that."""
        at = self.endpoint(far, site if site in SITES[Do.BIND] else None)
        self.insisted(site if site in SITES[Do.CONNECT] else None, Event(Do.CONNECT, near, endpoint=at))
        self.play.meet(far, near)

    def neighbours(self, socket: int) -> list[int]:
        """The sockets that a socket has a connection with, or would have one."""
        links = [(near, self.play.listens.get(at)) for near, at in self.play.links]
        ends = [far if near == socket else near for near, far in links if socket in (near, far)]
        return [end for end in ends if end is not None]

    def address(self, socket: int, place: int) -> bytes:
        """Whom a ROUTER addresses: one of its peers, or by a name that it may not know."""
        far = self.pick(place, [*self.neighbours(socket), place])
        given = dict(self.made[far][1]).get("ROUTING_ID") if far in self.made else None
        return given if isinstance(given, bytes) else name(place)

    def part(self, socket: int, form: int, place: int, more: bool) -> str:
        """Send one part; how that was answered."""
        self.number += 1
        kind, first = self.kind(socket), not self.begun.get(socket)
        if kind == "ROUTER" and first and form < 3:
            return self.sent(socket, self.address(socket, place), more)
        return self.sent(socket, content(form, place, self.number, kind, first), more)

    def parts(self, socket: int, forms: Sequence[int], place: int, more: bool = False) -> str:
        """Send some parts, the last with ``more``; the answer of the last."""
        answers = [
            self.part(socket, form, place, more or number + 1 < len(forms)) for number, form in enumerate(forms)
        ]
        return answers[-1]

    def sent(self, socket: int, part: bytes, more: bool) -> str:
        """Send this part, and know whether a message has begun; how it was answered."""
        done = self.play.do(Event(Do.SEND, socket, part=part, more=more))
        if done.answer == "ok":
            self.begun[socket] = more
        elif done.answer in ("ENOMEM", "ECONNRESET"):
            self.begun[socket] = False
        self.play.narrow()
        return done.answer

    def replied(self, socket: int, envelope: Sequence[bytes]) -> str:
        """Send a message to whom an envelope names; how its last part was answered."""
        for part in envelope:
            self.sent(socket, part, True)
        return self.part(socket, 0, 0, False)

    def left(self, socket: int) -> int | None:
        """How many parts more the chunk has room for in which a socket writes, or one of its pipes does; None if none.

        Only what is drawn depends on it.
        """
        state = self.play.oracle.states[0]
        pipes = [session.pipe for session in state.sockets[socket].sessions if not session.ended]
        if not pipes:
            return None
        return pipe.room(pipes[0], state.setting.slots)

    def restarted(self, one: int, where: list[str], linked: list[str]) -> None:
        """A socket like the one that was closed listens where that did, and connects to where that was connected."""
        kind, chosen = self.made[one]
        new = len(self.play.kinds)
        self.made[new] = kind, chosen
        self.play.do(Event(Do.CREATE, new, name=kind, options=chosen))
        self.wants_all(new)
        for at in where:
            self.play.do(Event(Do.BIND, new, endpoint=at))
        self.play.meet(new)
        for far in (self.play.listens.get(at) for at in linked):
            if far is not None and not self.connected(new, far):
                self.join(new, far)
