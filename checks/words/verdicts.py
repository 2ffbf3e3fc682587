"""What was expected and what happened: two sentences for each property that a sender's trace violates.

They are read off the last step, the last state and the payloads. Whether the property is violated at all is
not asked here; a trace that shows something else gets words that fit what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from enomem.model.payloads import Held, Message, is_whole, next_part, whole_message
from enomem.model.send import Answer, Phase
from enomem.model.step import Do
from enomem.model.system import Action, Kind, Sender, at_rest, finished, held

from ..traces.sender import Trace, changes, take
from .phrases import Names, Place, send_call, units

Words = tuple[str, str]


def verdict(trace: Trace, names: Names) -> Words | None:
    """What was expected, and what happened; None if the trace names no property that is known here."""
    identifier = trace.identifier or ""
    if identifier in OF_THE_LAST_STEP and trace.steps:
        return OF_THE_LAST_STEP[identifier](Place(trace, names, trace.steps[-1]))
    return OF_THE_END[identifier](trace, names) if identifier in OF_THE_END else None


def _whole(at: Place) -> Words:
    received = at.action.kind == Kind.RECEIVE
    found = at.has.delivered[-1:] if received else at.has.pipe[-1:]
    message = found[0] if found else ()
    example = f", e.g. {at.names.parts(_meant(at, message))}" if message else ""
    happened = at.names.parts(message) + ("" if received else " was committed")
    nobody = "" if is_whole(message, at.trace.system.parts) else ", which nobody sent"
    return f"exactly one message that an application sent{example}", happened + nobody


def _meant(at: Place, message: Message) -> Message:
    """The message that its sender was at when it completed this one: the one of the last part."""
    return whole_message(message[-1], at.trace.system.parts)


def _arrivals(at: Place) -> tuple[str, str]:
    """The message that arrived last, and the one that arrived before it."""
    seen = (*at.has.delivered, *at.has.inbox)
    last, former = at.names.messages(*seen[-1:]), at.names.messages(*seen[-2:-1])
    return last or "a message", former or "another"


def _once(at: Place) -> Words:
    last, _ = _arrivals(at)
    return f"each message of {at.name} arrives once", f"{last} arrived again"


def _order(at: Place) -> Words:
    last, former = _arrivals(at)
    wanted = f"messages of {at.name} arrive in the order in which they were committed"
    return wanted, f"{last} arrived after {former}, which was committed later"


def _clean(at: Place) -> Words:
    message = at.names.message(at.part)
    wanted = f"after ENOMEM {at.name} is as if message {message} had never been begun"
    left: list[str] = []
    if at.has.tail:
        left.append(f"keeps {at.names.parts(at.has.tail)}")
    if at.after.send.phase == Phase.SKIPPING:
        left.append("swallows what is sent next")
    elif at.after.send.phase != Phase.IDLE and not at.has.tail:
        left.append(f"is {at.after.send.phase.value}")
    if at.after.send.reserved != 0:
        left.append(f"has {units(at.after.send.reserved)} reserved")
    if at.after.place != 0:
        left.append(f"has place {at.after.place} in line")
    return wanted, f"{at.name} {_listed(left) or 'is'}"


def _next(at: Place) -> Words:
    message = whole_message(at.part, at.trace.system.parts)
    wanted = (
        f"message {at.names.message(at.part)}, the first that {at.name} completes after ENOMEM, "
        f"is committed: {at.names.parts(message)}"
    )
    if at.did(Do.COMMIT):
        return wanted, f"{at.names.messages(*at.has.pipe[-1:])} was committed"
    return wanted, f"{send_call(at)} said ok, and nothing was committed"


def _loud(at: Place) -> Words:
    wanted = "every message whose last part was accepted is committed, and then delivered or visibly lost"
    step, seen = at.moment.step, at.after.history
    if step is not None and step.completed and not at.did(Do.COMMIT):
        return wanted, f"{send_call(at)} said ok, and message {at.names.message(at.part)} was never committed"
    waiting = at.after.pipe.messages + at.after.inbox.messages + (1 if at.after.link.flight > 0 else 0)
    counted = (
        f"of {at.name}, {seen.accepted} completed, {seen.commits} committed, {waiting} on the way, "
        f"{seen.delivered} delivered, {seen.lost} visibly lost"
    )
    return wanted, counted


def _conserve(trace: Trace, names: Names) -> Words:
    end = trace.end
    each = [f"{names.sender(i)} {held(trace.system, sender)}" for i, sender in enumerate(end.senders)]
    each += [f"others {end.others}"] if end.others else []
    happened = f"{units(end.pool.used)} in use"
    if end.pool.used != end.others and at_rest(trace.system, end):
        tails = [(names.sender(i), has.tail) for i, has in enumerate(trace.payloads.senders)]
        kept = [f"{name} keeps {names.parts(tail)}" for name, tail in tails if tail]
        wanted = "everything was sent and delivered, so nothing is in use any more"
        return wanted, f"{happened}: {', '.join(kept or each)}"
    total = sum(held(trace.system, sender) for sender in end.senders) + end.others
    return f"as much in use as is held: {units(total)} ({', '.join(each)})", happened


def _bound(trace: Trace, _: Names) -> Words:
    return f"0 to {units(trace.end.pool.limit)} in use", f"{units(trace.end.pool.used)} in use"


def _queue(trace: Trace, names: Names) -> Words:
    end = trace.end
    found = []
    for number, (sender, bounds) in enumerate((s, trace.system) for s in end.senders):
        if sender.pipe.messages > bounds.queue:
            found.append(f"{sender.pipe.messages} in the pipe of {names.sender(number)}")
        if sender.inbox.messages > bounds.inbox:
            found.append(f"{sender.inbox.messages} in the queue of its receiver")
    return f"at most {trace.system.queue} in a pipe and {trace.system.inbox} in a queue", _listed(found) or "so it is"


def _tell(at: Place) -> Words:
    wanted = "ENOMEM exactly if memory was refused, EAGAIN if the pipe is full, ECONNRESET if the peer went"
    return wanted, f"{send_call(at)} was answered with {at.moment.step.answer.value if at.moment.step else 'nothing'}"


def _isolate(at: Place) -> Words:
    changed: list[str] = []
    for leaf, (old, new) in changes(at.trace.system, at.moment.before, at.moment.after).items():
        owner, _, field = leaf.partition("].")
        number = owner.removeprefix("senders[")
        if field and owner != number and int(number) != at.action.sender:
            changed.append(f"{at.names.sender(int(number))}'s {field} from {old} to {new}")
    wanted = f"ENOMEM of {at.name} changes nothing of any other sender"
    return wanted, f"it changed {_listed(changed)}" if changed else "it changed nothing of them"


def _commit(at: Place) -> Words:
    wanted = f"{at.name} asks for no memory in order to commit"
    return wanted, f"{send_call(at)} was refused memory at COMMIT"


def _total(at: Place) -> Words:
    wanted = "every step has an outcome, and no part of a state leaves its range"
    if at.moment.error is not None:
        return wanted, f"the last step raised {at.moment.error}"
    # Only here are ranges needed, and with them the packed states of the search.
    from ..senders import sender

    escaped = sender.bounded(at.trace.system).shape.escape(at.moment.after)
    return wanted, escaped or "the last step has an outcome"


def _deadlock(trace: Trace, names: Names) -> Words:
    pool = trace.end.pool
    full = f" (pool: {pool.used} of {pool.limit})"
    wanted = "while a message is unfinished or undelivered, something can be done that changes something"
    return wanted, standing(trace, names) + full


def standing(trace: Trace, names: Names) -> str:
    """What each sender holds at the end of a trace, and what it would get next."""
    stuck = [_stuck(trace, names, number) for number in range(trace.system.senders)]
    return "; ".join(said for said in stuck if said)


def _stuck(trace: Trace, names: Names, number: int) -> str:
    """What a sender holds, and what its next call would get."""
    sender, has, name = trace.end.senders[number], trace.payloads.senders[number], names.sender(number)
    clauses = [f"holds {names.parts(has.tail)}"] if has.tail else []
    if _undelivered(has):
        clauses.append(f"has {names.messages(*_undelivered(has))} undelivered")
    clauses.append(_waits_for(trace, names, number, sender))
    said = " and ".join(clause for clause in clauses if clause)
    return f"{name} {said}" if said else ""


def _waits_for(trace: Trace, names: Names, number: int, sender: Sender) -> str:
    """What the sender's next call gets, learnt by making it in the plain model."""
    message = _unfinished(names, number, sender)
    if sender.place > 0:
        return f"waits for the memory of {message}, place {sender.place} in line"
    if finished(trace.system, sender):
        return ""
    moment = take(trace.system, trace.end, trace.payloads, Action(Kind.CALL, number))
    if moment is None or moment.step is None:
        return f"cannot go on with {message}"
    match moment.step.answer:
        case Answer.NO_MEMORY:
            known = number in names.acting
            return f"gets no memory for {names.part(next_part(number, sender.app)) if known else message}"
        case Answer.FULL:
            return f"finds no room in its pipe for {message}"
        case _:
            return f"gets nowhere with {message}"


def _progress(trace: Trace, names: Names) -> Words:
    never = _never(trace, names)
    return "some message is finished, given up or delivered in the end", _listed(never) or "none ever is"


def _each(trace: Trace, names: Names) -> Words:
    wanted = "each sender finishes or gives up its message in the end, and has what it committed delivered"
    return wanted, _listed(_never(trace, names)) or "it never is"


def _never(trace: Trace, names: Names) -> list[str]:
    """Which messages are not finished, and which not delivered, by any step of the cycle."""
    cycle = trace.steps[len(trace.steps) if trace.cycle is None else trace.cycle :]
    settled = [m.action for m in cycle if m.step is not None and m.step.settled]
    found: list[str] = []
    for number, (sender, has) in enumerate(zip(trace.end.senders, trace.payloads.senders, strict=True)):
        own = [action for action in settled if action.sender == number]
        if not finished(trace.system, sender) and all(action.kind == Kind.RECEIVE for action in own):
            found.append(f"{names.sender(number)} never finishes {_unfinished(names, number, sender)}")
        if _undelivered(has) and not any(action.kind == Kind.RECEIVE for action in own):
            found.append(f"{names.messages(*_undelivered(has)[:1])} is never delivered")
    return found


def _unfinished(names: Names, number: int, sender: Sender) -> str:
    """The message that a sender is at; one that never acted has no letters of its own in this trace."""
    known = number in names.acting
    return f"message {names.message(next_part(number, sender.app))}" if known else "its first message"


def _undelivered(has: Held) -> tuple[Message, ...]:
    return (*has.inbox, *has.flight, *has.pipe)


def _listed(clauses: Sequence[str]) -> str:
    """Clauses with commas between them and an ``and`` before the last."""
    return " and ".join(part for part in (", ".join(clauses[:-1]), *clauses[-1:]) if part)


OF_THE_LAST_STEP: Mapping[str, Callable[[Place], Words]] = {
    "SAFE-WHOLE": _whole,
    "SAFE-ONCE": _once,
    "SAFE-ORDER": _order,
    "SAFE-CLEAN": _clean,
    "SAFE-NEXT": _next,
    "SAFE-LOUD": _loud,
    "SAFE-ANSWER": _tell,
    "SAFE-ISOLATE": _isolate,
    "SAFE-COMMIT": _commit,
    "SAFE-TOTAL": _total,
}
OF_THE_END: Mapping[str, Callable[[Trace, Names], Words]] = {
    "SAFE-CONSERVE": _conserve,
    "SAFE-BOUND": _bound,
    "SAFE-QUEUE": _queue,
    "LIVE-DEADLOCK": _deadlock,
    "LIVE-PROGRESS": _progress,
    "LIVE-EACH": _each,
}
