"""The one error that octets of a peer can lead to."""

from ..rules import Rule


class PeerError(Exception):
    """The peer broke the protocol, or refused us: the connection has to be closed.

    ``rule`` says which rule of ``spec/wire.md`` it was, ``reason`` says what was seen, for people. ``tell`` has the
    octets that still go out before the connection is closed (an ERROR command where the RFC wants one), mostly none.
    """

    def __init__(self, rule: Rule, reason: str, tell: bytes = b"") -> None:
        super().__init__(f"{reason} [{rule.value}]")
        self.rule = rule
        self.reason = reason
        self.tell = tell
