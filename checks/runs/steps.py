"""The steps that a recorded run has, and the threads that run through it: whose state goes in, and where it comes out.

A *thread* is a state that only steps may change: the pool of a context, the Send and the pattern's state of a socket,
the pipe and the queue of a session, the life of a connection. What goes into a step is what came out of the step before
on the same thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enomem.model.connection import Life
from enomem.model.patterns.pattern import AnyPattern
from enomem.model.patterns.routing import Routing
from enomem.model.patterns.subscriptions import Interests, Subscriptions
from enomem.model.pipe import Pipe
from enomem.model.receive import Inbox
from enomem.model.reference.encoding import encode
from enomem.model.rules import Rule
from enomem.model.send import Send
from enomem.model.wire.decoder import Decoder
from enomem.model.wire.handshake import Handshake

POOL, POLICY, SEND, STATE, PIPE, INBOX, LIFE = "pool", "policy", "send", "state", "pipe", "inbox", "life"
PLACE = "place"
TARGETS = "targets"
OWN = ":own"

Place = str | int | None
"""Where in an outcome a state is: the name of a field, a number in a tuple, or None where it is the outcome itself."""


@dataclass(frozen=True)
class Known:
    """A step: the threads that go into it, by the names of its parameters, and where each comes out.

    ``rule`` is the step's where its outcome names none. ``own``: the Send is the session's and not its socket's.
    """

    takes: tuple[str, ...] = ()
    gives: Mapping[str, Place] = field(default_factory=dict)
    rule: Rule | None = None
    own: bool = False


def _alike(*threads: str, **more: Any) -> Known:
    """The outcome has a field of the same name for each thread."""
    return Known(threads, {thread: thread for thread in threads}, **more)


def _itself(thread: str, rule: Rule | None) -> Known:
    return Known((thread,), {thread: None}, rule)


_SENDING = Known((POLICY, POOL, SEND, PIPE), {POOL: POOL, SEND: SEND, PIPE: PIPE})

FUNCTIONS: Mapping[str, Known] = {
    "connection.made": _alike(POOL),
    "connection.destroyed": _itself(POOL, Rule.MEM_4),
    "connection.connect": Known((POOL,), {POOL: POOL, LIFE: LIFE}),
    "connection.accept": Known((POOL,), {POOL: POOL, LIFE: LIFE}),
    "connection.step": _alike(POOL, LIFE),
    "connection.exhausted": Known(rule=Rule.CONNECT_5),
    "connection.rested": Known(rule=Rule.CONNECT_5),
    "connection.delay": Known(rule=Rule.CONNECT_1),
    "heartbeat.pulse": Known(),
    "heartbeat.unheard": Known(rule=Rule.HEART_4),
    "heartbeat.sign": Known(rule=Rule.HEART_5),
    "send.send_part": _SENDING,
    "send.send_lead": _SENDING,
    "send.reserve": _alike(POOL, SEND, PIPE),
    "send.serve": _alike(POOL, SEND, PIPE),
    "send.abort": _alike(POOL, SEND, PIPE),
    "send.peer_gone": _alike(POOL, SEND, PIPE),
    "send.begun": _itself(SEND, Rule.ROUTER_1),
    "send.swallowing": _itself(SEND, Rule.SEND_8),
    "link.begin": Known((POOL, PIPE), {PIPE: 0, POOL: 1}, Rule.LINK_1),
    "link.lost": _itself(POOL, Rule.LINK_3),
    "link.written": _itself(POOL, Rule.LINK_5),
    "pipe.available": Known((PIPE,), {}, Rule.PIPE_8),
    "line.join": Known((), {PLACE: None}, Rule.SEND_14),
    "line.left": _itself(PLACE, None),
    "line.moved_up": _itself(PLACE, None),
    "receive.room": Known((INBOX,), {}, Rule.RECEIVE_5),
    "receive.low": Known((INBOX,), {}, Rule.RECEIVE_5),
    "receive.arrived": _alike(POOL, INBOX),
    "receive.body": _alike(POOL, INBOX),
    "receive.waited": _itself(INBOX, Rule.RECEIVE_6),
    "receive.taken": _itself(INBOX, Rule.RECEIVE_7),
    "receive.handed": _itself(POOL, Rule.LINK_4),
    "receive.broken": Known((POOL, INBOX), {POOL: 0, INBOX: 1}, Rule.RECEIVE_8),
    "receive.dropped": Known((POOL, INBOX), {POOL: 0, INBOX: 1}, Rule.RECEIVE_9),
    "wire.commands.may_ping": Known(rule=Rule.WIRE_34),
    "wire.commands.encode_ping": Known(),
    "wire.commands.encode_pong": Known(rule=Rule.WIRE_22),
    "wire.commands.encode_subscription": Known(rule=Rule.WIRE_21),
    "patterns.conflate.replaced": _alike(POOL, PIPE),
    "patterns.conflate.overtaken": Known(),
    "patterns.subscriptions.pay": _alike(POOL),
    "patterns.fan_out.copy": _alike(POOL, SEND, PIPE, own=True),
    "patterns.fan_out.all_or_none": Known((POLICY, POOL, SEND, TARGETS), {POOL: POOL, SEND: SEND, TARGETS: "pipes"}),
}
"""Every function of the model that a running socket calls as a step."""

METHODS: Mapping[str, Known] = {
    "begin": _alike(STATE),
    "attached": _alike(STATE),
    "offered": _alike(STATE),
    "detached": _itself(STATE, None),
    "committed": _itself(STATE, None),
    "dropped": _itself(STATE, None),
    "taken": _itself(STATE, None),
    "choose": Known((STATE,), {}, Rule.TURN_1),
    "may_receive": Known((STATE,)),
    "writable": Known((STATE,)),
    "unanswerable": Known((STATE,)),
    "claim": Known(),
    "heard": Known(),
}
"""Every question of a pattern that a running socket asks as a step."""

TABLES: Mapping[str, tuple[type, Mapping[str, Known]]] = {
    "patterns.subscriptions.Subscriptions": (
        Subscriptions,
        {
            "held": Known(),
            "add": Known(rule=Rule.SUB_1),
            "remove": Known(rule=Rule.SUB_2),
            "connection_ended": Known(rule=Rule.PUB_9),
            "matching": Known(rule=Rule.PUB_1),
        },
    ),
    "patterns.subscriptions.Interests": (
        Interests,
        {
            "held": Known(),
            "topics": Known(rule=Rule.SUB_7),
            "subscribe": Known(rule=Rule.SUB_1),
            "cancel": Known(rule=Rule.SUB_2),
            "matches": Known(rule=Rule.SUB_4),
        },
    ),
    "patterns.routing.Routing": (
        Routing,
        {"holder": Known(rule=Rule.ROUTER_1), "add": Known(rule=Rule.ROUTER_8), "remove": Known()},
    ),
}
"""Every table of the model that a running socket has, and what it is asked and told. Each begins empty."""

MACHINES: Mapping[str, tuple[type, Mapping[str, Known]]] = {
    "wire.handshake.Handshake": (Handshake, {"start": Known(rule=Rule.WIRE_1), "feed": Known()}),
    "wire.decoder.Decoder": (
        Decoder,
        {"feed": Known(), "take": Known(), "allow": Known(rule=Rule.WIRE_16), "filled": Known(rule=Rule.WIRE_16)},
    ),
}
"""Every machine of the wire, which is made of what a socket says of itself or takes, and what it is told."""

FIRST: Mapping[str, Mapping[str, Any]] = {
    "socket": {SEND: encode(Send()), STATE: None, PLACE: 0},
    "wire": {},
    "session": {PIPE: encode(Pipe()), INBOX: encode(Inbox()), SEND: encode(Send())},
    "connection": {LIFE: encode(Life())},
}
"""The first states of what a run can begin; that of a pattern is told by the pattern."""

EMPTY = (PIPE, INBOX, LIFE)
COUNTS = ("messages", "parts", "tail", "half", "whole", "held")
"""The threads that must hold nothing when their session or connection ends, and what of them counts what they hold."""


def rule_of(pattern: AnyPattern | None, name: str, known: Known, outcome: object) -> str:
    """The rule by which a step came to its outcome; empty if it has none."""
    rules = getattr(outcome, "rules", None)
    if pattern is not None and known.rule is None:
        own = {"committed": "commits", "dropped": "drops", "detached": "leaves", "taken": "takes"}.get(name, "")
        found = getattr(outcome, "rule", None) or getattr(pattern, own, None)
    else:
        found = rules[0] if rules else getattr(outcome, "rule", None) or known.rule
    return str(found.value) if isinstance(found, Rule) else ""


def owner(thread: str, subject: str, known: Known) -> str:
    """Whose a thread is, in a step that is about ``subject``."""
    if thread in (POOL, POLICY):
        return ""
    if thread == STATE:
        return subject
    session = subject.removesuffix(OWN)
    if thread == SEND and not known.own and session == subject:
        return subject.partition(".")[0]
    return session
