"""Endpoints: what an address says, listening, and connecting. In-process peers are joined by a pair of descriptors."""

from __future__ import annotations

import contextlib
import errno
import os
import socket as os_socket
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..connection import LISTENING
from .constants import Option
from .errors import InvalidArgument, SocketError, error_of
from .options import Options

if TYPE_CHECKING:
    from .living import Living
    from .sessions import Session

IPC_MOST = 107
"""Octets of a path, since the system's field for it has 108 with the zero at the end (unix(7))."""
ACCEPT_DELAY = 100
"""Milliseconds for which a listener rests after it could not accept for want of memory or descriptors."""


@dataclass(frozen=True)
class Address:
    """What an endpoint says: transport tcp, ipc or inproc; ``host`` and ``port``, or ``path``."""

    text: str
    transport: str
    host: str = ""
    port: int = 0
    path: str = ""


def parse(text: str, binding: bool) -> Address:
    """Read an endpoint; InvalidArgument if it is none, SocketError EPROTONOSUPPORT for another transport."""
    transport, mark, rest = text.partition("://")
    if not transport or not mark or not rest:
        raise InvalidArgument(f"{text!r} is no endpoint: transport://address is wanted")
    if transport == "inproc":
        return Address(text, transport, path=rest)
    _encodable(text)
    if transport == "ipc":
        if not hasattr(os_socket, "AF_UNIX"):
            raise SocketError("ipc is not supported on this machine", errno.EPROTONOSUPPORT)
        if len(os.fsencode(rest)) > IPC_MOST:
            raise SocketError(f"the path of {text!r} has more than {IPC_MOST} octets", errno.ENAMETOOLONG)
        return Address(text, transport, path=rest)
    if transport != "tcp":
        raise SocketError(f"the transport {transport!r} of {text!r} is not supported", errno.EPROTONOSUPPORT)
    if not binding and ";" in rest:
        rest = rest.partition(";")[2]
    host, mark, port = rest.rpartition(":")
    host = host.strip("[]")
    if not mark or not host:
        raise InvalidArgument(f"{text!r} is no endpoint: tcp://host:port is wanted")
    if port in ("*", "0") and binding:
        number = 0
    elif port.isascii() and port.isdigit() and 0 < int(port) < 65536:
        number = int(port)
    else:
        raise InvalidArgument(f"{text!r} has no port between 1 and 65535")
    if host == "*" and not binding:
        raise InvalidArgument(f"{text!r} names no host to connect to")
    return Address(text, transport, host, number)


def _encodable(text: str) -> None:
    """InvalidArgument for what the operating system cannot be told."""
    try:
        told = os.fsencode(text)
    except UnicodeError:
        told = b"\0"
    if b"\0" in told:
        raise InvalidArgument(f"{text!r} is no endpoint: it has characters that no address has")


def _resolve(address: Address, options: Options, passive: bool) -> tuple[int, tuple[object, ...]]:
    wide = options.number(Option.IPV6)
    if address.host == "*":
        return (os_socket.AF_INET6, ("::", address.port)) if wide else (os_socket.AF_INET, ("0.0.0.0", address.port))
    family = os_socket.AF_UNSPEC if wide else os_socket.AF_INET
    flags = os_socket.AI_PASSIVE if passive else 0
    try:
        found = os_socket.getaddrinfo(address.host, address.port, family, os_socket.SOCK_STREAM, 0, flags)
    except (os_socket.gaierror, UnicodeError):
        number = errno.ENODEV if passive else errno.EINVAL
        raise SocketError(f"the host of {address.text!r} is not known", number) from None
    return found[0][0], found[0][4]


def tune(descriptor: os_socket.socket, options: Options) -> None:
    """Set what the options say of a connected TCP descriptor."""
    if descriptor.family not in (os_socket.AF_INET, os_socket.AF_INET6):
        return
    descriptor.setsockopt(os_socket.IPPROTO_TCP, os_socket.TCP_NODELAY, 1)
    for option, level, name in (
        (Option.SNDBUF, os_socket.SOL_SOCKET, os_socket.SO_SNDBUF),
        (Option.RCVBUF, os_socket.SOL_SOCKET, os_socket.SO_RCVBUF),
        (Option.TCP_KEEPALIVE, os_socket.SOL_SOCKET, os_socket.SO_KEEPALIVE),
        (Option.TCP_KEEPALIVE_CNT, os_socket.IPPROTO_TCP, getattr(os_socket, "TCP_KEEPCNT", -1)),
        (Option.TCP_KEEPALIVE_IDLE, os_socket.IPPROTO_TCP, getattr(os_socket, "TCP_KEEPIDLE", -1)),
        (Option.TCP_KEEPALIVE_INTVL, os_socket.IPPROTO_TCP, getattr(os_socket, "TCP_KEEPINTVL", -1)),
    ):
        value = options.number(option)
        if value >= 0 and name >= 0:
            descriptor.setsockopt(level, name, value)
    service = options.number(Option.TOS)
    if service and descriptor.family == os_socket.AF_INET:
        descriptor.setsockopt(os_socket.IPPROTO_IP, os_socket.IP_TOS, service)
    elif service:
        descriptor.setsockopt(os_socket.IPPROTO_IPV6, os_socket.IPV6_TCLASS, service)


def listen(address: Address, options: Options) -> tuple[os_socket.socket, str]:
    """A listening descriptor, and the endpoint that it got; SocketError with the system's errno if it cannot be."""
    if address.transport == "ipc":
        return _listen_ipc(address, options)
    family, where = _resolve(address, options, passive=True)
    descriptor = os_socket.socket(family, os_socket.SOCK_STREAM)
    try:
        descriptor.setsockopt(os_socket.SOL_SOCKET, os_socket.SO_REUSEADDR, 1)
        if family == os_socket.AF_INET6:
            descriptor.setsockopt(os_socket.IPPROTO_IPV6, os_socket.IPV6_V6ONLY, 0)
        descriptor.bind(where)
        descriptor.listen(options.number(Option.BACKLOG))
        descriptor.setblocking(False)
    except OSError as error:
        descriptor.close()
        raise error_of(error.errno or errno.EIO, f"cannot listen at {address.text}: {error.strerror}") from None
    name = descriptor.getsockname()
    host = f"[{name[0]}]" if family == os_socket.AF_INET6 else name[0]
    return descriptor, f"tcp://{host}:{name[1]}"


def _unix(path: str) -> str:
    return "\0" + path[1:] if path.startswith("@") else path


def _listen_ipc(address: Address, options: Options) -> tuple[os_socket.socket, str]:
    path = address.path
    if path == "*":
        import tempfile

        path = os.path.join(tempfile.mkdtemp(prefix="enomem-"), "ipc")
    descriptor = os_socket.socket(os_socket.AF_UNIX, os_socket.SOCK_STREAM)
    try:
        if not path.startswith("@"):
            # A path that a dead process left behind is taken over, as libzmq does; another file is left alone.
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISSOCK(os.stat(path, follow_symlinks=False).st_mode):
                    os.unlink(path)
        descriptor.bind(_unix(path))
        descriptor.listen(options.number(Option.BACKLOG))
        descriptor.setblocking(False)
    except OSError as error:
        descriptor.close()
        number = error.errno or errno.EINVAL
        raise error_of(number, f"cannot listen at {address.text}: {error.strerror or error}") from None
    return descriptor, f"ipc://{path}"


def remove(path: str, address: Address) -> None:
    """Remove the file of a listener, and the folder that was made for it."""
    with contextlib.suppress(OSError):
        os.unlink(path)
        if address.path == "*":
            os.rmdir(os.path.dirname(path))


def connecting(address: Address, options: Options) -> os_socket.socket:
    """A descriptor that is being connected; OSError if that failed at once."""
    if address.transport == "ipc":
        descriptor = os_socket.socket(os_socket.AF_UNIX, os_socket.SOCK_STREAM)
        where: object = _unix(address.path)
    else:
        family, where = _resolve(address, options, passive=False)
        descriptor = os_socket.socket(family, os_socket.SOCK_STREAM)
    descriptor.setblocking(False)
    try:
        code = descriptor.connect_ex(where)  # type: ignore[arg-type]  # what getaddrinfo returns is an address
    except OSError:
        descriptor.close()
        raise
    if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
        descriptor.close()
        raise OSError(code, os.strerror(code))
    return descriptor


class Target:
    """An endpoint to which a socket connects, its session, and the life of its connection."""

    def __init__(self, address: Address, session: Session, living: Living) -> None:
        self.address = address
        self.session = session
        self.living = living
        self.attempt: os_socket.socket | None = None


class Listener:
    """An endpoint at which a socket listens; ``descriptor`` is None for one within the process."""

    def __init__(self, endpoint: str, address: Address, descriptor: os_socket.socket | None) -> None:
        self.endpoint = endpoint
        self.address = address
        self.descriptor = descriptor
        self.state = LISTENING
