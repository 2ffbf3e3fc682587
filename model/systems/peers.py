"""The peers of a closed system of one socket: they come and go, get messages, and send some."""

from dataclasses import replace

from .. import link
from .. import send as sends
from ..pipe import Pipe
from ..rules import Rule
from ..send import Answer, Phase, Send
from ..step import Do, Effect
from . import watching
from .closed import NOBODY, Action, State, Step, System


def deliver(system: System, state: State, action: Action) -> Step | None:
    """The oldest message in a pipe reaches its peer, by the link, the wire and the peer's queue at once."""
    place = action.place
    pipe = state.pipes[place]
    if place >= state.count or pipe.messages == 0:
        return None
    queue = state.seen.queues[place]
    odd = queue.odd[0] if queue.odd else 0
    size = odd if odd > 0 else system.unit
    after, pool = link.begin(system.sizes, state.pool, pipe, size)
    pool = link.written(pool, system.sizes.part * size)
    moved = replace(_put(state, place, after), pool=pool, seen=watching.shifted(state.seen, place))
    astray = queue.astray[0] if queue.astray else False
    effects = (Effect(Do.BEGIN, place), Effect(Do.ARRIVE, place), Effect(Do.DELIVER, place))
    rules = (Rule.LINK_1, Rule.PIPE_5, Rule.LINK_5, Rule.MEM_4)
    return Step(rules, moved, odd=odd, astray=astray, effects=effects)


def _put(state: State, place: int, pipe: Pipe) -> State:
    return replace(state, pipes=tuple(pipe if i == place else other for i, other in enumerate(state.pipes)))


def attach(system: System, state: State, action: Action) -> Step | None:
    """A peer comes; perhaps the one that the message was for and that was gone."""
    if state.count >= system.pipes or (action.again and state.target != NOBODY):
        return None
    attached = system.pattern.attached(state.inner, state.count)
    if not attached.accepted:
        return None if action.again else Step((attached.rule,), replace(state, inner=attached.state))
    target = state.count if action.again else state.target
    after = replace(state, inner=attached.state, count=state.count + 1, target=target)
    return Step((attached.rule,), after)


def detach(system: System, state: State, action: Action) -> Step | None:
    """A peer goes for good, and its pipe with all that it held (PIPE-7); those behind it move up."""
    place = action.place
    if place >= state.count:
        return None
    cut = watching.agreed(system, state) == place
    sent = sends.peer_gone(system.sizes, state.pool, state.send if cut else Send(), state.pipes[place])
    seen = watching.left(state.seen, place)
    after = replace(
        state,
        pool=sent.pool,
        pipes=(*state.pipes[:place], *state.pipes[place + 1 :], sent.pipe),
        count=state.count - 1,
        inner=system.pattern.detached(state.inner, place),
        current=watching.moved_down(state.current, place),
        target=watching.moved_down(state.target, place) if state.target >= 0 else state.target,
        seen=seen,
    )
    if cut:
        # Who waits for memory waits for nothing any more, and looks for another pipe.
        now = Send() if sent.send.phase == Phase.WAITING else sent.send
        after = replace(after, send=now, lead=0, seen=watching.emptied(system, seen, sent.pipe.tail))
    lost = system.pattern.unanswerable(after.inner)
    told = () if lost is None else (lost,)
    return Step((system.pattern.leaves, *sent.rules, *told), after, effects=(Effect(Do.DROP_PIPE, place),))


def offer(system: System, state: State, action: Action) -> Step | None:
    """A message comes from a peer, and the socket looks for one: the pattern delivers it or not."""
    place = action.place
    if place >= state.count or state.taking or system.pattern.may_receive(state.inner) is not None:
        return None
    found = system.pattern.choose(state.inner, state.count, lambda other: other == place)
    if found < 0:
        return None
    offered = system.pattern.offered(state.inner, found, system.shapes[action.shape])
    if not offered.deliver:
        return Step((offered.rule,), replace(state, inner=offered.state), delivered=-1)
    seen = watching.delivered(system, state.seen, place)
    return Step((offered.rule,), replace(state, inner=offered.state, taking=True, seen=seen), delivered=offered.skip)


def take(system: System, state: State) -> Step | None:
    """The application takes the last part of what was delivered."""
    if not state.taking:
        return None
    after = replace(state, inner=system.pattern.taken(state.inner), taking=False)
    return Step((system.pattern.takes,), after, Answer.OK)
