"""The routing ids of a ROUTER's peers: who holds which, and ids for those who bring none.

What belongs here: the table, and how ids are made. What does not: whether a newcomer may take an id that another
holds, which ``router.claim`` decides before anything is added here.
"""

from typing import Generic, TypeVar

K = TypeVar("K")

COUNTED = 1 << 32
"""How many ids there are for peers that bring none: an octet 0, which no peer may begin its own with, and four more."""


def numbered(number: int) -> bytes:
    """The routing id that is made from ``number``: five octets, the first 0, as in libzmq."""
    return b"\0" + (number % COUNTED).to_bytes(4, "big")


def may_be_made_up(routing_id: bytes) -> bool:
    """May this be an id that some ROUTER made for a peer that brought none?"""
    return len(routing_id) == len(numbered(0)) and routing_id[:1] == b"\0"


class Routing(Generic[K]):
    """Which peer holds which routing id; a peer is known by anything that its owner likes and that can be hashed."""

    __slots__ = ("_holders", "_ids", "_next")

    def __init__(self) -> None:
        self._holders: dict[bytes, K] = {}
        self._ids: dict[K, bytes] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._ids)

    def holder(self, routing_id: bytes) -> K | None:
        """Who holds the id; None if nobody does."""
        return self._holders.get(routing_id)

    def id_of(self, holder: K) -> bytes:
        """The id that ``holder`` holds; empty if it holds none."""
        return self._ids.get(holder, b"")

    def add(self, wanted: bytes, holder: K) -> bytes:
        """Give ``holder`` the id that it wanted, or one of its own where that is empty (ROUTER-8); returns the id.

        Who comes back wanting none keeps what it has, and who comes back wanting another changes. An id that somebody
        else holds must have been taken from him before (ROUTER-9, ROUTER-10).
        """
        held = self._ids.get(holder)
        if held is not None and wanted in (b"", held):
            return held
        routing_id = wanted or self._unused()
        if routing_id in self._holders:
            raise ValueError("the routing id is held by another peer")
        if held is not None:
            del self._holders[held]
        self._holders[routing_id] = holder
        self._ids[holder] = routing_id
        return routing_id

    def remove(self, holder: K) -> None:
        """Take its id from ``holder``, if it has one."""
        routing_id = self._ids.pop(holder, None)
        if routing_id is not None:
            del self._holders[routing_id]

    def _unused(self) -> bytes:
        """The next id that nobody holds; it ends, since a peer holds one id and there are more ids than peers."""
        while True:
            routing_id = numbered(self._next)
            self._next = (self._next + 1) % COUNTED
            if routing_id not in self._holders:
                return routing_id
