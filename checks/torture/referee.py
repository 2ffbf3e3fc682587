"""One case: a victim in a scenario, its peers, and what was seen of both. No verdict is given here."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import enomem

from ..errors import OurFault
from . import shim, stacks
from .message import PROBE
from .peers import Peer
from .stacks import Seen
from .variants import RESTART, Variant

START = 60.0
"""Seconds for a new process to import what it needs."""

TICK_MS = 4
MOST = 10
"""A case that is still busy after so many times the patience is a hang as well: it does not come to its end."""

CLEAN = "0" * 16

PATH = "a-socket-with-a-name-that-needs-memory"
"""Where a victim and its peer meet over ipc, in a folder with a short name: 107 octets are all that a path may have."""

VICTIM = ("-m", "enomem.checks.torture.victim")
"""What Python runs as the process that forks."""


@dataclass(frozen=True)
class Case:
    """Which allocation of which victim fails: the ``hit``-th of the stack ``key``; of `CLEAN`, none."""

    variant: Variant
    key: str = CLEAN
    hit: int = 0
    recovery: str = RESTART


@dataclass
class Stream:
    """What one end sent, by number and parts, and what came at the other: a list of labels for each message."""

    sender: str
    sent: list[int] = field(default_factory=list)
    got: list[list[str]] = field(default_factory=list)


@dataclass
class Observed:
    """All that was seen of one case, by its peers, by its victim's own words, and by how it ended.

    ``status`` is an exit code, or a signal as a negative number. ``last`` is the last thing that the victim told.
    """

    status: int | None = None
    hung: bool = False
    last: str = ""
    stderr: str = ""
    enomem: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    closed: int = 0
    seconds: float = 0.0
    fired: bool = False


class Referee:
    """Runs cases one after the other with one process that forks the victims."""

    def __init__(self, library: Path, folder: Path, libzmq: Path | None = None, victim: Sequence[str] = VICTIM) -> None:
        self.zmq: Any = importlib.import_module("zmq")
        self._folder = folder
        self._meeting = tempfile.TemporaryDirectory(prefix="enomem-")
        self._context = self.zmq.Context()
        path = os.pathsep.join(filter(None, (str(Path(enomem.__file__).parents[1]), os.environ.get("PYTHONPATH"))))
        self._parent = subprocess.Popen(
            [sys.executable, *victim], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**shim.environment(library, libzmq), "PYTHONPATH": path},
        )  # fmt: skip
        self._rest = b""
        if [line["event"] for line in self._lines(START)] != ["ready"]:
            raise OurFault("the process that forks victims does not start; why, it said itself")

    def close(self) -> None:
        """End the process that forks."""
        for stream in (self._parent.stdin, self._parent.stdout):
            if stream is not None:
                stream.close()
        self._parent.wait(5)
        self._context.destroy(linger=0)
        self._meeting.cleanup()

    # --- the pipe

    def _say(self, text: str) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.write(text.encode() + b"\n")
        self._parent.stdin.flush()

    def _lines(self, seconds: float = 0.0) -> list[dict[str, Any]]:
        """What was told, after waiting so long for it at most."""
        assert self._parent.stdout is not None
        poller = self.zmq.Poller()
        poller.register(self._parent.stdout.fileno(), self.zmq.POLLIN)
        if poller.poll(int(seconds * 1000)):
            self._rest += os.read(self._parent.stdout.fileno(), 1 << 20)
        *whole, self._rest = self._rest.split(b"\n")
        return [json.loads(line) for line in whole]

    # --- a case

    def run(self, case: Case, patience: float) -> tuple[Observed, Seen]:
        """What was seen of a case; it is given up when nothing at all has happened for ``patience`` seconds."""
        file, said = self._folder / "stacks", self._folder / "said"
        file.unlink(missing_ok=True)
        path = f"ipc://{self._meeting.name}/{PATH}" if case.variant.local else ""
        play = _Play(self._context, case, path)
        began = time.monotonic()
        try:
            self._say(
                json.dumps(
                    {
                        "variant": case.variant.as_json(), "endpoint": play.endpoint, "recovery": case.recovery,
                        "stack": case.key, "hit": case.hit, "file": str(file), "said": str(said),
                    }
                )
            )  # fmt: skip
            self._follow(play, patience)
        finally:
            if play.status is None and play.pid:
                # Something is wrong on our side: the victim must not outlive it.
                with suppress(ProcessLookupError):
                    os.kill(play.pid, signal.SIGKILL)
            play.close()
        seen = stacks.read(file)
        found = play.observed()
        found.seconds = round(time.monotonic() - began, 3)
        found.stderr = said.read_text(errors="replace").strip() if said.exists() else ""
        found.fired = seen.fired
        return found, seen

    def _follow(self, play: _Play, patience: float) -> None:
        """Until the victim is gone."""
        progress, limit, moved = time.monotonic() + patience, time.monotonic() + MOST * patience, -1
        while play.status is None:
            for line in self._lines(TICK_MS / 1000 if not play.readable(TICK_MS // 2) else 0):
                play.told(line)
            now = time.monotonic()
            for word in play.move(now):
                self._say(word)
            if play.moved != moved:
                moved, progress = play.moved, now + patience
            if (now > progress or now > limit) and not play.hung and play.pid:
                play.hung = True
                with suppress(ProcessLookupError):
                    os.kill(play.pid, signal.SIGKILL)
            if self._parent.poll() is not None:
                raise OurFault("the process that forks victims is gone")


class _Play:
    """The peers of one case, and what its victim told."""

    def __init__(self, context: Any, case: Case, path: str) -> None:
        self._context, self._case = context, case
        self._peers: list[Peer] = []
        self._told: list[dict[str, Any]] = []
        self._once: set[str] = set()
        self.status: int | None = None
        self.pid = 0
        self.hung = False
        if not case.variant.inside and not case.variant.binds:
            self._open(path)
        self.endpoint = self._peers[0].endpoint if self._peers else path

    def _open(self, endpoint: str) -> None:
        """One peer binds, or all connect to a victim that does."""
        variant = self._case.variant
        kinds = variant.peers if variant.binds else variant.peers[:1]
        for letter, kind in zip("PQR", kinds, strict=False):
            self._peers.append(Peer(self._context, variant, kind, letter, endpoint))

    def readable(self, milliseconds: int) -> bool:
        """Whether something came at a peer within that time."""
        sockets = [peer.socket for peer in self._peers if peer.socket is not None]
        if not sockets:
            return False
        zmq = self._peers[0].zmq
        poller = zmq.Poller()
        for socket in sockets:
            poller.register(socket, zmq.POLLIN)
        return bool(poller.poll(milliseconds))

    @property
    def moved(self) -> int:
        """Grows whenever something happened."""
        return len(self._told) + sum(peer.moved for peer in self._peers)

    def told(self, line: dict[str, Any]) -> None:
        """Something that the victim, or for its birth and end its parent, told."""
        match line["event"]:
            case "born":
                self.pid = line["pid"]
            case "gone":
                self.status = line["status"]
                return
            case "bound":
                self._open(line["endpoint"])
            case "broken":
                raise OurFault(line["text"])
        self._told.append(line)

    def move(self, now: float) -> list[str]:
        """Have each peer do what it can; what is to be said to the victim."""
        variant = self._case.variant
        words: list[str] = []
        closing = self._said("closing")
        for peer in self._peers:
            if "close" not in self._once:
                peer.look()
            peer.read()
            if not closing:
                peer.tick(now, self._upto(peer))
        if closing:
            words += self._first("close")
        if variant.restarts and not closing:
            self._restart(now, words)
        peers = self._peers
        if variant.victim in ("PUB", "XPUB") and peers and all(peer.probed for peer in peers):
            words += self._first("go")
        if peers and all(peer.finals for peer in peers) and variant.victim not in ("REQ", "DEALER"):
            words += self._first("stop")
        return words

    def _upto(self, peer: Peer) -> int:
        """How many messages a peer may send by now: half until it has been away."""
        count = self._case.variant.count
        return count // 2 if self._case.variant.restarts and not peer.restarted else count

    def _restart(self, now: float, words: list[str]) -> None:
        """Have the peer go when what was sent before it has arrived or is lost; when it is back, the victim goes on."""
        peer = self._peers[0] if self._peers else None
        if peer is None:
            return
        if peer.restarted:
            # What is sent before the victim knows of the new connection would be lost with the old one.
            words += self._first("go") if peer.joined else []
            return
        if self._sends and peer.kind != "ROUTER":
            arrived = peer.probed > 0
        else:
            arrived = any(line["event"] == "got" and _of(line["parts"]) == PROBE for line in self._told)
        if arrived:
            peer.restart(now)

    @property
    def _sends(self) -> bool:
        return self._case.variant.victim in ("PUSH", "PUB", "XPUB", "REQ", "DEALER")

    def _said(self, event: str) -> bool:
        return any(line["event"] == event for line in self._told)

    def _first(self, word: str) -> list[str]:
        if word in self._once:
            return []
        self._once.add(word)
        return [word]

    def close(self) -> None:
        """Close the peers."""
        for peer in self._peers:
            peer.close()

    def observed(self) -> Observed:
        """What was seen, as values."""
        told = {name: [line for line in self._told if line["event"] == name] for name in ("sent", "got")}
        numbers = [line["number"] for line in told["sent"]]
        streams = []
        if self._case.variant.inside:
            for end in range(len(self._case.variant.peers)):
                got = [line["parts"] for line in told["got"] if line["end"] == end]
                streams.append(Stream("V", list(numbers), got))
        for peer in self._peers:
            got = [line["parts"] for line in told["got"] if _of(line["parts"]) in (peer.letter, PROBE, "?")]
            if self._sends:
                streams.append(Stream("V", list(numbers), peer.got))
                if peer.kind in ("REP", "ROUTER"):
                    streams.append(Stream("V", list(numbers), [line["parts"] for line in told["got"]]))
            else:
                streams.append(Stream(peer.letter, peer.sent, got))
                if peer.kind in ("REQ", "DEALER"):
                    streams.append(Stream(peer.letter, peer.sent, peer.got))
        return Observed(
            status=self.status, hung=self.hung, streams=streams,
            last=self._told[-1]["event"] if self._told else "",
            enomem=[line["at"] for line in self._told if line["event"] == "enomem"],
            errors=[line["text"] for line in self._told if line["event"] == "error"],
            closed=sum(peer.gone for peer in self._peers),
        )  # fmt: skip


def _of(parts: list[str]) -> str:
    """The sender of a message, by its first part that can be recognised."""
    return next((part[0] for part in parts if part[:1].isalpha()), "?")
