"""What is exchanged with whom: the legal pairs of socket types, who binds, and messages of every shape."""

from dataclasses import dataclass
from random import Random

from .ends import Parts

PAIRS = (
    ("PAIR", "PAIR"),
    ("PUB", "SUB"),
    ("PUB", "XSUB"),
    ("XPUB", "SUB"),
    ("XPUB", "XSUB"),
    ("REQ", "REP"),
    ("REQ", "ROUTER"),
    ("DEALER", "REP"),
    ("DEALER", "DEALER"),
    ("DEALER", "ROUTER"),
    ("ROUTER", "ROUTER"),
    ("PUSH", "PULL"),
)
"""RFC 37 Socket-Type: every pair that may talk, the side that begins the talk first."""

TYPES = tuple(sorted({kind for pair in PAIRS for kind in pair}))
STRANGERS = tuple((a, b) for a in TYPES for b in TYPES if (a, b) not in PAIRS and (b, a) not in PAIRS)
"""Every ordered pair that may not talk."""

EDGES = (0, 1, 33, 34, 255, 256, 8191, 8192, 8193, 65535, 65536, 65537)
"""Sizes in octets at which somebody's representation of a part changes: libzmq's small messages end at 33, short frames
at 255, its buffers at 8192; enomem reads bodies over 65536 apart."""

LARGE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Side:
    """Which part of a pair the subject plays, and whether it binds."""

    pair: tuple[str, str]
    first: bool
    binds: bool

    @property
    def own(self) -> str:
        return self.pair[0 if self.first else 1]

    @property
    def other(self) -> str:
        return self.pair[1 if self.first else 0]

    def __str__(self) -> str:
        return f"{self.own}_{'binds' if self.binds else 'connects'}_{self.other}"


SIDES = tuple(
    Side(pair, first, binds)
    for pair in PAIRS
    for first in ((True, False) if pair[0] != pair[1] else (True,))
    for binds in (True, False)
)


def body(size: int, number: int) -> bytes:
    """That many octets, every value among them, different for each number."""
    return (bytes((number + octet) % 256 for octet in range(min(size, 256))) * (size // 256 + 1))[:size]


def filled() -> list[Parts]:
    """Messages of 1 to 20 parts, none of them empty: each edge alone, and any mixture, the same each time."""
    draw = Random(37)
    alone = [[body(size, 1)] for size in EDGES[1:]]
    counted = [[body(part + 1, part) for part in range(count)] for count in range(1, 21)]
    mixed = [[body(draw.choice(EDGES[1:]), draw.randrange(256)) for _ in range(draw.randint(1, 20))] for _ in range(10)]
    return alone + counted + mixed


def empty() -> list[Parts]:
    """Messages with empty parts in every place."""
    few = [[b""], [b"", b""], [b"", b"x"], [b"x", b""], [b"x", b"", b"y"], [b""] * 20]
    return [*few, *([body(size, 2), b"", body(size, 3)] for size in EDGES)]


SHAPES = {"filled": filled(), "empty": empty()}


def large() -> list[Parts]:
    """The few that take long: the largest part alone, and between small ones."""
    return [[body(LARGE, 3)], [b"", body(LARGE, 5), b"x", body(LARGE // 16, 7), b""]]
