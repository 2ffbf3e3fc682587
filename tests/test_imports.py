"""Who may import whom, read off the syntax trees.

The order inside ``model/`` is that of the layout: a file may import only what stands above it. A new file of
``model/`` takes its place in `ORDER`; until it has one, the test that looks for it fails.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("model", "checks", "spec")

ORDER = [
    *("states", "rules", "memory", "pipe", "policies", "send", "link", "receive_policies", "receive"),
    *("heartbeat", "connection", "step"),
    *("line", "application", "history", "payloads", "system"),
    *(f"wire.{name}" for name in ("errors", "peers", "bodies", "frames", "greeting", "commands", "decoder")),
    *(f"wire.{name}" for name in ("metadata", "mechanisms", "handshake", "__init__")),
    *(f"patterns.{name}" for name in ("routing", "turns", "subscriptions", "conflate", "fan_out", "pattern")),
    *(f"patterns.{name}" for name in ("pair", "push", "pull", "dealer", "req", "rep", "router", "pub", "sub")),
    *(f"patterns.{name}" for name in ("xpub", "xsub", "__init__")),
    *(f"systems.{name}" for name in ("__init__", "closed", "watching", "sending", "peers", "single", "fan", "turning")),
    *("systems.receiving", "systems.sharing"),
    *(f"systems.reconnecting{name}" for name in ("_state", "_traffic", "")),
    *(f"systems.network{name}" for name in ("", "_names", "_requests", "_wires", "_unseen", "_pipes", "_many")),
    *(f"systems.network_{name}" for name in ("sending", "starving", "settling", "receiving")),
    "systems.network_calls",
    "reference",
]
"""From the ground up, dotted. The shell is one room: who calls whom there follows the flow of octets, both ways."""

PURE = {"io.BytesIO"}
"""What stands among `WORLD` and is nothing but memory."""

# What reads a clock, draws a number, starts a thread, talks to a machine or hides an import.
WORLD = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "threading", "_thread"),
    *("signal", "subprocess"),
    *("datetime", "random", "secrets", "time", "uuid"),
    *("io", "logging", "mmap", "os", "pathlib", "shutil", "tempfile"),
    *("http", "select", "selectors", "socket", "socketserver", "ssl", "urllib"),
    *("importlib", "pkgutil", "runpy"),
}
WORLD_CALLS = {"__import__", "breakpoint", "eval", "exec", "id", "input", "open", "print"}


@dataclass(frozen=True)
class Import:
    """One name that one file imports: absolute, and dotted down to the name."""

    file: str
    line: int
    name: str

    @property
    def top(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    def within(self, package: str) -> bool:
        """Whether the name is the package or stands in it."""
        return f"{self.name}.".startswith(f"{package}.")


@dataclass(frozen=True)
class Ban:
    """Files in a folder import none of these packages, but for the files excepted."""

    folder: str
    packages: Set[str]
    excepted: Set[str] = frozenset()


SHELL = "model/reference/"
"""What does nothing but move bytes and watch clocks, and so has to do with the world."""
COMMANDS = "checks/commands/"
"""The options of the commands, and nothing of what they do."""


def _files(folder: str) -> frozenset[str]:
    """The Python files of a folder, by their paths from the root."""
    return frozenset(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob("*.py"))


BANS = (
    Ban("model", WORLD, excepted=_files(SHELL)),
    Ban("model", {"enomem.checks", "enomem.spec"}),
    Ban("spec", {"enomem.checks", "enomem.model"}),
    Ban("", {"tests"}),
    Ban("", {"click"}, excepted={"checks/cli.py", *_files(COMMANDS)}),
)


def sources() -> dict[str, str]:
    """The text of each Python file of the parts, by its path from the root."""
    files = (file for part in PARTS for file in sorted((ROOT / part).rglob("*.py")))
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in files}


def imports(file: str, text: str) -> Iterator[Import]:
    """Every import of a file, those inside functions too; relative ones are made absolute."""
    package = ("enomem", *Path(file).parent.parts)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = (*above, *([node.module] if node.module else []))
            for alias in node.names:
                yield Import(file, node.lineno, ".".join((*base, alias.name)))


def banned(found: Import) -> bool:
    """Whether some line of the table forbids this import."""
    return found.name not in PURE and any(
        found.file.startswith(ban.folder)
        and found.file not in ban.excepted
        and any(found.within(package) for package in ban.packages)
        for ban in BANS
    )


def foreign(found: Import) -> bool:
    """Whether a file of ``model/`` imports what is neither ``model`` nor the standard library."""
    if not found.file.startswith("model/") or found.within("enomem.model"):
        return False
    return found.top not in sys.stdlib_module_names


def place(name: str) -> int:
    """Where a module of ``model/``, dotted, stands from the ground up: the package below all, the unknown above."""
    if name.partition(".")[0] == "reference":
        name = "reference"
    return ["__init__", *ORDER, name].index(name)


def module(file: str) -> str:
    """A file of ``model/``, dotted."""
    return ".".join(Path(file).with_suffix("").parts[1:])


def upward(found: Import) -> bool:
    """Whether a file of ``model/`` imports what comes after it in the order, or the package as a whole."""
    if not found.file.startswith("model/") or not found.within("enomem.model"):
        return False
    below = found.name.split(".")[2:]
    # The longest beginning of the name that is a module; what follows stands in it.
    names = [".".join(below[:length]) for length in range(len(below), 0, -1)]
    known = [name for name in (*names, *(f"{name}.__init__" for name in names)) if name in ("__init__", *ORDER)]
    target = known[0] if known else below[0] if below else ""
    return place(target) > place(module(found.file))


def calls_of_the_world(file: str, text: str) -> Iterator[str]:
    """Each call, in a file of ``model/``, of a builtin that reaches out of a pure function."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORLD_CALLS:
            yield f"{file}:{node.lineno} {node.func.id}"


Rule = Callable[[Import], bool]
ALL_IMPORTS = [found for file, text in sources().items() for found in imports(file, text)]


def test_imports_are_found_at_all() -> None:
    assert {found.file for found in ALL_IMPORTS} >= {"model/system.py", "checks/symbolic/explore.py"}
    assert Import("model/step.py", 1, "enomem.model.send.Answer") in imports(
        "model/step.py", "from .send import Answer"
    )


@pytest.mark.parametrize("rule", [banned, foreign, upward], ids=lambda rule: rule.__name__)
def test_no_import_breaks_the_rule(rule: Rule) -> None:
    assert [found for found in ALL_IMPORTS if rule(found)] == []


@pytest.mark.parametrize(
    ("rule", "file", "text"),
    [
        (banned, "model/send.py", "import time"),
        (banned, "model/send.py", "def f():\n    from os import path"),
        (banned, "model/send.py", "from ..checks import errors"),
        (banned, "model/send.py", "from enomem.checks.errors import OurFault"),
        (banned, "model/patterns/pair.py", "from ...checks import errors"),
        (banned, "model/patterns/pair.py", "import asyncio.events as events"),
        (banned, "spec/__init__.py", "from enomem import model"),
        (banned, "spec/claims.py", "from ..model.rules import Rule"),
        (banned, "checks/proof.py", "from tests.mutants import forget"),
        (banned, "checks/proof.py", "import click"),
        (banned, "checks/conform/command.py", "import click"),
        (foreign, "model/memory.py", "import numpy as np"),
        (foreign, "model/memory.py", "import enomem"),
        (foreign, "model/memory.py", "from .. import SendPolicy"),
        (upward, "model/pipe.py", "from .send import Answer"),
        (upward, "model/pipe.py", "from . import system"),
        (upward, "model/pipe.py", "from enomem.model.send import Answer"),
        (upward, "model/pipe.py", "import enomem.model"),
        (upward, "model/pipe.py", "from . import *"),
        (upward, "model/__init__.py", "from .rules import Rule"),
    ],
)
def test_the_rule_finds_its_breach(rule: Rule, file: str, text: str) -> None:
    assert any(rule(found) for found in imports(file, text))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("model/send.py", "from . import memory, pipe\nfrom .policies import SendPolicy\nimport dataclasses"),
        ("model/send.py", "import timeit"),
        ("checks/cli.py", "import click, os, time\nfrom ..model import system"),
        ("spec/__init__.py", "from pathlib import Path\nfrom . import reader"),
    ],
)
def test_what_is_allowed_is_left_alone(file: str, text: str) -> None:
    assert not any(rule(found) for found in imports(file, text) for rule in (banned, foreign, upward))


def test_every_file_of_the_model_has_a_place_in_the_order() -> None:
    modules = {module(file) for file in sources() if file.startswith("model/") and not file.startswith(SHELL)}
    assert modules - {"__init__"} <= set(ORDER)


def test_the_model_calls_nothing_of_the_world() -> None:
    model = {f: text for f, text in sources().items() if f.startswith("model/") and not f.startswith(SHELL)}
    assert [call for file, text in model.items() for call in calls_of_the_world(file, text)] == []
    assert list(calls_of_the_world("model/send.py", "x = open('f')")) == ["model/send.py:1 open"]


def test_no_name_shadows_the_standard_library() -> None:
    files = [Path(file) for file in sources()]
    names = {(file, name) for file in files for name in (*file.parent.parts, file.stem)}
    assert len(files) > len(ORDER)
    assert [(str(file), name) for file, name in names if name in sys.stdlib_module_names] == []
