"""Names for return addresses: by debug information where there is some, by the exported symbols where not."""

from __future__ import annotations

import bisect
import re
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path

from .stacks import Frame, Stack

SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
DYNSYM = 11
FUNCTION = 2
THREAD = "a thread of libzmq"


@cache
def exported(module: str) -> tuple[tuple[int, int, str], ...]:
    """The exported functions of a 64-bit little-endian ELF file: offset, size and name, in order; else none."""
    try:
        data = Path(module).read_bytes()
    except OSError:
        return ()
    if data[:6] != b"\x7fELF\x02\x01":
        return ()
    begin, size, count = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 58)
    sections = [SECTION.unpack_from(data, begin + number * size) for number in range(count)]
    found = []
    for _, kind, _, _, offset, length, link, _, _, _ in sections:
        if kind == DYNSYM:
            names = sections[link][4]
            for at in range(offset, offset + length, SYMBOL.size):
                name, info, _, section, value, extent = SYMBOL.unpack_from(data, at)
                if info & 15 == FUNCTION and section and extent:
                    text = data[names + name : data.index(b"\0", names + name)].decode(errors="replace")
                    found.append((value, extent, text))
    return tuple(sorted(found))


def symbol(frame: Frame) -> str:
    """The exported function that the address is within, or nothing: the nearest one before would say nothing."""
    known = exported(frame.module)
    at = bisect.bisect(known, (frame.offset - 1, 1 << 62, "")) - 1
    if at >= 0 and known[at][0] <= frame.offset - 1 < known[at][0] + known[at][1]:
        return known[at][2]
    return ""


@cache
def line_of(module: str, offset: int) -> str:
    """The source line of an address as ``pipe.cpp:30``, if binutils and debug information are here.

    Of functions that were inlined, the innermost that is libzmq's own: the standard library's lines say nothing.
    """
    tool = shutil.which("addr2line")
    if tool is None or not Path(module).exists():
        return ""
    done = subprocess.run([tool, "-ie", module, hex(offset - 1)], capture_output=True, text=True, timeout=60)
    for line in done.stdout.splitlines():
        where, _, number = line.partition(" ")[0].rpartition(":")
        if number.isdigit() and not where.startswith(("/usr/", "?")):
            return f"{Path(where).name}:{number}"
    return ""


def place(frame: Frame) -> str:
    """Where in libzmq, in one word: a source line, or the module and the offset."""
    return line_of(frame.module, frame.offset) or f"libzmq+{frame.offset:#x}"


def asked(stack: Stack) -> str:
    """Where in libzmq the memory was asked for: the innermost line of its own, or the innermost offset.

    The first frames may be the standard library's containers, compiled into libzmq.
    """
    lines = (line_of(frame.module, frame.offset) for frame in stack.frames if frame.is_libzmq)
    return next(filter(None, lines), place(stack.innermost))


def entered(stack: Stack) -> str:
    """The function of the API from which libzmq came to ask for memory, or that it was one of its own threads."""
    if stack.frames[-1] is not stack.outermost:
        # Below libzmq's last frame stands the C library: nobody called, the thread began there.
        return THREAD
    return plain(symbol(stack.outermost)) or place(stack.outermost)


def plain(name: str) -> str:
    """The name of a method without the mangling of its arguments: ``zmq::ctx_t::create_socket``."""
    rest, words = name.removeprefix("_ZN"), []
    while rest != name and (digits := re.match(r"\d+", rest)) is not None:
        end = digits.end() + int(digits[0])
        words.append(rest[digits.end() : end])
        rest = rest[end:]
    return "::".join(words) or name
