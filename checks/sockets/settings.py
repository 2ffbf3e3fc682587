"""What the options of the socket commands mean: types, ways to talk, sizes, socket options, policies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from enomem.model.policies import DISCARD, SendPolicy
from enomem.model.receive_policies import BOUNDED_WAIT, ReceivePolicy
from enomem.model.reference.constants import Option, SocketType
from enomem.model.reference.options import KINDS

from ..errors import UsageError
from .format import BadLine, Message, of_arguments

SEND, RECEIVE, ASK, ANSWER, BOTH = "send", "receive", "ask", "answer", "both"

WAYS = {
    "recv": (RECEIVE, "PULL"),
    "send": (SEND, "PUSH"),
    "push": (SEND, "PUSH"),
    "pull": (RECEIVE, "PULL"),
    "pub": (SEND, "PUB"),
    "sub": (RECEIVE, "SUB"),
    "req": (ASK, "REQ"),
    "rep": (ANSWER, "REP"),
    "pair": (BOTH, "PAIR"),
    "dealer": (BOTH, "DEALER"),
    "router": (BOTH, "ROUTER"),
    "xpub": (BOTH, "XPUB"),
    "xsub": (BOTH, "XSUB"),
}
"""Of each command: what it does, and with which type of socket."""

TYPES = {
    SEND: ("PUSH", "PUB", "PAIR", "DEALER", "ROUTER", "XPUB", "XSUB"),
    RECEIVE: ("PULL", "SUB", "PAIR", "DEALER", "ROUTER", "XPUB", "XSUB"),
}
"""The types that ``enomem send`` and ``enomem recv`` take with ``--type``."""

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


@dataclass(frozen=True)
class Settings:
    """All that one command was told. ``message`` is the one in the arguments; without it, lines of stdin are sent."""

    way: str
    kind: SocketType
    binds: tuple[str, ...]
    connects: tuple[str, ...]
    message: Message | None
    count: int | None
    timeout: float | None
    interval: float
    topics: tuple[bytes, ...]
    options: tuple[tuple[Option, int | bytes], ...]
    form: str
    memory_limit: int | None
    policy: SendPolicy
    record: Path | None
    peers: int
    echo: bool
    quiet: bool
    verbose: bool
    receive_policy: ReceivePolicy = BOUNDED_WAIT


def settings(
    command: str, words: Sequence[str], *, kind: str | None = None, binds: Sequence[str], connects: Sequence[str],
    count: int | None, timeout: float | None, interval: float, topics: Sequence[str], options: Sequence[str],
    form: str, memory_limit: str | None, policy: str | None, record: Path | None, peers: int = 0, echo: bool = False,
    quiet: bool, verbose: bool, receive_policy: str | None = None,
) -> Settings:  # fmt: skip
    """Read everything that can be read before a socket is opened; UsageError says what cannot."""
    way, default = WAYS[command]
    which = SocketType[kind or default]
    connects = list(connects)
    words = list(words)
    if way == RECEIVE:
        connects += words
        words = []
    elif not binds and not connects:
        connects, words = words[:1], words[1:]
    if not binds and not connects:
        raise UsageError("no endpoint was given: name one, or use --bind ENDPOINT or --connect ENDPOINT")
    if echo and words:
        raise UsageError("--echo answers with the request, so no answer can be given besides")
    if topics and which not in (SocketType.SUB, SocketType.XSUB):
        raise UsageError(f"a {which.name} socket has no subscriptions: --subscribe is for SUB and XSUB")
    return Settings(
        way, which, tuple(binds), tuple(connects), _message(words, form), count, timeout, interval,
        tuple(topic.encode(errors="surrogateescape") for topic in topics),
        tuple(map(option, options)), form, None if memory_limit is None else size(memory_limit),
        _policy(policy), record, peers, echo, quiet, verbose, _receive_policy(receive_policy),
    )  # fmt: skip


def _policy(text: str | None) -> SendPolicy:
    if text is None:
        return DISCARD
    # Here, since it brings the engines along, and most commands name no policy.
    from ..policies.file import load_policy

    return load_policy(text)


def _receive_policy(text: str | None) -> ReceivePolicy:
    if text is None:
        return BOUNDED_WAIT
    from ..policies.receive_file import load_receive_policy

    return load_receive_policy(text)


def _message(words: Sequence[str], form: str) -> Message | None:
    try:
        return of_arguments(words, form) or None
    except BadLine as error:
        raise UsageError(f"the message in the arguments: {error}") from None


def size(text: str) -> int:
    """Octets, from a number with K, M or G behind it or none (K is 1024)."""
    found = re.fullmatch(r"([0-9]{1,15})([KMG]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise UsageError(f"--memory-limit {text}: a number of octets is wanted, such as 65536, 64K, 10M or 1G")
    return int(found[1]) * UNITS[found[2].upper()]


def option(text: str) -> tuple[Option, int | bytes]:
    """An option of the socket from NAME=VALUE; octets may be given as hex:00ff."""
    name, mark, value = text.partition("=")
    name = name.strip().upper().removeprefix("ZMQ_")
    if not mark:
        raise UsageError(f"--option {text}: NAME=VALUE is wanted, such as SNDHWM=10")
    if name in ("SUBSCRIBE", "UNSUBSCRIBE"):
        raise UsageError(f"--option {text}: subscribe with --subscribe TOPIC")
    known = [which.name for which, kind in KINDS.items() if kind.settable]
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else "docs/command-line.md has the names"
        raise UsageError(f"--option {text}: there is no option {name!r} to be set; {hint}")
    which = Option[name]
    if isinstance(KINDS[which].default, bytes):
        return which, _octets(text, value)
    try:
        return which, int(value, 0)
    except ValueError:
        raise UsageError(f"--option {text}: {name} takes a whole number, not {value!r}") from None


def _octets(text: str, value: str) -> bytes:
    if not value.startswith("hex:"):
        return value.encode(errors="surrogateescape")
    try:
        return bytes.fromhex(value.removeprefix("hex:"))
    except ValueError:
        raise UsageError(f"--option {text}: after hex: come pairs of hexadecimal digits") from None
