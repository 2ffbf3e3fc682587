"""What the shim wrote down: each call stack that allocated for libzmq, and how often. The format is `shim.c`'s."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import OurFault

MAGIC = 0x31524F544D4F4E45
MODULES, STACKS, DEPTH = 64, 4096, 40
OFFSET_BITS = 48
HEAD = struct.Struct("=QiIIIIIQQ")
MODULE = struct.Struct("=Q248s")
STACK = struct.Struct(f"=QQII{DEPTH}Q")
SIZE = HEAD.size + MODULES * MODULE.size + STACKS * STACK.size


@dataclass(frozen=True)
class Frame:
    """A return address: the file of its module, and the offset there."""

    module: str
    offset: int

    @property
    def is_libzmq(self) -> bool:
        """Whether the address is libzmq's, and not the runtime's below or between."""
        return Path(self.module).name.startswith("libzmq")

    def __str__(self) -> str:
        return f"{Path(self.module).name}+{self.offset:#x}"


@dataclass(frozen=True)
class Stack:
    """A call stack, innermost frame first: ``count`` allocations, the first of them of ``size`` octets.

    ``key`` is the hash of modules and offsets: the same in every run of the same libraries.
    """

    key: str
    count: int
    size: int
    frames: tuple[Frame, ...]

    @property
    def innermost(self) -> Frame:
        """Where in libzmq the memory was asked for."""
        return next(frame for frame in self.frames if frame.is_libzmq)

    @property
    def outermost(self) -> Frame:
        """Where libzmq was entered: a function of its API, or the main function of one of its threads."""
        return next(frame for frame in reversed(self.frames) if frame.is_libzmq)


@dataclass(frozen=True)
class Seen:
    """All that one process allocated for libzmq; ``fired`` if the allocation was failed, ``dropped`` without room."""

    stacks: tuple[Stack, ...]
    total: int
    fired: bool
    dropped: int

    def stack(self, key: str) -> Stack | None:
        """The stack of that name, if it came."""
        return next((stack for stack in self.stacks if stack.key == key), None)


NOTHING = Seen((), 0, False, 0)


def read(path: Path) -> Seen:
    """What stands in a file of the shim; nothing if no process ever mapped it."""
    data = path.read_bytes() if path.exists() else b""
    if not data:
        return NOTHING
    if len(data) != SIZE or HEAD.unpack_from(data)[0] not in (0, MAGIC):
        raise OurFault(f"{path.name} is not what the shim writes: {len(data)} octets, not {SIZE}")
    _, _, modules, _, dropped, fired, _, total, _ = HEAD.unpack_from(data)
    names = [
        MODULE.unpack_from(data, HEAD.size + number * MODULE.size)[1].rstrip(b"\0").decode(errors="replace")
        for number in range(modules)
    ]
    return Seen(tuple(_stacks(data, names)), total, bool(fired), dropped)


def _stacks(data: bytes, names: list[str]) -> Iterator[Stack]:
    begin = HEAD.size + MODULES * MODULE.size
    found = (STACK.unpack_from(data, begin + number * STACK.size) for number in range(STACKS))
    for key, size, count, depth, *frames in sorted(entry for entry in found if entry[0]):
        yield Stack(f"{key:016x}", count, size, tuple(_frame(frame, names) for frame in frames[:depth]))


def _frame(packed: int, names: list[str]) -> Frame:
    number, offset = packed >> OFFSET_BITS, packed & ((1 << OFFSET_BITS) - 1)
    return Frame(names[number] if number < len(names) else "", offset)
