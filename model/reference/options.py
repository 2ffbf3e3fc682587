"""The options of a socket: names, kinds, ranges and defaults as in libzmq.

A value is checked when it is set; what it means is up to the machines and to the connections that read it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .constants import NULL, PLAIN, Option, SocketType
from .errors import InvalidArgument, NotSupported

Value = int | bytes


@dataclass(frozen=True)
class Kind:
    """What values an option takes: ``default``, and a test that says whether a value is one."""

    default: Value
    fits: Callable[[Value], bool]
    settable: bool = True


def _int(low: int, high: int = 2**31 - 1) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, int) and low <= value <= high


def _octets(most: int, least: int = 0) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, bytes) and least <= len(value) <= most


def _routing_id(value: Value) -> bool:
    # An id that begins with zero is one that a ROUTER makes up for a peer that brings none (RFC 37).
    return isinstance(value, bytes) and 1 <= len(value) <= 255 and value[0] != 0


def _flag(default: int = 0) -> Kind:
    return Kind(default, _int(0, 1))


ANY = 2**62

KINDS: dict[Option, Kind] = {
    Option.AFFINITY: Kind(0, _int(0, 2**64 - 1)),
    Option.ROUTING_ID: Kind(b"", _routing_id),
    Option.RATE: Kind(100, _int(1)),
    Option.RECOVERY_IVL: Kind(10000, _int(0)),
    Option.SNDBUF: Kind(-1, _int(-1)),
    Option.RCVBUF: Kind(-1, _int(-1)),
    Option.LINGER: Kind(-1, _int(-1)),
    Option.RECONNECT_IVL: Kind(100, _int(-1)),
    Option.RECONNECT_IVL_MAX: Kind(0, _int(0)),
    Option.BACKLOG: Kind(100, _int(0)),
    Option.MAXMSGSIZE: Kind(-1, _int(-1, ANY)),
    Option.SNDHWM: Kind(1000, _int(0)),
    Option.RCVHWM: Kind(1000, _int(0)),
    Option.MULTICAST_HOPS: Kind(1, _int(1)),
    Option.RCVTIMEO: Kind(-1, _int(-1)),
    Option.SNDTIMEO: Kind(-1, _int(-1)),
    Option.ROUTER_MANDATORY: _flag(),
    Option.TCP_KEEPALIVE: Kind(-1, _int(-1, 1)),
    Option.TCP_KEEPALIVE_CNT: Kind(-1, _int(-1)),
    Option.TCP_KEEPALIVE_IDLE: Kind(-1, _int(-1)),
    Option.TCP_KEEPALIVE_INTVL: Kind(-1, _int(-1)),
    Option.IMMEDIATE: _flag(),
    Option.XPUB_VERBOSE: _flag(),
    Option.XPUB_VERBOSER: _flag(),
    Option.XPUB_NODROP: _flag(),
    # Not carried out, so not taken: who sets it would get the opposite of what was asked for.
    Option.INVERT_MATCHING: Kind(0, _int(0, 0)),
    Option.IPV6: _flag(),
    Option.PLAIN_SERVER: _flag(),
    Option.PLAIN_USERNAME: Kind(b"", _octets(255)),
    Option.PLAIN_PASSWORD: Kind(b"", _octets(255)),
    Option.PROBE_ROUTER: _flag(),
    Option.REQ_CORRELATE: _flag(),
    Option.REQ_RELAXED: _flag(),
    Option.CONFLATE: _flag(),
    Option.ZAP_DOMAIN: Kind(b"", _octets(255)),
    Option.ROUTER_HANDOVER: _flag(),
    Option.TOS: Kind(0, _int(0, 255)),
    Option.CONNECT_ROUTING_ID: Kind(b"", _octets(255, 1)),
    Option.HANDSHAKE_IVL: Kind(30000, _int(0)),
    Option.HEARTBEAT_IVL: Kind(0, _int(0)),
    Option.HEARTBEAT_TTL: Kind(0, _int(0, 6_553_599)),
    Option.HEARTBEAT_TIMEOUT: Kind(-1, _int(-1)),
    Option.CONNECT_TIMEOUT: Kind(0, _int(0)),
    Option.THREAD_SAFE: Kind(0, _int(0, 0), settable=False),
    Option.MULTICAST_LOOP: _flag(1),
    Option.MESSAGE_MAXSIZE: Kind(-1, _int(-1, ANY)),
    Option.MESSAGE_MAXPARTS: Kind(-1, _int(-1)),
}


class Options:
    """The values of one socket's options."""

    def __init__(self, kind: SocketType) -> None:
        self.values: dict[Option, Value] = {}
        if kind in (SocketType.SUB, SocketType.XSUB):
            # As libzmq has it: what is left to be said to a publisher is of no use to anybody.
            self.values[Option.LINGER] = 0

    def get(self, option: Option) -> Value:
        """The value of ``option``; NotSupported if there is none of that name."""
        if option == Option.MECHANISM:
            return PLAIN if self.number(Option.PLAIN_SERVER) or self.octets(Option.PLAIN_USERNAME) else NULL
        if option == Option.IPV4ONLY:
            return 1 - self.number(Option.IPV6)
        kind = KINDS.get(option)
        if kind is None:
            raise NotSupported(f"there is no value of the option {option.name} to be read")
        return self.values.get(option, kind.default)

    def number(self, option: Option) -> int:
        """The value of an option that is a number."""
        value = self.get(option)
        assert isinstance(value, int)
        return value

    def octets(self, option: Option) -> bytes:
        """The value of an option that is octets."""
        value = self.get(option)
        assert isinstance(value, bytes)
        return value

    def set(self, option: Option, value: Value) -> None:
        """Set ``option``; InvalidArgument if it does not take this value."""
        if option == Option.IPV4ONLY and value in (0, 1):
            option, value = Option.IPV6, 1 - int(value)
        kind = KINDS.get(option)
        if kind is None or not kind.settable:
            raise InvalidArgument(f"the option {option.name} cannot be set")
        if not kind.fits(value):
            raise InvalidArgument(f"the option {option.name} does not take {value!r}")
        self.values[option] = bytes(value) if isinstance(value, bytes) else int(value)
