"""From edges to a lasso: the stem is a shortest way in, the cycle meets every demand and closes."""

from dataclasses import dataclass

import numpy as np
import pytest

from enomem.checks.errors import OurFault
from enomem.checks.search.lasso import Lasso, find_lasso


@dataclass
class Edges:
    """Edges given as (source, target, action)."""

    rows: list[tuple[int, int, int]]
    states: int

    def __post_init__(self) -> None:
        self.source, self.target, self.acts = (np.array(column, np.int32) for column in zip(*self.rows, strict=True))


def lasso(edges: Edges, component: list[int], chosen: int, fair: list[int]) -> Lasso:
    parts = np.array(component, np.int32)
    inside = np.flatnonzero(parts[edges.source] == parts[edges.target])
    enabled = np.zeros((len(fair), edges.states), np.bool_)
    for row, action in enumerate(fair):
        enabled[row, edges.source[edges.acts == action]] = True
    wanted = np.arange(max(component) + 1) == chosen
    return find_lasso(edges, parts, wanted, inside, enabled, edges.acts, np.array(fair, np.int32))


def test_the_stem_is_a_shortest_way_and_the_cycle_closes() -> None:
    edges = Edges([(0, 1, 0), (0, 2, 0), (1, 3, 0), (2, 2, 1), (3, 2, 0)], 4)
    assert lasso(edges, [0, 1, 2, 3], 2, [1]) == Lasso([1], [3])


def test_a_state_without_a_way_on_has_an_empty_cycle() -> None:
    edges = Edges([(0, 1, 0), (1, 2, 0)], 3)
    assert lasso(edges, [0, 1, 2], 2, [0]) == Lasso([0, 1], [])


def test_the_cycle_takes_each_action_that_is_always_possible() -> None:
    # Both actions are possible in both states: the cycle must take both, of which one leads to and fro.
    edges = Edges([(0, 1, 0), (0, 0, 1), (1, 0, 0), (1, 1, 1)], 2)
    found = lasso(edges, [0, 0], 0, [0, 1])
    assert found.stem == []
    assert {int(edges.acts[edge]) for edge in found.cycle} == {0, 1}
    assert len(found.cycle) == 3
    for edge, following in zip(found.cycle, [*found.cycle[1:], found.cycle[0]], strict=True):
        assert edges.target[edge] == edges.source[following]


def test_an_action_that_is_impossible_on_the_way_is_not_demanded() -> None:
    edges = Edges([(0, 1, 0), (1, 0, 0), (0, 2, 1)], 3)
    assert len(lasso(edges, [0, 0, 1], 0, [0, 1]).cycle) == 2


def test_without_demands_a_cycle_still_does_something() -> None:
    edges = Edges([(0, 1, 0), (1, 0, 0)], 2)
    assert len(lasso(edges, [0, 0], 0, []).cycle) == 2


def test_a_component_that_cannot_be_walked_is_our_fault() -> None:
    edges = Edges([(0, 1, 0), (1, 2, 0)], 3)
    with pytest.raises(OurFault, match="not to be strongly connected"):
        lasso(edges, [0, 0, 1], 0, [0])
