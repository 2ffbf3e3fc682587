"""A policy that gives back as little as it can."""

from enomem import Reaction, SendPolicy, Unfinished


class LastPart(SendPolicy):
    """Take back the newest part of the message and tell the caller ENOMEM.

    The parts before it were accepted, so the caller was told that they are safe: they stay. Memory is short
    and something must go; the newest part is where the trouble began. Once the caller knows of the error it
    goes on from where the message broke off.
    """

    name = "LAST_PART"

    def refused(self, message: Unfinished) -> Reaction:
        """Keep all parts but the newest."""
        if message.kept > 0:
            return Reaction(keep=message.kept - 1)
        return Reaction(keep=0)
