"""Programs in which much may have happened: it is asked what did, and what takes too long is no verdict."""

from collections.abc import Iterator

import pytest

from enomem.checks.errors import Inconclusive
from enomem.checks.fuzz import play as plays
from enomem.checks.fuzz import shorten
from enomem.checks.fuzz.campaign import Campaign
from enomem.checks.fuzz.play import WIDE, Deviates, Play
from enomem.checks.oracle.events import Do, Event
from enomem.checks.oracle.oracle import Oracle
from enomem.checks.targets.reference import Reference
from enomem.checks.targets.target import Can
from enomem.model.systems.network import Setting

SUBSCRIBERS = 5


@pytest.fixture
def stepped() -> Iterator[Reference]:
    target = Reference(stepped=True)
    yield target
    target.end()


def published(target: Reference) -> Play:
    """A PUB with room for one message to each of its subscribers."""
    play = Play(target, Setting())
    play.do(Event(Do.CREATE, 0, name="PUB", options=(("SNDHWM", 1),)))
    play.do(Event(Do.BIND, 0, endpoint="tcp://s0"))
    for number in range(1, SUBSCRIBERS + 1):
        play.do(Event(Do.CREATE, number, name="SUB", options=(("SUBSCRIBE", b""),)))
        play.do(Event(Do.CONNECT, number, endpoint="tcp://s0"))
        play.settle()
    return play


def test_who_got_what_is_asked_before_it_is_more_than_can_be_followed(stepped: Reference) -> None:
    play = published(stepped)
    for number in range(12):
        play.do(Event(Do.SEND, 0, part=b"%d" % number))
        play.narrow()
        assert len(play.oracle.states) <= WIDE
    assert play.oracle.widest <= WIDE * 2**SUBSCRIBERS
    assert {event.socket for event in play.events if event.do == Do.RECEIVE} == set(range(1, SUBSCRIBERS + 1))
    play.finish()


def test_what_takes_too_long_is_no_verdict(stepped: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plays, "SECONDS", 0.0)
    play = Play(stepped, Setting())
    with pytest.raises(Inconclusive, match="event 1: to follow it until here took more than 0 s"):
        play.do(Event(Do.CREATE, 0, name="PUB"))
    campaign = Campaign(stepped, in_turn=True)
    assert campaign.run(3, 1) is None
    assert len(campaign.tally.undecided) == campaign.tally.programs == campaign.tally.broken_off


def test_shortening_ends_when_its_time_is_over(stepped: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shorten, "SECONDS", 0.0)
    tried = []

    def never(_: Reference, __: Setting, program: list[Event], *___: object) -> None:
        tried.append(program)

    monkeypatch.setattr(shorten, "_tried", never)
    play = published(stepped)
    with pytest.raises(Deviates) as error:
        play.do(Event(Do.CONNECT, 1, endpoint="tcp://nowhere"))
    assert shorten.shortened(stepped, play.setting, error.value.failure).once
    assert len(tried) == 1 + 1 + 2 * shorten.AGAIN


def test_what_is_too_wide_for_us_is_no_fault_of_the_target(stepped: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    stepped.cans -= {Can.SETTLE}
    play = published(stepped)

    def too_many(_: Oracle) -> Oracle:
        raise Inconclusive("more may have happened than can be followed")

    monkeypatch.setattr(Oracle, "settled_copy", too_many)
    with pytest.raises(Inconclusive, match="more may have happened"):
        play.do(Event(Do.RECEIVE, 1))
