"""The memory of one large body: written into by whoever reads the connection, and then bytes, without a copy.

The only file here that needs ``io``: of what Python has, only ``BytesIO`` gives its buffer to be written into and then
hands out the very same octets as ``bytes``. It reaches no file and no stream of the world.
"""

from io import BytesIO


class Body:
    """``size`` octets, of which ``filled`` have come. MemoryError, with nothing left behind, if there is no memory."""

    __slots__ = ("_memory", "_missing", "_view", "filled", "size")

    def __init__(self, size: int) -> None:
        try:
            self._memory = BytesIO(bytes(size))
        except OverflowError:
            # What Python says, instead of MemoryError, of a size that no machine has.
            raise MemoryError from None
        self._view = self._memory.getbuffer()
        self._missing: memoryview | None = None
        self.size = size
        self.filled = 0

    def write(self, data: bytes) -> int:
        """Take as much of ``data`` as is missing; returns how many octets that is."""
        count = min(len(data), self.size - self.filled)
        self._view[self.filled : self.filled + count] = data[:count]
        self.filled += count
        return count

    def missing(self) -> memoryview:
        """What has not come yet, to be written into from the front; gone after `came` and `release`."""
        self._let_go()
        self._missing = self._view[self.filled :]
        return self._missing

    def came(self, count: int) -> None:
        """The first ``count`` octets of `missing` have been written."""
        self._let_go()
        self.filled += count

    def release(self) -> bytes:
        """The whole body; there is no writing after that."""
        self._let_go()
        self._view.release()
        # As nobody holds a view of it any more, this is the buffer itself and no copy.
        return self._memory.getvalue()

    def _let_go(self) -> None:
        if self._missing is not None:
            self._missing.release()
            self._missing = None
