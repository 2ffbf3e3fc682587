"""The JSON form of a trace, its writing and its reading; ``docs/formats.md`` has every key.

Nothing is run here. Whether the model does what a file says is asked in ``traces.sender``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from enomem.model.application import Recovery
from enomem.model.memory import Site
from enomem.model.policies import SendPolicy
from enomem.model.send import Sizes
from enomem.model.system import Action, Kind, System

from .reader import Reader

FORMAT, VERSION, MACHINE = "enomem-trace", 1, "sender"

LARGEST = 10**9
LIMITS: Mapping[str, tuple[int, int]] = {
    "senders": (1, 100),
    "parts": (1, 1000),
    "queue": (0, 1000),
    "inbox": (0, 1000),
    "slots": (1, LARGEST),
}
"""What a file may ask for. A state holds something for each sender and for each place in a queue, and each
part of a message is named; all other bounds are only compared with, and may be up to `LARGEST`."""


@dataclass(frozen=True)
class Record:
    """What is recorded of a step besides its action: rules, answer, refused site, changes, what it raised.

    ``changes`` has, by leaf, what was there before and after, in JSON's values.
    """

    rules: tuple[str, ...]
    answer: str
    refused: str | None
    changes: Mapping[str, tuple[object, object]]
    error: str | None


@dataclass(frozen=True)
class File:
    """A trace as it was read: all but the policy itself, of which a file has only the name and the source."""

    policy: str
    source: str | None
    recovery: Recovery
    sizes: Sizes
    bounds: Mapping[str, Any]
    identifier: str | None
    cycle: int | None
    actions: list[Action]
    records: list[Record]

    def system(self, policy: SendPolicy) -> System:
        """The system that the trace is of, with the policy that was found for it."""
        return System(policy=policy, recovery=self.recovery, sizes=self.sizes, **self.bounds)


def _bounds(owner: type[System] | type[Sizes]) -> dict[str, type]:
    """The names of the ints and bools among the fields, with their types."""
    return {f.name: type(f.default) for f in fields(owner) if isinstance(f.default, int)}


def head(system: System, identifier: str | None, cycle: int | None, source: str | None, kind: str) -> dict[str, Any]:
    """Everything of a trace but its steps."""
    sizes = {name: getattr(system.sizes, name) for name in _bounds(Sizes)}
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": MACHINE,
        "policy": {"name": system.policy.name, "source": source},
        "recovery": system.recovery.value,
        "property": identifier,
        "bounds": {**{name: getattr(system, name) for name in _bounds(System)}, "sizes": sizes},
        "kind": kind,
        "cycle": cycle,
    }


def step(action: Action, record: Record) -> dict[str, Any]:
    """One step of a trace."""
    refuse = action.refuse.value if action.refuse is not None else None
    changed = [{"leaf": leaf, "before": old, "after": new} for leaf, (old, new) in record.changes.items()]
    happened = {"kind": action.kind.value, "sender": action.sender, "refuse": refuse, "amount": action.amount}
    return {
        "action": happened,
        "rules": list(record.rules),
        "answer": record.answer,
        "refused": record.refused,
        "changes": changed,
        "error": record.error,
    }


def text(data: Mapping[str, Any]) -> str:
    """A trace as JSON text, a line a step, so that two traces can be compared by eye and by diff."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in data.items() if key != "steps"]
    steps: Sequence[object] = data["steps"]
    listed = ",\n".join(f"    {json.dumps(one)}" for one in steps)
    return f'{{\n{"".join(lines)}  "steps": [\n{listed}\n  ]\n}}' if steps else json.dumps(data, indent=2)


def read(data: object) -> File:
    """What a file holds; UsageError says in one sentence what is wrong with it, and where."""
    file = _known(data)
    bounds, policy, steps = file.key("bounds"), file.key("policy"), file.key("steps").items()
    values = _read_bounds(bounds, System, "sizes")
    return File(
        policy=policy.key("name").text(),
        source=policy.key("source").or_none(Reader.text),
        recovery=file.key("recovery").member(Recovery),
        sizes=Sizes(**_read_bounds(bounds.key("sizes"), Sizes)),
        bounds=values,
        identifier=file.key("property").or_none(Reader.text),
        cycle=_cycle(file, len(steps)),
        actions=[_read_action(one.key("action"), values["senders"]) for one in steps],
        records=[read_record(one) for one in steps],
    )


def _known(data: object) -> Reader:
    """The file as a reader, once it is known to be a trace that this version understands."""
    file = Reader(data, "")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        file.fail(f'this is no trace: it does not say "format": "{FORMAT}"')
    version = file.key("version")
    if version.number(0, LARGEST) != VERSION:
        version.fail(f"this trace is of version {version.value}, and only version {VERSION} can be read here")
    machine = file.key("machine")
    if machine.text() != MACHINE:
        machine.fail(f"there is no machine {machine.value!r}, only {MACHINE!r}")
    return file


def _cycle(file: Reader, steps: int) -> int | None:
    kind, cycle = file.key("kind"), file.key("cycle")
    if kind.text() not in ("trace", "lasso"):
        kind.fail(f"{kind.value!r} is neither 'trace' nor 'lasso'")
    if (kind.value == "lasso") != (cycle.value is not None):
        cycle.fail("a lasso has the index of its cycle's first step here, and a trace has null")
    return cycle.or_none(lambda c: c.number(0, steps))


def _read_bounds(bounds: Reader, owner: type[System] | type[Sizes], *others: str) -> dict[str, Any]:
    kinds = _bounds(owner)
    bounds.only((*kinds, *others))
    return {name: _read_bound(bounds.key(name), kind, name) for name, kind in kinds.items()}


def _read_bound(bound: Reader, kind: type, name: str) -> bool | int:
    return bound.truth() if kind is bool else bound.number(*LIMITS.get(name, (0, LARGEST)))


def _read_action(action: Reader, senders: int) -> Action:
    return Action(
        action.key("kind").member(Kind),
        action.key("sender").number(0, senders - 1),
        action.key("refuse").or_none(lambda site: site.member(Site)),
        action.key("amount").number(-LARGEST, LARGEST),
    )


def read_record(one: Reader) -> Record:
    """What is recorded of a step."""
    changes = one.key("changes").items()
    return Record(
        rules=tuple(rule.text() for rule in one.key("rules").items()),
        answer=one.key("answer").text(),
        refused=one.key("refused").or_none(Reader.text),
        changes={c.key("leaf").text(): (c.key("before").value, c.key("after").value) for c in changes},
        error=one.key("error").or_none(Reader.text),
    )
