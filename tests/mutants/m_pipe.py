"""Defects of the pipe's arithmetic: commit, roll back, read, and when it is full."""

from dataclasses import replace

from enomem.model.application import Recovery
from enomem.model.pipe import Pipe, commit, full, read, roll_back
from enomem.model.policies import DISCARD, KEEP

from .harness import Mutant

ROLL_BACK, COMMIT = "enomem.model.pipe:roll_back", "enomem.model.pipe:commit"
READ, FULL = "enomem.model.pipe:read", "enomem.model.pipe:full"


def rollback_forgotten(pipe: Pipe, parts: int) -> Pipe:
    return pipe


def one_too_few(pipe: Pipe, parts: int) -> Pipe:
    return roll_back(pipe, parts - 1) if parts > 1 else roll_back(pipe, parts)


def one_too_many(pipe: Pipe, parts: int) -> Pipe:
    return roll_back(pipe, parts + 1) if pipe.tail > parts else roll_back(pipe, parts)


def into_the_committed(pipe: Pipe, parts: int) -> Pipe:
    """The newest committed message goes too, as if it were part of what is rolled back."""
    after = roll_back(pipe, parts)
    if parts > 0 and pipe.messages == 1:
        return replace(after, messages=0, parts=0)
    return after


def commit_loses_a_part(pipe: Pipe) -> Pipe:
    return commit(roll_back(pipe, 1))


def tail_stays(pipe: Pipe) -> Pipe:
    return replace(commit(pipe), tail=pipe.tail)


def commit_forgotten(pipe: Pipe) -> Pipe:
    return pipe


def stays_in_pipe(pipe: Pipe, parts: int, chunk: int, messages: int = 1) -> Pipe:
    return pipe


def front_not_wrapped(pipe: Pipe, parts: int, chunk: int, messages: int = 1) -> Pipe:
    return replace(read(pipe, parts, chunk, messages), front=pipe.front + parts)


def full_too_early(pipe: Pipe, hwm: int) -> bool:
    return full(pipe, hwm - 1)


def never_full(pipe: Pipe, hwm: int) -> bool:
    return False


MUTANTS = (
    Mutant("rollback forgotten", "The parts sent so far stay in the pipe after ENOMEM.",
           {ROLL_BACK: rollback_forgotten}, DISCARD, Recovery.RESTART, "SAFE-CLEAN"),
    Mutant("rolls back one too few", "Of several parts to roll back the oldest stays.",
           {ROLL_BACK: one_too_few}, DISCARD, Recovery.NEXT, "SAFE-CLEAN", {"parts": 3, "memory": 5}),
    Mutant("rolls back one too many", "A part that the policy keeps is rolled back with the others.",
           {ROLL_BACK: one_too_many}, KEEP, Recovery.RESUME, "SAFE-WHOLE"),
    Mutant("rolls back into the committed", "Rolling back takes the committed message before the tail with it.",
           {ROLL_BACK: into_the_committed}, DISCARD, Recovery.RESTART, "SAFE-LOUD", {"queue": 2}),
    Mutant("commit loses a part", "The last part of a message is not committed with the others.",
           {COMMIT: commit_loses_a_part}, DISCARD, Recovery.RESTART, "SAFE-WHOLE"),
    Mutant("tail stays at commit", "What was committed stays behind as uncommitted, and is committed again.",
           {COMMIT: tail_stays}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("commit forgotten", "The last part is accepted, and the message never becomes readable.",
           {COMMIT: commit_forgotten}, DISCARD, Recovery.RESTART, "SAFE-LOUD"),
    Mutant("stays in the pipe", "The link sends a message and does not take it out of the pipe.",
           {READ: stays_in_pipe}, DISCARD, Recovery.RESTART, "SAFE-ONCE", {"memory": 5}),
    Mutant("front not wrapped", "The front of the pipe runs out of its chunk, and empty chunks are counted for ever.",
           {READ: front_not_wrapped}, DISCARD, Recovery.RESTART, "SAFE-TOTAL", unproved="SAFE-CONSERVE",
           why="only a range of bounded states says so; a proof sees the chunks that are still held at rest"),
    Mutant("full too early", "The high-water mark is one message too low: with 1 nothing can be sent.",
           {FULL: full_too_early}, DISCARD, Recovery.RESTART, "LIVE-DEADLOCK"),
    Mutant("never full", "The high-water mark is ignored.",
           {FULL: never_full}, DISCARD, Recovery.RESTART, "SAFE-QUEUE", {"memory": 6}),
)  # fmt: skip
