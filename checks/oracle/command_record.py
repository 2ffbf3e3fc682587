"""`enomem record`: have a target make the calls of a scenario, and write down what it answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ..errors import UsageError
from ..targets.registry import by_name
from ..targets.target import Can, Refused, Target, TargetFault
from . import call_format
from .calling import WAIT, call_on
from .events import Do, Event, call
from .recording import Recording

SCENARIOS = Path(__file__).parent / "scenarios"
"""Programs by their names, in the format of a run; of an answer only matters whether something is received."""
MOMENT = 100
"""Milliseconds for a message that the scenario does not expect."""
NEEDS: Mapping[Do, Can] = {
    Do.REFUSE: Can.REFUSE, Do.ABORT: Can.ABORT, Do.PEERS: Can.PEERS, Do.SETTLE: Can.SETTLE,
    Do.DISCONNECT: Can.DISCONNECT, Do.UNBIND: Can.DISCONNECT,
}  # fmt: skip
"""What is left out where a target cannot do it."""


def names() -> list[str]:
    """The scenarios that have a name."""
    return sorted(path.stem for path in SCENARIOS.glob("*.jsonl"))


def scenario_file(scenario: str) -> Path:
    """Where a scenario stands: by its name, or a file of the user's; UsageError if there is neither."""
    if scenario in names():
        return SCENARIOS / f"{scenario}.jsonl"
    if Path(scenario).is_file():
        return Path(scenario)
    raise UsageError(f"there is no scenario and no file {scenario!r}; known are {', '.join(names())}")


def run(target_name: str, scenario: str, out: Path) -> tuple[int, list[str]]:
    """Record one run: the exit code, and the lines to print."""
    setting, events = call_format.read(scenario_file(scenario))
    program = list(events)
    try:
        target = by_name(target_name)
    except TargetFault as fault:
        raise UsageError(str(fault)) from None
    try:
        target = _recording(target, program, scenario, out)
        if Can.POLICY in target.cans:
            target.policy(setting.policy.name)
        made, wrong = _play(target, program)
    finally:
        target.end()
    left_out = dict.fromkeys(NEEDS[one.do].value for one in program if one.do in NEEDS and not _can(target, one))
    lines = [f"{made} calls and waits: {out}", f"by {target.name} {target.version}"]
    lines += [f"not asked: {what}" for what in left_out]
    return (1, [*lines, f"not finished: {wrong}"]) if wrong else (0, lines)


def _recording(target: Target, program: Iterable[Event], scenario: str, out: Path) -> Target:
    """The target, recorded; UsageError if it has not what the program needs."""
    lacking = sorted({one.name for one in program if one.do == Do.CREATE} - target.types)
    if lacking:
        raise UsageError(f"the target {target.name} has no {', '.join(lacking)} sockets, which {scenario} needs")
    return Recording(target, out.parent, lambda _: out.name)


def _can(target: Target, event: Event) -> bool:
    return event.do not in NEEDS or NEEDS[event.do] in target.cans


def _play(target: Target, program: Iterable[Event]) -> tuple[int, str]:
    """Make the calls, as far as they can be made: how many, and why there are no more."""
    made = 0
    where: dict[str, str] = {}
    for event in program:
        if not _can(target, event):
            continue
        try:
            _make(target, event, where)
        except TargetFault as fault:
            return made, str(fault)
        except Refused as refused:
            return made, f"{call(event)} was answered with {refused.said.value}"
        except KeyError:
            raise UsageError(f"{call(event)}: nobody has bound to {event.endpoint} before") from None
        made += 1
    return made, ""


def _make(target: Target, event: Event, where: dict[str, str]) -> None:
    match event.do:
        case Do.CREATE:
            target.create(event.name, dict(event.options))
        case Do.RECEIVE:
            target.receive(event.socket, WAIT if event.answer == "ok" else MOMENT)
        case _:
            call_on(target, event, where)
