"""Between sockets of one process nothing is on its way, and a publisher knows what has reached its machine.

Each holds the context's lock meanwhile, so that the I/O thread can have no part in it.
"""

import threading
from collections.abc import Callable, Iterator

import pytest

import enomem
from enomem import DONTWAIT
from enomem.model.reference import nearby

HERE = "inproc://here"
Make = Callable[[int], enomem.Socket]


@pytest.fixture
def context() -> Iterator[enomem.Context]:
    with enomem.Context() as context:
        yield context
    assert context.memory().used == 0


@pytest.fixture
def socket(context: enomem.Context) -> Iterator[Make]:
    made: list[enomem.Socket] = []

    def make(kind: int) -> enomem.Socket:
        made.append(context.socket(kind))
        return made[-1]

    yield make
    for one in made:
        one.close(0)


@pytest.mark.parametrize("early", [True, False])
def test_an_in_process_peer_is_there_when_connect_or_bind_returns(
    context: enomem.Context, socket: Make, early: bool
) -> None:
    push, pull = socket(enomem.PUSH), socket(enomem.PULL)
    with context.lock:
        if early:
            pull.connect(HERE)
        push.bind(HERE)
        if not early:
            pull.connect(HERE)
        push.send(b"x", DONTWAIT)
        assert pull.recv(DONTWAIT) == b"x"


@pytest.mark.parametrize("how", ["disconnect", "close"])
def test_an_in_process_peer_is_gone_when_it_says_so(context: enomem.Context, socket: Make, how: str) -> None:
    push, pull = socket(enomem.PUSH), socket(enomem.PULL)
    push.bind(HERE)
    pull.connect(HERE)
    with context.lock:
        assert push.poll(0, enomem.POLLOUT) == enomem.POLLOUT
        if how == "close":
            pull.close()
        else:
            pull.disconnect(HERE)
        assert push.poll(0, enomem.POLLOUT) == 0
        with pytest.raises(enomem.Again):
            push.send(b"x", DONTWAIT)


def test_an_in_process_subscription_counts_for_the_next_message(context: enomem.Context, socket: Make) -> None:
    pub, sub = socket(enomem.PUB), socket(enomem.SUB)
    pub.bind(HERE)
    with context.lock:
        sub.connect(HERE)
        sub.subscribe(b"a")
        pub.send(b"b")
        pub.send_multipart([b"a", b"x"])
        assert sub.recv_multipart(DONTWAIT) == [b"a", b"x"]


def _published(context: enomem.Context, socket: Make) -> bool:
    """Does a message reach a subscriber that connected by TCP long ago and subscribed just now?"""
    pub, sub = socket(enomem.PUB), socket(enomem.SUB)
    pub.bind("tcp://127.0.0.1:*")
    sub.connect(pub.last_endpoint)
    sub.subscribe(b"long ago")
    while not sub.poll(10):
        pub.send(b"long ago")
    with context.lock:
        while sub.poll(0):
            sub.recv()
        sub.subscribe(b"now")
        pub.send(b"now")
    return sub.poll(1000) == enomem.POLLIN


def test_a_publisher_looks_for_subscriptions(
    context: enomem.Context, socket: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearby, "LOOK", 0.0)
    monkeypatch.setattr(nearby, "SHARE", 0)
    assert _published(context, socket)


def test_without_a_look_it_would_miss_them(
    context: enomem.Context, socket: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearby, "LOOK", 1e9)
    assert not _published(context, socket)


def test_one_socket_as_both_sides_of_a_proxy(context: enomem.Context, socket: Make) -> None:
    rep, req = socket(enomem.REP), socket(enomem.REQ)
    rep.bind("tcp://127.0.0.1:*")
    req.connect(rep.last_endpoint)
    thread = threading.Thread(target=lambda: (enomem.proxy(rep, rep), rep.close()))
    thread.start()
    req.send(b"echo")
    assert req.poll(5000) == enomem.POLLIN
    assert req.recv() == b"echo"
    req.close()
    context.term()
    thread.join()
