"""What has reached this process is read by who needs it now: peers within it, and what subscribers of a publisher want.

Between two sockets of one process nothing may be on its way: with libzmq an in-process peer is there when connect or
bind returns, and gone when disconnect does. And a subscription that has come by TCP would often not be seen by the
next message, because the I/O thread has to wait for its turn with the interpreter; libzmq's does not.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .connections import AT_ONCE, Connection

if TYPE_CHECKING:
    from .core import Core

LOOK, SHARE = 0.001, 10
"""Seconds after which a publisher looks itself for what its subscribers want, before it sends; and how many times as
long as the last look took, so that looking at many connections takes a tenth of its time at most."""


def joined(here: Connection, there: Connection) -> None:
    """Two sockets of this process were connected: both say what they have to say, the handshake first."""
    for end in (here, there):
        if end.open:
            end.core.near.add(end)
    for _ in range(AT_ONCE):
        if not here.fill(AT_ONCE) and not there.fill(AT_ONCE):
            return


def settle(core: Core) -> None:
    """Read what in-process peers have sent, or that they are gone; and, now and then, what subscribers want."""
    for connection in list(core.near):
        connection.fill(AT_ONCE)
        if not connection.open:
            core.near.discard(connection)
    begin = time.monotonic()
    if core.pattern.publishes and begin > core.outgoing.look_again:
        core.fill()
        end = time.monotonic()
        core.outgoing.look_again = end + max(LOOK, SHARE * (end - begin))
