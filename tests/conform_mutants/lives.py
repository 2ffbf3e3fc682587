"""Defects of connections: made again or not, half messages at their end, memory that is refused on their way."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from enomem.model import connection, memory, pipe, receive, send
from enomem.model.connection import Lived, Made, Reason, Reconnect
from enomem.model.memory import Grant, Pool, Site
from enomem.model.receive import Reading
from enomem.model.receive_policies import FOR_EVER
from enomem.model.reference import connections, core, outgoing, reading, sockets, writing
from enomem.model.reference.errors import StateError
from enomem.model.reference.weights import PART
from enomem.model.rules import Rule
from enomem.model.send import Answer, Phase, Send, Sent
from enomem.model.wire import frames
from enomem.model.wire.decoder import Decoder

from .mutant import Mutant

FINAL, MADE, CONNECT, ACCEPT = connection.final, connection.made, connection.connect, connection.accept
END, GREETED, GREET = connections.Connection.end, connections.Connection.greeted, connections.Connection.greet
PUT, LOAD, FEED = writing.Writer._put, writing.Writer._load, Decoder.feed
ENDED, QUEUE, OFFERED = core.Core.ended, reading.Reader._queue, outgoing.Outgoing.part
REFUSED, RESERVE, PART_SENT, ABORT = receive._no_memory, send.reserve, send.send_part, sockets.Socket.abort_message
TAKE = memory.take


# --- made again


def lost_for_good(rule: Reconnect, reason: Reason) -> bool:
    return reason == Reason.LOST or FINAL(rule, reason)


def never_longer(tries: int, interval: int, longest: int, jitter: float) -> int:
    return interval


def takes_all_along(self: Any, reason: Reason, detail: str = "", rule: Rule | None = None) -> None:
    others = [other for other in self.core.connections if other is not self and other.peer is not None]
    END(self, reason, detail, rule)
    if reason == Reason.LOST and self.peer is not None:
        for other in others:
            END(other, Reason.UNBOUND)


def kept_for_the_next(kept: Callable[[Any], list[Any]], given: Callable[[Any, list[Any]], None]) -> dict[str, Any]:
    """At a connection's end something of it is kept, and given to the next one of that socket."""

    def ends(self: Any, reason: Reason, detail: str = "", rule: Rule | None = None) -> None:
        if self.open and self.decoder is not None:
            vars(self.core)["kept"] = kept(self)
        END(self, reason, detail, rule)

    def begins(self: Any) -> None:
        GREETED(self)
        given(self, vars(self.core).pop("kept", []))

    return {"reference.connections.Connection.end": ends, "reference.connections.Connection.greeted": begins}


def written_last(self: Any, buffers: list[bytes]) -> None:
    self.last = list(buffers)
    PUT(self, buffers)


def half_read(self: Any, parts: list[Any]) -> None:
    self.decoder._parts = parts


# --- before the handshake, in pieces, out of order


def before_ready(self: Any, data: bytes) -> None:
    GREET(self, data)
    waits = self.open and self.decoder is None and self.handshake.greeted and self.session is not None
    if waits and self.session.queue and not hasattr(self, "early"):
        self.early = True
        self.out.extend(frames.encode(self.session.queue[0]))
        self.flush()


def one_octet_is_none(self: Any, data: bytes) -> None:
    if len(data) != 1:
        FEED(self, data)


def overtaken(self: Any) -> bool:
    queue = self.session.queue if self.session is not None else ()
    if len(queue) > 1 and self.decoder is not None:
        queue[0], queue[1] = queue[1], queue[0]
    return LOAD(self)


# --- half messages


def whole_ones_dropped(self: Any, ended: Any, reason: Reason, detail: str, rule: Rule | None) -> None:
    session = ended.session
    while session is not None and session.arrived:
        self.incoming.discard(session, Rule.RECEIVE_9)
    ENDED(self, ended, reason, detail, rule)


def head_lost(self: Any, ended: Any, reason: Reason, detail: str, rule: Rule | None) -> None:
    """What was sent of a message goes with the connection, and the rest is sent over the next one."""
    session = ended.session
    if session is not None and session.tail:
        session.pipe = pipe.roll_back(session.pipe, session.pipe.tail)
        session.tail.clear()
        session.weights.tail.clear()
    ENDED(self, ended, reason, detail, rule)


def rest_is_a_message(self: Any, data: bytes, last: bool, flags: int, whole: int = -1, parts: int = 1) -> None:
    if self.send.phase is Phase.GONE:
        others = self.core.sessions if self.core.routes else []
        self.current = others[0] if others else None
        self.send = Send(Phase.SENDING) if others else Send()
    OFFERED(self, data, last, flags, whole, parts)


def full_in_the_middle(
    policy: Any, sizes: Any, pool: Any, now: Send, piped: Any, hwm: int, last: bool, refuse: Any
) -> Sent:
    if refuse is None and now.phase == Phase.SENDING and piped.messages >= hwm:
        grant = Grant(pool, Rule.MEM_2, Site.SLOT)
        return replace(send._no_memory(policy, sizes, now, piped, last, grant), answer=Answer.FULL)
    return PART_SENT(policy, sizes, pool, now, piped, hwm, last, refuse)


def nothing_to_abort(self: Any) -> None:
    if self._out.current is None:
        raise StateError("there is nothing to abort")
    ABORT(self)


# --- memory


def waits_for_ever(
    sizes: Any, pool: Any, now: Send, piped: Any, hwm: int, parts: int, queue: int, refuse: Any
) -> Sent:
    sent = RESERVE(sizes, pool, now, piped, hwm, parts, queue, refuse)
    if Rule.SEND_16 not in sent.rules:
        return sent
    return Sent((Rule.SEND_14,), Answer.WAIT, pool, replace(now, phase=Phase.WAITING), piped)


def beyond_the_limit(pool: Pool, needs: Any, refuse: Any) -> Grant:
    grant = TAKE(Pool(1000 * pool.limit, pool.used), needs, refuse)
    return Grant(Pool(pool.limit, grant.pool.used), grant.rule, grant.refused)


def fits_all_the_same(pool: Pool, amount: int) -> Pool:
    return Pool(pool.limit, pool.used + amount)


def large_part_left_out(self: Any, session: Any) -> bool:
    """What gets no memory is queued without its large parts."""
    batch, amount, half = self.pending
    if QUEUE(self, session):
        return True
    if self.pending is not None and any(len(part) > 1000 for part in batch[0]):
        cut = [part for part in batch[0] if len(part) <= 1000]
        lost = sum(len(part) + PART for part in batch[0] if len(part) > 1000)
        self.pending = [cut, *batch[1:]], amount - lost, half
    return False


def never_closed(*arguments: Any) -> Any:
    got = REFUSED(*arguments)
    if got.inbox.reading != Reading.CLOSED:
        return got
    return replace(got, inbox=replace(got.inbox, reading=arguments[4], longest=FOR_EVER))


def made_all_the_same(pool: Any, site: Any, amount: int, refuse: Any) -> Made:
    return MADE(pool, site, amount, None)


def connected_all_the_same(pool: Any, rule: Any, upkeep: Any, refuse: Any) -> Lived:
    return CONNECT(pool, rule, upkeep, None)


def accepted_all_the_same(pool: Any, rule: Any, upkeep: Any, listener: Any, refuse: Any) -> Lived:
    return ACCEPT(pool, rule, upkeep, listener, None)


def subscription_missing(self: Any, reason: Reason, detail: str = "", rule: Rule | None = None) -> None:
    if detail != "for a subscription":
        END(self, reason, detail, rule)


MUTANTS = (
    Mutant("lost for good", "A connection that the peer ends is not made again.",
           {"connection.final": lost_for_good}, ("connect/1/1", "connect/1/2", "connect/1/3")),
    Mutant("the delay does not grow", "The next attempt is made after the same time, however often it failed.",
           {"connection.delay": never_longer}, ("connect/1/4",)),
    Mutant("takes all along", "When one peer goes the connections of all others are closed.",
           {"reference.connections.Connection.end": takes_all_along}, ("connect/2/1",)),
    Mutant("written again", "What was written last is written again on the next connection.",
           {"reference.writing.Writer._put": written_last,
            **kept_for_the_next(lambda old: getattr(old, "last", []), lambda new, kept: new.out.extend(kept))},
           ("link/3/1",)),
    Mutant("written on", "What was half written is gone on with over the next connection.",
           kept_for_the_next(lambda old: list(old.out), lambda new, kept: new.out.extend(kept)), ("link/6/1",)),
    Mutant("read on", "What was half read is put in front of what comes next.",
           kept_for_the_next(lambda old: old.decoder._parts, half_read),
           ("receive/8/1", "receive/8/2", "receive/8/3", "receive/8/4", "receive/8/6")),
    Mutant("whole messages dropped", "A connection that ends takes its messages with it that nobody has received.",
           {"reference.core.Core.ended": whole_ones_dropped}, ("receive/8/5",)),
    Mutant("written before READY", "A message is sent as soon as the peer has greeted.",
           {"reference.connections.Connection.greet": before_ready}, ("wire/23/4", "wire/24/6")),
    Mutant("one octet is none", "An octet that comes alone is not read.",
           {"wire.decoder.Decoder.feed": one_octet_is_none}, ("link/2/1",)),
    Mutant("overtaken", "A message that waits to be sent overtakes the one before it.",
           {"reference.writing.Writer._load": overtaken}, ("link/2/5", "send/2/4")),
    Mutant("the head is lost", "The parts sent so far go with the connection, and the rest is sent over the next one.",
           {"reference.core.Core.ended": head_lost}, ("send/12/6", "send/12/7")),
    Mutant("the rest is a message", "The rest of a message whose peer has gone is sent to another.",
           {"reference.outgoing.Outgoing.part": rest_is_a_message}, ("send/12/2", "send/12/3", "send/12/4")),
    Mutant("full in the middle", "A full pipe drops what was sent of a message, and says EAGAIN.",
           {"send.send_part": full_in_the_middle}, ("send/2/3", "send/2/2")),
    Mutant("nothing to abort", "An abort of nothing is an error.",
           {"reference.sockets.Socket.abort_message": nothing_to_abort}, ("send/11/2",)),
    Mutant("waits for ever", "A message larger than all memory waits for its reservation.",
           {"send.reserve": waits_for_ever}, ("send/16/1",)),
    Mutant("beyond the limit", "The bound on memory is a thousand times what was said.",
           {"memory.take": beyond_the_limit, "memory.fits": fits_all_the_same}, ("mem/2/3", "receive/2/2")),
    Mutant("large part left out", "A message that gets no memory is delivered without its large parts.",
           {"reference.reading.Reader._queue": large_part_left_out}, ("receive/2/1",)),
    Mutant("never closed", "A body larger than all memory is waited for.",
           {"receive._no_memory": never_closed}, ("receive/3/1",)),
    Mutant("made all the same", "A socket that gets no memory is made.",
           {"connection.made": made_all_the_same}, ("connect/4/1",)),
    Mutant("connected all the same", "A connect that gets no memory is made.",
           {"connection.connect": connected_all_the_same}, ("connect/4/2",)),
    Mutant("accepted all the same", "A peer for whose connection there is no memory is let in.",
           {"connection.accept": accepted_all_the_same}, ("connect/5/1",)),
    Mutant("subscription missing", "A peer's subscription that gets no memory is forgotten in silence.",
           {"reference.connections.Connection.end": subscription_missing}, ("sub/8/2",)),
)  # fmt: skip
