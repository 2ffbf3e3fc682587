"""Send policies: what becomes of an unfinished message when a part of it gets no memory.

A policy is asked one question, :meth:`SendPolicy.refused`, and answers with a :class:`Reaction`. It keeps no
state of its own besides the integer ``note`` that is handed to it and that its reaction hands back. The letter
of 2011 names three policies; the fourth asks before the first part instead of failing after it.

Write your own in a file and have it judged: ``enomem check --policy ./mine.py:Mine``.
"""

from dataclasses import dataclass

from .memory import Site


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a policy is shown of the message whose part got no memory.

    ``kept`` parts of it are queued and not committed (0: the refused part was the first); ``last`` says that the
    refused part carried no SNDMORE; ``site`` is where memory was refused; ``note`` is the policy's own number,
    0 at the beginning of each message.
    """

    kept: int
    last: bool
    site: Site
    note: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a policy wants done; the caller is told ENOMEM in any case (SEND-5).

    ``keep`` of the queued parts stay, 0 <= keep <= kept, the newer ones are rolled back. ``skip`` keeps nothing, and
    swallows what the caller sends next, up to and including the first part without SNDMORE. ``note`` is handed back
    at the next refusal of the same message, 0 <= note <= the policy's ``notes``.
    """

    keep: int
    skip: bool = False
    note: int = 0


class SendPolicy:
    """A send policy; subclass it and override :meth:`refused`, or set ``reserves``.

    ``name`` is printed. ``reserves`` has the memory of the whole message reserved before its first part is
    accepted (SEND-13). ``notes`` is the largest ``note`` the policy uses.
    """

    name: str = "policy"
    reserves: bool = False
    notes: int = 0

    def refused(self, message: Unfinished) -> Reaction:
        """Say what becomes of ``message``, whose next part got no memory."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does when memory is refused")


class Discard(SendPolicy):
    """Variant 1 of the letter: the parts sent so far are dropped, and the caller starts from the first."""

    name = "DISCARD"

    def refused(self, message: Unfinished) -> Reaction:  # noqa: ARG002 - the letter's rule looks at nothing
        """Drop everything."""
        return Reaction(keep=0)


class Keep(SendPolicy):
    """Variant 2 of the letter: the parts sent so far stay, and the caller sends the failed part again."""

    name = "KEEP"

    def refused(self, message: Unfinished) -> Reaction:
        """Keep everything."""
        return Reaction(keep=message.kept)


class Skip(SendPolicy):
    """Variant 3 of the letter: all is dropped, and what follows is swallowed up to the message's end."""

    name = "SKIP"

    def refused(self, message: Unfinished) -> Reaction:
        """Drop everything, and swallow what is still to come of the message."""
        return Reaction(keep=0, skip=not message.last)


class Reserve(SendPolicy):
    """Memory for the whole message is reserved before its first part, first come, first served."""

    name = "RESERVE"
    reserves = True

    def refused(self, message: Unfinished) -> Reaction:  # noqa: ARG002 - only a reservation is ever refused
        """Drop everything; a refused reservation has queued nothing."""
        return Reaction(keep=0)


DISCARD = Discard()
KEEP = Keep()
SKIP = Skip()
RESERVE = Reserve()
POLICIES: tuple[SendPolicy, ...] = (DISCARD, KEEP, SKIP, RESERVE)
