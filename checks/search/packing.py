"""States as a few 64-bit words: where each leaf's bits are, and back.

A leaf of range low..high takes the bits of high - low; one that cannot vary takes none. The leaves of one member
of the symmetric tuple lie side by side in one word, in the same order for all members, so that members can be
compared and exchanged as numbers. The top bit of the first word is never set: it marks an empty place in a table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import OurFault
from ..symbolic.shape import Leaf, Shape
from ..symbolic.symbols import form_of

Words = tuple[NDArray[np.uint64], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """Where a leaf lies: its word, the shift within it, and its number of bits."""

    leaf: Leaf
    word: int
    shift: int
    bits: int

    @property
    def low(self) -> int:
        """What a stored 0 means."""
        assert self.leaf.low is not None
        return self.leaf.low


class Packing:
    """The layout of all states of one shape."""

    def __init__(self, shape: Shape, symmetric: str | None) -> None:
        self.shape = shape
        self.fields: dict[str, Field] = {}
        self.groups: list[tuple[int, int, int]] = []
        self._used = [0]
        for block, in_group in _blocks(shape, symmetric):
            self._place(block, in_group)
        self.words = len(self._used)
        self.bits = sum(self._used)

    def _place(self, block: Sequence[Leaf], in_group: bool) -> None:
        sizes = [_bits(leaf) for leaf in block]
        total = sum(sizes)
        if total > 63:
            if in_group:
                self.groups.append((-1, 0, total))
            for leaf in block:
                self._place_one(leaf)
            return
        word, shift = self._room(total)
        if in_group:
            self.groups.append((word, shift, total))
        for leaf, bits in zip(block, sizes, strict=True):
            self.fields[leaf.name] = Field(leaf, word, shift, bits)
            shift += bits
        self._used[word] = max(self._used[word], shift)

    def _place_one(self, leaf: Leaf) -> None:
        bits = _bits(leaf)
        word, shift = self._room(bits)
        self.fields[leaf.name] = Field(leaf, word, shift, bits)
        self._used[word] = shift + bits

    def _room(self, bits: int) -> tuple[int, int]:
        for word, used in enumerate(self._used):
            if used + bits <= 63:
                return word, used
        self._used.append(0)
        return len(self._used) - 1, 0

    @property
    def exchangeable(self) -> bool:
        """Can members of the symmetric tuple be put in order?"""
        return len(self.groups) > 1 and all(word >= 0 for word, _, _ in self.groups)

    def pack(self, state: object) -> tuple[int, ...]:
        """The words of one state; OurFault if a leaf is out of its declared range."""
        outside = self.shape.escape(state)
        if outside is not None:
            raise OurFault(outside)
        words = [0] * self.words
        for leaf, value in zip(self.shape.leaves, self.shape.values(state), strict=True):
            place = self.fields[leaf.name]
            words[place.word] |= (form_of(value).const - place.low) << place.shift
        return tuple(words)

    def unpack(self, words: Sequence[int]) -> Any:
        """The state that ``words`` encode."""

        def value(leaf: Leaf) -> Any:
            place = self.fields[leaf.name]
            raw = (int(words[place.word]) >> place.shift) & ((1 << place.bits) - 1)
            return leaf.value(raw + place.low)

        return self.shape.build(value)

    def ordered(self, words: Words) -> Words:
        """The same states with the members of the symmetric tuple in ascending order."""
        parts = [(words[word] >> np.uint64(shift)) & np.uint64((1 << bits) - 1) for word, shift, bits in self.groups]
        for end in range(len(parts) - 1, 0, -1):
            for i in range(end):
                parts[i], parts[i + 1] = np.minimum(parts[i], parts[i + 1]), np.maximum(parts[i], parts[i + 1])
        changed = list(words)
        for word, shift, bits in self.groups:
            changed[word] = changed[word] & np.uint64(((1 << 64) - 1) ^ (((1 << bits) - 1) << shift))
        for (word, shift, _), part in zip(self.groups, parts, strict=True):
            changed[word] = changed[word] | (part << np.uint64(shift))
        return tuple(changed)


def _bits(leaf: Leaf) -> int:
    if leaf.low is None or leaf.high is None:
        raise OurFault(f"{leaf.name} has no declared range and cannot be searched")
    return (leaf.high - leaf.low).bit_length()


def _blocks(shape: Shape, symmetric: str | None) -> list[tuple[list[Leaf], bool]]:
    """The leaves in blocks that must lie side by side: a block for each member of the symmetric tuple."""
    members: dict[int, list[Leaf]] = {}
    rest: list[Leaf] = []
    for leaf in shape.leaves:
        found = re.match(rf"{re.escape(symmetric)}\[(\d+)\]\.", leaf.name) if symmetric else None
        if found:
            members.setdefault(int(found[1]), []).append(leaf)
        else:
            rest.append(leaf)
    return [(block, True) for block in members.values()] + [([leaf], False) for leaf in rest]
