"""Subscriptions of a socket, its own and its peers', and messages that go to many peers.

Called with the context's lock held. What matches, who misses a message and what is told upstream is decided in
``model/patterns``; here bytes are moved between that and the connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import receive
from ..connection import Reason
from ..memory import Site
from ..patterns import fan_out, subscriptions
from ..patterns.subscriptions import Interests, Subscriptions
from ..send import Answer, Phase, Send
from ..wire import commands
from ..wire.handshake import Peer
from .constants import Option
from .errors import NoMemory, NotSupported
from .monitor import EventKind
from .sessions import Session
from .weights import PART, TOPIC

if TYPE_CHECKING:
    from .connections import Connection
    from .core import Core


class Topics:
    """What a socket subscribed to, what its peers did, and the ``targets`` of the message that goes to many."""

    def __init__(self, core: Core) -> None:
        self.core = core
        steps = core.context.steps
        self.own = steps.table(Interests(), f"{core.name}.own")
        self.peers: Subscriptions[Session] = steps.table(Subscriptions(), f"{core.name}.peers")
        self.units = 0
        self.targets: list[Session] | None = None
        self._sifting: list[list[bytes]] = []

    # --- what the application wants

    def want(self, topic: bytes, more: bool) -> None:
        """The application subscribes, or takes a subscription back; NoMemory changes nothing, and only the former."""
        if not self.core.pattern.subscribes:
            raise NotSupported(f"a {self.core.kind.name} socket has no subscriptions")
        if not more:
            self._want_no_more(topic)
            return
        amount = subscriptions.weigh([topic], TOPIC)
        paid = self._pay(amount, self.own.held(topic))
        if paid.refused is not None:
            raise NoMemory(paid.refused, amount, *paid.rules)
        if self.own.subscribe(topic):
            self.units += amount
        self._tell_all(topic, True)

    def _want_no_more(self, topic: bytes) -> None:
        cancels = self.own.cancel(topic)
        if cancels:
            for _ in range(cancels):
                self._tell_all(topic, False)
            self._release(topic)

    def _pay(self, amount: int, held: bool) -> subscriptions.Paid:
        paid: subscriptions.Paid = self.core.context.ask(subscriptions, "pay", self.core.name, amount, held)
        return paid

    def _release(self, topic: bytes) -> None:
        amount = subscriptions.weigh([topic], TOPIC)
        self.units -= amount
        self.core.context.release(Site.SUBSCRIPTION, amount)

    def _tell_all(self, topic: bytes, more: bool) -> None:
        for connection in list(self.core.connections):
            if connection.peer is not None:
                self._tell(connection, connection.peer, topic, more)

    def matches(self, first: bytes) -> bool:
        """Does the application want a message that begins like this?"""
        return self.own.matches(first)

    def connected(self, connection: Connection) -> None:
        """A handshake is done: a publisher is told all topics."""
        if connection.peer is not None:
            for topic in self.own.topics():
                self._tell(connection, connection.peer, topic, True)

    def _tell(self, connection: Connection, peer: Peer, topic: bytes, more: bool) -> None:
        steps = self.core.context.steps
        connection.command(steps(commands, "encode_subscription", connection.name, peer.version, topic, more))

    def close(self) -> None:
        """The socket is closed, and wants nothing any more."""
        for topic in self.own.topics():
            while self.own.held(topic):
                self._want_no_more(topic)

    # --- what peers want

    def sifted(self, session: Session, batch: list[Any]) -> list[list[bytes]]:
        """What of a batch is messages for the application; commands are carried out."""
        publishes = self.core.pattern.publishes
        found: list[list[bytes]] = []
        self._sifting = found
        for item in batch:
            if type(item) is not list:
                message = self._command(session, item)
            elif publishes and (told := commands.subscription(item)) is not None:
                message = self._command(session, told)
            elif self.core.pattern.receives:
                message = item
            else:
                # PUB and PUSH hear nothing: whatever a peer sends them is dropped.
                message = None
            if message is not None:
                found.append(message)
        self._sifting = []
        return found

    def _command(self, session: Session, command: Any) -> list[bytes] | None:
        connection = session.connection
        if isinstance(command, commands.Ping):
            if connection is not None:
                connection.pinged_by_peer(command.ttl, command.context)
        elif self.core.pattern.publishes and isinstance(command, (commands.Subscribe, commands.Cancel)):
            return self._peer_wants(session, command.topic, isinstance(command, commands.Subscribe))
        return None

    def _peer_wants(self, session: Session, topic: bytes, more: bool) -> list[bytes] | None:
        """A peer subscribes or cancels; returns what an XPUB's application is shown of it."""
        if session.connection is None:
            # It ended within the batch, and with it all that was told on it.
            return None
        if more:
            paid = self._pay(subscriptions.weigh([topic], TOPIC), self.peers.held(session, topic))
            if paid.refused is not None:
                # A subscription that is silently missing would be the worst: the peer comes back and asks again.
                if session.connection is not None:
                    session.connection.end(Reason.NO_MEMORY, "for a subscription", paid.rules[0])
                return None
            fresh = not self.peers.held(session, topic)
            changes = self.peers.add(session, topic)
            if fresh:
                self.units += subscriptions.weigh([topic], TOPIC)
        else:
            held = self.peers.held(session, topic)
            if not held:
                return None
            changes = self.peers.remove(session, topic)
            if held and not self.peers.held(session, topic):
                self._release(topic)
        return self._shown(more, changes, topic)

    def _shown(self, more: bool, changes: bool, topic: bytes) -> list[bytes] | None:
        core = self.core
        if not core.pattern.receives or not core.step_of("heard", more, changes).shown:
            return None
        return [subscriptions.message(more, topic)]

    def gone(self, session: Session) -> None:
        """A peer is gone for good: nothing more is sent to it."""
        if self.targets is not None and session in self.targets:
            self.targets.remove(session)

    def connection_ended(
        self, session: Session, pending: tuple[list[list[bytes]], int, int] | None
    ) -> None:  # fmt: skip
        """What a peer subscribed to ends with its connection; its weight pays for telling an XPUB's application.

        Messages are ``pending`` that got no memory: what they say of subscriptions is known, and is shown first.
        Otherwise an XPUB's application would be shown the end of what it was never shown.
        """
        self._unread(session, pending)
        for topic, last in self.peers.connection_ended(session):
            self._release(topic)
            message = None if self.core.closed else self._shown(False, last, topic)
            if message is not None:
                self._show(session, message)

    def _unread(self, session: Session, pending: tuple[list[list[bytes]], int, int] | None) -> None:
        if self.core.pattern.publishes and not self.core.closed:
            for message in [*self._sifting, *(pending[0] if pending else ())]:
                if commands.subscription(message) is not None:
                    self._show(session, message)

    def _show(self, session: Session, message: list[bytes]) -> None:
        """Queue what an XPUB's application is shown, paid with what was just given back."""
        context = self.core.context
        amount = len(message[0]) + PART
        got = context.steps(
            receive, "arrived", session.name, context.pool, context.receive_policy, session.inbox, 1, amount,
            session.inbox.half, None,
        )  # fmt: skip
        context.pool, session.inbox = got.pool, got.inbox
        if got.taken:
            session.arrived.append(message)
            self.core.notify()
        else:
            self.core.tell(EventKind.DISCARDED, session.name, "", rule=got.rules[0], messages=1)

    # --- messages to many

    def fan_out(self, data: bytes, last: bool, flags: int) -> None:
        """Send a part to all whom the message is for."""
        core = self.core
        if self.targets is None:
            if core.pattern.subscribes and (told := subscriptions.parse(data, last)) is not None:
                self.want(told[1], told[0])
                return
            found = self.peers.matching(data) if core.pattern.publishes else core.sessions
            self.targets = [session for session in found if not session.ended]
        if core.nodrop:
            self._all_or_none(data, last, flags)
        else:
            for session in list(self.targets):
                self._copy(session, data, last)
        if last:
            self._over("committed")

    def _over(self, how: str) -> None:
        self.targets = None
        self.core.state = self.core.step(how)

    def _copy(self, session: Session, data: bytes, last: bool) -> None:
        core = self.core
        weights = session.weights
        weights.part = len(data) + PART
        sent = core.context.parts(
            fan_out, "copy", session.name, weights, core.context.pool, session.send, session.pipe, core.send_hwm, last
        )
        core.outgoing.carry_out(session, sent, data)
        core.context.pool, session.pipe, session.send = sent.pool, sent.pipe, sent.send
        if sent.committed:
            core.outgoing.queued(session)
        if sent.answer in (Answer.FULL, Answer.NO_MEMORY):
            core.tell(EventKind.DISCARDED, session.name, sent.answer.value, rule=sent.rules[0], messages=1)
        if core.context.thirsty and sent.dropped:
            core.context.given_back()

    def _all_or_none(self, data: bytes, last: bool, flags: int) -> None:
        core = self.core
        context, outgoing = core.context, core.outgoing
        while True:
            targets = list(self.targets or ())
            for session in targets:
                session.weights.part = len(data) + PART
            sent = context.parts(
                fan_out, "all_or_none", (core.name, *(session.name for session in targets)), context.policy,
                context.pool, outgoing.send, [(session.weights, session.pipe) for session in targets], core.send_hwm,
                last,
            )  # fmt: skip
            if sent.answer != Answer.FULL:
                break
            if not core.flush():
                core.waiting(flags, Option.SNDTIMEO)()
        context.pool, outgoing.send = sent.pool, sent.send
        for session, pipe in zip(targets, sent.pipes, strict=True):
            outgoing.carry_out(session, sent, data)
            session.pipe = pipe
            if sent.committed:
                outgoing.queued(session)
        if sent.answer == Answer.NO_MEMORY:
            if outgoing.send.phase == Phase.IDLE:
                self._over("dropped")
            size = targets[0].weights.chunk if sent.refused == Site.SLOT else len(data) + PART
            raise NoMemory(sent.refused, size, sent.rules[0], sent.rules[2])

    def abort(self) -> None:
        """The unfinished message is dropped, wherever it was queued."""
        if self.targets is None:
            return
        core = self.core
        for session in self.targets:
            if core.nodrop:
                core.outgoing.aborted(session, core.outgoing.send, session.name)
            else:
                core.outgoing.aborted(session, session.send, session.own)
            session.send = Send()
        self._over("dropped")
