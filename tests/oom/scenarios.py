"""The plays: what applications do over TCP, each in two or three messages, so that all windows can be tried.

``fits`` says on which sides memory is worth refusing, and under which policies: all four where parts are sent one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from enomem import DEALER, DISCARD, KEEP, PAIR, PULL, PUSH, RESERVE, ROUTER, SKIP, SendPolicy

from .flows import Flow
from .stage import Stage

LEFT, RIGHT, BOTH = "left", "right", "both"
EVERY = (DISCARD, KEEP, SKIP, RESERVE)


@dataclass(frozen=True)
class Scenario:
    """A play, the sides that may be refused memory, and the send policies under which."""

    name: str
    play: Callable[[Stage, int], None]
    victims: tuple[str, ...] = (LEFT, RIGHT, BOTH)
    policies: tuple[SendPolicy, ...] = (DISCARD,)


def parts(stage: Stage, size: int) -> None:
    """PUSH to PULL, part by part."""
    flow = Flow(stage, *stage.pair(PUSH, PULL), (12, 12, 12), by_parts=True)
    for _ in range(size):
        flow.say()


def whole(stage: Stage, size: int) -> None:
    """PUSH to PULL, whole messages; the sender binds."""
    flow = Flow(stage, *stage.pair(PUSH, PULL, binds=LEFT), (12, 12, 12))
    for _ in range(size):
        flow.say()


def large(stage: Stage, size: int) -> None:
    """Bodies that have to be announced, and are charged before they are read."""
    flow = Flow(stage, *stage.pair(PUSH, PULL), (20_000, 40_000))
    for _ in range(size):
        flow.say()


def pairs(stage: Stage, size: int) -> None:
    """PAIR, in both directions."""
    left, right = stage.pair(PAIR, PAIR)
    there, back = Flow(stage, left, right, name="t"), Flow(stage, right, left, name="b", by_parts=True)
    for _ in range(size):
        there.say()
        back.say()


def routed(stage: Stage, size: int) -> None:
    """DEALER to ROUTER and back by its routing id."""
    left, right = stage.pair(DEALER, ROUTER, ROUTING_ID=b"dealer")
    there = Flow(stage, left, right, name="t", shown=[b"dealer"])
    back = Flow(stage, right, left, name="b", by_parts=True, front=[b"dealer"])
    for _ in range(size):
        there.say()
        back.say()


SCENARIOS = (
    Scenario("parts", parts, (LEFT, BOTH), EVERY),
    Scenario("whole", whole, policies=(DISCARD, KEEP, RESERVE)),
    Scenario("large", large),
    Scenario("pairs", pairs, (LEFT, BOTH)),
    Scenario("routed", routed, policies=EVERY),
)
