"""What the tests of the suite have in common: sockets that can exchange messages, and what is not asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from ..targets.target import Can, Received, Said, Target, Value
from .plugin import NOT_ASKED

WAIT = 5000
"""Milliseconds for what must happen; what takes this long has failed."""
MOMENT = 100
"""Milliseconds for what must not happen, where the target cannot say that nothing is under way."""

Message = list[bytes]


def need(target: Target, *cans: Can) -> None:
    """Go on only with a target that can do all this."""
    for can in cans:
        if can not in target.cans:
            pytest.skip(f"{NOT_ASKED}the target {target.name} cannot {can.value}")


def need_types(target: Target, *kinds: str) -> None:
    """Go on only with a target that has sockets of these types."""
    for kind in kinds:
        if kind not in target.types:
            pytest.skip(f"{NOT_ASKED}the target {target.name} has no {kind} sockets")


@dataclass(frozen=True)
class Pair:
    """Two sockets of a target, one of which has connected to the other's ``endpoint``."""

    target: Target
    bound: int
    connected: int
    endpoint: str


def pair(target: Target, bound: str, connected: str, options: Mapping[str, Value] | None = None) -> Pair:
    """A socket that binds, another that connects to it, and both ready, as far as the target can say so."""
    need_types(target, bound, connected)
    first = target.create(bound)
    second = target.create(connected, options)
    endpoint = target.bind(first)
    assert target.connect(second, endpoint) is Said.OK
    if Can.PEERS in target.cans:
        assert target.peers(first, 1, WAIT), "the socket that binds has no peer"
        assert target.peers(second, 1, WAIT), "the socket that connects has no peer"
    if Can.SETTLE in target.cans:
        assert target.settle(WAIT), "something is under way for ever"
    return Pair(target, first, second, endpoint)


def send(target: Target, socket: int, message: Sequence[bytes], wait: int = WAIT) -> Said:
    """Send all parts of a message, as long as they are accepted; what was said last."""
    for place, part in enumerate(message):
        how = target.send(socket, part, place < len(message) - 1, wait)
        if how is not Said.OK:
            return how
    return Said.OK


def receive(target: Target, socket: int, wait: int = WAIT) -> Message | Said:
    """The next message, or what was said instead of its first part."""
    got = target.receive(socket, wait)
    if got.said is not Said.OK:
        return got.said
    parts = [got.part]
    while got.more:
        # What has begun to arrive has arrived: messages are atomic.
        got = target.receive(socket, WAIT)
        assert got.said is Said.OK, f"after {len(parts)} parts of a message: {got.said.value}"
        parts.append(got.part)
    return parts


def silence(target: Target, socket: int) -> Received:
    """The answer to a receive when nothing more can come; a settled target is not waited for."""
    if Can.SETTLE in target.cans:
        assert target.settle(WAIT)
        return target.receive(socket, 0)
    return target.receive(socket, MOMENT)
