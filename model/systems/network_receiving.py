"""What may come of a call that receives, in a network of sockets.

Which peers have something waiting is not always known: what was sent may have come or not. All are tried that could
be next, and each tells something about what had come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..patterns import pattern as patterns
from ..patterns import routing
from ..patterns.pattern import Shape
from ..patterns.subscriptions import Interests
from ..rules import Rule
from . import network
from . import network_wires as wires
from .network import Message, Network, Outcome, place_of, put, with_session
from .network_pipes import subsets
from .network_requests import correlates

AGAIN = patterns.Way.NOBODY.value


def looks(nets: Iterable[Network], number: int) -> list[Network]:
    """All that a socket may have learned before it receives a part, as far as that changes what comes of it."""
    # Within a message it comes from nowhere but what was delivered.
    return wires.closed(nets, lambda net: () if len(net.sockets[number].parts) > 1 else wires.learns(net, number))


def receive(net: Network, number: int) -> Iterator[Outcome]:
    """An application receives one part, without waiting."""
    socket = net.sockets[number]
    if socket.parts:
        yield _next(net, number, ())
    elif (rule := socket.pattern.may_receive(socket.inner)) is not None:
        yield Outcome((rule,), patterns.way(rule).value, net)
    else:
        yield from _looking(net, number, ())


def _next(net: Network, number: int, rules: tuple[Rule, ...]) -> Outcome:
    """The application takes the next part of what was delivered; with the last one, the pattern is told."""
    socket = net.sockets[number]
    part, left = socket.parts[0], socket.parts[1:]
    if left:
        return Outcome((*rules, Rule.LINK_4), "ok", put(net, number, replace(socket, parts=left)), part, True)
    inner = socket.pattern.taken(socket.inner)
    after = put(net, number, replace(socket, parts=(), inner=inner))
    return Outcome((*rules, Rule.LINK_4, socket.pattern.takes), "ok", after, part)


def _looking(net: Network, number: int, rules: tuple[Rule, ...]) -> Iterator[Outcome]:
    """Take messages until one is delivered or nothing waits."""
    socket = net.sockets[number]
    for place in _places(net, number):
        if place < 0:
            yield Outcome(rules, AGAIN, net)
            continue
        session = socket.sessions[place]
        after = net if session.inbox else wires.pull(net, number, session)
        yield from _taken(after, number, place, rules)


def _places(net: Network, number: int) -> Iterator[int]:
    """The places that the pattern may take the next message from, -1 if nothing may be there."""
    socket = net.sockets[number]
    sure = {place for place, session in enumerate(socket.sessions) if session.sure > 0}
    maybe = [
        place
        for place, session in enumerate(socket.sessions)
        if not session.sure and (session.inbox or wires.may_come(net, number, session))
    ]
    count = len(socket.sessions)
    if net.setting.in_turn:
        ways = [frozenset(sure | set(some)) for some in subsets(maybe)]
    else:
        ways = [frozenset([place]) for place in [*sorted(sure), *maybe]]
        if not sure:
            ways.append(frozenset())
    yield from dict.fromkeys(socket.pattern.choose(socket.inner, count, way.__contains__) for way in ways)


def _taken(net: Network, number: int, place: int, rules: tuple[Rule, ...]) -> Iterator[Outcome]:
    """Take one message from a session; the pattern delivers it or not."""
    socket = net.sockets[number]
    session = socket.sessions[place]
    message, key = session.inbox[0], session.key
    offered = socket.pattern.offered(socket.inner, place, shape(net, number, message))
    left = replace(session, inbox=session.inbox[1:], sure=max(0, session.sure - 1))
    socket = replace(with_session(socket, place, left), inner=offered.state)
    found = (*rules, Rule.RECEIVE_7, offered.rule)
    if not offered.deliver:
        yield from _looking(put(net, number, wires.detached(socket, key)), number, found)
        return
    if offered.keep:
        socket = replace(socket, envelope=message[: offered.keep])
    parts = message[offered.skip :]
    if not offered.stamp:
        yield _next(put(net, number, wires.detached(replace(socket, parts=parts), key)), number, found)
        return
    name = left.routing_id
    socket = wires.detached(replace(socket, parts=(name or b"", *parts)), key)
    outcome = _next(put(net, number, socket), number, found)
    yield outcome if name is not None else replace(outcome, part=None, source=key)


def named(net: Network, number: int, key: int, part: bytes) -> Network | None:
    """An id that a ROUTER made up was seen (ROUTER-8); None if it cannot be one, or is another peer's."""
    socket = net.sockets[number]
    if not routing.may_be_made_up(part) or any(session.routing_id == part for session in socket.sessions):
        return None
    place = place_of(socket, key)
    if place < 0:
        return net
    return network.put_session(net, number, replace(socket.sessions[place], routing_id=part))


def shape(net: Network, number: int, message: Message) -> Shape:
    """What a message looks like to the pattern."""
    socket = net.sockets[number]
    delimiter = message.index(b"") if b"" in message else -1
    wanted = not socket.pattern.filters or Interests(socket.own).matches(message[0])
    return Shape(len(message), delimiter, correlates(net, number, message[0]), wanted)
