"""Turns: which pipe gets the next message (round robin), and from which the next one is taken (fair queue).

What belongs here: turns over *places*, and what moves them. A pipe's place is its number, from 0, among the pipes of
its socket in the order in which they were attached. What does not: whether a pipe is there and has room, which is the
caller's ``can``; what messages look like; parts. A turn passes with whole messages only.

A turn may point one past the last place, which means the first one: how many pipes there are is known when a turn is
used and not when it passes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

Can = Callable[[int], object]
"""Answers for a place, with anything that has a truth value."""


KEPT = 1 << 14
"""How many outcomes of a kind are kept to be used again: enough for 128 pipes in any two turns."""


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of one socket, as places.

    ``send``: from here on the pipe for the next message is looked for. ``current``: it gets the message that is being
    sent, -1 if none is. ``receive``: from here on the next message to be received is looked for.
    """

    send: int = 0
    current: int = -1
    receive: int = 0


@lru_cache(maxsize=KEPT)
def _turns(send: int, current: int, receive: int) -> Turns:
    """One object for equal turns: most messages leave the turns as they are, and none is made then."""
    return Turns(send, current, receive)


def at(send: int, current: int, receive: int) -> Turns:
    """These turns. Places are few, so on symbols each is tried: a place that indexes something has to be known."""
    return _turns(send.__index__(), current.__index__(), receive.__index__())


def known(turns: Turns) -> Turns:
    """The same turns, each of them known on symbols too."""
    return at(turns.send, turns.current, turns.receive)


def choose(start: int, count: int, can: Can) -> int:
    """The first of ``count`` places that ``can``, from ``start`` on and around; -1 if none does (TURN-1)."""
    if count == 1:
        return 0 if can(0) else -1
    for place in range(start, count):
        if can(place):
            return place
    for place in range(min(start, count)):
        if can(place):
            return place
    return -1


def begun(turns: Turns, place: int) -> Turns:
    """A message to the pipe at ``place`` was begun; the turn does not pass before the message is whole (TURN-3)."""
    return at(turns.send, place, turns.receive)


def committed(turns: Turns) -> Turns:
    """The message that was being sent is committed: the turn passes to the place after its own (TURN-2)."""
    if turns.current == -1:
        return turns
    return at(turns.current + 1, -1, turns.receive)


def dropped(turns: Turns) -> Turns:
    """The message that was being sent was dropped: as if it had never been begun, the turn included (TURN-3)."""
    if turns.current == -1:
        return turns
    return at(turns.send, -1, turns.receive)


def received(turns: Turns, place: int) -> Turns:
    """A whole message was taken from ``place``: the turn passes to the place after it (TURN-2)."""
    return at(turns.send, turns.current, place + 1)


def joined(turns: Turns, count: int) -> Turns:
    """A pipe was attached behind ``count`` others: it comes last, so a turn that has come around begins (TURN-4)."""
    return at(begins(turns.send, count), turns.current, begins(turns.receive, count))


def begins(turn: int, count: int) -> int:
    """The place that a turn among ``count`` pipes means."""
    return 0 if turn >= count else turn


def left(turns: Turns, place: int) -> Turns:
    """The pipe at ``place`` is gone: those above move down, and whose turn it was, has it still (TURN-5).

    A message that was being sent to the pipe that went is not being sent any more.
    """
    return at(moved(turns.send, place), stayed(turns.current, place), moved(turns.receive, place))


def moved(turn: int, place: int) -> int:
    """Where a turn points when the pipe at ``place`` is gone: at the same pipe, or at the one that came after it."""
    return turn - 1 if turn > place else turn


def stayed(current: int, place: int) -> int:
    """Where the pipe that was at ``current`` is when the one at ``place`` is gone; -1 if it is the one."""
    if current == place:
        return -1
    return current - 1 if current > place else current
