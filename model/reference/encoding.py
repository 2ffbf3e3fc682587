"""Values of the machines as JSON, and back: what a recorded run is written in; ``docs/formats.md`` has the form.

A class is named by its module below ``enomem.model`` and its own name (``send.Send``), and only classes of the model
are ever made, from exactly their fields. Nothing is imported, evaluated or unpickled for a name in a file.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import FunctionType, NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ..policies import SendPolicy
from ..receive_policies import RECEIVE_POLICIES, ReceivePolicy

PACKAGE = "enomem.model."
LARGEST = 1 << 64
"""No number of a machine comes near; a file that has a larger one was not written by a recorder."""
BYTES, POLICY, RECEIVE_POLICY, ANSWERS, SET = "bytes", "policy", "receive policy", "answers", "set"
OWN = {type(policy) for policy in RECEIVE_POLICIES}
"""Receive policies that are written as what they are, their numbers with them; a user's is written by its name."""


Policies = Mapping[str, SendPolicy | ReceivePolicy]
"""Policies by their names: those of a run."""


class Unreadable(ValueError):
    """What a file has is no value of the machines; the text is a clause that says why."""


# --- writing


def encode(value: Any) -> Any:
    """A value as what JSON can hold; TypeError if it is none that the machines have."""
    kind: Any = type(value)
    if value is None or kind in (bool, int, str, float):
        return value
    if isinstance(value, Enum):
        return {name_of(kind): value.value}
    if kind in (tuple, list):
        return [encode(one) for one in value]
    if kind in (bytes, bytearray, memoryview):
        return {BYTES: bytes(value).hex()}
    if kind is frozenset:
        return {SET: sorted(encode(one) for one in value)}
    if isinstance(value, FunctionType):
        # What it answers stands where it was asked.
        return {ANSWERS: []}
    if isinstance(value, SendPolicy):
        return {POLICY: value.name}
    if isinstance(value, ReceivePolicy) and kind not in OWN:
        return {RECEIVE_POLICY: value.name}
    recorded = getattr(value, "recorded", None)
    if recorded is not None:
        return encode(recorded())
    return {name_of(kind): {name: encode(getattr(value, name)) for name in _fields(kind)}}


@cache
def name_of(kind: Any) -> str:
    """How a class of the model is named in a file."""
    name = f"{kind.__module__}.{kind.__qualname__}"
    if not name.startswith(PACKAGE):
        raise TypeError(f"a {kind.__qualname__} is no value of the machines, and cannot be recorded")
    return name.removeprefix(PACKAGE)


def _has_fields(kind: type) -> bool:
    return is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))


@cache
def _fields(kind: type) -> tuple[str, ...]:
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    if not _has_fields(kind):
        raise TypeError(f"a {kind.__qualname__} is no value of the machines, and cannot be recorded")
    names: tuple[str, ...] = getattr(kind, "_fields", ())
    return names


# --- reading


def decode(data: object, policies: Policies) -> Any:
    """The value that `encode` wrote; Unreadable says why there is none. Lists are read as tuples."""
    if data is None or isinstance(data, bool | str):
        return data
    if isinstance(data, int):
        if abs(data) > LARGEST:
            raise Unreadable(f"{str(data)[:20]}... is larger than any number of the machines")
        return data
    if isinstance(data, float):
        if not math.isfinite(data):
            raise Unreadable(f"{data} is no number of the machines")
        return data
    if isinstance(data, list):
        return tuple(decode(one, policies) for one in data)
    if not isinstance(data, dict) or len(data) != 1:
        raise Unreadable("an object has one member here, named after what it is")
    ((name, inner),) = data.items()
    if name == BYTES:
        return _octets(inner)
    if name == SET and isinstance(inner, list):
        return frozenset(decode(one, policies) for one in inner)
    if name == ANSWERS and inner == []:
        return unanswered
    if name in (POLICY, RECEIVE_POLICY):
        kind = SendPolicy if name == POLICY else ReceivePolicy
        known = {one: policy for one, policy in policies.items() if isinstance(policy, kind)}
        if not isinstance(inner, str) or inner not in known:
            raise Unreadable(f"no {name} {inner!r} is known here, only {', '.join(known) or 'none'}")
        return known[inner]
    return _made(class_of(name), name, inner, policies)


def unanswered(*_: object) -> bool:
    """What stands for a question whose answers are not written where it is."""
    raise Unreadable("something is asked here whose answers stand elsewhere")


def _octets(inner: object) -> bytes:
    try:
        return bytes.fromhex(inner)  # type: ignore[arg-type]  # the TypeError is asked for
    except (ValueError, TypeError):
        raise Unreadable("bytes are written as a string of hexadecimal digits") from None


def class_of(name: str) -> type:
    """The class of the model that a file names; Unreadable if there is none."""
    place, _, last = name.rpartition(".")
    module = sys.modules.get(PACKAGE + place)
    kind = vars(module).get(last) if module is not None and place else None
    if not isinstance(kind, type) or not (issubclass(kind, Enum) or _has_fields(kind)) or name_of(kind) != name:
        raise Unreadable(f"the machines have nothing that is called {name!r}")
    return kind


def _made(kind: Any, name: str, inner: object, policies: Policies) -> Any:
    if issubclass(kind, Enum):
        found = next((member for member in kind if member.value == inner), None)
        if found is None:
            raise Unreadable(f"{inner!r} is no {name}")
        return found
    names = _fields(kind)
    if not isinstance(inner, dict) or set(inner) != set(names):
        raise Unreadable(f"a {name} has exactly the members {', '.join(names) or 'none'}")
    values = {field: decode(value, policies) for field, value in inner.items()}
    hints = _hints(kind)
    for field, value in values.items():
        if not fits(value, hints[field]):
            raise Unreadable(f"{field} of a {name} is not {inner[field]!r}")
    try:
        return kind(**values)
    except ValueError as error:
        raise Unreadable(f"there is no such {name}: {error}") from None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def fits(value: object, hint: Any) -> bool:
    """Is ``value`` of the type that an annotation of the model names?  What an annotation leaves open is."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return True
    if origin in (Union, UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Callable or hint is Callable:
        return callable(value)
    if origin in (tuple, Sequence):
        return isinstance(value, tuple) and _all_fit(value, inner, origin is Sequence or inner[-1:] == (Ellipsis,))
    if origin is frozenset:
        return isinstance(value, frozenset) and all(fits(one, inner[0]) for one in value)
    kind: Any = hint if origin is None else origin
    if kind in (None, NoneType, int, bool, str, bytes):
        return type(value) is (NoneType if kind is None else kind)
    if kind is float:
        return type(value) in (int, float)
    if getattr(kind, "_is_protocol", False):
        return is_dataclass(value) and not isinstance(value, type)
    return isinstance(value, kind)


def _all_fit(values: tuple[object, ...], hints: tuple[Any, ...], alike: bool) -> bool:
    if alike:
        return all(fits(value, hints[0]) for value in values)
    return len(values) == len(hints) and all(map(fits, values, hints))
