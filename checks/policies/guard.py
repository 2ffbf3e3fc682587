"""The guard of a policy that a user wrote: its answers are checked before a machine sees them.

They must come, be of the right type and within range, be the same whenever they are asked for, and leave no
trace. The engines run a policy on symbols too, where an exception is the outcome of one path: see
`first_usage_error` and `blame`. How a policy is read from its file stands in `source`.
"""

from __future__ import annotations

import ast
import inspect
from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum
from types import CellType, FunctionType, ModuleType
from typing import Any

from enomem.model.policies import POLICIES, Reaction, SendPolicy, Unfinished

from ..errors import Diverges, Nondeterministic, OurFault, UsageError
from ..symbolic.machine import Transition
from ..symbolic.symbols import Boolean, Integer, form_of, is_symbol
from ..symbolic.terms import Condition, Form, add, at_most_zero, conjunction, scale
from .source import SHOWN, PolicyError, PolicyFile, Watch, takes

MAX_NOTES = 65_535
"""The largest ``notes``: a search may meet each of them in every state. Sensible policies need a few."""

BUILT_IN = {policy.name: policy for policy in POLICIES}


class PolicyRange(PolicyError):
    """A policy went out of range, on values or on a path of symbols.

    Nobody knows on symbols whether the path can be taken at all: the engine that meets this error as a path's
    outcome finds out. It is raised only where the answer is out of range, or where the policy raised for a
    message that is out of range itself, which no machine shows it.
    """


class OfAFile:
    """A user's policy in its file: whom to blame for what it does, and whether it remembers anything it must not."""

    source: str | None = None
    shown = "message"
    numbers = "kept and note"
    remembers = "keep in 'note' what it must remember"
    """What it is asked about, which of that are numbers, and what to do instead of remembering, in words."""

    def __init__(self, file: PolicyFile, user: Any) -> None:
        """Read the attributes of ``user``; PolicyError if one of them is wrong."""
        self._file, self._user = file, user
        self._kin = [kind for kind in type(user).__mro__ if kind.__module__ == file.module.__name__]
        self._line = self._line_of("refused")
        self._executed: set[int] = set()
        self._read_attributes()
        self._before = self._picture()

    def _read_attributes(self) -> None:
        raise NotImplementedError

    def fault(self, what: str, advice: str) -> PolicyError:
        """What is wrong with ``refused``, and what to do."""
        return self._file.fault(self._line, what, advice)

    def blame(self, error: Diverges | Nondeterministic) -> PolicyError:
        """What the symbolic runner found, as the author's to mend."""
        try:
            self._check_unchanged()
        except PolicyError as found:  # a state that changes explains everything else
            return found
        line = error.place[1] if error.place is not None and error.place[0] == self._file.path else self._line
        if isinstance(error, Nondeterministic):
            return self._file.fault(line, f"did two different things with the same {self.shown}", SHOWN)
        what = f"does not end when it is run on symbols, where {self.numbers} stand for all numbers at once"
        return self._file.fault(line, what, "write comparisons or arithmetic instead of a loop over them")

    def _line_of(self, attribute: str) -> int:
        """Where the nearest of the file's classes binds ``attribute``, or the class itself begins."""
        owner = next((kind for kind in self._kin if attribute in vars(kind)), next(iter(self._kin), None))
        return self._file.line_of(owner.__name__, attribute) if owner is not None else 1

    def _check_name(self, name: Any, taken: Mapping[str, Any]) -> None:
        if type(name) is not str or not name.strip() or not name.isprintable():
            raise self._wrong("name", "is not a printable text", 'write one, as in name = "MINE"')
        if name.upper() in taken:
            raise self._wrong("name", f"is that of the built-in {name.upper()}", "give it a name of its own")

    def _check_method(self, refused: Any, missing: bool, wanted: str) -> None:
        if missing:
            raise self._wrong("refused", "is missing", wanted)
        odd = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        if not takes(refused, None) or any(kind(refused) for kind in odd):
            raise self._wrong("refused", f"is not a plain method with the {self.shown} as its one argument", wanted)

    def _wrong(self, attribute: str, what: str, advice: str) -> PolicyError:
        shown = f"{type(self._user).__name__}.{attribute}"
        return self._file.fault(self._line_of(attribute), f"{shown} {what}", advice)

    def _picture(self) -> dict[str, object]:
        """All that the policy could remember something in, by name."""
        home = self._file.module.__name__
        held = [(f"self.{name}", value) for name, value in _attributes(self._user)]
        for kind in self._kin:
            held += [(f"{kind.__name__}.{name}", value) for name, value in vars(kind).items()]
        names = (item for item in vars(self._file.module).items() if not item[0].startswith("__"))
        held += [(name, value) for name, value in names if not any(value is kind for kind in self._kin)]
        return {name: _picture(value, home, set()) for name, value in held}

    def _check_unchanged(self) -> None:
        """Raise if anything was changed since the policy was loaded."""
        after = self._picture()
        changed = [name for name in {**self._before, **after} if self._before.get(name) != after.get(name)]
        if changed:
            line = _line_changing(self._file.tree, changed[0].rpartition(".")[2], self._executed) or self._line
            what = f"mutates its state: answering changed {changed[0]}"
            raise self._file.fault(line, what, self.remembers)


class Guarded(OfAFile, SendPolicy):
    """A user's policy, every answer of which is checked before the machines see it; ``source`` is what named it."""

    def refused(self, message: Unfinished) -> Reaction:
        """The user's answer: of the right type, within range, and the same whenever it is asked for."""
        plain = not any(map(is_symbol, (message.kept, message.last, message.site, message.note)))
        reaction, line = self._ask(message, plain)
        # On symbols the runner finds out: it repeats every run.
        if plain and self._ask(message, plain)[0] != reaction:
            raise self._file.fault(line, "answered the same question in two different ways", SHOWN)
        self._check_range(message, reaction, line, plain)
        return reaction

    def _read_attributes(self) -> None:
        def read() -> tuple[Any, Any, Any, Any]:
            return self._user.name, self._user.reserves, self._user.notes, self._user.refused

        when, watch = "when its attributes were read", Watch(self._file.path)
        name, reserves, notes, refused = self._file.run(read, when, self._line, watch)
        self._check_name(name, BUILT_IN)
        if type(reserves) is not bool:
            advice = "write reserves = True, or leave it out"
            raise self._wrong("reserves", f"is of type {type(reserves).__name__}", advice)
        if type(notes) is not int or not 0 <= notes <= MAX_NOTES:
            shown = notes if type(notes) is int else f"of type {type(notes).__name__}"
            raise self._wrong("notes", f"is {shown}", f"write its largest note, an int from 0 to {MAX_NOTES}")
        wanted = "write 'def refused(self, message: Unfinished) -> Reaction:'"
        self._check_method(refused, type(self._user).refused is SendPolicy.refused and not reserves, wanted)
        self.name, self.reserves, self.notes = name, reserves, notes

    def _ask(self, message: Unfinished, plain: bool) -> tuple[Reaction, int]:
        """The user's answer, and the line at which it was given."""
        when, watch = "in answer to a message", Watch(self._file.path)
        try:
            answer = self._file.run(lambda: self._user.refused(message), when, self._line, watch)
        except PolicyError as error:
            if not plain and not self._can_be(message):
                what = "raised for a message whose kept or note is out of range"
                raise PolicyRange(error.place, what, "correct that line") from error
            raise
        finally:
            self._executed |= watch.executed
        self._check_unchanged()
        line = watch.last or self._line
        if type(answer) is not Reaction:
            what = "None" if answer is None else f"a value of type {type(answer).__name__}"
            advice = "end every way through 'refused' with 'return Reaction(keep=...)'"
            raise self._file.fault(line, f"answered {what} instead of a Reaction", advice)
        for field, kind, symbol in (("keep", int, Integer), ("skip", bool, Boolean), ("note", int, Integer)):
            found = type(getattr(answer, field))
            if found not in (kind, symbol):
                given = {Integer: "int", Boolean: "bool"}.get(found, found.__name__)
                raise self._file.fault(line, f"answered {field} of type {given}", f"make it {kind.__name__}")
        return answer, line

    def _can_be(self, message: Unfinished) -> Boolean:
        """Are the numbers in ``message`` such as a machine shows?  Undecided symbols go both ways."""
        kept, note = form_of(message.kept), form_of(message.note)
        return Boolean(conjunction(*map(_not_negative, (kept, note, add(Form(self.notes), note, -1)))))

    def _check_range(self, message: Unfinished, reaction: Reaction, line: int, plain: bool) -> None:
        kept, keep, note = form_of(message.kept), form_of(reaction.keep), form_of(reaction.note)
        shown = form_of(message.note)
        place = (self._file.path, line)
        if not _within(keep, kept, kept):
            what = f"keep={reaction.keep} where kept={message.kept}" if plain else "a keep outside 0..kept"
            raise PolicyRange(place, f"answered {what}", "keep must be from 0 to message.kept")
        if not _within(note, Form(self.notes), shown):
            what = f"note={reaction.note}" if plain else "a note"
            advice = "make 'notes' the largest note that it answers"
            raise PolicyRange(place, f"answered {what} outside 0..notes, which is 0..{self.notes}", advice)


def blame(error: Diverges | Nondeterministic, policy: SendPolicy) -> UsageError:
    """What the symbolic runner found, as the error of the policy's author; OurFault if the policy is ours."""
    if not isinstance(policy, Guarded):
        raise OurFault(f"{policy.name}: {error}") from error
    return policy.blame(error)


def first_usage_error(found: Iterable[Transition[Any]]) -> None:
    """Raise the first UsageError that is the outcome of a path, if there is one.

    A PolicyRange is passed over: whether its path can be taken is for the engines to find out.
    """
    for transition in found:
        if isinstance(transition.error, UsageError) and not isinstance(transition.error, PolicyRange):
            raise transition.error


def _within(value: Form, most: Form, shown: Form) -> Boolean:
    """Is ``value`` from 0 to ``most``?

    ``shown`` is a number that a machine showed, so it is not below 0. A path of symbols may not know that, so
    what is never below ``shown`` is not asked about.
    """
    ends = [(end, add(end, shown, -1)) for end in (value, add(most, value, -1))]
    return Boolean(conjunction(*(_not_negative(end) for end, more in ends if more.terms or more.const < 0)))


def _not_negative(form: Form) -> Condition:
    return at_most_zero(scale(form, -1))


def _line_changing(tree: ast.AST, name: str, executed: set[int]) -> int | None:
    """The executed line that looks most like a change of ``name``: binds it, calls a method, uses it."""
    found: list[tuple[int, int]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=used) | ast.Attribute(attr=used) if used == name:
                rank = 2 if isinstance(node.ctx, ast.Load) else 0
            case ast.Subscript(value=ast.Name(id=used) | ast.Attribute(attr=used)):
                rank = 2 if isinstance(node.ctx, ast.Load) else 0
            case ast.Call(func=ast.Attribute(value=ast.Name(id=used) | ast.Attribute(attr=used))):
                rank = 1
            case _:
                continue
        if used == name and node.lineno in executed:
            found.append((rank, node.lineno))
    return min(found)[1] if found else None


def _attributes(value: object) -> list[tuple[str, object]]:
    """The attributes that an object itself holds, in its dictionary and in its slots."""
    slots = (vars(kind).get("__slots__", ()) for kind in type(value).__mro__)
    names = [name for some in slots for name in ((some,) if isinstance(some, str) else some)]
    held = [(name, getattr(value, name)) for name in names if name != "__dict__" and hasattr(value, name)]
    return [*held, *getattr(value, "__dict__", {}).items()]


def _picture(value: object, home: str, seen: set[int]) -> object:
    """What ``value`` holds, in numbers and texts: differs if that changed, and comparing runs nobody's code.

    Looked into are containers, the classes of the module ``home``, what functions carry with them (defaults,
    closures), and objects with attributes. Anything else is taken to stay what it is.
    """
    if type(value) in (int, bool, float, complex, str, bytes, bytearray):
        return type(value).__name__, repr(value)
    foreign = isinstance(value, type) and (value.__module__ != home or issubclass(value, Enum))
    if foreign or id(value) in seen or is_symbol(value) or isinstance(value, ModuleType | Enum):
        return id(value)
    seen.add(id(value))

    def pictures(values: Iterable[object]) -> tuple[object, ...]:
        return tuple(_picture(inner, home, seen) for inner in values)

    if isinstance(value, dict):
        return type(value).__name__, pictures(value), pictures(value.values())
    if isinstance(value, list | tuple | deque):
        return type(value).__name__, pictures(value)
    if isinstance(value, set | frozenset):
        return type(value).__name__, frozenset(pictures(value))
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _filled(cell)]
        return id(value), pictures((value.__defaults__, value.__kwdefaults__, vars(value), *cells))
    if isinstance(value, staticmethod | classmethod):
        return id(value), pictures((value.__func__,))
    if isinstance(value, type):
        return id(value), pictures(vars(value).values())
    return id(value), pictures(inner for _, inner in _attributes(value))


def _filled(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - that it raises is how Python tells
    except ValueError:
        return False
    return True
