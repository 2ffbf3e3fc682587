"""Defects of the patterns: who gets a message, what stands in front of it, whose turn it is, who misses it."""

from dataclasses import replace
from typing import Any

from enomem.model import memory, policies
from enomem.model import send as sends
from enomem.model.memory import Pool, Site
from enomem.model.patterns import fan_out, rep, req, router, turns
from enomem.model.patterns.pattern import Begin, Offered, Shape, Way
from enomem.model.patterns.turns import Can, Turns
from enomem.model.pipe import Pipe
from enomem.model.rules import Rule
from enomem.model.send import Answer, Costs, Send, Sent

from .harness import PatternMutant

ROUTER_BEGIN, ROUTER_DROPPED = "enomem.model.patterns.router:begin", "enomem.model.patterns.router:dropped"
REQ_BEGIN, REQ_DROPPED = "enomem.model.patterns.req:begin", "enomem.model.patterns.req:dropped"
REQ_OFFERED, REQ_DETACHED = "enomem.model.patterns.req:offered", "enomem.model.patterns.req:detached"
REP_BEGIN, REP_DROPPED = "enomem.model.patterns.rep:begin", "enomem.model.patterns.rep:dropped"
REP_DETACHED, COPY = "enomem.model.patterns.rep:detached", "enomem.model.patterns.fan_out:copy"
CHOOSE, COMMITTED = "enomem.model.patterns.turns:choose", "enomem.model.patterns.turns:committed"
RECEIVED, MOVED, JOINED = (f"enomem.model.patterns.turns:{name}" for name in ("received", "moved", "joined"))

router_begin, req_begin, req_detached = router.begin, req.begin, req.detached
rep_begin, rep_dropped, copy_part, choose_place = rep.begin, rep.dropped, fan_out.copy, turns.choose


# --- ROUTER


def stays_addressed(state: Turns) -> Turns:
    """The address of a message that was dropped is remembered."""
    return state


def goes_where_the_last_was(state: Turns, mandatory: bool, free: Can, to: int, last: bool) -> Begin[Turns]:
    if state.current != -1:
        return Begin(Rule.ROUTER_1, Way.PIPE, state, state.current)
    return router_begin(state, mandatory, free, to, last)


def unknown_is_the_first(state: Turns, mandatory: bool, free: Can, to: int, last: bool) -> Begin[Turns]:
    return router_begin(state, mandatory, free, 0 if to < 0 and not last else to, last)


def full_is_the_other(state: Turns, mandatory: bool, free: Can, to: int, last: bool) -> Begin[Turns]:
    if to == 1 and not last and not free(1):
        return router_begin(state, mandatory, free, 0, last)
    return router_begin(state, mandatory, free, to, last)


def address_is_a_part(state: Turns, mandatory: bool, free: Can, to: int, last: bool) -> Begin[Turns]:
    return replace(router_begin(state, mandatory, free, to, last), address=False)


# --- REQ


def request_stays_begun(state: req.State) -> req.State:
    return state


def no_delimiter_again(state: req.State, relaxed: bool, lead: int, count: int, free: Can) -> Begin[req.State]:
    """As in libzmq: the request that was dropped was the first attempt, and the next one is no beginning."""
    begun = req_begin(replace(state, current=-1), relaxed, lead, count, free)
    return replace(begun, lead=0) if state.current != -1 else begun


def any_time(state: req.State, relaxed: bool, lead: int, count: int, free: Can) -> Begin[req.State]:
    return req_begin(state, True, lead, count, free)


def reply_from_anyone(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    if state.phase == req.Phase.AWAIT and shape.delimiter == lead - 1 and shape.parts > lead:
        return Offered(Rule.REQ_5, replace(state, phase=req.Phase.TAKING, peer=-1), True, lead)
    return Offered(Rule.REQ_6, state, False)


def reply_without_delimiter(state: req.State, lead: int, place: int, shape: Shape) -> Offered[req.State]:
    if state.phase == req.Phase.AWAIT and state.peer == place:
        return Offered(Rule.REQ_5, replace(state, phase=req.Phase.TAKING, peer=-1), True, lead)
    return Offered(Rule.REQ_6, state, False)


def forgets_whom_it_asked(state: req.State, place: int) -> req.State:
    """As in libzmq: when the peer goes, it is as if nobody had been asked, and whoever replies is heard."""
    after = req_detached(state, place)
    return replace(after, phase=req.Phase.SEND) if after.phase == req.Phase.LOST else after


def keeps_the_place(state: req.State, place: int) -> req.State:
    after = req_detached(state, place)
    return replace(after, peer=state.peer, phase=state.phase)


# --- REP


def envelope_lost(state: rep.State) -> rep.State:
    after = rep_dropped(state)
    return replace(after, envelope=0) if state.sending else after


def reply_given_up(state: rep.State) -> rep.State:
    return rep.committed(state) if state.sending else state


def to_the_first(state: rep.State, free: Can) -> Begin[rep.State]:
    return rep_begin(replace(state, peer=0) if state.phase == rep.Phase.REPLY else state, free)


def same_place(state: rep.State, place: int) -> rep.State:
    """The peers that close ranks are not followed."""
    return state if state.peer > place else rep.State(
        state.phase, state.receive, -1 if state.peer == place else state.peer, state.envelope,
        state.sending and state.peer != place,
    )  # fmt: skip


# --- PUB


def rest_is_sent(sizes: Costs, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Site | None) -> Sent:
    """Who misses a part of a message gets the others."""
    sent = copy_part(sizes, pool, send, pipe, hwm, last, refuse)
    return replace(sent, send=Send()) if sent.answer == Answer.NO_MEMORY else sent


def rest_is_sent_when_full(
    sizes: Costs, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Site | None
) -> Sent:
    sent = copy_part(sizes, pool, send, pipe, hwm, last, refuse)
    return replace(sent, send=Send()) if sent.answer == Answer.FULL else sent


def head_is_kept(sizes: Costs, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Site | None) -> Sent:
    """As in libzmq: the parts that a pipe got of a message that it misses stay in it."""
    return sends.send_part(policies.KEEP, sizes, pool, send, pipe, hwm, last, refuse)


def missed_is_not_given_back(
    sizes: Costs, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Site | None
) -> Sent:
    sent = copy_part(sizes, pool, send, pipe, hwm, last, refuse)
    return replace(sent, pool=memory.give(pool, 0)) if sent.answer == Answer.NO_MEMORY else sent


# --- turns


def turn_stays(state: Turns) -> Turns:
    return state if state.current == -1 else turns.at(state.send, -1, state.receive)


def queue_sticks(state: Turns, place: int) -> Turns:
    return turns.at(state.send, state.current, place)


def from_the_first_on(_: int, count: int, can: Can) -> int:
    return choose_place(0, count, can)


def turn_goes_back(_: int, __: int) -> int:
    """Whenever a peer goes, it is the first one's turn."""
    return 0


def newcomer_first(state: Turns, count: int) -> Turns:
    return turns.at(count, state.current, count)


def _of(pattern: str, name: str, what: str, patches: dict[str, Any], violates: str, **more: Any) -> PatternMutant:
    return PatternMutant(name, what, patches, pattern, violates, **more)


MUTANTS: tuple[PatternMutant, ...] = (
    _of("ROUTER", "stays addressed", "After a drop, the next message goes to the old peer, its address as a part.",
        {ROUTER_DROPPED: stays_addressed, ROUTER_BEGIN: goes_where_the_last_was}, "SAFE-ROUTE"),
    _of("ROUTER", "nobody is somebody", "A message that is for nobody who is there goes to the first peer.",
        {ROUTER_BEGIN: unknown_is_the_first}, "SAFE-ROUTE"),
    _of("ROUTER", "the other if full", "A message for a peer whose pipe is full goes to another peer.",
        {ROUTER_BEGIN: full_is_the_other}, "SAFE-ROUTE"),
    _of("ROUTER", "address is a part", "The address is sent to the peer like any other part.",
        {ROUTER_BEGIN: address_is_a_part}, "SAFE-ROUTE"),
    _of("REQ", "no delimiter again", "A request that was dropped and is sent again has no delimiter.",
        {REQ_DROPPED: request_stays_begun, REQ_BEGIN: no_delimiter_again}, "SAFE-ENVELOPE"),
    _of("REQ", "out of step", "A request may be sent while a reply is awaited.",
        {REQ_BEGIN: any_time}, "SAFE-ENVELOPE"),
    _of("REQ", "reply from anyone", "A reply is taken from whoever sends one.",
        {REQ_OFFERED: reply_from_anyone}, "SAFE-ENVELOPE"),
    _of("REQ", "reply without delimiter", "A reply is taken however it looks.",
        {REQ_OFFERED: reply_without_delimiter}, "SAFE-ENVELOPE"),
    _of("REQ", "forgets whom it asked", "When the peer that was asked goes, no reply is awaited any more.",
        {REQ_DETACHED: forgets_whom_it_asked}, "SAFE-ENVELOPE"),
    _of("REQ", "keeps the place", "When peers close ranks, the reply is awaited from the place, not from the peer.",
        {REQ_DETACHED: keeps_the_place}, "SAFE-ENVELOPE"),
    _of("REP", "envelope lost", "A reply that was dropped and is sent again has no envelope.",
        {REP_DROPPED: envelope_lost}, "SAFE-ENVELOPE"),
    _of("REP", "reply given up", "After ENOMEM no reply is due any more, and the next request is received.",
        {REP_DROPPED: reply_given_up}, "SAFE-ENVELOPE"),
    _of("REP", "to the first", "Every reply goes to the first peer.",
        {REP_BEGIN: to_the_first}, "SAFE-ENVELOPE"),
    _of("REP", "same place", "When peers close ranks, the reply goes to the place, not to the peer.",
        {REP_DETACHED: same_place}, "SAFE-ENVELOPE"),
    _of("PUB", "rest is sent", "A subscriber without memory for a part gets the rest of the message.",
        {COPY: rest_is_sent}, "SAFE-FAN"),
    _of("PUB", "rest is sent when full", "A subscriber whose pipe was full gets the rest of the message.",
        {COPY: rest_is_sent_when_full}, "SAFE-FAN"),
    _of("PUB", "head is kept", "A subscriber without memory keeps the beginning of the message.",
        {COPY: head_is_kept}, "SAFE-FAN"),
    _of("PUB", "missed is not given back", "The memory of a copy that is rolled back is not given back.",
        {COPY: missed_is_not_given_back}, "SAFE-CONSERVE"),
    _of("PUSH", "turn stays", "The peer that got a message gets the next one too.",
        {COMMITTED: turn_stays}, "SAFE-TURN", turns=True),
    _of("DEALER", "from the first on", "It is always the first peer's turn.",
        {CHOOSE: from_the_first_on}, "SAFE-TURN", turns=True),
    _of("PULL", "queue sticks", "As long as a peer has messages, no other peer's are received.",
        {RECEIVED: queue_sticks}, "SAFE-TURN", turns=True),
    _of("ROUTER", "turn goes back", "When a peer goes, the turns begin again at the first.",
        {MOVED: turn_goes_back}, "SAFE-TURN", turns=True),
    _of("PUSH", "newcomer first", "A peer that comes is next.",
        {JOINED: newcomer_first}, "SAFE-TURN", turns=True),
)  # fmt: skip
