"""The greeting: 64 octets that say version, mechanism and role, before there are frames."""

from dataclasses import dataclass

from ..rules import Rule
from .errors import PeerError
from .peers import VERSION, Local

SIZE = 64
FIRST, TENTH = 0xFF, 0x7F
PADDING = 8
MECHANISM_SIZE = 20
_TENTH_AT, _MAJOR_AT, _MINOR_AT, _MECHANISM_AT, _ROLE_AT = 9, 10, 11, 12, 32
OLDER = {0: "1.0", 1: "2.0", 2: "2"}
"""The versions that came before 3.0, by the octet at which 3.0 has its major number."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a greeting says; the mechanism without its padding."""

    version: tuple[int, int]
    mechanism: bytes
    as_server: int


def encode(local: Local) -> bytes:
    """Our greeting, all 64 octets at once (WIRE-1)."""
    signature = bytes((FIRST, *bytes(PADDING), TENTH))
    role = local.as_server and local.mechanism != "NULL"
    said = signature + bytes(VERSION) + local.mechanism.encode("ascii").ljust(MECHANISM_SIZE, b"\0") + bytes((role,))
    return said.ljust(SIZE, b"\0")


def parse(data: bytes | bytearray) -> Greeting | None:
    """The greeting that ``data`` begins with, None while it is not all there.

    PeerError as soon as it cannot become one: another protocol, or a version that is not spoken here. Neither the
    padding nor the filler is looked at (WIRE-2).
    """
    check_signature(data)
    if len(data) > _MAJOR_AT:
        check_version(data[_MAJOR_AT])
    if len(data) < SIZE:
        return None
    return Greeting(
        version=(data[_MAJOR_AT], data[_MINOR_AT]),
        mechanism=bytes(data[_MECHANISM_AT:_ROLE_AT]).rstrip(b"\0"),
        as_server=data[_ROLE_AT],
    )


def check_signature(data: bytes | bytearray) -> None:
    """Do these octets begin as a greeting does?  What does not is ZMTP 1.0 (WIRE-3) or nothing we know (WIRE-4).

    ZMTP 1.0 has no greeting: it begins with a frame, which has its length, an octet of flags that is 0 or 1, and the
    peer's identity. A length of 255 or more is written as 0xFF and eight octets, in front of the flags.
    """
    if data and data[0] != FIRST:
        if len(data) > 1 and data[0] and data[1] <= 1:
            raise _older(0)
        if len(data) > 1 or not data[0]:
            begins = bytes(data[: 2 if data[0] else 1])
            raise PeerError(Rule.WIRE_4, f"this is no ZMTP: it begins with {begins!r}")
    elif len(data) > _TENTH_AT and data[_TENTH_AT] != TENTH:
        if not data[_TENTH_AT]:
            raise _older(0)
        raise PeerError(Rule.WIRE_4, f"this is no ZMTP: its signature ends with 0x{data[_TENTH_AT]:02x}")


def check_version(major: int) -> None:
    """Is this a version that is spoken here?  Older ones are not (WIRE-3), 3.0 and all above are (WIRE-5)."""
    if major in OLDER:
        raise _older(major)


def _older(major: int) -> PeerError:
    return PeerError(Rule.WIRE_3, f"the peer speaks ZMTP {OLDER[major]}; 3.0 is the lowest version spoken here")


def check(local: Local, peer: Greeting) -> None:
    """Do both have the same mechanism (WIRE-6), and is the peer's role one that can be (WIRE-7)?

    That PLAIN has two servers or none cannot be seen here: libzmq's servers say that they are none, and pyomq's clients
    say that they are servers if it was they who bound.
    """
    if peer.mechanism != local.mechanism.encode("ascii"):
        raise PeerError(
            Rule.WIRE_6, f"the peer's mechanism is {peer.mechanism.decode('latin-1')!r}, ours is {local.mechanism!r}"
        )
    if peer.as_server > 1:
        raise PeerError(Rule.WIRE_7, f"the peer's role is neither 0 nor 1: 0x{peer.as_server:02x}")
    if peer.as_server and local.mechanism == "NULL":
        raise PeerError(Rule.WIRE_7, "the peer is a server, and NULL has none")
