"""What a connection does with the committed messages of a pipe, in counts and units.

What belongs here: taking a message out of the pipe for the wire, and giving its memory back when it has left.
What does not: bytes, frames, and when a connection has time for it.
"""

from . import memory
from . import pipe as pipes
from .memory import Pool
from .pipe import Pipe
from .send import Costs


def begin(sizes: Costs, pool: Pool, pipe: Pipe, parts: int, messages: int = 1) -> tuple[Pipe, Pool]:
    """Take the oldest message, of ``parts`` parts, out of the pipe for the wire (LINK-1); or several ``messages``.

    The parts stay charged while they are on the wire; the chunks that they leave empty do not.
    """
    after = pipes.read(pipe, parts, sizes.slots, messages)
    freed = pipes.chunks(pipe, sizes.slots) - pipes.chunks(after, sizes.slots)
    return after, memory.give(pool, sizes.chunk * freed)


def lost(pool: Pool, amount: int) -> Pool:
    """The connection broke: what was on the wire is dropped, and its ``amount`` units go back (LINK-3)."""
    return memory.give(pool, amount)


def written(pool: Pool, amount: int) -> Pool:
    """The operating system has taken over what was on the wire: its ``amount`` units go back (LINK-5)."""
    return memory.give(pool, amount)


def carried_over(left: int) -> int:  # noqa: ARG001 - that nothing depends on it is the rule
    """How many of the ``left`` parts of a half-written message go out over the next connection: none (LINK-6)."""
    return 0
