"""Runs of sockets as they are seen, for the tests of the oracle: events in short, and what it makes of them."""

from collections.abc import Iterable

from enomem.checks.oracle.events import Do, Event
from enomem.checks.oracle.oracle import Deviation, Oracle
from enomem.checks.targets.target import Value
from enomem.model.systems.network import Setting

WHERE = "tcp://127.0.0.1:5555"


def pair(first: str, second: str, **options: Value) -> list[Event]:
    """Socket 0 listens, socket 1 has connected to it; the options are those of 0."""
    return [
        made(0, first, **options),
        made(1, second),
        Event(Do.BIND, 0, endpoint=WHERE),
        *joins(1),
    ]


def made(socket: int, kind: str, **options: Value) -> Event:
    return Event(Do.CREATE, socket, name=kind, options=tuple(options.items()))


def joins(socket: int, count: int = 1) -> list[Event]:
    """A socket connects, and socket 0 has so many peers then."""
    return [Event(Do.CONNECT, socket, endpoint=WHERE), Event(Do.PEERS, 0, count=count)]


def sends(socket: int, text: str, answer: str = "ok") -> list[Event]:
    """A message, its parts divided by blanks; a trailing + leaves it unfinished. The answer is the last part's."""
    parts = text.removesuffix("+").split(" ") if text != "+" else []
    ends = not text.endswith("+")
    found = [Event(Do.SEND, socket, part=part.encode(), more=True) for part in parts]
    found[-1] = Event(Do.SEND, socket, answer, parts[-1].encode(), not ends)
    return found


def receives(socket: int, text: str) -> list[Event]:
    """A message, as above."""
    parts = text.removesuffix("+").split(" ")
    ends = not text.endswith("+")
    found = [Event(Do.RECEIVE, socket, part=part.encode(), more=True) for part in parts]
    found[-1] = Event(Do.RECEIVE, socket, part=parts[-1].encode(), more=not ends)
    return found


def nothing(socket: int, answer: str = "EAGAIN") -> list[Event]:
    """Nothing is received."""
    return [Event(Do.RECEIVE, socket, answer)]


SETTLE = [Event(Do.SETTLE)]


def watch(events: Iterable[Event], setting: Setting | None = None) -> tuple[Oracle, Deviation | None]:
    """An oracle that saw the events, up to the first that nothing explains."""
    oracle = Oracle(setting or Setting())
    for event in events:
        found = oracle.saw(event)
        if found is not None:
            return oracle, found
    return oracle, None


def explained(events: Iterable[Event], setting: Setting | None = None) -> Oracle:
    """The oracle after events that are all explained."""
    oracle, found = watch(events, setting)
    assert found is None, found
    return oracle


def unexplained(events: list[Event], setting: Setting | None = None) -> Deviation:
    """What nothing explains: the last event, and none before it."""
    _, found = watch(events, setting)
    assert found is not None
    assert found.number == len(events), found
    return found
