"""What a drawn program is made of: the parts that it sends, and the options of its sockets, by small numbers."""

from __future__ import annotations

from enomem.model.patterns.pattern import talks

from ..targets.target import Value

TOPICS = (b"", b"a", b"b", b"ab")
NAMES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def content(form: int, place: int, number: int, kind: str, first: bool) -> bytes:
    """The part of a program: its number says which it is, its ``form`` what it looks like to a pattern."""
    label = str(number).encode()
    if kind == "ROUTER" and first:
        return b"?"
    if kind in ("PUB", "XPUB") and first:
        return TOPICS[form] + label
    if kind == "XSUB" and first and form > 1:
        return (b"\1" if form == 2 else b"\0") + TOPICS[place % len(TOPICS)]
    # What a ROUTER sends begins with an address, and where a reply is awaited a delimiter has to follow.
    return b"" if form == 1 or (form == 2 and kind == "ROUTER") else label


def name(socket: int) -> bytes:
    """The routing id of a socket."""
    return NAMES[socket % len(NAMES) :][:1]


def options(kind: str, number: int, marks: tuple[int, int], flags: int) -> dict[str, Value]:
    """The options of a new socket; each bit of ``flags`` is one that its type has."""
    found: dict[str, Value] = {}
    if talks(kind, "ROUTER"):
        found["ROUTING_ID"] = name(number)
    for option, mark in zip(("SNDHWM", "RCVHWM"), marks, strict=True):
        if mark:
            found[option] = mark
    bits = {
        "ROUTER": ("ROUTER_MANDATORY", "ROUTER_HANDOVER"),
        "REQ": ("REQ_RELAXED", "REQ_CORRELATE"),
        "XPUB": ("XPUB_NODROP", "XPUB_VERBOSE"),
        "PUSH": ("IMMEDIATE",),
    }.get(kind, ())
    return found | {option: 1 for bit, option in enumerate(bits) if flags >> bit & 1}
