"""The file in which a user wrote a policy: reading it, looking at what it says, and running what it defines.

Whatever is wrong with a file is its author's to mend, and gets out of here as a UsageError of one sentence:
where it is, what it is, what to do. The look at the text finds what running it would show too late, or never.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, TypeVar

from ..errors import Diverges, Inconclusive, Nondeterministic, OurFault, UsageError

T = TypeVar("T")

MAX_LINES = 20_000
"""Lines that a policy may execute for one answer; the examples in ``docs/`` execute two or three."""

MAX_OPCODES = 20 * MAX_LINES
"""The same in opcodes: to Python 3.11, a loop that stands in one line is one line however often it turns."""

SHOWN = "decide from the message's kept, last, site and note alone"
IMPURE = {"random", "secrets", "time", "datetime", "uuid", "urandom", "getrandom"}
IMPURE_CALLS = {"id", "hash", "input", "open"}
NOT_THE_POLICYS = (Diverges, Nondeterministic, Inconclusive, OurFault)


class PolicyError(UsageError):
    """Something is wrong with a user's policy; ``place`` is the file and the line."""

    def __init__(self, place: tuple[str, int], what: str, advice: str) -> None:
        super().__init__(f"{place[0]}:{place[1]}: {what}; {advice}")
        self.place = place


class _Endless(BaseException):
    """Ends a user's function from within; not an Exception, which the function might catch."""


class Watch:
    """Runs code under a limit of lines, and remembers which lines of one file it executed.

    Debuggers and coverage tools use the same hook. They do not see what runs in here, and have their trace
    function back afterwards; one that was set meanwhile (a breakpoint) stays.
    """

    def __init__(self, path: str, elsewhere: bool = True) -> None:
        """``elsewhere`` counts lines outside ``path`` too, though never ours."""
        self._path, self._elsewhere = path, elsewhere
        self._left = {"line": MAX_LINES, "opcode": MAX_OPCODES}
        self.executed: set[int] = set()
        self.last: int | None = None

    def __enter__(self) -> None:
        self._before = sys.gettrace()
        sys.settrace(self._enter)

    def __exit__(self, *_: object) -> None:
        if sys.gettrace() in (self._enter, None):  # None: a trace function that raises is taken off by Python
            sys.settrace(self._before)

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        if frame.f_code.co_filename != self._path:
            ours = str(frame.f_globals.get("__name__", "")).startswith("enomem.")
            if ours or not self._elsewhere:
                return None
        if sys.version_info < (3, 12):
            frame.f_trace_opcodes = True
        return self._step

    def _step(self, frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename == self._path:
            self.executed.add(frame.f_lineno)
            self.last = frame.f_lineno
        if event in self._left:
            self._left[event] -= 1
            if self._left[event] < 0:
                raise _Endless
        return self._step


@dataclass(frozen=True)
class PolicyFile:
    """A user's file: its path as it was given, its syntax tree, and the module that running it makes."""

    path: str
    tree: ast.Module
    module: ModuleType

    def fault(self, line: int, what: str, advice: str) -> PolicyError:
        """The error that says what is wrong at ``line``, and what to do."""
        return PolicyError((self.path, line), what, advice)

    def line_of(self, *names: str) -> int:
        """Where a name is bound, or a name in the class named before it, as far as that can be seen."""
        line, body = 1, self.tree.body
        for name in names:
            found = next((node for node in body if name in _bound(node)), None)
            if found is None:
                break
            line, body = found.lineno, getattr(found, "body", [])
        return line

    def run(self, function: Callable[[], T], when: str, line: int, watch: Watch) -> T:
        """What the user's ``function`` returns; ``line`` is to blame if no other line of the file is."""
        try:
            with watch:
                return function()
        except NOT_THE_POLICYS:
            raise
        except (_Endless, RecursionError) as caught:
            at = _innermost(caught, self.path) or line
            limit = "Python's depth of recursion" if isinstance(caught, RecursionError) else f"{MAX_LINES} lines"
            what = f"does not end: it was stopped after {limit} {when}"
            raise self.fault(self._loop_at(at), what, "bound its loops and its recursion") from caught
        except (Exception, SystemExit) as caught:
            at = _innermost(caught, self.path) or line
            raise self.fault(at, f"raised {said(caught)} {when}", "correct that line") from caught

    def _loop_at(self, line: int) -> int:
        """The line of the innermost loop around ``line``, or the line itself."""
        loops = (node for node in ast.walk(self.tree) if isinstance(node, ast.For | ast.While))
        around = (loop.lineno for loop in loops if loop.lineno <= line <= (loop.end_lineno or line))
        return max(around, default=line)


def read(path: str, shown: str = SHOWN) -> PolicyFile:
    """Parse the file, look at it, and run it as a module of its own; nothing is written beside it.

    ``shown`` is what to tell an author whose policy looks at more than it is shown.
    """
    module = ModuleType(f"policy_file_{Path(path).stem}")
    module.__file__ = path
    try:
        file = PolicyFile(path, ast.parse(Path(path).read_bytes(), path), module)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; name a file as PATH:NAME") from error
    except SyntaxError as error:
        place = (path, error.lineno or 1)
        raise PolicyError(place, f"is not Python: {error.msg}", "correct that line") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise PolicyError((path, 1), f"is not Python: {said(error)}", "name a file of Python text") from error
    for node in sorted(_nodes(file.tree), key=lambda node: node.lineno):
        objection = _objection(node)
        if objection is not None:
            what, advice = objection
            raise file.fault(node.lineno, what, shown if advice == SHOWN else advice)
    sys.modules[module.__name__] = module  # where dataclasses look up the module of their class
    code = compile(file.tree, path, "exec", dont_inherit=True)
    file.run(lambda: exec(code, vars(module)), "while it was imported", 1, Watch(path, elsewhere=False))
    return file


def _nodes(tree: ast.Module) -> Iterator[Any]:
    """What is looked at: imports and attributes anywhere, and all that stands in functions, helpers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Attribute):
            yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from (inner for inner in ast.walk(node) if hasattr(inner, "lineno"))


def _objection(node: ast.AST) -> tuple[str, str] | None:
    """What must not stand in a policy: what is wrong with it, and what to do."""
    identity = "compares with 'is', but a check shows the policy symbols, and symbols answer '=='"
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            for one, op, other in zip((left, *others), ops, others, strict=False):
                if isinstance(op, ast.Is | ast.IsNot) and not (_is_none(one) or _is_none(other)):
                    return identity, f"write '{'==' if isinstance(op, ast.Is) else '!='}'"
        case ast.MatchClass():
            what = "matches on a class, but a check shows the policy symbols, which are of other types"
            return what, "compare values"
        case ast.MatchSingleton(value=bool()):
            return identity, "write an 'if' instead of this pattern"
        case ast.ExceptHandler(type=kind):
            names = {n.id for n in ast.walk(kind) if isinstance(n, ast.Name)} if kind else {"Exception"}
            if names & {"Exception", "BaseException"}:
                return "catches every exception, those of the checker too", "name the exception that is meant"
        case ast.Import(names=names) if any(IMPURE & set(alias.name.split(".")) for alias in names):
            return f"imports {', '.join(alias.name for alias in names)}", SHOWN
        case ast.ImportFrom(module=module, names=names):
            found = IMPURE & {*(module or "").split("."), *(alias.name for alias in names)}
            if found:
                return f"imports {' and '.join(sorted(found))}", SHOWN
        case ast.Attribute(attr="urandom" | "getrandom" | "random" as name):
            return f"uses {name}", SHOWN
        case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
            return f"calls {name}()", SHOWN
        case ast.Call(func=ast.Name(id="isinstance" | "type" as name), args=[first, *_]):
            if not (isinstance(first, ast.Name) and first.id == "self"):
                what = f"calls {name}(), but a check shows the policy symbols, which are of other types"
                return what, "compare values"
    return None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def takes(function: object, *arguments: object) -> bool:
    """Can ``function`` be called with these arguments, by its signature?"""
    try:
        inspect.signature(function).bind(*arguments)  # type: ignore[arg-type]  # the TypeError is asked for
    except TypeError:
        return False
    except ValueError:  # written in C, and does not tell
        return callable(function)
    return True


def said(caught: BaseException) -> str:
    """An exception's name and text, in one line."""
    try:
        text = " ".join(str(caught).split())
    except Exception:  # noqa: BLE001 - the class may be the user's, and its __str__ too
        text = ""
    return f"{type(caught).__name__}: {text}" if text else type(caught).__name__


def _innermost(caught: BaseException, path: str) -> int | None:
    """The innermost line of the file that an exception came through."""
    line, trace = None, caught.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement binds, where that is plain to see."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [alias.asname or alias.name for alias in names]
    return []
