"""The testee: a socket of a target, driven call by call, or a black box at an endpoint of which we know the type."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from ..targets.target import Can, Refused, Said, Target, Value
from .case import Deviation, Unsupported, equal
from .peer import Clerk
from .transcript import literal

TALKS = {
    "PAIR": "PAIR", "PUB": "SUB", "SUB": "PUB", "REQ": "REP", "REP": "REQ", "DEALER": "DEALER", "ROUTER": "DEALER",
    "PULL": "PUSH", "PUSH": "PULL", "XPUB": "SUB", "XSUB": "PUB",
}  # fmt: skip
"""A type that may talk to each; not all of them."""
AWAKE = {"SUB", "XSUB", "XPUB"}
"""Types that get no further with their peers unless somebody is in a call on them."""
HEARS = {"PAIR", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "XPUB", "XSUB"}
MOMENT_MS = 10
SERVED_MS = 100
"""How long a program of a deviation is in a call in which the suite was again and again."""


class Testee:
    """A socket of the target. ``endpoint`` is where it listens, empty until it does."""

    def __init__(self, target: Target, kind: str, name: str, clerk: Clerk, options: Mapping[str, Value]) -> None:
        if kind not in target.types:
            raise Unsupported(f"sockets of type {kind}")
        self.target, self.kind, self.name, self.clerk = target, kind, name, clerk
        clerk.log.made(name, kind, options)
        try:
            self.number = target.create(kind, options)
        except Refused as refused:
            # Whoever does not know an option cannot be asked what it does with it.
            if options and refused.said in (Said.INVALID, Said.UNSUPPORTED):
                raise Unsupported(f"the options {', '.join(options)}") from None
            raise
        self.endpoint = ""
        self.awake = kind in AWAKE
        self._whole: list[list[bytes]] = []
        self._parts: list[bytes] = []
        self._closed = False

    def bind(self) -> str:
        """Listen; once is enough."""
        if not self.endpoint:
            self.clerk.log.add(f'{self.name}.bind("tcp://127.0.0.1:*")')
            self.endpoint = self.target.bind(self.number)
        return self.endpoint

    def connect(self, endpoint: str, listener: str = "") -> None:
        """Connect to a port of ours, named in the transcript by its listener, or to another testee."""
        where = f'f"tcp://127.0.0.1:{{{listener}.getsockname()[1]}}"' if listener else repr(endpoint)
        self.clerk.log.add(f"{self.name}.connect({where})")
        self.target.connect(self.number, endpoint)

    def option(self, name: str, value: Value) -> Said:
        """Set an option."""
        self.clerk.log.add(f"{self.name}.setsockopt(zmq.{name}, {value!r})")
        return self.target.option(self.number, name, value)

    # --- sending

    def part(self, data: bytes, more: bool = False) -> Said:
        """Offer one part, without waiting."""
        said = self.target.send(self.number, data, more, 0)
        flags = "zmq.SNDMORE | zmq.DONTWAIT" if more else "zmq.DONTWAIT"
        self.clerk.log.add(f"said({self.name}.send, {literal(data)}, {flags})", said.value)
        return said

    def offer(self, *parts: bytes) -> Said:
        """Offer a message without waiting: the first answer that is not OK, or OK."""
        for number, part in enumerate(parts, 1):
            said = self.part(part, number < len(parts))
            if said != Said.OK:
                return said
        return Said.OK

    def send(self, *parts: bytes) -> None:
        """Send a message, waiting until its first part is accepted."""
        self.begin(parts[0], len(parts) > 1)
        for number, part in enumerate(parts[1:], 2):
            equal(f"part {number} of {len(parts)} is answered", self.part(part, number < len(parts)).value, "ok")

    def rest(self, *parts: bytes) -> Said:
        """Go on with a message, as an application does that is told when there is nothing to go on with.

        The first answer that ends the message early (ECONNRESET, ENOMEM ...), or OK.
        """
        for number, part in enumerate(parts, 1):
            said = self.part(part, number < len(parts))
            if said not in (Said.OK, Said.AGAIN):
                return said
        return Said.OK

    def begin(self, part: bytes, more: bool) -> None:
        """Send a first part, waiting until it is accepted."""
        bound = monotonic() + self.clerk.seconds
        while (said := self.target.send(self.number, part, more, MOMENT_MS)) == Said.AGAIN:
            if monotonic() > bound:
                raise self.clerk.silent(f"a {self.kind} accepts a message")
            self.clerk.idle()
        self.clerk.log.add(f"{self.name}.send({literal(part)}{', zmq.SNDMORE' if more else ''})")
        equal(f"the first part is answered by a {self.kind}", said.value, "ok")

    # --- receiving

    def serve(self, milliseconds: int) -> bool:
        """Be in a call that receives for so long, and keep what comes; False if this type does not receive."""
        if self.kind not in HEARS or self._closed:
            return False
        self.clerk.log.again(f"{self.name}.poll({max(SERVED_MS, milliseconds)})")
        return self._serve(milliseconds)

    def _serve(self, milliseconds: int) -> bool:
        received = self.target.receive(self.number, milliseconds)
        if received.said == Said.OK:
            self._parts.append(received.part)
            if not received.more:
                self._whole.append(self._parts)
                self._parts = []
        return True

    @property
    def has_message(self) -> bool:
        """Has a whole message come while somebody waited?"""
        return bool(self._whole)

    def receive(self) -> list[bytes]:
        """The next message, waiting for it."""
        bound = monotonic() + self.clerk.seconds
        while not self._whole:
            if monotonic() > bound:
                self.clerk.log.add(f"print({self.name}.poll(2000))", "0: nothing comes")
                raise self.clerk.silent(f"a {self.kind} receives a message")
            self._serve(MOMENT_MS)
        message = self._whole.pop(0)
        self.clerk.log.add(f"print({self.name}.recv_multipart())", str([literal(part) for part in message]))
        return message

    def next_part(self) -> Said:
        """How a call that would receive the next part is answered, without waiting."""
        said = self.target.receive(self.number, 0).said
        self.clerk.log.add(f"said({self.name}.recv, zmq.DONTWAIT)", said.value)
        return said

    def receives(self, *messages: list[bytes]) -> None:
        """`Deviation` unless exactly these messages come next, in this order."""
        for expected in messages:
            equal(f"a {self.kind} receives", self.receive(), expected)

    # --- what a target may be able to do

    def need(self, what: Can) -> None:
        """Unsupported, unless the target can do it."""
        need(self.target, what)

    def abort(self) -> Said:
        """Drop the unfinished message."""
        self.need(Can.ABORT)
        self.clerk.log.add(f"{self.name}.abort_message()")
        return self.target.abort(self.number)

    def disconnect(self, endpoint: str) -> None:
        """Disconnect."""
        self.need(Can.DISCONNECT)
        self.clerk.log.add(f"{self.name}.disconnect({endpoint!r})")
        self.target.disconnect(self.number, endpoint)

    def close(self) -> None:
        """Close the socket."""
        if not self._closed:
            self.clerk.log.add(f"{self.name}.close(0)")
            self._closed = True
            self.target.close(self.number)


class BlackBox:
    """A socket of a known type that somebody else has at an endpoint; all that it answers is on the wire."""

    awake = False
    name = "the testee"

    def __init__(self, endpoint: str, kind: str) -> None:
        self.endpoint, self.kind = endpoint, kind


def need(target: Target, what: Can) -> None:
    """Unsupported, unless the target can do it."""
    if what not in target.cans:
        raise Unsupported(f"a target that can {what.value}")


def unexpected(what: str, said: Said) -> Deviation:
    """The deviation that a call was answered like this."""
    return Deviation(what, said.value)
