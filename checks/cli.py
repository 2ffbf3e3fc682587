"""The command line. Exit codes: 0 all as it should be, 1 violated, 2 usage, 3 inconclusive, 4 our own fault."""

from __future__ import annotations

import sys
from typing import Any

import click

import enomem

from .commands import checking, measuring, talking, testing
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


for _command in (*checking.COMMANDS, *testing.COMMANDS, *measuring.COMMANDS, *talking.COMMANDS):
    main.add_command(_command)


if __name__ == "__main__":
    sys.exit(main())
