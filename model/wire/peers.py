"""What a handshake is about: who we are, and who the peer turned out to be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

VERSION = (3, 1)
"""The version that is spoken here."""


@dataclass(frozen=True)
class Local:
    """What this side says of itself, and whom it talks to.

    ``accepts`` are the names of the socket types that may talk to us. The ``mechanism`` is NULL or PLAIN, ``as_server``
    says whether we are PLAIN's server; its client has ``username`` and ``password``, 0 to 255 octets each. A server
    asks ``authenticate(username, password)``, and without that function takes everyone, as libzmq does without ZAP.
    ``metadata`` are further properties, by name.
    """

    socket_type: str
    accepts: frozenset[str]
    routing_id: bytes = b""
    mechanism: str = "NULL"
    as_server: bool = False
    username: bytes = b""
    password: bytes = b""
    authenticate: Callable[[bytes, bytes], bool] | None = None
    metadata: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Peer:
    """What the other side said of itself; ``user`` is the name that it authenticated with, empty under NULL.

    ``version`` is its own, which may be above ours. The names in ``metadata`` are found in any case.
    """

    version: tuple[int, int]
    socket_type: str
    routing_id: bytes
    metadata: Mapping[str, bytes]
    mechanism: str
    user: bytes = b""
