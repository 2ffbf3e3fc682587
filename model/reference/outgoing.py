"""Sending: each part goes through the send machine, and its effects are carried out on the payloads.

Called with the context's lock held. A call that has to wait gives the lock up meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import pipe as pipes
from .. import send as sends
from ..memory import Site
from ..patterns.fan_out import SentAll
from ..patterns.pattern import AnyPattern, Begin, Way
from ..rules import Rule
from ..send import Answer, Phase, Send, Sent
from . import nearby, wrapping
from .constants import Option
from .errors import Again, HostUnreachable, NoMemory, NotSupported, PeerGone, StateError
from .monitor import EventKind
from .sessions import Session
from .standing import Standing
from .weights import PART, weight

if TYPE_CHECKING:
    from .core import Core

IDLE, SKIPPING, OK = Phase.IDLE, Phase.SKIPPING, Answer.OK
Wait = Callable[[], None]
"""Waits until something changes; Again or ContextTerminated if it may not or did not."""
EAGER = 2
"""So many messages since the application last waited are written at once; more of them are left to be joined."""


class Outgoing:
    """The message that is being sent: the machine's state, and the session ``current`` whose pipe gets it."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.context = core.context
        self.send = Send()
        self.current: Session | None = None
        self.lead: list[bytes] = []
        self.nowhere = Session(f"{core.name}.nowhere", None)
        self.context.steps.begin(self.nowhere.name, "session")
        self.streak = 0
        self.look_again = 0.0
        self._known: tuple[Any, AnyPattern, Begin[Any], Any] | None = None

    def free(self, place: int) -> object:
        """Can the pipe at ``place`` take another message?"""
        core = self.core
        session = core.sessions[place]
        if self.context.unrecorded:
            return pipes.available(session.pipe, core.send_hwm, session.ended, core.immediate, session.ready)
        return self.context.steps(
            pipes, "available", session.name, session.pipe, core.send_hwm, session.ended, core.immediate, session.ready
        )

    def writable(self) -> bool:
        """Can a part be sent without waiting?"""
        core = self.core
        if core.near:
            nearby.settle(core)
        if self.current is not None or self.send.phase != IDLE:
            return True
        return bool(core.step("writable", len(core.sessions), self.free))

    def part(self, data: bytes, last: bool, flags: int, whole: int = -1, parts: int = 1) -> None:
        """Send one part; ``whole`` is what all ``parts`` of its message weigh, where the caller knows it.

        Raises NoMemory, Again, PeerGone, StateError, NotSupported, HostUnreachable.
        """
        session = self.current
        if session is None:
            if self.core.topics.targets is not None:
                self.core.topics.fan_out(data, last, flags)
                return
            if self.send.phase is IDLE:
                if self.core.near or self.core.pattern.publishes:
                    nearby.settle(self.core)
                session = self._begin(data, last, flags, whole, parts)
                if session is None:
                    return
            else:
                session = self.nowhere
        while self.lead:
            self._one(session, self.lead[0], last, True)
            del self.lead[0]
        self._one(session, data, last)

    def whole(self, message: list[bytes], flags: int) -> None:
        """Send all parts of a message; raises as `part` does, and may leave a part of the message then."""
        core, context = self.core, self.context
        if core.near:
            nearby.settle(core)
        if self.current is None and self.send.phase is IDLE and context.plain and not core.many:
            pattern = core.pattern
            begin, after = self._remembered(core.state, pattern)
            if begin.way is Way.PIPE:
                session = core.sessions[begin.pipe]
                parts = [*wrapping.lead(core, begin.lead), *message] if begin.lead else message
                units = PART * len(parts)
                for part in parts:
                    units += len(part)
                weights = session.weights
                got = sends.send_whole(weights, context.pool, session.pipe, core.send_hwm, len(parts), units)
                if got is not None:
                    pool, pipe = got
                    if after is None:
                        after = pattern.committed(begin.state)
                    units += weights.committed
                    # The last that can fail for want of the interpreter's own memory; until here nothing has changed.
                    session.queue.append(parts)
                    context.pool = pool
                    session.pipe = pipe
                    weights.committed = units
                    if context.pool.used > context.peak:
                        context.peak = context.pool.used
                    self._committed(after)
                    self.queued(session)
                    return
        count = len(message)
        weighed = weight(message) if context.policy.reserves else -1
        final = message.pop()
        for part in message:
            self.part(part, False, flags, weighed, count)
        self.part(final, True, flags, weighed, count)

    def _begin(self, data: bytes, last: bool, flags: int, whole: int, parts: int) -> Session | None:
        """Find the pipe of a new message; None if this part is done with."""
        core = self.core
        to = core.place_of(data) if core.routes else None
        wait: Wait | None = None
        while True:
            begin = core.step("begin", len(core.sessions), self.free, to, last)
            way = begin.way
            if way is Way.PIPE:
                core.state = begin.state
                session: Session = core.sessions[begin.pipe]
                self.current = session
                if not self.context.policy.reserves or self._reserved(session, begin.lead, data, whole, parts, flags):
                    break
            elif way is Way.FAN:
                core.state = begin.state
                core.topics.fan_out(data, last, flags)
                return None
            elif way is Way.NOBODY:
                if not core.flush():
                    wait = wait or core.waiting(flags, Option.SNDTIMEO)
                    wait()
            else:
                core.state = begin.state
                self._refuse(way, begin.rule, last)
                return None
        if begin.lead:
            self.lead = wrapping.lead(core, begin.lead)
        if begin.address:
            self.send = self.context.steps(sends, "begun", core.name, self.send)
            return None
        return session

    def _refuse(self, way: Way, rule: Rule, last: bool) -> None:
        kind = self.core.kind.name
        if way == Way.SWALLOW:
            self.core.tell(EventKind.DISCARDED, "", rule.value, rule=rule, messages=1)
            self.core.incoming.replied()
            if not last:
                self.send = self.context.steps(sends, "swallowing", self.core.name, self.send)
            return
        if way == Way.UNREACHABLE:
            raise HostUnreachable(f"no peer has this routing id [{rule.value}]", rule=rule)
        if way == Way.WRONG_STATE:
            raise StateError(f"this {kind} socket may not send now [{rule.value}]", rule=rule)
        raise NotSupported(f"a {kind} socket does not send [{rule.value}]", rule=rule)

    def _one(self, session: Session, data: bytes, last: bool, lead: bool = False) -> None:
        """One part through the machine, as the application's or the library's, and what it says carried out."""
        context = self.context
        weights = session.weights
        weights.part = len(data) + PART
        if context.plain:
            sent = (sends.send_lead if lead else sends.send_part)(
                context.policy, weights, context.pool, self.send, session.pipe, self.core.send_hwm, last, None
            )
            if sent.pool.used > context.peak:
                context.peak = sent.pool.used
        else:
            given = (context.policy, weights, context.pool, self.send, session.pipe, self.core.send_hwm, last)
            if lead:
                sent = context.parts(sends, "send_lead", session.name, *given)
            else:
                sent = context.parts(sends, "send_part", session.name, *given)
        phase = sent.send.phase
        over = self.current is not None and not sent.committed and (phase is IDLE or phase is SKIPPING)
        after = self.core.step("committed" if sent.committed else "dropped") if sent.committed or over else None
        self.carry_out(session, sent, data)
        context.pool = sent.pool
        session.pipe = sent.pipe
        self.send = sent.send
        if sent.committed:
            self._committed(after)
            self.queued(session)
        elif over:
            self.current = None
            self.lead.clear()
            self.core.state = after
        if sent.answer is not OK:
            self._failed(sent, weights.chunk if sent.refused is Site.SLOT else weights.part)

    def carry_out(self, session: Session, sent: Sent | SentAll, data: bytes) -> None:
        """Do to the payloads what a step says, before its states are taken over.

        If the interpreter has no memory for that, nothing has changed, and the step was not made: what lies behind the
        parts that the machine counts is nobody's.
        """
        weights, tail, weighed = session.weights, session.tail, session.weights.tail
        kept = session.pipe.tail - sent.dropped
        if len(tail) > kept or len(weighed) > kept:
            # Rolled back; or an earlier attempt came only so far.
            del tail[kept:]
            del weighed[kept:]
        if sent.wrote:
            weighed.append(weights.part)
            tail.append(data)
        if sent.committed:
            units = weights.committed + sum(weighed)
            empty: list[bytes] = []
            session.queue.append(tail)
            session.tail = empty
            weights.committed = units
            weighed.clear()

    def queued(self, session: Session) -> None:
        """A message was committed: its connection is to write it, soon."""
        if self.core.conflate and len(session.queue) > 1:
            self.core.conflated(session)
        connection = session.connection
        if connection is not None and not connection.scheduled:
            self.streak += 1
            if self.streak <= EAGER:
                connection.flush()
            else:
                connection.scheduled = True
                self.context.reactor.soon(connection.flush)

    def _remembered(self, state: Any, pattern: AnyPattern) -> tuple[Begin[Any], Any]:
        """Where the message goes, and the state after its commit (None: not known yet).

        A pattern is pure and its states few: while there is one pipe, and it is free, the answer for the same state is
        the same, and is kept. This is a lazy automaton of one entry.
        """
        known = self._known
        alone = len(self.core.sessions) == 1 and self.free(0)
        if alone and known is not None and known[0] is state and known[1] is pattern:
            return known[2], known[3]
        begin = pattern.begin(state, len(self.core.sessions), self.free)
        if alone:
            self._known = (state, pattern, begin, pattern.committed(begin.state))
        return begin, None

    def _committed(self, after: Any = None) -> None:
        core = self.core
        self.current = None
        if after is not None:
            core.state = after
        else:
            core.state = core.pattern.committed(core.state) if self.context.unrecorded else core.step("committed")
        incoming = core.incoming
        if incoming.envelope_units:
            incoming.replied()
        if core.pattern.drains:
            incoming.drain()

    def _over(self) -> None:
        """The message is over, and nothing of it was committed."""
        if self.current is not None:
            self.current = None
            self.lead = []
            self.core.state = self.core.step("dropped")

    def _failed(self, sent: Sent, size: int) -> None:
        rule = sent.rules[0]
        if self.context.thirsty:
            self.context.given_back()
        if sent.answer == Answer.NO_MEMORY:
            assert sent.refused is not None
            raise NoMemory(sent.refused, size, rule, sent.rules[1])
        if sent.answer == Answer.GONE:
            raise PeerGone(f"the peer went in the middle of the message; start it again [{rule.value}]", rule=rule)
        raise Again(f"the pipe is full [{rule.value}]", rule=rule)

    # --- reservations

    def _reserved(
        self, session: Session, lead: int, data: bytes, whole: int, parts: int, flags: int
    ) -> bool:  # fmt: skip
        """Reserve the memory of the whole message, waiting in line if need be; False if the pipe went meanwhile."""
        context, core = self.context, self.core
        whole = (len(data) + PART if whole < 0 else whole) + weight(wrapping.lead(core, lead))
        parts += lead
        session.weights.announced = whole
        sent = context.reserve(session.name, session.weights, self.send, session.pipe, core.send_hwm, parts)
        self.send = sent.send
        context.pool = sent.pool
        if sent.answer == Answer.NO_MEMORY:
            self._over()
            assert sent.refused is not None
            raise NoMemory(sent.refused, sends.whole_message(session.weights, parts), *sent.rules)
        if sent.answer == Answer.WAIT:
            waiting = Standing(self, session, parts)
            wait = core.waiting(flags, Option.SNDTIMEO)
            try:
                while waiting.waits:
                    wait()
            except BaseException:
                if waiting.waits:
                    waiting.leave()
                    # It may be told to call again (an event loop's call does not stand in line).
                    context.stalled.add(self)
                if not core.closed:
                    self.abort(session)
                raise
        return not session.ended or self._again(session)

    def _again(self, session: Session) -> bool:
        self.abort(session)
        return False

    def served(self, session: Session, parts: int) -> bool:
        """First in line: take the reservation, if the pool has it."""
        context = self.context
        sent = context.steps(
            sends, "serve", session.name, session.weights, context.pool, self.send, session.pipe, parts
        )  # fmt: skip
        if sent.answer == Answer.WAIT:
            return False
        context.pool, self.send = sent.pool, sent.send
        self.core.notify()
        return True

    # --- giving up

    def abort(self, session: Session | None = None) -> None:
        """Drop the unfinished message (SEND-11); needs no memory."""
        session = session or self.current or self.nowhere
        self.send = self.aborted(session, self.send, session.name)
        self._over()
        self.core.topics.abort()
        if self.context.thirsty:
            self.context.given_back()

    def aborted(self, session: Session, send: Send, subject: str) -> Send:
        """Drop what the pipe of a session has of the unfinished message; ``send`` is the socket's or the session's."""
        context = self.context
        sent = context.steps(sends, "abort", subject, session.weights, context.pool, send, session.pipe)
        self.carry_out(session, sent, b"")
        context.pool, session.pipe = sent.pool, sent.pipe
        return sent.send  # type: ignore[no-any-return]  # a step is Any: a record may stand between

    def retry(self) -> None:
        """Memory was given back: a call that would not wait for it may be made again."""
        self.context.stalled.discard(self)
        self.core.notify()

    def give_up(self) -> None:
        """The socket is closed, be it while a thread waits in line for its memory."""
        context = self.context
        for waiting in [waiting for waiting in context.line if waiting.outgoing is self]:
            waiting.leave()
        context.stalled.discard(self)
        self.abort()

    def probe(self, session: Session) -> None:
        """Send an empty message to a new peer, for the sake of a ROUTER; without memory there is none."""
        context = self.context
        session.weights.part = PART
        sent = context.send_part(session.own, session.weights, session.send, session.pipe, self.core.send_hwm, True)
        context.pool, session.pipe, session.send = sent.pool, sent.pipe, sent.send
        if sent.committed:
            session.weights.committed += PART
            session.queue.append([b""])
            if session.connection is not None:
                session.connection.flush()
        else:
            self.core.tell(EventKind.DISCARDED, session.name, sent.rules[0].value, rule=sent.rules[0], messages=1)
