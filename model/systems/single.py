"""The closed system of a socket that gives each message to one pipe: ROUTER, REQ, REP, DEALER, PUSH, PAIR.

What the application sends, whom it is for, what peers send, who comes and goes and which allocation is refused is the
environment's choice, and part of an action. The way from the pipe to the peer is one step here; ``model/system.py``
has what can happen on it.
"""

from dataclasses import replace

from .. import send as sends
from ..application import Application
from ..memory import Pool, Site
from ..pipe import Pipe
from ..send import Phase, Send
from . import peers, sending, watching
from .closed import Action, Kind, State, Step, System
from .sending import finished


def initial(system: System) -> State:
    """All peers are there, and nothing is sent."""
    inner = system.pattern.initial()
    for count in range(system.pipes):
        inner = watching.turned(system, system.pattern.attached(inner, count).state, 0)
    pipes = (Pipe(),) * system.pipes
    return State(Pool(system.memory, 0), Send(), pipes, system.pipes, inner, Application(), watching.start(system))


def actions(system: System) -> tuple[Action, ...]:
    """Everything that could happen in some state, the environment's choices included."""
    named = range(-1, system.pipes) if system.pattern.routes else (-1,)
    asks: tuple[Site | None, ...] = (None, Site.RESERVATION) if system.policy.reserves else (None,)
    turns = range(1 if system.pattern.routes or watching.owes(system) else system.pipes)
    found = [Action(Kind.BEGIN, refuse=refuse, to=to, turn=turn) for refuse in asks for to in named for turn in turns]
    found += [Action(Kind.PART, refuse=refuse) for refuse in (None, Site.BODY, Site.SLOT)]
    if system.policy.reserves:
        found.append(Action(Kind.SERVE))
    found.append(Action(Kind.FRAME))
    found += [Action(Kind.DELIVER, place) for place in range(system.pipes)]
    found += [Action(Kind.OFFER, place, shape=n) for place in range(system.pipes) for n in range(len(system.shapes))]
    if system.shapes:
        found.append(Action(Kind.TAKE))
    found.append(Action(Kind.ATTACH))
    if system.pattern.routes:
        found.append(Action(Kind.ATTACH, again=True))
    found += [Action(Kind.DETACH, place) for place in range(system.pipes)]
    return tuple(found)


def step(system: System, state: State, action: Action) -> Step | None:
    """What ``action`` does in ``state``, or None if it cannot happen there."""
    found = _step(system, state, action)
    if found is None or found.state.inner is state.inner:
        return found
    return replace(found, state=replace(found.state, inner=watching.turned(system, found.state.inner, 0)))


def _step(system: System, state: State, action: Action) -> Step | None:
    match action.kind:
        case Kind.BEGIN:
            return sending.begin(system, state, action)
        case Kind.PART:
            return sending.part(system, state, action)
        case Kind.SERVE:
            return sending.serve(system, state)
        case Kind.FRAME:
            return sending.frame(system, state)
        case Kind.DELIVER:
            return peers.deliver(system, state, action)
        case Kind.ATTACH:
            return peers.attach(system, state, action)
        case Kind.DETACH:
            return peers.detach(system, state, action)
        case Kind.OFFER:
            return peers.offer(system, state, action)
        case Kind.TAKE:
            return peers.take(system, state)


def held(system: System, state: State) -> int:
    """How many units the socket holds."""
    return sum(sends.held(system.sizes, Send(), pipe) for pipe in state.pipes) + state.send.reserved


def at_rest(system: System, state: State) -> object:
    """Has the application sent all, and has every message left its pipe?"""
    return finished(system, state) and not state.app.abort and all(pipe.messages == 0 for pipe in state.pipes)


def pending(system: System, state: State) -> object:
    """Is anything to be delivered, or to be sent to somebody who is there by an application that may send?"""
    if any(pipe.messages > 0 for pipe in state.pipes):
        return True
    if finished(system, state):
        return False
    if state.current != -1 or state.send.phase != Phase.IDLE:
        return True
    return state.count > 0 and system.pattern.may_send(state.inner) is None
