"""Defects of the pool: what is charged, what is given back, and when it is refused."""

from collections.abc import Sequence

from enomem.model.application import Recovery
from enomem.model.memory import Grant, Need, Pool, Site, give, take
from enomem.model.policies import DISCARD, KEEP
from enomem.model.send import Sizes

from .harness import Mutant

TAKE, GIVE = "enomem.model.memory:take", "enomem.model.memory:give"


def _charged(pool: Pool, needs: Sequence[Need]) -> Pool:
    return Pool(pool.limit, pool.used + sum(need.amount for need in needs))


def limit_ignored(pool: Pool, needs: Sequence[Need], refuse: Site | None) -> Grant:
    grant = take(Pool(pool.limit + 100, pool.used), needs, refuse)
    return Grant(Pool(pool.limit, grant.pool.used), grant.rule, grant.refused)


def limit_off_by_one(pool: Pool, needs: Sequence[Need], refuse: Site | None) -> Grant:
    grant = take(Pool(pool.limit + 1, pool.used), needs, refuse)
    return Grant(Pool(pool.limit, grant.pool.used), grant.rule, grant.refused)


def charged_though_refused(pool: Pool, needs: Sequence[Need], refuse: Site | None) -> Grant:
    grant = take(pool, needs, refuse)
    return grant if grant.refused is None else Grant(_charged(pool, needs), grant.rule, grant.refused)


def body_kept_though_slot_refused(pool: Pool, needs: Sequence[Need], refuse: Site | None) -> Grant:
    grant = take(pool, needs, refuse)
    return Grant(_charged(pool, needs[:1]), grant.rule, grant.refused) if grant.refused == Site.SLOT else grant


def a_unit_leaks(pool: Pool, amount: int) -> Pool:
    return give(pool, amount - 1) if amount > 0 else pool


def a_unit_too_many(pool: Pool, amount: int) -> Pool:
    return give(pool, amount + 1) if amount > 0 else pool


def nothing_given_back(pool: Pool, amount: int) -> Pool:
    return pool


def lookahead_not_charged(sizes: Sizes, slot: int) -> tuple[Need, ...]:
    return (Need(Site.BODY, sizes.part),)


def first_chunk_only(sizes: Sizes, slot: int) -> tuple[Need, ...]:
    return (Need(Site.SLOT, sizes.chunk * slot),) if slot > 0 else (Need(Site.BODY, sizes.part),)


MUTANTS = (
    Mutant("limit ignored", "The pool never refuses because it is full.",
           {TAKE: limit_ignored}, DISCARD, Recovery.RESTART, "SAFE-BOUND", {"memory": 3}),
    Mutant("limit off by one", "The pool grants one unit more than its limit.",
           {TAKE: limit_off_by_one}, KEEP, Recovery.RESUME, "SAFE-BOUND"),
    Mutant("charged though refused", "Memory is taken before it is checked, and not given back on a refusal.",
           {TAKE: charged_though_refused}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("body kept though slot refused", "A part's body stays charged when its queue chunk is refused.",
           {TAKE: body_kept_though_slot_refused}, DISCARD, Recovery.NEXT, "SAFE-CONSERVE"),
    Mutant("a unit leaks", "One unit less is given back than was held.",
           {GIVE: a_unit_leaks}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("a unit too many", "One unit more is given back than was held.",
           {GIVE: a_unit_too_many}, DISCARD, Recovery.RESTART, "SAFE-BOUND"),
    Mutant("nothing given back", "Memory is never given back, so that in the end nobody can send.",
           {GIVE: nothing_given_back}, DISCARD, Recovery.RESTART, "LIVE-DEADLOCK"),
    Mutant("look-ahead not charged", "The chunk that is allocated ahead of need is not charged to the pool.",
           {"enomem.model.send:_needs": lookahead_not_charged}, DISCARD, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("body not charged with a chunk", "A part that needs a new chunk is charged for the chunk alone.",
           {"enomem.model.send:_needs": first_chunk_only}, DISCARD, Recovery.NEXT, "SAFE-CONSERVE"),
)  # fmt: skip
