"""What the parts of one pipe weigh, in octets: the costs that the send machine is given by a running socket.

A part weighs its octets and `PART` for what Python and the pipe keep of it; a chunk of a pipe is `CHUNK` octets for
`SLOTS` parts. Constants, so that what a pool of so many octets can hold is the same on every machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..connection import Upkeep
from ..pipe import Pipe

PART = 64
SLOTS = 256
CHUNK = SLOTS * 16

READ = 32 * 1024
"""Octets read at once from a connection."""
SMALL = 8 * 1024
"""Bodies larger than this are charged, and then read into memory of their own."""
UPKEEP = Upkeep(session=2048, engine=2 * READ, shake=2 * SMALL - 4096, beat=1024, timer=1024)
"""What one connection needs besides messages: what it is itself; what is read, read and not yet queued, joined for
writing; its handshake, and its half-read small frame; its timers."""
CONNECTION = UPKEEP.whole
"""All of it: charged when it is made, and given back when it is destroyed, under RESERVED."""
LISTENER = 1024
SOCKET = 1024
TOPIC = 128


@dataclass(frozen=True, slots=True)
class Measured:
    """The weights of a pipe's parts at one moment, for a record."""

    part: int
    chunk: int
    slots: int
    committed: int
    tail: tuple[int, ...]
    announced: int

    def bodies(self, pipe: Pipe) -> int:
        """All parts that ``pipe`` holds, in octets."""
        return (self.committed if pipe.parts > 0 else 0) + sum(self.tail[: pipe.tail])

    def message(self, parts: int) -> int:  # noqa: ARG002 - the octets were announced, the number is not enough
        """All parts of the message that is about to be sent, in octets."""
        return self.announced


class Weights:
    """The weights of a pipe's parts as they come and go; ``part`` is the one that is being sent."""

    __slots__ = ("announced", "committed", "part", "tail")
    chunk = CHUNK
    slots = SLOTS

    def __init__(self) -> None:
        self.part = 0
        self.committed = 0
        self.tail: list[int] = []
        self.announced = 0

    def bodies(self, pipe: Pipe) -> int:
        """All parts that ``pipe`` holds, in octets."""
        # Only three pipes are ever asked about: as it is, with a shorter tail, and empty.
        return (self.committed if pipe.parts > 0 else 0) + sum(self.tail[: pipe.tail])

    def message(self, parts: int) -> int:  # noqa: ARG002 - the octets were announced, the number is not enough
        """All parts of the message that is about to be sent, in octets."""
        return self.announced

    def recorded(self) -> Measured:
        """The weights as they are now, for a record."""
        return Measured(self.part, self.chunk, self.slots, self.committed, tuple(self.tail), self.announced)


def weight(parts: Iterable[bytes]) -> int:
    """What a message of these parts weighs, in octets."""
    return sum(len(part) + PART for part in parts)
