"""Victims with a seeded fault, run in place of the true one: ``python torture_victims.py FAULT``.

Each does to its messages what one outcome is about, without any allocation failing; the referee must see it.
"""

import os
import socket as plain
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from enomem.checks.torture import victim
from enomem.checks.torture.message import message


def whole(seeded: victim.Victim, socket: Any, number: int) -> None:
    """One message as it should be."""
    seeded.send_number(socket, number)


def splice(seeded: victim.Victim, socket: Any, number: int) -> None:
    parts = message("V", number, seeded.variant.sizes)
    socket.send_multipart([parts[0], *parts] if number == 3 else parts)
    victim.tell("sent", number=number)


def partial(seeded: victim.Victim, socket: Any, number: int) -> None:
    parts = message("V", number, seeded.variant.sizes)
    socket.send_multipart(parts[:-1] if number == 3 else parts)
    victim.tell("sent", number=number)


def altered(seeded: victim.Victim, socket: Any, number: int) -> None:
    parts = message("V", number, seeded.variant.sizes)
    socket.send_multipart([*parts[:-1], parts[-1][:-1] + b"?"] if number == 3 else parts)
    victim.tell("sent", number=number)


def twice(seeded: victim.Victim, socket: Any, number: int) -> None:
    for _ in range(2 if number == 3 else 1):
        whole(seeded, socket, number)


def swapped(seeded: victim.Victim, socket: Any, number: int) -> None:
    whole(seeded, socket, {3: 4, 4: 3}.get(number, number))


def lost(seeded: victim.Victim, socket: Any, number: int) -> None:
    if number == 3:
        victim.tell("sent", number=number)
    else:
        whole(seeded, socket, number)


def hang(seeded: victim.Victim, socket: Any, number: int) -> None:
    if number == 3:
        threading.Event().wait()
    whole(seeded, socket, number)


def aborts(seeded: victim.Victim, socket: Any, number: int) -> None:
    if number == 3:
        os.write(2, b"FATAL ERROR: OUT OF MEMORY (bundled/zeromq/src/yqueue.hpp:92)\n")
        os.abort()
    whole(seeded, socket, number)


def dies(seeded: victim.Victim, socket: Any, number: int) -> None:
    if number == 3:
        os._exit(127)
    whole(seeded, socket, number)


def error(seeded: victim.Victim, socket: Any, number: int) -> None:
    if number == 3:
        socket.connect("nonsense://")
    whole(seeded, socket, number)


def told(seeded: victim.Victim, socket: Any, number: int) -> None:
    if number == 3:
        victim.tell("enomem", at="send", part=1)
    whole(seeded, socket, number)


def closed(seeded: victim.Victim, socket: Any, number: int) -> None:
    if number == 0:
        # A connection that goes, before the first message: the peer's monitor sees it go before it sees that.
        where = urlsplit(seeded.endpoint)
        plain.create_connection((where.hostname, where.port)).close()
    whole(seeded, socket, number)


def closed_and_lost(seeded: victim.Victim, socket: Any, number: int) -> None:
    (closed if number == 0 else lost)(seeded, socket, number)


FAULTS: dict[str, Callable[[victim.Victim, Any, int], None]] = {
    fault.__name__: fault
    for fault in (
        *(whole, splice, partial, altered, twice, swapped, lost, hang, aborts, dies, error, told, closed),
        closed_and_lost,
    )
}


def main() -> None:
    """Play PUSH with the fault in its messages, and everything else as the true victim does."""
    seed = FAULTS[sys.argv[1]]

    def sending(seeded: victim.Victim, socket: Any) -> None:
        for number in range(seeded.variant.count):
            seed(seeded, socket, number)
        number = victim.FINAL
        while seeded.line.read(victim.QUIET) != "stop":
            seeded.send_number(socket, number)
            number += 1

    victim.PARTS["PUSH"] = sending
    victim.main()


if __name__ == "__main__":
    main()
