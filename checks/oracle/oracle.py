"""The set of all states of the model that explain what was seen so far; an empty set is a deviation.

It decides nothing about sockets: what may come of a call is what ``model/systems/network_calls.py`` says, and here it
is held against the answer. Where an implementation may choose, or nobody could see what happened, the set keeps all
that fits. It stays small: what came to the same is one state, and what nothing has shown yet has not happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from enomem.model.rules import Rule
from enomem.model.systems import network_calls as calls
from enomem.model.systems.network import Network, Outcome, Setting
from enomem.model.systems.network_requests import RequestId
from enomem.model.systems.network_unseen import kept
from enomem.model.systems.network_wires import TooMany

from ..errors import Inconclusive
from .events import Do, Event, line, received

MOST = 1 << 12
"""So many ways in which one event may have come about are looked at; where there are more, nothing can be said."""


@dataclass(frozen=True)
class Deviation:
    """Nothing explains the event number ``number``, counted from 1; ``before``: the states until then.

    ``allowed``: the answers that could have been explained.
    """

    number: int
    event: Event
    before: tuple[Network, ...]
    allowed: tuple[str, ...]
    rules: tuple[Rule, ...] = ()

    def __str__(self) -> str:
        """One sentence."""
        allowed = " or ".join(self.allowed) or "nothing at all"
        return f"event {self.number}, {line(self.event)}: the model allows {allowed}"


class Oracle:
    """All that may be; `saw` takes one event after another.

    ``widest``: the most states that there were. ``looked``: how many outcomes were held against events.
    """

    def __init__(self, setting: Setting) -> None:
        self.states: list[Network] = [calls.make(setting)]
        self.fired: set[Rule] = set()
        self.number = 0
        self.widest = self.looked = 0

    def saw(self, event: Event) -> Deviation | None:
        """Follow an event; a deviation leaves the set as it was.

        Raises `calls.Impossible` for what no run has, and Inconclusive where more may be than can be followed.
        """
        with self._followed():
            kept, answers = self._explained(event)
        self.number += 1
        if not kept:
            rules = dict.fromkeys(rule for found in answers.values() for rule in found[:1])
            return Deviation(self.number, event, tuple(self.states), tuple(answers), tuple(rules))
        self.states = kept
        self.widest = max(self.widest, len(kept))
        for state in self.states:
            self.fired |= state.fired
        return None

    @contextmanager
    def _followed(self) -> Iterator[None]:
        try:
            yield
        except TooMany:
            raise Inconclusive(f"event {self.number + 1}: more may have happened than can be followed") from None

    def knows(self, free: int | None) -> None:
        """So many octets of memory are left as the next call begins; None if that is not known."""
        self.states = [state if state.free == free else replace(state, free=free) for state in self.states]

    def _explained(self, event: Event) -> tuple[list[Network], dict[str, tuple[Rule, ...]]]:
        """The states after an event, and the answers that would have been explained, each with its rules."""
        found: dict[Network, None] = {}
        answers: dict[str, tuple[Rule, ...]] = {}
        for looked, outcome in enumerate(self._outcomes(event)):
            self.looked += 1
            if looked >= MOST:
                raise TooMany
            after = fits(outcome, event)
            if after is not None:
                found[after] = None
                self.fired.update(outcome.rules)
            else:
                answers.setdefault(answer(outcome, event), outcome.rules)
        return kept(found, len(self.states)), answers

    def _outcomes(self, event: Event) -> Iterator[Outcome]:
        for state in before(self._patient(event), event):
            yield from at_once(state, event)

    def _patient(self, event: Event) -> list[Network]:
        """Who waited long enough has seen everything happen that could, and who got something what did until then."""
        if event.waited and event.answer == "EAGAIN":
            return calls.outlasted(self.states, event.count)
        return calls.meanwhile(self.states, event.count) if event.waited and event.count else self.states

    # --- what could be asked next

    def may(self, event: Event) -> set[str]:
        """All answers that could be explained if this was done next; an `answer` each."""
        with self._followed():
            return {answer(outcome, event) for outcome in self._outcomes(event)}

    def settled_copy(self) -> Oracle:
        """This oracle if everything has happened that can."""
        copy = Oracle(self.states[0].setting)
        with self._followed():
            copy.states = kept(calls.settled(self.states))
        copy.number = self.number
        return copy

    @property
    def at_rest(self) -> bool:
        """Does surely no socket hold a part of a message?"""
        return all(calls.at_rest(state) for state in self.states)


def answer(outcome: Outcome, event: Event) -> str:
    """The answer of an outcome as it is printed."""
    if event.do == Do.RECEIVE and outcome.answer == "ok":
        return received(outcome.part, outcome.more)
    return outcome.answer


def fits(outcome: Outcome, event: Event) -> Network | None:
    """The state after an outcome, if the event shows it; None if it shows another."""
    if outcome.answer != event.answer:
        return None
    if event.do != Do.RECEIVE or event.answer != "ok":
        return outcome.network
    if outcome.more != event.more:
        return None
    if outcome.part is None:
        return calls.named(outcome.network, event.socket, outcome.source, event.part)
    if isinstance(outcome.part, RequestId):
        return calls.identified(outcome.network, outcome.part, event.part)
    return outcome.network if outcome.part == event.part else None


def outcomes(state: Network, event: Event) -> Iterator[Outcome]:
    """All that may come of what was done, be it that something happened before it that nobody saw."""
    for one in before([state], event):
        yield from at_once(one, event)


def before(states: Iterable[Network], event: Event) -> Iterable[Network]:
    """All that may have been when it was done: each call of a socket begins with what that socket has learned."""
    match event.do:
        case Do.SETTLE:
            return calls.settled(states)
        case Do.CREATE | Do.BIND | Do.REFUSE | Do.ABORT | Do.PEERS:
            return states
        case Do.SEND:
            return calls.before_send(states, event.socket)
        case Do.RECEIVE:
            return calls.before_receive(states, event.socket)
        case _:
            return calls.before(states, event.socket)


def at_once(state: Network, event: Event) -> Iterator[Outcome]:
    """All that may come of what was done, if nothing happened before it."""
    match event.do:
        case Do.SEND:
            return calls.send(state, event.socket, event.part, event.more)
        case Do.RECEIVE:
            return calls.receive(state, event.socket)
        case Do.ABORT:
            calls.socket_of(state, event.socket)
            return iter((calls.abort(state, event.socket),))
        case Do.OPTION:
            return calls.option(state, event.socket, event.name, event.value)
        case Do.CREATE:
            return _created(state, event)
        case Do.BIND:
            return calls.bind(state, event.socket, event.endpoint)
        case Do.CONNECT:
            return calls.connect(state, event.socket, event.endpoint)
        case _:
            return (Outcome((), event.answer, after) for after in SILENTLY[event.do](state, event))


def _created(state: Network, event: Event) -> Iterator[Outcome]:
    if event.socket != len(state.sockets):
        raise calls.Impossible(f"sockets are numbered in the order in which they are made, and {event.socket} is not")
    return calls.created(state, event.name, dict(event.options))


SILENTLY: dict[Do, Callable[[Network, Event], list[Network]]] = {
    Do.UNBIND: lambda state, event: calls.unbind(state, event.socket, event.endpoint),
    Do.DISCONNECT: lambda state, event: calls.disconnect(state, event.socket, event.endpoint),
    Do.CLOSE: lambda state, event: calls.close(state, event.socket),
    Do.REFUSE: lambda state, event: [calls.refuse(state, event.name, event.count, event.times)],
    Do.PEERS: lambda state, event: calls.met([state], event.socket, event.count),
    Do.SETTLE: lambda state, _: [state],
}


def with_answer(event: Event, said: str, part: bytes = b"", more: bool = False) -> Event:
    """The event with its answer."""
    if event.do == Do.RECEIVE:
        return replace(event, answer=said, part=part, more=more)
    return replace(event, answer=said)
