"""Metadata: the properties that peers tell each other at the end of a handshake."""

from collections.abc import Iterator, Mapping

from ..rules import Rule
from . import commands
from .errors import PeerError
from .peers import OCTETS_MOST, VALUE_MOST, Local

_SIZE = 4
IDENTIFIED = frozenset({"REQ", "DEALER", "ROUTER"})
"""The socket types that may have a routing id; of all others it is neither sent nor read."""


class Metadata(Mapping[str, bytes]):
    """Properties by name, whatever case it is asked in; they are listed as the peer wrote them, in its order.

    If a name comes twice the first one counts, as in libzmq. Octets of a name that are no letters stand for themselves
    (Latin-1). Kept as the octets that were sent, and read at each look-up: a peer whose properties are many and tiny
    would otherwise cost forty times what it sent.
    """

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __getitem__(self, name: str) -> bytes:
        wanted = name.lower()
        for found, value in properties(self._data):
            if found.lower() == wanted:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.listed())

    def __len__(self) -> int:
        return sum(1 for _ in self.listed())

    def __repr__(self) -> str:
        return f"Metadata({list(self.listed())!r})"

    def listed(self) -> Iterator[tuple[str, bytes]]:
        """Each name and its value, in one pass: for who wants all of them, whatever the peer's number of properties."""
        seen: set[str] = set()
        for name, value in properties(self._data):
            if name.lower() not in seen:
                seen.add(name.lower())
                yield name, value


def parse(data: bytes) -> Metadata:
    """The properties that ``data`` lists; PeerError if it is not well formed, to its last octet (WIRE-27)."""
    for _ in properties(data):
        pass
    return Metadata(data)


def properties(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and value of one property after the other; PeerError where the list is no longer well formed (WIRE-27)."""
    at, end = 0, len(data)
    while at < end:
        name_at = at + 1
        size_at = name_at + data[at]
        if size_at == name_at:
            raise PeerError(Rule.WIRE_27, f"a property without a name, at octet {at} of the metadata")
        value_at = size_at + _SIZE
        if value_at > end:
            raise PeerError(Rule.WIRE_27, f"the metadata ends within a property, which begins at its octet {at}")
        size = int.from_bytes(data[size_at:value_at], "big")
        if size > VALUE_MOST:
            raise PeerError(Rule.WIRE_27, f"a property of {size} octets, at octet {at} of the metadata")
        at = value_at + size
        if at > end:
            raise PeerError(Rule.WIRE_27, f"the metadata ends {at - end} octets before its last property does")
        yield data[name_at:size_at].decode("latin-1"), data[value_at:at]


def encode(local: Local) -> bytes:
    """Our own properties: socket type, routing id where the type has one, and what was asked for (WIRE-32)."""
    properties = [("Socket-Type", local.socket_type.encode("ascii"))]
    if local.socket_type in IDENTIFIED:
        properties.append(("Identity", local.routing_id))
    return b"".join(_property(name, value) for name, value in (*properties, *local.metadata))


def _property(name: str, value: bytes) -> bytes:
    written = name.encode("latin-1")
    return bytes((len(written),)) + written + len(value).to_bytes(_SIZE, "big") + value


def socket_type(local: Local, found: Mapping[str, bytes]) -> str:
    """The peer's socket type, which is one that may talk to ours (WIRE-28); else PeerError, and the peer is told."""
    said = found.get("Socket-Type")
    name = None if said is None else said.decode("latin-1")
    if name is not None and name in local.accepts:
        return name
    reason = f"a {local.socket_type} does not talk to {name!r}" if name else "the peer does not say its socket type"
    raise PeerError(Rule.WIRE_28, reason, commands.encode_error("Invalid socket type"))


def routing_id(found: Mapping[str, bytes], kind: str) -> bytes:
    """The routing id that a peer of this socket type asks for, empty if none; PeerError if it is not one (WIRE-29)."""
    wanted = found.get("Identity", b"") if kind in IDENTIFIED else b""
    if len(wanted) > OCTETS_MOST:
        raise PeerError(Rule.WIRE_29, f"a routing id of {len(wanted)} octets")
    if wanted[:1] == b"\0":
        raise PeerError(Rule.WIRE_29, "a routing id that begins with zero: those are chosen by the receiver")
    return wanted
