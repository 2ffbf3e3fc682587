"""Which families of rows there are, by name, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping

from .connection import CONNECTION
from .family import Family
from .receive import RECEIVE
from .sharing import SHARING

FAMILIES: Mapping[str, Family] = {family.name: family for family in (RECEIVE, SHARING, CONNECTION)}


def own() -> tuple[str, ...]:
    """The properties that are asked of families only."""
    return tuple(dict.fromkeys(name for family in FAMILIES.values() for name in family.own))
