"""What a regression test that `enomem fuzz --pytest` wrote calls: the program again, on the target it was found on."""

from __future__ import annotations

from ..oracle import call_format
from ..targets.registry import by_name
from .shorten import replayed


def explained(target: str, program: str) -> str | None:
    """How a target deviates on a program (as a recorded run, whose answers do not matter); None: it does not.

    Raises UsageError for a program that is none, and a target that is not to be had.
    """
    setting, events = call_format.loads(program)
    tested = by_name(target)
    try:
        found = replayed(tested, setting, list(events)) or replayed(tested, setting, list(events), to_the_end=True)
    finally:
        tested.end()
    return None if found is None else found.what
