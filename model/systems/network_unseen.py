"""Which networks have to be kept, where nobody knows which one it is.

What has not been seen to happen may happen later. So a network need not be kept beside another one that can still
become it without being seen: whatever can be seen of it then can be seen of that one too. This holds because every
call of a socket begins with what that socket may have learned (`looks`), and what two sockets learn does not touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from . import network
from .network import Network
from .network_names import canonical
from .network_wires import learns


def kept(nets: Iterable[Network], enough: int = 1) -> list[Network]:
    """Of some networks those that none of the others can become, `canonical`; two that can become each other: one.

    To find out is work, and so it is done where there are more than ``enough``.
    """
    found = dict.fromkeys(map(canonical, nets))
    if len(found) <= enough:
        return list(found)
    because: dict[Network, Network] = {}
    for net in found:
        for after in map(canonical, becomes(net)):
            if after in found and after not in because and _root(because, net) != after:
                because[after] = net
    return [net for net in found if net not in because]


def _root(because: dict[Network, Network], net: Network) -> Network:
    while net in because:
        net = because[net]
    return net


def becomes(net: Network) -> Iterator[Network]:
    """What a network may become in one step that nobody sees."""
    for number, socket in enumerate(net.sockets):
        yield from learns(net, number)
        for session in socket.sessions:
            if session.sure < len(session.inbox):
                # The next message has come for certain; until then it may have.
                yield network.put_session(net, number, replace(session, sure=session.sure + 1))
