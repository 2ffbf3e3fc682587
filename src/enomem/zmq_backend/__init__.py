"""The reference socket as a backend of pyzmq: a program written for pyzmq runs on it unchanged.

``PYZMQ_BACKEND=enomem.zmq_backend python program.py`` shows how *your* application behaves when memory runs out:
``ENOMEM_MEMORY_LIMIT`` (octets, or a number with k, M or G) bounds the pool of each context, and
``ENOMEM_SEND_POLICY`` names its send policy. Without them there is no bound, and the policy is DISCARD.

pyzmq itself is not a dependency: this module is imported by it.
"""

from . import settings
from .contexts import Context
from .failures import NoMemory, strerror, zmq_errno
from .frames import Frame
from .polling import proxy, proxy_steerable, zmq_poll
from .sockets import Socket
from .versions import IPC_PATH_MAX_LEN, PYZMQ_DRAFT_API, curve_keypair, curve_public, has, zmq_version_info

Message = Frame
monitored_queue = None
"""pyzmq has one of its own in Python, which it uses where a backend has none."""

try:
    settings.read()
except ValueError as error:
    raise ImportError(str(error)) from None

__all__ = [
    "IPC_PATH_MAX_LEN",
    "PYZMQ_DRAFT_API",
    "Context",
    "Frame",
    "Message",
    "NoMemory",
    "Socket",
    "curve_keypair",
    "curve_public",
    "has",
    "monitored_queue",
    "proxy",
    "proxy_steerable",
    "strerror",
    "zmq_errno",
    "zmq_poll",
    "zmq_version_info",
]
