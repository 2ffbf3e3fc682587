"""Families of rows of the verdict matrix: how a machine's rows come into `enomem check`.

A family is all rows of one kind of closed system: (subject, second axis) x property. `family.Family` says what one has
to give, and nothing else has to be written for tasks, cells, claims, traces or `enomem replay`:

1. ``rows``: which subjects (policies, rules) there are with which seconds; ``identifiers``: what is asked of a row.
2. ``searched``, ``endless``, ``proved``: the systems of a row whose states are all visited for safety, whose endless
   runs are looked at for liveness, and which are proved with every bound unknown. A system is a frozen dataclass.
3. ``bounded`` and ``general`` make of a system a `Case`: the machine, what is asked, its obligations for each LIVE
   property, and for proofs the supporting invariants and what is assumed of the parameters.
4. ``phrase`` and ``sentences``: a step, and what was expected and what happened, in words.
5. ``needed``: for each assumption a property that fails without it.

Claims stand in ``spec/claims.toml`` as ``[NAME.SUBJECT.SECOND]``; a property that no other machine is asked stands in
``own`` and in ``spec/properties.md``. To plug in: a module with a `Family`, and its place in ``registry.py``.
"""
