"""The handshake: from the first octet of a connection to the last one before messages may follow."""

from ..rules import Rule
from . import frames, greeting, mechanisms, metadata
from .decoder import Limits
from .errors import PeerError
from .frames import COMMAND, LONG, LONG_HEAD, SHORT_HEAD
from .greeting import Greeting
from .mechanisms import Awaits, Turn
from .peers import Local, Peer

__all__ = ["Handshake", "Local", "Peer"]


class Handshake:
    """One connection's handshake. ``peer`` is set when it is done, and ``rest`` has what came behind it by then.

    Traffic of a peer may follow its READY in the same segment: it is in ``rest``, for the decoder (WIRE-33).
    """

    def __init__(self, local: Local, limits: Limits) -> None:
        self.local = local
        self.limits = limits
        self.peer: Peer | None = None
        self.rest = b""
        self._buffer = bytearray()
        self._greeting: Greeting | None = None
        self._turn = Turn(Awaits.NOTHING)
        self._out = b""
        self._failed: PeerError | None = None

    @property
    def greeted(self) -> bool:
        """Has the peer's greeting come whole, and is it good?"""
        return self._greeting is not None

    def start(self) -> bytes:
        """What has to be sent first."""
        return greeting.encode(self.local)

    def feed(self, data: bytes) -> bytes:
        """Take what was read, and return what has to be sent.

        Raises PeerError, whose ``tell`` has what is still to be sent before the connection is closed.
        """
        if self._failed is not None:
            raise self._failed
        if self.peer is not None:
            self.rest += data
            return b""
        self._buffer += data
        try:
            while self._step():
                pass
        except PeerError as error:
            error.tell = self._out + error.tell
            self._failed = error
            raise
        send, self._out = self._out, b""
        return send

    def _step(self) -> bool:
        """Greeting or one command; False if it is not all there."""
        if self.peer is not None:
            return False
        if self._greeting is None:
            found = greeting.parse(self._buffer)
            if found is None:
                return False
            del self._buffer[: greeting.SIZE]
            greeting.check(self.local, found)
            self._greeting = found
            self._turn = mechanisms.opened(self.local)
            self._out += self._turn.send
            return True
        body = self._command()
        if body is None:
            return False
        self._turn = turn = mechanisms.received(self.local, self._turn, body)
        if turn.found is not None:
            self.peer = finished(self.local, self._greeting, turn)
            self.rest = bytes(self._buffer)
            self._buffer.clear()
        self._out += turn.send
        return True

    def _command(self) -> bytes | None:
        """The body of the next command, None while it is not all there."""
        buffer = self._buffer
        if not buffer:
            return None
        flags = buffer[0]
        check_flags(flags)
        head = LONG_HEAD if flags & LONG else SHORT_HEAD
        if len(buffer) < head:
            return None
        end = head + check_size(self.limits, int.from_bytes(buffer[1:head], "big"))
        if len(buffer) < end:
            return None
        body = bytes(buffer[head:end])
        del buffer[:end]
        return body


def check_flags(flags: int) -> None:
    """The first octet of a frame of the handshake, where there are commands only (WIRE-25)."""
    frames.check_flags(flags)
    if not flags & COMMAND:
        raise PeerError(Rule.WIRE_25, "a message before the handshake is done")


def check_size(limits: Limits, size: int) -> int:
    """The size of a command of the handshake, if it is within the limits (WIRE-15)."""
    frames.check_size(size)
    if size > limits.handshake:
        raise PeerError(
            Rule.WIRE_15, f"a command of {size} octets in the handshake: at most {limits.handshake} are taken"
        )
    return size


def finished(local: Local, greeted: Greeting, turn: Turn) -> Peer:
    """Who the peer is, by what it said to the end; whatever came behind that is traffic (WIRE-33)."""
    found = turn.found
    assert found is not None
    kind = metadata.socket_type(local, found)
    return Peer(
        version=greeted.version,
        socket_type=kind,
        routing_id=metadata.routing_id(found, kind),
        metadata=found,
        mechanism=local.mechanism,
        user=turn.user,
    )
