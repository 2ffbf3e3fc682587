"""What goes over the connection of the closed system: parts of messages, and signs of life."""

from dataclasses import replace

from .. import connection as life
from .. import heartbeat, link, memory, receive
from .. import send as sends
from ..connection import Event, Phase, Reason
from ..heartbeat import Beat
from ..memory import Need, Site
from ..policies import KEEP
from ..rules import Rule
from ..send import Answer
from .reconnecting_state import (
    BOTH,
    SIZES,
    Action,
    Heart,
    Incoming,
    Outgoing,
    State,
    Step,
    System,
    lived,
    moved,
    pool_of,
    pooled,
    there,
)


def has_pipe(system: System, state: State) -> bool:
    """Has the sender a pipe?  One that connects has it from the call on, one that accepts from the handshake on."""
    phase = state.lives[system.sender].phase
    return bool(phase != Phase.CLOSED if system.sender == 0 else phase in BOTH)


def part(system: System, state: State, action: Action) -> Step | None:
    """The application sends the next part of its message; one that was refused is sent again."""
    out, finished = state.outgoing, system.numbered and state.seen.accepted >= system.messages
    if not has_pipe(system, state) and out.send.phase != sends.Phase.GONE:
        return None
    if finished:
        return None
    last = bool(out.part == system.parts - 1)
    pool = pool_of(state, action.end)
    sent = sends.send_part(KEEP, SIZES, pool, out.send, out.pipe, system.queue, last, action.refuse)
    part, odd = out.part, None
    if sent.answer == Answer.OK:
        part = 0 if last else out.part + 1
    elif sent.answer == Answer.GONE:
        part = 0
    seen = state.seen
    if sent.committed:
        odd = sent.pipe.parts != out.pipe.parts + system.parts
        seen = replace(seen, accepted=seen.accepted + 1) if system.numbered else seen
    after = replace(state, outgoing=Outgoing(part, sent.send, sent.pipe, out.left), seen=seen)
    return Step(sent.rules, pooled(after, action.end, sent.pool), sent.answer, sent.refused, sent.asked, odd)


def begin(system: System, state: State, action: Action) -> Step | None:
    """The connection takes the oldest message out of the pipe."""
    out = state.outgoing
    if state.lives[action.end].phase not in BOTH or out.left > 0 or out.pipe.messages == 0:
        return None
    if state.wire.begun >= system.window or not there(state, 1 - action.end):
        return None
    pipe, pool = link.begin(SIZES, pool_of(state, action.end), out.pipe, system.parts)
    wire = replace(state.wire, begun=state.wire.begun + 1)
    after = replace(state, outgoing=replace(out, pipe=pipe, left=system.parts), wire=wire)
    return Step((Rule.LINK_1, Rule.PIPE_5), pooled(after, action.end, pool))


def write(system: System, state: State, action: Action) -> Step | None:
    """The operating system takes over the next part of what is being written."""
    out, wire = state.outgoing, state.wire
    if state.lives[action.end].phase not in BOTH or out.left == 0 or wire.flight >= system.parts:
        return None
    if not there(state, 1 - action.end):
        return None
    after = replace(state, outgoing=replace(out, left=out.left - 1), wire=replace(wire, flight=wire.flight + 1))
    after = pooled(after, action.end, link.written(pool_of(state, action.end), 1))
    if out.left != 1:
        return Step((Rule.LINK_5,), after)
    rules, after = _used(system, after, action.end)
    return Step((Rule.LINK_5, *rules), after, used=True)


def _used(system: System, state: State, end: int) -> tuple[tuple[Rule, ...], State]:
    """A whole message has gone over the connection: what its life says to that, and the state after it."""
    got = life.step(
        pool_of(state, end), system.rule, system.upkeep, state.lives[end], Event.USED, Reason.LOST, True, None
    )
    return got.rules, lived(system, state, end, got)


def read(system: System, state: State, action: Action) -> Step | None:
    """The reader asks for the memory of the part that has come; without it, it waits or ends its connection."""
    if state.lives[action.end].phase != Phase.READY or state.wire.flight == 0:
        return None
    if state.incoming.messages >= system.queue:
        return None
    need = Need(Site.RECEIVE_BODY, 1)
    grant = memory.take(pool_of(state, action.end), (need,), action.refuse)
    if grant.refused is None:
        return _got(system, pooled(state, action.end, grant.pool), action, grant.rule)
    event = Event.STALL if system.stalls else Event.END
    first = Rule.RECEIVE_2 if system.stalls else Rule.RECEIVE_3
    after = moved(system, state, replace(action, refuse=None), event, Reason.NO_MEMORY)
    return replace(
        after, rules=(first, grant.rule, *after.rules), refused=grant.refused, asked=(need,),
        settled=not system.stalls and bool(state.wire.begun > 0),
    )  # fmt: skip


def retry(system: System, state: State, action: Action) -> Step | None:
    """A stalled reader asks again; it goes on only when it gets what it wants."""
    if state.lives[action.end].phase != Phase.STALLED or state.wire.flight == 0:
        return None
    grant = memory.take(pool_of(state, action.end), (Need(Site.RECEIVE_BODY, 1),), None)
    if grant.refused is not None:
        return None
    again = moved(system, pooled(state, action.end, grant.pool), action, Event.RESUME)
    heart = again.state.heart
    # What lay there unread is read now, the answer to a PING with it.
    calm = replace(heart, quiet=False) if system.heart == action.end and not heart.due else heart
    return replace(_got(system, replace(again.state, heart=calm), action, *again.rules), went_on=True)


def _got(system: System, state: State, action: Action, *rules: Rule) -> Step:
    """The reader has its part; with the last one the message is whole, and waits for the application."""
    wire, incoming = state.wire, state.incoming
    half = incoming.half + 1
    if half != system.parts:
        after = replace(state, incoming=Incoming(half, incoming.messages), wire=replace(wire, flight=wire.flight - 1))
        return Step((Rule.RECEIVE_4, *rules), after)
    # What is half read, on the wire and half written together is whole messages, unless something is out of step.
    odd = incoming.half + wire.flight + state.outgoing.left != wire.begun * system.parts
    after = replace(
        state, incoming=Incoming(0, incoming.messages + 1),
        wire=replace(wire, flight=wire.flight - 1, begun=wire.begun - 1),
    )  # fmt: skip
    used, after = _used(system, after, action.end)
    return Step((Rule.RECEIVE_1, *rules, *used), after, odd=odd, used=True)


def take(system: System, state: State, action: Action) -> Step | None:
    """The application takes the oldest message."""
    incoming = state.incoming
    if incoming.messages == 0:
        return None
    seen = replace(state.seen, delivered=state.seen.delivered + 1) if system.numbered else state.seen
    after = replace(state, incoming=replace(incoming, messages=incoming.messages - 1), seen=seen)
    pool = receive.handed(pool_of(state, action.end), system.parts)
    return Step((Rule.RECEIVE_7, Rule.LINK_4), pooled(after, action.end, pool), settled=True)


# --- hearts


def tick(system: System, state: State, action: Action) -> Step | None:
    """The interval of a heartbeat is over; who could answer in it has done so, if all are prompt (ASSUME-PROMPT)."""
    end, heart = system.heart, state.heart
    phase, other = state.lives[end].phase, state.lives[1 - end].phase
    if (heart.due and system.prompt) or phase not in BOTH or other not in BOTH:
        return None
    reads = bool(phase == Phase.READY) or not system.paused
    heard = heartbeat.unheard(1, -1 if heart.quiet else 0, reads)
    pulse = heartbeat.pulse(1, heard, 0, 1, 1, 0)
    if pulse.beat == Beat.DEAD:
        return moved(system, state, action, Event.END, Reason.SILENT, (pulse.rule,))
    answers = bool(other == Phase.READY) or (system.paused and heartbeat.sign(False, 1) > 0)
    return Step((pulse.rule,), replace(state, heart=Heart(True, answers)))


def sign(system: System, state: State, _: Action) -> Step | None:
    """The other end answers, or says by itself that it lives."""
    if not state.heart.due:
        return None
    reads = bool(state.lives[system.heart].phase == Phase.READY)
    rule = Rule.HEART_1 if state.lives[1 - system.heart].phase == Phase.READY else Rule.HEART_5
    return Step((rule,), replace(state, heart=Heart(state.heart.quiet and not reads, False)))
