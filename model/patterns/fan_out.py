"""Fan-out: one message to many subscribers, each of which has a pipe, a send state and a copy of its own.

What belongs here: what becomes of one subscriber's copy when its pipe is full or gets no memory, and of all of them
where a message goes to all or to none. What does not: who the subscribers are (``subscriptions``), and everything that
happens to a part in a pipe, which is the send machine's (``send``).

Each copy is charged in full, in its own pipe. Sharing one body between them would save memory, and would let a slow
subscriber hold what a fast one has long been given: when memory comes back would depend on another's peer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import memory, policies
from .. import pipe as pipes
from .. import send as sends
from ..memory import Pool, Site
from ..pipe import Pipe
from ..policies import SendPolicy
from ..rules import Rule
from ..send import Answer, Costs, Phase, Send, Sent


def copy(sizes: Costs, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Site | None) -> Sent:
    """Send one part of a message to one of its subscribers; the application hears OK whatever comes of it.

    A pipe that is full when the message begins (PUB-2), or that gets no memory for a part of it (PUB-3), misses the
    message whole: what it has of it is rolled back, and the rest is swallowed. The answer, FULL or NO_MEMORY, is for
    the monitor; it is given once a message.
    """
    sent = sends.send_part(policies.SKIP, sizes, pool, send, pipe, hwm, last, refuse)
    if sent.answer == Answer.FULL:
        missing = Send() if last else Send(Phase.SKIPPING)
        return replace(sent, rules=(Rule.PUB_2, *sent.rules), send=missing)
    if sent.answer == Answer.NO_MEMORY:
        return replace(sent, rules=(Rule.PUB_3, *sent.rules))
    return sent


@dataclass(frozen=True, slots=True)
class SentAll:
    """The outcome of one part to all subscribers or none: as `Sent`, with one pipe for each of them.

    ``dropped`` parts were rolled back in each pipe. ``wrote`` and ``committed`` hold for all pipes.
    """

    rules: tuple[Rule, ...]
    answer: Answer
    pool: Pool
    send: Send
    pipes: tuple[Pipe, ...]
    refused: Site | None = None
    wrote: bool = False
    dropped: int = 0
    committed: bool = False
    asked: tuple[memory.Need, ...] = ()


Target = tuple[Costs, Pipe]
"""A subscriber that a message goes to: what its parts cost, and its pipe."""


def all_or_none(
    policy: SendPolicy, pool: Pool, send: Send, targets: Sequence[Target], hwm: int, last: bool, refuse: Site | None
) -> SentAll:
    """Send one part to all ``targets``, which have been sent the same parts of this message, or to none.

    If any pipe is full when the message begins, nothing changes and the caller may wait (PUB-4). If any gets no memory,
    none gets the part, and what becomes of the earlier ones is the policy's to say, the same for all (PUB-5).
    """
    if not targets or send.phase not in (Phase.IDLE, Phase.SENDING):
        return _without_pipes(policy, pool, send, targets, hwm, last)
    now = pool
    given: list[Sent] = []
    for sizes, pipe in targets:
        sent = sends.send_part(policy, sizes, now, send, pipe, hwm, last, refuse)
        if sent.answer == Answer.FULL:
            rules = (Rule.PUB_4, *sent.rules)
            return SentAll(rules, sent.answer, pool, send, tuple(before for _, before in targets))
        if sent.answer == Answer.NO_MEMORY:
            return _no_memory(pool, targets, sent)
        now = sent.pool
        given.append(sent)
    first = given[0]
    after = tuple(one.pipe for one in given)
    asked = tuple(need for one in given for need in one.asked)
    rules = (Rule.PUB_6, *first.rules)
    return SentAll(rules, first.answer, now, first.send, after, wrote=True, committed=first.committed, asked=asked)


def _no_memory(pool: Pool, targets: Sequence[Target], sent: Sent) -> SentAll:
    """One pipe got no memory, and the send machine has asked the policy there: the others follow."""
    after = tuple(pipes.roll_back(pipe, sent.dropped) for _, pipe in targets)
    for (sizes, before), now in zip(targets, after, strict=True):
        pool = memory.give(pool, sends.held(sizes, Send(), before) - sends.held(sizes, Send(), now))
    return SentAll((Rule.PUB_5, *sent.rules), sent.answer, pool, sent.send, after, sent.refused, dropped=sent.dropped)


def _without_pipes(
    policy: SendPolicy, pool: Pool, send: Send, targets: Sequence[Target], hwm: int, last: bool
) -> SentAll:
    """What is answered without a look at any pipe, and a message that nobody gets, or nobody any more: swallowed."""
    now = Send(Phase.SKIPPING) if send.phase in (Phase.IDLE, Phase.SENDING) else send
    sent = sends.send_part(policy, sends.Sizes(), pool, now, Pipe(), hwm, last, None)
    return SentAll(sent.rules, sent.answer, pool, sent.send, tuple(pipe for _, pipe in targets))
