"""Objective values made fit for a Gaussian process: their order stays, outliers lose their weight."""

from __future__ import annotations

import numpy as np
from scipy import special

from munshi.algorithms.maths.normal import Array


def half_rank(values: Array) -> Array:
    """Values, greater is better, with the worse half drawn in; mean 0 and deviation 1 afterwards.

    What is better than the median keeps its distances. Below it only the ranks count: they are spread as
    the lower half of a normal distribution whose deviation is that of the better half. So one diverged
    trial, or a wall around the good region, does not flatten all the rest. After Song et al., 2024, "The
    Vizier Gaussian Process Bandit Algorithm", appendix on output warping.

    Args:
        values: (n,), finite; n is at least 1.

    Returns:
        (n,); zeros when all values are equal.
    """
    middle = float(np.median(values))
    with np.errstate(over="ignore"):
        above = (values - middle) / max(float(np.ptp(values / 2)) * 2, 1e-300)
    better = above >= 0
    spread = float(np.sqrt(np.mean(above[better] ** 2)))
    worse = np.unique(above[~better])
    if worse.size:
        spread = spread if spread > 0 else float(-above[~better].mean())
        at = np.searchsorted(worse, above[~better])
        share = (at + 0.5) / (2 * worse.size)
        above = above.copy()
        above[~better] = spread * special.ndtri(share)
    deviation = float(above.std())
    if not deviation > 0:
        return np.zeros_like(above)
    warped: Array = (above - above.mean()) / deviation
    return warped
