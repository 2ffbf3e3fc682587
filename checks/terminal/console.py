"""What a person sees: the table, the progress line, the counterexamples. It draws and concludes nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from enomem.model.patterns import PATTERNS

from ..judging.judge import SENDER
from ..judging.matrix import Cell, Verdict
from ..senders.plan import ANY_POLICY

WIDE, MOST_COLUMNS = 118, 12
"""Characters that the whole matrix needs beside each other, and how many columns of verdicts that is."""


def text_of(cell: Cell) -> Text:
    """A cell in a word and, for a violation, the length of its trace (a lasso's: stem + cycle)."""
    match cell.verdict:
        case Verdict.PROVED:
            said, style = "proved", "green"
        case Verdict.EXHAUSTED:
            said, style = "exhaust.", "cyan"
        case Verdict.UNKNOWN:
            said, style = "UNKNOWN", "bold yellow"
        case Verdict.VIOLATED:
            length = f"{cell.length}" if cell.stem is None else f"{cell.stem}+{cell.length - cell.stem}"
            said, style = f"✗ {length}", "red"
    if cell.claimed is not None and not cell.as_claimed:
        said, style = f"{said} !", "bold white on red"
    return Text(said, style=style, justify="center")


def tables(cells: Sequence[Cell], width: int) -> Group:
    """The senders' matrix, then one of each type of socket, then what holds of a type under any policy."""
    found: list[Table] = []
    for machine in dict.fromkeys(cell.machine for cell in cells):
        own = [cell for cell in cells if cell.machine == machine and cell.policy != ANY_POLICY]
        title = "" if machine == SENDER else machine
        if own:
            found += _tables(own, width, title)
    whatever = [cell for cell in cells if cell.policy == ANY_POLICY]
    return Group(*found, *([_any_policy(whatever)] if whatever else []))


def _tables(cells: Sequence[Cell], width: int, title: str) -> list[Table]:
    """All policies side by side where there is room, else one table a policy."""
    policies = list(dict.fromkeys(cell.policy for cell in cells))
    together = len({(cell.policy, cell.recovery) for cell in cells}) <= MOST_COLUMNS and width >= WIDE
    groups = [policies] if together or len(policies) == 1 else [[policy] for policy in policies]
    return [_table(cells, group, title) for group in groups]


def _table(cells: Sequence[Cell], policies: Sequence[str], title: str) -> Table:
    table = Table(
        header_style="bold", pad_edge=False, padding=(0, 1) if len(policies) == 1 else (0, 0), show_lines=False
    )
    table.add_column(f"{title}\nproperty" if title else "property", no_wrap=True)
    columns = list(dict.fromkeys((cell.policy, cell.recovery) for cell in cells if cell.policy in policies))
    for policy, recovery in columns:
        title = policy if recovery == ANY_POLICY else f"{policy}\n{recovery}"
        table.add_column(title, justify="center", no_wrap=True)
    by_key = {(c.policy, c.recovery, c.identifier): c for c in cells}
    for identifier in dict.fromkeys(cell.identifier for cell in cells):
        found = (by_key.get((policy, recovery, identifier)) for policy, recovery in columns)
        table.add_row(identifier, *(text_of(cell) if cell is not None else Text() for cell in found))
    return table


def _any_policy(cells: Sequence[Cell]) -> Table:
    table = Table(header_style="bold", pad_edge=False, padding=(0, 1), show_lines=False)
    table.add_column("any policy", no_wrap=True)
    identifiers = list(dict.fromkeys(cell.identifier for cell in cells))
    for identifier in identifiers:
        table.add_column(identifier, justify="center", no_wrap=True)
    by_key = {(cell.machine, cell.identifier): cell for cell in cells}
    for machine in dict.fromkeys(cell.machine for cell in cells):
        found = (by_key.get((machine, identifier)) for identifier in identifiers)
        table.add_row(machine, *(text_of(cell) if cell is not None else Text() for cell in found))
    return table


def legend(cells: Sequence[Cell]) -> list[str]:
    """What the words of the table mean, with what is unbounded and which bounds were searched."""
    lines = []
    proved = [cell for cell in cells if cell.verdict == Verdict.PROVED]
    for unbounded in dict.fromkeys(cell.unbounded for cell in proved):
        lines.append(f"proved    by induction (Z3), unbounded: {', '.join(unbounded)}")
        of_these = [cell for cell in proved if cell.unbounded == unbounded]
        for senders in dict.fromkeys(cell.senders for cell in of_these):
            same = [cell for cell in of_these if cell.senders == senders]
            of = dict.fromkeys(cell.policy if cell.machine == SENDER else cell.machine for cell in same)
            lines.append(f"          for {', '.join(senders)}: {', '.join(of)}")
    searched = next((c.bounds for c in cells if c.verdict == Verdict.EXHAUSTED and c.machine == SENDER), ())
    if searched:
        lines.append("exhaust.  every state was visited of:")
        lines += ["          " + ", ".join(f"{k} {v}" for k, v in b.items()) for b in searched]
    exhausted = [cell for cell in cells if cell.verdict == Verdict.EXHAUSTED]
    if any(cell.machine in PATTERNS for cell in exhausted):
        lines.append("exhaust.  of a type of socket: every state was visited of systems with 2 and with 3 peers")
    for machine in dict.fromkeys(cell.machine for cell in exhausted if cell.machine not in (SENDER, *PATTERNS)):
        most = max(cell.states for cell in exhausted if cell.machine == machine)
        lines.append(f"exhaust.  of {machine}: every state was visited, up to {most:,} of them for one cell")
    if any(cell.verdict == Verdict.VIOLATED for cell in cells):
        lines.append("✗ n       violated; the shortest trace has n steps (s+c: s steps, then a cycle of c for ever)")
    if any(c.recovery == "NEXT" and c.identifier.startswith("LIVE-") and c.verdict != Verdict.VIOLATED for c in cells):
        given_up = "with NEXT a message that is given up is settled: LIVE says that nobody is stuck, no more"
        lines.append(f"{'':10}{given_up}")
    if any(cell.claimed is not None and not cell.as_claimed for cell in cells):
        lines.append("!         not what spec/claims.toml says")
    return lines


class Output(Console):
    """The console, which leaves it to others what a closed output means."""

    def on_broken_pipe(self) -> None:
        """Say so, instead of ending the program."""
        raise BrokenPipeError


class Progress:
    """A few lines that say what is being done, redrawn on a terminal, printed now and then elsewhere."""

    def __init__(self, total: int, quiet: bool, what: str = "searches and proofs") -> None:
        self._console = Console(stderr=True)
        self._what = what
        self._total = total
        self._quiet = quiet
        self._began = self._told = time.monotonic()
        self._live: Live | None = None
        self._shown = 0

    def __enter__(self) -> Progress:
        if not self._quiet and self._console.is_terminal:
            live = self._live = Live(console=self._console, refresh_per_second=8, transient=True)
            live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, done: int, saying: dict[int, str]) -> None:
        """Say how many tasks are done and what those at work say."""
        now = time.monotonic()
        head = f"{done} of {self._total} {self._what} done, {now - self._began:.0f} s"
        if self._live is not None:
            self._live.update(Text("\n".join([head, *(f"  {text}" for text in list(saying.values())[:4])])))
        elif not self._quiet and now - self._told > min(self._shown, 5) - (not self._shown):
            # Lines come more and more slowly: at once, after 1, 2, ... and then every 5 seconds.
            self._shown, self._told = self._shown + 1, now
            sys.stderr.write(" | ".join([head, *list(saying.values())[:2]]) + "\n")
            sys.stderr.flush()
