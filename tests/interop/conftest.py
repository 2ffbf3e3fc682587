"""The two ends of a test, and what holds after each: everything closed, and the subject's memory given back."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from . import ends, waiting
from .deviations import DEVIATIONS

HERE = Path(__file__).parent
SUBJECT = os.environ.get("ENOMEM_INTEROP_SUBJECT", "enomem")

Opener = Callable[..., ends.End]
Keeper = Callable[[Any], Any]


def case(item: pytest.Item) -> str:
    """A test's name in the table of deviations."""
    return item.nodeid.rpartition("/")[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever is in the table of deviations must fail, by a false answer or by none, or by the peer's own error."""
    here = {case(item): item for item in items if HERE in item.path.parents}
    for name, reason in DEVIATIONS.items():
        if name in here:
            library = ends.library(name.partition("[")[2].partition("-")[0])
            failures = (AssertionError, library.module.ZMQError)
            here[name].add_marker(pytest.mark.xfail(raises=failures, strict=True, reason=reason))


@pytest.fixture(autouse=True)
def _no_long_wait_for_what_never_comes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if case(request.node) in DEVIATIONS:
        monkeypatch.setattr(waiting, "SECONDS", 1.0)


@pytest.fixture(scope="session")
def subject() -> ends.Library:
    """enomem."""
    return ends.library(SUBJECT)


@pytest.fixture(scope="session", params=["pyzmq", "pyomq"])
def peer(request: pytest.FixtureRequest) -> ends.Library:
    """Each library that enomem has to get on with."""
    try:
        return ends.library(request.param)
    except ImportError as error:
        return pytest.skip(f"{request.param} is not installed: {error}")


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Opens sockets; closes them at the end, and looks whether the subject's have given back all memory."""
    all_of_them: list[ends.End] = []
    with ExitStack() as closing:

        def open_end(library: ends.Library, kind: str, **options: Any) -> ends.End:
            end = library.open(kind, **options)
            closing.callback(end.close)
            all_of_them.append(end)
            return end

        yield open_end
    assert {repr(end): end.held() for end in all_of_them if end.held()} == {}


@pytest.fixture
def keep() -> Iterator[Keeper]:
    """Keeps whatever has a ``close``, and closes it at the end: ``raw = keep(Raw.connect(endpoint))``."""
    with ExitStack() as kept:

        def one_more(thing: Any) -> Any:
            kept.callback(thing.close)
            return thing

        yield one_more
