"""What stands when the interpreter's allocator fails: a socket, its raw peer, and what has to be true of both after."""

import socket as os_socket
from dataclasses import dataclass

import enomem
from enomem.model.reference.errors import OurBug
from enomem.model.wire import frames
from enomem.model.wire.decoder import Decoder, Limits
from enomem.model.wire.handshake import Handshake, Local

if __package__:
    from . import audit
else:
    import audit

SECONDS = 5.0
"""How long one child may take; what takes longer hangs."""


class Raw:
    """The other side of a connection, in the same thread, with a descriptor and nothing else."""

    def __init__(self, kind: str, accepts: str) -> None:
        self.local = Local(kind, frozenset([accepts]))
        self.listener = os_socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.pending: list[list[bytes]] = []

    def accept(self) -> None:
        """Take the connection, and greet."""
        self.listener.settimeout(SECONDS)
        self.descriptor, _ = self.listener.accept()
        self.descriptor.settimeout(SECONDS)
        limits = Limits()
        handshake = Handshake(self.local, limits)
        self.descriptor.sendall(handshake.start())
        while handshake.peer is None:
            answer = handshake.feed(self.descriptor.recv(4096))
            if answer:
                self.descriptor.sendall(answer)
        self.decoder = Decoder(handshake.peer.version, limits)
        if handshake.rest:
            self.decoder.feed(handshake.rest)

    def send(self, parts: list[bytes]) -> None:
        """Send a message."""
        self.descriptor.sendall(b"".join(frames.encode(parts)))

    def receive(self) -> list[bytes]:
        """The next message."""
        while True:
            found = self.decoder.take(1)
            if found:
                message: list[bytes] = found[0]  # type: ignore[assignment]  # no command comes here
                return message
            if self.decoder.wanted:
                self.decoder.allow()
            data = self.descriptor.recv(65536)
            if not data:
                raise EOFError("the connection was closed")
            target = self.decoder.target()
            while target is not None and data:
                count = min(len(target), len(data))
                target[:count] = data[:count]
                self.decoder.filled(count)
                data, target = data[count:], self.decoder.target()
            if data:
                self.decoder.feed(data)


class Announced(Exception):
    """The connection was closed, its monitor says so, and the next one works."""


class Lost(AssertionError):
    """A message is not there, or another than was sent."""


@dataclass
class Stand:
    """What an operation is tried on: a context, a socket with its peer, and what was done."""

    context: enomem.Context
    socket: enomem.Socket
    raw: Raw


def standing(kind: str, other: str) -> Stand:
    """A socket that is connected to a raw peer, and has had a message go over the connection."""
    raw = Raw(other, kind)
    context = enomem.Context()
    socket = context.socket(enomem.SocketType[kind])
    socket.RCVTIMEO = socket.SNDTIMEO = 1000
    socket.RECONNECT_IVL = 1
    socket.monitor_events()
    socket.connect(raw.endpoint)
    raw.accept()
    if kind == "PUSH":
        socket.send_multipart([b"warm", b"up"])
        raw.receive()
    else:
        raw.send([b"warm", b"up"])
        socket.recv_multipart()
    return Stand(context, socket, raw)


MESSAGE = [b"one", b"two" * 10, b"three"]
LARGE = [b"x" * 40_000, b"tail"]
NEXT = [b"next", b"after"]


def sent(stand: Stand, message: list[bytes], done: bool) -> None:
    """After a send: the message is there whole if the call was done, or whole or not at all; then the next one."""
    stand.socket.abort_message()
    check(stand)
    stand.socket.send_multipart(NEXT)
    first, broke = taken(stand)
    if first == message:
        first, breaks = taken(stand)
        broke = broke or breaks
    elif done and not broke:
        raise Lost(f"{[part[:10] for part in first]} and not the message that was accepted")
    if first != NEXT:
        raise Lost(f"received {[part[:10] for part in first]}")
    if broke:
        raise Announced


def taken(stand: Stand) -> tuple[list[bytes], bool]:
    """The next message that the peer gets, and whether it had to be connected to again."""
    try:
        return stand.raw.receive(), False
    except EOFError:
        announced(stand)
        return stand.raw.receive(), True


def announced(stand: Stand) -> None:
    """The connection was closed by the socket: it must have said so, and must open another."""
    kinds = {event.kind for event in stand.socket.monitor_events()}
    if enomem.EventKind.DISCONNECTED not in kinds:
        raise Lost("the connection was closed, and nobody was told")
    stand.raw.accept()


def received(stand: Stand, message: list[bytes], got: list[bytes] | None) -> None:
    """After a receive that returned ``got`` or failed: the message comes exactly once, and then the next one."""
    if got is None:
        got = again(stand)
    if got != message:
        raise Lost(f"received {[part[:10] for part in got]}")
    stand.raw.send(NEXT)
    check(stand)
    if again(stand) != NEXT:
        raise Lost("the next message is another")


def again(stand: Stand) -> list[bytes]:
    """Receive, after a call that failed."""
    if stand.socket.poll(100):
        return stand.socket.recv_multipart()
    stand.raw.descriptor.setblocking(False)
    try:
        if stand.raw.descriptor.recv(1):
            raise Lost("the peer was sent something")
    except BlockingIOError:
        raise Lost("nothing arrives, and the connection is open") from None
    except OSError:
        pass
    announced(stand)
    stand.raw.send(NEXT)
    if stand.socket.recv_multipart() != NEXT:
        raise Lost("the next message is another")
    raise Announced


def check(stand: Stand) -> None:
    """Books and goods agree."""
    faults = audit.faults(stand.context)
    if faults:
        raise OurBug("; ".join(faults))


# --- operations: what is set up, the call that suffers, and what must be true then
