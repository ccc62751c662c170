"""Parzen windows: densities that are densities, and samples that follow them."""

from __future__ import annotations

import numpy as np
import pytest

from munshi.algorithms.maths import parzen
from munshi.algorithms.maths.normal import Array
from munshi.algorithms.maths.parzen import Parzen

POINTS = np.array([0.05, 0.4, 0.41, 0.98])


def spots(*rows: Array) -> Array:
    """Cells (d, 3, n) of a continuum."""
    return np.stack([np.stack([row, row, row]) for row in rows])


def bins(count: int) -> Array:
    """Cells (1, 3, count) of all values of an even grid."""
    low = np.arange(count) / count
    return np.stack([low, low + 0.5 / count, low + 1 / count])[None]


def a_window(points: Array, choices: int = 0) -> Parzen:
    """A univariate window."""
    sigma = parzen.neighbour_bandwidths(points)
    return Parzen(spots(points), [choices], sigma, parzen.recency_weights(points.size), 1.0)


@pytest.mark.parametrize("points", [POINTS, POINTS[:1], POINTS[:0], np.linspace(0, 1, 200)])
def test_a_density_integrates_to_one(points: Array) -> None:
    """Whatever is observed, the cut-off kernels lose nothing at the borders."""
    grid = (np.arange(20_000) + 0.5) / 20_000
    density = np.exp(a_window(points).log_density(spots(grid)))
    assert density.mean() == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("count", [2, 10, 100])
@pytest.mark.parametrize("points", [POINTS, np.tile(POINTS, 30)])
def test_the_masses_of_a_grid_sum_to_one(points: Array, count: int) -> None:
    """Wide bins are weighed by mass, also when equal kernels are weighed only once."""
    assert np.exp(a_window(points).log_density(bins(count))).sum() == pytest.approx(1.0, rel=1e-6)


def test_the_chances_of_choices_sum_to_one() -> None:
    """Choices seen are likelier, choices never seen are still possible."""
    window = a_window(np.array([0.0, 0.0, 2.0]), choices=4)
    places = np.arange(4.0)
    chances = np.exp(window.log_density(spots(places)))
    assert chances.sum() == pytest.approx(1.0)
    assert chances[0] > chances[2] > chances[1] == pytest.approx(chances[3])
    assert chances[3] > 0


@pytest.mark.parametrize("choices", [0, 5])
def test_samples_follow_the_density(choices: int) -> None:
    """Of 20,000 samples each tenth (or choice) gets its share, within five standard errors."""
    points = np.array([0.0, 3.0, 3.0]) if choices else POINTS
    window = a_window(points, choices)
    drawn = window.sample(np.random.default_rng(1), 20_000)[0]
    if choices:
        share = np.exp(window.log_density(spots(np.arange(float(choices)))))
        seen = np.bincount(drawn.astype(int), minlength=choices) / drawn.size
    else:
        share = np.exp(window.log_density(bins(10)))
        seen = np.histogram(drawn, bins=10, range=(0, 1))[0] / drawn.size
    assert np.abs(seen - share).max() < 5 * np.sqrt(0.25 / drawn.size)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Candidates weighed in many small blocks score as they do all at once."""
    window = a_window(POINTS)
    candidates = spots(np.linspace(0, 1, 50))
    at_once = window.log_density(candidates)
    monkeypatch.setattr(parzen, "_BLOCK", 12)
    assert np.array_equal(window.log_density(candidates), at_once)


def test_neighbours_set_the_bandwidth() -> None:
    """A lonely point has a wide kernel, a crowded one a narrow one, none below the least."""
    sigma = parzen.neighbour_bandwidths(np.array([0.1, 0.11, 0.12, 0.9]))[0]
    assert sigma == pytest.approx([1 / 6, 1 / 6, 0.38, 0.4])


def test_old_points_weigh_less() -> None:
    """The newest 25 count in full; before them the weight falls to 1/n."""
    weights = parzen.recency_weights(100)
    assert weights[0] == pytest.approx(0.01)
    assert (weights[-25:] == 1).all()
    assert (np.diff(weights) >= 0).all()
    assert parzen.recency_weights(0).size == 0
