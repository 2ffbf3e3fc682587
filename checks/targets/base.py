"""What a target begins as: it can do nothing but what everyone can, and says so."""

# ruff: noqa: ARG002 - what cannot be done has arguments all the same

from __future__ import annotations

from .target import Can, CannotDo, Said


class Sockets:
    """A base for targets: it can do nothing yet, and says so; override what a library can, and declare it."""

    name: str = ""
    version: str = ""
    cans: frozenset[Can] = frozenset()
    types: frozenset[str] = frozenset()

    def need(self, what: Can) -> None:
        """Raise `CannotDo` unless it is declared."""
        if what not in self.cans:
            raise CannotDo(self.name, what)

    def unbind(self, socket: int, endpoint: str) -> Said:
        """Stop listening at an endpoint."""
        raise CannotDo(self.name, Can.DISCONNECT)

    def disconnect(self, socket: int, endpoint: str) -> Said:
        """Disconnect from an endpoint."""
        raise CannotDo(self.name, Can.DISCONNECT)

    def abort(self, socket: int) -> Said:
        """Drop the unfinished message of a socket."""
        raise CannotDo(self.name, Can.ABORT)

    def policy(self, name: str) -> None:
        """Choose the send policy of all sockets made from now on."""
        raise CannotDo(self.name, Can.POLICY)

    def receive_policy(self, name: str) -> None:
        """Choose the receive policy of all sockets made from now on."""
        raise CannotDo(self.name, Can.RECEIVE_POLICY)

    def limit(self, units: int) -> None:
        """Bound the memory of all sockets made from now on."""
        raise CannotDo(self.name, Can.LIMIT)

    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        """Refuse allocations at a site."""
        raise CannotDo(self.name, Can.REFUSE)

    def memory(self) -> int:
        """How many octets are in use."""
        raise CannotDo(self.name, Can.MEMORY)

    def peers(self, socket: int, count: int, wait: int) -> bool:
        """Wait for peers."""
        raise CannotDo(self.name, Can.PEERS)

    def settle(self, wait: int) -> bool:
        """Wait until nothing is under way."""
        raise CannotDo(self.name, Can.SETTLE)
