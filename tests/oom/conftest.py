"""What the tests of refusals share."""

import pytest

from . import flows, stage, talks


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs because of a fault does so for a moment only."""
    for module in (stage, flows, talks):
        monkeypatch.setattr(module, "BOUND", 2.0)
