"""The plays in which a defect of a pattern shows: requests, replies, addresses, subscribers, and peers that go.

As in ``plays_over_tcp``, each is played again and again, and another allocation is refused each time. Whoever is
refused sends its message again from its first part.
"""

from collections.abc import Sequence

from plays_over_tcp import ENOUGH, Tried, rests
from talk_over_tcp import LARGE, Misbehaved, Talk

from enomem import (
    DEALER,
    DONTWAIT,
    REP,
    REQ,
    ROUTER,
    SNDMORE,
    SUB,
    XPUB,
    Again,
    EventKind,
    Socket,
    StateError,
)  # fmt: skip
from enomem.model.send import Answer


def sent(talk: Talk, socket: Socket, message: Sequence[bytes]) -> None:
    """Send a message by parts, and from the first one again for as long as it is refused."""
    part = 0
    while part < len(message):
        flags = SNDMORE if part < len(message) - 1 else 0
        answer = talk.answer(lambda: socket.send(message[part], flags))  # noqa: B023
        if answer not in (Answer.OK, Answer.NO_MEMORY):
            raise Misbehaved(f"{answer.value!r}, and there is a peer with room")
        part = part + 1 if answer == Answer.OK else 0


def once(talk: Talk, socket: Socket, message: Sequence[bytes]) -> bool:
    """Send a message by parts, and give it up if it is refused; was it sent?"""
    for number, part in enumerate(message, 1):
        flags = SNDMORE if number < len(message) else 0
        if talk.answer(lambda: socket.send(part, flags)) != Answer.OK:  # noqa: B023
            return False
    return True


def gets(socket: Socket, message: Sequence[bytes]) -> None:
    """Exactly this message is the next one."""
    try:
        found = socket.recv_multipart()
    except Again:
        raise Misbehaved(f"{message} does not arrive") from None
    if found != list(message):
        raise Misbehaved(f"{found} arrived instead of {message}")


def has_nothing(socket: Socket) -> None:
    try:
        raise Misbehaved(f"{socket.recv_multipart(DONTWAIT)} arrived, and was for somebody else")
    except Again:
        pass


def asked(talk: Talk) -> None:
    """Requests and replies of two parts."""
    rep = talk.socket(talk.sender, REP)
    rep.bind("tcp://127.0.0.1:0")
    req = talk.socket(talk.sender, REQ)
    req.connect(rep.last_endpoint)
    for number in range(3):
        request, reply = [b"q%d" % number, b"?"], [b"a%d" % number, b"!"]
        sent(talk, req, request)
        gets(rep, request)
        sent(talk, rep, reply)
        gets(req, reply)
        talk.books()


def asks_in_step(talk: Talk) -> None:
    """No second request before the reply, and none to be had when the peer that was asked is gone."""
    req, (first, second) = with_two(talk, REQ, REP)
    sent(talk, req, [b"1"])
    gets(first, [b"1"])
    out_of_step(req)
    sent(talk, first, [b"one"])
    gets(req, [b"one"])
    sent(talk, req, [b"2"])
    gets(second, [b"2"])
    leaves(talk, req, first)
    sent(talk, second, [b"two"])
    gets(req, [b"two"])
    sent(talk, req, [b"3"])
    gets(second, [b"3"])
    leaves(talk, req, second)
    out_of_step(req)


def answers_who_asked(talk: Talk) -> None:
    """The reply goes to who asked, also when another peer goes meanwhile."""
    rep, (first, second) = with_two(talk, REP, REQ)
    sent(talk, second, [b"q"])
    gets(rep, [b"q"])
    leaves(talk, rep, first)
    sent(talk, rep, [b"a"])
    gets(second, [b"a"])


def with_two(talk: Talk, kind: int, other: int) -> tuple[Socket, list[Socket]]:
    """A socket that listens, and two peers that came one after the other."""
    listener = talk.socket(talk.sender, kind)
    listener.bind("tcp://127.0.0.1:0")
    peers = []
    for _ in range(2):
        peers.append(talk.socket(talk.sender, other))
        peers[-1].connect(listener.last_endpoint)
        talk.seen(listener, EventKind.HANDSHAKE_SUCCEEDED)
    return listener, peers


def leaves(talk: Talk, socket: Socket, peer: Socket) -> None:
    peer.close(0)
    talk.seen(socket, EventKind.DISCONNECTED)
    talk.books()


def out_of_step(socket: Socket) -> None:
    try:
        socket.send(b"out of step", DONTWAIT)
    except StateError:
        return
    except Again:
        pass
    raise Misbehaved("a request may be sent though a reply is due")


def addressed(talk: Talk) -> None:
    """A router's messages go to whom they name, whatever became of the one before."""
    router = talk.socket(talk.sender, ROUTER)
    router.bind("tcp://127.0.0.1:0")
    dealers = {}
    for name in (b"a", b"b"):
        dealers[name] = talk.socket(talk.receiver, DEALER, ROUTING_ID=name)
        dealers[name].connect(router.last_endpoint)
        talk.seen(router, EventKind.HANDSHAKE_SUCCEEDED)
    for number in range(4):
        name = b"ab"[number % 2 : number % 2 + 1]
        message = [b"%d" % number, b"for", b"you"]
        if once(talk, router, [name, *message]):
            gets(dealers[name], message)
    for dealer in dealers.values():
        has_nothing(dealer)
    sent(talk, router, [b"nobody", b"is", b"here"])
    for name in (b"b", b"a"):
        sent(talk, router, [name, b"end"])
        gets(dealers[name], [b"end"])


def unread(talk: Talk) -> None:
    """What is for a peer that is full, is for nobody."""
    router = talk.socket(talk.sender, ROUTER, SNDHWM=1)
    router.bind("tcp://127.0.0.1:0")
    first, second = (talk.socket(talk.receiver, DEALER, ROUTING_ID=name, RCVHWM=1) for name in (b"a", b"b"))
    for dealer in (first, second):
        dealer.connect(router.last_endpoint)
        talk.seen(router, EventKind.HANDSHAKE_SUCCEEDED)
    for _ in range(ENOUGH):
        sent(talk, router, [b"b", LARGE])
    sent(talk, router, [b"a", b"for a"])
    gets(first, [b"for a"])


def published(talk: Talk) -> None:
    """Subscribers get whole messages, each its own copy; one that gets no memory misses the whole one."""
    publisher = talk.socket(talk.sender, XPUB, XPUB_VERBOSE=1)
    publisher.bind("tcp://127.0.0.1:0")
    subscribers = [talk.socket(talk.receiver, SUB) for _ in range(2)]
    for number, subscriber in enumerate(subscribers):
        for topic in (b"m", b"%d" % number):
            subscriber.subscribe(topic)
        subscriber.connect(publisher.last_endpoint)
        for topic in (b"m", b"%d" % number):
            gets(publisher, [b"\1" + topic])
    messages = [[b"m%d" % number, b"1", b"2"] for number in range(3)]
    for message in messages:
        for part in message:
            talk.answer(lambda: publisher.send(part, 0 if part == b"2" else SNDMORE), told=False)  # noqa: B023
    missed = talk.refusals
    for number, subscriber in enumerate(subscribers):
        refusals = -1
        while talk.refusals != refusals:
            refusals = talk.refusals
            talk.answer(lambda: publisher.send(b"%d" % number), told=False)  # noqa: B023
        missed -= _missing(subscriber, messages, b"%d" % number)
    if missed:
        raise Misbehaved(f"{missed} copies more were missed than were announced")
    rests(talk)


def _missing(subscriber: Socket, messages: list[list[bytes]], end: bytes) -> int:
    """How many of the messages are missing before the last one; those that come are whole and in order."""
    left, missing = list(messages), 0
    while (message := subscriber.recv_multipart()) != [end]:
        if message not in left:
            raise Misbehaved(f"{message} arrived")
        missing += left.index(message)
        del left[: left.index(message) + 1]
    return missing + len(left)


PATTERN_PLAYS = (
    Tried(asked),
    Tried(asks_in_step),
    Tried(answers_who_asked),
    Tried(addressed),
    Tried(unread, refusing=False),
    Tried(published),
)
