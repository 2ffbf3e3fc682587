"""What a socket says of itself in a handshake, and how much it takes from a peer: its options, put for the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..wire.decoder import Limits
from ..wire.handshake import Local
from .constants import Option
from .monitor import EventKind
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
        authenticate=None if core.authenticate is None else _guarded(core),
    )


def _guarded(core: Core) -> Callable[[bytes, bytes], bool]:
    """The application's word on who may come in; if it raises instead, nobody does, and the monitor says why."""

    def authenticate(username: bytes, password: bytes) -> bool:
        assert core.authenticate is not None
        try:
            return core.authenticate(username, password)
        except Exception as error:  # noqa: BLE001 - the application's fault must not cost the other peers
            reason = f"the application's check of passwords raised {type(error).__name__}: {error}"
            core.tell(EventKind.HANDSHAKE_FAILED, "", reason)
            return False

    return authenticate


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
