"""`enomem torture`: fail one allocation of a real libzmq process, of every stack and hit, and say what came of it.

The way through: `shim` compiles ``shim.c``; `scene` (with `referee`, `peers` and `victim`, all behind `worker`) or
`program` runs one case; `judge` says what it came to; `runner` does all of them, `campaign` keeps them, `report` shows
them.
"""

from __future__ import annotations

import datetime
import importlib
import importlib.util
import json
import tempfile
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from ..errors import UsageError
from ..terminal import console
from . import program, report, scene, shim, stacks
from .campaign import Campaign, Subject, resumed
from .referee import Case, Referee
from .runner import Bench, Limits, Runner
from .runner import run as run_all
from .variants import SCENARIOS
from .worker import Remote


def chosen(scenarios: Sequence[str]) -> list[str]:
    """The names of the variants of these scenarios, or of all; UsageError if there is no such scenario."""
    for name in scenarios:
        if name not in SCENARIOS:
            near = get_close_matches(name, SCENARIOS, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(SCENARIOS)}"
            raise UsageError(f"there is no scenario {name!r}; {hint}")
    return list(scene.named(tuple(dict.fromkeys(scenarios)) or tuple(SCENARIOS)))


def run(
    scenarios: tuple[str, ...],
    command: tuple[str, ...],
    recovery: str,
    hits: int,
    patience: float,
    seconds: float,
    libzmq: Path | None,
    json_file: Path | None,
    summary: Path | None,
    quiet: bool,
) -> int:
    """Run and print; 0 if everything was survived, 1 if not, 3 if something is left or unknown."""  # fmt: skip
    if scenarios and command:
        raise UsageError("--scenario is for enomem's own programs; for yours give the command alone")
    shim.supported()
    if not command and importlib.util.find_spec("zmq") is None:
        raise UsageError("the scenarios need pyzmq: pip install pyzmq, or torture a program of yours: -- CMD")
    variants = [program.NAME] if command else chosen(scenarios)
    limits = Limits(hits, patience, seconds * (1 if command else len({name.partition(":")[0] for name in variants})))
    with tempfile.TemporaryDirectory(prefix="enomem-torture-") as folder:
        library = shim.build(Path(folder))
        campaign = begun(Path(folder), library, recovery, command, libzmq, json_file)

        def make(own: Path) -> Bench:
            if command:
                return program.Program(library, command, own, libzmq)
            return Remote(library, recovery, own, libzmq)

        interrupted = False
        try:
            with Runner(make) as runner:
                run_all(runner, campaign, variants, limits, json_file, quiet)
        except KeyboardInterrupt:
            interrupted = True
    left = len(campaign.left(variants, hits))
    if summary is not None:
        values = report.summary(campaign, left, datetime.date.today().isoformat())
        summary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    out = console.Output(highlight=False)
    out.print(report.shown(campaign, left), soft_wrap=True)
    if interrupted:
        out.print("interrupted: what is shown is what was finished")
    return report.exit_code(list(campaign.cases.values()), left + interrupted)


def begun(
    folder: Path, library: Path, recovery: str, command: tuple[str, ...], libzmq: Path | None, file: Path | None
) -> Campaign:
    """A campaign against the libzmq that is really loaded, new or continued."""
    if libzmq is not None and not libzmq.is_file():
        raise UsageError(f"{libzmq} is no file")
    if command:
        bench = program.Program(library, command, folder, libzmq)
        loaded, _ = bench.record(program.NAME)
        subject = Subject.of(loaded[0].innermost.module, "", command)
    else:
        referee = Referee(library, folder, libzmq)
        try:
            _, seen = referee.run(Case(SCENARIOS["inproc"][0]), scene.UNTOUCHED)
        finally:
            referee.close()
        if seen == stacks.NOTHING or not seen.stacks:
            raise UsageError("pyzmq here has no shared libzmq: what it allocates cannot be told from what Python does")
        own = importlib.import_module("zmq").zmq_version() if libzmq is None else "of the file"
        subject = Subject.of(seen.stacks[0].innermost.module, recovery, (), own)
    if file is not None:
        _can_write(file)
        return resumed(file, subject)
    return Campaign(subject)


def _can_write(path: Path) -> None:
    """Find out before minutes of work whether the result can be written."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
