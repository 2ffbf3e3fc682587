"""A context: one pool of memory, one lock, one I/O thread, and the sockets that share them."""

from __future__ import annotations

import os
import random
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .. import connection as life
from .. import send as sends
from ..connection import RESERVED, Reconnect
from ..memory import Need, Pool, Site
from ..pipe import Pipe
from ..policies import DISCARD, POLICIES, SendPolicy
from ..receive_policies import RECEIVE_POLICIES, ReceivePolicy
from ..send import Send, Sent
from . import abandoned, accounts, closing, standing
from .constants import SocketType
from .core import Core
from .endpoints import Target
from .errors import ContextTerminated, InvalidArgument, NoMemory, OurBug
from .living import rule_of
from .outgoing import Outgoing
from .reactor import Reactor
from .record import Recorder, Steps, Subject
from .weights import SOCKET, Weights

if TYPE_CHECKING:
    from .reading import Reader
    from .sockets import Socket
    from .standing import Standing

NO_LIMIT = 1 << 62
_chance = random.Random()
"""Not the module's own generator, which an application may have seeded, and which a test may watch."""

Allocator = Callable[[Site, int], bool]


@dataclass(frozen=True)
class Memory:
    """What a context holds, in octets: ``limit`` (None: no bound), ``used``, the ``peak``, and ``used`` by site."""

    limit: int | None
    used: int
    peak: int
    sites: Mapping[Site, int]


def policy_of(policy: SendPolicy | str) -> SendPolicy:
    """A policy by its name, or itself; InvalidArgument if there is none of that name."""
    if isinstance(policy, SendPolicy):
        return policy
    for known in POLICIES:
        if known.name == str(policy).upper():
            return known
    raise InvalidArgument(f"there is no send policy {policy!r}; known are {', '.join(p.name for p in POLICIES)}")


def receive_policy_of(policy: ReceivePolicy | str) -> ReceivePolicy:
    """A receive policy by its name, or itself; InvalidArgument if there is none of that name."""
    if isinstance(policy, ReceivePolicy):
        return policy
    known = {one.name: one for one in RECEIVE_POLICIES}
    if str(policy).upper() not in known:
        raise InvalidArgument(f"there is no receive policy {policy!r}; known are {', '.join(known)}")
    return known[str(policy).upper()]


class Context:
    """Sockets that share a pool of ``memory_limit`` octets, a send policy, a receive policy and a reconnect rule.

    ``allocator(site, size)`` is asked before each allocation and may refuse it; one that raises has refused, and what
    it raised goes to `threading.excepthook`. ``record`` is a path at which every step of every machine is written.
    Raises InvalidArgument.
    """

    reactor_type: type[Reactor] = Reactor
    chance = _chance

    def __init__(
        self,
        memory_limit: int | None = None,
        send_policy: SendPolicy | str = DISCARD,
        receive_policy: ReceivePolicy | str = "BOUNDED_WAIT",
        *,
        reconnect: Reconnect | str = RESERVED,
        allocator: Allocator | None = None,
        record: str | os.PathLike[str] | None = None,
    ) -> None:
        if memory_limit is not None and memory_limit < 0:
            raise InvalidArgument(f"the memory limit is a number of octets, not {memory_limit}")
        self.policy = policy_of(send_policy)
        self.reconnect = rule_of(reconnect)
        self.receive_policy = receive_policy_of(receive_policy)
        self.limit = memory_limit
        self.pool = Pool(NO_LIMIT if memory_limit is None else memory_limit, 0)
        self.peak = 0
        self.allocator = allocator
        self.lock = threading.RLock()
        self.cores: set[Core] = set()
        self.inproc: dict[str, Core] = {}
        self.stalled: set[Reader | Outgoing] = set()
        self.line: list[Standing] = []
        self.orphans: list[Core] = []
        self.closed = False
        self.failure: BaseException | None = None
        self.recorder = None if record is None else Recorder(record, self.policy, self.pool, None, self.receive_policy)
        self.steps = Steps(self.recorder)
        self.unrecorded = self.recorder is None
        self.plain = self.unrecorded and allocator is None
        # Weakly: a context that nobody uses any more is collected, though its thread runs.
        self.reactor = self.reactor_type(self.lock, weakref.WeakMethod(self._io_failed))
        self._sockets: weakref.WeakSet[Socket] = weakref.WeakSet()
        self._count = 0
        self._emptied = threading.Condition(self.lock)
        abandoned.keep(self)

    @classmethod
    def instance(cls) -> Self:
        """The context that all of a program share; a new one, if there is none or it was terminated."""
        with _instances_lock:
            shared = _instances.get(cls)
            if shared is None or shared.closed:
                shared = _instances[cls] = cls()
            return shared  # type: ignore[return-value]  # kept by class, of which this is one

    # --- memory

    def memory(self) -> Memory:
        """What is held now, by site; OurBug if the sites do not add up to what the pool says."""
        with self.lock:
            self.bury()
            sites = dict.fromkeys(Site, 0)
            for core in self.cores:
                accounts.count(core, sites)
            sites[Site.RESERVATION] = sum(core.outgoing.send.reserved for core in self.cores)
            used = self.pool.used
            if sum(sites.values()) != used:
                shown = ", ".join(f"{site.name} {size}" for site, size in sites.items() if size)
                raise OurBug(f"the pool says {used} octets, the sockets hold {sum(sites.values())} ({shown})")
            return Memory(self.limit, used, max(self.peak, used), sites)

    def obtain(self, site: Site, size: int) -> None:
        """Take the memory of what a call wants to make, or raise NoMemory (CONNECT-4)."""
        made = self.ask(life, "made", "pool", site, size)
        if made.refused is not None:
            raise NoMemory(site, size, *made.rules)

    def release(self, site: Site, size: int) -> None:  # noqa: ARG002 - who reads the call wants to know which
        """Give back the memory of what is destroyed."""
        self.pool = self.steps(life, "destroyed", "pool", self.pool, size)
        self.given_back()

    def _now(self, pool: Pool) -> None:
        self.pool = pool
        if pool.used > self.peak:
            self.peak = pool.used

    def send_part(self, name: str, weights: Weights, send: Send, pipe: Pipe, hwm: int, last: bool) -> Sent:
        """One part through the send machine; the allocator is asked what the machine asks."""
        sent: Sent = self.parts(sends, "send_part", name, self.policy, weights, self.pool, send, pipe, hwm, last)
        return sent

    def parts(self, module: Any, name: str, subject: Subject, *arguments: Any) -> Any:
        """A step of a send machine, which ends with the refusal and whose pool is not taken over yet."""
        refuse = None
        if self.allocator is not None:
            refuse = self._refusal(getattr(module, name)(*arguments, None).asked)
        result = self.steps(module, name, subject, *arguments, refuse)
        if result.pool.used > self.peak:
            self.peak = result.pool.used
        return result

    def reserve(self, name: str, weights: Weights, send: Send, pipe: Pipe, hwm: int, parts: int) -> Sent:
        """The reservation of a whole message; the allocator is asked what the machine asks."""
        sent: Sent = self.parts(sends, "reserve", name, weights, self.pool, send, pipe, hwm, parts, len(self.line))
        return sent

    def ask(self, module: Any, name: str, subject: str, *arguments: Any) -> Any:
        """A step that begins with the pool, ends with the refusal, and returns the pool."""
        refuse = None
        if self.allocator is not None:
            refuse = self._refusal(getattr(module, name)(self.pool, *arguments, None).asked)
        result = self.steps(module, name, subject, self.pool, *arguments, refuse)
        self._now(result.pool)
        return result

    def _refusal(self, asked: tuple[Need, ...]) -> Site | None:
        assert self.allocator is not None
        for need in asked:
            if need.amount > 0 and not self._allowed(need):
                return need.site
        return None

    def _allowed(self, need: Need) -> bool:
        """The allocator's word. One that raises has refused, and is told like what nobody catches in a thread."""
        assert self.allocator is not None
        try:
            return self.allocator(need.site, need.amount)
        except Exception as error:  # noqa: BLE001 - the application's fault, which must not cost the other sockets
            where = threading.current_thread()
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, where)))
            return False

    @property
    def thirsty(self) -> bool:
        """Does anybody wait for memory?"""
        return bool(self.line or self.stalled)

    def given_back(self) -> None:
        """Memory was given back: whoever waits for some tries again."""
        standing.serve(self)
        for stalled in list(self.stalled):
            self.reactor.soon(stalled.retry)

    # --- sockets

    def socket(self, kind: int) -> Socket:
        """A new socket of a type; InvalidArgument, NoMemory, ContextTerminated."""
        from .sockets import Socket

        return Socket(self, kind)

    def new_core(self, kind: int) -> Core:
        """The inside of a new socket."""
        with self.lock:
            self.check()
            self.bury()
            try:
                which = SocketType(kind)
            except ValueError:
                raise InvalidArgument(f"there is no socket type {kind!r}") from None
            before = self.pool
            self.obtain(Site.SOCKET, SOCKET)
            try:
                self._count += 1
                core = Core(self, which, f"{which.name.lower()}{self._count}")
                self.cores.add(core)
            except MemoryError:
                # The interpreter's own: the lock is held, so nobody has changed the pool meanwhile.
                self.pool = before
                raise
            return core

    def check(self) -> None:
        """Raise ContextTerminated if it is."""
        if self.failure is not None:
            raise OurBug(f"the I/O thread failed: {self.failure!r}") from self.failure
        if self.closed:
            raise ContextTerminated

    def keep(self, socket: Socket) -> None:
        """Know a socket, for as long as its application does."""
        with self.lock:
            self._sockets.add(socket)

    def bury(self) -> None:
        """Close the sockets that are garbage and were not closed."""
        with self.lock:
            abandoned.bury(self.orphans)

    def waiting_for(self, path: str) -> list[tuple[Core, Target]]:
        """Who wants to connect to an in-process endpoint that somebody listens at only now."""
        return [
            (core, target)
            for core in list(self.cores)
            for target in list(core.targets)
            if target.address.transport == "inproc" and target.address.path == path and not target.session.connection
        ]

    def socket_gone(self) -> None:
        """A socket is closed and has sent what it had to."""
        self._emptied.notify_all()

    def _io_failed(self, error: BaseException) -> None:
        with self.lock:
            self.failure = error
            # The shortest way of each call looks at this only.
            self.closed = True
            for core in list(self.cores):
                told, core.callbacks = core.callbacks, []
                core.notify()
                core.callbacks = told
            self._emptied.notify_all()
            # Last, since one of them may be what failed.
            for call in [call for core in self.cores for call in core.callbacks]:
                call()

    # --- the end

    def term(self) -> None:
        """Terminate: blocked calls raise ContextTerminated; returns when all sockets are closed and have lingered."""
        with self.lock:
            self.closed = True
            for core in list(self.cores):
                core.notify()
            self.bury()
            while self.cores and self.failure is None:
                self._emptied.wait(1.0)
                self.bury()
        self.reactor.stop()
        if self.recorder is not None:
            self.recorder.close()

    def destroy(self, linger: int | None = None) -> None:
        """Close all sockets, and terminate."""
        with self.lock:
            for socket in list(self._sockets):
                socket.close(linger)
            # Sockets that their application has forgotten.
            for core in list(self.cores):
                closing.close(core, linger)
        self.term()

    def __enter__(self) -> Context:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()


_instances: dict[type[Context], Context] = {}
_instances_lock = threading.Lock()
