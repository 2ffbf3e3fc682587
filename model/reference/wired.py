"""The machines of the wire on record: which of their calls are steps, and what is seen of them after each.

What the parts of messages contain is nobody's business: of a message its sizes are seen. The octets that are fed are
written as they came, greeting and passwords too; those of a large body, which the decoder never looks into, are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..wire.commands import Command
from ..wire.decoder import Decoder
from ..wire.handshake import Handshake


@dataclass(frozen=True, slots=True)
class Shaken:
    """A handshake after a step: what it sends, whom it has found (None: nobody yet), and what came behind that."""

    send: bytes
    peer: Found | None
    rest: int


@dataclass(frozen=True, slots=True)
class Found:
    """The peer that a handshake has found, with its metadata by name."""

    version: tuple[int, int]
    socket_type: str
    routing_id: bytes
    mechanism: str
    user: bytes
    metadata: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoder after a step: commands and the sizes of messages' parts that came out, and what it holds and wants."""

    found: tuple[Command | tuple[int, ...], ...]
    held: int
    half_read: int
    wanted: int


STEPS: Mapping[type, frozenset[str]] = {
    Handshake: frozenset({"start", "feed"}),
    Decoder: frozenset({"feed", "take", "allow", "filled"}),
}
"""What of each machine is a step."""


def seen(machine: object, result: Any) -> Shaken | Decoded:
    """What is seen of a machine after a step that returned ``result``."""
    if isinstance(machine, Decoder):
        found = tuple(tuple(map(len, item)) if isinstance(item, list) else item for item in result or ())
        return Decoded(found, machine.held, machine.half_read, machine.wanted)
    assert isinstance(machine, Handshake)
    peer = machine.peer
    if peer is None:
        return Shaken(result, None, 0)
    metadata = tuple(sorted(peer.metadata.items()))
    found_peer = Found(peer.version, peer.socket_type, peer.routing_id, peer.mechanism, peer.user, metadata)
    return Shaken(result, found_peer, len(machine.rest))
