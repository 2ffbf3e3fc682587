"""A machine of the wire in a recorded run: made again and told again; what it asks is answered as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from enomem.model.reference import wired
from enomem.model.reference.encoding import encode
from enomem.model.reference.record import MADE
from enomem.model.wire.peers import Local

from ..errors import UsageError
from .format import Line
from .steps import MACHINES, Known


class Unasked(Exception):
    """The model asks what was not asked in the run."""


class Replica:
    """A machine as the plain model has it: ``kind`` is its class; it comes into being with the step that made it."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self._machine: Any = None
        self._answers: list[Any] = []

    @property
    def made(self) -> bool:
        """Is there a machine already?"""
        return self._machine is not None

    def begins(self, asked: object, where: str) -> None:
        """The next step asked this in the run; UsageError if nothing can have been asked like that."""
        if not isinstance(asked, list | tuple) or not all(
            isinstance(one, list) and len(one) == len(("username", "password", "answer")) and type(one[-1]) is bool
            for one in asked
        ):
            raise UsageError(f"{where}.asked: lists of a username, a password and an answer were expected here")
        self._answers = list(asked)

    def function(self, name: str) -> Any:
        """The step of this name: what makes the machine, or one of its methods."""
        return self.kind if name == MADE else getattr(self._machine, name)

    def heard(self, values: dict[str, Any]) -> dict[str, Any]:
        """What the machine is made of, its questions answered from the run."""
        return {
            name: replace(value, authenticate=self._ask)
            if isinstance(value, Local) and value.authenticate is not None
            else value
            for name, value in values.items()
        }

    def outcome(self, name: str, result: Any) -> object:
        """What is seen of the machine after a step."""
        if name == MADE:
            self._machine = result
            return None
        return wired.seen(self._machine, result)

    def left(self) -> Iterator[str]:
        """What was asked in the run, and not by the model."""
        for one in self._answers:
            yield f"a password was asked about in the run and not in the model: {one[:-1]}"

    def _ask(self, username: bytes, password: bytes) -> bool:
        asked = [encode(username), encode(password)]
        if not self._answers or self._answers[0][:-1] != asked:
            raise Unasked(f"{asked} is asked in the model and was not in the run")
        return bool(self._answers.pop(0)[-1])


def replica(line: Line, machines: dict[str, Any]) -> Replica | None:
    """The machine of the wire that a line is about, None if it is about something else; UsageError if there is none."""
    if not isinstance(line.of, str) or line.of not in MACHINES:
        return None
    kind, subject = MACHINES[line.of][0], line.subjects[0]
    if line.name == MADE:
        machines[subject] = Replica(kind)
    found = machines.get(subject)
    if not isinstance(found, Replica) or found.kind is not kind or (line.name != MADE and not found.made):
        raise UsageError(f"line {line.number}.at: no {line.of} of this name was made")
    return found


def known(line: Line) -> Known | None:
    """What is known of a step of such a machine; None if it has no step of this name."""
    return Known() if line.name == MADE else MACHINES[line.of][1].get(line.name)
