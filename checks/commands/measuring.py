"""The commands that measure: `bench` the search, and `bench socket` the sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class _Bench(click.Group):
    """`bench socket` is a command of its own; everything else is said to the search."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave out the name of the usual command."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["search", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Bench)
def bench() -> None:
    """Measure the search, or with `bench socket` the sockets."""


@bench.command("search")
@click.argument("names", nargs=-1, metavar="[A|B|C|X]...")
@click.option("--spin/--no-spin", default=None, help="Run SPIN beside (default: if spin and cc are installed).")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results.")
@click.pass_context
def bench_search(ctx: click.Context, names: tuple[str, ...], spin: bool | None, json_file: Path | None) -> None:
    """Measure the search on the exchange model, whose counts are known exactly; the word search may be left out."""
    from ..bench.command import run

    ctx.exit(run(names, spin, json_file))


@bench.command("socket")
@click.option("--only", multiple=True, metavar="NAME", help="Only this case (10B, 3x1KiB, REQ/REP, ...) or library.")
@click.option("--rounds", type=click.IntRange(1, 99), default=5, show_default=True, help="Of each case and library.")
@click.option("--seconds", type=click.FloatRange(0.01, 60), default=0.5, show_default=True, help="About so long each.")
@click.option("--quick", is_flag=True, help="One short round: whether it works, not how fast.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results.")
@click.option("--profile", "profiled", is_flag=True, help="Show what enomem spends its time on instead.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def bench_socket(ctx: click.Context, /, **options: Any) -> None:
    """Measure sockets over loopback, pairs of processes, each by a pair of pyzmq immediately before.

    PUSH to PULL with messages of 1 and 3 parts of 10 B, 1 KiB and 1 MiB, and round trips of REQ and REP.
    """
    from ..bench.sockets import run

    ctx.exit(run(**options))


COMMANDS = (bench,)
