"""What the tests of the shell stand on: bounded waits, threads that are joined, and a look at what is left behind."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any, Generic, TypeVar
from unittest.mock import patch

import pytest
from behaviour.stage import BOUND_MS, Stage
from interop.waiting import SECONDS, until

import enomem
from enomem.model.reference.monitor import Event, EventKind

DESCRIPTORS = Path("/proc/self/fd")
Answer = TypeVar("Answer")


def open_descriptors() -> set[str]:
    """The descriptors that this process has open; empty where the system does not tell."""
    return set(os.listdir(DESCRIPTORS)) if DESCRIPTORS.is_dir() else set()


class _Moment:
    def serve(self, milliseconds: int) -> None:
        select([], [], [], min(milliseconds, 1) / 1000)


def eventually(look: Callable[[], Answer], what: str) -> Answer:
    """What ``look`` returns as soon as that is not false: for what another thread does."""
    return until(look, what, _Moment())


class Call(Generic[Answer]):
    """A call made in another thread."""

    def __init__(self, call: Callable[..., Answer], *arguments: Any) -> None:
        self._answers: list[Answer] = []
        self._errors: list[BaseException] = []

        def run() -> None:
            try:
                self._answers.append(call(*arguments))
            except (OSError, AssertionError) as error:
                self._errors.append(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Has it not returned yet?"""
        return self._thread.is_alive()

    def answer(self) -> Answer:
        """What it returned, or raised; it is waited for."""
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), f"the call does not return within {SECONDS:g} s"
        if self._errors:
            raise self._errors[0]
        return self._answers[0]

    def waits_for(self, socket: enomem.Socket) -> "Call[Answer]":
        """Return as soon as the thread waits for a change of this socket."""
        core = socket._core
        eventually(lambda: core.waiters or core.listening or not self.running, f"a thread waits for {socket}")
        assert self.running, self.answer()
        return self


def met(socket: enomem.Socket) -> int:
    """How many peers a socket has shaken hands with."""
    return sum(session.ready for session in socket._core.sessions)


class Room(Stage):
    """A stage whose context can be made to measure."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.context.term()
        self.context = enomem.Context(**options)

    def pair(self, kind: str, other: str, **options: Any) -> tuple[enomem.Socket, enomem.Socket]:
        """Two sockets, of which the second has connected to the first; both know it."""
        first, second = self.bound(kind, **options), self.socket(other, **options)
        second.connect(first.last_endpoint)
        eventually(lambda: met(first) and met(second), "two sockets meet")
        return first, second

    @property
    def used(self) -> int:
        """What the context holds."""
        return self.context.memory().used


@contextmanager
def room(**options: Any) -> Iterator[Room]:
    """Sockets that are closed in the end; then no memory is held, no descriptor is left, no thread came to grief.

    And no wait was ended by its bound: a call whose wake-up was lost finds what it waits for when its time is over.
    """
    before, escaped, began = open_descriptors(), list[Any](), time.monotonic()
    with patch.object(threading, "excepthook", escaped.append):
        with Room(**options) as opened:
            yield opened
        assert opened.context.memory().used == 0
        del opened
    assert [(hook.exc_type, hook.exc_value) for hook in escaped] == []
    assert open_descriptors() - before == set()
    assert time.monotonic() - began < BOUND_MS / 1000, "something waited until its time was over"


def events_until(socket: enomem.Socket, kind: EventKind, timeout: float = SECONDS) -> list[Event]:
    """The events of a socket up to the first of a kind."""
    found = []
    for event in socket.events(timeout):
        found.append(event)
        if event.kind == kind:
            return found
    raise AssertionError(f"no {kind} came, only {found}")


@contextmanager
def fails(error: type[BaseException]) -> Iterator[Any]:
    """What is done in the block raises exactly this error, and none of a class below it."""
    with pytest.raises(error) as raised:
        yield raised
    assert raised.type is error


def unknown_host(*_: object) -> None:
    """What stands in for the system's resolver where it finds nothing."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
