"""The plays in which a defect of the machines shows: from one socket to another, with everything that can go wrong.

Each is played again and again with one thing more that goes wrong; it returns how many allocations it came to.
"""

import threading
from collections.abc import Callable, Iterator

from talk_over_tcp import HWM, MESSAGES, PARTS, Misbehaved, Talk, Upset, endpoint, label

from enomem import DONTWAIT, PULL, PUSH, RESERVE, SNDMORE, Again, EventKind
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
            talk.call(push)
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
    end = threading.Event()
    talk.sender.reactor.later(0, end.set)
    end.wait(talk.seconds)
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
                talk.answer(lambda part=part: push.send(label(9, part), SNDMORE))  # type: ignore[misc]
            push.abort_message()
            talk.books()
            if talk.held() > before:
                raise Misbehaved("an aborted message is held")
            if talk.policy == RESERVE or not talk.refusals:
                while talk.app.message == parts:
                    talk.call(push)
        pull = talk.socket(talk.receiver, PULL)
        pull.bind(where)
        talk.receive(pull)


def gone(talk: Talk) -> None:
    """The peer goes in the middle of a message; another one comes and gets the next message whole."""
    push = talk.socket(talk.sender, PUSH)
    push.bind("tcp://127.0.0.1:0")
    first = talk.socket(talk.receiver, PULL)
    first.connect(push.last_endpoint)
    talk.seen(push, EventKind.HANDSHAKE_SUCCEEDED)
    before = talk.held()
    while talk.app.part < 2:
        talk.call(push)
    first.close(0)
    talk.seen(push, EventKind.DISCONNECTED)
    talk.books()
    if talk.held() > before:
        raise Misbehaved("what was sent to a peer that is gone is held")
    second = talk.socket(talk.receiver, PULL)
    second.connect(push.last_endpoint)
    talk.seen(push, EventKind.HANDSHAKE_SUCCEEDED)
    if talk.call(push) != Answer.GONE:
        raise Misbehaved("nobody said that the peer is gone")
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
    """One reserves, the next one waits for its memory, and a third does not overtake it."""
    with endpoint() as where:
        sockets = [talk.socket(talk.sender, PUSH) for _ in range(3)]
        for push in sockets:
            push.connect(where)
        room = talk.upset.limit - talk.sender.memory().used if talk.upset.limit else 0
        large = b"1.0".ljust(room * 2 // 3, b" ")
        first, second, third = sockets
        if talk.answer(lambda: first.send(large, SNDMORE)) != Answer.OK:
            raise Misbehaved("there was memory, and it was refused")
        waits = threading.Thread(target=_sends, args=(second, large), daemon=True)
        waits.start()
        while not talk.sender.line:
            if not waits.is_alive():
                raise Misbehaved("who should wait does not")
        if talk.answer(lambda: third.send(b"small", DONTWAIT)) != Answer.FULL:
            raise Misbehaved("the line was overtaken")
        talk.books()
        first.send(b"1.1")
        pull = talk.socket(talk.receiver, PULL)
        pull.bind(where)
        for _ in range(2):
            try:
                arrived = pull.recv_multipart()
            except Again:
                raise Misbehaved("who waited was not served") from None
            if arrived != [large, b"1.1"]:
                raise Misbehaved("another message arrived")
        waits.join(talk.seconds)
        talk.books()
        third.send(b"small")
        if pull.recv_multipart() != [b"small"]:
            raise Misbehaved("the third message is another")


def _sends(socket: Any, large: bytes) -> None:
    with suppress(SocketError):
        socket.send_multipart([large, b"1.1"])


Play = Callable[[Talk], None]
