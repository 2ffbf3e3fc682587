"""The commands that hold somebody's sockets against the model: conform, fuzz, record, validate, torture and demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

WRITTEN = click.Path(dir_okay=False, path_type=Path)
CONFORM_TYPES = ("PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB")


@click.command()
@click.argument("words", nargs=-1, metavar="[ENDPOINT] [ID]...")
@click.option("--type", "kind", type=click.Choice(CONFORM_TYPES, case_sensitive=False), help="Of the socket there.")
@click.option("--target", metavar="T", help="reference, pyzmq, pyomq, jeromq, zeromqjs or process:CMD.")
@click.option("--exclude", "excluded", multiple=True, metavar="ID", help="Leave out the cases under this id.")
@click.option("--strict", is_flag=True, help="What only should be counts as well.")
@click.option("--list", "listing", is_flag=True, help="Print the cases, and ask none.")
@click.option("--wait", type=click.FloatRange(0.1, 600), default=5.0, show_default=True, help="Seconds for an answer.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write a JUnit report.")
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Known deviations; or a shipped one.")
@click.option("--write-baseline", "new_baseline", type=click.Path(dir_okay=False, path_type=Path), help="Write one.")
@click.option("--scripts", type=click.Path(file_okay=False, path_type=Path), help="Write a program a deviation.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def conform(ctx: click.Context, /, **options: Any) -> None:
    """Hold a socket to the specification, over TCP: a library's (--target), or what listens at an ENDPOINT (--type).

    An ID chooses the cases under it: wire, wire/2, wire/2/3. Exit codes: 0 all that was asked is as it should be, or as
    the baseline says; 1 it is not; 2 usage; 3 nothing could be asked; 4 our own fault.
    """
    from ..conform.command import run

    ctx.exit(run(**options))


@click.command()
@click.argument("trace", type=click.Path(exists=False, dir_okay=False, path_type=Path))
@click.option("--policy", metavar="P", help="Take this send policy instead of the one that the file names.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def validate(ctx: click.Context, trace: Path, policy: str | None, form: str) -> None:
    """Say whether the model explains a recorded run of any sockets: their calls and answers (docs/formats.md).

    Exit code 0: every event is explained. 1: one is not; it is shown with what was possible before it and what would
    have been allowed. 2: the file is none. 3: more may have happened than can be followed.
    """
    from ..oracle.command_validate import run

    code, lines = run(trace, policy, form)
    for line in lines:
        click.echo(line)
    ctx.exit(code)


@click.command()
@click.option("--target", default="reference", show_default=True, metavar="T", help="As in enomem fuzz.")
@click.option("--scenario", default="push-pull", show_default=True, metavar="S", help="See below; or a recorded run.")
@click.option("--out", type=WRITTEN, required=True, help="Write the run there.")
@click.pass_context
def record(ctx: click.Context, target: str, scenario: str, out: Path) -> None:
    """Have the sockets of a target make the calls of a scenario, and write what they answered, for enomem validate.

    Scenarios are push-pull, req-rep, pub-sub, dealer-router, refused, or a file in their format (docs/formats.md).
    Exit code 1: the target failed before the end; what it had answered is written.
    """
    from ..oracle.command_record import run

    code, lines = run(target, scenario, out)
    for line in lines:
        click.echo(line)
    ctx.exit(code)


@click.command()
@click.option("--target", default="reference-stepped", show_default=True, metavar="T", help="See docs/fuzzing.md.")
@click.option("--examples", type=click.IntRange(1), metavar="N", help="Programs (default: by the profile).")
@click.option("--time", "duration", metavar="TIME", help="Draw programs for so long, as 30s or 10m, instead.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same programs.")
@click.option("--profile", type=click.Choice(["ci", "deep"]), default="ci", show_default=True)
@click.option("--type", "kinds", multiple=True, metavar="TYPE", help="Begin with sockets of this type.")
@click.option("--exhaustive", is_flag=True, help="Instead: every call in every state of bounded models.")
@click.option("--model", "models", multiple=True, metavar="TYPES", help="With --exhaustive, as PUB-SUB-SUB.")
@click.option("--parts", type=click.IntRange(1, 6), default=2, show_default=True, help="Bound of a model: parts held.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="With --exhaustive: processes.")
@click.option("--results", type=WRITTEN, help="With --exhaustive: write results there, and go on where they end.")
@click.option("--policy", metavar="P", help="Only this send policy (default: all, with --exhaustive DISCARD).")
@click.option("--known", type=WRITTEN, help="Deviations that are known: a file, or a name as pyzmq.")
@click.option("--script", type=WRITTEN, help="Write a failing program as a script that runs by itself.")
@click.option("--pytest", type=WRITTEN, help="Write it as a regression test.")
@click.option("--mermaid", type=WRITTEN, help="Write it as a sequence diagram.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def fuzz(ctx: click.Context, /, **options: Any) -> None:
    """Draw programs over two to six sockets, run them on a target, and hold each answer against the model.

    Exit code 0: every answer was explained. 1: one was not, and the shortest program found is shown. 2: usage, or the
    target is not to be had. 3: interrupted, or nothing was run to its end. 4: our own fault.
    """
    from ..fuzz.command_fuzz import chosen

    ctx.exit(chosen(options, click.echo))


@click.command()
@click.option("--format", "fmt", type=click.Choice(["text", "mermaid"]), default="text", show_default=True)
@click.pass_context
def demo(ctx: click.Context, fmt: str) -> None:
    """Show, here and now, a message that nobody sent: one program with pyzmq, then with the reference socket.

    Its memory is bounded, and the second part of a message finds none. Exit code 1: something else was seen.
    """
    from ..demo.command import run

    ctx.exit(run(fmt))


@click.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="push-pull, req-rep, ... (default: all).")
@click.option("--recovery", type=click.Choice(["restart", "resume", "next"]), default="restart", show_default=True)
@click.option("--hits", type=click.IntRange(1), default=3, show_default=True, help="Fail the first N of each stack.")
@click.option("--patience", type=click.FloatRange(0.1), default=1.0, show_default=True, help="Seconds before a hang.")
@click.option("--seconds", type=click.FloatRange(1), default=120.0, show_default=True, help="At most, a scenario.")
@click.option("--libzmq", type=click.Path(dir_okay=False, path_type=Path), help="This libzmq in place of pyzmq's.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Keep results; go on there.")
@click.option("--summary", type=click.Path(dir_okay=False, path_type=Path), help="Write what was found, in short.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD...]")
@click.pass_context
def torture(ctx: click.Context, /, **options: Any) -> None:
    """Fail one allocation of a real libzmq process, in a run of its own for each call stack, and see what comes.

    The peers are never touched and check every octet. Behind -- a program of yours takes the place of the scenarios.
    Exit codes: 0 everything was survived, 1 something was not, 3 something is left or unknown.
    """
    from ..torture.command import run

    ctx.exit(run(**options))


COMMANDS = (conform, demo, fuzz, record, torture, validate)
