"""What a step of the closed system returns, and the effects that a holder of payloads carries out."""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from .memory import Site
from .rules import Rule
from .send import Answer

S = TypeVar("S")


class Do(Enum):
    """What the holder of the payloads has to do; it decides nothing."""

    APPEND = "append"
    ROLL_BACK = "roll back"
    COMMIT = "commit"
    BEGIN = "begin transfer"
    ARRIVE = "arrive"
    LOSE = "lose"
    DROP_PIPE = "drop pipe"
    DELIVER = "deliver"


@dataclass(frozen=True, slots=True)
class Effect:
    """Do this at ``sender``'s payloads; ``count`` parts, where it is a matter of parts."""

    do: Do
    sender: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """One step: the rules that made it (the first names it), the next state, what the caller was told, effects.

    ``refused`` is the site that got no memory. ``unit`` describes the message that was committed or delivered:
    0 if it is exactly one message that an application sent, else its number of parts; None if there was none.
    ``completed`` says that the call told an application that the last part of its message was accepted.
    ``settled`` says that the step met an obligation or ended one: completed, delivered, or given up by its owner.
    """

    rules: tuple[Rule, ...]
    state: S
    answer: Answer = Answer.NONE
    refused: Site | None = None
    unit: int | None = None
    completed: bool = False
    settled: bool = False
    effects: tuple[Effect, ...] = ()
