"""What is tested: one interface to the sockets of a library, whatever that is written in.

A target makes sockets and does to them what it is told, one call at a time; who calls decides nothing about sockets
and compares what the target says with the model. What a target cannot do it declares (`Can`), and whoever would have
asked for it reports "not asked", never "passed".

No call waits without a bound: ``wait`` is in milliseconds, and 0 answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

ANYWHERE = "tcp://127.0.0.1:*"
"""An endpoint of loopback at a port that the system chooses."""

Value = int | bytes
"""The value of a socket option, as in pyzmq."""


class Can(Enum):
    """What a target may be able to do besides making sockets, sending and receiving; the value is how it is printed."""

    REFUSE = "refuse chosen allocations"
    LIMIT = "bound its memory"
    MEMORY = "say how much memory is in use"
    ABORT = "abort an unfinished message"
    POLICY = "choose a send policy"
    RECEIVE_POLICY = "choose a receive policy"
    DISCONNECT = "disconnect and unbind"
    PEERS = "wait until peers are ready"
    SETTLE = "wait until nothing is under way"


class Said(Enum):
    """How a call on a socket was answered; the value is how it is printed."""

    OK = "ok"
    AGAIN = "EAGAIN"
    NO_MEMORY = "ENOMEM"
    UNREACHABLE = "EHOSTUNREACH"
    STATE = "EFSM"
    GONE = "ECONNRESET"
    INVALID = "EINVAL"
    UNSUPPORTED = "ENOTSUP"
    TERMINATED = "ETERM"


@dataclass(frozen=True, slots=True)
class Received:
    """The answer to a receive: ``part`` and ``more`` mean something only if ``said`` is `Said.OK`."""

    said: Said
    part: bytes = b""
    more: bool = False


class TargetFault(Exception):
    """The target's fault: it died, hung, or answered what no socket may answer. One sentence, ready to be printed."""


class Refused(Exception):
    """A socket was not made, or not bound: ``said`` is why (`Said.NO_MEMORY`, `Said.INVALID` ...)."""

    def __init__(self, said: Said) -> None:
        super().__init__(f"the call was answered with {said.value}")
        self.said = said


class CannotDo(Exception):
    """The target was asked for something that it does not declare; whoever asked should have looked at ``cans``."""

    def __init__(self, target: str, what: Can) -> None:
        super().__init__(f"the target {target} cannot {what.value}")
        self.what = what


class Target(Protocol):
    """Sockets under test. Sockets are numbers from 0 in the order in which they were made.

    Calls raise `TargetFault` if the target dies or does not answer within its bound, and `CannotDo` if it does not
    declare what is asked. ``types`` are the names of the socket types that it has ("PUSH", "ROUTER" ...).
    `base.Sockets` is a base for those who implement it.
    """

    @property
    def name(self) -> str:
        """What it is called ("pyzmq")."""
        ...

    @property
    def version(self) -> str:
        """Which version of what it is ("27.3.0, libzmq 4.3.5")."""
        ...

    @property
    def cans(self) -> frozenset[Can]:
        """What it declares that it can do."""
        ...

    @property
    def types(self) -> frozenset[str]:
        """The names of the socket types that it has ("PUSH", "ROUTER" ...)."""
        ...

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        """Make a socket of a type; ``options`` by their pyzmq names are set before anything else is done with it.

        Raises `Refused`, and has made nothing then.
        """
        ...

    def option(self, socket: int, name: str, value: Value) -> Said:
        """Set a socket option (SNDHWM between two parts, SUBSCRIBE ...)."""
        ...

    def bind(self, socket: int, endpoint: str = ANYWHERE) -> str:
        """Bind, and return the endpoint with the port that the system chose; raises `Refused`."""
        ...

    def connect(self, socket: int, endpoint: str) -> Said:
        """Connect; the connection is made later (`peers` waits for it)."""
        ...

    def unbind(self, socket: int, endpoint: str) -> Said:
        """Stop listening at an endpoint (`Can.DISCONNECT`)."""
        ...

    def disconnect(self, socket: int, endpoint: str) -> Said:
        """Disconnect from an endpoint (`Can.DISCONNECT`)."""
        ...

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        """Send one part; ``more`` is SNDMORE."""
        ...

    def receive(self, socket: int, wait: int = 0) -> Received:
        """Receive one part."""
        ...

    def abort(self, socket: int) -> Said:
        """Drop the unfinished message of a socket (`Can.ABORT`, SEND-11)."""
        ...

    def policy(self, name: str) -> None:
        """Choose the send policy of all sockets made from now on (`Can.POLICY`)."""
        ...

    def receive_policy(self, name: str) -> None:
        """Choose the receive policy of all sockets made from now on (`Can.RECEIVE_POLICY`)."""
        ...

    def limit(self, units: int) -> None:
        """Bound the memory of all sockets made from now on, in octets (`Can.LIMIT`).

        Sockets share a pool with those that were made since the same call of `limit` or of a policy.
        """
        ...

    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        """Refuse ``times`` allocations at a site, after ``after`` that are granted (`Can.REFUSE`).

        A site is named as in ``spec/memory.md``: "BODY", "SLOT", "RECEIVE_BODY" ...; ``times`` 0 ends all refusals.
        """
        ...

    def memory(self) -> int:
        """How many octets are in use (`Can.MEMORY`)."""
        ...

    def peers(self, socket: int, count: int, wait: int) -> bool:
        """Wait until a socket has at least ``count`` peers that it can exchange messages with (`Can.PEERS`)."""
        ...

    def settle(self, wait: int) -> bool:
        """Wait until nothing is under way between the sockets of this target (`Can.SETTLE`)."""
        ...

    def close(self, socket: int) -> None:
        """Close a socket, and drop what it still has to send."""
        ...

    def reset(self) -> None:
        """Close all sockets, and be as new: numbers begin at 0 again; limit, policies and refusals are forgotten.

        After a `TargetFault` it makes the target usable again, if anything can.
        """
        ...

    def end(self) -> None:
        """Close all sockets and give everything back; never fails, and may be called again."""
        ...
