"""How each pair of socket types talks: the first end begins, the second answers where its type can.

A talk takes two ends that are on their way to each other, and messages; it sends each message every way that the pair
allows, and fails unless exactly that comes out.
"""

from collections.abc import Callable

from .ends import End, Parts
from .waiting import until

Talk = Callable[[End, End, list[Parts]], None]

NAMES = (b"\x01first", bytes(range(255, 0, -1)))
"""Routing ids of two ROUTERs: octets of every value, the longest one that is allowed (RFC 37)."""


def expect(received: Parts, sent: Parts) -> None:
    """Compare without printing 16 MiB."""
    assert [len(part) for part in received] == [len(part) for part in sent]
    assert received == sent


def one_way(sender: End, receiver: End, messages: list[Parts]) -> None:
    for message in messages:
        sender.send(message, receiver)
        expect(receiver.receive(sender), message)


def both_ways(first: End, second: End, messages: list[Parts]) -> None:
    one_way(first, second, messages)
    one_way(second, first, messages)


def many_under_way(sender: End, receiver: End, messages: list[Parts]) -> None:
    """As many messages at once as the ends take, in order."""
    waiting, received = list(messages), 0

    def step() -> bool:
        nonlocal received
        while waiting and sender.try_send(waiting[0]):
            waiting.pop(0)
        while (message := receiver.try_receive()) is not None:
            expect(message, messages[received])
            received += 1
        return received == len(messages)

    until(step, f"{receiver} receives all", receiver, sender)


def subscribe(subscriber: End, topic: bytes) -> None:
    """Subscribe in the manner of its type."""
    if subscriber.kind == "XSUB":
        subscriber.send([b"\x01" + topic])
    else:
        subscriber.set(SUBSCRIBE=topic)


def unsubscribe(subscriber: End, topic: bytes) -> None:
    """The opposite of subscribe."""
    if subscriber.kind == "XSUB":
        subscriber.send([b"\x00" + topic])
    else:
        subscriber.set(UNSUBSCRIBE=topic)


def heard(publisher: End, subscriber: End, message: Parts) -> None:
    """Publish the message until the subscriber has it once; PUB says nothing of the subscriptions that it knows."""

    def look() -> bool:
        publisher.try_send(message)
        received = subscriber.try_receive()
        assert received in (None, message)
        return received is not None

    until(look, f"{subscriber} hears {message!r}", subscriber, publisher)


def settled(publisher: End, subscriber: End, beat: Parts, end: Parts) -> None:
    """The subscription is known at the publisher, and nothing that was published until now is under way any more."""
    heard(publisher, subscriber, beat)
    publisher.send(end, subscriber)
    until(lambda: subscriber.try_receive() == end, f"{subscriber} hears {end!r}", subscriber, publisher)


def publish(publisher: End, subscriber: End, messages: list[Parts]) -> None:
    subscribe(subscriber, b"")
    if publisher.kind == "XPUB":
        expect(publisher.receive(subscriber), [b"\x01"])
    else:
        settled(publisher, subscriber, [b"beat"], [b"end"])
    one_way(publisher, subscriber, messages)


def request(requester: End, replier: End, messages: list[Parts]) -> None:
    for message in messages:
        one_way(requester, replier, [message])
        one_way(replier, requester, [[*reversed(message)]])


def request_router(requester: End, router: End, messages: list[Parts]) -> None:
    for message in messages:
        requester.send(message, router)
        name, *rest = router.receive(requester)
        expect(rest, [b"", *message])
        router.send([name, b"", *reversed(message)], requester)
        expect(requester.receive(router), [*reversed(message)])


def dealer_rep(dealer: End, replier: End, messages: list[Parts]) -> None:
    for envelope in ([], [b"\x00hop", b"\xffhop"]):
        for message in messages:
            dealer.send([*envelope, b"", *message], replier)
            expect(replier.receive(dealer), message)
            replier.send([*reversed(message)], dealer)
            expect(dealer.receive(replier), [*envelope, b"", *reversed(message)])


def dealer_router(dealer: End, router: End, messages: list[Parts]) -> None:
    for message in messages:
        dealer.send(message, router)
        name, *rest = router.receive(dealer)
        expect(rest, message)
        router.send([name, *message], dealer)
        expect(dealer.receive(router), message)


def router_router(first: End, second: End, messages: list[Parts]) -> None:
    """Each has a name and ROUTER_MANDATORY, so that each knows when the other can be reached."""
    until(lambda: first.reachable([NAMES[1], b"hello"]), f"{first} knows its peer", first, second)
    expect(second.receive(first), [NAMES[0], b"hello"])
    for message in messages:
        for sender, receiver, own, other in ((first, second, *NAMES), (second, first, *reversed(NAMES))):
            sender.send([other, *message], receiver)
            expect(receiver.receive(sender), [own, *message])


TALKS: dict[tuple[str, str], Talk] = {
    ("PAIR", "PAIR"): both_ways,
    ("PUB", "SUB"): publish,
    ("PUB", "XSUB"): publish,
    ("XPUB", "SUB"): publish,
    ("XPUB", "XSUB"): publish,
    ("REQ", "REP"): request,
    ("REQ", "ROUTER"): request_router,
    ("DEALER", "REP"): dealer_rep,
    ("DEALER", "DEALER"): both_ways,
    ("DEALER", "ROUTER"): dealer_router,
    ("ROUTER", "ROUTER"): router_router,
    ("PUSH", "PULL"): one_way,
}
