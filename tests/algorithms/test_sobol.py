"""Sobol search, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from munshi.algorithms import find
from munshi.algorithms.maths import sobol
from munshi.space import Discrete, Double, Integer, Space
from munshi.testing.algorithms import a_request

SOBOL = find("sobol")
WIDTH = sobol.DIMENSIONS


def a_cube(d: int) -> Space:
    """Doubles from 0 to 1, names in alphabetical order."""
    return Space(tuple(Double(f"x{i:03}", 0.0, 1.0) for i in range(d)))


def test_every_dimension_of_the_table_is_scipys() -> None:
    """The first 256 points agree bit for bit in all dimensions the table serves."""
    expected = qmc.Sobol(WIDTH, scramble=False).random(256)
    own = [[sobol.coordinate(n, d) / 2**32 for d in range(WIDTH)] for n in range(256)]
    assert np.array_equal(np.array(own), expected)


@pytest.mark.parametrize("n", [2**20 - 1, 2**20, 2**20 + 12345])
def test_far_points_are_scipys(n: int) -> None:
    """A point is found by its number without the ones before."""
    engine = qmc.Sobol(3, scramble=False)
    engine.fast_forward(n)
    expected = engine.random(1)[0]
    assert [sobol.coordinate(n, d) / 2**32 for d in range(3)] == expected.tolist()


def test_suggestions_are_the_sequence_without_its_origin() -> None:
    """Dimensions go to the parameters by alphabet, whatever order they are written in."""
    space = Space(tuple(reversed(a_cube(3).parameters)))
    points = SOBOL.suggest(a_request(space, count=31)).assignments
    own = [[float(point[f"x{i:03}"]) for i in range(3)] for point in points]
    assert np.array_equal(np.array(own), qmc.Sobol(3, scramble=False).random(32)[1:])


def test_ints_reach_max_as_often_as_min() -> None:
    """Over a full period the equal bins fill equally (Katib's never reach max)."""
    space = Space((Integer("n", 1, 4), Double("x", 0.0, 1.0)))
    points = SOBOL.suggest(a_request(space, count=255)).assignments
    counts = [sum(point["n"] == str(n) for point in points) for n in range(1, 5)]
    assert counts == [63, 64, 64, 64]


def test_a_seed_shifts_the_sequence_and_keeps_it_even() -> None:
    """Seeds give different points; each run of 2^k of them still has one in every 2^k-th."""
    runs = [
        SOBOL.suggest(a_request(a_cube(4), count=127, settings={"random_state": seed})).assignments
        for seed in ("1", "2", "1")
    ]
    assert runs[0] == runs[2] != runs[1]
    for run in runs[:2]:
        for name in run[0]:
            cells = {int(float(point[name]) * 128) for point in run}
            assert len(cells) == 127


def test_the_experiments_own_seed_does_not_shift_it() -> None:
    """Without random_state the classical sequence is the promise."""
    one, other = (SOBOL.suggest(a_request(a_cube(2), count=5, seed=s)) for s in (1, 2))
    assert one == other


def test_a_space_whose_bins_are_hard_to_hit_is_used_up() -> None:
    """Bins that are no powers of two, across dimensions, each come exactly once."""
    space = Space((Integer("n", 1, 7), Integer("m", 1, 11), Discrete("d", (("1", 1), ("3", 3)))))
    reply = SOBOL.suggest(a_request(space, count=155))
    assert len({space.index(point) for point in reply.assignments}) == 154
    assert reply.exhausted


def test_more_parameters_than_direction_numbers_are_a_fault() -> None:
    """The limit is found by check, and says how many and what else to use."""
    assert SOBOL.check(a_cube(WIDTH), {}, None) == []
    (fault,) = SOBOL.check(a_cube(WIDTH + 1), {}, None)
    assert fault.path == ()
    assert str(WIDTH) in fault.problem
