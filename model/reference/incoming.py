"""Receiving: which message comes next, whether the pattern delivers it, and handing its parts to the application.

Called with the context's lock held. A message that was taken out of a session's queue stays charged, part by part,
until the application has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import receive
from ..patterns.pattern import AnyPattern, Offered, Shape
from ..rules import Rule
from . import wrapping
from .errors import NotSupported, StateError
from .monitor import EventKind
from .weights import PART, weight

if TYPE_CHECKING:
    from .core import Core
    from .sessions import Session


AnyOffered = Offered[Any]


class Incoming:
    """The message that is being received: the ``parts`` that are left of it, newest last."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.context = core.context
        self.parts: list[bytes] = []
        self.units = 0
        self.envelope: list[bytes] = []
        self.envelope_units = 0
        self.source: Session | None = None
        self._known: tuple[Any, Shape, int, AnyPattern, AnyOffered] | None = None

    def waiting(self, place: int) -> object:
        """Has a message arrived from the pipe at ``place``?"""
        return self.core.sessions[place].arrived

    def message(self) -> list[bytes] | None:
        """The next message as it came, if it has arrived and nothing of it is put in front or kept back; else None.

        A short cut: what `prefetch` and `rest` would have done, one after the other.
        """
        core, context = self.core, self.context
        pattern, state = core.pattern, core.state
        if self.parts or not context.unrecorded or pattern.may_receive(state) is not None:
            return None
        place = pattern.choose(state, len(core.sessions), self.waiting)
        if place < 0:
            return None
        session = core.sessions[place]
        message = session.arrived[0]
        offered = self._remembered(state, place, wrapping.shape(core, message))
        if not offered.deliver or offered.skip or offered.stamp:
            return None
        units = PART * len(message)
        for part in message:
            units += len(part)
        inbox, pool = receive.taken(session.inbox, units), receive.handed(context.pool, units)
        after = pattern.taken(offered.state)
        del session.arrived[0]
        session.inbox, context.pool, core.state, self.source = inbox, pool, after, session
        core.outgoing.streak = 0
        connection = session.connection
        if connection is None or connection.paused:
            self._read_on(session)
        if context.stalled or context.line:
            context.given_back()
        return message

    def prefetch(self) -> bool:
        """Have a message at hand; False if none has arrived."""
        if self.parts:
            return True
        core = self.core
        unrecorded = core.context.unrecorded
        if (core.pattern.may_receive(core.state) if unrecorded else core.step("may_receive")) is not None:
            return False
        while True:
            sessions = core.sessions
            if unrecorded:
                place = core.pattern.choose(core.state, len(sessions), self.waiting)
            else:
                place = core.step("choose", len(sessions), self.waiting)
            if place < 0:
                return False
            if self._take(sessions[place], place):
                return True

    def forbidden(self) -> Rule | None:
        """The rule that forbids receiving now, if one does."""
        rule: Rule | None = None if self.parts else self.core.step("may_receive")
        return rule

    def refuse(self, rule: Rule) -> None:
        """Raise what the rule means."""
        if not self.core.pattern.receives:
            raise NotSupported(f"a {self.core.kind.name} socket does not receive [{rule.value}]", rule=rule)
        raise StateError(f"this {self.core.kind.name} socket may not receive now [{rule.value}]", rule=rule)

    def _take(self, session: Session, place: int) -> bool:
        """Take one message from a session; False if the pattern discards it."""
        core, context = self.core, self.context
        message = session.arrived[0]
        units = 0
        for part in message:
            units += len(part) + PART
        if context.unrecorded:
            session.inbox = receive.taken(session.inbox, units)
            offered = self._remembered(core.state, place, wrapping.shape(core, message))
        else:
            session.inbox = context.steps(receive, "taken", session.name, session.inbox, units)
            offered = core.step("offered", place, wrapping.shape(core, message))
        del session.arrived[0]
        core.state = offered.state
        if not offered.deliver:
            self._give(units)
            core.tell(EventKind.DISCARDED, session.name, offered.rule.value, rule=offered.rule, messages=1)
            self._read_on(session)
            return False
        if offered.skip or offered.stamp:
            message, units = self._unwrapped(session, message, units, offered)
        if len(message) > 1:
            message.reverse()
        self.parts = message
        self.units = units
        self.source = session
        # What is sent in answer is written at once.
        core.outgoing.streak = 0
        connection = session.connection
        if connection is None or connection.paused:
            self._read_on(session)
        return True

    def _remembered(self, state: Any, place: int, shape: Shape) -> AnyOffered:
        """What becomes of a message; the last answer is kept, since most messages are like the one before."""
        pattern, known = self.core.pattern, self._known
        if known is not None and known[0] is state and known[1] is shape and known[2] == place and known[3] is pattern:
            return known[4]
        offered = pattern.offered(state, place, shape)
        self._known = (state, shape, place, pattern, offered)
        return offered

    def _unwrapped(
        self, session: Session, message: list[bytes], units: int, offered: AnyOffered
    ) -> tuple[list[bytes], int]:  # fmt: skip
        """The parts that the application is shown, and what they weigh; the envelope is kept, the rest goes."""
        if offered.keep:
            self._drop_envelope()
            self.envelope = message[: offered.keep]
            self.envelope_units = weight(self.envelope)
        skipped = weight(message[offered.keep : offered.skip])
        if skipped:
            self._give(skipped)
        left = units - skipped - (self.envelope_units if offered.keep else 0)
        shown = message[offered.skip :]
        # The routing id is the session's; the application gets another reference to it.
        return ([session.routing_id, *shown] if offered.stamp else shown), left

    def read_on(self) -> None:
        """An option was set: who stopped reading for want of room may have some now (RECEIVE-5)."""
        for session in list(self.core.sessions):
            if session.connection is not None:
                self._read_on(session)

    def _read_on(self, session: Session) -> None:
        connection = session.connection
        if connection is not None and connection.paused:
            connection.room_again()
        elif session.ended and not session.arrived:
            self.core.detach(session)

    def part(self) -> bytes:
        """The next part of the message at hand; its memory goes back."""
        part = self.parts.pop()
        if self.parts:
            units = min(self.units, len(part) + PART)
            self.units -= units
        else:
            units = self.units
            self._taken()
        self._give(units)
        return part

    def rest(self) -> list[bytes]:
        """All parts that are left of the message at hand."""
        parts = self.parts
        if len(parts) > 1:
            parts.reverse()
        self.parts = []
        units = self.units
        self._taken()
        self._give(units)
        return parts

    def _taken(self) -> None:
        self.units = 0
        core = self.core
        core.state = core.pattern.taken(core.state) if self.context.unrecorded else core.step("taken")

    def _give(self, units: int) -> None:
        context = self.context
        if context.unrecorded:
            context.pool = receive.handed(context.pool, units)
        else:
            context.pool = context.steps(receive, "handed", self.core.name, context.pool, units)
        if context.stalled or context.line:
            context.given_back()

    def _drop_envelope(self) -> None:
        if self.envelope_units:
            self._give(self.envelope_units)
        self.envelope = []
        self.envelope_units = 0

    def replied(self) -> None:
        """The reply is committed: the envelope is needed no more."""
        self._drop_envelope()

    def drain(self) -> None:
        """Drop all that waits to be received, and what is left of the message at hand (REQ-3)."""
        self._drop_rest()
        for session in list(self.core.sessions):
            while session.arrived:
                self.discard(session, Rule.REQ_3)
            self._read_on(session)

    def discard(self, session: Session, rule: Rule) -> None:
        """Drop the oldest message of a session's queue."""
        units = weight(session.arrived.popleft())
        session.inbox = self.context.steps(receive, "taken", session.name, session.inbox, units)
        self._give(units)
        self.core.tell(EventKind.DISCARDED, session.name, rule.value, rule=rule, messages=1)

    def _drop_rest(self) -> None:
        self.parts = []
        if self.units:
            self._give(self.units)
            self.units = 0

    def give_up(self) -> None:
        """The socket is closed: what was not read is dropped."""
        self._drop_envelope()
        self._drop_rest()
