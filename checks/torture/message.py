"""The messages of a scenario: every part says which it is, and every octet of it is checked where it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SMALL, LARGE = (5, 40, 300), (40, 100_000, 100_000)
"""Octets of the three parts. libzmq keeps up to 33 in the message itself; 40 is the first that needs memory."""

FINAL = 100_000
"""Messages with this number or a higher one only ask whether anything still arrives; one of them is enough."""

PROBE = "H"
"""The sender of messages that ask the same before all was sent: at the beginning, or before a peer goes."""


EARLY, GIVEN_UP = (b"m" * 40, b"z", b"a", b"ab", b"n", b"ma", b"mz"), (b"z", b"a", b"ab", b"m" * 40)
"""Topics that are subscribed to besides everything, and those of them that are given up again.

The tables of a trie grow to the left and to the right by the first, and shrink on either side by the second.
"""


@dataclass(frozen=True, order=True)
class Label:
    """Part ``part`` of ``parts`` of message ``number`` of a sender."""

    sender: str
    number: int
    part: int
    parts: int

    @property
    def final(self) -> bool:
        """Whether the message is one of those that are sent until one arrives."""
        return self.number >= FINAL

    def __str__(self) -> str:
        return f"{self.sender}{self.number}.{self.part + 1}/{self.parts}"


def part(label: Label, size: int) -> bytes:
    """The octets of a part: its label, and a filling that depends on it; never shorter than the label."""
    head = f"{label.sender},{label.number},{label.part},{label.parts}|".encode()
    filling = bytes([65 + (label.number + label.part) % 26])
    return head + filling * max(0, size - len(head))


def message(sender: str, number: int, sizes: Sequence[int]) -> list[bytes]:
    """All parts of a message."""
    return [part(Label(sender, number, index, len(sizes)), size) for index, size in enumerate(sizes)]


def labels(sender: str, number: int, parts: int) -> list[str]:
    """The labels of a whole message, in words."""
    return [str(Label(sender, number, index, parts)) for index in range(parts)]


def recognised(octets: bytes, sizes: Sequence[int]) -> str:
    """The label of a part in words, or what is odd about it: not one octet may differ."""
    head, _, _ = octets.partition(b"|")
    fields = head.decode(errors="replace").split(",")
    if len(fields) == 4 and all(field.isdecimal() for field in fields[1:]):
        label = Label(fields[0], int(fields[1]), int(fields[2]), int(fields[3]))
        if label.part < len(sizes) and octets == part(label, sizes[label.part]):
            return str(label)
    return f"? {len(octets)} octets: {octets[:12].hex()}"


def is_final(octets: bytes) -> bool:
    """Whether a part is of a message that asks, after all others, if it arrives."""
    fields = octets.partition(b"|")[0].split(b",")
    return len(fields) == 4 and fields[1].isdigit() and int(fields[1]) >= FINAL and not is_probe(octets)


def is_probe(octets: bytes) -> bool:
    """Whether a part is of a message that asks, before others, if it arrives."""
    return octets.startswith(PROBE.encode() + b",")


def parsed(text: str) -> Label | None:
    """The label that some words are, or None for a part that is none of the scenario's."""
    sender, number = text[:1], text[1:].partition(".")[0]
    index, _, parts = text.partition(".")[2].partition("/")
    if sender.isalpha() and number.isdecimal() and index.isdecimal() and parts.isdecimal():
        return Label(sender, int(number), int(index) - 1, int(parts))
    return None
