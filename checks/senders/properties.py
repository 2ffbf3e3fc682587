"""What is asked of the sender's system: the properties of ``spec/properties.md`` as plain Python predicates.

A state property is true of a state; a step property of the state before, the action and what the step returned; an
obligation is something that must not stay open for ever. The same predicates are run on values, on symbols and,
compiled, on arrays. They read what the machines say and restate none of their guards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from enomem.model.memory import Site
from enomem.model.rules import Rule, RuleClass
from enomem.model.send import Answer, Phase
from enomem.model.step import Step
from enomem.model.system import Action, Kind, Sender, State, System, at_rest, finished, held

StateProperty = Callable[[System, State], object]
StepProperty = Callable[[System, State, Action, Step[State]], object]


def whole(_: System, before: State, action: Action, step: Step[State]) -> object:
    """SAFE-WHOLE: what an application receives is exactly one message that an application sent."""
    if action.kind == Kind.RECEIVE:
        return step.unit == 0
    return not step.state.senders[action.sender].history.corrupt


def once(_: System, before: State, action: Action, __: Step[State]) -> object:
    """SAFE-ONCE: no message arrives twice in succession."""
    sender = before.senders[action.sender]
    return action.kind != Kind.ARRIVE or sender.link.flight != sender.history.arrived


def order(_: System, before: State, action: Action, __: Step[State]) -> object:
    """SAFE-ORDER: no message arrives after one that was committed later."""
    sender = before.senders[action.sender]
    return action.kind != Kind.ARRIVE or sender.link.flight >= sender.history.arrived


def clean(_: System, __: State, action: Action, step: Step[State]) -> object:
    """SAFE-CLEAN: after the socket said ENOMEM its send state is as if the message had never been begun."""
    if action.kind != Kind.CALL or step.answer != Answer.NO_MEMORY:
        return True
    after = step.state.senders[action.sender]
    return after.send.phase == Phase.IDLE and after.pipe.tail == 0 and after.send.reserved == 0 and after.place == 0


def next_message(_: System, before: State, action: Action, step: Step[State]) -> object:
    """SAFE-NEXT: the first message that is completed after ENOMEM is committed, whole."""
    if not before.senders[action.sender].history.owed or action.kind != Kind.CALL:
        return True
    if step.completed:
        return step.unit is not None and step.unit == 0
    return True


def isolate(_: System, before: State, action: Action, step: Step[State]) -> object:
    """SAFE-ISOLATE: a failure of one socket's allocation changes no other socket."""
    if all(rule.kind != RuleClass.OOM for rule in step.rules):
        return True
    pairs = zip(before.senders, step.state.senders, strict=True)
    return all(old == new for i, (old, new) in enumerate(pairs) if i != action.sender)


def commit(_: System, __: State, action: Action, step: Step[State]) -> object:
    """SAFE-COMMIT: nobody asks for memory in order to commit, so it cannot be refused there."""
    return step.refused != Site.COMMIT and action.refuse != Site.COMMIT


def answer(_: System, __: State, action: Action, step: Step[State]) -> object:
    """SAFE-ANSWER: ENOMEM says that memory was refused, and nothing else does; nor do EAGAIN and ECONNRESET lie."""
    if action.kind not in (Kind.CALL, Kind.FRAME):
        return True
    return (
        (step.answer == Answer.NO_MEMORY) == (step.refused is not None)
        and (step.answer == Answer.FULL) == (Rule.PIPE_6 in step.rules)
        and (step.answer == Answer.GONE) == (Rule.SEND_12 in step.rules)
    )


def queues(sys: System, sender: Sender) -> object:
    """SAFE-QUEUE: no queue holds more messages than its bound."""
    return sender.pipe.messages <= sys.queue and sender.inbox.messages <= sys.inbox


def loud(sys: System, sender: Sender) -> object:
    """SAFE-LOUD: every completed message was committed, and is on its way, delivered or visibly lost."""
    seen = sender.history
    flying = 1 if sender.link.flight > 0 else 0
    known = sender.pipe.messages + flying + sender.inbox.messages + seen.delivered + seen.lost
    return not sys.numbered or (seen.accepted == seen.commits and seen.commits == known)


def conserve(sys: System, state: State) -> object:
    """SAFE-CONSERVE, first half: the memory in use is the sum of what is held."""
    return state.pool.used == state.others + sum(held(sys, sender) for sender in state.senders)


def nothing_at_rest(sys: System, state: State) -> object:
    """SAFE-CONSERVE, second half: at rest, nothing is held."""
    return state.pool.used == state.others if at_rest(sys, state) else True


def bound(_: System, state: State) -> object:
    """SAFE-BOUND: the memory in use is never more than the limit, and never less than nothing."""
    return state.pool.used >= 0 and state.pool.used <= state.pool.limit


def wants(sys: System, sender: Sender) -> object:
    """Obligation: the application has a message that it still wants to send or to finish."""
    return not finished(sys, sender)


def undelivered(_: System, sender: Sender) -> object:
    """Obligation: a committed message is not yet delivered."""
    return sender.pipe.messages > 0 or sender.link.flight > 0 or sender.inbox.messages > 0


def pending(sys: System, state: State) -> object:
    """Is any obligation open whose meeting must not wait for somebody else for ever?

    Where senders that are not looked into share the pool, the question is put to any one sender: if it holds memory,
    or if it wants something and nobody else holds any, it must be able to move. Whoever waits for memory then waits for
    a sender that can move, so that together this rules a deadlock out for any number of senders.
    """
    if sys.others:
        if any(held(sys, sender) > 0 for sender in state.senders):
            return True
        if state.others > 0:
            return False
    return any(wants(sys, sender) or undelivered(sys, sender) for sender in state.senders)


STATE_PROPERTIES: Mapping[str, tuple[StateProperty, ...]] = {
    "SAFE-CONSERVE": (conserve, nothing_at_rest),
    "SAFE-BOUND": (bound,),
}
SENDER_PROPERTIES: Mapping[str, Callable[[System, Sender], object]] = {"SAFE-LOUD": loud, "SAFE-QUEUE": queues}
STEP_PROPERTIES: Mapping[str, StepProperty] = {
    "SAFE-WHOLE": whole,
    "SAFE-ONCE": once,
    "SAFE-ORDER": order,
    "SAFE-CLEAN": clean,
    "SAFE-NEXT": next_message,
    "SAFE-ANSWER": answer,
    "SAFE-ISOLATE": isolate,
    "SAFE-COMMIT": commit,
}
TOTAL, DEADLOCK, PROGRESS, EACH = "SAFE-TOTAL", "LIVE-DEADLOCK", "LIVE-PROGRESS", "LIVE-EACH"
PROPERTIES: tuple[str, ...] = (
    "SAFE-WHOLE", "SAFE-ONCE", "SAFE-ORDER", "SAFE-CLEAN", "SAFE-NEXT", "SAFE-LOUD", "SAFE-ANSWER", "SAFE-CONSERVE",
    "SAFE-BOUND", "SAFE-QUEUE", "SAFE-ISOLATE", "SAFE-COMMIT", TOTAL, DEADLOCK, PROGRESS, EACH,
)  # fmt: skip
LIVENESS = (PROGRESS, EACH)


@dataclass(frozen=True)
class Goal:
    """An obligation as the liveness check sees it: while ``open`` holds, some step that ``settles`` must come.

    ``sender`` is whose obligation it is, None if any sender's will do.
    """

    name: str
    sender: int | None
    open: Callable[[State], object]
    settles: Callable[[Any, Any], bool]


def goals(sys: System, identifier: str) -> list[Goal]:
    """The goals of LIVE-PROGRESS (some obligation is always eventually met) or LIVE-EACH (every one is)."""
    if identifier == PROGRESS:
        return [Goal("any obligation", None, partial(pending, sys), lambda _, step: bool(step.settled))]

    def sends(owner: int, action: Action, step: Step[State]) -> bool:
        return step.settled and action.sender == owner and action.kind != Kind.RECEIVE

    def receives(owner: int, action: Action, step: Step[State]) -> bool:
        return step.settled and action.sender == owner and action.kind == Kind.RECEIVE

    def of(obligation: Callable[[System, Sender], object], owner: int, state: State) -> object:
        return obligation(sys, state.senders[owner])

    found: list[Goal] = []
    for i in range(sys.senders):
        found.append(Goal("a message to finish", i, partial(of, wants, i), partial(sends, i)))
        found.append(Goal("a message to deliver", i, partial(of, undelivered, i), partial(receives, i)))
    return found
