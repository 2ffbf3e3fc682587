"""The programs that are drawn: what applications may do with two to six sockets of any types, and what befalls them.

A rule of the machine is an input of the model. What is drawn are small numbers, of which each rule makes something that
can be done where it stands, so that a program that is made shorter is a program still.
"""

from __future__ import annotations

import sys

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from enomem.model.memory import Site
from enomem.model.patterns import PATTERNS
from enomem.model.patterns.pattern import PAIRS, talks
from enomem.model.policies import POLICIES
from enomem.model.receive_policies import CLOSE, RECEIVE_POLICIES

from ..oracle.events import Do, Event
from ..targets.target import Can
from .bounded_calls import winds
from .hands import Hands
from .parts import TOPICS
from .refusing import FOR_EVER, NO_MORE, PATIENCE, SITES, refusal, sites

MOST = 6
"""So many sockets there are at a time, at most."""
NUMBER = st.integers(0, MOST - 1)
FORMS = st.lists(st.integers(0, 3), min_size=1, max_size=3)
TIMES = st.sampled_from((1, 2, 3))
"""How many messages."""
MARK = st.sampled_from((0, 1, 2))
"""High-water marks; 0 leaves the default. libzmq counts more than two in steps (facts: LWM), which no rule has."""
AGAIN = st.sampled_from((False, True, True, True))
MANY = st.sampled_from((0, 0, 1, 2))
"""How many sockets more of the second's type there are from the beginning."""
BOUNDED, SLACK = st.sampled_from((False, False, False, True)), st.integers(0, 600) | st.integers(4096, 5000)
"""Octets of memory that are free when the first sockets are connected, where it is bounded. A chunk has 4096."""
RARELY = st.sampled_from((False,) * 9 + (True,))
COMES = st.sampled_from((None,) * 8 + SITES[Do.CREATE] + SITES[Do.BIND] + SITES[Do.CONNECT])
"""Where there is no memory for a new socket or connection, if anywhere."""


class Programs(Hands):
    """One program; see the module. A subclass says by its ``course`` who runs it."""

    @initialize(
        which=st.integers(0, 2**16),
        policy=st.sampled_from([policy.name for policy in POLICIES]),
        marks=st.tuples(MARK, MARK), more=st.tuples(MARK, MARK), flags=st.integers(0, 3), many=MANY,
        bounded=BOUNDED, slack=SLACK, receives=st.sampled_from([policy.name for policy in RECEIVE_POLICIES]),
    )  # fmt: skip
    def some_sockets(
        self, which: int, policy: str, marks: tuple[int, int], more: tuple[int, int], flags: int, many: int,
        bounded: bool, slack: int, receives: str,
    ) -> None:  # fmt: skip
        """The first listens, the others connect; they may have little more memory than they need for that."""
        self.play = self.course.begin(policy, receives=receives)
        pairs = self.course.pairs
        pair = pairs[which % len(pairs)]

        def act() -> None:
            first = self.create(pair[0], marks, flags)
            # What several publishers and their subscribers may know of each other is more than can be followed.
            alone = "PAIR" in pair or any(talks(kind, "SUB") or talks(kind, "PUB") for kind in pair)
            for _ in range(1 if alone else 1 + many):
                other = self.create(pair[1], more, flags)
                self.wants_all(other)
                self.join(other, first)

        self.tried(act)
        # An XSUB's subscriptions are messages, and end with their connection where there is no memory for them.
        if bounded and self.course.bounds and "XSUB" not in pair and not self.over:
            limit = self.play.memory() + slack
            self.play, self.limited = self.course.begin(policy, limit), True
            self.tried(act)

    @precondition(lambda self: not self.limited)
    @rule(
        at=NUMBER, kind=NUMBER, marks=st.tuples(MARK, MARK), flags=st.integers(0, 3),
        connects=st.booleans(), site=COMES,
    )  # fmt: skip
    def another(
        self, at: int, kind: int, marks: tuple[int, int], flags: int, connects: bool, site: Site | None
    ) -> None:  # fmt: skip
        """A new socket joins one that is there, and connects or is connected to."""
        there = self.who(at)
        if there is None or len(self.alive) >= MOST:
            return
        chosen = self.pick(kind, sorted(PAIRS[self.kind(there)]))
        busy = self.kind(there) == "PAIR" and any(
            there in (one, self.play.listens.get(where)) for one, where in self.play.links
        )
        if chosen is None or chosen not in self.play.target.types or busy:
            return

        def act() -> None:
            new = self.create(chosen, marks, flags, site if site in SITES[Do.CREATE] else None)
            self.wants_all(new)
            self.join(new, there, site) if connects else self.join(there, new, site)

        self.tried(act)

    @precondition(lambda self: not self.limited)
    @rule(near=NUMBER, far=NUMBER, site=COMES)
    def connect(self, near: int, far: int, site: Site | None) -> None:
        """Two sockets that are there are connected, perhaps again."""
        one = self.who(near)
        if one is None:
            return
        others = [other for other in self.alive if talks(self.kind(one), self.kind(other)) and other != one]
        two = self.pick(far, others)
        if two is not None and not self.connected(one, two):
            self.tried(lambda: self.join(one, two, site))

    @rule(socket=NUMBER, form=st.integers(0, 3), place=NUMBER, more=st.booleans())
    def send(self, socket: int, form: int, place: int, more: bool) -> None:
        """One part."""
        one = self.sender(socket)
        if one is not None:
            self.tried(lambda: self.part(one, form, place, more))

    @precondition(lambda self: self.limited)
    @rule(socket=NUMBER, before=st.integers(0, 2), more=st.booleans())
    def fills(self, socket: int, before: int, more: bool) -> None:
        """A part that is an octet too large for the memory that is left, and one that just fits into it."""
        one = self.sender(socket)
        if one is None:
            return

        def act() -> None:
            for beside, goes_on in ((1, True), (0, more)):
                if not self.begun.get(one):
                    self.parts(one, (0,) * (before + 1), socket, more=True)
                self.play.settle()
                size = (self.play.free or 0) - self.play.setting.part + beside
                if self.begun.get(one) and size >= 0:
                    self.sent(one, b"f" * size, goes_on)

        self.tried(act)

    @rule(socket=NUMBER, forms=FORMS, place=NUMBER, times=TIMES)
    def messages(self, socket: int, forms: list[int], place: int, times: int) -> None:
        """Some messages of some parts, without waiting for anything between them."""
        one = self.sender(socket)
        if one is None:
            return

        def act() -> None:
            for _ in range(times):
                self.parts(one, forms, place)

        self.tried(act)

    @rule(
        socket=NUMBER, forms=FORMS, place=NUMBER, long=RARELY,
        site=st.sampled_from((None, Site.SLOT, Site.BODY)), after=st.integers(0, 2),
    )  # fmt: skip
    def edge(self, socket: int, forms: list[int], place: int, long: bool, site: Site | None, after: int) -> None:
        """A long message, and another one that goes beyond the end of its chunk, for which there may be no memory."""
        one = self.sender(socket) if long else None
        if one is None or not winds(self.kind(one)):
            return

        def act() -> None:
            if self.begun.get(one):
                self.part(one, 0, place, False)
            # The library's own parts are not counted: it need not be the very end.
            rest = (self.left(one) or 0) - len(forms) - 1
            if rest > 0:
                if self.part(one, 0, place, True) != "ok":
                    return
                self.parts(one, (0,) * rest, place)
                self.play.settle()
                for far in self.neighbours(one):
                    self.play.message(far)
            self.refused(site, lambda: self.parts(one, forms, place), after)
            self.play.settle()
            self.parts(one, forms, place)

        self.tried(act)

    @rule(socket=NUMBER)
    def receive(self, socket: int) -> None:
        """One part, be it that nothing is there."""
        one = self.who(socket)
        if one is not None:
            self.tried(lambda: self.play.do(Event(Do.RECEIVE, one)))

    @rule(socket=NUMBER)
    def drain(self, socket: int) -> None:
        """All parts that are there."""
        one = self.who(socket, lambda kind: PATTERNS[kind].receives)
        if one is not None:
            self.tried(lambda: self.play.drain(one))

    @precondition(lambda self: self.course.can(Can.REFUSE))
    @rule(
        socket=NUMBER, where=NUMBER, after=st.integers(0, 3), forms=FORMS, place=NUMBER,
        ends=st.booleans(), again=AGAIN,
    )  # fmt: skip
    def refused_part(
        self, socket: int, where: int, after: int, forms: list[int], place: int, ends: bool, again: bool
    ) -> None:  # fmt: skip
        """Some parts, one of which gets no memory, be it where it is received; perhaps they are sent again."""
        one = self.sender(socket)
        if one is None:
            return
        site = self.pick(where, [Site.BODY, *sites(Do.SEND, self.kind(one), self.play.setting.policy)])
        # The library's own parts, and copies for other peers, ask as well.
        first = after % (len(forms) + 1)

        def act() -> None:
            if self.kind(one) == "REP":
                self.play.drain(one)  # Without a request it may not send.
            answers: list[str] = []
            self.refused(site, lambda: answers.append(self.parts(one, forms, place, not ends)), first)
            if again and answers[-1] != "ok":
                self.parts(one, forms, place)

        self.tried(act)

    @precondition(lambda self: self.course.starves and not self.limited)
    @rule(socket=NUMBER, forms=FORMS, place=NUMBER, waits=st.booleans())
    def starved(self, socket: int, forms: list[int], place: int, waits: bool) -> None:
        """A message whose reader gets no memory for a while, perhaps for longer than any waits but for ever."""
        one = self.sender(socket)
        if one is None:
            return

        def act() -> None:
            # Who closes at each refusal is sent more and more, and that has no end soon.
            times = 1 if self.play.setting.receive_policy == CLOSE else FOR_EVER
            self.play.do(refusal(Site.RECEIVE_BODY, times=times))
            self.parts(one, forms, place)
            self.play.settle()
            # Who connects to nobody tries it thousands of times meanwhile, and may meet itself in the end.
            alone = any(self.play.listens.get(at) is None for _, at in self.play.links)
            # A publisher may be refused a subscription as well, again at each wait, and the model does not follow that.
            told = any(PATTERNS[self.kind(number)].publishes for number in self.alive)
            # Where time is real it would take as long.
            long = waits and not alone and not told and "stepped" in self.play.target.name
            for far in self.neighbours(one) if long else ():
                self.play.do(Event(Do.RECEIVE, far, count=PATIENCE))
                self.play.settle()
            self.play.do(NO_MORE)

        self.tried(act)

    @rule(socket=NUMBER, refused=st.booleans(), after=st.integers(0, 3))
    def answer(self, socket: int, refused: bool, after: int) -> None:
        """A message is received and answered, with what stands before its delimiter; who is refused tries again."""
        one = self.who(socket, lambda kind: PATTERNS[kind].receives and PATTERNS[kind].sends)
        if one is None:
            return

        def act() -> None:
            message = self.play.message(one)
            if not message:
                return
            stands = message.index(b"") + 1 if b"" in message else int(self.kind(one) == "ROUTER")
            answers: list[str] = []
            site = Site.BODY if refused else None
            self.refused(site, lambda: answers.append(self.replied(one, message[:stands])), after)
            if answers == ["ENOMEM"]:
                self.replied(one, message[:stands])

        self.tried(act)

    @precondition(lambda self: self.course.can(Can.ABORT))
    @rule(socket=NUMBER, forms=FORMS, place=NUMBER, before=st.booleans(), after=st.booleans())
    def abort(self, socket: int, forms: list[int], place: int, before: bool, after: bool) -> None:
        """The unfinished message is dropped, if there is one; perhaps another one follows."""
        one = self.sender(socket)
        if one is None:
            return

        def act() -> None:
            if before:
                self.parts(one, forms, place, more=True)
            self.begun[one] = False
            self.play.do(Event(Do.ABORT, one))
            if after:
                self.parts(one, forms, place)

        self.tried(act)

    @rule(socket=NUMBER, option=st.sampled_from(("SNDHWM", "RCVHWM")), mark=st.integers(1, 2))
    def mark(self, socket: int, option: str, mark: int) -> None:
        """A high-water mark is changed, be it between two parts."""
        one = self.who(socket)
        if one is not None:
            self.tried(lambda: self.play.do(Event(Do.OPTION, one, name=option, value=mark)))

    @precondition(lambda self: not self.limited)
    @rule(socket=NUMBER, topic=st.sampled_from(TOPICS), more=st.booleans(), refused=st.booleans())
    def subscribe(self, socket: int, topic: bytes, more: bool, refused: bool) -> None:
        """A subscription, or one is taken back; there may be no memory for it."""
        one = self.who(socket, lambda kind: kind == "SUB")
        if one is None:
            return

        def act() -> None:
            name = "SUBSCRIBE" if more else "UNSUBSCRIBE"
            wants = Event(Do.OPTION, one, name=name, value=topic)
            self.refused(Site.SUBSCRIPTION if refused and more else None, lambda: self.play.do(wants))

        self.tried(act)

    @precondition(lambda self: self.course.can(Can.DISCONNECT))
    @precondition(lambda self: not self.limited)
    @rule(link=NUMBER, again=AGAIN, half=st.booleans(), form=st.integers(0, 3), place=NUMBER, site=COMES)
    def disconnect(self, link: int, again: bool, half: bool, form: int, place: int, site: Site | None) -> None:
        """A socket ends one of its connections, be it in the middle of a message, and perhaps makes it anew."""
        chosen = self.pick(link, self.play.links)
        if chosen is None:
            return
        near, at = chosen

        def act() -> None:
            sends = half and PATTERNS[self.kind(near)].sends
            if sends:
                self.part(near, form, place, True)
            self.play.do(Event(Do.DISCONNECT, near, endpoint=at))
            self.play.settle()
            far = self.play.listens.get(at)
            if again and far is not None:
                self.join(near, far, site)
            if sends:
                self.part(near, form, place, False)

        self.tried(act)

    @rule(socket=NUMBER, form=st.integers(0, 3), place=NUMBER, parts=st.integers(0, 2), more=st.booleans(), again=AGAIN)
    def killed(self, socket: int, form: int, place: int, parts: int, more: bool, again: bool) -> None:
        """A socket is closed, perhaps while what it sends is on its way; perhaps another one takes its place."""
        one = self.who(socket)
        if one is None or len(self.alive) < 2:
            return

        def act() -> None:
            for number in range(parts if PATTERNS[self.kind(one)].sends else 0):
                self.part(one, form, place, more or number + 1 < parts)
            where = [at for at, number in self.play.listens.items() if number == one]
            linked = [at for near, at in self.play.links if near == one]
            self.play.do(Event(Do.CLOSE, one))
            self.play.settle()
            if again and not self.limited:
                self.restarted(one, where, linked)

        self.tried(act)

    @precondition(lambda self: not self.limited)
    @rule(link=NUMBER, forms=FORMS, times=st.integers(1, 4), refused=st.integers(0, 4), again=st.booleans())
    def away(self, link: int, forms: list[int], times: int, refused: int, again: bool) -> None:
        """Who listens is closed, and messages wait for it in the pipe of who connected; then, perhaps, one is there."""
        links = [(near, self.play.listens.get(at)) for near, at in self.play.links if PATTERNS[self.kind(near)].sends]
        chosen = self.pick(link, [(near, far) for near, far in links if far is not None])
        if chosen is None:
            return
        near, far = chosen

        def act() -> None:
            where = [at for at, number in self.play.listens.items() if number == far]
            linked = [at for number, at in self.play.links if number == far]
            self.play.do(Event(Do.CLOSE, far))
            self.play.settle()
            for number in range(times):
                site = Site.BODY if number == refused else None
                self.refused(site, lambda: self.parts(near, forms, far), len(forms) - 1)
            if again:
                self.restarted(far, where, linked)

        self.tried(act)

    # --- the end

    def teardown(self) -> None:
        """Receive all that is left, unless the program was broken off."""
        if self.over or not hasattr(self, "play") or sys.exc_info()[0] is not None:
            return
        self.tried(self.play.finish, settle=False)
        if not self.over:
            self.over = True
            self.course.ended(self.play, None)
