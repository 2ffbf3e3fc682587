"""The process whose allocation fails: ``python -m enomem.checks.torture.victim``, with the shim preloaded.

It imports pyzmq once and then forks for every case that a line of its standard input describes. The child arms the
shim and plays its part in the scenario, telling on standard output what it sent, what it got and what it was told; it
reads ``go``, ``stop`` and ``close`` from standard input. Its death, told by the parent, is the end of a case. What it
does at ENOMEM is what an application does: calls that made something are made again, messages as the case says.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import select
import signal
from contextlib import suppress
from errno import ENOMEM
from typing import Any, NoReturn

from .message import EARLY, FINAL, GIVEN_UP, PROBE, is_final, is_probe, message, recognised
from .variants import NEXT, RESTART, Variant, variant_of

AGAIN = 5
"""How often a call that makes something is made again at ENOMEM. One allocation fails, so once would do."""

QUIET = 0.01
"""Seconds between two messages that only ask whether anything still arrives."""

PR_SET_PDEATHSIG = 1
"""Of prctl(2)."""

FAILED = 3
"""Exit code of a victim that a call told another error than ENOMEM."""


class Line:
    """The lines of standard input, read without a buffer that a fork would take along."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, seconds: float | None = None) -> str | None:
        """The next line; None if none comes in that time, EOFError if none comes ever."""
        while b"\n" not in self._rest:
            if seconds is not None and not select.select([0], [], [], seconds)[0]:
                return None
            more = os.read(0, 65536)
            if not more:
                raise EOFError("nobody is there any more")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()


def tell(event: str, **values: object) -> None:
    """One line to whoever runs this, in one piece."""
    os.write(1, json.dumps({"event": event, **values}).encode() + b"\n")


class Victim:
    """The application of one case."""

    def __init__(self, variant: Variant, endpoint: str, recovery: str, line: Line) -> None:
        self.variant, self.endpoint, self.recovery, self.line = variant, endpoint, recovery, line
        self.zmq: Any = importlib.import_module("zmq")
        self.sockets: list[Any] = []
        self.monitor: Any = None

    def call(self, at: str, function: Any, *arguments: object) -> Any:
        """Call, and again after ENOMEM."""
        for _ in range(AGAIN):
            try:
                return function(*arguments)
            except self.zmq.ZMQError as error:
                if error.errno != ENOMEM:
                    raise
                tell("enomem", at=at)
            except MemoryError:
                tell("enomem", at=at)
        raise OSError(ENOMEM, f"{at} got no memory {AGAIN} times")

    def socket(self, kind: str) -> Any:
        """A new socket with the options of the scenario."""
        zmq = self.zmq
        socket = self.call("socket", self.context.socket, getattr(zmq, kind))
        self.sockets.append(socket)
        options: list[tuple[str, object]] = [("LINGER", 1000), ("RECONNECT_IVL", 10)]
        if kind in ("DEALER", "REQ"):
            options.append(("ROUTING_ID", b"victim with a routing id of over 33 octets"))
        if kind == "SUB":
            options += [("SUBSCRIBE", topic) for topic in EARLY]
        for name, value in options:
            self.call(name.lower(), socket.setsockopt, getattr(zmq, name), value)
        return socket

    def join(self, socket: Any, way: str, endpoint: str) -> None:
        """Bind or connect, and what a SUB subscribes to and gives up once it is there."""
        self.call(way, getattr(socket, way), endpoint)
        if socket.socket_type == self.zmq.SUB:
            for topic in GIVEN_UP:
                self.call("unsubscribe", socket.setsockopt, self.zmq.UNSUBSCRIBE, topic)
            self.call("subscribe", socket.setsockopt, self.zmq.SUBSCRIBE, b"")

    def begin(self) -> Any:
        """The context and the socket, bound or connected."""
        self.context = self.call("context", self.zmq.Context)
        socket = self.socket(self.variant.victim)
        if self.variant.watched:
            self.monitor = self.call("monitor", socket.get_monitor_socket)
            self.sockets.append(self.monitor)
        if self.variant.binds:
            self.join(socket, "bind", self.endpoint or "tcp://127.0.0.1:*")
            tell("bound", endpoint=self.call("last_endpoint", lambda: socket.last_endpoint.decode()))
        else:
            self.join(socket, "connect", self.endpoint)
        if self.variant.victim == "XSUB":
            self.send(socket, [b"\x01"], "subscription")
        return socket

    def send(self, socket: Any, parts: list[bytes], at: str = "send") -> bool:
        """Send all parts, one call each, with the recovery of the case; whether the last was accepted."""
        index = 0
        while index < len(parts):
            flags = self.zmq.SNDMORE if index + 1 < len(parts) else 0
            try:
                socket.send(parts[index], flags)
            except self.zmq.ZMQError as error:
                if error.errno != ENOMEM:
                    raise
                tell("enomem", at=at, part=index + 1)
                if self.recovery == NEXT:
                    return False
                index = 0 if self.recovery == RESTART else index
                continue
            index += 1
        return True

    def send_number(self, socket: Any, number: int, sender: str = "V") -> None:
        """Send a message of the scenario, and tell if it was accepted."""
        if self.send(socket, message(sender, number, self.variant.sizes)) and number < FINAL:
            tell("sent", number=number)

    def receive(self, socket: Any) -> list[bytes]:
        """All parts of the next message."""
        return [self.call("recv", socket.recv), *self.rest(socket)]

    def rest(self, socket: Any) -> list[bytes]:
        """The parts that are still to come of a message."""
        parts = []
        while self.call("rcvmore", socket.getsockopt, self.zmq.RCVMORE):
            parts.append(self.call("recv", socket.recv))
        return parts

    def got(self, socket: Any) -> list[bytes]:
        """Receive, and tell what came."""
        parts = self.receive(socket)
        shown = parts[1:] if self.variant.victim == "ROUTER" else parts
        tell("got", parts=[recognised(octets, self.variant.sizes) for octets in shown])
        return parts

    def wait(self, word: str) -> None:
        """Read lines until it comes."""
        while self.line.read() != word:
            pass

    def poll(self, *sockets: Any) -> list[Any]:
        """What is readable: sockets, and standard input as 0. Many sockets at once need memory in zmq_poll."""
        poller = self.zmq.Poller()
        for socket in (0, *sockets):
            poller.register(socket, self.zmq.POLLIN)
        return [socket for socket, _ in self.call("poll", poller.poll)]

    def end(self) -> None:
        """Close all, which also needs memory, once the peers have looked."""
        tell("closing")
        self.wait("close")
        if self.monitor is not None:
            self.sockets[0].disable_monitor()
        for socket in self.sockets:
            self.call("close", socket.close)
        self.call("term", self.context.term)
        tell("done")


def sending(victim: Victim, socket: Any) -> None:
    """PUSH, PUB, XPUB: send, and go on until a peer has got one of the last messages."""
    variant = victim.variant
    pause = variant.count // 2 if variant.restarts else 0 if variant.victim in ("PUB", "XPUB") else None
    for number in range(variant.count):
        probe = FINAL
        while number == pause and victim.line.read(QUIET) != "go":
            victim.send_number(socket, probe, PROBE)
            probe += 1
        victim.send_number(socket, number)
    if variant.victim == "XPUB":
        while socket.getsockopt(victim.zmq.EVENTS) & victim.zmq.POLLIN:
            victim.receive(socket)
    number = FINAL
    while victim.line.read(QUIET) != "stop":
        victim.send_number(socket, number)
        number += 1


def receiving(victim: Victim, socket: Any) -> None:
    """PULL, SUB, XSUB: receive until one of the last messages comes."""
    while not is_final(victim.got(socket)[-1]):
        pass


def asking(victim: Victim, socket: Any) -> None:
    """REQ: a request and its reply, again and again."""
    for number in range(victim.variant.count):
        victim.send_number(socket, number)
        victim.got(socket)


def answering(victim: Victim, socket: Any) -> None:
    """REP, ROUTER: send back what comes, until told to stop."""
    while True:
        ready = victim.poll(socket)
        if socket in ready:
            parts = victim.got(socket)
            victim.send(socket, parts, "reply")
        elif victim.line.read() == "stop":
            return


def talking(victim: Victim, socket: Any) -> None:
    """DEALER: send all, then read the answers."""
    for number in range(victim.variant.count):
        if victim.variant.restarts and number == victim.variant.count // 2:
            # Answers of two connections have no order among them, so those of the first are read first.
            answered(victim, socket, PROBE)
            victim.wait("go")
        victim.send_number(socket, number)
    answered(victim, socket, "V")


def answered(victim: Victim, socket: Any, sender: str) -> None:
    """Ask and read, until an answer to such a question comes."""
    number = FINAL
    while True:
        victim.send_number(socket, number, sender)
        number += 1
        while socket.poll(10):
            last = victim.got(socket)[-1]
            if is_final(last) or (sender == PROBE and is_probe(last)):
                return


PARTS = {
    **dict.fromkeys(("PUSH", "PUB", "XPUB"), sending),
    **dict.fromkeys(("PULL", "SUB", "XSUB"), receiving),
    **dict.fromkeys(("REP", "ROUTER"), answering),
    "REQ": asking,
    "DEALER": talking,
}


def play(case: dict[str, Any], line: Line) -> None:
    """One case from the context to its end."""
    from . import inside

    victim = Victim(variant_of(case["variant"]), case["endpoint"], case["recovery"], line)
    try:
        if victim.variant.inside:
            inside.play(victim)
        else:
            PARTS[victim.variant.victim](victim, victim.begin())
        victim.end()
    except victim.zmq.ZMQError as error:
        tell("error", number=error.errno, text=str(error))
        os._exit(FAILED)


def child(library: Any, case: dict[str, Any], line: Line) -> NoReturn:
    """The forked process: arm the shim, play, go."""
    said = os.open(case["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(said, 2)
    number = library.enomem_torture_arm(case["file"].encode(), int(case["stack"], 16), case["hit"])
    if number != 0:
        tell("broken", text=f"the shim could not map its file: {os.strerror(number)}")
    else:
        play(case, line)
    os._exit(0)


def main() -> None:
    """Fork for each case, wait for its end and tell it, until standard input is closed."""
    importlib.import_module("zmq")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    library = ctypes.CDLL(os.environ["LD_PRELOAD"].split(":")[0])
    library.enomem_torture_arm.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint32]
    line = Line()
    with_parent()
    tell("ready")
    with suppress(EOFError):
        while True:
            text = line.read()
            if text is None or not text.startswith("{"):
                continue  # said to a child that had gone
            pid = os.fork()
            if pid == 0:
                born(library, json.loads(text), line)
            tell("born", pid=pid)
            _, status = os.waitpid(pid, 0)
            tell("gone", status=os.waitstatus_to_exitcode(status))


def born(library: Any, case: dict[str, Any], line: Line) -> NoReturn:
    """The forked process, which must never go on as its parent."""
    try:
        with_parent()
        child(library, case, line)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        tell("error", number=0, text=f"{type(error).__name__}: {error}")
    finally:
        os._exit(FAILED)


def with_parent() -> None:
    """Be killed when the parent is gone: a victim that hangs would stay for ever."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
