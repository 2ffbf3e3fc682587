"""What one `enomem check` is asked for: its options, completed and understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import psutil

from enomem.model.application import Recovery
from enomem.model.policies import POLICIES
from enomem.spec.claims import claims, family_claims, pattern_claims

from ..errors import UsageError
from ..families import registry
from ..families.family import Row
from ..judging.matrix import Job
from ..patterns import plan as pattern_plan
from ..patterns import properties as pattern_properties
from ..policies.file import load_policy
from ..search.search import MEMORY_SHARE
from ..senders.properties import PROPERTIES

ALL = (*PROPERTIES, *pattern_properties.PROPERTIES, *registry.own())
"""Every property that is asked of anything."""


def make(
    policies: Sequence[str], recoveries: Sequence[str], identifiers: Sequence[str], patterns: Sequence[str],
    deep: bool, bounds: dict[str, int | None], max_memory: int | None, timeout: float, count: int,
    subjects: Mapping[str, Sequence[str]] | None = None, seconds: Sequence[str] = (),
) -> Job:  # fmt: skip
    """What is asked for; UsageError names what is unknown and what is like it.

    Without options all is asked for. Types of sockets and families are asked for by name, or by a property that only
    they have; a choice of anything else is of senders alone. ``subjects`` has, by family, what was chosen of it: an
    empty choice is the whole family.
    """
    subjects = subjects or {}
    chosen = {name: value for name, value in bounds.items() if value is not None}
    everything = not (policies or recoveries or identifiers or patterns or subjects or chosen)
    asked = [_known(i, ALL, "property") for i in dict.fromkeys(identifiers)] or list(ALL)
    types = [_known(p, pattern_plan.TYPES, "pattern") for p in dict.fromkeys(patterns)]
    rows = [row for row in _rows(subjects, everything, identifiers, asked) if not seconds or row.second in seconds]
    if seconds and not rows:
        raise UsageError(f"nothing is combined with {' or '.join(seconds)}; name a --family that has it")
    own = identifiers and not set(asked).isdisjoint(pattern_properties.PROPERTIES)
    if not types and not subjects and (everything or own):
        types = list(pattern_plan.TYPES)
    if chosen and (types or rows):
        raise UsageError(f"--{next(iter(chosen))} is for searches of senders; all others have their own bounds")
    texts = list(dict.fromkeys(policies)) or [policy.name for policy in POLICIES]
    share = psutil.virtual_memory().available * MEMORY_SHARE / count
    loaded = {text: load_policy(text) for text in texts}
    return Job(
        policies=[(text, policy.name) for text, policy in loaded.items()],
        reserves={text: policy.reserves for text, policy in loaded.items()},
        recoveries=[_known(r, [x.value for x in Recovery], "recovery") for r in dict.fromkeys(recoveries)]
        or [r.value for r in Recovery],
        identifiers=asked,
        bounds=chosen or None,
        deep=deep,
        claims=dict(claims()) if not chosen else {},
        patterns=types,
        senders=not patterns and not subjects and any(name in PROPERTIES for name in asked),
        pattern_claims=dict(pattern_claims()),
        rows=rows,
        family_claims=dict(family_claims()),
        needed=everything,
        max_bytes=int(max_memory * 2**20 if max_memory else share),
        timeout=timeout,
    )


def _rows(
    subjects: Mapping[str, Sequence[str]], everything: bool, identifiers: Sequence[str], asked: Sequence[str]
) -> list[Row]:
    """The rows of families that are asked for."""
    if not subjects and (everything or (identifiers and not set(asked).isdisjoint(registry.own()))):
        subjects = dict.fromkeys(registry.FAMILIES, ())
    found: list[Row] = []
    for name, texts in subjects.items():
        if name not in registry.FAMILIES:
            raise UsageError(f"there is no family {name!r}; known are {', '.join(registry.FAMILIES)}")
        family = registry.FAMILIES[name]
        found += [row for row in family.rows(texts) if not set(asked).isdisjoint(family.identifiers(row))]
    return found


def _known(given: str, known: Sequence[str], what: str) -> str:
    if given.upper() in known:
        return given.upper()
    near = get_close_matches(given.upper(), known, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    raise UsageError(f"there is no {what} {given!r}; {hint}")
