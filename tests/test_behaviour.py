"""Each behaviour holds over TCP, and each is missed when the model has the defect that takes it away."""

import pytest
from behaviour import addressing, limits, lock_step, publishing, taking_turns
from behaviour.stage import BEHAVIOURS, SOON_MS, Behaviour, Stage, applied
from interop import waiting

import enomem

LOOKED_AT = (addressing, limits, lock_step, publishing, taking_turns)
named = pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=[behaviour.name for behaviour in BEHAVIOURS])


@named
def test_it_holds(behaviour: Behaviour) -> None:
    with Stage() as stage:
        behaviour.holds(stage)
    assert stage.context.memory().used == 0


@named
def test_the_defect_is_seen(behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SECONDS", SOON_MS / 1000)
    with Stage(SOON_MS) as stage, applied(behaviour.patches):
        with pytest.raises(AssertionError) as seen:
            behaviour.holds(stage)
        assert not isinstance(seen.value, enomem.OurBug)


def test_each_behaviour_has_its_own_name() -> None:
    assert len({behaviour.name for behaviour in BEHAVIOURS}) == len(BEHAVIOURS)
    assert {behaviour.holds.__module__.rpartition(".")[2] for behaviour in BEHAVIOURS} == {
        module.__name__.rpartition(".")[2] for module in LOOKED_AT
    }
