"""An application that talks from PUSH to PULL over TCP, what is refused meanwhile, and what must be true all the time.

The application is the model's (``model/application.py``), so a defect of it is at work here as well. What is held is
what the properties of the specification say, in terms of what an application sees: its answers, what arrives, and
whether the context's books add up. No rule of the machines is repeated here.
"""

import socket as os_socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from enomem import (
    DONTWAIT,
    KEEP,
    RESERVE,
    SKIP,
    SNDMORE,
    Again,
    Context,
    EventKind,
    NoMemory,
    PeerGone,
    SendPolicy,
    Site,
    Socket,
)  # fmt: skip
from enomem.model import system as systems
from enomem.model.application import Application, Recovery
from enomem.model.reference.weights import Weights
from enomem.model.send import Answer

PARTS, MESSAGES, HWM = 3, 4, 2
SLOTS, CHUNK = 2, 32
"""Chunks are small, so that there are several in a message."""
LARGE = bytes(2_000_000)
CALLS = 60
"""More calls than any talk needs."""
SENDING = (Site.BODY, Site.SLOT, Site.RESERVATION)


class Misbehaved(AssertionError):
    """Something happened that the specification excludes."""


@dataclass(frozen=True)
class Upset:
    """What goes wrong: which allocations of the sender are ``refused``, by number; the pool's ``limit``, if it has one;
    before which call the application's ``own`` allocation fails."""

    refused: tuple[int, ...] = ()
    limit: int | None = None
    own: int = -1


class Talk:
    """Two contexts with a socket each; ``seconds`` is how long to wait for what should come."""

    def __init__(
        self, policy: SendPolicy, recovery: Recovery, upset: Upset, seconds: float, record: Path | None
    ) -> None:
        self.policy, self.recovery, self.upset, self.seconds = policy, recovery, upset, seconds
        self.asked: list[Site] = []
        self.refusals = self.calls = 0
        self.sites: set[Site] = set()
        allocator = self._may if upset.limit is None else None
        self.sender = Context(upset.limit, policy, allocator=allocator, record=record)
        self.receiver = Context(record=None if record is None else record.with_suffix(".receiver"))
        self.sockets: list[Socket] = []
        self.app = Application()
        self.completed: list[int] = []
        self.swallowed: set[int] = set()
        self.received: list[int] = []
        self.used: list[int] = []
        self.clean = 0

    def _may(self, site: Site, size: int) -> bool:
        if site not in SENDING:
            return True
        self.sites.add(site)
        if self.policy == RESERVE and site != Site.RESERVATION:
            # Sent part by part, only the first one's memory is reserved: the others may be refused, and are not here.
            return True
        self.asked.append(site)
        granted = len(self.asked) - 1 not in self.upset.refused
        self.refusals += not granted
        return granted

    def socket(self, context: Context, kind: int, **options: int | bytes) -> Socket:
        socket = context.socket(kind)
        self.sockets.append(socket)
        socket.monitor_events()
        milliseconds = int(1000 * self.seconds)
        for name, value in {"RCVTIMEO": milliseconds, "SNDTIMEO": milliseconds, "RECONNECT_IVL": 1, **options}.items():
            setattr(socket, name, value)
        return socket

    # --- sending

    def call(self, socket: Socket, flags: int = 0) -> Answer:
        """The application's next call; bound to end in one of the answers that there are."""
        if self.calls == self.upset.own:
            self._own_allocation_fails(socket)
        self.calls += 1
        if self.calls > CALLS:
            raise Misbehaved("the application gets nowhere")
        message, last = self.app.message, self.app.part == PARTS - 1
        if self.app.part == 0:
            self.clean = self.held()
        answer = self.answer(lambda: socket.send(label(message, self.app.part), flags | (0 if last else SNDMORE)))
        self._holds(answer, last)
        if answer == Answer.OK and last:
            self.completed.append(message)
        self.app = systems.answered(self.app, self.recovery, answer, last, True)
        if self.policy == SKIP and answer == Answer.NO_MEMORY and not last:
            # Whatever the application sends next is taken for the rest of the refused message.
            self.swallowed.add(self.app.message)
        return answer

    def whole(self, socket: Socket) -> Answer:
        """The application sends a whole message at once, and the same again if it was refused."""
        message = self.app.message
        self.calls += 1
        if self.calls > CALLS:
            raise Misbehaved("the application gets nowhere")
        self.clean = self.held()
        answer = self.answer(lambda: socket.send_multipart([label(message, part) for part in range(PARTS)]))
        if answer == Answer.NO_MEMORY and self.held() > self.clean:
            raise Misbehaved("send_multipart was refused, and something of the message is held")
        if self.policy == RESERVE and {Site.BODY, Site.SLOT} & self.sites:
            raise Misbehaved("memory was asked for though it was reserved")
        if answer == Answer.OK:
            self.completed.append(message)
            self.app = Application(message + 1)
        return answer

    def answer(self, call: Callable[[], None], told: bool = True) -> Answer:
        """Make a call: what it answers has to be true, and the books have to add up after it.

        Who publishes is not ``told`` of refusals.
        """
        refusals = self.refusals
        try:
            call()
        except NoMemory as error:
            if self.refusals == refusals and self.upset.limit is None:
                raise Misbehaved("ENOMEM, and nothing was refused") from error
            found = Answer.NO_MEMORY
        except Again:
            found = Answer.FULL
        except PeerGone:
            found = Answer.GONE
        else:
            found = Answer.OK
        if told and self.refusals > refusals and found != Answer.NO_MEMORY:
            raise Misbehaved(f"{found.value!r}, and memory was refused")
        self.books()
        return found

    def filled(self, socket: Socket, most: int) -> int:
        """Send large messages until the pipe is full; returns how many that were."""
        for sent in range(most):
            if self.answer(lambda: socket.send(LARGE, DONTWAIT)) == Answer.FULL:
                return sent
        raise Misbehaved(f"{most} messages were sent, and nobody takes them")

    def _holds(self, answer: Answer, last: bool) -> None:
        if answer == Answer.FULL and self.app.part > 0:
            raise Misbehaved("EAGAIN in the middle of a message")
        if answer == Answer.NO_MEMORY and self.policy not in (KEEP, RESERVE) and self.held() > self.clean:
            raise Misbehaved("a refused message is held")
        if answer == Answer.NO_MEMORY and self.policy == KEEP and self.app.part > 0 and self.held() <= self.clean:
            raise Misbehaved("nothing is kept")

    def _own_allocation_fails(self, socket: Socket) -> None:
        begun = self.app.part > 0
        self.app = systems.recovered(self.app, self.recovery, True)
        if begun and systems.must_abort(self.recovery):
            socket.abort_message()
            self.books()
            if self.held() > self.clean:
                raise Misbehaved("an aborted message is held")

    def held(self) -> int:
        """What the sender holds of messages."""
        sites = self.sender.memory().sites
        return sum(sites[site] for site in SENDING)

    def books(self) -> None:
        """Every octet is held by somebody, and none beyond the bound."""
        memory = self.sender.memory()
        self.used.append(memory.used)
        if memory.limit is not None and memory.used > memory.limit:
            raise Misbehaved(f"{memory.used} octets are used of {memory.limit}")

    # --- receiving

    def receive(self, socket: Socket) -> None:
        """Receive until every message has arrived that was accepted: whole, once, in order."""
        owed = [number for number in self.completed if number not in self.swallowed]
        while owed and (not self.received or self.received[-1] < owed[-1]):
            try:
                self.took(socket.recv_multipart())
            except Again:
                raise Misbehaved(f"{owed[-1]} was accepted and does not arrive") from None
        if not set(owed) <= set(self.received):
            raise Misbehaved(f"{owed} were accepted, and {self.received} arrived")

    def took(self, message: list[bytes]) -> None:
        number = int(message[0].partition(b".")[0])
        if message != [label(number, part) for part in range(PARTS)]:
            raise Misbehaved(f"{message} arrived, which nobody sent")
        if number not in self.completed:
            raise Misbehaved(f"{number} arrived, which was never accepted")
        if self.received and number <= self.received[-1]:
            raise Misbehaved(f"{number} arrived after {self.received[-1]}")
        self.received.append(number)

    def until(self, what: str, done: Callable[[], bool]) -> None:
        """Look again and again, for what no event tells."""
        end = time.monotonic() + self.seconds
        while not done():
            if time.monotonic() > end:
                raise Misbehaved(f"never: {what}")

    def seen(self, socket: Socket, kind: EventKind) -> None:
        for event in socket.events(self.seconds):
            if event.kind == kind:
                return
        raise Misbehaved(f"never: {kind.value}")

    # --- the end

    def close(self) -> None:
        """Close everything, in bounded time; nothing may be left in the pools."""
        for socket in self.sockets:
            socket.close(0)
        for context in (self.sender, self.receiver):
            closer = threading.Thread(target=context.term, daemon=True)
            closer.start()
            closer.join(self.seconds)
            if closer.is_alive():
                raise Misbehaved("a context does not end")
            if context.failure is not None:
                raise Misbehaved("the I/O thread failed") from context.failure
            if context.memory().used:
                raise Misbehaved(f"{context.memory().used} octets are held at the end")

    def wreck(self) -> None:
        """End what misbehaved, without asking the machines."""
        for context in (self.sender, self.receiver):
            with context.lock:
                for core in context.cores:
                    wreck_socket(core)
                context.cores.clear()
                context.line.clear()
                context.closed = True
                context.socket_gone()
            context.reactor.stop()
            if context.recorder is not None:
                context.recorder.close()


def wreck_socket(core: Any) -> None:
    core.closed = True
    for connection in list(core.connections):
        connection.open = False
        connection.descriptor.close()
    for target in core.targets:
        if target.attempt is not None:
            target.attempt.close()
    for listener in core.listeners.values():
        listener.descriptor.close()
    for signal in (core.bell, core.signal):
        if signal is not None:
            signal.close()


def label(message: int, part: int) -> bytes:
    return b"%d.%d" % (message, part)


@contextmanager
def talking(
    policy: SendPolicy, recovery: Recovery, upset: Upset, seconds: float, record: Path | None = None
) -> Iterator[Talk]:
    """A talk that is closed at its end; whatever else than an answer comes out of it is misbehaviour."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Weights, "slots", SLOTS)
        patch.setattr(Weights, "chunk", CHUNK)
        talk = Talk(policy, recovery, upset, seconds, record)
        try:
            yield talk
            talk.close()
        except Misbehaved:
            talk.wreck()
            raise
        except Exception as error:
            talk.wreck()
            raise Misbehaved(f"{type(error).__name__}: {error}") from error


@contextmanager
def endpoint() -> Iterator[str]:
    """An endpoint at which nobody listens, and which nobody else can take meanwhile."""
    with os_socket.socket() as keeper:
        keeper.setsockopt(os_socket.SOL_SOCKET, os_socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield f"tcp://127.0.0.1:{keeper.getsockname()[1]}"
