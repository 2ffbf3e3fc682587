"""The mechanisms NULL and PLAIN: which command follows which, until both sides know each other.

NULL is symmetric: each side says READY as soon as it knows that both mean NULL, and is done when it has read the
other's. PLAIN has roles: HELLO of the client, WELCOME of the server, INITIATE of the client, READY of the server. An
ERROR instead of what was awaited ends either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ..rules import Rule
from . import commands, frames, metadata
from .errors import PeerError
from .peers import Local

AUTHENTICATION_FAILURE = "400"
"""The reason that libzmq gives."""
LIBZMQ_ERROR = b"\x5eRROR"
"""How an ERROR of libzmq's PLAIN server begins: its source says ``"\\x05ERROR"``, and a C compiler reads ``\\x05E``."""


class Awaits(Enum):
    """The command that has to come next; the value is its name."""

    READY = b"READY"
    HELLO = b"HELLO"
    WELCOME = b"WELCOME"
    INITIATE = b"INITIATE"
    NOTHING = b""


@dataclass(frozen=True)
class Turn:
    """What follows a step: what is awaited now, and the octets to ``send``.

    The ``user`` is who authenticated with HELLO. The peer's ``found`` metadata comes with the last command.
    """

    awaits: Awaits
    send: bytes = b""
    user: bytes = b""
    found: Mapping[str, bytes] | None = None


def opened(local: Local) -> Turn:
    """Both greetings are there: under NULL each says READY at once (WIRE-23), under PLAIN a client HELLO (WIRE-24)."""
    if local.mechanism == "NULL":
        return Turn(Awaits.READY, frames.encode_command(b"READY", metadata.encode(local)))
    if local.as_server:
        return Turn(Awaits.HELLO)
    return Turn(Awaits.WELCOME, frames.encode_command(b"HELLO", _secret(local.username) + _secret(local.password)))


def received(local: Local, turn: Turn, body: bytes) -> Turn:
    """The peer's next command; PeerError if it is another than the one awaited (WIRE-26), or does not say yes."""
    if turn.awaits == Awaits.WELCOME and body.startswith(LIBZMQ_ERROR):
        raise commands.rejected(body[len(LIBZMQ_ERROR) :])
    name, data = commands.split(body)
    if name == b"ERROR":
        raise commands.rejected(data)
    if name != turn.awaits.value:
        seen, wanted = name.decode("latin-1"), turn.awaits.value.decode()
        raise PeerError(Rule.WIRE_26, f"the peer says {seen!r} in the handshake instead of {wanted}")
    if turn.awaits == Awaits.HELLO:
        return Turn(Awaits.INITIATE, frames.encode_command(b"WELCOME"), authenticated(local, data))
    if turn.awaits == Awaits.WELCOME:
        return _welcomed(local, data)
    found = metadata.parse(data)
    if turn.awaits == Awaits.INITIATE:
        return Turn(Awaits.NOTHING, frames.encode_command(b"READY", metadata.encode(local)), turn.user, found)
    return Turn(Awaits.NOTHING, b"", turn.user, found)


def _secret(octets: bytes) -> bytes:
    return bytes((len(octets),)) + octets


def hello(data: bytes) -> tuple[bytes, bytes]:
    """Username and password of a HELLO; PeerError if that is not what is in it (WIRE-30)."""
    username_end = 1 + data[0] if data else 0
    if username_end < len(data):
        end = username_end + 1 + data[username_end]
        if end == len(data):
            return data[1:username_end], data[username_end + 1 :]
    raise PeerError(Rule.WIRE_30, "a HELLO that is not a username and a password")


def authenticated(local: Local, data: bytes) -> bytes:
    """The user that a HELLO proves; PeerError, and the peer is told, if the password is not right (WIRE-31)."""
    username, password = hello(data)
    if local.authenticate is None or not local.authenticate(username, password):
        tell = commands.encode_error(AUTHENTICATION_FAILURE)
        raise PeerError(Rule.WIRE_31, f"wrong username or password: {username.decode('latin-1')!r}", tell)
    return username


def _welcomed(local: Local, data: bytes) -> Turn:
    if data:
        raise PeerError(Rule.WIRE_30, f"a WELCOME with {len(data)} octets of data")
    return Turn(Awaits.READY, frames.encode_command(b"INITIATE", metadata.encode(local)))
