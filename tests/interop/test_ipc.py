"""The same over ipc: one pair each way, so that the transport is known to carry what TCP carries."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import matrix, talks
from .ends import Library
from .fixtures import Opener
from .test_pairs import FEW


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A path short enough for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"ipc://{Path(folder) / 'socket'}"


@pytest.mark.parametrize("side", [side for side in matrix.SIDES if side.pair in FEW], ids=str)
def test_a_pair_talks_over_ipc(
    opened: Opener, endpoint: str, subject: Library, peer: Library, side: matrix.Side
) -> None:
    first = opened(subject if side.first else peer, side.pair[0])
    second = opened(peer if side.first else subject, side.pair[1])
    binder, connecter = (first, second) if side.first == side.binds else (second, first)
    binder.bind(endpoint)
    connecter.connect(endpoint)
    talks.TALKS[side.pair](first, second, matrix.SHAPES["filled"])
