"""What an observer of the closed systems remembers, so that properties can be stated about them; see ``closed.Seen``.

Nothing here decides anything: as in ``history``, a message's content is remembered by what is wrong with it.
"""

from dataclasses import replace
from typing import Any, Protocol

from .. import history
from ..patterns.pattern import AnyPattern
from ..pipe import Pipe
from ..send import Sent
from .closed import Queued, Seen, State, System


class HasPattern(Protocol):
    """A system of a socket of some type."""

    @property
    def pattern(self) -> AnyPattern:
        """The type."""
        ...


def start(system: System) -> Seen:
    """Nothing seen yet."""
    slots = system.queue if system.labels else 0
    return Seen(queues=(Queued((0,) * slots, (False,) * slots),) * system.pipes)


def awaits(system: HasPattern) -> bool:
    """Is a reply awaited after each message (REQ)?"""
    return system.pattern.name == "REQ"


def owes(system: HasPattern) -> bool:
    """Is each message the reply to one that came from a peer (REP)?"""
    return system.pattern.name == "REP"


def wrong(system: System, state: State, place: int) -> object:
    """Does the part that is written next not belong into the pipe at ``place``?

    A message belongs to whom it was addressed, and its address to nobody; a reply to whom it is due. A request belongs
    nowhere while a reply is awaited, unless the socket is relaxed.
    """
    seen = state.seen
    if system.pattern.routes:
        return (state.app.part == 0) | (state.target != place)
    if owes(system):
        return (seen.pending ^ True) | (seen.due != place)
    return seen.pending if awaits(system) and not system.relaxed else False


def turned(system: System, inner: Any, turn: int) -> Any:
    """The pattern's state with another turn: whose it is, is left to chance here, and followed in ``turning``."""
    if owes(system):
        return replace(inner, receive=turn)
    return replace(inner, send=turn) if awaits(system) else replace(inner, send=turn, receive=turn)


def agreed(system: System, state: State) -> int:
    """The place that gets the message which is being sent, -1 if none does: the socket and its pattern must agree."""
    place = state.current.__index__()
    inner = state.inner
    if owes(system):
        theirs = inner.peer if inner.sending else -1
    else:
        theirs = inner.current
    if theirs != place:
        raise RuntimeError("a socket and its pattern disagree about who gets the message")
    return place


def wrote(system: System, state: State, place: int, pipe: Pipe, sent: Sent, leads: bool) -> tuple[Seen, object, object]:
    """Remember a part that was appended; ``pipe`` is the pipe before it.

    Also returns what is odd and whether something is astray: about the message, where it was committed; about the part,
    where messages are not followed, since then a first wrong part is wrong enough.
    """
    index = system.lead - state.lead if leads else system.lead + state.app.part
    if system.pattern.routes:
        index = index - 1
    displaced, misplaced = pipe.tail != index, wrong(system, state, place)
    size = sent.pipe.parts - pipe.parts
    if not system.labels:
        return state.seen, displaced | (size != system.unit) if sent.committed else displaced, misplaced
    seen = state.seen
    if displaced:
        seen = replace(seen, straight=False)
    if misplaced:
        seen = replace(seen, astray=True)
    if not sent.committed:
        return seen, None, None
    odd = 0 if seen.straight and size == system.unit else size
    queue = seen.queues[place]
    strayed = tuple(seen.astray if i == pipe.messages else other for i, other in enumerate(queue.astray))
    return put(seen, place, Queued(history.put(queue.odd, pipe.messages, odd), strayed)), odd, seen.astray


def emptied(system: System, seen: Seen, tail: int) -> Seen:
    """Remember that nothing uncommitted is queued, if nothing is: then it is the beginning of any message."""
    return replace(seen, straight=True, astray=False) if system.labels and tail == 0 else seen


def put(seen: Seen, place: int, queue: Queued) -> Seen:
    """What is wrong with the messages in the pipe at ``place`` is this now."""
    return replace(seen, queues=tuple(queue if i == place else other for i, other in enumerate(seen.queues)))


def committed(system: System, seen: Seen, place: int) -> Seen:
    """Remember whose reply is awaited now, or that none is due any more."""
    if awaits(system):
        return replace(seen, pending=True, due=place)
    return replace(seen, pending=False, due=-1) if owes(system) else seen


def swallowed(system: System, seen: Seen, whole: object) -> Seen:
    """Remember that the pattern swallows the message, the ``whole`` of it or what is left; no reply is due then."""
    seen = replace(seen, nowhere=bool(whole))
    return replace(seen, pending=False, due=-1) if owes(system) else seen


def delivered(system: System, seen: Seen, place: int) -> Seen:
    """Remember that a message of the peer at ``place`` was delivered."""
    if awaits(system):
        return replace(seen, pending=False, due=-1)
    return replace(seen, pending=True, due=place) if owes(system) else seen


def left(seen: Seen, place: int) -> Seen:
    """Remember that the peer at ``place`` is gone, and all that was on its way to it."""
    queues = seen.queues
    empty = Queued((0,) * len(queues[place].odd), (False,) * len(queues[place].astray))
    moved = (*queues[:place], *queues[place + 1 :], empty)
    return replace(seen, queues=moved, due=moved_down(seen.due, place))


def moved_down(place: int, gone: int) -> int:
    """Where the peer at ``place`` is after the one at ``gone`` is gone; -1 if it is the one."""
    if place == gone:
        return -1
    return place - 1 if place > gone else place


def shifted(seen: Seen, place: int) -> Seen:
    """Remember that the oldest message left the pipe at ``place``."""
    queue = seen.queues[place]
    astray = (*queue.astray[1:], False) if queue.astray else queue.astray
    return put(seen, place, Queued(history.shift(queue.odd), astray))
