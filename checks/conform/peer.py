"""The other side of the testee: a peer of plain octets, and a port at which the testee's connections arrive.

One thread, nothing blocks: a wait looks, lets the testee work, reads what has come, and looks again. Its bound decides
nothing by itself (see ``bench.Bench.silent``).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence
from select import select
from time import monotonic
from typing import Protocol, TypeVar

from . import octets
from .case import Deviation, Silent, Unsupported, equal
from .octets import COMMAND, MORE, Frame, Stream
from .transcript import Transcript, literal

HOST = "127.0.0.1"
MOMENT = 0.01
"""Seconds for which a peer waits for octets before the testee is served again."""
MOST = 1 << 20
STOPPED = 0.5
"""Seconds in which a testee that reads nothing has stopped reading."""
ALL = 10_000
"""More octets than a program of a deviation hears before the connection ends, or nothing comes any more."""
PATIENCE = 10
"""So many times what is waited for one frame a testee may send others instead."""
Found = TypeVar("Found")
Heard = list[bytes]
"""A message, or a command as its name and its data."""


class Clerk(Protocol):
    """Who knows how long to wait, serves the testee meanwhile, and says what it means that nothing came."""

    log: Transcript
    seconds: float

    def idle(self) -> bool:
        """Let the testee work for a moment; was that a wait?"""
        ...

    def silent(self, what: str) -> Silent:
        """What it means that ``what`` did not come within the bound."""
        ...


class Peer:
    """One connection to the testee, which says what a case tells it to and nothing by itself."""

    def __init__(self, connection: socket.socket, name: str, clerk: Clerk) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection, self.name, self.clerk = connection, name, clerk
        self.came, self.ended = Stream(), False
        self._told_end = False
        self._greeted = False
        self._version = (3, 1)
        self._parts: Heard = []
        self._spoke = monotonic()

    # --- octets

    def until(self, look: Callable[[], Found], what: str) -> Found:
        """What ``look`` returns as soon as that is true of it; `Silent` if that is not within the bound."""
        bound = monotonic() + self.clerk.seconds
        while not (found := look()):
            if monotonic() > bound:
                self._hear(ALL, "nothing more comes, and no end")
                raise self.clerk.silent(what)
            waited = self.clerk.idle()
            self._read(0 if waited else MOMENT)
        return found

    def _read(self, seconds: float) -> None:
        if self.ended:
            return
        if not select([self.connection], [], [], seconds)[0]:
            return
        try:
            data = self.connection.recv(MOST)
        except ConnectionError:
            # A reset is a close like any other.
            data = b""
        self.came.data += data
        self.ended = not data

    def send(self, data: bytes, what: str = "") -> None:
        """Send octets, unless the testee has closed the connection."""
        self.clerk.log.add(f"tell({self.name}, {literal(data)})", what)
        self.push(data)

    def push(self, data: bytes) -> None:
        """`send`, unseen by the transcript."""
        self._spoke = monotonic()
        left = memoryview(data)

        def sent() -> bool:
            nonlocal left
            try:
                left = left[self.connection.send(left) :]
            except BlockingIOError:
                return False
            except ConnectionError:
                self.ended = True
            return self.ended or not left

        self.until(sent, "the testee reads")

    def pause(self) -> None:
        """Let what was sent travel alone: the testee has a moment to read it before more comes."""
        self.clerk.log.add("time.sleep(0.01)")
        self._read(MOMENT)

    def accepted(self, data: bytes) -> bool:
        """Send octets as far as the testee reads them; False if it has stopped, and then nothing more can be sent.

        It has stopped when it takes nothing for half a second, in which others would have been served often.
        """
        self.clerk.log.add(f"tell({self.name}, {literal(data)})")
        left = memoryview(data)
        bound = monotonic() + STOPPED
        while left and monotonic() < bound:
            select([], [self.connection], [], MOMENT)
            try:
                left = left[self.connection.send(left) :]
            except BlockingIOError:
                continue
            bound = monotonic() + STOPPED
        return not left

    # --- the handshake

    def greet(self, data: bytes | None = None) -> bytes:
        """Send a greeting and wait for the testee's 64 octets; Unsupported if it speaks ZMTP 2.0 or older."""
        if data is not None or not self._greeted:
            self.send(octets.greeting() if data is None else data, "greeting")
        self._greeted = True
        size = self.until(self._greeting_there, "the testee sends a greeting")
        if size < octets.GREETING:
            raise Deviation("a greeting of the testee", f"the connection ends after {len(self.came.data)} octets")
        self._hear(octets.GREETING, "its greeting")
        return self.came.greeting

    def version_said(self) -> tuple[int, int]:
        """Greet, and read which version the testee says, be it one that no peer of this suite can speak to."""
        self.send(octets.greeting(), "greeting")
        came = self.came.data
        self.until(lambda: self.ended or len(came) > octets.OLDER_GREETING, "the testee says its version")
        if len(came) <= octets.OLDER_GREETING:
            raise Deviation("a version", f"the connection ends after {len(came)} octets")
        self._hear(octets.OLDER_GREETING + 1, "the beginning of its greeting")
        return came[octets.OLDER_GREETING - 1], came[octets.OLDER_GREETING]

    def _greeting_there(self) -> int:
        came = self.came.data
        if len(came) >= octets.OLDER_GREETING and came[10] < 3:
            raise Unsupported(f"ZMTP 3: the testee's greeting says {came[10] + 1}.0")
        if self.ended:
            return max(1, min(len(came), octets.GREETING - 1))
        return octets.GREETING if len(came) >= octets.GREETING else 0

    def shake(self, kind: str, identity: bytes | None = None, version: tuple[int, int] = (3, 1)) -> dict[str, bytes]:
        """Greet, say READY, wait for the testee's, and return its properties; traffic may begin then."""
        self._version = version
        self.greet(octets.greeting(version))
        self.send(octets.ready(kind, identity), "READY")
        return self.its_ready()

    @property
    def speaks_3_1(self) -> bool:
        """Do both say 3.1 or above? A peer that meets 3.0 speaks 3.0, in which no command is about subscriptions."""
        return self._version >= (3, 1) and tuple(self.came.data[10:12]) >= (3, 1)

    def need_3_1(self) -> None:
        """`Unsupported` unless the testee speaks 3.1."""
        if not self.speaks_3_1:
            raise Unsupported("ZMTP 3.1, and the testee speaks 3.0")

    def its_ready(self) -> dict[str, bytes]:
        """The properties of the testee's READY, which has to come next."""
        return self.properties(b"READY")

    def properties(self, name: bytes) -> dict[str, bytes]:
        """The properties of the testee's next frame, which has to be a command of that name."""
        frame = self.frame()
        equal("the testee's next command", frame.name, name)
        try:
            return octets.properties(frame.data)
        except ValueError as error:
            raise Deviation("well-formed metadata", str(error)) from None

    # --- traffic

    def frame_or_end(self, what: str = "a frame or the end comes") -> Frame | None:
        """The next frame, or None when the testee has closed the connection.

        `Deviation` of a testee that sends on and on: what was asked of it last is not among all that has come since.
        """
        if monotonic() - self._spoke > PATIENCE * self.clerk.seconds:
            raise Deviation(what, f"other frames come, for {PATIENCE * self.clerk.seconds:g} s, without an end")
        found: list[Frame | None] = []

        def look() -> bool:
            frame = self.came.frame()
            if frame is not None or self.ended:
                found.append(frame)
            return bool(found)

        self.until(look, what)
        (frame,) = found
        if frame is None:
            self._hear_end()
        else:
            self._hear(frame.head + len(frame.body), str(frame))
        return frame

    def frame(self, what: str = "a frame comes") -> Frame:
        """The next frame; `Deviation` if the connection ends instead."""
        frame = self.frame_or_end(what)
        if frame is None:
            raise Deviation(what, "the connection ends")
        return frame

    def heard_next(self) -> Heard | None:
        """The next message, or command as [name, data]; None at the end. What a message was cut off at is left out."""
        parts: Heard = []
        while True:
            frame = self.frame_or_end()
            if frame is None:
                return None
            if frame.flags & COMMAND:
                return [frame.name, frame.data]
            parts.append(frame.body)
            if not frame.flags & MORE:
                return parts

    def answer(self) -> Heard | None:
        """The next command, but for what a subscriber tells every publisher; messages are passed over as well."""
        while (item := self._next_command()) is not None:
            if item[0] not in (b"SUBSCRIBE", b"CANCEL"):
                return item
        return None

    def _next_command(self) -> Heard | None:
        while (frame := self.frame_or_end()) is not None:
            if frame.flags & COMMAND:
                return [frame.name, frame.data]
        return None

    def message(self) -> Heard:
        """The next message, commands before it left out."""
        while True:
            frame = self.frame("a message comes")
            if frame.flags & COMMAND:
                continue
            self._parts.append(frame.body)
            if not frame.flags & MORE:
                parts, self._parts = self._parts, []
                return parts

    def arrived(self) -> list[Heard]:
        """The messages that are there or come within a moment."""
        self._read(MOMENT)
        found: list[Heard] = []
        while (frame := self.came.frame()) is not None:
            self._hear(frame.head + len(frame.body), str(frame))
            if frame.flags & COMMAND:
                continue
            self._parts.append(frame.body)
            if not frame.flags & MORE:
                found.append(self._parts)
                self._parts = []
        return found

    def heard(self, rounds: int = 2) -> list[Heard]:
        """All that the testee has sent by the time it has answered two PINGs, one after the other.

        An answer may overtake messages that wait to be written; when it is followed by another they are written, and
        what this peer has sent has been taken in.
        """
        found: list[Heard] = []
        for _ in range(rounds):
            self.send(octets.ping(b"settled"), "PING")
            while (item := self.heard_next()) != [b"PONG", b"settled"]:
                if item is None:
                    raise Deviation("a PONG", "the connection ends")
                found.append(item)
        return found

    def settle(self) -> None:
        """Wait until the testee has taken in all that this peer has sent."""
        self.heard()

    def told(self, verb: bytes, topic: bytes) -> Heard:
        """How this connection says SUBSCRIBE or CANCEL: a command since 3.1, a message before."""
        if self.speaks_3_1:
            return [verb, topic]
        return [(b"\1" if verb == b"SUBSCRIBE" else b"\0") + topic]

    def subscribe(self, *topics: bytes) -> None:
        """Subscribe to topics."""
        self._tell(b"SUBSCRIBE", topics)

    def cancel(self, *topics: bytes) -> None:
        """Cancel subscriptions."""
        self._tell(b"CANCEL", topics)

    def _tell(self, verb: bytes, topics: Sequence[bytes]) -> None:
        said = [self.told(verb, topic) for topic in topics]
        frames = [octets.command(*parts) if self.speaks_3_1 else octets.message(*parts) for parts in said]
        self.send(b"".join(frames), verb.decode() + ("" if self.speaks_3_1 else ", as 3.0 says it"))

    def goes_on(self) -> bool:
        """Does the testee answer a PING, or close the connection instead? Whatever comes before that is passed over."""
        self.send(octets.ping(b"still there"), "PING")
        while (item := self.heard_next()) is not None:
            if item == [b"PONG", b"still there"]:
                return True
        return False

    def ends(self) -> None:
        """Wait until the testee has closed the connection."""
        self.until(lambda: self.ended, "the testee closes the connection")
        self._hear_end()

    def _hear(self, count: int, what: str) -> None:
        self.clerk.log.add(f"hear({self.name}, {count})", what)

    def _hear_end(self) -> None:
        if not self._told_end:
            self._hear(ALL, "the connection ends")
        self._told_end = True

    # --- the end

    def close(self) -> None:
        """End the connection."""
        if self.connection.fileno() >= 0:
            self.clerk.log.add(f"{self.name}.close()")
            self.drop()

    def drop(self) -> None:
        """`close`, unseen by the transcript."""
        self.connection.close()
        self.ended = True

    def reset(self) -> None:
        """End it as a killed peer does: RST."""
        linger = struct.pack("ii", 1, 0)
        self.clerk.log.add(f"{self.name}.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, {literal(linger)})")
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()


class Listener:
    """A port at which the case takes the testee's connections itself."""

    def __init__(self, name: str, clerk: Clerk) -> None:
        self.listener = socket.create_server((HOST, 0))
        self.listener.setblocking(False)
        self.name, self.clerk = name, clerk
        self.endpoint = f"tcp://{HOST}:{self.listener.getsockname()[1]}"
        self.clerk.log.add(f'{name} = socket.create_server(("{HOST}", 0))')

    def accept(self, name: str) -> Peer:
        """The next connection, waiting for it."""
        bound = monotonic() + self.clerk.seconds
        while not select([self.listener], [], [], 0 if self.clerk.idle() else MOMENT)[0]:
            if monotonic() > bound:
                raise self.clerk.silent("the testee connects")
        self.clerk.log.add(f"{name}, _ = {self.name}.accept()")
        return Peer(self.listener.accept()[0], name, self.clerk)

    def waiting(self) -> bool:
        """Is somebody there whom nobody has accepted?"""
        return bool(select([self.listener], [], [], 0)[0])

    def close(self) -> None:
        """Take no more connections."""
        self.listener.close()
