"""The Gaussian process and its acquisitions, against scikit-learn, SciPy and finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.gaussian_process import GaussianProcessRegressor, kernels

from munshi.algorithms.maths import acquisition, gaussian_process, warping
from munshi.algorithms.maths.gaussian_process import GaussianProcess, Hyperparameters, Kinds
from munshi.algorithms.maths.normal import Array

RNG = np.random.default_rng(5)
NUMBERS = Kinds((0, 0, 0))
MIXED = Kinds((0, 4, 0))
KNOWN = Hyperparameters(np.array([4.0, 9.0, 0.25]), 1.7, 0.01)


def some_points(count: int, kinds: Kinds = NUMBERS) -> Array:
    """Points by lot."""
    cube = RNG.random((count, len(kinds.choices)))
    return np.stack(
        [np.floor(cube[:, j] * c) if c else cube[:, j] for j, c in enumerate(kinds.choices)], axis=1
    )


def test_mean_and_deviation_are_scikit_learns() -> None:
    """With the same kernel the posterior is that of GaussianProcessRegressor."""
    points, asked = some_points(25), some_points(10)
    values = np.sin(5 * points[:, 0]) + points[:, 1] ** 2
    kernel = 1.7 * kernels.Matern(1 / np.sqrt(KNOWN.relevance), nu=2.5)
    oracle = GaussianProcessRegressor(kernel, alpha=0.01, optimizer=None).fit(points, values)
    expected = oracle.predict(asked, return_std=True)
    for ours, theirs in zip(
        GaussianProcess(points, values, NUMBERS, KNOWN).predict(asked), expected, strict=True
    ):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-7)


def test_categories_are_alike_or_not() -> None:
    """Two points that differ in a category alone are as far apart whatever the two choices are."""
    base = np.array([[0.5, 0.0, 0.5]])
    process = GaussianProcess(base, np.array([1.0]), MIXED, KNOWN)
    others = np.array([[0.5, k, 0.5] for k in (1.0, 2.0, 3.0)])
    mean, deviation = process.predict(others)
    assert np.ptp(mean) < 1e-12
    assert np.ptp(deviation) < 1e-12
    assert mean[0] < process.predict(base)[0][0]


def test_the_slope_is_that_of_finite_differences() -> None:
    """Gradients of mean and deviation, with a category that stays."""
    points = some_points(20, MIXED)
    process = GaussianProcess(points, np.cos(4 * points[:, 0]), MIXED, KNOWN)
    point, step = np.array([0.3, 2.0, 0.6]), 1e-6
    mean, deviation, by_mean, by_deviation = process.slope(point)
    assert (mean, deviation) == pytest.approx(
        tuple(float(one[0]) for one in process.predict(point[None, :]))
    )
    for j in (0, 2):
        moved = np.stack([point, point])
        moved[:, j] += [-step, step]
        means, deviations = process.predict(moved)
        assert by_mean[j] == pytest.approx(np.diff(means)[0] / (2 * step), rel=1e-4, abs=1e-6)
        assert by_deviation[j] == pytest.approx(
            np.diff(deviations)[0] / (2 * step), rel=1e-4, abs=1e-6
        )
    assert (by_mean[1], by_deviation[1]) == (0, 0)


def test_believing_changes_no_mean_and_learns_all() -> None:
    """After a point is believed its mean stays, and hardly any doubt is left there."""
    points = some_points(12)
    process = GaussianProcess(points, points[:, 0], NUMBERS, KNOWN)
    point = np.array([0.1, 0.9, 0.5])
    mean, deviation = process.predict(point[None, :])
    after, doubt = process.believing(point).predict(point[None, :])
    assert after == pytest.approx(mean, rel=1e-6)
    assert doubt[0] < 0.11 < deviation[0]


def test_fitting_finds_what_matters() -> None:
    """What matters most gets the most relevance, what does nothing hardly any, and the noise is seen."""
    points = some_points(60)
    clean = np.sin(8 * points[:, 0]) + 0.3 * points[:, 2]
    for noise in (0.0, 0.5):
        values = clean + noise * RNG.standard_normal(60)
        found = gaussian_process.fit(points, (values - values.mean()) / values.std(), NUMBERS)
        assert max(20 * found.relevance[1], found.relevance[2]) < found.relevance[0]
        assert (found.noise > 0.05) == (noise > 0)


def test_equal_points_are_no_obstacle() -> None:
    """A matrix that is singular but for the noise is factored all the same."""
    points = np.repeat(some_points(3), 5, axis=0)
    values = points[:, 0]
    found = gaussian_process.fit(points, values, NUMBERS)
    mean, deviation = GaussianProcess(points, values, NUMBERS, found).predict(points)
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()


@pytest.mark.parametrize("z", [-50.0, -8.0, -1.5, -0.99, -1.01, 0.0, 0.7, 6.0])
def test_expected_improvement_is_its_integral(z: float) -> None:
    """The logarithm is that of the integral over the tail, far out too."""
    mean, deviation = np.array([1.0 + 2.0 * z]), np.array([2.0])
    value = acquisition.log_expected_improvement(mean, deviation, 1.0)[0][0]
    # ∫ t φ(t - z) dt from 0, with the largest factor taken out of the integral
    peak = 0.0 if z < 0 else z
    total, _ = integrate.quad(
        lambda t: t * math.exp(-((t - z) ** 2) / 2 + (peak - z) ** 2 / 2),
        0,
        max(z, 0) + 40,
        limit=400,
    )
    expected = math.log(2.0 * total / math.sqrt(2 * math.pi)) - (peak - z) ** 2 / 2
    assert value == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_probability_of_improvement_is_scipys() -> None:
    """Log Φ of the distance in deviations."""
    value = acquisition.log_probability_of_improvement(np.array([-3.0]), np.array([0.5]), 1.0)[0]
    assert value[0] == pytest.approx(stats.norm.logcdf(-8.0))


@pytest.mark.parametrize(
    "promise",
    [
        acquisition.log_expected_improvement,
        acquisition.log_probability_of_improvement,
        acquisition.upper_confidence_bound,
    ],
)
@pytest.mark.parametrize("z", [-2000.0, -30.0, -1.3, 0.4, 5.0])
def test_derivatives_are_those_of_finite_differences(
    promise: Callable[[Array, Array, float], acquisition.Promise], z: float
) -> None:
    """By mean and by deviation, near the best value and far below it."""
    mean, deviation, best = 0.5, 0.8, 0.5 - 0.8 * z
    _, by_mean, by_deviation = promise(np.array([mean]), np.array([deviation]), best)
    step = 1e-5
    means = promise(np.array([mean - step, mean + step]), np.array([deviation] * 2), best)[0]
    spreads = promise(np.array([mean] * 2), np.array([deviation - step, deviation + step]), best)[0]
    assert by_mean[0] == pytest.approx(np.diff(means)[0] / (2 * step), rel=1e-3)
    assert by_deviation[0] == pytest.approx(np.diff(spreads)[0] / (2 * step), rel=1e-3)


def test_warping_keeps_order_and_tames_outliers() -> None:
    """The order stays, the better half keeps its distances, and a value of -1e9 counts as any worst one."""
    values = np.array([3.0, 1.0, -5.0, 2.5, 0.0, -7.0, 4.0])
    warped = warping.half_rank(values)
    assert (np.argsort(warped) == np.argsort(values)).all()
    assert (warped[6] - warped[0]) / (warped[0] - warped[3]) == pytest.approx(2.0)
    wild = values.copy()
    wild[5] = -1e9
    assert warping.half_rank(wild) == pytest.approx(warped)
    assert (warping.half_rank(np.full(4, 2.0)) == 0).all()
    assert np.isfinite(warping.half_rank(np.array([-1.7e308, 0.0, 1.7e308]))).all()
