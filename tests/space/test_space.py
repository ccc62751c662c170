"""All parameters together."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.space import Categorical, Double, Integer, Space
from munshi.testing.algorithms import ODD_SPACES, SMALL

HUGE = Space(tuple(Integer(f"n{i}", 0, 9) for i in range(40)))


def test_points_come_in_the_order_of_an_odometer() -> None:
    """The last parameter turns fastest, as in a nested loop over the parameters."""
    columns = [[p.write(p.at(k)) for k in range(p.cardinality or 0)] for p in SMALL]
    expected = [dict(zip("ncx", row, strict=True)) for row in itertools.product(*columns)]
    assert [SMALL.point(i) for i in range(18)] == expected


@given(st.integers(0, 10**40 - 1))
def test_a_point_knows_its_number(index: int) -> None:
    """The number is the inverse of the point, however large the space: nothing is listed."""
    assert HUGE.cardinality == 10**40
    assert HUGE.index(HUGE.point(index)) == index


@pytest.mark.parametrize("index", [-1, 18])
def test_there_is_no_point_beyond_the_last(index: int) -> None:
    """Numbers outside the space are an error, not a wrapped-around point."""
    with pytest.raises(IndexError):
        SMALL.point(index)


def test_a_continuum_has_no_numbers() -> None:
    """One double without step makes the whole space uncountable."""
    space = Space((Integer("n", 1, 3), Double("x", 0.0, 1.0)))
    assert space.cardinality is None
    with pytest.raises(ValueError, match="continuum"):
        space.point(0)
    with pytest.raises(ValueError, match="continuum"):
        space.index({"n": "1", "x": "0.5"})


def test_no_parameters_are_one_point() -> None:
    """The empty product has a single, empty point."""
    space = Space(())
    assert space.cardinality == 1
    assert space.point(0) == {}
    assert space.contains({})
    assert space.from_unit([]) == {}


@pytest.mark.parametrize("oddity", ODD_SPACES)
def test_the_cube_maps_into_the_space(oddity: str) -> None:
    """Corners and centre of the unit cube are points of the space, and find their way back."""
    space = ODD_SPACES[oddity]
    for u in (0.0, 0.5, 1.0):
        point = space.from_unit([u] * len(space))
        assert space.contains(point)
        unit = space.to_unit(point)
        assert unit is not None
        assert all(0.0 <= coordinate <= 1.0 for coordinate in unit)


OUTSIDE = {
    "a parameter is missing": {"n": "1", "c": "a"},
    "a parameter too many": {"n": "1", "c": "a", "x": "0.5", "y": "1"},
    "a value out of range": {"n": "4", "c": "a", "x": "0.5"},
    "a value off the grid": {"n": "1", "c": "a", "x": "0.4"},
    "a word for a number": {"n": "one", "c": "a", "x": "0.5"},
    "an unknown choice": {"n": "1", "c": "A", "x": "0.5"},
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_what_is_no_point_is_outside(case: str) -> None:
    """A point has exactly the parameters, each with one of its values."""
    assert not SMALL.contains(OUTSIDE[case])


def test_other_names_do_not_hide_a_point() -> None:
    """Reading and numbering look only at the space's own parameters."""
    point = {"n": "1", "c": "a", "x": "0.5", "resource": "9"}
    assert SMALL.read(point) == (1, "a", 0.5)
    assert SMALL.index(point) == 1
    assert SMALL.index({"n": "9", "c": "a", "x": "0.5"}) is None
    assert SMALL.to_unit({"n": "9", "c": "a", "x": "0.5"}) is None


def test_spaces_are_values() -> None:
    """Two spaces read from the same text are equal and may be a dictionary's key."""
    one = Space((Categorical("c", ("a", "b")), Integer("n", 1, 3)))
    other = Space((Categorical("c", ("a", "b")), Integer("n", 1, 3)))
    assert one == other
    assert len({one, other}) == 1
