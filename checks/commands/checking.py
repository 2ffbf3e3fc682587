"""The commands that ask the model: check, explain, replay and soak."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorate = Callable[[Callable[..., None]], Callable[..., None]]


def _bound(name: str, what: str) -> Decorate:
    return click.option(f"--{name}", type=int, help=f"{what} (default: several, see docs/method.md).")


@click.command()
@click.option("--policy", "policies", multiple=True, metavar="P", help="DISCARD, KEEP, SKIP, RESERVE or FILE.py:NAME.")
@click.option("--recovery", "recoveries", multiple=True, metavar="R", help="RESTART, RESUME or NEXT.")
@click.option("--property", "identifiers", multiple=True, metavar="ID", help="Judge only this property.")
@click.option("--pattern", "patterns", multiple=True, metavar="TYPE", help="A type of socket: ROUTER, REQ, PUB, ...")
@click.option("--family", "families", multiple=True, metavar="F", help="All rows of a family, or those chosen.")
@click.option("--subject", "chosen", multiple=True, metavar="S", help="Of a family: only this policy or rule.")
@click.option("--with", "seconds", multiple=True, metavar="S", help="Of a family: only in combination with this.")
@click.option("--receive-policy", "receive_policies", multiple=True, metavar="P", help="A policy of readers.")
@_bound("senders", "Senders in a search")
@_bound("parts", "Parts a message in a search")
@_bound("memory", "Units in the pool in a search")
@_bound("messages", "Messages a sender in a search")
@_bound("queue", "Send HWM in a search")
@_bound("inbox", "Messages a receiver queues in a search")
@_bound("disconnects", "Connections that may break in a search")
@click.option("--deep", is_flag=True, help="Also prove 1 to 5 senders one by one.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write a JUnit report.")
@click.option("--certificate", type=click.Path(file_okay=False, path_type=Path), help="Write the proofs as SMT-LIB 2.")
@click.option("--traces", type=click.Path(file_okay=False, path_type=Path), help="Write all counterexamples there.")
@click.option(
    "--format", "fmt", type=click.Choice(["text", "mermaid", "json"]), default="text", help="Of counterexamples."
)
@click.option("--jobs", type=click.IntRange(1, 64), help="Worker processes (default: one a core, at most 8).")
@click.option("--max-memory", type=click.IntRange(1), metavar="MIB", help="Stop a search at this size.")
@click.option("--timeout", type=click.FloatRange(0.01), default=10.0, help="Seconds for one query of a proof.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def check(
    ctx: click.Context, /, families: tuple[str, ...], chosen: tuple[str, ...], receive_policies: tuple[str, ...],
    **options: Any,
) -> None:  # fmt: skip
    """Check send policies with recoveries, types of sockets, and readers: prove, search, compare with what is claimed.

    Without --policy, --recovery, --property, --pattern, --family and the like the whole matrix is checked, and the
    exit code is 0 only if every cell is as spec/claims.toml says, by a finished proof or search. Otherwise just that
    is judged: 0 if all holds, 1 if something is violated, 3 if something is unknown.
    """
    from ..checking.check import run

    subjects = dict.fromkeys(families, chosen)
    if receive_policies:
        subjects["receive"] = receive_policies
    ctx.exit(run(subjects=subjects, **options))


@click.command()
@click.option("--profile", type=click.Choice(["quick", "ci", "deep"]), default="quick", help="How long.")
@click.option("--seed", type=click.IntRange(0), default=1, help="What happens by chance.")
@click.option("--reconnect", "rule", default="RESERVED", metavar="RULE", help="RESERVED or ALLOCATE.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def soak(ctx: click.Context, /, **options: Any) -> None:
    """Let connections live through refusals, disconnects and restarts, and look at the accounts after every step.

    quick: 200,000 steps; ci: ten million, and at least an hour of the simulated clock; deep: until Ctrl-C.
    """
    from ..soak.command import run

    ctx.exit(run(**options))


@click.command()
@click.argument("identifier")
def explain(identifier: str) -> None:
    """Print a rule, property, assumption, policy or recovery: what it says, where it comes from, what checks it."""
    from ..checking.explain import text

    click.echo(text(identifier))


@click.command()
@click.argument("trace", type=click.Path(exists=False, dir_okay=False, path_type=Path))
@click.option("--format", "fmt", type=click.Choice(["text", "mermaid", "json"]), default="text")
@click.pass_context
def replay(ctx: click.Context, trace: Path, fmt: str) -> None:
    """Step the plain model through a saved trace, or a recorded run of a socket, and compare all that it does."""
    from ..runs.command import run

    code, lines, note = run(trace, fmt)
    for line in lines:
        click.echo(line)
    if note:
        click.echo(note, err=True)
    ctx.exit(code)


COMMANDS = (check, explain, replay, soak)
