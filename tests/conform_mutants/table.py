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

from conform_mutants import from_behaviours, from_machines, wire  # noqa: E402
from conform_mutants.mutant import Mutant, broken, is_seen  # noqa: E402
from enomem.checks.conform.catalogue import cases  # noqa: E402
from enomem.checks.conform.run import run_case  # noqa: E402
from enomem.checks.words.markdown import table  # noqa: E402

MUTANTS: tuple[Mutant, ...] = (*wire.MUTANTS, *from_machines.MUTANTS, *from_behaviours.MUTANTS)
PAGE = ROOT / "docs" / "generated" / "conform-mutants.md"
HEAD = """<!-- Made by `python tests/conform_mutants/table.py`; do not edit. -->

# Is the conformance suite any good?

Each row is the reference socket with one defect. The cases named beside it must fail on it, and
`tests/test_conform_mutants.py` runs them; without a defect the reference passes every case
(`tests/test_conform_reference.py`).

"""


def page() -> str:
    """The table as Markdown."""
    sentences = {case.id: case.sentence for case in cases()}
    rows = [
        [mutant.name, mutant.what, "<br>".join(f"`{case}` {sentences[case]}" for case in mutant.seen)]
        for mutant in MUTANTS
    ]
    told = f"{len(MUTANTS)} broken implementations.\n\n"
    return HEAD + told + table(("defect", "what is wrong", "cases that see it"), rows)


def cross(names: Sequence[str]) -> Iterator[str]:
    """For each mutant a line with all cases that see it; then those that see none of them."""
    unseen = [case.id for case in cases()]
    for mutant in MUTANTS:
        if names and mutant.name not in names:
            continue
        with broken(mutant) as subject:
            seen = [case.id for case in cases() if is_seen(run_case(case, subject))]
        unseen = [case for case in unseen if case not in seen]
        yield f"{mutant.name}: {', '.join(seen)}"
    yield f"see none of them: {', '.join(unseen)}"


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
