"""The closed system: senders, pipes, links, receivers, one pool, and an environment that may refuse any allocation.

``System`` holds what does not change (policy, recovery, bounds); ``State`` what does; ``actions`` lists what can
happen and ``step`` says what it does, or None where it cannot happen. An action carries the environment's choice
with it (which site is refused, which connection breaks), so that a step is a function.

Senders do not know of each other; what they share is the pool and the line of waiting reservations.
"""

from dataclasses import dataclass, field, replace
from enum import Enum

from . import history, line, link, memory
from . import send as sends
from .application import Application, Recovery, answered, must_abort, recovered
from .history import History
from .memory import Pool, Site
from .pipe import Pipe
from .policies import SendPolicy
from .rules import Rule
from .send import Answer, Phase, Send, Sent, Sizes
from .step import Do, Effect, Step


class Kind(Enum):
    """What can happen."""

    CALL = "call"
    SERVE = "serve"
    BEGIN = "begin"
    ARRIVE = "arrive"
    RECEIVE = "receive"
    FRAME = "frame"
    LOSE = "lose"
    GONE = "gone"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Action:
    """``kind`` happens at ``sender``; the environment refuses memory at ``refuse``; others take ``amount`` units."""

    kind: Kind
    sender: int = 0
    refuse: Site | None = None
    amount: int = 0

    @property
    def hostile(self) -> bool:
        """Is this the environment's doing, which nothing may rely on?"""
        return self.refuse is not None or self.kind in (Kind.FRAME, Kind.LOSE, Kind.GONE, Kind.OTHERS)


@dataclass(frozen=True, slots=True)
class Link:
    """A connection's wire: the number of the message in ``flight`` (0: none), its parts, what is ``odd`` about it."""

    flight: int = 0
    parts: int = 0
    odd: int = 0


@dataclass(frozen=True, slots=True)
class Inbox:
    """The receiver's queue of one connection: whole messages, their parts, and which of them are odd."""

    messages: int = 0
    parts: int = 0
    odd: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """One sender with all that is its own, up to its receiver's queue; ``place`` in the line, 0 if not waiting."""

    app: Application
    send: Send
    pipe: Pipe
    link: Link
    inbox: Inbox
    history: History
    place: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """The whole system: pool, senders, how many wait in line, faults so far, units held by others."""

    pool: Pool
    senders: tuple[Sender, ...]
    waiting: int = 0
    faults: int = 0
    others: int = 0


@dataclass(frozen=True)
class System:
    """What does not change: who takes part, how they recover, and the bounds.

    ``memory`` units in the pool; messages of ``parts`` parts, ``messages`` of them per sender (not counted if
    ``numbered`` is off: then a sender sends the same message again and again); ``queue`` is the send HWM, ``inbox``
    the receiver's, ``disconnects`` how many connections may break. ``aborts``: the application aborts a message
    when its own allocation fails (SEND-10). ``labels``: odd messages are followed on their way; without it a run
    ends when the first odd message is committed. ``others``: more sockets, not looked into, share the pool.
    """

    policy: SendPolicy
    recovery: Recovery
    senders: int = 2
    parts: int = 2
    memory: int = 4
    messages: int = 2
    queue: int = 1
    inbox: int = 1
    disconnects: int = 1
    sizes: Sizes = field(default_factory=Sizes)
    aborts: bool = True
    numbered: bool = True
    labels: bool = True
    others: bool = False


def initial(system: System) -> State:
    """The system before anything happened: nothing sent, nothing held."""
    sender = Sender(
        Application(), Send(), Pipe(), Link(), Inbox(odd=(0,) * (system.inbox if system.labels else 0)),
        history.start(system.queue if system.labels else 0),
    )  # fmt: skip
    return State(Pool(system.memory, 0), (sender,) * system.senders)


def actions(system: System) -> tuple[Action, ...]:
    """Everything that could happen in some state, the environment's choices included."""
    refusals: tuple[Site | None, ...] = (None, Site.BODY, Site.SLOT, Site.COMMIT)
    if system.policy.reserves:
        refusals = (*refusals, Site.RESERVATION)
    found: list[Action] = []
    for sender in range(system.senders):
        found += [Action(Kind.CALL, sender, refuse) for refuse in refusals]
        if system.policy.reserves:
            found.append(Action(Kind.SERVE, sender))
        found += [
            Action(kind, sender) for kind in (Kind.BEGIN, Kind.ARRIVE, Kind.RECEIVE, Kind.FRAME, Kind.LOSE, Kind.GONE)
        ]
    if system.others:
        found += [Action(Kind.OTHERS, amount=amount) for amount in (1, -1, 0)]
    return tuple(found)


def step(system: System, state: State, action: Action) -> Step[State] | None:
    """What ``action`` does in ``state``, or None if it cannot happen there."""
    if action.kind == Kind.OTHERS:
        return _others(system, state, action.amount)
    sender = state.senders[action.sender]
    if sender.history.corrupt:
        return None
    match action.kind:
        case Kind.CALL:
            return _call(system, state, action, sender)
        case Kind.SERVE:
            return _serve(system, state, action, sender)
        case Kind.BEGIN:
            return _begin(system, state, action, sender)
        case Kind.ARRIVE:
            return _arrive(system, state, action, sender)
        case Kind.RECEIVE:
            return _receive(system, state, action, sender)
        case Kind.FRAME:
            return _frame(system, state, action, sender)
        case Kind.LOSE:
            return _lose(system, state, action, sender)
        case Kind.GONE:
            return _gone(system, state, action, sender)


def finished(system: System, sender: Sender) -> bool:
    """Has the application sent all that it wanted to send?"""
    return sender.app.message > system.messages


def at_rest(system: System, state: State) -> bool:
    """Has every application sent all, and every message that was committed left the system?"""
    return all(
        finished(system, s)
        and not s.app.abort
        and s.pipe.messages == 0
        and s.link.flight == 0
        and s.inbox.messages == 0
        for s in state.senders
    )


def held(system: System, sender: Sender) -> int:
    """How many units ``sender`` holds, on its side, on the wire and in its receiver's queue."""
    received = sender.link.parts + sender.inbox.parts
    return sends.held(system.sizes, sender.send, sender.pipe) + system.sizes.part * received


def _put(state: State, number: int, sender: Sender) -> State:
    changed = tuple(sender if i == number else other for i, other in enumerate(state.senders))
    return replace(state, senders=changed)


def _call(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The application's next call: abort, reserve, or send the next part."""
    if sender.app.abort:
        return _abort(system, state, action, sender)
    if finished(system, sender) or sender.send.phase == Phase.WAITING:
        return None
    if system.policy.reserves and sender.send.phase == Phase.IDLE:
        return _reserve(system, state, action, sender)
    last = sender.app.part == system.parts - 1
    sent = sends.send_part(
        system.policy, system.sizes, state.pool, sender.send, sender.pipe, system.queue, last, action.refuse
    )
    if _not_asked(action, sent):
        return None
    seen, odd = history.called(sender.history, system.parts, sender.app.part, sender.pipe, sent, last, system.numbered)
    called = replace(
        sender, history=seen, app=answered(sender.app, system.recovery, sent.answer, last, system.numbered)
    )
    effects: tuple[Effect, ...] = ()
    if sent.wrote:
        effects = (Effect(Do.APPEND, action.sender),)
    if Rule.PIPE_3 in sent.rules:
        effects = (Effect(Do.ROLL_BACK, action.sender, sent.dropped),)
    if sent.committed:
        effects = (*effects, Effect(Do.COMMIT, action.sender))
    return _sent(system, state, action, called, sent, effects, odd if sent.committed else None, last)


def _abort(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The application drops its unfinished message."""
    if action.refuse is not None:
        return None
    sent = sends.abort(system.sizes, state.pool, sender.send, sender.pipe)
    called = replace(sender, app=replace(sender.app, abort=False), history=history.dropped_tail(sender.history))
    effects = (Effect(Do.ROLL_BACK, action.sender, sent.dropped),)
    return _sent(system, state, action, called, sent, effects, None, False)


def _reserve(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The first thing that a send does under a policy that reserves: ask for the whole message."""
    sent = sends.reserve(
        system.sizes, state.pool, sender.send, sender.pipe, system.queue, system.parts, state.waiting, action.refuse
    )
    if _not_asked(action, sent):
        return None
    called = sender
    if sent.answer == Answer.NO_MEMORY:
        app = recovered(sender.app, system.recovery, system.numbered)
        called = replace(sender, app=app, history=history.no_memory(sender.history, system.numbered))
    if sent.answer == Answer.WAIT:
        called = replace(sender, place=line.join(state.waiting))
        state = replace(state, waiting=state.waiting + 1)
    return _sent(system, state, action, called, sent, (), None, False)


def _not_asked(action: Action, sent: Sent) -> bool:
    """The environment refused a site at which this call does not ask: nothing of that kind can happen here."""
    return action.refuse is not None and Rule.MEM_3 not in sent.rules


def _sent(
    system: System, state: State, action: Action, sender: Sender, sent: Sent,
    effects: tuple[Effect, ...], unit: int | None, last: bool,
) -> Step[State]:  # fmt: skip
    """The system after a call on ``sender``'s socket."""
    gave_up = sent.answer == Answer.NO_MEMORY and system.recovery == Recovery.NEXT
    if gave_up:
        sender = replace(sender, history=history.moved_on(sender.history, sent.pipe.tail))
    after = _put(state, action.sender, replace(sender, send=sent.send, pipe=sent.pipe))
    done = sent.answer == Answer.OK and bool(last)
    return Step(
        sent.rules, replace(after, pool=sent.pool), sent.answer, sent.refused, unit,
        completed=done, settled=done or gave_up, effects=effects,
    )  # fmt: skip


def _serve(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The first in line gets its reservation, if the pool has it."""
    if not line.next_up(sender.place):
        return None
    sent = sends.serve(system.sizes, state.pool, sender.send, sender.pipe, system.parts)
    if sent.answer == Answer.WAIT:
        return None
    senders = tuple(replace(other, place=line.moved_up(other.place)) for other in state.senders)
    served = replace(sender, send=sent.send, place=0)
    after = replace(state, pool=sent.pool, senders=senders, waiting=state.waiting - 1)
    return Step(sent.rules, _put(after, action.sender, served), sent.answer)


def _frame(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The application's own allocation of a part fails; the socket is not called (SEND-10)."""
    if finished(system, sender) or sender.send.phase == Phase.WAITING or sender.app.abort:
        return None
    gave_up = system.recovery == Recovery.NEXT
    app = recovered(sender.app, system.recovery, system.numbered)
    seen = history.no_memory(sender.history, system.numbered)
    if gave_up:
        seen = history.moved_on(seen, sender.pipe.tail)
    app = replace(app, abort=system.aborts and must_abort(system.recovery))
    after = _put(state, action.sender, replace(sender, app=app, history=seen))
    return Step((Rule.SEND_10,), after, Answer.NO_MEMORY, Site.FRAME, settled=gave_up)


def _begin(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The link takes the oldest message out of the pipe."""
    if sender.link.flight != 0 or sender.pipe.messages == 0:
        return None
    seen = sender.history
    odd = seen.odd[0] if seen.odd else 0
    size = odd if odd > 0 else system.parts
    after, pool = link.begin(system.sizes, state.pool, sender.pipe, size)
    number = seen.commits - sender.pipe.messages + 1 if system.numbered else 1
    moved = replace(
        sender, pipe=after, link=Link(number, size, odd), history=replace(seen, odd=history.shift(seen.odd))
    )
    rules = (Rule.LINK_1, Rule.PIPE_5)
    return Step(
        rules, replace(_put(state, action.sender, moved), pool=pool), effects=(Effect(Do.BEGIN, action.sender),)
    )


def _arrive(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The message in flight reaches the receiver's queue, if that has room."""
    link, inbox = sender.link, sender.inbox
    if link.flight == 0 or inbox.messages >= system.inbox:
        return None
    odds = history.put(inbox.odd, inbox.messages, link.odd) if link.odd > 0 else inbox.odd
    arrived = Inbox(inbox.messages + 1, inbox.parts + link.parts, odds)
    seen = replace(sender.history, arrived=link.flight) if system.numbered else sender.history
    after = _put(state, action.sender, replace(sender, link=Link(), inbox=arrived, history=seen))
    return Step((Rule.LINK_2,), after, effects=(Effect(Do.ARRIVE, action.sender),))


def _receive(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The receiving application takes the oldest message of this connection."""
    inbox = sender.inbox
    if inbox.messages == 0:
        return None
    odd = inbox.odd[0] if inbox.odd else 0
    size = odd if odd > 0 else system.parts
    after = Inbox(inbox.messages - 1, inbox.parts - size, history.shift(inbox.odd))
    seen = history.delivered(sender.history) if system.numbered else sender.history
    pool = memory.give(state.pool, system.sizes.part * size)
    moved = replace(_put(state, action.sender, replace(sender, inbox=after, history=seen)), pool=pool)
    effects = (Effect(Do.DELIVER, action.sender),)
    return Step((Rule.LINK_4, Rule.MEM_4), moved, Answer.OK, unit=odd, settled=True, effects=effects)


def _lose(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The connection breaks while a message is in flight; the pipe survives, that message does not (LINK-3)."""
    if sender.link.flight == 0 or state.faults >= system.disconnects:
        return None
    pool = memory.give(state.pool, system.sizes.part * sender.link.parts)
    seen = history.lost(sender.history, 1) if system.numbered else sender.history
    after = _put(state, action.sender, replace(sender, link=Link(), history=seen))
    after = replace(after, pool=pool, faults=state.faults + 1)
    return Step((Rule.LINK_3, Rule.MEM_4), after, effects=(Effect(Do.LOSE, action.sender),))


def _gone(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The peer goes for good, in the middle of a message or not, and the pipe with all that it held (PIPE-7)."""
    holds = sender.send.phase == Phase.SENDING or sender.pipe.messages > 0 or sender.link.flight > 0
    if not holds or state.faults >= system.disconnects:
        return None
    sent = sends.peer_gone(system.sizes, state.pool, sender.send, sender.pipe)
    pool = memory.give(sent.pool, system.sizes.part * sender.link.parts)
    seen = history.dropped_tail(replace(sender.history, odd=(0,) * len(sender.history.odd)))
    if system.numbered:
        seen = history.lost(seen, sender.pipe.messages + 1 if sender.link.flight > 0 else sender.pipe.messages)
    after = _put(state, action.sender, replace(sender, send=sent.send, pipe=sent.pipe, link=Link(), history=seen))
    after = replace(after, pool=pool, faults=state.faults + 1)
    return Step(sent.rules, after, effects=(Effect(Do.DROP_PIPE, action.sender),))


def _others(system: System, state: State, amount: int) -> Step[State] | None:
    """Sockets that are not looked into take or give units of the same pool, or (0) lose a connection."""
    if amount == 0:
        return (
            None
            if state.faults >= system.disconnects
            else Step((Rule.LINK_3,), replace(state, faults=state.faults + 1))
        )
    others, used = state.others + amount, state.pool.used + amount
    if others < 0 or used > state.pool.limit:
        return None
    rule = Rule.MEM_1 if amount > 0 else Rule.MEM_4
    return Step((rule,), replace(state, pool=Pool(state.pool.limit, used), others=others))
