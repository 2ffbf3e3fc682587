"""What a family of rows has to give: its rows, their systems, and the words for their traces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import Diverges, Nondeterministic, OurFault
from ..proof.induction import Candidate
from ..search.graph import Obligation
from ..senders.plan import ANY_POLICY
from ..symbolic.asked import Asked
from ..symbolic.machine import Machine
from ..words.phrases import Phrase

PROGRESS, EACH, RECOVER = "LIVE-PROGRESS", "LIVE-EACH", "LIVE-RECOVER"
LIVENESS = (PROGRESS, EACH, RECOVER)
"""What is asked of endless runs; everything else is asked of states and steps."""


@dataclass(frozen=True)
class Row:
    """One row: a ``subject`` of ``family`` with a ``second``, or alone.

    ``text`` is by what the subject is loaded: its name, or a user's file.
    """

    family: str
    subject: str
    second: str = ANY_POLICY
    text: str = ""

    @property
    def named(self) -> str:
        """The row in words."""
        return " ".join(part for part in (self.family, self.subject, self.second) if part != ANY_POLICY)


@dataclass(frozen=True)
class Case:
    """One closed system as the engines take it.

    ``obligations`` by LIVE property; ``candidates`` and ``assume`` are of proofs: the supporting invariants, and what
    is assumed of the parameters. ``scope`` says in words what a proof is for.
    """

    machine: Machine[Any, Any]
    asked: Asked
    obligations: Mapping[str, tuple[Obligation, ...]] = field(default_factory=dict)
    candidates: Sequence[Candidate] = ()
    assume: Callable[[], object] = lambda: True
    scope: str = ""


@dataclass(frozen=True)
class Need:
    """An assumption without which a property of ``row`` fails: the ``system`` in which it does.

    As in the matrix, LIVE-PROGRESS and its like are asked of the endless runs of ``system``, the others of its states;
    ``calm`` False lets the environment be hostile for ever, ``fair`` False demands no fairness.
    """

    assumption: str
    identifier: str
    row: Row
    system: Any
    calm: bool = True
    fair: bool = True


@dataclass(frozen=True)
class Moment:
    """One step of a trace; a step that raised has no ``step`` but the exception's text in ``error``."""

    action: Any
    before: Any
    step: Any
    error: str | None

    @property
    def after(self) -> Any:
        """The state after the step."""
        return self.before if self.step is None else self.step.state


@dataclass(frozen=True)
class Trace:
    """A run of a row's ``system``; ``cycle`` is the index of the step with which a lasso's cycle begins."""

    row: Row
    system: Any
    case: Case
    steps: tuple[Moment, ...]
    identifier: str | None = None
    cycle: int | None = None
    first: int = 0
    """From which letter on its messages are named, where it is told together with another."""

    @property
    def end(self) -> Any:
        """The state after the last step."""
        return self.steps[-1].after if self.steps else self.case.machine.initial


class Family(ABC):
    """The rows of one kind of closed system; see the package for what each method is for."""

    name: str
    """As claims, cells and traces name it."""
    title: str
    """What it is, in a sentence."""
    unbounded: tuple[str, ...]
    """What is unbounded in its proofs, in words."""
    small: bool = False
    """Its systems have so few states that stepping through them one by one is quicker than compiling a search."""
    never: tuple[str, ...] = ()
    """Kinds of actions that are offered and never happen, which is what some property says."""
    own: tuple[str, ...] = ()
    """Properties that are asked of this family only."""
    guards: tuple[str, ...] = ()
    """Without a proof of these no other proof of the same system counts."""

    @abstractmethod
    def rows(self, texts: Sequence[str] = ()) -> list[Row]:
        """The rows of the subjects that ``texts`` name, or of all; UsageError for one that there is not."""

    @abstractmethod
    def identifiers(self, row: Row) -> tuple[str, ...]:
        """What is asked of a row, in the order in which it is shown."""

    @abstractmethod
    def searched(self, row: Row) -> tuple[Any, ...]:
        """The bounded systems all of whose states are visited."""

    @abstractmethod
    def endless(self, row: Row) -> tuple[Any, ...]:
        """The bounded systems whose endless runs are looked at."""

    @abstractmethod
    def proved(self, row: Row) -> tuple[Any, ...]:
        """The systems that are proved with every bound unknown."""

    @abstractmethod
    def bounded(self, system: Any) -> Case:
        """A system with its bounds."""

    @abstractmethod
    def general(self, system: Any) -> Case:
        """A system with every bound an unknown."""

    @abstractmethod
    def phrase(self, trace: Trace, moment: Moment) -> Phrase:
        """A step in words, without its rule."""

    @abstractmethod
    def sentences(self, trace: Trace) -> tuple[str, ...]:
        """What was expected and what happened, in two sentences."""

    def command(self, row: Row) -> str:
        """The options of `enomem check` that ask for a row."""
        found = f"--family {self.name} --subject {row.subject}"
        return found if row.second == ANY_POLICY else f"{found} --with {row.second}"

    def known(self) -> tuple[tuple[str, Row, str, int], ...]:
        """The counterexamples that the generated page shows: a title, the row, the property, and which one of it."""
        return ()

    def needed(self) -> tuple[Need, ...]:
        """For each assumption of this family a property that is violated without it."""
        return ()

    def blame(self, error: Diverges | Nondeterministic, row: Row) -> Exception:
        """Whose fault it is that a step cannot be run on symbols: ours, unless the subject is a user's."""
        return OurFault(f"{row.named}: {error}")
