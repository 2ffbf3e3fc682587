"""What a mutant is, and how its defect is put into the machines and taken out again.

The machines call each other through the attributes of their modules, so a defect is another function at that place.
The engines run the machines and nothing else, so all of them see it.
"""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from enomem.model.application import Recovery
from enomem.model.policies import SendPolicy
from enomem.model.system import System

SMALL: Mapping[str, Any] = {"senders": 1, "parts": 2, "memory": 4, "messages": 2}
"""The bounds of a mutant's system, where it needs no others: the smallest in which most defects show."""


@dataclass(frozen=True)
class Mutant:
    """A small defect of the send side: ``patches`` maps ``module:attribute`` to what stands there instead.

    ``violates`` is a property that the system of this ``policy``, ``recovery`` and ``bounds`` has without the defect
    and not with it. ``unproved`` is the property whose proof must fail: the same one, or, where no unbounded proof can
    see the violation, another or None, and then ``why`` says why not. ``live``: its violation is an endless run, found
    in the graph, and has no proof.
    """

    name: str
    what: str
    patches: Mapping[str, Callable[..., Any]]
    policy: SendPolicy
    recovery: Recovery
    violates: str
    bounds: Mapping[str, Any] = field(default_factory=dict)
    live: bool = False
    unproved: str | None = ""
    why: str = ""

    @property
    def system(self) -> System:
        """The bounded system in which the defect shows."""
        return System(self.policy, self.recovery, **{**SMALL, **self.bounds})

    @property
    def loses_proof_of(self) -> str | None:
        """The property that is proved without the defect and not with it."""
        return self.violates if self.unproved == "" else self.unproved

    @property
    def in_socket(self) -> bool:
        """Is the defect in the socket itself, and not in the application, the link or the receiver around it?"""
        outside = ("enomem.model.system:", "enomem.model.application:", "enomem.model.history:")
        return not any(place.startswith(outside) for place in self.patches)


@dataclass(frozen=True)
class PatternMutant:
    """A small defect of a type of socket; ``patches`` as above.

    ``violates`` is what is asked of this ``pattern``, under ``policy`` with ``recovery`` or of its ``turns``, and has
    without the defect and not with it: then a search finds it, and the proof fails, where there is one.
    """

    name: str
    what: str
    patches: Mapping[str, Callable[..., Any]]
    pattern: str
    violates: str
    policy: str = "DISCARD"
    recovery: str = "RESTART"
    turns: bool = False


@dataclass(frozen=True)
class FamilyMutant:
    """A small defect of a machine that has a family of rows; ``patches`` as above, ``module:class.attribute`` too.

    ``violates`` is what is asked of the row (``subject``, ``second``) of ``family``, and what it has without the defect
    and not with it. ``live``: its violation is an endless run and has no proof. ``place``: of which of the proved
    systems of the row the proof is lost.
    """

    name: str
    what: str
    patches: Mapping[str, Callable[..., Any]]
    family: str
    subject: str
    violates: str
    second: str = "any"
    live: bool = False
    place: int = 0


@cache
def remembering() -> tuple[Callable[[], None], ...]:
    """What has the functions of the machines forget the steps that they remember."""
    importlib.import_module("enomem.model.reference")
    modules = [module for name, module in sys.modules.items() if name.startswith("enomem.model")]
    values = [value for module in modules for value in vars(module).values()]
    return tuple(dict.fromkeys(value.cache_clear for value in values if hasattr(value, "cache_clear")))


def forget() -> None:
    """Have the machines forget their steps, which were made with a defect or without one."""
    for clear in remembering():
        clear()


@contextmanager
def applied(mutant: Mutant | PatternMutant | FamilyMutant) -> Iterator[None]:
    """Have the machines run with the defect meanwhile; machines made for the engines meanwhile have it as well."""
    saved: list[tuple[Any, str, Any]] = []
    try:
        for place, replacement in mutant.patches.items():
            module_name, _, attribute = place.partition(":")
            owner: Any = importlib.import_module(module_name)
            *inside, last = attribute.split(".")
            for name in inside:
                owner = getattr(owner, name)
            saved.append((owner, last, getattr(owner, last)))
            setattr(owner, last, replacement)
        forget()
        yield
    finally:
        for owner, name, original in reversed(saved):
            setattr(owner, name, original)
        forget()
