"""The network of sockets: what may come of calls, seen from outside, for each type; and what must not."""

from dataclasses import replace

import pytest
from seen import SETTLE, WHERE, explained, joins, made, nothing, pair, receives, sends, unexplained

from enomem.checks.oracle.events import Do, Event
from enomem.model.policies import KEEP, RESERVE, SKIP
from enomem.model.rules import Rule
from enomem.model.systems import network_calls
from enomem.model.systems.network import Refusals, Setting
from enomem.model.systems.network_calls import Impossible

ANY = Setting(refusals=Refusals.ANY)
FREE = Setting(in_turn=False)


def two_pulls(**options: int) -> list[Event]:
    """A PUSH with two PULL peers: socket 0 sends to 1 and 2."""
    return [*pair("PUSH", "PULL", **options), made(2, "PULL"), *joins(2, 2)]


def close(socket: int) -> list[Event]:
    return [Event(Do.CLOSE, socket)]


# --- one pipe


def test_a_message_comes_once_and_whole() -> None:
    explained([*pair("PUSH", "PULL"), *sends(0, "a b c"), *receives(1, "a b c"), *SETTLE, *nothing(1)])
    unexplained([*pair("PUSH", "PULL"), *sends(0, "a b"), *receives(1, "a b"), *receives(1, "a")[:1]])
    unexplained([*pair("PUSH", "PULL"), *sends(0, "a b+"), *receives(1, "a+")])


def test_what_was_sent_may_not_have_come_until_everything_has() -> None:
    run = [*pair("PUSH", "PULL"), *sends(0, "a")]
    explained([*run, *nothing(1), *receives(1, "a")])
    unexplained([*run, *SETTLE, *nothing(1)])
    unexplained([*run, replace(nothing(1)[0], waited=True)])


def test_a_pipe_that_is_full_may_have_been_emptied_and_one_that_is_not_is_not_full() -> None:
    run = [*pair("PUSH", "PULL", SNDHWM=1), *sends(0, "a")]
    explained([*run, *sends(0, "b"), *receives(1, "a"), *receives(1, "b")])
    explained([*run, *sends(0, "b", "EAGAIN"), *receives(1, "a")])
    unexplained([*run, *SETTLE, *sends(0, "b", "EAGAIN")])
    unexplained([*pair("PUSH", "PULL"), *sends(0, "b", "EAGAIN")])


def test_without_a_peer_a_pipe_is_filled_to_its_mark() -> None:
    run = [made(0, "PUSH", SNDHWM=2), Event(Do.CONNECT, 0, endpoint=WHERE), *sends(0, "a"), *sends(0, "b")]
    explained([*run, *sends(0, "c", "EAGAIN")])
    unexplained([*run, *sends(0, "c")])
    explained([*run, made(1, "PULL"), Event(Do.BIND, 1, endpoint=WHERE), *receives(1, "a"), *receives(1, "b")])


def test_turns_are_held_to_or_not() -> None:
    run = [*two_pulls(), *sends(0, "a"), *sends(0, "b")]
    explained([*run, *receives(2, "b"), *receives(1, "a")])
    unexplained([*run, *receives(1, "a"), *receives(1, "b")])
    explained([*run, *receives(1, "a"), *receives(1, "b")], FREE)
    unexplained([*run, *receives(1, "b"), *receives(1, "a")], FREE)


# --- memory


def refuse(site: str, after: int = 0) -> list[Event]:
    return [Event(Do.REFUSE, name=site, count=after)]


@pytest.mark.parametrize(("setting", "received"), [(Setting(), "b c"), (Setting(KEEP), "a b c"), (Setting(SKIP), "d")])
def test_a_refusal_is_what_the_policy_says(setting: Setting, received: str) -> None:
    run = [*pair("PUSH", "PULL"), *refuse("BODY", 1), *sends(0, "a x+", "ENOMEM"), *sends(0, "b c"), *sends(0, "d")]
    explained([*run, *receives(1, received)], setting)
    wrong = {"b": "a", "a": "b", "d": "c"}[received[0]]
    unexplained([*run, *receives(1, f"{wrong}+")], setting)


def test_a_refusal_that_was_told_must_come_and_no_other() -> None:
    unexplained([*pair("PUSH", "PULL"), *refuse("BODY"), *sends(0, "a")])
    unexplained([*pair("PUSH", "PULL"), *sends(0, "a", "ENOMEM")])
    explained([*pair("PUSH", "PULL"), *refuse("BODY"), Event(Do.REFUSE, times=0), *sends(0, "a")])
    explained([*pair("PUSH", "PULL"), *sends(0, "a", "ENOMEM"), *sends(0, "b"), *receives(1, "b")], ANY)


def test_a_reservation_may_be_refused_and_an_unfinished_message_aborted() -> None:
    reserving = Setting(RESERVE)
    run = [*pair("PUSH", "PULL"), *refuse("RESERVATION"), *sends(0, "a+", "ENOMEM"), *sends(0, "b c+")]
    oracle = explained([*run, Event(Do.ABORT, 0), *sends(0, "d"), *receives(1, "d")], reserving)
    assert {Rule.SEND_16, Rule.SEND_13, Rule.SEND_11} <= oracle.fired
    assert oracle.at_rest


# --- peers come and go


def test_who_accepted_loses_its_pipe_and_who_connected_keeps_it() -> None:
    accepted = [*pair("PUSH", "PULL"), *sends(0, "a b+"), *close(1)]
    explained([*accepted, *SETTLE, *sends(0, "c", "ECONNRESET"), *sends(0, "d", "EAGAIN")])
    unexplained([*accepted, *SETTLE, *sends(0, "c")])
    connected = [made(0, "PULL"), made(1, "PUSH"), Event(Do.BIND, 0, endpoint=WHERE), *joins(1), *sends(1, "a b+")]
    again = [made(2, "PULL"), Event(Do.BIND, 2, endpoint=WHERE), Event(Do.PEERS, 2, count=1)]
    explained([*connected, *close(0), *SETTLE, *sends(1, "c"), *again, *receives(2, "a b c")])
    unexplained([*connected, *close(0), *SETTLE, *sends(1, "c", "ECONNRESET")])


def test_what_a_kill_in_flight_loses_is_open_and_what_was_read_is_not() -> None:
    run = [*pair("PULL", "PUSH"), *sends(1, "a"), *sends(1, "b")]
    for left in ([], ["a"], ["a", "b"]):
        explained([*run, *close(1), *(event for text in left for event in receives(0, text)), *nothing(0)])
    unexplained([*run, *close(1), *receives(0, "b")])
    unexplained([*run, *SETTLE, *close(1), *SETTLE, *receives(0, "a"), *nothing(0)])


def test_what_was_subscribed_to_ends_with_the_connection() -> None:
    run = [made(0, "SUB"), made(1, "XPUB"), Event(Do.BIND, 0, endpoint=WHERE), *joins(1), *subscribes(0, b"t")]
    run += [*SETTLE, *receives(1, "\1t")]
    away = [*run, *close(0), *SETTLE]
    again = [made(2, "SUB"), *subscribes(2, b"t"), Event(Do.BIND, 2, endpoint=WHERE), *SETTLE]
    back = [*away, *receives(1, "\0t"), *sends(1, "tlost"), *again, *receives(1, "\1t"), *sends(1, "t")]
    explained([*back, *receives(2, "t"), *nothing(2), *nothing(1)])
    explained([*back, *subscribes(2, b"t", False), *SETTLE, *receives(1, "\0t")])
    unexplained([*away, *nothing(1)])
    unexplained([*back, *receives(2, "tlost")])
    # It may not have known yet that nobody is there; and a message that has begun goes on.
    explained([*run, *close(0), *sends(1, "t"), *again, *receives(2, "t")])
    begun = [*run, *sends(1, "t a+"), *SETTLE, *close(0), *SETTLE, *sends(1, "b")]
    explained([*begun, *again, *receives(2, "t a b")])
    unexplained([*begun, *again, *nothing(2)])


def test_disconnected_and_unbound() -> None:
    run = [*pair("PUSH", "PULL"), *sends(0, "a"), *SETTLE]
    off = [Event(Do.DISCONNECT, 1, endpoint=WHERE), *SETTLE, *sends(0, "b", "EAGAIN")]
    explained([*run, *off, *receives(1, "a"), *nothing(1)])
    unbound = [*run, Event(Do.UNBIND, 0, endpoint=WHERE), *SETTLE]
    explained([*unbound, *sends(0, "b")])
    explained([*unbound, *sends(0, "b", "EAGAIN")])


def test_a_second_peer_of_a_pair_gets_nothing() -> None:
    run = [*pair("PAIR", "PAIR"), made(2, "PAIR"), Event(Do.CONNECT, 2, endpoint=WHERE), *SETTLE]
    explained([*run, *sends(0, "a"), *sends(2, "b"), *receives(1, "a"), *SETTLE, *nothing(0)])
    unexplained([*run, *sends(2, "b"), *receives(0, "b")])


# --- types


def test_request_and_reply() -> None:
    run = [*pair("REP", "REQ"), *sends(1, "a b"), *sends(1, "c", "EFSM"), *receives(0, "a b")]
    explained([*run, *sends(0, "d"), *receives(1, "d"), *sends(1, "e")])
    unexplained([*run, *sends(0, "d"), *sends(0, "e")])
    unexplained([*pair("REP", "REQ"), *sends(1, "a+"), *nothing(1)])
    explained([*pair("REP", "REQ"), *sends(1, "a+"), *nothing(1, "EFSM")])


def test_a_router_says_who_sent_and_sends_to_whom_it_is_told() -> None:
    run = [made(0, "ROUTER"), made(1, "DEALER", ROUTING_ID=b"A"), Event(Do.BIND, 0, endpoint=WHERE), *joins(1)]
    explained([*run, *sends(1, "x"), *receives(0, "A x"), *sends(0, "A y z"), *receives(1, "y z")])
    explained([*run, *sends(0, "B y"), *SETTLE, *nothing(1)])
    strict = [*run[:-1], Event(Do.OPTION, 0, name="ROUTER_MANDATORY", value=1), run[-1]]
    explained([*strict, *sends(0, "B+", "EHOSTUNREACH"), *sends(0, "A y"), *receives(1, "y")])
    unexplained([*strict, *sends(0, "B+")])


def test_an_id_that_a_router_made_up_is_learned() -> None:
    run = [*pair("ROUTER", "DEALER"), *sends(1, "x"), *sends(1, "y")]
    name, other = b"\0\0\0\0\1", b"\0\0\0\0\2"
    first = [Event(Do.RECEIVE, 0, part=name, more=True), *receives(0, "x")]
    explained([*run, *first, Event(Do.RECEIVE, 0, part=name, more=True)])
    unexplained([*run, *first, Event(Do.RECEIVE, 0, part=other, more=True)])
    unexplained([*run, Event(Do.RECEIVE, 0, part=b"x", more=True)])
    explained([*run, *first, Event(Do.SEND, 0, part=name, more=True), *sends(0, "z"), *receives(1, "z")])


def subscribes(socket: int, topic: bytes, more: bool = True) -> list[Event]:
    return [Event(Do.OPTION, socket, name="SUBSCRIBE" if more else "UNSUBSCRIBE", value=topic)]


def test_a_publisher_sends_to_who_subscribed() -> None:
    run = [*pair("PUB", "SUB"), *subscribes(1, b"a")]
    explained([*run, *SETTLE, *sends(0, "ab x"), *sends(0, "b"), *receives(1, "ab x"), *SETTLE, *nothing(1)])
    unexplained([*run, *SETTLE, *sends(0, "ab"), *SETTLE, *nothing(1)])
    explained([*run, *sends(0, "ab"), *SETTLE, *nothing(1)])
    explained([*run, *SETTLE, *subscribes(1, b"a", False), *SETTLE, *sends(0, "ab"), *SETTLE, *nothing(1)])


def test_one_subscriber_that_is_refused_misses_the_message_and_no_other() -> None:
    run = [*pair("PUB", "SUB"), *subscribes(1, b""), made(2, "SUB"), *subscribes(2, b""), *joins(2, 2), *SETTLE]
    refused = [*run, *refuse("BODY", 1), *sends(0, "a b")]
    oracle = explained([*refused, *receives(1, "a b"), *SETTLE, *nothing(2), *sends(0, "c"), *receives(2, "c")])
    assert Rule.PUB_3 in oracle.fired
    unexplained([*refused, *SETTLE, *receives(2, "b")[:1]])


def test_an_xpub_is_shown_the_first_and_the_last() -> None:
    run = [*pair("XPUB", "XSUB"), *subscribes(1, b"t"), *SETTLE]
    explained([*run, *receives(0, "\1t"), *close(1), *SETTLE, *receives(0, "\0t"), *nothing(0)])
    unexplained([*run, *receives(0, "\1t"), *receives(0, "\0t")])


def test_to_all_or_to_none() -> None:
    run = [*pair("XPUB", "SUB", XPUB_NODROP=1), *subscribes(1, b""), *SETTLE, *receives(0, "\1")]
    explained([*run, *refuse("BODY", 1), *sends(0, "a b", "ENOMEM"), *sends(0, "c"), *receives(1, "c")])
    explained([*run, *sends(0, "a b+"), Event(Do.ABORT, 0), *sends(0, "c"), *receives(1, "c")])


def test_a_subscription_that_is_refused_is_none() -> None:
    run = [*pair("PUB", "SUB"), *refuse("SUBSCRIPTION")]
    refused = replace(subscribes(1, b"a")[0], answer="ENOMEM")
    explained([*run, refused, *SETTLE, *sends(0, "a"), *SETTLE, *nothing(1)])
    unexplained([*run, *subscribes(1, b"a")])


# --- what no run has


@pytest.mark.parametrize(
    "event",
    [
        made(0, "PIGEON"),
        made(7, "PUSH"),
        Event(Do.SEND, 4, part=b"a"),
        made(0, "PUSH", CONFLATE=1),
        made(0, "PUSH", SNDHWM=b"1"),
    ],
)
def test_what_is_impossible_is_said_to_be(event: Event) -> None:
    with pytest.raises(Impossible):
        explained([event])


def test_a_closed_socket_is_called_no_more() -> None:
    with pytest.raises(Impossible, match="closed"):
        explained([*pair("PUSH", "PULL"), *close(0), *sends(0, "a")])
    with pytest.raises(Impossible, match="listens"):
        explained([*pair("PUSH", "PULL"), made(2, "PULL"), Event(Do.BIND, 2, endpoint=WHERE)])


def test_at_rest_means_that_nothing_is_held() -> None:
    oracle = explained([*pair("PUSH", "PULL"), *sends(0, "a b")])
    assert not oracle.at_rest
    assert not explained([*pair("PUSH", "PULL"), *sends(0, "a b"), *receives(1, "a+")]).at_rest
    assert network_calls.at_rest(network_calls.make(Setting()))
