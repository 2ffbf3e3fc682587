"""What an observer remembers of a sender's messages, so that properties can be stated about them.

Nothing here decides anything. The closed system reads from it only what the parts themselves would say: how many an
odd message has, and the number of the commit that the link takes; no socket's machine reads it. A message's content
is remembered by what is wrong with it. Parts are queued in an order, so the uncommitted tail is *straight* (parts 0,
1, ... of the message its application is at) or it is not; a committed unit is whole or *odd*. Commits are numbered,
which is what order and duplicates are about. The payload keeper of ``payloads`` remembers the parts themselves, and
is the oracle of this.
"""

from dataclasses import dataclass, replace

from .pipe import Pipe
from .send import Answer, Sent


@dataclass(frozen=True, slots=True)
class History:
    """What was seen of one sender.

    ``straight``: the uncommitted tail is the beginning of the application's present message (an empty tail is).
    ``owed``: the application was told ENOMEM and has completed no message since (where messages are numbered: it
    would tell two turns of the same cycle apart). ``accepted`` counts completed
    messages (the last part answered OK), ``commits`` the messages that became readable, ``arrived`` is the
    highest commit number that reached the receiver's queue, ``delivered`` and ``lost`` (visibly) count messages.
    ``odd`` has, for each message in the pipe from the oldest, 0 if it is whole or its number of parts.
    ``corrupt``: an odd message was committed and is not followed further.
    """

    straight: bool = True
    owed: bool = False
    accepted: int = 0
    commits: int = 0
    arrived: int = 0
    delivered: int = 0
    lost: int = 0
    odd: tuple[int, ...] = ()
    corrupt: bool = False


def start(queue: int) -> History:
    """Nothing seen yet; ``queue`` messages can be followed in the pipe."""
    return History(odd=(0,) * queue)


def called(
    history: History, parts: int, part: int, pipe: Pipe, sent: Sent, last: bool, numbered: bool
) -> tuple[History, int]:
    """Remember a call that sent part ``part`` of a message of ``parts``; ``pipe`` is the pipe before it.

    Returns the history and what is odd about the message that the call committed (0 if it is whole).
    """
    straight, odd, owed = history.straight, 0, history.owed
    completed = sent.answer == Answer.OK and last
    if sent.wrote and pipe.tail != part:
        straight = False
    corrupt = history.corrupt
    if sent.committed and not (straight and sent.pipe.parts - pipe.parts == parts):
        odd = sent.pipe.parts - pipe.parts
        if odd <= 0:
            # A message without parts: there is nothing to follow.
            corrupt = True
    if sent.pipe.tail == 0:
        straight = True
    if sent.answer == Answer.NO_MEMORY:
        owed = numbered
    elif completed:
        owed = False
    after = replace(
        history,
        straight=straight,
        owed=owed,
        accepted=history.accepted + 1 if completed and numbered else history.accepted,
        commits=history.commits + 1 if sent.committed and numbered else history.commits,
        corrupt=corrupt,
    )
    return (_committed_odd(after, pipe.messages, odd) if odd > 0 else after), odd


def no_memory(history: History, numbered: bool) -> History:
    """Remember that the application was told ENOMEM other than by the sending of a part."""
    return replace(history, owed=numbered)


def delivered(history: History) -> History:
    """Remember that the receiving application took a message."""
    return replace(history, delivered=history.delivered + 1)


def lost(history: History, messages: int) -> History:
    """Remember that ``messages`` messages were lost with a connection, which its monitor reports."""
    return replace(history, lost=history.lost + messages)


def moved_on(history: History, tail: int) -> History:
    """Remember that the application gave its message up while ``tail`` parts were queued."""
    return replace(history, straight=tail == 0)


def dropped_tail(history: History) -> History:
    """Remember that nothing uncommitted is queued any more."""
    return replace(history, straight=True)


def _committed_odd(history: History, place: int, odd: int) -> History:
    if not history.odd:
        return replace(history, corrupt=True)
    return replace(history, odd=put(history.odd, place, odd))


def put(odds: tuple[int, ...], place: int, odd: int) -> tuple[int, ...]:
    """``odds`` with ``odd`` at ``place``."""
    return tuple(odd if i == place else other for i, other in enumerate(odds))


def shift(odds: tuple[int, ...]) -> tuple[int, ...]:
    """``odds`` without its first, which is the oldest."""
    return (*odds[1:], 0) if odds else odds
