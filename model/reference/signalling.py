"""A descriptor that becomes readable when something about a socket changed: edge-triggered, as libzmq's FD."""

import contextlib
import os


class Signal:
    """A pipe with at most one octet in it."""

    def __init__(self) -> None:
        self.descriptor, self._in = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._in, False)
        self._raised = False

    def raise_(self) -> None:
        """Make the descriptor readable."""
        if not self._raised:
            self._raised = True
            with contextlib.suppress(BlockingIOError):
                os.write(self._in, b"!")

    def clear(self) -> None:
        """Make it unreadable until the next change."""
        if self._raised:
            self._raised = False
            with contextlib.suppress(BlockingIOError):
                os.read(self.descriptor, 8)

    def close(self) -> None:
        """Close both ends."""
        os.close(self.descriptor)
        os.close(self._in)
