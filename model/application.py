"""The application that sends, and its recovery: what it does after ENOMEM.

A policy is right or wrong only together with a recovery (the letter, L8). After EAGAIN and while it waits an
application calls again with the same part. After ECONNRESET the unfinished message is gone on either side, and
every application starts it again from its first part, whatever its recovery.
"""

from dataclasses import dataclass, replace
from enum import Enum

from .send import Answer


class Recovery(Enum):
    """What the application sends after ENOMEM."""

    RESTART = "RESTART"
    RESUME = "RESUME"
    NEXT = "NEXT"


@dataclass(frozen=True, slots=True)
class Application:
    """An application that sends numbered messages: the ``message`` it is at, the ``part`` it sends next (from 0).

    ``abort``: its next call drops the unfinished message (SEND-11), because its own allocation failed (SEND-10).
    """

    message: int = 1
    part: int = 0
    abort: bool = False


def answered(app: Application, recovery: Recovery, answer: Answer, last: bool, numbered: bool) -> Application:
    """What the application is at after its call was answered; ``numbered`` counts messages (else all are alike)."""
    match answer:
        case Answer.OK:
            return following(app, numbered) if last else replace(app, part=app.part + 1)
        case Answer.NO_MEMORY:
            return recovered(app, recovery, numbered)
        case Answer.GONE:
            return replace(app, part=0)
        case _:
            return app


def recovered(app: Application, recovery: Recovery, numbered: bool) -> Application:
    """What the application does after ENOMEM, by its recovery."""
    match recovery:
        case Recovery.RESTART:
            return replace(app, part=0)
        case Recovery.RESUME:
            return app
        case Recovery.NEXT:
            return following(app, numbered)


def must_abort(recovery: Recovery) -> bool:
    """After a frame could not be had, must the unfinished message be aborted?  Not if its part is sent again."""
    return recovery != Recovery.RESUME


def following(app: Application, numbered: bool) -> Application:
    """The application at the first part of its next message."""
    return replace(app, message=app.message + 1 if numbered else app.message, part=0)
