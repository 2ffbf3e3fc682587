"""Defects of the patterns that ``tests/behaviour`` does not have: turns, envelopes, addresses."""

from dataclasses import replace
from typing import Any

from enomem.model.patterns import (
    dealer,
    pair,
    rep,
    req,
    router,
    routing,
    turns,
)
from enomem.model.patterns.pattern import Begin, Offered, Shape, Way
from enomem.model.patterns.turns import Can, Turns
from enomem.model.reference import wrapping
from enomem.model.rules import Rule

from .mutant import Mutant

COMMITTED, LEFT = turns.committed, turns.left
PAIR_BEGIN, DEALER_BEGIN, REQ_BEGIN, REP_BEGIN = pair.begin, dealer.begin, req.begin, rep.begin
DEALER_OFFERED, PAIR_OFFERED = dealer.offered, pair.offered
REQ_OFFERED, REQ_DETACHED, REP_OFFERED = req.offered, req.detached, rep.offered
SHAPE, LEAD = wrapping.shape, wrapping.lead
ROUTER, ROUTER_BEGIN, NUMBERED = router.Router.begin, router.begin, routing.numbered


# --- turns


def only_whose_turn_it_is(start: int, count: int, can: Can) -> int:
    place = start % count if count else -1
    return place if place >= 0 and can(place) else -1


def stays_where_it_was(state: Turns, place: int) -> Turns:
    """The turn of who has gone goes to the place behind all."""
    return replace(LEFT(state, place), send=-1)


def to_the_first_from_now_on(state: Turns) -> Turns:
    return turns.at(-1, -1, state.receive) if state.send == -1 else COMMITTED(state)


def pair_discards(state: Turns, count: int, free: Can) -> Begin[Turns]:
    return PAIR_BEGIN(state, count, free) if count else Begin(Rule.TURN_6, Way.SWALLOW, state)


def req_discards(state: req.State, relaxed: bool, lead: int, count: int, free: Can) -> Begin[req.State]:
    if not count:
        return Begin(Rule.TURN_6, Way.SWALLOW, state)
    return REQ_BEGIN(state, relaxed, lead, count, free)


def dropped_and_answered(state: Any) -> Begin[Any]:
    return Begin(Rule.TYPE_2, Way.SWALLOW, state)


def wrong_state(state: Any) -> Begin[Any]:
    return Begin(Rule.TYPE_2, Way.WRONG_STATE, state)


def delivered(state: Turns, place: int) -> Offered[Turns]:
    return Offered(Rule.TYPE_3, turns.received(state, place), True)


def deaf(state: Turns, place: int) -> Offered[Turns]:
    return replace(PAIR_OFFERED(state, place), deliver=False)


def behind_a_delimiter(state: Turns, count: int, free: Can) -> Begin[Turns]:
    begun = DEALER_BEGIN(state, count, free)
    return replace(begun, lead=1) if begun.way == Way.PIPE else begun


def empty_lead(core: Any, count: int) -> list[bytes]:
    return [b""] * count if core.pattern.name == "DEALER" else LEAD(core, count)


def without_its_first_part(state: Turns, place: int) -> Offered[Turns]:
    return replace(DEALER_OFFERED(state, place), skip=1)


# --- REQ and REP


def any_message(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    phase = req.Phase.TAKING if state.phase == req.Phase.AWAIT else state.phase
    return Offered(Rule.REQ_5, replace(state, phase=phase), True, 1 if shape.parts > 1 else 0)


def with_its_delimiter(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    return replace(REQ_OFFERED(state, lead, place, shape), skip=lead - 1)


def of_any_request(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    return REQ_OFFERED(state, lead, place, replace(shape, correlates=True))


def of_another_if_need_be(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    if state.phase == req.Phase.LOST:
        state = replace(state, phase=req.Phase.AWAIT, peer=place)
    return REQ_OFFERED(state, lead, place, shape)


def without_a_delimiter(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    if state.phase == req.Phase.AWAIT and shape.delimiter != lead - 1:
        return Offered(Rule.REQ_5, replace(state, phase=req.Phase.TAKING), True)
    return REQ_OFFERED(state, lead, place, shape)


def no_request_after_the_reply(state: req.State) -> req.State:
    return replace(state, phase=req.Phase.LOST)


def half_a_request_stays(state: req.State, place: int) -> req.State:
    after = REQ_DETACHED(state, place)
    return replace(after, request=-1) if state.current == place else after


def no_delimiter_after_half(state: req.State, relaxed: bool, lead: int, count: int, free: Can) -> Begin[req.State]:
    if state.request == -1:
        lead, state = 0, replace(state, request=0)
    return REQ_BEGIN(state, relaxed, lead, count, free)


def with_its_envelope(place: int, shape: Shape) -> Offered[rep.State]:
    return replace(REP_OFFERED(place, shape), skip=0, keep=0)


def to_the_last_empty_part(core: Any, message: list[bytes]) -> Shape:
    found = SHAPE(core, message)
    last = len(message) - 1 - message[::-1].index(b"") if b"" in message else -1
    return replace(found, delimiter=last) if core.pattern.name == "REP" else found


def envelope_alone(place: int, shape: Shape) -> Offered[rep.State]:
    if shape.delimiter != shape.parts - 1:
        return REP_OFFERED(place, shape)
    kept = shape.delimiter
    return Offered(Rule.REP_1, rep.State(rep.Phase.TAKING, place + 1, place, kept), True, kept, kept)


def reply_to_nobody(state: rep.State, free: Can) -> Begin[rep.State]:
    gone = state.phase == rep.Phase.REPLY and state.peer == -1
    return Begin(Rule.REP_3, Way.WRONG_STATE, state) if gone else REP_BEGIN(state, free)


# --- ROUTER


def waits_for_who_does_not_read(state: rep.State, free: Can) -> Begin[rep.State]:
    begun = REP_BEGIN(state, free)
    return Begin(begun.rule, Way.NOBODY, state) if begun.rule == Rule.REP_6 else begun


def ids_of_others(number: int) -> bytes:
    return b"\1" + NUMBERED(number)[1:]


def held_up(self: Any, state: Turns, count: int, free: Can, to: int | None = None, last: bool = False) -> Begin[Turns]:
    if not all(free(place) for place in range(count)):
        return Begin(Rule.ROUTER_3, Way.NOBODY, state, address=True)
    return ROUTER(self, state, count, free, to, last)


def address_alone(state: Turns, mandatory: bool, free: Can, to: int, last: bool) -> Begin[Turns]:
    return ROUTER_BEGIN(state, mandatory, free, to, False)


MUTANTS = (
    Mutant("only whose turn it is", "A peer that is full is waited for though others are not.",
           {"patterns.turns.choose": only_whose_turn_it_is}, ("turn/1/7",)),
    Mutant("to the first from now on", "When a peer has gone all messages are for the first of the others.",
           {"patterns.turns.left": stays_where_it_was, "patterns.turns.committed": to_the_first_from_now_on,
            "patterns.turns.moved": turns.moved}, ("turn/5/1",)),
    Mutant("REQ and PAIR discard", "Without a peer REQ and PAIR accept messages, and drop them.",
           {"patterns.pair.begin": pair_discards, "patterns.req.begin": req_discards}, ("turn/6/3", "turn/6/4")),
    Mutant("cannot send, and says ok", "A type that does not send accepts messages, and drops them.",
           {"patterns.pattern.cannot_send": dropped_and_answered}, ("type/2/1", "type/2/2", "type/3/3")),
    Mutant("cannot send, and says EFSM", "A type that does not send says that its state is another.",
           {"patterns.pattern.cannot_send": wrong_state}, ("type/3/3",)),
    Mutant("PUSH and PUB receive", "PUSH and PUB deliver what their peers send.",
           {"patterns.push.Push.receives": True, "patterns.pub.Pub.receives": True,
            "patterns.pattern.unwanted": delivered}, ("type/3/1", "type/3/2")),
    Mutant("SUB knows PUB only", "SUB refuses an XPUB.",
           {"patterns.sub.Sub.accepts": frozenset({"PUB"})}, ("type/1/1",)),
    Mutant("PAIR is deaf", "PAIR discards what its peer sends.",
           {"patterns.pair.offered": deaf}, ("pair/1/1",)),
    Mutant("DEALER with a delimiter", "DEALER puts an empty part in front of each message.",
           {"patterns.dealer.begin": behind_a_delimiter, "reference.wrapping.lead": empty_lead}, ("dealer/1/1",)),
    Mutant("DEALER without a delimiter", "DEALER delivers messages without their first part.",
           {"patterns.dealer.offered": without_its_first_part}, ("dealer/2/1",)),
    Mutant("REQ receives anything", "REQ delivers what comes, whenever it comes.",
           {"patterns.req.Req.may_receive": lambda *_: None, "patterns.req.offered": any_message},
           ("req/2/2", "req/2/3")),
    Mutant("reply with its delimiter", "REQ delivers the reply with its empty part.",
           {"patterns.req.offered": with_its_delimiter}, ("req/5/1",)),
    Mutant("early reply taken", "What came before the request is taken for its reply.",
           {"patterns.req.Req.drains": False}, ("req/6/3",)),
    Mutant("late reply taken", "The reply to a request that was given up is taken for that to the next.",
           {"patterns.req.Req.drains": False, "patterns.req.offered": of_any_request}, ("req/3/1",)),
    Mutant("reply of another taken", "When the peer that was asked has gone, another's message is the reply.",
           {"patterns.req.offered": of_another_if_need_be}, ("req/8/1",)),
    Mutant("reply without a delimiter", "REQ takes a message without the empty part for the reply.",
           {"patterns.req.offered": without_a_delimiter}, ("req/6/2",)),
    Mutant("one request", "After the reply no other request may be sent.",
           {"patterns.req.taken": no_request_after_the_reply}, ("req/7/1",)),
    Mutant("no delimiter after half a request", "After half a request whose peer has gone the next has no empty part.",
           {"patterns.req.detached": half_a_request_stays, "patterns.req.begin": no_delimiter_after_half},
           ("req/4/1",)),
    Mutant("request with its envelope", "REP delivers the envelope with the request.",
           {"patterns.rep.offered": with_its_envelope}, ("rep/1/1",)),
    Mutant("to the last empty part", "REP takes all up to the last empty part for the envelope.",
           {"reference.wrapping.shape": to_the_last_empty_part}, ("rep/1/2",)),
    Mutant("envelope alone", "REP delivers an envelope with nothing behind it.",
           {"patterns.rep.offered": envelope_alone}, ("rep/2/2",)),
    Mutant("reply to nobody", "REP refuses the reply to a peer that has gone, and waits for another.",
           {"patterns.rep.begin": reply_to_nobody}, ("rep/5/1",)),
    Mutant("REP held up", "REP waits for a peer that does not read.",
           {"patterns.rep.begin": waits_for_who_does_not_read}, ("rep/6/1",)),
    Mutant("ids of others", "The ids that a ROUTER gives begin with 1.",
           {"patterns.routing.numbered": ids_of_others}, ("router/8/2",)),
    Mutant("ROUTER held up", "A full peer keeps a ROUTER from all others.",
           {"patterns.router.Router.begin": held_up}, ("router/4/2",)),
    Mutant("address alone", "What follows an address that was sent alone is its message.",
           {"patterns.router.begin": address_alone}, ("router/5/1",)),
)  # fmt: skip
