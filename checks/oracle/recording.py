"""A target whose runs are written down, in the format that ``enomem validate`` reads (``docs/formats.md``).

A run is what happens between two resets, and a file of its own. What had no effect is not written: a socket that could
not be made or bound, an option that there is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from enomem.model.reference.context import receive_policy_of
from enomem.model.systems.network import Refusals, Setting

from ..errors import UsageError
from ..policies.file import load_policy
from ..targets.target import ANYWHERE, Can, Received, Said, Target, Value
from .call_format import encoded, header
from .events import Do, Event


class Recording:
    """The sockets of ``target``, all calls on which are written to files in ``folder``: ``run-1.jsonl`` and so on.

    ``named`` has another name for the file of a run, by its number from 1.
    """

    def __init__(self, target: Target, folder: Path, named: Callable[[int], str] = "run-{}.jsonl".format) -> None:
        self._target = target
        self._folder, self._named = folder, named
        self._runs = 0
        self._file: TextIO | None = None
        self._policy, self._receive_policy, self._limited = "DISCARD", "BOUNDED_WAIT", False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"runs cannot be written to {folder}: {error.strerror}") from None

    @property
    def name(self) -> str:
        """The target's."""
        return self._target.name

    @property
    def version(self) -> str:
        """The target's."""
        return self._target.version

    @property
    def cans(self) -> frozenset[Can]:
        """The target's."""
        return self._target.cans

    @property
    def types(self) -> frozenset[str]:
        """The target's."""
        return self._target.types

    def _write(self, do: Do, socket: int = -1, **fields: object) -> None:
        if self._file is None:
            self._runs += 1
            path = self._folder / self._named(self._runs)
            try:
                self._file = path.open("w", encoding="utf-8")
            except OSError as error:
                raise UsageError(f"the run cannot be written to {path}: {error.strerror}") from None
            # Who bounds its memory refuses what nobody has named; so may who has no part in it.
            told = Can.REFUSE in self.cans and not self._limited
            refusals = Refusals.TOLD if told else Refusals.ANY
            # Whose turn it is can be told where it is known in which order peers came; turns are enomem's own answer.
            in_turn = {Can.SETTLE, Can.POLICY} <= self.cans
            reading = receive_policy_of(self._receive_policy)
            setting = Setting(load_policy(self._policy), refusals, in_turn, receive_policy=reading)
            self._file.write(header(setting, f"{self.name} {self.version}") + "\n")
        # Who dies takes nothing with it that was said before.
        # Fields of several types by their names.
        self._file.write(encoded(Event(do, socket, **fields)) + "\n")  # type: ignore[arg-type]
        self._file.flush()

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        """Make a socket."""
        socket = self._target.create(kind, options)
        self._write(Do.CREATE, socket, name=kind, options=tuple((options or {}).items()))
        return socket

    def option(self, socket: int, name: str, value: Value) -> Said:
        """Set a socket option."""
        how = self._target.option(socket, name, value)
        if how is not Said.INVALID:
            self._write(Do.OPTION, socket, name=name, value=value, answer=how.value)
        return how

    def bind(self, socket: int, endpoint: str = ANYWHERE) -> str:
        """Bind."""
        where = self._target.bind(socket, endpoint)
        self._write(Do.BIND, socket, endpoint=where)
        return where

    def connect(self, socket: int, endpoint: str) -> Said:
        """Connect."""
        how = self._target.connect(socket, endpoint)
        self._write(Do.CONNECT, socket, endpoint=endpoint, answer=how.value)
        return how

    def unbind(self, socket: int, endpoint: str) -> Said:
        """Stop listening at an endpoint."""
        how = self._target.unbind(socket, endpoint)
        if how is Said.OK:
            self._write(Do.UNBIND, socket, endpoint=endpoint)
        return how

    def disconnect(self, socket: int, endpoint: str) -> Said:
        """Disconnect from an endpoint."""
        how = self._target.disconnect(socket, endpoint)
        if how is Said.OK:
            self._write(Do.DISCONNECT, socket, endpoint=endpoint)
        return how

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        """Send one part."""
        how = self._target.send(socket, part, more, wait)
        self._write(Do.SEND, socket, part=part, more=more, answer=how.value)
        return how

    def receive(self, socket: int, wait: int = 0) -> Received:
        """Receive one part."""
        got = self._target.receive(socket, wait)
        self._write(Do.RECEIVE, socket, part=got.part, more=got.more, answer=got.said.value)
        return got

    def abort(self, socket: int) -> Said:
        """Drop the unfinished message of a socket."""
        how = self._target.abort(socket)
        self._write(Do.ABORT, socket, answer=how.value)
        return how

    def policy(self, name: str) -> None:
        """Choose the send policy; a run has one, and so it is chosen before the first socket."""
        if self._file is not None and Can.POLICY in self.cans:
            raise UsageError("a recorded run has one policy: choose it before the first socket is made")
        self._target.policy(name)
        self._policy = name

    def receive_policy(self, name: str) -> None:
        """Choose the receive policy; a run has one, too."""
        if self._file is not None and Can.RECEIVE_POLICY in self.cans:
            raise UsageError("a recorded run has one receive policy: choose it before the first socket is made")
        self._target.receive_policy(name)
        self._receive_policy = name

    def limit(self, units: int) -> None:
        """Bound the memory; any allocation may be refused then, and so that is said before the first socket."""
        if self._file is not None and Can.LIMIT in self.cans:
            raise UsageError("a recorded run has one limit: say it before the first socket is made")
        self._target.limit(units)
        self._limited = True

    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        """Refuse allocations at a site."""
        self._target.refuse(site, after, times)
        self._write(Do.REFUSE, name=site, count=after, times=times)

    def memory(self) -> int:
        """How many octets are in use, of which a run says nothing."""
        return self._target.memory()

    def peers(self, socket: int, count: int, wait: int) -> bool:
        """Wait for peers."""
        met = self._target.peers(socket, count, wait)
        if met:
            self._write(Do.PEERS, socket, count=count)
        return met

    def settle(self, wait: int) -> bool:
        """Wait until nothing is under way."""
        met = self._target.settle(wait)
        if met:
            self._write(Do.SETTLE)
        return met

    def close(self, socket: int) -> None:
        """Close a socket."""
        self._target.close(socket)
        self._write(Do.CLOSE, socket)

    def reset(self) -> None:
        """Close all sockets; what follows is another run."""
        self._end_of_run()
        self._target.reset()

    def end(self) -> None:
        """Close all sockets, and the file."""
        self._end_of_run()
        self._target.end()

    def _end_of_run(self) -> None:
        self._policy, self._receive_policy, self._limited = "DISCARD", "BOUNDED_WAIT", False
        if self._file is not None:
            self._file.close()
            self._file = None
