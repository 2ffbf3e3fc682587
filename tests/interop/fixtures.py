"""What the tests of tests/interop and tests/faults get: the subject, and sockets that are closed and looked at."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from . import ends

SUBJECT = os.environ.get("ENOMEM_INTEROP_SUBJECT", "enomem")

Opener = Callable[..., ends.End]
Keeper = Callable[[Any], Any]


@pytest.fixture(scope="session")
def subject() -> ends.Library:
    """enomem."""
    return ends.library(SUBJECT)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Opens sockets; closes them at the end, and looks: all memory is given back, and no thread came to grief."""
    escaped: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", escaped.append)
    all_of_them: list[ends.End] = []
    with ExitStack() as closing:

        def open_end(library: ends.Library, kind: str, **options: Any) -> ends.End:
            end = library.open(kind, **options)
            closing.callback(end.close)
            all_of_them.append(end)
            return end

        yield open_end
    assert {repr(end): end.held() for end in all_of_them if end.held()} == {}
    assert [end.failure() for end in all_of_them if end.failure()] == []
    assert [(hook.exc_type, hook.exc_value) for hook in escaped] == []


@pytest.fixture
def keep() -> Iterator[Keeper]:
    """Keeps whatever has a ``close``, and closes it at the end: ``raw = keep(Raw.connect(endpoint))``."""
    with ExitStack() as kept:

        def one_more(thing: Any) -> Any:
            kept.callback(thing.close)
            return thing

        yield one_more
