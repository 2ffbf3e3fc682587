"""Counterexamples as a person reads them: whole texts, every property's two sentences, the diagram, the names."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from enomem.checks.errors import UsageError
from enomem.checks.traces.sender import run, to_json
from enomem.checks.words.phrases import letters
from enomem.checks.words.wording import show
from enomem.model.application import Recovery
from enomem.model.memory import Site
from enomem.model.policies import DISCARD, KEEP, RESERVE, SKIP, Reaction, SendPolicy, Unfinished
from enomem.model.system import Action, Kind, System

RESTART, RESUME, NEXT = Recovery.RESTART, Recovery.RESUME, Recovery.NEXT


def call(sender: int = 0, refuse: Site | None = None) -> Action:
    """The application's next call."""
    return Action(Kind.CALL, sender, refuse)


def no_body(sender: int = 0) -> Action:
    """The same, refused for no visible reason."""
    return call(sender, Site.BODY)


def deliver(sender: int = 0) -> list[Action]:
    """The oldest message goes all the way."""
    return [Action(kind, sender) for kind in (Kind.BEGIN, Kind.ARRIVE, Kind.RECEIVE)]


FRAME, LOSE, GONE = Action(Kind.FRAME), Action(Kind.LOSE), Action(Kind.GONE)
SPLICE = [call(), no_body(), call(), call(), *deliver()]


def shown(system: System, actions: Sequence[Action], identifier: str | None = None, cycle: int | None = None) -> str:
    """The text form."""
    return show(run(system, actions, identifier=identifier, cycle=cycle), "text")


def lines(text: str) -> str:
    """A text as the tests write it: between two line breaks, and indented by 8."""
    return "\n".join(line[8:] for line in text.splitlines()[1:-1])


def test_splice() -> None:
    assert shown(System(KEEP, NEXT), SPLICE, "SAFE-WHOLE") == lines("""
         1  A: send(A1, SNDMORE) -> ok                    [SEND-1]
         2  A: send(A2) -> ENOMEM, refused at BODY        [SEND-6]   A keeps [A1]
         3  A: send(B1, SNDMORE) -> ok                    [SEND-2]
         4  A: send(B2) -> ok                             [SEND-3]   committed [A1, B1, B2]
         5  A: link takes [A1, B1, B2]                    [LINK-1]
         6  A: link brings [A1, B1, B2] to the receiver   [LINK-2]
         7  receiver of A: recv() -> [A1, B1, B2]         [LINK-4]
        expected: exactly one message that an application sent, e.g. [B1, B2]
        happened: [A1, B1, B2], which nobody sent
    """)


def test_doubled_head() -> None:
    assert shown(System(KEEP, RESTART), SPLICE[:4], "SAFE-NEXT") == lines("""
         1  A: send(A1, SNDMORE) -> ok               [SEND-1]
         2  A: send(A2) -> ENOMEM, refused at BODY   [SEND-6]   A keeps [A1]
         3  A: send(A1, SNDMORE) -> ok               [SEND-2]
         4  A: send(A2) -> ok                        [SEND-3]   committed [A1, A1, A2]
        expected: message A, the first that A completes after ENOMEM, is committed: [A1, A2]
        happened: [A1, A1, A2] was committed
    """)


def test_tail_alone() -> None:
    assert shown(
        System(DISCARD, RESUME, parts=3), [call(), call(), no_body(), call(), *deliver()], "SAFE-WHOLE"
    ) == lines("""
         1  A: send(A1, SNDMORE) -> ok               [SEND-1]
         2  A: send(A2, SNDMORE) -> ok               [SEND-2]
         3  A: send(A3) -> ENOMEM, refused at BODY   [SEND-5]   [A1, A2] dropped
         4  A: send(A3) -> ok                        [SEND-3]   committed [A3]
         5  A: link takes [A3]                       [LINK-1]
         6  A: link brings [A3] to the receiver      [LINK-2]
         7  receiver of A: recv() -> [A3]            [LINK-4]
        expected: exactly one message that an application sent, e.g. [A1, A2, A3]
        happened: [A3], which nobody sent
    """)


def test_swallowed_in_silence() -> None:
    assert shown(System(SKIP, RESTART, parts=3), [call(), no_body(), call(), call(), call()], "SAFE-LOUD") == lines("""
         1  A: send(A1, SNDMORE) -> ok                        [SEND-1]
         2  A: send(A2, SNDMORE) -> ENOMEM, refused at BODY   [SEND-7]   [A1] dropped, A swallows what follows
         3  A: send(A1, SNDMORE) -> ok                        [SEND-8]   A1 is swallowed
         4  A: send(A2, SNDMORE) -> ok                        [SEND-8]   A2 is swallowed
         5  A: send(A3) -> ok                                 [SEND-9]   A3 is swallowed
        expected: every message whose last part was accepted is committed, and then delivered or visibly lost
        happened: send(A3) said ok, and message A was never committed
    """)


def test_half_a_message_each() -> None:
    assert shown(System(KEEP, RESUME, memory=2), [call(), call(1), call(), call(1)], "LIVE-DEADLOCK") == lines("""
         1  A: send(A1, SNDMORE) -> ok                     [SEND-1]
         2  B: send(B1, SNDMORE) -> ok                     [SEND-1]
         3  A: send(A2) -> ENOMEM, pool is full (2 of 2)   [SEND-6]   A keeps [A1]
         4  B: send(B2) -> ENOMEM, pool is full (2 of 2)   [SEND-6]   B keeps [B1]
        expected: while a message is unfinished or undelivered, something can be done that changes something
        happened: A holds [A1] and gets no memory for A2; B holds [B1] and gets no memory for B2 (pool: 2 of 2)
    """)


def test_roll_back_in_turn_for_ever() -> None:
    system = System(DISCARD, RESTART, memory=2, numbered=False)
    turn = [call(), call(), call(1), call(1)]
    assert shown(system, [call(), call(1), *turn, *turn], "LIVE-PROGRESS", 6) == lines("""
         1  A: send(A1, SNDMORE) -> ok                     [SEND-1]
         2  B: send(B1, SNDMORE) -> ok                     [SEND-1]
         3  A: send(A2) -> ENOMEM, pool is full (2 of 2)   [SEND-5]   [A1] dropped
         4  A: send(A1, SNDMORE) -> ok                     [SEND-1]
         5  B: send(B2) -> ENOMEM, pool is full (2 of 2)   [SEND-5]   [B1] dropped
         6  B: send(B1, SNDMORE) -> ok                     [SEND-1]
            -- from here for ever --
         7  A: send(A2) -> ENOMEM, pool is full (2 of 2)   [SEND-5]   [A1] dropped
         8  A: send(A1, SNDMORE) -> ok                     [SEND-1]
         9  B: send(B2) -> ENOMEM, pool is full (2 of 2)   [SEND-5]   [B1] dropped
        10  B: send(B1, SNDMORE) -> ok                     [SEND-1]
        expected: some message is finished, given up or delivered in the end
        happened: A never finishes message A and B never finishes message B
    """)


def test_one_starves_while_the_other_goes_on() -> None:
    system = System(DISCARD, RESTART, numbered=False)
    actions = [no_body(), call(), call(1), call(1), call(), *deliver(1)]
    assert shown(system, actions, "LIVE-EACH", 1) == lines("""
         1  A: send(A1, SNDMORE) -> ENOMEM, refused at BODY   [SEND-5]
            -- from here for ever --
         2  A: send(A1, SNDMORE) -> ok                        [SEND-1]
         3  B: send(B1, SNDMORE) -> ok                        [SEND-1]
         4  B: send(B2) -> ok                                 [SEND-3]   committed [B1, B2]
         5  A: send(A2) -> ENOMEM, pool is full (4 of 4)      [SEND-5]   [A1] dropped
         6  B: link takes [B1, B2]                            [LINK-1]
         7  B: link brings [B1, B2] to the receiver           [LINK-2]
         8  receiver of B: recv() -> [B1, B2]                 [LINK-4]
        expected: each sender finishes or gives up its message in the end, and has what it committed delivered
        happened: A never finishes message A
    """)


def test_reservations() -> None:
    system = System(RESERVE, RESTART, memory=3, senders=3)
    actions = [call(), call(1), call(2), call(), call(), call(), *deliver(), Action(Kind.SERVE, 1)]
    assert shown(system, actions) == lines("""
         1  A: reserve(A: 3 units) -> ok                              [SEND-13]
         2  B: reserve(B: 3 units) -> waits, place 1 in line          [SEND-14]
         3  C: reserve(C: 3 units) -> waits, place 2 in line          [SEND-14]
         4  A: send(A1, SNDMORE) -> ok                                [SEND-1]
         5  A: send(A2) -> ok                                         [SEND-3]    committed [A1, A2]
         6  A: reserve(D: 3 units) -> EAGAIN, pipe is full (1 of 1)   [SEND-4]
         7  A: link takes [A1, A2]                                    [LINK-1]
         8  A: link brings [A1, A2] to the receiver                   [LINK-2]
         9  receiver of A: recv() -> [A1, A2]                         [LINK-4]
        10  B: served, reserve(B: 3 units) -> ok                      [SEND-15]
    """)


def test_reservations_that_are_refused_or_dropped() -> None:
    system = System(RESERVE, RESTART, senders=1)
    assert shown(system, [call(0, Site.RESERVATION), call(), FRAME, call()]) == lines("""
         1  A: reserve(A: 3 units) -> ENOMEM, refused at RESERVATION   [SEND-16]
         2  A: reserve(A: 3 units) -> ok                               [SEND-13]
         3  A: msg_init_size(A1) -> ENOMEM                             [SEND-10]
         4  A: abort_message() -> ok                                   [SEND-11]   3 reserved units dropped
    """)
    assert shown(replace(system, memory=2), [call()]) == lines("""
         1  A: reserve(A: 3 units) -> ENOMEM, more than the pool could ever hold (2)   [SEND-16]
    """)


def test_what_is_not_memory() -> None:
    system = System(DISCARD, RESTART, memory=9, senders=1, disconnects=2, messages=4)
    pipe_full = [call(), call(), call()]
    actions = [*pipe_full, Action(Kind.BEGIN), *pipe_full, LOSE, Action(Kind.BEGIN), call(), GONE, call()]
    assert shown(system, actions) == lines("""
         1  A: send(A1, SNDMORE) -> ok                              [SEND-1]
         2  A: send(A2) -> ok                                       [SEND-3]    committed [A1, A2]
         3  A: send(B1, SNDMORE) -> EAGAIN, pipe is full (1 of 1)   [SEND-4]
         4  A: link takes [A1, A2]                                  [LINK-1]
         5  A: send(B1, SNDMORE) -> ok                              [SEND-1]
         6  A: send(B2) -> ok                                       [SEND-3]    committed [B1, B2]
         7  A: send(C1, SNDMORE) -> EAGAIN, pipe is full (1 of 1)   [SEND-4]
         8  A: connection lost with [A1, A2] in flight              [LINK-3]
         9  A: link takes [B1, B2]                                  [LINK-1]
        10  A: send(C1, SNDMORE) -> ok                              [SEND-1]
        11  A: peer gone, [B1, B2] and [C1] dropped                 [PIPE-7]
        12  A: send(C2) -> ECONNRESET                               [SEND-12]
    """)


def test_the_callers_own_allocation() -> None:
    actions = [call(), FRAME, call()]
    assert shown(System(KEEP, NEXT, senders=1), actions) == lines("""
         1  A: send(A1, SNDMORE) -> ok       [SEND-1]
         2  A: msg_init_size(A2) -> ENOMEM   [SEND-10]
         3  A: abort_message() -> ok         [SEND-11]   [A1] dropped
    """)
    assert shown(System(KEEP, NEXT, senders=1, aborts=False), actions) == lines("""
         1  A: send(A1, SNDMORE) -> ok       [SEND-1]
         2  A: msg_init_size(A2) -> ENOMEM   [SEND-10]   A keeps [A1]
         3  A: send(B1, SNDMORE) -> ok       [SEND-2]
    """)


def test_memory_that_others_take_and_a_pool_that_is_full_for_a_chunk() -> None:
    system = System(DISCARD, RESTART, memory=3, others=True)
    take, give, lose = (Action(Kind.OTHERS, amount=amount) for amount in (1, -1, 0))
    assert shown(system, [take, call(), call(), take, take, call(), give, lose]) == lines("""
         1  other sockets: take 1                                   [MEM-1]    1 of 3 in use
         2  A: send(A1, SNDMORE) -> ok                              [SEND-1]
         3  A: send(A2) -> ENOMEM, pool is full (2 of 3) at SLOT    [SEND-5]   [A1] dropped
         4  other sockets: take 1                                   [MEM-1]    2 of 3 in use
         5  other sockets: take 1                                   [MEM-1]    3 of 3 in use
         6  A: send(A1, SNDMORE) -> ENOMEM, pool is full (3 of 3)   [SEND-5]
         7  other sockets: give back 1                              [MEM-4]    2 of 3 in use
         8  other sockets: lose a connection                        [LINK-3]
    """)


def test_a_state_in_which_nothing_happens_for_ever() -> None:
    assert shown(System(DISCARD, RESTART, senders=1, memory=2), [call()], "LIVE-EACH", 1) == lines("""
         1  A: send(A1, SNDMORE) -> ok   [SEND-1]
            -- from here nothing happens, for ever --
        expected: each sender finishes or gives up its message in the end, and has what it committed delivered
        happened: A never finishes message A
    """)


def test_the_initial_state() -> None:
    assert shown(System(DISCARD, RESTART, senders=1, memory=0), [], "LIVE-DEADLOCK") == lines("""
         0  the initial state
        expected: while a message is unfinished or undelivered, something can be done that changes something
        happened: A gets no memory for its first message (pool: 0 of 0)
    """)


class Broken(SendPolicy):
    """A policy that has no answer."""

    name = "BROKEN"

    def refused(self, message: Unfinished) -> Reaction:
        raise ValueError(f"what now;\n#{message.kept} parts")


def test_a_step_that_raised() -> None:
    trace = run(System(Broken(), NEXT, senders=1), [call(), no_body()], identifier="SAFE-TOTAL")
    assert show(trace, "text") == lines("""
         1  A: send(A1, SNDMORE) -> ok                             [SEND-1]
         2  A: send(A2) -> raises ValueError: what now; #1 parts
        expected: every step has an outcome, and no part of a state leaves its range
        happened: the last step raised ValueError: what now; #1 parts
    """)
    assert "Note over socketA: A: send(A2) -> raises ValueError: what now, no. 1 parts" in show(trace, "mermaid")


def test_a_line_that_is_too_long_pushes_only_its_own_rule() -> None:
    system = System(DISCARD, RESTART, senders=1, parts=20, memory=60, queue=4)
    texts = shown(system, [*[call()] * 20, *deliver()]).splitlines()
    assert {line.index("[SEND") for line in texts[:20]} == {34}
    assert texts[-1].endswith("A20]   [LINK-4]")


def test_the_senders_that_act_are_named_in_order() -> None:
    assert shown(System(KEEP, NEXT, senders=3), [call(2), no_body(2), call(1), call(2)]) == lines("""
         1  B: send(B1, SNDMORE) -> ok               [SEND-1]
         2  B: send(B2) -> ENOMEM, refused at BODY   [SEND-6]   B keeps [B1]
         3  A: send(A1, SNDMORE) -> ok               [SEND-1]
         4  B: send(D1, SNDMORE) -> ok               [SEND-2]
    """)


@pytest.mark.parametrize(("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (701, "ZZ"), (702, "AAA")])
def test_letters(number: int, name: str) -> None:
    assert letters(number) == name


def test_mermaid() -> None:
    system = System(DISCARD, RESTART, memory=2, senders=1, numbered=False)
    trace = run(system, [call(), call(), call(), call()], identifier="LIVE-PROGRESS", cycle=2)
    assert show(trace, "mermaid") == lines("""
        sequenceDiagram
            participant appA as app A
            participant socketA as socket A
            participant receiverA as receiver
            appA->>socketA: send(A1, SNDMORE)
            socketA-->>appA: ok
            Note over socketA: SEND-1
            appA->>socketA: send(A2)
            socketA-->>appA: ENOMEM, pool is full (1 of 2) at SLOT
            Note over socketA: SEND-5, [A1] dropped
            loop for ever
            appA->>socketA: send(A1, SNDMORE)
            socketA-->>appA: ok
            Note over socketA: SEND-1
            appA->>socketA: send(A2)
            socketA-->>appA: ENOMEM, pool is full (1 of 2) at SLOT
            Note over socketA: SEND-5, [A1] dropped
            end
            Note over appA,receiverA: expected: some message is finished, given up or delivered in the end
            Note over appA,receiverA: happened: A never finishes message A
    """)


def test_mermaid_of_what_no_application_does() -> None:
    system = System(RESERVE, RESTART, memory=3, others=True, disconnects=2)
    first = [call(), call(1), call(), call(), Action(Kind.BEGIN), LOSE, Action(Kind.SERVE, 1)]
    then = [Action(Kind.GONE, 1), FRAME, *[call(1)] * 4, *deliver(1), Action(Kind.OTHERS, amount=1)]
    diagram = show(run(system, [*first, *then]), "mermaid")
    told = [line.strip() for line in diagram.splitlines()]
    assert [line for line in told if "send(" not in line and "-->>" not in line] == lines("""
        sequenceDiagram
        participant appA as app A
        participant socketA as socket A
        participant appB as app B
        participant socketB as socket B
        participant receiverA as receiver of A
        participant receiverB as receiver of B
        appA->>socketA: reserve(A: 3 units)
        Note over socketA: SEND-13
        appB->>socketB: reserve(B: 3 units)
        Note over socketB: SEND-14
        Note over socketA: SEND-1
        Note over socketA: SEND-3, committed [A1, A2]
        Note over socketA: link takes [A1, A2], LINK-1
        socketA-xreceiverA: connection lost with [A1, A2] in flight
        Note over socketA: LINK-3
        Note over socketB: SEND-15
        receiverB-xsocketB: peer gone, 3 reserved units dropped
        Note over socketB: PIPE-7
        Note over appA: msg_init_size(C1) = ENOMEM, SEND-10
        Note over socketB: SEND-12
        appB->>socketB: reserve(B: 3 units)
        Note over socketB: SEND-13
        Note over socketB: SEND-1
        Note over socketB: SEND-3, committed [B1, B2]
        Note over socketB: link takes [B1, B2], LINK-1
        socketB->>receiverB: link brings [B1, B2]
        Note over socketB: LINK-2
        Note over receiverB: recv() = [B1, B2], LINK-4
        Note over socketA: other sockets: take 1, MEM-1, 1 of 3 in use
    """).splitlines()


def test_json_is_the_trace() -> None:
    trace = run(System(KEEP, NEXT, senders=1), SPLICE, identifier="SAFE-WHOLE")
    assert json.loads(show(trace, "json")) == to_json(trace)
    assert len(show(trace, "json").splitlines()) == len(SPLICE) + 13


def test_an_unknown_format_is_the_users() -> None:
    with pytest.raises(UsageError, match="there is no format 'xml'; known are text, mermaid, json"):
        show(run(System(KEEP, NEXT), []), "xml")
