"""What a case came to, by what was observed: the outcome, and for what is odd a sentence. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from enomem.model.payloads import Part, is_whole

from . import names
from .message import PROBE, parsed
from .referee import Observed, Stream
from .stacks import Seen

PARTS = 3
"""Parts of every message of a scenario."""


class Outcome(enum.Enum):
    """From the worst to the best; a case is the worst that was seen of it."""

    ABORT = "abort"
    PEER = "peer aborted"
    WRONG = "partial or spliced"
    HANG = "hang"
    FAILED = "other error"
    LOST_CLOSED = "closed, recovered, loss"
    LOST = "lost in silence"
    DIFFERS = "output differs"
    CLOSED = "closed, recovered"
    ENOMEM = "clean ENOMEM"
    NOTHING = "nothing seen"
    NOT_REACHED = "not reached"


GOOD = (Outcome.CLOSED, Outcome.ENOMEM, Outcome.NOTHING)
"""What a caller can live with: nothing is lost, nobody waits for ever, and what arrives is what was sent."""


@dataclass(frozen=True)
class Verdict:
    """An outcome; ``site`` names where an abort came from, ``detail`` its kind or, else, what was odd."""

    outcome: Outcome
    site: str = ""
    detail: str = ""


ASSERTED = re.compile(r"\((?:[^()]*/)?([\w.-]+\.[ch]pp):(\d+)\)\s*$")
"""How libzmq's assertions end: "FATAL ERROR: OUT OF MEMORY (src/yqueue.hpp:92)" and the like."""


class Kind(enum.Enum):
    """How a process ended: an allocation that libzmq asserts, something else that it does, an exception, a crash."""

    ALLOC_ASSERT = "alloc_assert"
    ASSERTION = "other assertion"
    BAD_ALLOC = "uncaught bad_alloc"
    CRASH = "crash"


def last_word(stderr: str) -> tuple[Kind, str]:
    """What libzmq or the C++ runtime said at the end, and the file and line of an assertion, or nothing."""
    for line in reversed(stderr.splitlines()):
        found = ASSERTED.search(line)
        if found is not None:
            kind = Kind.ALLOC_ASSERT if "OUT OF MEMORY" in line else Kind.ASSERTION
            return kind, f"{found[1]}:{found[2]}"
        if "bad_alloc" in line:
            return Kind.BAD_ALLOC, ""
    return Kind.CRASH, ""


def judge(found: Observed, seen: Seen, key: str, hit: int, usual: int) -> Verdict:
    """The verdict on a case; ``usual`` is how many connections go in the scenario when nothing is failed."""
    if not found.fired and key.strip("0"):
        return Verdict(Outcome.NOT_REACHED, detail=f"the stack did not come {hit} times in this run")
    status = found.status or 0
    if status < 0 and not found.hung:
        return aborted(found.stderr, seen, key, status)
    odd = next((said for stream in found.streams for said in wrong(stream)), "")
    if odd:
        return Verdict(Outcome.WRONG, detail=odd)
    if found.hung:
        return Verdict(Outcome.HANG, detail=f"after {found.last or 'nothing'}")
    if status == 127 or (status and not found.errors):
        return aborted(found.stderr, seen, key, status)
    if found.errors:
        # The victim gave up at once: that its connection went, with what it held, says nothing more.
        return Verdict(Outcome.FAILED, detail=found.errors[0])
    lost = sum(len(missing(stream)) for stream in found.streams)
    closed = found.closed > usual
    if lost:
        return Verdict(Outcome.LOST_CLOSED if closed else Outcome.LOST, detail=f"{lost} messages")
    if closed:
        return Verdict(Outcome.CLOSED)
    if found.enomem:
        return Verdict(Outcome.ENOMEM, detail=found.enomem[0])
    return Verdict(Outcome.NOTHING)


def aborted(stderr: str, seen: Seen, key: str, status: int) -> Verdict:
    """An abort: its site is the assertion's own place, or where libzmq asked for the memory that it did not get."""
    kind, asserted = last_word(stderr)
    stack = seen.stack(key)
    where = names.asked(stack) if stack is not None else "an unknown place"
    word = "bad_alloc" if kind == Kind.BAD_ALLOC else ended(status)
    return Verdict(Outcome.ABORT, asserted or f"{word} at {where}", kind.value)


def ended(status: int) -> str:
    """An exit status in words; a shell tells of a signal by 128 more."""
    number = -status if status < 0 else status - 128
    return {6: "SIGABRT", 11: "SIGSEGV", 7: "SIGBUS", 4: "SIGILL"}.get(number, f"exit status {status}")


def wrong(stream: Stream) -> Iterator[str]:
    """What is odd about the messages that came: each must be a whole message, once, in the order of sending."""
    seen: list[int] = []
    for got in stream.got:
        known = [label for text in got if (label := parsed(text)) is not None]
        message = tuple(Part(ord(label.sender), label.number, label.part) for label in known)
        if len(known) < len(got) or not is_whole(message, PARTS):
            yield f"received [{', '.join(got)}]"
            continue
        first = known[0]
        if first.sender == PROBE:
            continue  # asked before others whether anything arrives: in no order with them, and as often as it takes
        if first.sender != stream.sender:
            yield f"received [{', '.join(got)}], which was for another"
        elif first.number in seen:
            yield f"received {first.sender}{first.number} twice"
        elif seen and first.number < seen[-1]:
            yield f"received {first.sender}{first.number} after {first.sender}{seen[-1]}"
        seen.append(first.number)


def missing(stream: Stream) -> list[int]:
    """The messages that were accepted and never came."""
    whole = {label.number for got in stream.got if got and (label := parsed(got[0])) is not None}
    return [number for number in stream.sent if number not in whole]
