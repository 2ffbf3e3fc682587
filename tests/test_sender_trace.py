"""Traces: what runs, what is written, and that a file is held against the model step by step."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from enomem.checks.errors import OurFault, UsageError
from enomem.checks.traces.format import text
from enomem.checks.traces.sender import Trace, from_json, replay, run, to_json, trace_of
from enomem.model.application import Recovery
from enomem.model.memory import Site
from enomem.model.payloads import Held, Message, Part
from enomem.model.policies import (
    DISCARD,
    KEEP,
    POLICIES,
    RESERVE,
    SKIP,
    Reaction,
    SendPolicy,
    Unfinished,
)
from enomem.model.send import Answer
from enomem.model.system import Action, Kind, System

SEND, NO_BODY = Action(Kind.CALL), Action(Kind.CALL, refuse=Site.BODY)
DELIVER = [Action(Kind.BEGIN), Action(Kind.ARRIVE), Action(Kind.RECEIVE)]
SPLICE = [SEND, NO_BODY, SEND, SEND, *DELIVER]
ONE = System(KEEP, Recovery.NEXT, senders=1)


class Broken(SendPolicy):
    """A policy that has no answer."""

    name = "BROKEN"

    def refused(self, message: Unfinished) -> Reaction:
        raise ValueError(f"at {self!r}")


def resolve(name: str) -> SendPolicy:
    """The policies by name, and nothing else."""
    return {policy.name: policy for policy in (*POLICIES, Broken())}[name]


def message(*parts: tuple[int, int]) -> Message:
    """Parts of sender 0, by message and place."""
    return tuple(Part(0, number, place) for number, place in parts)


@pytest.mark.parametrize(
    ("policy", "recovery", "actions", "delivered"),
    [
        (KEEP, Recovery.NEXT, SPLICE, message((0, 0), (1, 0), (1, 1))),
        (KEEP, Recovery.RESTART, SPLICE, message((0, 0), (0, 0), (0, 1))),
        (KEEP, Recovery.RESUME, [SEND, NO_BODY, SEND, *DELIVER], message((0, 0), (0, 1))),
        (DISCARD, Recovery.RESUME, [SEND, NO_BODY, SEND, *DELIVER], message((0, 1))),
        (DISCARD, Recovery.RESTART, SPLICE, message((0, 0), (0, 1))),
        (DISCARD, Recovery.NEXT, SPLICE, message((1, 0), (1, 1))),
        (SKIP, Recovery.RESTART, [NO_BODY, SEND, SEND, SEND, SEND, *DELIVER], message((1, 0), (1, 1))),
        (RESERVE, Recovery.RESTART, [SEND, SEND, SEND, *DELIVER], message((0, 0), (0, 1))),
    ],
    ids=lambda value: value.name if isinstance(value, SendPolicy | Recovery) else None,
)
def test_what_is_delivered(
    policy: SendPolicy, recovery: Recovery, actions: Sequence[Action], delivered: Message
) -> None:
    trace = run(System(policy, recovery, senders=1), actions)
    assert trace.payloads.senders[0] == Held(delivered=(delivered,))
    last = trace.steps[-1].step
    assert last is not None
    assert (last.unit == 0) == (delivered[0].place == 0 and len(delivered) == 2)


def test_the_steps_hang_together() -> None:
    trace = run(ONE, SPLICE, identifier="SAFE-WHOLE")
    assert [moment.action for moment in trace.steps] == SPLICE
    for moment, later in zip(trace.steps, trace.steps[1:], strict=False):
        assert moment.after == later.before
        assert moment.payloads == later.payloads_before
    assert trace.end == trace.steps[-1].after
    assert [moment.step.answer for moment in trace.steps[:2] if moment.step] == [Answer.OK, Answer.NO_MEMORY]
    assert (trace.kind, trace.cycle, trace.identifier) == ("trace", None, "SAFE-WHOLE")


def test_a_trace_of_no_steps_ends_where_it_begins() -> None:
    trace = run(ONE, [])
    assert trace.end.pool.used == 0
    assert trace.payloads.senders == (Held(),)


@pytest.mark.parametrize(
    ("actions", "sentence"),
    [
        ([SEND, Action(Kind.BEGIN)], "step 2 of a trace, begin of sender 0, is not possible there"),
        ([Action(Kind.CALL, 1)], "step 1 of a trace, call of sender 1, is not possible there"),
        ([Action(Kind.CALL, -1)], "step 1 of a trace, call of sender -1, is not possible there"),
        (
            [Action(Kind.CALL, refuse=Site.COMMIT)],
            "step 1 of a trace, call of sender 0, refused at COMMIT, is not possible there",
        ),
        ([Action(Kind.OTHERS, amount=-1)], "step 1 of a trace, others (-1), is not possible there"),
    ],
)
def test_what_is_not_possible_is_our_fault(actions: Sequence[Action], sentence: str) -> None:
    with pytest.raises(OurFault) as caught:
        run(ONE, actions)
    assert str(caught.value) == sentence


def test_a_trace_may_end_with_a_step_that_raised() -> None:
    system = System(Broken(), Recovery.NEXT, senders=1)
    trace = run(system, [SEND, NO_BODY], identifier="SAFE-TOTAL")
    assert trace.steps[-1].step is None
    assert (trace.steps[-1].error or "").startswith("ValueError: at <")
    assert trace.end == trace.steps[0].after
    last = to_json(trace)["steps"][-1]
    assert last["rules"] == []
    assert last["answer"] == ""
    assert last["changes"] == []
    # An address is another one in the next process.
    assert last["error"].endswith("Broken object at 0x...>")
    assert replay(to_json(trace), resolve) == []
    with pytest.raises(OurFault, match="goes on after its step 2, which raised ValueError"):
        run(system, [SEND, NO_BODY, SEND])


def test_a_lasso_leads_back() -> None:
    full = replace(ONE, memory=0, recovery=Recovery.RESTART)
    trace = run(full, [SEND, SEND], cycle=1)
    assert (trace.kind, trace.cycle) == ("lasso", 1)
    assert run(full, [SEND], cycle=1).cycle == 1
    with pytest.raises(OurFault, match="of 2 steps does not lead back to before its step 2"):
        run(ONE, [SEND, SEND], cycle=1)
    with pytest.raises(OurFault, match="does not lead back to before its step 4"):
        run(full, [SEND, SEND], cycle=3)


def written(trace: Trace) -> dict[str, Any]:
    """The trace through a file and back."""
    data: dict[str, Any] = json.loads(text(to_json(trace)))
    assert data == to_json(trace)
    return data


def test_the_json_of_a_step() -> None:
    data = written(run(ONE, [SEND, NO_BODY], identifier="SAFE-CLEAN"))
    assert {key: data[key] for key in data if key not in ("bounds", "steps")} == {
        "format": "enomem-trace",
        "version": 1,
        "machine": "sender",
        "policy": {"name": "KEEP", "source": None},
        "recovery": "NEXT",
        "property": "SAFE-CLEAN",
        "kind": "trace",
        "cycle": None,
    }
    assert data["bounds"]["senders"] == 1
    assert data["bounds"]["aborts"] is True
    assert data["bounds"]["sizes"] == {"part": 1, "chunk": 1, "slots": 2}
    assert data["steps"][1] == {
        "action": {"kind": "call", "sender": 0, "refuse": "body", "amount": 0},
        "rules": ["SEND-6", "MEM-3"],
        "answer": "ENOMEM",
        "refused": "body",
        "changes": [
            {"leaf": "senders[0].app.message", "before": 1, "after": 2},
            {"leaf": "senders[0].app.part", "before": 1, "after": 0},
            {"leaf": "senders[0].history.straight", "before": True, "after": False},
            {"leaf": "senders[0].history.owed", "before": False, "after": True},
        ],
        "error": None,
    }


@pytest.mark.parametrize("cycle", [None, 2])
def test_a_file_holds_the_whole_trace(cycle: int | None) -> None:
    system = System(RESERVE, Recovery.RESTART, memory=3, senders=3, numbered=False, others=True, disconnects=0)
    actions = [Action(Kind.CALL, 2), Action(Kind.CALL, 1), SEND]
    if cycle is not None:
        actions = [SEND, Action(Kind.CALL, 1), Action(Kind.FRAME, 2), Action(Kind.CALL, 2)]
    actions = actions if cycle is None else [*actions, Action(Kind.FRAME, 2), Action(Kind.CALL, 2)]
    trace = run(system, actions, identifier="LIVE-EACH", cycle=4 if cycle else None, source="RESERVE")
    data = written(trace)
    assert from_json(data, resolve)[:2] == (system, actions)
    assert trace_of(data, resolve) == trace
    assert replay(data, resolve) == []


def test_a_policy_is_looked_for_by_its_source_if_it_has_one() -> None:
    asked: list[str] = []

    def found(name: str) -> SendPolicy:
        asked.append(name)
        return KEEP

    for source in (None, "./mine.py:Mine"):
        assert from_json(written(run(ONE, [SEND], source=source)), found)[0] == ONE
    assert asked == ["KEEP", "./mine.py:Mine"]


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            lambda d: d["steps"][0].update(rules=["SEND-2"]),
            ["step 1: rules in the model: SEND-1, MEM-1, PIPE-1; in the trace: SEND-2"],
        ),
        (
            lambda d: d["steps"][1].update(answer="ok", refused=None),
            [
                "step 2: answer in the model: ENOMEM; in the trace: ok",
                "step 2: refused in the model: body; in the trace: none",
            ],
        ),
        (
            lambda d: d["steps"][0]["changes"][0].update(after=2),
            ["step 1: pool.used in the model: 0 -> 1; in the trace: 0 -> 2"],
        ),
        (
            lambda d: d["steps"][0]["changes"].pop(),
            ["step 1: senders[0].pipe.tail in the model: 0 -> 1; in the trace: unchanged"],
        ),
        (
            lambda d: d["steps"][0]["changes"].append({"leaf": "waiting", "before": 0, "after": 1}),
            ["step 1: waiting in the model: unchanged; in the trace: 0 -> 1"],
        ),
        (lambda d: d["steps"].pop(3), ["step 4: begin of sender 0 is not possible there"]),
        (
            lambda d: d.update(kind="lasso", cycle=2),
            ["the last step does not lead back to before step 3: nothing repeats"],
        ),
        (
            lambda d: d["policy"].update(name="SKIP", source="KEEP"),
            ["the policy is named KEEP, the trace is of SKIP"],
        ),
    ],
)
def test_replay_says_where_the_model_does_something_else(change: Change, sentences: list[str]) -> None:
    data = written(run(ONE, SPLICE))
    assert replay(data, resolve) == []
    change(data)
    assert replay(data, resolve) == sentences


def test_replay_under_another_policy_differs_where_the_policies_do() -> None:
    data = written(run(ONE, SPLICE))
    found = replay(data, lambda _: DISCARD)
    assert found[0] == "the policy is named DISCARD, the trace is of KEEP"
    assert found[1].startswith("step 2: rules in the model: SEND-5")


def test_replay_stops_where_the_model_raises() -> None:
    data = written(run(ONE, SPLICE))
    found = replay(data, lambda _: Broken())
    assert found[-1] == "step 2: the model raised, and the trace goes on"


GOOD = to_json(run(ONE, SPLICE))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.pop("format"), 'this is no trace: it does not say "format": "enomem-trace"'),
        (lambda d: d.update(version=2), "version: this trace is of version 2, and only version 1 can be read here"),
        (lambda d: d.update(version="1"), "version: a whole number was expected here"),
        (lambda d: d.update(version=True), "version: a whole number was expected here"),
        (lambda d: d.update(machine="receiver"), "machine: there is no machine 'receiver', only 'sender'"),
        (lambda d: d.pop("policy"), "policy is missing"),
        (lambda d: d.update(policy="KEEP"), "policy: an object was expected here"),
        (lambda d: d["policy"].update(name=7), "policy.name: a string was expected here"),
        (lambda d: d.update(recovery="GIVE UP"), "recovery: 'GIVE UP' is none of RESTART, RESUME, NEXT"),
        (lambda d: d["bounds"].pop("parts"), "bounds.parts is missing"),
        (lambda d: d["bounds"].update(parts=0), "bounds.parts: 0 is not between 1 and 1000"),
        (lambda d: d["bounds"].update(senders=10**6), "bounds.senders: 1000000 is not between 1 and 100"),
        (lambda d: d["bounds"].update(aborts=1), "bounds.aborts: true or false was expected here"),
        (lambda d: d["bounds"]["sizes"].update(slots=0), "bounds.sizes.slots: 0 is not between 1 and 1000000000"),
        (
            lambda d: d["bounds"]["sizes"].update(page=1),
            "bounds.sizes: 'page' is unknown; known are part, chunk, slots",
        ),
        (lambda d: d.update(kind="loop"), "kind: 'loop' is neither 'trace' nor 'lasso'"),
        (
            lambda d: d.update(kind="lasso"),
            "cycle: a lasso has the index of its cycle's first step here, and a trace has null",
        ),
        (lambda d: d.update(kind="lasso", cycle=8), "cycle: 8 is not between 0 and 7"),
        (lambda d: d.update(steps={}), "steps: a list was expected here"),
        (lambda d: d["steps"].append(None), "steps[7]: an object was expected here"),
        (
            lambda d: d["steps"][3]["action"].update(kind="calls"),
            "steps[3].action.kind: 'calls' is none of call, serve, begin, arrive, receive, frame, lose, gone, others",
        ),
        (lambda d: d["steps"][0]["action"].update(sender=1), "steps[0].action.sender: 1 is not between 0 and 0"),
        (
            lambda d: d["steps"][1]["action"].update(refuse="heap"),
            f"steps[1].action.refuse: 'heap' is none of {', '.join(site.value for site in Site)}",
        ),
        (lambda d: d["steps"][1].update(rules=[1]), "steps[1].rules[0]: a string was expected here"),
        (lambda d: d["steps"][0]["changes"][0].pop("after"), "steps[0].changes[0].after is missing"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence_that_says_where(change: Change, sentence: str) -> None:
    data = copy.deepcopy(GOOD)
    change(data)
    with pytest.raises(UsageError) as caught:
        replay(data, resolve)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("data", [None, [], "enomem-trace", 1])
def test_what_is_no_object_is_no_trace(data: object) -> None:
    with pytest.raises(UsageError, match="this is no trace"):
        replay(data, resolve)


def test_no_policy_is_looked_for_before_the_rest_was_read() -> None:
    data = copy.deepcopy(GOOD)
    data["steps"][0]["answer"] = None

    def found(name: str) -> SendPolicy:
        raise AssertionError(name)

    with pytest.raises(UsageError, match=r"steps\[0\]\.answer"):
        from_json(data, found)
