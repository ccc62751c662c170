"""Grid search."""

from __future__ import annotations

import itertools

from munshi.algorithms import find
from munshi.space import Double, Integer, Space
from munshi.testing.algorithms import SMALL, a_request

GRID = find("grid")


def test_without_a_seed_the_last_parameter_changes_fastest() -> None:
    """The order of a nested loop over the parameters as written."""
    points = GRID.suggest(a_request(SMALL, count=18)).assignments
    expected = itertools.product("123", "ab", ("0.0", "0.5", "1.0"))
    assert [tuple(point[name] for name in "ncx") for point in points] == list(expected)


def test_with_a_seed_the_same_combinations_come_shuffled() -> None:
    """Each seed has its own order, always the same one."""
    orders = [
        GRID.suggest(a_request(SMALL, count=18, settings={"random_state": seed})).assignments
        for seed in ("1", "2", "1")
    ]
    plain = GRID.suggest(a_request(SMALL, count=18)).assignments
    assert orders[0] == orders[2] != orders[1]
    numbers = [[SMALL.index(point) for point in order] for order in orders]
    assert all(sorted(n or 0 for n in order) == list(range(18)) for order in numbers)
    assert plain not in orders


def test_a_grid_beyond_listing_costs_nothing() -> None:
    """The millionth of 10^60 combinations is found as quickly as the first."""
    space = Space(tuple(Integer(f"n{i}", 0, 9) for i in range(60)))
    for chosen in ({}, {"random_state": "1"}):
        request = a_request(space, settings=chosen)
        later = type(request)(space, False, chosen, 0, (), (), first_index=10**6, count=3)
        assert len(set(map(str, GRID.suggest(later).assignments))) == 3


def test_doubles_need_steps() -> None:
    """Every double without step is a fault of its own; a single point needs none."""
    space = Space((Double("a", 0.0, 1.0), Double("b", 0.0, 1.0, 0.5), Double("c", 2.0, 2.0)))
    faults = GRID.check(space, {}, None)
    assert [fault.path for fault in faults] == [()]
    assert '"a"' in faults[0].problem
    assert "step" in faults[0].mend


def test_more_trials_than_combinations_are_no_fault() -> None:
    """The experiment simply ends after the last combination."""
    assert GRID.check(SMALL, {}, 1000) == []
