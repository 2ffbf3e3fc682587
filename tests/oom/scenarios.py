"""The plays: what applications do over TCP, each in two or three messages, so that all windows can be tried.

Memory is refused to one side, or to both in one context. By default all four policies are tried where parts are sent
one by one; the long run tries all of them everywhere, and plays each scenario longer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from enomem import (
    DEALER,
    DISCARD,
    KEEP,
    PAIR,
    PUB,
    PULL,
    PUSH,
    REP,
    REQ,
    RESERVE,
    ROUTER,
    SKIP,
    SNDMORE,
    SUB,
    XPUB,
    XSUB,
    SendPolicy,
    Socket,
)  # fmt: skip
from enomem.model.rules import Rule

from .flows import Flow, until
from .stage import Stage
from .talks import Exchange, Fan, Shown

LEFT, RIGHT, BOTH = "left", "right", "both"
EVERY = (DISCARD, KEEP, SKIP, RESERVE)


@dataclass(frozen=True)
class Scenario:
    """A play, and for each side that may be refused memory, the send policies under which that is tried by default."""

    name: str
    play: Callable[[Stage, int], None]
    tried: Mapping[str, tuple[SendPolicy, ...]]


def parts(stage: Stage, size: int) -> None:
    """PUSH to PULL, part by part."""
    flow = Flow(stage, *stage.pair(PUSH, PULL), (12, 12, 12), by_parts=True)
    for _ in range(size):
        flow.say()


def whole(stage: Stage, size: int) -> None:
    """PUSH to PULL, whole messages; the sender binds."""
    flow = Flow(stage, *stage.pair(PUSH, PULL, binds=LEFT), (12, 12, 12))
    for _ in range(size):
        flow.say()


def large(stage: Stage, size: int) -> None:
    """Bodies that have to be announced, and are charged before they are read."""
    flow = Flow(stage, *stage.pair(PUSH, PULL), (20_000, 40_000))
    for _ in range(size):
        flow.say()


def pairs(stage: Stage, size: int) -> None:
    """PAIR, in both directions."""
    left, right = stage.pair(PAIR, PAIR)
    there, back = Flow(stage, left, right, name="t"), Flow(stage, right, left, name="b", by_parts=True)
    for _ in range(size):
        there.say()
        back.say()


def routed(stage: Stage, size: int) -> None:
    """DEALER to ROUTER and back by its routing id."""
    left, right = stage.pair(DEALER, ROUTER, ROUTING_ID=b"dealer")
    there = Flow(stage, left, right, name="t", shown=[b"dealer"])
    back = Flow(stage, right, left, name="b", by_parts=True, front=[b"dealer"])
    for _ in range(size):
        there.say()
        back.say()


def asked(stage: Stage, size: int) -> None:
    """REQ and REP; a request whose reply was lost may be followed by another."""
    left, right = stage.pair(REQ, REP, REQ_RELAXED=1, REQ_CORRELATE=1)
    exchange = Exchange(stage, left, right, (12, 12))
    for _ in range(size):
        exchange.say()


def short(stage: Stage, size: int) -> None:
    """REQ and REP with messages of one part, before which the library has parts of its own."""
    left, right = stage.pair(REQ, REP, REQ_RELAXED=1, REQ_CORRELATE=1)
    exchange = Exchange(stage, left, right, (12,))
    for _ in range(size):
        exchange.say()


def published(stage: Stage, size: int) -> None:
    """PUB to two SUB sockets, each of which has its own copy."""
    publisher = stage.socket("left", PUB)
    endpoint = stage.bind(publisher)
    subscribers = []
    for _ in range(2):
        subscriber = stage.socket("right", SUB)
        subscribers.append(subscriber)
        stage.granted("subscribe", lambda socket=subscriber: socket.subscribe(b"m"))
        stage.connect(subscriber, endpoint)
    fan = Fan(stage, publisher, subscribers, by_parts=True)
    fan.until_heard()
    for _ in range(size - 1):
        fan.say()


def shown(stage: Stage, size: int) -> None:
    """XPUB and XSUB: subscriptions as messages, and messages upstream."""
    left, right = stage.pair(XPUB, XSUB, binds="left")
    stage.granted("subscribe", lambda: right.send(b"\x01m"))
    known = Shown(stage, left)
    known.come_to({b"m"})
    fan = Fan(stage, left, [right])
    fan.until_heard()
    upstream = Flow(stage, right, left, name="u", lossy=True)
    upstream.aside = known.aside
    for _ in range(size - 1):
        fan.say()
        upstream.say()


def subscribed(stage: Stage, size: int) -> None:
    """SUB subscribes and cancels while it is connected; what the publisher knows is what was granted."""
    left, right = stage.pair(XPUB, SUB, binds="left")
    known = Shown(stage, left)
    wanted: set[bytes] = set()
    for number in range(size + 1):
        topic = b"m" * (number + 1)
        stage.granted("subscribe", lambda topic=topic: right.subscribe(topic), Rule.SUB_8)
        wanted.add(topic)
        known.come_to(wanted)
    right.unsubscribe(b"m" * (size + 1))
    known.come_to(wanted - {b"m" * (size + 1)})
    fan = Fan(stage, left, [right])
    fan.flows[0].aside = known.aside
    fan.until_heard()


def restarted(stage: Stage, size: int) -> None:
    """The peer that listens goes and comes back where it was; the sender has a message for it meanwhile."""
    left, right = stage.pair(PUSH, PULL)
    endpoint = right.last_endpoint
    flow = Flow(stage, left, right)
    for _ in range(size):
        flow.say()
        stage.close(flow.receiver)
        number = flow.send()
        flow.receiver = stage.socket("right", PULL)
        stage.bind(flow.receiver, endpoint)
        flow.arrives(number)


def accepted(stage: Stage, size: int) -> None:
    """Peers come one after the other to one who listens; one without memory is turned away, and comes again."""
    listener = stage.socket("right", PULL)
    endpoint = stage.bind(listener)
    for number in range(size + 1):
        comes = stage.socket("left", PUSH)
        stage.connect(comes, endpoint)
        flow = Flow(stage, comes, listener, name=f"p{number}-", alone=False)
        until(stage, "the newcomer is heard", flow.say)
        stage.close(comes)
    last = stage.socket("left", PUSH)
    stage.connect(last, endpoint)
    Flow(stage, last, listener)


def _without_a_listener(stage: Stage) -> tuple[Socket, Socket, str]:
    """A sender that connects to where nobody listens, and who will listen there later."""
    right = stage.socket("right", PULL)
    endpoint = stage.bind(right)
    right.unbind(endpoint)
    left = stage.socket("left", PUSH)
    stage.connect(left, endpoint)
    return left, right, endpoint


def closed(stage: Stage, size: int) -> None:
    """The sender is closed with messages that nobody has taken yet, and with an unfinished one."""
    left, right, endpoint = _without_a_listener(stage)
    flow = Flow(stage, left, right, alone=False)
    numbers = [flow.send() for _ in range(size + 1)]
    stage.granted("an unfinished message", lambda: left.send(b"unfinished", SNDMORE))
    stage.close(left, linger=4000)
    stage.bind(right, endpoint)
    for number in numbers:
        flow.arrives(number)
    again = stage.socket("left", PUSH)
    stage.connect(again, endpoint)
    Flow(stage, again, right)


def dropped(stage: Stage, size: int) -> None:
    """The sender is closed at once, with messages that nobody takes: all of them go, and their memory comes back."""
    left, right, endpoint = _without_a_listener(stage)
    flow = Flow(stage, left, right, alone=False)
    for _ in range(size + 1):
        flow.send()
    stage.granted("an unfinished message", lambda: left.send(b"unfinished", SNDMORE))
    stage.close(left)
    if stage.held():
        raise stage.broken("what was not sent is held after the socket was closed")
    stage.bind(right, endpoint)
    again = stage.socket("left", PUSH)
    stage.connect(again, endpoint)
    Flow(stage, again, right, name="n")


SCENARIOS = (
    Scenario("parts", parts, {LEFT: EVERY, BOTH: (DISCARD, KEEP)}),
    Scenario("whole", whole, {LEFT: (DISCARD, KEEP, RESERVE), RIGHT: (DISCARD,)}),
    Scenario("large", large, {LEFT: (DISCARD,), RIGHT: (DISCARD,), BOTH: (DISCARD,)}),
    Scenario("pairs", pairs, {LEFT: (DISCARD,), BOTH: (DISCARD,)}),
    Scenario("routed", routed, {LEFT: EVERY, RIGHT: (DISCARD, KEEP)}),
    Scenario("asked", asked, {LEFT: EVERY, RIGHT: (DISCARD,)}),
    Scenario("short", short, {LEFT: (DISCARD, KEEP, RESERVE), RIGHT: (DISCARD,)}),
    Scenario("published", published, {LEFT: (DISCARD,), RIGHT: (DISCARD,)}),
    Scenario("shown", shown, {LEFT: (DISCARD,), RIGHT: (DISCARD,)}),
    Scenario("subscribed", subscribed, {LEFT: (DISCARD,), RIGHT: (DISCARD,)}),
    Scenario("restarted", restarted, {LEFT: (DISCARD,), RIGHT: (DISCARD,)}),
    Scenario("accepted", accepted, {LEFT: (DISCARD,), RIGHT: (DISCARD,), BOTH: (DISCARD,)}),
    Scenario("closed", closed, {LEFT: (DISCARD,), RIGHT: (DISCARD,)}),
    Scenario("dropped", dropped, {LEFT: (DISCARD,), BOTH: (DISCARD,)}),
)
