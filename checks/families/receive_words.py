"""The traces of readers in words: who asks for what, the answer, and what is on the wire, half read and queued.

What the parts are called is found by following them through the trace, by what changed in its states; the observer of
the model is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from enomem.model import receive
from enomem.model.memory import Site
from enomem.model.receive_policies import FOR_EVER
from enomem.model.rules import Rule
from enomem.model.systems.receiving import Action, Kind, Reader, State

from ..symbolic.asked import DEADLOCK, TOTAL
from ..words.phrases import Phrase, letters, units
from .family import EACH, PROGRESS, RECOVER, Moment, Trace

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """The parts of one connection: on the wire, half read, and the whole messages in the queue; ``got`` came last."""

    wire: Parts = ()
    half: Parts = ()
    queue: tuple[Parts, ...] = ()
    got: Parts = ()


def held(trace: Trace, moment: Moment | None) -> tuple[Held, ...]:
    """What each connection has before ``moment``, or at the end."""
    found = [Held() for _ in trace.case.machine.initial.readers]
    for step in trace.steps:
        if step is moment:
            break
        if step.step is not None and step.action.kind != Kind.OTHERS:
            number = step.action.reader
            found[number] = moved(trace, step, found[number])
    return tuple(found)


def moved(trace: Trace, moment: Moment, has: Held) -> Held:
    """What the connection of a step has after it."""
    number = moment.action.reader
    before, after = moment.before.readers[number], moment.after.readers[number]
    if moment.action.kind == Kind.SEND:
        return replace(has, wire=(*has.wire, part(trace, number, before)))
    if before.up and not after.up:
        return replace(has, wire=(), half=())
    if after.inbox.messages > before.inbox.messages:
        return replace(has, half=(), queue=(*has.queue, has.half))
    if after.inbox.messages < before.inbox.messages:
        return replace(has, queue=has.queue[1:], got=has.queue[0])
    if after.got > before.got:
        return replace(has, wire=has.wire[1:], half=(*has.half, has.wire[0]))
    return has


def part(trace: Trace, number: int, reader: Reader) -> str:
    """What the part is called that a peer writes next: with two connections, the first one's messages are A, C, E."""
    readers = len(trace.case.machine.initial.readers)
    return f"{letters(trace.first + number + readers * (reader.peer.message - 1))}{reader.peer.part + 1}"


def listed(parts: Parts) -> str:
    """Parts in brackets."""
    return f"[{', '.join(parts)}]"


def phrase(trace: Trace, moment: Moment) -> Phrase:
    """One step in words."""
    action: Action = moment.action
    if action.kind == Kind.OTHERS:
        pool = moment.after.pool
        does = f"take {action.amount}" if action.amount > 0 else f"give back {-action.amount}"
        return Phrase("other sockets", does, "", "", f"{pool.used} of {pool.limit} in use")
    number = action.reader
    who, before = _name(trace, number), moment.before.readers[number]
    has = held(trace, moment)[number]
    match action.kind:
        case Kind.SEND:
            more = ", SNDMORE" if before.peer.part < trace.system.parts - 1 else ""
            return Phrase(_name(trace, number, "peer"), f"send({part(trace, number, before)}{more})")
        case Kind.TAKE:
            got = moved(trace, moment, has).got if moment.step is not None else ()
            return Phrase(_name(trace, number, "application"), "recv()", listed(got))
        case Kind.OPEN:
            return Phrase(who, "is opened again")
        case Kind.BREAK:
            return Phrase(who, "breaks", "", "", _lost(has))
        case _:
            return _asks(trace, moment, has)


def _name(trace: Trace, number: int, what: str = "connection") -> str:
    return what if len(trace.case.machine.initial.readers) == 1 else f"{what} {number + 1}"


def _lost(has: Held) -> str:
    lost = (*has.half, *has.wire)
    return f"{listed(lost)} lost" if lost else ""


TRIES: Mapping[Kind, str] = {Kind.RETRY: "tries again: ", Kind.OVERDUE: "has waited long enough, tries once more: "}


def _asks(trace: Trace, moment: Moment, has: Held) -> Phrase:
    before: Reader = moment.before.readers[moment.action.reader]
    system, step = trace.system, moment.step
    if before.whole:
        wants = f"a place in the queue for {listed(has.half)}, {units(system.slot)}"
    else:
        size = system.last if before.wire.at == system.parts - 1 else 1
        wants = f"the body of {has.wire[0] if has.wire else 'a part'}, {units(size)}"
    call = f"{TRIES.get(moment.action.kind, 'wants ')}{wants}"
    who = _name(trace, moment.action.reader)
    if step is None:
        return Phrase(who, call)
    if step.refused is None:
        now = moved(trace, moment, has)
        return Phrase(who, call, "granted", "", f"{listed(now.queue[-1])} queued" if before.whole else "")
    after: Reader = step.state.readers[moment.action.reader]
    return Phrase(who, call, _refused(moment.before, step.refused, step.rules), "", _remark(after, has))


def _refused(before: State, site: Site, rules: tuple[Rule, ...]) -> str:
    if Rule.MEM_3 in rules:
        return f"refused at {site.name}"
    return f"refused, pool is full ({before.pool.used} of {before.pool.limit})"


def _remark(after: Reader, has: Held) -> str:
    if not after.up:
        return ", ".join(part for part in ("closed", _lost(has)) if part)
    wait = "for ever" if after.inbox.longest == FOR_EVER else "for a while"
    return f"waits {wait}" + (f", and holds {listed(has.half)}" if has.half else "")


# --- what was expected, and what happened

WANTED: Mapping[str, str] = {
    "SAFE-WHOLE": "what is queued is exactly one message that the peer wrote",
    "SAFE-LOUD": "every message that was written is delivered, on its way, or visibly lost",
    "SAFE-CONSERVE": "as much memory is in use as is held, and none at rest",
    "SAFE-BOUND": "not less than nothing and not more than the limit is in use",
    "SAFE-ISOLATE": "a connection that gets no memory changes no other connection",
    TOTAL: "every step has an outcome, and no part of a state leaves its range",
    DEADLOCK: "while a message is on its way or a connection down, something can be done that changes something",
    PROGRESS: "some message is delivered or visibly lost in the end",
    EACH: "each connection has its message delivered or visibly lost in the end",
    RECOVER: "each stalled reader goes on or is closed, and each closed connection is opened again",
}


def sentences(trace: Trace) -> tuple[str, ...]:
    """Two sentences, or none if the trace names no property that is known here."""
    wanted = WANTED.get(trace.identifier or "")
    if wanted is None:
        return ()
    if trace.steps and trace.steps[-1].step is None:
        return wanted, f"the last step raised {trace.steps[-1].error}"
    happened = HAPPENED.get(trace.identifier or "")
    return wanted, happened(trace) if happened else _told(trace)


def _told(trace: Trace) -> str:
    """What the last step was."""
    return phrase(trace, trace.steps[-1]).text if trace.steps else "it is so from the beginning"


def _waits(trace: Trace) -> str:
    """Who waits for what, and who holds the memory."""
    end: State = trace.end
    pool = f"pool: {end.pool.used} of {end.pool.limit} in use"
    return f"{waiting(trace, end) or 'nobody waits'} ({pool})"


def waiting(trace: Trace, end: State) -> str:
    """Which connections wait in the state at the end of a trace, for what, and what they hold; empty if none does."""
    found = []
    for number, (reader, has) in enumerate(zip(end.readers, held(trace, None), strict=True)):
        if receive.stalled(reader.inbox):
            what = f"a place for {listed(has.half)}" if reader.whole else f"memory for {has.wire[0]}"
            holds = f", and itself holds {units(reader.inbox.half)} of {end.pool.limit}" if has.half else ""
            found.append(f"{_name(trace, number)} waits for {what}{holds}")
    return "; ".join(found)


def _whole(trace: Trace) -> str:
    has = held(trace, None)[trace.steps[-1].action.reader]
    return f"{listed(has.queue[-1]) if has.queue else 'nothing'} was queued"


def _conserve(trace: Trace) -> str:
    end: State = trace.end
    each = [f"{_name(trace, i)} {reader.inbox.half + reader.inbox.whole}" for i, reader in enumerate(end.readers)]
    return f"{units(end.pool.used)} in use, held: {', '.join(each)}, others {end.others}"


HAPPENED: Mapping[str, Callable[[Trace], str]] = {
    "SAFE-WHOLE": _whole,
    "SAFE-CONSERVE": _conserve,
    "SAFE-BOUND": _conserve,
    DEADLOCK: _waits,
    PROGRESS: _waits,
    EACH: _waits,
    RECOVER: _waits,
    TOTAL: lambda trace: trace.case.machine.shape.escape(trace.end) or _told(trace),
}
