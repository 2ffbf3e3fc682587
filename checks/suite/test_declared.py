"""A target can what it declares; what it does not declare is not asked of it here, and is refused by it."""

from __future__ import annotations

import pytest

from ..targets.target import Can, CannotDo, Refused, Said, Target
from .asking import MOMENT, WAIT, need, need_types, pair, receive, send, silence

UNITS = 200_000
"""Octets of a limit: more than what a few sockets and connections need before the first message."""
PART = 1000


def test_it_introduces_itself(enomem_target: Target) -> None:
    assert enomem_target.name
    assert enomem_target.version
    assert enomem_target.types


def test_sockets_are_numbered_from_0(enomem_target: Target) -> None:
    kinds = sorted(enomem_target.types)
    assert [enomem_target.create(kind) for kind in kinds] == list(range(len(kinds)))
    for number in range(len(kinds)):
        enomem_target.close(number)
    assert enomem_target.create(kinds[0]) == len(kinds), "a number was given twice"
    enomem_target.reset()
    assert enomem_target.create(kinds[0]) == 0


def test_a_socket_that_was_refused_has_no_number(enomem_target: Target) -> None:
    kind = sorted(enomem_target.types)[0]
    for options in ({"NO_SUCH_OPTION": 1}, {"SNDHWM": 10, "NO_SUCH_OPTION": 1}):
        with pytest.raises(Refused):
            enomem_target.create(kind, options)
    with pytest.raises(Refused):
        enomem_target.create("NO_SUCH_TYPE")
    assert enomem_target.create(kind) == 0


def test_what_is_not_declared_is_refused(enomem_target: Target) -> None:
    socket = enomem_target.create(sorted(enomem_target.types)[0])
    calls = {
        Can.DISCONNECT: lambda: enomem_target.disconnect(socket, "tcp://127.0.0.1:1"),
        Can.ABORT: lambda: enomem_target.abort(socket),
        Can.POLICY: lambda: enomem_target.policy("KEEP"),
        Can.RECEIVE_POLICY: lambda: enomem_target.receive_policy("WAIT"),
        Can.LIMIT: lambda: enomem_target.limit(UNITS),
        Can.REFUSE: lambda: enomem_target.refuse("BODY"),
        Can.MEMORY: enomem_target.memory,
        Can.PEERS: lambda: enomem_target.peers(socket, 0, 0),
        Can.SETTLE: lambda: enomem_target.settle(0),
    }
    assert set(calls) == set(Can)
    for can in set(Can) - enomem_target.cans:
        with pytest.raises(CannotDo):
            calls[can]()  # type: ignore[no-untyped-call]  # lambdas without annotations


def test_an_option_that_there_is_not_is_einval(enomem_target: Target) -> None:
    assert enomem_target.option(enomem_target.create("PULL"), "NO_SUCH_OPTION", 1) is Said.INVALID


def test_an_option_changes_what_the_socket_does(enomem_target: Target) -> None:
    need_types(enomem_target, "ROUTER")
    router = enomem_target.create("ROUTER")
    assert enomem_target.option(router, "ROUTER_MANDATORY", 1) is Said.OK
    assert send(enomem_target, router, [b"nobody", b"body"], 0) is Said.UNREACHABLE


def test_peers_are_there_when_it_says_so(enomem_target: Target) -> None:
    need(enomem_target, Can.PEERS)
    need_types(enomem_target, "PULL", "PUSH")
    pull, push = enomem_target.create("PULL"), enomem_target.create("PUSH")
    endpoint = enomem_target.bind(pull)
    assert enomem_target.peers(pull, 0, 0)
    assert not enomem_target.peers(pull, 1, 0), "a peer before anybody connected"
    assert enomem_target.connect(push, endpoint) is Said.OK
    assert enomem_target.peers(pull, 1, WAIT)
    assert enomem_target.peers(push, 1, WAIT)
    assert not enomem_target.peers(pull, 2, 0), "a second peer after one connected"
    assert enomem_target.send(push, b"there", False, 0) is Said.OK


def test_a_disconnected_peer_gets_nothing(enomem_target: Target) -> None:
    need(enomem_target, Can.DISCONNECT)
    own = pair(enomem_target, "PULL", "PUSH")
    assert send(enomem_target, own.connected, [b"before"]) is Said.OK
    assert receive(enomem_target, own.bound) == [b"before"]
    assert enomem_target.disconnect(own.connected, own.endpoint) is Said.OK
    # That there is nobody to send to is known at once to some libraries, and to others a little later.
    assert enomem_target.send(own.connected, b"after", False, MOMENT) in (Said.AGAIN, Said.OK)
    assert silence(enomem_target, own.bound).said is Said.AGAIN


def test_nobody_comes_to_an_endpoint_that_was_unbound(enomem_target: Target) -> None:
    need(enomem_target, Can.DISCONNECT, Can.PEERS)
    need_types(enomem_target, "PULL", "PUSH")
    pull, push = enomem_target.create("PULL"), enomem_target.create("PUSH")
    endpoint = enomem_target.bind(pull)
    assert enomem_target.unbind(pull, endpoint) is Said.OK
    assert enomem_target.connect(push, endpoint) is Said.OK
    assert not enomem_target.peers(push, 1, MOMENT)


def test_what_was_sent_has_arrived_when_it_has_settled(enomem_target: Target) -> None:
    need(enomem_target, Can.SETTLE)
    own = pair(enomem_target, "PULL", "PUSH")
    for number in range(20):
        message = [b"%d" % number, b"x" * 1000 * number]
        assert send(enomem_target, own.connected, message, 0) is Said.OK
        assert enomem_target.settle(WAIT)
        assert receive(enomem_target, own.bound, 0) == message


def test_an_aborted_message_leaves_nothing(enomem_target: Target) -> None:
    need(enomem_target, Can.ABORT)
    own = pair(enomem_target, "PULL", "PUSH")
    assert enomem_target.send(own.connected, b"A1", True, WAIT) is Said.OK
    assert enomem_target.abort(own.connected) is Said.OK
    assert send(enomem_target, own.connected, [b"B1", b"B2"]) is Said.OK
    assert receive(enomem_target, own.bound) == [b"B1", b"B2"]


def test_memory_is_counted_and_given_back(enomem_target: Target) -> None:
    need(enomem_target, Can.MEMORY)
    before = enomem_target.memory()
    own = pair(enomem_target, "PULL", "PUSH")
    ready = enomem_target.memory()
    assert enomem_target.send(own.connected, b"x" * PART, True, WAIT) is Said.OK
    assert enomem_target.memory() >= ready + PART, "a part that is queued weighs nothing"
    assert enomem_target.send(own.connected, b"x" * PART, False, WAIT) is Said.OK
    assert receive(enomem_target, own.bound) == [b"x" * PART] * 2
    enomem_target.close(own.bound)
    enomem_target.close(own.connected)
    assert enomem_target.memory() == before, "what was closed holds memory"


def test_a_limit_bounds_what_is_queued(enomem_target: Target) -> None:
    need(enomem_target, Can.LIMIT)
    need_types(enomem_target, "PUSH", "PULL")
    enomem_target.limit(UNITS)
    # Somebody listens, and nothing comes there that is not committed.
    own = pair(enomem_target, "PULL", "PUSH")
    said = [enomem_target.send(own.connected, b"x" * PART, True, 0) for _ in range(UNITS // PART + 1)]
    assert said[0] is Said.OK, "not even one part is accepted"
    assert Said.NO_MEMORY in said, "more is queued than the limit allows"
    if Can.MEMORY in enomem_target.cans:
        assert enomem_target.memory() <= UNITS


def test_a_refusal_is_told_and_counted(enomem_target: Target) -> None:
    need(enomem_target, Can.REFUSE)
    own = pair(enomem_target, "PULL", "PUSH")

    def sent(times: int) -> list[Said]:
        return [send(enomem_target, own.connected, [b"body"], 0) for _ in range(times)]

    enomem_target.refuse("BODY")
    assert sent(2) == [Said.NO_MEMORY, Said.OK]
    enomem_target.refuse("BODY", after=2, times=2)
    assert sent(5) == [Said.OK, Said.OK, Said.NO_MEMORY, Said.NO_MEMORY, Said.OK]
    enomem_target.refuse("BODY", times=100)
    enomem_target.refuse("BODY", times=0)
    assert sent(1) == [Said.OK]


@pytest.mark.parametrize(
    ("policy", "then", "received"),
    [
        ("DISCARD", [b"B1"], [[b"B1"]]),
        ("KEEP", [b"A2"], [[b"A1", b"A2"]]),
        ("SKIP", [b"A3"], []),
    ],
)
def test_a_policy_decides_what_becomes_of_an_unfinished_message(
    enomem_target: Target, policy: str, then: list[bytes], received: list[list[bytes]]
) -> None:
    need(enomem_target, Can.POLICY, Can.REFUSE)
    enomem_target.policy(policy)
    own = pair(enomem_target, "PULL", "PUSH")
    assert enomem_target.send(own.connected, b"A1", True, 0) is Said.OK
    enomem_target.refuse("BODY")
    assert enomem_target.send(own.connected, b"A2", True, 0) is Said.NO_MEMORY
    assert send(enomem_target, own.connected, then, 0) is Said.OK
    assert [receive(enomem_target, own.bound) for _ in received] == received
    assert silence(enomem_target, own.bound).said is Said.AGAIN
