"""High-water marks, conflation, and what happens where nobody is."""

from typing import Any

from interop.raw import message

from enomem import DONTWAIT, Again, Site
from enomem.model.patterns import conflate, push
from enomem.model.patterns.pattern import Begin, Way
from enomem.model.patterns.turns import Turns
from enomem.model.pipe import Pipe
from enomem.model.receive import Inbox
from enomem.model.rules import Rule

from .stage import Stage, behaviour, error_of, heard, received, settle


def _count_until_full(socket: Any, most: int) -> int:
    for number in range(most):
        try:
            socket.send_multipart([b"%d" % number, b"more"], DONTWAIT)
        except Again:
            return number
    return most


def _never_full(pipe: Pipe, hwm: int) -> bool:
    return False


@behaviour(pipe__full=_never_full)
def sndhwm_counts_messages(stage: Stage) -> None:
    push_socket = stage.socket("PUSH", SNDHWM=3)
    raw = stage.silent(push_socket)
    assert _count_until_full(push_socket, 20) == 3
    raw.handshake("PULL")
    assert [parts[0] for parts in heard(raw)] == [b"0", b"1", b"2"]


@behaviour(pipe__full=_never_full)
def a_full_peer_is_passed_over(stage: Stage) -> None:
    push_socket = stage.socket("PUSH", SNDHWM=1)
    stage.silent(push_socket)
    (raw,) = stage.peers(push_socket, "PULL", 1)
    push_socket.send(b"0")
    for number in (1, 2):
        push_socket.send(b"%d" % number)
        assert heard(raw) == [[b"%d" % number]]


def _endless(inbox: Inbox, hwm: int) -> int:
    return 1 << 30


@behaviour(receive__room=_endless)
def rcvhwm_stops_the_reader(stage: Stage) -> None:
    pull = stage.bound("PULL", RCVHWM=4)
    raw = stage.peer(pull, "PUSH")
    raw.send(b"".join(message(b"%02d" % number) for number in range(30)))
    held = []
    for number in range(30):
        assert received(pull) == [b"%02d" % number]
        held.append(stage.context.memory().sites[Site.RECEIVE_BODY])
    one = 64 + 2
    assert max(held) <= 4 * one


@behaviour(patterns__conflate__overtaken=lambda _: conflate.Overtaken(Rule.CONFLATE_2, 0))
def a_conflating_pull_keeps_the_newest(stage: Stage) -> None:
    pull = stage.bound("PULL", CONFLATE=1)
    raw = stage.peer(pull, "PUSH")
    raw.send(b"".join(message(b"%d" % number) for number in range(5)))
    assert received(pull, raw) == [b"4"]
    assert error_of(pull.recv, DONTWAIT) == "Again"


@behaviour(patterns__push__Push__conflates=False)
def a_conflating_push_keeps_the_newest(stage: Stage) -> None:
    socket = stage.socket("PUSH", CONFLATE=1)
    raw = stage.silent(socket)
    for number in range(5):
        socket.send(b"%d" % number)
    raw.handshake("PULL")
    assert heard(raw) == [[b"4"]]


def _whoever_is_there(pipe: Pipe, hwm: int, *_: bool) -> bool:
    return True


@behaviour(pipe__available=_whoever_is_there)
def an_immediate_push_gives_nothing_to_a_pipe_without_a_peer(stage: Stage) -> None:
    socket = stage.socket("PUSH", IMMEDIATE=1)
    raw = stage.silent(socket)
    assert error_of(socket.send, b"x", DONTWAIT) == "Again"
    raw.handshake("PULL")
    settle(raw)
    socket.send(b"y", DONTWAIT)
    assert heard(raw) == [[b"y"]]


def _sent_to_nobody(state: Turns) -> Begin[Turns]:
    return Begin(Rule.TURN_6, Way.SWALLOW, state)


@behaviour(patterns__push__nobody=_sent_to_nobody)
def push_waits_for_a_peer(stage: Stage) -> None:
    socket = stage.bound("PUSH")
    assert error_of(socket.send, b"x", DONTWAIT) == "Again"
    raw = stage.peer(socket, "PULL")
    settle(raw)
    socket.send(b"y")
    assert heard(raw) == [[b"y"]]


@behaviour(patterns__pub__begin=push.nobody)
def pub_waits_for_nobody(stage: Stage) -> None:
    socket = stage.bound("PUB")
    assert error_of(socket.send, b"x", DONTWAIT) == "returned None"
