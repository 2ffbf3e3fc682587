"""What do walks through the graph find? Each mutant of a socket, in a process of its own, under the transition cover.

The model beside it has no defect. What lives on stands in `ALIVE`, with the reason. ``python -m
tests.exhaustive_mutants`` covers all of them, with ``--kept FILE`` only those that the file has not; ``--page`` writes
``docs/generated/exhaustive-mutants.md``.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

from fuzz_mutants import MUTANTS, SOUND, drawn, keep, kept  # noqa: E402
from mutants import PatternMutant  # noqa: E402

from enomem.checks.fuzz.bounded import Graph, graph, pairs  # noqa: E402
from enomem.checks.fuzz.bounded_calls import Bounds  # noqa: E402
from enomem.checks.fuzz.cover import Covered, covered  # noqa: E402
from enomem.checks.fuzz.models import EDGES, THREE, TWO_WAIT, bounds_of, setting_of  # noqa: E402
from enomem.checks.targets.process import Process  # noqa: E402
from enomem.checks.words.markdown import table  # noqa: E402

PAGE = ROOT / "docs" / "generated" / "exhaustive-mutants.md"
SERVER = Path(__file__).with_name("fuzz_mutants.py")

ALIVE: Mapping[str, str] = {
    "EAGAIN said as ENOMEM": "no PUSH shows it: a message is begun only in a pipe that is available (PIPE-8), so "
    "that the send machine never finds one full",
    "ROUTER: the other if full": "it needs a ROUTER with two peers of which one is full: what a ROUTER that listens "
    "sends is taken at once, and who connects has one peer in these models",
    "REQ: reply from anyone": "it needs a reply of two parts from a peer that was not asked: of the models of three "
    "sockets only those of one part are small enough, and REQ-ROUTER-ROUTER with one part does not show it",
    "ROUTER: turn goes back": "it needs a third peer beside two that have sent; the models have three sockets",
}
"""Mutants of a socket that the transition cover does not find, and why."""
POOL = "no model has a bound on memory; the drawn programs have (docs/generated/fuzz-mutants.md)"
SECRET = "a refusal is for the sites that a step says it asks for, and this one asks in secret"
UNASKED: Mapping[str, str] = {
    **dict.fromkeys(("limit ignored", "limit off by one", "served without charge", "waits though served"), POOL),
    **dict.fromkeys(("line does not move up", "joins at the front", "overtakes the line"), POOL),
    **dict.fromkeys(("memory for the commit", "a node for the flush"), SECRET),
}
"""Those that need what no model asks for: they are covered only if they are named, and count as not found."""


@dataclass(frozen=True)
class Found:
    """What came of a mutant: the model in which it deviated and how (empty: it lives), and the tests until then."""

    name: str
    model: str
    kind: str
    tests: int
    seconds: float


WIDE = ("ROUTER", "DEALER", "XPUB", "XSUB")
"""Types of which a model of two, with kills, is too large to be walked through for each mutant."""


class Enough(Exception):
    """One deviation is enough."""


def models(name: str) -> list[Bounds]:
    """The models in which a mutant's type is, the small ones first; a sender is a PUSH."""
    mutant = MUTANTS.get(name)
    kind = mutant.pattern if isinstance(mutant, PatternMutant) else "PUSH"
    both = ["-".join(pair) for pair in pairs() if kind in pair]
    edges = [f"{one}+edge" for one in EDGES if one in both]
    three = [one for one in THREE if kind in one.split("-")]
    kinds = set("-".join(both).split("-"))
    wide = {one: sum(kind in WIDE for kind in one.split("-")) for one in (*both, *three)}
    small, narrow = [one for one in both if not wide[one]], [one for one in both if wide[one] < 2]
    three = [one for one in three if wide[one] < 2]
    found = bounds_of(both, 1, kinds) + bounds_of([*small, *edges], 2, kinds)
    found += bounds_of([*three, *(f"{one}+kills" for one in narrow)], 1, kinds)
    found += bounds_of([one for one in TWO_WAIT if kind in one], 2, kinds)
    if any(word in name for word in ("envelope", "reply", "first", "place")):
        found += bounds_of([one for one in both if "REP" in one.split("-")], 4, kinds)
    return found


def cover(name: str) -> Found:
    """Cover the models of a mutant until one deviates."""
    began, tests = time.monotonic(), 0
    target = Process([sys.executable, str(SERVER), "--serve", name], "mutant")
    try:
        setting = setting_of(target, drawn(name)[1] or "DISCARD", True)
        for bounds in models(name):
            made: Graph = graph(bounds, setting, target.cans)
            done = Covered()

            def enough(done: Covered = done) -> None:
                if done.failures:
                    raise Enough

            done.tell = enough
            with suppress(Enough):
                covered(target, made, setting, done)
            tests += done.tests
            if done.failures:
                return Found(name, str(bounds), next(iter(done.failures)), tests, round(time.monotonic() - began, 1))
    finally:
        target.end()
    return Found(name, "", "", tests, round(time.monotonic() - began, 1))


def told(found: Found) -> str:
    """One line."""
    if not found.kind:
        return f"alive   {found.name}: {found.tests} tests, {found.seconds:.1f} s"
    return f"killed  {found.name}: {found.kind} ({found.model}; test {found.tests}, {found.seconds:.1f} s)"


HEAD = """<!-- Made by `python -m tests.exhaustive_mutants --page`; do not edit. -->

# What the transition cover finds

Each row is the reference socket with one defect of one machine, in a process of its own, beside a model without it.
Every call is made in every state of bounded models that have its type, until one deviates.

"""


def page(all_found: Iterable[Found]) -> str:
    """The table as Markdown."""
    rows, killed = [], 0
    for found in all_found:
        killed += bool(found.kind)
        said = f"`{found.kind}`" if found.kind else f"**lives**: {ALIVE.get(found.name, 'not explained')}"
        rows.append([found.name, MUTANTS[found.name].what, said, found.model, str(found.tests)])
    rows += [[name, MUTANTS[name].what, f"**lives**: {why}", "", "not run"] for name, why in UNASKED.items()]
    counted = f"{killed} of {len(rows)} are found ({100 * killed / len(rows):.0f} %).\n\n"
    return HEAD + counted + table(("defect", "what is wrong", "how it is seen", "model", "tests"), rows)


def say(line: str) -> None:
    """A line to be seen at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Cover all mutants, or those named; 0 if those and only those live that are said to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="mutants by their names; all of them if none is named")
    parser.add_argument("--jobs", type=int, default=2, help="how many mutants are covered at a time")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="write what came of each there, and begin with that")
    parser.add_argument("--page", action="store_true", help="write docs/generated/exhaustive-mutants.md")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in (*MUTANTS, SOUND)]
    if unknown:
        parser.error(f"there is no mutant {unknown[0]!r} in a socket; there are {', '.join(MUTANTS)}")
    if chosen.page and chosen.names:
        parser.error("the page is that of all mutants: leave out the names")
    wanted = chosen.names or [name for name in MUTANTS if name not in UNASKED]
    found = {one.name: one for one in kept(chosen.kept, Found) if one.name in wanted}
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for one in pool.map(cover, [name for name in wanted if name not in found]):
            say(told(one))
            found[one.name] = one
            keep(chosen.kept, one)
    return verdict([found[name] for name in wanted], chosen.page)


def verdict(found: Sequence[Found], writes: bool) -> int:
    """Say which mutants are not as expected; 0 if all are."""
    code = 0
    for one in found:
        if bool(one.kind) == (one.name in ALIVE or one.name == SOUND):
            say(f"{one.name}: {'is found' if one.kind else 'lives'}, and is not expected to")
            code = 1
    killed = sum(bool(one.kind) for one in found)
    say(f"{killed} of {len(found)} killed ({100 * killed / len(found):.0f} %)")
    if writes:
        PAGE.write_text(page(found), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
