"""A target: libzmq, whose memory for a part can be refused, for `enomem record`.

No allocator is put in its place. The part that is to be refused is made larger than what the process may have, so that
libzmq asks the system for it in vain, as it would for any part when memory runs out. Linux only.
"""

import resource
from pathlib import Path

from enomem.checks.targets.libzmq import Pyzmq
from enomem.checks.targets.serve import serve_process
from enomem.checks.targets.target import Can, Said

ROOM = 64 << 20
LARGE = bytes(4 * ROOM)


class InLittleMemory(Pyzmq):
    """Sockets of libzmq, the next part of which can be refused."""

    def __init__(self) -> None:
        super().__init__()
        self.cans |= {Can.REFUSE}
        self.refused = 0

    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        """Refuse the memory of the next parts that are sent."""
        if site != "BODY" or after:
            raise ValueError("only the next parts that are sent can be refused")
        self.refused = times

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        """Send a part, or one that is too large."""
        if not self.refused:
            return super().send(socket, part, more, wait)
        self.refused -= 1
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM, resource.RLIM_INFINITY))
        try:
            return super().send(socket, LARGE, more, wait)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


serve_process(InLittleMemory())
