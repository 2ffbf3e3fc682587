"""The short cut of the send machine: a whole message in one step is what its parts, one by one, would have led to."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.model import pipe as pipes
from enomem.model.memory import Pool
from enomem.model.pipe import Pipe
from enomem.model.policies import DISCARD, KEEP, POLICIES, SendPolicy
from enomem.model.send import Answer, Phase, Send, Sent, send_part, send_whole


@dataclass(frozen=True)
class Costs:
    """What the next part costs, and what a pipe holds of this message and of others."""

    part: int
    before: int
    sent: tuple[int, ...]
    chunk: int
    slots: int

    def bodies(self, pipe: Pipe) -> int:
        return (self.before if pipe.parts > 0 else 0) + sum(self.sent[: pipe.tail])

    def message(self, parts: int) -> int:
        raise NotImplementedError


@st.composite
def situations(draw: st.DrawFn) -> tuple[Pool, Pipe, int, list[int], int, int, int]:
    """A pool, an idle pipe with what it holds in it, a high-water mark, a message, and what chunks cost."""
    slots, chunk = draw(st.integers(1, 4)), draw(st.integers(0, 9))
    messages = draw(st.integers(0, 3))
    parts = draw(st.integers(messages, 7)) if messages else 0
    pipe = Pipe(messages, parts, 0, draw(st.integers(0, slots - 1)))
    before = draw(st.integers(parts, 9 * parts)) if parts else 0
    used = before + chunk * pipes.chunks(pipe, slots)
    sizes = draw(st.lists(st.integers(0, 9), min_size=1, max_size=9))
    limit = used + draw(st.integers(0, sum(sizes) + 3 * chunk + 1))
    return Pool(limit, used), pipe, draw(st.integers(1, 4)), sizes, before, chunk, slots


def one_by_one(
    policy: SendPolicy, pool: Pool, pipe: Pipe, hwm: int, sizes: list[int], before: int, chunk: int, slots: int
) -> Sent:  # fmt: skip
    """All parts, or up to the first that is not accepted."""
    send = Send()
    for number, size in enumerate(sizes, 1):
        costs = Costs(size, before, tuple(sizes[: number - 1]), chunk, slots)
        sent = send_part(policy, costs, pool, send, pipe, hwm, number == len(sizes), None)
        if sent.answer != Answer.OK:
            break
        pool, send, pipe = sent.pool, sent.send, sent.pipe
    return sent


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if not policy.reserves], ids=lambda one: one.name)
@given(situation=situations())
def test_it_leads_where_the_parts_lead(
    policy: SendPolicy, situation: tuple[Pool, Pipe, int, list[int], int, int, int]
) -> None:  # fmt: skip
    pool, pipe, hwm, sizes, before, chunk, slots = situation
    whole = send_whole(Costs(0, before, (), chunk, slots), pool, pipe, hwm, len(sizes), sum(sizes))
    parts = one_by_one(policy, *situation)
    assert (whole is None) == (parts.answer != Answer.OK)
    if whole is None:
        assert parts.answer in (Answer.FULL, Answer.NO_MEMORY)
        # KEEP keeps what was sent so far: that is for its caller to finish or to abort.
        if policy != KEEP or pipes.full(pipe, hwm):
            assert (parts.pool, parts.pipe) == (pool, pipe)
        if policy == DISCARD:
            assert parts.send.phase == Phase.IDLE
    else:
        assert (parts.answer, parts.send) == (Answer.OK, Send())
        assert whole == (parts.pool, parts.pipe)
