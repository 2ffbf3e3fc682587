"""What the environment asks of the contexts that a program makes."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from enomem.model.policies import DISCARD, POLICIES, SendPolicy

LIMIT, POLICY = "ENOMEM_MEMORY_LIMIT", "ENOMEM_SEND_POLICY"
FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True)
class Settings:
    """``memory_limit`` in octets (None: no bound) and the send policy."""

    memory_limit: int | None
    send_policy: SendPolicy


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of ``environment``; ValueError, one sentence, if one of them cannot be meant."""
    return Settings(_limit(environment.get(LIMIT, "")), _policy(environment.get(POLICY, "")))


def _limit(text: str) -> int | None:
    if not text:
        return None
    found = re.fullmatch(r"([1-9][0-9]*)([KMG]?)(?:iB|B)?", text.strip(), re.ASCII | re.IGNORECASE)
    if found is None:
        raise ValueError(f"{LIMIT} is {text!r}, and a number of octets such as 1000000, 64k, 16M or 1G is wanted")
    return int(found[1]) * FACTORS[found[2].upper()]


def _policy(text: str) -> SendPolicy:
    if not text:
        return DISCARD
    for policy in POLICIES:
        if policy.name == text.strip().upper():
            return policy
    names = ", ".join(policy.name for policy in POLICIES)
    raise ValueError(f"{POLICY} is {text!r}, and one of {names} is wanted")
