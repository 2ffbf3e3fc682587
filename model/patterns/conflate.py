"""Conflation: only the newest whole message is kept, on either side of a connection.

What belongs here: what a newer message does to an older one that still waits. What does not: parts. Messages are
replaced whole, however many parts they have, and an unfinished one replaces nothing.
"""

from dataclasses import dataclass

from .. import link, memory
from ..memory import Pool
from ..pipe import Pipe
from ..rules import Rule
from ..send import Costs


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left after a newer message replaced an older one."""

    rule: Rule
    pool: Pool
    pipe: Pipe


def replaced(sizes: Costs, pool: Pool, pipe: Pipe, parts: int, units: int) -> Kept:
    """A message was committed behind one of ``parts`` parts and ``units`` units: the older one goes (CONFLATE-1)."""
    after, given = link.begin(sizes, pool, pipe, parts)
    return Kept(Rule.CONFLATE_1, memory.give(given, units), after)


@dataclass(frozen=True, slots=True)
class Overtaken:
    """How many of the oldest messages of a receive queue go."""

    rule: Rule
    messages: int


def overtaken(messages: int) -> Overtaken:
    """A receive queue has ``messages`` messages: all but the newest go, as if they had been received (CONFLATE-2)."""
    return Overtaken(Rule.CONFLATE_2, messages - 1 if messages > 1 else 0)
