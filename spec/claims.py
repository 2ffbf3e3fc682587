"""The claims of the specification, the violated ones included: ``claims.toml``, read and checked for form."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

VERDICTS = ("PROVED", "EXHAUSTED", "VIOLATED")


@cache
def claims() -> Mapping[tuple[str, str, str], str]:
    """What is claimed of (policy, recovery, property): PROVED, EXHAUSTED or VIOLATED."""
    data = tomllib.loads(files("enomem.spec").joinpath("claims.toml").read_text(encoding="utf-8"))
    return _read(data["sender"])


@cache
def pattern_claims() -> Mapping[tuple[str, str, str, str], str]:
    """What is claimed of (type of socket, policy, recovery, property); policy and recovery may be "any"."""
    data = tomllib.loads(files("enomem.spec").joinpath("claims.toml").read_text(encoding="utf-8"))
    return {
        (pattern, *key): verdict
        for pattern, policies in data["pattern"].items()
        for key, verdict in _read(policies).items()
    }


@cache
def family_claims() -> Mapping[tuple[str, str, str, str], str]:
    """What is claimed of (family, subject, second, property); the second may be "any"."""
    data = tomllib.loads(files("enomem.spec").joinpath("claims.toml").read_text(encoding="utf-8"))
    return {
        (family, *key): verdict
        for family, subjects in data.items()
        if family not in ("version", "sender", "pattern")
        for key, verdict in _read(subjects).items()
    }


def _read(policies: Mapping[str, Mapping[str, Mapping[str, list[str]]]]) -> dict[tuple[str, str, str], str]:
    """The claims of a table by policy, recovery and verdict."""
    found: dict[tuple[str, str, str], str] = {}
    for policy, recoveries in policies.items():
        for recovery, cells in recoveries.items():
            for verdict, identifiers in cells.items():
                if verdict not in VERDICTS:
                    raise ValueError(f"claims.toml: {policy} {recovery}: {verdict} is not a claim")
                for identifier in identifiers:
                    key = (policy, recovery, identifier)
                    if key in found:
                        raise ValueError(f"claims.toml: {' '.join(key)} is claimed twice")
                    found[key] = verdict
    return found
