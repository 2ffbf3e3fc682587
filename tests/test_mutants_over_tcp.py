"""Each defect that the engines find misbehaves in running sockets as well, over TCP; without it the plays are fine.

A mutant is at work in both sockets while an application talks, and one thing after the other goes wrong. Where the
application sees the same as without the defect, the mutant stands in `HIDDEN` with the reason. One that sits in the
closed system around the machines is put where a running socket has the same decision (`ELSEWHERE`), or has none there.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from behaviour import addressing, limits, lock_step, publishing, taking_turns
from behaviour.stage import BEHAVIOURS, Behaviour, Stage
from mutants import ALL, PATTERNS, Mutant, PatternMutant, applied
from pattern_plays_over_tcp import PATTERN_PLAYS
from plays_over_tcp import PLAYS, Tried
from talk_over_tcp import Misbehaved, Upset, talking

from enomem import DISCARD, SendPolicy
from enomem.checks.runs import replay as run_replay
from enomem.checks.runs.format import lines
from enomem.model import link
from enomem.model.application import Recovery
from enomem.model.memory import Pool, give
from enomem.model.pipe import Pipe
from enomem.model.policies import POLICIES
from enomem.model.receive import Inbox
from enomem.model.send import Costs

CALM, UPSET = 30.0, 2.0
"""Seconds to wait for what should come: where nothing is wrong, it does; where something is, it may not."""
SHELL = Path(__file__).parents[1] / "model" / "reference"


def chunk_freed_twice(sizes: Costs, pool: Pool, pipe: Pipe, parts: int, messages: int = 1) -> tuple[Pipe, Pool]:
    after, given = begin(sizes, pool, pipe, parts, messages)
    return after, give(given, pool.used - given.used)


def chunk_not_freed(sizes: Costs, pool: Pool, pipe: Pipe, parts: int, messages: int = 1) -> tuple[Pipe, Pool]:
    return begin(sizes, pool, pipe, parts, messages)[0], pool


def not_given_back(pool: Pool, amount: int) -> Pool:
    return pool


def not_bounded(inbox: Inbox, hwm: int) -> int:
    return 1000


begin = link.begin
ELSEWHERE: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "chunk freed twice": {"enomem.model.link:begin": chunk_freed_twice},
    "chunk not freed": {"enomem.model.link:begin": chunk_not_freed},
    "received not given back": {"enomem.model.receive:handed": not_given_back},
    "lost not given back": {"enomem.model.link:lost": not_given_back},
    "inbox not bounded": {"enomem.model.receive:room": not_bounded},
}
"""The same defect where a running socket decides it; in the engines it sits in the step of the closed system."""

TCP = "between two sockets is TCP, which neither repeats nor overtakes: a running socket takes no such step"
ALONE = "a step of a running socket is given no state of another one"
HIDDEN: Mapping[str, str] = {
    "memory for the commit": "a refusal is for the sites that a step says it asks for, and this one asks in secret",
    "a node for the flush": "the answer is OK, and no state is another: only a record of the step shows the refusal",
    "last first": "the step is one of the closed system, where the places of all are seen at once",
    "stays in flight": TCP,
    "overtaken in flight": TCP,
    "lost and sent again": TCP,
    "dropped at a full inbox": "a running socket does not read on when its queue is full, so nothing arrives there",
    "lost in silence": "what was told is counted by the judge; a running socket has its monitor for it",
    "others rolled back": ALONE,
    "line dispersed": ALONE,
}
"""Mutants that no application sees over TCP, and why."""
LOOKED_AT = (addressing, limits, lock_step, publishing, taking_turns)
THREADS = "ignore::pytest.PytestUnhandledThreadExceptionWarning"
"""Where a machine raises, the I/O thread ends with it, and says so."""
AnyMutant = Mutant | PatternMutant
SECRET = [mutant for mutant in ALL if mutant.name in HIDDEN and mutant.in_socket]
SEEN = [mutant for mutant in ALL if mutant.name not in HIDDEN]
CASES = sorted({(mutant.policy.name, mutant.recovery.value) for mutant in ALL})
NAMED = {policy.name: policy for policy in POLICIES}


def title(mutant: AnyMutant) -> str:
    return mutant.name.replace(" ", "_")


@cache
def upsets(tried: Tried, policy: SendPolicy, recovery: Recovery) -> list[Upset]:
    return tried.upsets(policy, recovery, CALM) if not tried.policies or policy in tried.policies else []


def at_work(mutant: Mutant) -> Mutant:
    """The mutant as it is put into running sockets."""
    return replace(mutant, patches=ELSEWHERE.get(mutant.name, mutant.patches))


def misbehaves(mutant: AnyMutant, plays: Iterable[Tried], policy: SendPolicy, recovery: Recovery, path: Path) -> str:
    """What is seen of a mutant first, the run being recorded; empty if nothing is."""
    for tried in plays:
        for upset in upsets(tried, policy, recovery):
            try:
                with applied(mutant), talking(policy, recovery, upset, UPSET, path) as talk:
                    tried.play(talk)
            except Misbehaved as error:
                return f"{tried.play.__name__}, {upset}: {error}"
    return ""


def recorded_otherwise(path: Path, policy: SendPolicy) -> bool:
    """Is something that was recorded not what the plain model does?"""
    records = (path, path.with_suffix(".receiver"))
    runs = [run_replay.replay(lines(one), lambda name: NAMED.get(name, policy)) for one in records]
    return any(" in the model" in one for run in runs for one in run.differences)


@pytest.mark.parametrize(("policy", "recovery"), CASES)
def test_without_a_defect_nothing_misbehaves(policy: str, recovery: str) -> None:
    for tried in PLAYS:
        for upset in upsets(tried, NAMED[policy], Recovery(recovery)):
            with talking(NAMED[policy], Recovery(recovery), upset, CALM) as talk:
                tried.play(talk)


@pytest.mark.filterwarnings(THREADS)
@pytest.mark.parametrize("mutant", SEEN, ids=title)
def test_it_misbehaves(mutant: Mutant, tmp_path: Path) -> None:
    """And what it did was recorded, and is not what the plain model does."""
    path = tmp_path / "run.jsonl"
    assert misbehaves(at_work(mutant), PLAYS, mutant.policy, mutant.recovery, path)
    if mutant.in_socket or mutant.name in ELSEWHERE:
        assert recorded_otherwise(path, mutant.policy)


@pytest.mark.parametrize("mutant", SECRET, ids=title)
def test_what_is_hidden_is_not_seen(mutant: Mutant, tmp_path: Path) -> None:
    """Else it would not have to stand in the table."""
    assert misbehaves(mutant, PLAYS, mutant.policy, mutant.recovery, tmp_path / "run.jsonl") == ""


def test_no_pattern_misbehaves_without_a_defect() -> None:
    for tried in PATTERN_PLAYS:
        for upset in upsets(tried, DISCARD, Recovery.RESTART):
            with talking(DISCARD, Recovery.RESTART, upset, CALM) as talk:
                tried.play(talk)


@pytest.mark.filterwarnings(THREADS)
@pytest.mark.parametrize("mutant", PATTERNS, ids=lambda m: f"{m.pattern}_{title(m)}")
def test_a_pattern_misbehaves(mutant: PatternMutant, tmp_path: Path) -> None:
    """As one of the behaviours that are looked at with peers of plain bytes, or in a play."""
    path = tmp_path / "run.jsonl"
    assert {behaviour.holds.__module__ for behaviour in BEHAVIOURS} == {module.__name__ for module in LOOKED_AT}
    if not any(misses(behaviour, mutant) for behaviour in BEHAVIOURS):
        assert misbehaves(mutant, PATTERN_PLAYS, DISCARD, Recovery.RESTART, path)
        assert recorded_otherwise(path, DISCARD)


def misses(behaviour: Behaviour, mutant: PatternMutant) -> bool:
    """Is a behaviour that holds missed with the defect?"""
    try:
        with Stage() as stage, applied(mutant):
            behaviour.holds(stage)
    except AssertionError:
        return True
    return False


def test_the_tables_name_mutants_and_no_other() -> None:
    names = {mutant.name: mutant for mutant in ALL}
    assert {*HIDDEN, *ELSEWHERE} <= set(names)
    assert not set(HIDDEN) & set(ELSEWHERE)
    assert not any(names[name].in_socket for name in ELSEWHERE)
    assert all(HIDDEN.values())
    assert len(SEEN) > 4 * len(HIDDEN)


def test_running_sockets_take_no_step_of_the_closed_system() -> None:
    """What is hidden because it sits there, sits in modules that a running socket does not import."""
    places = {place.partition(":")[0] for m in ALL if m.name in HIDDEN and not m.in_socket for place in m.patches}
    closed = {place.rpartition(".")[2] for place in places}
    for file in SHELL.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                imported = {node.module} if node.module else {name.name for name in node.names}
                assert not imported & closed, file.name
