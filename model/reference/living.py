"""The life of each connection, held where the shell needs it: the machine decides, and is told what happens here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import connection as machine
from ..connection import Event, Life, Listener, Lived, Phase, Reason
from ..memory import Site
from ..rules import Rule
from .errors import InvalidArgument, NoMemory
from .monitor import EventKind
from .weights import UPKEEP

if TYPE_CHECKING:
    from .core import Core


def rule_of(reconnect: machine.Reconnect | str) -> machine.Reconnect:
    """A reconnect rule by its name, or itself; InvalidArgument if there is none of that name."""
    if isinstance(reconnect, machine.Reconnect):
        return reconnect
    for known in machine.RECONNECTS:
        if known.name == str(reconnect).upper():
            return known
    names = ", ".join(known.name for known in machine.RECONNECTS)
    raise InvalidArgument(f"there is no reconnect rule {reconnect!r}; known are {names}")


class Living:
    """One connection's life, from the call or the peer that wanted it to its end."""

    __slots__ = ("core", "endpoint", "life", "name")

    def __init__(self, core: Core, endpoint: str) -> None:
        self.core = core
        self.endpoint = endpoint
        self.life = Life()
        core.lives += 1
        self.name = f"{core.name}.life{core.lives}"

    def connect(self) -> None:
        """A call wants it; NoMemory if there is none for it."""
        context = self.core.context
        context.steps.begin(self.name, "connection")
        got: Lived = context.ask(machine, "connect", self.name, context.reconnect, UPKEEP)
        self.life = got.life
        if got.refused is not None:
            context.steps.end(self.name)
            raise NoMemory(got.refused, got.asked[0].amount, *got.rules)

    def accept(self, listener: Listener) -> Listener:
        """A peer wants it: look at the phase to see whether it was turned away; the listener afterwards."""
        context = self.core.context
        context.steps.begin(self.name, "connection")
        got: Lived = context.ask(machine, "accept", self.name, context.reconnect, UPKEEP, listener)
        self.life = got.life
        if got.refused is not None:
            context.steps.end(self.name)
        return got.listener

    def step(self, event: Event, reason: Reason = Reason.LOST, wanted: bool = True) -> Lived:
        """Tell the machine what happened; what was given back is there for others to have."""
        context = self.core.context
        before = context.pool.used
        got: Lived = context.ask(
            machine, "step", self.name, context.reconnect, UPKEEP, self.life, event, reason, wanted
        )  # fmt: skip
        self.life = got.life
        if got.life.phase == Phase.CLOSED and event == Event.GONE:
            context.steps.end(self.name)
        if got.rules[0] is Rule.CONNECT_13:
            # Nothing would ever wake it: whoever reads the monitor is the last to hear of it.
            self.core.tell(EventKind.CLOSED, self.endpoint, Reason.NO_MEMORY.value, rule=Rule.CONNECT_13)
        if got.pool.used < before:
            context.given_back()
        return got

    def came(self, event: Event) -> bool:
        """Did it come further? Where it got no memory for that, it ends."""
        return self.step(event).refused is None

    def destroy(self, reason: Reason) -> None:
        """It is not wanted any more, wherever it is."""
        self.step(Event.END, reason)
        self.step(Event.GONE, wanted=False)

    @property
    def exists(self) -> bool:
        """Is it wanted still?"""
        return self.life.phase != Phase.CLOSED

    @property
    def site(self) -> Site:
        """Where its memory was asked for first."""
        return Site.CONNECTION if self.life.initiated else Site.ACCEPT
