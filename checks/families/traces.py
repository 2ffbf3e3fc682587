"""Traces of families: run in the plain model, written as JSON, read, and compared with the model again.

A file names the row and the bounds of its system, and the system is looked up among those of the row: what a file asks
for is known, and nothing that it says is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from ..errors import OurFault
from ..search import plain
from ..symbolic.machine import Machine
from ..traces import format as trace_format
from ..traces.format import FORMAT, LARGEST, VERSION, Record
from ..traces.reader import Reader
from ..traces.sender import changes_of, differences
from .family import Case, Family, Moment, Row, Trace
from .registry import FAMILIES


def take(machine: Machine[Any, Any], state: Any, action: Any) -> Moment | None:
    """One step of the plain model; None if ``action`` is not possible in ``state``."""
    happened = next(plain.steps(replace(machine, actions=(action,)), state), None)
    if happened is None:
        return None
    return Moment(action, state, happened.outcome, happened.error if happened.outcome is None else None)


def run(
    family: Family, row: Row, system: Any, actions: Iterable[Any], identifier: str | None = None,
    cycle: int | None = None,
) -> Trace:  # fmt: skip
    """Run ``actions`` from the initial state; OurFault if one is not possible, or if a cycle does not close."""
    case = family.bounded(system)
    found: list[Moment] = []
    state = case.machine.initial
    for number, action in enumerate(actions, 1):
        moment = take(case.machine, state, action)
        if moment is None or (found and found[-1].step is None):
            raise OurFault(f"step {number} of a trace, {case.machine.show(action)}, is not possible there")
        found.append(moment)
        state = moment.after
    if cycle is not None and not closes(case, found, cycle):
        raise OurFault(f"a lasso of {len(found)} steps does not lead back to before its step {cycle + 1}")
    return Trace(row, system, case, tuple(found), identifier, cycle)


def closes(case: Case, steps: list[Moment], cycle: int) -> bool:
    """Does the last step lead back to the state before step ``cycle``?"""
    states = [case.machine.initial, *(moment.after for moment in steps)]
    return 0 <= cycle < len(states) and bool(states[cycle] == states[-1])


# --- as JSON


def is_ours(data: object) -> bool:
    """Is this a trace of a family?"""
    return isinstance(data, dict) and data.get("format") == FORMAT and data.get("machine") in FAMILIES


def settings(value: Any) -> Any:
    """A system as JSON: its numbers and truth values, what they are nested in, and its policies by their names."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return [settings(one) for one in value]
    if is_dataclass(value):
        found = {field.name: settings(getattr(value, field.name)) for field in fields(value)}
        name = getattr(value, "name", None)
        return found if name is None else {"name": name, **found}
    return {"name": value.name}


def to_json(trace: Trace) -> dict[str, Any]:
    """The trace as it is written; ``docs/formats.md`` has every key."""
    row = trace.row
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": row.family,
        "policy": {"name": row.subject, "source": row.text if row.text != row.subject else None},
        "recovery": row.second,
        "property": trace.identifier,
        "bounds": settings(trace.system),
        "kind": "trace" if trace.cycle is None else "lasso",
        "cycle": trace.cycle,
        "steps": [_step(trace.case, moment) for moment in trace.steps],
    }


def _step(case: Case, moment: Moment) -> dict[str, Any]:
    record = _record(case, moment)
    changed = [{"leaf": leaf, "before": old, "after": new} for leaf, (old, new) in record.changes.items()]
    return {
        "action": settings(moment.action),
        "rules": list(record.rules),
        "answer": record.answer,
        "refused": record.refused,
        "changes": changed,
        "error": record.error,
    }


def _record(case: Case, moment: Moment) -> Record:
    step = moment.step
    if step is None:
        return Record((), "", None, {}, moment.error)
    answer, refused = getattr(step, "answer", None), getattr(step, "refused", None)
    return Record(
        tuple(str(rule.value) for rule in step.rules),
        str(answer.value) if answer is not None else "",
        str(refused.value) if refused is not None else None,
        changes_of(case.machine.shape, moment.before, moment.after),
        None,
    )


def row_of(data: object) -> Row:
    """The row that a file is of; UsageError if there is none such."""
    file = Reader(data, "")
    if file.key("version").number(0, LARGEST) != VERSION:
        file.key("version").fail(f"only version {VERSION} can be read here")
    family = FAMILIES[file.key("machine").text()]
    subject, second = file.key("policy").key("name").text(), file.key("recovery").text()
    text = file.key("policy").key("source").or_none(Reader.text) or subject
    for row in family.rows((text,)):
        if (row.subject, row.second) == (subject, second):
            return row
    return file.fail(f"{family.name} has no row of {subject} with {second}")


def _system(file: Reader, family: Family, row: Row) -> Any:
    """The system among those of the row that has the file's bounds."""
    wanted = file.key("bounds").value
    for system in systems(family, row):
        if settings(system) == wanted:
            return system
    return file.key("bounds").fail(
        f"{row.named} is not checked with these bounds; write the trace again with this version"
    )


def systems(family: Family, row: Row) -> Iterator[Any]:
    """All systems that a trace of a row may be of."""
    yield from family.searched(row)
    yield from family.endless(row)
    yield from (need.system for need in family.needed() if need.row == row)


def _actions(file: Reader, case: Case) -> list[Any]:
    known = [(settings(action), action) for action in case.machine.actions]
    found = []
    for one in file.key("steps").items():
        action = next((action for written, action in known if written == one.key("action").value), None)
        if action is None:
            one.key("action").fail("nothing of that kind can happen in this system")
        found.append(action)
    return found


def trace_of(data: object) -> Trace:
    """The trace that a file holds, run again; OurFault if the model does not do it (`replay` says why)."""
    file, row = Reader(data, ""), row_of(data)
    family = FAMILIES[row.family]
    system = _system(file, family, row)
    actions = _actions(file, family.bounded(system))
    cycle = file.key("cycle").or_none(lambda value: value.number(0, len(actions)))
    return run(family, row, system, actions, file.key("property").or_none(Reader.text), cycle)


def replay(data: object) -> list[str]:
    """Step the plain model through a trace that was read; says where it does something else, if it does."""
    file, row = Reader(data, ""), row_of(data)
    family = FAMILIES[row.family]
    case = family.bounded(_system(file, family, row))
    actions = _actions(file, case)
    state, found, done = case.machine.initial, list[str](), list[Moment]()
    for number, (action, one) in enumerate(zip(actions, file.key("steps").items(), strict=True), 1):
        moment = take(case.machine, state, action)
        if moment is None:
            return [*found, f"step {number}: {case.machine.show(action)} is not possible there"]
        expected = trace_format.read_record(one)
        found += [f"step {number}: {text}" for text in differences(_record(case, moment), expected)]
        if moment.step is None and number < len(actions):
            return [*found, f"step {number}: the model raised, and the trace goes on"]
        done.append(moment)
        state = moment.after
    cycle = file.key("cycle").or_none(lambda value: value.number(0, len(actions)))
    if cycle is not None and not closes(case, done, cycle):
        found.append(f"the last step does not lead back to before step {cycle + 1}: nothing repeats")
    return found
