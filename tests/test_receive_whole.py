"""The short cut of receiving is held to the long way: the same messages, states and memory, whatever the type."""

from typing import Any

import pytest
from behaviour.stage import Stage, settle
from interop.raw import message

from enomem import DONTWAIT, Again
from enomem.model.reference.incoming import Incoming

SENT = ([b"a"], [b"b", b""], [b"", b"c"], [b"", b"d", b"e" * 300], [b"topic", b"f"])
TYPES = {"PULL": "PUSH", "PAIR": "PAIR", "DEALER": "DEALER", "ROUTER": "DEALER", "REP": "REQ", "SUB": "PUB"}


def seen(kind: str) -> list[Any]:
    """What a socket hands out of what two peers sent, and all of its states after each message."""
    found: list[Any] = []
    with Stage() as stage:
        socket = stage.bound(kind)
        if kind == "SUB":
            socket.subscribe(b"t")
        names = [b""] if kind == "PAIR" else [b"one", b"two"]
        peers = [stage.peer(socket, TYPES[kind], name if kind == "ROUTER" else b"") for name in names]
        for raw in peers:
            raw.send(b"".join(message(*parts) for parts in SENT))
            settle(raw)
        core = socket._core
        while True:
            try:
                got = socket.recv_multipart(DONTWAIT)
            except Again:
                return found
            inboxes = [session.inbox for session in core.sessions]
            found.append((got, core.state, inboxes, stage.context.pool, core.incoming.units))
            if kind == "REP":
                socket.send(b"reply")


def no_short_cut(_: Incoming) -> None:
    """Whoever asks is sent the long way."""


@pytest.mark.parametrize("kind", TYPES)
def test_the_short_cut_leads_where_the_long_way_does(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []
    cut = Incoming.message

    def counted(incoming: Incoming) -> list[bytes] | None:
        got = cut(incoming)
        taken.append(got)
        return got

    monkeypatch.setattr(Incoming, "message", counted)
    short = seen(kind)
    # Where something is put in front or kept back there is none.
    assert any(got is not None for got in taken) == (kind not in ("ROUTER", "REP"))
    monkeypatch.setattr(Incoming, "message", no_short_cut)
    assert short == seen(kind)
    assert len(short) > 1
