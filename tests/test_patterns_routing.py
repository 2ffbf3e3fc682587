"""Routing ids: who holds which, ids for those who bring none, and what becomes of two with the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.model.patterns import routing
from enomem.model.patterns.router import Claim, Claimed, Router, claim
from enomem.model.patterns.routing import Routing
from enomem.model.rules import Rule


def test_what_becomes_of_a_claim() -> None:
    assert claim(False, False) == claim(False, True) == Claimed(Rule.ROUTER_8, Claim.GRANTED)
    assert Router().claim(True) == claim(True, False) == Claimed(Rule.ROUTER_9, Claim.REFUSED)
    assert Router(handover=True).claim(True) == claim(True, True) == Claimed(Rule.ROUTER_10, Claim.HANDED_OVER)
    assert (Router().hands_over(), Router(handover=True).hands_over()) == (False, True)


def test_an_id_of_ones_own_and_ids_that_are_made() -> None:
    table: Routing[str] = Routing()
    assert table.add(b"A", "a") == b"A"
    assert [table.add(b"", one) for one in "bc"] == [b"\0\0\0\0\1", b"\0\0\0\0\2"]
    assert [table.holder(one) for one in (b"A", b"\0\0\0\0\2", b"x", b"")] == ["a", "c", None, None]
    assert [table.id_of(one) for one in "acx"] == [b"A", b"\0\0\0\0\2", b""]
    assert len(table) == 3


def test_who_comes_back_keeps_its_id_or_changes_it() -> None:
    table: Routing[str] = Routing()
    made = table.add(b"", "a")
    assert table.add(b"", "a") == table.add(made, "a") == made
    assert table.add(b"A", "a") == table.add(b"", "a") == b"A"
    assert (table.holder(made), len(table)) == (None, 1)


def test_an_id_is_never_taken_from_another_by_itself() -> None:
    table: Routing[str] = Routing()
    table.add(b"A", "a")
    with pytest.raises(ValueError, match="held by another"):
        table.add(b"A", "b")
    table.remove("a")
    assert table.add(b"A", "b") == b"A"
    table.remove("nobody")
    assert table.holder(b"A") == "b"


def test_made_ids_come_around_and_pass_over_those_that_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "COUNTED", 3)
    table: Routing[str] = Routing()
    ids = [table.add(b"", one) for one in "abc"]
    assert len(set(ids)) == 3
    table.remove("b")
    assert table.add(b"", "d") == ids[1]


@given(
    st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 4), st.sampled_from([b"", b"A", b"B", b"C"])))
)
def test_the_table_goes_both_ways(changes: list[tuple[str, int, bytes]]) -> None:
    table: Routing[int] = Routing()
    mirror: dict[int, bytes] = {}
    for what, holder, wanted in changes:
        if what == "remove":
            table.remove(holder)
            mirror.pop(holder, None)
        elif table.holder(wanted) in (None, holder):
            mirror[holder] = table.add(wanted, holder)
            assert mirror[holder] == wanted or (wanted == b"" and mirror[holder])
        assert len(set(mirror.values())) == len(mirror) == len(table)
        for one, routing_id in mirror.items():
            assert (table.holder(routing_id), table.id_of(one)) == (one, routing_id)
