"""The plays in which a defect of the machines shows: from one socket to another, with everything that can go wrong.

Each is played again and again with one thing more that goes wrong; it returns how many allocations it came to.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from talk_over_tcp import HWM, LARGE, MESSAGES, PARTS, Misbehaved, Talk, Upset, endpoint, label, talking

from enomem import (
    DISCARD,
    DONTWAIT,
    PULL,
    PUSH,
    RESERVE,
    SNDMORE,
    SUB,
    XPUB,
    Again,
    EventKind,
    SendPolicy,
    Site,
    Socket,
    SocketError,
)  # fmt: skip
from enomem.model.application import Recovery
from enomem.model.reference.weights import PART
from enomem.model.send import Answer


def queued(talk: Talk) -> None:
    """By parts: messages wait in the pipe up to its high-water mark, then somebody listens and all arrive."""
    with endpoint() as where:
        push = talk.socket(talk.sender, PUSH, SNDHWM=HWM)
        push.connect(where)
        while talk.call(push, DONTWAIT) != Answer.FULL:
            if len(talk.completed) > HWM + len(talk.swallowed):
                raise Misbehaved(f"{len(talk.completed)} messages are in a pipe for {HWM}")
        if len(talk.completed) < HWM:
            raise Misbehaved(f"EAGAIN, and there are {len(talk.completed)} messages in a pipe for {HWM}")
        pull = talk.socket(talk.receiver, PULL)
        pull.bind(where)
        talk.receive(pull)
        while talk.app.message <= MESSAGES:
            if talk.call(push) == Answer.FULL:
                raise Misbehaved("everything was read out of the pipe, and it is full")
        talk.receive(pull)
        rests(talk)


def wholes(talk: Talk) -> None:
    """The same with `send_multipart`."""
    with endpoint() as where:
        push = talk.socket(talk.sender, PUSH, SNDHWM=HWM)
        push.connect(where)
        while len(talk.completed) < HWM:
            talk.whole(push)
        pull = talk.socket(talk.receiver, PULL)
        pull.bind(where)
        while talk.app.message <= MESSAGES:
            talk.whole(push)
        talk.receive(pull)
        rests(talk)


def rests(talk: Talk) -> None:
    """Everything has arrived: nothing of it is held any more."""
    if talk.held():
        raise Misbehaved(f"{talk.held()} octets of messages are held, and all of them have arrived")


def aborted(talk: Talk) -> None:
    """A message is given up after its first part, and after its second; the next ones arrive alone."""
    with endpoint() as where:
        push = talk.socket(talk.sender, PUSH)
        push.connect(where)
        for parts in (1, 2):
            before = talk.held()
            for part in range(parts):
                # A lambda with defaults has no type of its own.
                talk.answer(lambda part=part: push.send(label(9, part), SNDMORE))  # type: ignore[misc]
            push.abort_message()
            talk.books()
            if talk.held() > before:
                raise Misbehaved("an aborted message is held")
            while talk.app.message <= parts:
                talk.call(push)
        pull = talk.socket(talk.receiver, PULL)
        pull.bind(where)
        talk.receive(pull)


def gone(talk: Talk) -> None:
    """The peer goes in the middle of a message, or after a refusal; another comes, and gets the next message whole."""
    push = talk.socket(talk.sender, PUSH)
    push.bind("tcp://127.0.0.1:0")
    first = talk.socket(talk.receiver, PULL)
    first.connect(push.last_endpoint)
    talk.seen(push, EventKind.HANDSHAKE_SUCCEEDED)
    before = talk.held()
    while talk.app.part < 2 and not talk.refusals:
        talk.call(push)
    begun = talk.app.part > 0 and talk.app.message not in talk.swallowed
    first.close(0)
    talk.seen(push, EventKind.DISCONNECTED)
    talk.books()
    if talk.held() > before:
        raise Misbehaved("what was sent to a peer that is gone is held")
    second = talk.socket(talk.receiver, PULL)
    second.connect(push.last_endpoint)
    talk.seen(push, EventKind.HANDSHAKE_SUCCEEDED)
    refusals = talk.refusals
    if (talk.call(push) == Answer.GONE) != begun and talk.refusals == refusals:
        raise Misbehaved("the peer is said to be gone where no message was begun, or not where one was")
    while talk.app.message < 3:
        talk.call(push)
    talk.receive(second)


def bounded(talk: Talk) -> None:
    """A pool that is too small by one octet for what is asked for last."""
    with endpoint() as where:
        push = talk.socket(talk.sender, PUSH)
        push.connect(where)
        talk.books()
        while len(talk.completed) < HWM:
            if talk.call(push, DONTWAIT) != Answer.OK:
                break
        talk.answer(push.abort_message)
        if talk.upset.limit is not None and len(talk.completed) == HWM:
            raise Misbehaved("everything was granted, and the pool is too small for it")
        pull = talk.socket(talk.receiver, PULL)
        pull.bind(where)
        talk.receive(pull)


def in_line(talk: Talk) -> None:
    """One reserves, two wait for its memory, one after the other, and a fourth does not overtake them."""
    with endpoint() as where:
        sockets = [talk.socket(talk.sender, PUSH) for _ in range(4)]
        for push in sockets:
            push.connect(where)
        room = LINE - talk.sender.memory().used
        large = b"1.0".ljust(room * 2 // 3, b" ")
        first, *waiting, last = sockets
        if talk.answer(lambda: first.send(large, SNDMORE)) != Answer.OK:
            raise Misbehaved("there was memory, and it was refused")
        threads = [threading.Thread(target=_sends, args=(push, large), daemon=True) for push in waiting]
        for number, thread in enumerate(threads):
            thread.start()
            while len(talk.sender.line) <= number:
                if not thread.is_alive():
                    raise Misbehaved("who should wait does not")
        if talk.answer(lambda: last.send(b"small", DONTWAIT)) != Answer.FULL:
            raise Misbehaved("the line was overtaken")
        talk.books()
        first.send(b"1.1")
        pull = talk.socket(talk.receiver, PULL)
        pull.bind(where)
        for _ in range(3):
            try:
                arrived = pull.recv_multipart()
            except Again:
                raise Misbehaved("who waited was not served") from None
            if arrived != [large, b"1.1"]:
                raise Misbehaved("another message arrived")
        for thread in threads:
            thread.join(talk.seconds)
        talk.books()
        last.send(b"small")
        if pull.recv_multipart() != [b"small"]:
            raise Misbehaved("the third message is another")


def _sends(socket: Socket, large: bytes) -> None:
    with suppress(SocketError):
        socket.send_multipart([large, b"1.1"])


def unread(talk: Talk) -> None:
    """A receiver takes no more than it may hold, and goes with what is on the wire."""
    push = talk.socket(talk.sender, PUSH, SNDHWM=1)
    push.bind("tcp://127.0.0.1:0")
    pull = talk.socket(talk.receiver, PULL, RCVHWM=1)
    pull.connect(push.last_endpoint)
    talk.seen(push, EventKind.HANDSHAKE_SUCCEEDED)
    talk.until("the receiver stops reading", lambda: talk.filled(push, ENOUGH) >= 0 and stops(talk, pull))
    talk.filled(push, ENOUGH)
    pull.close(0)
    talk.seen(push, EventKind.DISCARDED)
    talk.books()
    rests(talk)


def stops(talk: Talk, pull: Socket) -> bool:
    """Has the receiver stopped reading?  It may hold one message, and the half of another."""
    if talk.receiver.memory().sites[Site.RECEIVE_BODY] > 3 * (len(LARGE) + PART):
        raise Misbehaved("the receiver holds more than it may")
    with talk.receiver.lock:
        return all(connection.paused for connection in pull._core.connections)


def to_many(talk: Talk) -> None:
    """A subscriber does not read: its publisher is told that the pipe is full, and everything arrives in the end."""
    publisher = talk.socket(talk.sender, XPUB, XPUB_NODROP=1, SNDHWM=1)
    publisher.bind("tcp://127.0.0.1:0")
    subscriber = talk.socket(talk.receiver, SUB, RCVHWM=1)
    subscriber.subscribe(b"")
    subscriber.connect(publisher.last_endpoint)
    if publisher.recv() != b"\1":
        raise Misbehaved("a subscription is another")
    for _ in range(talk.filled(publisher, ENOUGH)):
        if subscriber.recv() != LARGE:
            raise Misbehaved("another message arrived")


LINE = 1_000_000
ENOUGH = 30
"""Octets of a pool, and more large messages than fit into a connection."""

Play = Callable[[Talk], None]


@dataclass(frozen=True)
class Tried:
    """A play, what goes wrong in it once, and with which policies it makes sense (none named: all)."""

    play: Play
    refusing: bool = True
    own: int = 0
    limits: bool = False
    limit: int | None = None
    policies: tuple[SendPolicy, ...] = ()

    def upsets(self, policy: SendPolicy, recovery: Recovery, seconds: float) -> list[Upset]:
        """What goes wrong, one thing after the other, by what a calm run came to."""
        with talking(policy, recovery, Upset(limit=self.limit), seconds) as talk:
            self.play(talk)
        calm = [Upset(limit=self.limit)]
        if self.refusing:
            count = len(talk.asked)
            calm += [Upset((number,)) for number in range(count)]
            calm += [Upset((number, number + 1)) for number in range(count)]
        calm += [Upset(own=number) for number in range(1, self.own)]
        if self.limits:
            calm += [Upset(limit=used - 1) for used in sorted(set(talk.used))[1:]]
        return calm


PLAYS = (
    Tried(queued, own=3 * PARTS),
    Tried(aborted),
    Tried(gone),
    Tried(wholes),
    Tried(bounded, refusing=False, limits=True),
    Tried(in_line, refusing=False, limit=LINE, policies=(RESERVE,)),
    Tried(unread, refusing=False, policies=(DISCARD,)),
    Tried(to_many, refusing=False, policies=(DISCARD,)),
)
