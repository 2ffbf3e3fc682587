"""One end of a measured pair: ``python -m enomem.checks.bench.child JSON``, started twice by `sockets`.

The JSON says which library, which end and how many messages. The end that receives (or asks) reports, as one line of
JSON on its standard output, how long the messages after the warm-up took. The end that listens first reports where.
Every library is used through the names that it shares with pyzmq, with its defaults, and one thread of ours.
"""

from __future__ import annotations

import asyncio
import cProfile
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

LIBRARIES = {
    "pyzmq": ("zmq", "zmq"),
    "enomem": ("enomem", "enomem"),
    "enomem.aio": ("enomem.aio", "enomem"),
    "pyzmq.asyncio": ("zmq.asyncio", "zmq"),
    "pyomq": ("pyomq", "pyomq"),
}
"""By the names in the table: the module with ``Context``, and the one with the numbers."""

ASYNCHRONOUS = ("enomem.aio", "pyzmq.asyncio")

ENDS = {"receive": "PULL", "send": "PUSH", "answer": "REP", "ask": "REQ"}
"""The socket type of each end; those of `LISTENERS` listen, the others are told where."""

LISTENERS = ("receive", "answer")
MEASURING = ("receive", "ask")


@dataclass(frozen=True)
class Order:
    """What one end is to do: ``warm`` messages, then ``count`` measured ones, of ``parts`` parts of ``octets`` each.

    ``hwm`` bounds the messages in each queue, for messages so large that the usual 1000 would fill the memory.
    ``profile`` is a file for what cProfile saw of the measured messages, or empty.
    """

    library: str
    end: str
    parts: int
    octets: int
    warm: int
    count: int
    hwm: int
    profile: str = ""


@dataclass
class Clock:
    """Of the measured messages: seconds by the clock, and of the processor: the whole process, our thread."""

    seconds: float = 0.0
    process: float = 0.0
    thread: float = 0.0


@contextmanager
def measuring(clock: Clock, profile: str) -> Any:
    """Fill ``clock`` with what the block took; write its profile where one is wanted."""
    profiler = cProfile.Profile() if profile else None
    process, thread, began = time.process_time(), time.thread_time(), time.perf_counter()
    if profiler:
        profiler.enable()
    yield
    if profiler:
        profiler.disable()
        profiler.dump_stats(profile)
    clock.seconds = time.perf_counter() - began
    clock.process, clock.thread = time.process_time() - process, time.thread_time() - thread


def tell(**values: object) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def attached(order: Order) -> Any:
    """The end's socket: listening and its endpoint told, or connected to the endpoint that standard input says."""
    where, numbers = (importlib.import_module(name) for name in LIBRARIES[order.library])
    socket = where.Context().socket(getattr(numbers, ENDS[order.end]))
    for option in ("SNDHWM", "RCVHWM"):
        socket.setsockopt(getattr(numbers, option), order.hwm)
    socket.setsockopt(numbers.LINGER, 0)
    if order.end not in LISTENERS:
        socket.connect(sys.stdin.readline().strip())
        return socket
    socket.bind("tcp://127.0.0.1:0")
    endpoint = socket.getsockopt(numbers.LAST_ENDPOINT)
    tell(endpoint=endpoint.decode() if isinstance(endpoint, bytes) else endpoint)
    return socket


def check(order: Order, got: Any) -> None:
    """A fast library that brings something else has measured nothing."""
    parts = got if isinstance(got, list) else [got]
    if [len(part) for part in parts] != [order.octets] * order.parts:
        raise AssertionError(f"{order.library} brought parts of {[len(part) for part in parts]} octets")


def work(order: Order, socket: Any) -> Clock:
    """What one end does, with calls that wait."""
    clock, single = Clock(), order.parts == 1
    send: Callable[[Any], object] = socket.send if single else socket.send_multipart
    receive: Callable[[], Any] = socket.recv if single else socket.recv_multipart
    message: Any = bytes(order.octets) if single else [bytes(order.octets)] * order.parts
    got = message

    def rounds(count: int) -> Any:
        got = message
        match order.end:
            case "receive":
                for _ in range(count):
                    got = receive()
            case "send":
                for _ in range(count):
                    send(message)
            case "answer":
                for _ in range(count):
                    send(receive())
            case "ask":
                for _ in range(count):
                    send(message)
                    got = receive()
        return got

    check(order, rounds(order.warm))
    with measuring(clock, order.profile):
        got = rounds(order.count)
    check(order, got)
    return clock


async def work_async(order: Order, socket: Any) -> Clock:
    """The same, with calls that are awaited."""
    clock, single = Clock(), order.parts == 1
    send: Callable[[Any], Awaitable[object]] = socket.send if single else socket.send_multipart
    receive: Callable[[], Awaitable[Any]] = socket.recv if single else socket.recv_multipart
    message: Any = bytes(order.octets) if single else [bytes(order.octets)] * order.parts

    async def rounds(count: int) -> Any:
        got = message
        match order.end:
            case "receive":
                for _ in range(count):
                    got = await receive()
            case "send":
                for _ in range(count):
                    await send(message)
            case "answer":
                for _ in range(count):
                    await send(await receive())
            case "ask":
                for _ in range(count):
                    await send(message)
                    got = await receive()
        return got

    check(order, await rounds(order.warm))
    with measuring(clock, order.profile):
        got = await rounds(order.count)
    check(order, got)
    return clock


async def _asynchronous(order: Order) -> None:
    socket = attached(order)
    clock = await work_async(order, socket)
    tell(**vars(clock))
    # The last messages are on their way out of here only while the loop runs; the parent says when they are there.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    socket.close()


def main(text: str) -> None:
    """Do what the JSON says, tell what it took, and stay until standard input is closed."""
    order = Order(**json.loads(text))
    if order.library in ASYNCHRONOUS:
        asyncio.run(_asynchronous(order))
        return
    socket = attached(order)
    clock = work(order, socket)
    tell(**vars(clock))
    sys.stdin.read()
    socket.close()


if __name__ == "__main__":
    main(sys.argv[1])
