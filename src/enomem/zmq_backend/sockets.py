"""Sockets: pyzmq's calls, carried out by a socket of the reference implementation."""

from __future__ import annotations

import errno
import os
import weakref
from typing import Any

from zmq.constants import SocketOption, _OptType

from enomem.model.reference.constants import Option
from enomem.model.reference.errors import NoMemory, SocketError
from enomem.model.reference.sockets import Socket as Reference

from . import monitors
from .contexts import BLOCKY, IPV6, MAX_SOCKETS, Context, numbers
from .failures import KNOWN, failure, translated
from .frames import Frame, octets_of
from .versions import IPC_PATH_MAX_LEN

INERT: dict[int, int | bytes] = {
    SocketOption.USE_FD: -1,
    SocketOption.TCP_MAXRT: 0,
    SocketOption.MULTICAST_MAXTPDU: 1500,
    SocketOption.ZAP_ENFORCE_DOMAIN: 0,
    SocketOption.LOOPBACK_FASTPATH: 0,
    SocketOption.SOCKS_PROXY: b"",
    SocketOption.BINDTODEVICE: b"",
}
"""Options that libzmq has and the reference socket has no use for: they read as libzmq's defaults, and take no other
value."""

known: weakref.WeakValueDictionary[int, Reference] = weakref.WeakValueDictionary()


def address_of(text: Any) -> str:
    """An endpoint as text; TypeError if it is none."""
    if isinstance(text, str):
        return text
    if isinstance(text, bytes):
        return text.decode()
    raise TypeError(f"Expected addr to be str, got addr={text!r}")


def is_octets(option: int) -> bool:
    """Does an option take octets? One that is not known is a number, as libzmq's newest are."""
    try:
        return SocketOption(option)._opt_type == _OptType.bytes
    except ValueError:
        return False


class Socket:
    """What pyzmq's Socket is built on; ``reference`` is the socket that does the work."""

    context: Any = None
    copy_threshold: int = 0
    reference: Reference
    handle: int = 0
    _closed: bool = True
    _shadow: bool = False
    _pid: int = 0

    def __init__(
        self,
        context: Context | None = None,
        socket_type: int = -1,
        shadow: int = 0,
        copy_threshold: int | None = None,
    ) -> None:
        import zmq

        self.copy_threshold = zmq.COPY_THRESHOLD if copy_threshold is None else copy_threshold
        self.context = context
        if shadow:
            found = known.get(shadow)
            if found is None:
                raise failure(errno.ENOTSOCK)
            self.reference, self.handle = found, shadow
            self._shadow = True
        else:
            if context is None:
                raise TypeError("context must be specified")
            if socket_type < 0:
                raise TypeError("socket_type must be specified")
            self.reference = _made(context, int(socket_type))
            self.handle = next(numbers)
            known[self.handle] = self.reference
        self._pid = os.getpid()
        self._closed = False

    @property
    def underlying(self) -> int:
        """The number by which the socket can be shadowed; 0 once it was closed."""
        return self.handle

    @property
    def closed(self) -> bool:
        """Was it closed, be it by another that shadows it?"""
        if not self._closed and self.reference.closed:
            self._closed = True
        return self._closed

    def close(self, linger: int | None = None) -> None:
        """Close the socket; what is committed is sent for ``linger`` milliseconds more. Of a fork, only forget it."""
        if self._closed or os.getpid() != self._pid:
            return
        self.reference.close(linger)
        monitors.stop(self.reference)
        self._closed = True
        self.handle = 0

    # --- options

    def set(self, option: int, optval: Any) -> None:
        """Set an option; ZMQError EINVAL if there is none of that number, or it does not take this value."""
        self._check()
        if isinstance(optval, str):
            raise TypeError("unicode not allowed, use setsockopt_string")
        wanted: type = bytes if is_octets(option) else int
        if not isinstance(optval, wanted):
            raise TypeError(f"expected {wanted.__name__}, got: {optval!r}")
        if option in INERT:
            if optval != INERT[option]:
                raise failure(errno.EINVAL)
            return
        try:
            self.reference.set(option, optval)
        except KNOWN as error:
            raise _refused(error) from None

    def get(self, option: int) -> int | bytes:
        """The value of an option; ZMQError EINVAL if it has none."""
        self._check()
        if option in INERT:
            return INERT[option]
        try:
            value: int | bytes = self.reference.get(option)
        except KNOWN as error:
            raise _refused(error) from None
        return value

    # --- endpoints

    def bind(self, addr: str | bytes) -> None:
        """Listen at an endpoint."""
        endpoint = address_of(addr)
        self._check()
        try:
            self.reference.bind(endpoint)
        except KNOWN as error:
            raise self._unbound(error, endpoint) from None

    def _unbound(self, error: SocketError | NoMemory, endpoint: str) -> Exception:
        path = endpoint.partition("://")[2]
        if endpoint.startswith("ipc://") and error.errno == errno.ENOENT:
            return failure(errno.ENOENT, f'No such file or directory for ipc path "{path}".')
        if endpoint.startswith("ipc://") and len(os.fsencode(path)) > IPC_PATH_MAX_LEN:
            text = (
                f'ipc path "{path}" is longer than {IPC_PATH_MAX_LEN} characters (sizeof(sockaddr_un.sun_path)). '
                "zmq.IPC_PATH_MAX_LEN constant can be used to check addr length (if it is defined)."
            )
            return failure(errno.ENAMETOOLONG, text)
        return translated(error)

    def connect(self, addr: str | bytes) -> None:
        """Connect to an endpoint."""
        self._at(self.reference.connect, addr)

    def unbind(self, addr: str | bytes) -> None:
        """Listen no longer."""
        self._at(self.reference.unbind, addr)

    def disconnect(self, addr: str | bytes) -> None:
        """End the connection to an endpoint."""
        self._at(self.reference.disconnect, addr)

    def _at(self, call: Any, addr: str | bytes) -> None:
        endpoint = address_of(addr)
        self._check()
        try:
            call(endpoint)
        except KNOWN as error:
            raise translated(error) from None

    def monitor(self, addr: str | bytes | None, events: int = 0xFFFF) -> None:
        """Send what happens to the socket's connections to a PAIR socket at an in-process endpoint; None: no longer."""
        self._check()
        try:
            if addr is None:
                monitors.stop(self.reference)
            else:
                monitors.start(self.reference, address_of(addr), int(events))
        except KNOWN as error:
            raise translated(error) from None

    def join(self, group: str | bytes) -> None:  # noqa: ARG002 - pyzmq passes it
        """Refuse: RADIO and DISH are drafts."""
        raise RuntimeError("libzmq and pyzmq must be built with draft support")

    leave = join

    # --- messages

    def send(self, data: Any, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Send one part; returns its tracker, where it has one."""
        tracker = None
        if isinstance(data, Frame):
            if track and not data.tracker:
                raise ValueError("Not a tracked message")
            part: bytes | memoryview = data.to_send()
            tracker = data.tracker
        elif type(data) is bytes and copy:
            part = data
        else:
            part, tracker = self._part(data, copy, track)
        try:
            self.reference.send(part, int(flags))
        except KNOWN as error:
            raise translated(error) from None
        return tracker

    def _part(self, data: Any, copy: bool, track: bool) -> tuple[bytes | memoryview, Any]:
        import zmq

        if isinstance(data, str):
            raise TypeError("unicode not allowed, use send_string")
        self._check()
        view = octets_of(memoryview(data))
        if copy:
            return view, None
        if self.copy_threshold and len(view) < self.copy_threshold:
            return view, zmq._FINISHED_TRACKER
        frame = Frame(data, track=track, copy_threshold=self.copy_threshold)
        return frame.to_send(), frame.tracker

    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Receive one part, as bytes or, without ``copy``, as a frame."""
        try:
            part = self.reference.recv(int(flags))
            if copy:
                return part
            more = bool(self.reference.get(Option.RCVMORE))
        except KNOWN as error:
            raise translated(error) from None
        import zmq

        frame: Any = zmq.Frame(track=track)
        frame.receive(part, more)
        return frame

    def recv_into(self, buffer: Any, /, *, nbytes: int = 0, flags: int = 0) -> int:
        """Receive one part into a buffer, and its octets beyond ``nbytes`` nowhere; returns the size of the part."""
        self._check()
        if nbytes < 0:
            raise ValueError(f"{nbytes=} must be non-negative")
        view = memoryview(buffer)
        if view.readonly or not view.contiguous:
            raise BufferError("the buffer must be contiguous and writable")
        if nbytes > view.nbytes:
            raise ValueError(f"{nbytes=} too big for memoryview of {view.nbytes}B")
        try:
            part = self.reference.recv(int(flags))
        except KNOWN as error:
            raise translated(error) from None
        count = min(nbytes or view.nbytes, len(part))
        if count:
            view.cast("B")[:count] = part[:count]
        return len(part)

    def _check(self) -> None:
        if self._closed:
            raise failure(errno.ENOTSOCK)


def _refused(error: SocketError | NoMemory) -> Exception:
    """Why an option was refused: to libzmq, one that this type of socket does not have is an invalid argument."""
    return failure(errno.EINVAL) if error.errno == errno.ENOTSUP else translated(error)


def _made(context: Context, kind: int) -> Reference:
    inside = context.inside
    if context.closed or inside.reference.closed:
        raise failure(errno.EFAULT)
    if sum(not made.closed for made in inside.sockets) >= inside.options[MAX_SOCKETS]:
        raise failure(errno.EMFILE)
    try:
        made = inside.reference.socket(kind)
    except KNOWN as error:
        raise translated(error) from None
    if inside.options[IPV6]:
        made.set(Option.IPV6, 1)
    if not inside.options[BLOCKY]:
        made.set(Option.LINGER, 0)
    inside.sockets.add(made)
    return made
