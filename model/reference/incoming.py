"""Receiving: which message comes next, whether the pattern delivers it, and handing its parts to the application.

Called with the context's lock held. A message that was taken out of a session's queue stays charged, part by part,
until the application has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import receive
from ..patterns.pattern import Shape
from ..rules import Rule
from .errors import NotSupported, StateError
from .monitor import EventKind
from .weights import PART, weight

if TYPE_CHECKING:
    from .core import Core
    from .sessions import Session


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

    def waiting(self, place: int) -> object:
        """Has a message arrived from the pipe at ``place``?"""
        return self.core.sessions[place].arrived

    def prefetch(self) -> bool:
        """Have a message at hand; False if none has arrived."""
        if self.parts:
            return True
        core = self.core
        rule = core.pattern.may_receive(core.state)
        if rule is not None:
            return False
        while True:
            place = core.step("choose", len(core.sessions), self.waiting)
            if place < 0:
                return False
            if self._take(core.sessions[place], place):
                return True

    def forbidden(self) -> Rule | None:
        """The rule that forbids receiving now, if one does."""
        return None if self.parts else self.core.pattern.may_receive(self.core.state)

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
        context.pool, session.inbox = context.steps(
            receive, "taken", session.name, context.pool, session.inbox, units
        )
        del session.arrived[0]
        offered = core.step("offered", place, self._shape(message))
        core.state = offered.state
        if not offered.deliver:
            self._give(units)
            core.tell(EventKind.DISCARDED, session.name, offered.rule.value, rule=offered.rule, messages=1)
            self._read_on(session)
            return False
        self._drop_envelope()
        if offered.keep:
            self.envelope = message[: offered.keep]
            self.envelope_units = sum(len(part) + PART for part in self.envelope)
        skipped = sum(len(part) + PART for part in message[offered.keep : offered.skip])
        if skipped:
            self._give(skipped)
        parts = message[offered.skip :] if offered.skip else message
        self.units = units - skipped - (self.envelope_units if offered.keep else 0)
        if offered.stamp:
            # The routing id is the session's; the application gets another reference to it.
            parts = [session.routing_id, *parts]
        parts.reverse()
        self.parts = parts
        self.source = session
        self._read_on(session)
        return True

    def _shape(self, message: list[bytes]) -> Shape:
        return self.core.shape(message)

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
        else:
            units = self.units
            self.core.state = self.core.step("taken")
        self.units -= units
        self._give(units)
        return part

    def rest(self) -> list[bytes]:
        """All parts that are left of the message at hand."""
        parts = self.parts
        parts.reverse()
        self.parts = []
        units, self.units = self.units, 0
        self.core.state = self.core.step("taken")
        self._give(units)
        return parts

    def _give(self, units: int) -> None:
        context = self.context
        context.pool = context.steps(receive, "handed", self.core.name, context.pool, units)
        if context.thirsty:
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
        context = self.context
        context.pool, session.inbox = context.steps(receive, "taken", session.name, context.pool, session.inbox, units)
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
