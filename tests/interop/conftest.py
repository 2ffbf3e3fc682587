"""The peers, and the table of what they are known to do otherwise."""

from pathlib import Path

import pytest

from . import ends, waiting
from .deviations import DEVIATIONS
from .fixtures import keep, opened, subject

__all__ = ["keep", "opened", "peer", "subject"]

HERE = Path(__file__).parent


@pytest.fixture(scope="session", params=["pyzmq", "pyomq"])
def peer(request: pytest.FixtureRequest) -> ends.Library:
    """Each library that enomem has to get on with."""
    try:
        return ends.library(request.param)
    except ImportError as error:
        return pytest.skip(f"{request.param} is not installed: {error}")


def case(item: pytest.Item) -> str:
    """A test's name in the table of deviations."""
    return item.nodeid.rpartition("/")[2]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever is in the table of deviations must fail, by a false answer or by none, or by the peer's own error."""
    here = {case(item): item for item in items if HERE in item.path.parents}
    files = {item.path.name for item in here.values()}
    for name, reason in DEVIATIONS.items():
        if name in here:
            library = ends.library(name.partition("[")[2].partition("-")[0])
            failures = (AssertionError, library.module.ZMQError)
            here[name].add_marker(pytest.mark.xfail(raises=failures, strict=True, reason=reason))
        elif name.partition("::")[0] in files and not any("::" in argument for argument in config.args):
            raise pytest.UsageError(f"tests/interop/deviations.py names a case that there is not: {name}")


@pytest.fixture(autouse=True)
def _no_long_wait_for_what_never_comes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if case(request.node) in DEVIATIONS:
        monkeypatch.setattr(waiting, "SECONDS", 1.0)
