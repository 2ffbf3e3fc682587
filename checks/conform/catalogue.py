"""All cases, and how some of them are chosen by the beginnings of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from ..errors import UsageError
from .case import Case, Section
from .sections import (
    commands,
    connection,
    frames,
    greeting,
    half_sent,
    handshake,
    high_water,
    memory,
    memory_elsewhere,
    plain,
    publishing,
    requesting,
    routing,
    subscribing,
    taking_turns,
)

SECTIONS: tuple[Section, ...] = (
    greeting.section,
    frames.section,
    commands.section,
    handshake.section,
    plain.section,
    connection.section,
    half_sent.section,
    taking_turns.section,
    requesting.section,
    routing.section,
    publishing.section,
    subscribing.section,
    high_water.section,
    memory.section,
    memory_elsewhere.section,
)


def cases() -> list[Case]:
    """Every case, in the order of the sections."""
    return [case for section in SECTIONS for case in section.cases]


def chosen(prefixes: Sequence[str], excluded: Sequence[str] = ()) -> list[Case]:
    """The cases under any of these prefixes, all where there is none, without those under the excluded ones.

    A prefix is one or more whole steps of an id: ``wire``, ``wire/2``, ``wire/2/3``. UsageError with the nearest ids
    if nothing is under one.
    """
    every = cases()
    for prefix in (*prefixes, *excluded):
        if not any(under(case, prefix) for case in every):
            raise UsageError(f"there is no case {prefix!r}{nearest(prefix)}")
    return [
        case
        for case in every
        if (not prefixes or any(under(case, prefix) for prefix in prefixes))
        and not any(under(case, prefix) for prefix in excluded)
    ]


def under(case: Case, prefix: str) -> bool:
    """Is the case's id this one, or does it begin with it?"""
    return f"{case.id}/".startswith(prefix.rstrip("/") + "/")


def nearest(prefix: str) -> str:
    """What to say of a prefix that nothing is under: those that are most like it."""
    parts = [case.id.split("/") for case in cases()]
    known = {"/".join(part[:length]) for part in parts for length in range(1, 4)}
    near = get_close_matches(prefix.lower(), sorted(known), 3, 0.5)
    return f"; the nearest: {', '.join(near)}" if near else "; --list shows all"
