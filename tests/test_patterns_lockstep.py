"""REQ, REP and ROUTER, step by step; and each with the send machine when memory runs out in the middle."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from enomem.model import send as sends
from enomem.model.memory import Pool, Site
from enomem.model.patterns import make, rep, req
from enomem.model.patterns.pattern import AnyPattern, Begin, Offered, Shape, Way
from enomem.model.patterns.req import Req
from enomem.model.patterns.turns import Turns
from enomem.model.pipe import Pipe
from enomem.model.policies import DISCARD, KEEP, SKIP, SendPolicy
from enomem.model.rules import Rule
from enomem.model.send import Answer, Phase, Send, Sizes

REPLY = Shape(2, 0)


def always(_: int) -> bool:
    return True


def never(_: int) -> bool:
    return False


def awaiting(pattern: AnyPattern, count: int = 2, place: int = 0) -> req.State:
    """A request was sent to ``place`` of ``count`` pipes."""
    state = pattern.initial()
    for number in range(count):
        state = pattern.attached(state, number).state
    after: req.State = pattern.committed(pattern.begin(state, count, lambda one: one == place).state)
    return after


# --- REQ


def test_a_request_and_its_reply() -> None:
    pattern = Req()
    begin = pattern.begin(pattern.initial(), 1, always)
    assert (begin.rule, begin.way, begin.pipe, begin.lead, begin.address) == (Rule.REQ_1, Way.PIPE, 0, 1, False)
    sent = pattern.committed(begin.state)
    assert sent == req.State(req.Phase.AWAIT, 1, -1, 0)
    offered = pattern.offered(sent, 0, REPLY)
    assert offered == Offered(Rule.REQ_5, req.State(req.Phase.TAKING, 1), True, 1)
    assert pattern.taken(offered.state) == req.State(req.Phase.SEND, 1)


def test_a_second_request_and_a_second_receive_are_refused() -> None:
    pattern = Req()
    state = awaiting(pattern)
    assert pattern.begin(state, 2, always) == Begin(Rule.REQ_2, Way.WRONG_STATE, state)
    assert (pattern.may_send(state), pattern.may_receive(state)) == (Rule.REQ_2, None)
    assert (pattern.may_send(pattern.initial()), pattern.may_receive(pattern.initial())) == (None, Rule.REQ_2)


def test_a_request_waits_for_a_peer() -> None:
    pattern = Req()
    assert pattern.begin(pattern.initial(), 2, never) == Begin(Rule.TURN_6, Way.NOBODY, pattern.initial())


@pytest.mark.parametrize(
    ("place", "shape"),
    [(1, REPLY), (0, Shape(1)), (0, Shape(1, 0)), (0, Shape(2)), (0, Shape(3, 1)), (0, Shape(2, 1))],
    ids=str,
)
def test_what_is_not_the_reply_is_discarded(place: int, shape: Shape) -> None:
    state = awaiting(Req())
    assert Req().offered(state, place, shape) == Offered(Rule.REQ_6, state, False)


@pytest.mark.parametrize(
    ("shape", "good"),
    [(Shape(3, 1), True), (Shape(3, 1, False), False), (Shape(2, 0), False), (Shape(2, 1), False), (Shape(4, 1), True)],
    ids=str,
)
def test_a_correlated_reply_carries_the_id(shape: Shape, good: bool) -> None:
    pattern = Req(correlate=True)
    assert pattern.begin(pattern.initial(), 1, always).lead == 2
    offered = pattern.offered(awaiting(pattern), 0, shape)
    assert (offered.deliver, offered.skip) == (good, 2 if good else 0)


def test_an_empty_reply_is_one() -> None:
    assert Req().offered(awaiting(Req()), 0, Shape(2, 0)).deliver


def test_request_ids_count_what_is_sent_and_begin_again() -> None:
    pattern = Req(correlate=True, ids=3)
    state, seen = pattern.initial(), []
    for _ in range(4):
        begun = pattern.begin(state, 1, always).state
        assert pattern.dropped(begun).request == state.request
        state = pattern.committed(begun)
        seen.append(state.request)
        state = pattern.taken(pattern.offered(state, 0, Shape(3, 1)).state)
    assert seen == [1, 2, 0, 1]
    assert req.request_id(1) == b"\0\0\0\1"
    assert req.request_id(req.IDS - 1) == b"\xff\xff\xff\xff"
    assert req.next_request(req.IDS - 1, req.IDS) == 0


def test_the_peer_that_was_asked_goes_for_good() -> None:
    pattern, state = Req(), awaiting(Req())
    lost = pattern.detached(state, 0)
    assert lost.phase == req.Phase.LOST
    assert (pattern.unanswerable(state), pattern.unanswerable(lost)) == (None, Rule.REQ_8)
    assert not pattern.offered(lost, 0, REPLY).deliver
    assert (pattern.may_send(lost), pattern.may_receive(lost)) == (Rule.REQ_2, None)
    assert Req(relaxed=True).may_send(lost) is None


def test_another_peer_goes_and_the_reply_is_still_known() -> None:
    pattern, state = Req(), awaiting(Req(), 2, 1)
    moved = pattern.detached(state, 0)
    assert (moved.phase, moved.peer) == (req.Phase.AWAIT, 0)
    assert pattern.offered(moved, 0, REPLY).deliver


def test_the_peer_goes_after_its_reply_was_delivered() -> None:
    pattern = Req()
    taking = pattern.offered(awaiting(pattern), 0, REPLY).state
    assert pattern.detached(taking, 0).phase == req.Phase.TAKING


def test_what_nobody_asked_for_is_found_to_be_discarded() -> None:
    pattern, state = Req(), awaiting(Req())
    assert pattern.choose(state, 2, always) == 0
    assert pattern.choose(state, 2, lambda place: place == 1) == 1
    assert pattern.choose(state, 2, never) == -1
    idle = pattern.taken(pattern.offered(state, 0, REPLY).state)
    assert pattern.offered(idle, pattern.choose(idle, 2, always), REPLY).deliver is False


def test_a_relaxed_request_replaces_the_pending_one_when_it_is_sent_and_not_before() -> None:
    pattern, state = Req(relaxed=True), awaiting(Req(relaxed=True))
    begin = pattern.begin(state, 2, always)
    assert (begin.rule, begin.pipe, begin.lead) == (Rule.REQ_9, 1, 1)
    assert pattern.may_receive(begin.state) == Rule.REQ_2
    assert pattern.dropped(begin.state) == state
    sent = pattern.committed(begin.state)
    assert (sent.phase, sent.peer) == (req.Phase.AWAIT, 1)
    assert not pattern.offered(sent, 0, REPLY).deliver
    assert pattern.offered(sent, 1, REPLY).deliver


# --- REP


def requested(count: int = 1, place: int = 0, shape: Shape = REPLY) -> rep.State:
    pattern = make("REP")
    state = pattern.initial()
    for number in range(count):
        state = pattern.attached(state, number).state
    after: rep.State = pattern.taken(pattern.offered(state, place, shape).state)
    return after


@pytest.mark.parametrize(
    ("shape", "envelope"), [(Shape(2, 0), 1), (Shape(4, 1), 2), (Shape(5, 0), 1), (Shape(9, 7), 8)], ids=str
)
def test_the_envelope_goes_up_to_the_first_empty_part(shape: Shape, envelope: int) -> None:
    pattern = make("REP")
    offered = pattern.offered(pattern.initial(), 0, shape)
    assert (offered.rule, offered.deliver, offered.skip, offered.keep) == (Rule.REP_1, True, envelope, envelope)
    begin = pattern.begin(pattern.taken(offered.state), 1, always)
    assert (begin.rule, begin.way, begin.pipe, begin.lead) == (Rule.REP_4, Way.PIPE, 0, envelope)


@pytest.mark.parametrize("shape", [Shape(1), Shape(3), Shape(1, 0), Shape(3, 2)], ids=str)
def test_what_is_no_request_is_discarded_and_the_turn_passes(shape: Shape) -> None:
    pattern = make("REP")
    assert pattern.offered(pattern.initial(), 0, shape) == Offered(Rule.REP_2, rep.State(receive=1), False)


def test_the_lock_step_of_a_reply() -> None:
    pattern = make("REP")
    state = pattern.initial()
    taking = pattern.offered(state, 0, REPLY).state
    due = pattern.taken(taking)
    for early in (state, taking):
        assert pattern.begin(early, 1, always) == Begin(Rule.REP_3, Way.WRONG_STATE, early)
        assert (pattern.may_send(early), pattern.may_receive(early)) == (Rule.REP_3, None)
    assert (pattern.may_send(due), pattern.may_receive(due)) == (None, Rule.REP_3)
    assert pattern.committed(pattern.begin(due, 1, always).state) == rep.State(receive=1)


def test_a_reply_to_nobody_is_swallowed_and_the_next_request_may_come() -> None:
    pattern = make("REP")
    gone = pattern.detached(requested(2, 1), 1)
    assert pattern.begin(gone, 1, always) == Begin(Rule.REP_5, Way.SWALLOW, rep.State(receive=gone.receive))
    full = pattern.begin(requested(), 1, never)
    assert (full.rule, full.way, full.state.phase) == (Rule.REP_6, Way.SWALLOW, rep.Phase.RECEIVE)


def test_the_peer_of_a_request_goes_while_it_is_taken() -> None:
    pattern = make("REP")
    taking = pattern.offered(pattern.initial(), 0, REPLY).state
    assert pattern.begin(pattern.taken(pattern.detached(taking, 0)), 0, always).rule == Rule.REP_5


def test_another_peer_goes_and_the_reply_finds_its_way() -> None:
    pattern = make("REP")
    assert pattern.begin(pattern.detached(requested(3, 2), 0), 2, always).pipe == 1


# --- ROUTER


@pytest.mark.parametrize(
    ("to", "free", "mandatory", "rule", "way"),
    [
        (1, True, False, Rule.ROUTER_1, Way.PIPE),
        (1, True, True, Rule.ROUTER_1, Way.PIPE),
        (-1, True, False, Rule.ROUTER_4, Way.SWALLOW),
        (-1, True, True, Rule.ROUTER_2, Way.UNREACHABLE),
        (1, False, False, Rule.ROUTER_4, Way.SWALLOW),
        (1, False, True, Rule.ROUTER_3, Way.NOBODY),
        (None, True, True, Rule.ROUTER_2, Way.UNREACHABLE),
    ],
)
def test_where_an_address_leads(to: int | None, free: bool, mandatory: bool, rule: Rule, way: Way) -> None:
    begin = make("ROUTER", mandatory=mandatory).begin(Turns(), 2, lambda _: free, to)
    assert (begin.rule, begin.way, begin.address) == (rule, way, True)
    assert begin.pipe == (1 if way == Way.PIPE else -1)
    assert begin.state == (Turns(0, 1, 0) if way == Way.PIPE else Turns())


@pytest.mark.parametrize("mandatory", [False, True])
@pytest.mark.parametrize("to", [-1, 0])
def test_an_address_alone_is_dropped(mandatory: bool, to: int) -> None:
    begin = make("ROUTER", mandatory=mandatory).begin(Turns(), 1, always, to, last=True)
    assert begin == Begin(Rule.ROUTER_5, Way.SWALLOW, Turns(), address=True)


def test_a_router_stamps_what_it_delivers() -> None:
    assert make("ROUTER").offered(Turns(), 1, Shape(3)) == Offered(Rule.ROUTER_7, Turns(0, -1, 2), True, stamp=True)


# --- with the send machine


@dataclass
class Socket:
    """A pattern, its send state, one pipe and a pool, driven as the shell drives them; ``sent`` are whole messages."""

    pattern: AnyPattern
    policy: SendPolicy
    state: Any
    pool: Pool = field(default_factory=lambda: Pool(1000, 0))
    send: Send = field(default_factory=Send)
    pipe: Pipe = field(default_factory=Pipe)
    lead: int = 0
    sending: bool = False

    def part(self, last: bool, refuse: Site | None = None, at: int = 0) -> Answer:
        """Send a part; memory is refused ``at`` this one of the parts that go out for it."""
        if not self.sending and self.send.phase == Phase.IDLE:
            begin = self.pattern.begin(self.state, 1, always, 0, last)
            assert begin.way == Way.PIPE
            self.state, self.lead, self.sending = begin.state, begin.lead, True
            if begin.address:
                return Answer.OK
        while self.lead:
            answer = self._one(False, refuse if at == 0 else None)
            if answer != Answer.OK:
                return answer
            self.lead, at = self.lead - 1, at - 1
        return self._one(last, refuse if at == 0 else None)

    def _one(self, last: bool, refuse: Site | None) -> Answer:
        sent = sends.send_part(self.policy, Sizes(), self.pool, self.send, self.pipe, 100, last, refuse)
        self.pool, self.send, self.pipe = sent.pool, sent.send, sent.pipe
        if sent.committed:
            self.state, self.sending = self.pattern.committed(self.state), False
        elif self.sending and self.send.phase in (Phase.IDLE, Phase.SKIPPING):
            self.state, self.sending = self.pattern.dropped(self.state), False
        return sent.answer


def sockets(policy: SendPolicy) -> list[Callable[[], Socket]]:
    envelope = requested(shape=Shape(3, 1))
    return [
        lambda: Socket(Req(), policy, Req().initial()),
        lambda: Socket(Req(correlate=True), policy, Req(correlate=True).initial()),
        lambda: Socket(Req(relaxed=True), policy, awaiting(Req(relaxed=True), 1)),
        lambda: Socket(make("REP"), policy, envelope),
        lambda: Socket(make("ROUTER", mandatory=True), policy, Turns()),
        lambda: Socket(make("DEALER"), policy, Turns()),
    ]


@pytest.mark.parametrize("made", range(6))
@pytest.mark.parametrize("policy", [DISCARD, SKIP], ids=lambda policy: policy.name)
def test_a_refused_part_takes_the_whole_message_back_the_librarys_parts_too(made: int, policy: SendPolicy) -> None:
    """Refuse each part of [x, y] in turn, the library's among them: all is as before, and the next message is whole."""
    for refused in range(5):
        socket = sockets(policy)[made]()
        before = (socket.state, socket.pool, socket.pipe)
        seen, answers = 0, []
        for number in range(3 if socket.pattern.routes else 2):
            last = number == (2 if socket.pattern.routes else 1)
            at = refused - seen
            answers.append(socket.part(last, Site.BODY if at >= 0 else None, at))
            parts = 0 if socket.pattern.routes and number == 0 else 1
            seen += parts + (_lead(socket.pattern) if number == 0 else 0)
            if answers[-1] == Answer.NO_MEMORY:
                break
        if answers[-1] != Answer.NO_MEMORY:
            continue
        assert (socket.state, socket.pool, socket.pipe) == before
        if socket.send.phase == Phase.SKIPPING:
            assert socket.part(True) == Answer.OK
        assert socket.send == Send()
        assert _message(socket) == [Answer.OK] * (3 if socket.pattern.routes else 2)
        assert (socket.pipe.messages, socket.pipe.parts) == (1, 2 + _lead(socket.pattern))


def _lead(pattern: AnyPattern) -> int:
    if isinstance(pattern, Req):
        return pattern.lead
    return 2 if pattern.name == "REP" else 0


def _message(socket: Socket) -> list[Answer]:
    return [socket.part(False) for _ in range(2 if socket.pattern.routes else 1)] + [socket.part(True)]


def test_under_keep_the_delimiter_stays_and_the_request_goes_on() -> None:
    socket = Socket(Req(), KEEP, Req().initial())
    assert socket.part(False, Site.BODY, 1) == Answer.NO_MEMORY
    assert (socket.pipe.tail, socket.send.phase) == (1, Phase.SENDING)
    assert [socket.part(False), socket.part(True)] == [Answer.OK, Answer.OK]
    assert (socket.pipe.parts, socket.state.phase) == (3, req.Phase.AWAIT)


def test_under_keep_a_router_forgets_an_address_behind_which_nothing_was_queued() -> None:
    socket = Socket(make("ROUTER"), KEEP, Turns())
    assert [socket.part(False), socket.part(True, Site.BODY)] == [Answer.OK, Answer.NO_MEMORY]
    assert (socket.state, socket.sending) == (Turns(), False)
