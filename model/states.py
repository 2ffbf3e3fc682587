"""How the states are declared that are made anew for each message.

A frozen dataclass costs three times a plain one to construct, and a running socket makes two of these for each message
on either side. So they are plain at run time, and frozen for the type checkers: whoever assigns to a field of one is
stopped by mypy and pyright.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def state(kind: type[T]) -> type[T]:
    """A dataclass of a state: compared and hashed by its fields, never changed."""
    return dataclass(slots=True, unsafe_hash=True)(kind)
