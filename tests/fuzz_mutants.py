"""Is the fuzzer any good? Each mutant of the machines, in a process of its own, is fuzzed as anybody's socket would be.

The model beside it is that of this process and has no defect. What lives on must stand in `ALIVE`, with the reason.
``python -m tests.fuzz_mutants`` fuzzes all of them, and with ``--page`` writes ``docs/generated/fuzz-mutants.md``.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

from mutants import ALL, PATTERNS, Mutant, PatternMutant, applied  # noqa: E402

from enomem.checks.errors import Inconclusive  # noqa: E402
from enomem.checks.fuzz.campaign import Campaign  # noqa: E402
from enomem.checks.targets.process import Process  # noqa: E402
from enomem.checks.targets.reference import Reference  # noqa: E402
from enomem.checks.targets.serve import serve_process  # noqa: E402
from enomem.checks.words.markdown import table  # noqa: E402
from enomem.model.policies import POLICIES  # noqa: E402

AnyMutant = Mutant | PatternMutant
PAGE = ROOT / "docs" / "generated" / "fuzz-mutants.md"
EXAMPLES, SEED = 400, 1
"""What the page was made with, and what it is compared with."""

POOL = "not asked: no call of a target waits, and who may not wait stands in no line"
SECRET = "a refusal is for the sites that a step says it asks for, and this one asks in secret"
SAME = (
    "no socket shows it: a message is begun only in a pipe that is available (PIPE-8), so that the send machine never "
    "finds one full"
)
RARE = (
    "a weakness of the fuzzer: the programs that show it were not among those drawn; the transition cover finds it "
    "(exhaustive-mutants.md)"
)
SEED_3 = "a weakness of the fuzzer: no program of this seed shows it; of seed 3 the 76th does"
ALIVE: Mapping[str, str] = {
    **dict.fromkeys(("served without charge", "waits though served", "line does not move up"), POOL),
    **dict.fromkeys(("joins at the front", "overtakes the line"), POOL),
    **dict.fromkeys(("memory for the commit", "a node for the flush"), SECRET),
    "EAGAIN said as ENOMEM": SAME,
    **dict.fromkeys(("front not wrapped", "REP: same place", "body kept though slot refused"), RARE),
    "phase stays after ENOMEM": RARE,
    "ROUTER: the other if full": SEED_3,
}
"""Mutants of a socket that are not found with `EXAMPLES` programs of `SEED`, and why."""


def title(mutant: AnyMutant) -> str:
    """What a mutant is called: two patterns may have a defect of the same name."""
    return f"{mutant.pattern}: {mutant.name}" if isinstance(mutant, PatternMutant) else mutant.name


MUTANTS: Mapping[str, AnyMutant] = {
    title(one): one for one in (*ALL, *PATTERNS) if isinstance(one, PatternMutant) or one.in_socket
}
"""All that are in a socket; the others are in the application, the link or the reader of the closed systems."""
SOUND = "no defect"
"""The same target without a defect: what is found of it is a fault of the fuzzer, and no kill counts then."""


@dataclass(frozen=True)
class Fuzzed:
    """What came of a mutant: how it deviated (nothing: it lives), after so many programs of at most ``examples``.

    ``rules``: those by which the model has another answer; a fault of the target has none.
    """

    name: str
    kind: str
    programs: int
    seconds: float
    rules: str = ""
    why: str = ""
    examples: int = EXAMPLES
    seed: int = SEED


def drawn(name: str) -> tuple[list[str], str | None]:
    """Which types programs begin with, and under which policy: those of the mutant's system; a sender is a PUSH."""
    if name == SOUND:
        return [], None
    mutant = MUTANTS[name]
    if isinstance(mutant, PatternMutant):
        return [mutant.pattern], mutant.policy
    return ["PUSH"], mutant.policy.name if mutant.policy in POLICIES else "SKIP"


def fuzzed(name: str, examples: int = EXAMPLES, seed: int = SEED) -> Fuzzed:
    """Fuzz a mutant: programs that begin with a socket of its type, under its policy."""
    began = time.monotonic()
    kinds, policy = drawn(name)
    target = Process([sys.executable, str(Path(__file__)), "--serve", name], "mutant")
    campaign = Campaign(target, in_turn=True, kinds=kinds, policy=policy)
    failure, why = None, ""
    try:
        failure = campaign.run(examples, seed)
    except Inconclusive as error:
        why = str(error)
    finally:
        target.end()
    kind, rules = ("", "") if failure is None else (failure.kind, ", ".join(r.value for r in failure.rules) or "none")
    seconds = round(time.monotonic() - began, 1)
    return Fuzzed(name, kind, campaign.tally.programs, seconds, rules, why, examples, seed)


def serve(name: str) -> None:
    """Be the target: the stepped reference socket, all of whose calls have the defect."""
    with nullcontext() if name == SOUND else applied(MUTANTS[name]):
        serve_process(Reference(stepped=True))


def told(found: Fuzzed) -> str:
    """One line."""
    if not found.kind:
        return f"alive   {found.name}: {found.programs} programs, {found.seconds:.1f} s {found.why}".rstrip()
    after = f"program {found.programs}, {found.seconds:.1f} s"
    return f"killed  {found.name}: {found.kind} (by {found.rules}; {after})"


def page(all_found: Iterable[Fuzzed]) -> str:
    """The table as Markdown."""
    rows = []
    killed = 0
    for found in all_found:
        killed += bool(found.kind)
        said = f"`{found.kind}`" if found.kind else f"**lives**: {ALIVE.get(found.name, 'not explained')}"
        rows.append([found.name, MUTANTS[found.name].what, said, found.rules, str(found.programs)])
    return (
        HEAD
        + (
            f"{killed} of {len(rows)} are found ({100 * killed / len(rows):.0f} %) with at most {EXAMPLES} programs "
            f"of seed {SEED}.\n\n"
        )
        + table(("defect", "what is wrong", "how it is seen", "by", "programs"), rows)
    )


HEAD = """<!-- Made by `python -m tests.fuzz_mutants --page`; do not edit. -->

# Is the fuzzer any good?

Each row is the reference socket with one defect of one machine, in a process of its own, beside a model without it.
`enomem fuzz` draws programs that begin with a socket of the type, under the policy, of the defect, until one deviates.
Rules are those by which the model has another answer; where a socket's memory does not add up, or it raises, there is
none.

"""


def main(arguments: list[str]) -> int:
    """Fuzz all mutants, or those named; 0 if those and only those live that are said to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="mutants by their names; all of them if none is named")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="programs for each mutant, at most")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2, help="how many mutants are fuzzed at a time")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="write what came of each there, and begin with that")
    parser.add_argument("--page", action="store_true", help="write docs/generated/fuzz-mutants.md")
    parser.add_argument("--serve", metavar="NAME", help="be the target with this defect")
    chosen = parser.parse_args(arguments)
    if chosen.serve is not None:
        serve(chosen.serve)
        return 0
    unknown = [name for name in chosen.names if name not in MUTANTS]
    if unknown:
        parser.error(f"there is no mutant {unknown[0]!r} in a socket; there are {', '.join(MUTANTS)}")
    if chosen.page and (chosen.names or chosen.examples != EXAMPLES or chosen.seed != SEED):
        parser.error("the page is that of all mutants, with the programs that it names: leave out everything else")
    wanted = [SOUND, *(chosen.names or MUTANTS)]
    asked = partial(fuzzed, examples=chosen.examples, seed=chosen.seed)
    before = kept(chosen.kept, Fuzzed)
    done = {one.name: one for one in before if (one.examples, one.seed) == (chosen.examples, chosen.seed)}
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for found in pool.map(asked, [name for name in wanted if name not in done]):
            sys.stdout.write(f"{told(found)}\n")
            sys.stdout.flush()
            done[found.name] = found
            keep(chosen.kept, found)
    return _verdict([done[name] for name in wanted], chosen.page)


Kept = TypeVar("Kept")


def kept(path: Path | None, kind: type[Kept]) -> list[Kept]:
    """What came of mutants before, of which a file has a line each; nothing, if there is no file."""
    if path is None or not path.exists():
        return []
    return [kind(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def keep(path: Path | None, found: Any) -> None:
    """Write what came of a mutant behind what a file has."""
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(found)) + "\n")


def _verdict(done: list[Fuzzed], writes: bool) -> int:
    sound, *done = done
    if sound.kind:
        sys.stdout.write("the target without a defect deviates, so that nothing is known of the others\n")
        return 1
    alive = {found.name for found in done if not found.kind}
    if writes:
        PAGE.write_text(page(done), encoding="utf-8")
    expected = set(ALIVE) & {found.name for found in done}
    killed = len(done) - len(alive)
    sys.stdout.write(f"{killed} of {len(done)} killed ({100 * killed / len(done):.0f} %)\n")
    for name in sorted(alive ^ expected):
        said = "lives, and is not expected to" if name in alive else "is said to live, and was killed"
        sys.stdout.write(f"{name}: {said}\n")
    return 0 if alive == expected else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
