"""What is asked of a connection's life: properties, obligations, and what may support a proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from enomem.model import connection as life
from enomem.model.connection import CLOSED, CLOSING, GREETING, HANDSHAKE, OPEN, READY, STALLED, WAITING, Reason
from enomem.model.rules import RuleClass
from enomem.model.send import Phase
from enomem.model.systems import reconnecting_state as model
from enomem.model.systems.reconnecting_state import BOTH, Action, Kind, State, Step, System

from ..proof.induction import Candidate
from ..search.graph import Obligation
from .family import EACH, PROGRESS, RECOVER

StateProperty = Callable[[System, State], object]


def conserve(system: System, state: State) -> object:
    """SAFE-CONSERVE: the memory in use is the sum of what is held; at rest nothing is, since nothing is counted."""
    return all(pool.used == model.held(system, state, i) for i, pool in enumerate(state.pools))


def bound(_: System, state: State) -> object:
    """SAFE-BOUND: the memory in use is never more than the limit, and never less than nothing."""
    return all(pool.used >= 0 and pool.used <= pool.limit for pool in state.pools)


def loud(system: System, state: State) -> object:
    """SAFE-LOUD: every message that was accepted is on its way, delivered, or visibly lost."""
    if not system.numbered:
        return True
    known = state.outgoing.pipe.messages + state.wire.begun + state.incoming.messages
    return state.seen.accepted == known + state.seen.delivered + state.seen.lost


STATES: Mapping[str, tuple[StateProperty, ...]] = {
    "SAFE-LOUD": (loud,), "SAFE-CONSERVE": (conserve,), "SAFE-BOUND": (bound,),
}  # fmt: skip


def whole(_: System, __: State, ___: Action, step: Step) -> object:
    """SAFE-WHOLE: what is committed, and what is read to its end, is exactly one message that was sent."""
    return not step.odd


def isolate(_: System, before: State, action: Action, step: Step) -> object:
    """SAFE-ISOLATE: who gets no memory changes nothing of the other end; another peer nothing of the connection."""
    if not any(rule.kind == RuleClass.OOM for rule in step.rules):
        return True
    after = step.state
    if action.kind == Kind.COME:
        return after.lives == before.lives and after.outgoing == before.outgoing and after.incoming == before.incoming
    return after.lives[1 - action.end] == before.lives[1 - action.end]


def close(_: System, __: State, action: Action, step: Step) -> object:
    """SAFE-CLOSE: ending a connection, and closing it, asks for no memory."""
    return action.kind not in (Kind.NOTICE, Kind.BREAK, Kind.GONE, Kind.GO) or step.asked == ()


def alive(_: System, before: State, __: Action, step: Step) -> object:
    """SAFE-ALIVE: nobody who is alive and connected is taken for dead."""
    for was, now in zip(before.lives, step.state.lives, strict=True):
        if now.phase == CLOSING and was.phase != CLOSING and now.why == Reason.SILENT:
            return False
    return True


def backoff(_: System, before: State, __: Action, step: Step) -> object:
    """SAFE-BACKOFF: the tries in a row are counted until a message has gone over the connection, or it is given up."""
    tries = step.state.lives[0].tries
    return tries >= before.lives[0].tries or step.used or step.state.lives[0].phase == CLOSED


STEPS: Mapping[str, Callable[[System, State, Action, Step], object]] = {
    "SAFE-WHOLE": whole, "SAFE-ISOLATE": isolate, "SAFE-CLOSE": close, "SAFE-ALIVE": alive, "SAFE-BACKOFF": backoff,
}  # fmt: skip
OWN = ("SAFE-CLOSE", "SAFE-ALIVE", "SAFE-BACKOFF")


def ready(state: State) -> object:
    """Is the connection open, at both ends?"""
    return all(one.phase in BOTH for one in state.lives)


def unready(state: State) -> object:
    """Is the connection wanted, and not open?"""
    return state.wanted and not ready(state)


def stalled(system: System, state: State) -> object:
    """Does the reader wait for memory?"""
    return state.lives[system.reader].phase == STALLED


def undelivered(state: State) -> object:
    """Is a message that was accepted not delivered yet?"""
    return state.outgoing.pipe.messages > 0 or state.wire.begun > 0 or state.incoming.messages > 0


def pending(system: System, state: State) -> object:
    """Is an obligation open: a wanted connection, a stalled reader, a message on its way, or one that is begun?"""
    return unready(state) or stalled(system, state) or undelivered(state) or state.outgoing.pipe.tail > 0


def obligations(system: System) -> Mapping[str, tuple[Obligation, ...]]:
    """The obligations of each LIVE property."""

    any_of = Obligation("anything that is open", None, partial(pending, system), lambda _, s: s.opened or s.settled)
    message = Obligation("a message to deliver", None, undelivered, lambda _, step: step.settled)
    up = Obligation("a connection to open", None, unready, lambda _, step: step.opened)
    reader = Obligation("a stalled reader", None, partial(stalled, system), lambda _, step: step.went_on)
    return {PROGRESS: (any_of,), EACH: (message,), RECOVER: (up, reader)}


# --- supporting invariants


def _not_both_open(state: State) -> object:
    return not (model.there(state, 0) and model.there(state, 1))


INVARIANTS: Mapping[str, StateProperty] = {
    "limits": lambda s, state: all(pool.limit == limit for pool, limit in zip(state.pools, s.memory, strict=True)),
    "other": lambda s, state: s.others or not state.other,
    "sides": lambda _, state: state.lives[0].initiated and not state.lives[1].initiated,
    "the acceptor neither waits nor connects": lambda _, state: state.lives[1].phase in (*OPEN, CLOSING, CLOSED),
    "tries >= 0": lambda _, state: state.lives[0].tries >= 0 and state.lives[1].tries == 0,
    "nobody has called: no tries": lambda _, state: state.lives[0].tries == 0 if not state.wanted else True,
    "wanted exists": lambda _, state: state.wanted == (state.lives[0].phase != CLOSED),
    "reserved 0": lambda s, state: _reserved(s, state, 0),
    "reserved 1": lambda s, state: _reserved(s, state, 1),
    "held >= 0": lambda _, state: all(one.held >= 0 for one in state.lives),
    "ends for no final reason": lambda s, state: all(
        not life.final(s.rule, one.why) if one.phase == CLOSING else True for one in state.lives
    ),
    "knocking: greets": lambda _, state: (
        state.lives[0].phase == GREETING and state.lives[1].phase == CLOSED if state.wire.knocking else True
    ),
    "only one stalls": lambda s, state: state.lives[s.sender].phase != STALLED,
    "stalls": lambda s, state: s.stalls or state.lives[s.reader].phase != STALLED,
    "flight >= 0": lambda _, state: state.wire.flight >= 0,
    "flight <= parts": lambda s, state: state.wire.flight <= s.parts,
    "begun >= 0": lambda _, state: state.wire.begun >= 0,
    "begun <= window": lambda s, state: state.wire.begun <= s.window,
    "left >= 0": lambda _, state: state.outgoing.left >= 0,
    "left <= parts": lambda s, state: state.outgoing.left <= s.parts,
    "half >= 0": lambda _, state: state.incoming.half >= 0,
    "half < parts": lambda s, state: state.incoming.half < s.parts,
    "messages >= 0": lambda _, state: state.incoming.messages >= 0,
    "messages <= queue": lambda s, state: state.incoming.messages <= s.queue,
    "cut: nothing flies": lambda _, state: (
        state.wire.flight == 0 and state.wire.begun == 0 if _not_both_open(state) else True
    ),
    "not open: nothing left": lambda s, state: state.outgoing.left == 0 if not model.there(state, s.sender) else True,
    "not open: nothing half": lambda s, state: state.incoming.half == 0 if not model.there(state, s.reader) else True,
    "not ready: nothing left": lambda s, state: (
        state.outgoing.left == 0 if state.lives[s.sender].phase in (GREETING, HANDSHAKE) else True
    ),
    "not ready: nothing half": lambda s, state: (
        state.incoming.half == 0 if state.lives[s.reader].phase in (GREETING, HANDSHAKE) else True
    ),
    "the writer is ready": lambda s, state: state.lives[s.sender].phase == READY if state.wire.begun > 0 else True,
    "in step": lambda s, state: (
        state.incoming.half + state.wire.flight + state.outgoing.left == state.wire.begun * s.parts
        if not _not_both_open(state)
        else True
    ),
    "stalled: wants": lambda s, state: (
        (state.wire.flight > 0 or not model.there(state, s.sender)) and state.incoming.messages < s.queue
        if state.lives[s.reader].phase == STALLED
        else True
    ),
    "hands shaken in turn": lambda _, state: all(
        other.phase in (HANDSHAKE, *BOTH, *((CLOSING, CLOSED, WAITING, life.CONNECTING))) if one.phase in BOTH else True
        for one, other in (state.lives, state.lives[::-1])
    ),
    "whole pipe": lambda s, state: state.outgoing.pipe.parts == state.outgoing.pipe.messages * s.parts,
    "pipe.messages >= 0": lambda _, state: state.outgoing.pipe.messages >= 0,
    "pipe.messages <= queue": lambda s, state: state.outgoing.pipe.messages <= s.queue,
    "tail": lambda _, state: (
        state.outgoing.pipe.tail == state.outgoing.part and state.outgoing.part > 0
        if state.outgoing.send.phase == Phase.SENDING
        else state.outgoing.pipe.tail == 0
    ),
    "idle: first part": lambda _, state: (
        state.outgoing.part == 0 if state.outgoing.send.phase == Phase.IDLE else state.outgoing.part > 0
    ),
    "part < parts": lambda s, state: state.outgoing.part < s.parts,
    "phases": lambda _, state: state.outgoing.send.phase in (Phase.IDLE, Phase.SENDING, Phase.GONE),
    "nothing reserved": lambda _, state: state.outgoing.send.reserved == 0,
    "begun: room": lambda s, state: (
        state.outgoing.pipe.messages < s.queue if state.outgoing.send.phase == Phase.SENDING else True
    ),
    "begun: not the last": lambda s, state: (
        state.seen.accepted < s.messages if s.numbered and state.outgoing.send.phase == Phase.SENDING else True
    ),
    "front": lambda _, state: state.outgoing.pipe.front == 0,
    "no pipe: empty": lambda s, state: (
        state.outgoing.pipe.messages == 0 and state.outgoing.send.phase != Phase.SENDING
        if state.lives[s.sender].phase == CLOSED
        else True
    ),
    "no handshake, no pipe": lambda s, state: (
        state.outgoing.pipe.messages == 0 and state.outgoing.send.phase != Phase.SENDING
        if s.sender == 1 and state.lives[1].phase in (GREETING, HANDSHAKE)
        else True
    ),
    "counts": lambda _, state: state.seen.accepted >= 0 and state.seen.delivered >= 0 and state.seen.lost >= 0,
    "no heart, no sound": lambda s, state: s.heart >= 0 or not (state.heart.quiet or state.heart.due),
    "silent: hearts of open connections beat": lambda _, state: (
        ready(state) if state.heart.quiet or state.heart.due else True
    ),
    "unanswered: the answer is due": lambda s, state: _answer_due(s, state),
}


def _reserved(system: System, state: State, end: int) -> object:
    """What does not exist holds nothing; under a rule that reserves, what exists holds all that it will need."""
    one = state.lives[end]
    if not system.rule.reserves:
        return one.held == 0 if one.phase == CLOSED else one.held >= system.upkeep.session
    return one.held == (0 if one.phase == CLOSED else system.upkeep.whole)


def _answer_due(system: System, state: State) -> object:
    """Whose PING is unanswered is about to be answered, unless it does not read."""
    heart = state.heart
    if system.heart < 0 or not heart.quiet:
        return True
    return heart.due or state.lives[system.heart].phase != READY


def candidates(system: System) -> list[Candidate]:
    """The supporting invariants."""
    return [Candidate(name, partial(of, system)) for name, of in INVARIANTS.items()]


def parameters(system: Any) -> object:
    """What is assumed of the parameters of a proof: they make sense, and each pool fits what it must (ASSUME-FITS)."""
    need = system.upkeep
    counts = (system.parts, system.queue, system.window, need.session, need.engine, need.shake, need.beat, need.timer)
    return all(count >= 1 for count in counts) and system.messages >= 0 and fits(system)


def fits(system: Any) -> object:
    """ASSUME-FITS: a pool holds its ends' connections, one message for the reader, and what else it may have to hold.

    Where both ends share a pool, all that the sender may queue and what is begun besides, so that it never holds what
    the reader waits for.
    """
    connections = system.upkeep.whole
    peers = connections if system.others else 0
    if len(system.memory) == 1:
        queued = system.parts * (system.queue + 2)
        return system.memory[0] >= 2 * connections + peers + queued + system.parts * system.queue + system.parts
    return system.memory[0] >= connections + system.parts and system.memory[1] >= connections + peers + system.parts
