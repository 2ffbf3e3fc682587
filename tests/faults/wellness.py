"""What must hold of a socket and of its context after whatever was done to it."""

from interop import talks
from interop.ends import End, Library, Parts
from interop.fixtures import Opener
from interop.raw import Raw, frame, message
from interop.waiting import until

FITTING = {
    "PAIR": "PAIR",
    "PUB": "SUB",
    "SUB": "PUB",
    "XPUB": "XSUB",
    "XSUB": "XPUB",
    "REQ": "REP",
    "REP": "REQ",
    "DEALER": "DEALER",
    "ROUTER": "DEALER",
    "PUSH": "PULL",
    "PULL": "PUSH",
}
"""A type that each type accepts."""


def received(own: End) -> list[Parts]:
    """Whatever waits to be received now."""
    found = []
    while (parts := own.try_receive()) is not None:
        found.append(parts)
    return found


class Witness:
    """Two sockets beside the one that suffers, in its context: a message passes between them whenever it is asked.

    It also remembers what the context held when all was well.
    """

    def __init__(self, opened: Opener, subject: Library, own: End):
        self.own = own
        self.pull = opened(subject, "PULL", beside=own)
        self.push = opened(subject, "PUSH", beside=own)
        self.push.connect(self.pull.bind())
        self.count = 0
        self.goes_on()
        self.well: object = None
        self.well = until(self._settled, "the witness is at rest", self.push, self.pull)

    def _settled(self) -> object:
        """What is held, once nothing of the last message is."""
        sites = self.own.context.memory().sites
        quiet = not any(size for site, size in sites.items() if site.name in ("BODY", "SLOT", "RECEIVE_BODY"))
        return sites if quiet else None

    def goes_on(self) -> None:
        """The context's other sockets work."""
        self.count += 1
        self.push.send([b"still", b"%d" % self.count])
        assert self.pull.receive(self.push) == [b"still", b"%d" % self.count]

    def at_rest(self) -> None:
        """Wait until the context holds what it held when all was well, and see that others go on."""
        self.goes_on()
        until(lambda: self._settled() == self.well, f"{self.own} is at rest", self.own, self.pull)


def good_peer(own: End, raw: Raw, marker: bytes) -> list[Parts]:
    """A peer that keeps to the rules gets through; returns what came to the socket before its message."""
    raw.handshake(FITTING[own.kind], own, identity=b"good " + marker)
    if own.kind in ("PUB", "XPUB", "PUSH", "REQ"):
        reads(own, raw, marker)
        return []
    if own.kind in ("SUB", "XSUB"):
        talks.subscribe(own, b"good")
    raw.send(message(*([b""] if own.kind == "REP" else []), b"good", marker), own)
    before = []
    while (parts := own.receive(raw))[-2:] != [b"good", marker]:
        before.append(parts)
        if own.kind == "REP":
            own.send([b"to whom it may concern"])
    return before


def reads(own: End, raw: Raw, marker: bytes) -> None:
    """The same for a socket that sends: the peer hears the marker."""
    if own.kind in ("PUB", "XPUB"):
        raw.send(frame(b"\x01good"), own)
        until(lambda: own.try_send([b"good", marker]) and raw.came.frame(), f"a good peer hears {own}", raw, own)
        return
    # Until the peer is known, a message may go to none.
    sent = [b"good", marker]
    own.send(sent, raw)
    assert raw.message(own)[-2:] == sent
    if own.kind == "REQ":
        raw.send(message(b"", b"answer"), own)
        assert own.receive(raw) == [b"answer"]
