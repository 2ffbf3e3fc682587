"""Each kind of check finds the fault that was seeded for it, and finds nothing where there is none."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any

import pytest

from .defects import AGAIN, DEFECTS, LEFT_OPEN, Defect
from .scenarios import SCENARIOS
from .stage import Broken
from .sweep import play

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@contextmanager
def seeded(defect: Defect) -> Iterator[None]:
    """The shell with the fault in it."""
    saved: list[tuple[Any, str, Any]] = []
    try:
        for place, replacement in defect.patches.items():
            module, _, path = place.partition(":")
            *owners, name = path.split(".")
            owner = reduce(getattr, owners, importlib.import_module(module))
            saved.append((owner, name, getattr(owner, name)))
            setattr(owner, name, replacement)
        yield
    finally:
        for owner, name, original in reversed(saved):
            setattr(owner, name, original)
        while LEFT_OPEN:
            os.close(LEFT_OPEN.pop())
        AGAIN.clear()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name.replace(" ", "_"))
def test_a_seeded_fault_is_found(defect: Defect) -> None:
    with seeded(defect), pytest.raises(Broken) as found:
        play(BY_NAME[defect.scenario], defect.plan, defect.policy, defect.victim)
    assert defect.shows in str(found.value)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name.replace(" ", "_"))
def test_without_its_fault_the_same_run_is_sound(defect: Defect) -> None:
    stage = play(BY_NAME[defect.scenario], defect.plan, defect.policy, defect.victim)
    assert sum(stage.refuser.refused.values()) > 0
