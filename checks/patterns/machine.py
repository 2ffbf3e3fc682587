"""The closed systems of one socket as machines for the engines, bounded for search or unbounded for proof."""

from __future__ import annotations

from dataclasses import fields, replace
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from enomem.model import send
from enomem.model.patterns import rep, req
from enomem.model.systems import closed, fan, single, turning

from ..errors import OurFault
from ..symbolic import terms
from ..symbolic.machine import Machine
from ..symbolic.symbols import Boolean, Integer

AnySystem = closed.System | fan.System | turning.System
AnyMachine = Machine[Any, Any]
S = TypeVar("S", closed.System, fan.System)
Ranges = dict[str, tuple[int, int]]

SLACK = 2
"""How far counters may leave their sensible range before a state is called out of its domain."""

PARAMETERS = {closed.System: ("parts", "memory", "messages", "queue"), fan.System: ("parts", "memory", "queue")}
"""What is unknown in a proof, besides how often peers come and go and what is refused."""


def bounded(sys: AnySystem) -> AnyMachine:
    """The system with its bounds, for search and plain stepping."""
    match sys:
        case closed.System():
            return _single(sys, {**_units(sys, sys.unit), **_single_places(sys)})
        case fan.System():
            return _fan(sys, {**_units(sys, sys.parts), **_fan_places(sys)})
        case turning.System():
            return _turning(sys)


def unbounded(sys: AnySystem) -> AnyMachine:
    """The system with every bound an unknown but the number of peers, for proofs; turns have no other bound."""
    match sys:
        case closed.System():
            general = replace(_general(sys), pattern=_any_option(sys.pattern))
            return _single(general, None)
        case fan.System():
            return _fan(_general(sys), None)
        case turning.System():
            raise OurFault("turns have no bound but the number of peers: whatever can happen is searched")


def _general(sys: S) -> S:
    unknowns: dict[str, Any] = {name: Integer(terms.variable(f"bound.{name}")) for name in PARAMETERS[type(sys)]}
    return replace(sys, labels=False, **unknowns)


def _any_option(pattern: Any) -> Any:
    """The pattern, mandatory or not, where it may be either."""
    if any(field.name == "mandatory" for field in fields(pattern)):
        return replace(pattern, mandatory=Boolean(terms.is_zero(terms.variable("bound.mandatory?"))))
    return pattern


def _single(sys: closed.System, ranges: Ranges | None) -> AnyMachine:
    return Machine(
        name=f"{sys.pattern.name} {sys.policy.name} {sys.recovery.value}",
        initial=single.initial(sys),
        actions=single.actions(sys),
        step=partial(single.step, sys),
        ranges=ranges,
        hostile=lambda action: action.hostile,
        observer="seen",
        show=named,
        small={} if ranges is not None else _single_places(sys),
        shifting=True,
        subject=sys,
    )


def _fan(sys: fan.System, ranges: Ranges | None) -> AnyMachine:
    return Machine(
        name=sys.pattern.name,
        initial=fan.initial(sys),
        actions=fan.actions(sys),
        step=partial(fan.step, sys),
        ranges=ranges,
        hostile=lambda action: action.hostile,
        show=named,
        small={} if ranges is not None else _fan_places(sys),
        shifting=True,
        subject=sys,
    )


def _turning(sys: turning.System) -> AnyMachine:
    return Machine(
        name=f"turns of {sys.pattern.name}",
        initial=turning.initial(sys),
        actions=turning.actions(sys),
        step=partial(turning.step, sys),
        ranges=_turning_places(sys),
        hostile=lambda action: action.hostile,
        show=named,
        subject=sys,
    )


def named(action: Any) -> str:
    """An action in words, by the model's own numbers: its kind, and what differs from the default."""
    said = [action.kind.value]
    for field in fields(action)[1:]:
        value = getattr(action, field.name)
        if value != field.default and value is not None:
            said.append(f"{field.name} {_plain(value)}")
    return ", ".join(said)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return "".join("+" if can else "-" for can in value)
    return str(value.value if isinstance(value, Enum) else value)


def _inner(sys: AnySystem, initial: Any, turn: tuple[int, int]) -> Ranges:
    """The places in a pattern's state, and what it counts."""
    place = (-1, sys.pipes - 1)
    match initial.inner:
        case req.State():
            ids = getattr(sys.pattern, "ids", 1) if getattr(sys.pattern, "correlate", False) else 1
            return {"inner.send": turn, "inner.current": place, "inner.peer": place, "inner.request": (0, ids - 1)}
        case rep.State():
            envelope = getattr(sys, "lead", 1)
            return {"inner.receive": turn, "inner.peer": place, "inner.envelope": (0, envelope)}
        case _:
            return {"inner.send": turn, "inner.current": place, "inner.receive": turn}


def _single_places(sys: closed.System) -> Ranges:
    """What is a place, or a turn, or counts what the library has in front of a message."""
    place = (-1, sys.pipes - 1)
    target = (closed.UNCHOSEN, sys.pipes - 1 if sys.pattern.routes else closed.UNCHOSEN)
    return {
        "count": (0, sys.pipes), "current": place, "lead": (0, sys.lead), "target": target,
        "seen.due": place if sys.shapes else (-1, -1), **_inner(sys, single.initial(sys), (0, 0)),
    }  # fmt: skip


def _fan_places(sys: fan.System) -> Ranges:
    turn = (0, sys.pipes)
    return {"count": turn, "turn": turn, **_inner(sys, fan.initial(sys), (0, 0))}


def _turning_places(sys: turning.System) -> Ranges:
    place = (-1, sys.pipes - 1)
    places = {"count": (0, sys.pipes), "watched": place, "current": place}
    return {**places, **_inner(sys, turning.initial(sys), (0, sys.pipes))}


def _units(sys: closed.System | fan.System, unit: int) -> Ranges:
    """What counts units and parts."""
    room = sys.memory + SLACK
    of_pipe = {"messages": (0, sys.queue + 1), "parts": (0, room), "tail": (0, room), "front": (0, sys.sizes.slots - 1)}
    found = {"pool.limit": (sys.memory, sys.memory), "pool.used": (-SLACK, room)}
    if isinstance(sys, fan.System):
        for name, within in of_pipe.items():
            found[f"copies.pipe.{name}"] = within
        none = (0, 0)
        last = {"copies.odd": (0, room), "part": (0, sys.parts - 1)}
        return {**found, **last, "copies.send.note": none, "copies.send.reserved": none}
    for name, within in of_pipe.items():
        found[f"pipes.{name}"] = within
    reserved = send.whole_message(sys.sizes, unit) if sys.policy.reserves else 0
    return {
        **found,
        "send.note": (0, sys.policy.notes),
        "send.reserved": (0, reserved),
        "app.message": (1, sys.messages + 1 if sys.numbered else 1),
        "app.part": (0, sys.parts - 1),
        "seen.queues.odd": (0, room),
    }
