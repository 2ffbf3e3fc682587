"""`enomem send`, `recv`, `req`, ...: a socket on the command line. How the traffic goes stands in `talk`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import IO, Any

import enomem
from enomem.model.reference.constants import Option, SocketType

from ..errors import UsageError
from .settings import ASK, BOTH, RECEIVE, SEND, Settings, settings
from .talk import Talk, counted
from .watch import Watcher

NO_MEMORY, TOO_LATE, STOPPED = 5, 6, 3
"""Exit codes: memory was refused; ``--timeout`` was over; interrupted or cut off before all was done."""


def run(command: str, words: Sequence[str], **options: Any) -> int:
    """Open the socket, talk, close it; returns the exit code. UsageError for what the user has to mend."""
    asked = settings(command, words, **options)
    try:
        return _with_memory(asked, sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        # Python would complain once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _with_memory(asked: Settings, source: IO[bytes], sink: IO[bytes]) -> int:
    try:
        context = enomem.Context(asked.memory_limit, asked.policy, asked.receive_policy, record=asked.record)
    except OSError as error:
        if asked.record is None:
            raise
        raise UsageError(f"{asked.record} cannot be written: {error.strerror}") from None
    try:
        return _opened(context, asked, source, sink)
    except enomem.NoMemory as error:
        _say(str(error))
        context.destroy(0)
        return NO_MEMORY
    except BaseException:
        context.destroy(0)
        raise


def _opened(context: enomem.Context, asked: Settings, source: IO[bytes], sink: IO[bytes]) -> int:
    try:
        socket = context.socket(_kind(asked))
        watcher = Watcher(socket, asked.verbose, live=asked.verbose or asked.peers > 0)
        _prepare(socket, asked)
    except enomem.NoMemory:
        raise
    except enomem.SocketError as error:
        raise UsageError(error.strerror) from None
    talk = Talk(socket, asked, source, sink)
    try:
        code = _talk(talk, socket, asked, watcher)
    except KeyboardInterrupt:
        # The usual way to end what has no count: what is still queued is dropped, and said to be.
        lost = _close(context, socket, watcher, linger=0)
        if not (lost or talk.pending or asked.count or (asked.message and asked.way in (SEND, ASK))):
            return 0
        _say(f"interrupted after {_done(talk)}")
        return STOPPED
    try:
        lost = _close(context, socket, watcher, linger=None)
        return code or (TOO_LATE if lost else 0)
    except KeyboardInterrupt:
        # The context goes down with the process: waiting for it is what was interrupted.
        _say(f"interrupted while closing, after {_done(talk)}: what was not delivered yet is lost")
        return STOPPED


def _kind(asked: Settings) -> SocketType:
    """The type to open: a publisher that waits for subscribers has to hear of them."""
    return SocketType.XPUB if asked.kind == SocketType.PUB and asked.peers else asked.kind


def _prepare(socket: enomem.Socket, asked: Settings) -> None:
    """Set the options, subscribe, bind and connect, in this order; a real endpoint is told for each that is bound."""
    if asked.timeout is not None:
        milliseconds = max(1, round(asked.timeout * 1000))
        socket.set(Option.SNDTIMEO, milliseconds)
        socket.set(Option.RCVTIMEO, milliseconds)
        socket.set(Option.LINGER, milliseconds)
    if socket.type != asked.kind:
        socket.set(Option.XPUB_VERBOSE, 1)
    for option, value in asked.options:
        socket.set(option, value)
    if asked.kind == SocketType.SUB:
        for topic in asked.topics or (b"",):
            socket.subscribe(topic)
    for endpoint in asked.binds:
        socket.bind(endpoint)
        if not asked.quiet:
            _say(f"listening at {socket.last_endpoint}")
    for endpoint in asked.connects:
        socket.connect(endpoint)
    if asked.kind == SocketType.XSUB:
        for topic in asked.topics or ((b"",) if asked.way == RECEIVE else ()):
            socket.send(b"\x01" + topic)


def _talk(talk: Talk, socket: enomem.Socket, asked: Settings, watcher: Watcher) -> int:
    try:
        if asked.peers:
            _await_peers(socket, asked, watcher)
        talk.run()
    except enomem.Again:
        _say(_too_late(talk, asked))
        return TOO_LATE
    except enomem.NoMemory as error:
        _say(f"{_where(talk)}{error}")
        return NO_MEMORY
    except enomem.SocketError as error:
        _say(f"{_where(talk)}{error.strerror}")
        return 2
    except UsageError as error:
        _say(str(error))
        return 2
    return 0


def _await_peers(socket: enomem.Socket, asked: Settings, watcher: Watcher) -> None:
    """Wait until ``--peers`` are there: connected, or for a publisher, subscribed."""
    if socket.type != asked.kind:
        there = 0
        while there < asked.peers:
            there += {b"\x01": 1, b"\x00": -1}.get(socket.recv()[:1], 0)
    elif not watcher.wait(asked.peers, asked.timeout):
        raise enomem.Again


def _close(context: enomem.Context, socket: enomem.Socket, watcher: Watcher, linger: int | None) -> int:
    """Send what is left for as long as LINGER says; how many messages were lost, which is said too."""
    watcher.forget()
    socket.close(linger)
    _term(context)
    lost = watcher.finish()
    if lost:
        _say(f"{counted(lost)} accepted and not delivered")
    return lost


def _term(context: enomem.Context) -> None:
    try:
        context.term()
    except OSError as error:
        # All sockets are closed by now: what failed is the last that a context does.
        raise UsageError(f"the record could not be written to its end: {error.strerror}") from None


# --- what is said


def _say(text: str) -> None:
    sys.stderr.write(f"enomem: {text}\n")
    sys.stderr.flush()


def _where(talk: Talk) -> str:
    return f"line {talk.line}: " if talk.line else ""


def _done(talk: Talk) -> str:
    done = {"sent": talk.sent, "received": talk.received}
    if talk.settings.way in (SEND, RECEIVE):
        done.pop("received" if talk.settings.way == SEND else "sent")
    return " and ".join(f"{counted(count)} {what}" for what, count in done.items())


def _too_late(talk: Talk, asked: Settings) -> str:
    what = "nothing could be sent or received" if asked.way == BOTH else "nothing went on"
    if asked.way == SEND:
        what = "no peer took a message"
    elif asked.way == RECEIVE:
        what = "nothing arrived"
    return f"{what} within {asked.timeout:g} s: {_done(talk)}"
