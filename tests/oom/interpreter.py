"""The second layer: the interpreter's own allocator fails, in forked children, and what then becomes of the socket.

``python tests/oom/interpreter.py [--seconds N] [--operation NAME]... [--list CLASS]``. For each operation the
allocations of the calling thread are refused one by one, three in a row, and all from one on
(``_testcapi.set_nomemory``). What is asked for is the strong guarantee: after MemoryError the socket is as it was, or
the call is done; nothing is lost, and the books add up. What CPython breaks by itself is counted apart.
A child that hangs is killed by its id.

This is no test of the specification, which is about the pool (``test_sweeps.py``): Python allocates where no program
can see it. It says how far the reference socket can be trusted when the machine itself has no more memory.
"""

import argparse
import faulthandler
import os
import select
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

if not __package__:
    sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "src"), str(Path(__file__).resolve().parent)]

import enomem
from enomem.model.reference.errors import OurBug

if __package__:
    from .standing import LARGE, MESSAGE, SECONDS, Announced, Lost, Stand, check, received, sent, standing
else:
    from standing import LARGE, MESSAGE, SECONDS, Announced, Lost, Stand, check, received, sent, standing

try:
    import _testcapi

    set_nomemory, remove_mem_hooks = _testcapi.set_nomemory, _testcapi.remove_mem_hooks
except (ImportError, AttributeError):
    set_nomemory = remove_mem_hooks = None

PATIENCE = 1.5
"""Seconds after which a child that uses the processor all the time is known to turn round in itself."""
ELSEWHERE = 60
"""Allocations of another thread that are refused one after the other."""
MOST = 400
"""Allocations of one operation that are refused one after the other, at most."""


class Class(Enum):
    """What came of one run."""

    DONE = "the call was done"
    CLEAN = "MemoryError, and the socket as it was or the call done"
    ANNOUNCED = "the connection was closed for want of memory, which was announced, and opened again"
    LOST = "a message was lost or came twice"
    BOOKS = "the books do not add up"
    STUCK = "the socket does not work any more, and says so"
    DEAD = "the I/O thread died, and every call says so"
    OTHER = "another exception than MemoryError"
    INTERPRETER = "the interpreter itself broke"
    SPINS = "the interpreter turns round in itself: killed while a thread of it was running"
    HANG = "killed after a time, while all threads waited"


def sending(call: Callable[[enomem.Socket], Any], message: list[bytes]) -> "Operation":
    """An operation of a PUSH."""
    return Operation(lambda: standing("PUSH", "PULL"), lambda stand: call(stand.socket),
                     lambda stand, done, _result: sent(stand, message, done))  # fmt: skip


def receiving(call: Callable[[enomem.Socket], Any], message: list[bytes], threaded: bool = False) -> "Operation":
    """An operation of a PULL whose peer has sent a message; the I/O thread waits for the lock meanwhile."""

    def prepare() -> Stand:
        stand = standing("PULL", "PUSH")
        stand.context.lock.acquire()
        stand.raw.send(message)
        (connection,) = stand.socket._core.connections
        select.select([connection.descriptor], [], [], SECONDS)
        time.sleep(0.002)  # the I/O thread has its event, if it watches the descriptor, and waits for the lock
        return stand

    def act(stand: Stand) -> Any:
        if not threaded:
            return call(stand.socket)
        stand.context.lock.release()
        time.sleep(0.02)  # the I/O thread reads
        return None

    def verify(stand: Stand, done: bool, result: Any) -> None:
        if not threaded:
            stand.context.lock.release()
        received(stand, message, result if done and not threaded else None)

    return Operation(prepare, act, verify, threaded)


def parted(socket: enomem.Socket) -> list[bytes]:
    """Receive part by part."""
    parts = [socket.recv(enomem.DONTWAIT)]
    while socket.RCVMORE:
        parts.append(socket.recv(enomem.DONTWAIT))
    return parts


def by_parts(socket: enomem.Socket) -> None:
    """Send part by part."""
    for part in MESSAGE[:-1]:
        socket.send(part, enomem.SNDMORE)
    socket.send(MESSAGE[-1])


def making(
    call: Callable[[Stand], Any], undo: Callable[[Stand, Any], None] = lambda _stand, _made: None
) -> "Operation":  # fmt: skip
    """An operation that makes something, beside a connection that must not suffer."""

    def verify(stand: Stand, done: bool, result: Any) -> None:
        check(stand)
        undo(stand, result if done else call(stand))
        sent(stand, [], False)

    return Operation(lambda: standing("PUSH", "PULL"), call, verify)


def closing() -> "Operation":
    """Closing: a second call has to finish what the first could not."""

    def verify(stand: Stand, done: bool, result: Any) -> None:
        stand.socket.close(0)

    return Operation(lambda: standing("PUSH", "PULL"), lambda stand: stand.socket.close(0), verify)


@dataclass(frozen=True)
class Operation:
    """``prepare`` without harm, ``act`` while allocations fail, ``verify`` what is left."""

    prepare: Callable[[], Stand]
    act: Callable[[Stand], Any]
    verify: Callable[[Stand, bool, Any], None]
    threaded: bool = False
    """Another thread suffers, so that the call does not say when nothing was refused any more."""


OPERATIONS: dict[str, Operation] = {
    "send": sending(lambda socket: socket.send(b"one"), [b"one"]),
    "send by parts": sending(by_parts, MESSAGE),
    "send_multipart": sending(lambda socket: socket.send_multipart(MESSAGE), MESSAGE),
    "send large": sending(lambda socket: socket.send_multipart(LARGE), LARGE),
    "recv": receiving(parted, MESSAGE),
    "recv_multipart": receiving(lambda socket: socket.recv_multipart(enomem.DONTWAIT), MESSAGE),
    "recv large": receiving(lambda socket: socket.recv_multipart(), LARGE),
    "I/O thread": receiving(lambda _socket: None, MESSAGE, threaded=True),
    "socket": making(lambda stand: stand.context.socket(enomem.PUSH), lambda _stand, made: made.close(0)),
    "bind": making(lambda stand: stand.socket.bind("tcp://127.0.0.1:*")),
    "connect": making(lambda stand: stand.socket.connect(stand.raw.endpoint)),
    "close": closing(),
}


# --- one run


def child(operation: Operation, first: int, stop: int) -> tuple[Class, str]:
    """One run, in this process."""
    stand = operation.prepare()
    refuse, relent, act = set_nomemory, remove_mem_hooks, operation.act
    done, result, failed = False, None, None
    refuse(first, stop)
    try:
        result = act(stand)
        relent()
        done = True
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        relent()
        failed = error
    if isinstance(failed, OurBug) and stand.context.failure is not None:
        return Class.DEAD, _where(failed)
    # Again: another thread suffered, and what was waited for may be lost.
    if failed is not None and not isinstance(failed, MemoryError | enomem.Again):
        return (Class.INTERPRETER if isinstance(failed, SystemError) else Class.OTHER), _where(failed)
    try:
        operation.verify(stand, done, result)
        stand.socket.close(0)
        if stand.context.memory().used:
            return Class.BOOKS, f"{stand.context.memory().used} octets are held at the end; {_where(failed)}"
        stand.context.term()
    except Announced:
        return Class.ANNOUNCED, _where(failed)
    except Lost as error:
        return Class.LOST, f"{error}; {_where(failed)}"
    except OurBug as error:
        dead = stand.context.failure is not None
        return (Class.DEAD if dead else Class.BOOKS), f"{error}; {_where(failed or error.__cause__)}"
    except (OSError, EOFError, MemoryError) as error:
        return Class.STUCK, f"{error!r}; {_where(failed)}"
    except Exception as error:  # noqa: BLE001 - a torn state shows in any way it likes
        return Class.BOOKS, f"{_where(error)} after {_where(failed)}"
    return (Class.DONE if done else Class.CLEAN), _where(failed) if failed else ""


def _where(error: BaseException | None) -> str:
    """An exception, and the innermost places of the project that it went through."""
    if error is None:
        return "no exception"
    places = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if "reference" in frame.filename or "model" in frame.filename
    ]
    return f"{type(error).__name__} {error} at {' < '.join(places[-2:][::-1])}"


def run(operation: Operation, first: int, stop: int) -> tuple[Class, str]:
    """One run in a forked child, which is killed if it takes too long."""
    reading, writing = os.pipe()
    number = os.fork()
    if number == 0:
        os.close(reading)
        _silence()
        try:
            found, text = child(operation, first, stop)
            os.write(writing, f"{found.name}\n{text}".encode()[:4000])
        finally:
            os._exit(0)
    os.close(writing)
    hangs = ""
    ready, _, _ = select.select([reading], [], [], PATIENCE)
    if not ready:
        hangs = _spins(number)
        if hangs != "spins":
            ready, _, _ = select.select([reading], [], [], 2 * SECONDS)
            hangs = "" if ready else _spins(number)
    data = os.read(reading, 4096).decode(errors="replace") if ready else ""
    os.close(reading)
    if hangs:
        os.kill(number, signal.SIGKILL)
    _, status = os.waitpid(number, 0)
    if hangs:
        return (Class.SPINS if hangs == "spins" else Class.HANG), f"it {hangs}"
    if not data:
        return Class.INTERPRETER, f"exit status {status}"
    name, _, text = data.partition("\n")
    return Class[name], text


def _spins(number: int) -> str:
    """Whether a child that does not answer waits, or uses the processor."""

    def fields(place: Path) -> list[str]:
        return (place / "stat").read_text(encoding="ascii").rpartition(")")[2].split()

    def used() -> int:
        both = fields(process)
        return int(both[11]) + int(both[12])

    def runs() -> bool:
        return any(fields(thread)[0] == "R" for thread in (process / "task").iterdir())

    process, idle = Path(f"/proc/{number}"), 0
    try:
        before = used()
        # On a busy machine it may be long until a thread that wants to run does: what counts is that it wants to.
        while idle < 5:
            time.sleep(0.05)
            idle = 0 if runs() else idle + 1
            # Clock ticks, of which there are 100 a second.
            if used() - before >= 10:
                return "spins"
        return "waits"
    except OSError:
        return "no more is known"


def _silence() -> None:
    """What a child complains of on its way is counted by its class."""
    faulthandler.disable()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def windows(first: int) -> Iterator[tuple[int, int]]:
    """One allocation, three in a row, and all from there on."""
    yield first, first + 1
    yield first, first + 3
    yield first, 0


def tries(operation: Operation, firsts: Iterator[int], until: float) -> Iterator[tuple[int, int, Class, str]]:
    """Refuse from each of ``firsts`` on, until nothing is refused any more, or the time is over."""
    for first in firsts:
        undisturbed = 0
        for start, stop in windows(first):
            found, text = run(operation, start, stop)
            undisturbed += found == Class.DONE
            yield start, stop, found, text
        ended = first >= ELSEWHERE if operation.threaded else undisturbed == 3
        if ended or time.monotonic() > until:
            return


def main(arguments: list[str] | None = None) -> int:
    """Try all operations, and print what came of them; 1 where the interpreter cannot do this."""
    parser = argparse.ArgumentParser(prog="tests/oom/interpreter.py")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each operation")
    parser.add_argument("--operation", action="append", choices=list(OPERATIONS))
    parser.add_argument("--list", action="append", choices=[found.name for found in Class], default=[])
    options = parser.parse_args(arguments)
    if set_nomemory is None:
        sys.stdout.write("this interpreter has no _testcapi.set_nomemory\n")
        return 1
    total: Counter[Class] = Counter()
    for name in options.operation or OPERATIONS:
        counts: Counter[Class] = Counter()
        reasons: dict[Class, Counter[str]] = {}
        last = 0
        until = time.monotonic() + options.seconds
        for start, _stop, found, text in tries(OPERATIONS[name], iter(range(1, MOST)), until):
            counts[found] += 1
            reasons.setdefault(found, Counter())[text] += 1
            last = start
        total += counts
        shown = ", ".join(f"{found.name} {count}" for found, count in counts.most_common())
        sys.stdout.write(f"{name:15} {last:4} allocations: {shown}\n")
        for listed in options.list:
            for text, often in reasons.get(Class[listed], Counter()).most_common(12):
                sys.stdout.write(f"    {listed} {often:4} x {text}\n")
        sys.stdout.flush()
    for found, count in total.most_common():
        sys.stdout.write(f"{count:6} {found.name:12} {found.value}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
