"""What is asked of the system of readers: properties, obligations, and what may support a proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from enomem.model import receive
from enomem.model.receive import Reading
from enomem.model.receive_policies import BoundedWait
from enomem.model.rules import RuleClass
from enomem.model.systems import receiving
from enomem.model.systems.receiving import Action, Reader, State, Step, System

from ..proof.induction import Candidate
from ..search.graph import Obligation
from .family import EACH, PROGRESS, RECOVER

StateProperty = Callable[[System, State], object]


def conserve(_: System, state: State) -> object:
    """SAFE-CONSERVE, first half: the memory in use is the sum of what is held."""
    return state.pool.used == state.others + sum(receiving.held(reader) for reader in state.readers)


def nothing_at_rest(system: System, state: State) -> object:
    """SAFE-CONSERVE, second half: at rest, nothing is held."""
    for reader in state.readers:
        if not receiving.at_rest(system, reader):
            return True
    return state.pool.used == state.others


def bound(_: System, state: State) -> object:
    """SAFE-BOUND: the memory in use is never more than the limit, and never less than nothing."""
    return state.pool.used >= 0 and state.pool.used <= state.pool.limit


def loud(system: System, state: State) -> object:
    """SAFE-LOUD: every message that was written is delivered, on its way, or visibly lost."""
    for reader in state.readers:
        waiting = reader.inbox.messages + receiving.ends(reader) + (1 if reader.whole else 0)
        if system.numbered and reader.peer.message - 1 != waiting + reader.seen.delivered + reader.seen.lost:
            return False
    return True


STATES: Mapping[str, tuple[StateProperty, ...]] = {
    "SAFE-CONSERVE": (conserve, nothing_at_rest),
    "SAFE-BOUND": (bound,),
    "SAFE-LOUD": (loud,),
}


def whole(_: System, __: State, ___: Action, step: Step) -> object:
    """SAFE-WHOLE: what is queued for the application is exactly one message that the peer wrote."""
    return not step.odd


def isolate(_: System, before: State, action: Action, step: Step) -> object:
    """SAFE-ISOLATE: a reader that gets no memory changes no other reader."""
    if not any(rule.kind == RuleClass.OOM for rule in step.rules):
        return True
    for number, (was, now) in enumerate(zip(before.readers, step.state.readers, strict=True)):
        if number != action.reader and was != now:
            return False
    return True


STEPS: Mapping[str, Callable[[System, State, Action, Step], object]] = {"SAFE-WHOLE": whole, "SAFE-ISOLATE": isolate}


def pending(_: System, state: State) -> object:
    """Is something written and not delivered, or a connection not open?"""
    return any(receiving.busy(reader) for reader in state.readers)


def obligations(system: System) -> Mapping[str, tuple[Obligation, ...]]:
    """The obligations of each LIVE property."""
    numbers = range(system.readers)
    any_of = Obligation("a message to deliver", None, partial(pending, system), lambda _, step: step.settled)
    each = tuple(Obligation("a message to deliver", i, partial(_busy, i), partial(_settles, i)) for i in numbers)
    recover = tuple(Obligation("a stalled reader", i, partial(_stopped, i), partial(_goes_on, i)) for i in numbers)
    return {PROGRESS: (any_of,), EACH: each, RECOVER: recover}


def _busy(number: int, state: State) -> object:
    return receiving.busy(state.readers[number])


def _settles(number: int, action: Action, step: Step) -> bool:
    return step.settled and action.reader == number


def _stopped(number: int, state: State) -> object:
    reader = state.readers[number]
    return not reader.up or reader.inbox.reading != Reading.OPEN


def _goes_on(number: int, action: Action, step: Step) -> bool:
    return step.went_on and action.reader == number


READERS: Mapping[str, Callable[[System, Reader], object]] = {
    "messages >= 0": lambda _, r: r.inbox.messages >= 0,
    "half >= 0": lambda _, r: r.inbox.half >= 0,
    "got >= 0": lambda _, r: r.got >= 0,
    "flight >= 0": lambda _, r: r.wire.flight >= 0,
    "flight <= window": lambda s, r: r.wire.flight <= s.window,
    "at >= 0": lambda _, r: r.wire.at >= 0,
    "at < parts": lambda s, r: r.wire.at < s.parts,
    "part >= 0": lambda _, r: r.peer.part >= 0,
    "part < parts": lambda s, r: r.peer.part < s.parts,
    "part": lambda s, r: r.peer.part == r.wire.at + r.wire.flight or r.peer.part == r.wire.at + r.wire.flight - s.parts,
    "straight": lambda _, r: r.seen.straight,
    "got": lambda s, r: r.got == s.parts and r.wire.at == 0 if r.whole else r.got == r.wire.at,
    "half": lambda s, r: r.inbox.half == (s.parts - 1 + s.last if r.whole else r.got),
    "whole": lambda s, r: r.inbox.whole == r.inbox.messages * s.message,
    "down: empty": lambda _, r: True if r.up else r.wire.flight == 0 and r.got == 0 and r.peer.part == 0,
    "not closed": lambda _, r: r.inbox.reading != Reading.CLOSED,
    "down: open": lambda _, r: True if r.up else r.inbox.reading == Reading.OPEN,
    "stalled: wants": lambda _, r: r.whole or r.wire.flight > 0 if receive.stalled(r.inbox) else True,
    "queue": lambda s, r: r.inbox.messages <= s.queue,
    "stalled: has room": lambda s, r: r.inbox.messages < s.queue if receive.stalled(r.inbox) else True,
    "whole: has room": lambda s, r: r.inbox.messages < s.queue if r.whole else True,
    "message >= 1": lambda _, r: r.peer.message >= 1,
    "half written: not the last": lambda s, r: r.peer.message <= s.messages if r.peer.part > 0 else True,
    "counts": lambda _, r: r.seen.lost >= 0 and r.seen.delivered >= 0,
}
STATE_INVARIANTS: Mapping[str, StateProperty] = {
    "limit": lambda s, state: state.pool.limit == s.memory,
    "others >= 0": lambda _, state: state.others >= 0,
}


def candidates(system: System) -> list[Candidate]:
    """The supporting invariants, for each reader and the whole."""
    found = [
        Candidate(f"reader {i}: {name}", partial(_of_reader, of, system, i), name)
        for name, of in READERS.items()
        for i in range(system.readers)
    ]
    return found + [Candidate(name, partial(of, system)) for name, of in STATE_INVARIANTS.items()]


def _of_reader(predicate: Callable[[System, Reader], object], system: System, number: int, state: State) -> object:
    return predicate(system, state.readers[number])


def parameters(system: Any) -> object:
    """What is assumed of the parameters of a proof: they make sense."""
    return (
        system.parts >= 1
        and system.memory >= 0
        and system.messages >= 0
        and system.queue >= 1
        and system.window >= 1
        and system.window <= system.parts
        and system.last >= 0
        and system.slot >= 0
        and system.disconnects >= 0
        and _waits(system.policy)
    )


def _waits(policy: Any) -> object:
    """A policy that lets a reader wait lets it wait for some time."""
    return policy.longest >= 1 if isinstance(policy, BoundedWait) else True
