"""Supporting invariants of the closed systems of one socket; the proof engine keeps those that are true and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from enomem.model import send
from enomem.model.patterns import rep, req
from enomem.model.send import Phase
from enomem.model.systems import fan, sending, watching
from enomem.model.systems.closed import State, System

from ..proof.induction import Candidate
from .machine import AnySystem

Invariant = Callable[[System, State], object]
PipeInvariant = Callable[[System, State, int], object]


def _when(condition: Callable[[State], object], then: Invariant) -> Invariant:
    return lambda sys, state: then(sys, state) if condition(state) else True


def _phase(phase: Phase) -> Callable[[State], object]:
    return lambda state: state.send.phase == phase


IDLE, SENDING, SKIPPING, WAITING, GONE = (
    _phase(p) for p in (Phase.IDLE, Phase.SENDING, Phase.SKIPPING, Phase.WAITING, Phase.GONE)
)


def _nobody(state: State) -> object:
    return state.current == -1


def _sent(sys: System, state: State) -> int:
    """How many parts of the message that is begun were accepted, the library's too, the address not."""
    sent = sys.lead - state.lead + state.app.part
    return sent - 1 if sys.pattern.routes else sent


PIPES: Mapping[str, PipeInvariant] = {
    "messages >= 0": lambda _, s, i: s.pipes[i].messages >= 0,
    "parts >= 0": lambda _, s, i: s.pipes[i].parts >= 0,
    "tail >= 0": lambda _, s, i: s.pipes[i].tail >= 0,
    "0 <= front": lambda _, s, i: s.pipes[i].front >= 0,
    "front < slots": lambda sys, s, i: s.pipes[i].front < sys.sizes.slots,
    "parts": lambda sys, s, i: s.pipes[i].parts == s.pipes[i].messages * sys.unit,
    "not there: empty": lambda _, s, i: (
        s.pipes[i].messages == 0 and s.pipes[i].parts == 0 and s.pipes[i].front == 0 if s.count <= i else True
    ),
    "not current: no tail": lambda _, s, i: s.pipes[i].tail == 0 if s.current != i else True,
    "current: there": lambda _, s, i: s.count > i if s.current == i else True,
    "current: tail is what was sent": lambda sys, s, i: (
        s.pipes[i].tail == _sent(sys, s) or s.app.abort or (s.send.phase == Phase.WAITING and s.pipes[i].tail == 0)
        if s.current == i
        else True
    ),
    "current: there was room": lambda sys, s, i: s.pipes[i].messages < sys.queue if s.current == i else True,
    "tail < unit": lambda sys, s, i: s.pipes[i].tail < sys.unit,
    "reservation suffices": lambda sys, s, i: (
        s.send.reserved >= sys.sizes.part * (sys.unit - s.pipes[i].tail) + sys.sizes.chunk * _chunks_to_come(sys, s, i)
        if s.current == i and s.send.phase == Phase.SENDING
        else True
    ),
    "idle: no tail": lambda _, s, i: s.pipes[i].tail == 0 if s.send.phase == Phase.IDLE else True,
}


def _chunks_to_come(sys: System, state: State, place: int) -> int:
    slots, pipe = sys.sizes.slots, state.pipes[place]
    return (pipe.front + pipe.parts + sys.unit) // slots - (pipe.front + pipe.parts + pipe.tail) // slots


STATES: Mapping[str, Invariant] = {
    "reserved >= 0": lambda _, s: s.send.reserved >= 0,
    "part >= 0": lambda _, s: s.app.part >= 0,
    "part < parts": lambda sys, s: s.app.part < sys.parts,
    "message >= 1": lambda _, s: s.app.message >= 1,
    "message <= messages + 1": lambda sys, s: s.app.message <= sys.messages + 1,
    "limit": lambda sys, s: s.pool.limit == sys.memory,
    "no abort": lambda _, s: not s.app.abort,
    "abort: first part": lambda _, s: s.app.part == 0 or not s.app.abort,
    "nobody: no lead": lambda _, s: s.lead == 0 if s.current == -1 else True,
    "nobody: not sending": lambda _, s: (
        s.send.phase != Phase.SENDING and s.send.phase != Phase.WAITING if s.current == -1 else True
    ),
    "somebody: not skipping": lambda _, s: (
        s.send.phase != Phase.SKIPPING and s.send.phase != Phase.GONE if s.current != -1 else True
    ),
    "nobody: nothing begun": lambda _, s: (
        s.app.part == 0 or s.send.phase == Phase.SKIPPING or s.send.phase == Phase.GONE or s.app.abort
        if s.current == -1
        else True
    ),
    "lead: first part": lambda _, s: s.app.part == 0 if s.lead > 0 else True,
    "idle: first part": _when(IDLE, lambda _, s: s.app.part == 0 or s.app.abort),
    "idle: not even the first was sent": _when(IDLE, lambda sys, s: s.lead == sys.lead or s.current == -1),
    "idle: nobody": _when(IDLE, lambda _, s: s.current == -1),
    "waiting: first part": _when(WAITING, lambda sys, s: s.app.part == 0 and s.lead == sys.lead),
    "no abort while waiting": _when(WAITING, lambda _, s: not s.app.abort),
    "not skipping": lambda _, s: s.send.phase != Phase.SKIPPING,
    "not waiting": lambda _, s: s.send.phase != Phase.WAITING,
    "not owed": lambda _, s: not s.seen.owed,
    "skipping: swallowed by the pattern": _when(SKIPPING, lambda _, s: s.seen.nowhere or s.app.abort),
    "swallowed: skipping": lambda _, s: s.send.phase == Phase.SKIPPING if s.seen.nowhere else True,
    "finished: nobody": lambda sys, s: (
        (s.current == -1 and s.send.phase == Phase.IDLE) or s.app.abort if sending.finished(sys, s) else True
    ),
    "finished: nobody gets anything": lambda sys, s: (
        s.current == -1 or s.app.abort if sending.finished(sys, s) else True
    ),
    **{
        f"{name}: nothing reserved": _when(phase, lambda _, s: s.send.reserved == 0)
        for name, phase in (("idle", IDLE), ("skipping", SKIPPING), ("waiting", WAITING), ("gone", GONE))
    },
    "nothing reserved": lambda _, s: s.send.reserved == 0,
}
ROUTES: Mapping[str, Invariant] = {
    # Under SKIP a refused last part is not skipped: sent again, it is an address alone (ROUTER-5).
    "nobody: nothing begun, or the last part alone": lambda sys, s: (
        s.app.part == 0 or s.app.part == sys.parts - 1 or s.send.phase == Phase.SKIPPING or s.send.phase == Phase.GONE
        if s.current == -1
        else True
    ),
    "current is who the message is for": lambda _, s: s.target == s.current or s.app.abort if s.current != -1 else True,
    "the address was sent": lambda _, s: (
        s.app.part >= 1 or s.app.abort or s.send.phase == Phase.WAITING if s.current != -1 else True
    ),
    "sending to somebody": _when(SENDING, lambda _, s: s.current != -1),
    "target is there": lambda _, s: s.target < s.count,
    "current is the pattern's": lambda _, s: s.inner.current == s.current,
}
AWAITS: Mapping[str, Invariant] = {
    "current is the pattern's": lambda _, s: s.inner.current == s.current,
    "peer is who was asked": lambda _, s: s.inner.peer == s.seen.due,
    "awaiting": lambda _, s: (
        s.seen.pending if s.inner.phase == req.Phase.AWAIT or s.inner.phase == req.Phase.LOST else not s.seen.pending
    ),
    "taking": lambda _, s: s.taking if s.inner.phase == req.Phase.TAKING else not s.taking,
    "lost: nobody": lambda _, s: s.seen.due == -1 if s.inner.phase == req.Phase.LOST else True,
    "asked who is there": lambda _, s: s.seen.due < s.count,
    "nobody due": lambda _, s: s.seen.due == -1 if not s.seen.pending else True,
    "lock step": lambda _, s: s.inner.phase == req.Phase.SEND if s.current != -1 else True,
}
OWES: Mapping[str, Invariant] = {
    "current is the pattern's": lambda _, s: s.current == s.inner.peer if s.inner.sending else s.current == -1,
    "peer is who asked": lambda _, s: s.inner.peer == s.seen.due,
    "due": lambda _, s: not s.seen.pending if s.inner.phase == rep.Phase.RECEIVE else s.seen.pending,
    "taking": lambda _, s: s.taking if s.inner.phase == rep.Phase.TAKING else not s.taking,
    "envelope": lambda sys, s: (
        s.inner.envelope == 0 if s.inner.phase == rep.Phase.RECEIVE else s.inner.envelope == sys.lead
    ),
    "asked by who is there": lambda _, s: s.seen.due < s.count,
    "nobody due": lambda _, s: s.seen.due == -1 if not s.seen.pending else True,
    "sending a reply": lambda _, s: s.inner.phase == rep.Phase.REPLY if s.inner.sending else True,
}


def _missed(part: int, parts: int, copied: object) -> Phase:
    """The phase of a copy that misses the message: it swallows the rest, until the last part was swallowed too."""
    return Phase.IDLE if copied and part == parts - 1 else Phase.SKIPPING


def _has(part: int, parts: int, copied: object) -> int:
    """How many parts a copy has in its tail that misses nothing; none once the last was committed."""
    if not copied:
        return part
    return 0 if part == parts - 1 else part + 1


COPIES: Mapping[str, Callable[[fan.System, fan.State, fan.Copy, int], object]] = {
    "messages >= 0": lambda _, __, c, ___: c.pipe.messages >= 0,
    "tail >= 0": lambda _, __, c, ___: c.pipe.tail >= 0,
    "0 <= front": lambda _, __, c, ___: c.pipe.front >= 0,
    "front < slots": lambda sys, _, c, __: c.pipe.front < sys.sizes.slots,
    "nothing reserved": lambda _, __, c, ___: c.send.reserved == 0,
    "neither waiting nor gone": lambda _, __, c, ___: (
        c.send.phase == Phase.IDLE or c.send.phase == Phase.SENDING or c.send.phase == Phase.SKIPPING
    ),
    "not there: empty": lambda _, s, c, i: (
        c.pipe.messages == 0 and c.pipe.parts == 0 and c.pipe.front == 0 and not c.matches if s.count <= i else True
    ),
    "no match: nothing of it": lambda _, __, c, ___: (
        True if c.matches else c.pipe.tail == 0 and c.send.phase == Phase.IDLE and not c.misses
    ),
    "no message: no match": lambda _, s, c, __: s.sending or not c.matches,
    "misses: swallows": lambda sys, s, c, i: (
        c.pipe.tail == 0 and c.send.phase == _missed(s.part, sys.parts, s.turn > i) if c.misses else True
    ),
    "matches: has what was sent": lambda sys, s, c, i: (
        c.pipe.tail == _has(s.part, sys.parts, s.turn > i) if c.matches and not c.misses else True
    ),
    "matches: sending": lambda _, __, c, ___: (
        c.send.phase == (Phase.IDLE if c.pipe.tail == 0 else Phase.SENDING) if c.matches and not c.misses else True
    ),
}
FANS: Mapping[str, Callable[[fan.System, fan.State], object]] = {
    "limit": lambda sys, s: s.pool.limit == sys.memory,
    "part >= 0": lambda _, s: s.part >= 0,
    "part < parts": lambda sys, s: s.part < sys.parts,
    "turn <= count": lambda _, s: s.turn <= s.count,
    "no message: first part": lambda _, s: s.sending or (s.part == 0 and s.turn == 0),
}


def candidates(sys: AnySystem) -> list[Candidate]:
    """The supporting invariants, for each pipe and for the whole."""
    match sys:
        case System():
            whole = dict(STATES)
            if sys.pattern.routes:
                whole |= ROUTES
            elif watching.awaits(sys):
                whole |= AWAITS
            elif watching.owes(sys):
                whole |= OWES
            each = [(f"pipe {i}: {name}", partial(_of_pipe, of, sys, i), name) for name, of in PIPES.items()
                    for i in range(sys.pipes)]  # fmt: skip
            return _listed(each, [(name, partial(of, sys)) for name, of in whole.items()])
        case fan.System():
            each = [(f"copy {i}: {name}", partial(_of_copy, of, sys, i), name) for name, of in COPIES.items()
                    for i in range(sys.pipes)]  # fmt: skip
            return _listed(each, [(name, partial(of, sys)) for name, of in FANS.items()])
        case _:
            return []


Predicate = Callable[[Any], object]


def _listed(each: Sequence[tuple[str, Predicate, str]], whole: Sequence[tuple[str, Predicate]]) -> list[Candidate]:
    found = [Candidate(name, predicate, f"each: {family}") for name, predicate, family in each]
    return found + [Candidate(name, predicate) for name, predicate in whole]


def _of_pipe(predicate: PipeInvariant, sys: System, place: int, state: State) -> object:
    return predicate(sys, state, place)


def _of_copy(
    predicate: Callable[[fan.System, fan.State, fan.Copy, int], object], sys: fan.System, place: int, state: fan.State
) -> object:
    return predicate(sys, state, state.copies[place], place)


def parameters(sys: AnySystem) -> object:
    """What is assumed of the parameters of a proof: they make sense, and one message fits (ASSUME-FITS)."""
    match sys:
        case System():
            return (
                sys.parts >= (2 if sys.pattern.routes else 1)
                and sys.messages >= 0
                and sys.queue >= 1
                and sys.memory >= send.whole_message(sys.sizes, sys.unit)
            )
        case fan.System():
            return sys.parts >= 1 and sys.queue >= 1 and sys.memory >= 0
        case _:
            return True
