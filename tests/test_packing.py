"""States as words, and back."""

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.checks.errors import OurFault
from enomem.checks.search.packing import Packing
from enomem.checks.symbolic.shape import Shape


@dataclass(frozen=True, slots=True)
class Member:
    n: int
    on: bool


@dataclass(frozen=True, slots=True)
class State:
    total: int
    members: tuple[Member, ...]


def packing(n: tuple[int, int], total: tuple[int, int] = (0, 9), symmetric: str | None = "members") -> Packing:
    template = State(total[0], (Member(n[0], False),) * 3)
    return Packing(Shape(template, {"total": total, "members.n": n}), symmetric)


@given(st.data(), st.sampled_from([(0, 0), (-3, 4), (5, 1000), (-(1 << 30), 1 << 31), (0, (1 << 61) - 1)]))
def test_round_trip(data: st.DataObject, n: tuple[int, int]) -> None:
    pack = packing(n)
    numbers = st.integers(*n)
    members = tuple(Member(data.draw(numbers), data.draw(st.booleans())) for _ in range(3))
    state = State(data.draw(st.integers(0, 9)), members)
    words = pack.pack(state)
    assert len(words) == pack.words
    assert all(0 <= word < 1 << 63 for word in words)
    assert pack.unpack(words) == state


@pytest.mark.parametrize(
    ("n", "words", "bits", "exchangeable"),
    [
        ((0, 0), 1, 7, True),
        ((0, 7), 1, 16, True),
        ((0, (1 << 40) - 1), 3, 127, True),
        ((0, (1 << 63) - 1), 4, 196, False),
    ],
)
def test_members_lie_side_by_side(n: tuple[int, int], words: int, bits: int, exchangeable: bool) -> None:
    pack = packing(n)
    assert (pack.words, pack.bits, pack.exchangeable) == (words, bits, exchangeable)
    places = [[pack.fields[f"members[{i}].{name}"] for name in ("n", "on")] for i in range(3)]
    if exchangeable:
        assert all(a.word == b.word and b.shift == a.shift + a.bits for a, b in places)
        assert [(a.word, a.shift, a.bits + 1) for a, _ in places] == pack.groups


def test_nothing_is_exchangeable_where_nothing_is_said_to_be() -> None:
    assert not packing((0, 7), symmetric=None).exchangeable
    assert packing((0, 7), symmetric=None).groups == []


@pytest.mark.parametrize("n", [(0, 7), (0, (1 << 40) - 1)])
def test_members_in_any_order_are_one_state(n: tuple[int, int]) -> None:
    pack = packing(n)
    state = State(4, (Member(3, True), Member(3, False), Member(0, True)))
    orders = [pack.pack(replace(state, members=order)) for order in permutations(state.members)]
    columns = tuple(np.array(column, np.uint64) for column in zip(*orders, strict=True))
    ordered = pack.ordered(columns)
    found = {tuple(int(word[i]) for word in ordered) for i in range(6)}
    assert len(set(orders)) == 6
    assert len(found) == 1
    back = pack.unpack(found.pop())
    assert back.total == 4
    assert sorted(map(repr, back.members)) == sorted(map(repr, state.members))


def test_a_leaf_out_of_its_range_is_told() -> None:
    state = State(10, (Member(0, False),) * 3)
    with pytest.raises(OurFault, match=r"total is 10, outside its declared range 0\.\.9"):
        packing((0, 7)).pack(state)


def test_a_leaf_without_a_range_cannot_be_searched() -> None:
    with pytest.raises(OurFault, match="total has no declared range and cannot be searched"):
        Packing(Shape(State(0, ()), None), None)
