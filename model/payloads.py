"""The payloads of the closed system, kept the way a running socket keeps its bytes: in lists, by the effects.

Nothing here decides anything. A step says with its effects what becomes of parts and messages, and they are
moved; what they contain is never looked at. Parts are known by labels, so that what arrives can be held
against what was sent: this is the oracle of ``history``, which remembers the same thing by counting.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from .application import Application
from .step import Do, Effect


class Part(NamedTuple):
    """The label of a part: its sender, the sender's message, its place in the message, all counted from 0."""

    sender: int
    message: int
    place: int


Message = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """The payloads of one sender, oldest first: the uncommitted ``tail``, and the messages behind it.

    Messages are in the ``pipe``, in ``flight`` (at most one), in the receiver's ``inbox``, or ``delivered``.
    """

    tail: Message = ()
    pipe: tuple[Message, ...] = ()
    flight: tuple[Message, ...] = ()
    inbox: tuple[Message, ...] = ()
    delivered: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Payloads:
    """The payloads of all senders, in their order."""

    senders: tuple[Held, ...]


def start(senders: int) -> Payloads:
    """Nothing sent yet by any of so many senders."""
    return Payloads((Held(),) * senders)


def next_part(sender: int, app: Application) -> Part:
    """The label of the part that ``sender``'s application sends next; take it *before* the step."""
    return Part(sender, app.message - 1, app.part)


def whole_message(part: Part, parts: int) -> Message:
    """The message of ``parts`` parts that ``part`` is of, as its application means it."""
    return tuple(part._replace(place=place) for place in range(parts))


def is_whole(message: Message, parts: int) -> bool:
    """Is this exactly one message that an application sent: all its ``parts``, in order, and nothing else?"""
    return bool(message) and message == whole_message(message[0], parts)


def carry_out(payloads: Payloads, effects: Iterable[Effect], part_label: Part) -> Payloads:
    """The payloads after a step with these effects; ``part_label`` is the part that it appends, if it does.

    Total: an effect that finds nothing to move moves nothing. A model that asks for it is wrong, and its
    counts then differ from what is kept here.
    """
    senders = list(payloads.senders)
    for effect in effects:
        senders[effect.sender] = _carried_out(senders[effect.sender], effect, part_label)
    return Payloads(tuple(senders))


def _carried_out(held: Held, effect: Effect, part_label: Part) -> Held:
    match effect.do:
        case Do.APPEND:
            return replace(held, tail=(*held.tail, part_label))
        case Do.ROLL_BACK:
            return replace(held, tail=held.tail[: max(0, len(held.tail) - effect.count)])
        case Do.COMMIT:
            return replace(held, tail=(), pipe=(*held.pipe, held.tail))
        case Do.BEGIN:
            return replace(held, pipe=held.pipe[1:], flight=(*held.flight, *held.pipe[:1]))
        case Do.ARRIVE:
            return replace(held, flight=held.flight[1:], inbox=(*held.inbox, *held.flight[:1]))
        case Do.LOSE:
            return replace(held, flight=held.flight[1:])
        case Do.DROP_PIPE:
            return replace(held, tail=(), pipe=(), flight=())
        case Do.DELIVER:
            return replace(held, inbox=held.inbox[1:], delivered=(*held.delivered, *held.inbox[:1]))
