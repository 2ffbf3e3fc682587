"""Loading the send policy that a user names: a built-in one, or one of their own in a file.

``enomem check --policy ./mine.py:Mine``. How the file is read stands in `source`, how the policy is
guarded in `guard`; the names that a caller needs are all here.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import TypeVar

from enomem.model.memory import Site
from enomem.model.policies import SendPolicy, Unfinished

from ..errors import UsageError
from .guard import BUILT_IN, Guarded, PolicyRange, blame, first_usage_error
from .rehearsal import rehearse_on_symbols
from .source import PolicyFile, Watch, read, takes

__all__ = ["Guarded", "PolicyRange", "blame", "first_usage_error", "load_policy"]

T = TypeVar("T")

REHEARSED_PARTS = 3
"""Up to how many queued parts a policy is asked about as soon as it is loaded."""

REHEARSED_NOTES = 50
"""How many of its notes are handed back to it then."""


def load_policy(text: str) -> SendPolicy:
    """The policy that ``text`` names: a built-in one in any case of letters, or ``PATH:NAME``.

    NAME is a subclass of SendPolicy, which is made without arguments, or an instance of one. It may be left
    out if the file defines exactly one subclass. Raises UsageError if anything is wrong with the file, the
    policy, or its answers to a few messages of the kind that every policy meets.
    """
    if text.upper() in BUILT_IN:
        return BUILT_IN[text.upper()]
    path, name = place_of(text, BUILT_IN, "policy")
    file = read(path)
    policy = Guarded(file, made(file, name, SendPolicy))
    policy.source = text
    if not policy.reserves:  # else it is never asked
        _rehearse(policy)
        rehearse_on_symbols(policy)
    return policy


def place_of(text: str, built_in: Collection[str], what: str) -> tuple[str, str]:
    """The file and the name in it that ``text`` means; UsageError if there is no such file."""
    path, colon, name = text.rpartition(":")
    if not colon or "/" in name or "\\" in name:  # a path with a colon in it, and no name
        path, name = text, ""
    if not _is_file(path):
        near = get_close_matches(text.upper(), built_in, 1)
        meant = f"did you mean {near[0]}" if near else f"name {', '.join(built_in)}, or a file as PATH:NAME"
        raise UsageError(f"{text}: there is no built-in {what} and no file {path}; {meant}")
    return path, name


def made(file: PolicyFile, name: str, base: type[T]) -> T:
    """The policy of a file that ``name`` means, or the only one there is, if it is empty."""
    return _made(file, *_found(file, name, base), base)


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # too long, or not to be looked at
        return False


def _found(file: PolicyFile, name: str, base: type) -> tuple[str, object]:
    """The object in the file that ``name`` means, and its name; without one, the only policy there is."""
    held = {key: value for key, value in vars(file.module).items() if not key.startswith("__")}
    own = [key for key, value in held.items() if isinstance(value, type) and _defines(file, key, value, base)]
    if not name:
        if not own:
            advice = f"write 'class Mine({base.__name__}):' with a method 'refused'"
            raise file.fault(1, "defines no policy", advice)
        if len(own) > 1:
            advice = f"name one, as in {file.path}:{own[0]}"
            raise file.fault(file.line_of(own[1]), f"defines the policies {' and '.join(own)}", advice)
        name = own[0]
    if name not in held:
        near = (*get_close_matches(name, held, 1), *own)
        if not near:
            raise file.fault(1, f"defines no {name!r} and no policy", f"write 'class {name}({base.__name__}):'")
        advice = f"did you mean {file.path}:{near[0]}"
        raise file.fault(file.line_of(near[0]), f"defines {near[0]!r} but no {name!r}", advice)
    return name, held[name]


def _defines(file: PolicyFile, name: str, kind: type, base: type) -> bool:
    """Is ``kind`` a policy that the file defines under this name, rather than imports or names again?"""
    here = kind.__module__ == file.module.__name__ and kind.__name__ == name
    return here and issubclass(kind, base)


def _made(file: PolicyFile, name: str, found: object, base: type[T]) -> T:
    """The policy object that ``found``, called ``name`` in the file, is or makes."""
    line = file.line_of(name)
    if isinstance(found, base):
        return found
    if not isinstance(found, type):
        advice = f"name a subclass of {base.__name__} or an instance of one"
        raise file.fault(line, f"{name!r} is of type {type(found).__name__}, not a policy", advice)
    if not issubclass(found, base):
        advice = f"write 'class {name}({base.__name__}):', with {base.__name__} from enomem"
        raise file.fault(line, f"{name!r} is a class but not a {base.__name__}", advice)
    if not takes(found):
        advice = f"give them defaults, or write 'mine = {name}(...)' in the file and name 'mine'"
        raise file.fault(file.line_of(name, "__init__"), f"{name!r} cannot be made without arguments", advice)
    return file.run(found, f"while {name}() was made", line, Watch(file.path))


def _rehearse(policy: Guarded) -> None:
    """Ask about messages that can come before every policy, so that plain faults are told with plain numbers.

    A first refusal can find any number of parts queued, the note being 0; a later one at least the parts, and
    exactly the note, of the answer before it.
    """
    waiting, met = [(0, 0)], set[tuple[int, int]]()
    while waiting and len(met) < REHEARSED_NOTES:
        least, note = waiting.pop()
        counts = range(least, REHEARSED_PARTS + 1)
        for kept, last, site in product(counts, (False, True), (Site.BODY, Site.SLOT)):
            answer = policy.refused(Unfinished(kept, last, site, note))
            later = (answer.keep, answer.note)
            if answer.keep > 0 and not answer.skip and later not in met:
                met.add(later)
                waiting.append(later)
