"""Every legal pair of socket types, the subject on either side, binding and connecting, messages of every shape."""

import pytest

from . import matrix, talks
from .ends import End, Library
from .fixtures import Opener

EVERY = [message for shape in matrix.SHAPES.values() for message in shape]
FEW = (("PUSH", "PULL"), ("REQ", "REP"), ("PUB", "SUB"), ("DEALER", "ROUTER"))
"""The pairs that carry the largest messages."""


def joined(opened: Opener, subject: Library, peer: Library, side: matrix.Side) -> tuple[End, End]:
    """The two ends of a side, first and second of the pair, connected."""
    named = side.pair == ("ROUTER", "ROUTER")
    options = [{"ROUTING_ID": name, "ROUTER_MANDATORY": 1} if named else {} for name in talks.NAMES]
    first = opened(subject if side.first else peer, side.pair[0], **options[0])
    second = opened(peer if side.first else subject, side.pair[1], **options[1])
    binder, connecter = (first, second) if side.first == side.binds else (second, first)
    connecter.connect(binder.bind())
    return first, second


@pytest.mark.parametrize("shape", matrix.SHAPES)
@pytest.mark.parametrize("side", matrix.SIDES, ids=str)
def test_a_pair_talks(opened: Opener, subject: Library, peer: Library, side: matrix.Side, shape: str) -> None:
    talks.TALKS[side.pair](*joined(opened, subject, peer, side), matrix.SHAPES[shape])


@pytest.mark.parametrize("side", [side for side in matrix.SIDES if side.pair in FEW and not side.binds], ids=str)
def test_large_parts(opened: Opener, subject: Library, peer: Library, side: matrix.Side) -> None:
    talks.TALKS[side.pair](*joined(opened, subject, peer, side), matrix.large())


@pytest.mark.parametrize("side", [side for side in matrix.SIDES if side.pair == ("PUSH", "PULL")], ids=str)
def test_many_messages_under_way(opened: Opener, subject: Library, peer: Library, side: matrix.Side) -> None:
    talks.many_under_way(*joined(opened, subject, peer, side), EVERY * 20)


def test_the_matrix_is_whole() -> None:
    assert talks.TALKS.keys() == set(matrix.PAIRS)
    assert len(matrix.SIDES) == 2 * (2 * len(matrix.PAIRS) - 3)
    assert {len(message) for message in EVERY} >= set(range(1, 21))
    assert {len(part) for message in EVERY for part in message} >= set(matrix.EDGES)
