"""What a socket says of itself in a handshake, and how much it takes from a peer: its options, put for the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.decoder import Limits
from ..wire.handshake import Local
from .constants import Option
from .weights import SMALL

if TYPE_CHECKING:
    from .core import Core


def local(core: Core) -> Local:
    """What this socket says of itself in a handshake."""
    octets = core.options.octets
    server = bool(core.options.number(Option.PLAIN_SERVER))
    plain = server or bool(octets(Option.PLAIN_USERNAME))
    return Local(
        socket_type=core.kind.name,
        accepts=core.pattern.accepts,
        routing_id=octets(Option.ROUTING_ID),
        mechanism="PLAIN" if plain else "NULL",
        as_server=server,
        username=octets(Option.PLAIN_USERNAME),
        password=octets(Option.PLAIN_PASSWORD),
        authenticate=core.authenticate,
    )


def limits(core: Core) -> Limits:
    """How much a peer may send at once."""

    def bound(option: Option) -> int | None:
        value = core.options.number(option)
        return None if value < 0 else value

    return Limits(
        frame=bound(Option.MAXMSGSIZE),
        message=bound(Option.MESSAGE_MAXSIZE),
        parts=bound(Option.MESSAGE_MAXPARTS),
        small=SMALL,
    )
