"""The stage on which a behaviour is looked at: sockets with bounded waits, peers of plain bytes, and a defect."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from interop.raw import COMMAND, MORE, Listener, Raw, command, greeting, ready
from interop.waiting import until

import enomem
from enomem.model.reference.constants import Option

BOUND_MS = 30_000
"""How long a call may wait for what must happen, however busy the machine. What takes this long has failed."""

SOON_MS = 3000
"""How long one is waited for that a defect may keep from happening."""


class Stage:
    """Sockets of one context, and raw peers; all are closed in the end."""

    def __init__(self, longest: int = BOUND_MS) -> None:
        self.context = enomem.Context()
        self.longest = longest
        self._kept = ExitStack()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *error: object) -> None:
        self._kept.close()
        self.context.destroy(linger=0)

    def socket(self, kind: str, **options: Any) -> enomem.Socket:
        """A socket of the reference implementation; its waits are bounded."""
        socket: enomem.Socket = self._keep(self.context.socket(enomem.SocketType[kind]))
        for name, value in {"LINGER": 0, "RCVTIMEO": self.longest, "SNDTIMEO": self.longest, **options}.items():
            socket.set(Option[name], value)
        return socket

    def bound(self, kind: str, **options: Any) -> enomem.Socket:
        """A socket that listens."""
        socket = self.socket(kind, **options)
        socket.bind("tcp://127.0.0.1:*")
        return socket

    def peer(self, socket: enomem.Socket, kind: str, identity: bytes = b"") -> Raw:
        """A raw peer that has connected to a socket and shaken hands with it."""
        raw: Raw = self._keep(Raw.connect(socket.last_endpoint))
        raw.handshake(kind, identity=identity)
        return raw

    def stranger(self, socket: enomem.Socket, kind: str, identity: bytes = b"") -> Raw:
        """A raw peer that has connected to a socket and introduced itself, and waits for no answer."""
        raw: Raw = self._keep(Raw.connect(socket.last_endpoint))
        raw.send(greeting() + ready(kind, identity))
        return raw

    def peers(self, socket: enomem.Socket, kind: str, count: int) -> list[Raw]:
        """Raw peers to which a socket has connected, in this order, and which have shaken hands with it."""
        found = []
        for _ in range(count):
            raw = self.silent(socket)
            raw.handshake(kind)
            settle(raw)
            found.append(raw)
        return found

    def silent(self, socket: enomem.Socket) -> Raw:
        """A raw peer to which a socket has connected, and which has not said anything yet."""
        listener = self.listener()
        socket.connect(listener.endpoint)
        raw: Raw = self._keep(listener.accept())
        return raw

    def listener(self) -> Listener:
        """A port at which raw peers wait for a socket that connects."""
        listener: Listener = self._keep(Listener())
        return listener

    def accepted(self, listener: Listener, kind: str) -> Raw:
        """The raw peer to which a socket connects there next, and which has shaken hands with it."""
        raw: Raw = self._keep(listener.accept())
        raw.handshake(kind)
        return raw

    def _keep(self, thing: Any) -> Any:
        self._kept.callback(thing.close)
        return thing


def settle(*peers: Raw) -> None:
    """Wait until the other side has taken in all that the peers sent: it answers a PING that came after it."""
    for raw in peers:
        heard(raw, pings=1)


def heard(raw: Raw, pings: int = 2) -> list[list[bytes]]:
    """All that the other side has sent so far: messages, and commands as [name, data].

    A PONG may overtake messages that wait to be written; when it is followed by another, they are written.
    """
    found: list[list[bytes]] = []
    for _ in range(pings):
        raw.send(command(b"PING", b"\0\0settled"))
        while (item := _next(raw)) != [b"PONG", b"settled"]:
            found.append(item)
    return found


def _next(raw: Raw) -> list[bytes]:
    parts: list[bytes] = []
    while True:
        flags, body = raw.frame()
        if flags & COMMAND:
            return [body[1 : 1 + body[0]], body[1 + body[0] :]]
        parts.append(body)
        if not flags & MORE:
            return parts


def is_refused(raw: Raw) -> bool:
    """Does the other side close the connection instead of answering?"""
    raw.send(command(b"PING", b"\0\0settled"))
    while until(lambda: raw.ended or raw.came.frame(), "an answer reaches the raw peer", raw) is not True:
        if raw.came.data.endswith(b"settled"):
            return False
    return True


def received(socket: enomem.Socket, *peers: Raw) -> list[bytes]:
    """The next message; nothing coming is a failure like any other. It is not waited for if its ``peers`` are named."""
    settle(*peers)
    try:
        return socket.recv_multipart(enomem.DONTWAIT if peers else 0)
    except enomem.Again:
        raise AssertionError(f"nothing reaches {socket!r}") from None


def nothing_left(socket: enomem.Socket, *peers: Raw) -> None:
    """After all that the peers sent was taken in, nothing waits to be received."""
    settle(*peers)
    try:
        message = socket.recv_multipart(enomem.DONTWAIT)
    except enomem.Again:
        return
    raise AssertionError(f"{message} was delivered")


def error_of(call: Callable[..., object], *arguments: Any) -> str:
    """The name of the error that a call raises, or what it returned."""
    try:
        return f"returned {call(*arguments)!r}"
    except OSError as error:
        return type(error).__name__


@dataclass(frozen=True)
class Behaviour:
    """What a socket does: ``holds`` looks at it on a stage; ``patches`` put a defect where the behaviour comes from."""

    name: str
    holds: Callable[[Stage], None]
    patches: Mapping[str, Any]


BEHAVIOURS: list[Behaviour] = []


def behaviour(**patches: Any) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Make a function a behaviour; ``patterns__push__begin=f`` puts ``f`` at ``enomem.model.patterns.push:begin``."""

    def made(holds: Callable[[Stage], None]) -> Callable[[Stage], None]:
        places = {place.replace("__", "."): replacement for place, replacement in patches.items()}
        BEHAVIOURS.append(Behaviour(holds.__name__, holds, places))
        return holds

    return made


@contextmanager
def applied(patches: Mapping[str, Any]) -> Iterator[None]:
    """Have the model run with other functions, or methods of its classes, in these places."""
    with ExitStack() as undone:
        for place, replacement in patches.items():
            owner, name = _found(place)
            undone.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, replacement)
        yield


def _found(place: str) -> tuple[Any, str]:
    """The module or class of a place in the model, and the name there; AttributeError if there is none."""
    path, _, name = place.rpartition(".")
    head, _, last = path.rpartition(".")
    if last[:1].isupper():
        owner = getattr(importlib.import_module(f"enomem.model.{head}"), last)
    else:
        owner = importlib.import_module(f"enomem.model.{path}")
    getattr(owner, name)
    return owner, name
