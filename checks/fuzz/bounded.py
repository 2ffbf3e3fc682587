"""A bounded model of two or three sockets, and its graph: every state that there is, and every call in each of them.

A place of the graph is what the oracle knows when nothing is under way: all states that explain what was seen. Where
the model has several outcomes that differ in what is answered, each leads to a place of its own; where they do not,
they are in one. A place also says who dropped a message and has sent nothing since: an implementation may have kept
something of it there.

Parts are named by the smallest number that no other part has, sessions by their order, and a socket that takes the
place of a closed one has its number, so that what comes to the same is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from enomem.model.patterns import PATTERNS
from enomem.model.patterns.pattern import PAIRS
from enomem.model.systems import network_calls as calls
from enomem.model.systems.network import NOTHING, Network, Setting, Socket
from enomem.model.systems.network_names import canonical
from enomem.model.systems.network_wires import TooMany

from ..errors import Inconclusive
from ..oracle.events import Do, Event
from ..oracle.oracle import fits, outcomes
from ..targets.target import Can
from .bounded_calls import WOUND, Bounds, begins, dropped, possible

WIDEST = 64
"""So many states a place has at most."""
Edge = tuple[tuple[Event, ...], int]
Place = tuple[frozenset[int], int]


@dataclass
class Graph:
    """The places of a bounded model by number, 0 the first; ``edges[n]``: each call there, as it is answered, and where
    it leads.

    A call may be several events. ``beyond``: outcomes that are left out, since somebody is refused again and again
    there, so that nothing is ever over, more may be than is followed, or a pipe has left the end of its chunk.
    """

    bounds: Bounds
    start: tuple[Event, ...]
    edges: list[list[Edge]] = field(default_factory=list)
    beyond: int = 0

    @property
    def transitions(self) -> int:
        """How many answered calls there are in all places together."""
        return sum(map(len, self.edges))


def pairs() -> list[tuple[str, str]]:
    """All pairs of types that may talk, each with either of them listening."""
    return [(kind, other) for kind in PATTERNS for other in sorted(PAIRS[kind])]


def graph(bounds: Bounds, setting: Setting, cans: frozenset[Can], most: int = 100_000) -> Graph:
    """All that can be reached, breadth first; Inconclusive if that is more than ``most`` places."""
    found = Graph(bounds, begins(bounds))
    states = _States(bounds.edge)
    first: tuple[int, ...] = (states.number(_begun(found.start, setting)),)
    if BEYOND in first:
        raise Inconclusive(f"{bounds}: somebody is refused again and again from the beginning")
    known: dict[Place, int] = {(frozenset(first), NOTHING): 0}
    queue: list[tuple[tuple[int, ...], int]] = [(first, NOTHING)]
    for here, last in queue:
        edges: list[Edge] = []
        for call in possible([states.all[number] for number in here], bounds, cans):
            after: dict[tuple[Event, ...], dict[int, None]] = {}
            for number in here:
                for events, ends in states.done(number, call).items():
                    after.setdefault(events, {}).update(dict.fromkeys(ends))
            for events, some in after.items():
                if len(some) > WIDEST or BEYOND in some:
                    found.beyond += 1
                    continue
                place = (frozenset(some), _last(last, events))
                if place not in known:
                    if len(known) >= most:
                        raise Inconclusive(f"{bounds}: more than {most} states")
                    known[place] = len(known)
                    queue.append((tuple(some), place[1]))
                edges.append((events, known[place]))
        found.edges.append(edges)
    return found


def _begun(start: Sequence[Event], setting: Setting) -> Network:
    """The state in which programs begin."""
    state = calls.make(setting)
    for event in start:
        state = next(after for answered, after in _answers(state, event) if answered == event)
    return state


BEYOND = -1
"""The number of what is left out."""


class _States:
    """All states by their numbers, so that what comes of a call in each of them is asked once."""

    def __init__(self, edge: bool) -> None:
        self.edge = edge
        self.all: list[Network] = []
        self._numbers: dict[Network, int] = {}
        self._done: dict[tuple[int, tuple[Event, ...]], dict[tuple[Event, ...], list[int]]] = {}

    def number(self, state: Network) -> int:
        """The number of a state."""
        state = told_apart(state, self.edge)
        number = self._numbers.setdefault(state, len(self.all))
        if number == len(self.all):
            if _beyond(state):
                self._numbers[state] = BEYOND
                return BEYOND
            self.all.append(state)
        return number

    def done(self, number: int, call: tuple[Event, ...]) -> dict[tuple[Event, ...], list[int]]:
        """A call made in a state: with each answer that it may have, all that there may be when it is over."""
        key = number, call
        if key not in self._done:
            self._done[key] = {
                events: list(dict.fromkeys(map(self.number, after))) if after else [BEYOND]
                for events, after in _done(self.all[number], call)
            }
        return self._done[key]


def _last(last: int, events: Sequence[Event]) -> int:
    """Who dropped a message and has sent nothing since, if anybody did."""
    for event in events:
        if dropped(event):
            last = event.socket
        elif event.socket == last and (event.do == Do.CLOSE or (event.do == Do.SEND and event.answer == "ok")):
            last = NOTHING
    return last


def _beyond(state: Network) -> bool:
    """Is it left out, as `Graph.beyond` says?"""
    fronts = [session.pipe.front for socket in state.sockets for session in socket.sessions]
    return calls.restless(state) or any(PAST <= front < WOUND for front in fronts)


PAST = 4
"""So many parts behind the end of a chunk nothing new is to be seen."""


def _done(state: Network, call: tuple[Event, ...]) -> Iterator[tuple[tuple[Event, ...], list[Network]]]:
    """A call made in a state: with each answer that it may have, and all that there may be when it is over.

    Nothing at all, where more may be than can be followed.
    """
    found: list[tuple[tuple[Event, ...], list[Network]]] = [((), [state])]
    for event in (*call, Event(Do.SETTLE)):
        after: dict[tuple[Event, ...], list[Network]] = {}
        for events, some in found:
            try:
                for answered, end in (one for before in some for one in _answers(before, event)):
                    after.setdefault((*events, answered), []).append(end)
            except TooMany:
                after[(*events, event)] = []
        found = [(events, list(dict.fromkeys(some))) for events, some in after.items()]
    yield from found


def _answers(state: Network, event: Event) -> Iterator[tuple[Event, Network]]:
    if event.do == Do.CREATE:
        yield from _created(state, event)
        return
    for outcome in outcomes(state, event):
        answered = replace(event, answer=outcome.answer)
        if event.do == Do.RECEIVE and outcome.answer == "ok":
            answered = replace(answered, part=outcome.part or b"", more=outcome.more)
        after = fits(outcome, answered)
        if after is not None:
            yield answered, after


def _created(state: Network, event: Event) -> Iterator[tuple[Event, Network]]:
    """A socket is made, in the place of the closed one of its number, if there is one."""
    for outcome in calls.created(state, event.name, dict(event.options)):
        after = outcome.network
        if outcome.answer == "ok" and event.socket < len(state.sockets):
            *others, made = after.sockets
            others[event.socket] = made
            after = replace(after, sockets=tuple(others))
        yield replace(event, answer=outcome.answer), after


def told_apart(state: Network, edge: bool = False) -> Network:
    """The state with what no call can tell apart forgotten: names of sessions, and which rules fired.

    Where in a chunk a pipe begins is told apart only at the ``edge`` of one (PIPE-4).
    """
    sockets = state.sockets if edge else tuple(map(_from_the_first_slot, state.sockets))
    return canonical(replace(state, sockets=sockets, fired=frozenset()))


def _from_the_first_slot(socket: Socket) -> Socket:
    return replace(socket, sessions=tuple(replace(one, pipe=replace(one.pipe, front=0)) for one in socket.sessions))
