"""The shortest program that still shows a deviation: calls are left out, one by one and in runs, and whole sockets.

Hypothesis finds the programs; what it draws is rules, and what a person wants to read is calls. Each shorter program
is run on the target again and has to deviate in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import monotonic

from enomem.model.systems.network import Setting
from enomem.model.systems.network_calls import Impossible

from ..errors import Inconclusive
from ..oracle.events import Do, Event
from ..targets.target import Can, Target, TargetFault
from .known import Known, explaining
from .play import Deviates, Failure, Play, Restless

TRIES, SECONDS = 3000, 180.0
"""So many programs are tried at most, and for so long: what a target does not answer is waited for in each of them."""
AGAIN = 3
"""So often it is asked at most whether a program deviates again."""
LAST = "memory after"
"""How the kind of a failure begins that is seen when everything was closed."""
UNENDED = "fault after the end"
"""The kind of a failure that is seen when the target is made as new."""


def blank(event: Event) -> Event:
    """The call without its answer."""
    part = b"" if event.do == Do.RECEIVE else event.part
    more = event.more and event.do != Do.RECEIVE
    return replace(event, answer="ok", part=part, more=more, waited=False)


def replayed(target: Target, setting: Setting, program: Sequence[Event], to_the_end: bool = False) -> Failure | None:
    """Run a program on a target as new: how it deviates, None if it does not; `Impossible` for what is no program.

    ``to_the_end``: all that is left is received, all sockets are closed, and the target made as new again, as when a
    program was drawn.
    """
    renewed(target)
    play = Play(target, setting)
    try:
        for event in program:
            play.do(blank(event))
            if event.do == Do.SETTLE:
                play.memory()  # As when the program was drawn: a leak is seen where nothing is under way.
        if to_the_end:
            play.finish()
    except Deviates as error:
        return error.failure
    fault = renewed(target) if to_the_end else None
    return None if fault is None else unended(play, fault)


def renewed(target: Target) -> TargetFault | None:
    """Have a target as new; why that took force, if it did."""
    try:
        target.reset()
    except TargetFault as fault:
        target.reset()
        return fault
    return None


def unended(play: Play, fault: TargetFault) -> Failure:
    """A program after which the target could not be made as new."""
    return Failure((*play.events, Event(Do.SETTLE)), str(fault), UNENDED)


def shortened(target: Target, setting: Setting, failure: Failure, known: Sequence[Known] = ()) -> Failure:
    """The shortest program found that deviates as this one does, and not in a way that is ``known``.

    This one itself, if what was found does not do so again; and `Failure.once`, if neither does this one.
    """
    best, tries, began = failure, 0, monotonic()
    ends = failure.kind.startswith((LAST, UNENDED))

    def deviates(program: Sequence[Event]) -> Failure | None:
        found = _tried(target, setting, program, ends)
        same = found is not None and found.kind == failure.kind and explaining(known, found) is None
        return found if same else None

    changed = True
    while changed and tries < TRIES:
        changed = False
        for program in _shorter(target, best.events):
            tries += 1
            found = deviates(program)
            if found is not None and length(found) < length(best):
                best, changed = found, True
                break
            if tries >= TRIES or monotonic() - began > SECONDS:
                tries = TRIES
                break
    named = deviates(_named(best.events))
    if named is not None and length(named) <= length(best):
        best = named
    for events in [best.events] * AGAIN + [failure.events] * AGAIN:
        again = deviates(events)
        if again is not None:
            return again
    return replace(failure, once=True)


def _named(events: Sequence[Event]) -> list[Event]:
    """The program with parts that a person can tell from each other, wherever they mean nothing to a pattern."""
    found, number = [], 0
    for event in events:
        if event.do == Do.SEND and (not event.part or event.part.isdigit()):
            number += 1
            event = replace(event, part=b"%d" % number)
        found.append(event)
    return found


def length(failure: Failure) -> tuple[int, int]:
    """How long a program is: its calls, then its options."""
    return len(failure.events), sum(len(event.options) for event in failure.events)


def _tried(target: Target, setting: Setting, program: Sequence[Event], ends: bool) -> Failure | None:
    try:
        return replayed(target, setting, program, ends)
    except (Impossible, Inconclusive, Restless, KeyError, IndexError, ValueError):
        # Something was left out that the rest needs.
        return None


def _shorter(target: Target, events: Sequence[Event]) -> Iterator[list[Event]]:
    """Programs with something left out, much of it first."""
    for socket in reversed(range(sum(event.do == Do.CREATE for event in events))):
        yield _without(events, socket)
    yield from _waiting_less(events)
    # Where there are threads, what was waited for is waited for again.
    kept = {Do.CREATE, Do.PEERS} | (set() if "stepped" in target.name or Can.SETTLE not in target.cans else {Do.SETTLE})
    size = len(events) // 2
    while size > 0:
        for start in range(len(events) - size, -1, -size):
            out = events[start : start + size]
            if all(event.do in kept for event in out):
                continue
            yield [*events[:start], *(event for event in out if event.do in kept), *events[start + size :]]
        size //= 2
    for number, event in enumerate(events):
        if event.do == Do.CREATE and event.options:
            for option in event.options:
                fewer = tuple(one for one in event.options if one != option)
                yield [*events[:number], replace(event, options=fewer), *events[number + 1 :]]


def _waiting_less(events: Sequence[Event]) -> Iterator[list[Event]]:
    """The program without waiting for what was waited for just before, or for what cannot be under way yet."""
    found: list[Event] = []
    for event in events:
        if event.do == Do.SETTLE and (not any(one.do == Do.CONNECT for one in found) or found[-1].do == Do.SETTLE):
            continue
        found.append(event)
    if len(found) < len(events):
        yield found


def _without(events: Sequence[Event], socket: int) -> list[Event]:
    """The program without a socket and all that has to do with where it alone listened."""
    binds = [event for event in events if event.do == Do.BIND]
    alone = {one.endpoint for one in binds} - {one.endpoint for one in binds if one.socket != socket}
    found = []
    for event in events:
        if event.socket == socket or (event.do in (Do.CONNECT, Do.DISCONNECT) and event.endpoint in alone):
            continue
        found.append(replace(event, socket=event.socket - 1) if event.socket > socket else event)
    return found
