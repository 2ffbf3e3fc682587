"""What is seen of a run of sockets, whoever made them: calls with their answers, and what is known besides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from enomem.model.systems.network_requests import RequestId

from ..targets.target import Value


class Do(Enum):
    """What was done; the value is how it stands in a file."""

    CREATE = "create"
    OPTION = "option"
    BIND = "bind"
    CONNECT = "connect"
    UNBIND = "unbind"
    DISCONNECT = "disconnect"
    SEND = "send"
    RECEIVE = "receive"
    ABORT = "abort"
    CLOSE = "close"
    REFUSE = "refuse"
    PEERS = "peers"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Event:
    """One call on the socket of a number, with its ``answer``; or what is known without one (PEERS, SETTLE, REFUSE).

    ``part`` and ``more``: what was sent or received. ``name``: a socket type, an option or a site; ``value``: of the
    option. ``count``: of peers, at least so many; of grants before a refusal; of milliseconds that a receive waits.
    ``times``: of refusals. ``waited``: the call waited for as long as anything may take, and its answer is one that
    nothing changes any more.
    """

    do: Do
    socket: int = -1
    answer: str = "ok"
    part: bytes = b""
    more: bool = False
    endpoint: str = ""
    name: str = ""
    value: Value = 0
    options: tuple[tuple[str, Value], ...] = ()
    count: int = 0
    times: int = 1
    waited: bool = False


def text(part: bytes) -> str:
    """A part as a person reads it."""
    if isinstance(part, RequestId):
        return f"an id of a request of s{part.asker}"
    if part.isascii() and part.decode("ascii").isprintable():
        return f'"{part.decode("ascii")}"'
    return f"0x{part.hex()}"


def call(event: Event) -> str:
    """What was done, without its answer: one line."""
    who = f"s{event.socket}"
    match event.do:
        case Do.CREATE:
            options = "".join(f", {name}={shown(value)}" for name, value in event.options)
            return f"{who} = {event.name}{options}"
        case Do.OPTION:
            return f"{who}.set({event.name}, {shown(event.value)})"
        case Do.SEND:
            return f"{who}.send({text(event.part)}{', SNDMORE' if event.more else ''})"
        case Do.RECEIVE:
            return f"{who}.recv({f'within {event.count} ms' if event.count else ''})"
        case Do.REFUSE if event.times == 0:
            return "no more refusals"
        case Do.REFUSE:
            after = f" after {event.count} that are granted" if event.count else ""
            return f"refuse {event.times} at {event.name}{after}"
        case Do.PEERS:
            return f"{who} has {event.count} peers"
        case Do.SETTLE:
            return "nothing is under way"
        case Do.BIND | Do.CONNECT | Do.UNBIND | Do.DISCONNECT:
            return f"{who}.{event.do.value}({event.endpoint})"
        case _:
            return f"{who}.{event.do.value}()"


def shown(value: Value) -> str:
    """The value of an option as a person reads it."""
    return text(value) if isinstance(value, bytes) else str(value)


SILENT = (Do.CREATE, Do.BIND, Do.REFUSE, Do.PEERS, Do.SETTLE, Do.CLOSE)
"""What has no answer, or is answered with an error or not at all."""


def said(event: Event) -> str:
    """How the call was answered."""
    if event.do in SILENT and event.answer == "ok":
        return ""
    if event.do == Do.RECEIVE and event.answer == "ok":
        return received(event.part, event.more)
    return event.answer


def received(part: bytes | None, more: bool) -> str:
    """The answer of a receive that got something; None: an id that the ROUTER made up."""
    return f"{'an id made up' if part is None else text(part)}{', more' if more else ''}"


def line(event: Event) -> str:
    """The event in one line."""
    answer = said(event)
    return f"{call(event)} -> {answer}" if answer else call(event)
