"""The interpolated normal distribution, against scipy."""

from __future__ import annotations

import numpy as np
from scipy import stats

from munshi.algorithms.maths import normal

X = np.concatenate([np.linspace(-37, 37, 20_011), np.array([-1e9, -38.5, 0.0, 1e9])])


def test_cdf_is_scipys() -> None:
    """Off by less than 1e-10 anywhere, and relatively by less than 1e-6 down to 8 deviations."""
    expected = stats.norm.cdf(X)
    assert np.abs(normal.cdf(X) - expected).max() < 1e-10
    near = (X > -8) & (X < 8)
    assert np.abs(normal.cdf(X[near]) / expected[near] - 1).max() < 1e-6


def test_mass_is_exact_in_both_tails() -> None:
    """A narrow bin far out weighs the same on the right as on the left."""
    a, b = np.array([-9.0, 8.9, -0.1, 4.0]), np.array([-8.9, 9.0, 0.1, 4.001])
    left = stats.norm.cdf(np.where(a > 0, -a, b)) - stats.norm.cdf(np.where(a > 0, -b, a))
    assert np.abs(normal.mass(a, b) / left - 1).max() < 1e-5


def test_more_is_never_less() -> None:
    """The interpolation keeps Φ monotonic, so no mass is negative."""
    x = np.sort(X)
    assert (np.diff(normal.cdf(x)) >= 0).all()
    assert (normal.mass(x[:-1], x[1:]) >= 0).all()
