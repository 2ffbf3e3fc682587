"""A policy with patience: the message may fail a few times before it is given up."""

from enomem import Reaction, SendPolicy, Unfinished

PATIENCE = 3


class Patience(SendPolicy):
    """Keep the queued parts of a message for its first refusals, so that the caller can go on where it was.

    Memory that is short now may be there in a moment. A message that is refused once more is dropped: what
    its parts hold may be what others wait for.
    """

    name = "PATIENCE"
    notes = PATIENCE

    def refused(self, message: Unfinished) -> Reaction:
        """Count the refusals in the note; keep everything while patience lasts, then nothing."""
        if message.note < PATIENCE:
            return Reaction(keep=message.kept, note=message.note + 1)
        return Reaction(keep=0)
