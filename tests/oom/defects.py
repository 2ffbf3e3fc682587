"""Seeded faults of the shell and of the machines, one for each kind of check: a sweep must find every one of them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from enomem import DISCARD, EventKind, SendPolicy, Site
from enomem.model import memory, receive
from enomem.model import send as sends
from enomem.model.memory import Grant, Pool
from enomem.model.reference.attaching import connect
from enomem.model.reference.closing import close
from enomem.model.reference.core import Core
from enomem.model.reference.incoming import Incoming
from enomem.model.reference.outgoing import Outgoing
from enomem.model.reference.reading import Reader
from enomem.model.rules import Rule

from .environment import EVER, Plan
from .scenarios import LEFT, RIGHT

MIDST = Plan(3, 5)


@dataclass(frozen=True)
class Defect:
    """A fault: ``patches`` maps ``module:path.of.attribute`` to what stands there; it ``shows`` in what Broken says."""

    name: str
    patches: Mapping[str, Any]
    shows: str
    scenario: str = "parts"
    plan: Plan = MIDST
    victim: str = LEFT
    policy: SendPolicy = DISCARD


SHELL = "enomem.model.reference"
AGAIN: list[list[bytes]] = []
LEFT_OPEN: list[int] = []
"""Descriptors that a defect left open, for the test to close."""


def hands_out_less(self: Incoming) -> list[bytes]:
    """Of a message that waited for memory, the first part is missing."""
    return _rest(self)[1:]


def hands_less_at_once(self: Incoming) -> list[bytes] | None:
    """The same, where the message has not to be waited for."""
    message = _message(self)
    return message[1:] if message else message


def hands_out_twice(self: Incoming) -> list[bytes]:
    """A message is received again."""
    AGAIN.append(_rest(self))
    return list(AGAIN[0])


def hands_twice_at_once(self: Incoming) -> list[bytes] | None:
    """The same, where the message has not to be waited for."""
    message = _message(self)
    if message:
        AGAIN.append(message)
        return list(AGAIN[0])
    return message


def forgets_to_drop(self: Outgoing, session: Any, sent: Any, data: bytes) -> None:
    """A part of a message that was rolled back stays where it is, and comes out with the next one."""
    # The stage's own allocator counts.
    if sent.committed and any(self.context.allocator.refused.values()):  # type: ignore[union-attr]
        session.tail.insert(0, b"left over")
        session.weights.tail.insert(0, 0)
        session.pipe = replace(session.pipe, tail=session.pipe.tail + 1)
    _carry_out(self, session, sent, data)


def keeps_a_part(policy: Any, sizes: Any, send: Any, pipe: Any, last: bool, grant: Grant) -> Any:
    """DISCARD, but for the oldest part."""
    assert grant.refused is not None
    if pipe.tail < 2:
        return _no_memory(policy, sizes, send, pipe, last, grant)
    kept = replace(pipe, tail=1)
    pool = memory.give(grant.pool, sends.held(sizes, send, pipe) - sends.held(sizes, send, kept))
    rules = (Rule.SEND_5, grant.rule)
    return sends.Sent(rules, sends.Answer.NO_MEMORY, pool, send, kept, grant.refused, dropped=pipe.tail - 1)


def says_ok(policy: Any, sizes: Any, send: Any, pipe: Any, last: bool, grant: Grant) -> Any:
    """A refused part is answered with OK."""
    return replace(_no_memory(policy, sizes, send, pipe, last, grant), answer=sends.Answer.OK)


def names_another_rule(policy: Any, sizes: Any, send: Any, pipe: Any, last: bool, grant: Grant) -> Any:
    """Under DISCARD, what is said is KEEP's."""
    sent = _no_memory(policy, sizes, send, pipe, last, grant)
    return replace(sent, rules=(Rule.SEND_6, *sent.rules[1:]))


def leaks_when_refused(core: Core, text: str) -> None:
    """A connect that gets no memory keeps what its listener would have needed."""
    try:
        connect(core, text)
    except MemoryError:
        core.context.pool = Pool(core.context.pool.limit, core.context.pool.used + 1)
        raise


def keeps_what_was_refused(pool: Pool, needs: Any, refuse: Site | None) -> Grant:
    """Charged, and then refused."""
    grant = _take(pool, needs, refuse)
    return grant if grant.refused is None else Grant(Pool(pool.limit, pool.used + 1), grant.rule, grant.refused)


def refuses_by_itself(pool: Pool, needs: Any, refuse: Site | None) -> Grant:
    """The pool refuses a chunk that it has and that nobody refused."""
    slots = [need for need in needs if need.site == Site.SLOT]
    return Grant(pool, Rule.MEM_3, Site.SLOT) if slots else _take(pool, needs, refuse)


def keeps_a_descriptor(core: Core, text: str) -> None:
    """A connection that cannot be made leaves a descriptor behind."""
    try:
        connect(core, text)
    except MemoryError:
        LEFT_OPEN.append(os.dup(0))
        raise


def turns_away_in_silence(self: Core, kind: EventKind, *arguments: Any, **more: Any) -> None:
    """Nobody is told that a peer was turned away."""
    if kind != EventKind.ACCEPT_FAILED:
        _tell(self, kind, *arguments, **more)


def stalls_in_silence(self: Core, kind: EventKind, *arguments: Any, **more: Any) -> None:
    """Nobody is told that a reader stalled."""
    if kind != EventKind.STALLED:
        _tell(self, kind, *arguments, **more)


def ends_in_silence(self: Core, *arguments: Any) -> None:
    """Nobody is told that a connection ended."""


def never_tries_again(self: Reader, inbox: Any, rule: Any) -> None:
    """A reader that was refused stops, says so, and that is all."""
    self.core.tell(EventKind.STALLED, self.endpoint, "no memory", rule=rule)
    self.stalled_at = 1.0
    self._pause()


def dies(self: Reader, inbox: Any, rule: Any) -> None:
    """A refusal that nobody has thought of, in the I/O thread."""
    raise ValueError("nobody has thought of this")


def asks_to_close(core: Core, linger: int | None) -> None:
    """Closing needs memory."""
    core.context.obtain(Site.CLOSE, 1)
    core.context.release(Site.CLOSE, 1)
    close(core, linger)


def does_not_finish(core: Core, now: bool = False) -> None:
    """A closed socket keeps all it has."""


def takes_uncharged(
    pool: Pool, policy: Any, inbox: Any, messages: int, amount: int, half: int, refuse: Site | None
) -> Any:
    """What was refused once is taken the next time whatever it weighs."""
    got = _arrived(pool, policy, inbox, messages, amount, half, refuse)
    return got if got.taken else replace(got, inbox=inbox, taken=True)


_carry_out, _rest, _message, _tell = Outgoing.carry_out, Incoming.rest, Incoming.message, Core.tell
_no_memory, _take, _arrived = sends._no_memory, memory.take, receive.arrived
STALLS = Plan(0, EVER, Site.RECEIVE_BODY)

DEFECTS = (
    Defect("hands out less", {f"{SHELL}.incoming:Incoming.rest": hands_out_less,
                              f"{SHELL}.incoming:Incoming.message": hands_less_at_once}, "received what nobody sent"),
    Defect("hands out twice", {f"{SHELL}.incoming:Incoming.rest": hands_out_twice,
                               f"{SHELL}.incoming:Incoming.message": hands_twice_at_once}, "received 1 after"),
    Defect("forgets to drop", {f"{SHELL}.outgoing:Outgoing.carry_out": forgets_to_drop}, "books and goods differ"),
    Defect("keeps a part", {"enomem.model.send:_no_memory": keeps_a_part}, "a refused part is held", plan=Plan(5, 6)),
    Defect("says ok", {"enomem.model.send:_no_memory": says_ok}, ""),
    Defect("another rule", {"enomem.model.send:_no_memory": names_another_rule}, "not what the spec says"),
    Defect("leaks a unit", {f"{SHELL}.attaching:connect": leaks_when_refused}, "OurBug", plan=Plan(1, 2)),
    Defect("charged and refused", {"enomem.model.memory:take": keeps_what_was_refused}, "OurBug"),
    Defect("refuses by itself", {"enomem.model.memory:take": refuses_by_itself}, "nothing of that size was refused"),
    Defect("leaks a descriptor", {f"{SHELL}.attaching:connect": keeps_a_descriptor}, "descriptors are left",
           plan=Plan(1, 2)),
    Defect("turned away in silence", {f"{SHELL}.core:Core.tell": turns_away_in_silence}, "peer: refused",
           plan=Plan(2, 3), victim=RIGHT, scenario="large"),
    Defect("stalls in silence", {f"{SHELL}.core:Core.tell": stalls_in_silence}, "a reader was refused",
           plan=Plan(0, 1, Site.RECEIVE_BODY), victim=RIGHT, scenario="whole"),
    Defect("ends in silence", {f"{SHELL}.core:Core._tell_end": ends_in_silence}, "nothing was announced",
           plan=STALLS, victim=RIGHT, scenario="whole"),
    Defect("never tries again", {f"{SHELL}.reading:Reader._stalled": never_tries_again}, "does not arrive",
           plan=Plan(0, 1, Site.RECEIVE_BODY), victim=RIGHT, scenario="whole"),
    Defect("dies", {f"{SHELL}.reading:Reader._stalled": dies}, "nobody has thought of this",
           plan=STALLS, victim=RIGHT, scenario="whole"),
    Defect("asks to close", {f"{SHELL}.closing:close": asks_to_close}, "closing asked for memory"),
    Defect("does not finish", {f"{SHELL}.closing:finish": does_not_finish}, "octets are held"),
    Defect("not charged", {"enomem.model.receive:arrived": takes_uncharged}, "books and goods differ",
           plan=STALLS, victim=RIGHT, scenario="whole"),
)  # fmt: skip
