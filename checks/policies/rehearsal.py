"""A user's policy on symbols and on numbers: the two must answer alike, or nothing that an engine says counts.

The engines run a policy on symbols, and the search is compiled from those runs, so an answer that symbols get and
numbers do not would be believed by both. Here each symbolic path is held against plain calls on a grid of small
messages, before any engine starts.
"""

from __future__ import annotations

from functools import partial
from itertools import product

from enomem.model.memory import Site
from enomem.model.policies import Unfinished

from ..errors import Diverges, Nondeterministic, NotSymbolic
from ..symbolic import terms
from ..symbolic.explore import Path, explore
from ..symbolic.symbols import Boolean, Integer, condition_of, form_of
from .guard import Guarded, PolicyRange

LARGEST_KEPT, LARGEST_NOTE = 16, 4
"""The grid: no machine that is searched by default keeps more parts, and few policies use more notes."""


def rehearse_on_symbols(policy: Guarded) -> None:
    """Raise a PolicyError if ``policy`` answers symbols and numbers differently, or cannot answer symbols."""
    notes = min(policy.notes, LARGEST_NOTE)
    ranges = {"kept": (0, LARGEST_KEPT), "last?": (0, 1), "note": (0, notes)}
    kept, note = Integer(terms.variable("kept")), Integer(terms.variable("note"))
    last = Boolean(terms.is_zero(terms.add(terms.variable("last?"), terms.constant(-1))))
    for site in (Site.BODY, Site.SLOT, Site.RESERVATION):
        shown = Unfinished(kept, last, site, note)  # type: ignore[arg-type]  # symbols stand for numbers
        try:
            paths = [_closed(path) for path in explore(partial(_forms, policy, shown), ranges)]
        except (Diverges, Nondeterministic) as error:
            raise policy.blame(error) from None
        except NotSymbolic as error:
            advice = "compare kept, last and note with '==', '<' and the like, and only with ints and each other"
            raise policy.fault(f"{error}, but a check shows the policy symbols", advice) from None
        for number, flag, own in product(range(LARGEST_KEPT + 1), (0, 1), range(notes + 1)):
            values = {"kept": number, "last?": flag, "note": own}
            told = [found for condition, found in paths if terms.holds(condition, values)]
            if [_plain(found, values) for found in told] != [_answer(policy, number, bool(flag), site, own)]:
                what = f"answers symbols otherwise than numbers (kept {number}, last {bool(flag)}, note {own})"
                raise policy.fault(what, "compare values with '==', '<' and the like, and nothing else")


Forms = tuple[terms.Form, terms.Condition, terms.Form]


def _forms(policy: Guarded, shown: Unfinished) -> Forms:
    reaction = policy.refused(shown)
    return form_of(reaction.keep), condition_of(reaction.skip), form_of(reaction.note)


def _closed(path: Path[Forms]) -> tuple[terms.Condition, Forms | PolicyRange]:
    if path.error is not None:
        if not isinstance(path.error, PolicyRange):
            raise path.error
        return path.condition, path.error
    assert path.value is not None
    return path.condition, path.value


def _plain(found: Forms | PolicyRange, values: dict[str, int]) -> tuple[int, bool, int] | None:
    if isinstance(found, PolicyRange):
        return None
    keep, skip, note = found
    return terms.evaluate(keep, values), terms.holds(skip, values), terms.evaluate(note, values)


def _answer(policy: Guarded, kept: int, last: bool, site: Site, note: int) -> tuple[int, bool, int] | None:
    """What the policy answers numbers; None if that is out of range, which the engines tell if it can come."""
    try:
        reaction = policy.refused(Unfinished(kept, last, site, note))
    except PolicyRange:
        return None
    return reaction.keep, reaction.skip, reaction.note
