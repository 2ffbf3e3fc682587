"""Ending, rolling back, unsubscribing and terminating need no memory: their steps run where none can be had."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import NoReturn

import pytest

from enomem.model import connection, link, memory, receive, send
from enomem.model.connection import ALLOCATE, RESERVED, Event, Life, Phase, Reason, Upkeep
from enomem.model.memory import NEVER, Pool, Site
from enomem.model.patterns.subscriptions import Interests, Subscriptions
from enomem.model.pipe import Pipe
from enomem.model.policies import KEEP
from enomem.model.receive import Inbox
from enomem.model.send import Send, Sizes

FULL = Pool(20, 20)
PIPES = [Pipe(2, 4, 1), Pipe(0, 0, 3), Pipe()]
SENDS = [Send(phase) for phase in send.Phase]


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for memory fails the test, whatever the amount."""

    def asked(*_: object) -> NoReturn:
        raise AssertionError("memory was asked for")

    monkeypatch.setattr(memory, "take", asked)
    monkeypatch.setattr(memory, "fits", asked)


def rolls_back() -> Iterator[object]:
    for now, pipe in product(SENDS, PIPES):
        yield send.abort(Sizes(), FULL, now, pipe)
        yield send.peer_gone(Sizes(), FULL, now, pipe)
    yield link.lost(FULL, 3)
    yield link.written(FULL, 3)
    yield receive.broken(FULL, Inbox(1, 2, 3))


def unsubscribes() -> Iterator[object]:
    own, peers = Interests(), Subscriptions[str]()
    own.subscribe(b"a")
    peers.add("one", b"a")
    peers.add("two", b"ab")
    yield own.cancel(b"a")
    yield own.cancel(b"never")
    yield peers.remove("one", b"a")
    yield peers.connection_ended("two")


def closes() -> Iterator[object]:
    """Every way to end, from every phase; under ALLOCATE one that is to be opened again asks for a timer."""
    for rule, phase, initiated, reason in product((RESERVED, ALLOCATE), Phase, (False, True), Reason):
        life = Life(phase, initiated, 1, 5)
        for wanted in (False, True) if rule is RESERVED else (False,):
            ending = connection.step(FULL, rule, Upkeep(), life, Event.END, reason, wanted, None)
            yield ending
            yield connection.step(ending.pool, rule, Upkeep(), ending.life, Event.GONE, reason, wanted, None)
    yield connection.destroyed(FULL, 3)


def terminates() -> Iterator[object]:
    yield from closes()
    yield receive.dropped(FULL, Inbox(1, 2, 3))
    yield receive.taken(Inbox(1, 0, 2), 2)
    yield receive.handed(FULL, 2)


def opens_again() -> Iterator[object]:
    """Under RESERVED, all of a connection's life."""
    for phase, event in product(Phase, Event):
        yield connection.step(FULL, RESERVED, Upkeep(), Life(phase, True, 1, 5), event, Reason.LOST, True, None)


SHOWN: dict[Site, Callable[[], Iterator[object]]] = {
    Site.ROLL_BACK: rolls_back,
    Site.UNSUBSCRIBE: unsubscribes,
    Site.CLOSE: closes,
    Site.TERMINATE: terminates,
    Site.RECONNECT: opens_again,
}


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("site", SHOWN, ids=lambda site: site.name)
def test_it_needs_no_memory(site: Site) -> None:
    assert list(SHOWN[site]())


def test_what_nobody_asks_for_is_shown_or_says_where() -> None:
    # Of COMMIT it is SAFE-COMMIT that shows it; a MONITOR's queue is not of the pool.
    assert {*SHOWN, Site.COMMIT, Site.MONITOR} >= set(NEVER)


@pytest.mark.usefixtures("nothing")
def test_whoever_asks_is_found_out() -> None:
    with pytest.raises(AssertionError, match="asked for"):
        send.send_part(KEEP, Sizes(), FULL, Send(), Pipe(), 9, True, None)
    timed = Life(Phase.CLOSING, True, 1, 5, Reason.LOST)
    with pytest.raises(AssertionError, match="asked for"):
        connection.step(FULL, ALLOCATE, Upkeep(), timed, Event.GONE, Reason.LOST, True, None)
