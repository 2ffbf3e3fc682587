"""What every socket owes its application where memory does not run out: whole messages, once, in order, to whom."""

from __future__ import annotations

import pytest

from ..targets.target import Can, Said, Target
from .asking import WAIT, need, need_types, pair, receive, send, silence

SHAPES = {
    "one part": [b"a"],
    "an empty part": [b""],
    "empty parts": [b"", b"", b""],
    "three parts": [b"a", b"bb", b"ccc"],
    "the longest short frame": [b"x" * 255],
    "the shortest long frame": [b"x" * 256],
    "large and small": [b"a", b"x" * 100_000, b"", b"c"],
    "a hundred parts": [bytes([place]) * place for place in range(100)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_message_arrives_as_it_was_sent(enomem_target: Target, shape: str) -> None:
    own = pair(enomem_target, "PULL", "PUSH")
    assert send(enomem_target, own.connected, SHAPES[shape]) is Said.OK
    assert receive(enomem_target, own.bound) == SHAPES[shape]
    assert silence(enomem_target, own.bound).said is Said.AGAIN, "it arrived twice, or another did"


def test_messages_of_one_sender_keep_their_order(enomem_target: Target) -> None:
    own = pair(enomem_target, "PULL", "PUSH")
    messages = [[b"%d" % number, b"of", b"100"][: 1 + number % 3] for number in range(100)]
    assert [send(enomem_target, own.connected, message) for message in messages] == [Said.OK] * 100
    assert [receive(enomem_target, own.bound) for _ in messages] == messages


def test_nothing_has_arrived_before_something_was_sent(enomem_target: Target) -> None:
    own = pair(enomem_target, "PULL", "PUSH")
    assert silence(enomem_target, own.bound).said is Said.AGAIN


def test_an_unfinished_message_is_never_received(enomem_target: Target) -> None:
    own = pair(enomem_target, "PULL", "PUSH")
    assert enomem_target.send(own.connected, b"begun", True, WAIT) is Said.OK
    assert silence(enomem_target, own.bound).said is Said.AGAIN, "a part of a message was received"
    enomem_target.close(own.connected)
    assert silence(enomem_target, own.bound).said is Said.AGAIN, "a part of a message was received"


def test_a_pair_talks_both_ways(enomem_target: Target) -> None:
    own = pair(enomem_target, "PAIR", "PAIR")
    assert send(enomem_target, own.connected, [b"there", b"1"]) is Said.OK
    assert receive(enomem_target, own.bound) == [b"there", b"1"]
    assert send(enomem_target, own.bound, [b"back", b"2"]) is Said.OK
    assert receive(enomem_target, own.connected) == [b"back", b"2"]


def test_a_request_and_its_reply_take_turns(enomem_target: Target) -> None:
    own = pair(enomem_target, "REP", "REQ")
    for number in range(3):
        # Which error it is, is not said by RFC 28; libzmq has EFSM, others EAGAIN.
        assert enomem_target.receive(own.connected, 0).said is not Said.OK, "a reply before the request"
        assert send(enomem_target, own.connected, [b"ask", b"%d" % number]) is Said.OK
        assert receive(enomem_target, own.bound) == [b"ask", b"%d" % number]
        assert enomem_target.receive(own.bound, 0).said is not Said.OK, "a second request before the reply"
        assert send(enomem_target, own.bound, [b"answer", b"%d" % number]) is Said.OK
        assert receive(enomem_target, own.connected) == [b"answer", b"%d" % number]


def test_a_router_puts_the_sender_in_front_and_sends_to_whom_the_first_part_names(enomem_target: Target) -> None:
    own = pair(enomem_target, "ROUTER", "DEALER", {"ROUTING_ID": b"dealer"})
    assert send(enomem_target, own.connected, [b"a", b"b"]) is Said.OK
    assert receive(enomem_target, own.bound) == [b"dealer", b"a", b"b"]
    assert send(enomem_target, own.bound, [b"nobody", b"lost"]) is Said.OK
    assert send(enomem_target, own.bound, [b"dealer", b"c"]) is Said.OK
    assert receive(enomem_target, own.connected) == [b"c"]


def test_pushed_messages_go_round(enomem_target: Target) -> None:
    need(enomem_target, Can.PEERS)
    need_types(enomem_target, "PULL", "PUSH")
    push = enomem_target.create("PUSH")
    pulls = [enomem_target.create("PULL") for _ in range(3)]
    for pull in pulls:
        assert enomem_target.connect(push, enomem_target.bind(pull)) is Said.OK
    assert enomem_target.peers(push, 3, WAIT)
    for number in range(6):
        assert send(enomem_target, push, [b"%d" % number, b"end"]) is Said.OK
    got = [[receive(enomem_target, pull) for _ in range(2)] for pull in pulls]
    # Whose turn comes first is not said anywhere, but it is the same each time.
    assert sorted(got, key=str) == [[[b"%d" % n, b"end"], [b"%d" % (n + 3), b"end"]] for n in range(3)]


def test_a_subscriber_gets_what_begins_with_its_topic(enomem_target: Target) -> None:
    need_types(enomem_target, "XPUB")
    own = pair(enomem_target, "XPUB", "SUB", {"SUBSCRIBE": b"yes"})
    # An XPUB is told, and so what it publishes then is not too early.
    assert receive(enomem_target, own.bound) == [b"\x01yes"]
    for topic in (b"no", b"yes", b"ye", b"yesterday"):
        assert send(enomem_target, own.bound, [topic, b"body"]) is Said.OK
    assert receive(enomem_target, own.connected) == [b"yes", b"body"]
    assert receive(enomem_target, own.connected) == [b"yesterday", b"body"]
    assert silence(enomem_target, own.connected).said is Said.AGAIN
