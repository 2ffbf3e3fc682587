"""What a ZeroMQ socket does when memory runs out: an executable, machine-checked specification, and that socket.

The socket's names are pyzmq's: ``enomem.Context``, ``enomem.PUSH``, ``enomem.SNDMORE``. The names of a policy's author
are here as well. The machines are in :mod:`enomem.model`, what is asked of them and the engines that answer in
:mod:`enomem.checks`, the normative text in :mod:`enomem.spec`.
"""

from enomem.model.memory import Site
from enomem.model.policies import DISCARD, KEEP, RESERVE, SKIP, Reaction, SendPolicy, Unfinished
from enomem.model.receive_policies import (
    BOUNDED_WAIT,
    CLOSE,
    FOR_EVER,
    THRESHOLD,
    WAIT,
    BoundedWait,
    ReceivePolicy,
    Stall,
    Threshold,
    Unread,
)
from enomem.model.reference.constants import Flag, Option, PollEvent, SocketType
from enomem.model.reference.context import Context, Memory
from enomem.model.reference.errors import (
    AddressInUse,
    Again,
    ContextTerminated,
    HostUnreachable,
    InvalidArgument,
    NoMemory,
    NotASocket,
    NotSupported,
    OurBug,
    PeerGone,
    SocketError,
    StateError,
    ZMQError,
)
from enomem.model.reference.monitor import Event, EventKind
from enomem.model.reference.poller import Poller, proxy
from enomem.model.reference.sockets import Socket

__version__ = "0.1.0"

PAIR, PUB, SUB, REQ, REP, DEALER, ROUTER, PULL, PUSH, XPUB, XSUB = SocketType
DONTWAIT, SNDMORE = Flag
POLLIN, POLLOUT, POLLERR, POLLPRI = PollEvent
globals().update(Option.__members__)

__all__ = [
    "BOUNDED_WAIT",
    "CLOSE",
    "DEALER",
    "DISCARD",
    "DONTWAIT",
    "FOR_EVER",
    "KEEP",
    "PAIR",
    "POLLERR",
    "POLLIN",
    "POLLOUT",
    "POLLPRI",
    "PUB",
    "PULL",
    "PUSH",
    "REP",
    "REQ",
    "RESERVE",
    "ROUTER",
    "SKIP",
    "SNDMORE",
    "SUB",
    "THRESHOLD",
    "WAIT",
    "XPUB",
    "XSUB",
    "AddressInUse",
    "Again",
    "BoundedWait",
    "Context",
    "ContextTerminated",
    "Event",
    "EventKind",
    "Flag",
    "HostUnreachable",
    "InvalidArgument",
    "Memory",
    "NoMemory",
    "NotASocket",
    "NotSupported",
    "Option",
    "OurBug",
    "PeerGone",
    "PollEvent",
    "Poller",
    "Reaction",
    "ReceivePolicy",
    "SendPolicy",
    "Site",
    "Socket",
    "SocketError",
    "SocketType",
    "Stall",
    "StateError",
    "Threshold",
    "Unfinished",
    "Unread",
    "ZMQError",
    "__version__",
    "proxy",
]
