"""What a socket owes its application when memory runs out, where it can be made to: no message that nobody sent."""

from __future__ import annotations

import pytest

from ..targets.target import Can, Said, Target
from .asking import WAIT, Message, need, need_types, pair, receive, send, silence

UNITS = 200_000
"""Octets of a limit: a socket, its connection, and some fifty messages."""
PART = 1000
MOST = UNITS // PART
"""So many messages are more than a limit allows."""

FIRST = [b"A1", b"A2", b"A3"]
SECOND = [b"B1", b"B2"]


@pytest.mark.parametrize("place", range(len(FIRST)))
@pytest.mark.parametrize(("policy", "again"), [("DISCARD", "all"), ("KEEP", "the failed part")])
def test_what_is_sent_again_arrives_once_and_the_next_message_too(
    enomem_target: Target, policy: str, again: str, place: int
) -> None:
    """Each policy with its own recovery, a refusal at each part (SAFE-WHOLE, SAFE-ONCE, SAFE-NEXT)."""
    need(enomem_target, Can.POLICY, Can.REFUSE)
    enomem_target.policy(policy)
    own = pair(enomem_target, "PULL", "PUSH")
    enomem_target.refuse("BODY", after=place)
    said = [enomem_target.send(own.connected, part, part != FIRST[-1], 0) for part in FIRST[: place + 1]]
    assert said == [Said.OK] * place + [Said.NO_MEMORY]
    assert send(enomem_target, own.connected, FIRST if again == "all" else FIRST[place:], 0) is Said.OK
    assert send(enomem_target, own.connected, SECOND, 0) is Said.OK
    assert [receive(enomem_target, own.bound) for _ in range(2)] == [FIRST, SECOND]
    assert silence(enomem_target, own.bound).said is Said.AGAIN


def test_a_refusal_leaves_no_memory_behind(enomem_target: Target) -> None:
    """Under DISCARD the socket is as if the message had never been begun (SAFE-CLEAN)."""
    need(enomem_target, Can.REFUSE, Can.MEMORY)
    own = pair(enomem_target, "PULL", "PUSH")
    before = enomem_target.memory()
    enomem_target.refuse("BODY", after=1)
    assert enomem_target.send(own.connected, b"x" * PART, True, 0) is Said.OK
    assert enomem_target.memory() > before
    assert enomem_target.send(own.connected, b"x" * PART, True, 0) is Said.NO_MEMORY
    assert enomem_target.memory() == before


def test_a_reader_that_waits_for_memory_loses_nothing(enomem_target: Target) -> None:
    """Told to wait for ever, it reads what it was refused when the memory is there (RECEIVE-2, RECEIVE-10)."""
    need(enomem_target, Can.RECEIVE_POLICY, Can.REFUSE)
    enomem_target.receive_policy("WAIT")
    own = pair(enomem_target, "PULL", "PUSH")
    enomem_target.refuse("RECEIVE_BODY", times=2)
    assert send(enomem_target, own.connected, FIRST, WAIT) is Said.OK
    assert receive(enomem_target, own.bound) == FIRST


def test_what_got_no_memory_is_no_part_of_what_arrives(enomem_target: Target) -> None:
    """Messages of three parts until memory is full, all of which are received later; then the next (SAFE-WHOLE)."""
    need(enomem_target, Can.LIMIT)
    need_types(enomem_target, "PULL", "PUSH")
    # Nobody listens yet, so that everything stays with the sender, which has a pool of its own.
    pull, gone = enomem_target.create("PULL"), enomem_target.create("PULL")
    endpoint = enomem_target.bind(gone)
    enomem_target.close(gone)
    enomem_target.limit(UNITS)
    push = enomem_target.create("PUSH", {"SNDHWM": 0})
    assert enomem_target.connect(push, endpoint) is Said.OK
    sent: list[Message] = []
    said = Said.OK
    while said is Said.OK and len(sent) < MOST:
        message = [b"%d" % len(sent), b"x" * PART, b"end"]
        said = send(enomem_target, push, message, 0)
        sent += [message] if said is Said.OK else []
    assert said is Said.NO_MEMORY, "more is queued than the limit allows"
    assert sent, "not even one message is accepted"
    assert enomem_target.bind(pull, endpoint) == endpoint
    assert [receive(enomem_target, pull) for _ in sent] == sent
    assert silence(enomem_target, pull).said is Said.AGAIN, "a message that was refused arrived"
    assert send(enomem_target, push, SECOND, WAIT) is Said.OK
    assert receive(enomem_target, pull) == SECOND
