"""Parzen windows over the unit cube: a density that is high where points lie.

    d          dimensions; each is numeric (ordered) or has m unordered choices
    n          observed points
    K          kernels: n + 1, one for each point and, last, the prior
    C          candidates
    cells      (d, 3, n) or (d, 3, C): low edge, middle, high edge of each value's bin
    (`cube.encode`)
    w_k        weight of kernel k; they sum to 1
    μ_jk, σ_jk centre and bandwidth of kernel k in dimension j, (d, K); the prior's are 1/2 and 1
    q_jk       (K, m): the chances of the choices in an unordered dimension j
    l(x)       Σ_k w_k Π_j κ_jk(x_j), where κ is a normal density cut off at 0 and 1; for a wide
               bin its mass in the bin; for a choice its chance

One class serves both kinds of TPE: with all dimensions the product makes the joint density of
multivariate TPE (Falkner et al., 2018, "BOHB"; Watanabe, 2023, "Tree-Structured Parzen Estimator:
Understanding Its Algorithm Components"), with a single one the univariate window of Bergstra et
al., 2011.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from munshi.algorithms.maths import normal
from munshi.algorithms.maths.normal import Array

_WIDE = 1 / 256
"""Bins wider than this are weighed by their mass; in narrower ones the density hardly varies."""
_TINY = 1e-300
_LEAST_PRIOR = 1e-9
"""A prior of less weight than this is no prior; beyond the reciprocal it is all there is."""
_BLOCK = 1 << 22  # candidates · kernels held at once: 32 MiB
_MANY = 64  # kernels; with more of them it pays to look for equal ones first
_NORMAL = NormalDist()


class Parzen:
    """A mixture of one kernel for each observed point and a prior over the whole cube.

    Args:
        cells: The points, (d, 3, n); n may be 0.
        choices: For each dimension the number m of unordered choices, or 0 when it is numeric.
        sigma: Bandwidths, (d, n); not looked at in unordered dimensions.
        weights: Weights of the points, (n,), in units of one point.
        prior_weight: Weight of the prior in the same unit, above 0.
    """

    def __init__(
        self,
        cells: Array,
        choices: Sequence[int],
        sigma: Array,
        weights: Array,
        prior_weight: float,
    ) -> None:
        self.choices = choices
        d, _, n = cells.shape
        self.mu = np.concatenate([cells[:, 1], np.full((d, 1), 0.5)], axis=1)
        self.sigma = np.concatenate([sigma, np.ones((d, 1))], axis=1)
        prior_weight = min(max(prior_weight, _LEAST_PRIOR), 1 / _LEAST_PRIOR)
        raw = np.append(weights, prior_weight)
        self.weights = raw / raw.sum()
        self.chances = [
            _chances(cells[j, 1], m, prior_weight / (n + 1)) if m else None
            for j, m in enumerate(choices)
        ]

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """Draw points: (d, count), probabilities in [0, 1], or places in the list of choices."""
        kernels = np.searchsorted(np.cumsum(self.weights[:-1]), rng.random(count), side="right")
        u = rng.random((len(self.choices), count))
        drawn = np.empty_like(u)
        for j, chances in enumerate(self.chances):
            if chances is None:
                drawn[j] = _cut_normal(u[j], self.mu[j, kernels], self.sigma[j, kernels])
            else:
                steps = np.cumsum(chances[kernels], axis=1)[:, :-1]
                drawn[j] = (steps <= u[j, :, None]).sum(axis=1)
        return drawn

    def log_density(self, cells: Array) -> Array:
        """Logarithm of l at each candidate, up to a term that depends on the candidate alone.

        Two densities over the same cube may thus be compared at the same candidates.

        Args:
            cells: Candidates, (d, 3, C).

        Returns:
            (C,). O(d · C · K) time, in blocks of bounded memory.
        """
        block = max(1, _BLOCK // self.weights.size)
        starts = range(0, cells.shape[2], block)
        return np.concatenate([self._log_density(cells[:, :, i : i + block]) for i in starts])

    def _log_density(self, cells: Array) -> Array:
        log_terms = np.zeros((cells.shape[2], self.weights.size)) + np.log(self.weights)
        for j, chances in enumerate(self.chances):
            if chances is None:
                log_terms += _log_kernels(cells[j], self.mu[j], self.sigma[j])
            else:
                log_terms += np.log(chances.T[cells[j, 1].astype(np.intp)])
        highest = log_terms.max(axis=1, keepdims=True)
        np.exp(log_terms - highest, out=log_terms)
        total: Array = highest[:, 0] + np.log(log_terms.sum(axis=1))
        return total


def joint_bandwidths(d: int, n: int) -> Array:
    """Bandwidths (d, n) of a joint density, the same for all points.

    A fifth of the side, shrinking as Scott's rule has it, n^(-1/(d+4)), and never below
    `least_bandwidth`.
    """
    scott = 0.2 * max(n, 1) ** (-1 / (d + 4))
    return np.full((d, n), min(1.0, max(least_bandwidth(n), scott)))


def neighbour_bandwidths(middles: Array) -> Array:
    """Bandwidths (1, n) of a single dimension: the wider of the gaps to the neighbours.

    The prior's centre counts as a neighbour. Bergstra et al., 2011, §4.2.

    Args:
        middles: Where the points lie, (n,).
    """
    n = middles.size
    order = np.argsort(np.append(middles, 0.5), kind="stable")
    ordered = np.append(middles, 0.5)[order]
    gaps = np.diff(ordered, prepend=0.0, append=1.0)
    left, right = gaps[:-1].copy(), gaps[1:].copy()
    if n:  # the outermost points look inwards only
        left[0], right[-1] = right[0], left[-1]
    sigma = np.empty(n + 1)
    sigma[order] = np.clip(np.maximum(left, right), least_bandwidth(n), 1.0)
    return sigma[None, :-1]


def least_bandwidth(n: int) -> float:
    """No kernel is narrower than this: windows stay wide while points are few.

    Bergstra et al. call the lower limit magic; with n + 1 kernels it is 1/min(100, n + 2).
    """
    return 1 / min(100, n + 2)


def recency_weights(n: int) -> Array:
    """Weights (n,) of points in the order of their indexes: the newest 25 count in full.

    The ramp begins at 1/n: what was learnt about the space at large matters less and less.
    """
    full = min(n, 25)
    ramp = np.linspace(1 / n, 1, n - full) if n > full else np.empty(0)
    return np.concatenate([ramp, np.ones(full)])


def _chances(places: Array, m: int, floor: float) -> Array:
    """(K, m): each kernel favours its own choice, and the prior (last) none."""
    n = places.size
    chances = np.full((n + 1, m), floor)
    chances[np.arange(n), places.astype(np.intp)] += 1.0
    normed: Array = chances / chances.sum(axis=1, keepdims=True)
    return normed


def _cut_normal(u: Array, mu: Array, sigma: Array) -> Array:
    """Normal values cut off at 0 and 1, by inversion; all (count,)."""
    low, high = normal.cdf(-mu / sigma), normal.cdf((1 - mu) / sigma)
    p = np.clip(low + u * (high - low), 1e-16, 1 - 1e-16)
    z = np.array([_NORMAL.inv_cdf(each) for each in p.tolist()])
    inside: Array = np.clip(mu + sigma * z, 0.0, 1.0)
    return inside


def _log_kernels(cells: Array, mu: Array, sigma: Array) -> Array:
    """Logarithms of κ_k(x), (C, K), for candidates (3, C) under kernels (K,)."""
    low, middle, high = cells[0], cells[1], cells[2]
    inside = np.log(normal.mass(-mu / sigma, (1 - mu) / sigma))
    z: Array = (middle[:, None] - mu) / sigma
    z *= z
    z *= -0.5
    z -= np.log(sigma) + 0.5 * math.log(2 * math.pi) + inside
    wide = np.flatnonzero(high - low > _WIDE)
    if wide.size:
        z[wide] = _log_mass(low[wide, None], high[wide, None], mu, sigma) - inside
    return z


def _log_mass(low: Array, high: Array, mu: Array, sigma: Array) -> Array:
    """Logarithms (C, K) of the masses between edges (C, 1); equal kernels are weighed once."""
    if mu.size <= _MANY:
        return np.log(np.maximum(normal.mass((low - mu) / sigma, (high - mu) / sigma), _TINY))
    kernels, back = np.unique(mu + 1j * sigma, return_inverse=True)
    mu, sigma = kernels.real, kernels.imag
    logs = np.log(np.maximum(normal.mass((low - mu) / sigma, (high - mu) / sigma), _TINY))
    spread: Array = logs[:, back]
    return spread
