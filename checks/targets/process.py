"""A target in a process of its own, in any language: it may die, hang or talk nonsense, and each is its own fault.

What is said is in ``protocol`` and ``docs/target-protocol.md``. Every answer is waited for with a bound; a process that
does not keep to it, or says what may not be said, is killed.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Any

from . import protocol
from .base import Sockets
from .protocol import Garbled, field
from .target import ANYWHERE, Can, Received, Refused, Said, TargetFault, Value

START, GRACE = 60.0, 10.0
"""Seconds until the process has introduced itself (a Java machine compiles first), and beyond what a call may wait."""
LONGEST = 64 * 1024 * 1024
"""Characters of a line at most; a part of 32 MiB has as many."""
SHOWN = 200


class Process(Sockets):
    """The target that a command starts; ``called`` is how faults name it, the command itself if that is empty."""

    def __init__(
        self, command: Sequence[str], called: str = "", environment: Mapping[str, str] | None = None,
        start: float = START, grace: float = GRACE,
    ) -> None:  # fmt: skip
        self.command = list(command)
        self.name = called or " ".join(self.command)
        self._environment = {**os.environ, **(environment or {})}
        self._start, self._grace = start, grace
        self._number = 0
        self._child: subprocess.Popen[str] | None = None
        self._begin()

    # --- the process

    def _begin(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        try:
            self._child = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
                encoding="utf-8", errors="replace", env=self._environment, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._errors.close()
            raise TargetFault(f"the target {self.name} could not be started: {error.strerror or error}") from error
        assert self._child.stdout is not None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=_read, args=(self._child.stdout, self._lines), daemon=True)
        self._reader.start()
        told = self._line("introduce itself", self._start)
        try:
            version = field(told, "protocol", int)
            if version != protocol.VERSION:
                raise Garbled(f"it speaks version {version} of the protocol, not {protocol.VERSION}")
            self.version = field(told, "version", str)
            self.cans = protocol.cans(told)
            self.types = frozenset(map(str, field(told, "types", list)))
            self.name = field(told, "target", str)
        except Garbled as why:
            raise self._fault(f"introduced itself wrongly: {why}") from None

    def _line(self, what: str, seconds: float) -> protocol.Object:
        """The next line that the process writes; it was asked to do ``what``."""
        try:
            text = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise self._fault(f"did not {what} within {seconds:g} s") from None
        if not text:
            raise self._died(what)
        if not text.endswith("\n"):
            why = "in the middle of a line" if len(text) < LONGEST else f"with more than {LONGEST} characters"
            raise self._fault(f"answered {why} when it was asked to {what}: {text[:SHOWN]!r}")
        try:
            return protocol.parse(text)
        except Garbled as why:
            raise self._fault(f"was asked to {what} and answered {text[:SHOWN].rstrip()!r}: {why}") from None

    def _died(self, what: str) -> TargetFault:
        assert self._child is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(self._grace)
        code = self._child.returncode
        if code is None:
            how = "closed its output"
        elif code < 0:
            how = f"died of {signal.Signals(-code).name}"
        else:
            how = f"ended with code {code}"
        return self._fault(f"{how} when it was asked to {what}")

    def _fault(self, what: str) -> TargetFault:
        """Kill the process, and say what it did, with what it said last on standard error."""
        self._kill()
        self._errors.seek(0)
        words = self._errors.read()[-10 * SHOWN :].decode(errors="replace").strip().splitlines()
        self._errors.close()
        last = f" (it said: {words[-1].strip()[:SHOWN]})" if words else ""
        return TargetFault(f"the target {self.name} {what}{last}")

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        # Its own session, so that what it started goes with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        self._reader.join()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _call(self, call: str, **fields: Any) -> protocol.Object:
        """Make a call, and return the answer."""
        if self._child is None:
            raise TargetFault(f"the target {self.name} is not there any more; reset starts it again")
        self._number += 1
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(protocol.line({"id": self._number, "call": call, **fields}))
            self._child.stdin.flush()
        except OSError:
            raise self._died(f"answer {call}") from None
        told = self._line(f"answer {call}", self._grace + fields.get("wait", 0) / 1000)
        if told.get("id") != self._number:
            raise self._fault(f"answered call {told.get('id')!r} when call {self._number} was asked of it")
        if "fault" in told:
            raise TargetFault(f"the target {self.name} answered {call} with a fault: {told['fault']}")
        return told

    def _checked(self, told: protocol.Object, call: str, name: str, *kinds: type) -> Any:
        try:
            return field(told, name, *kinds)
        except Garbled as why:
            raise self._fault(f"answered {call} with {protocol.line(told).rstrip()[:SHOWN]}: {why}") from None

    def _said(self, call: str, **fields: Any) -> tuple[Said, protocol.Object]:
        told = self._call(call, **fields)
        try:
            return protocol.said(told), told
        except Garbled as why:
            raise self._fault(f"answered {call} with {protocol.line(told).rstrip()[:SHOWN]}: {why}") from None

    def _done(self, call: str, **fields: Any) -> protocol.Object:
        how, told = self._said(call, **fields)
        if how is not Said.OK:
            raise Refused(how)
        return told

    # --- what is asked of it

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        """Make a socket."""
        values = {name: protocol.value_out(value) for name, value in (options or {}).items()}
        number: int = self._checked(self._done("create", kind=kind, options=values), "create", "socket", int)
        return number

    def option(self, socket: int, name: str, value: Value) -> Said:
        """Set a socket option."""
        return self._said("option", socket=socket, name=name, value=protocol.value_out(value))[0]

    def bind(self, socket: int, endpoint: str = ANYWHERE) -> str:
        """Bind."""
        where: str = self._checked(self._done("bind", socket=socket, endpoint=endpoint), "bind", "endpoint", str)
        return where

    def connect(self, socket: int, endpoint: str) -> Said:
        """Connect."""
        return self._said("connect", socket=socket, endpoint=endpoint)[0]

    def unbind(self, socket: int, endpoint: str) -> Said:
        """Stop listening at an endpoint."""
        self.need(Can.DISCONNECT)
        return self._said("unbind", socket=socket, endpoint=endpoint)[0]

    def disconnect(self, socket: int, endpoint: str) -> Said:
        """Disconnect from an endpoint."""
        self.need(Can.DISCONNECT)
        return self._said("disconnect", socket=socket, endpoint=endpoint)[0]

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        """Send one part."""
        return self._said("send", socket=socket, part=part.hex(), more=more, wait=wait)[0]

    def receive(self, socket: int, wait: int = 0) -> Received:
        """Receive one part."""
        how, told = self._said("receive", socket=socket, wait=wait)
        if how is not Said.OK:
            return Received(how)
        part, more = (self._checked(told, "receive", "part", str), self._checked(told, "receive", "more", bool))
        try:
            return Received(how, protocol.octets(part), more)
        except Garbled as why:
            raise self._fault(f"received a part of which {why}") from None

    def abort(self, socket: int) -> Said:
        """Drop the unfinished message of a socket."""
        self.need(Can.ABORT)
        return self._said("abort", socket=socket)[0]

    def policy(self, name: str) -> None:
        """Choose the send policy of all sockets made from now on."""
        self.need(Can.POLICY)
        self._done("policy", name=name)

    def receive_policy(self, name: str) -> None:
        """Choose the receive policy of all sockets made from now on."""
        self.need(Can.RECEIVE_POLICY)
        self._done("receive_policy", name=name)

    def limit(self, units: int) -> None:
        """Bound the memory of all sockets made from now on."""
        self.need(Can.LIMIT)
        self._done("limit", units=units)

    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        """Refuse allocations at a site."""
        self.need(Can.REFUSE)
        self._done("refuse", site=site, after=after, times=times)

    def memory(self) -> int:
        """How many octets are in use."""
        self.need(Can.MEMORY)
        used: int = self._checked(self._done("memory"), "memory", "octets", int)
        return used

    def peers(self, socket: int, count: int, wait: int) -> bool:
        """Wait for peers."""
        self.need(Can.PEERS)
        told = self._done("peers", socket=socket, count=count, wait=wait)
        return bool(self._checked(told, "peers", "met", bool))

    def settle(self, wait: int) -> bool:
        """Wait until nothing is under way."""
        self.need(Can.SETTLE)
        return bool(self._checked(self._done("settle", wait=wait), "settle", "met", bool))

    def close(self, socket: int) -> None:
        """Close a socket."""
        self._done("close", socket=socket)

    def reset(self) -> None:
        """Close all sockets; start the process again if it is not there any more."""
        if self._child is None:
            self._begin()
        else:
            self._done("reset")

    def end(self) -> None:
        """End the process: by the end of its input, or by force if that is not enough."""
        child = self._child
        if child is None:
            return
        assert child.stdin is not None
        with contextlib.suppress(OSError):
            child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(self._grace)
        self._kill()
        self._errors.close()


def _read(stream: IO[str], lines: queue.SimpleQueue[str]) -> None:
    """Pass on each line, and an empty one when there are no more."""
    while True:
        text = stream.readline(LONGEST)
        lines.put(text)
        if not text:
            return
