"""The table of types: names, legal pairs, options, what each does for its application; and the plain types' tables."""

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.model.patterns import PATTERNS, make, pattern, xpub
from enomem.model.patterns.pattern import Attached, Begin, Offered, Shape, Way
from enomem.model.patterns.turns import Turns
from enomem.model.rules import Rule

ALL = list(PATTERNS)
BODY = Shape(1)
# RFC 23 and RFC 37, "The Socket-Type Property", read off by hand: a row's type may talk to the columns'.
LEGAL = {
    "PAIR": "PAIR",
    "PUB": "SUB XSUB",
    "SUB": "PUB XPUB",
    "REQ": "REP ROUTER",
    "REP": "REQ DEALER",
    "DEALER": "REP DEALER ROUTER",
    "ROUTER": "REQ DEALER ROUTER",
    "PULL": "PUSH",
    "PUSH": "PULL",
    "XPUB": "SUB XSUB",
    "XSUB": "PUB XPUB",
}


def always(_: int) -> bool:
    return True


def test_the_types_are_those_of_libzmq_in_its_order() -> None:
    assert ALL == ["PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"]
    assert all(kind.name == name for name, kind in PATTERNS.items())


def test_legal_pairs_are_those_of_the_rfc_and_mutual() -> None:
    for ours in ALL:
        for theirs in ALL:
            legal = theirs in LEGAL[ours].split()
            assert pattern.talks(ours, theirs) == legal == pattern.talks(theirs, ours)
            assert (theirs in PATTERNS[ours].accepts) == legal


@pytest.mark.parametrize(
    ("ours", "theirs"), [("PUSH", "PUSH"), ("PUSH", ""), ("", "PUSH"), ("STREAM", "STREAM"), ("push", "PULL")]
)
def test_what_is_no_type_talks_to_nobody(ours: str, theirs: str) -> None:
    assert not pattern.talks(ours, theirs)


@pytest.mark.parametrize("name", ALL)
def test_options_that_a_type_has_not_are_left_out(name: str) -> None:
    options = dict.fromkeys(("mandatory", "handover", "relaxed", "correlate", "nodrop", "verbose", "verboser"), True)
    made = make(name, **options)
    assert is_dataclass(made)
    own = {
        "ROUTER": {"mandatory", "handover"}, "REQ": {"relaxed", "correlate"}, "XPUB": {"nodrop", "verbose", "verboser"}
    }  # fmt: skip
    assert {option for option in options if getattr(made, option, False)} == own.get(name, set())
    assert made == make(name, **options) != make("PUB" if name == "SUB" else "SUB")


def test_who_sends_receives_publishes_and_subscribes() -> None:
    def of(attribute: str) -> str:
        return " ".join(name for name in ALL if getattr(PATTERNS[name], attribute))

    assert of("sends") == "PAIR PUB REQ REP DEALER ROUTER PUSH XPUB XSUB"
    assert of("receives") == "PAIR SUB REQ REP DEALER ROUTER PULL XPUB XSUB"
    assert of("publishes") == "PUB XPUB"
    assert of("subscribes") == "SUB XSUB"
    assert of("filters") == "SUB"
    assert of("drains") == "REQ"
    assert of("routes") == "ROUTER"
    assert of("conflates") == "PUB SUB DEALER PULL PUSH"


@pytest.mark.parametrize("name", ALL)
def test_what_a_type_does_not_do_is_refused_with_its_rule(name: str) -> None:
    made = make(name)
    state = made.attached(made.initial(), 0).state
    if not made.sends:
        assert made.begin(state, 1, always) == Begin(Rule.TYPE_2, Way.UNSUPPORTED, state)
        assert made.may_send(state) == Rule.TYPE_2
        assert not made.writable(state, 1, always)
        assert pattern.way(Rule.TYPE_2) == Way.UNSUPPORTED
    if not made.receives:
        assert made.may_receive(state) == Rule.TYPE_3
        assert pattern.way(Rule.TYPE_3) == Way.UNSUPPORTED
        assert made.offered(state, 0, BODY) == Offered(Rule.TYPE_3, Turns(0, -1, 1), False)


def test_the_other_refusals_are_of_the_lock_step() -> None:
    assert {pattern.way(rule) for rule in (Rule.REQ_2, Rule.REP_3)} == {Way.WRONG_STATE}


@pytest.mark.parametrize("name", ["PUSH", "DEALER"])
def test_round_robin_skips_who_has_no_room_and_waits_when_nobody_has(name: str) -> None:
    made, rule = make(name), {"PUSH": Rule.PUSH_1, "DEALER": Rule.DEALER_1}[name]
    state = Turns(1, -1, 0)
    assert made.begin(state, 3, always) == Begin(rule, Way.PIPE, Turns(1, 1, 0), 1)
    assert made.begin(state, 3, (True, False, True).__getitem__).pipe == 2
    assert made.begin(state, 3, (True, False, False).__getitem__).pipe == 0
    nobody = Begin(Rule.TURN_6, Way.NOBODY, state)
    assert made.begin(state, 3, lambda _: False) == nobody
    assert made.begin(state, 0, always) == nobody


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("PULL", Rule.PUSH_2),
        ("DEALER", Rule.DEALER_2),
        ("PAIR", Rule.PAIR_4),
        ("SUB", Rule.SUB_4),
        ("XSUB", Rule.SUB_4),
        ("XPUB", Rule.PUB_10),
    ],
)
@pytest.mark.parametrize("shape", [BODY, Shape(2, 0), Shape(1, 0)], ids=str)
def test_who_delivers_all_delivers_it_as_it_is(name: str, rule: Rule, shape: Shape) -> None:
    made = make(name)
    assert made.choose(Turns(0, -1, 1), 2, always) == 1
    assert made.offered(Turns(0, -1, 1), 1, shape) == Offered(rule, Turns(0, -1, 2), True)


def test_a_subscriber_filters_again_and_the_turn_passes_all_the_same() -> None:
    other = Shape(1, matches=False)
    assert make("SUB").offered(Turns(), 0, other) == Offered(Rule.SUB_5, Turns(0, -1, 1), False)
    assert make("XSUB").offered(Turns(), 0, other).deliver


def test_a_pair_has_one_peer() -> None:
    made = make("PAIR")
    assert made.attached(Turns(), 0) == Attached(Rule.PAIR_1, Turns(), True)
    assert made.attached(Turns(1, -1, 1), 1) == Attached(Rule.PAIR_2, Turns(1, -1, 1), False)
    assert made.begin(Turns(), 1, always) == Begin(Rule.PAIR_3, Way.PIPE, Turns(0, 0, 0), 0)
    assert made.begin(Turns(), 1, lambda _: False) == Begin(Rule.TURN_6, Way.NOBODY, Turns())
    assert made.begin(Turns(), 0, always) == Begin(Rule.TURN_6, Way.NOBODY, Turns())


def test_the_peer_of_a_pair_goes_in_the_middle_and_the_next_begins_afresh() -> None:
    made = make("PAIR")
    begun = made.begin(Turns(), 1, always).state
    alone = made.detached(begun, 0)
    assert alone.current == -1
    assert made.attached(alone, 0).state == made.initial()


@pytest.mark.parametrize(("name", "rule"), [("PUB", Rule.PUB_1), ("XPUB", Rule.PUB_1), ("XSUB", Rule.SUB_6)])
def test_nobody_holds_up_who_sends_to_many(name: str, rule: Rule) -> None:
    made = make(name)
    for count in (0, 2):
        assert made.begin(Turns(), count, lambda _: False) == Begin(rule, Way.FAN, Turns())
        assert made.writable(Turns(), count, lambda _: False)


@pytest.mark.parametrize("name", ["SUB", "XSUB"])
def test_a_publisher_that_comes_is_told(name: str) -> None:
    assert make(name).attached(Turns(0, -1, 1), 1) == Attached(Rule.SUB_7, Turns(), True)


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_what_an_xpub_is_shown(verbose: bool, verboser: bool, subscribes: bool, changes: bool) -> None:
    shown = changes or (subscribes and (verbose or verboser)) or (not subscribes and verboser)
    made = make("XPUB", verbose=verbose, verboser=verboser)
    assert isinstance(made, xpub.Xpub)
    assert made.heard(subscribes, changes) == xpub.Heard(Rule.PUB_7 if shown else Rule.PUB_8, shown)


@pytest.mark.parametrize("name", ALL)
def test_a_state_can_be_remembered_and_compared(name: str) -> None:
    made = make(name)
    state = made.attached(made.initial(), 0).state
    assert len({state, made.attached(made.initial(), 0).state}) == 1
    with pytest.raises(FrozenInstanceError):
        setattr(state, fields(state)[0].name, 3)


@pytest.mark.parametrize("name", ["PUSH", "DEALER", "PAIR", "PULL", "REQ", "REP", "ROUTER"])
def test_with_one_pipe_no_outcome_is_made_twice(name: str) -> None:
    """What is asked for each message is answered from what was made before, once the first has gone through."""
    made, shape = make(name), Shape(2, 0)

    def round_trip(state: object) -> tuple[object, list[object]]:
        seen: list[object] = []

        def send(state: object) -> object:
            begin = made.begin(state, 1, always, 0)
            seen.append(begin)
            return made.committed(begin.state)

        def receive(state: object) -> object:
            offered = made.offered(state, made.choose(state, 1, always), shape)
            seen.append(offered)
            return made.taken(offered.state)

        steps = [send, receive] if name != "REP" else [receive, send]
        for one in steps:
            if (one is send and made.sends) or (one is receive and made.receives):
                state = one(state)
        return state, seen

    state, _ = round_trip(made.attached(made.initial(), 0).state)
    state, first = round_trip(state)
    state, second = round_trip(state)
    assert all(one is other for one, other in zip(first, second, strict=True))
