"""A failing program as something that runs by itself: a short script, or a regression test for pytest."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator

from enomem.model.reference.constants import EFSM
from enomem.model.systems.network import Setting

from ..oracle import call_format
from ..oracle.events import Do, Event
from .play import Failure
from .shorten import blank

LINES = 15
"""A script has no more lines, if that can be; calls that follow each other then share one."""
CALLS = {Do.ABORT: "abort_message", Do.CLOSE: "close", Do.CONNECT: "connect", Do.DISCONNECT: "disconnect"}


def script(failure: Failure, setting: Setting, library: str) -> str:
    """A script against ``library`` (``enomem``, ``zmq``); its exit code is 1 if what was found happens again."""
    head = list(_head(failure, setting, library))
    binds = [event.endpoint for event in failure.events if event.do == Do.BIND]
    body: list[str] = []
    for event in failure.events[:-1]:
        body += _lines(event, again=event.do == Do.BIND and event.endpoint not in binds)
        if event.do == Do.BIND:
            binds = [at for at in binds if at != event.endpoint]
    tail = _last(failure)
    room = LINES - len(head) - len(tail)
    return "\n".join([*head, *_joined(body, room), *tail, ""])


def _head(failure: Failure, setting: Setting, library: str) -> Iterator[str]:
    refuses = any(event.do == Do.REFUSE for event in failure.events)
    yield f"import errno, time, {library}{'' if library == 'zmq' else ' as zmq'}"
    if refuses:
        yield "due = {}  # by site: so many are granted before one is refused"
        yield "def allocator(site, size):"
        yield "    due[site.name] = due.get(site.name, 1 << 40) - 1; return due[site.name] != -1"
    yield "def told(call, *arguments):"
    yield "    try: return call(*arguments) or 'ok'"
    yield "    except Exception as error: return errno.errorcode.get(error.errno, error.errno)"
    policy = f"send_policy={setting.policy.name!r}" if library == "enomem" and setting.policy.name != "DISCARD" else ""
    options = ", ".join(filter(None, ("allocator=allocator" if refuses else "", policy)))
    yield f"context, WAIT, MORE = zmq.Context({options}), zmq.DONTWAIT, zmq.DONTWAIT | zmq.SNDMORE"


def _lines(event: Event, again: bool) -> Iterator[str]:
    who = f"s{event.socket}"
    match event.do:
        case Do.CREATE | Do.BIND if event.answer != "ok":
            call = f"context.socket, zmq.{event.name}" if event.do == Do.CREATE else f"{who}.bind, 'tcp://127.0.0.1:*'"
            yield f"told({call})"
        case Do.CREATE:
            made = "".join(f"; {who}.{option}" for option in (f"setsockopt(zmq.{k}, {v!r})" for k, v in event.options))
            yield f"{who} = context.socket(zmq.{event.name}); {who}.setsockopt(zmq.LINGER, 0){made}"
        case Do.BIND:
            at = _at(event)
            where = at if again else "'tcp://127.0.0.1:*'"
            yield f"{who}.bind({where}); {at} = {who}.getsockopt(zmq.LAST_ENDPOINT).decode().strip('\\0')"
        case Do.REFUSE:
            yield f"due[{event.name!r}] = {event.count}" if event.times else "due.clear()"
        case Do.SETTLE | Do.PEERS:
            yield "time.sleep(0.1)"
        case _:
            yield f"{'' if event.answer == 'ok' else 'told('}{_called(event)}"


def _called(event: Event) -> str:
    """A call; it is told what it says, if that is not ok."""
    who = f"s{event.socket}"
    name, *arguments = _parts(event)
    if event.answer == "ok":
        return f"{who}.{name}({', '.join(arguments)})"
    return f"{', '.join([f'{who}.{name}', *arguments])})"


def _parts(event: Event) -> tuple[str, ...]:
    match event.do:
        case Do.SEND:
            return "send", repr(event.part), "MORE" if event.more else "WAIT"
        case Do.RECEIVE:
            return "recv", "WAIT"
        case Do.OPTION:
            return "setsockopt", f"zmq.{event.name}", repr(event.value)
        case Do.CONNECT | Do.DISCONNECT | Do.UNBIND:
            return event.do.value, _at(event)
        case _:
            return (CALLS.get(event.do, event.do.value),)


def _at(event: Event) -> str:
    return "at_" + re.sub(r"\W", "_", event.endpoint.removeprefix("tcp://"))


def _last(failure: Failure) -> list[str]:
    """The call in question, and what the model says of it."""
    event = failure.events[-1]
    if event.do not in (Do.SEND, Do.RECEIVE, Do.ABORT, Do.OPTION, Do.CONNECT):
        return [f"# then: {failure.what}"]
    name, *arguments = _parts(event)
    allowed = [_value(one) for one in failure.allowed]
    return [
        f"got = told({', '.join([f's{event.socket}.{name}', *arguments])})",
        f"print('got', got, 'and the model allows', *{allowed!r})",
        f"raise SystemExit(got not in {allowed!r})",
    ]


def _value(answer: str) -> object:
    """An allowed answer as the script compares it."""
    if answer.startswith('"'):
        return answer[1:].removesuffix(", more").removesuffix('"').encode()
    if answer.startswith("0x"):
        return bytes.fromhex(answer[2:].removesuffix(", more"))
    if answer == "EFSM":
        return EFSM
    return answer if answer == "ok" or hasattr(errno, answer) else str(answer)


def _joined(lines: list[str], room: int) -> list[str]:
    """Lines that share a line with those before them, as evenly as there is need."""
    if len(lines) <= room or room < 1:
        return lines
    each = -(-len(lines) // room)
    return ["; ".join(lines[start : start + each]) for start in range(0, len(lines), each)]


def regression(failure: Failure, setting: Setting, target: str) -> str:
    """A test file for pytest: the program is run again on the target, and must be explained."""
    title = json.dumps(failure.what)
    lines = "\n".join(call_format.encoded(blank(event)) for event in failure.events)
    return f'''"""Found by `enomem fuzz --target {target}`."""

from enomem.checks.fuzz.regression import explained

FOUND = {title}
PROGRAM = r"""
{call_format.header(setting)}
{lines}
"""


def test_the_model_explains_it() -> None:
    assert explained("{target}", PROGRAM) is None, FOUND
'''
