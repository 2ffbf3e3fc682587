"""Targets by their names; whoever names one that is not to be had is told what to do."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import enomem

from ..errors import UsageError
from .process import Process
from .target import Target, TargetFault

HERE = Path(__file__).parent
JEROMQ = ("run_kotlin_kernel", "jars/kotlin-jupyter-kernel-*-all.jar")
"""A Python package with JeroMQ 0.6 in it, and the jar of it that has it: no other comes from PyPI."""
DEBIAN = Path("/usr/share/java/jeromq.jar")
"""JeroMQ 0.3.6, which speaks ZMTP 2.0 only, so that next to nothing can be asked of it."""
NODE = Path.home() / ".cache" / "enomem" / "node"
PYTHON = {"pyzmq": "zmq", "pyomq": "pyomq"}
"""Python libraries that are asked through a process, since they can end theirs; and what they are imported as."""


def in_process(name: str) -> Target:
    """A target in the calling process; `UsageError` if there is none of that name."""
    from .library import Pyomq
    from .libzmq import Pyzmq
    from .model import Model
    from .reference import Reference

    made: dict[str, Callable[[], Target]] = {
        "model": Model,
        "reference": Reference,
        "reference-stepped": lambda: Reference(stepped=True),
        "pyzmq": Pyzmq,
        "pyomq": Pyomq,
    }
    if name not in made:
        raise UsageError(f"there is no target {name!r} that runs in the same process; known are {', '.join(made)}")
    return made[name]()


def _served(name: str) -> Target:
    module = PYTHON[name]
    if importlib.util.find_spec(module) is None:
        raise UsageError(f"the target {name} needs the Python package {name}: pip install {name}")
    folders = [str(Path(enomem.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, folders))
    return Process([sys.executable, "-m", "enomem.checks.targets.serve", name], name, {"PYTHONPATH": path})


def _program(name: str, program: str, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise UsageError(f"the target {name} needs {program}: apt install {package}")
    return found


def jar() -> Path:
    """Where JeroMQ is: the jar that ENOMEM_JEROMQ names, else that of the Python package, else Debian's."""
    named = os.environ.get("ENOMEM_JEROMQ")
    package, pattern = JEROMQ
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations or [] if spec is not None else []
    found = [Path(named)] if named else [*(file for place in places for file in Path(place).glob(pattern)), DEBIAN]
    if not found[0].exists():
        raise UsageError(
            f"the target jeromq needs {found[0]}: pip install --no-deps kotlin-jupyter-kernel (it has JeroMQ 0.6.0 in"
            " it), or name a jar by ENOMEM_JEROMQ"
        )
    return found[0]


def jeromq() -> Target:
    """JeroMQ (`jar`), with `java`, which compiles the adapter."""
    program = _program("jeromq", "java", "default-jdk-headless")
    return Process([program, "-XX:TieredStopAtLevel=1", "-cp", str(jar()), str(HERE / "Jeromq.java")], "jeromq")


def zeromqjs() -> Target:
    """The npm package zeromq, where ``npm install --prefix`` has put it: ENOMEM_NODE, or a folder of the cache."""
    program = _program("zeromqjs", "node", "nodejs")
    prefix = Path(os.environ.get("ENOMEM_NODE", NODE))
    environment = {"NODE_PATH": str(prefix / "node_modules")}
    tried = subprocess.run(
        [program, "-e", "require('zeromq')"], env={**os.environ, **environment}, capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    if tried.returncode:
        raise UsageError(f"the target zeromqjs needs the npm package: npm install --prefix {prefix} zeromq")
    return Process([program, str(HERE / "zeromqjs.js")], "zeromqjs", environment)


def process(command: str) -> Target:
    """What a command starts."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"the command {command!r} cannot be read: {error}") from None
    if not words:
        raise UsageError("a target in a process needs a command: process:CMD")
    if shutil.which(words[0]) is None:
        raise UsageError(f"there is no program {words[0]!r} to start a target with")
    return Process(words)


def python(place: str) -> Target:
    """What a callable of a Python module returns, such as the class of a target: ``MODULE:CALL``."""
    module, mark, name = place.partition(":")
    if not (module and mark and name):
        raise UsageError(f"{place!r} names no callable: python:MODULE:CALL is wanted")
    try:
        made = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"python:{place} cannot be had: {error}") from error
    try:
        target: Target = made()
    except TargetFault:
        raise
    except Exception as error:
        # Whatever a foreign constructor raises is told to who named it.
        raise UsageError(f"python:{place} makes no target: {type(error).__name__}: {error}") from error
    wanted = ("name", "version", "cans", "types", "create", "reset", "end")
    lacking = [each for each in wanted if not hasattr(target, each)]
    if lacking:
        raise UsageError(f"python:{place} makes no target: what it returns has no {', '.join(lacking)}")
    return target


NAMES: dict[str, Callable[[], Target]] = {
    "model": lambda: in_process("model"),
    "reference": lambda: in_process("reference"),
    "reference-stepped": lambda: in_process("reference-stepped"),
    "pyzmq": lambda: _served("pyzmq"),
    "pyomq": lambda: _served("pyomq"),
    "jeromq": jeromq,
    "zeromqjs": zeromqjs,
}
"""Every target that has a name of its own."""


def by_name(name: str) -> Target:
    """A target by its name, ``process:CMD`` or ``python:MODULE:CALL``; `UsageError` if it is not to be had."""
    for prefix, make in (("process:", process), ("python:", python)):
        if name.startswith(prefix):
            return make(name.removeprefix(prefix))
    if name not in NAMES:
        known = ", ".join([*NAMES, "process:CMD", "python:MODULE:CALL"])
        raise UsageError(f"there is no target {name!r}; known are {known}")
    return NAMES[name]()
