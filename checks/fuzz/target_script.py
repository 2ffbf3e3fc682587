"""A failing program as a short script that asks a target as enomem does: for those that are no Python library."""

from __future__ import annotations

from collections.abc import Iterator

from enomem.model.receive_policies import BOUNDED_WAIT
from enomem.model.systems.network import Setting

from ..oracle.calling import WAIT
from ..oracle.events import Do, Event
from .play import SLICE, Failure
from .script import ASKED, LINES, endpoint, joined, not_among, value


def target_script(failure: Failure, setting: Setting, target: str) -> str:
    """A script against the target of that name; its exit code is 1 if what was found happens again."""
    head = [
        "from enomem.checks.targets.registry import by_name",
        f"target, WAIT = by_name({target!r}), {WAIT}",
        "told = lambda got: got.value if hasattr(got, 'value') else got",
        "taken = lambda got: (got.part, got.more) if got.said.value == 'ok' else got.said.value",
    ]
    if any(event.answer != "ok" and event.do in (Do.CREATE, Do.BIND) for event in failure.events):
        head += [
            "from enomem.checks.targets.target import Refused",
            "def tried(call, *arguments):",
            "    try: call(*arguments)",
            "    except Refused: pass",
        ]
    if setting.policy.name != "DISCARD":
        head.append(f"target.policy({setting.policy.name!r})")
    if setting.receive_policy != BOUNDED_WAIT:
        head.append(f"target.receive_policy({setting.receive_policy.name!r})")
    if setting.limit is not None:
        head.append(f"target.limit({setting.limit})")
    bound: set[str] = set()
    body = [text for event in failure.events[:-1] for text in _lines(event, bound)]
    tail = _last(failure)
    return "\n".join([*head, *joined(body, LINES - len(head) - len(tail)), *tail, ""])


def _lines(event: Event, bound: set[str]) -> Iterator[str]:
    at = endpoint(event)
    match event.do:
        case Do.CREATE | Do.BIND if event.answer != "ok":
            made = f"target.create, {event.name!r}, {dict(event.options)!r}"
            yield f"tried({made if event.do == Do.CREATE else f'target.bind, {event.socket}'})"
        case Do.BIND:
            yield f"{at} = target.bind({event.socket}{f', {at}' if at in bound else ''})"
            bound.add(at)
        case Do.CREATE:
            options = dict(event.options)
            yield f"target.create({event.name!r}{f', {options!r}' if options else ''})"
        case Do.SETTLE:
            yield "target.settle(WAIT)"
        case Do.PEERS:
            yield f"target.peers({event.socket}, {event.count}, WAIT)"
        case Do.REFUSE:
            yield f"target.refuse({event.name or 'BODY'!r}, {event.count}, {event.times})"
        case Do.CONNECT | Do.DISCONNECT | Do.UNBIND:
            yield f"target.{event.do.value}({event.socket}, {at})"
        case _:
            yield _call(event)


def _call(event: Event) -> str:
    match event.do:
        case Do.SEND:
            return f"target.send({event.socket}, {event.part!r}, {event.more})"
        case Do.RECEIVE:
            wait = event.count or "WAIT" if event.count or event.waited else SLICE if event.answer == "ok" else 0
            return f"target.receive({event.socket}, {wait})"
        case Do.OPTION:
            return f"target.option({event.socket}, {event.name!r}, {event.value!r})"
        case _:
            return f"target.{event.do.value}({event.socket})"


def _last(failure: Failure) -> list[str]:
    event = failure.events[-1]
    # What an answer is compared with is its word here, and not a number as in a library.
    allowed = [one if one.isupper() else value(one) for one in failure.allowed]
    if event.do == Do.SETTLE and not failure.allowed:
        asked, allowed = "target.settle(WAIT)", [True]
    elif event.do == Do.RECEIVE:
        asked = f"taken({_call(event)})"
    elif event.do in ASKED:
        asked = f"told({next(_lines(event, set()))})"
    else:
        return [f"# then: {failure.what}"]
    return [
        f"got, allowed = {asked}, {allowed!r}",
        "target.end(); print('got', got, 'and the model allows', *allowed)",
        f"raise SystemExit({not_among(allowed)})",
    ]
