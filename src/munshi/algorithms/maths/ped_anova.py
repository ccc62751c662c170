"""How unlike all trials the best ones are in one parameter: the divergence that PED-ANOVA is made of.

    n          trials
    u          a numeric parameter's values on the unit interval, (n,)
    c          an unordered parameter's places in its list, (n,)
    top        which trials are the best ones, (n,) of bool
    G          cells of the grid on which densities of numeric parameters are compared
    p, q       the densities of the best and of all trials over the cells, (G,) or (m,), each summing to 1
    D          Σ q (p/q - 1)², the Pearson divergence of p from q

Watanabe, Bansal and Hutter, 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces", IJCAI, §4: over the whole space the variance that a parameter accounts for is proportional to D.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from munshi.algorithms.maths.normal import Array

_GRID = 50
"""Cells: the authors' number; finer ones see only noise at some hundreds of trials."""
_PRIOR = 1.0
"""The weight of a uniform density against one trial, so that no cell is empty."""
_LEAST_BANDWIDTH = 1 / (2 * _GRID)

Mask = npt.NDArray[np.bool_]


def numeric(u: Array, top: Mask) -> float:
    """The divergence of a numeric parameter, 0 or more; O(n · G) time."""
    return _pearson(_window(u[top]), _window(u))


def unordered(c: Array, top: Mask, choices: int) -> float:
    """The divergence of a parameter with so many unordered choices, 0 or more."""
    return _pearson(_chances(c[top], choices), _chances(c, choices))


def _window(u: Array) -> Array:
    """Normal windows around the values, by Scott's rule, cut off at 0 and 1, and a uniform one."""
    grid: Array = (np.arange(_GRID, dtype=np.float64) + 0.5) / _GRID
    spread = min(float(u.std()), float(np.subtract(*np.percentile(u, [75, 25]))) / 1.34)
    width = max(1.059 * (spread or float(u.std())) * u.size ** (-1 / 5), _LEAST_BANDWIDTH)
    kernels: Array = np.exp(-0.5 * np.square((grid[:, None] - u) / width))
    mass: Array = (kernels / kernels.sum(axis=0)).sum(axis=1)
    density: Array = (mass + _PRIOR / _GRID) / (u.size + _PRIOR)
    return density


def _chances(c: Array, choices: int) -> Array:
    counts = np.bincount(c.astype(np.intp), minlength=choices).astype(np.float64)
    chances: Array = (counts + _PRIOR / choices) / (c.size + _PRIOR)
    return chances


def _pearson(p: Array, q: Array) -> float:
    return float(np.sum((p - q) ** 2 / q))
