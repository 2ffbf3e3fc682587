"""The ids of correlated requests are any, and each is its request's: replies are held against what was seen."""

import pytest
from seen import SETTLE, WHERE, explained, joins, made, nothing, receives, sends, unexplained

from enomem.checks.oracle.events import Do, Event
from enomem.model.systems.network import Setting
from enomem.model.systems.network_requests import RequestId

ANY = Setting(in_turn=False)
FIRST, OTHER = b"\xfe\x12\0\x07", b"\xfe\x12\0\x08"


def got(part: bytes) -> Event:
    return Event(Do.RECEIVE, 0, part=part, more=True)


def asked(kind: str, text: str = "a") -> list[Event]:
    """A REQ that correlates has sent a request to socket 0."""
    asker = made(1, "REQ", REQ_CORRELATE=1, REQ_RELAXED=1, ROUTING_ID=b"me")
    return [made(0, kind), asker, Event(Do.BIND, 0, endpoint=WHERE), *joins(1), *sends(1, text)]


def seen(id_: bytes, text: str = "a") -> list[Event]:
    """A ROUTER receives the request, with this id."""
    return [got(b"me"), got(id_), *receives(0, f" {text}")]


def replies(id_: bytes, text: str) -> list[Event]:
    parts = [b"me", id_, b"", text.encode()]
    return [Event(Do.SEND, 0, part=part, more=place < 3) for place, part in enumerate(parts)]


def test_any_id_is_explained_and_a_reply_has_to_bear_it() -> None:
    run = [*asked("ROUTER"), *seen(FIRST), *replies(OTHER, "x"), *replies(FIRST, "y"), *SETTLE]
    explained([*run, *receives(1, "y")], ANY)
    assert unexplained([*run, *receives(1, "x")], ANY).allowed == ('"y"',)


def test_a_rep_gives_back_what_nobody_has_seen() -> None:
    run = [*asked("REP"), *SETTLE, *receives(0, "a"), *sends(0, "b"), *SETTLE]
    explained([*run, *receives(1, "b")], ANY)
    unexplained([*run, *nothing(1)], ANY)


def test_the_reply_to_what_was_given_up_is_not_that_of_the_newest_request() -> None:
    run = [*asked("ROUTER"), *sends(1, "b"), *seen(FIRST), *replies(FIRST, "x"), *SETTLE]
    explained([*run, *nothing(1), *seen(OTHER, "b"), *replies(OTHER, "y"), *SETTLE, *receives(1, "y")], ANY)
    unexplained([*run, *receives(1, "x")], ANY)


@pytest.mark.parametrize("again", [FIRST, b""])
def test_two_requests_have_two_ids_and_none_is_empty(again: bytes) -> None:
    run = [*asked("ROUTER"), *sends(1, "b"), *seen(FIRST), got(b"me")]
    explained([*run, got(OTHER)], ANY)
    assert unexplained([*run, got(again)], ANY).allowed == ("an id of a request of s1, more",)


def test_where_turns_are_held_to_ids_count_from_one() -> None:
    explained([*asked("ROUTER"), *SETTLE, got(b"me"), got(b"\0\0\0\1")])
    unexplained([*asked("ROUTER"), *SETTLE, got(b"me"), got(FIRST)])


def test_an_id_that_nobody_has_seen_is_no_octets() -> None:
    assert RequestId(1, 7) == RequestId(1, 7)
    assert len({RequestId(1, 7), RequestId(2, 7), RequestId(1, 8), b"\0\0\0\7"}) == 4
