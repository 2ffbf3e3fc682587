"""One step of a sender's trace in the words of the API: who calls what, the answer, the rule, what changed.

Nothing is decided here about sockets: the words are read off states, steps and payloads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from enomem.model import send as sends
from enomem.model.memory import Site
from enomem.model.payloads import Held, Message, Part, next_part
from enomem.model.rules import Rule
from enomem.model.send import Answer, Phase
from enomem.model.step import Do
from enomem.model.system import Action, Kind, Sender

from ..traces.sender import Moment, Trace

RESERVATION = (Rule.SEND_13, Rule.SEND_14, Rule.SEND_16)


def letters(number: int) -> str:
    """A, B, ... Z, AA, AB ... for 0, 1, ..."""
    name = ""
    number += 1
    while number > 0:
        number, last = divmod(number - 1, 26)
        name = chr(ord("A") + last) + name
    return name


class Names:
    """What senders, messages and parts of a trace are called.

    The senders that act in the trace are A, B, ... in the order of their numbers, the others come after them.
    Messages are named in turn: with two acting senders, the first one's messages are A, C, E and so on.
    """

    def __init__(self, acting: Iterable[int], senders: int) -> None:
        self.acting = sorted(acting)
        idle = [number for number in range(senders) if number not in self.acting]
        self._rank = {number: rank for rank, number in enumerate((*self.acting, *idle))}

    @classmethod
    def of(cls, trace: Trace) -> Names:
        """The names for a trace."""
        acting = {moment.action.sender for moment in trace.steps if moment.action.kind != Kind.OTHERS}
        return cls(acting, trace.system.senders)

    def sender(self, number: int) -> str:
        """The name of a sender."""
        return letters(self._rank[number])

    def message(self, part: Part) -> str:
        """The name of the message that ``part`` is of."""
        return letters(self._rank[part.sender] + max(1, len(self.acting)) * part.message)

    def part(self, part: Part) -> str:
        """The name of a part."""
        return f"{self.message(part)}{part.place + 1}"

    def parts(self, message: Message) -> str:
        """The names of parts, in brackets."""
        return f"[{', '.join(self.part(part) for part in message)}]"

    def messages(self, *messages: Message) -> str:
        """The names of all parts of several messages, each in its brackets; nothing for one without parts."""
        return " and ".join(self.parts(message) for message in messages if message)


@dataclass(frozen=True)
class Phrase:
    """A step in words. ``answer`` is empty where nobody called; ``remark`` says what changed besides."""

    actor: str
    call: str
    answer: str = ""
    rule: str = ""
    remark: str = ""

    @property
    def text(self) -> str:
        """Who did what, and what came back."""
        return f"{self.actor}: {self.call}" + (f" -> {self.answer}" if self.answer else "")


@dataclass(frozen=True)
class Place:
    """A step and what it is about: the sender before and after it, its payloads, the names."""

    trace: Trace
    names: Names
    moment: Moment

    @property
    def action(self) -> Action:
        """What happened."""
        return self.moment.action

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that fired; none if the step raised."""
        return self.moment.step.rules if self.moment.step is not None else ()

    @property
    def name(self) -> str:
        """The sender's name."""
        return self.names.sender(self.action.sender)

    @property
    def before(self) -> Sender:
        """The sender before the step."""
        return self.moment.before.senders[self.action.sender]

    @property
    def after(self) -> Sender:
        """The sender after the step."""
        return self.moment.after.senders[self.action.sender]

    @property
    def had(self) -> Held:
        """Its payloads before."""
        return self.moment.payloads_before.senders[self.action.sender]

    @property
    def has(self) -> Held:
        """Its payloads after."""
        return self.moment.payloads.senders[self.action.sender]

    @property
    def part(self) -> Part:
        """The part that the application is at before the step."""
        return next_part(self.action.sender, self.before.app)

    def did(self, do: Do) -> bool:
        """Whether the step had this effect."""
        return self.moment.step is not None and any(effect.do == do for effect in self.moment.step.effects)


def phrase(trace: Trace, names: Names, moment: Moment) -> Phrase:
    """The step in words."""
    at = Place(trace, names, moment)
    said = _said(at)
    rule = at.rules[0].value if at.rules else ""
    answer = said.answer if moment.step is not None else f"raises {moment.error}"
    return Phrase(said.actor, said.call, answer, rule, said.remark)


def _said(at: Place) -> Phrase:
    names, had = at.names, at.had
    match at.action.kind:
        case Kind.CALL:
            return Phrase(at.name, _call(at), _answer(at), remark=_remark(at))
        case Kind.FRAME:
            return Phrase(at.name, f"msg_init_size({names.part(at.part)})", _answer(at), remark=_remark(at))
        case Kind.SERVE:
            return Phrase(at.name, f"served, {_reserve(at)}", _answer(at))
        case Kind.BEGIN:
            return Phrase(at.name, f"link takes {names.messages(*had.pipe[:1])}")
        case Kind.ARRIVE:
            return Phrase(at.name, f"link brings {names.messages(*had.flight[:1])} to the receiver")
        case Kind.RECEIVE:
            return Phrase(f"receiver of {at.name}", "recv()", names.messages(*had.inbox[:1]) or _answer(at))
        case Kind.LOSE:
            return Phrase(at.name, f"connection lost with {names.messages(*had.flight[:1])} in flight")
        case Kind.GONE:
            return Phrase(at.name, f"peer gone, {_gone(at)} dropped")
        case Kind.OTHERS:
            pool, amount = at.moment.after.pool, at.action.amount
            if amount == 0:
                return Phrase("other sockets", "lose a connection")
            does = f"take {amount}" if amount > 0 else f"give back {-amount}"
            return Phrase("other sockets", does, remark=f"{pool.used} of {pool.limit} in use")


def _call(at: Place) -> str:
    """The call that the application makes."""
    if at.before.app.abort:
        return "abort_message()"
    if at.rules and (at.rules[0] in RESERVATION or (at.rules[0] == Rule.SEND_4 and _reserves(at))):
        return _reserve(at)
    return send_call(at)


def send_call(at: Place) -> str:
    """The send of the part that the application is at."""
    more = "" if at.part.place == at.trace.system.parts - 1 else ", SNDMORE"
    return f"send({at.names.part(at.part)}{more})"


def _reserves(at: Place) -> bool:
    return at.trace.system.policy.reserves


def _reserve(at: Place) -> str:
    system = at.trace.system
    amount = sends.whole_message(system.sizes, system.parts)
    return f"reserve({at.names.message(at.part)}: {units(amount)})"


def units(amount: int) -> str:
    """An amount of memory."""
    return f"{amount} unit" if amount == 1 else f"{amount} units"


def _answer(at: Place) -> str:
    step = at.moment.step
    if step is None:
        return ""
    match step.answer:
        case Answer.NO_MEMORY:
            return _no_memory(at, step.refused)
        case Answer.FULL:
            return f"{step.answer.value}, pipe is full ({at.before.pipe.messages} of {at.trace.system.queue})"
        case Answer.WAIT:
            return f"{step.answer.value}, place {at.after.place} in line"
        case answer:
            return str(answer.value)


def _no_memory(at: Place, refused: Site | None) -> str:
    said, pool = Answer.NO_MEMORY.value, at.moment.before.pool
    if at.action.kind == Kind.FRAME or refused is None:
        return said
    if Rule.MEM_3 in at.rules:
        return f"{said}, refused at {refused.name}"
    if Rule.SEND_16 in at.rules:
        return f"{said}, more than the pool could ever hold ({pool.limit})"
    # A pool with something left is full for what is asked: say what that was.
    short = "" if pool.used >= pool.limit else f" at {refused.name}"
    return f"{said}, pool is full ({pool.used} of {pool.limit}){short}"


def _remark(at: Place) -> str:
    """What a call changed besides what its answer says."""
    return ", ".join(said for said in (_committed(at), _dropped(at), _left(at)) if said)


def _committed(at: Place) -> str:
    if at.did(Do.COMMIT):
        return f"committed {at.names.messages(*at.has.pipe[-1:])}"
    swallowed = at.rules[:1] in ((Rule.SEND_8,), (Rule.SEND_9,))
    return f"{at.names.part(at.part)} is swallowed" if swallowed else ""


def _dropped(at: Place) -> str:
    """What an unfinished message had and has no more."""
    if not at.did(Do.ROLL_BACK):
        return ""
    dropped = [names for names in (at.names.messages(at.had.tail[len(at.has.tail) :]), _unreserved(at)) if names]
    return f"{' and '.join(dropped)} dropped" if dropped else ""


def _gone(at: Place) -> str:
    """All that went with the peer, from its end: what was on its way, then the unfinished message."""
    dropped = at.names.messages(*at.had.flight, *at.had.pipe, at.had.tail)
    return " and ".join(names for names in (dropped, _unreserved(at)) if names) or "nothing"


def _unreserved(at: Place) -> str:
    """The reservation that an unfinished message had and has no more."""
    reserved = at.before.send.reserved - at.after.send.reserved
    return f"{reserved} reserved units" if reserved > 0 else ""


def _left(at: Place) -> str:
    """What stays behind after ENOMEM, if its application does not abort it next."""
    if at.moment.step is None or at.moment.step.answer != Answer.NO_MEMORY or at.after.app.abort:
        return ""
    if at.after.send.phase == Phase.SKIPPING:
        return f"{at.name} swallows what follows"
    return f"{at.name} keeps {at.names.parts(at.has.tail)}" if at.has.tail else ""
