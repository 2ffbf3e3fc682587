"""The parts that are the library's: put in front of a message that is sent, looked at in one that came."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..patterns import req
from ..patterns.pattern import Shape
from .constants import SocketType

if TYPE_CHECKING:
    from .core import Core

_plain = lru_cache(maxsize=64)(Shape)


def lead(core: Core, count: int) -> list[bytes]:
    """The parts that the library puts in front of a message: a request's delimiter, a reply's envelope."""
    if not count:
        return []
    if core.pattern.name == "REP":
        return list(core.incoming.envelope)
    following = req.next_request(core.state.request, req.IDS)
    return [req.request_id(following), b""][-count:]


def shape(core: Core, message: list[bytes]) -> Shape:
    """What a message looks like to the pattern."""
    parts = len(message)
    if core.plain:
        return _plain(parts)
    delimiter = message.index(b"") if b"" in message else -1
    correlates = core.kind != SocketType.REQ or message[0] == req.request_id(core.state.request)
    return Shape(parts, delimiter, correlates, not core.pattern.filters or core.topics.matches(message[0]))
