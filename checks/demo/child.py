"""The program that the demonstration runs, once with each library: ``python -m enomem.checks.demo.child zmq | enomem``.

It sends [A1, A2], whose second part finds no memory, gives that message up, and sends [B1, B2]. Everything that the
calls say, and every message that comes, is told as it happens: a JSON line each.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from pathlib import Path
from typing import Any

ROOM = 64 << 20
"""Octets that the process may still take when the sockets are joined; part A2 is four times as large."""

LIMIT = 1 << 20
"""Octets of the pool of a library that has one."""

QUIET = 5000
"""Milliseconds to wait for a message."""

A2 = 4 * ROOM


def tell(event: str, **values: object) -> None:
    """One line to whoever runs this."""
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


def bounded() -> None:
    """Let this process take no more than `ROOM` from here on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM, resource.RLIM_INFINITY))


def send(library: Any, socket: Any, name: str, part: bytes, more: bool) -> bool:
    """Send one part, and tell what the call said; whether it was accepted."""
    size = len(part) if len(part) > len(name) else None
    try:
        socket.send(part, library.SNDMORE if more else 0)
    except library.ZMQError as error:
        rule = getattr(error, "rule", None)
        tell("send", part=name, more=more, size=size, errno=error.errno, rule=getattr(rule, "value", None))
        return False
    tell("send", part=name, more=more, size=size, errno=None, rule=None)
    return True


def main(name: str) -> None:
    """Send both messages, and receive until the last part of the second one has come."""
    library: Any = importlib.import_module(name)
    own_limit = name == "enomem"
    context = library.Context(memory_limit=LIMIT) if own_limit else library.Context()
    version = library.__version__ if own_limit else library.zmq_version()
    tell("begin", library=name, version=version, limit=LIMIT if own_limit else ROOM)
    puller, pusher = context.socket(library.PULL), context.socket(library.PUSH)
    puller.bind("tcp://127.0.0.1:0")
    endpoint = puller.getsockopt(library.LAST_ENDPOINT)
    pusher.connect(endpoint.rstrip(b"\0").decode() if isinstance(endpoint, bytes) else endpoint)
    parts = {"A1": b"A1", "A2": bytes(A2), "B1": b"B1", "B2": b"B2"}
    if not own_limit:
        bounded()
    for first, second in (("A1", "A2"), ("B1", "B2")):
        # What send_multipart does: one call a part, and none after one that fails.
        if send(library, pusher, first, parts[first], more=True):
            send(library, pusher, second, parts[second], more=False)
    puller.setsockopt(library.RCVTIMEO, QUIET)
    got: list[str] = []
    while got[-1:] != ["B2"]:
        try:
            got = [part.decode() if len(part) < 9 else "A2" for part in puller.recv_multipart()]
        except library.Again:
            break
        tell("received", parts=got)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    context.destroy(linger=0)
    tell("end")


if __name__ == "__main__":
    main(sys.argv[1])
