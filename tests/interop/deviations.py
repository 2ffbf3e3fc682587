"""Where a peer is known not to do what the specification asks: case id -> reason.

A case is named as pytest names it, without the folder: ``test_pairs.py::test_name[parameters]``. It is run all the same
and must fail; once the peer is mended it succeeds, the run turns red, and the line has to go. Nothing here excuses
enomem: a defect of our own is mended, not listed.
"""

from itertools import product


def cases(name: str, *choices: tuple[str, ...]) -> list[str]:
    """Every case of a test whose parameters are among these."""
    return [f"{name}[{'-'.join(chosen)}]" for chosen in product(*choices)]


KNOWN: list[tuple[str, list[str]]] = [
    (
        "pyomq 0.21: REP takes the last empty part for the delimiter, not the first, and loses what is before it",
        cases("test_pairs.py::test_a_pair_talks", ("pyomq",), ("REQ", "DEALER"), ("empty",)),
    ),
]
DEVIATIONS: dict[str, str] = {case: reason for reason, found in KNOWN for case in found}
