"""Whether a library's threads in this process have nothing to do, as far as Linux tells: seen, and not waited out.

A thread that waits in ``epoll_wait`` is woken in the very call that gives it something to do, so that one which is seen
to wait there, and has not run since it was seen the last time, has done all that it was given. What the kernel may
still hold back between two sockets is counted: what one has sent, the other has received.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

TASKS, FILES = Path("/proc/self/task"), Path("/proc/self/fd")
SWITCHES = "voluntary_ctxt_switches:"
TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_LISTEN = 1, 8, 10
LENGTH = 216
"""Octets of Linux' ``tcp_info`` as far as they are read here: the fields up to ``tcpi_bytes_retrans``."""
RECEIVED, SENT = 128, 200
"""Where ``tcpi_bytes_received`` stands in it, and ``tcpi_bytes_sent``, ``tcpi_bytes_retrans``."""

Address = tuple[str, int]
Marks = tuple[tuple[str, str], ...]
"""The threads, and how often each has given up the processor."""


def told() -> bool:
    """Does this system tell what is asked here?  Not every system has ``/proc``, and not every ``/proc`` has this."""
    if not hasattr(socket, "TCP_INFO"):
        return False
    try:
        (TASKS / str(os.getpid()) / "syscall").read_text(encoding="ascii")
        (TASKS / str(os.getpid()) / "status").read_text(encoding="utf-8")
        with socket.socket() as one:
            return len(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LENGTH)) == LENGTH
    except OSError:
        return False


def idle(named: str) -> Marks | None:
    """Marks of the threads whose names begin so, if all of them wait for something to do; None if one does not."""
    found = []
    for task in sorted(os.listdir(TASKS)):
        folder = TASKS / task
        try:
            if not (folder / "comm").read_text(encoding="utf-8").startswith(named):
                continue
            if not _waits((folder / "syscall").read_text(encoding="ascii")):
                return None
            lines = (folder / "status").read_text(encoding="utf-8").splitlines()
        except OSError:
            return None  # It is ending.
        found.append((task, next(line for line in lines if line.startswith(SWITCHES))))
    return tuple(found)


def _waits(call: str) -> bool:
    """Is a thread, by the system call that it is in, waiting for one of its files?"""
    words = call.split()
    if len(words) < 2 or not words[1].startswith("0x"):
        return False
    try:
        return os.readlink(FILES / str(int(words[1], 16))) == "anon_inode:[eventpoll]"
    except (OSError, OverflowError):
        return False


def delivered(ports: Collection[int]) -> bool:
    """Has all arrived that this process sends to itself through these ports, the ends of connections too?"""
    infos = {ends: told for ends, told in _infos() if not {port for _, port in ends}.isdisjoint(ports)}
    for (here, there), (state, received, _) in infos.items():
        if state == TCP_ESTABLISHED and (there, here) not in infos:
            return False
        if (there, here) in infos and infos[there, here][2] != received:
            return False
    return True


def _infos() -> Iterator[tuple[tuple[Address, Address], tuple[int, int, int]]]:
    """Each connection by its two addresses: its state, how many octets it has received, and how many it has sent."""
    for name in os.listdir(FILES):
        try:
            if not os.readlink(FILES / name).startswith("socket:"):
                continue
            one = socket.socket(fileno=int(name))
        except OSError:
            continue  # It is closed.
        try:
            if one.family in (socket.AF_INET, socket.AF_INET6) and one.type == socket.SOCK_STREAM:
                info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LENGTH)
                sent, again = struct.unpack_from("QQ", info, SENT)
                (received,) = struct.unpack_from("Q", info, RECEIVED)
                if info[0] != TCP_LISTEN:
                    here, there = (name[:2] for name in (one.getsockname(), one.getpeername()))
                    yield (here, there), (info[0], received, sent - again)
        except OSError:
            continue  # It has no peer yet, or none any more.
        finally:
            one.detach()
