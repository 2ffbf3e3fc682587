"""The inside of one socket: its sessions, endpoints and connections, and who is told when something changes.

Sending is in :mod:`.outgoing`, receiving in :mod:`.incoming`, the calls of an application in :mod:`.sockets`.
All methods are called with the context's lock held.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import connection as life
from .. import patterns, receive
from .. import send as sends
from ..connection import Event as Happens
from ..connection import Reason
from ..patterns import conflate
from ..patterns.router import Claim
from ..patterns.routing import Routing
from ..rules import Rule
from ..wire.handshake import Peer
from . import attaching, closing
from .connections import Connection
from .constants import Option, SocketType
from .endpoints import Listener, Target
from .errors import NotASocket
from .incoming import Incoming
from .monitor import Event, EventKind, Monitor
from .options import Options
from .outgoing import Outgoing
from .sessions import Session
from .signalling import Signal
from .topics import Topics
from .waiting import DONTWAIT
from .weights import weight

if TYPE_CHECKING:
    from .context import Context
    from .waiting import Released

UNLIMITED = 1 << 60


class Core:
    """One socket."""

    def __init__(self, context: Context, kind: SocketType, name: str) -> None:
        self.context = context
        context.steps.begin(name, "socket")
        self.kind = kind
        self.name = name
        self.options = Options(kind)
        self.monitor = Monitor()
        self.sessions: list[Session] = []
        self.detached: set[Session] = set()
        self.targets: list[Target] = []
        self.listeners: dict[str, Listener] = {}
        self.connections: set[Connection] = set()
        self.near: set[Connection] = set()
        self.last_endpoint = ""
        self.closed = False
        self.receive_hwm = self.send_hwm = 0
        self.waiters: list[Released] = []
        self.bell: Signal | None = None
        self.signal: Signal | None = None
        self.listening = False
        self.callbacks: list[Callable[[], None]] = []
        self.authenticate: Callable[[bytes, bytes], bool] | None = None
        self.waiting: Callable[[int, Option], Callable[[], None]]
        self._numbers = self.lives = self.connected_often = 0
        self.routing: Routing[Session] = context.steps.table(Routing(), f"{name}.routing")
        self.topics = Topics(self)
        self.reconfigure()
        self.state: Any = self.pattern.initial()
        self.outgoing = Outgoing(self)
        self.incoming = Incoming(self)

    # --- what it is

    def reconfigure(self) -> None:
        """Read the options that the machines have as constants."""
        number, policy = self.options.number, self.context.policy
        self.pattern = patterns.make(
            self.kind.name,
            mandatory=bool(number(Option.ROUTER_MANDATORY)),
            handover=bool(number(Option.ROUTER_HANDOVER)),
            relaxed=bool(number(Option.REQ_RELAXED)),
            correlate=bool(number(Option.REQ_CORRELATE)),
            nodrop=bool(number(Option.XPUB_NODROP)),
            verbose=bool(number(Option.XPUB_VERBOSE)) or bool(number(Option.XPUB_VERBOSER)),
            verboser=bool(number(Option.XPUB_VERBOSER)),
        )
        self.conflate = bool(number(Option.CONFLATE)) and self.pattern.conflates
        self.immediate = bool(number(Option.IMMEDIATE))
        self.nodrop = bool(number(Option.XPUB_NODROP)) and self.kind == SocketType.XPUB
        self.routes = self.pattern.routes
        self.many = self.routes or self.pattern.publishes or self.pattern.subscribes or policy.reserves
        self.plain = not self.pattern.filters and self.kind not in (SocketType.REQ, SocketType.REP)
        self.receive_hwm = UNLIMITED if self.conflate else number(Option.RCVHWM) or UNLIMITED
        self.send_hwm = UNLIMITED if self.conflate else number(Option.SNDHWM) or UNLIMITED

    def check(self) -> None:
        """NotASocket if it is closed, ContextTerminated if its context is terminated."""
        if self.closed:
            raise NotASocket
        self.context.check()

    def tell(self, kind: EventKind, endpoint: str = "", reason: str = "", **more: Any) -> None:
        """Tell whoever reads the monitor."""
        if self.monitor.wanted:
            self.monitor.put(Event(kind, endpoint, reason, **more))
            self.notify()

    def notify(self) -> None:
        """Something changed: wake whoever waits for this socket."""
        for waiter in self.waiters:
            waiter.release()
        self.waiters.clear()
        if self.bell is not None and self.listening:
            self.bell.raise_()
        for callback in self.callbacks:
            callback()

    def place_of(self, address: bytes) -> int:
        """The place of the pipe that an address names, -1 if it names none."""
        session = self.routing.holder(address)
        return -1 if session is None else session.place

    def flush(self) -> bool:
        """Write what waits, without waiting; False if nothing could be written."""
        wrote = False
        for connection in list(self.connections):
            session = connection.session
            if session is not None and connection.decoder is not None and session.queue:
                before = len(session.queue)
                connection.flush()
                wrote = wrote or len(session.queue) < before
        return wrote

    def fill(self) -> bool:
        """Read what is there, without waiting; False if nothing was. An end is something: an XPUB is shown it."""
        found = False
        for connection in list(self.connections):
            if connection.decoder is not None and (connection.fill() or not connection.open):
                found = True
        return found

    def conflated(self, session: Session) -> None:
        """Only the newest message is kept."""
        older = session.queue.popleft()
        units = weight(older)
        context = self.context
        kept = context.steps(
            conflate, "replaced", session.name, session.weights, context.pool, session.pipe, len(older), units
        )
        context.pool, session.pipe = kept.pool, kept.pipe
        session.weights.committed -= units
        self.tell(EventKind.DISCARDED, session.name, kept.rule.value, rule=kept.rule, messages=1)

    def leased(self, flags: int) -> bool:
        """Is the only connection read by whoever waits for it? Then a look by who may wait, too, is one too many."""
        hurries = flags & DONTWAIT or self.options.number(Option.RCVTIMEO) == 0
        return len(self.connections) == 1 and all(
            each.leased and (not hurries or each.lease_over is not None) for each in self.connections
        )

    def sole(self, listeners: int = 0) -> Connection | None:
        """The only connection, if nothing else is to be waited for, and no more than so many are told of changes."""
        if len(self.connections) != 1 or len(self.callbacks) > listeners or self.listening:
            return None
        for connection in self.connections:
            if connection.may_be_leased:
                return connection
        return None

    def quiet(self) -> None:
        """A bell that nobody needs any more goes; a thread that listens to it is told, and takes it away itself."""
        if self.bell is None or self in self.context.cores:
            return
        if self.listening:
            self.bell.raise_()
        else:
            self.bell.close()
            self.bell = None

    # --- sessions

    def new_session(self, target: Target | None) -> Session:
        """A session that is not attached yet."""
        self._numbers += 1
        session = Session(f"{self.name}.{self._numbers}", target)
        self.context.steps.begin(session.name, "session")
        return session

    def attach(self, session: Session) -> Rule | None:
        """Give the session a place among the socket's pipes; the rule by which the pattern refuses it, else None."""
        attached: patterns.pattern.Attached[Any] = self.step("attached", len(self.sessions))
        self.state = attached.state
        if not attached.accepted:
            return attached.rule
        session.place = len(self.sessions)
        self.sessions.append(session)
        self.notify()
        return None

    def detach(self, session: Session) -> None:
        """Take the session out; those behind it move up."""
        place = session.place
        if place < 0:
            return
        told = self.step("unanswerable")
        self.state = self.step("detached", place)
        lost = self.step("unanswerable")
        if lost is not None and told is None:
            self.tell(EventKind.DISCARDED, session.name, "the awaited reply can never come", rule=lost)
        del self.sessions[place]
        session.place = -1
        for behind in self.sessions[place:]:
            behind.place -= 1
        self.context.steps.end(session.name)
        self.notify()

    def step(self, name: str, *arguments: Any) -> Any:
        """A step of the pattern."""
        if self.context.unrecorded:
            return getattr(self.pattern, name)(self.state, *arguments)
        return self.context.steps(self.pattern, name, self.name, self.state, *arguments)

    def step_of(self, name: str, *arguments: Any) -> Any:
        """A step of the pattern that has nothing to do with its state."""
        return self.context.steps(self.pattern, name, self.name, *arguments)

    def drop_pipe(self, session: Session) -> None:
        """The peer went for good: what was not sent yet is lost (PIPE-7)."""
        if session.ended:
            return
        session.ended = True
        context, outgoing = self.context, self.outgoing
        current = outgoing.current is session
        lost = session.pipe.messages
        gone = context.steps(
            sends, "peer_gone", session.name if current else session.own, session.weights, context.pool,
            outgoing.send if current else session.send, session.pipe,
        )  # fmt: skip
        context.pool, session.pipe = gone.pool, gone.pipe
        if current:
            outgoing.send = gone.send
        else:
            session.send = gone.send
        session.queue.clear()
        session.tail.clear()
        session.weights.tail.clear()
        session.weights.committed = 0
        self.routing.remove(session)
        self.topics.gone(session)
        if lost:
            endpoint = session.connection.endpoint if session.connection else ""
            self.tell(EventKind.DISCARDED, endpoint, "the peer is gone", rule=Rule.PIPE_7, messages=lost)
        if not session.arrived:
            self.detach(session)
        context.given_back()
        self.notify()

    # --- what connections tell

    def connected(self, connection: Connection, peer: Peer) -> None:
        """A handshake is done: the session may go on, or begins."""
        session = connection.session
        fresh = session is None
        if session is None:
            session = self.new_session(None)
            connection.session = session
        elif self.pattern.routes and session.heard_of not in (None, peer.routing_id):
            session = self._succeeded(session, connection)
        session.connection = connection
        session.heard_of = peer.routing_id
        if self.pattern.routes and not self._routable(session, peer):
            session.connection = None
            connection.session = None if fresh else session
            if fresh:
                self.context.steps.end(session.name)
            connection.end(Reason.DUPLICATE)
            return
        if fresh and self.attach(session) is not None:
            session.connection = connection.session = None
            self.context.steps.end(session.name)
            connection.end(Reason.SECOND_PEER)
            return
        self.tell(EventKind.HANDSHAKE_SUCCEEDED, connection.endpoint, value=connection.number)
        if self.pattern.subscribes:
            self.topics.connected(connection)
        if self.options.number(Option.PROBE_ROUTER):
            self.outgoing.probe(session)
        self.notify()

    def _routable(self, session: Session, peer: Peer) -> bool:
        """Give the peer its routing id; False if another has it and keeps it."""
        wanted = session.called or peer.routing_id
        holder = self.routing.holder(wanted) if wanted else None
        if holder is not None and holder is not session:
            if self.step_of("claim", True).claim == Claim.REFUSED:
                return False
            self.routing.remove(holder)
            old = holder.connection
            if old is not None:
                old.end(Reason.DUPLICATE)
            if not holder.ended:
                self.drop_pipe(holder)
        session.routing_id = self.routing.add(wanted, session)
        return True

    def _succeeded(self, session: Session, connection: Connection) -> Session:
        """Another peer is at the endpoint now: nothing that is the old one's becomes the new one's."""
        successor = self.new_session(session.target)
        successor.called = session.called
        if session.target is not None:
            session.target.session = successor
        session.target = session.connection = None
        connection.session = successor
        self.drop_pipe(session)
        self.attach(successor)
        return successor

    def arrived(self, session: Session) -> None:
        """Messages of this session wait to be received."""
        while self.closed and session.arrived:
            self.incoming.discard(session, Rule.RECEIVE_9)
        if self.conflate:
            overtaken = self.context.steps(conflate, "overtaken", session.name, len(session.arrived))
            for _ in range(overtaken.messages):
                self.incoming.discard(session, overtaken.rule)
        if self.waiters or self.callbacks:
            self.notify()

    def drained(self) -> None:
        """There is room again in a pipe."""
        if self.waiters or self.callbacks:
            self.notify()

    def idle(self) -> None:
        """A connection has written all that there was: a closed socket may have nothing left to wait for."""
        if self.closed:
            self.context.reactor.soon(lambda: closing.finish(self))

    def sifted(self, session: Session, batch: list[Any]) -> list[list[bytes]]:
        """What of a batch goes to the application: commands are carried out, subscriptions noted."""
        return self.topics.sifted(session, batch)

    def ended(self, connection: Connection, reason: Reason, detail: str, rule: Rule | None) -> None:
        """A connection ended: what is half read and on the wire is lost; the machines say what follows."""
        context, session = self.context, connection.session
        self.connections.discard(connection)
        self._tell_end(connection, reason, detail, rule)
        if connection.flight_messages:
            self.tell(
                EventKind.DISCARDED, connection.endpoint, Reason.LOST.value, rule=Rule.LINK_3,
                messages=connection.flight_messages,
            )  # fmt: skip
        if session is not None:
            context.pool, session.inbox = context.steps(receive, "broken", session.name, context.pool, session.inbox)
            if session.connection is connection:
                session.connection = None
        wanted = session is not None and not session.ended and self.wants(session)
        connection.living.step(Happens.GONE, wanted=wanted)
        if session is not None and connection.living.exists:
            self.topics.connection_ended(session, connection.pending)
            attaching.retry(self, session)
        else:
            context.given_back()
            if session is not None:
                self.topics.connection_ended(session, connection.pending)
                if session.target is not None and session.target in self.targets:
                    self.targets.remove(session.target)
                self.drop_pipe(session)
        if self.closed:
            context.reactor.soon(lambda: closing.finish(self))

    def wants(self, session: Session) -> bool:
        """Does its owner want the connection of a session opened again?"""
        finished = self.closed and not session.queue
        return not finished and session.target in self.targets and self.options.number(Option.RECONNECT_IVL) >= 0

    def delay(self, tries: int) -> int:
        """Milliseconds until the next attempt, after so many in a row that were of no use."""
        number = self.options.number
        wait: int = self.context.steps(
            life, "delay", self.name, tries, number(Option.RECONNECT_IVL), number(Option.RECONNECT_IVL_MAX),
            self.context.chance.random(),
        )  # fmt: skip
        return wait

    def _tell_end(self, connection: Connection, reason: Reason, detail: str, rule: Rule | None) -> None:
        kind = EventKind.DISCONNECTED if connection.decoder is not None else EventKind.HANDSHAKE_FAILED
        text = f"{reason.value}: {detail}" if detail else reason.value
        self.tell(kind, connection.endpoint, text, rule=rule, value=connection.number)
