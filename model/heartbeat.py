"""The heartbeat's clock: when a PING is due, when a silent peer is dead, and what a reader that does not read may say.

What belongs here: the decisions. What does not: clocks, which are arguments, in milliseconds.
"""

from dataclasses import dataclass
from enum import Enum

from .rules import Rule


class Beat(Enum):
    """What a heartbeat's clock asks for."""

    WAIT = "wait"
    PING = "ping"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Pulse:
    """When the heartbeat's clock has to be looked at again (milliseconds, -1 never), and what is to be done now."""

    rule: Rule
    beat: Beat
    again: int = -1


def pulse(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    """Look at the heartbeat's clock at ``now``; the peer was last ``heard`` and last ``pinged`` then (-1 never).

    A PING goes out every ``interval``; a peer from which nothing comes for ``timeout`` after it is dead, and so is
    one that announced a ``ttl`` of its own and stays silent longer (HEART-1 to HEART-3). 0 switches each off.
    """
    if ttl > 0 and now - heard >= ttl:
        return Pulse(Rule.HEART_3, Beat.DEAD)
    # Anything that came after the PING is its answer.
    waiting = pinged >= 0 and heard < pinged
    if interval > 0 and timeout > 0 and waiting and now - pinged >= timeout:
        return Pulse(Rule.HEART_2, Beat.DEAD)
    due = [heard + ttl] if ttl > 0 else []
    if interval > 0:
        if not waiting and (pinged < 0 or now - pinged >= interval):
            return Pulse(Rule.HEART_1, Beat.PING)
        if not waiting:
            due.append(pinged + interval)
        elif timeout > 0:
            due.append(pinged + timeout)
    return Pulse(Rule.HEART_1, Beat.WAIT, min(due) if due else -1)


def unheard(now: int, heard: int, reads: bool) -> int:
    """Since when the peer counts as silent: one who does not read cannot say that it is (HEART-4)."""
    return heard if reads else now


def sign(reads: bool, interval: int) -> int:
    """How often, in milliseconds, one who does not read says that it lives (HEART-5); 0: there is no need to.

    It answers no PING, since it reads none. ``interval`` is its own heartbeat's, 0 if it has none.
    """
    if reads:
        return 0
    return interval if interval > 0 else SIGN


SIGN = 500
"""Milliseconds between signs of life of one who has no interval of its own: well below the timeouts in use."""
