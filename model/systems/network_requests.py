"""The ids of correlated requests in a network of sockets: nobody has to begin to count them at the same number.

No RFC says where ids begin, and libzmq draws the first one. So the id of a request is the request's, and nothing more,
until somebody has seen it; then it is what was seen. Where turns are held to (`Setting.in_turn`), so are ids: they
count from 1.
"""

from __future__ import annotations

from dataclasses import replace

from ..patterns import req
from . import network
from .network import Network

SEEN = 2
"""So many ids a REQ has seen are remembered: that of its newest request, and the one that it must not be taken for."""


class RequestId(bytes):
    """The id of a request of the socket ``asker`` that nobody has seen: equal to itself, and to no octets."""

    asker: int

    def __new__(cls, asker: int, request: int) -> RequestId:
        """The id of the request of this number."""
        made = super().__new__(cls, req.request_id(request))
        made.asker = asker
        return made

    def __eq__(self, other: object) -> bool:
        """Only octets that were seen have a value."""
        return isinstance(other, RequestId) and self.asker == other.asker and super().__eq__(other)

    def __hash__(self) -> int:
        """Of what is compared."""
        return hash((self.asker, super().__hash__()))

    @property
    def request(self) -> int:
        """The number of the request."""
        return int.from_bytes(self, "big")


def request_id(net: Network, number: int, request: int) -> bytes:
    """The part that carries the id of a socket's request of this number (REQ-1)."""
    return req.request_id(request) if net.setting.in_turn else RequestId(number, request)


def correlates(net: Network, number: int, part: bytes) -> bool:
    """Does a reply that begins with this part belong to the newest request of a socket, if that is a REQ (REQ-5)?"""
    socket = net.sockets[number]
    if socket.kind != "REQ":
        return True
    newest = socket.inner.request
    return part == request_id(net, number, newest) or (newest, part) in socket.asked


def identified(net: Network, id_: RequestId, part: bytes) -> Network | None:
    """The id of a request was seen, and is this; None if it cannot be, since it is empty or another request's."""
    socket = net.sockets[id_.asker]
    if not part or part in [seen for request, seen in socket.asked if request != id_.request]:
        return None
    if socket.closed:
        return net
    asked = (*socket.asked, (id_.request, part))[-SEEN:]
    return network.put(net, id_.asker, replace(socket, asked=asked))
