"""What a socket's monitor reports: the life of its connections, and every visible loss."""

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum

from ..rules import Rule

KEPT = 1000
"""Events that wait to be read; older ones are dropped, and the next event says how many."""


class EventKind(Enum):
    """What happened."""

    LISTENING = "listening"
    BIND_FAILED = "bind failed"
    CONNECT_DELAYED = "connecting"
    CONNECT_RETRIED = "retried"
    CONNECTED = "connected"
    ACCEPTED = "accepted"
    ACCEPT_FAILED = "accept failed"
    HANDSHAKE_SUCCEEDED = "handshake succeeded"
    HANDSHAKE_FAILED = "handshake failed"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"
    STALLED = "stalled"
    RESUMED = "resumed"
    DISCARDED = "discarded"
    ATTACHED = "attached"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: at which ``endpoint``, for which ``reason``, by which ``rule``.

    ``messages`` were lost, where some were; ``value`` is a descriptor, an errno or a delay in milliseconds, as
    libzmq has it for the kind. ``missed`` earlier events were dropped because nobody read them.
    """

    kind: EventKind
    endpoint: str = ""
    reason: str = ""
    rule: Rule | None = None
    messages: int = 0
    value: int = 0
    missed: int = 0


class Monitor:
    """A bounded queue of events; nothing is queued before somebody asked for events."""

    __slots__ = ("_missed", "_waiting", "wanted")

    def __init__(self) -> None:
        self.wanted = False
        self._waiting: deque[Event] = deque()
        self._missed = 0

    def put(self, event: Event) -> None:
        """Keep ``event`` to be read; the oldest goes if there are too many."""
        if not self.wanted:
            return
        if len(self._waiting) >= KEPT:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(event)

    def take(self) -> Event | None:
        """The oldest event that waits, None if none does."""
        if not self._waiting:
            return None
        event = self._waiting.popleft()
        if self._missed:
            event = replace(event, missed=self._missed)
            self._missed = 0
        return event

    def drain(self) -> list[Event]:
        """All events that wait, oldest first."""
        return list(iter(self.take, None))
