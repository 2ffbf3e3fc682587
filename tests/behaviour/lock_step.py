"""REQ and REP: one request, one reply, and what stands in front of both."""

from functools import partial
from typing import Any

from interop.raw import message

from enomem import DONTWAIT
from enomem.model.patterns import rep, req
from enomem.model.patterns.pattern import Begin, Offered, Shape, Way
from enomem.model.patterns.turns import Can
from enomem.model.rules import Rule

from .stage import Stage, behaviour, error_of, heard, nothing_left, received, settle

BEGIN, OFFERED, REP_OFFERED = req.begin, req.offered, rep.offered


def _any_time(state: req.State, relaxed: bool, lead: int, count: int, free: Can) -> Begin[req.State]:
    return BEGIN(state, True, lead, count, free)


@behaviour(patterns__req__begin=_any_time)
def req_sends_no_second_request_before_the_reply(stage: Stage) -> None:
    asker = stage.socket("REQ")
    stage.peers(asker, "REP", 1)
    asker.send(b"first")
    assert error_of(asker.send, b"second", DONTWAIT) == "StateError"


def _always(*_: Any) -> None:
    return None


@behaviour(patterns__req__Req__may_receive=_always)
def req_receives_nothing_before_a_request(stage: Stage) -> None:
    asker = stage.socket("REQ")
    stage.peers(asker, "REP", 1)
    assert error_of(asker.recv, DONTWAIT) == "StateError"


def _swallows(state: rep.State, free: Can) -> Begin[rep.State]:
    return Begin(Rule.REP_5, Way.SWALLOW, state)


@behaviour(patterns__rep__begin=_swallows)
def rep_sends_nothing_before_a_request(stage: Stage) -> None:
    answerer = stage.bound("REP")
    stage.peer(answerer, "REQ")
    assert error_of(answerer.send, b"reply", DONTWAIT) == "StateError"


@behaviour(patterns__rep__Rep__may_receive=_always)
def rep_receives_nothing_before_its_reply(stage: Stage) -> None:
    answerer = stage.bound("REP")
    raw = stage.peer(answerer, "REQ")
    raw.send(message(b"", b"request"))
    assert received(answerer) == [b"request"]
    assert error_of(answerer.recv, DONTWAIT) == "StateError"


def _bare(state: req.State, relaxed: bool, lead: int, count: int, free: Can) -> Begin[req.State]:
    return BEGIN(state, relaxed, 0, count, free)


@behaviour(patterns__req__begin=_bare)
def a_request_stands_behind_a_delimiter(stage: Stage) -> None:
    asker = stage.socket("REQ")
    (raw,) = stage.peers(asker, "REP", 1)
    asker.send_multipart([b"a", b"b"])
    assert heard(raw) == [[b"", b"a", b"b"]]


def _from_anyone(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    return OFFERED(state, lead, state.peer, shape)


@behaviour(patterns__req__offered=_from_anyone, patterns__req__choose=lambda *_: 1)
def req_takes_the_reply_of_who_was_asked_only(stage: Stage) -> None:
    asker = stage.socket("REQ")
    asked, other = stage.peers(asker, "REP", 2)
    asker.send(b"request")
    other.send(message(b"", b"bogus"))
    settle(other)
    assert heard(asked) == [[b"", b"request"]]
    asked.send(message(b"", b"reply"))
    assert received(asker, asked) == [b"reply"]


def _whatever(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    return OFFERED(state, lead, place, Shape(lead + 1, lead - 1))


@behaviour(patterns__req__offered=_whatever)
def req_takes_no_reply_without_a_delimiter(stage: Stage) -> None:
    asker = stage.socket("REQ")
    (raw,) = stage.peers(asker, "REP", 1)
    asker.send(b"request")
    raw.send(message(b"no", b"bogus") + message(b"", b"reply"))
    assert received(asker, raw) == [b"reply"]


@behaviour(patterns__req__begin=lambda state, _, *more: BEGIN(state, False, *more))
def a_relaxed_req_may_ask_again(stage: Stage) -> None:
    asker = stage.socket("REQ", REQ_RELAXED=1)
    (raw,) = stage.peers(asker, "REP", 1)
    asker.send(b"first")
    assert error_of(asker.send, b"second", DONTWAIT) == "returned None"
    assert heard(raw) == [[b"", b"first"], [b"", b"second"]]


def _uncorrelated(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    return OFFERED(state, lead, place, Shape(shape.parts, shape.delimiter, True))


@behaviour(patterns__req__offered=_uncorrelated)
def a_correlating_req_takes_the_reply_with_its_id_only(stage: Stage) -> None:
    asker = stage.socket("REQ", REQ_RELAXED=1, REQ_CORRELATE=1)
    (raw,) = stage.peers(asker, "REP", 1)
    asker.send(b"first")
    asker.send(b"second")
    (one, _, _), (two, _, _) = heard(raw)
    assert one != two
    raw.send(message(one, b"", b"late") + message(two, b"", b"reply"))
    assert received(asker, raw) == [b"reply"]


def _forgets_the_envelope(place: int, shape: Shape) -> Offered[rep.State]:
    offered = REP_OFFERED(place, shape)
    state = rep.State(rep.Phase.TAKING, offered.state.receive, place, 0)
    return Offered(offered.rule, state, True, offered.skip, 0)


@behaviour(patterns__rep__offered=_forgets_the_envelope)
def a_reply_stands_behind_the_envelope_of_its_request(stage: Stage) -> None:
    answerer = stage.bound("REP")
    raw = stage.peer(answerer, "DEALER")
    raw.send(message(b"hop", b"another", b"", b"request", b"", b"x"))
    assert received(answerer) == [b"request", b"", b"x"]
    answerer.send_multipart([b"reply", b"y"])
    assert heard(raw) == [[b"hop", b"another", b"", b"reply", b"y"]]


def _without_delimiter(place: int, shape: Shape) -> Offered[rep.State]:
    return REP_OFFERED(place, Shape(shape.parts, max(0, shape.delimiter)))


@behaviour(patterns__rep__offered=_without_delimiter)
def rep_takes_no_request_without_a_delimiter(stage: Stage) -> None:
    answerer = stage.bound("REP")
    raw = stage.peer(answerer, "DEALER")
    raw.send(message(b"no", b"request"))
    nothing_left(answerer, raw)
    raw.send(message(b"", b"request"))
    assert received(answerer) == [b"request"]


def _to_the_first(begin: Any, state: rep.State, free: Can) -> Begin[rep.State]:
    begun = begin(state, free)
    return Begin(begun.rule, begun.way, begun.state, 0, begun.lead) if begun.way == Way.PIPE else begun


@behaviour(patterns__rep__begin=partial(_to_the_first, rep.begin))
def a_reply_goes_to_who_asked(stage: Stage) -> None:
    answerer = stage.bound("REP")
    peers = [stage.peer(answerer, "REQ") for _ in range(2)]
    for raw in reversed(peers):
        raw.send(message(b"", b"request"))
        received(answerer, raw)
        answerer.send(b"reply")
        assert heard(raw) == [[b"", b"reply"]]
