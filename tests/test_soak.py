"""The soak finds nothing where nothing is wrong, and finds each seeded defect; the long profiles are commands."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from mutants import m_connection

from enomem.checks import cli
from enomem.checks.soak.links import Connection, Wrong
from enomem.checks.soak.play import CONNECTIONS, Soak
from enomem.model import connection, link, memory, receive, send
from enomem.model.connection import ALLOCATE, RECONNECTS, RESERVED, Reconnect
from enomem.model.memory import Pool, give

STEPS = 60_000
FAST = 4.0
"""Milliseconds a turn: an hour of the clock goes by in less than a million turns."""


def give_less(pool: Pool, amount: int) -> Pool:
    """Of what is given back, one unit stays."""
    return give(pool, amount - 1) if amount > 0 else pool


@pytest.mark.parametrize("rule", RECONNECTS, ids=lambda rule: rule.name)
def test_nothing_is_wrong(rule: Reconnect) -> None:
    soak = Soak(7, FAST, rule)
    told = soak.run(STEPS)
    # It has been through all that there is: nothing of it would otherwise be shown.
    assert told.steps == STEPS
    assert min(told.refusals, told.endings, told.messages) > 100
    assert told.restarts > 3
    assert soak.calm_down() < 3200
    soak.restart()
    assert [pool.used for pool in soak.world.pools] == [0, 0]


def test_the_same_seed_is_the_same_soak() -> None:
    one, other = Soak(3, FAST), Soak(3, FAST)
    assert one.run(5000).messages == other.run(5000).messages
    assert one.world.pools == other.world.pools
    assert one.world.now == other.world.now != Soak(4, FAST).run(5000).now


def soaked() -> None:
    """A soak, and the calm after it."""
    soak = Soak(7, FAST)
    soak.run(STEPS)
    soak.calm_down()


DEFECTS: dict[str, tuple[Any, str, Callable[..., Any], str]] = {
    "a unit leaks": (memory, "give", give_less, "are held"),
    "destroyed and held": (connection, "_destroyed", m_connection.destroyed_and_held, "are held"),
    "half-sent goes on": (link, "carried_over", m_connection.half_sent_goes_on, "are held|no message that"),
    "KEEP goes on": (send, "peer_gone", m_connection.goes_on_with_a_new_peer, "are held|no message that"),
    "never rests enough": (connection, "rested", m_connection.never_rests_enough, "is not ready"),
    "half not given back": (receive, "broken", lambda pool, inbox: (pool, receive.Inbox(inbox.messages)), "are held"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, mutant, says = DEFECTS[defect]
    monkeypatch.setattr(module, name, mutant)
    with pytest.raises(Wrong, match=says):
        soaked()


def test_a_loss_that_is_not_announced_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Connection._cut

    def silent(self: Connection, end: int) -> None:
        lost = self.lost
        cut(self, end)
        self.lost = lost

    monkeypatch.setattr(Connection, "_cut", silent)
    with pytest.raises(Wrong, match="not on its way"):
        Soak(7, FAST).run(STEPS)


def test_the_command_says_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from enomem.checks.soak import command

    monkeypatch.setitem(command.PROFILES, "quick", command.Profile(3000, 0.0))
    said = CliRunner().invoke(cli.main, ["soak", "--quiet"])
    assert said.exit_code == 0
    assert said.output.startswith("nothing was wrong\n3,")
    assert CliRunner().invoke(cli.main, ["soak", "--reconnect", "HOPE"]).exit_code == 2
    monkeypatch.setattr(memory, "give", give_less)
    wrong = CliRunner().invoke(cli.main, ["soak", "--quiet"])
    assert wrong.exit_code == 1
    assert wrong.output.startswith("step ")


def test_ctrl_c_says_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Soak, steps: int | None, tell: object) -> None:
        self._some(500)
        raise KeyboardInterrupt

    monkeypatch.setattr(Soak, "run", interrupted)
    for profile, code in (("deep", 0), ("ci", 3)):
        said = CliRunner().invoke(cli.main, ["soak", "--quiet", "--profile", profile])
        assert (said.exit_code, said.output[:33]) == (code, "interrupted; until then nothing w")


def test_there_are_connections_in_both_directions_under_each_rule() -> None:
    soak = Soak(1, FAST, ALLOCATE)
    assert {one.sender for one in soak.connections} == {0, 1}
    assert len(soak.connections) == CONNECTIONS
    assert Soak(1, FAST).world.rule is RESERVED
