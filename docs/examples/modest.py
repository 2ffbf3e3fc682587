"""A receive policy of one's own: no message gets more than half of the pool."""

from enomem import ReceivePolicy, Stall, Unread


class Modest(ReceivePolicy):
    """Give up at once what would fill more than half of the pool; wait a second for anything else."""

    name = "MODEST"
    longest = 1000

    def refused(self, reader: Unread) -> Stall:
        """Say how long the reader waits, in milliseconds; 0 closes its connection."""
        if 2 * (reader.half + reader.size) > reader.limit:
            return Stall(0)
        return Stall(self.longest)
