"""The traces of a connection's life in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from enomem.model.connection import CLOSED, CLOSING, STALLED, WAITING, Reason
from enomem.model.rules import Rule
from enomem.model.systems.reconnecting_state import Action, Kind, State, System

from ..words.phrases import Phrase
from .family import Moment, Trace

DOES: Mapping[Kind, str] = {
    Kind.CONNECT: "connect()",
    Kind.ATTEMPT: "tries to connect",
    Kind.OPEN: "is connected",
    Kind.ACCEPT: "accepts",
    Kind.REST: "has rested, and listens again",
    Kind.GREET: "gets the other's greeting",
    Kind.SHAKE: "finishes the handshake",
    Kind.BEGIN: "takes a message out of its pipe",
    Kind.WRITE: "writes a part",
    Kind.READ: "reads a part",
    Kind.RETRY: "asks again for the part's memory",
    Kind.TAKE: "recv()",
    Kind.NOTICE: "sees that the other end is gone",
    Kind.GONE: "closes its descriptor",
    Kind.BREAK: "loses the connection",
    Kind.TICK: "looks at its heartbeat's clock",
    Kind.SIGN: "says that it lives",
    Kind.COME: "another peer wants to connect",
    Kind.GO: "another peer goes",
}


def named(action: Action) -> str:
    """An action in words, by the model's own numbers."""
    refused = f", refused at {action.refuse.name}" if action.refuse is not None else ""
    return f"{action.kind.value} at {action.end}{refused}"


def end(system: System, number: int) -> str:
    """An end, by what it does."""
    role = "sender" if number == system.sender else "reader"
    return f"{role} ({'connects' if number == 0 else 'accepts'})"


def phrase(trace: Trace, moment: Moment) -> Phrase:
    """A step in words."""
    system, action = trace.system, moment.action
    call = DOES.get(action.kind, "")
    if action.kind == Kind.PART:
        last = moment.before.outgoing.part == system.parts - 1
        call = f"send(part {moment.before.outgoing.part + 1}{'' if last else ', SNDMORE'})"
    step = moment.step
    answer = step.answer.value if step is not None else ""
    return Phrase(end(system, action.end), call, answer, "", _remark(moment))


def _remark(moment: Moment) -> str:
    """What memory and the end's life have to do with a step."""
    step = moment.step
    if step is None:
        return ""
    before, after = moment.before.lives[moment.action.end], step.state.lives[moment.action.end]
    said = []
    if step.refused is not None:
        full = " (the pool is full)" if Rule.MEM_2 in step.rules else ""
        said.append(f"no memory at {step.refused.name}{full}")
    if step.state.listener.resting and not moment.before.listener.resting:
        said.append("the peer is turned away, and the listener rests")
    if after.phase != before.phase:
        if after.phase == CLOSING:
            said.append(f"ends: {after.why.value}")
        if after.phase == STALLED:
            said.append("stalls")
        if after.phase == WAITING and before.phase == CLOSING:
            said.append(f"waits, {after.tries} in a row")
        if after.phase == CLOSED and before.phase == CLOSING:
            said.append("given up" if moment.action.end == 0 else "destroyed")
    return ", ".join(said)


# --- expected and happened


def _lost(trace: Trace) -> str:
    """How the connection came to be where nothing goes on."""
    state: State = trace.end
    first = state.lives[0]
    if first.phase == CLOSED and state.wanted:
        if Rule.CONNECT_13 in _rules(trace):
            return "there was no timer for the next attempt, so the connection is given up and never opened again"
        if first.why == Reason.NO_MEMORY:
            return "no memory counted as an error of the protocol, so the connection is given up and never opened again"
        return f"the connection is given up ({first.why.value}) and never opened again"
    if trace.cycle is not None and any(moment.action.kind == Kind.ATTEMPT for moment in trace.steps[trace.cycle :]):
        waits = state.outgoing.pipe.parts + state.outgoing.pipe.tail
        holds = f": the {waits} parts that wait to be sent hold the memory that an attempt needs" if waits else ""
        return f"each attempt is refused, and the connection never comes back{holds}"
    return "nothing changes any more" if trace.cycle is None else "it never is"


def _rules(trace: Trace) -> set[Rule]:
    return {rule for moment in trace.steps if moment.step is not None for rule in moment.step.rules}


def _alive(trace: Trace) -> str:
    system = trace.system
    killer = system.heart
    if killer == system.reader:
        return f"the {end(system, killer)} was stalled, did not read the answer to its PING, and ended the connection"
    return f"the {end(system, system.reader)} was stalled, answered no PING, and was taken for dead"


WORDS: Mapping[str, tuple[str, Callable[[Trace], str]]] = {
    "SAFE-WHOLE": ("what is committed and read is exactly one message that was sent", lambda _: "it is not"),
    "SAFE-CLOSE": (
        "ending and closing a connection asks for no memory",
        lambda trace: f"{trace.steps[-1].step.asked[0].site.name} was asked for" if trace.steps[-1].step else "it did",
    ),
    "SAFE-ALIVE": ("nobody who is alive and connected is taken for dead", _alive),
    "SAFE-BACKOFF": ("tries are counted until the connection was of use", lambda _: "they began anew before"),
    "LIVE-DEADLOCK": ("while a connection is wanted or a message not delivered, something can still happen", _lost),
    "LIVE-PROGRESS": ("the connection is opened, or a message delivered or visibly lost, in the end", _lost),
    "LIVE-EACH": ("each message is delivered or visibly lost in the end", _lost),
    "LIVE-RECOVER": ("the connection is opened again, and a stalled reader goes on, in the end", _lost),
}
"""For each property that has been seen violated, what was expected, and what a trace says happened instead."""


def sentences(trace: Trace) -> tuple[str, ...]:
    """What was expected and what happened."""
    known: Any = WORDS.get(trace.identifier or "")
    return () if known is None else (known[0], known[1](trace))
