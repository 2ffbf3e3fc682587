"""The preloaded library that fails one allocation: compiled here, on the machine that it is for."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError

SOURCE = Path(__file__).with_name("shim.c")
FLAGS = ("-shared", "-fPIC", "-O2", "-std=gnu11", "-fvisibility=hidden", "-pthread", "-ldl")
PATIENCE = 120.0
"""Seconds for one compilation; Zig builds parts of its own library first."""

NONE = "no C compiler: neither cc nor Zig's is here; pip install 'enomem[torture]' brings one"


def compiler() -> tuple[str, ...]:
    """The command of a C compiler, ``cc`` before the one of the wheel ``ziglang``; UsageError if there is neither."""
    found = shutil.which("cc")
    if found is not None:
        return (found,)
    if importlib.util.find_spec("ziglang") is not None:
        return (sys.executable, "-m", "ziglang", "cc")
    raise UsageError(NONE)


def supported() -> None:
    """UsageError where an allocation cannot be failed in this way."""
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        raise UsageError("torture needs Linux with glibc: a library that stands before malloc is preloaded there")


def build(folder: Path, command: Sequence[str] | None = None) -> Path:
    """The library, compiled into ``folder``; UsageError with what the compiler said if it does not compile."""
    supported()
    command = compiler() if command is None else command
    library = folder / "enomem-torture.so"
    # The libraries stand behind what needs them, for linkers that read once.
    line = [*command, *FLAGS[:-1], "-o", str(library), str(SOURCE), FLAGS[-1]]
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, env=environment)
    except subprocess.TimeoutExpired:
        raise UsageError(f"{command[0]} did not compile the shim within {PATIENCE:g} s") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or "nothing").splitlines()[-1]
        raise UsageError(f"{' '.join(command)} cannot compile the shim: {said}")
    return library


def environment(library: Path, libzmq: Path | None = None) -> dict[str, str]:
    """This environment, with the library preloaded and, before libzmq's own place is looked at, ``libzmq``."""
    preload = [str(library), *([str(libzmq)] if libzmq is not None else [])]
    return {**os.environ, "LD_PRELOAD": ":".join(preload)}
