"""Traces of the closed systems of one socket: run in the plain model, written as JSON, and compared with it again.

As in ``traces.sender``, a trace is a list of actions; what is told about it comes from stepping the plain model. Parts
have labels here, which are moved by the effects of each step and never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from enomem.model.application import Recovery
from enomem.model.patterns import PATTERNS
from enomem.model.policies import SendPolicy
from enomem.model.send import Sizes
from enomem.model.step import Do
from enomem.model.systems import closed, fan, turning

from ..errors import OurFault
from ..search.plain import steps
from ..senders import plan
from ..traces import format as trace_format
from ..traces.format import FORMAT, LARGEST, VERSION, Record
from ..traces.reader import Reader
from ..traces.sender import changes_of, differences
from ..words.phrases import letters
from . import plan as pattern_plan
from .machine import AnyMachine, AnySystem, bounded, named

KINDS: Mapping[str, type[AnySystem]] = {"single": closed.System, "fan": fan.System, "turning": turning.System}
LIMITS: Mapping[str, tuple[int, int]] = {
    "pipes": (1, 6), "queue": (0, 1000), "parts": (1, 1000), "lead": (0, 2), "ids": (1, 1 << 40),
}  # fmt: skip
"""What a file may ask for; all other numbers are only compared with."""


@dataclass(frozen=True)
class Peer:
    """A peer: its name, the uncommitted tail and the messages in its pipe, and the message that it got last."""

    name: str
    tail: tuple[str, ...] = ()
    queue: tuple[tuple[str, ...], ...] = ()
    got: tuple[str, ...] = ()


@dataclass(frozen=True)
class Payloads:
    """The peers that are there, by place; how many ever came; whom the message is for; how many messages began."""

    peers: tuple[Peer, ...]
    came: int
    addressed: str = ""
    begun: int = 0


@dataclass(frozen=True)
class Moment:
    """One step of a trace; a step that raised has no ``step`` but the exception's text in ``error``."""

    action: Any
    before: Any
    step: Any
    error: str | None
    payloads_before: Payloads
    payloads: Payloads

    @property
    def after(self) -> Any:
        """The state after the step."""
        return self.before if self.step is None else self.step.state


@dataclass(frozen=True)
class Trace:
    """A run of ``system`` that shows something of the property ``identifier``; ``source`` is its policy's file."""

    machine: AnyMachine
    steps: tuple[Moment, ...]
    identifier: str | None = None
    source: str | None = None

    @property
    def system(self) -> AnySystem:
        """The system that it is a run of."""
        found: AnySystem = self.machine.subject
        return found


def peer_name(number: int) -> str:
    """P, Q, R ... for the peers in the order in which they come."""
    return letters(number + ord("P") - ord("A")) if number < 11 else f"P{number}"


def start(machine: AnyMachine) -> Payloads:
    """The peers that are there at the beginning."""
    count = int(machine.initial.count)
    return Payloads(tuple(Peer(peer_name(i)) for i in range(count)), count)


def label(system: AnySystem, state: Any, payloads: Payloads) -> str:
    """What the part is called that the socket is sent, or sends, next."""
    match system:
        case turning.System():
            return "a message"
        case fan.System():
            return f"{letters(max(0, payloads.begun - 1))}{state.part + 1}"
        case closed.System():
            if state.lead > 0 and not state.app.abort:
                return _lead(system, system.lead - state.lead)
            name = letters(state.app.message - 1)
            if not system.pattern.routes:
                return f"{name}{state.app.part + 1}"
            return f"{name}{state.app.part}" if state.app.part > 0 else f"{name}'s address"


def _lead(system: closed.System, number: int) -> str:
    if number == system.lead - 1:
        return "delimiter"
    return "request id" if system.pattern.name == "REQ" else f"hop {number + 1}"


def take(machine: AnyMachine, state: Any, payloads: Payloads, action: Any) -> Moment | None:
    """One step of the plain model with its payloads; None if ``action`` is not possible in ``state``."""
    happened = next(steps(replace(machine, actions=(action,)), state), None)
    if happened is None:
        return None
    if happened.outcome is None:
        return Moment(action, state, None, happened.error, payloads, payloads)
    part = label(machine.subject, state, payloads)
    return Moment(action, state, happened.outcome, None, payloads, _moved(state, payloads, action, happened, part))


def _moved(state: Any, payloads: Payloads, action: Any, happened: Any, part: str) -> Payloads:
    step = happened.outcome
    peers = list(payloads.peers)
    for effect in getattr(step, "effects", ()):
        peers[effect.sender] = _carried_out(peers[effect.sender], effect.do, effect.count, part)
    after = replace(payloads, peers=tuple(peers))
    match action.kind.value:
        case "attach" if step.state.count > state.count:
            name = payloads.addressed if getattr(action, "again", False) else peer_name(payloads.came)
            return replace(after, peers=(*after.peers, Peer(name)), came=after.came + 1)
        case "detach":
            return replace(after, peers=(*peers[: action.place], *peers[action.place + 1 :]))
        case "begin" if step.state is not state:
            after = replace(after, begun=after.begun + 1)
    target = getattr(step.state, "target", -1)
    if target >= 0:
        after = replace(after, addressed=after.peers[target].name)
    return after


def _carried_out(peer: Peer, do: Do, count: int, part: str) -> Peer:
    match do:
        case Do.APPEND:
            return replace(peer, tail=(*peer.tail, part))
        case Do.ROLL_BACK:
            return replace(peer, tail=peer.tail[: max(0, len(peer.tail) - count)])
        case Do.COMMIT:
            return replace(peer, tail=(), queue=(*peer.queue, peer.tail))
        case Do.DELIVER:
            return replace(peer, queue=peer.queue[1:], got=peer.queue[0] if peer.queue else ())
        case _:
            return peer


def run(system: AnySystem, actions: Iterable[Any], identifier: str | None = None, source: str | None = None) -> Trace:
    """Run ``actions`` from the initial state; OurFault if one is not possible. Only the last step may raise."""
    machine = bounded(system)
    state, payloads, found = machine.initial, start(machine), list[Moment]()
    for number, action in enumerate(actions, 1):
        moment = take(machine, state, payloads, action)
        if moment is None or (found and found[-1].step is None):
            raise OurFault(f"step {number} of a trace, {named(action)}, is not possible there")
        found.append(moment)
        state, payloads = moment.after, moment.payloads
    return Trace(machine, tuple(found), identifier, source)


# --- as JSON


def is_ours(data: object) -> bool:
    """Is this a trace of a socket's system, and not of senders?"""
    return isinstance(data, dict) and data.get("format") == FORMAT and data.get("machine") in PATTERNS


def to_json(trace: Trace) -> dict[str, Any]:
    """The trace as it is written; ``docs/formats.md`` has every key."""
    system = trace.system
    policy = getattr(system, "policy", None)
    recovery = getattr(system, "recovery", None)
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": system.pattern.name,
        "system": next(name for name, kind in KINDS.items() if isinstance(system, kind)),
        "policy": {"name": policy.name if policy else plan.ANY_POLICY, "source": trace.source},
        "recovery": recovery.value if recovery else plan.ANY_POLICY,
        "property": trace.identifier,
        "options": {f.name: getattr(system.pattern, f.name) for f in fields(system.pattern)},
        "bounds": bounds(system),
        "kind": "trace",
        "cycle": None,
        "steps": [_step(trace.machine, moment) for moment in trace.steps],
    }


def bounds(system: AnySystem) -> dict[str, Any]:
    """The numbers and truth values of a system, and its sizes."""
    found: dict[str, Any] = {
        f.name: getattr(system, f.name) for f in fields(system) if isinstance(getattr(system, f.name), int)
    }
    sizes = getattr(system, "sizes", None)
    if sizes is not None:
        found["sizes"] = {f.name: getattr(sizes, f.name) for f in fields(sizes)}
    return found


def _step(machine: AnyMachine, moment: Moment) -> dict[str, Any]:
    record = _record(machine, moment)
    changed = [{"leaf": leaf, "before": old, "after": new} for leaf, (old, new) in record.changes.items()]
    return {
        "action": act(moment.action),
        "rules": list(record.rules),
        "answer": record.answer,
        "refused": record.refused,
        "changes": changed,
        "error": record.error,
    }


def act(action: Any) -> dict[str, Any]:
    """An action in JSON's values."""
    return {f.name: _plain(getattr(action, f.name)) for f in fields(action)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Enum) else value


def _record(machine: AnyMachine, moment: Moment) -> Record:
    step = moment.step
    if step is None:
        return Record((), "", None, {}, moment.error)
    refused = getattr(step, "refused", None)
    way, told = getattr(step, "way", None), getattr(step, "answer", None)
    answer = told.value if told is not None and told.value else way.value if way is not None else ""
    rules = tuple(rule.value for rule in step.rules)
    changed = changes_of(machine.shape, moment.before, moment.after)
    return Record(rules, answer, refused.value if refused is not None else None, changed, None)


Resolve = Callable[[str], SendPolicy]


def read(data: object, resolve: Resolve) -> tuple[AnySystem, list[Any], list[Record], str | None, str | None]:
    """The system, its actions, what is expected of each, the property and the policy's source."""
    file = Reader(data, "")
    if file.key("version").number(0, LARGEST) != VERSION:
        file.key("version").fail(f"only version {VERSION} can be read here")
    source = file.key("policy").key("source").or_none(Reader.text)
    system = _read_system(file, lambda: resolve(source or file.key("policy").key("name").text()))
    known = {repr(act(action)): action for action in bounded(system).actions}
    actions, records = [], []
    for one in file.key("steps").items():
        found = known.get(repr(one.key("action").value))
        if found is None:
            one.key("action").fail("nothing of that kind can happen in this system")
        actions.append(found)
        records.append(trace_format.read_record(one))
    return system, actions, records, file.key("property").or_none(Reader.text), source


def _read_system(file: Reader, policy: Callable[[], SendPolicy]) -> AnySystem:
    name = file.key("system").text()
    if name not in KINDS:
        file.key("system").fail(f"{name!r} is none of {', '.join(KINDS)}")
    pattern_type = PATTERNS[file.key("machine").text()]
    options = {f.name: _value(file.key("options").key(f.name), f.name) for f in fields(pattern_type)}
    pattern = pattern_type(**options)
    given, kind = file.key("bounds"), KINDS[name]
    values: dict[str, Any] = {
        f.name: _value(given.key(f.name), f.name)
        for f in fields(kind)
        if f.name not in ("pattern", "policy", "recovery", "shapes", "sizes")
    }
    if kind is turning.System:
        return turning.System(pattern, **values)
    sizes = given.key("sizes")
    values["sizes"] = Sizes(**{f.name: sizes.key(f.name).number(1, LARGEST) for f in fields(Sizes)})
    if kind is fan.System:
        return fan.System(pattern, **values)
    recovery = file.key("recovery").member(Recovery)
    shapes = pattern_plan.shapes(pattern, values["lead"])
    return closed.System(pattern, policy(), recovery, shapes=shapes, **values)


def _value(value: Reader, name: str) -> int | bool:
    return value.truth() if isinstance(value.value, bool) else value.number(*LIMITS.get(name, (0, LARGEST)))


def trace_of(data: object, resolve: Resolve) -> Trace:
    """The trace that a file holds, run again; OurFault if the model does not do it (`replay` says why)."""
    system, actions, _, identifier, source = read(data, resolve)
    return run(system, actions, identifier, source)


def replay(data: object, resolve: Resolve) -> list[str]:
    """Step the plain model through a trace that was read; says where it does something else, if it does."""
    system, actions, records, _, _ = read(data, resolve)
    machine = bounded(system)
    state, payloads, found = machine.initial, start(machine), list[str]()
    for number, (action, expected) in enumerate(zip(actions, records, strict=True), 1):
        moment = take(machine, state, payloads, action)
        if moment is None:
            return [*found, f"step {number}: {named(action)} is not possible there"]
        found += [f"step {number}: {text}" for text in differences(_record(machine, moment), expected)]
        if moment.step is None and number < len(actions):
            return [*found, f"step {number}: the model raised, and the trace goes on"]
        state, payloads = moment.after, moment.payloads
    return found
