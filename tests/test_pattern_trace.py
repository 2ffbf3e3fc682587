"""Traces of patterns: their words, their files, and that a changed file is found out."""

import copy
import json
from typing import Any

import pytest

from enomem.checks.errors import OurFault, UsageError
from enomem.checks.patterns import machine as pattern_machine
from enomem.checks.patterns import plan as pattern_plan
from enomem.checks.patterns import properties as pattern_properties
from enomem.checks.patterns import traces as pattern_trace
from enomem.checks.patterns import words as pattern_words
from enomem.checks.patterns.plan import Row
from enomem.checks.policies.file import load_policy
from enomem.checks.symbolic.asked import DEADLOCK, TOTAL
from enomem.model.application import Recovery
from enomem.model.memory import Site
from enomem.model.patterns import make
from enomem.model.policies import DISCARD, KEEP, POLICIES
from enomem.model.systems import fan, turning
from enomem.model.systems.closed import Action, Kind, System

PART, NO_BODY = Action(Kind.PART), Action(Kind.PART, refuse=Site.BODY)
SPLICE = (Action(Kind.BEGIN, to=0), PART, NO_BODY, PART, PART, PART, Action(Kind.DELIVER, 0))
ROUTER = System(make("ROUTER"), KEEP, Recovery.NEXT, parts=3, memory=6)


def lines(text: str) -> str:
    return "\n".join(line[8:] for line in text.splitlines()[1:-1])


def test_the_merged_message_at_the_wrong_peer() -> None:
    trace = pattern_trace.run(ROUTER, SPLICE, "SAFE-ROUTE")
    text = pattern_words.show(trace, "text").replace("B's address", "@B")
    assert text == lines("""
         1  app: send(A's address, which names P, SNDMORE) -> ok         [ROUTER-1]   it goes to P
         2  app: send(A1, SNDMORE) -> ok                                 [SEND-1]     P's pipe has [A1]
         3  app: send(A2) -> ENOMEM, refused at BODY                     [SEND-6]     P's pipe keeps [A1]
         4  app: send(@B, which names another, SNDMORE) -> ok   [SEND-2]     P's pipe has [A1, @B]
         5  app: send(B1, SNDMORE) -> ok                                 [SEND-2]     P's pipe has [A1, @B, B1]
         6  app: send(B2) -> ok                                          [SEND-3]     committed [A1, @B, B1, B2] to P
         7  P: recv() -> [A1, @B, B1, B2]                       [LINK-1]
        expected: each message arrives only where it was addressed, and no address arrives
        happened: P received [A1, @B, B1, B2]
    """)


def test_a_picture() -> None:
    drawn = pattern_words.show(pattern_trace.run(ROUTER, SPLICE, "SAFE-ROUTE"), "mermaid").splitlines()
    assert drawn[0] == "sequenceDiagram"
    assert "    socket->>P: [A1, B's address, B1, B2]" in drawn
    assert drawn[-1] == "    Note over app,Q: happened: P received [A1, B's address, B1, B2]"


def test_a_subscriber_that_misses_a_message() -> None:
    copy_it = fan.Action(fan.Kind.COPY)
    system = fan.System(make("PUB"))
    trace = pattern_trace.run(
        system,
        [fan.Action(fan.Kind.BEGIN, matching=(True, False)), fan.Action(fan.Kind.COPY, refuse=Site.BODY), copy_it,
         fan.Action(fan.Kind.RETURN), copy_it],
    )  # fmt: skip
    assert pattern_words.show(trace, "text") == lines("""
         1  app: begins a message                                [PUB-1]    it is for P
         2  socket: copies A1 for P -> ENOMEM, refused at BODY   [PUB-3]
         3  socket: has nothing for Q                            [PUB-1]
         4  app: send(A1, SNDMORE) -> ok                         [PUB-1]
         5  socket: copies A2 for P -> ok                        [SEND-9]
    """)


def test_whose_turn_it_is() -> None:
    system = turning.System(make("PUSH"), 2)
    trace = pattern_trace.run(
        system,
        [turning.Action(turning.Kind.WATCH, 1), turning.Action(turning.Kind.BEGIN, can=(True, True)),
         turning.Action(turning.Kind.COMMIT), turning.Action(turning.Kind.DETACH, 0)],
        "SAFE-TURN",
    )  # fmt: skip
    text = pattern_words.show(trace, "text")
    assert "Q: is watched from now on" in text
    assert "app: begins a message, P and Q can take it   [PUSH-1]   it goes to P" in text
    assert "P: goes" in text


def everything() -> list[Any]:
    """A system of each kind."""
    recovery = (Recovery.RESUME.value,)
    rows = [row for pattern in pattern_plan.TYPES for row in pattern_plan.rows(pattern, ("SKIP", "RESERVE"), recovery)]
    by_name = {policy.name: policy for policy in POLICIES}
    return [pattern_plan.searched(row, by_name.get(row.policy))[-1] for row in rows]


@pytest.mark.parametrize("system", everything(), ids=lambda system: f"{system.pattern.name} {type(system).__module__}")
def test_words_and_files_are_found_for_whatever_happens(system: Any) -> None:
    """Every action that is possible at the beginning, and two after it, can be told, written and replayed."""
    machine = pattern_machine.bounded(system)
    state, payloads, taken = machine.initial, pattern_trace.start(machine), list[Any]()
    for _ in range(3):
        moments = [pattern_trace.take(machine, state, payloads, action) for action in machine.actions]
        possible = [moment for moment in moments if moment is not None]
        for moment in possible:
            trace = pattern_trace.run(system, [*taken, moment.action], pattern_properties.TURN)
            for fmt in pattern_words.FORMATS:
                assert pattern_words.show(trace, fmt)
            written = json.loads(json.dumps(pattern_trace.to_json(trace)))
            assert pattern_trace.is_ours(written)
            assert pattern_trace.replay(written, load_policy) == []
            assert pattern_trace.trace_of(written, load_policy).steps == trace.steps
        moved = [moment for moment in possible if moment.after is not state]
        if not moved:
            return
        state, payloads = moved[0].after, moved[0].payloads
        taken.append(moved[0].action)


def test_every_property_has_its_words() -> None:
    rows = [Row(pattern, turns=turns) for pattern in pattern_plan.TYPES for turns in (False, True)]
    asked = {name for row in rows for name in row.identifiers}
    assert asked | {TOTAL, DEADLOCK} == set(pattern_words.WANTED)
    for identifier in pattern_words.WANTED:
        if identifier != pattern_properties.TURN:
            trace = pattern_trace.run(ROUTER, SPLICE, identifier)
            assert len(pattern_words.verdict(trace)) == 2
    assert pattern_words.verdict(pattern_trace.run(ROUTER, SPLICE)) == ()


def written() -> dict[str, Any]:
    return copy.deepcopy(pattern_trace.to_json(pattern_trace.run(ROUTER, SPLICE, "SAFE-ROUTE")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data["steps"][1].update(rules=["SEND-2"]), "step 2: rules in the model: SEND-1"),
        (lambda data: data["steps"][2].update(answer="ok"), "step 3: answer in the model: ENOMEM"),
        (lambda data: data["steps"][2].update(refused=None), "step 3: refused in the model: body"),
        (lambda data: data["steps"][0]["changes"].pop(), "in the trace: unchanged"),
        (lambda data: data["steps"].pop(2), "is not possible there"),
        (lambda data: data["policy"].update(name="DISCARD"), "step 3: rules in the model: SEND-5"),
    ],
)
def test_a_changed_file_is_found_out(change: Any, said: str) -> None:
    data = written()
    change(data)
    assert any(said in difference for difference in pattern_trace.replay(data, load_policy))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.update(version=2), "version: only version 1"),
        (lambda data: data.update(system="double"), "'double' is none of single, fan, turning"),
        (lambda data: data["bounds"].update(pipes=99), "bounds.pipes: 99 is not between 1 and 6"),
        (lambda data: data["steps"][0]["action"].update(place=7), r"steps\[0\].action: nothing of that kind"),
        (lambda data: data["options"].pop("mandatory"), "options.mandatory is missing"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(change: Any, said: str) -> None:
    data = written()
    change(data)
    with pytest.raises(UsageError, match=said):
        pattern_trace.replay(data, load_policy)


def test_what_is_not_possible_is_our_fault() -> None:
    with pytest.raises(OurFault, match="not possible"):
        pattern_trace.run(System(make("REQ"), DISCARD, Recovery.NEXT, 1), [PART])
