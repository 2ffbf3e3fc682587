"""What this backend says of itself: it stands for libzmq 4.3.5, without drafts, CURVE and GSSAPI."""

import errno
import socket as os_socket
import sys
from typing import NoReturn

from .failures import failure

PYZMQ_DRAFT_API = False
IPC_PATH_MAX_LEN = 0 if not hasattr(os_socket, "AF_UNIX") else 103 if sys.platform == "darwin" else 107
"""The longest path of an ipc endpoint, in octets; 0 where there is no ipc."""


def zmq_version_info() -> tuple[int, int, int]:
    """The version of libzmq whose interface this is."""
    return (4, 3, 5)


def has(capability: str) -> bool:
    """Is an optional part of libzmq there? Only ipc is."""
    return capability == "ipc" and IPC_PATH_MAX_LEN > 0


def curve_keypair() -> NoReturn:
    """Refuse: there is no CURVE here (ENOTSUP)."""
    raise failure(errno.ENOTSUP)


def curve_public(secret_key: str | bytes) -> NoReturn:  # noqa: ARG001 - pyzmq passes it
    """Refuse: there is no CURVE here (ENOTSUP)."""
    raise failure(errno.ENOTSUP)
