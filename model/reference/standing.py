"""Standing in line for memory: who waits for a reservation, at which place; who is next is the machine's to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import line

if TYPE_CHECKING:
    from .context import Context
    from .outgoing import Outgoing
    from .sessions import Session


class Standing:
    """One call that waits for the memory of a whole message of ``parts`` parts, at its ``place`` in the line."""

    __slots__ = ("outgoing", "parts", "place", "session")

    def __init__(self, outgoing: Outgoing, session: Session, parts: int) -> None:
        self.outgoing, self.session, self.parts = outgoing, session, parts
        context = outgoing.context
        self.place: int = context.steps(line, "join", outgoing.core.name, len(context.line))
        context.line.append(self)

    @property
    def waits(self) -> bool:
        """Does it stand in line still?"""
        return self in self.outgoing.context.line

    def leave(self) -> None:
        """Go away unserved; those behind it move up."""
        context, gone = self.outgoing.context, self.place
        context.line.remove(self)
        for other in context.line:
            other.place = context.steps(line, "left", other.outgoing.core.name, other.place, gone)


def serve(context: Context) -> None:
    """Memory was given back: serve whoever is next, one after the other, as far as there is memory."""
    while True:
        first = next((one for one in context.line if line.next_up(one.place)), None)
        if first is None or not first.outgoing.served(first.session, first.parts):
            return
        for one in context.line:
            one.place = context.steps(line, "moved_up", one.outgoing.core.name, one.place)
        context.line[:] = [one for one in context.line if line.waits(one.place)]
