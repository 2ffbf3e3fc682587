"""The scenarios: which socket the victim has, who its peers are, and what is sent. Nothing here does anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .message import LARGE, SMALL

RESTART, RESUME, NEXT = "restart", "resume", "next"
RECOVERIES = (RESTART, RESUME, NEXT)
"""What a victim does at ENOMEM in the middle of a message: send it again from its first part, send the part again, or
give the message up and send the next one."""


@dataclass(frozen=True)
class Variant:
    """One victim in one scenario: its socket type, those of its peers, who binds, how large the parts are.

    ``restarts``: the peer goes and comes back after half of the messages, at a moment at which none is on its way.
    ``watched``: the victim has a monitor on its socket. ``inside``: both ends are in the victim, over inproc.
    ``local``: over ipc, at a path so long that a message with it needs memory.
    """

    scenario: str
    victim: str
    peers: tuple[str, ...]
    binds: bool = False
    large: bool = False
    restarts: bool = False
    watched: bool = False
    inside: bool = False
    local: bool = False

    @property
    def name(self) -> str:
        """As it is shown."""
        words = [self.victim, "to itself" if self.inside else "binds" if self.binds else "connects"]
        given = (("large", self.large), ("watched", self.watched), ("over ipc", self.local))
        words += [word for word, on in given if on]
        return " ".join(words)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Octets of the parts of a message."""
        return LARGE if self.large else SMALL

    @property
    def count(self) -> int:
        """Messages that are counted: of small ones so many that queues grow by a chunk of 256 parts."""
        if self.victim in ("REQ", "REP"):
            return 6
        return 8 if self.large else 100

    def as_json(self) -> dict[str, Any]:
        """For the victim and the worker."""
        return asdict(self)


def _four(scenario: str, victim: str, *peers: str) -> list[Variant]:
    """The victim binding or connecting, with small or large messages."""
    return [Variant(scenario, victim, peers, binds, large) for binds in (False, True) for large in (False, True)]


SCENARIOS: dict[str, list[Variant]] = {
    "push-pull": _four("push-pull", "PUSH", "PULL") + _four("push-pull", "PULL", "PUSH"),
    "req-rep": _four("req-rep", "REQ", "REP") + _four("req-rep", "REP", "REQ"),
    "pub-sub": [
        *_four("pub-sub", "PUB", "SUB", "SUB"),
        *_four("pub-sub", "SUB", "XPUB"),
        Variant("pub-sub", "XPUB", ("SUB", "SUB"), binds=True),
        Variant("pub-sub", "XSUB", ("XPUB",)),
    ],
    "dealer-router": _four("dealer-router", "DEALER", "ROUTER") + _four("dealer-router", "ROUTER", "DEALER", "DEALER"),
    "reconnect": [
        *(
            Variant("reconnect", victim, (peer,), binds, restarts=True, watched=watched)
            for victim, peer in (("PUSH", "PULL"), ("PULL", "PUSH"), ("DEALER", "ROUTER"), ("SUB", "XPUB"))
            for binds, watched in ((False, False), (True, True))
        ),
        Variant("reconnect", "PUSH", ("PULL",), restarts=True, watched=True, local=True),
        Variant("reconnect", "PULL", ("PUSH",), binds=True, restarts=True, watched=True, local=True),
    ],
    "inproc": [
        Variant("inproc", "PUSH", ("PULL",), inside=True),
        Variant("inproc", "PUSH", ("PULL",), inside=True, large=True),
        Variant("inproc", "PUB", ("SUB", "SUB"), inside=True),
        Variant("inproc", "DEALER", ("ROUTER",), inside=True, watched=True),
        Variant("inproc", "DEALER", ("ROUTER",), inside=True),
    ],
}
"""By the names of ``--scenario``."""


def variant_of(values: dict[str, Any]) -> Variant:
    """The variant that `Variant.as_json` wrote."""
    return Variant(**{**values, "peers": tuple(values["peers"])})
