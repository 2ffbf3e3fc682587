"""One program on one target, with the oracle beside it: each call is made, and what it says has to be explained.

Nothing sleeps and nothing is guessed. What must come is waited for, with a bound; before something is asked that must
not be there, everything that is under way has to have happened, or else the oracle knows that it may not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import thread_time
from typing import NoReturn

from enomem.model.patterns import PATTERNS
from enomem.model.rules import Rule
from enomem.model.systems import network_calls
from enomem.model.systems.network import Setting

from ..errors import Inconclusive
from ..oracle.calling import WAIT, call_on
from ..oracle.events import Do, Event, call, line
from ..oracle.oracle import Deviation, Oracle, with_answer
from ..targets.target import Can, Received, Refused, Said, Target, TargetFault, Value

SLICE = 50
"""Milliseconds of one call that waits."""
SWIFT: Mapping[str, Value] = {"RECONNECT_IVL": 1}
"""Options that every socket has, where its library knows them, so that nothing takes long."""
WIDE = 16
"""So many states may explain what was seen, before it is asked which of them it is."""
SECONDS = 30.0
"""So long the oracle and the target may take over one program, in processor time of the thread that asks."""
SIZED = (Do.SEND, Do.OPTION)
"""Calls that ask for what the model knows the size of; what sockets and connections cost is their library's matter."""
DISCONNECTING = (Do.DISCONNECT, Do.UNBIND)


@dataclass(frozen=True)
class Failure:
    """A program on which a target did what the model does not: its ``events``, the last of them the one in question.

    ``what`` says it in one sentence; ``kind`` is the same for what is probably the same defect. ``allowed``: the
    answers that the model has, and the ``rules`` by which. ``once``: it did not happen again.
    """

    events: tuple[Event, ...]
    what: str
    kind: str
    allowed: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    once: bool = False


class Deviates(Exception):
    """The target did what the model does not."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


class Restless(Exception):
    """Somebody is refused again and again: nothing is ever over, and the program is broken off."""


class Play:
    """A program as it goes on: `do` makes the next call.

    Endpoints are named by their program (``tcp://s0``); which ports they have is the system's choice. ``unasked``: the
    options that the target does not know.
    """

    def __init__(self, target: Target, setting: Setting) -> None:
        self.target = target
        self.setting = setting
        self.oracle = Oracle(setting)
        self.events: list[Event] = []
        self.seen: set[int] = set()
        self.unasked: set[str] = set()
        self.kinds: list[str] = []
        self.alive: list[int] = []
        self.listens: dict[str, int | None] = {}
        self.links: list[tuple[int, str]] = []
        self._where: dict[str, str] = {}
        self._began = thread_time()
        if Can.POLICY in target.cans:
            target.policy(setting.policy.name)
        if Can.RECEIVE_POLICY in target.cans:
            target.receive_policy(setting.receive_policy.name)
        if setting.limit is not None:
            target.limit(setting.limit)

    def can(self, what: Can) -> bool:
        """Can the target do this?"""
        return what in self.target.cans

    def do(self, event: Event) -> Event:
        """Make a call, and hold its answer against the model; `Deviates` if nothing explains it.

        Inconclusive where more may have happened than can be followed, or than can be in `SECONDS`.
        """
        if thread_time() - self._began > SECONDS:
            raise Inconclusive(f"event {len(self.events) + 1}: to follow it until here took more than {SECONDS:g} s")
        self._counts(event)
        event = self.made(event)
        found = self.oracle.saw(event)
        if found is not None:
            raise self.deviates(found)
        self.seen.update(map(hash, self.oracle.states))
        return event

    @property
    def free(self) -> int | None:
        """How many octets of memory are left, where there is a limit; it deviates if more are in use than that."""
        limit = self.setting.limit
        if limit is None:
            return None
        used = self.memory()
        if used > limit:
            self._fails(Event(Do.SETTLE), f"{used} octets are in use, of {limit} at most", "memory beyond the limit")
        return limit - used

    def _counts(self, event: Event) -> None:
        """Where memory is limited, count what is left before a call that asks for what the model knows the size of.

        Where something is under way, more may be left when it comes to that.
        """
        if self.setting.limit is not None:
            rests = bool(self.events) and self.events[-1].do == Do.SETTLE
            free = self.free
            self.oracle.knows(free if rests and event.do in SIZED else None)

    def deviates(self, found: Deviation) -> Deviates:
        """What nothing explains, with all that was done before it."""
        events = tuple(self.events[: found.number])
        return Deviates(Failure(events, _sentence(found), self._kind(found), found.allowed, found.rules))

    def made(self, event: Event) -> Event:
        """Make a call: the event with its answer, whatever that is; `Deviates` if it cannot be one of any socket's."""
        try:
            event = self._made(event)
        except (Restless, Inconclusive):
            raise  # ours, and no fault of the target
        except TargetFault as fault:
            self._fails(event, str(fault), f"fault at {event.do.value}")
        except Refused as refused:
            self._fails(event, f"{call(event)} was answered with {refused.said.value}", f"refused {event.do.value}")
        except Exception as error:  # noqa: BLE001 - whatever a target raises that no target may
            self._fails(event, f"{call(event)} raised {type(error).__name__}: {error}", f"raised at {event.do.value}")
        self.events.append(event)
        self._keeps_books(event)
        return event

    def _fails(self, event: Event, what: str, kind: str) -> NoReturn:
        raise Deviates(Failure((*self.events, event), what, f"{kind} {self._named(event)}".rstrip()))

    def _named(self, event: Event) -> str:
        return self.kinds[event.socket] if 0 <= event.socket < len(self.kinds) else event.name

    def _kind(self, found: Deviation) -> str:
        """What was asked and answered, without what is different in every program."""
        answers = sorted({one if one.isupper() else "a part" for one in found.allowed})
        event = found.event
        part = event.do == Do.RECEIVE and event.answer == "ok"
        said = ("another part" if "a part" in answers else "a part") if part else event.answer
        if event.do == Do.SEND:
            answers = list(found.allowed)
        return f"{event.do.value} {self._named(event)}: {said}, not {' or '.join(answers) or 'possible'}"

    def _made(self, event: Event) -> Event:
        """Make the call on the target; the event with its answer."""
        said: Said | None = None
        match event.do:
            case Do.CREATE:
                event = self._create(event)
            case Do.RECEIVE:
                event = self._receive(event)
            case Do.BIND:
                event = self._bound(event)
            case Do.SETTLE if any(map(network_calls.restless, self.oracle.states)):
                raise Restless
            case _:
                said = call_on(self.target, event, self._where)
        if said is not None and event.do in DISCONNECTING and said is not Said.OK:
            raise TargetFault(f"{call(event)} was answered with {said.value}")
        return event if said is None else with_answer(event, said.value)

    def _create(self, event: Event) -> Event:
        """Make a socket; the event with those options that the target knows, since of the others nothing is asked."""
        options = {**SWIFT, **dict(event.options)}
        try:
            number = self.target.create(event.name, options)
        except Refused as refused:
            if refused.said is Said.NO_MEMORY:
                return with_answer(event, refused.said.value)
            number = self.target.create(event.name)
            answers = {name: self.target.option(number, name, value) for name, value in options.items()}
            unknown = {name for name, said in answers.items() if said in (Said.INVALID, Said.UNSUPPORTED)}
            self.unasked |= unknown - SWIFT.keys()
            event = replace(event, options=tuple(one for one in event.options if one[0] not in unknown))
        if number != event.socket:
            raise TargetFault(f"socket number {number} was made, and {event.socket} is next")
        return event

    def _bound(self, event: Event) -> Event:
        """Listen; the event with its answer, which may be that there is no memory."""
        try:
            call_on(self.target, event, self._where)
        except Refused as refused:
            if refused.said is not Said.NO_MEMORY:
                raise
            return with_answer(event, refused.said.value)
        return event

    def _receive(self, event: Event) -> Event:
        """Ask for a part: what must come is waited for."""
        must = bool(event.count) or (not self.can(Can.SETTLE) and self.must_come(event))
        if event.count:
            got: Received = self.target.receive(event.socket, event.count)
            return with_answer(replace(event, waited=True), got.said.value, got.part, got.more)
        got = self.target.receive(event.socket, SLICE if must else 0)
        for _ in range(WAIT // SLICE if must else 0):
            if got.said is not Said.AGAIN:
                break
            # A library may do its work only inside of calls, on the other sockets too.
            self.serve()
            got = self.target.receive(event.socket, SLICE)
        if got.said is not Said.OK:
            return replace(event, answer=got.said.value, part=b"", more=False, waited=must)
        return replace(event, answer="ok", part=got.part, more=got.more)

    def must_come(self, event: Event) -> bool:
        """Is there something to be received for sure, if everything has happened that can?"""
        return "EAGAIN" not in self.oracle.settled_copy().may(event)

    def _keeps_books(self, event: Event) -> None:
        match event.do:
            case Do.CREATE if event.answer == "ok":
                self.kinds.append(event.name)
                self.alive.append(event.socket)
            case Do.BIND if event.answer == "ok":
                self.listens[event.endpoint] = event.socket
            case Do.UNBIND:
                self.listens[event.endpoint] = None
            case Do.CONNECT if event.answer == "ok":
                self.links.append((event.socket, event.endpoint))
            case Do.DISCONNECT:
                self.links.remove((event.socket, event.endpoint))
            case Do.CLOSE:
                self.alive.remove(event.socket)
                self.links = [link for link in self.links if link[0] != event.socket]
                self.listens.update({at: None for at, number in self.listens.items() if number == event.socket})
            case _:
                pass

    # --- several calls

    def settle(self) -> None:
        """Have everything happen that is under way, if the target can say when it has; and count the memory."""
        if self.can(Can.SETTLE):
            if not self.events or self.events[-1].do != Do.SETTLE:
                self.do(Event(Do.SETTLE))
        else:
            self.serve()
        self.memory()

    def memory(self) -> int:
        """How many octets are in use, where the target can say; it deviates if they do not add up."""
        if not self.can(Can.MEMORY):
            return 0
        try:
            return self.target.memory()
        except TargetFault as fault:
            self._fails(Event(Do.SETTLE), str(fault), "memory")

    def serve(self) -> None:
        """Call every socket, where the target can be asked to."""
        if self.can(Can.PEERS) and self.alive:
            self.target.peers(self.alive[0], 0, 0)

    def meet(self, *sockets: int) -> None:
        """Wait until each of the sockets has all peers that it can have."""
        if self.can(Can.SETTLE):
            self.settle()
        elif self.can(Can.PEERS):
            for socket in sockets:
                states = self.oracle.settled_copy().states
                count = min(network_calls.peers_of(state, socket) for state in states)
                if count:
                    self.do(Event(Do.PEERS, socket, count=count))

    def drain(self, socket: int, most: int = 1000) -> None:
        """Receive until nothing comes; a bound, since what comes without end has been a deviation long before."""
        for _ in range(most):
            if self.do(Event(Do.RECEIVE, socket)).answer != "ok":
                return

    def narrow(self) -> None:
        """Receive what there is, socket by socket, as long as more than `WIDE` states explain what was seen.

        What a receiver has got says which of its messages a full pipe took: for each of several receivers that is
        another question, and all answers together are more than can be followed. Of whom least is known comes first.
        """
        left = [socket for socket in self.alive if PATTERNS[self.kinds[socket]].receives]
        while left and len(self.oracle.states) > WIDE:
            self.settle()
            socket = max(left, key=lambda one: network_calls.ways(self.oracle.states, one))
            left.remove(socket)
            self.drain(socket)

    def message(self, socket: int, most: int = 1000) -> list[bytes]:
        """Receive one message, or what is left of one; no part, if there is none."""
        parts: list[bytes] = []
        for _ in range(most):
            got = self.do(Event(Do.RECEIVE, socket))
            if got.answer == "ok":
                parts.append(got.part)
            if got.answer != "ok" or not got.more:
                break
        return parts

    def finish(self) -> None:
        """Receive all that is left, close all sockets, and look whether memory is left over."""
        self.settle()
        for socket in list(self.alive):
            self.drain(socket)
            self.settle()
        for socket in list(self.alive):
            self.do(Event(Do.CLOSE, socket))
        left = self.memory()
        if left:
            what = f"all sockets are closed, and {left} octets are in use"
            raise Deviates(Failure((*self.events, Event(Do.SETTLE)), what, "memory after all was closed"))


def _sentence(found: Deviation) -> str:
    allowed = " or ".join(found.allowed) or "nothing at all"
    return f"{line(found.event)}, and the model allows {allowed}"
