"""Messages for many peers, and the subscriptions that say for whom, in a network of sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ..patterns import fan_out, subscriptions
from ..patterns.pattern import Way
from ..rules import Rule
from ..send import Answer, Phase
from . import network
from .network import Network, Outcome, place_of, put, with_session
from .network_pipes import carried, emptied, free, put_at
from .network_wires import known, tell

TOPIC = 128
"""What a subscription costs besides its octets; any number does, the network's memory has no bound."""
OK, FULL, NO_MEMORY = Answer.OK.value, Answer.FULL.value, Answer.NO_MEMORY.value


def fan(net: Network, number: int, part: bytes, last: bool, rules: tuple[Rule, ...]) -> Iterator[Outcome]:
    """The first part says whom the message is for; an XSUB's may be a subscription."""
    socket = net.sockets[number]
    if socket.pattern.subscribes and (told := subscriptions.parse(part, last)) is not None:
        for outcome in want(net, number, told[1], told[0]):
            yield replace(outcome, rules=(*rules, *outcome.rules))
        return
    everybody = [session.key for session in socket.sessions]
    keys = known(socket.peers).matching(part) if socket.pattern.publishes else everybody
    targets = tuple(key for key in keys if not socket.sessions[place_of(socket, key)].ended)
    yield from many(put(net, number, replace(socket, targets=targets)), number, part, last, rules)


def many(net: Network, number: int, part: bytes, last: bool, rules: tuple[Rule, ...]) -> Iterator[Outcome]:
    """A part goes to all targets of its message, or to all or none."""
    socket = net.sockets[number]
    if socket.nodrop:
        yield from _all_or_none(net, number, part, last, rules)
        return
    for found, after in _copies(net, number, socket.targets or (), part, last):
        yield Outcome((*rules, *found), OK, through(after, number, "committed") if last else after)


def _copies(
    net: Network, number: int, keys: tuple[int, ...], part: bytes, last: bool
) -> Iterator[tuple[tuple[Rule, ...], Network]]:
    if not keys:
        yield (), net
        return
    socket = net.sockets[number]
    place = place_of(socket, keys[0])
    session = socket.sessions[place]
    _, may = free(net, number, session)
    ways = [net, emptied(net, number, session)] if may and session.send.phase == Phase.IDLE else [net]
    for way in ways:
        copied = way.sockets[number].sessions[place]
        costs = network.weights(net, len(part))
        step = partial(fan_out.copy, costs, network.pool(way), copied.send, copied.pipe, socket.send_hwm, last)
        for sent, asked in network.granted(way, step):
            after = put_at(asked, number, place, replace(carried(copied, sent, part), send=sent.send))
            for rules, done in _copies(after, number, keys[1:], part, last):
                yield (*sent.rules, *rules), done


def _all_or_none(
    net: Network, number: int, part: bytes, last: bool, rules: tuple[Rule, ...]
) -> Iterator[Outcome]:  # fmt: skip
    socket = net.sockets[number]
    keys = socket.targets or ()
    full = [key for key in keys if free(net, number, socket.sessions[place_of(socket, key)])[1]]
    # One full pipe is enough for none; that others have been emptied meanwhile may be told as well later.
    for some in [[], full] if full and socket.send.phase == Phase.IDLE else [[]]:
        way = net
        for key in some:
            session = way.sockets[number].sessions[place_of(way.sockets[number], key)]
            way = emptied(way, number, session)
        yield from _to_all(way, number, keys, part, last, rules)


def _to_all(
    net: Network, number: int, keys: tuple[int, ...], part: bytes, last: bool, rules: tuple[Rule, ...]
) -> Iterator[Outcome]:
    socket = net.sockets[number]
    sessions = [socket.sessions[place_of(socket, key)] for key in keys]
    costs = network.weights(net, len(part))
    pairs = [(costs, session.pipe) for session in sessions]
    policy, pool = net.setting.policy, network.pool(net)
    step = partial(fan_out.all_or_none, policy, pool, socket.send, pairs, socket.send_hwm, last)
    for sent, after in network.granted(net, step):
        if sent.answer == Answer.FULL:
            yield Outcome((*rules, *sent.rules), FULL, after)
            continue
        now = replace(socket, send=sent.send)
        for session, pipe in zip(sessions, sent.pipes, strict=True):
            now = with_session(now, place_of(now, session.key), carried(session, sent, part, pipe))
        done = put(after, number, now)
        if sent.answer == Answer.NO_MEMORY:
            done = through(done, number, "dropped") if sent.send.phase == Phase.IDLE else done
        elif last:
            done = through(done, number, "committed")
        yield Outcome((*rules, *sent.rules), sent.answer.value, done)


def through(net: Network, number: int, how: str) -> Network:
    """A message to many is over: the pattern is told how."""
    socket = net.sockets[number]
    told = getattr(socket.pattern, how)
    return put(net, number, replace(socket, targets=None, inner=told(socket.inner)))


def want(net: Network, number: int, topic: bytes, more: bool) -> Iterator[Outcome]:
    """The application subscribes, or takes a subscription back; all publishers are told (SUB-1 to SUB-3, SUB-8)."""
    socket = net.sockets[number]
    if not socket.pattern.subscribes:
        yield Outcome((Rule.TYPE_2,), Way.UNSUPPORTED.value, net)
        return
    own = subscriptions.Interests(socket.own)
    if not more:
        rule = subscriptions.removed(own.count(topic)).rule
        yield Outcome((rule,), OK, _wanted(net, number, own, topic, False, own.cancel(topic)))
        return
    step = partial(subscriptions.pay, network.pool(net), subscriptions.weigh([topic], TOPIC), own.held(topic))
    for paid, after in network.granted(net, step):
        if paid.refused is not None:
            yield Outcome(paid.rules, NO_MEMORY, after)
            continue
        wanted = subscriptions.Interests(socket.own)
        wanted.subscribe(topic)
        yield Outcome(paid.rules, OK, _wanted(after, number, wanted, topic, True, 1))


def _wanted(
    net: Network, number: int, own: subscriptions.Interests, topic: bytes, more: bool, times: int
) -> Network:  # fmt: skip
    socket = net.sockets[number]
    net = put(net, number, replace(socket, own=own.entries()))
    for session in socket.sessions:
        net = tell(net, number, session.key, ((more, topic),) * times)
    return net
