"""Fan-out and conflation: whole messages for each subscriber, nothing of one's memory in another's, all or none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase as Stage
from hypothesis import event, given, settings
from hypothesis import strategies as st

from enomem.model import send as sends
from enomem.model.memory import Pool, Site
from enomem.model.patterns import conflate, fan_out
from enomem.model.patterns.fan_out import Target
from enomem.model.pipe import Pipe
from enomem.model.policies import DISCARD, KEEP, POLICIES, SKIP, SendPolicy
from enomem.model.rules import Rule
from enomem.model.send import Answer, Phase, Send, Sizes

SIZES = Sizes(part=1, chunk=1, slots=2)
HWM = 2
SITES = st.sampled_from([None, None, None, Site.BODY, Site.SLOT])


def all_held(send: list[Send], pipes: list[Pipe]) -> int:
    return sum(sends.held(SIZES, one, pipe) for one, pipe in zip(send, pipes, strict=True))


def test_a_full_subscriber_misses_the_message_and_the_next_part_is_swallowed() -> None:
    full, pool = Pipe(messages=2, parts=2), Pool(100, 10)
    sent = fan_out.copy(SIZES, pool, Send(), full, HWM, False, None)
    assert sent.rules == (Rule.PUB_2, Rule.SEND_4, Rule.PIPE_6)
    assert (sent.answer, sent.pool, sent.pipe, sent.send) == (Answer.FULL, pool, full, Send(Phase.SKIPPING))
    rest = fan_out.copy(SIZES, pool, sent.send, full, HWM, True, None)
    assert (rest.answer, rest.pool, rest.pipe, rest.send) == (Answer.OK, pool, full, Send())


def test_a_full_subscriber_misses_a_message_of_one_part() -> None:
    sent = fan_out.copy(SIZES, Pool(100, 0), Send(), Pipe(messages=2, parts=2), HWM, True, None)
    assert (sent.answer, sent.send) == (Answer.FULL, Send())


def test_a_subscriber_without_memory_loses_the_head_and_not_what_was_committed() -> None:
    pool, pipe = Pool(5, 2), Pipe(messages=1, parts=1)
    head = fan_out.copy(SIZES, pool, Send(), pipe, HWM, False, None)
    assert (head.answer, head.pool.used) == (Answer.OK, 4)
    body = fan_out.copy(SIZES, head.pool, head.send, head.pipe, HWM, False, Site.BODY)
    assert body.rules[:2] == (Rule.PUB_3, Rule.SEND_7)
    assert (body.answer, body.pool, body.pipe, body.send) == (Answer.NO_MEMORY, pool, pipe, Send(Phase.SKIPPING))


@given(st.data())
def test_each_subscriber_gets_whole_messages_and_pays_for_its_own(data: st.DataObject) -> None:
    """Three subscribers, any refusals: a pipe holds whole messages, misses are told, and the pool is what is held."""
    count = 3
    pool, send, pipes = Pool(data.draw(st.integers(0, 30)), 0), [Send()] * count, [Pipe()] * count
    for _ in range(data.draw(st.integers(1, 6))):
        parts = data.draw(st.integers(1, 4))
        before, missed = list(pipes), [0] * count
        for part in range(parts):
            for place in range(count):
                last = part == parts - 1
                sent = fan_out.copy(SIZES, pool, send[place], pipes[place], HWM, last, data.draw(SITES))
                pool, send[place], pipes[place] = sent.pool, sent.send, sent.pipe
                missed[place] += sent.answer in (Answer.FULL, Answer.NO_MEMORY)
                others = [place for place in range(count) if send[place].phase == Phase.SENDING]
                event(f"{len(others)} in the middle of part {part}")
                assert pool.used == all_held(send, pipes)
        for place in range(count):
            assert (send[place], pipes[place].tail) == (Send(), 0)
            assert missed[place] <= 1
            got = pipes[place].messages - before[place].messages
            assert got == 1 - missed[place]
            assert pipes[place].parts - before[place].parts == got * parts
        if data.draw(st.booleans()):
            place = data.draw(st.integers(0, count - 1))
            gone = sends.peer_gone(SIZES, pool, Send(), pipes[place])
            pool, pipes[place] = gone.pool, gone.pipe


def targets(pipes: list[Pipe]) -> list[Target]:
    return [(SIZES, pipe) for pipe in pipes]


def test_all_get_the_part_or_none_because_one_is_full() -> None:
    pipes, pool = [Pipe(), Pipe(messages=2, parts=2)], Pool(100, 7)
    sent = fan_out.all_or_none(DISCARD, pool, Send(), targets(pipes), HWM, True, None)
    assert sent.rules == (Rule.PUB_4, Rule.SEND_4, Rule.PIPE_6)
    assert (sent.answer, sent.pool, sent.send, list(sent.pipes)) == (Answer.FULL, pool, Send(), pipes)


def test_all_get_the_part_or_none_because_one_has_no_memory() -> None:
    pipes, pool = [Pipe(), Pipe()], Pool(3, 0)
    head = fan_out.all_or_none(DISCARD, pool, Send(), targets(pipes), HWM, False, None)
    assert (head.rules[0], head.answer, head.pool.used, head.wrote) == (Rule.PUB_6, Answer.OK, 2, True)
    # The second pipe's second part needs a chunk that the pool has not.
    body = fan_out.all_or_none(DISCARD, head.pool, head.send, targets(list(head.pipes)), HWM, True, None)
    assert body.rules[:3] == (Rule.PUB_5, Rule.SEND_5, Rule.MEM_2)
    assert (body.answer, body.pool, body.send, list(body.pipes)) == (Answer.NO_MEMORY, pool, Send(), pipes)
    assert body.dropped == 1


def test_keeping_keeps_the_same_in_every_pipe() -> None:
    head = fan_out.all_or_none(KEEP, Pool(3, 0), Send(), targets([Pipe(), Pipe()]), HWM, False, None)
    body = fan_out.all_or_none(KEEP, head.pool, head.send, targets(list(head.pipes)), HWM, True, None)
    assert body.rules[:2] == (Rule.PUB_5, Rule.SEND_6)
    assert (body.pool, body.pipes, body.send.phase, body.dropped) == (head.pool, head.pipes, Phase.SENDING, 0)


def test_skipping_swallows_the_rest_for_all() -> None:
    head = fan_out.all_or_none(SKIP, Pool(3, 0), Send(), targets([Pipe(), Pipe()]), HWM, False, None)
    body = fan_out.all_or_none(SKIP, head.pool, head.send, targets(list(head.pipes)), HWM, False, None)
    assert (body.answer, body.send) == (Answer.NO_MEMORY, Send(Phase.SKIPPING))
    rest = fan_out.all_or_none(SKIP, body.pool, body.send, targets(list(body.pipes)), HWM, True, None)
    assert (rest.rules, rest.answer, rest.send, rest.pipes) == ((Rule.SEND_9,), Answer.OK, Send(), body.pipes)


def test_a_message_for_nobody_is_swallowed_and_costs_nothing() -> None:
    pool = Pool(0, 0)
    head = fan_out.all_or_none(DISCARD, pool, Send(), [], HWM, False, None)
    assert (head.answer, head.pool, head.send) == (Answer.OK, pool, Send(Phase.SKIPPING))
    rest = fan_out.all_or_none(DISCARD, pool, head.send, [], HWM, True, None)
    assert (rest.answer, rest.pool, rest.send) == (Answer.OK, pool, Send())


def test_a_message_whose_last_subscriber_went_is_swallowed() -> None:
    sent = fan_out.all_or_none(DISCARD, Pool(9, 0), Send(Phase.SENDING), [], HWM, False, None)
    assert (sent.answer, sent.pool, sent.send, sent.wrote) == (Answer.OK, Pool(9, 0), Send(Phase.SKIPPING), False)


@given(st.data(), st.sampled_from(POLICIES))
def test_with_nodrop_all_subscribers_have_the_same(data: st.DataObject, policy: SendPolicy) -> None:
    pool, send = Pool(data.draw(st.integers(0, 25)), 0), Send()
    pipes = [Pipe(front=front) for front in data.draw(st.lists(st.integers(0, 1), min_size=1, max_size=3))]
    for last in data.draw(st.lists(st.booleans(), max_size=15)):
        before = (pool, send, pipes)
        sent = fan_out.all_or_none(policy, pool, send, targets(pipes), HWM, last, data.draw(SITES))
        if sent.answer == Answer.FULL:
            assert before == (sent.pool, sent.send, list(sent.pipes))
        if sent.answer == Answer.NO_MEMORY:
            assert not sent.wrote
            assert not sent.committed
        pool, send, pipes = sent.pool, sent.send, list(sent.pipes)
        assert len({(pipe.messages, pipe.parts, pipe.tail) for pipe in pipes}) == 1
        assert pool.used == sum(sends.held(SIZES, Send(), pipe) for pipe in pipes)
        assert (send.phase == Phase.SENDING) == (pipes[0].tail > 0)
        event(f"{sent.answer.name} {send.phase.name}")


def test_the_newer_message_replaces_the_older_one_whole() -> None:
    pipe, pool = Pipe(messages=2, parts=5, front=1), Pool(100, 50)
    held = sends.held(SIZES, Send(), pipe)
    kept = conflate.replaced(SIZES, pool, pipe, 3, 3)
    assert kept.rule == Rule.CONFLATE_1
    assert kept.pipe == replace(pipe, messages=1, parts=2, front=0)
    assert pool.used - kept.pool.used == held - sends.held(SIZES, Send(), kept.pipe)


@pytest.mark.parametrize(("messages", "gone"), [(0, 0), (1, 0), (2, 1), (5, 4)])
def test_all_but_the_newest_that_arrived_go(messages: int, gone: int) -> None:
    assert conflate.overtaken(messages) == conflate.Overtaken(Rule.CONFLATE_2, gone)


SEND_PART = sends.send_part


def kept_instead(policy: SendPolicy, *arguments: Any) -> Any:
    """What libzmq does: the pipe that gets no memory keeps the parts that it has."""
    return SEND_PART(KEEP, *arguments)


def first_only(policy: SendPolicy, pool: Pool, send: Send, targets: list[Target], *rest: Any) -> Any:
    """The first pipe is served, whatever becomes of the others."""
    sent = ALL_OR_NONE(policy, pool, send, targets[:1], *rest)
    return replace(sent, pipes=(*sent.pipes, *(pipe for _, pipe in targets[1:])))


ALL_OR_NONE = fan_out.all_or_none


WHOLE = (test_each_subscriber_gets_whole_messages_and_pays_for_its_own, st.data())
SAME = (test_with_nodrop_all_subscribers_have_the_same, st.data(), st.sampled_from(POLICIES))


@pytest.mark.parametrize(
    ("check", "place", "defect"),
    [
        (WHOLE, "send.send_part", kept_instead),
        (WHOLE, "memory.give", lambda pool, _: pool),
        (SAME, "pipe.roll_back", lambda pipe, _: pipe),
        (SAME, "patterns.fan_out.all_or_none", first_only),
    ],
)
def test_a_fan_out_that_is_wrong_is_found(
    check: tuple[Any, ...], place: str, defect: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"enomem.model.{place}", defect)
    test, *drawn = check
    quick = settings(phases=[Stage.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError):
        quick(given(*drawn)(test.hypothesis.inner_test))()
