"""What a handshake is about: who we are, and who the peer turned out to be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

VERSION = (3, 1)
"""The version that is spoken here."""
MECHANISMS = ("NULL", "PLAIN")
OCTETS_MOST = 255
"""Octets in a routing id, a username, a password, and the name of a property."""
VALUE_MOST = (1 << 31) - 1
"""Octets in the value of a property."""


@dataclass(frozen=True)
class Local:
    """What this side says of itself, and whom it talks to.

    ``accepts`` are the names of the socket types that may talk to us. The ``mechanism`` is NULL or PLAIN, ``as_server``
    says whether we are PLAIN's server; its client has ``username`` and ``password``, 0 to 255 octets each. A server
    asks ``authenticate(username, password)``, and without that function takes nobody, as libzmq does without ZAP.
    ``metadata`` are further properties, by name. ValueError for what no peer could be told.
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

    def __post_init__(self) -> None:
        if self.mechanism not in MECHANISMS:
            raise ValueError(f"this mechanism is not spoken here: {self.mechanism!r}")
        if max(len(self.routing_id), len(self.username), len(self.password)) > OCTETS_MOST:
            raise ValueError("routing id, username and password have room for 255 octets each")
        if self.routing_id[:1] == b"\0":
            raise ValueError("a routing id does not begin with zero")
        for name, value in self.metadata:
            if not 1 <= len(name.encode("latin-1")) <= OCTETS_MOST or len(value) > VALUE_MOST:
                raise ValueError(f"no property can have this name and size: {name!r}, {len(value)}")


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
