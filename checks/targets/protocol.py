"""What is said between enomem and a target in another process: one JSON object a line.

``docs/target-protocol.md`` has it for those who write an adapter. The calls and their fields stand here once, for both
ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .target import Can, Received, Refused, Said, Target, TargetFault, Value

VERSION = 1
"""Of the protocol; it is raised when something is changed that an adapter could notice."""

Object = dict[str, Any]


class Garbled(Exception):
    """A line that is not what may stand there; the text says why."""


def line(value: Object) -> str:
    """An object as a line."""
    return json.dumps(value, separators=(",", ":")) + "\n"


def parse(text: str) -> Object:
    """A line as an object; `Garbled` if it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Garbled("it is not JSON") from None
    if not isinstance(value, dict):
        raise Garbled("it is no JSON object")
    return value


def field(value: Mapping[str, Any], name: str, *kinds: type) -> Any:
    """A field of an object; `Garbled` if it is missing or of another kind."""
    if name not in value:
        raise Garbled(f"it has no field {name!r}")
    found = value[name]
    if not isinstance(found, kinds) or (isinstance(found, bool) and bool not in kinds):
        raise Garbled(f"its field {name!r} is no {kinds[0].__name__}")
    return found


def octets(text: str) -> bytes:
    """The octets that a text has as hexadecimal digits."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Garbled(f"{text[:20]!r} is not hexadecimal") from None


def value_out(value: Value) -> int | str:
    """The value of an option: a number as it is, octets as hexadecimal digits."""
    return value.hex() if isinstance(value, bytes) else int(value)


def value_in(value: int | str) -> Value:
    """The value of an option, read."""
    return octets(value) if isinstance(value, str) else value


def greeting(target: Target) -> Object:
    """What an adapter says first."""
    return {
        "protocol": VERSION,
        "target": target.name,
        "version": target.version,
        "cans": sorted(can.name for can in target.cans),
        "types": sorted(target.types),
    }


def said(value: Mapping[str, Any]) -> Said:
    """How a call was answered."""
    word = field(value, "said", str)
    try:
        return Said(word)
    except ValueError:
        raise Garbled(f"{word!r} is no answer; known are {', '.join(known.value for known in Said)}") from None


def cans(value: Mapping[str, Any]) -> frozenset[Can]:
    """What a greeting declares."""
    names = field(value, "cans", list)
    unknown = [name for name in names if name not in Can.__members__]
    if unknown:
        raise Garbled(f"{unknown[0]!r} is nothing that a target can; known are {', '.join(Can.__members__)}")
    return frozenset(Can[name] for name in names)


# --- the adapter's end


def _create(target: Target, call: Object) -> Object:
    options = {name: value_in(value) for name, value in field(call, "options", dict).items()}
    return {"socket": target.create(field(call, "kind", str), options)}


def _bind(target: Target, call: Object) -> Object:
    return {"endpoint": target.bind(_socket(call), field(call, "endpoint", str))}


def _option(target: Target, call: Object) -> Object:
    value = value_in(field(call, "value", int, str))
    return {"said": target.option(_socket(call), field(call, "name", str), value).value}


def _send(target: Target, call: Object) -> Object:
    part, more, wait = octets(field(call, "part", str)), field(call, "more", bool), field(call, "wait", int)
    return {"said": target.send(_socket(call), part, more, wait).value}


def _receive(target: Target, call: Object) -> Object:
    got: Received = target.receive(_socket(call), field(call, "wait", int))
    if got.said is not Said.OK:
        return {"said": got.said.value}
    return {"part": got.part.hex(), "more": got.more}


def _peers(target: Target, call: Object) -> Object:
    return {"met": target.peers(_socket(call), field(call, "count", int), field(call, "wait", int))}


def _refuse(target: Target, call: Object) -> Object:
    target.refuse(field(call, "site", str), field(call, "after", int), field(call, "times", int))
    return {}


def _policy(target: Target, call: Object) -> Object:
    target.policy(field(call, "name", str))
    return {}


def _receive_policy(target: Target, call: Object) -> Object:
    target.receive_policy(field(call, "name", str))
    return {}


def _limit(target: Target, call: Object) -> Object:
    target.limit(field(call, "units", int))
    return {}


def _close(target: Target, call: Object) -> Object:
    target.close(_socket(call))
    return {}


def _reset(target: Target, call: Object) -> Object:  # noqa: ARG001 - it has no fields
    target.reset()
    return {}


def _socket(call: Object) -> int:
    number: int = field(call, "socket", int)
    return number


CALLS: dict[str, Callable[[Target, Object], Object]] = {
    "create": _create,
    "option": _option,
    "bind": _bind,
    "connect": lambda t, c: {"said": t.connect(_socket(c), field(c, "endpoint", str)).value},
    "unbind": lambda t, c: {"said": t.unbind(_socket(c), field(c, "endpoint", str)).value},
    "disconnect": lambda t, c: {"said": t.disconnect(_socket(c), field(c, "endpoint", str)).value},
    "send": _send,
    "receive": _receive,
    "abort": lambda t, c: {"said": t.abort(_socket(c)).value},
    "policy": _policy,
    "receive_policy": _receive_policy,
    "limit": _limit,
    "refuse": _refuse,
    "memory": lambda t, _: {"octets": t.memory()},
    "peers": _peers,
    "settle": lambda t, c: {"met": t.settle(field(c, "wait", int))},
    "close": _close,
    "reset": _reset,
}
"""What each call does to a target, and what is answered besides ``id`` and ``said``."""


def answer(target: Target, call: Object) -> Object:
    """Carry out a call, and say how it went; whatever goes wrong in it is a fault, in one sentence."""
    number = call.get("id")
    try:
        name = field(call, "call", str)
        if name not in CALLS:
            raise Garbled(f"there is no call {name!r}")
        return {"id": number, "said": Said.OK.value, **CALLS[name](target, call)}
    except Refused as refused:
        return {"id": number, "said": refused.said.value}
    except TargetFault as fault:
        return {"id": number, "fault": str(fault)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told to whoever asked
        return {"id": number, "fault": f"{type(error).__name__}: {error}"}
