"""A first policy of one's own: leave nothing behind."""

from enomem import Reaction, SendPolicy, Unfinished


class Courteous(SendPolicy):
    """When a part gets no memory, drop the parts before it.

    The caller finds the socket as it was before the message, and may send that message again or another one.
    """

    name = "COURTEOUS"

    def refused(self, message: Unfinished) -> Reaction:  # noqa: ARG002 - whatever it was, nothing stays
        """Keep nothing."""
        return Reaction(keep=0)
