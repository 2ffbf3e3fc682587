"""Allocation sites and the pool.

Every allocation of the design is asked for at a named site, and every answer is one of three: granted, refused
because the pool is full, refused for no visible reason. Who asks and what a refusal changes stands in the
machine that asks, never here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from .rules import Rule
from .states import state


class Site(Enum):
    """Where memory is asked for; ``spec/memory.md`` has the table (who asks, how much, which rule)."""

    FRAME = "frame"
    BODY = "body"
    SLOT = "slot"
    RESERVATION = "reservation"
    COMMIT = "commit"
    RECEIVE_BODY = "receive body"
    RECEIVE_SLOT = "receive slot"
    CONNECTION = "connection"
    LISTENER = "listener"
    SUBSCRIPTION = "subscription"
    SOCKET = "socket"
    ACCEPT = "accept"
    RECONNECT = "reconnect"
    HANDSHAKE = "handshake"
    HEARTBEAT = "heartbeat"
    TIMER = "timer"
    MONITOR = "monitor"
    ROLL_BACK = "roll back"
    UNSUBSCRIBE = "unsubscribe"
    CLOSE = "close"
    TERMINATE = "terminate"


NEVER = (Site.COMMIT, Site.MONITOR, Site.ROLL_BACK, Site.UNSUBSCRIBE, Site.CLOSE, Site.TERMINATE)
"""Where libraries ask for memory and no machine here ever does: what undoes or ends something must not be refused."""


@state
class Pool:
    """One pool of memory: ``limit`` and ``used``, both in units (the reference socket's unit is the byte)."""

    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class Need:
    """An allocation about to be asked for: ``amount`` units at ``site``."""

    site: Site
    amount: int


@dataclass(slots=True)
class Grant:
    """The answer to a request: the pool afterwards, the rule, and the site that was refused, if one was."""

    pool: Pool
    rule: Rule
    refused: Site | None


def take(pool: Pool, needs: Sequence[Need], refuse: Site | None) -> Grant:
    """Take all of ``needs`` or nothing (MEM-1); ``refuse`` is the site at which the environment says no.

    A request that does not fit is refused by MEM-2 whatever the environment says; one that fits and is
    refused all the same is refused by MEM-3. Either way the pool that comes back is the one that went in.
    """
    used = pool.used
    for need in needs:
        used = used + need.amount
        if used > pool.limit:
            return Grant(pool, Rule.MEM_2, need.site)
        if refuse == need.site:
            return Grant(pool, Rule.MEM_3, need.site)
    return Grant(Pool(pool.limit, used), Rule.MEM_1, None)


def fits(pool: Pool, amount: int) -> Pool | None:
    """The pool after ``amount`` units were taken, if it has them (MEM-1); None if it has not (MEM-2)."""
    used = pool.used + amount
    return None if used > pool.limit else Pool(pool.limit, used)


def give(pool: Pool, amount: int) -> Pool:
    """Give ``amount`` units back (MEM-4); this never fails and never asks for memory."""
    return Pool(pool.limit, pool.used - amount)
