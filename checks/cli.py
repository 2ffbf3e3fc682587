"""The command line. Exit codes: 0 all as it should be, 1 violated, 2 usage, 3 inconclusive, 4 our own fault."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import enomem

from .errors import Inconclusive, OurFault, UsageError
from .socket_format import FORMATS
from .socket_settings import RECEIVE, SEND, TYPES, WAYS

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
        except click.UsageError as error:
            # One line, like the others; where a command shows its help instead, it still does.
            if isinstance(error, click.exceptions.NoArgsIsHelpError):
                raise
            named = error.ctx.command_path if error.ctx is not None else "enomem"
            click.echo(f"enomem: {error.format_message()} ({named} --help)", err=True)
            ctx.exit(2)
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
    from .command_check import run

    subjects = dict.fromkeys(families, chosen)
    if receive_policies:
        subjects["receive"] = receive_policies
    ctx.exit(run(subjects=subjects, **options))


CONFORM_TYPES = ("PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB")


@main.command()
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
    from .conform.command import run

    ctx.exit(run(**options))


@main.command()
@click.option("--profile", type=click.Choice(["quick", "ci", "deep"]), default="quick", help="How long.")
@click.option("--seed", type=click.IntRange(0), default=1, help="What happens by chance.")
@click.option("--reconnect", "rule", default="RESERVED", metavar="RULE", help="RESERVED or ALLOCATE.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def soak(ctx: click.Context, /, **options: Any) -> None:
    """Let connections live through refusals, disconnects and restarts, and look at the accounts after every step.

    quick: 200,000 steps; ci: ten million, and at least an hour of the simulated clock; deep: until Ctrl-C.
    """
    from .soak.command import run

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
    """Step the plain model through a saved trace, or a recorded run of a socket, and compare all that it does."""
    from .command_replay import run

    code, lines, note = run(trace, fmt)
    for line in lines:
        click.echo(line)
    if note:
        click.echo(note, err=True)
    ctx.exit(code)


@main.command()
@click.argument("trace", type=click.Path(exists=False, dir_okay=False, path_type=Path))
@click.option("--policy", metavar="P", help="Take this send policy instead of the one that the file names.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def validate(ctx: click.Context, trace: Path, policy: str | None, form: str) -> None:
    """Say whether the model explains a recorded run of any sockets: their calls and answers (docs/formats.md).

    Exit code 0: every event is explained. 1: one is not; it is shown with what was possible before it and what would
    have been allowed. 2: the file is none. 3: more may have happened than can be followed.
    """
    from .oracle.command_validate import run

    code, lines = run(trace, policy, form)
    for line in lines:
        click.echo(line)
    ctx.exit(code)


WRITTEN = click.Path(dir_okay=False, path_type=Path)


@main.command()
@click.option("--target", default="reference-stepped", show_default=True, metavar="T", help="See docs/fuzzing.md.")
@click.option("--examples", type=click.IntRange(1), metavar="N", help="Programs (default: by the profile).")
@click.option("--time", "duration", metavar="TIME", help="Draw programs for so long, as 30s or 10m, instead.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same programs.")
@click.option("--profile", type=click.Choice(["ci", "deep"]), default="ci", show_default=True)
@click.option("--type", "kinds", multiple=True, metavar="TYPE", help="Begin with sockets of this type.")
@click.option("--exhaustive", is_flag=True, help="Instead: every call in every state of bounded models.")
@click.option("--model", "models", multiple=True, metavar="TYPES", help="With --exhaustive, as PUB-SUB-SUB.")
@click.option("--parts", type=click.IntRange(1, 6), default=2, show_default=True, help="Bound of a model: parts held.")
@click.option("--policy", metavar="P", help="Only this send policy (default: all, with --exhaustive DISCARD).")
@click.option("--known", type=WRITTEN, help="Deviations that are expected: a kind a line, # and the reason.")
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
    from .fuzz.command_fuzz import chosen

    ctx.exit(chosen(options, click.echo))


class _Bench(click.Group):
    """`bench socket` is a command of its own; everything else is said to the search."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave out the name of the usual command."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["search", *args]
        return super().parse_args(ctx, args)


@main.group(cls=_Bench)
def bench() -> None:
    """Measure the search, or with `bench socket` the sockets."""


@bench.command("search")
@click.argument("names", nargs=-1, metavar="[A|B|C|X]...")
@click.option("--spin/--no-spin", default=None, help="Run SPIN beside (default: if spin and cc are installed).")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results.")
@click.pass_context
def bench_search(ctx: click.Context, names: tuple[str, ...], spin: bool | None, json_file: Path | None) -> None:
    """Measure the search on the exchange model, whose counts are known exactly; the word search may be left out."""
    from .bench import run

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
    from .bench_socket import run

    ctx.exit(run(**options))


@main.command()
@click.option("--format", "fmt", type=click.Choice(["text", "mermaid"]), default="text", show_default=True)
@click.pass_context
def demo(ctx: click.Context, fmt: str) -> None:
    """Show, here and now, a message that nobody sent: one program with pyzmq, then with the reference socket.

    Its memory is bounded, and the second part of a message finds none. Exit code 1: something else was seen.
    """
    from .demo.command import run

    ctx.exit(run(fmt))


@main.command()
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
    from .torture.command import run

    ctx.exit(run(**options))


SOCKET_HELP = """
With neither --bind nor --connect the first argument is an endpoint to connect to (all of them, where nothing is sent).

Exit codes: 0 done, or interrupted where nothing was begun that has an end. 2 a mistake in options, endpoint or data,
or refused by the socket. 3 interrupted or cut off before all was done. 4 our own fault. 5 ENOMEM: memory was refused.
6 --timeout was over, or messages were accepted and could not be delivered in time.
"""
FILE = click.Path(dir_okay=False, path_type=Path)
SOCKET_OPTIONS = (
    click.Option(["--bind", "binds"], multiple=True, metavar="ENDPOINT", help="Listen there; may be repeated."),
    click.Option(["--connect", "connects"], multiple=True, metavar="ENDPOINT", help="Connect; may be repeated."),
    click.Option(["--count"], type=click.IntRange(1), metavar="N", help="End after N messages."),
    click.Option(["--timeout"], type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Give up waiting."),
    click.Option(["--format", "form"], type=click.Choice(list(FORMATS)), default="ascii", show_default=True),
    click.Option(["--option", "options"], multiple=True, metavar="NAME=VALUE", help="Set an option, as SNDHWM=10."),
    click.Option(["--memory-limit"], metavar="SIZE", help="Octets of the pool, as 64K, 10M or 1G."),
    click.Option(["--policy"], metavar="P", help="DISCARD (default), KEEP, SKIP, RESERVE or FILE.py:NAME."),
    click.Option(["--receive-policy"], metavar="P", help="Of readers: BOUNDED_WAIT (default), CLOSE ..."),
    click.Option(["--record"], type=FILE, help="Write every step of every machine there."),
    click.Option(["--quiet"], is_flag=True, help="Do not tell the endpoints that were bound."),
    click.Option(["--verbose"], is_flag=True, help="Tell what the monitor sees, on standard error."),
)
"""What all socket commands take."""

TOPICS = click.Option(["--subscribe", "topics"], multiple=True, metavar="TOPIC", help="Default: everything.")
PEERS = "Send when N peers are there (of a publisher: N subscriptions)."
WHEN = (
    click.Option(["--interval"], type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="Between messages."),
    click.Option(["--peers"], type=click.IntRange(0), default=0, metavar="N", help=PEERS),
)
ECHO = click.Option(["--echo"], is_flag=True, help="Answer with the request.")


def _type(way: str) -> click.Option:
    choice = click.Choice(TYPES[way], case_sensitive=False)
    return click.Option(["--type", "kind"], type=choice, help=f"Default: {TYPES[way][0]}.")


def _socket_command(name: str, what: str, *more: click.Option) -> None:
    """Add one socket command, with options besides those of all."""

    @click.pass_context
    def run(ctx: click.Context, /, **options: Any) -> None:
        from . import command_socket

        ctx.exit(command_socket.run(name, **{"interval": 0.0, "topics": (), **options}))

    words = "[ENDPOINT]..." if WAYS[name][0] == RECEIVE else "[ENDPOINT] [PART]..."
    argument = click.Argument(["words"], nargs=-1, metavar=words)
    help_text = f"{what}\n\n{SOCKET_HELP}"
    main.add_command(click.Command(name, callback=run, params=[argument, *more, *SOCKET_OPTIONS], help=help_text))


for _name, _what, *_more in (
    ("send", "Send a message of the PARTs, or each line of standard input.", _type(SEND), *WHEN),
    ("recv", "Receive messages and print each as a line.", _type(RECEIVE), TOPICS),
    ("push", "Send to one of the PULL sockets in turn.", *WHEN),
    ("pull", "Receive from all PUSH sockets in turn."),
    ("pub", "Publish to all that subscribed.", *WHEN),
    ("sub", "Receive what was subscribed to.", TOPICS),
    ("req", "Send each message as a request, and print the reply.", *WHEN),
    ("rep", "Print each request, and answer with the PARTs, the next line of standard input, or --echo.", ECHO),
    ("pair", "Send and print at once, with one peer.", WHEN[1]),
    ("dealer", "Send to peers in turn, and print what they send.", WHEN[1]),
    ("router", "Send to the peer that the first part names, and print what peers send behind their names.", WHEN[1]),
    ("xpub", "Publish, and print subscriptions.", WHEN[1]),
    ("xsub", "Receive what was subscribed to, and send subscriptions.", TOPICS, WHEN[1]),
):
    _socket_command(_name, _what, *_more)


if __name__ == "__main__":
    sys.exit(main())
