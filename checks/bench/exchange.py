"""The exchange model: a fixed yardstick for the speed of the search, not the specification.

Senders write messages of several parts into one pool, a link moves them, a receiver takes them. It is written the
way the machines are, as a step function over frozen dataclasses, so that counts and speeds can be compared with
other checkers on identical work. A finished system stutters once, so that a deadlock is a deadlock.
"""

from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from ..symbolic.machine import Machine

QUEUE, INBOX, DISCONNECTS = 2, 2, 2


class Rule(Enum):
    """What can happen; the value is the name in the peers' texts."""

    PART = "Part"
    ROLLBACK = "Rollback"
    ENOMEM = "Enomem"
    SKIP = "Skip"
    BEGIN = "Begin"
    END = "End"
    DISCONNECT = "Disconnect"
    RECV = "Recv"
    FINISHED = "Finished"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The parameters: senders, parts a message, units of memory, messages a sender, policy (1, 2 or 3)."""

    senders: int
    parts: int
    memory: int
    messages: int
    policy: int


@dataclass(frozen=True, slots=True)
class Sender:
    """``k`` parts of the present message, skipping or not, messages ``left``, committed ones, one in flight."""

    k: int
    skips: bool
    left: int
    queue: int
    flight: bool


@dataclass(frozen=True, slots=True)
class State:
    """Units used, messages at the receiver, disconnects so far, the senders."""

    used: int
    inbox: int
    faults: int
    senders: tuple[Sender, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """``rule`` happens, at ``sender`` where that matters."""

    rule: Rule
    sender: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """The rule that fired and the next state."""

    rules: tuple[Rule, ...]
    state: State


def machine(x: Exchange) -> Machine[State, Action]:
    """The exchange as a machine for the engines."""
    start = State(0, 0, 0, (Sender(0, False, x.messages, 0, False),) * x.senders)
    each = (Rule.PART, Rule.ROLLBACK, Rule.ENOMEM, Rule.SKIP, Rule.BEGIN, Rule.END, Rule.DISCONNECT)
    acts = [Action(rule, i) for i in range(x.senders) for rule in each]
    ranges = {
        "used": (0, x.memory), "inbox": (0, INBOX), "faults": (0, DISCONNECTS), "senders.k": (0, x.parts - 1),
        "senders.left": (0, x.messages), "senders.queue": (0, QUEUE),
    }  # fmt: skip
    return Machine(
        f"exchange {x.senders} {x.parts} {x.memory} {x.messages}, policy {x.policy}", start,
        (*acts, Action(Rule.RECV), Action(Rule.FINISHED)), partial(step, x), ranges, symmetric="senders",
    )  # fmt: skip


def step(x: Exchange, state: State, action: Action) -> Step | None:
    """What ``action`` does, or None."""
    rule = action.rule
    if rule == Rule.RECV:
        if state.inbox == 0:
            return None
        return Step((rule,), replace(state, inbox=state.inbox - 1, used=state.used - x.parts))
    if rule == Rule.FINISHED:
        return Step((rule,), state) if finished(state) else None
    sender = state.senders[action.sender]
    changed = _sender_step(x, state, sender, rule)
    if changed is None:
        return None
    after, moved = changed
    senders = tuple(moved if i == action.sender else s for i, s in enumerate(state.senders))
    return Step((rule,), replace(after, senders=senders))


def finished(state: State) -> bool:
    """Was everything sent and taken?"""
    return state.inbox == 0 and all(s.left == 0 and s.k == 0 and s.queue == 0 and not s.flight for s in state.senders)


def _sender_step(x: Exchange, state: State, s: Sender, rule: Rule) -> tuple[State, Sender] | None:
    if rule in (Rule.PART, Rule.ROLLBACK, Rule.ENOMEM):
        if s.left == 0 or s.skips or (s.k == 0 and s.queue == QUEUE):
            return None
        if rule == Rule.PART:
            return _part(x, state, s)
        return _no_memory(x, state, s, rule) if state.used == x.memory else None
    if rule == Rule.SKIP:
        return (state, _one_more(x, s)) if s.skips else None
    if rule == Rule.BEGIN:
        return None if s.queue == 0 or s.flight else (state, replace(s, queue=s.queue - 1, flight=True))
    if not s.flight:
        return None
    if rule == Rule.END:
        return None if state.inbox == INBOX else (replace(state, inbox=state.inbox + 1), replace(s, flight=False))
    if state.faults == DISCONNECTS:
        return None
    lost = replace(state, faults=state.faults + 1, used=state.used - x.parts)
    return lost, replace(s, flight=False)


def _part(x: Exchange, state: State, s: Sender) -> tuple[State, Sender] | None:
    if state.used >= x.memory:
        return None
    if s.k + 1 == x.parts:
        s = replace(s, k=0, queue=s.queue + 1, left=s.left - 1)
    else:
        s = replace(s, k=s.k + 1)
    return replace(state, used=state.used + 1), s


def _no_memory(x: Exchange, state: State, s: Sender, rule: Rule) -> tuple[State, Sender] | None:
    freed = replace(state, used=state.used - s.k)
    if rule == Rule.ROLLBACK:
        return (freed, replace(s, k=0)) if x.policy == 1 and s.k > 0 else None
    return (freed, _one_more(x, s)) if x.policy == 3 else None


def _one_more(x: Exchange, s: Sender) -> Sender:
    """One part of the message is skipped; with its last part the message is over."""
    if s.k + 1 == x.parts:
        return replace(s, k=0, skips=False, left=s.left - 1)
    return replace(s, k=s.k + 1, skips=True)
