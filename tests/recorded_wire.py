"""What sockets say and hear on the wire while their context records: plays like those of ``recorded_runs``."""

import socket as os_socket

from interop.raw import command, greeting, ready
from recorded_stage import BOUND, Stage, bound, connected, ended, opened, seen

from enomem import PULL, PUSH, SUB, XPUB, EventKind
from enomem.model.connection import Reason


def peer_of(endpoint: str) -> os_socket.socket:
    """A peer of plain bytes."""
    host, _, port = endpoint.removeprefix("tcp://").partition(":")
    return os_socket.create_connection((host, int(port)), BOUND / 1000)


def passwords(stage: Stage) -> None:
    context = stage.context()
    pull = opened(context, PULL, PLAIN_SERVER=1)
    pull.set_plain_auth(lambda username, password: (username, password) == (b"user", b"right"))
    pull.bind("tcp://127.0.0.1:0")
    wrong = connected(context, PUSH, pull.last_endpoint, PLAIN_USERNAME=b"user", PLAIN_PASSWORD=b"wrong")
    ended(wrong, "the peer says: 400")
    wrong.close()
    right = connected(context, PUSH, pull.last_endpoint, PLAIN_USERNAME=b"user", PLAIN_PASSWORD=b"right")
    right.send(b"let in")
    assert pull.recv() == b"let in"


def nonsense(stage: Stage) -> None:
    """Octets that are no greeting, no handshake, no traffic; each ends one connection and is on record."""
    context = stage.context()
    pull, endpoint = bound(context, PULL)
    for octets in (b"GET / HTTP/1.1\r\n", greeting() + b"\0\0", greeting() + ready("PUSH") + b"\x80"):
        with peer_of(endpoint) as peer:
            peer.sendall(octets)
            ended(pull, Reason.PROTOCOL.value)


def beats(stage: Stage) -> None:
    """PING and PONG, both ways; and a peer of version 3.0, which is told of a subscription by a message."""
    context = stage.context()
    publisher, endpoint = bound(context, XPUB, HEARTBEAT_IVL=1, HEARTBEAT_TIMEOUT=BOUND)
    subscriber = connected(context, SUB, endpoint, HEARTBEAT_IVL=1, HEARTBEAT_TIMEOUT=BOUND)
    subscriber.subscribe(b"a")
    assert publisher.recv() == b"\1a"
    publisher.send(b"ab")
    assert subscriber.recv() == b"ab"
    old, there = bound(context, SUB)
    old.subscribe(b"old")
    with peer_of(there) as peer:
        peer.sendall(greeting(0) + ready("PUB"))
        seen(old, EventKind.HANDSHAKE_SUCCEEDED)
        peer.sendall(command(b"PING", b"\0\0now") + b"\0\4old!")
        assert old.recv() == b"old!"


WIRE_PLAYS = (passwords, nonsense, beats)
