"""The bell of CMA-ES: against another implementation, and where points come late."""

from __future__ import annotations

import cmaes
import numpy as np
import pytest

from munshi.algorithms.maths.cma import Distribution, rates


@pytest.mark.parametrize("n", [2, 3, 8, 20])
def test_it_is_the_tutorials(n: int) -> None:
    """Told the same thirty generations, the package `cmaes` draws from the very same distribution."""
    other = cmaes.CMA(mean=np.full(n, 0.5), sigma=0.2, seed=1)
    ours = Distribution.begin(np.full(n, 0.5), 0.2)
    goal = np.linspace(0.1, 0.9, n)
    for _ in range(30):
        points = [other.ask() for _ in range(other.population_size)]
        points.sort(key=lambda x: float((np.arange(1, n + 1) * (x - goal) ** 2).sum()))
        other.tell([(x, float(rank)) for rank, x in enumerate(points)])
        ours = ours.told(np.array(points), clip=False)
    assert ours.mean == pytest.approx(other.mean, rel=1e-6)
    assert ours.sigma == pytest.approx(other._sigma, rel=1e-6)
    assert ours.shape == pytest.approx(other._C, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_it_finds_the_bottom_of_a_bowl(n: int) -> None:
    """In two hundred generations to a millionth, in one dimension as in five."""
    bell, rng = Distribution.begin(np.full(n, 0.5), 0.2), np.random.default_rng(3)
    for _ in range(200):
        points = np.array([bell.sample(rng) for _ in range(8)])
        bell = bell.told(points[np.argsort(((points - 0.2) ** 2).sum(axis=1))])
    assert bell.mean == pytest.approx(np.full(n, 0.2), abs=1e-6)


def test_a_point_from_afar_moves_it_no_further_than_its_own_would() -> None:
    """A narrow bell that is told points of the wide one before does not leap, nor does its width."""
    narrow = Distribution.begin(np.full(3, 0.5), 1e-4)
    far = np.random.default_rng(1).random((8, 3))
    told = narrow.told(far)
    assert np.abs(told.mean - 0.5).max() < 1e-3
    assert told.sigma < 3e-4
    assert np.abs(narrow.told(far, clip=False).mean - 0.5).max() > 1e-2


@pytest.mark.parametrize("n", [1, 2, 7, 50])
@pytest.mark.parametrize("lam", [2, 3, 4, 9, 200])
def test_the_rates_are_sound(n: int, lam: int) -> None:
    """Weights of the better half add up to 1, and what is learnt at once is never more than everything."""
    r = rates(n, lam)
    assert r.weights[: r.mu].sum() == pytest.approx(1, rel=0.5)
    assert r.weights[r.weights > 0].sum() == pytest.approx(1)
    assert 0 <= r.c_1 + r.c_mu <= 1
    assert all(0 < rate < 1 for rate in (r.c_sigma, r.c_c))
