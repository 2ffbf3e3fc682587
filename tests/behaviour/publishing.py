"""PUB, SUB, XPUB and XSUB: who gets what, and who is told of subscriptions."""

from dataclasses import replace
from typing import Any

from interop.raw import Raw, command, message

from enomem import DONTWAIT, SNDMORE, EventKind
from enomem.model import send
from enomem.model.patterns import fan_out, subscriptions, turns, xpub
from enomem.model.patterns.pattern import Offered, Shape
from enomem.model.rules import Rule

from .stage import Stage, behaviour, error_of, heard, nothing_left, received, settle

HEARD = xpub.heard


def _subscribed(stage: Stage, socket: Any, *topics: bytes) -> Raw:
    raw = stage.peer(socket, "SUB")
    for topic in topics:
        raw.send(command(b"SUBSCRIBE", topic))
    settle(raw)
    return raw


def _all(self: subscriptions.Subscriptions[Any], first: bytes) -> list[Any]:
    return self_matching(self, b"ab")


self_matching = subscriptions.Subscriptions.matching


@behaviour(patterns__subscriptions__Subscriptions__matching=_all)
def pub_sends_what_was_subscribed_to(stage: Stage) -> None:
    socket = stage.bound("PUB")
    raw = _subscribed(stage, socket, b"ab")
    for first in (b"a", b"b", b"abc", b"ab"):
        socket.send_multipart([first, b"body"])
    assert heard(raw) == [[b"abc", b"body"], [b"ab", b"body"]]


def _nobody(self: subscriptions.Subscriptions[Any], first: bytes) -> list[Any]:
    return self_matching(self, first) if first else []


@behaviour(patterns__subscriptions__Subscriptions__matching=_nobody)
def the_empty_topic_matches_everything(stage: Stage) -> None:
    socket = stage.bound("PUB")
    raw = _subscribed(stage, socket, b"")
    for first in (b"", b"anything"):
        socket.send(first)
    assert heard(raw) == [[b""], [b"anything"]]


@behaviour(patterns__subscriptions__removed=lambda count: subscriptions.ended(count))
def subscriptions_are_counted(stage: Stage) -> None:
    socket = stage.bound("PUB")
    raw = _subscribed(stage, socket, b"a", b"a", b"b")
    raw.send(command(b"CANCEL", b"a") + command(b"CANCEL", b"b"))
    settle(raw)
    for first in (b"b", b"a"):
        socket.send(first)
    assert heard(raw) == [[b"a"]]


@behaviour(patterns__xpub__heard=lambda *_: HEARD(True, True, True, True))
def xpub_shows_each_subscription_once(stage: Stage) -> None:
    socket = stage.bound("XPUB")
    peers = [_subscribed(stage, socket, b"t") for _ in range(2)]
    assert received(socket) == [b"\1t"]
    nothing_left(socket, *peers)


@behaviour(patterns__xpub__heard=lambda _, *more: HEARD(False, *more))
def a_verbose_xpub_shows_each_subscription(stage: Stage) -> None:
    socket = stage.bound("XPUB", XPUB_VERBOSE=1)
    for _ in range(2):
        raw = _subscribed(stage, socket, b"t")
        assert received(socket, raw) == [b"\1t"]


@behaviour(patterns__xpub__heard=lambda _, __, more, ___: HEARD(False, False, True, more))
def xpub_shows_the_end_of_a_subscription(stage: Stage) -> None:
    socket = stage.bound("XPUB")
    raw = _subscribed(stage, socket, b"t")
    raw.send(command(b"CANCEL", b"t"))
    assert [received(socket, raw), received(socket, raw)] == [[b"\1t"], [b"\0t"]]


def _back(stage: Stage, kind: str, *topics: bytes) -> tuple[Any, Raw]:
    """A publisher that connected, and its subscriber, which told these topics, was lost, and is back."""
    listener = stage.listener()
    socket = stage.socket(kind, RECONNECT_IVL=10)
    socket.connect(listener.endpoint)
    first = stage.accepted(listener, "SUB")
    first.send(b"".join(command(b"SUBSCRIBE", topic) for topic in topics))
    settle(first)
    first.close()
    return socket, stage.accepted(listener, "SUB")


@behaviour(patterns__subscriptions__Subscriptions__connection_ended=lambda *_: [])
def a_subscription_ends_with_its_connection(stage: Stage) -> None:
    socket, raw = _back(stage, "PUB", b"a", b"kept")
    raw.send(command(b"SUBSCRIBE", b"a") + command(b"CANCEL", b"a") + command(b"SUBSCRIBE", b"b"))
    settle(raw)
    for first in (b"a", b"kept", b"b"):
        socket.send(first)
    assert heard(raw) == [[b"b"]]


@behaviour(patterns__subscriptions__Subscriptions__connection_ended=lambda *_: [])
def xpub_shows_the_end_when_its_subscriber_is_away(stage: Stage) -> None:
    socket, raw = _back(stage, "XPUB", b"t")
    raw.send(command(b"SUBSCRIBE", b"t"))
    assert [received(socket), received(socket), received(socket)] == [[b"\1t"], [b"\0t"], [b"\1t"]]


def _delivered(state: turns.Turns, place: int, shape: Shape) -> Offered[turns.Turns]:
    return Offered(Rule.SUB_4, turns.received(state, place), True)


@behaviour(patterns__sub__offered=_delivered)
def sub_delivers_only_what_it_subscribed_to(stage: Stage) -> None:
    socket = stage.bound("SUB", SUBSCRIBE=b"wanted")
    raw = stage.peer(socket, "PUB")
    raw.send(message(b"other", b"x") + message(b"wanted", b"y"))
    assert received(socket) == [b"wanted", b"y"]


@behaviour(patterns__subscriptions__Interests__topics=lambda _: [])
def sub_tells_a_publisher_that_comes_later(stage: Stage) -> None:
    socket = stage.bound("SUB", SUBSCRIBE=b"topic")
    raw = stage.peer(socket, "PUB")
    assert heard(raw) == [[b"SUBSCRIBE", b"topic"]]


@behaviour(patterns__subscriptions__Interests__cancel=lambda *_: 0)
def sub_tells_what_it_wants_no_more(stage: Stage) -> None:
    socket = stage.bound("SUB", SUBSCRIBE=b"topic")
    raw = stage.peer(socket, "PUB")
    socket.unsubscribe(b"topic")
    assert heard(raw) == [[b"SUBSCRIBE", b"topic"], [b"CANCEL", b"topic"]]


@behaviour(patterns__subscriptions__parse=lambda *_: None)
def xsub_subscribes_by_a_message(stage: Stage) -> None:
    socket = stage.bound("XSUB")
    raw = stage.peer(socket, "XPUB")
    socket.send(b"\1topic")
    assert heard(raw) == [[b"SUBSCRIBE", b"topic"]]


BIG = bytes(1 << 20)
COPY, ALL = fan_out.copy, fan_out.all_or_none


def _until_it_misses_one(socket: Any, *parts: bytes) -> None:
    """Publish until the pipe of a subscriber that does not read is full."""
    for _ in range(100):
        socket.send_multipart(parts)
        if any(event.kind == EventKind.DISCARDED for event in socket.monitor_events()):
            return
    raise AssertionError("a pipe is never full")


def _misses_a_part(*arguments: Any) -> Any:
    sent = COPY(*arguments)
    return replace(sent, send=send.Send()) if sent.answer == send.Answer.FULL else sent


@behaviour(patterns__fan_out__copy=_misses_a_part)
def a_full_subscriber_misses_a_whole_message(stage: Stage) -> None:
    socket = stage.bound("PUB", SNDHWM=1)
    socket.monitor_events()
    raw = _subscribed(stage, socket, b"")
    _until_it_misses_one(socket, BIG, BIG)
    socket.send(b"missed", SNDMORE)
    assert {len(parts) for parts in heard(raw)} == {2}
    socket.send(b"missed as well")
    socket.send(b"not missed")
    assert heard(raw) == [[b"not missed"]]


def _never_full(policy: Any, pool: Any, state: Any, targets: Any, hwm: int, *more: Any) -> fan_out.SentAll:
    return ALL(policy, pool, state, targets, 1 << 60, *more)


@behaviour(patterns__fan_out__all_or_none=_never_full)
def an_xpub_that_drops_nothing_waits_for_all(stage: Stage) -> None:
    socket = stage.bound("XPUB", SNDHWM=1, XPUB_NODROP=1)
    full, other = _subscribed(stage, socket, b"all"), _subscribed(stage, socket, b"other")
    for _ in range(100):
        if error_of(socket.send_multipart, [b"all", BIG], DONTWAIT) == "Again":
            break
    else:
        raise AssertionError("a pipe is never full")
    socket.send(b"other")
    assert heard(other) == [[b"other"]]
    assert {parts[0] for parts in heard(full)} == {b"all"}
