"""The table of broken implementations in ``docs/generated``, and the whole cross table on demand.

``python tests/conform_mutants/table.py`` writes the page; with ``--cross`` it runs every case against every mutant and
prints which see it, which takes half an hour.
"""

import argparse
import sys
from collections.abc import Iterator
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


def cross() -> Iterator[str]:
    """For each mutant a line with all cases that see it."""
    for mutant in MUTANTS:
        with broken(mutant) as subject:
            seen = [case.id for case in cases() if is_seen(run_case(case, subject))]
        yield f"{mutant.name}: {', '.join(seen)}"


def main() -> int:
    """Write the page, or print the cross table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cross", action="store_true", help="run every case against every mutant")
    if parser.parse_args().cross:
        for line in cross():
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        return 0
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
