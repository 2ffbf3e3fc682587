"""The stage of the awaited sockets: they are closed in the end, programs are bounded, and nothing is left behind."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from interop.raw import Raw
from reference_stage import SECONDS, open_descriptors

import enomem
import enomem.aio

Answer = TypeVar("Answer")
Program = Callable[["Party"], Coroutine[Any, Any, Answer]]
TCP = "tcp://127.0.0.1:*"


class Party:
    """Awaited sockets of one context; their waits have no bound but the whole program's."""

    def __init__(self, **options: Any) -> None:
        self.context = enomem.aio.Context(**options)
        self.sockets: list[enomem.aio.Socket] = []
        self.raws: list[Raw] = []

    def socket(self, kind: str, **options: Any) -> enomem.aio.Socket:
        socket = self.context.socket(enomem.SocketType[kind])
        self.sockets.append(socket)
        for name, value in {"LINGER": 0, **options}.items():
            setattr(socket, name, value)
        return socket

    def bound(self, kind: str, **options: Any) -> enomem.aio.Socket:
        socket = self.socket(kind, **options)
        socket.bind(TCP)
        return socket

    def pair(self, kind: str, other: str, **options: Any) -> tuple[enomem.aio.Socket, enomem.aio.Socket]:
        first, second = self.bound(kind, **options), self.socket(other, **options)
        second.connect(first.last_endpoint)
        return first, second

    def peer(self, socket: enomem.aio.Socket, kind: str) -> Raw:
        raw = Raw.connect(socket.last_endpoint)
        raw.handshake(kind)
        self.raws.append(raw)
        return raw


@contextmanager
def party(**options: Any) -> Iterator[Party]:
    """Sockets that are closed in the end; then no memory is held, and no descriptor is left."""
    before = open_descriptors()
    opened = Party(**options)
    yield opened
    for raw in opened.raws:
        raw.close()
    opened.context.destroy(linger=0)
    assert opened.context.memory().used == 0
    assert open_descriptors() - before == set()


async def bounded(program: Coroutine[Any, Any, Answer]) -> Answer:
    async with asyncio.timeout(SECONDS):
        return await program


def run(program: Program[Answer], **options: Any) -> Answer:
    """Run a program in a loop of its own."""
    with party(**options) as opened:
        return asyncio.run(bounded(program(opened)))


def ticking() -> tuple["asyncio.Task[None]", list[float]]:
    """A task that does nothing else than to see how long the loop leaves it alone."""
    longest = [0.0]

    async def tick() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.001)
            longest[0] = max(longest[0], time.monotonic() - last)
            last = time.monotonic()

    return asyncio.create_task(tick()), longest
