"""Messages that get no memory: what the policy makes of them, all or nothing, and the line of those who wait."""

import pytest
from reference_memory import LATER, Allocator, sites
from reference_stage import Call, Room, eventually, fails, room

import enomem
from enomem import KEEP, RESERVE, SKIP, SNDMORE, Again, NoMemory, SendPolicy, Site
from enomem.model.policies import POLICIES
from enomem.model.reference.weights import CHUNK, CONNECTION, PART, SOCKET
from enomem.model.rules import Rule

# --- messages


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("refused", [0, 1, 2])
def test_send_multipart_is_all_or_nothing(policy: SendPolicy, refused: int) -> None:
    count = iter(range(100))
    site = Site.RESERVATION if policy.reserves else Site.BODY
    refuses = 0 if policy.reserves else refused

    def allocator(asked: Site, _size: int) -> bool:
        return asked != site or next(count) != refuses

    with room(send_policy=policy, allocator=allocator) as stage:
        pull, push = stage.pair("PULL", "PUSH")
        with fails(NoMemory):
            push.send_multipart([b"lost 1", b"lost 2", b"lost 3"])
        assert Site.BODY not in sites(stage)
        push.send_multipart([b"next 1", b"next 2"])
        assert pull.recv_multipart() == [b"next 1", b"next 2"]
        assert not pull.poll(0)


def test_under_discard_a_refused_part_takes_the_earlier_ones_with_it() -> None:
    allocator = Allocator()
    with room(allocator=allocator) as stage:
        pull, push = stage.pair("PULL", "PUSH")
        push.send(b"lost", SNDMORE)
        allocator.sites = {Site.BODY}
        with fails(NoMemory):
            push.send(b"refused", SNDMORE)
        assert Site.BODY not in sites(stage)
        allocator.sites = set()
        push.send(b"next")
        assert pull.recv_multipart() == [b"next"]


def test_under_keep_the_refused_part_is_sent_again() -> None:
    allocator = Allocator()
    with room(allocator=allocator, send_policy=KEEP) as stage:
        pull, push = stage.pair("PULL", "PUSH")
        push.send(b"kept", SNDMORE)
        allocator.sites = {Site.BODY}
        with fails(NoMemory) as raised:
            push.send(b"again")
        assert raised.value.rule == Rule.SEND_6
        assert sites(stage)[Site.BODY] == len(b"kept") + PART
        allocator.sites = set()
        push.send(b"again")
        assert pull.recv_multipart() == [b"kept", b"again"]


def test_under_skip_the_rest_of_the_message_is_swallowed() -> None:
    allocator = Allocator()
    with room(allocator=allocator, send_policy=SKIP) as stage:
        pull, push = stage.pair("PULL", "PUSH")
        push.send(b"dropped", SNDMORE)
        allocator.sites = {Site.BODY}
        with fails(NoMemory) as raised:
            push.send(b"refused", SNDMORE)
        assert raised.value.rule == Rule.SEND_7
        push.send(b"swallowed", SNDMORE)
        push.send(b"swallowed, and the last")
        allocator.sites = set()
        push.send(b"next")
        assert pull.recv_multipart() == [b"next"]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_an_aborted_message_leaves_nothing(policy: SendPolicy) -> None:
    allocator = Allocator()
    with room(send_policy=policy, allocator=allocator) as stage:
        pull, push = stage.pair("PULL", "PUSH")
        push.send(b"lost", SNDMORE)
        push.send(b"lost as well", SNDMORE)
        asked = len(allocator.asked)
        push.abort_message()
        assert Site.BODY not in sites(stage)
        # With nothing begun, nothing is dropped.
        push.abort_message()
        assert len(allocator.asked) == asked
        push.send(b"next")
        assert pull.recv_multipart() == [b"next"]


def test_abort_ends_the_skipping() -> None:
    allocator = Allocator(Site.BODY)
    with room(send_policy=SKIP, allocator=allocator) as stage:
        pull, push = stage.pair("PULL", "PUSH")
        with fails(NoMemory):
            push.send(b"refused", SNDMORE)
        allocator.sites = set()
        push.abort_message()
        push.send(b"next")
        assert pull.recv() == b"next"


# --- the line of those who wait for a reservation


LONG = 1000
NEEDS = LONG + PART + CHUNK
"""What is reserved for a message of that length."""


def crowd(stage: Room, count: int) -> list[enomem.Socket]:
    """Senders to nobody, the first of which has begun a message and holds all the memory that there is for one."""
    senders = [stage.socket("PUSH") for _ in range(count)]
    for sender in senders:
        sender.connect(LATER)
    senders[0].send(bytes(LONG), SNDMORE)
    assert sites(stage)[Site.BODY] + sites(stage)[Site.RESERVATION] == NEEDS
    return senders


def limit(count: int) -> int:
    """A pool in which so many senders have their places, and one of them memory for a long message, and a bit more."""
    return count * (SOCKET + CONNECTION) + NEEDS + 500


def test_who_waits_for_memory_is_served_in_order() -> None:
    with room(send_policy=RESERVE, memory_limit=limit(4)) as stage:
        first, second, third, fourth = crowd(stage, 4)
        line, calls = stage.context.line, []
        for place, (sender, message) in enumerate([(second, bytes(LONG)), (third, bytes(LONG)), (fourth, b"short")], 1):
            calls.append(Call(sender.send, message))
            eventually(lambda place=place: len(line) == place, "a sender is in the line")
        assert [entry.outgoing.core for entry in line] == [second._core, third._core, fourth._core]
        first.abort_message()
        calls[0].answer()
        # There is not enough for the next one. There is for the last one, which does not overtake.
        assert len(line) == 2
        assert limit(4) - stage.used > PART + len(b"short") + CHUNK
        second.close()
        for call in calls[1:]:
            call.answer()
        assert line == []
        assert stage.context.memory().peak <= limit(4)


def test_who_comes_while_others_wait_goes_to_the_end() -> None:
    with room(send_policy=RESERVE, memory_limit=limit(3) + PART + CHUNK) as stage:
        first, second, third = crowd(stage, 3)
        waits = Call(second.send, bytes(LONG)).waits_for(second)
        # There would be enough for this one.
        with fails(Again):
            third.send(b"", enomem.DONTWAIT)
        assert len(stage.context.line) == 1
        first.abort_message()
        waits.answer()


def test_who_waits_too_long_leaves_the_line() -> None:
    with room(send_policy=RESERVE, memory_limit=limit(3)) as stage:
        first, second, third = crowd(stage, 3)
        second.SNDTIMEO = 10
        with fails(Again):
            second.send(bytes(LONG))
        assert stage.context.line == []
        with fails(Again):
            third.send(bytes(LONG), enomem.DONTWAIT)
        assert stage.context.line == []
        assert sites(stage)[Site.BODY] + sites(stage)[Site.RESERVATION] == NEEDS
        first.abort_message()
        second.send(bytes(LONG))


def test_who_is_closed_while_it_waits_leaves_the_line() -> None:
    with room(send_policy=RESERVE, memory_limit=limit(3)) as stage:
        first, second, third = crowd(stage, 3)
        waits = Call(second.send, bytes(LONG)).waits_for(second)
        behind = Call(third.send, bytes(LONG)).waits_for(third)
        second.close()
        with fails(enomem.NotASocket):
            waits.answer()
        first.abort_message()
        behind.answer()
