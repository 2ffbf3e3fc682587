"""The command line. Exit codes: 0 all as it should be, 1 violated, 2 usage, 3 inconclusive, 4 our own fault."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import enomem

from .errors import Inconclusive, OurFault, UsageError

EXIT = {UsageError: 2, Inconclusive: 3, OurFault: 4}


class Command(click.Group):
    """Turns our errors into one sentence and an exit code; anything else is our own fault and says so."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (UsageError, Inconclusive, OurFault) as error:
            click.echo(f"enomem: {'our own fault: ' if isinstance(error, OurFault) else ''}{error}", err=True)
            if ctx.params.get("debug"):
                click.echo("".join(getattr(error, "__notes__", ())), err=True)
            ctx.exit(EXIT.get(type(error), 2))
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("enomem: interrupted before anything was finished", err=True)
            ctx.exit(3)
        except BrokenPipeError:
            # Nobody reads on: that says nothing about what was found.
            click.echo("enomem: the output was closed before all was written", err=True)
            ctx.exit(3)
        except Exception as error:
            # A traceback helps nobody who did not write this.
            click.echo(f"enomem: our own fault: {type(error).__name__}: {error}", err=True)
            if ctx.params.get("debug"):
                raise
            ctx.exit(4)


@click.group(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(enomem.__version__, prog_name="enomem")
@click.option("--debug", is_flag=True, help="Show tracebacks of our own faults.")
def main(debug: bool) -> None:
    """What a ZeroMQ socket does when memory runs out: the specification, checked."""


Decorate = Callable[[Callable[..., None]], Callable[..., None]]


def _bound(name: str, what: str) -> Decorate:
    return click.option(f"--{name}", type=int, help=f"{what} (default: several, see docs/method.md).")


@main.command()
@click.option("--policy", "policies", multiple=True, metavar="P", help="DISCARD, KEEP, SKIP, RESERVE or FILE.py:NAME.")
@click.option("--recovery", "recoveries", multiple=True, metavar="R", help="RESTART, RESUME or NEXT.")
@click.option("--property", "identifiers", multiple=True, metavar="ID", help="Judge only this property.")
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
def check(ctx: click.Context, /, **options: Any) -> None:
    """Check send policies with recoveries: prove, search, and compare with what the specification claims.

    Without --policy, --recovery, --property and bounds the whole matrix is checked, and the exit code is 0 only if
    every cell is as spec/claims.toml says, by a finished proof or search. Otherwise just that is judged: 0 if all
    holds, 1 if something is violated, 3 if something is unknown.
    """
    from .command_check import run

    ctx.exit(run(**options))


@main.command()
@click.argument("identifier")
def explain(identifier: str) -> None:
    """Print a rule, property, assumption, policy or recovery: what it says, where it comes from, what checks it."""
    from .command_explain import text

    click.echo(text(identifier))


@main.command()
@click.argument("trace", type=click.Path(exists=False, dir_okay=False, path_type=Path))
@click.option("--format", "fmt", type=click.Choice(["text", "mermaid", "json"]), default="text")
@click.pass_context
def replay(ctx: click.Context, trace: Path, fmt: str) -> None:
    """Step the plain model through a saved trace, and compare every rule, answer and change."""
    from . import sender_trace, wording
    from .policy_file import load_policy

    try:
        data = json.loads(trace.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{trace} cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{trace} is not JSON: {error}") from None
    differences = sender_trace.replay(data, load_policy)
    if differences:
        click.echo(f"{trace} is not what the model does:")
        for difference in differences:
            click.echo(f"  {difference}")
        ctx.exit(1)
    shown = sender_trace.trace_of(data, load_policy)
    click.echo(wording.show(shown, fmt))
    click.echo(f"{len(shown.steps)} steps, each as the model does it", err=True)


@main.command()
@click.argument("names", nargs=-1, metavar="[A|B|C|X]...")
@click.option("--spin/--no-spin", default=None, help="Run SPIN beside (default: if spin and cc are installed).")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results.")
@click.pass_context
def bench(ctx: click.Context, names: tuple[str, ...], spin: bool | None, json_file: Path | None) -> None:
    """Measure the search on the exchange model, whose counts are known exactly."""
    from .bench import run

    ctx.exit(run(names, spin, json_file))


if __name__ == "__main__":
    sys.exit(main())
