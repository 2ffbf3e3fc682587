"""The pipe: a queue of message parts with a committed and an uncommitted end.

Only the queue's arithmetic lives here: positions, chunks, commit, roll back, read. Whether a part may be
written at all (memory, policy) is decided in ``send``; what the parts contain is nobody's business here,
the holder of the payloads follows the counts.

Parts lie in chunks of ``chunk`` slots. There is always at least one free slot behind the last part (PIPE-4,
look-ahead), so that a delimiter can be written without memory: the part that fills the last free slot
therefore needs the next chunk *before* it is written.
"""

from .states import state


@state
class Pipe:
    """The state of a pipe.

    ``messages`` and ``parts`` count what is committed and unread, ``tail`` the parts written and not committed,
    ``front`` is the slot of the oldest part within its chunk, 0 <= ``front`` < chunk.
    """

    messages: int = 0
    parts: int = 0
    tail: int = 0
    front: int = 0


def full(pipe: Pipe, hwm: int) -> bool:
    """Is the high-water mark reached?  It counts whole committed messages (PIPE-6)."""
    return pipe.messages >= hwm


def available(pipe: Pipe, hwm: int, gone: bool, immediate: bool, connected: bool) -> bool:
    """May a new message be given to the pipe (PIPE-8)?

    Not if its peer is ``gone`` for good, nor while it is full, nor, where the socket is ``immediate``, before its
    connection is made and has shaken hands (``connected``).
    """
    if gone:
        return False
    if immediate and not connected:
        return False
    return not full(pipe, hwm)


def chunks(pipe: Pipe, chunk: int) -> int:
    """How many chunks the pipe holds beyond its first one, which it got when it was made."""
    return (pipe.front + pipe.parts + pipe.tail) // chunk


def room(pipe: Pipe, chunk: int) -> int:
    """How many parts more there are slots for in the chunk that is written to, the look-ahead's included."""
    return chunk - (pipe.front + pipe.parts + pipe.tail) % chunk


def write(pipe: Pipe) -> Pipe:
    """Append one uncommitted part (PIPE-1); the caller has taken what ``chunks`` says it needs."""
    return Pipe(pipe.messages, pipe.parts, pipe.tail + 1, pipe.front)


def commit(pipe: Pipe) -> Pipe:
    """Make the uncommitted parts one message that can be read (PIPE-2); needs no memory."""
    return Pipe(pipe.messages + 1, pipe.parts + pipe.tail, 0, pipe.front)


def roll_back(pipe: Pipe, parts: int) -> Pipe:
    """Drop the newest ``parts`` uncommitted parts (PIPE-3), across chunk boundaries; needs no memory."""
    return Pipe(pipe.messages, pipe.parts, pipe.tail - parts, pipe.front)


def read(pipe: Pipe, parts: int, chunk: int, messages: int = 1) -> Pipe:
    """Take the oldest message, of ``parts`` parts, out of the pipe (PIPE-5); needs no memory.

    Several ``messages``, of ``parts`` parts together, are taken as if one after the other.
    """
    return Pipe(pipe.messages - messages, pipe.parts - parts, pipe.tail, (pipe.front + parts) % chunk)


def gone() -> Pipe:
    """The pipe after its peer went for good: all that it held is dropped, and a new pipe is empty (PIPE-7)."""
    return Pipe()
