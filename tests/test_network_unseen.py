"""What is not kept can be left out: whatever may be seen next is the same with it as without it."""

from collections.abc import Iterable

import pytest
from seen import WHERE, explained, joins, made, nothing, pair, receives, sends, watch

from enomem.checks.fuzz.campaign import Campaign
from enomem.checks.fuzz.play import Play
from enomem.checks.oracle import oracle
from enomem.checks.oracle.events import Do, Event
from enomem.checks.oracle.oracle import Oracle
from enomem.checks.targets.reference import Reference
from enomem.checks.targets.target import Can
from enomem.model.systems import network_names
from enomem.model.systems.network import Network, Refusals, Setting
from enomem.model.systems.network_names import canonical
from enomem.model.systems.network_unseen import kept

WIDE = 30
"""So many states are compared at most; where there are more, the rest of the program is left out."""


def every(nets: Iterable[Network], enough: int = 1) -> list[Network]:
    return list(dict.fromkeys(map(canonical, nets)))


def asked(seen: Oracle) -> list[Event]:
    """What could be asked of every socket next."""
    alive = [number for number, socket in enumerate(seen.states[0].sockets) if not socket.closed]
    return [Event(do, one, part=b"zz", more=True) for one in alive for do in (Do.SEND, Do.RECEIVE)]


def as_it_is(net: Network) -> Network:
    return net


def may(seen: Oracle) -> list[set[str]]:
    settled = seen.settled_copy()
    return [answers for event in asked(seen) for answers in (seen.may(event), settled.may(event))]


def compared(events: Iterable[Event], play: Play, monkeypatch: pytest.MonkeyPatch) -> int:
    """Follow a run with all states and with those that are kept; how often they were compared."""
    some, everything = Oracle(play.setting), Oracle(play.setting)
    often = 0
    for event in events:
        assert some.saw(event) is None
        with monkeypatch.context() as all_of_them:
            all_of_them.setattr(oracle, "kept", every)
            all_of_them.setattr(network_names, "_without_order", as_it_is)
            assert everything.saw(event) is None
            allowed = may(everything)
        if len(everything.states) > WIDE:
            break
        if len(everything.states) > len(some.states):
            often += 1
            assert may(some) == allowed
    return often


SEES = frozenset({Can.PEERS, Can.DISCONNECT})


@pytest.mark.parametrize(
    ("cans", "in_turn"), [(frozenset(Can), True), (SEES, True), (SEES | {Can.SETTLE}, False)]
)
def test_nothing_is_allowed_less(cans: frozenset[Can], in_turn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Reference(stepped=True)
    target.cans &= cans
    campaign = Campaign(target, in_turn)
    plays: list[Play] = []
    monkeypatch.setattr(campaign, "ended", lambda play, _: plays.append(play))
    often = seed = 0
    # Which programs a seed draws depends on what else is imported.
    while often <= 20 and seed < 20:
        plays.clear()
        assert campaign.run(5, seed) is None
        often += sum(compared(play.events, play, monkeypatch) for play in plays)
        seed += 1
    target.end()
    assert often > 20


def test_who_does_not_know_yet_stands_for_who_does() -> None:
    run = [*pair("PULL", "PUSH"), *sends(1, "a"), Event(Do.CLOSE, 1), *nothing(0)]
    seen, _ = watch(run)
    assert len(seen.states) == 1
    assert len(kept(after for state in seen.states for after in oracle.before([state], Event(Do.RECEIVE, 0)))) == 1
    assert [seen.saw(event) for event in receives(0, "a")] == [None]


def test_what_comes_may_have_been_heard_before_who_connects_noticed_an_end() -> None:
    far = "tcp://127.0.0.1:5556"
    subscribes = [Event(Do.OPTION, 2, name="SUBSCRIBE", value=b"")]
    run = [made(0, "XPUB", XPUB_VERBOSE=1), Event(Do.CONNECT, 0, endpoint=WHERE), made(1, "SUB", SUBSCRIBE=b"")]
    run += [Event(Do.BIND, 1, endpoint=WHERE), made(2, "SUB", SUBSCRIBE=b""), Event(Do.BIND, 2, endpoint=far)]
    run += [Event(Do.CONNECT, 0, endpoint=far), *subscribes, Event(Do.CLOSE, 2)]
    run += [made(3, "SUB", SUBSCRIBE=b""), Event(Do.BIND, 3, endpoint=far), Event(Do.CLOSE, 3)]
    explained([*run, *[Event(Do.RECEIVE, 0, part=b"\1")] * 4], Setting(refusals=Refusals.NONE, in_turn=False))


TOPICS = [Event(Do.RECEIVE, 0, part=b"\1" + topic) for topic in (b"a", b"ab", b"b")]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_a_publisher_that_comes_is_told_all_topics_in_any_order(order: tuple[int, ...]) -> None:
    run = [made(0, "XPUB"), made(1, "SUB"), Event(Do.BIND, 0, endpoint=WHERE)]
    run += [Event(Do.OPTION, 1, name="SUBSCRIBE", value=topic) for topic in (b"ab", b"a")]
    run += [*joins(1), Event(Do.OPTION, 1, name="SUBSCRIBE", value=b"b")]
    free, held = (Setting(refusals=Refusals.NONE, in_turn=in_turn) for in_turn in (False, True))
    told = [TOPICS[place] for place in order]
    # What was subscribed to later is told later; and enomem has them in the order in which they were subscribed to.
    assert (watch([*run, *told], free)[1] is None) == (order[2] == 2)
    assert (watch([*run, *told], held)[1] is None) == (order == (1, 0, 2))


def test_in_which_order_two_sockets_were_joined_is_forgotten() -> None:
    far = "tcp://127.0.0.1:5556"
    first, second = [
        [
            *[Event(Do.CREATE, number, name=kind) for number, kind in enumerate(("PULL", "PULL", "PUSH", "PUSH"))],
            *[Event(Do.BIND, number, endpoint=at) for number, at in enumerate((WHERE, far))],
            *[Event(Do.CONNECT, number, endpoint=at) for number, at in ((2, WHERE), (3, far))],
            *[Event(Do.PEERS, number, count=1) for number in order],
        ]
        for order in ((0, 1), (1, 0))
    ]
    assert watch(first)[0].states == watch(second)[0].states
