"""The reference socket as a target: real sockets over real TCP, every allocation of which can be refused.

Its own I/O thread runs beside the caller, as in any program; or, stepped, there is none, and everything happens in the
calls, in an order and at times that depend on nothing but the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import enomem

from ...model.memory import Site
from ...model.reference.constants import Option, SocketType
from ...model.reference.context import Context, policy_of, receive_policy_of
from ...model.reference.errors import OurBug, SocketError
from ...model.reference.sockets import DONTWAIT, SNDMORE, Socket
from ...model.reference.stepped import SteppedContext
from ...model.reference.stillness import Stillness
from .answers import answered, made, said
from .base import Sockets
from .refusals import Refusals
from .target import ANYWHERE, Can, Received, Refused, Said, TargetFault, Value


class Reference(Sockets):
    """Sockets of enomem; ``stepped``: without a thread, and what comes from elsewhere is not waited for.

    ``refusals`` False leaves the sockets the short cuts that they take where nobody may refuse them anything.
    """

    version = enomem.__version__
    types = frozenset(kind.name for kind in SocketType)

    def __init__(self, stepped: bool = False, refusals: bool = True) -> None:
        self.name = "reference-stepped" if stepped else "reference"
        self.cans = frozenset(Can) if refusals else frozenset(Can) - {Can.REFUSE}
        self._kind = SteppedContext if stepped else Context
        self._sockets: list[Socket] = []
        self._begin()

    def _begin(self) -> None:
        self._stillness = Stillness()
        self._refusals = Refusals()
        self._limit: int | None = None
        self._policy, self._receive_policy = "DISCARD", "BOUNDED_WAIT"
        self._context: Context | None = None
        self._sockets.clear()

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        """Make a socket in the newest context, which has the policy and the limit that were asked for last."""
        if kind not in self.types:
            raise Refused(Said.INVALID)
        if self._context is None:
            allocator = self._refusals if Can.REFUSE in self.cans else None
            self._context = self._kind(self._limit, self._policy, self._receive_policy, allocator=allocator)
            self._stillness.add(self._context)
        try:
            socket = self._context.socket(SocketType[kind])
        except SocketError as error:
            raise Refused(said(error)) from error
        for name, value in {"LINGER": 0, **(options or {})}.items():
            # A lambda with defaults has no type of its own.
            how = answered(lambda name=name, value=value: _set(socket, name, value), SocketError)  # type: ignore[misc]
            if how is not Said.OK:
                socket.close(0)
                raise Refused(how)
        self._sockets.append(socket)
        return len(self._sockets) - 1

    def option(self, socket: int, name: str, value: Value) -> Said:
        """Set a socket option."""
        return answered(lambda: _set(self._sockets[socket], name, value), SocketError)

    def bind(self, socket: int, endpoint: str = ANYWHERE) -> str:
        """Bind."""
        made(lambda: self._sockets[socket].bind(endpoint), SocketError)
        return self._sockets[socket].last_endpoint

    def connect(self, socket: int, endpoint: str) -> Said:
        """Connect."""
        return answered(lambda: self._sockets[socket].connect(endpoint), SocketError)

    def unbind(self, socket: int, endpoint: str) -> Said:
        """Stop listening at an endpoint."""
        return answered(lambda: self._sockets[socket].unbind(endpoint), SocketError)

    def disconnect(self, socket: int, endpoint: str) -> Said:
        """Disconnect from an endpoint."""
        return answered(lambda: self._sockets[socket].disconnect(endpoint), SocketError)

    def _retried(self, call: Callable[[], object], wait: int) -> Said:
        """How a call is answered that may be made again for so long."""
        how = answered(call, SocketError)

        def goes() -> bool:
            nonlocal how
            how = answered(call, SocketError)
            return how is not Said.AGAIN

        if how is Said.AGAIN and wait > 0:
            self._stillness.until(goes, wait)
        return how

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        """Send one part."""
        flags = DONTWAIT | (SNDMORE if more else 0)
        return self._retried(lambda: self._sockets[socket].send(part, flags), wait)

    def receive(self, socket: int, wait: int = 0) -> Received:
        """Receive one part."""
        got: list[bytes] = []
        own = self._sockets[socket]
        how = self._retried(lambda: got.append(own.recv(DONTWAIT)), wait)
        if how is not Said.OK:
            return Received(how)
        return Received(how, got[0], bool(own.get(Option.RCVMORE)))

    def abort(self, socket: int) -> Said:
        """Drop the unfinished message of a socket."""
        return answered(self._sockets[socket].abort_message, SocketError)

    def policy(self, name: str) -> None:
        """Choose the send policy of all sockets made from now on."""
        self._policy, self._context = policy_of(name).name, None

    def receive_policy(self, name: str) -> None:
        """Choose the receive policy of all sockets made from now on."""
        self._receive_policy, self._context = receive_policy_of(name).name, None

    def limit(self, units: int) -> None:
        """Bound the memory of all sockets made from now on."""
        self._limit, self._context = units, None

    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        """Refuse allocations at a site, by all sockets together."""
        self.need(Can.REFUSE)
        self._refusals.order(Site[site], after, times)

    def memory(self) -> int:
        """How many octets all sockets hold; a fault if they do not add up."""
        try:
            return sum(context.memory().used for context in self._stillness.contexts)
        except OurBug as error:
            raise TargetFault(str(error)) from error

    def peers(self, socket: int, count: int, wait: int) -> bool:
        """Wait until so many connections of a socket have shaken hands."""
        return self._stillness.until(lambda: self._stillness.peers(self._sockets[socket]) >= count, wait)

    def settle(self, wait: int) -> bool:
        """Wait until nothing is under way between the sockets of this target."""
        return self._stillness.settle(wait)

    def close(self, socket: int) -> None:
        """Close a socket at once."""
        self._sockets[socket].close(0)

    def reset(self) -> None:
        """Close all sockets, and be as new."""
        self.end()

    def end(self) -> None:
        """Close all sockets and their contexts."""
        for context in self._stillness.contexts:
            context.destroy(linger=0)
        self._begin()


def _set(socket: Socket, name: str, value: Value) -> None:
    if name not in Option.__members__:
        raise enomem.InvalidArgument(f"there is no option {name!r}")
    socket.set(Option[name], value)
