"""The sending half of a socket that gives each message to one pipe: the calls of its application.

As in a running socket: the pattern is asked where a message goes, its parts go to that pipe through the send machine,
the library's first, and the pattern is told whether the message was committed or dropped.
"""

from dataclasses import replace
from typing import Any

from .. import pipe as pipes
from .. import send as sends
from ..application import Application, Recovery, answered, following, must_abort, recovered
from ..patterns.pattern import Begin, Way
from ..pipe import Pipe
from ..rules import Rule
from ..send import Answer, Phase, Sent
from ..step import Do, Effect
from . import watching
from .closed import UNCHOSEN, Action, State, Step, System


def finished(system: System, state: State) -> bool:
    """Has the application sent all that it wanted to send?"""
    return state.app.message > system.messages


def begin(system: System, state: State, action: Action) -> Step | None:
    """The application sends a part while no message is begun: the pattern says where the message goes."""
    app, pattern = state.app, system.pattern
    if finished(system, state) or app.abort or state.current != -1 or state.send.phase != Phase.IDLE:
        return None
    to: int | None = None
    if pattern.routes:
        to = action.to
        if to >= state.count:
            return None
        if app.part == 0:
            if state.target == UNCHOSEN:
                state = replace(state, target=to)
            elif state.target != to:
                return None
    last = app.part == system.parts - 1
    inner = watching.turned(system, state.inner, action.turn)
    found: Begin[Any] = pattern.begin(inner, state.count, lambda place: _free(system, state, place), to, last)
    if found.way == Way.PIPE and found.pipe >= state.count:
        raise IndexError("a message was begun to a pipe that is not there")
    if found.way == Way.PIPE and system.policy.reserves:
        return _reserve(system, state, action, found)
    if action.refuse is not None:
        return None
    match found.way:
        case Way.PIPE:
            begun = replace(state, inner=found.state, current=found.pipe, lead=found.lead)
            if not found.address:
                return Step((found.rule,), begun, way=found.way)
            after = replace(begun, send=sends.begun(state.send), app=replace(app, part=app.part + 1))
            return Step((found.rule,), after, Answer.OK, found.way)
        case Way.SWALLOW:
            return _swallow(system, state, found, bool(last))
        case Way.UNREACHABLE:
            return Step((found.rule,), _gave_up(system, state, following(app, system.numbered)), way=found.way)
        case _:
            return Step((found.rule,), replace(state, inner=found.state), way=found.way)


def _free(system: System, state: State, place: int) -> bool:
    return not pipes.full(state.pipes[place], system.queue)


def _swallow(system: System, state: State, found: Begin[Any], last: bool) -> Step:
    """Nobody gets the message, and its parts are answered OK."""
    app = answered(state.app, system.recovery, Answer.OK, last, system.numbered)
    seen = watching.swallowed(system, state.seen, state.app.part == 0)
    after = replace(state, inner=found.state, app=app, seen=seen)
    if last:
        after = replace(after, target=UNCHOSEN, seen=replace(seen, nowhere=False, owed=False))
    else:
        after = replace(after, send=sends.swallowing(state.send))
    nowhere = bool(seen.nowhere)
    return Step((found.rule,), after, Answer.OK, found.way, completed=last and not nowhere)


def _reserve(system: System, state: State, action: Action, found: Begin[Any]) -> Step | None:
    """Before a message begins in its pipe, its memory is asked for, as a whole."""
    place = found.pipe
    sent = sends.reserve(
        system.sizes, state.pool, state.send, state.pipes[place], system.queue, system.unit, 0, action.refuse
    )
    if _not_asked(action, sent):
        return None
    if sent.answer == Answer.NO_MEMORY:
        after = replace(state, inner=system.pattern.dropped(found.state))
        return _refused(system, after, (found.rule, *sent.rules), sent)
    begun = replace(state, inner=found.state, current=place, lead=found.lead, send=sent.send, pool=sent.pool)
    rules = (found.rule, *sent.rules)
    if found.address and sent.answer == Answer.OK:
        begun = replace(begun, app=replace(state.app, part=state.app.part + 1))
    return Step(rules, begun, sent.answer, found.way)


def serve(system: System, state: State) -> Step | None:
    """The socket waits for its reservation, and gets it if the pool has it."""
    if state.send.phase != Phase.WAITING or state.current == -1:
        return None
    pipe = state.pipes[state.current]
    sent = sends.serve(system.sizes, state.pool, state.send, pipe, system.unit)
    if sent.answer == Answer.WAIT:
        return None
    after = replace(state, send=sent.send, pool=sent.pool)
    if system.pattern.routes:
        # What was waiting is the call that sent the address.
        after = replace(after, app=replace(state.app, part=state.app.part + 1))
    return Step(sent.rules, after, sent.answer)


def part(system: System, state: State, action: Action) -> Step | None:
    """The next part of a message that is begun, or that goes nowhere, goes through the send machine."""
    app = state.app
    if app.abort:
        return _abort(system, state, action)
    if finished(system, state) or state.send.phase == Phase.WAITING:
        return None
    place = watching.agreed(system, state)
    if place == -1 and state.send.phase == Phase.IDLE:
        return None
    pipe = state.pipes[place] if place >= 0 else Pipe()
    leads = bool(state.lead > 0)
    ends = bool(app.part == system.parts - 1)
    last = ends and not leads
    through = sends.send_lead if leads else sends.send_part
    sent = through(system.policy, system.sizes, state.pool, state.send, pipe, system.queue, ends, action.refuse)
    if _not_asked(action, sent):
        return None
    seen, odd, astray = state.seen, None, None
    if sent.wrote:
        seen, odd, astray = watching.wrote(system, state, place, pipe, sent, leads)
    seen = watching.emptied(system, seen, sent.pipe.tail)
    effects = _effects(sent, place)
    after = _put(replace(state, send=sent.send, pool=sent.pool, seen=seen), place, sent.pipe)
    after = _told(system, after, sent, place)
    if sent.answer == Answer.NO_MEMORY:
        return replace(_refused(system, after, sent.rules, sent), effects=effects)
    if leads and sent.answer == Answer.OK:
        return Step(sent.rules, replace(after, lead=state.lead - 1), odd=odd, astray=astray, effects=effects)
    done = last and sent.answer == Answer.OK
    after = replace(after, app=answered(app, system.recovery, sent.answer, last, system.numbered))
    if done:
        after = replace(after, target=UNCHOSEN, seen=replace(after.seen, owed=False, nowhere=False))
    completed = state.seen.nowhere ^ True if done else False
    return Step(sent.rules, after, sent.answer, completed=completed, odd=odd, astray=astray, effects=effects)


def _told(system: System, state: State, sent: Sent, place: int) -> State:
    """The pattern is told what became of the message."""
    if sent.committed:
        seen = watching.committed(system, state.seen, place)
        return replace(state, current=-1, inner=system.pattern.committed(state.inner), seen=seen)
    if place >= 0 and (sent.send.phase == Phase.IDLE or sent.send.phase == Phase.SKIPPING):
        return over(system, state)
    return state


def over(system: System, state: State) -> State:
    """The message that was begun is over, and nothing of it was committed."""
    return replace(state, current=-1, lead=0, inner=system.pattern.dropped(state.inner))


def _refused(system: System, state: State, rules: tuple[Rule, ...], sent: Sent) -> Step:
    """The application is told ENOMEM, and recovers."""
    after = _recovering(system, replace(state, seen=replace(state.seen, owed=system.numbered)))
    return Step(rules, after, Answer.NO_MEMORY, refused=sent.refused)


def _recovering(system: System, state: State) -> State:
    app = recovered(state.app, system.recovery, system.numbered)
    if system.recovery == Recovery.NEXT:
        return _gave_up(system, state, app)
    return replace(state, app=app)


def _gave_up(system: System, state: State, app: Application) -> State:
    """The application is at another message; what is queued of the last one is no beginning of it, but for the lead."""
    seen = replace(state.seen, nowhere=False)
    if system.labels and any(pipe.tail > system.lead for pipe in state.pipes):
        seen = replace(seen, straight=False)
    return replace(state, app=app, target=UNCHOSEN, seen=seen)


def _effects(sent: Sent, place: int) -> tuple[Effect, ...]:
    effects: tuple[Effect, ...] = ()
    if place < 0:
        return effects
    if sent.wrote:
        effects = (Effect(Do.APPEND, place),)
    if Rule.PIPE_3 in sent.rules:
        effects = (Effect(Do.ROLL_BACK, place, sent.dropped),)
    return (*effects, Effect(Do.COMMIT, place)) if sent.committed else effects


def _put(state: State, place: int, pipe: Pipe) -> State:
    if place < 0:
        return state
    return replace(state, pipes=tuple(pipe if i == place else other for i, other in enumerate(state.pipes)))


def _not_asked(action: Action, sent: Sent) -> bool:
    """The environment refused a site at which this call does not ask: nothing of that kind can happen here."""
    return action.refuse is not None and Rule.MEM_3 not in sent.rules


def _abort(system: System, state: State, action: Action) -> Step | None:
    """The application drops its unfinished message (SEND-11)."""
    if action.refuse is not None:
        return None
    place = watching.agreed(system, state)
    pipe = state.pipes[place] if place >= 0 else Pipe()
    sent = sends.abort(system.sizes, state.pool, state.send, pipe)
    seen = watching.emptied(system, replace(state.seen, nowhere=False), sent.pipe.tail)
    app = replace(state.app, abort=False)
    after = _put(replace(state, send=sent.send, pool=sent.pool, seen=seen, app=app), place, sent.pipe)
    if place >= 0:
        after = over(system, after)
    effects = (Effect(Do.ROLL_BACK, place, sent.dropped),) if place >= 0 else ()
    return Step(sent.rules, after, sent.answer, effects=effects)


def frame(system: System, state: State) -> Step | None:
    """The application's own allocation of a part fails; the socket is not called (SEND-10)."""
    if finished(system, state) or state.send.phase == Phase.WAITING or state.app.abort:
        return None
    after = _recovering(system, replace(state, seen=replace(state.seen, owed=system.numbered)))
    after = replace(after, app=replace(after.app, abort=must_abort(system.recovery)))
    return Step((Rule.SEND_10,), after, Answer.NO_MEMORY)
