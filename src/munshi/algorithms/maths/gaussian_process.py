"""Gaussian process regression over the unit cube, with categories.

    d          parameters, each numeric (a place in [0, 1]) or a category (a number from 0)
    n, m       known points, points asked about
    X          points, (n, d)
    F          features, (n, f): a number as it is, a category as f_j numbers, one of them 1/√2
    w_j        relevance of parameter j, 1 / ℓ_j² for its length-scale ℓ_j; (d,), ARD
    r²         Σ_j w_j (difference)², where two different categories differ by 1
    k          s (1 + √5 r + 5/3 r²) exp(-√5 r): Matérn's kernel with ν = 5/2, scale s
    K          k between the known points, plus the noise variance on the diagonal; (n, n)
    α          K⁻¹ y

Rasmussen and Williams, 2006, "Gaussian Processes for Machine Learning", §2.2, §4.2 and §5.4.1. The
hyperparameters are the most probable ones (MAP) by L-BFGS with exact gradients. The prior of the
length-scales widens with the number of parameters (Hvarfner, Hellsten and Nardi, 2024, "Vanilla Bayesian
Optimization Performs Great in High Dimensions"), which keeps a model of a hundred parameters honest.
Needs scipy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from munshi.algorithms.maths.normal import Array

_ROOT5 = math.sqrt(5)
_LENGTH_MEAN, _LENGTH_DEVIATION = math.sqrt(2), math.sqrt(3)
_NOISE_MEAN, _NOISE_DEVIATION = -9.0, 2.5
_SCALE_DEVIATION = 1.0
_LENGTHS = (1e-2, 1e3)
_NOISES = (1e-7, 1.0)
_SCALES = (1e-2, 1e2)
_STARTS = (0.4, 2.0)
"""Length-scales to begin from, in units of √d."""
_STEPS = 60
_JITTER = 1e-9


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which parameters are categories: how many choices each has, 0 for a number; d of them."""

    choices: tuple[int, ...]

    @property
    def owner(self) -> NDArray[np.intp]:
        """For each feature the number of its parameter, (f,)."""
        return np.repeat(np.arange(len(self.choices)), [count or 1 for count in self.choices])

    def features(self, points: Array) -> Array:
        """F (n, f) of X (n, d)."""
        columns: list[Array] = []
        for j, count in enumerate(self.choices):
            column = points[:, j]
            if not count:
                columns.append(column[:, None])
                continue
            hot = np.zeros((len(column), count))
            hot[np.arange(len(column)), column.astype(np.intp)] = math.sqrt(0.5)
            columns.append(hot)
        return np.concatenate(columns, axis=1) if columns else np.zeros((len(points), 0))


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What the kernel is made with.

    Attributes:
        relevance: w, (d,).
        scale: s, the variance of the function.
        noise: The variance of the noise.
    """

    relevance: Array
    scale: float
    noise: float


class GaussianProcess:
    """A function known at some points.

    Args:
        points: X, (n, d); n is at least 1.
        values: y, (n,), about zero on average and about 1 in deviation.
        kinds: Which parameters are categories.
        hyperparameters: The kernel's.
    """

    def __init__(
        self, points: Array, values: Array, kinds: Kinds, hyperparameters: Hyperparameters
    ) -> None:
        self.points, self.values, self.kinds = points, values, kinds
        self.hyperparameters = hyperparameters
        self._weight = np.sqrt(hyperparameters.relevance)[kinds.owner]
        self._features = kinds.features(points) * self._weight
        k = hyperparameters.scale * _matern(_squared(self._features, self._features))[0]
        factor = _cholesky(k, hyperparameters.noise)
        self._root: Array = linalg.solve_triangular(factor, np.eye(len(k)), lower=True)
        self._alpha: Array = self._root.T @ (self._root @ values)

    @cached_property
    def _inverse(self) -> Array:
        return self._root.T @ self._root

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and deviation of the function (without noise) at X (m, d); both (m,). O(m n²)."""
        features = self.kinds.features(points) * self._weight
        scale = self.hyperparameters.scale
        k = scale * _matern(_squared(features, self._features))[0]
        spread = k @ self._root.T
        variance = scale - np.einsum("ij,ij->i", spread, spread)
        return k @ self._alpha, np.sqrt(np.maximum(variance, 1e-12 * scale))

    def slope(self, point: Array) -> tuple[float, float, Array, Array]:
        """At one point (d,): mean, deviation, and the gradients of both, (d,); 0 for categories."""
        features = self.kinds.features(point[None, :]) * self._weight
        scale = self.hyperparameters.scale
        value, falling = _matern(_squared(features, self._features))
        k, falling = scale * value[0], scale * falling[0]
        solved = self._inverse @ k
        mean, variance = float(k @ self._alpha), scale - float(k @ solved)
        deviation = math.sqrt(max(variance, 1e-12 * scale))
        numeric = np.array([not count for count in self.kinds.choices])
        way = np.where(numeric, 2 * self.hyperparameters.relevance, 0.0) * (point - self.points)
        by_mean = (falling * self._alpha) @ way
        by_variance = -2 * (falling * solved) @ way
        return mean, deviation, by_mean, by_variance / (2 * deviation)

    def believing(self, point: Array) -> GaussianProcess:
        """The same with one more point (d,), at which it takes its own mean for the value.

        Ginsbourger, Le Riche and Carraro, 2010, "Kriging is well-suited to parallelize optimization": means
        stay as they are nearly everywhere, and nothing more is to be learnt at that point.
        """
        mean, _ = self.predict(point[None, :])
        return GaussianProcess(
            np.concatenate([self.points, point[None, :]]),
            np.append(self.values, mean),
            self.kinds,
            self.hyperparameters,
        )


def fit(points: Array, values: Array, kinds: Kinds) -> Hyperparameters:
    """The most probable hyperparameters; shapes as for `GaussianProcess`. O(60 n³) at most."""
    d, features, owner = len(kinds.choices), kinds.features(points), kinds.owner
    centre = _LENGTH_MEAN + math.log(max(d, 1)) / 2

    def loss(theta: Array) -> tuple[float, Array]:
        """Minus the logarithm of the posterior density and its gradient; θ = (log ℓ, log s, log noise)."""
        length, scale, noise = theta[:d], math.exp(theta[d]), math.exp(theta[d + 1])
        scaled = features * np.exp(-length)[owner]
        value, falling = _matern(_squared(scaled, scaled))
        factor = _cholesky(scale * value, noise)
        alpha: Array = linalg.cho_solve((factor, True), values)
        inverse: Array = linalg.cho_solve((factor, True), np.eye(len(values)))
        pull = np.outer(alpha, alpha) - inverse  # twice the gradient of the likelihood by K
        by_r2 = pull * falling * scale
        # Σ_ij B_ij (F_i - F_j)² for every feature, B symmetric
        sums = 2 * (by_r2.sum(axis=1) @ scaled**2 - np.einsum("if,if->f", scaled, by_r2 @ scaled))
        by_length = -np.bincount(owner, weights=sums, minlength=d)
        likelihood = -0.5 * float(values @ alpha) - float(np.log(np.diag(factor)).sum())
        off = (length - centre) / _LENGTH_DEVIATION
        off_scale = theta[d] / _SCALE_DEVIATION
        off_noise = (theta[d + 1] - _NOISE_MEAN) / _NOISE_DEVIATION
        prior = -0.5 * (float(off @ off) + off_scale**2 + off_noise**2)
        gradient = np.concatenate(
            [
                by_length - off / _LENGTH_DEVIATION,
                [
                    0.5 * float((pull * value).sum()) * scale - off_scale / _SCALE_DEVIATION,
                    0.5 * float(np.trace(pull)) * noise - off_noise / _NOISE_DEVIATION,
                ],
            ]
        )
        return -(likelihood + prior), -gradient

    bounds = [_logs(_LENGTHS)] * d + [_logs(_SCALES), _logs(_NOISES)]
    found = [_descend(loss, _start(length, d), bounds) for length in _STARTS]
    theta = min(found, key=lambda one: one[0])[1]
    return Hyperparameters(
        np.exp(-2 * theta[:d]), math.exp(float(theta[d])), math.exp(float(theta[d + 1]))
    )


def _start(length: float, d: int) -> Array:
    return np.array([math.log(length * math.sqrt(max(d, 1)))] * d + [0.0, math.log(1e-3)])


def _descend(
    loss: object, start: Array, bounds: Sequence[tuple[float, float]]
) -> tuple[float, Array]:
    options = {"maxiter": _STEPS, "maxfun": 2 * _STEPS}
    ended = optimize.minimize(
        loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options
    )
    return float(ended.fun), np.asarray(ended.x)


def _logs(limits: tuple[float, float]) -> tuple[float, float]:
    return math.log(limits[0]), math.log(limits[1])


def _squared(a: Array, b: Array) -> Array:
    """Squared distances (n, m) between the rows of a (n, f) and of b (m, f)."""
    found = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    squared: Array = np.maximum(found, 0.0)
    return squared


def _matern(r2: Array) -> tuple[Array, Array]:
    """The kernel with scale 1 at r², and its derivative by r²."""
    root = _ROOT5 * np.sqrt(r2)
    fade = np.exp(-root)
    value: Array = (1 + root + (5 / 3) * r2) * fade
    return value, (-5 / 6) * (1 + root) * fade


def _cholesky(k: Array, noise: float) -> Array:
    """The lower factor of k + noise · I, with as much more on the diagonal as it takes."""
    more = _JITTER * float(k[0, 0])
    while True:
        try:
            factor: Array = linalg.cholesky(
                k + (noise + more) * np.eye(len(k)), lower=True, check_finite=False
            )
        except linalg.LinAlgError:
            more *= 100
            continue
        return factor
