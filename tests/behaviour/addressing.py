"""ROUTER, and who may talk to whom."""

from collections.abc import Mapping
from typing import Any

from interop.raw import message

from enomem import DONTWAIT
from enomem.model.patterns import router, routing
from enomem.model.patterns.pattern import Begin, Offered
from enomem.model.patterns.turns import Can, Turns
from enomem.model.rules import Rule
from enomem.model.wire.peers import Local

from .stage import Stage, behaviour, error_of, heard, is_refused, received, settle

BEGIN, ADD = router.begin, routing.Routing.add


def _to_the_first(state: Turns, mandatory: bool, free: Can, to: int, last: bool) -> Begin[Turns]:
    return BEGIN(state, mandatory, free, 0, last)


@behaviour(patterns__router__begin=_to_the_first)
def router_sends_to_whom_the_first_part_names(stage: Stage) -> None:
    socket = stage.bound("ROUTER")
    peers = {name: stage.peer(socket, "DEALER", name) for name in (b"a", b"b")}
    for name in (b"b", b"a"):
        socket.send_multipart([name, b"for " + name])
        assert heard(peers[name]) == [[b"for " + name]]


def _unstamped(state: Turns, place: int) -> Offered[Turns]:
    return Offered(Rule.ROUTER_7, state, True)


@behaviour(patterns__router__offered=_unstamped)
def router_says_from_whom_a_message_is(stage: Stage) -> None:
    socket = stage.bound("ROUTER")
    raw = stage.peer(socket, "DEALER", b"me")
    raw.send(message(b"a", b"b"))
    assert received(socket) == [b"me", b"a", b"b"]


def _the_same(self: Any, wanted: bytes, holder: Any) -> bytes:
    given: bytes = ADD(self, wanted, holder)
    return given if wanted else b"\0same"


@behaviour(patterns__routing__Routing__add=_the_same)
def router_gives_an_id_to_who_brings_none(stage: Stage) -> None:
    socket = stage.bound("ROUTER")
    first, second = stage.peer(socket, "DEALER"), stage.peer(socket, "DEALER")
    first.send(message(b"1"))
    settle(first)
    second.send(message(b"2"))
    (one, _), (two, _) = received(socket), received(socket)
    assert one[:1] == two[:1] == b"\0"
    assert one != two
    socket.send_multipart([two, b"for two"])
    assert heard(second) == [[b"for two"]]


@behaviour(patterns__router__begin=lambda state, _, *more: BEGIN(state, False, *more))
def a_mandatory_router_says_that_nobody_is_there(stage: Stage) -> None:
    socket = stage.bound("ROUTER", ROUTER_MANDATORY=1)
    stage.peer(socket, "DEALER", b"known")
    assert error_of(socket.send_multipart, [b"unknown", b"x"], DONTWAIT) == "HostUnreachable"


@behaviour(patterns__router__begin=lambda state, _, *more: BEGIN(state, True, *more))
def another_router_drops_the_message_and_goes_on(stage: Stage) -> None:
    socket = stage.bound("ROUTER")
    raw = stage.peer(socket, "DEALER", b"known")
    assert error_of(socket.send_multipart, [b"unknown", b"x", b"y"], DONTWAIT) == "returned None"
    socket.send_multipart([b"known", b"z"])
    assert heard(raw) == [[b"z"]]


BIG = bytes(1 << 20)


def _until_it_is_full(socket: Any, address: bytes) -> str:
    """Send to a peer that does not read; how the first message ends that its pipe has no room for."""
    for _ in range(100):
        said = error_of(socket.send_multipart, [address, BIG], DONTWAIT)
        if said != "returned None":
            return said
    return "never full"


@behaviour(patterns__router__begin=lambda state, _, *more: BEGIN(state, False, *more))
def a_mandatory_router_says_that_a_peer_is_full(stage: Stage) -> None:
    socket = stage.bound("ROUTER", ROUTER_MANDATORY=1, SNDHWM=1)
    stage.peer(socket, "DEALER", b"slow")
    assert _until_it_is_full(socket, b"slow") == "Again"


@behaviour(patterns__router__begin=lambda state, _, *more: BEGIN(state, True, *more))
def another_router_drops_what_a_full_peer_cannot_take(stage: Stage) -> None:
    socket = stage.bound("ROUTER", SNDHWM=1)
    slow, other = stage.peer(socket, "DEALER", b"slow"), stage.peer(socket, "DEALER", b"other")
    assert _until_it_is_full(socket, b"slow") == "never full"
    socket.send_multipart([b"other", b"x"])
    assert heard(other) == [[b"x"]]
    assert 0 < len(heard(slow)) < 100


def _granted(held: bool, handover: bool) -> router.Claimed:
    return router.Claimed(Rule.ROUTER_10, router.Claim.HANDED_OVER if held else router.Claim.GRANTED)


@behaviour(patterns__router__claim=_granted, patterns__router__Router__hands_over=lambda _: True)
def a_routing_id_stays_with_who_has_it(stage: Stage) -> None:
    socket = stage.bound("ROUTER")
    first = stage.peer(socket, "DEALER", b"id")
    assert is_refused(stage.stranger(socket, "DEALER", b"id"))
    socket.send_multipart([b"id", b"x"])
    assert heard(first) == [[b"x"]]


def _refused(held: bool, handover: bool) -> router.Claimed:
    return router.Claimed(Rule.ROUTER_9, router.Claim.REFUSED if held else router.Claim.GRANTED)


@behaviour(patterns__router__claim=_refused, patterns__router__Router__hands_over=lambda _: False)
def a_routing_id_is_handed_over_where_that_is_asked_for(stage: Stage) -> None:
    socket = stage.bound("ROUTER", ROUTER_HANDOVER=1)
    first = stage.peer(socket, "DEALER", b"id")
    second = stage.stranger(socket, "DEALER", b"id")
    assert not is_refused(second)
    assert is_refused(first)
    socket.send_multipart([b"id", b"x"])
    assert heard(second)[-1] == [b"x"]


def _unchecked(local: Local, found: Mapping[str, bytes]) -> str:
    return found["Socket-Type"].decode()


@behaviour(wire__metadata__socket_type=_unchecked)
def push_does_not_talk_to_push(stage: Stage) -> None:
    socket = stage.bound("PUSH")
    assert is_refused(stage.stranger(socket, "PUSH"))


@behaviour(wire__metadata__socket_type=_unchecked)
def a_type_that_does_not_exist_is_refused(stage: Stage) -> None:
    socket = stage.bound("REP")
    assert is_refused(stage.stranger(socket, "TELEPATH"))
