"""The commands that are sockets: send, recv, and one for each type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..sockets.format import FORMATS
from ..sockets.settings import RECEIVE, SEND, TYPES, WAYS

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
PASSED_ON = "Send to the peer that the first part names, and print what peers send behind their names."
ECHO = click.Option(["--echo"], is_flag=True, help="Answer with the request.")


def _type(way: str) -> click.Option:
    choice = click.Choice(TYPES[way], case_sensitive=False)
    return click.Option(["--type", "kind"], type=choice, help=f"Default: {TYPES[way][0]}.")


def _command(name: str, what: str, *more: click.Option) -> click.Command:
    """One socket command, with options besides those of all."""

    @click.pass_context
    def run(ctx: click.Context, /, **options: Any) -> None:
        from ..sockets import command as command_socket

        ctx.exit(command_socket.run(name, **{"interval": 0.0, "topics": (), **options}))

    words = "[ENDPOINT]..." if WAYS[name][0] == RECEIVE else "[ENDPOINT] [PART]..."
    argument = click.Argument(["words"], nargs=-1, metavar=words)
    help_text = f"{what}\n\n{SOCKET_HELP}"
    return click.Command(name, callback=run, params=[argument, *more, *SOCKET_OPTIONS], help=help_text)


COMMANDS = (
    _command("send", "Send a message of the PARTs, or each line of standard input.", _type(SEND), *WHEN),
    _command("recv", "Receive messages and print each as a line.", _type(RECEIVE), TOPICS),
    _command("push", "Send to one of the PULL sockets in turn.", *WHEN),
    _command("pull", "Receive from all PUSH sockets in turn."),
    _command("pub", "Publish to all that subscribed.", *WHEN),
    _command("sub", "Receive what was subscribed to.", TOPICS),
    _command("req", "Send each message as a request, and print the reply.", *WHEN),
    _command("rep", "Print each request, and answer with the PARTs, the next line of standard input, or --echo.", ECHO),
    _command("pair", "Send and print at once, with one peer.", WHEN[1]),
    _command("dealer", "Send to peers in turn, and print what they send.", WHEN[1]),
    _command("router", PASSED_ON, WHEN[1]),
    _command("xpub", "Publish, and print subscriptions.", WHEN[1]),
    _command("xsub", "Receive what was subscribed to, and send subscriptions.", TOPICS, WHEN[1]),
)
