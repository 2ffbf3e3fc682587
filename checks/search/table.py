"""Sets of packed states: open addressing, whole states compared, a batch at a time.

``Table`` holds states of any number of words and numbers them, for graphs. ``WordSet`` holds states of one word
without numbers, and is several times as fast: a batch is sorted by its mixed keys first, so that the walk through
the table is in order of memory. Both keep the states in the order in which they were added.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .packing import Words

EMPTY = np.uint64(1 << 63)
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))


class Table:
    """A growing set of numbered states of ``words`` words.

    Adding looks all of a batch up at once: each probe is one gather. Two equal new states of one batch walk the
    same places, claim the same empty one, and the one whose claim was written last is the new state; the other
    finds it there on its next look.
    """

    def __init__(self, words: int, capacity: int = 1 << 16) -> None:
        self._words = words
        self.count = 0
        self._store: list[NDArray[np.uint64]] = [np.empty(capacity // 2, np.uint64) for _ in range(words)]
        self._make(capacity)

    def _make(self, capacity: int) -> None:
        self._capacity = capacity
        self._shift = np.uint64(64 - (capacity.bit_length() - 1))
        self._keys = [np.full(capacity, EMPTY, np.uint64)] + [
            np.empty(capacity, np.uint64) for _ in range(self._words - 1)
        ]
        self._ids = np.empty(capacity, np.int32)

    @property
    def bytes(self) -> int:
        """How much memory the table holds."""
        return sum(a.nbytes for a in (*self._keys, *self._store)) + self._ids.nbytes

    def bytes_after(self, more: int) -> int:
        """How much memory it may hold for a moment while ``more`` states are added."""
        slots = self._capacity
        while 2 * (self.count + more) > slots:
            slots *= 2
        return self.bytes + (slots * (12 * self._words + 4) if slots > self._capacity else 0)

    def states(self, start: int, stop: int) -> Words:
        """The states numbered ``start`` to ``stop``, the latter excluded."""
        return tuple(store[start:stop] for store in self._store)

    def state(self, number: int) -> tuple[int, ...]:
        """One state's words."""
        return tuple(int(store[number]) for store in self._store)

    def _home(self, words: Words) -> NDArray[np.int64]:
        mixed = words[0] * _MIX[0]
        for i in range(1, self._words):
            mixed = (mixed ^ (mixed >> np.uint64(29)) ^ words[i]) * _MIX[i % 3]
        return (mixed >> self._shift).view(np.int64)

    def add(self, words: Words) -> NDArray[np.int32]:
        """Add the states that are not there yet; returns each state's number."""
        size = len(words[0])
        while 2 * (self.count + size) > self._capacity:
            self._grow()
        numbers = np.empty(size, np.int32)
        self._insert(words, numbers, None)
        return numbers

    def _grow(self) -> None:
        self._make(self._capacity * 2)
        self._store = [
            np.concatenate((store, np.empty(self._capacity // 2 - len(store), np.uint64))) for store in self._store
        ]
        count, step = self.count, 1 << 18
        for start in range(0, count, step):
            stop = min(start + step, count)
            ids = np.arange(start, stop, dtype=np.int32)
            self._insert(self.states(start, stop), np.empty(stop - start, np.int32), ids)

    def _insert(self, words: Words, numbers: NDArray[np.int32], given: NDArray[np.int32] | None) -> None:
        """Find or place each state; ``given`` are the numbers that new ones get, else they are counted on."""
        keys, ids, mask = self._keys, self._ids, self._capacity - 1
        slots = self._home(words)
        index: NDArray[np.int64] | None = None
        while True:
            there = keys[0][slots]
            same = there == words[0]
            for i in range(1, self._words):
                same &= keys[i][slots] == words[i]
            if index is None:
                numbers[same] = ids[slots[same]]
            else:
                numbers[index[same]] = ids[slots[same]]
            rest = np.flatnonzero(~same)
            if not len(rest):
                return
            slots, there = slots[rest], there[rest]
            words = tuple(word[rest] for word in words)
            index = rest if index is None else index[rest]
            empty = there == EMPTY
            free = np.flatnonzero(empty)
            if len(free):
                self._claim(words, slots, index, free, numbers, given)
            slots = np.where(empty, slots, (slots + 1) & mask)

    def _claim(
        self, words: Words, slots: NDArray[np.int64], index: NDArray[np.int64], free: NDArray[np.int64],
        numbers: NDArray[np.int32], given: NDArray[np.int32] | None,
    ) -> None:  # fmt: skip
        places = slots[free]
        claims = free.astype(np.int32)
        self._ids[places] = claims
        won = free[self._ids[places] == claims]
        places = slots[won]
        new = np.arange(self.count, self.count + len(won), dtype=np.int32) if given is None else given[index[won]]
        self._ids[places] = new
        for i in range(self._words):
            self._keys[i][places] = words[i][won]
            if given is None:
                self._store[i][self.count : self.count + len(won)] = words[i][won]
        if given is None:
            self.count += len(won)
        numbers[index[won]] = new


_MULTIPLIER = 0x9E3779B97F4A7C15
_INVERSE = np.uint64(pow(_MULTIPLIER, -1, 1 << 64))


class WordSet:
    """A growing set of one-word states.

    Keys are mixed by an odd factor, which is a bijection: two states are equal if their keys are. A state's top bit
    is never set, so the key of ``EMPTY``, which is ``EMPTY`` itself, is no state's.
    """

    def __init__(self, capacity: int = 1 << 16) -> None:
        self.count = 0
        self._keys = np.full(capacity, EMPTY, np.uint64)
        self._store = np.empty(capacity // 2, np.uint64)

    @property
    def bytes(self) -> int:
        """How much memory the set holds."""
        return self._keys.nbytes + self._store.nbytes

    def bytes_after(self, more: int) -> int:
        """How much memory it may hold for a moment while ``more`` states are added."""
        slots = len(self._keys)
        while 2 * (self.count + more) > slots:
            slots *= 2
        return self.bytes + (slots * 12 if slots > len(self._keys) else 0)

    def states(self, start: int, stop: int) -> Words:
        """The states from the ``start``-th to the ``stop``-th, the latter excluded, in order of their adding."""
        return (self._store[start:stop] * _INVERSE,)

    def state(self, number: int) -> tuple[int, ...]:
        """One state's word."""
        return (int(self._store[number]) * int(_INVERSE) % (1 << 64),)

    def add(self, words: Words) -> None:
        """Add the states that are not there yet."""
        keys = words[0] * np.uint64(_MULTIPLIER)
        keys.sort()
        first = np.empty(len(keys), np.bool_)
        first[:1] = True
        np.not_equal(keys[1:], keys[:-1], out=first[1:])
        keys = keys[first]
        while 2 * (self.count + len(keys)) > len(self._keys):
            self._grow()
        for new in self._place(keys):
            self._store[self.count : self.count + len(new)] = new
            self.count += len(new)

    def _grow(self) -> None:
        size = 2 * len(self._keys)
        self._keys = np.full(size, EMPTY, np.uint64)
        self._store = np.concatenate((self._store, np.empty(size // 2 - len(self._store), np.uint64)))
        for start in range(0, self.count, 1 << 18):
            for _ in self._place(np.sort(self._store[start : min(start + (1 << 18), self.count)])):
                pass

    def _place(self, keys: NDArray[np.uint64]) -> Iterator[NDArray[np.uint64]]:
        """Find or place each of the different ``keys``; yields those that were not there."""
        shift, mask = np.uint64(65 - len(self._keys).bit_length()), len(self._keys) - 1
        slots = (keys >> shift).view(np.int64)
        while len(keys):
            there = self._keys[slots]
            rest = np.flatnonzero(there != keys)
            keys, slots, there = keys[rest], slots[rest], there[rest]
            free = np.flatnonzero(there == EMPTY)
            if len(free):
                self._keys[slots[free]] = keys[free]
                won = self._keys[slots[free]] == keys[free]
                yield keys[free[won]]
                there[free[won]] = keys[free[won]]
                left = np.flatnonzero(there != keys)
                keys, slots = keys[left], slots[left]
            slots = (slots + 1) & mask
