"""Who gets the next message, and whose message is next."""

from dataclasses import replace

from interop.raw import message

from enomem.model.patterns import req, turns
from enomem.model.patterns.pattern import Attached
from enomem.model.rules import Rule

from .stage import Stage, behaviour, heard, is_refused, received, settle


def _stays_with_the_first(state: turns.Turns) -> turns.Turns:
    return turns.at(state.send, -1, state.receive)


@behaviour(patterns__turns__committed=_stays_with_the_first)
def push_goes_round(stage: Stage) -> None:
    push = stage.socket("PUSH")
    peers = stage.peers(push, "PULL", 3)
    for number in range(6):
        push.send(b"%d" % number)
    assert [heard(raw) for raw in peers] == [[[b"%d" % n], [b"%d" % (n + 3)]] for n in range(3)]


@behaviour(patterns__turns__committed=_stays_with_the_first)
def dealer_goes_round(stage: Stage) -> None:
    dealer = stage.socket("DEALER")
    peers = stage.peers(dealer, "REP", 2)
    for number in range(4):
        dealer.send_multipart([b"%d" % number, b"more"])
    assert [[parts[0] for parts in heard(raw)] for raw in peers] == [[b"0", b"2"], [b"1", b"3"]]


def _asks_the_first_again(state: req.State, correlate: bool, ids: int) -> req.State:
    return req.State(req.Phase.AWAIT, state.send, -1, state.current, state.request)


@behaviour(patterns__req__committed=_asks_the_first_again)
def req_asks_each_in_turn(stage: Stage) -> None:
    asker = stage.socket("REQ")
    peers = stage.peers(asker, "REP", 2)
    for number in range(4):
        asker.send(b"%d" % number)
        raw = peers[number % 2]
        assert heard(raw) == [[b"", b"%d" % number]]
        raw.send(message(b"", b"reply"))
        assert received(asker) == [b"reply"]


def _passes_in_the_middle(state: turns.Turns, place: int) -> turns.Turns:
    return turns.at(place + 1, place, state.receive)


@behaviour(patterns__turns__dropped=_stays_with_the_first, patterns__turns__begun=_passes_in_the_middle)
def a_dropped_message_takes_no_turn(stage: Stage) -> None:
    push = stage.socket("PUSH")
    first, second = stage.peers(push, "PULL", 2)
    push.send(b"dropped", 2)
    push.abort_message()
    push.send(b"a")
    push.send(b"b")
    assert (heard(first), heard(second)) == ([[b"a"]], [[b"b"]])


def _always_the_first(state: turns.Turns, place: int) -> turns.Turns:
    return state


def _three_each(stage: Stage, kind: str, peer_kind: str) -> list[list[bytes]]:
    socket = stage.bound(kind)
    peers = [stage.peer(socket, peer_kind) for _ in range(3)]
    for number in range(3):
        for name, raw in zip("abc", peers, strict=True):
            raw.send(message(f"{name}{number}".encode(), b"more"))
    settle(*peers)
    return [received(socket) for _ in range(9)]


IN_TURN = [f"{name}{number}".encode() for number in range(3) for name in "abc"]


@behaviour(patterns__turns__received=_always_the_first)
def pull_hears_all_peers_in_turn(stage: Stage) -> None:
    assert _three_each(stage, "PULL", "PUSH") == [[part, b"more"] for part in IN_TURN]


@behaviour(patterns__turns__received=_always_the_first)
def dealer_hears_all_peers_in_turn(stage: Stage) -> None:
    assert _three_each(stage, "DEALER", "DEALER") == [[part, b"more"] for part in IN_TURN]


@behaviour(patterns__turns__received=_always_the_first)
def router_hears_all_peers_in_turn(stage: Stage) -> None:
    assert [parts[1:] for parts in _three_each(stage, "ROUTER", "DEALER")] == [[part, b"more"] for part in IN_TURN]


def _takes_everyone(state: turns.Turns, count: int) -> Attached[turns.Turns]:
    return Attached(Rule.PAIR_1, turns.joined(state, count), True)


@behaviour(patterns__pair__attached=_takes_everyone)
def pair_refuses_a_second_peer(stage: Stage) -> None:
    pair = stage.bound("PAIR")
    first = stage.peer(pair, "PAIR")
    assert is_refused(stage.stranger(pair, "PAIR"))
    first.send(message(b"still here"))
    assert received(pair) == [b"still here"]


def _never_moves(state: turns.Turns, place: int) -> turns.Turns:
    return replace(state, current=-1)


@behaviour(patterns__turns__left=_never_moves)
def the_turn_stays_with_whose_it_was_when_another_goes(stage: Stage) -> None:
    push = stage.socket("PUSH")
    peers = stage.peers(push, "PULL", 3)
    endpoints = [target.address.text for target in push._core.targets]
    push.send(b"0")
    push.send(b"1")
    push.disconnect(endpoints[0])
    push.send(b"2")
    push.send(b"3")
    assert (heard(peers[1]), heard(peers[2])) == ([[b"1"], [b"3"]], [[b"2"]])
