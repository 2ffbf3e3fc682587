"""Which closed systems of single sockets `enomem check` searches and proves, and what is asked of each type.

A type's messages are checked under each policy with each recovery where these matter to them; turns, and what a PUB
does, are the same under all, and stand under `ANY_POLICY`.
"""

from __future__ import annotations

from dataclasses import dataclass

from enomem.model import send
from enomem.model.application import Recovery
from enomem.model.patterns import make
from enomem.model.patterns.pattern import AnyPattern, Shape
from enomem.model.patterns.req import Req
from enomem.model.policies import SendPolicy
from enomem.model.send import Sizes
from enomem.model.systems import closed, fan, turning

from ..senders.plan import ANY_POLICY
from .machine import AnySystem
from .properties import of

SENDING = ("ROUTER", "REQ", "REP")
"""The types whose messages are checked under each policy with each recovery."""

SENDS_IN_TURN = ("PUSH", "DEALER", "REQ", "PAIR")
RECEIVES_IN_TURN = ("PULL", "DEALER", "ROUTER", "REP", "SUB", "XSUB", "XPUB", "PAIR")
TYPES = ("ROUTER", "REQ", "REP", "PUB", "DEALER", "PUSH", "PULL", "PAIR", "SUB", "XSUB", "XPUB")
"""All types that are checked, in the order in which they are shown."""

MOST_PEERS = 3
UNBOUNDED = ("parts", "memory", "messages", "queue", "comings and goings", "refusals")
"""What is unbounded in a proof, in words."""


@dataclass(frozen=True)
class Row:
    """Something of one type that is checked at once: its messages under a policy with a recovery, or its turns."""

    pattern: str
    policy: str = ANY_POLICY
    recovery: str = ANY_POLICY
    turns: bool = False

    @property
    def identifiers(self) -> tuple[str, ...]:
        """What is asked."""
        return of(self.pattern, self.turns)


def rows(pattern: str, policies: tuple[str, ...], recoveries: tuple[str, ...]) -> list[Row]:
    """The rows of a type."""
    found: list[Row] = []
    if pattern in SENDING:
        found += [Row(pattern, policy, recovery) for policy in policies for recovery in recoveries]
    if pattern == "PUB":
        found.append(Row(pattern))
    if pattern in (*SENDS_IN_TURN, *RECEIVES_IN_TURN):
        found.append(Row(pattern, turns=True))
    return found


def searched(row: Row, policy: SendPolicy | None) -> tuple[AnySystem, ...]:
    """The bounded systems of a row; ``policy`` is the row's, None where any will do."""
    if row.turns:
        ways = [out for out, types in ((True, SENDS_IN_TURN), (False, RECEIVES_IN_TURN)) if row.pattern in types]
        return tuple(
            turning.System(make(row.pattern), pipes, out) for out in ways for pipes in range(2, MOST_PEERS + 1)
        )
    if policy is None:
        sizes = ((2, 1, 2, 4), (2, 2, 3, 9), (3, 1, 2, 5))
        return tuple(
            fan.System(make(row.pattern), pipes, parts, memory, queue) for pipes, queue, parts, memory in sizes
        )
    recovery = Recovery(row.recovery)
    match row.pattern:
        case "ROUTER":
            loud = make("ROUTER", mandatory=True)
            found = (_system(make("ROUTER"), policy, recovery), _few(loud, policy, recovery, messages=2))
        case "REQ":
            both = Req(relaxed=True, correlate=True, ids=2)
            found = (_system(make("REQ"), policy, recovery), _few(both, policy, recovery, 2, 2))
        case _:
            found = (_system(make("REP"), policy, recovery), _few(make("REP"), policy, recovery, 2))
    return found


def proved(row: Row, policy: SendPolicy | None) -> tuple[AnySystem, ...]:
    """The systems of a row that are proved with every bound unknown; turns have no bound."""
    if row.turns:
        return ()
    if policy is None:
        return tuple(fan.System(make(row.pattern), pipes) for pipes in (2, 3))
    return searched(row, policy)[:1]


def _system(pattern: AnyPattern, policy: SendPolicy, recovery: Recovery, lead: int = 1) -> closed.System:
    """Two peers, two messages, and room for a message with its beginning doubled."""
    lead = 0 if pattern.routes else lead
    parts = 3 if pattern.routes else 2
    bounds = closed.System(pattern, policy, recovery, lead, shapes(pattern, lead), 2, parts)
    room = send.whole_message(Sizes(), bounds.unit) + (3 if pattern.routes else 2)
    return closed.System(pattern, policy, recovery, lead, bounds.shapes, 2, parts, room)


def _few(
    pattern: AnyPattern, policy: SendPolicy, recovery: Recovery, lead: int = 1, messages: int = 1
) -> closed.System:
    """Three peers, or two where there are two messages, and a pool that holds no more than a message needs."""
    lead = 0 if pattern.routes else lead
    parts = 3 if pattern.routes else 2
    peers = MOST_PEERS if messages == 1 else 2
    bounds = closed.System(pattern, policy, recovery, lead, shapes(pattern, lead), peers, parts)
    room = send.whole_message(Sizes(), bounds.unit)
    return closed.System(pattern, policy, recovery, lead, bounds.shapes, peers, parts, room, messages)


def shapes(pattern: AnyPattern, lead: int) -> tuple[Shape, ...]:
    """What peers send to REQ and REP: first what is wanted, then without a delimiter, without a body, of another id."""
    if pattern.name not in ("REQ", "REP"):
        return ()
    found = (Shape(lead + 1, lead - 1), Shape(1), Shape(lead, lead - 1))
    return (*found, Shape(lead + 1, lead - 1, correlates=False)) if getattr(pattern, "correlate", False) else found
