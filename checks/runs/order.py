"""What a socket has to tell its pattern, and when: a message that was begun is committed or dropped before the next.

The threads of a run say that no state was changed between two steps. That a step was left out shows here, where the
machines meet: the send machine says that a message is committed, and the pattern has to hear of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from enomem.model.patterns.pattern import AnyPattern, Way

BEGUN = (Way.PIPE, Way.FAN)
MANY = -1
"""The place of a message to many, each of whose copies has a send state of its own."""


class Order:
    """What each socket has begun and not finished: the place that it sends to, and whether a message is being taken."""

    def __init__(self) -> None:
        self._sending: dict[str, int] = {}
        self._taking: set[str] = set()
        self._committed: set[str] = set()

    def sent(self, name: str, committed: bool) -> None:
        """A step of a socket's own send machine ended, with a commit or without."""
        if committed:
            self._committed.add(name)

    def told(self, name: str, pattern: AnyPattern, step: str, values: Any, outcome: Any) -> Iterator[str]:
        """A pattern was asked or told something; says what was left out before."""
        match step:
            case "begin" if outcome.way in BEGUN:
                # One to many has no place that a pattern keeps, and a subscription among them is no message at all.
                if self._sending.get(name, MANY) != MANY:
                    yield "a message was begun before, and neither committed nor dropped"
                self._sending[name] = outcome.pipe if outcome.way == Way.PIPE else MANY
                self._committed.discard(name)
            case "committed":
                if self._sending.get(name) != MANY and not (name in self._sending and name in self._committed):
                    yield "no message was begun and its last part accepted"
                self._over(name)
                if pattern.drains:
                    self._taking.discard(name)
            case "dropped":
                self._over(name)
            case "detached":
                self._detached(name, values["place"])
            case "offered":
                if name in self._taking:
                    yield "what was delivered before was not taken"
                if outcome.deliver:
                    self._taking.add(name)
            case "taken":
                if name not in self._taking:
                    yield "nothing was delivered"
                self._taking.discard(name)

    def _over(self, name: str) -> None:
        self._sending.pop(name, None)
        self._committed.discard(name)

    def _detached(self, name: str, place: int) -> None:
        current = self._sending.get(name, -1)
        if current == place:
            self._over(name)
        elif current > place:
            self._sending[name] = current - 1
