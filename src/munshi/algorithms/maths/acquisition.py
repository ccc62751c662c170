"""How promising a point is, from what a model says of it. Greater values of the objective are better.

    μ, σ      the model's mean and deviation at the point
    best      the value to improve on
    z         (μ - best) / σ

Each function gives the promise of many points, and its derivatives by μ and by σ, all of one shape.

- Expected improvement as its logarithm, which has a slope also where the improvement is too small
  for a double: Ament, Daulton, Eriksson, Balandat and Bakshy, 2023, "Unexpected Improvements to Expected
  Improvement for Bayesian Optimization", §4.1. The best point is the same.
- Probability of improvement, as its logarithm: Kushner, 1964.
- The upper confidence bound μ + κσ, which Katib calls LCB for it minimises: Srinivas et al., 2010.

Needs scipy.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from munshi.algorithms.maths.normal import Array

KAPPA = 1.96
Promise = tuple[Array, Array, Array]
Acquisition = Callable[[Array, Array, float], Promise]
_LOG_ROOT_2PI = math.log(2 * math.pi) / 2
_ROOT_HALF_PI = math.sqrt(math.pi / 2)
_FAR = -1e3
"""Below this z the first term of the series is all that a double can tell."""


def log_expected_improvement(mean: Array, deviation: Array, best: float) -> Promise:
    """The logarithm: log E[max(f - best, 0)] = log σ + log h(z), h(z) = φ(z) + z Φ(z)."""
    z = (mean - best) / deviation
    value, slope = _log_h(z)
    return (
        np.log(deviation) + value,
        slope / deviation,
        (1 - z * slope) / deviation,
    )


def log_probability_of_improvement(mean: Array, deviation: Array, best: float) -> Promise:
    """The logarithm: log Φ(z)."""
    z = (mean - best) / deviation
    value = special.log_ndtr(z)
    slope = np.exp(-(z**2) / 2 - _LOG_ROOT_2PI - value)
    return value, slope / deviation, -z * slope / deviation


def upper_confidence_bound(mean: Array, deviation: Array, best: float) -> Promise:
    """μ + κσ."""
    del best
    return mean + KAPPA * deviation, np.ones_like(mean), np.full_like(mean, KAPPA)


def _log_h(z: Array) -> tuple[Array, Array]:
    """The logarithm of h(z), and its derivative Φ(z) / h(z)."""
    with np.errstate(all="ignore"):  # each branch is computed everywhere and used where it holds
        plain = np.exp(-(z**2) / 2 - _LOG_ROOT_2PI) + z * special.ndtr(z)
        near = np.log(plain), special.ndtr(z) / plain
        ratio = _ROOT_HALF_PI * special.erfcx(-z / math.sqrt(2))  # Φ(z) / φ(z) for z < 0
        rest = 1 + z * ratio
        middle = -(z**2) / 2 - _LOG_ROOT_2PI + np.log(rest), ratio / rest
        far = -(z**2) / 2 - _LOG_ROOT_2PI - 2 * np.log(-z), -z
    where = [z > -1, z > _FAR]
    return (
        np.select(where, [near[0], middle[0]], far[0]),
        np.select(where, [near[1], middle[1]], far[1]),
    )
