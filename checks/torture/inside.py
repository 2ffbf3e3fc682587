"""Both ends in the victim, over inproc. Its own code checks what comes: no allocation of Python is ever failed."""

from __future__ import annotations

from errno import ENOMEM
from typing import TYPE_CHECKING, Any

from .message import FINAL, recognised
from .victim import tell

if TYPE_CHECKING:
    from .victim import Victim

ENDPOINT = "inproc://enomem"
MANY = 20
"""Sockets that are polled at once: with more than 16, zmq_poll asks for memory."""


def play(victim: Victim) -> None:
    """Connect before and after binding, send all, and take all there is after every message."""
    variant = victim.variant
    victim.context = victim.call("context", victim.zmq.Context)
    sender = victim.socket(variant.victim)
    early = [victim.socket(kind) for kind in variant.peers[1:]]
    if variant.watched:
        victim.monitor = victim.call("monitor", sender.get_monitor_socket)
        victim.sockets.append(victim.monitor)
    for socket in early:
        victim.join(socket, "connect", ENDPOINT)
    victim.join(sender, "bind", ENDPOINT)
    late = victim.socket(variant.peers[0])
    victim.join(late, "connect", ENDPOINT)
    # Nobody ever binds there: the context makes up for that when it ends, which needs memory too.
    victim.join(victim.socket("PAIR"), "connect", "inproc://nobody")
    ends = [late, *early]
    others = [victim.socket("PULL") for _ in range(MANY)] if variant.watched else []
    for number in (*range(variant.count), FINAL):
        victim.send_number(sender, number)
        _take(victim, ends, others)


def _take(victim: Victim, ends: list[Any], others: list[Any]) -> None:
    """What there is at each end: polled for, or, where there are no others, by asking until there is no more."""
    while not others:
        for end, socket in enumerate(ends):
            try:
                first = socket.recv(victim.zmq.DONTWAIT)
            except victim.zmq.Again:
                continue
            except victim.zmq.ZMQError as error:
                if error.errno != ENOMEM:
                    raise
                tell("enomem", at="recv")
                break
            _tell(victim, [first, *victim.rest(socket)], end)
            break
        else:
            return
    poller = victim.zmq.Poller()
    for socket in (*ends, *others):
        poller.register(socket, victim.zmq.POLLIN)
    while ready := victim.call("poll", poller.poll, 0):
        for socket, _ in ready:
            _tell(victim, victim.receive(socket), ends.index(socket))


def _tell(victim: Victim, parts: list[bytes], end: int) -> None:
    shown = parts[1:] if victim.variant.peers[0] == "ROUTER" else parts
    tell("got", parts=[recognised(octets, victim.variant.sizes) for octets in shown], end=end)
