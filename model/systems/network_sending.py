"""What may come of a call that sends, in a network of sockets: as in a running socket, and for all that may be unseen.

The pattern says where a message goes, its parts go there through the send machine, the library's first, and the
pattern is told what became of them. Whether a pipe that was full still is, nobody outside knows: both are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, product

from .. import send as sends
from ..memory import Pool
from ..patterns import req, routing
from ..patterns.pattern import Begin, Way
from ..rules import Rule
from ..send import Answer, Phase, Send
from . import network
from . import network_wires as wires
from .network import NOTHING, POOL, Message, Network, Outcome, Session, Socket, place_of, put, with_session
from .network_many import fan, many, through
from .network_pipes import carried, emptied, free, put_at, subsets
from .network_requests import request_id

OK = Answer.OK.value


def looks(nets: Iterable[Network], number: int) -> list[Network]:
    """All that a socket may have learned before it sends a part, as far as that changes what comes of it.

    Within a message that is nothing but that a peer who gets the message is gone.
    """
    return wires.closed(nets, lambda net: _learns(net, number))


def _learns(net: Network, number: int) -> Iterator[Network]:
    socket = net.sockets[number]
    if socket.pattern.drains or not _within(socket):
        return wires.learns(net, number)
    gets = (socket.current,) if socket.targets is None else socket.targets
    cut = [session.key for session in socket.sessions if session.cut and session.key in gets]
    return (after for key in cut for after in wires.noticed(net, number, key))


def _within(socket: Socket) -> bool:
    """Has a message begun that is not over?"""
    return socket.current != NOTHING or socket.targets is not None or socket.send.phase != Phase.IDLE


def send(net: Network, number: int, part: bytes, more: bool) -> Iterator[Outcome]:
    """An application sends one part; ``more`` is SNDMORE."""
    socket, last = net.sockets[number], not more
    if not _within(socket):
        for to in _addressed(net, number, part):
            yield from _begin(net, number, to, part, last)
    elif socket.targets is not None:
        yield from many(net, number, part, last, ())
    else:
        yield from _parts(net, number, socket.current, part, last, ())


def _addressed(net: Network, number: int, part: bytes) -> list[tuple[Network, int | None]]:
    """Which place a first part names, where it is an address; an id that nobody has seen yet may be anybody's."""
    socket = net.sockets[number]
    if not socket.pattern.routes:
        return [(net, None)]
    for place, session in enumerate(socket.sessions):
        if session.routing_id == part and part and not session.ended:
            return [(net, place)]
    found: list[tuple[Network, int | None]] = [(net, NOTHING)]
    for place, session in enumerate(socket.sessions):
        if session.routing_id is None and not session.ended and routing.may_be_made_up(part):
            named = with_session(socket, place, replace(session, routing_id=part))
            found.append((put(net, number, named), place))
    return found


# --- where a message goes


def _begin(
    net: Network, number: int, to: tuple[Network, int | None], part: bytes, last: bool
) -> Iterator[Outcome]:  # fmt: skip
    net, address = to
    for found, sure in _begins(net, number, address, last):
        if found.way != Way.PIPE:
            yield from _nowhere(net, number, found, part, last)
            continue
        session = net.sockets[number].sessions[found.pipe]
        after = net if sure else emptied(net, number, session)
        socket = replace(after.sockets[number], inner=found.state, current=session.key)
        if not after.setting.policy.reserves:
            yield from _begun(put(after, number, socket), number, found, part, last, (found.rule,))
            continue
        yield from _reserved(put(after, number, socket), number, session.key, found, part, last)


def _begins(net: Network, number: int, to: int | None, last: bool) -> Iterator[tuple[Begin[object], bool]]:
    """What the pattern may say of a message that begins, and whether that needs no pipe to have been emptied."""
    socket = net.sockets[number]
    can = [free(net, number, session) for session in socket.sessions]
    sure = {place for place, (now, _) in enumerate(can) if now}
    maybe = [place for place, (_, later) in enumerate(can) if later]
    ways: Sequence[frozenset[int]]
    if net.setting.in_turn:
        ways = [frozenset(sure | set(some)) for some in subsets(maybe)]
    else:
        ways = [frozenset([place]) for place in chain(sure, maybe)] if sure or maybe else []
        if not sure:
            ways = [frozenset(), *ways]
    seen = set()
    for way in ways:
        found = socket.pattern.begin(socket.inner, len(socket.sessions), way.__contains__, to, last)
        if (found.way, found.pipe, found.rule) not in seen:
            seen.add((found.way, found.pipe, found.rule))
            yield found, found.pipe not in maybe


def _nowhere(net: Network, number: int, found: Begin[object], part: bytes, last: bool) -> Iterator[Outcome]:
    socket = net.sockets[number]
    if found.way == Way.FAN:
        yield from fan(put(net, number, replace(socket, inner=found.state)), number, part, last, (found.rule,))
    elif found.way == Way.SWALLOW:
        send = socket.send if last else sends.swallowing(socket.send)
        after = replace(socket, inner=found.state, send=send, envelope=())
        yield Outcome((found.rule,), OK, put(net, number, after))
    else:
        yield Outcome((found.rule,), found.way.value, put(net, number, replace(socket, inner=found.state)))


def _begun(
    net: Network, number: int, found: Begin[object], part: bytes, last: bool, rules: tuple[Rule, ...]
) -> Iterator[Outcome]:
    socket = net.sockets[number]
    if found.lead:
        socket = replace(socket, lead=lead(net, number, found.lead))
    if found.address:
        socket = replace(socket, send=sends.begun(socket.send))
        yield Outcome(rules, OK, put(net, number, socket))
        return
    yield from _parts(put(net, number, socket), number, socket.current, part, last, rules)


def lead(net: Network, number: int, count: int) -> Message:
    """The parts that the library puts in front of a message: a request's delimiter, a reply's envelope."""
    socket = net.sockets[number]
    if socket.kind == "REP":
        return socket.envelope
    following = req.next_request(socket.inner.request, req.IDS)
    return (request_id(net, number, following), b"")[-count:]


def _reserved(net: Network, number: int, key: int, found: Begin[object], part: bytes, last: bool) -> Iterator[Outcome]:
    """The memory of the message, as far as its first part tells, is reserved before it (SEND-13, SEND-16)."""
    socket = net.sockets[number]
    session = socket.sessions[place_of(socket, key)]
    parts = (*(lead(net, number, found.lead) if found.lead else ()), part)
    whole = sum(len(one) + net.setting.part for one in parts)
    costs = network.weights(net, len(part), whole)
    asks = (socket.send, session.pipe, socket.send_hwm, len(parts), 0)
    answered = [*network.granted(net, partial(sends.reserve, costs, network.pool(net), *asks))]
    limit = net.setting.limit
    if limit is not None and net.free is None:
        # A full pool is another answer than a refusal (SEND-14, SEND-16).
        answered.append((sends.reserve(costs, Pool(limit, limit), *asks, None), net))
    for sent, after in answered:
        now = put(after, number, replace(socket, send=sent.send))
        if sent.answer == Answer.WAIT:
            # No call of this network waits, so that nobody stands in line.
            yield Outcome((found.rule, *sent.rules), Answer.FULL.value, _over(put(after, number, socket), number))
        elif sent.answer == Answer.OK:
            yield from _begun(now, number, found, part, last, (found.rule, *sent.rules))
        else:
            yield Outcome((found.rule, *sent.rules), sent.answer.value, _over(now, number))


# --- the parts of a message


def _parts(
    net: Network, number: int, key: int, part: bytes, last: bool, rules: tuple[Rule, ...]
) -> Iterator[Outcome]:  # fmt: skip
    """A part, and before it those of the library's that are still to be sent."""
    socket = net.sockets[number]
    if key == NOTHING or not socket.lead:
        yield from _one(net, number, key, part, last, rules)
        return
    for outcome in _one(net, number, key, socket.lead[0], last, rules, sends.send_lead):
        if outcome.answer != OK:
            yield outcome
            continue
        now = outcome.network.sockets[number]
        after = put(outcome.network, number, replace(now, lead=now.lead[1:]))
        yield from _parts(after, number, key, part, last, outcome.rules)


def _one(
    net: Network, number: int, key: int, part: bytes, last: bool, rules: tuple[Rule, ...],
    machine: Callable[..., sends.Sent] | None = None,
) -> Iterator[Outcome]:  # fmt: skip
    """One part through the send machine: as the application's, or through ``machine`` as the library's."""
    socket = net.sockets[number]
    place = place_of(socket, key)
    session = socket.sessions[place] if place >= 0 else Session(NOTHING)
    costs, policy = network.weights(net, len(part)), net.setting.policy
    pool, one = network.pool(net), machine or sends.send_part
    step = partial(one, policy, costs, pool, socket.send, session.pipe, socket.send_hwm, last)
    for sent, asked in network.granted(net, step):
        after = asked if place < 0 else put_at(asked, number, place, carried(session, sent, part))
        now = replace(after.sockets[number], send=sent.send)
        after = put(after, number, now)
        found = (*rules, *sent.rules)
        if sent.committed:
            for done in _committed(after, number):
                yield Outcome((*found, socket.pattern.commits), sent.answer.value, done)
            continue
        if key != NOTHING and sent.send.phase in (Phase.IDLE, Phase.SKIPPING):
            after = _over(after, number)
            found = (*found, socket.pattern.drops)
        yield Outcome(found, sent.answer.value, after)


def _committed(net: Network, number: int) -> Iterator[Network]:
    """The pattern is told, the envelope goes, and where a request was sent, what waits to be received (REQ-3)."""
    socket = net.sockets[number]
    inner = socket.pattern.committed(socket.inner)
    socket = replace(socket, inner=inner, current=NOTHING, envelope=())
    if not socket.pattern.drains:
        yield put(net, number, socket)
        return
    socket = replace(socket, parts=())
    net = put(net, number, socket)
    choices = [range(session.sure, wires.coming(net, number, session) + 1) for session in socket.sessions]
    for counts in product(*choices):
        drained = net
        for session, count in zip(socket.sessions, counts, strict=True):
            drained = _drained(drained, number, session.key, count)
        yield drained


def _drained(net: Network, number: int, key: int, count: int) -> Network:
    """So many messages of a session have come, and are dropped."""
    socket = net.sockets[number]
    session = socket.sessions[place_of(socket, key)]
    net = wires.pull(net, number, session, count - len(session.inbox))
    socket = net.sockets[number]
    session = socket.sessions[place_of(socket, key)]
    left = with_session(socket, place_of(socket, key), replace(session, inbox=session.inbox[count:], sure=0))
    return put(net, number, wires.detached(left, key))


def _over(net: Network, number: int) -> Network:
    """The message that was begun is over, and nothing of it was committed."""
    socket = net.sockets[number]
    if socket.current == NOTHING:
        return net
    return put(net, number, replace(socket, current=NOTHING, lead=(), inner=socket.pattern.dropped(socket.inner)))


# --- giving up, and subscriptions


def abort(net: Network, number: int) -> Outcome:
    """The application drops its unfinished message (SEND-11)."""
    socket = net.sockets[number]
    place = place_of(socket, socket.current)
    session = socket.sessions[place] if place >= 0 else Session(NOTHING)
    costs = network.weights(net, 0)
    sent = sends.abort(costs, POOL, socket.send, session.pipe)
    if place >= 0:
        net = put_at(net, number, place, carried(session, sent, b""))
    net = _over(put(net, number, replace(net.sockets[number], send=sent.send)), number)
    for key in net.sockets[number].targets or ():
        now = net.sockets[number]
        at = place_of(now, key)
        copied = now.sessions[at]
        send = socket.send if socket.nodrop else copied.send
        given = sends.abort(costs, POOL, send, copied.pipe)
        net = put_at(net, number, at, replace(carried(copied, given, b""), send=Send()))
    if net.sockets[number].targets is not None:
        net = through(net, number, "dropped")
    return Outcome(sent.rules, sent.answer.value, net)
