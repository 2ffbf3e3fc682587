"""What was expected and what happened: the two sentences of every property.

Some properties no policy of ours violates. Their traces are bent: the last step is given another next state, as a
defect of the model would.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from enomem.checks.senders.properties import PROPERTIES
from enomem.checks.traces.sender import Trace, run
from enomem.checks.words.phrases import Names
from enomem.checks.words.verdicts import OF_THE_END, OF_THE_LAST_STEP, verdict
from enomem.checks.words.wording import FORMATS, show
from enomem.model.application import Recovery
from enomem.model.memory import Pool, Site
from enomem.model.payloads import Part, Payloads
from enomem.model.pipe import Pipe
from enomem.model.policies import DISCARD, KEEP, POLICIES, RESERVE, SKIP
from enomem.model.send import Phase, Send
from enomem.model.system import Action, Kind, State, System

RESTART, RESUME, NEXT = Recovery.RESTART, Recovery.RESUME, Recovery.NEXT
SEND, NO_BODY, OTHER = Action(Kind.CALL), Action(Kind.CALL, refuse=Site.BODY), Action(Kind.CALL, 1)
BEGIN, ARRIVE, RECEIVE = Action(Kind.BEGIN), Action(Kind.ARRIVE), Action(Kind.RECEIVE)


def words(trace: Trace, identifier: str) -> tuple[str, str]:
    """The two sentences."""
    found = verdict(replace(trace, identifier=identifier), Names.of(trace))
    assert found is not None
    return found


def bent(trace: Trace, change: Callable[[State], State]) -> Trace:
    """The trace with another state after its last step."""
    last = trace.steps[-1]
    assert last.step is not None
    other = replace(last, step=replace(last.step, state=change(last.step.state)))
    return replace(trace, steps=(*trace.steps[:-1], other))


def test_every_property_has_its_words() -> None:
    assert {*OF_THE_LAST_STEP, *OF_THE_END} == set(PROPERTIES)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("identifier", [*PROPERTIES, "SAFE-WHO-KNOWS", None])
def test_words_are_found_for_any_trace_at_all(identifier: str | None, fmt: str) -> None:
    for policy in POLICIES:
        system = System(policy, NEXT, senders=2, memory=3, others=True)
        for actions in ([], [SEND], [SEND, NO_BODY], [SEND, SEND], [Action(Kind.OTHERS, amount=1)]):
            possible = actions if not (policy.reserves and len(actions) == 2) else [SEND]
            assert show(run(system, possible, identifier=identifier), fmt)


def test_whole() -> None:
    trace = run(System(KEEP, NEXT, labels=False), [SEND, NO_BODY, SEND, SEND])
    assert words(trace, "SAFE-WHOLE") == (
        "exactly one message that an application sent, e.g. [B1, B2]",
        "[A1, B1, B2] was committed, which nobody sent",
    )
    assert words(run(System(DISCARD, NEXT), [SEND, SEND]), "SAFE-WHOLE")[1] == "[A1, A2] was committed"


def two_arrived(first: int, second: int) -> Trace:
    """A trace in which these messages arrived, by their numbers."""
    system = System(DISCARD, RESTART, senders=1, memory=9, inbox=2, queue=2)
    trace = run(system, [SEND, SEND, BEGIN, ARRIVE, SEND, SEND, BEGIN, ARRIVE])
    last = trace.steps[-1]
    inbox = tuple((Part(0, number, 0), Part(0, number, 1)) for number in (first, second))
    payloads = Payloads((replace(last.payloads.senders[0], inbox=inbox),))
    return replace(trace, steps=(*trace.steps[:-1], replace(last, payloads=payloads)))


def test_once() -> None:
    assert words(two_arrived(0, 0), "SAFE-ONCE") == ("each message of A arrives once", "[A1, A2] arrived again")


def test_order() -> None:
    assert words(two_arrived(1, 0), "SAFE-ORDER") == (
        "messages of A arrive in the order in which they were committed",
        "[A1, A2] arrived after [B1, B2], which was committed later",
    )


def test_clean() -> None:
    expected = "after ENOMEM A is as if message A had never been begun"
    kept = run(System(KEEP, RESUME), [SEND, NO_BODY])
    assert words(kept, "SAFE-CLEAN") == (expected, "A keeps [A1]")
    skips = run(System(SKIP, RESUME), [NO_BODY])
    assert words(skips, "SAFE-CLEAN") == (expected, "A swallows what is sent next")
    assert words(run(System(DISCARD, RESUME), [NO_BODY]), "SAFE-CLEAN") == (expected, "A is")

    def reserved(state: State) -> State:
        sender = replace(state.senders[0], send=Send(Phase.WAITING, reserved=1), place=2)
        return replace(state, senders=(sender, *state.senders[1:]))

    left = bent(run(System(RESERVE, RESUME), [Action(Kind.CALL, refuse=Site.RESERVATION)]), reserved)
    assert words(left, "SAFE-CLEAN") == (expected, "A is waiting, has 1 unit reserved and has place 2 in line")


def test_next() -> None:
    spliced = run(System(KEEP, NEXT), [SEND, NO_BODY, SEND, SEND])
    assert words(spliced, "SAFE-NEXT") == (
        "message B, the first that A completes after ENOMEM, is committed: [B1, B2]",
        "[A1, B1, B2] was committed",
    )
    swallowed = run(System(SKIP, RESTART), [NO_BODY, SEND, SEND])
    assert words(swallowed, "SAFE-NEXT") == (
        "message A, the first that A completes after ENOMEM, is committed: [A1, A2]",
        "send(A2) said ok, and nothing was committed",
    )


def test_loud() -> None:
    def forget(state: State) -> State:
        return replace(state, senders=(replace(state.senders[0], pipe=Pipe()), *state.senders[1:]))

    forgotten = bent(run(System(DISCARD, RESTART), [SEND, SEND]), forget)
    assert words(forgotten, "SAFE-LOUD") == (
        "every message whose last part was accepted is committed, and then delivered or visibly lost",
        "of A, 1 completed, 1 committed, 0 on the way, 0 delivered, 0 visibly lost",
    )


def test_conserve() -> None:
    leak = bent(run(System(KEEP, RESUME), [OTHER, SEND]), lambda state: replace(state, pool=Pool(4, 3)))
    assert words(leak, "SAFE-CONSERVE") == ("as much in use as is held: 2 units (A 1, B 1)", "3 units in use")
    left = run(System(KEEP, NEXT, senders=1, messages=1), [SEND, NO_BODY])
    assert words(left, "SAFE-CONSERVE") == (
        "everything was sent and delivered, so nothing is in use any more",
        "1 unit in use: A keeps [A1]",
    )


def test_bound() -> None:
    over = bent(run(System(DISCARD, RESTART), [SEND]), lambda state: replace(state, pool=Pool(4, 5)))
    assert words(over, "SAFE-BOUND") == ("0 to 4 units in use", "5 units in use")


def test_isolate() -> None:
    def spill(state: State) -> State:
        other = replace(state.senders[1], pipe=Pipe(), send=Send(Phase.GONE))
        return replace(state, senders=(state.senders[0], other))

    spilt = bent(run(System(DISCARD, RESTART), [OTHER, NO_BODY]), spill)
    assert words(spilt, "SAFE-ISOLATE") == (
        "ENOMEM of A changes nothing of any other sender",
        "it changed B's send.phase from sending to gone and B's pipe.tail from 1 to 0",
    )


def test_commit() -> None:
    assert words(run(System(DISCARD, RESTART), [SEND, SEND]), "SAFE-COMMIT") == (
        "A asks for no memory in order to commit",
        "send(A2) was refused memory at COMMIT",
    )


def test_total() -> None:
    far = bent(run(System(DISCARD, RESTART), [SEND]), lambda state: replace(state, pool=Pool(4, -9)))
    expected, happened = words(far, "SAFE-TOTAL")
    assert expected == "every step has an outcome, and no part of a state leaves its range"
    assert happened.startswith("pool.used is -9, outside its declared range")


def test_deadlock() -> None:
    half = run(System(RESERVE, RESTART, memory=3), [SEND, OTHER])
    assert words(half, "LIVE-DEADLOCK")[1] == (
        "A gets nowhere with message A; B waits for the memory of message B, place 1 in line (pool: 3 of 3)"
    )
    sent = run(System(DISCARD, RESTART, memory=3), [SEND, SEND])
    assert words(sent, "LIVE-DEADLOCK")[1] == (
        "A has [A1, A2] undelivered and finds no room in its pipe for message B; "
        "B gets no memory for its first message (pool: 3 of 3)"
    )
    done = run(System(DISCARD, RESTART, senders=1, messages=1, parts=1), [SEND])
    assert words(done, "LIVE-DEADLOCK")[1] == "A has [A1] undelivered (pool: 1 of 4)"
    skipping = run(System(SKIP, RESTART, senders=1, memory=0), [])
    assert words(skipping, "LIVE-DEADLOCK")[1] == "A gets no memory for its first message (pool: 0 of 0)"


def test_progress_and_each_name_what_is_never_finished_or_delivered() -> None:
    system = System(DISCARD, RESTART, senders=3, numbered=False)
    trace = run(system, [SEND, SEND, OTHER, BEGIN], cycle=4)
    never = (
        "A never finishes message A, [A1, A2] is never delivered, B never finishes message B "
        "and C never finishes its first message"
    )
    assert words(trace, "LIVE-PROGRESS") == (
        "some message is finished, given up or delivered in the end",
        never,
    )
    assert words(trace, "LIVE-EACH") == (
        "each sender finishes or gives up its message in the end, and has what it committed delivered",
        never,
    )
    going = run(System(DISCARD, NEXT, senders=1, numbered=False), [NO_BODY, NO_BODY], cycle=1)
    assert words(going, "LIVE-EACH")[1] == "it never is"
