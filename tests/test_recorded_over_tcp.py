"""A running socket is the model: what was recorded over TCP is what the plain model does, step for step."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from recorded_runs import PLAYS, Stage

from enomem.checks import run_replay
from enomem.checks.policy_file import load_policy
from enomem.checks.run_format import lines
from enomem.checks.run_steps import FUNCTIONS, METHODS

SHELL = Path(__file__).parents[1] / "model" / "reference"
MET: dict[str, Counter[str]] = {}


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.__name__)
def test_what_was_recorded_is_what_the_model_does(
    play: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(play)
    stage = Stage(tmp_path, monkeypatch)
    try:
        play(stage)
    finally:
        stage.close()
    met = MET[play.__name__] = Counter()
    for path in stage.paths:
        run = run_replay.replay(lines(path), load_policy)
        assert run.differences == []
        met += run.steps
        assert run.steps.total() > 0


def test_the_plays_take_every_step_that_there_is() -> None:
    if len(MET) < len(PLAYS):
        pytest.skip("only some of the plays were played")
    names = {name if "." not in name or name in FUNCTIONS else name.rpartition(".")[2] for met in MET.values() for name in met}
    assert names == {*FUNCTIONS, *METHODS}
