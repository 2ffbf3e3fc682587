"""Recording: every step of every machine as a line of JSON, so that the plain model can be stepped through it again.

What belongs here: the one door through which a running socket calls the machines, and what is written of a call. What
does not: how values are written (``encoding``), and what a reader makes of the lines (``checks``). ``docs/formats.md``
has the format. All methods are called with the context's lock held, so the order of the lines is that of the steps.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import is_dataclass, replace
from inspect import unwrap
from itertools import zip_longest
from types import ModuleType
from typing import Any, TypeVar, cast

from ..memory import Pool
from ..policies import POLICIES, SendPolicy
from ..receive_policies import BOUNDED_WAIT, RECEIVE_POLICIES, ReceivePolicy
from ..wire.peers import Local
from . import wired
from .encoding import ANSWERS, PACKAGE, encode, name_of

T = TypeVar("T")
FORMAT, VERSION = "enomem-run", 1
BUFFER = 1 << 16
MADE, ASKED = "made", "asked"

Subject = str | tuple[str, ...]
"""Whom a step is about: the pool, a socket (``push1``), one of its sessions (``push1.2``), or a socket and several.

``push1.2:own`` is a session whose own Send the step is about, where its socket's is meant otherwise.
"""


class Recorder:
    """Writes a run to ``path``: a first line about the run, a line for each step, and a last line.

    ``pool`` is the first one, ``source`` where the policy comes from, as ``FILE.py:NAME``. OSError if the file cannot
    be opened. That it could not be written to the end is told by `close`: no socket fails for it.
    """

    def __init__(
        self, path: str | os.PathLike[str], policy: SendPolicy, pool: Pool, source: str | None = None,
        receive_policy: ReceivePolicy = BOUNDED_WAIT,
    ) -> None:  # fmt: skip
        self._lines = 0
        self._failure: OSError | None = None
        self._file = open(path, "w", encoding="utf-8", buffering=BUFFER, newline="\n")  # noqa: SIM115 - see close
        self._put(
            {
                "format": FORMAT,
                "version": VERSION,
                "enomem": getattr(sys.modules.get("enomem"), "__version__", ""),
                "policy": {"name": policy.name, "source": source or source_of(policy)},
                "receive_policy": {"name": receive_policy.name, "source": source_of(receive_policy)},
                "pool": encode(pool),
            }
        )

    def step(self, module: Any, name: str, subject: Subject, arguments: tuple[Any, ...]) -> Any:
        """Call a step, and write what went in and what came out; what it raises is written too, and raised."""
        line: dict[str, Any] = {"at": subject}
        if isinstance(module, ModuleType):
            line["step"] = f"{module.__name__.removeprefix(PACKAGE)}.{name}"
        else:
            line |= {"step": name, "of": encode(module) if is_dataclass(module) else name_of(cast(Any, type(module)))}
        return self._call(getattr(module, name), line, arguments)

    def made(self, kind: type[T], subject: str, arguments: tuple[Any, ...], asked: list[Any]) -> T:
        """Make a machine of the wire, and write of what; what it asks later is noted in ``asked``."""
        line: dict[str, Any] = {"at": subject, "step": MADE, "of": name_of(cast(Any, kind))}
        given = tuple(_listening(argument, asked) for argument in arguments)
        machine: T = self._call(kind, line, given, lambda _: None)
        return machine

    def told(self, machine: Any, name: str, subject: str, arguments: tuple[Any, ...], asked: list[Any]) -> Any:
        """Tell a machine of the wire something, and write what is seen of it after."""
        line: dict[str, Any] = {"at": subject, "step": name, "of": name_of(cast(Any, type(machine)))}
        asked.clear()
        return self._call(getattr(machine, name), line, arguments, lambda result: wired.seen(machine, result), asked)

    def _call(
        self, function: Any, line: dict[str, Any], arguments: tuple[Any, ...],
        view: Callable[[Any], Any] | None = None, asked: list[Any] | None = None,
    ) -> Any:  # fmt: skip
        given: list[Any] = []
        # Written before the call: what a session's parts weigh changes with them.
        named = zip_longest(parameters(function)[: len(arguments)], arguments, fillvalue="")
        line["in"] = {parameter: _noted(value, given) for parameter, value in named}
        try:
            result = function(*given)
        except Exception as error:
            line["error"] = told(error)
            self._put(line if not asked else {**line, ASKED: asked})
            raise
        line["out"] = encode(result if view is None else view(result))
        self._put(line if not asked else {**line, ASKED: asked})
        return result

    def begin(self, subject: str, kind: str) -> None:
        """A ``socket``, ``session``, ``connection`` or ``wire`` is made; its machines are in their first state."""
        self._put({"begin": subject, "kind": kind})

    def end(self, subject: str) -> None:
        """It is gone, and its machines with it."""
        self._put({"end": subject})

    def _put(self, line: dict[str, Any]) -> None:
        numbered = {"seq": self._lines, **line} if self._lines else line
        self._lines += 1
        if self._file.closed or self._failure is not None:
            return
        try:
            self._file.write(json.dumps(numbered, separators=(",", ":"), allow_nan=False) + "\n")
        except OSError as error:
            self._failure = error

    def abandon(self) -> None:
        """In a forked child: what is not written yet is the parent's to be written."""
        if not self._file.closed:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._file.fileno(), inheritable=False)
            os.close(nowhere)

    def close(self) -> None:
        """Write the last line; OSError if not everything could be written. Closed already is fine."""
        if self._file.closed:
            return
        self._put({"closed": True})
        try:
            self._file.close()
        except OSError as error:
            self._failure = self._failure or error
        if self._failure is not None:
            raise self._failure


class Steps:
    """The door to the machines: ``steps(send, "abort", "push1.2", ...)`` calls ``send.abort(...)``."""

    __slots__ = ("recorder",)

    def __init__(self, recorder: Recorder | None) -> None:
        self.recorder = recorder

    def __call__(self, module: Any, name: str, subject: Subject, *arguments: Any) -> Any:
        """Call ``name`` of a module of the model or of a pattern, and record it, if anything is recorded."""
        if self.recorder is None:
            return getattr(module, name)(*arguments)
        return self.recorder.step(module, name, subject, arguments)

    def table(self, table: T, subject: str) -> T:
        """A table of the model, every call of which is recorded, if anything is; it is empty now."""
        if self.recorder is None:
            return table
        return cast(T, _Table(table, subject, self.recorder))

    def machine(self, kind: type[T], subject: str, *arguments: Any) -> T:
        """A machine of the wire, made of the arguments; each of its steps is recorded, if anything is."""
        if self.recorder is None:
            return kind(*arguments)
        return cast(T, _Machine(kind, subject, arguments, self.recorder))

    def begin(self, subject: str, kind: str) -> None:
        """A ``socket``, ``session``, ``connection`` or ``wire`` is made."""
        if self.recorder is not None:
            self.recorder.begin(subject, kind)

    def end(self, subject: str) -> None:
        """It is gone."""
        if self.recorder is not None:
            self.recorder.end(subject)


class _Table:
    """A table that records what it is asked and told."""

    __slots__ = ("_recorder", "_subject", "_table")

    def __init__(self, table: Any, subject: str, recorder: Recorder) -> None:
        self._table, self._subject, self._recorder = table, subject, recorder

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self._recorder.step(self._table, name, self._subject, arguments)

    def __len__(self) -> int:
        return len(self._table)


class _Machine:
    """A machine of the wire that records what it is told; whatever is no step of it is looked at as it is."""

    __slots__ = ("_asked", "_machine", "_recorder", "_subject")

    def __init__(self, kind: type, subject: str, arguments: tuple[Any, ...], recorder: Recorder) -> None:
        self._asked: list[Any] = []
        self._subject, self._recorder = subject, recorder
        self._machine: Any = recorder.made(kind, subject, arguments, self._asked)

    def __getattr__(self, name: str) -> Any:
        machine = self._machine
        if name not in wired.STEPS[type(machine)]:
            return getattr(machine, name)
        return lambda *arguments: self._recorder.told(machine, name, self._subject, arguments, self._asked)


def defined(function: Any) -> Any:
    """Where a step is written: the function of a method, or what makes an object of a class."""
    return vars(function)["__init__"] if isinstance(function, type) else getattr(function, "__func__", function)


def parameters(function: Any) -> tuple[str, ...]:
    """The names of a step's parameters, but for a method's own object; of a class those that one is made of."""
    bound = hasattr(function, "__func__") or isinstance(function, type)
    code = unwrap(defined(function)).__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    return names[1:] if bound else names


def told(error: BaseException) -> str:
    """What was raised, in one line, with the octets that a peer is told of it."""
    tell = getattr(error, "tell", b"")
    more = [f"tell {tell.hex()}"] if tell else []
    return " ".join([f"{type(error).__name__}:", *str(error).split(), *more]).rstrip(":")


def _noted(value: Any, given: list[Any]) -> Any:
    """How an argument is written; ``given`` gets what the step is called with."""
    if not callable(value):
        given.append(value)
        return encode(value)
    asked: list[list[Any]] = []
    given.append(_noting(value, asked))
    return {ANSWERS: asked}


def _listening(value: Any, asked: list[Any]) -> Any:
    """A value whose own questions, if it has any, are noted in ``asked`` together with the answers."""
    if not isinstance(value, Local) or value.authenticate is None:
        return value
    authenticate = value.authenticate

    def ask(username: bytes, password: bytes) -> bool:
        answer = bool(authenticate(username, password))
        asked.append([encode(username), encode(password), answer])
        return answer

    return replace(value, authenticate=ask)


def _noting(question: Callable[[int], object], asked: list[list[Any]]) -> Callable[[int], object]:
    """The same question; what is asked and answered is noted."""

    def ask(place: int) -> object:
        answer = question(place)
        asked.append([place, bool(answer)])
        return answer

    return ask


def source_of(policy: SendPolicy | ReceivePolicy) -> str | None:
    """Where a policy that is not enomem's own comes from, as ``FILE.py:NAME``; None if that is not known."""
    if type(policy) in {type(known) for known in (*POLICIES, *RECEIVE_POLICIES)}:
        return None
    named = getattr(policy, "source", None)
    if isinstance(named, str):
        return named
    kind = type(policy)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    # A program that is being run is not to be run again for the sake of a class in it.
    return f"{file}:{kind.__qualname__}" if file and kind.__module__ != "__main__" else None
