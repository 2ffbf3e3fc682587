"""The table of broken implementations in ``docs/generated``, and the whole cross table on demand.

``python tests/conform_mutants/table.py`` writes the page; with ``--cross`` it runs every case against every mutant and
prints which see it, and at last the cases that see none. That takes an hour or two; names of mutants choose among them.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

from conform_mutants import from_behaviours, from_machines, lives, manners, openings, publishing, traffic, wire  # noqa: E402
from conform_mutants.mutant import CALM, Mutant, broken, is_seen  # noqa: E402
from enomem.checks.conform.case import Case  # noqa: E402
from enomem.checks.conform.catalogue import cases  # noqa: E402
from enomem.checks.conform.run import run_case  # noqa: E402
from enomem.checks.words.markdown import table  # noqa: E402

MUTANTS: tuple[Mutant, ...] = (
    *wire.MUTANTS, *openings.MUTANTS, *traffic.MUTANTS, *lives.MUTANTS, *manners.MUTANTS, *publishing.MUTANTS,
    *from_machines.MUTANTS, *from_behaviours.MUTANTS,
)  # fmt: skip
PAGE = ROOT / "docs" / "generated" / "conform-mutants.md"
HEAD = """<!-- Made by `python tests/conform_mutants/table.py`; do not edit. -->

# Is the conformance suite any good?

Each row is the reference socket with one defect. The cases named beside it must fail on it, and
`tests/test_conform_mutants.py` runs them; without a defect the reference passes every case
(`tests/test_conform_reference.py`).

"""

BY_CASE = """
## Each case, and what it has been seen to see

A case that fails on none of them would be a check of which nobody knows whether it can fail.

"""


def page() -> str:
    """The table as Markdown."""
    sentences = {case.id: case.sentence for case in cases()}
    rows = [
        [mutant.name, mutant.what, "<br>".join(f"`{case}` {sentences[case]}" for case in mutant.seen)]
        for mutant in MUTANTS
    ]
    seeing = [[f"`{case.id}`", case.sentence, "<br>".join(names)] for case, names in seen()]
    never = [case.id for case, names in seen() if not names]
    told = f"{len(MUTANTS)} broken implementations; {len(seeing) - len(never)} of {len(seeing)} cases fail on one."
    told += f" These fail on none: {', '.join(never)}." if never else ""
    by_defect = table(("defect", "what is wrong", "cases that see it"), rows)
    return HEAD + told + "\n\n" + by_defect + BY_CASE + table(("case", "what it asks", "defects that it sees"), seeing)


def seen() -> list[tuple[Case, list[str]]]:
    """Each case, and the names of the mutants that it must see."""
    return [(case, [mutant.name for mutant in MUTANTS if case.id in mutant.seen]) for case in cases()]


def cross(names: Sequence[str]) -> Iterator[str]:
    """For each mutant a line with all cases that see it; then those that see none of them.

    First what is seen without a defect: nothing, or the machine is too busy for the rest to mean anything.
    """
    unseen = [case.id for case in cases()]
    yield f"without a defect: {', '.join(_seeing(Mutant('none', '', {}, ())))}"
    for mutant in MUTANTS:
        if names and mutant.name not in names:
            continue
        found = _seeing(mutant)
        unseen = [case for case in unseen if case not in found]
        yield f"{mutant.name}: {', '.join(found)}"
    yield f"see none of them: {', '.join(unseen)}"


def _seeing(mutant: Mutant) -> list[str]:
    with broken(mutant, CALM) as subject:
        return [case.id for case in cases() if is_seen(run_case(case, subject))]


def main() -> int:
    """Write the page, or print the cross table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cross", action="store_true", help="run every case against every mutant")
    parser.add_argument("names", nargs="*", help="of mutants (default: all)")
    asked = parser.parse_args()
    strange = set(asked.names) - {mutant.name for mutant in MUTANTS}
    if strange:
        parser.error(f"there is no mutant {', '.join(sorted(strange))}")
    if asked.cross:
        for line in cross(asked.names):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        return 0
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
